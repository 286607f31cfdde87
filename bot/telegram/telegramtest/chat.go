package telegramtest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
)

// A Person is somebody in a chat.
type Person struct {
	ID          int64
	First, Last string
	Bot         bool
}

func (p Person) json() map[string]any {
	return map[string]any{"id": p.ID, "is_bot": p.Bot, "first_name": p.First, "last_name": p.Last}
}

// A Chat is a group, a supergroup, or a private chat.
type Chat struct {
	ID int64

	s        *Server
	kind     string // private, group, supergroup
	title    string
	forum    bool
	admin    bool // the bot is one, and may manage topics
	out      bool // the bot was removed, or blocked
	movedTo  int64
	topics   []*topic
	messages []*message
}

type topic struct {
	id     int
	name   string
	closed bool
	by     Person // who made it
}

type message struct {
	id, thread int
	from       Person
	date       int64
	text       string // or caption
	entities   []Entity
	buttons    [][]button
	file       *file
	photo      bool
	reply      int
	silent     bool
	mark       string         // our bot's
	extra      map[string]any // further fields
}

// An Entity marks a part of a text, in UTF-16 units.
type Entity struct {
	Type   string `json:"type"`
	Offset int    `json:"offset"`
	Length int    `json:"length"`
}

type button struct {
	Text string `json:"text"`
	Data string `json:"callback_data,omitempty"`
	URL  string `json:"url,omitempty"`
}

// Group returns the group of that id (below zero), which is made when it is
// first asked for: a supergroup without topics, the bot an administrator.
func (s *Server) Group(id int64) *Chat { return s.open(id, "supergroup") }

// Private returns the private chat with a person.
func (s *Server) Private(p Person) *Chat { return s.open(p.ID, "private") }

func (s *Server) open(id int64, kind string) *Chat {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chats[id]
	if c == nil {
		c = &Chat{ID: id, s: s, kind: kind, title: "客服", admin: kind != "private"}
		s.chats[id] = c
	}
	return c
}

// Forum turns topics on or off.
func (c *Chat) Forum(on bool) *Chat { return c.set(func() { c.forum = on }) }

// Admin makes the bot an administrator, or not.
func (c *Chat) Admin(on bool) *Chat { return c.set(func() { c.admin = on }) }

func (c *Chat) set(change func()) *Chat {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	change()
	return c
}

// Remove throws the bot out, or blocks it; Invite takes it back.
func (c *Chat) Remove(by Person) { c.member(by, true) }

// Invite takes the bot in.
func (c *Chat) Invite(by Person) { c.member(by, false) }

func (c *Chat) member(by Person, out bool) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.out = out
	was, is := "kicked", "member"
	if out {
		was, is = is, was
	}
	bot := c.s.me()
	c.s.push("my_chat_member", map[string]any{
		"chat": c.json(), "from": by.json(), "date": time.Now().Unix(),
		"old_chat_member": map[string]any{"status": was, "user": bot.json(), "until_date": 0},
		"new_chat_member": map[string]any{"status": is, "user": bot.json(), "until_date": 0},
	})
}

// Migrate turns a group into a supergroup, which has another id for good, and
// returns that.
func (c *Chat) Migrate(to int64) *Chat {
	n := c.s.open(to, "supergroup")
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.movedTo, c.kind, n.admin = to, "group", c.admin
	who := Person{ID: 1087968824, First: "Group", Bot: true}
	c.s.push("message", c.render(&message{id: c.s.id(), from: who, date: time.Now().Unix(), extra: map[string]any{"migrate_to_chat_id": to}}, true))
	c.s.push("message", n.render(&message{id: c.s.id(), from: who, date: time.Now().Unix(), extra: map[string]any{"migrate_from_chat_id": c.ID}}, true))
	return n
}

// Words are what a person sends.
type Words struct {
	Topic    string // its name; "" for the general one
	Text     string // of a picture or a file: its caption
	ReplyTo  int
	Photo    []byte
	Document []byte
	Name     string         // of the document
	MIME     string         // of it
	Entities []Entity       // nil for the commands in the text
	Extra    map[string]any // further fields of the message: voice, sender_chat …
}

// Say sends a text to a topic and returns the message's id.
func (c *Chat) Say(p Person, topic, text string) int {
	return c.Post(p, Words{Topic: topic, Text: text})
}

// Post sends a message and returns its id; 0 if there is no such topic.
func (c *Chat) Post(p Person, w Words) int {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	m := &message{id: c.s.id(), from: p, date: time.Now().Unix(), text: w.Text, entities: w.Entities, reply: w.ReplyTo, extra: w.Extra}
	if w.Topic != "" {
		t := c.topicNamed(w.Topic)
		if t == nil {
			return 0
		}
		m.thread = t.id
	}
	if m.entities == nil {
		m.entities = marks(w.Text)
	}
	switch {
	case w.Photo != nil:
		m.file, m.photo = c.s.store("photos/file", w.Photo), true
	case w.Document != nil:
		m.file = c.s.store("documents/file", w.Document)
		m.file.name, m.file.mime = w.Name, w.MIME
	}
	c.messages = append(c.messages, m)
	if c.seen(m) {
		c.s.push("message", c.render(m, true))
	}
	c.s.change()
	return m.id
}

// seen tells whether the bot is shown a message.
func (c *Chat) seen(m *message) bool {
	if c.out {
		return false
	}
	if !c.s.Privacy || c.admin || c.kind == "private" || strings.HasPrefix(m.text, "/") {
		return true
	}
	r := c.message(m.reply)
	return r != nil && r.from.ID == c.s.me().ID
}

// Edit changes a message of a person.
func (c *Chat) Edit(id int, text string) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if m := c.message(id); m != nil {
		m.text, m.entities = text, marks(text)
		c.s.push("edited_message", c.render(m, true))
	}
}

// Press presses the button of that label on the newest message that has one, and
// returns the id of the press.
func (c *Chat) Press(p Person, label string) (query string, err error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	for _, m := range slices.Backward(c.messages) {
		for _, b := range slices.Concat(m.buttons...) {
			if b.Text == label {
				return c.press(p, m, b.Data), nil
			}
		}
	}
	return "", fmt.Errorf("telegramtest: no button %q in\n%s", label, c.show())
}

// Data returns what the button of that label carries, on the newest message that
// has one; "" if there is none.
func (c *Chat) Data(label string) string {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	for _, m := range slices.Backward(c.messages) {
		for _, b := range slices.Concat(m.buttons...) {
			if b.Text == label {
				return b.Data
			}
		}
	}
	return ""
}

// PressData presses a button that carries such data, which may be made up: no
// message need show it.
func (c *Chat) PressData(p Person, data string) (query string) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	m := &message{id: 1, from: c.s.me(), date: time.Now().Unix()}
	if n := len(c.messages); n > 0 {
		m = c.messages[n-1]
	}
	return c.press(p, m, data)
}

func (c *Chat) press(p Person, m *message, data string) string {
	id := fmt.Sprintf("query-%d", c.s.id())
	c.s.queries[id] = false
	c.s.push("callback_query", map[string]any{
		"id": id, "from": p.json(), "message": c.render(m, true), "chat_instance": "1", "data": data,
	})
	return id
}

// NewTopic makes a topic by hand.
func (c *Chat) NewTopic(p Person, name string) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	t := &topic{id: c.s.id(), name: name, by: p}
	c.topics = append(c.topics, t)
	c.s.push("message", c.render(&message{
		id: t.id, thread: t.id, from: p, date: time.Now().Unix(), extra: map[string]any{"forum_topic_created": map[string]any{"name": name, "icon_color": 1}},
	}, false))
}

// DeleteTopic deletes a topic with its messages.
func (c *Chat) DeleteTopic(name string) {
	c.set(func() {
		if t := c.topicNamed(name); t != nil {
			c.topics = slices.DeleteFunc(c.topics, func(o *topic) bool { return o == t })
			c.messages = slices.DeleteFunc(c.messages, func(m *message) bool { return m.thread == t.id })
		}
	})
}

// CloseTopic closes a topic by hand.
func (c *Chat) CloseTopic(p Person, name string) {
	c.set(func() {
		if t := c.topicNamed(name); t != nil {
			t.closed = true
			m := &message{id: c.s.id(), thread: t.id, from: p, date: time.Now().Unix(), extra: map[string]any{"forum_topic_closed": map[string]any{}}}
			c.s.push("message", c.render(m, true))
		}
	})
}

// Delete deletes a message.
func (c *Chat) Delete(id int) {
	c.set(func() { c.messages = slices.DeleteFunc(c.messages, func(m *message) bool { return m.id == id }) })
}

func (c *Chat) topicNamed(name string) *topic {
	for _, t := range c.topics {
		if t.name == name {
			return t
		}
	}
	return nil
}

func (c *Chat) topic(id int) *topic {
	for _, t := range c.topics {
		if t.id == id {
			return t
		}
	}
	return nil
}

func (c *Chat) message(id int) *message {
	for _, m := range c.messages {
		if m.id == id {
			return m
		}
	}
	return nil
}

func (c *Chat) json() map[string]any {
	out := map[string]any{"id": c.ID, "type": c.kind}
	if c.kind != "private" {
		out["title"] = c.title
	}
	if c.forum {
		out["is_forum"] = true
	}
	return out
}

// render writes a message as the API shows it.
func (c *Chat) render(m *message, replies bool) map[string]any {
	out := map[string]any{"message_id": m.id, "from": m.from.json(), "chat": c.json(), "date": m.date}
	words, entities := "text", "entities"
	if f := m.file; f != nil {
		words, entities = "caption", "caption_entities"
		info := map[string]any{"file_id": f.id, "file_unique_id": "u" + f.id, "file_size": f.size()}
		if m.photo {
			small := map[string]any{"file_id": f.id + "-small", "file_unique_id": "s" + f.id, "file_size": 1000, "width": 90, "height": 90}
			info["width"], info["height"] = 1080, 1080
			out["photo"] = []any{small, info}
		} else {
			info["file_name"], info["mime_type"] = f.name, f.mime
			out["document"] = info
		}
	}
	if m.text != "" {
		out[words], out[entities] = m.text, m.entities
	}
	if m.buttons != nil {
		out["reply_markup"] = map[string]any{"inline_keyboard": m.buttons}
	}
	if m.thread != 0 {
		out["message_thread_id"], out["is_topic_message"] = m.thread, true
	}
	switch r := c.message(m.reply); {
	case !replies:
	case r != nil:
		out["reply_to_message"] = c.render(r, false)
	case m.thread != 0: // the topic's beginning, which every message in it replies to
		by := c.s.me()
		if t := c.topic(m.thread); t != nil {
			by = t.by
		}
		out["reply_to_message"] = map[string]any{
			"message_id": m.thread, "message_thread_id": m.thread, "is_topic_message": true, "chat": c.json(), "date": 1,
			"from": by.json(), "forum_topic_created": map[string]any{"name": "…", "icon_color": 1},
		}
	}
	for k, v := range m.extra {
		out[k] = v
	}
	return out
}

var commandMark = regexp.MustCompile(`(^|\s)(/[A-Za-z0-9_]{1,32}(?:@[A-Za-z0-9_]+)?)`)

// marks finds the commands of a text.
func marks(text string) (out []Entity) {
	for _, at := range commandMark.FindAllStringSubmatchIndex(text, -1) {
		out = append(out, Entity{"bot_command", units(text[:at[4]]), units(text[at[4]:at[5]])})
	}
	return out
}

func units(s string) int { return len(utf16.Encode([]rune(s))) }
