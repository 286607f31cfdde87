package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// conversations is how many the store of a benchmark holds.
const conversations = 20_000

var (
	benchTables = [...]string{"seen", "conv", "history", "outbox"}
	benchValues = [...][]byte{{1}, make([]byte, 2048), make([]byte, 300), make([]byte, 400)}
)

// message returns the four keys that the n-th message writes, in the order of
// benchTables. Conversations are met at random, the rest is ordered by time.
func message(n uint64) [4]Key {
	at := time.Unix(1_700_000_000, 0).Add(time.Duration(n) * time.Millisecond)
	mixed := n * 0x9E3779B97F4A7C15
	conv := mixed >> 32 % conversations
	return [...]Key{
		Key{}.Time(at.Truncate(time.Hour)).Uint(mixed),
		Key{}.Uint(conv),
		Key{}.Uint(conv).Time(at),
		Key{}.Time(at).Uint(n),
	}
}

// An engine runs the transaction of one message, durably; refuse makes it fail
// after its writes.
type engine struct {
	name string
	run  func(n uint64, refuse bool) error
}

var errRefused = errors.New("refused")

// putBolt is the transaction on bbolt itself.
func putBolt(tx *bbolt.Tx, n uint64, refuse bool) error {
	for i, key := range message(n) {
		if err := tx.Bucket([]byte(benchTables[i])).Put(key, benchValues[i]); err != nil {
			return err
		}
	}
	if refuse {
		return errRefused
	}
	return nil
}

// putStore is the transaction on a store.
func putStore(tx Tx, n uint64, refuse bool) error {
	for i, key := range message(n) {
		if err := tx.Put(benchTables[i], key, benchValues[i]); err != nil {
			return err
		}
	}
	if refuse {
		return errRefused
	}
	return nil
}

// load writes a first message to each conversation.
func load(tb testing.TB, db *bbolt.DB) {
	tb.Helper()
	err := db.Update(func(tx *bbolt.Tx) error {
		for _, name := range benchTables {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		for n := range uint64(conversations) {
			if err := tx.Bucket([]byte("conv")).Put(Key{}.Uint(n), benchValues[1]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}

func openBenchStore(tb testing.TB) engine {
	tb.Helper()
	f, err := Open(context.Background(), filepath.Join(tb.TempDir(), "store"), Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { f.Close() })
	load(tb, f.db)
	return engine{"store", func(n uint64, refuse bool) error {
		return f.Update(context.Background(), func(tx Tx) error { return putStore(tx, n, refuse) })
	}}
}

func openBenchBolt(tb testing.TB) *bbolt.DB {
	tb.Helper()
	db, err := bbolt.Open(filepath.Join(tb.TempDir(), "bolt"), 0o600, nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	load(tb, db)
	return db
}

func boltUpdate(tb testing.TB) engine {
	db := openBenchBolt(tb)
	return engine{"bolt-update", func(n uint64, refuse bool) error {
		return db.Update(func(tx *bbolt.Tx) error { return putBolt(tx, n, refuse) })
	}}
}

func boltBatch(tb testing.TB) engine {
	db := openBenchBolt(tb)
	return engine{"bolt-batch", func(n uint64, refuse bool) error {
		return db.Batch(func(tx *bbolt.Tx) error { return putBolt(tx, n, refuse) })
	}}
}

type bareUpdate struct {
	n      uint64
	refuse bool
	over   chan error
}

// bareCommitter drains a channel and commits what it finds in one transaction.
// A failing update is taken out and the others run again, as bbolt's Batch does.
func bareCommitter(tb testing.TB) engine {
	db := openBenchBolt(tb)
	queue := make(chan bareUpdate, queueLength)
	go func() {
		for u := range queue {
			list := append(make([]bareUpdate, 0, 256), u)
			for more := true; more && len(list) < groupLength; {
				select {
				case u := <-queue:
					list = append(list, u)
				default:
					more = false
				}
			}
			commitBare(db, list)
		}
	}()
	tb.Cleanup(func() { close(queue) })
	return engine{"bare", func(n uint64, refuse bool) error {
		over := make(chan error, 1)
		queue <- bareUpdate{n, refuse, over}
		return <-over
	}}
}

func commitBare(db *bbolt.DB, list []bareUpdate) {
	for len(list) > 0 {
		failed := -1
		err := db.Update(func(tx *bbolt.Tx) error {
			for i, u := range list {
				if err := putBolt(tx, u.n, u.refuse); err != nil {
					failed = i
					return err
				}
			}
			return nil
		})
		if failed >= 0 {
			list[failed].over <- err
			list = slices.Delete(list, failed, failed+1)
			continue
		}
		for _, u := range list {
			u.over <- err
		}
		return
	}
}

// rate returns how many messages a second the engine kept, with so many
// writers, each sending the next message when the last one is durable. Of
// refused messages (one in every, none if it is 0) nothing is kept.
func rate(tb testing.TB, e engine, writers int, next *atomic.Uint64, every uint64) float64 {
	tb.Helper()
	const span = 700 * time.Millisecond
	var kept atomic.Uint64
	var g sync.WaitGroup
	begin := time.Now()
	for range writers {
		g.Go(func() {
			for time.Since(begin) < span {
				n := next.Add(1)
				refuse := every > 0 && n%every == 0
				err := e.run(n, refuse)
				if refuse != errors.Is(err, errRefused) || (!refuse && err != nil) {
					tb.Errorf("%s: message %d: %v", e.name, n, err)
					return
				}
				if err == nil {
					kept.Add(1)
				}
			}
		})
	}
	g.Wait()
	return float64(kept.Load()) / time.Since(begin).Seconds()
}

// compare runs the engines in turn, five times, and reports the median rate of
// each and the median of the ratios of the first to the last.
func compare(b *testing.B, writers int, every uint64, engines ...engine) {
	rates := make([][]float64, len(engines))
	var ratios []float64
	var next atomic.Uint64
	for range 5 {
		for i, e := range engines {
			rates[i] = append(rates[i], rate(b, e, writers, &next, every))
		}
		ratios = append(ratios, rates[0][len(ratios)]/rates[len(rates)-1][len(ratios)])
	}
	for i, e := range engines {
		slices.Sort(rates[i])
		b.ReportMetric(rates[i][2], e.name+"/s")
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[2], engines[0].name+":"+engines[len(engines)-1].name)
	b.ReportMetric(0, "ns/op")
}

// BenchmarkDurableUpdates measures the transaction of a message ("msg4": a
// dedupe id, 2 KB of conversation state, 300 bytes of history and 400 of
// outbox): through the store, by bbolt's own ways, and by the least that a
// committer can do. The goal is store:bare of 0.9 at 64 and 256 writers.
func BenchmarkDurableUpdates(b *testing.B) {
	for _, writers := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			engines := []engine{openBenchStore(b), boltUpdate(b), boltBatch(b), bareCommitter(b)}
			for b.Loop() {
				compare(b, writers, 0, engines...)
			}
		})
	}
}

// BenchmarkRefusals is the same with one message in ten refused, where the bare
// committer runs the rest of a group again.
func BenchmarkRefusals(b *testing.B) {
	engines := []engine{openBenchStore(b), bareCommitter(b)}
	for b.Loop() {
		compare(b, 64, 10, engines...)
	}
}

// BenchmarkScan reads keys and values of 2 KB in order.
func BenchmarkScan(b *testing.B) {
	f, err := Open(context.Background(), filepath.Join(b.TempDir(), "store"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	load(b, f.db)
	var sum uint64
	for b.Loop() {
		if err := f.View(context.Background(), func(tx Tx) error {
			for key := range tx.Scan("conv", Range{Limit: 1000}) {
				sum += binary.BigEndian.Uint64(key)
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
}
