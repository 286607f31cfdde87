package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"signdesk/actions"
	"signdesk/bot/channel"
	"signdesk/data/store"
)

// idleHold is how long the staff's hold lasts without a word of theirs.
const idleHold = 30 * time.Minute

// held reports whether a person of the staff holds the conversation. A hold that
// is idle for long ends with a note.
func (t *turn) held() bool {
	if t.conv.Held == "" {
		return false
	}
	if t.now.Sub(t.conv.HeldAt) < idleHold {
		return true
	}
	t.conv.Held, t.conv.Ticket = "", ""
	t.say(textReturned)
	return false
}

// handoff opens a ticket for the staff.
func (t *turn) handoff() error {
	if t.conv.Ticket != "" {
		t.say(textTicketOpen)
		return t.again()
	}
	summary, err := t.summary()
	if err != nil {
		return err
	}
	ticket := &Ticket{ID: "H-" + t.flow.ID, Peer: t.conv.Peer, Account: t.conv.Account, Opened: t.now, Summary: summary}
	t.conv.Ticket = ticket.ID
	t.say(textHandoff)
	t.say(t.Hours(t.now).Text)
	if err := t.announce(eventHandoff, t.flow.ID+"-h", map[string]any{"ticket": ticket.ID, "channel": t.conv.Peer.Channel}); err != nil {
		return err
	}
	return put(t.tx, tickets, store.Key{}.Str(ticket.ID), ticket)
}

const summaryLines = 10

// summary is the last of the talk.
func (t *turn) summary() (string, error) {
	var lines []string
	r := store.Prefix(store.Key{}.Str(t.conv.Peer.String()))
	r.Reverse, r.Limit = true, summaryLines
	for _, raw := range t.tx.Scan(transcripts.Name, r) {
		l, err := decode[line](raw)
		if err != nil {
			return "", err
		}
		lines = append([]string{string(l.From) + ": " + l.Text}, lines...)
	}
	return strings.Join(append(lines, "user: "+t.masked()), "\n"), nil
}

// ErrNoTicket means that the ticket is not there, or not in that state.
var ErrNoTicket = errors.New("bot: no such ticket")

// Tickets returns the open tickets, the oldest first.
func (b *Bot) Tickets(ctx context.Context) (out []*Ticket, err error) {
	err = b.Store.View(ctx, func(tx store.Tx) error {
		out = nil
		for _, raw := range tickets.By(tx, "open", store.Range{}) {
			t, err := decode[Ticket](raw)
			if err != nil {
				return err
			}
			out = append(out, t)
		}
		return nil
	})
	return out, err
}

// Claim gives a ticket to a member of the staff: from now on the bot is silent.
// A ticket that somebody else has is ErrNoTicket.
func (b *Bot) Claim(ctx context.Context, ticket, staff string) error {
	return b.withTicket(ctx, ticket, func(tx store.Tx, t *Ticket, c *conversation) error {
		if t.Staff != "" && t.Staff != staff {
			return ErrNoTicket
		}
		t.Staff, c.Held, c.HeldAt = staff, staff, b.Now()
		return nil
	})
}

// StaffSays brings the words of the staff to the person.
func (b *Bot) StaffSays(ctx context.Context, ticket, staff, messageID, text string) error {
	return b.withTicket(ctx, ticket, func(tx store.Tx, t *Ticket, c *conversation) error {
		if c.Held != staff {
			return ErrNoTicket
		}
		c.HeldAt = b.Now()
		id := "h-" + ticket + "-" + messageID
		_, _, err := store.Once(tx, id, func() ([]byte, error) {
			return nil, b.post(tx, c, b.Now(), id, Staff, channel.Message{Text: text})
		})
		return err
	})
}

// Return gives the conversation back to the bot, and tells the person.
func (b *Bot) Return(ctx context.Context, ticket, staff string) error {
	return b.withTicket(ctx, ticket, func(tx store.Tx, t *Ticket, c *conversation) error {
		if c.Held != staff {
			return ErrNoTicket
		}
		c.Held, c.Ticket, t.Closed = "", "", b.Now()
		return b.post(tx, c, b.Now(), "b-"+ticket, Robot, channel.Message{Text: textReturned})
	})
}

func (b *Bot) withTicket(ctx context.Context, id string, fn func(store.Tx, *Ticket, *conversation) error) error {
	var of channel.Peer
	err := b.Store.Update(ctx, func(tx store.Tx) error {
		t, err := get[Ticket](tx, tickets, store.Key{}.Str(id))
		if err != nil {
			return err
		}
		if t == nil || !t.Closed.IsZero() {
			return ErrNoTicket
		}
		c, err := get[conversation](tx, conversations, store.Key{}.Str(t.Peer.String()))
		if err != nil || c == nil {
			return errors.Join(err, ErrNoTicket)
		}
		of = c.Peer
		if err := fn(tx, t, c); err != nil {
			return err
		}
		if err := put(tx, tickets, store.Key{}.Str(id), t); err != nil {
			return err
		}
		return put(tx, conversations, store.Key{}.Str(t.Peer.String()), c)
	})
	if err == nil {
		b.kick()
		b.readers.wake(of)
	}
	return err
}

// unbind lets the conversation forget who the person is.
func (t *turn) unbind() {
	if t.conv.Account == "" {
		t.say(textNotBound)
		return
	}
	t.conv.Account, t.conv.State = "", actions.State{}
	t.say(textUnbound)
}

var (
	loginForm = regexp.MustCompile(`\b1[3-9][0-9]{9}\b|[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+`)
	longForm  = regexp.MustCompile(`\b[0-9]{6}(?:[ -]?[0-9]){2,24}[Xx]?\b`)
	shortForm = regexp.MustCompile(`\b[0-9]{6}\b`)
)

// maskText hides phone numbers, addresses, ID and account numbers, and codes.
func maskText(s string) string {
	s = loginForm.ReplaceAllStringFunc(s, func(m string) string { return m[:min(3, len(m))] + "****" + m[max(0, len(m)-4):] })
	s = longForm.ReplaceAllStringFunc(s, func(m string) string { return m[:3] + "*****" + m[len(m)-3:] })
	return shortForm.ReplaceAllString(s, "******")
}

// masked is the utterance as it may be kept.
func (t *turn) masked() string {
	switch {
	case t.u.in.Kind == channel.Voice:
		return "［语音］"
	case t.u.in.Kind == channel.Other:
		return "［无法识别的消息］"
	case t.u.in.Kind == channel.Unseen:
		return "［图片］"
	case t.u.in.Kind != channel.Said:
		return ""
	case t.u.in.Picture != nil:
		return "［图片］"
	case t.u.in.Click != "":
		for _, c := range t.conv.Shown {
			if c.Token == t.u.in.Click {
				return "［" + c.Label + "］"
			}
		}
		return "［按钮］"
	case t.Engine.IsSecret(&t.conv.State):
		return "［已隐去］"
	}
	return maskText(t.u.in.Text)
}

func writeLine(tx store.Tx, c *conversation, l line) error {
	if l.Text == "" {
		return nil
	}
	c.Lines++
	return put(tx, transcripts, store.Key{}.Str(c.Peer.String()).Uint(c.Lines), &l)
}

// Transcript returns what was said in a conversation, masked.
func (b *Bot) Transcript(ctx context.Context, p channel.Peer) (lines []string, err error) {
	err = b.Store.View(ctx, func(tx store.Tx) error {
		lines = nil
		for _, raw := range tx.Scan(transcripts.Name, store.Prefix(store.Key{}.Str(p.String()))) {
			l, err := decode[line](raw)
			if err != nil {
				return err
			}
			lines = append(lines, fmt.Sprintf("%s %s: %s", l.At.Format(time.RFC3339), l.From, l.Text))
		}
		return nil
	})
	return lines, err
}

// State returns what is kept of a conversation, for people who look into it.
func (b *Bot) State(ctx context.Context, p channel.Peer) (out string, err error) {
	err = b.Store.View(ctx, func(tx store.Tx) error {
		var indented bytes.Buffer
		if err := json.Indent(&indented, tx.Get(conversations.Name, store.Key{}.Str(p.String())), "", "  "); err != nil {
			return errors.New("bot: no such conversation")
		}
		out = maskText(indented.String())
		return nil
	})
	return out, err
}
