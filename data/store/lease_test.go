package store_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"signdesk/data/store"
)

// A frozen store refuses updates while it is down.
type frozen struct {
	store.Store
	down atomic.Bool
}

func (f *frozen) Update(ctx context.Context, fn func(store.Tx) error) error {
	if f.down.Load() {
		return errors.New("down")
	}
	return f.Store.Update(ctx, fn)
}

// A crew are processes that contend for one lease.
type crew struct {
	t       *testing.T
	store   store.Store
	leading atomic.Int32
	turns   chan string
}

// join has one contend; it stops contending with ctx.
func (c *crew) join(ctx context.Context, s store.Store, name string) (over chan error) {
	over = make(chan error, 1)
	go func() {
		over <- store.Lead(ctx, s, "work", name, func(ctx context.Context) error {
			if n := c.leading.Add(1); n != 1 {
				c.t.Errorf("%s leads beside %d others", name, n-1)
			}
			c.turns <- name
			<-ctx.Done()
			c.leading.Add(-1)
			return nil
		})
	}()
	return over
}

func newCrew(t *testing.T) *crew {
	s, err := store.NewMemory(t.Context(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &crew{t: t, store: s, turns: make(chan string, 10)}
}

// within fails if nothing comes in that time.
func within[T any](t *testing.T, d time.Duration, ch chan T) (v T) {
	t.Helper()
	select {
	case v = <-ch:
	case <-time.After(d):
		t.Fatalf("nothing within %v", d)
	}
	return v
}

// TestLeadHandsOver: the next one follows at once who stops.
func TestLeadHandsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t)
		first, stop := context.WithCancel(t.Context())
		over := c.join(first, c.store, "a")
		if got := within(t, time.Second, c.turns); got != "a" {
			t.Fatalf("%s leads", got)
		}
		second, stopSecond := context.WithCancel(t.Context())
		last := c.join(second, c.store, "b")
		time.Sleep(time.Minute) // of the bubble: a lease that is renewed stays
		if len(c.turns) > 0 {
			t.Fatal("taken over from who renewed it")
		}
		stop()
		if err := within(t, time.Second, over); err != nil {
			t.Error(err)
		}
		if got := within(t, 2*time.Second, c.turns); got != "b" {
			t.Errorf("%s leads", got)
		}
		stopSecond()
		within(t, time.Second, last)
	})
}

// TestLeadIsTakenOver: who dies, or cannot reach the store, is replaced within ten
// seconds, and has stopped by then.
func TestLeadIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t)
		ctx, stop := context.WithCancel(t.Context())
		cut := &frozen{Store: c.store}
		a := c.join(ctx, cut, "a")
		within(t, time.Second, c.turns)
		b := c.join(ctx, c.store, "b")
		time.Sleep(5 * time.Second)
		cut.down.Store(true)
		if got := within(t, 10*time.Second, c.turns); got != "b" {
			t.Errorf("%s leads", got)
		}
		cut.down.Store(false)
		time.Sleep(time.Minute)
		if len(c.turns) > 0 {
			t.Error("taken back from who renewed it")
		}
		stop()
		within(t, 2*time.Second, a)
		within(t, 2*time.Second, b)
	})
}

// TestLeadReturns: what the work returns by itself comes back, and frees the lease.
func TestLeadReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t)
		broken := errors.New("broken")
		if err := store.Lead(t.Context(), c.store, "work", "a", func(context.Context) error { return broken }); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
		began := time.Now()
		if err := store.Lead(t.Context(), c.store, "work", "b", func(context.Context) error { return nil }); err != nil || time.Since(began) > time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}
