package telegramtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"signdesk/bot/channel"
)

// do answers a method.
func (s *Server) do(r *http.Request, method string, q *request) *answer {
	switch method {
	case "getUpdates":
		return s.getUpdates(r.Context(), q)
	case "setWebhook":
		return s.setWebhook(q)
	case "deleteWebhook":
		return s.setWebhook(&request{form: map[string]string{"drop_pending_updates": q.form["drop_pending_updates"]}})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch method {
	case "getMe":
		me := s.me().json()
		me["username"], me["can_join_groups"], me["can_read_all_group_messages"] = Username, true, !s.Privacy
		return grant(me)
	case "getWebhookInfo":
		return grant(map[string]any{"url": s.hook, "pending_update_count": len(s.updates), "last_error_message": s.hookErr})
	case "getFile":
		return s.getFile(q)
	case "answerCallbackQuery":
		return s.answerQuery(q)
	}
	do := ofChats[method]
	if do == nil {
		return refuse(http.StatusNotFound, "Not Found: method not found")
	}
	c, no := s.find(q)
	if no != nil {
		return no
	}
	if no := s.tooFast(c); no != nil {
		return no
	}
	return do(c, q)
}

// ofChats are the methods that concern a chat.
var ofChats = map[string]func(*Chat, *request) *answer{
	"sendMessage":        (*Chat).sendMessage,
	"sendPhoto":          func(c *Chat, q *request) *answer { return c.sendFile(q, "photo") },
	"sendDocument":       func(c *Chat, q *request) *answer { return c.sendFile(q, "document") },
	"editMessageText":    (*Chat).editText,
	"editMessageCaption": (*Chat).editCaption,
	"deleteMessage":      (*Chat).deleteMessage,
	"setMessageReaction": (*Chat).react,
	"createForumTopic":   (*Chat).createTopic,
	"editForumTopic":     (*Chat).editTopic,
	"closeForumTopic":    func(c *Chat, q *request) *answer { return c.shut(q, true) },
	"reopenForumTopic":   func(c *Chat, q *request) *answer { return c.shut(q, false) },
	"deleteForumTopic":   (*Chat).deleteTopic,
}

func (s *Server) me() Person {
	id, _, _ := strings.Cut(s.Token, ":")
	n, _ := strconv.ParseInt(id, 10, 64)
	return Person{ID: n, First: "客服助手", Bot: true}
}

// id returns the next number of a message. Numbers of chats differ on the
// platform; here they go on through all, so that a mistaken chat shows.
func (s *Server) id() int {
	s.last++
	return s.last
}

func (s *Server) find(q *request) (*Chat, *answer) {
	c := s.chats[q.int("chat_id")]
	switch {
	case q.form["chat_id"] == "":
		return nil, bad("chat_id is empty")
	case c == nil:
		return nil, bad("chat not found")
	case c.movedTo != 0:
		no := bad("group chat was upgraded to a supergroup chat")
		no.Parameters.MigrateTo = c.movedTo
		return nil, no
	case c.out && c.kind == "private":
		return nil, refuse(http.StatusForbidden, "Forbidden: bot was blocked by the user")
	case c.out:
		return nil, refuse(http.StatusForbidden, "Forbidden: bot was kicked from the supergroup chat")
	}
	return c, nil
}

// tooFast enforces the pace, if that is wanted.
func (s *Server) tooFast(c *Chat) *answer {
	if !s.Limits {
		return nil
	}
	now := time.Now()
	for _, l := range []struct {
		chat int64
		most int
		in   time.Duration
		of   bool
	}{
		{0, 30, time.Second, true}, {c.ID, 20, time.Minute, c.kind != "private"}, {c.ID, 3, time.Second, c.kind == "private"},
	} {
		if !l.of {
			continue
		}
		list := slices.DeleteFunc(s.sends[l.chat], func(t time.Time) bool { return now.Sub(t) >= l.in })
		if len(list) >= l.most {
			after := int(l.in-now.Sub(list[0]))/int(time.Second) + 1
			no := refuse(http.StatusTooManyRequests, fmt.Sprintf("Too Many Requests: retry after %d", after))
			no.Parameters.RetryAfter = after
			return no
		}
		s.sends[l.chat] = append(list, now)
	}
	return nil
}

const (
	maxText, maxCaption, maxNote, maxData, maxButtons = 4096, 1024, 200, 64, 100
)

// draft reads what a message is to show.
func (c *Chat) draft(q *request, words string, max int) (*message, *answer) {
	m := &message{from: c.s.me(), date: time.Now().Unix(), thread: int(q.int("message_thread_id")), silent: q.bool("disable_notification")}
	var err error
	m.text, m.entities = strings.TrimSpace(q.form[words]), marks(q.form[words])
	switch mode := q.form["parse_mode"]; mode {
	case "":
	case "HTML":
		if m.text, m.entities, err = parseHTML(q.form[words]); err != nil {
			return nil, bad("can't parse entities: " + err.Error())
		}
	default:
		return nil, bad("unsupported parse_mode")
	}
	switch {
	case words == "text" && m.text == "":
		return nil, bad("message text is empty")
	case units(m.text) > max && words == "text":
		return nil, bad("message is too long")
	case units(m.text) > max:
		return nil, bad("message caption is too long")
	}
	var no *answer
	m.buttons, no = buttonsOf(q.form["reply_markup"])
	return m, no
}

func buttonsOf(raw string) ([][]button, *answer) {
	if raw == "" {
		return nil, nil
	}
	var k struct {
		Rows [][]button `json:"inline_keyboard"`
	}
	if json.Unmarshal([]byte(raw), &k) != nil {
		return nil, bad("can't parse reply keyboard markup JSON object")
	}
	all := slices.Concat(k.Rows...)
	if len(all) > maxButtons {
		return nil, bad("reply markup is too long")
	}
	for _, b := range all {
		switch {
		case strings.TrimSpace(b.Text) == "":
			return nil, bad("can't parse inline keyboard button: Text must be non-empty")
		case b.URL == "" && b.Data == "":
			return nil, bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
		case len(b.Data) > maxData:
			return nil, bad("BUTTON_DATA_INVALID")
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	return k.Rows, nil
}

// add shows a message.
func (c *Chat) add(q *request, m *message) *answer {
	if m.thread != 0 {
		switch t := c.topic(m.thread); {
		case !c.forum || t == nil:
			return bad("message thread not found")
		case t.closed && !c.admin:
			return bad("TOPIC_CLOSED")
		}
	}
	var reply struct {
		ID      int  `json:"message_id"`
		Without bool `json:"allow_sending_without_reply"`
	}
	if raw := q.form["reply_parameters"]; raw != "" && json.Unmarshal([]byte(raw), &reply) == nil {
		if c.message(reply.ID) == nil && !reply.Without {
			return bad("message to be replied not found")
		}
		m.reply = reply.ID
	}
	m.id = c.s.id()
	c.messages = append(c.messages, m)
	return grant(c.render(m, true))
}

func (c *Chat) sendMessage(q *request) *answer {
	m, no := c.draft(q, "text", maxText)
	if no != nil {
		return no
	}
	return c.add(q, m)
}

func (c *Chat) editText(q *request) *answer    { return c.edit(q, "text", maxText) }
func (c *Chat) editCaption(q *request) *answer { return c.edit(q, "caption", maxCaption) }

func (c *Chat) edit(q *request, words string, max int) *answer {
	old := c.message(int(q.int("message_id")))
	switch {
	case old == nil:
		return bad("message to edit not found")
	case old.from.ID != c.s.me().ID:
		return bad("message can't be edited")
	case words == "text" && old.file != nil:
		return bad("there is no text in the message to edit")
	case words == "caption" && old.file == nil:
		return bad("there is no caption in the message to edit")
	}
	m, no := c.draft(q, words, max)
	if no != nil {
		return no
	}
	same := func(a, b []button) bool { return slices.Equal(a, b) }
	if m.text == old.text && slices.Equal(m.entities, old.entities) && slices.EqualFunc(m.buttons, old.buttons, same) {
		return bad("message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message")
	}
	old.text, old.entities, old.buttons = m.text, m.entities, m.buttons
	return grant(c.render(old, true))
}

func (c *Chat) deleteMessage(q *request) *answer {
	id := int(q.int("message_id"))
	if c.message(id) == nil {
		return bad("message to delete not found")
	}
	c.messages = slices.DeleteFunc(c.messages, func(m *message) bool { return m.id == id })
	return grant(true)
}

// react marks a message. Other emojis than these are refused; the platform knows
// some more.
func (c *Chat) react(q *request) *answer {
	m := c.message(int(q.int("message_id")))
	var marks []struct{ Type, Emoji string }
	switch err := json.Unmarshal([]byte(q.form["reaction"]), &marks); {
	case m == nil:
		return bad("message to react not found")
	case err != nil || len(marks) > 1 || len(marks) == 1 && (marks[0].Type != "emoji" || !slices.Contains(channel.Marks, marks[0].Emoji)):
		return bad("REACTION_INVALID")
	}
	if m.mark = ""; len(marks) == 1 {
		m.mark = marks[0].Emoji
	}
	return grant(true)
}

func (s *Server) answerQuery(q *request) *answer {
	id, text := q.form["callback_query_id"], q.form["text"]
	answered, known := s.queries[id]
	switch {
	case !known || answered:
		return bad("query is too old and response timeout expired or query ID is invalid")
	case units(text) > maxNote:
		return bad("MESSAGE_TOO_LONG")
	}
	s.queries[id] = true
	s.notes = append(s.notes, Note{id, text, q.bool("show_alert")})
	return grant(true)
}
