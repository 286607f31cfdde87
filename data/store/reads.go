package postgres

import (
	"bytes"
	"slices"
)

// Reads are what the updates of a group have read below their own writes: if
// nobody else changed any of it meanwhile, they would do the same again. A nil
// *reads notes nothing.
type reads struct{ list []*span }

// A span is a stretch of keys that was read. A scan that was not ended has read
// as far as it came.
type span struct {
	from, to []byte // to is beyond
	bound    []byte // where the scan would end: to, or from in reverse
}

// key notes a key.
func (r *reads) key(key []byte) {
	if r != nil {
		b := append(make([]byte, 0, len(key)+1), key...)
		r.list = append(r.list, &span{from: b, to: append(b, 0)})
	}
}

// stretch begins a scan.
func (r *reads) stretch(from, to []byte, reverse bool) *span {
	if r == nil {
		return nil
	}
	s := &span{from: from, to: from, bound: to}
	if reverse {
		s = &span{from: to, to: to, bound: from}
	}
	r.list = append(r.list, s)
	return s
}

// reach notes that a scan came to key.
func (s *span) reach(key []byte, reverse bool) {
	switch {
	case s == nil:
	case reverse:
		s.from = key
	default:
		s.to = append(append(make([]byte, 0, len(key)+1), key...), 0)
	}
}

// finish notes that a scan came to its end.
func (s *span) finish(reverse bool) {
	switch {
	case s == nil:
	case reverse:
		s.from = s.bound
	default:
		s.to = s.bound
	}
}

// spans returns what was read, in order and without overlap: where each stretch
// begins and the first key beyond.
func (r *reads) spans() (from, to [][]byte) {
	from, to = [][]byte{}, [][]byte{}
	if r == nil {
		return from, to
	}
	slices.SortFunc(r.list, func(a, b *span) int { return bytes.Compare(a.from, b.from) })
	for _, s := range r.list {
		switch n := len(to); {
		case bytes.Compare(s.from, s.to) >= 0: // nothing
		case n > 0 && bytes.Compare(s.from, to[n-1]) <= 0:
			if bytes.Compare(s.to, to[n-1]) > 0 {
				to[n-1] = s.to
			}
		default:
			from, to = append(from, s.from), append(to, s.to)
		}
	}
	return from, to
}
