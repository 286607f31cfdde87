package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"signdesk/data/store"
)

// onceFunc is store.Once, or store.OnceAt with a time.
type onceFunc func(tx store.Tx, key string, fn func() ([]byte, error)) ([]byte, bool, error)

func onceAt(at time.Time) onceFunc {
	return func(tx store.Tx, key string, fn func() ([]byte, error)) ([]byte, bool, error) {
		return store.OnceAt(tx, at, key, fn)
	}
}

// count runs once in an update; each run of its function adds to a counter and
// gives the counter as receipt.
func (s *subject) count(once onceFunc, key string) (receipt string, replayed bool, err error) {
	err = s.Update(context.Background(), func(tx store.Tx) error {
		var b []byte
		var err error
		b, replayed, err = once(tx, key, func() ([]byte, error) {
			n, err := add(tx, "runs", 1)
			return fmt.Append(nil, n), err
		})
		receipt = string(b)
		return err
	})
	return receipt, replayed, err
}

func (s *subject) wantCount(once onceFunc, key, receipt string, replayed bool) {
	s.t.Helper()
	got, again, err := s.count(once, key)
	if err != nil || got != receipt || again != replayed {
		s.t.Errorf("once %q: got %q, replayed %v, error %v; want %q, %v", key, got, again, err, receipt, replayed)
	}
}

func testOnce(t *testing.T, s *subject) {
	s.wantCount(store.Once, "a", "1", false)
	s.wantCount(store.Once, "a", "1", true)
	s.wantCount(store.Once, "a\x00", "2", false)
	s.wantCount(store.Once, "", "3", false)
	s.reopen()
	s.wantCount(store.Once, "a", "1", true)
	s.wantCount(store.Once, "", "3", true)

	// A failure is not remembered, even if the update goes on.
	s.update(func(tx store.Tx) error {
		receipt, replayed, err := store.Once(tx, "b", func() ([]byte, error) { return []byte("r"), errTest })
		if receipt != nil || replayed || !errors.Is(err, errTest) {
			t.Errorf("failing function: got %q, %v, %v", receipt, replayed, err)
		}
		return nil
	})
	s.wantCount(store.Once, "b", "4", false)

	never := func() ([]byte, error) {
		t.Error("function runs though its key cannot be kept")
		return nil, nil
	}
	s.view(func(tx store.Tx) {
		if receipt, replayed, err := store.Once(tx, "a", never); string(receipt) != "1" || !replayed || err != nil {
			t.Errorf("replay in a view: got %q, %v, %v", receipt, replayed, err)
		}
		if _, _, err := store.Once(tx, "new", never); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("new key in a view: got %v, want %v", err, store.ErrReadOnly)
		}
	})
	s.update(func(tx store.Tx) error {
		if _, _, err := store.Once(tx, string(make([]byte, store.MaxKey)), never); !errors.Is(err, store.ErrLimit) {
			t.Errorf("long key: got %v, want %v", err, store.ErrLimit)
		}
		for _, replay := range []bool{false, true} {
			receipt, replayed, err := store.Once(tx, "nil", func() ([]byte, error) { return nil, nil })
			if receipt == nil || len(receipt) > 0 || replayed != replay || err != nil {
				t.Errorf("nil receipt: got %q, %v, %v", receipt, replayed, err)
			}
		}
		return nil
	})
}

func testOnceConcurrent(t *testing.T, s *subject) {
	var g sync.WaitGroup
	for range 100 {
		g.Go(func() {
			if receipt, _, err := s.count(store.Once, "same"); receipt != "1" || err != nil {
				t.Errorf("got %q, %v; want the receipt of the only run", receipt, err)
			}
		})
	}
	g.Wait()
}

func testOnceAt(t *testing.T, s *subject) {
	at := time.Date(2026, 3, 1, 10, 59, 59, 0, time.FixedZone("", 8*3600))
	hour := func(n int) onceFunc { return onceAt(at.Add(time.Duration(n) * time.Hour)) }
	s.wantCount(hour(0), "m", "1", false)
	s.wantCount(hour(0), "m", "1", true)
	s.wantCount(onceAt(at.UTC().Truncate(time.Hour)), "m", "1", true)
	s.wantCount(hour(1), "m", "2", false)
	s.wantCount(hour(2), "m", "3", false)
	s.wantCount(hour(2), "n", "4", false)
	s.wantCount(store.Once, "m", "5", false)
	sweep := func(before time.Time, limit, want int) {
		t.Helper()
		s.update(func(tx store.Tx) error {
			n, err := store.SweepOnce(tx, before, limit)
			if n != want {
				t.Errorf("sweep before %v, limit %d: forgot %d, want %d", before, limit, n, want)
			}
			return err
		})
	}
	sweep(at.Add(2*time.Hour), 1, 1)
	s.wantCount(hour(0), "m", "6", false)
	sweep(at.Add(2*time.Hour), 10, 2)
	sweep(at.Add(2*time.Hour), 10, 0)
	s.reopen()
	s.wantCount(hour(2), "m", "3", true)
	s.wantCount(hour(2), "n", "4", true)
	s.wantCount(hour(1), "m", "7", false)
	s.wantCount(store.Once, "m", "5", true)
}

func testFindOnce(t *testing.T, s *subject) {
	const kept = 48 * time.Hour
	first := time.Date(2026, 3, 1, 10, 59, 59, 0, time.UTC)
	count := func(now time.Time, want string, replayed bool) {
		t.Helper()
		s.wantCount(func(tx store.Tx, key string, fn func() ([]byte, error)) ([]byte, bool, error) {
			return store.OnceAt(tx, store.FindOnce(tx, now, kept, key), key, fn)
		}, "m", want, replayed)
	}
	count(first, "1", false)
	for after := time.Duration(0); after <= kept; after += 53 * time.Minute {
		count(first.Add(after), "1", true)
	}
	count(first.Add(-time.Hour), "1", true) // another machine, whose clock is behind
	s.update(func(tx store.Tx) error {
		if n, err := store.SweepOnce(tx, first.Add(kept).Add(-kept), 10); n > 0 || err != nil {
			t.Errorf("swept %d, %v before its time", n, err)
		}
		if n, err := store.SweepOnce(tx, first.Add(2*kept+time.Hour).Add(-kept), 10); n != 1 || err != nil {
			t.Errorf("swept %d, %v after its time", n, err)
		}
		return nil
	})
	count(first, "2", false)
}
