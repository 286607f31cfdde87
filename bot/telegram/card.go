package telegram

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"
)

// card brings a card up to date: in place where it stands, else anew. What was
// done is kept part by part, so that a retry goes on from there; a part that
// shows the right thing already costs no request.
func (a *Account) card(ctx context.Context, s *sending) error {
	name := keyOf("card", s.chat, s.post.Card)
	rec, err := load[cardRecord](ctx, a.Keep, name)
	if err != nil {
		return err
	}
	if rec == nil {
		rec = &cardRecord{}
	}
	if files := digest(s.parts); rec.Files != files { // a file cannot be put in the place of a text
		rec.drop(0)
		rec.Files = files
	}
	for i := range s.parts {
		if err := a.cardPart(ctx, s, rec, i); err != nil {
			return err
		}
		if err := save(ctx, a.Keep, name, rec); err != nil {
			return err
		}
	}
	rec.drop(len(s.parts))
	gone := rec.show(s.id)
	if err := save(ctx, a.Keep, name, rec); err != nil {
		return err
	}
	if gone != "" {
		if err := a.Keep.Put(ctx, "buttons/"+gone, nil); err != nil {
			return wrap(err)
		}
	}
	return a.clear(ctx, s.chat, name, rec)
}

// show notes the buttons that are shown now. Those before are known for a while yet:
// who pressed them a moment too late is told what became of the matter. It returns
// buttons that are forgotten, "" if none are.
func (r *cardRecord) show(id string) (gone string) {
	if r.Buttons == id {
		return ""
	}
	before := slices.DeleteFunc(r.Before, func(b string) bool { return b == id })
	if r.Buttons != "" {
		before = append(before, r.Buttons)
	}
	if len(before) > maxBefore {
		gone, before = before[0], before[1:]
	}
	r.Buttons, r.Before = id, before
	return gone
}

const maxBefore = 3 // sets of buttons of a card that are known besides those shown

// drop gives up the parts from i on.
func (r *cardRecord) drop(i int) {
	for _, p := range r.Parts[min(i, len(r.Parts)):] {
		r.Stale = append(r.Stale, p.Message)
	}
	r.Parts = r.Parts[:min(i, len(r.Parts))]
}

// cardPart brings one part of a card up to date.
func (a *Account) cardPart(ctx context.Context, s *sending, rec *cardRecord, i int) error {
	shows := s.parts[i].html()
	if s.markupOf(i) != nil {
		shows += "\x00" + s.id
	}
	sum := sha256.Sum256([]byte(shows))
	shows = base64.RawURLEncoding.EncodeToString(sum[:12])
	if i < len(rec.Parts) {
		if rec.Parts[i].Shows == shows {
			return nil
		}
		err := a.edit(ctx, s, i, rec.Parts[i].Message)
		if err == nil {
			rec.Parts[i].Shows = shows
		}
		if !gone(err) {
			return err
		}
		rec.drop(i)
	}
	id, err := a.sendPart(ctx, s, i)
	if err != nil {
		return err
	}
	rec.Parts = append(rec.Parts, cardPart{id, shows})
	return a.setPlace(ctx, s, id)
}

// clear takes replaced messages away. One that cannot be deleted stays; it does
// little harm, as its buttons count no more.
func (a *Account) clear(ctx context.Context, chat int64, name string, rec *cardRecord) error {
	for len(rec.Stale) > 0 {
		id := rec.Stale[0]
		err := a.call(ctx, chat, "deleteMessage", func(ctx context.Context) error {
			_, err := a.api.DeleteMessage(ctx, &bot.DeleteMessageParams{ChatID: chat, MessageID: id})
			return err
		})
		if err != nil && !errors.Is(err, bot.ErrorBadRequest) {
			return err
		}
		if err != nil && !describes(err, "message to delete not found") {
			a.Logger.Warn("a replaced card stays", "channel", Channel, "err", a.failure("deleteMessage", err))
		}
		rec.Stale = rec.Stale[1:]
		err = errors.Join(save(ctx, a.Keep, name, rec), a.Keep.Put(ctx, keyOfMessage("at", chat, id), nil))
		if err != nil {
			return wrap(err)
		}
	}
	return nil
}

// gone tells whether a message cannot be edited any more, and must be sent anew.
func gone(err error) bool {
	return describes(err, "message to edit not found", "message can't be edited", "message_id_invalid",
		"there is no text in the message", "there is no caption in the message")
}

// edit changes a part of a card that is there. Without buttons in the request,
// those of the message go.
func (a *Account) edit(ctx context.Context, s *sending, i, message int) error {
	p, markup := s.parts[i], s.markupOf(i)
	method := "editMessageText"
	if p.file != nil {
		method = "editMessageCaption"
	}
	err := a.call(ctx, s.chat, method, func(ctx context.Context) (err error) {
		if p.file != nil {
			_, err = a.api.EditMessageCaption(ctx, &bot.EditMessageCaptionParams{
				ChatID: s.chat, MessageID: message, Caption: p.html(), ParseMode: models.ParseModeHTML, ReplyMarkup: markup,
			})
			return err
		}
		_, err = a.api.EditMessageText(ctx, &bot.EditMessageTextParams{
			ChatID: s.chat, MessageID: message, Text: p.html(), ParseMode: models.ParseModeHTML,
			LinkPreviewOptions: noPreview(), ReplyMarkup: markup,
		})
		return err
	})
	if describes(err, "message is not modified") {
		return nil
	}
	return err
}
