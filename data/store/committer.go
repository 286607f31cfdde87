package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
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
)

// A committer runs updates one after another and commits as many as are
// waiting in one transaction of the file, with one fsync. It never waits for
// more to come.
//
// Each update writes to a fork of the group's layer, which takes the place of
// the group's layer if the function succeeds and is dropped if it does not. So
// a failing update costs its neighbours nothing. The other way, writing into
// the transaction and on failure rolling back and running the group again
// without the failing one, makes each refusal cost a group: with 64 writers of
// which one in ten is refused it kept 0.65 times as many updates
// (BenchmarkRefusals). The layer is no dearer where nothing fails, as it
// reaches the file in key order, each key once.
type committer struct {
	db    *bbolt.DB
	queue chan *update

	mu      sync.RWMutex // guards closing and the first Add of senders
	closing bool
	senders sync.WaitGroup // calls of do that may still send to queue
	stopped chan struct{}  // closed when the queue is drained

	broken atomic.Pointer[error] // why updates are refused

	group group // of the goroutine in run
}

// A group is what one commit makes durable.
type group struct {
	tx    *bbolt.Tx // nil before the first update
	layer tree
	bytes int
	done  []*update // ran, each with its outcome, which nobody has been told
}

// The life of an update: whoever moves it on from waiting decides.
const (
	waiting   = iota
	started   // the committer has begun it
	abandoned // its caller gave up
)

type update struct {
	fn    func(Tx) error
	state atomic.Int32
	over  chan struct{} // closed when the rest is set

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

func newCommitter(db *bbolt.DB) *committer {
	return &committer{db: db, queue: make(chan *update, queueLength), stopped: make(chan struct{})}
}

// do runs fn and returns when it is on disk.
func (c *committer) do(ctx context.Context, fn func(Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u := &update{fn: fn, over: make(chan struct{})}
	if err := c.send(ctx, u); err != nil {
		return err
	}
	select {
	case <-u.over:
	case <-ctx.Done():
		if u.state.CompareAndSwap(waiting, abandoned) {
			return ctx.Err()
		}
		<-u.over
	}
	switch {
	case u.panicked != nil:
		panic(u.panicked)
	case u.exited:
		runtime.Goexit()
	}
	return u.err
}

// send puts u in the queue, waiting for a place.
func (c *committer) send(ctx context.Context, u *update) error {
	c.mu.RLock()
	if c.closing {
		c.mu.RUnlock()
		return ErrClosed
	}
	c.senders.Add(1)
	c.mu.RUnlock()
	defer c.senders.Done()
	if why := c.broken.Load(); why != nil {
		return *why
	}
	select {
	case c.queue <- u:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close refuses new updates and waits until the accepted ones are committed.
// It reports whether it was the first call.
func (c *committer) close() bool {
	c.mu.Lock()
	first := !c.closing
	c.closing = true
	c.mu.Unlock()
	if first {
		c.senders.Wait()
		close(c.queue)
	}
	<-c.stopped
	return first
}

// run commits groups until the queue is closed and empty.
func (c *committer) run() {
	drained := false
	defer func() {
		if drained {
			close(c.stopped)
		} else {
			go c.run() // an update left our goroutine; its group goes on in a new one
		}
	}()
	for {
		if c.group.tx == nil {
			u, ok := <-c.queue
			if !ok {
				break
			}
			c.execute(u)
		}
		c.collect()
		c.commit()
	}
	drained = true
}

// collect adds the updates that are waiting to the group.
func (c *committer) collect() {
	for len(c.group.done) < groupLength && c.group.bytes < groupBytes {
		select {
		case u, ok := <-c.queue:
			if !ok {
				return
			}
			c.execute(u)
		default:
			return
		}
	}
}

// execute runs one update as part of the group.
func (c *committer) execute(u *update) {
	if !u.state.CompareAndSwap(waiting, started) {
		return
	}
	g := &c.group
	if u.err = c.begin(); u.err != nil {
		close(u.over)
		return
	}
	g.done = append(g.done, u)
	tx := &txn{base: g.tx, layer: g.layer.fork()}
	returned := false
	defer func() {
		tx.over = true
		if returned {
			return
		}
		if v := recover(); v != nil {
			u.panicked = &updatePanic{v, debug.Stack()}
		} else {
			u.exited = true
		}
	}()
	u.err = u.fn(tx)
	returned = true
	if u.err == nil {
		g.layer = tx.layer
		g.bytes += tx.written
	}
}

// begin sees to it that the group has a transaction.
func (c *committer) begin() error {
	if why := c.broken.Load(); why != nil {
		return *why
	}
	if c.group.tx != nil {
		return nil
	}
	tx, err := c.db.Begin(true)
	if err != nil {
		return fmt.Errorf("store: begin: %w", err)
	}
	c.group.tx = tx
	return nil
}

// commit makes the group durable and tells its updates. Those that failed are
// told no earlier than the others, because they may have failed by what they
// saw of a neighbour. If the commit fails they all get its error.
func (c *committer) commit() {
	g := c.group
	c.group = group{done: g.done[:0]}
	if g.tx == nil {
		return
	}
	err := save(g.tx, &g.layer)
	if err != nil {
		err = c.failed(err)
	}
	for i, u := range g.done {
		if err != nil {
			u.err, u.panicked, u.exited = err, nil, false
		}
		close(u.over)
		g.done[i] = nil
	}
}

// save writes the layer to the file, in order, and commits it.
func save(tx *bbolt.Tx, layer *tree) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
		if err != nil {
			// Commit has done so unless it panicked; then its lock must go.
			if e := tx.Rollback(); e != nil && !errors.Is(e, berrors.ErrTxClosed) {
				err = errors.Join(err, e)
			}
		}
	}()
	if layer.root == nil {
		return tx.Rollback()
	}
	var table []byte
	var bucket *bbolt.Bucket
	for c := layer.cursor(nil, nil, false); ; {
		layerKey, value := c.next()
		if layerKey == nil {
			return tx.Commit()
		}
		name, key, _ := bytes.Cut(layerKey, []byte{zeroByte})
		if bucket == nil || !bytes.Equal(name, table) {
			if bucket, err = tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
			table = name
		}
		if value == nil {
			err = bucket.Delete(key)
		} else {
			err = bucket.Put(key, value)
		}
		if err != nil {
			return err
		}
	}
}
