package store

import (
	"sync/atomic"

	"signdesk/data/store/tree"
)

// Functions run ahead: a caller of Do runs his function himself, on the last state
// that was kept, side by side with others and with the commit that is under way,
// and notes what it reads. The committer takes over what it wrote if nothing of
// that was changed since, which is the same as if it ran then. Otherwise it runs
// the function, as it does where the state cannot be seen from outside.
//
// So the committer is left with little more than what a commit itself takes: with 64
// visitors, each in a conversation of his own, the assistant kept 0.59 instead of 0.47
// of the messages that a bare committer of bbolt keeps (signdesk bench, two cores).

// A peeker is an engine whose last state can be seen by anybody. What it shows may
// be less than durable: who has seen it is told nothing before a later group is.
type peeker interface {
	// peek returns the last state, and what releases it.
	peek() (base Base, end func(), err error)
}

const (
	// pastGroups is of how many groups it is known what they wrote. A function
	// that takes longer than that many commits runs again.
	pastGroups = 8
	// Of aheadSample functions that ran ahead less than half were of use: then
	// aheadRest functions do not.
	aheadSample = 64
	aheadRest   = 1024
)

// An early is a function that ran ahead.
type early struct {
	since   uint64 // groups that it has seen at least
	reads   Reads
	layer   tree.Tree
	written int
	err     error // that the function returned
}

// ahead is what a committer knows for it.
type ahead struct {
	groups atomic.Uint64 // that were kept
	rest   atomic.Int64  // functions not to be run ahead

	// Of the goroutine in run:
	past          []tree.Tree // what the last groups wrote, the latest last
	tried, useful int
}

// early runs fn on the last state; nil if it does not, or fn has to run where its
// end can be told of.
func (c *Committer) early(fn func(Tx) error) (e *early) {
	p, ok := c.engine.(peeker)
	if !ok || c.broken.Load() != nil {
		return nil
	}
	if c.ahead.rest.Load() > 0 {
		c.ahead.rest.Add(-1)
		return nil
	}
	e = &early{since: c.ahead.groups.Load()}
	base, end, err := p.peek()
	if err != nil {
		return nil
	}
	defer end()
	tx := &txn{base: &notedBase{base: base, reads: &e.reads}}
	defer func() {
		tx.over = true
		if recover() != nil {
			e = nil // the committer knows how to bring a panic to the caller
		}
	}()
	e.err = fn(tx)
	e.layer, e.written = tx.layer, tx.written
	return e
}

// holds reports whether a function that ran ahead would do the same now.
func (c *Committer) holds(e *early) bool {
	a := &c.ahead
	missed := a.groups.Load() - e.since
	ok := missed <= uint64(len(a.past)) && !e.reads.Met(&c.group.layer)
	for i := 0; ok && i < int(missed); i++ {
		ok = !e.reads.Met(&a.past[len(a.past)-1-i])
	}
	if ok {
		a.useful++
	}
	if a.tried++; a.tried == aheadSample {
		if a.useful < aheadSample/2 {
			a.rest.Store(aheadRest)
		}
		a.tried, a.useful = 0, 0
	}
	return ok
}

// take makes what a function wrote ahead part of the group.
func (g *group) take(e *early) {
	if e.err != nil {
		return
	}
	for c := e.layer.Cursor(nil, nil, false); ; {
		key, value := c.Next()
		if key == nil {
			break
		}
		g.layer.Set(key, value)
	}
	g.bytes += e.written
}

// remember notes what a group wrote that was kept.
func (a *ahead) remember(layer tree.Tree) {
	if len(a.past) == pastGroups {
		copy(a.past, a.past[1:])
		a.past = a.past[:pastGroups-1]
	}
	a.past = append(a.past, layer)
	a.groups.Add(1)
}

// A notedBase is a base that notes what is read.
type notedBase struct {
	base  Base
	reads *Reads
	buf   []byte
}

// Get implements [Base].
func (b *notedBase) Get(table string, key []byte) []byte {
	b.buf = LayerKey(b.buf[:0], table, key)
	b.reads.Key(b.buf)
	return b.base.Get(table, key)
}

// Cursor implements [Base].
func (b *notedBase) Cursor(table string, r Range) Cursor {
	from, to := LayerRange(table, r)
	return &notedCursor{
		Cursor:  b.base.Cursor(table, r),
		span:    b.reads.Stretch(from, to, r.Reverse),
		buf:     LayerKey(nil, table, nil),
		prefix:  len(table) + 1,
		reverse: r.Reverse,
	}
}

// Tables implements [Base].
func (b *notedBase) Tables() []string {
	b.reads.Stretch(nil, []byte{0xFF}, false).Finish(false)
	return b.base.Tables()
}

type notedCursor struct {
	Cursor
	span    *Span
	buf     []byte
	prefix  int
	reverse bool
}

func (c *notedCursor) Next() (key, value []byte) {
	key, value = c.Cursor.Next()
	if key == nil {
		c.span.Finish(c.reverse)
		return nil, nil
	}
	c.buf = append(c.buf[:c.prefix], key...)
	c.span.Reach(c.buf, c.reverse)
	return key, value
}
