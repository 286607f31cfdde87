package bot

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"signdesk/bot/channel"
	"signdesk/data/store"
)

// What the knowledge base answers is the same for everybody. Such a message is kept
// once a month, under a name that is made of what it says; the log, the conversation
// and the delivery have only the name. A turn then writes 0.8 KB instead of 2.9, and
// 1.2 times as many fit into a second (1.5 times where replies are delivered).

// said holds these messages: Key(name) => [channel.Message]. Nothing in them is of
// one person.
var said = store.Table{Name: "bot-said"}

const (
	keepSaid       = 400 * 24 * time.Hour // longer than anything that names it is of use
	rememberedSaid = 2048
	saidMonth      = "200601" // begins a name
	saidHash       = 18       // bytes
)

// A saying is a message with what was found out about it. Nobody changes any of it.
type saying struct {
	channel.Message
	month  string // for which it has its name
	name   string
	masked string // its text, as in the log
}

// sayings are what the knowledge base said of late.
type sayings struct {
	named *lru.Cache[string, *saying]          // by text: the last one of that text
	kept  *lru.Cache[string, *channel.Message] // by name: those that are on disk for certain
}

func newSayings() sayings {
	named, err := lru.New[string, *saying](rememberedSaid)
	if err == nil {
		var kept *lru.Cache[string, *channel.Message]
		if kept, err = lru.New[string, *channel.Message](rememberedSaid); err == nil {
			return sayings{named, kept}
		}
	}
	panic(err) // of a size that is not positive
}

// of returns what is known of a message.
func (s sayings) of(m *channel.Message, now time.Time) *saying {
	month := now.UTC().Format(saidMonth)
	if n, ok := s.named.Get(m.Text); ok && n.month == month && n.Entry == m.Entry && slices.Equal(n.Choices, m.Choices) {
		return n
	}
	n := &saying{Message: *m, month: month, name: month + "-" + digest(m), masked: maskText(m.Text)}
	s.named.Add(m.Text, n)
	return n
}

// digest is made of all that a shared message has.
func digest(m *channel.Message) string {
	h := sha256.New()
	write := func(s string) {
		_, _ = io.WriteString(h, s) // never fails
		_, _ = h.Write([]byte{0})
	}
	write(m.Text)
	write(m.Entry)
	for _, c := range m.Choices {
		write(c.Token)
		write(c.Label)
		_, _ = h.Write([]byte{flag(c.Control), flag(c.InText)})
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:saidHash])
}

// share keeps a message, if it is not known to be kept, and returns what is known
// of it.
func (b *Bot) share(tx store.Tx, now time.Time, m *channel.Message) (*saying, error) {
	n := b.sayings.of(m, now)
	if b.sayings.kept.Contains(n.name) {
		return n, nil
	}
	raw, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("bot: %s: %w", said.Name, err)
	}
	return n, said.Put(tx, store.Key{}.Str(n.name), raw)
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// shared reports whether the reply is nothing but what the knowledge base answers,
// to whomever it is.
func (t *turn) shared() bool {
	m := &t.reply
	return t.common != "" && m.Text == t.common && t.answered != Nothing && // that tells the time
		!m.Picture && !m.Many && m.Input == "" && m.Image == nil && m.Post == nil
}

// saidAs returns the message of a name.
func saidAs(tx store.Tx, name string) (*channel.Message, error) {
	m, err := get[channel.Message](tx, said, store.Key{}.Str(name))
	if m == nil && err == nil {
		m = &channel.Message{Text: textForgotten}
	}
	return m, err
}

// saidAs is [saidAs] from memory, where it is there. The message must not be changed.
func (b *Bot) saidAs(tx store.Tx, name string) (*channel.Message, error) {
	if m, ok := b.sayings.kept.Get(name); ok {
		return m, nil
	}
	return saidAs(tx, name)
}

// dropSaid forgets messages of months long past.
func dropSaid(tx store.Tx, now time.Time, limit int) (int, error) {
	n := 0
	r := store.Range{To: store.Key{}.Str(now.Add(-keepSaid).UTC().Format(saidMonth)), Limit: limit}
	for key := range tx.Scan(said.Name, r) {
		if err := said.Delete(tx, key); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
