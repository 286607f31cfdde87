package telegram

import (
	"context"
	"errors"
	"strings"

	"github.com/go-telegram/bot"

	"signdesk/bot/channel"
)

// Refusals that concern topics.
var (
	noForum     = []string{"not a forum", "topics must be enabled", "not enough rights to create a topic", "not enough rights to manage topics"}
	topicGone   = []string{"message thread not found", "topic_id_invalid", "topic_deleted"}
	topicClosed = []string{"topic_closed"}
	topicSame   = []string{"topic_not_modified"}
)

func topicKey(s *sending) string { return keyOf("topic", s.chat, s.post.Topic) }

// topic makes sure that the topic of a post is there, has its title, and is open
// unless the post closes it. It sets the thread; where there are no topics it
// returns the title, which goes into the text.
func (a *Account) topic(ctx context.Context, s *sending) (title string, err error) {
	s.thread = 0
	if s.post.Topic == "" {
		return "", nil
	}
	t, err := load[topicRecord](ctx, a.Keep, topicKey(s))
	if err != nil {
		return "", err
	}
	if t == nil {
		t = &topicRecord{}
	}
	title = topicName(s.post.Title)
	if title == "" {
		title = t.Title
	}
	if !a.hasTopics(s.chat) {
		return a.untopical(ctx, s, t, title)
	}
	if t.Thread == 0 {
		err := a.createTopic(ctx, s, t, title)
		if describes(err, noForum...) {
			a.Logger.Warn("a board has no topics, or the bot may not manage them; all goes into one", "channel", Channel, "board", s.chat)
			a.setTopics(s.chat, false)
			return a.untopical(ctx, s, t, title)
		}
		s.thread = t.Thread
		return "", err
	}
	s.thread = t.Thread
	return "", a.adjust(ctx, s, t, title)
}

// adjust gives a topic its title and opens it.
func (a *Account) adjust(ctx context.Context, s *sending, t *topicRecord, title string) error {
	if title != t.Title {
		err := a.topicCall(ctx, s.chat, "editForumTopic", func(ctx context.Context) error {
			_, err := a.api.EditForumTopic(ctx, &bot.EditForumTopicParams{ChatID: s.chat, MessageThreadID: t.Thread, Name: title})
			return err
		})
		if err != nil {
			return err
		}
		t.Title = title
		if err := save(ctx, a.Keep, topicKey(s), t); err != nil {
			return err
		}
	}
	if t.Closed && !s.post.Close {
		return a.reopen(ctx, s, t)
	}
	return nil
}

// untopical keeps the title of a topic that is none.
func (a *Account) untopical(ctx context.Context, s *sending, t *topicRecord, title string) (string, error) {
	if t.Thread != 0 || title != t.Title {
		*t = topicRecord{Title: title}
		return title, save(ctx, a.Keep, topicKey(s), t)
	}
	return title, nil
}

// topicName is a title as the platform takes it.
func topicName(title string) string {
	return cut(strings.Join(strings.Fields(clean(title)), " "), maxTopic)
}

func (a *Account) createTopic(ctx context.Context, s *sending, t *topicRecord, title string) error {
	name := title
	if name == "" {
		name = "会话"
	}
	c := a.chat(s.chat)
	var noted error
	err := a.call(ctx, s.chat, "createForumTopic", func(ctx context.Context) error {
		c.making.Lock()
		defer c.making.Unlock()
		made, err := a.api.CreateForumTopic(ctx, &bot.CreateForumTopicParams{ChatID: s.chat, Name: name})
		if err == nil {
			*t = topicRecord{Thread: made.MessageThreadID, Title: name}
			noted = save(ctx, a.Keep, keyOfMessage("thread", s.chat, t.Thread), s.post.Topic)
		}
		return err
	})
	if err = errors.Join(err, noted); err != nil {
		return err
	}
	return save(ctx, a.Keep, topicKey(s), t)
}

// topicOf is the key of the topic with that thread, nil if it is none of ours. Who
// is quick can write in a topic that is just being made.
func (a *Account) topicOf(ctx context.Context, chat int64, thread int) (*string, error) {
	name := keyOfMessage("thread", chat, thread)
	key, err := load[string](ctx, a.Keep, name)
	if key != nil || err != nil {
		return key, err
	}
	c := a.chat(chat)
	c.making.Lock()
	defer c.making.Unlock()
	return load[string](ctx, a.Keep, name)
}

func (a *Account) reopen(ctx context.Context, s *sending, t *topicRecord) error {
	err := a.topicCall(ctx, s.chat, "reopenForumTopic", func(ctx context.Context) error {
		_, err := a.api.ReopenForumTopic(ctx, &bot.ReopenForumTopicParams{ChatID: s.chat, MessageThreadID: t.Thread})
		return err
	})
	if err != nil {
		return err
	}
	t.Closed = false
	return save(ctx, a.Keep, topicKey(s), t)
}

// shut notes that somebody closed or opened a topic by hand, so that the next
// post knows. Where that is old news, opening the topic once more does no harm.
func (a *Account) shut(ctx context.Context, m *message, closed bool) error {
	key, err := load[string](ctx, a.Keep, keyOfMessage("thread", m.Chat.ID, m.Thread))
	if err != nil || key == nil {
		return err
	}
	c := a.chat(m.Chat.ID)
	c.sending.Lock() // for the record
	defer c.sending.Unlock()
	name := keyOf("topic", m.Chat.ID, *key)
	t, err := load[topicRecord](ctx, a.Keep, name)
	if err != nil || t == nil || t.Thread != m.Thread || t.Closed == closed {
		return err
	}
	t.Closed = closed
	return save(ctx, a.Keep, name, t)
}

// closeTopic closes the topic of a post, if there is one.
func (a *Account) closeTopic(ctx context.Context, s *sending) error {
	if s.thread == 0 {
		return nil
	}
	t, err := load[topicRecord](ctx, a.Keep, topicKey(s))
	if err != nil || t == nil || t.Closed {
		return err
	}
	err = a.topicCall(ctx, s.chat, "closeForumTopic", func(ctx context.Context) error {
		_, err := a.api.CloseForumTopic(ctx, &bot.CloseForumTopicParams{ChatID: s.chat, MessageThreadID: t.Thread})
		return err
	})
	if err != nil {
		return err
	}
	t.Closed = true
	return save(ctx, a.Keep, topicKey(s), t)
}

// topicCall changes a topic. That it is so already is no error.
func (a *Account) topicCall(ctx context.Context, chat int64, method string, do func(context.Context) error) error {
	if err := a.call(ctx, chat, method, do); !describes(err, topicSame...) {
		return err
	}
	return nil
}

// mend puts right what was refused for its topic; false if there is nothing to
// put right. Somebody deleted the topic: it is made anew. Somebody closed it: it
// is opened. The group is no forum any more: all goes into one.
func (a *Account) mend(ctx context.Context, s *sending, err error) bool {
	if s.post.Topic == "" || errors.As(err, new(*channel.SendError)) {
		return false
	}
	t, lerr := load[topicRecord](ctx, a.Keep, topicKey(s))
	if lerr != nil || t == nil || t.Thread == 0 {
		return false
	}
	switch {
	case describes(err, topicGone...):
		return a.Keep.Put(ctx, keyOfMessage("thread", s.chat, t.Thread), nil) == nil &&
			save(ctx, a.Keep, topicKey(s), topicRecord{Title: t.Title}) == nil
	case describes(err, topicClosed...):
		return a.reopen(ctx, s, t) == nil
	case describes(err, noForum...):
		a.setTopics(s.chat, false)
		return true
	}
	return false
}
