// Package store keeps everything the service keeps: keys, bytes and
// transactions.
//
// It owns the file, the order of commits, secondary indexes, idempotency
// receipts, the schema version, backups, copies and their verification. It knows
// no meaning: what a key or a value says belongs to the package that wrote it.
//
// # Engines
//
// [File] keeps a store in one file and is made for one process on one machine;
// [Memory] is its twin for tests and demonstrations. The package postgres keeps
// one in a database, for several processes. Whoever uses a store sees only [Store]
// and [Tx]. [Committer] and [Engine] are what engines share: groups of updates,
// each on a layer of writes over what the engine has, which it then keeps at
// once. An engine must promise:
//
//   - Updates are strictly serializable: their effect is that of running them
//     one after another, each after all that were acknowledged before it was
//     called.
//   - All of an update is kept or none of it. A function that returns an error,
//     panics or leaves its goroutine changes nothing, for itself or its
//     neighbours.
//   - An update that was acknowledged (Update returned nil) survives the death
//     of the process and of the machine; [Memory] is excused. One that failed
//     changed nothing, unless the error is [ErrBroken] or [ErrDoubt].
//   - A function sees its own writes, nobody else's unfinished ones, and in
//     View one unchanging state.
//   - It honours the limits [MaxKey] and [MaxValue] and the errors of this
//     package, runs [Migrate] when it is opened, and passes storetest.Run.
//
// # Concurrency
//
// A store may be used by any number of goroutines, a [Tx] only by the function
// it was given to. Views run side by side and never wait for updates. Updates
// take effect one at a time, and many that wait together are committed together.
// An engine may run the functions of several updates at once to learn what they
// read, so that they must not share what they change. Calling
// Update inside an update or a view of the same store can wait for itself
// forever.
//
// # Key layout
//
//	TABLE         KEY                                  => record, as its owner pleases
//	TABLE/INDEX   escaped index key, key of the record => (empty)
//	store/schema  Key("format")                        => version of this layout
//	store/schema  Key("migration", number)             => name of a migration that was run
//	store/schema  Key("copying")                       => (empty) while a copy is written
//	store/once    Key(idempotency key)                 => receipt
//	store/seen    Key(hour, id)                        => receipt, until swept
//	store/lease   Key(name)                            => holder, number of renewals
//
// Names of tables that contain a slash belong to this package. Tables that are declared
// to lie beside others ([Beside]) share a bucket of a [File], where the mark of the
// table comes after the first part of the key.
package store

import (
	"bytes"
	"context"
	"iter"
	"time"
)

// Limits of every engine; a write beyond them fails with [ErrLimit].
const (
	MaxKey   = 1024     // bytes of a key, or of an index entry; a B-tree page of PostgreSQL takes 2,700
	MaxValue = 64 << 20 // bytes of a value; a guess well above the largest upload
)

// maxTable is the longest name of a table, in bytes.
const maxTable = 128

// A Store keeps tables of ordered keys. Its methods may be called concurrently.
type Store interface {
	// View runs fn on one unchanging state of the store: all that was
	// acknowledged before View was called, and nothing half done. It returns
	// the error of fn, or ctx's error if ctx is done before fn starts.
	View(ctx context.Context, fn func(Tx) error) error

	// Update runs fn and keeps all its writes, or none of them if fn returns
	// an error (which Update returns), panics or calls [runtime.Goexit] (which
	// continue in the caller of Update). When Update returns nil the writes
	// are on disk.
	//
	// fn may run more than once and on another goroutine, at the same time as
	// those of other updates, so it must be pure: no sends, no clock, no
	// randomness, and any variable it sets outside must be its own and be set
	// anew by each run.
	//
	// If ctx is done before the update has its turn, Update returns ctx's error.
	// From then on the outcome is waited for: ctx's error always means that
	// nothing was changed. Update waits while too many others are waiting.
	Update(ctx context.Context, fn func(Tx) error) error

	// Close refuses new calls with [ErrClosed], finishes the updates that
	// were already accepted, waits for running views and releases the store.
	// Calls after the first do nothing.
	Close() error
}

// A Tx is a transaction: a view of the tables and, in Update, a way to change
// them. It is for the function that got it, on one goroutine, until that
// function returns; used later it panics.
//
// Slices passed in are copied; slices handed out belong to the caller. Tables
// need no declaration: one that was never written is empty.
//
// Reading returns no error. An engine that fails to read ends the function (by
// a panic that it recovers itself) and returns the reason from View or Update.
type Tx interface {
	// Get returns the value of key, or nil if there is none. An empty value
	// is not nil.
	Get(table string, key []byte) []byte

	// Put sets the value of key. It returns [ErrReadOnly] in a view, and
	// [ErrLimit] if the key is empty or something is too long; both leave the
	// transaction as it was.
	Put(table string, key, value []byte) error

	// Delete removes key, which need not exist. It returns the errors of Put.
	Delete(table string, key []byte) error

	// Scan goes over the keys of a range and their values, in the order of
	// bytes.Compare. A loop sees the table as it stood when the loop began:
	// writing inside the loop is allowed and changes nothing of what it sees.
	// The sequence can be ranged over again, and begins anew.
	Scan(table string, r Range) iter.Seq2[[]byte, []byte]
}

// A Range says which keys a scan goes over, and how. The zero value means all
// keys, forward.
type Range struct {
	From    []byte // first key; nil from the beginning
	To      []byte // first key beyond; nil to the end
	Reverse bool   // from the last key to the first
	Limit   int    // keys at most; 0 or less for no limit
}

// Prefix is the range of all keys that begin with prefix.
func Prefix(prefix []byte) Range {
	to := bytes.Clone(prefix)
	for len(to) > 0 && to[len(to)-1] == 0xFF {
		to = to[:len(to)-1]
	}
	if len(to) == 0 {
		return Range{From: prefix}
	}
	to[len(to)-1]++
	return Range{From: prefix, To: to}
}

// Options declare what a store is to hold; the zero value declares nothing.
type Options struct {
	// Tables lists the tables with secondary indexes: the engine's Verify
	// checks them.
	Tables []Table
	// Migrations lists every migration from the first release on, in order;
	// see [Migrate].
	Migrations []Migration
	// CommitWait is added to each commit of a [File], to try out how it goes on
	// slow disks.
	CommitWait time.Duration
}
