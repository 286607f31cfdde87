package bot

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"signdesk/actions"
	"signdesk/bot/channel"
	"signdesk/bot/desk"
	"signdesk/data/store"
)

// idleHold is how long the staff's hold lasts without a word of theirs.
const idleHold = 30 * time.Minute

// held reports whether a person of the staff holds the conversation. A hold that
// is idle for long ends with a note.
func (t *turn) held() (bool, error) {
	if t.conv.Held == "" {
		return false, nil
	}
	if t.now.Sub(t.conv.HeldAt) < idleHold {
		return true, nil
	}
	t.say(t.freed())
	return false, t.idle(t.tx, t.conv, t.now)
}

// freed is what the person is told when a hold was idle for too long.
func (b *Bot) freed() string {
	if b.Desk {
		return textAway
	}
	return textReturned
}

// idle ends a hold without a word of the staff for too long: the ticket waits for
// somebody again.
func (b *Bot) idle(tx store.Tx, c *conversation, now time.Time) error {
	if err := b.unheld(tx, c, now); err != nil {
		return err
	}
	k, err := get[desk.Ticket](tx, tickets, store.Key{}.Str(c.Ticket))
	if err != nil || k == nil {
		c.Ticket = ""
		return err
	}
	if !b.Desk { // nobody would take it up
		c.Ticket, k.Closed = "", now
	}
	k.Staff = ""
	if err := put(tx, tickets, store.Key{}.Str(k.ID), k); err != nil {
		return err
	}
	last, err := lastOf(tx, c.Peer, Staff)
	if err != nil {
		return err
	}
	return b.happen(tx, fmt.Sprintf("idle-%d", now.UnixMilli()), desk.Happening{Kind: desk.Released, Ticket: k.ID, At: now, Text: last})
}

// unheld ends the staff's hold: the bot says what it could not meanwhile.
func (b *Bot) unheld(tx store.Tx, c *conversation, now time.Time) error {
	list := c.Muted
	c.Held, c.Muted = "", nil
	for _, m := range list {
		if err := b.post(tx, c, now, m.ID, Robot, m.Message); err != nil {
			return err
		}
	}
	return nil
}

// lastOf is the last thing that somebody said in a conversation.
func lastOf(tx store.Tx, p channel.Peer, who Speaker) (string, error) {
	const far = 50
	r := store.Prefix(store.Key{}.Str(p.String()))
	r.Reverse, r.Limit = true, far
	for _, raw := range tx.Scan(transcripts.Name, r) {
		l, err := decodeLine(tx, raw)
		if err != nil || l.From == who {
			return cmp.Or(l, &line{}).Text, err
		}
	}
	return "", nil
}

// handoff opens a ticket for the staff.
func (t *turn) handoff() error {
	if t.conv.Peer.Channel == channel.Preview {
		t.say(textTrial)
		return t.again()
	}
	if t.conv.Ticket != "" {
		t.say(textTicketOpen)
		return t.again()
	}
	if _, err := t.open(t.tx, t.conv, t.now, "H-"+t.flow.ID, "user: "+t.masked()); err != nil {
		return err
	}
	hours := t.Hours(t.now)
	if hours.Open {
		t.say(textHandoff)
	} else {
		t.say(textHandoffLater)
	}
	t.say(hours.Text)
	return t.announce(t.tx, t.now, eventHandoff, t.flow.ID+"-h", map[string]any{"ticket": t.conv.Ticket, "channel": t.conv.Peer.Channel})
}

const summaryLines = 10

// open opens a ticket on a conversation. The caller stores c.
func (b *Bot) open(tx store.Tx, c *conversation, now time.Time, id, last string) (*desk.Ticket, error) {
	k := &desk.Ticket{ID: id, Peer: c.Peer, Account: c.Account, Opened: now}
	var lines []string
	r := store.Prefix(store.Key{}.Str(c.Peer.String()))
	r.Reverse, r.Limit = true, summaryLines
	for _, raw := range tx.Scan(transcripts.Name, r) {
		l, err := decodeLine(tx, raw)
		if err != nil {
			return nil, err
		}
		if l.From == User && k.Question == "" && l.Outcome != Handoff {
			k.Question = l.Text
		}
		lines = append(lines, string(l.From)+": "+l.Text)
	}
	slices.Reverse(lines)
	if last != "" {
		lines = append(lines, last)
	}
	k.Summary, c.Ticket = strings.Join(lines, "\n"), id
	if err := b.happen(tx, "open-"+id, desk.Happening{Kind: desk.Opened, Ticket: id, At: now}); err != nil {
		return nil, err
	}
	return k, put(tx, tickets, store.Key{}.Str(id), k)
}

// happen owes the desk to hear of something, if there is a desk.
func (b *Bot) happen(tx store.Tx, id string, h desk.Happening) error {
	if !b.Desk || h.Ticket == "" {
		return nil
	}
	raw, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("bot: happening: %w", err)
	}
	now := b.Now()
	return b.owe(tx, now, Delivery{ID: "d-" + id, To: channel.Peer{Channel: desk.Channel, ID: h.Ticket}, Message: channel.Message{Text: string(raw)}, Due: now})
}

// heard tells the desk what the person of a ticket said.
func (t *turn) heard(said string, before string) error {
	in := &t.u.in
	switch {
	case t.conv.Ticket == "" || t.conv.Ticket != before: // the ticket tells it
		return nil
	case in.Kind == channel.Left:
		return t.happen(t.tx, t.flow.ID+"-left", desk.Happening{Kind: desk.Left, Ticket: before, At: t.now})
	case said == "":
		return nil
	}
	h := desk.Happening{Kind: desk.Said, Ticket: before, At: t.now, Text: said, Picture: in.Picture}
	if !t.quiet {
		h.Reply = maskText(t.reply.Text)
	}
	return t.happen(t.tx, t.flow.ID+"-said", h)
}

// tokenRate begins the token of what a person thinks of the staff's help.
const tokenRate = "r:"

// rated keeps what a person thinks of the staff's help.
func (t *turn) rated(token string) error {
	id, rating, _ := strings.Cut(strings.TrimPrefix(token, tokenRate), "/")
	k, err := get[desk.Ticket](t.tx, tickets, store.Key{}.Str(id))
	if err != nil {
		return err
	}
	r := desk.Rating(rating)
	if k == nil || k.Peer != t.conv.Peer || k.Rated != "" || r != desk.Solved && r != desk.Unsolved {
		t.say(textStale)
		return t.again()
	}
	k.Rated = r
	if err := put(t.tx, tickets, store.Key{}.Str(id), k); err != nil {
		return err
	}
	if r == desk.Solved {
		t.say(textSolved)
	} else {
		t.say(textUnsolved)
		t.reply.Choices = append(t.reply.Choices, channel.Choice{Token: "c:" + actions.Human, Label: textHuman, Control: true})
	}
	if err := t.happen(t.tx, "rated-"+id, desk.Happening{Kind: desk.Rated, Ticket: id, At: t.now, Rating: r}); err != nil {
		return err
	}
	return t.again()
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
	if !strings.Contains(s, "@") && longestNumber(s) < minDigits {
		return s // as most texts
	}
	return maskForms(s)
}

func maskForms(s string) string {
	s = loginForm.ReplaceAllStringFunc(s, func(m string) string { return m[:min(3, len(m))] + "****" + m[max(0, len(m)-4):] })
	s = longForm.ReplaceAllStringFunc(s, func(m string) string { return m[:3] + "*****" + m[len(m)-3:] })
	return shortForm.ReplaceAllString(s, "******")
}

// minDigits is how many digits stand together in each of the forms that is no
// address.
const minDigits = 6

// longestNumber is how many digits stand together at most.
func longestNumber(s string) (most int) {
	n := 0
	for i := range len(s) {
		if n++; s[i] < '0' || '9' < s[i] {
			n = 0
		}
		most = max(most, n)
	}
	return most
}

// Mask hides personal data in a text, as in transcripts.
func Mask(s string) string { return maskText(s) }

// masked is the utterance as it may be kept.
func (t *turn) masked() string {
	switch {
	case t.u.in.Kind == channel.Voice:
		return "［语音］"
	case t.u.in.Kind == channel.Other:
		return maskText(cmp.Or(t.u.in.Text, "［无法识别的消息］"))
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
	return putLine(tx, c.Peer, c.Lines, &l)
}

// Transcript returns what was said in a conversation, masked.
func (b *Bot) Transcript(ctx context.Context, p channel.Peer) (lines []string, err error) {
	err = b.Store.View(ctx, func(tx store.Tx) error {
		lines = nil
		for _, raw := range tx.Scan(transcripts.Name, store.Prefix(store.Key{}.Str(p.String()))) {
			l, err := decodeLine(tx, raw)
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
