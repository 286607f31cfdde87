package postgres_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signdesk/data/store"
	"signdesk/data/store/postgres"
	"signdesk/data/store/postgres/postgrestest"
)

const (
	conversations = 20_000 // that a benchmark's store holds
	benchWriters  = 64
	benchSpan     = time.Second
	benchRounds   = 5
)

var state, history, owed = text(2048), text(300), text(400)

// text returns so many bytes that are as hard to pack as words are.
func text(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = "etaoinshrdlu 0123456789{}:\",客服"[r.IntN(30)]
	}
	return b
}

// message does what a message costs: it looks whether it was seen, reads the
// conversation, and writes both, a line of history and what is owed.
func message(tx store.Tx, n uint64) error {
	at := time.Unix(1_700_000_000, 0).Add(time.Duration(n) * time.Millisecond)
	mixed := n * 0x9E3779B97F4A7C15
	conv := store.Key{}.Uint(mixed >> 32 % conversations)
	_, again, err := store.OnceAt(tx, at, fmt.Sprint(mixed), func() ([]byte, error) {
		was := tx.Get("conv", conv)
		if len(was) != len(state) {
			return nil, fmt.Errorf("conversation of %d bytes", len(was))
		}
		binary.BigEndian.PutUint64(was, n)
		return was[:8], errors.Join(
			tx.Put("conv", conv, was),
			tx.Put("history", slices.Concat(conv, store.Key{}.Time(at)), history),
			tx.Put("outbox", store.Key{}.Time(at).Uint(n), owed))
	})
	if again {
		return errors.New("seen before")
	}
	return err
}

// load writes a first state of each conversation.
func load(tb testing.TB, s store.Store) {
	tb.Helper()
	for from := 0; from < conversations; from += 2000 {
		if err := s.Update(ctx, func(tx store.Tx) error {
			for n := from; n < from+2000; n++ {
				if err := tx.Put("conv", store.Key{}.Uint(uint64(n)), state); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			tb.Fatal(err)
		}
	}
}

// rate returns how many messages a second the stores kept, the writers spread
// over them.
func rate(tb testing.TB, next *atomic.Uint64, span time.Duration, stores ...store.Store) float64 {
	tb.Helper()
	return rateOf(tb, next, span, message, stores...)
}

func rateOf(tb testing.TB, next *atomic.Uint64, span time.Duration, fn func(store.Tx, uint64) error, stores ...store.Store) float64 {
	tb.Helper()
	var kept atomic.Uint64
	var g sync.WaitGroup
	begin := time.Now()
	for w := range benchWriters {
		s := stores[w%len(stores)]
		g.Go(func() {
			for time.Since(begin) < span {
				n := next.Add(1)
				if err := s.Update(ctx, func(tx store.Tx) error { return fn(tx, n) }); err != nil {
					tb.Errorf("message %d: %v", n, err)
					return
				}
				kept.Add(1)
			}
		})
	}
	g.Wait()
	return float64(kept.Load()) / time.Since(begin).Seconds()
}

// BenchmarkMessages measures the durable transactions of messages, by 64 writers:
// on bbolt, on PostgreSQL by one replica, and by two. It reports the medians and
// the medians of the ratios. The goals are pg:bbolt of 0.5 and two:one of 0.9.
func BenchmarkMessages(b *testing.B) {
	file, err := store.Open(ctx, filepath.Join(b.TempDir(), "store"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	load(b, file)
	dsn := postgrestest.Start(b)
	replicas := make([]store.Store, 2)
	for i := range replicas {
		s, err := postgres.Open(ctx, dsn, postgres.Options{})
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		watching, stop := context.WithCancel(ctx)
		var g sync.WaitGroup
		g.Go(func() { _ = s.Watch(watching, func(string, []byte) {}) }) // as a serving replica does
		defer g.Wait()
		defer stop()
		replicas[i] = s
	}
	load(b, replicas[0])
	var next atomic.Uint64
	rate(b, &next, benchSpan, replicas...) // fills the caches
	for b.Loop() {
		var rates, ratios [3][]float64
		for range benchRounds {
			now := [3]float64{rate(b, &next, benchSpan, file), rate(b, &next, benchSpan, replicas[0])}
			rate(b, &next, benchSpan/4, replicas...) // the second one has not heard all of that
			now[2] = rate(b, &next, benchSpan, replicas...)
			for i, r := range now {
				rates[i] = append(rates[i], r)
			}
			ratios[1] = append(ratios[1], now[1]/now[0])
			ratios[2] = append(ratios[2], now[2]/now[1])
		}
		b.ReportMetric(median(rates[0]), "bbolt/s")
		b.ReportMetric(median(rates[1]), "pg/s")
		b.ReportMetric(median(rates[2]), "pg-two/s")
		b.ReportMetric(median(ratios[1]), "pg:bbolt")
		b.ReportMetric(median(ratios[2]), "two:one")
		b.ReportMetric(0, "ns/op")
	}
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// BenchmarkOneRecord has 64 writers count in one record, by one replica and by
// two, which then have to take turns.
func BenchmarkOneRecord(b *testing.B) {
	dsn := postgrestest.Start(b)
	replicas := make([]store.Store, 2)
	for i := range replicas {
		s, err := postgres.Open(ctx, dsn, postgres.Options{})
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		replicas[i] = s
	}
	count := func(tx store.Tx, _ uint64) error {
		n := uint64(0)
		if was := tx.Get("t", []byte("k")); was != nil {
			n = binary.BigEndian.Uint64(was)
		}
		return tx.Put("t", []byte("k"), binary.BigEndian.AppendUint64(nil, n+1))
	}
	var next atomic.Uint64
	for b.Loop() {
		var one, two []float64
		for range benchRounds {
			one = append(one, rateOf(b, &next, benchSpan, count, replicas[0]))
			two = append(two, rateOf(b, &next, benchSpan, count, replicas...))
		}
		b.ReportMetric(median(one), "one/s")
		b.ReportMetric(median(two), "two/s")
		b.ReportMetric(0, "ns/op")
	}
}
