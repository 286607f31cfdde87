package store

import "errors"

// These errors can occur when opening or restoring a store.
var (
	// ErrLocked means that another process, or another part of this one, has
	// the store open.
	ErrLocked = errors.New("store is in use by another process")

	// ErrNewer means that the store was written by a newer program: it has
	// migrations or a layout that this program does not know. Nothing was
	// changed.
	ErrNewer = errors.New("store was written by a newer program")

	// ErrCopying means that a copy is being written to the store, or that one was
	// not finished: it is to be thrown away.
	ErrCopying = errors.New("store holds a part of a copy")

	// ErrHistory means that the migrations run on the store are not those of
	// this program: one was renamed, removed or inserted in between.
	ErrHistory = errors.New("store has a different history of migrations")
)

// These errors can occur in transactions.
var (
	// ErrClosed is returned once Close was called.
	ErrClosed = errors.New("store is closed")

	// ErrReadOnly is returned for a write in a view.
	ErrReadOnly = errors.New("write in a read-only transaction")

	// ErrLimit is returned for a write with an empty key or table name, a zero
	// byte in a table name, or something longer than the limits.
	ErrLimit = errors.New("key, value or table name outside the limits")

	// ErrFull means that there was no room on the disk. Nothing of the commit was
	// kept. The store goes on: later updates are kept once there is room.
	ErrFull = errors.New("no room to write")

	// ErrUnavailable means that the engine's server could not be reached in time.
	// Nothing was changed.
	ErrUnavailable = errors.New("store cannot be reached")

	// ErrDoubt means that the engine's server was lost while it committed and
	// did not come back in time to tell. The update may have been kept; its
	// idempotency key tells.
	ErrDoubt = errors.New("store was lost while it committed")

	// ErrAgain is between engines and [Committer]: somebody else changed the
	// store, so the group is to run again. Nobody else gets to see it, unless it
	// happens over and over; then nothing was changed.
	ErrAgain = errors.New("store was changed by others")

	// ErrBroken means that writing to disk failed. Updates that were part of
	// that commit are in doubt: they may be there after the store is opened
	// again, and their idempotency keys tell. Updates that came later were
	// not run. Views still work; updates are refused until the store is closed
	// and opened again.
	ErrBroken = errors.New("store failed to write and takes no more updates")
)

// ErrCorrupt means that what is stored is damaged: the structure of the file,
// or an index that does not agree with its table.
var ErrCorrupt = errors.New("store is corrupt")

// A UniqueError refuses a record whose key in a unique index is taken by
// another record. The transaction is as it was before the refused write.
type UniqueError struct {
	Table, Index string
	Key          []byte // key in the index; may be personal data, so Error leaves it out
	Holder       []byte // key of the record that has it
}

func (e *UniqueError) Error() string {
	return "store: " + e.Table + ": another record has this key in unique index " + e.Index
}
