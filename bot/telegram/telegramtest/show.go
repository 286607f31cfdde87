package telegramtest

import (
	"fmt"
	"slices"
	"strings"
)

// A Shown is a message as a chat shows it.
type Shown struct {
	ID      int
	Topic   string // its name; "" for the general one
	Bot     bool   // our bot sent it
	Text    string // or caption
	Bold    string // the first bold part of it
	File    string // name of the file; "photo" of a picture
	Data    []byte // of the file
	Buttons [][]string
	ReplyTo int
	Silent  bool
	Mark    string // our bot's
}

// A Note is the answer to a press.
type Note struct {
	Query, Text string
	Alert       bool
}

// Notes returns the answers to presses.
func (s *Server) Notes() []Note {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.notes)
}

// Messages returns what a chat shows now, in the order in which it was sent.
func (c *Chat) Messages() (out []Shown) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	for _, m := range c.messages {
		out = append(out, c.shown(m))
	}
	return out
}

func (c *Chat) shown(m *message) Shown {
	w := Shown{ID: m.id, Bot: m.from.ID == c.s.me().ID, Text: m.text, ReplyTo: m.reply, Silent: m.silent, Mark: m.mark}
	if t := c.topic(m.thread); t != nil {
		w.Topic = t.name
	}
	for _, e := range m.entities {
		if e.Type == "bold" && w.Bold == "" {
			w.Bold = slice(m.text, e.Offset, e.Length)
		}
	}
	if f := m.file; f != nil {
		if w.File, w.Data = f.name, f.data; m.photo {
			w.File = "photo"
		}
	}
	for _, row := range m.buttons {
		var labels []string
		for _, b := range row {
			labels = append(labels, b.Text)
		}
		w.Buttons = append(w.Buttons, labels)
	}
	return w
}

// Topics returns the names of a chat's topics; of one that is closed with （关）.
func (c *Chat) Topics() (out []string) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	for _, t := range c.topics {
		out = append(out, t.title())
	}
	return out
}

func (t *topic) title() string {
	if t.closed {
		return t.name + "（关）"
	}
	return t.name
}

// Show draws what a chat shows now: topics as # lines, the general one first;
// what people wrote with their name; files in angle brackets; buttons in square
// ones, a row a line.
func (c *Chat) Show() string {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return c.show()
}

func (c *Chat) show() string {
	var b strings.Builder
	draw := func(thread int) {
		for _, m := range c.messages {
			if m.thread != thread {
				continue
			}
			w := c.shown(m)
			if !w.Bot {
				fmt.Fprintf(&b, "%s: ", m.from.First)
			}
			if w.File != "" {
				fmt.Fprintf(&b, "<%s>", w.File)
			}
			b.WriteString(w.Text + w.Mark + "\n")
			for _, row := range w.Buttons {
				b.WriteString("[" + strings.Join(row, "] [") + "]\n")
			}
		}
	}
	draw(0)
	for _, t := range c.topics {
		fmt.Fprintf(&b, "# %s\n", t.title())
		draw(t.id)
	}
	return b.String()
}
