package telegramtest

import (
	"slices"
)

const maxTopic = 128

// manages refuses what only administrators of forums may do.
func (c *Chat) manages(what string) *answer {
	switch {
	case !c.forum:
		return bad("the chat is not a forum")
	case !c.admin:
		return bad("not enough rights to " + what + " a topic")
	}
	return nil
}

func (c *Chat) createTopic(q *request) *answer {
	if no := c.manages("create"); no != nil {
		return no
	}
	name := q.form["name"]
	if n := units(name); n == 0 || n > maxTopic {
		return bad("TOPIC_TITLE_INVALID")
	}
	t := &topic{id: c.s.id(), name: name, by: c.s.me()}
	c.topics = append(c.topics, t)
	return grant(map[string]any{"message_thread_id": t.id, "name": name, "icon_color": 7322096})
}

func (c *Chat) managed(q *request) (*topic, *answer) {
	if no := c.manages("edit"); no != nil {
		return nil, no
	}
	t := c.topic(int(q.int("message_thread_id")))
	if t == nil {
		return nil, bad("TOPIC_ID_INVALID")
	}
	return t, nil
}

func (c *Chat) editTopic(q *request) *answer {
	t, no := c.managed(q)
	name := q.form["name"]
	switch {
	case no != nil:
		return no
	case units(name) > maxTopic:
		return bad("TOPIC_TITLE_INVALID")
	case name == t.name:
		return bad("TOPIC_NOT_MODIFIED")
	}
	t.name = name
	return grant(true)
}

func (c *Chat) shut(q *request, closed bool) *answer {
	t, no := c.managed(q)
	switch {
	case no != nil:
		return no
	case t.closed == closed:
		return bad("TOPIC_NOT_MODIFIED")
	}
	t.closed = closed
	return grant(true)
}

func (c *Chat) deleteTopic(q *request) *answer {
	t, no := c.managed(q)
	if no != nil {
		return no
	}
	c.topics = slices.DeleteFunc(c.topics, func(o *topic) bool { return o == t })
	c.messages = slices.DeleteFunc(c.messages, func(m *message) bool { return m.thread == t.id })
	return grant(true)
}
