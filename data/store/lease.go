package store

import (
	"context"
	"errors"
	"time"
)

// Timing of leases. One that is not renewed is taken over after leaseLife and at
// most leaseBeat more, which together stay well below ten seconds.
const (
	leaseLife  = 6 * time.Second
	leaseBeat  = time.Second
	leaseGrace = 2 * time.Second // the holder gives up this much before it can be taken over
)

// leaseTable holds for each lease who has it, and a number that grows with each
// renewal: Key(name) => Key(holder, number).
const leaseTable = "store/lease"

// Lead runs fn in one process at a time of those that share a store and call it
// with the same name; the others wait. The context of fn ends when the lease
// could not be renewed, in time before another process can take it over; when fn
// has returned after that, Lead waits for its turn again. Lead returns what fn
// returns by itself, or nil when ctx is done; then the next process follows at
// once. holder must be another one in each process and at each start.
//
// Clocks of different machines are not compared: who waits sees for how long a
// lease stands still, by his own clock. A process that is stopped for long (as a
// virtual machine can be) may go on for a moment after it was replaced, so what fn
// does twice must not hurt.
func Lead(ctx context.Context, s Store, name, holder string, fn func(context.Context) error) error {
	for ctx.Err() == nil {
		if !contend(ctx, s, name, holder) {
			return nil
		}
		err, lost := lead(ctx, s, name, holder, fn)
		if !lost {
			return err
		}
	}
	return nil
}

// A leaseState is who has a lease, and how often it was renewed.
type leaseState struct {
	holder string
	beats  uint64
}

func readLease(tx Tx, name string) (leaseState, error) {
	raw := tx.Get(leaseTable, Key{}.Str(name))
	if raw == nil {
		return leaseState{}, nil
	}
	r := ReadKey(raw)
	l := leaseState{holder: r.Str(), beats: r.Uint()}
	return l, r.Err()
}

func (l leaseState) write(tx Tx, name string) error {
	return tx.Put(leaseTable, Key{}.Str(name), Key{}.Str(l.holder).Uint(l.beats))
}

// contend waits until the lease is free, or stands still for its life, and takes
// it. It reports false if ctx is done.
func contend(ctx context.Context, s Store, name, holder string) bool {
	var seen leaseState
	since := time.Now()
	tick := time.NewTicker(leaseBeat)
	defer tick.Stop()
	for {
		taken := false
		err := s.Update(ctx, func(tx Tx) error {
			taken = false
			now, err := readLease(tx, name)
			switch {
			case err != nil:
				return err
			case now != seen:
				seen, since = now, time.Now()
			}
			if now.holder != "" && now.holder != holder && time.Since(since) < leaseLife {
				return errHeld // nothing to keep
			}
			taken = true
			return leaseState{holder, now.beats + 1}.write(tx, name)
		})
		if err == nil && taken {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
}

var errHeld = errors.New("store: lease is held")

// lead runs fn while the lease can be renewed. It reports whether it was lost.
func lead(ctx context.Context, s Store, name, holder string, fn func(context.Context) error) (err error, lost bool) {
	work, cancel := context.WithCancel(ctx)
	defer cancel()
	over := make(chan error, 1)
	go func() { over <- fn(work) }()
	tick := time.NewTicker(leaseBeat)
	defer tick.Stop()
	renewed := time.Now()
	for {
		select {
		case err := <-over:
			free(ctx, s, name, holder)
			return err, false
		case <-ctx.Done():
			err := <-over
			free(ctx, s, name, holder)
			return err, false
		case <-tick.C:
		}
		began := time.Now()
		renewing, stop := context.WithDeadline(ctx, renewed.Add(leaseLife-leaseGrace))
		err := s.Update(renewing, func(tx Tx) error {
			now, err := readLease(tx, name)
			if err == nil && now.holder != holder {
				err = errHeld
			}
			if err != nil {
				return err
			}
			return leaseState{holder, now.beats + 1}.write(tx, name)
		})
		stop()
		switch {
		case err == nil:
			renewed = began
		case errors.Is(err, errHeld) || time.Since(renewed) >= leaseLife-leaseGrace:
			cancel()
			<-over
			return nil, ctx.Err() == nil
		}
	}
}

// free gives the lease back.
func free(ctx context.Context, s Store, name, holder string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseBeat)
	defer cancel()
	_ = s.Update(ctx, func(tx Tx) error { // if it fails, the lease runs out
		now, err := readLease(tx, name)
		if err != nil || now.holder != holder {
			return err
		}
		return tx.Delete(leaseTable, Key{}.Str(name))
	})
}
