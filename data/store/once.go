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

// setBack is how far a clock may be set back without ids being forgotten that came
// before that.
const setBack = 2 * time.Hour

// FindOnce returns the hour under which [OnceAt] remembers id, looking back from
// now for as long as kept; now if it does not. It is for messages that do not
// tell when they were made. What was remembered before the clock was set back, by
// up to two hours, is found.
func FindOnce(tx Tx, now time.Time, kept time.Duration, id string) time.Time {
	for at := now.Add(setBack); now.Sub(at) <= kept; at = at.Add(-time.Hour) {
		if tx.Get(seenTable, hourKey(at).Str(id)) != nil {
			return at
		}
	}
	return now
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
