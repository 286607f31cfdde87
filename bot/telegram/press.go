package telegram

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"signdesk/bot/channel"
)

// What a button carries is at most 64 bytes, and clients may make it up. So it
// names a record, which was kept before the button was shown, and a place in it;
// only the chat of the record may press it.

// buttonsID names the buttons of a post. Other buttons have another name, so
// that a press of a button that was replaced is never taken for another one.
func buttonsID(chat int64, key string, tokens []string) (string, error) {
	raw, err := json.Marshal([]any{chat, key, tokens})
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(sum[:18]), err
}

// buttons keeps what the choices of a post stand for and returns their keyboard;
// nil if it has none.
func (a *Account) buttons(ctx context.Context, chat int64, key string, p *channel.Post, choices []channel.Choice) (string, *models.InlineKeyboardMarkup, error) {
	if len(choices) == 0 {
		return "", nil, nil
	}
	choices = choices[:min(len(choices), maxButtons)]
	tokens := make([]string, len(choices))
	for i, c := range choices {
		tokens[i] = c.Token
	}
	id, err := buttonsID(chat, key, tokens)
	if err != nil {
		return "", nil, err
	}
	r := buttonsRecord{Chat: chat, Topic: p.Topic, Card: p.Card, Tokens: tokens}
	return id, keyboard(id, choices), save(ctx, a.Keep, "buttons/"+id, r)
}

// keyboard lays choices out in rows: as many to a row as can be read on a phone,
// at most three. Controls stand apart.
func keyboard(id string, choices []channel.Choice) *models.InlineKeyboardMarkup {
	k := &models.InlineKeyboardMarkup{}
	const rowWidth = 24 // columns; a Chinese character takes two
	row, width := []models.InlineKeyboardButton(nil), 0
	flush := func() {
		if len(row) > 0 {
			k.InlineKeyboard = append(k.InlineKeyboard, row)
		}
		row, width = nil, 0
	}
	for i, c := range choices {
		label := strings.Join(strings.Fields(c.Label), " ")
		if label == "" {
			label = strconv.Itoa(i + 1)
		}
		w := columns(label)
		if len(row) == 3 || width+w > rowWidth || i > 0 && c.Control != choices[i-1].Control {
			flush()
		}
		row, width = append(row, models.InlineKeyboardButton{Text: cut(label, maxLabel), CallbackData: id + "." + strconv.Itoa(i)}), width+w
	}
	flush()
	return k
}

func columns(s string) (n int) {
	for _, r := range s {
		n++
		if r >= 0x1100 {
			n++
		}
	}
	return n
}

// stale answers the press of a button that is not known any more.
const stale = "这个按钮已失效，请用最新的消息操作。"

// pressed takes a press.
func (a *Account) pressed(ctx context.Context, id int64, p *press) error {
	if p.From.Bot {
		return nil
	}
	r, token, err := a.pressedButton(ctx, p)
	if err != nil {
		return err
	}
	if r == nil {
		a.answer(ctx, p.ID, stale)
		return nil
	}
	board, err := a.name(ctx, r.Chat)
	if err != nil {
		return err
	}
	return a.Receive(ctx, channel.Act{
		ID: actID(id), At: a.Now(), Board: channel.Peer{Channel: Channel, ID: board}, Private: r.Chat > 0,
		Topic: r.Topic, Card: r.Card, Staff: strconv.FormatInt(p.From.ID, 10), Name: p.From.name(), Click: token, Query: p.ID,
	})
}

// pressedButton returns what was pressed, nil if it is unknown.
func (a *Account) pressedButton(ctx context.Context, p *press) (*buttonsRecord, string, error) {
	name, place, ok := strings.Cut(p.Data, ".")
	i, err := strconv.Atoi(place)
	if !ok || err != nil || p.Message == nil || len(name) > 64 || !utf8.ValidString(name) {
		return nil, "", nil
	}
	r, err := load[buttonsRecord](ctx, a.Keep, "buttons/"+name)
	if err != nil || r == nil || r.Chat != p.Message.Chat.ID || i < 0 || i >= len(r.Tokens) {
		return nil, "", err
	}
	return r, r.Tokens[i], nil
}

// answer answers a press in passing: whether it arrives is of little matter.
func (a *Account) answer(ctx context.Context, query, text string) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	if _, err := a.api.AnswerCallbackQuery(ctx, &bot.AnswerCallbackQueryParams{CallbackQueryID: query, Text: text}); err != nil && !tooLate(err) {
		a.Logger.Warn("press not answered", "channel", Channel, "err", a.failure("answerCallbackQuery", err))
	}
}

// tooLate tells whether a press cannot be answered any more, which nobody minds.
func tooLate(err error) bool { return describes(err, "query is too old", "query id is invalid") }

// hint tells the writer of a message what did not happen, where his words would
// have gone somewhere: in a topic, a private chat, or as a reply to us. Whether it
// arrives is of little matter.
func (a *Account) hint(ctx context.Context, m *message, text string) {
	place, err := a.place(ctx, m)
	if err != nil || place == (placeRecord{}) && m.Chat.ID < 0 && !a.made(m) || a.limits.take(m.Chat.ID) > 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	params := &bot.SendMessageParams{
		ChatID: m.Chat.ID, Text: text, DisableNotification: true,
		ReplyParameters: &models.ReplyParameters{MessageID: m.ID, AllowSendingWithoutReply: true},
	}
	if m.InTopic {
		params.MessageThreadID = m.Thread
	}
	if _, err := a.api.SendMessage(ctx, params); err != nil {
		a.Logger.Warn("hint not sent", "channel", Channel, "err", a.failure("sendMessage", err))
	}
}
