package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"signdesk/bot/channel"
)

// wanted are the kinds of updates that we ask for.
var wanted = []string{"message", "edited_message", "callback_query", "my_chat_member"}

// What we read of an update. Of the many fields only those are decoded that
// matter here, so that few changes of the platform can make one unreadable.
type (
	update struct {
		ID      int64         `json:"update_id"`
		Message *message      `json:"message"`
		Edited  *message      `json:"edited_message"`
		Press   *press        `json:"callback_query"`
		Member  *memberChange `json:"my_chat_member"`
	}
	person struct {
		ID    int64  `json:"id"`
		Bot   bool   `json:"is_bot"`
		First string `json:"first_name"`
		Last  string `json:"last_name"`
	}
	chat struct {
		ID    int64  `json:"id"`
		Type  string `json:"type"`
		Forum bool   `json:"is_forum"`
	}
	message struct {
		ID         int        `json:"message_id"`
		Thread     int        `json:"message_thread_id"`
		InTopic    bool       `json:"is_topic_message"` // else the thread is one of replies
		From       *person    `json:"from"`
		SenderChat *chat      `json:"sender_chat"`
		Chat       chat       `json:"chat"`
		Date       int64      `json:"date"`
		Text       string     `json:"text"`
		Entities   []entity   `json:"entities"`
		Caption    string     `json:"caption"`
		InCaption  []entity   `json:"caption_entities"`
		Reply      *message   `json:"reply_to_message"`
		Photo      []fileInfo `json:"photo"` // the same in several sizes
		Document   *fileInfo  `json:"document"`
		MovedTo    int64      `json:"migrate_to_chat_id"`
		MovedFrom  int64      `json:"migrate_from_chat_id"`

		TopicCreated  json.RawMessage `json:"forum_topic_created"`
		TopicClosed   json.RawMessage `json:"forum_topic_closed"`
		TopicReopened json.RawMessage `json:"forum_topic_reopened"`
		Album         string          `json:"media_group_id"`
		Forward       json.RawMessage `json:"forward_origin"` // whose it was, if it is passed on

		// What cannot be passed on.
		Voice    json.RawMessage `json:"voice"`
		Video    json.RawMessage `json:"video"`
		Note     json.RawMessage `json:"video_note"`
		Audio    json.RawMessage `json:"audio"`
		Sticker  json.RawMessage `json:"sticker"`
		Location json.RawMessage `json:"location"`
		Contact  json.RawMessage `json:"contact"`
		Poll     json.RawMessage `json:"poll"`
	}
	entity struct {
		Type   string `json:"type"`
		Offset int    `json:"offset"` // UTF-16 units
		Length int    `json:"length"`
	}
	fileInfo struct {
		ID   string `json:"file_id"`
		Size int64  `json:"file_size"` // may be missing
		MIME string `json:"mime_type"`
	}
	press struct {
		ID      string   `json:"id"`
		From    person   `json:"from"`
		Message *message `json:"message"` // only chat and id if it is too old
		Data    string   `json:"data"`    // anything: clients may make it up
	}
	memberChange struct {
		Chat chat `json:"chat"`
		New  struct {
			Status string `json:"status"`
			Member bool   `json:"is_member"` // of those with status restricted
		} `json:"new_chat_member"`
	}
)

// errSkip is an update that can never be taken.
var errSkip = errors.New("telegram: update cannot be decoded")

var errPanic = errors.New("telegram: panic while an update was taken")

// idOf returns the id of an update, whatever else it holds.
func idOf(raw []byte) (int64, error) {
	var u struct {
		ID *int64 `json:"update_id"`
	}
	if json.Unmarshal(raw, &u) != nil || u.ID == nil {
		return 0, errSkip
	}
	return *u.ID, nil
}

// take takes one update. An error means that it must come again; what cannot be
// read is logged by its id and passed over.
func (a *Account) take(ctx context.Context, raw []byte) (err error) {
	a.turn.Lock()
	defer a.turn.Unlock()
	var u update
	defer func() {
		if r := recover(); r != nil {
			err = a.panicked(u.ID)
		}
	}()
	if json.Unmarshal(raw, &u) != nil {
		id, _ := idOf(raw)
		a.Logger.Error("update passed over: it cannot be decoded", "channel", Channel, "update", id)
		return nil
	}
	switch {
	case u.Message != nil:
		err = a.said(ctx, u.ID, u.Message)
	case u.Edited != nil:
		a.edited(ctx, u.Edited)
	case u.Press != nil:
		err = a.pressed(ctx, u.ID, u.Press)
	case u.Member != nil:
		err = a.member(ctx, u.Member)
	}
	if err == nil {
		a.forget(u.ID)
	}
	return err
}

// panicked gives an update that nobody can take another chance or two; then
// those behind it go on. What the panic said may hold people's words.
func (a *Account) panicked(id int64) error {
	a.Logger.Error("panic in an update", "channel", Channel, "update", id, "stack", string(debug.Stack()))
	if a.again(id, nil, panicTries) {
		return errPanic
	}
	return nil
}

// said takes a message.
func (a *Account) said(ctx context.Context, id int64, m *message) error {
	switch {
	case m.MovedTo != 0:
		return a.moved(ctx, m.Chat.ID, m.MovedTo)
	case m.MovedFrom != 0:
		return a.moved(ctx, m.MovedFrom, m.Chat.ID)
	case m.TopicClosed != nil || m.TopicReopened != nil:
		return a.shut(ctx, m, m.TopicClosed != nil)
	}
	if m.Chat.Forum {
		a.setTopics(m.Chat.ID, true)
	}
	if m.anonymous() {
		a.hint(ctx, m, "匿名发言无法识别您是谁，没有处理。请关闭群里的“匿名”后重发。")
		return nil
	}
	if m.foreign() {
		return nil
	}
	act, err := a.act(ctx, id, m)
	if err != nil {
		return err
	}
	if act.Topic == "" && a.made(m) {
		a.hint(ctx, m, "这个话题没有接上客户，写在这里的话没有发出。请到同名的另一个话题里写；这个可以删掉。")
		return nil
	}
	if ours, err := a.command(ctx, m, &act); err != nil || !ours {
		return err
	}
	switch ok, err := a.picture(ctx, id, m, &act); {
	case err != nil:
		return err
	case !ok:
		return nil
	case act.Text == "" && act.Command == "" && act.Picture == nil:
		if m.other() {
			a.hint(ctx, m, "这类消息无法转交，请改发文字或图片。")
		}
		return nil
	}
	return a.Receive(ctx, act)
}

// made tells whether the topic of a message was made by us. One that we do not know
// was made when the answer got lost; another one took its place.
func (a *Account) made(m *message) bool {
	r := m.Reply
	id, _, _ := strings.Cut(a.Token, ":")
	return m.InTopic && r != nil && r.TopicCreated != nil && r.From != nil && strconv.FormatInt(r.From.ID, 10) == id
}

// foreign tells whether nobody of the staff wrote a message: a bot, a channel,
// the platform.
func (m *message) foreign() bool { return m.From == nil || m.From.Bot || m.SenderChat != nil }

// anonymous tells whether somebody wrote in the name of the group.
func (m *message) anonymous() bool { return m.SenderChat != nil && m.SenderChat.ID == m.Chat.ID }

func (m *message) other() bool {
	for _, raw := range []json.RawMessage{m.Voice, m.Video, m.Note, m.Audio, m.Sticker, m.Location, m.Contact, m.Poll} {
		if raw != nil {
			return true
		}
	}
	return m.Document != nil
}

// words returns the text or the caption, with its entities.
func (m *message) words() (string, []entity) {
	if m.Text != "" {
		return m.Text, m.Entities
	}
	return m.Caption, m.InCaption
}

// replied returns the message that was replied to. In a topic every message is
// a reply to the topic's beginning: that is none.
func (m *message) replied() *message {
	if r := m.Reply; r != nil && r.TopicCreated == nil && (!m.InTopic || r.ID != m.Thread) {
		return r
	}
	return nil
}

// act returns the act that a message is, save its command and its picture.
func (a *Account) act(ctx context.Context, id int64, m *message) (channel.Act, error) {
	board, err := a.name(ctx, m.Chat.ID)
	if err != nil {
		return channel.Act{}, err
	}
	place, err := a.place(ctx, m)
	if err != nil {
		return channel.Act{}, err
	}
	text, _ := m.words()
	act := channel.Act{
		ID: actID(id), At: time.Unix(m.Date, 0).UTC(), Board: channel.Peer{Channel: Channel, ID: board}, Private: m.Chat.ID > 0,
		Topic: place.Topic, Card: place.Card, Staff: strconv.FormatInt(m.From.ID, 10), Name: m.From.name(), Text: strings.TrimSpace(text),
		Message: strconv.Itoa(m.ID), Album: m.Album, Forwarded: m.Forward != nil,
	}
	if r := m.replied(); r != nil {
		act.Quoted, _ = r.words()
	}
	return act, nil
}

func actID(update int64) string { return "tg-" + strconv.FormatInt(update, 10) }

func (p *person) name() string { return strings.TrimSpace(p.First + " " + p.Last) }

// place returns the topic of a message and the card that it replies to. Where
// there are no topics, a reply belongs to the topic of what it replies to.
func (a *Account) place(ctx context.Context, m *message) (p placeRecord, err error) {
	if r := m.replied(); r != nil {
		known, err := load[placeRecord](ctx, a.Keep, keyOfMessage("at", m.Chat.ID, r.ID))
		if err != nil {
			return p, err
		}
		if known != nil {
			p = *known
		}
	}
	if m.InTopic && m.Thread != 0 {
		topic, err := a.topicOf(ctx, m.Chat.ID, m.Thread)
		if err != nil {
			return p, err
		}
		if topic != nil {
			p.Topic = *topic
		}
	}
	return p, nil
}

// edited answers a change of a message that was taken already: what was passed
// on stays as it is.
func (a *Account) edited(ctx context.Context, m *message) {
	text, _ := m.words()
	if m.foreign() || text == "" || strings.HasPrefix(text, "/") {
		return
	}
	a.hint(ctx, m, "修改不会同步，已发出的内容不变。如需更正，请另发一条消息。")
}

// member takes that the bot was added to a board or removed.
func (a *Account) member(ctx context.Context, c *memberChange) error {
	in := c.New.Member
	switch c.New.Status {
	case "creator", "administrator", "member":
		in = true
	}
	if c.Chat.ID < 0 {
		a.Logger.Info("membership of a board changed", "channel", Channel, "board", c.Chat.ID, "member", in, "status", c.New.Status)
	}
	if a.Reached == nil {
		return nil
	}
	board, err := a.name(ctx, c.Chat.ID)
	if err != nil {
		return err
	}
	return a.Reached(ctx, channel.Peer{Channel: Channel, ID: board}, in)
}
