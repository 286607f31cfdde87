package store

import "time"

// Tables of receipts.
const (
	onceTable = "store/once"
	seenTable = "store/seen"
)

// Once runs fn if no update with this idempotency key was ever kept, and keeps
// the receipt that fn returns; otherwise it returns the receipt kept then,
// with replayed true. A key is remembered for good: use it for intended
// changes, and [OnceAt] for messages. If fn fails its error is returned and
// nothing is remembered; undoing what fn wrote is up to the update, which
// should fail as well.
//
// A key that is too long gives [ErrLimit] and a view [ErrReadOnly], before fn is
// run. A nil receipt comes back empty.
func Once(tx Tx, key string, fn func() (receipt []byte, err error)) (receipt []byte, replayed bool, err error) {
	return once(tx, onceTable, Key{}.Str(key), fn)
}

// OnceAt is [Once] for what comes in great numbers and is repeated only for a
// while: it remembers id until [SweepOnce]. Keys are ordered by time, which
// keeps writing them cheap. at is when the message was made, the same in every
// repetition, and not when it was received; only its hour counts.
func OnceAt(tx Tx, at time.Time, id string, fn func() (receipt []byte, err error)) (receipt []byte, replayed bool, err error) {
	return once(tx, seenTable, hourKey(at).Str(id), fn)
}

// setBack is how far a clock may be set back, or that of another process be ahead,
// without ids being forgotten that came before that.
const setBack = 2 * time.Hour

// FindOnce returns the time to give to [OnceAt] for a message that does not tell
// when it was made, if such messages are to be remembered for as long as kept at
// least: the time under which id is remembered, or under which it would be. These
// times are kept apart, so that a few are all that there are to look under; an id
// is remembered for less than 2 kept + 1 h.
func FindOnce(tx Tx, now time.Time, kept time.Duration, id string) time.Time {
	// Under the end of its span, since sweeping goes by it. Whose clock is ahead, or
	// was, may have begun the next span.
	end, ahead := now.Truncate(kept).Add(kept), now.Add(setBack).Truncate(kept).Add(kept)
	for at := ahead; !at.Before(end.Add(-kept)); at = at.Add(-kept) {
		if at.Equal(end) {
			continue // OnceAt looks there
		}
		if tx.Get(seenTable, hourKey(at).Str(id)) != nil {
			return at
		}
	}
	return end
}

// SweepOnce forgets what OnceAt remembers of the hours before that of before,
// the oldest first, at most limit of them. It returns how many it forgot; if
// that is limit, there may be more.
func SweepOnce(tx Tx, before time.Time, limit int) (int, error) {
	n := 0
	for key := range tx.Scan(seenTable, Range{To: hourKey(before), Limit: limit}) {
		if err := tx.Delete(seenTable, key); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// TakeOnce goes over what OnceAt remembers, and forgets what take returns true for: a
// migration keeps that in a table of its own from then on.
func TakeOnce(tx Tx, take func(id string, receipt []byte) (bool, error)) error {
	for key, receipt := range tx.Scan(seenTable, Range{}) {
		k := ReadKey(key)
		k.Time()
		id := k.Str()
		if err := k.Err(); err != nil {
			return err
		}
		taken, err := take(id, receipt)
		if err == nil && taken {
			err = tx.Delete(seenTable, key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// hourKey begins the keys of the hour of t.
func hourKey(t time.Time) Key {
	return Key{}.Time(t.Truncate(time.Hour))
}

func once(tx Tx, table string, key Key, fn func() ([]byte, error)) ([]byte, bool, error) {
	if kept := tx.Get(table, key); kept != nil {
		return kept, true, nil
	}
	// Take the key first: a view or a key that is too long must not run fn.
	if err := tx.Put(table, key, nil); err != nil {
		return nil, false, err
	}
	receipt, err := fn()
	if err == nil {
		err = tx.Put(table, key, receipt)
	}
	if err != nil {
		if e := tx.Delete(table, key); e != nil {
			return nil, false, e
		}
		return nil, false, err
	}
	return append([]byte{}, receipt...), false, nil
}
