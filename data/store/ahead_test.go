package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"testing"
)

// TestRunsAhead has updates of different keys run while the committer is busy: each
// runs once, and all are kept.
func TestRunsAhead(t *testing.T) {
	t.Parallel()
	f := openTest(t)
	release := holdCommitter(t, f)
	var g sync.WaitGroup
	runs := make([]int, 10)
	for i := range runs {
		g.Go(func() {
			key := Key{}.Uint(uint64(i))
			if err := f.Update(context.Background(), func(tx Tx) error {
				runs[i]++
				if tx.Get("t", key) != nil {
					t.Errorf("key %d is there already", i)
				}
				return tx.Put("t", key, []byte{1})
			}); err != nil {
				t.Error(err)
			}
		})
	}
	waitQueue(f, len(runs))
	release()
	g.Wait()
	for i, n := range runs {
		if n != 1 {
			t.Errorf("update %d ran %d times", i, n)
		}
	}
	_ = f.View(context.Background(), func(tx Tx) error {
		n := 0
		for range tx.Scan("t", Range{}) {
			n++
		}
		if n != len(runs) {
			t.Errorf("%d keys kept, want %d", n, len(runs))
		}
		return nil
	})
}

// A dependent returns an update that reads keys and stretches at random, the same
// ones each time, and writes what depends on all that it read.
func dependent(seed uint64) func(Tx) error {
	return func(tx Tx) error {
		rng := rand.New(rand.NewPCG(seed, 7))
		sum := fnv.New64a()
		key := func() Key { return Key{}.Uint(rng.Uint64N(12)) }
		table := func() string { return [...]string{"a", "ab"}[rng.IntN(2)] }
		for range 1 + rng.IntN(4) {
			switch rng.IntN(6) {
			case 0, 1:
				sum.Write(tx.Get(table(), key()))
			case 2:
				r := Range{From: key(), To: key(), Reverse: rng.IntN(2) == 0, Limit: rng.IntN(3)}
				if rng.IntN(3) == 0 {
					r.To = nil
				}
				for k, v := range tx.Scan(table(), r) {
					sum.Write(k)
					sum.Write(v)
				}
			case 3:
				if err := tx.Delete(table(), key()); err != nil {
					return err
				}
			case 4:
				for _, name := range Tables(tx) {
					sum.Write([]byte(name))
				}
			case 5:
				if err := tx.Put(table(), key(), sum.Sum(nil)); err != nil {
					return err
				}
			}
		}
		if binary.BigEndian.Uint64(sum.Sum(nil))%7 == 0 { // whether it fails depends on it as well
			return errRefused
		}
		return tx.Put(table(), key(), sum.Sum(nil))
	}
}

// contents lists all of a store.
func contents(t *testing.T, s Store) (list []string) {
	t.Helper()
	if err := s.View(context.Background(), func(tx Tx) error {
		for _, table := range []string{"a", "ab"} {
			for k, v := range tx.Scan(table, Range{}) {
				list = append(list, fmt.Sprintf("%s %x %x", table, k, v))
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestAheadIsSerial runs updates that depend on one another, some of them over
// several groups, and compares what they leave with running them in turn.
func TestAheadIsSerial(t *testing.T) {
	t.Parallel()
	f := openTest(t)
	twin, err := NewMemory(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer twin.Close()
	ctx := context.Background()
	kept, failed := 0, 0
	for round := range uint64(300) {
		f.commit.ahead.rest.Store(0)
		e := holdNext(f)
		var g sync.WaitGroup
		g.Go(func() { _ = f.Update(ctx, dependent(round*1000)) })
		<-e.begun
		for i := range uint64(8) {
			g.Go(func() {
				err := f.Update(ctx, dependent(round*1000+1+i))
				if err != nil && !errors.Is(err, errRefused) {
					t.Error(err)
				}
			})
			waitQueue(f, int(i)+1)
		}
		close(e.end)
		g.Wait()
		for i := range uint64(9) {
			if err := twin.Update(ctx, dependent(round*1000+i)); err != nil {
				failed++
			} else {
				kept++
			}
		}
		got, want := contents(t, f), contents(t, twin)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("round %d: got %d entries, want %d:\n%v\n%v", round, len(got), len(want), got, want)
		}
	}
	if kept < 100 || failed < 100 {
		t.Errorf("%d kept and %d failed: too few of one", kept, failed)
	}
}

// TestAheadOfGroups has a function run ahead while groups are kept that change what
// it read, and more of them than are remembered.
func TestAheadOfGroups(t *testing.T) {
	t.Parallel()
	for _, groups := range []int{0, 1, pastGroups, pastGroups + 3} {
		f := openTest(t)
		ctx := context.Background()
		k := []byte("k")
		if err := f.Update(ctx, func(tx Tx) error { return tx.Put("t", k, []byte("0")) }); err != nil {
			t.Fatal(err)
		}
		began, end := make(chan struct{}), make(chan struct{})
		var g sync.WaitGroup
		runs := 0
		g.Go(func() {
			if err := f.Update(ctx, func(tx Tx) error {
				v := tx.Get("t", k)
				if runs++; runs == 1 {
					close(began)
					<-end
				}
				return tx.Put("t", []byte("copy"), v)
			}); err != nil {
				t.Error(err)
			}
		})
		<-began
		want := "0"
		for i := range groups {
			key := []byte("other")
			if i == 0 {
				key, want = k, "1"
			}
			if err := f.Update(ctx, func(tx Tx) error { return tx.Put("t", key, []byte("1")) }); err != nil {
				t.Fatal(err)
			}
		}
		close(end)
		g.Wait()
		_ = f.View(ctx, func(tx Tx) error {
			if got := string(tx.Get("t", []byte("copy"))); got != want {
				t.Errorf("%d groups: copied %q, want %q", groups, got, want)
			}
			return nil
		})
		if again := groups > 0; again != (runs > 1) {
			t.Errorf("%d groups: ran %d times", groups, runs)
		}
	}
}

// TestAheadRests: where functions that run ahead are seldom of use, as those that all
// read what all write, they are left alone for a while.
func TestAheadRests(t *testing.T) {
	t.Parallel()
	f := openTest(t)
	ctx := context.Background()
	count := func(tx Tx) error {
		n := uint64(0)
		if raw := tx.Get("t", []byte("n")); raw != nil {
			n = binary.BigEndian.Uint64(raw)
		}
		return tx.Put("t", []byte("n"), binary.BigEndian.AppendUint64(nil, n+1))
	}
	const each = aheadSample
	for range 3 {
		e := holdNext(f)
		var g sync.WaitGroup
		g.Go(func() { _ = f.Update(ctx, count) })
		<-e.begun
		for i := range each {
			g.Go(func() { _ = f.Update(ctx, count) })
			waitQueue(f, i+1)
		}
		close(e.end)
		g.Wait()
	}
	if f.commit.ahead.rest.Load() == 0 {
		t.Error("they still run ahead")
	}
	runs := 0
	if err := f.Update(ctx, func(tx Tx) error { runs++; return count(tx) }); err != nil || runs != 1 {
		t.Errorf("ran %d times, %v", runs, err)
	}
	_ = f.View(ctx, func(tx Tx) error {
		if got := binary.BigEndian.Uint64(tx.Get("t", []byte("n"))); got != 3*(each+1)+1 {
			t.Errorf("counted %d", got)
		}
		return nil
	})
	f.commit.ahead.rest.Store(0) // after a while
	for range aheadSample {
		if err := f.Update(ctx, count); err != nil {
			t.Fatal(err)
		}
	}
	if f.commit.ahead.rest.Load() != 0 {
		t.Error("one after another they are of use, and rest")
	}
}
