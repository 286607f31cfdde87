package storetest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"signdesk/data/store"
)

var errTest = errors.New("refused by the test")

func testAfterFunction(t *testing.T, s *subject) {
	s.put("a", "k", "v")
	var kept store.Tx
	mustPanic := func(name string, fn func()) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Errorf("%s after the function returned did not panic", name)
			}
		}()
		fn()
	}
	keep := func(tx store.Tx) error { kept = tx; return nil }
	for _, run := range []func(context.Context, func(store.Tx) error) error{s.View, s.Update} {
		if err := run(context.Background(), keep); err != nil {
			t.Fatal(err)
		}
		mustPanic("get", func() { kept.Get("a", []byte("k")) })
		mustPanic("put", func() { _ = kept.Put("a", []byte("k"), nil) })
		mustPanic("scan", func() { scan(kept, "a", store.Range{}) })
	}
}

func testErrorChangesNothing(t *testing.T, s *subject) {
	s.put("a", "k", "v", "other", "v")
	err := s.Update(context.Background(), func(tx store.Tx) error {
		return errors.Join(spoilTable(tx), errTest)
	})
	if !errors.Is(err, errTest) {
		t.Errorf("update: got %v, want %v", err, errTest)
	}
	s.want("a", "k=v", "other=v")
	for _, run := range []func(context.Context, func(store.Tx) error) error{s.View, s.Update} {
		if err := run(context.Background(), func(store.Tx) error { return errTest }); err != errTest {
			t.Errorf("got %v, want the very error of the function", err)
		}
	}
	s.reopen()
	s.want("a", "k=v", "other=v")
}

// spoilTable changes table a in every way.
func spoilTable(tx store.Tx) error {
	return errors.Join(
		tx.Put("a", []byte("k"), []byte("spoilt")),
		tx.Put("a", []byte("new"), []byte("spoilt")),
		tx.Delete("a", []byte("other")),
	)
}

// panics runs fn and returns what it panicked with.
func panics(fn func()) (value any) {
	defer func() { value = recover() }()
	fn()
	return nil
}

func testPanicChangesNothing(t *testing.T, s *subject) {
	s.put("a", "k", "v", "other", "v")
	for _, run := range []func(context.Context, func(store.Tx) error) error{s.View, s.Update} {
		value := panics(func() {
			_ = run(context.Background(), func(tx store.Tx) error {
				_ = spoilTable(tx)
				panic("panic of the test")
			})
		})
		if !strings.Contains(fmt.Sprint(value), "panic of the test") {
			t.Errorf("caller recovered %v, want the panic of the test", value)
		}
	}
	s.want("a", "k=v", "other=v")
	s.put("a", "k", "after")
	s.reopen()
	s.want("a", "k=after", "other=v")
}

func testGoexitChangesNothing(t *testing.T, s *subject) {
	s.put("a", "k", "v", "other", "v")
	var returned bool
	var g sync.WaitGroup
	g.Go(func() {
		_ = s.Update(context.Background(), func(tx store.Tx) error {
			_ = spoilTable(tx)
			runtime.Goexit() // as t.Fatal does
			return nil
		})
		returned = true
	})
	g.Wait()
	if returned {
		t.Error("Update returned after its function called Goexit")
	}
	s.want("a", "k=v", "other=v")
	s.put("a", "k", "after")
	s.want("a", "k=after", "other=v")
}

// testNeighbours runs updates that succeed beside others that fail in every
// way, after writing to the keys of all.
func testNeighbours(t *testing.T, s *subject) {
	const each = 25
	var g sync.WaitGroup
	for w := range 16 {
		g.Go(func() {
			own := []byte{byte(w)}
			for i := range each {
				failure := func() error { return nil }
				switch w % 4 {
				case 1:
					failure = func() error { return errTest }
				case 2:
					failure = func() error { panic(errTest) }
				}
				var err error
				value := panics(func() {
					err = s.Update(context.Background(), func(tx store.Tx) error {
						if w%4 > 0 && w%4 < 3 {
							for k := range byte(16) {
								if err := tx.Put("own", []byte{k}, []byte("spoilt")); err != nil {
									return err
								}
							}
							return failure()
						}
						if got := tx.Get("own", own); i > 0 && (len(got) != 1 || got[0] != byte(i-1)) {
							return fmt.Errorf("writer %d has %q after its update %d", w, got, i-1)
						}
						return tx.Put("own", own, []byte{byte(i)})
					})
				})
				checkOutcome(t, w, err, value)
			}
		})
	}
	g.Wait()
	s.reopen()
	s.view(func(tx store.Tx) {
		for w := range byte(16) {
			want := []byte{each - 1}
			if w%4 == 1 || w%4 == 2 {
				want = nil
			}
			wantGet(t, tx, "own", string([]byte{w}), want)
		}
	})
}

func checkOutcome(t *testing.T, writer int, err error, panicked any) {
	t.Helper()
	var ok bool
	switch writer % 4 {
	case 1:
		ok = errors.Is(err, errTest) && panicked == nil
	case 2:
		ok = strings.Contains(fmt.Sprint(panicked), errTest.Error())
	default:
		ok = err == nil && panicked == nil
	}
	if !ok {
		t.Errorf("writer %d: error %v, panic %v", writer, err, panicked)
	}
}

func testViewStandsStill(t *testing.T, s *subject) {
	s.put("a", "k", "old", "gone", "v")
	s.view(func(tx store.Tx) {
		var g sync.WaitGroup
		g.Go(func() {
			s.put("a", "k", "new", "more", "v")
			s.update(func(tx store.Tx) error { return tx.Delete("a", []byte("gone")) })
		})
		g.Wait()
		wantScan(t, tx, "a", store.Range{}, "gone=v", "k=old")
		wantGet(t, tx, "a", "k", []byte("old"))
	})
	s.want("a", "k=new", "more=v")
}

// add adds to a counter and returns its new value.
func add(tx store.Tx, name string, n uint64) (uint64, error) {
	if b := tx.Get("counter", []byte(name)); b != nil {
		n += binary.BigEndian.Uint64(b)
	}
	return n, tx.Put("counter", []byte(name), binary.BigEndian.AppendUint64(nil, n))
}

// testCounters counts from many goroutines in one counter and in one of their
// own, while views check that both grew together.
func testCounters(t *testing.T, s *subject) {
	const writers, each = 16, 50
	var g, views sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		views.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					checkCounters(t, s)
				}
			}
		})
	}
	for w := range writers {
		g.Go(func() {
			for range each {
				if err := s.Update(context.Background(), func(tx store.Tx) error {
					_, err := add(tx, "all", 1)
					_, err2 := add(tx, fmt.Sprintf("own %d", w), 1)
					return errors.Join(err, err2)
				}); err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
			}
		})
	}
	g.Wait()
	close(stop)
	views.Wait()
	s.reopen()
	if got := checkCounters(t, s); got != writers*each {
		t.Errorf("counted %d, want %d", got, writers*each)
	}
}

func checkCounters(t *testing.T, s *subject) (all uint64) {
	t.Helper()
	var sum uint64
	if err := s.View(context.Background(), func(tx store.Tx) error {
		for key, value := range tx.Scan("counter", store.Range{}) {
			if string(key) == "all" {
				all = binary.BigEndian.Uint64(value)
			} else {
				sum += binary.BigEndian.Uint64(value)
			}
		}
		return nil
	}); err != nil || all != sum {
		t.Errorf("view has a total of %d and counters of %d, error %v", all, sum, err)
	}
	return all
}

// testWriteSkew lets goroutines take the last of two places, each reading both
// and writing its own: under less than serializable isolation all of them win.
func testWriteSkew(t *testing.T, s *subject) {
	for round := range 20 {
		table := fmt.Sprintf("round %d", round)
		var g sync.WaitGroup
		for w := range 4 {
			g.Go(func() {
				err := s.Update(context.Background(), func(tx store.Tx) error {
					if len(scan(tx, table, store.Range{})) > 0 {
						return errTest
					}
					return tx.Put(table, []byte{byte('a' + w)}, []byte("mine"))
				})
				if err != nil && !errors.Is(err, errTest) {
					t.Error(err)
				}
			})
		}
		g.Wait()
		s.view(func(tx store.Tx) {
			if got := scan(tx, table, store.Range{}); len(got) != 1 {
				t.Errorf("%s: %q took the only place", table, got)
			}
		})
	}
}

func testContext(t *testing.T, s *subject) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	never := func(store.Tx) error {
		t.Error("function runs though its context was done")
		return nil
	}
	for _, run := range []func(context.Context, func(store.Tx) error) error{s.View, s.Update} {
		if err := run(ctx, never); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	}
	// Cancelled at any moment: an error of the context means no change.
	const each = 200
	var g sync.WaitGroup
	kept := make([]bool, each)
	for i := range each {
		ctx, cancel := context.WithCancel(context.Background())
		g.Go(func() {
			err := s.Update(ctx, func(tx store.Tx) error { return tx.Put("a", []byte{byte(i)}, nil) })
			if kept[i] = err == nil; err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		g.Go(cancel)
	}
	g.Wait()
	s.view(func(tx store.Tx) {
		for i, want := range kept {
			if got := tx.Get("a", []byte{byte(i)}) != nil; got != want {
				t.Errorf("update %d: returned nil: %v, kept: %v", i, want, got)
			}
		}
	})
}

func testClosed(t *testing.T, s *subject) {
	s.put("a", "k", "v")
	s.close()
	s.close()
	for _, run := range []func(context.Context, func(store.Tx) error) error{s.View, s.Update} {
		if err := run(context.Background(), func(store.Tx) error { return nil }); !errors.Is(err, store.ErrClosed) {
			t.Errorf("got %v, want %v", err, store.ErrClosed)
		}
	}
	s.open()
	s.want("a", "k=v")
}

func testCloseDrains(t *testing.T, s *subject) {
	const each = 250
	var g sync.WaitGroup
	kept := make([]bool, each)
	some := make(chan struct{}, each)
	for i := range each {
		g.Go(func() {
			err := s.Update(context.Background(), func(tx store.Tx) error { return tx.Put("a", []byte{byte(i)}, nil) })
			if kept[i] = err == nil; err != nil && !errors.Is(err, store.ErrClosed) {
				t.Error(err)
			}
			some <- struct{}{}
		})
	}
	<-some
	s.close()
	g.Wait()
	s.open()
	s.view(func(tx store.Tx) {
		for i, want := range kept {
			if got := tx.Get("a", []byte{byte(i)}) != nil; got != want {
				t.Errorf("update %d: returned nil: %v, kept: %v", i, want, got)
			}
		}
	})
}
