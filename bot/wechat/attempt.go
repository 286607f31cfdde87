package wechat

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A work is what is being done for one message, whatever the number of attempts
// to bring it.
type work struct {
	ready chan struct{} // closed once reply and err are set
	reply *Reply
	err   error

	mu       sync.Mutex
	attempts int
	given    bool // an attempt was acknowledged without the reply, which is sent by other means
	passive  *carriage
}

// A carriage is what goes back in a request: the same in every attempt.
type carriage struct {
	text  string
	ids   []string // that are delivered by it
	rest  bool     // of the reply the first part only
	noted bool     // the ids are
}

// remember is how long a message's work is known after it is done: longer than
// the platform repeats it.
const remember = 20 * time.Second

// attempt answers one attempt to bring a message.
func (a *Account) attempt(ctx context.Context, s *answer, m *pushed) {
	if m.ignored() {
		s.success()
		return
	}
	key := m.From + "\x00" + m.id()
	found, known := a.work.LoadOrStore(key, &work{ready: make(chan struct{})})
	w := found.(*work)
	if !known {
		go a.run(context.WithoutCancel(ctx), key, w, m)
	}
	w.mu.Lock()
	w.attempts++
	wait := waitFor
	if !a.Verified && w.attempts < lastAttempt {
		wait = waitUnsent
	}
	w.mu.Unlock()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-w.ready:
	case <-ctx.Done(): // it is brought again
		return
	case <-timer.C:
		if !w.late(a.Verified) {
			break
		}
		if wait == waitFor {
			s.success()
		} else { // nobody reads it any more
			s.w.WriteHeader(http.StatusServiceUnavailable)
		}
		return
	}
	a.give(ctx, s, w)
}

// late gives up carrying the reply in an attempt that waited in vain; false if
// the reply came in the meantime.
func (w *work) late(verified bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-w.ready:
		return false
	default:
	}
	w.given = w.given || verified || w.attempts >= lastAttempt
	return true
}

// run does the work for a message, once.
func (a *Account) run(ctx context.Context, key string, w *work, m *pushed) {
	ctx, cancel := context.WithTimeout(ctx, workFor)
	defer cancel()
	slow := time.AfterFunc(slowAfter, func() { a.typing(ctx, m.From) })
	reply, err := a.receive(ctx, m)
	slow.Stop()
	w.mu.Lock()
	w.reply, w.err = reply, err
	close(w.ready)
	given := w.given
	w.mu.Unlock()
	if err != nil {
		a.work.Delete(key) // the next attempt begins anew
		a.Log.Error("message not taken", "channel", Channel, "err", err)
		return
	}
	time.AfterFunc(remember, func() { a.work.Delete(key) })
	if given && reply != nil && reply.ID != "" {
		a.release(ctx, reply.ID)
	}
}

// give answers an attempt with what the work came to.
func (a *Account) give(ctx context.Context, s *answer, w *work) {
	switch c, transfer := w.carry(ctx, a); {
	case w.err != nil:
		http.Error(s.w, "try again", http.StatusServiceUnavailable)
	case transfer:
		if err := s.transfer(); err != nil {
			a.Log.Warn("person not handed over", "channel", Channel, "err", err)
		}
		go a.release(context.WithoutCancel(ctx), w.reply.ID)
	case c == nil:
		s.success()
	default:
		a.bring(ctx, s, w, c)
	}
}

// bring sends a carriage back. Until it is noted, it is known as brought: the
// next message may come before.
func (a *Account) bring(ctx context.Context, s *answer, w *work, c *carriage) {
	w.mu.Lock()
	noted := c.noted
	w.mu.Unlock()
	for _, id := range c.ids {
		if !noted {
			a.brought.Store(id, true)
		}
	}
	if err := s.send(c.text); err == nil && !gone(ctx) {
		a.note(ctx, w, c)
		return
	}
	for _, id := range c.ids {
		if !noted {
			a.brought.Delete(id)
		}
	}
}

// carry returns what goes back, nil for a mere acknowledgement; or that the
// person is transferred, once.
func (w *work) carry(ctx context.Context, a *Account) (c *carriage, transfer bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil || w.reply == nil || w.given {
		return nil, false
	}
	if w.reply.Handoff && a.Transfer {
		w.given = true
		return nil, true
	}
	if w.passive == nil {
		w.passive = a.compose(ctx, w.reply)
	}
	return w.passive, false
}

// note has it noted that a carriage arrived, once.
func (a *Account) note(ctx context.Context, w *work, c *carriage) {
	w.mu.Lock()
	noted := c.noted
	c.noted = true
	w.mu.Unlock()
	if noted {
		return
	}
	if c.rest {
		go a.carried(context.WithoutCancel(ctx), w.reply.ID)
	}
	for _, id := range c.ids {
		select {
		case a.done <- id:
		case <-ctx.Done():
			a.brought.Delete(id)
		}
	}
}

func (a *Account) release(ctx context.Context, id string) {
	if err := a.Talks.Release(ctx, id); err != nil {
		a.Log.Error("reply not released; it is sent after its claim", "channel", Channel, "err", err)
	}
}

func (a *Account) carried(ctx context.Context, id string) {
	if err := a.Talks.Carried(ctx, id, 1); err != nil {
		a.Log.Error("carried part not noted", "channel", Channel, "err", err)
	}
}

// maxEarlier bounds the messages from before that go with a reply.
const maxEarlier = 5

// compose puts what the person has not got from before, as far as it fits, in
// front of the reply.
func (a *Account) compose(ctx context.Context, r *Reply) *carriage {
	parts := a.parts(r.Message, 0)
	c := &carriage{text: parts[0], rest: len(parts) > 1}
	if !c.rest && r.ID != "" {
		c.ids = []string{r.ID}
	}
	if !r.Earlier {
		return c
	}
	list, err := a.Talks.Pending(ctx, r.To, maxEarlier)
	if err != nil {
		a.Log.Error("earlier messages not found", "channel", Channel, "err", err)
		return c
	}
	var before strings.Builder
	for _, m := range list {
		if _, ok := a.brought.Load(m.ID); ok {
			continue
		}
		p := a.parts(m.Message, 0)
		if m.ID == r.ID || m.Skip >= len(p) || len(p)-m.Skip > 1 || m.Message.Image != nil {
			break
		}
		piece := p[m.Skip] + divider
		if before.Len()+len(piece)+len(c.text) > maxText {
			break
		}
		before.WriteString(piece)
		c.ids = append(c.ids, m.ID)
	}
	c.text = before.String() + c.text
	return c
}

// divider stands between messages that come as one.
const divider = "\n－－－－－－\n"
