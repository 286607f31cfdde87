package wechat

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// A work is what is being done for one message, whatever the number of attempts
// to bring it.
type work struct {
	key   string        // by which it is found
	ready chan struct{} // closed once the fields below it are set
	reply *Reply
	err   error
	goes  *carriage // back in a request; nil for a mere acknowledgement

	answered chan struct{} // closed once an attempt was answered with it, or will never be
	closing  sync.Once

	mu       sync.Mutex
	attempts int
	given    bool // an attempt was acknowledged without the reply, which is sent by other means
	noted    bool // what goes back has arrived, and that is noted
}

// An oblivion is where what was worked on is forgotten some time after it came
// there: by one timer for all, since there may be thousands a second.
type oblivion struct {
	work  *sync.Map
	after time.Duration

	mu    sync.Mutex
	list  []dated // the oldest first
	armed bool
}

type dated struct {
	*work
	at time.Time
}

func (o *oblivion) add(w *work) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = append(o.list, dated{w, time.Now()})
	if !o.armed {
		o.armed = true
		time.AfterFunc(o.after, o.sweep)
	}
}

// sweep forgets what has been there for long enough, and comes back for the rest, a
// few times in that time.
func (o *oblivion) sweep() {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for n < len(o.list) && time.Since(o.list[n].at) >= o.after {
		o.work.CompareAndDelete(o.list[n].key, o.list[n].work)
		n++
	}
	o.list = append([]dated(nil), o.list[n:]...)
	if o.armed = len(o.list) > 0; o.armed {
		time.AfterFunc(max(o.after-time.Since(o.list[0].at), o.after/8), o.sweep)
	}
}

// A line is the messages of one person: they are worked on in the order in which
// they came.
type line struct {
	mu   sync.Mutex
	last map[string]*work // by openid
}

// join puts a work behind the last one of its person, which it returns; nil if
// there is none.
func (l *line) join(openid string, w *work) (before *work) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		l.last = make(map[string]*work)
	}
	before = l.last[openid]
	l.last[openid] = w
	return before
}

func (l *line) leave(openid string, w *work) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last[openid] == w {
		delete(l.last, openid)
	}
}

// remember is how long a message's work is known after it is done, if its reply did
// not arrive: longer than the platform repeats it. Of what arrived there are but stray
// copies, which Talks knows to answer alike: to remember what was said, even for two
// seconds, costs a tenth of the rate when many write.
const remember = 20 * time.Second

// noteTimeout is how long noting what was brought may have to wait for its turn.
const noteTimeout = 5 * time.Second

// grace is how long the next message waits for the reply to the one before to be
// written, where no attempt may be there to take it.
const grace = 300 * time.Millisecond

// attempt answers one attempt to bring a message. The first one does the work in its
// own goroutine, which may go on after the attempt was answered.
func (a *Account) attempt(ctx context.Context, s *answer, m *pushed) {
	if m.ignored() {
		if a.result(ctx, m) != nil {
			http.Error(s.w, "try again", http.StatusServiceUnavailable)
			return
		}
		s.success()
		return
	}
	key := m.From + "\x00" + m.id()
	found, known := a.work.Load(key)
	if !known {
		found, known = a.work.LoadOrStore(key, &work{key: key, ready: make(chan struct{}), answered: make(chan struct{})})
	}
	w := found.(*work)
	w.mu.Lock()
	w.attempts++
	wait, sends := waitFor, a.maySend()
	if !sends && w.attempts < lastAttempt {
		wait = waitUnsent
	}
	w.mu.Unlock()
	timer := time.AfterFunc(wait, func() { s.leave(func() bool { return w.late(sends) }, wait == waitFor) })
	defer timer.Stop()
	if !known {
		a.run(context.WithoutCancel(ctx), w, a.line.join(m.From, w), m)
		defer a.keep(w)
	} else {
		select {
		case <-w.ready:
		case <-s.over:
		case <-ctx.Done(): // it is brought again
			return
		}
	}
	if !s.left() {
		a.give(ctx, s, w)
	}
}

// keep has a work that is done known for a while, unless that was seen to when the
// reply arrived, or it is forgotten already.
func (a *Account) keep(w *work) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil && !w.noted {
		a.late.add(w)
	}
}

// leave answers an attempt that waited in vain, if late agrees, while what it waits
// for goes on: heard by a platform that listens still, refused where nobody does any
// more. The connection is not used again, which would have to wait too.
func (s *answer) leave(late func() bool, heard bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !late() {
		return
	}
	defer close(s.over)
	h := s.w.Header()
	h.Set("Connection", "close")
	if heard {
		h.Set("Content-Length", strconv.Itoa(len(acknowledged)))
		s.success()
	} else {
		h.Set("Content-Length", "0")
		s.w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = http.NewResponseController(s.w).Flush() // it is answered at the latest when the work is done
}

// left reports whether the attempt was answered by leave, which does not write any
// more then.
func (s *answer) left() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.over:
		return true
	default:
		return false
	}
}

// late gives up carrying the reply in an attempt that waited in vain; false if
// the reply came in the meantime.
func (w *work) late(sends bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-w.ready:
		return false
	default:
	}
	w.given = w.given || sends || w.attempts >= lastAttempt
	return true
}

// run does the work for a message, once, and after that of the message before.
func (a *Account) run(ctx context.Context, w, before *work, m *pushed) {
	slow := time.AfterFunc(slowAfter, func() { a.typing(ctx, m.From) })
	if before != nil {
		<-before.ready
		select { // its reply goes ahead
		case <-before.answered:
		case <-time.After(grace):
		}
	}
	working, cancel := context.WithTimeout(ctx, workFor)
	defer cancel()
	reply, err := a.receive(working, m)
	slow.Stop()
	var c *carriage
	if err == nil && reply != nil && !(reply.Handoff && a.Transfer) {
		c = a.compose(working, reply)
	}
	w.mu.Lock()
	w.reply, w.goes, w.err = reply, c, err
	close(w.ready)
	given := w.given
	w.mu.Unlock()
	a.line.leave(m.From, w)
	if err != nil {
		a.work.CompareAndDelete(w.key, w) // the next attempt begins anew
		a.Log.Error("message not taken", "channel", Channel, "err", err)
		return
	}
	if given {
		w.closing.Do(func() { close(w.answered) })
	}
	if given && reply != nil && reply.ID != "" {
		a.release(ctx, reply.ID)
	}
}

// give answers an attempt with what the work came to.
func (a *Account) give(ctx context.Context, s *answer, w *work) {
	defer w.closing.Do(func() { close(w.answered) })
	w.mu.Lock()
	given, first := w.given, !w.noted
	w.mu.Unlock()
	switch {
	case w.err != nil:
		http.Error(s.w, "try again", http.StatusServiceUnavailable)
	case !given && w.reply != nil && w.reply.Handoff && a.Transfer:
		if err := s.transfer(); err != nil {
			a.Log.Warn("person not handed over", "channel", Channel, "err", err)
		} else if !gone(ctx) && a.note(w) {
			go a.release(context.WithoutCancel(ctx), w.reply.ID)
		}
	case given || w.goes == nil:
		s.success()
	default:
		a.bring(ctx, s, w, first)
	}
}

// bring sends back what goes back. Until it is noted, it is known as brought: the
// next message may come before.
func (a *Account) bring(ctx context.Context, s *answer, w *work, first bool) {
	if first {
		a.carried.begin(w.goes.all())
	}
	// Whoever hangs up after the reply was sent has it.
	if !gone(ctx) && s.send(w.goes.text) == nil {
		if a.note(w) {
			a.arrived(ctx, w.goes)
		}
		return
	}
	if first {
		a.carried.forget(w.goes.all()...)
	}
}

// note reports whether what goes back has arrived now for the first time.
func (a *Account) note(w *work) (first bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	first = !w.noted
	if w.noted = true; first {
		a.work.CompareAndDelete(w.key, w)
	}
	return first
}

// arrived has it noted that a carriage arrived.
func (a *Account) arrived(ctx context.Context, c *carriage) {
	for id, parts := range c.begun {
		go func() {
			if err := a.Talks.Carried(context.WithoutCancel(ctx), id, parts); err != nil {
				a.Log.Error("carried part not noted", "channel", Channel, "err", err)
			}
			a.carried.forget(id)
		}()
	}
	if len(c.ids) > 0 && !a.carried.arrived(c.ids) {
		noting, stop := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
		defer stop()
		a.noted(noting, c.ids)
	}
}

func (a *Account) release(ctx context.Context, id string) {
	if err := a.Talks.Release(ctx, id); err != nil {
		a.Log.Error("reply not released; it is sent after its claim", "channel", Channel, "err", err)
	}
}
