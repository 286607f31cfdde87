package demo

import (
	"context"
	"encoding/binary"
	"sync/atomic"
	"time"

	"signdesk/data/store"
)

const clockTable = "demo-clock"

var offsetKey = store.Key{}.Str("offset")

// A Clock tells the demonstration's time: it begins at Start when the store is
// new, goes on with the real time, and can be put forward.
type Clock struct {
	store  store.Store
	real   func() time.Time
	offset atomic.Int64 // nanoseconds
}

// OpenClock returns the clock of the store.
func OpenClock(ctx context.Context, s store.Store, real func() time.Time) (*Clock, error) {
	c := &Clock{store: s, real: real}
	offset := Start.Sub(real())
	err := s.Update(ctx, func(tx store.Tx) error {
		if raw := tx.Get(clockTable, offsetKey); len(raw) == 8 {
			offset = time.Duration(binary.BigEndian.Uint64(raw))
			return nil
		}
		return putOffset(tx, offset)
	})
	c.offset.Store(int64(offset))
	return c, err
}

func putOffset(tx store.Tx, d time.Duration) error {
	return tx.Put(clockTable, offsetKey, binary.BigEndian.AppendUint64(nil, uint64(d)))
}

// Now returns the demonstration's time.
func (c *Clock) Now() time.Time { return c.real().Add(time.Duration(c.offset.Load())).UTC() }

// Wait puts the clock forward.
func (c *Clock) Wait(ctx context.Context, d time.Duration) error {
	offset := time.Duration(c.offset.Load()) + d
	if err := c.store.Update(ctx, func(tx store.Tx) error { return putOffset(tx, offset) }); err != nil {
		return err
	}
	c.offset.Store(int64(offset))
	return nil
}
