package bot

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"

	"signdesk/actions"
	"signdesk/bot/channel"
	"signdesk/bot/desk"
	"signdesk/data/store"
)

// line is one line of a conversation's log. Personal data is masked before it
// is written, save in what the person reads himself (Message). Fields may be
// added.
type line struct {
	At      time.Time
	From    Speaker
	Text    string           `json:",omitempty"` // "": that of Message
	Message *channel.Message `json:",omitempty"` // as the person reads it; where he reads the log, or where it is shared
	Said    string           `json:",omitempty"` // name of Message, which is not stored here then
	Client  string           `json:",omitempty"` // message id of an utterance
	Picture bool             `json:",omitempty"` // a picture was sent
	Rated   Rating           `json:",omitempty"`
	Outcome Outcome          `json:",omitempty"` // of an utterance
	Entry   string           `json:",omitempty"` // part of the knowledge base that answers
}

// putLine stores a line. A text that is the same as that of Message is stored once.
func putLine(tx store.Tx, p channel.Peer, seq uint64, l *line) error {
	stored := *l
	if l.Message != nil && l.Message.Text == l.Text {
		stored.Text = ""
	}
	if l.Said != "" {
		stored.Message = nil
	}
	return put(tx, transcripts, store.Key{}.Str(p.String()).Uint(seq), &stored)
}

// lineAt returns a line of a conversation; nil if there is none.
func lineAt(tx store.Tx, p channel.Peer, seq uint64) (*line, error) {
	raw := tx.Get(transcripts.Name, store.Key{}.Str(p.String()).Uint(seq))
	if raw == nil {
		return nil, nil
	}
	return decodeLine(tx, raw)
}

func decodeLine(tx store.Tx, raw []byte) (*line, error) { return decodeLineBy(tx, raw, saidAs) }

// decodeLineBy is decodeLine with a way of its own to the messages that are shared.
func decodeLineBy(tx store.Tx, raw []byte, by func(store.Tx, string) (*channel.Message, error)) (*line, error) {
	l, err := decode[line](raw)
	if err == nil && l.Said != "" {
		l.Message, err = by(tx, l.Said)
	}
	if err == nil && l.Text == "" && l.Message != nil {
		l.Text = l.Message.Text
	}
	return l, err
}

// A Speaker is who said a line.
type Speaker string

// The speakers.
const (
	User  Speaker = "user"
	Robot Speaker = "bot"
	Staff Speaker = "staff"
)

// A Rating is what a person thinks of an answer.
type Rating string

// The ratings; "" is none.
const (
	Helpful    Rating = "helpful"
	NotHelpful Rating = "not-helpful"
)

// A Line is one line of a conversation for whoever shows it to its person.
type Line struct {
	Seq     uint64 // position in the conversation, from 1; gaps are possible
	At      time.Time
	From    Speaker
	Message channel.Message // of an utterance: its text, masked
	Client  string          // message id of an utterance
	Picture bool            // the utterance is a picture, or one was sent; see [Bot.Shown]
	Rated   Rating
}

// read reports whether the people of a channel read the log themselves, so that
// nothing is sent to them.
func (b *Bot) read(channel string) bool { return slices.Contains(b.Read, channel) }

// post says something to the person of a conversation: it is written to the log
// where he reads that, and owed to him elsewhere. While the staff has the
// conversation the bot is silent: what it would say is shown to the staff, and said
// later. The caller stores c.
func (b *Bot) post(tx store.Tx, c *conversation, now time.Time, id string, from Speaker, m channel.Message) error {
	if from == Robot && c.Held != "" {
		c.Muted = append(c.Muted, muted{id, m})
		return b.happen(tx, "mute-"+id, desk.Happening{Kind: desk.Muted, Ticket: c.Ticket, At: now, Text: maskText(m.Text)})
	}
	l := line{At: now, From: from, Text: maskText(m.Text), Picture: len(m.Image) > 0}
	if l.Text == "" && l.Picture {
		l.Text = textPictureLine
	}
	if len(m.Choices) > 0 { // news leave what was offered before
		c.Shown, c.ShownIn = m.Choices, ""
	}
	if b.read(c.Peer.Channel) {
		if l.Picture { // kept beside the line, which is read often
			if err := put(tx, shots, store.Key{}.Str(c.Peer.String()).Uint(c.Lines+1), &picture{now, m.Image}); err != nil {
				return err
			}
			m.Image = nil
		}
		l.Message = &m
		return writeLine(tx, c, l)
	}
	if err := writeLine(tx, c, l); err != nil {
		return err
	}
	c.owed = true
	d := Delivery{ID: id, To: c.Peer, Message: m, Due: now, Staff: from == Staff}
	if d.Staff {
		d.Ticket = c.Ticket
		if c.Windows != nil { // lines that follow one another cost one send
			d.Due = now.Add(gather)
		}
	}
	return b.owe(tx, now, d)
}

// Log returns up to limit lines of a conversation after a position, the oldest
// first.
func (b *Bot) Log(ctx context.Context, p channel.Peer, after uint64, limit int) ([]Line, error) {
	r := store.Range{From: store.Key{}.Str(p.String()).Uint(after + 1), To: store.Key{}.Str(p.String()).Uint(^uint64(0)), Limit: limit}
	return b.lines(ctx, r)
}

// LogBefore returns up to limit lines of a conversation before a position (0:
// from its end), the oldest first.
func (b *Bot) LogBefore(ctx context.Context, p channel.Peer, before uint64, limit int) ([]Line, error) {
	if before == 0 {
		before = ^uint64(0)
	}
	r := store.Range{From: store.Key{}.Str(p.String()).Uint(0), To: store.Key{}.Str(p.String()).Uint(before), Limit: limit, Reverse: true}
	out, err := b.lines(ctx, r)
	slices.Reverse(out)
	return out, err
}

func (b *Bot) lines(ctx context.Context, r store.Range) (out []Line, err error) {
	err = b.Store.View(ctx, func(tx store.Tx) error {
		out = nil
		for key, raw := range tx.Scan(transcripts.Name, r) {
			l, err := decodeLineBy(tx, raw, b.saidAs)
			if err != nil {
				return err
			}
			k := store.ReadKey(key)
			k.Str()
			e := Line{Seq: k.Uint(), At: l.At, From: l.From, Client: l.Client, Picture: l.Picture, Rated: l.Rated, Message: channel.Message{Text: l.Text}}
			if l.Message != nil {
				e.Message = *l.Message
			}
			out = append(out, e)
		}
		return nil
	})
	return out, err
}

// ErrNoAnswer means that there is no such answer, or none that can be rated.
var ErrNoAnswer = errors.New("bot: no such answer")

// Rate keeps what a person thinks of an answer that he was given.
func (b *Bot) Rate(ctx context.Context, p channel.Peer, seq uint64, r Rating) error {
	err := b.Store.Update(ctx, func(tx store.Tx) error {
		l, err := lineAt(tx, p, seq)
		if err != nil {
			return err
		}
		if l == nil || l.Message == nil || l.Message.Entry == "" {
			return ErrNoAnswer
		}
		l.Rated = r
		return putLine(tx, p, seq, l)
	})
	if err == nil {
		b.readers.wake(p)
	}
	return err
}

// A Standing is what is known of a conversation besides its log.
type Standing struct {
	Account string // that it is bound to
	Held    bool   // a member of the staff has it
	Waits   bool   // a ticket is open and nobody has it
	Place   int    // in the queue of those who wait, from 1; 0 if it does not wait
	Ended   bool   // the person ended it
}

// Standing tells how a conversation stands; the zero value if there is none.
func (b *Bot) Standing(ctx context.Context, p channel.Peer) (s Standing, err error) {
	err = b.Store.View(ctx, func(tx store.Tx) error {
		s = Standing{}
		c, err := get[conversation](tx, conversations, store.Key{}.Str(p.String()))
		if err != nil || c == nil {
			return err
		}
		s = Standing{Account: c.Account, Held: c.Held != "", Ended: c.Ended}
		if c.Ticket == "" || s.Held {
			return nil
		}
		for _, raw := range tickets.By(tx, "open", store.Range{}) {
			t, err := decode[desk.Ticket](raw)
			if err != nil {
				return err
			}
			if t.Staff != "" {
				continue
			}
			s.Place++
			if t.ID == c.Ticket {
				s.Waits = true
				return nil
			}
		}
		s.Place = 0 // its ticket was closed
		return nil
	})
	return s, err
}

// Slot returns a value of what a person is doing just now, "" if there is none.
func (b *Bot) Slot(ctx context.Context, p channel.Peer, name string) (value string, err error) {
	err = b.Store.View(ctx, func(tx store.Tx) error {
		value = ""
		c, err := get[conversation](tx, conversations, store.Key{}.Str(p.String()))
		if err != nil || c == nil || len(c.State.Open) == 0 {
			return err
		}
		value = c.State.Open[len(c.State.Open)-1].Slots[name]
		return nil
	})
	return value, err
}

// Preview returns what the page behind a link says before anybody acts there.
// open is false if the link cannot be used, and the text says why. Nothing is
// written: whoever only looks, looks.
func (b *Bot) Preview(ctx context.Context, link string) (m channel.Message, open bool, err error) {
	err = b.Store.View(ctx, func(tx store.Tx) error {
		t := &actions.Turn{Tx: tx, ID: "preview", Now: b.Now(), Device: actions.Phone, Link: link, Memo: make(map[any]any), Scope: make(map[any]any)}
		r, ok, err := b.Engine.Preview(t, linkFlow)
		m, open = channel.Message{Text: strings.Join(r.Text, "\n")}, ok
		return err
	})
	return m, open, err
}

// linkFlow is the flow behind links.
const linkFlow = "link"

// ErrBound means that a statement was used for another conversation, or that the
// conversation is somebody else's.
var ErrBound = errors.New("bot: already bound")

// Bind binds a conversation to an account, as somebody trusted states. One
// statement binds one conversation.
func (b *Bot) Bind(ctx context.Context, p channel.Peer, account, statement string) error {
	return b.Store.Update(ctx, func(tx store.Tx) error {
		sum := sha256.Sum256([]byte(statement))
		at := store.FindOnce(tx, b.Now(), keepSeen, "bind\x00"+string(sum[:]))
		to, _, err := store.OnceAt(tx, at, "bind\x00"+string(sum[:]), func() ([]byte, error) { return []byte(p.String()), nil })
		if err != nil {
			return err
		}
		key := store.Key{}.Str(p.String())
		c, err := get[conversation](tx, conversations, key)
		switch {
		case err != nil:
			return err
		case c == nil:
			c = &conversation{Peer: p}
		}
		if string(to) != p.String() {
			first, err := get[conversation](tx, conversations, store.Key{}.Str(string(to)))
			if err != nil || first == nil || !first.Ended { // after an ended one the person begins anew
				return errors.Join(err, ErrBound)
			}
		}
		if c.Account != "" && c.Account != account {
			return ErrBound
		}
		c.Account = account
		return put(tx, conversations, key, c)
	})
}

// End ends a conversation: what was begun is put aside for good, and nothing is
// taken from it any more.
func (b *Bot) End(ctx context.Context, p channel.Peer) error {
	return b.Store.Update(ctx, func(tx store.Tx) error {
		key := store.Key{}.Str(p.String())
		c, err := get[conversation](tx, conversations, key)
		if err != nil {
			return err
		}
		if c == nil {
			c = &conversation{Peer: p}
		}
		c.Ended = true
		if err := b.happen(tx, "end-"+p.String(), desk.Happening{Kind: desk.Left, Ticket: c.Ticket, At: b.Now()}); err != nil {
			return err
		}
		return put(tx, conversations, key, c)
	})
}

// Listen returns a channel that gets a value when a conversation may have new
// lines, until stop is called. Values can be missed where several processes
// share a store: readers look again from time to time.
func (b *Bot) Listen(p channel.Peer) (news <-chan struct{}, stop func()) { return b.readers.add(p) }
