package store

import (
	"context"

	"signdesk/data/store/tree"
)

// An Engine is what a [Committer] needs of the place that keeps the groups. Its
// methods but Fetch are called by one goroutine, Begin and Save in turn.
type Engine interface {
	// Begin begins a group and returns what its updates read below their own
	// writes: the state after the last group. If patient is true the group has
	// one update, whose reads must all succeed, however long they take.
	//
	// A base that has not everything at hand has a method Missed() bool, which
	// reports whether a read failed since its last call. A read that fails
	// panics. The update then counts as not run; it runs again after Fetch.
	Begin(patient bool) (Base, error)

	// Save ends the group: when it returns nil, layer is durable on top of what
	// Begin returned, and that was the last state of all: nothing that anybody
	// else was told of is missing from it. Keys of the layer are as [LayerKey]
	// says; a nil value deletes. [ErrAgain] means that nothing was kept and the
	// group is to run again; [ErrBroken] ends the committer. If heard is false
	// there is nothing to keep and nobody to tell.
	Save(layer *tree.Tree, heard bool) error

	// Fetch gets at hand what fn reads, by running it without effect. It is
	// called by many goroutines. If over is true the function failed on a state
	// that was the last one during the call, and err is what it returned;
	// otherwise an error means that nothing could be fetched.
	Fetch(ctx context.Context, fn func(Tx) error) (over bool, err error)
}

// A Base is a state of all tables, for transactions to read. What it returns must
// not be changed.
type Base interface {
	Get(table string, key []byte) []byte // nil if there is none; an empty value is not nil
	Cursor(table string, r Range) Cursor // over r, without its limit
	Tables() []string                    // those that may have a key
}

// A Cursor hands out entries in its order. At the end, and ever after, the key
// is nil. The slices must not be changed.
type Cursor interface {
	Next() (key, value []byte)
}

// NewTx returns a transaction over base, and what ends it. Unless it is read-only
// it takes writes, which go nowhere.
func NewTx(base Base, readOnly bool) (tx Tx, end func()) {
	t := &txn{base: base, readOnly: readOnly}
	return t, func() { t.over = true }
}

// Tables returns the names of the tables that have a key, in order; tx must be of
// an engine that uses this package's transactions.
func Tables(tx Tx) []string { return tx.(*txn).tables() }

// LayerKey appends the key that a key of a table has in a layer, where the
// tables stand one after another.
func LayerKey(b []byte, table string, key []byte) []byte {
	b = append(b, table...)
	b = append(b, zeroByte)
	return append(b, key...)
}

// LayerRange returns the bounds of a range of a table in a layer.
func LayerRange(table string, r Range) (from, to []byte) {
	from = LayerKey(nil, table, r.From)
	to = LayerKey(nil, table, r.To)
	if r.To == nil {
		to[len(to)-1]++
	}
	return from, to
}

// A Watcher is a store that other processes may change. Watch calls changed some
// time after each change of theirs, with the table and the key of each record that
// was written or deleted; with an empty table if it is not known what changed, as at
// the beginning. It is a hint to look again, with a View: what it says may be told
// twice, and be passed by a later change. It returns nil when ctx is done.
type Watcher interface {
	Watch(ctx context.Context, changed func(table string, key []byte)) error
}
