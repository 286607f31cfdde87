package store

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"strings"

	"signdesk/data/store/tree"
)

// A txn is the Tx of all engines: a layer of writes over a base that stays as
// it is, or over nothing. The layer holds the tables one after another, as
// [LayerKey] says; over a base a nil value hides a key below.
type txn struct {
	base     Base // nil in Memory
	layer    tree.Tree
	written  int // bytes of values put so far
	readOnly bool
	over     bool   // the function has returned
	buf      []byte // scratch for keys of the layer
}

func (t *txn) Get(table string, key []byte) []byte {
	t.mustBeOpen()
	if value, found := t.layer.Get(t.layerKey(table, key)); found {
		return clone(value)
	}
	if t.base == nil {
		return nil
	}
	return clone(t.base.Get(table, key))
}

func (t *txn) Put(table string, key, value []byte) error {
	if err := t.checkWrite(table, key, len(value)); err != nil {
		return err
	}
	if value == nil {
		value = []byte{}
	}
	t.written += len(value)
	t.layer.Set(bytes.Clone(t.layerKey(table, key)), bytes.Clone(value))
	return nil
}

func (t *txn) Delete(table string, key []byte) error {
	if err := t.checkWrite(table, key, 0); err != nil {
		return err
	}
	if t.base == nil {
		t.layer.Del(t.layerKey(table, key))
	} else {
		t.layer.Set(bytes.Clone(t.layerKey(table, key)), nil)
	}
	return nil
}

func (t *txn) Scan(table string, r Range) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		t.mustBeOpen()
		c := t.open(table, r)
		for n := 1; ; n++ {
			key, value := c.Next()
			if key == nil || !yield(clone(key), clone(value)) || n == r.Limit {
				return
			}
			t.mustBeOpen()
		}
	}
}

// open returns a cursor over r as the table stands now.
func (t *txn) open(table string, r Range) Cursor {
	from, to := LayerRange(table, r)
	shared := t.layer.Fork()
	top := &cutCursor{shared.Cursor(from, to, r.Reverse), len(table) + 1}
	if t.base == nil {
		return top
	}
	return &mergeCursor{base: t.base.Cursor(table, r), top: top, reverse: r.Reverse}
}

// tables returns the names of the tables that have a key.
func (t *txn) tables() []string {
	var list []string
	if t.base != nil {
		list = t.base.Tables()
	}
	for from := []byte{}; ; {
		key, _ := t.layer.Cursor(from, nil, false).Next()
		if key == nil {
			break
		}
		name, _, _ := bytes.Cut(key, []byte{zeroByte})
		list = append(list, string(name))
		from = append(bytes.Clone(name), zeroByte+1)
	}
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(name string) bool {
		for range t.Scan(name, Range{Limit: 1}) {
			return false
		}
		return true
	})
}

// layerKey returns the key of the layer for a key of a table, valid until the
// next call.
func (t *txn) layerKey(table string, key []byte) []byte {
	t.buf = LayerKey(t.buf[:0], table, key)
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

// A cutCursor takes the name of the table off the keys of a layer.
type cutCursor struct {
	*tree.Cursor
	prefix int
}

func (c *cutCursor) Next() (key, value []byte) {
	key, value = c.Cursor.Next()
	if key == nil {
		return nil, nil
	}
	return key[c.prefix:], value
}

// A mergeCursor lays one cursor over another: of two equal keys the top one
// counts, and a nil value there hides the key. It reads no further than it is
// asked to, as what comes next may be dear to read.
type mergeCursor struct {
	base, top          Cursor
	reverse            bool
	hasBase, hasTop    bool // whether the next entry of either was read
	baseKey, baseValue []byte
	topKey, topValue   []byte
}

func (c *mergeCursor) Next() (key, value []byte) {
	for {
		if !c.hasBase {
			c.baseKey, c.baseValue = c.base.Next()
		}
		if !c.hasTop {
			c.topKey, c.topValue = c.top.Next()
		}
		if c.hasBase, c.hasTop = true, true; c.baseKey == nil && c.topKey == nil {
			return nil, nil
		}
		order := c.order()
		if order < 0 {
			key, value = c.baseKey, c.baseValue
		} else {
			key, value = c.topKey, c.topValue
			c.hasTop = false
		}
		c.hasBase = order > 0
		if value != nil {
			return key, value
		}
	}
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
