package store

import (
	"bytes"
	"slices"

	"signdesk/data/store/tree"
)

// Reads are what functions have read below their own writes: if nobody else
// changed any of it meanwhile, they would do the same again. Keys are those of
// layers. A nil *Reads notes nothing.
type Reads struct {
	keys  []byte // one after another
	ends  []int  // of each key
	spans []*Span
}

// A Span is a stretch of keys that was read. A scan that was not ended has read
// as far as it came. A nil *Span notes nothing.
type Span struct {
	from, to []byte // to is beyond
	bound    []byte // where the scan would end: to, or from in reverse
	buf      []byte // of what was last reached
}

// Key notes a key.
func (r *Reads) Key(key []byte) {
	if r != nil {
		r.keys = append(r.keys, key...)
		r.ends = append(r.ends, len(r.keys))
	}
}

// Stretch begins a scan.
func (r *Reads) Stretch(from, to []byte, reverse bool) *Span {
	if r == nil {
		return nil
	}
	s := &Span{from: from, to: from, bound: to}
	if reverse {
		s = &Span{from: to, to: to, bound: from}
	}
	r.spans = append(r.spans, s)
	return s
}

// Reach notes that a scan came to key.
func (s *Span) Reach(key []byte, reverse bool) {
	if s == nil {
		return
	}
	s.buf = append(s.buf[:0], key...)
	if reverse {
		s.from = s.buf
		return
	}
	s.buf = append(s.buf, 0)
	s.to = s.buf
}

// Finish notes that a scan came to its end.
func (s *Span) Finish(reverse bool) {
	switch {
	case s == nil:
	case reverse:
		s.from = s.bound
	default:
		s.to = s.bound
	}
}

// each goes over the keys.
func (r *Reads) each(yield func(key []byte) bool) {
	start := 0
	for _, end := range r.ends {
		if !yield(r.keys[start:end]) {
			return
		}
		start = end
	}
}

// Met reports whether a layer changes anything of what was read.
func (r *Reads) Met(layer *tree.Tree) bool {
	if layer.Empty() {
		return false
	}
	for key := range r.each {
		if _, found := layer.Get(key); found {
			return true
		}
	}
	for _, s := range r.spans {
		if key := layer.From(s.from); key != nil && bytes.Compare(key, s.to) < 0 {
			return true
		}
	}
	return false
}

// Spans returns what was read, in order and without overlap: where each stretch
// begins and the first key beyond.
func (r *Reads) Spans() (from, to [][]byte) {
	from, to = [][]byte{}, [][]byte{}
	if r == nil {
		return from, to
	}
	list := slices.Clone(r.spans)
	for key := range r.each {
		b := append(append(make([]byte, 0, len(key)+1), key...), 0)
		list = append(list, &Span{from: b[:len(key)], to: b})
	}
	slices.SortFunc(list, func(a, b *Span) int { return bytes.Compare(a.from, b.from) })
	for _, s := range list {
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
