package telegram

import (
	"bytes"
	"context"
	"errors"
	"strconv"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"signdesk/bot/channel"
)

var _ channel.Sender = (*Account)(nil)

// Send implements [channel.Sender].
//
// A delivery whose answer was lost is sent again, as the platform knows no keys
// of idempotency: an edit does no harm, but a new message, or a new topic, stands
// there twice. What was answered is not repeated, even if the process ends before
// its caller knows. Beyond the usual refusals, [channel.Closed] is also what
// somebody must put right in the chat: the bot is no member or lacks a right.
//
// To.ID does not matter for the answer to a press ([channel.Post.Query]): one of
// its own keeps it from waiting behind messages to a busy board.
func (a *Account) Send(ctx context.Context, m channel.Outbound) error {
	if p := m.Message.Post; p != nil && p.Query != "" {
		return a.note(ctx, p, m.Message.Text)
	}
	board, err := strconv.ParseInt(m.To.ID, 10, 64)
	if err != nil || board == 0 {
		return &channel.SendError{Kind: channel.Rejected, Code: "chat", Err: errors.New("telegram: send: the board's id is no number")}
	}
	id, err := a.current(ctx, board)
	if err == nil && id == board {
		err = a.knownAs(ctx, board)
	}
	if err != nil {
		return err
	}
	if p := m.Message.Post; p != nil && p.React != "" {
		return a.react(ctx, id, p.React, m.Message.Text)
	}
	err = a.deliver(ctx, id, m)
	var move *bot.MigrateError
	if errors.As(err, &move) && move.MigrateToChatID != 0 {
		to := int64(move.MigrateToChatID)
		if err := a.moved(ctx, id, to); err != nil {
			return err
		}
		err = a.deliver(ctx, to, m)
	}
	if err != nil {
		return a.failure("send", err)
	}
	return nil
}

// note answers a press.
func (a *Account) note(ctx context.Context, p *channel.Post, text string) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	_, err := a.api.AnswerCallbackQuery(ctx, &bot.AnswerCallbackQueryParams{
		CallbackQueryID: p.Query, Text: cut(clean(text), maxNote), ShowAlert: p.Alert,
	})
	if err == nil || tooLate(err) {
		return nil
	}
	return a.failure("answerCallbackQuery", err)
}

// react marks a message. One that is gone, or was left behind in the group that
// became a supergroup, needs no mark.
func (a *Account) react(ctx context.Context, chat int64, message, mark string) error {
	id, err := strconv.Atoi(message)
	if err != nil {
		return &channel.SendError{Kind: channel.Rejected, Code: "message", Err: errors.New("telegram: react: the message's id is no number")}
	}
	err = a.call(ctx, chat, "setMessageReaction", func(ctx context.Context) error {
		_, err := a.api.SetMessageReaction(ctx, &bot.SetMessageReactionParams{ChatID: chat, MessageID: id, Reaction: []models.ReactionType{
			{Type: models.ReactionTypeTypeEmoji, ReactionTypeEmoji: &models.ReactionTypeEmoji{Emoji: mark}}}})
		return err
	})
	if err == nil || errors.Is(err, bot.ErrorBadRequest) {
		return nil
	}
	return a.failure("setMessageReaction", err)
}

// A sending is a delivery on its way to a chat.
type sending struct {
	channel.Outbound
	post   channel.Post
	chat   int64
	thread int
	parts  []part
	id     string // of the buttons; "" if there are none
	markup models.ReplyMarkup
	done   int // parts that the chat has
}

// deliver sends to a chat, where one delivery at a time is on its way. Its errors
// are the library's.
func (a *Account) deliver(ctx context.Context, chat int64, m channel.Outbound) error {
	c := a.chat(chat)
	c.sending.Lock()
	defer c.sending.Unlock()
	s := &sending{Outbound: m, chat: chat}
	if m.Message.Post != nil {
		s.post = *m.Message.Post
	}
	if s.post.Card == "" { // a card is the same however often it is sent
		before, err := a.sent(ctx, chat, m.ID)
		if err != nil || before.Done {
			return err
		}
		s.done = max(m.Skip, before.Parts)
	}
	var err error
	for range 3 { // what may be wrong with a topic, and once more
		if err = a.inTopic(ctx, s); err == nil || !a.mend(ctx, s, err) {
			break
		}
	}
	if err != nil || s.post.Card != "" {
		return s.inPart(a, err)
	}
	return a.setSent(ctx, chat, sentRecord{ID: m.ID, Parts: len(s.parts), Done: true})
}

// inPart tells with an error how many parts were sent in this try.
func (s *sending) inPart(a *Account, err error) error {
	if n := s.done - s.Skip; err != nil && n > 0 && s.post.Card == "" && !errors.As(err, new(*bot.MigrateError)) {
		e := *a.failure("send", err)
		e.Parts = n
		return &e
	}
	return err
}

// inTopic sends to the right topic, and closes it if that is wanted.
func (a *Account) inTopic(ctx context.Context, s *sending) error {
	title, err := a.topic(ctx, s)
	if err != nil {
		return err
	}
	s.parts = partsOf(s.Message, s.post, title)
	key := s.ID
	if s.post.Card != "" {
		key = "card " + s.post.Card
	}
	var k *models.InlineKeyboardMarkup
	if s.id, k, err = a.buttons(ctx, s.chat, key, &s.post, s.Message.Choices); err != nil {
		return err
	}
	if s.markup = nil; k != nil {
		s.markup = k
	}
	if s.post.Card != "" {
		err = a.card(ctx, s)
	} else {
		err = a.plain(ctx, s)
	}
	if err == nil && s.post.Close {
		err = a.closeTopic(ctx, s)
	}
	return err
}

// plain sends a post that stands for itself.
func (a *Account) plain(ctx context.Context, s *sending) error {
	for ; s.done < len(s.parts); s.done++ {
		id, err := a.sendPart(ctx, s, s.done)
		if err != nil {
			return err
		}
		if err := a.setPlace(ctx, s, id); err != nil {
			return err
		}
		if err := a.setSent(ctx, s.chat, sentRecord{ID: s.ID, Parts: s.done + 1}); err != nil {
			return err
		}
	}
	return nil
}

// setPlace notes where a message belongs, if a reply to it does not show it.
func (a *Account) setPlace(ctx context.Context, s *sending, message int) error {
	if s.post.Card == "" && (s.post.Topic == "" || s.thread != 0) {
		return nil
	}
	return save(ctx, a.Keep, keyOfMessage("at", s.chat, message), placeRecord{s.post.Topic, s.post.Card})
}

// sendPart sends one part as a new message.
func (a *Account) sendPart(ctx context.Context, s *sending, i int) (id int, err error) {
	p := s.parts[i]
	markup := s.markupOf(i)
	switch {
	case p.file == nil:
		return a.sendText(ctx, s, p, markup)
	case p.file.Image && len(p.file.Data) <= maxPicture:
		id, err = a.sendPhoto(ctx, s, p, markup)
		if !describes(err, "photo_invalid_dimensions", "image_process_failed", "photo_ext_invalid") {
			return id, err
		}
	}
	return a.sendDocument(ctx, s, p, markup)
}

// markupOf returns the buttons of a part: the last one has them.
func (s *sending) markupOf(i int) models.ReplyMarkup {
	if i == len(s.parts)-1 {
		return s.markup
	}
	return nil
}

func (a *Account) sendText(ctx context.Context, s *sending, p part, markup models.ReplyMarkup) (int, error) {
	return a.message(ctx, s, "sendMessage", func(ctx context.Context) (*models.Message, error) {
		return a.api.SendMessage(ctx, &bot.SendMessageParams{
			ChatID: s.chat, MessageThreadID: s.thread, Text: p.html(), ParseMode: models.ParseModeHTML,
			LinkPreviewOptions: noPreview(), DisableNotification: s.post.Silent, ReplyMarkup: markup,
		})
	})
}

func (a *Account) sendPhoto(ctx context.Context, s *sending, p part, markup models.ReplyMarkup) (int, error) {
	return a.message(ctx, s, "sendPhoto", func(ctx context.Context) (*models.Message, error) {
		return a.api.SendPhoto(ctx, &bot.SendPhotoParams{
			ChatID: s.chat, MessageThreadID: s.thread, Photo: p.upload(), Caption: p.html(), ParseMode: models.ParseModeHTML,
			DisableNotification: s.post.Silent, ReplyMarkup: markup,
		})
	})
}

func (a *Account) sendDocument(ctx context.Context, s *sending, p part, markup models.ReplyMarkup) (int, error) {
	return a.message(ctx, s, "sendDocument", func(ctx context.Context) (*models.Message, error) {
		return a.api.SendDocument(ctx, &bot.SendDocumentParams{
			ChatID: s.chat, MessageThreadID: s.thread, Document: p.upload(), Caption: p.html(), ParseMode: models.ParseModeHTML,
			DisableNotification: s.post.Silent, ReplyMarkup: markup,
		})
	})
}

// message makes a request that makes a message, and returns its id.
func (a *Account) message(ctx context.Context, s *sending, method string, do func(context.Context) (*models.Message, error)) (id int, err error) {
	err = a.call(ctx, s.chat, method, func(ctx context.Context) error {
		m, err := do(ctx)
		if err == nil {
			id = m.ID
		}
		return err
	})
	return id, err
}

func (p part) upload() *models.InputFileUpload {
	return &models.InputFileUpload{Filename: p.file.Name, Data: bytes.NewReader(p.file.Data)}
}

func noPreview() *models.LinkPreviewOptions {
	return &models.LinkPreviewOptions{IsDisabled: bot.True()}
}
