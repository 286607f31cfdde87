package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"signdesk/data/store/tree"
)

const (
	// queueLength is how many updates may wait before Update blocks: four
	// groups of the 256 writers we measure with.
	queueLength = 1024
	// groupLength bounds what one commit acknowledges, and so the wait of its
	// first update. With 256 writers a group is as large as they can make it.
	groupLength = 1024
	// groupBytes bounds the values that wait in memory for one commit; a
	// single update may exceed it.
	groupBytes = 16 << 20
	// maxMisses is how often what an update lacks is fetched before it may hold
	// up the others with its reads. A guess: what one run misses the next one
	// has, so that even a second miss is rare.
	maxMisses = 3
	// maxLost is how often a group runs again before it fails. An engine that
	// loses to another process should then see to it that it wins.
	maxLost = 10
)

// A Committer runs updates one after another and commits as many as are
// waiting at once, which for an engine costs little more than committing one.
// It never waits for more to come.
//
// Each update writes to a fork of the group's layer, which takes the place of
// the group's layer if the function succeeds and is dropped if it does not. So
// a failing update costs its neighbours nothing. The other way, writing into
// the transaction and on failure rolling back and running the group again
// without the failing one, makes each refusal cost a group: with 64 writers of
// which one in ten is refused it kept 0.65 times as many updates
// (BenchmarkRefusals). The layer is no dearer where nothing fails, as it
// reaches the engine in key order, each key once.
type Committer struct {
	engine Engine
	queue  chan *update

	mu      sync.RWMutex // guards closing and the first Add of calls
	closing bool
	calls   sync.WaitGroup // calls of Do, which may send to queue
	stopped chan struct{}  // closed when the queue is drained

	broken atomic.Pointer[error] // why updates are refused
	ahead  ahead

	// Of the goroutine in run:
	group group
	again []*update // to run before those in the queue
	lost  int       // groups in a row that had to run again
}

// A group is what one commit makes durable.
type group struct {
	base    Base
	begun   bool // the engine's Begin was called
	patient bool // it holds one update, whose reads may wait
	layer   tree.Tree
	bytes   int
	done    []*update // ran, each with its outcome, which nobody has been told
}

// The life of an update: whoever moves it on from waiting decides.
const (
	waiting   = iota
	started   // the committer has begun it
	abandoned // its caller gave up
)

type update struct {
	fn      func(Tx) error
	early   *early // nil if it did not run ahead, or not to any use
	patient bool   // to be run alone
	state   atomic.Int32
	over    chan struct{} // closed when the rest is set

	missed   bool // fn read what is not at hand; it changed nothing
	err      error
	panicked *updatePanic
	exited   bool // fn called runtime.Goexit
}

// An updatePanic carries a panic of an update from the committer to the caller
// of Update.
type updatePanic struct {
	value any
	stack []byte
}

func (p *updatePanic) Error() string {
	return fmt.Sprintf("%v\n\nin an update of the store:\n%s", p.value, p.stack)
}

func (p *updatePanic) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

// NewCommitter returns a committer for the engine, at work until Close.
func NewCommitter(e Engine) *Committer {
	c := &Committer{engine: e, queue: make(chan *update, queueLength), stopped: make(chan struct{})}
	go c.run()
	return c
}

// Do is the Update of a store: it runs fn and returns when it is kept.
func (c *Committer) Do(ctx context.Context, fn func(Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.RLock()
	if c.closing {
		c.mu.RUnlock()
		return ErrClosed
	}
	c.calls.Add(1)
	c.mu.RUnlock()
	defer c.calls.Done()
	for misses := 0; ; misses++ {
		u := &update{fn: fn, patient: misses >= maxMisses, over: make(chan struct{})}
		if misses == 0 {
			u.early = c.early(fn)
		}
		if err := c.wait(ctx, u); err != nil {
			return err
		}
		switch {
		case u.panicked != nil:
			panic(u.panicked)
		case u.exited:
			runtime.Goexit()
		case !u.missed:
			return u.err
		}
		if over, err := c.engine.Fetch(ctx, fn); over || err != nil {
			return err
		}
	}
}

// wait sends u to the committer and waits for what becomes of it. An error means
// that it did not run.
func (c *Committer) wait(ctx context.Context, u *update) error {
	if why := c.broken.Load(); why != nil {
		return *why
	}
	select {
	case c.queue <- u:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-u.over:
	case <-ctx.Done():
		if u.state.CompareAndSwap(waiting, abandoned) {
			return ctx.Err()
		}
		<-u.over
	}
	return nil
}

// Close refuses new updates and waits until the accepted ones are committed.
// It reports whether it was the first call.
func (c *Committer) Close() bool {
	c.mu.Lock()
	first := !c.closing
	c.closing = true
	c.mu.Unlock()
	if first {
		c.calls.Wait()
		close(c.queue)
	}
	<-c.stopped
	return first
}

// run commits groups until the queue is closed and empty.
func (c *Committer) run() {
	drained := false
	defer func() {
		if drained {
			close(c.stopped)
		} else {
			go c.run() // an update left our goroutine; its group goes on in a new one
		}
	}()
	for {
		if !c.group.begun {
			u := c.next(true)
			if u == nil {
				break
			}
			c.execute(u)
		}
		c.collect()
		c.commit()
	}
	drained = true
}

// next returns the update whose turn it is, or nil: if wait is true once the
// queue is closed, otherwise if none is waiting.
func (c *Committer) next(wait bool) *update {
	for {
		var u *update
		switch {
		case len(c.again) > 0:
			u, c.again = c.again[0], c.again[1:]
			return u
		case wait:
			u = <-c.queue
		default:
			select {
			case u = <-c.queue:
			default:
			}
		}
		if u == nil || u.state.CompareAndSwap(waiting, started) {
			return u
		}
	}
}

// collect adds the updates that are waiting to the group.
func (c *Committer) collect() {
	for c.group.begun && !c.group.patient && len(c.group.done) < groupLength && c.group.bytes < groupBytes {
		u := c.next(false)
		if u == nil {
			return
		}
		if u.patient {
			c.again = slices.Insert(c.again, 0, u)
			return
		}
		c.execute(u)
	}
}

// execute runs one update as part of the group.
func (c *Committer) execute(u *update) {
	g := &c.group
	if err := c.begin(u); err != nil {
		u.err = err
		close(u.over)
		c.refuse(err)
		return
	}
	if u.early != nil {
		if c.holds(u.early) {
			u.err = u.early.err
			g.done = append(g.done, u)
			g.take(u.early)
			return
		}
		u.early = nil
	}
	tx := &txn{base: g.base, layer: g.layer.Fork()}
	returned := false
	defer func() {
		tx.over = true
		var panicked any
		if !returned {
			panicked = recover()
		}
		if lack, ok := g.base.(interface{ Missed() bool }); ok && lack.Missed() {
			u.missed = true
			close(u.over)
			return
		}
		g.done = append(g.done, u)
		switch {
		case panicked != nil:
			u.panicked = &updatePanic{panicked, debug.Stack()}
		case !returned:
			u.exited = true
		case u.err == nil:
			g.layer = tx.layer
			g.bytes += tx.written
		}
	}()
	u.err = u.fn(tx)
	returned = true
}

// refuse fails the updates that wait, as each would wait for the same failure.
func (c *Committer) refuse(err error) {
	for u := c.next(false); u != nil; u = c.next(false) {
		u.err = err
		close(u.over)
	}
}

// begin sees to it that the group is begun; u is its first update, or joins it.
func (c *Committer) begin(u *update) error {
	if why := c.broken.Load(); why != nil {
		return *why
	}
	if c.group.begun {
		return nil
	}
	base, err := c.engine.Begin(u.patient)
	if err != nil {
		return err
	}
	c.group.base, c.group.begun, c.group.patient = base, true, u.patient
	return nil
}

// commit makes the group durable and tells its updates. Those that failed are
// told no earlier than the others, because they may have failed by what they
// saw of a neighbour. If the commit fails they all get its error.
func (c *Committer) commit() {
	g := c.group
	c.group = group{}
	if !g.begun {
		return
	}
	err := c.engine.Save(&g.layer, len(g.done) > 0)
	if errors.Is(err, ErrAgain) && c.lost < maxLost {
		c.lost++
		for _, u := range g.done {
			u.err, u.panicked, u.exited = nil, nil, false
		}
		c.again = append(g.done, c.again...)
		return
	}
	if err == nil && !g.layer.Empty() {
		c.ahead.remember(g.layer)
	}
	if c.lost = 0; errors.Is(err, ErrBroken) {
		c.broken.Store(&err)
	}
	for _, u := range g.done {
		if err != nil {
			u.err, u.panicked, u.exited = err, nil, false
		}
		close(u.over)
	}
	if errors.Is(err, ErrUnavailable) || errors.Is(err, ErrDoubt) {
		c.refuse(fmt.Errorf("store: commit: %w", ErrUnavailable))
	}
}
