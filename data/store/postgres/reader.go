package postgres

import (
	"bytes"
	"errors"

	"signdesk/data/store"
	"signdesk/data/store/tree"
)

// How many rows a page has at most: one read by key brings some neighbours
// along, a scan brings more each time.
const (
	pageRows    = 16
	pageRowsMax = 1024
	pageBytes   = 32 << 10 // of the values of 16 rows; in proportion for more
)

// errMissed is what a read panics with that found nothing at hand.
var errMissed = errors.New("postgres: not at hand")

// A want is the stretch of keys that a read is about to go over, of which it needs
// the beginning: the end if it goes in reverse.
type want struct {
	from, to []byte
	reverse  bool
	rows     int // of the page, if one is read
}

// met reports whether s knows the beginning of what is wanted.
func (w want) met(s *state) bool {
	if !w.reverse {
		value, _ := s.rows.Get(w.from)
		return s.from(w.from) != nil && !isUnknown(value)
	}
	from := s.below(w.to)
	if from == nil {
		return false
	}
	key, value := s.rows.Below(w.to)
	return !isUnknown(value) || bytes.Compare(key, from) < 0
}

// A reader is a base for transactions: a state, and a way to extend it.
type reader struct {
	state
	// extend replaces the state by one of the same version that meets the want,
	// or panics.
	extend func(*reader, want)
	names  func() []string // of the tables
	reads  *store.Reads    // what was read; nil if nobody wants to know
	missed bool            // extend panicked with errMissed
	ran    int             // updates
	err    error           // extend panicked for this reason
	buf    []byte
}

// Get implements [store.Base].
func (r *reader) Get(table string, key []byte) []byte {
	r.mustWork()
	r.buf = store.LayerKey(r.buf[:0], table, key)
	r.reads.Key(r.buf)
	value, found := r.rows.Get(r.buf)
	switch {
	case isUnknown(value): // its neighbours are not
		r.extend(r, want{from: bytes.Clone(r.buf), to: append(bytes.Clone(r.buf), 0), rows: 1})
	case found:
		return value
	case r.from(r.buf) == nil:
		// To the table's end, as a neighbour is of use and another table is not.
		r.extend(r, want{from: bytes.Clone(r.buf), to: []byte(table + "\x01"), rows: pageRows})
	default:
		return nil
	}
	value, _ = r.rows.Get(r.buf)
	return value
}

// mustWork panics if the function goes on after a read that failed.
func (r *reader) mustWork() {
	switch {
	case r.err != nil:
		panic(r.err)
	case r.missed:
		panic(errMissed)
	}
}

// Missed tells the committer that an update is to run again; it asks after each.
func (r *reader) Missed() bool {
	missed := r.missed
	r.missed = false
	r.ran++
	return missed
}

// Tables implements [store.Base].
func (r *reader) Tables() []string {
	r.mustWork()
	return r.names()
}

// Cursor implements [store.Base].
func (r *reader) Cursor(table string, rg store.Range) store.Cursor {
	from, to := store.LayerRange(table, rg)
	return &cursor{reader: r, prefix: len(table) + 1, want: want{from: from, to: to, reverse: rg.Reverse, rows: pageRows}, read: r.reads.Stretch(from, to, rg.Reverse)}
}

// A cursor goes over a range, one known stretch after the other.
type cursor struct {
	reader *reader
	prefix int // length of the table's part of keys
	want       // what is left, the present stretch included
	in     *tree.Cursor
	end    []byte      // of the present stretch, on the far side
	read   *store.Span // nil if nobody wants to know
}

// Next implements [store.Cursor].
func (c *cursor) Next() (key, value []byte) {
	for {
		if c.in != nil {
			if key, value = c.in.Next(); key != nil && !isUnknown(value) {
				c.read.Reach(key, c.reverse)
				return key[c.prefix:], value
			}
			c.in = nil
			if key != nil { // go on from here, with what is read again
				if c.reverse {
					c.to = append(bytes.Clone(key), 0)
				} else {
					c.from = key
				}
			} else if c.reverse {
				c.to = c.end
			} else {
				c.from = c.end
			}
		}
		if bytes.Compare(c.from, c.to) >= 0 {
			c.read.Finish(c.reverse)
			return nil, nil
		}
		c.reader.mustWork()
		if !c.met(&c.reader.state) {
			c.reader.extend(c.reader, c.want)
			c.rows = min(4*c.rows, pageRowsMax)
		}
		c.enter()
	}
}

// enter begins with the stretch that comes next, which is known.
func (c *cursor) enter() {
	if c.reverse {
		if c.end = c.reader.below(c.to); bytes.Compare(c.end, c.from) < 0 {
			c.end = c.from
		}
		c.in = c.reader.state.rows.Cursor(c.end, c.to, true)
		return
	}
	if c.end = c.reader.state.from(c.from); bytes.Compare(c.end, c.to) > 0 {
		c.end = c.to
	}
	c.in = c.reader.state.rows.Cursor(c.from, c.end, false)
}
