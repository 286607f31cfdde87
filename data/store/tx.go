package store

import (
	"bytes"
	"fmt"
	"iter"
	"strings"

	"go.etcd.io/bbolt"
)

// A txn is the Tx of both engines: a layer of writes over a file that stays as
// it is, or over nothing. The layer holds the tables one after another, a key
// being table, zero byte, key of the table; over a file a nil value hides a
// key below.
type txn struct {
	base     *bbolt.Tx // nil in Memory
	layer    tree
	written  int // bytes of values put so far
	readOnly bool
	over     bool   // the function has returned
	buf      []byte // scratch for keys of the layer
}

func (t *txn) Get(table string, key []byte) []byte {
	t.mustBeOpen()
	if value, found := t.layer.get(t.layerKey(table, key)); found {
		return clone(value)
	}
	if b := t.bucket(table); b != nil {
		return clone(b.Get(key))
	}
	return nil
}

func (t *txn) Put(table string, key, value []byte) error {
	if err := t.checkWrite(table, key, len(value)); err != nil {
		return err
	}
	if value == nil {
		value = []byte{}
	}
	t.written += len(value)
	t.layer.set(bytes.Clone(t.layerKey(table, key)), bytes.Clone(value))
	return nil
}

func (t *txn) Delete(table string, key []byte) error {
	if err := t.checkWrite(table, key, 0); err != nil {
		return err
	}
	if t.base == nil {
		t.layer.del(t.layerKey(table, key))
	} else {
		t.layer.set(bytes.Clone(t.layerKey(table, key)), nil)
	}
	return nil
}

func (t *txn) Scan(table string, r Range) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		t.mustBeOpen()
		c := t.open(table, r)
		for n := 1; ; n++ {
			key, value := c.next()
			if key == nil || !yield(clone(key), clone(value)) || n == r.Limit {
				return
			}
			t.mustBeOpen()
		}
	}
}

// open returns a cursor over r as the table stands now.
func (t *txn) open(table string, r Range) cursor {
	prefix := append([]byte(table), zeroByte)
	from, to := append(bytes.Clone(prefix), r.From...), append(bytes.Clone(prefix), r.To...)
	if r.To == nil {
		to[len(to)-1]++
	}
	shared := t.layer.fork()
	var base cursor = &treeCursor{}
	if b := t.bucket(table); b != nil {
		base = &bucketCursor{cursor: b.Cursor(), r: r}
	}
	return newMergeCursor(base, &cutCursor{shared.cursor(from, to, r.Reverse), len(prefix)}, r.Reverse)
}

func (t *txn) bucket(table string) *bbolt.Bucket {
	if t.base == nil {
		return nil
	}
	return t.base.Bucket([]byte(table))
}

// layerKey returns the key of the layer for a key of a table, valid until the
// next call.
func (t *txn) layerKey(table string, key []byte) []byte {
	t.buf = append(t.buf[:0], table...)
	t.buf = append(t.buf, zeroByte)
	t.buf = append(t.buf, key...)
	return t.buf
}

func (t *txn) mustBeOpen() {
	if t.over {
		panic("store: transaction used after its function returned")
	}
}

func (t *txn) checkWrite(table string, key []byte, value int) error {
	t.mustBeOpen()
	switch {
	case t.readOnly:
		return fmt.Errorf("store: %s: %w", table, ErrReadOnly)
	case table == "", len(table) > maxTable, strings.IndexByte(table, zeroByte) >= 0:
		return fmt.Errorf("store: table name of %d bytes: %w", len(table), ErrLimit)
	case len(key) == 0, len(key) > MaxKey, value > MaxValue:
		return fmt.Errorf("store: %s: key of %d bytes, value of %d: %w", table, len(key), value, ErrLimit)
	}
	return nil
}

// clone copies b; unlike bytes.Clone it returns nil for nil only.
func clone(b []byte) []byte {
	if b == nil {
		return nil
	}
	return append(make([]byte, 0, len(b)), b...)
}

// A cursor hands out entries in its order. At the end, and ever after, the key
// is nil. The slices must not be changed.
type cursor interface {
	next() (key, value []byte)
}

// A cutCursor takes the name of the table off the keys of a layer.
type cutCursor struct {
	*treeCursor
	prefix int
}

func (c *cutCursor) next() (key, value []byte) {
	key, value = c.treeCursor.next()
	if key == nil {
		return nil, nil
	}
	return key[c.prefix:], value
}

// A bucketCursor goes over a range of a bucket that nobody changes meanwhile.
type bucketCursor struct {
	cursor        *bbolt.Cursor
	r             Range
	started, done bool
}

func (c *bucketCursor) next() (key, value []byte) {
	switch {
	case c.done:
		return nil, nil
	case !c.started:
		c.started = true
		key, value = c.first()
	case c.r.Reverse:
		key, value = c.cursor.Prev()
	default:
		key, value = c.cursor.Next()
	}
	beyond := c.r.To != nil && bytes.Compare(key, c.r.To) >= 0
	if c.r.Reverse {
		beyond = bytes.Compare(key, c.r.From) < 0
	}
	if key == nil || beyond {
		c.done = true
		return nil, nil
	}
	return key, value
}

func (c *bucketCursor) first() (key, value []byte) {
	if !c.r.Reverse {
		return c.cursor.Seek(c.r.From)
	}
	if c.r.To == nil {
		return c.cursor.Last()
	}
	if key, _ = c.cursor.Seek(c.r.To); key == nil {
		return c.cursor.Last()
	}
	return c.cursor.Prev()
}

// A mergeCursor lays one cursor over another: of two equal keys the top one
// counts, and a nil value there hides the key.
type mergeCursor struct {
	base, top          cursor
	reverse            bool
	baseKey, baseValue []byte
	topKey, topValue   []byte
}

func newMergeCursor(base, top cursor, reverse bool) *mergeCursor {
	c := &mergeCursor{base: base, top: top, reverse: reverse}
	c.baseKey, c.baseValue = base.next()
	c.topKey, c.topValue = top.next()
	return c
}

func (c *mergeCursor) next() (key, value []byte) {
	for c.baseKey != nil || c.topKey != nil {
		order := c.order()
		if order < 0 {
			key, value = c.baseKey, c.baseValue
		} else {
			key, value = c.topKey, c.topValue
			c.topKey, c.topValue = c.top.next()
		}
		if order <= 0 {
			c.baseKey, c.baseValue = c.base.next()
		}
		if value != nil {
			return key, value
		}
	}
	return nil, nil
}

// order is negative if the base comes next, positive if the top does, and zero
// if both have the key. One of them has a key.
func (c *mergeCursor) order() int {
	switch {
	case c.topKey == nil:
		return -1
	case c.baseKey == nil:
		return 1
	case c.reverse:
		return bytes.Compare(c.topKey, c.baseKey)
	}
	return bytes.Compare(c.baseKey, c.topKey)
}
