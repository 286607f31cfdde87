package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"signdesk/data/store"
	"signdesk/data/store/postgres"
	"signdesk/data/store/postgres/postgrestest"
)

// openReplicas opens a store several times. Half of them keep next to nothing in
// memory.
func openReplicas(t *testing.T, dsn string, n int) []*postgres.Store {
	t.Helper()
	list := make([]*postgres.Store, n)
	for i := range list {
		s, err := postgres.Open(ctx, dsn, postgres.Options{Cache: i % 2 * 2000})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		list[i] = s
	}
	return list
}

// An appended is what one call of append saw and when.
type appended struct {
	begin, end time.Time
	place      int // in the record; -1 if it failed
}

// TestOneRecordTwoReplicas appends a hundred times to one record, from two
// replicas at once: all are there, in an order in which they could have been
// made one after another, each with the whole record before it.
func TestOneRecordTwoReplicas(t *testing.T) {
	t.Parallel()
	replicas := openReplicas(t, postgrestest.Start(t), 2)
	key := []byte("k")
	calls := make([]appended, 100)
	var g sync.WaitGroup
	for i := range calls {
		g.Go(func() {
			c := &calls[i]
			c.begin = time.Now()
			if err := replicas[i%2].Update(ctx, func(tx store.Tx) error {
				was := tx.Get("record", key)
				c.place = len(was)
				return tx.Put("record", key, append(was, byte(i)))
			}); err != nil {
				t.Error(err)
			}
			c.end = time.Now()
		})
	}
	g.Wait()
	for _, s := range replicas {
		if err := s.View(ctx, func(tx store.Tx) error {
			record := tx.Get("record", key)
			if len(record) != len(calls) {
				t.Fatalf("record of %d, want %d", len(record), len(calls))
			}
			for i, c := range calls {
				if record[c.place] != byte(i) {
					t.Errorf("call %d saw %d before it, where there is call %d", i, c.place, record[c.place])
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	for i, a := range calls {
		for j, b := range calls {
			if a.end.Before(b.begin) && a.place > b.place {
				t.Errorf("call %d was over before call %d began, and comes after it", i, j)
			}
		}
	}
}

// TestSeenElsewhere reads on one replica what another one has just been told is
// kept: in a view, a scan and an update, whatever it had in memory.
func TestSeenElsewhere(t *testing.T) {
	t.Parallel()
	replicas := openReplicas(t, postgrestest.Start(t), 4)
	for i := range 200 {
		writer, reader := replicas[i%4], replicas[(i+1+i/4)%4]
		key := store.Key{}.Uint(uint64(i % 7))
		value := fmt.Sprint(i)
		if err := writer.Update(ctx, func(tx store.Tx) error {
			if i%5 == 4 {
				return tx.Delete("t", key)
			}
			return tx.Put("t", key, []byte(value))
		}); err != nil {
			t.Fatal(err)
		}
		want := value
		if i%5 == 4 {
			want = ""
		}
		look := func(tx store.Tx) error {
			var scanned string
			for _, v := range tx.Scan("t", store.Range{From: key, Limit: 1, To: append(slices.Clone(key), 0)}) {
				scanned = string(v)
			}
			if got := string(tx.Get("t", key)); got != want || scanned != want {
				return fmt.Errorf("step %d: got %q, scanned %q, want %q", i, got, scanned, want)
			}
			return nil
		}
		if err := errors.Join(reader.View(ctx, look), reader.Update(ctx, look)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWriteSkewTwoReplicas has two replicas take the last place of two, each
// reading what the other one writes: one of them wins.
func TestWriteSkewTwoReplicas(t *testing.T) {
	t.Parallel()
	replicas := openReplicas(t, postgrestest.Start(t), 2)
	errTaken := errors.New("taken")
	for round := range 60 {
		table := fmt.Sprintf("round %d", round)
		var g sync.WaitGroup
		for w := range 4 {
			g.Go(func() {
				err := replicas[w%2].Update(ctx, func(tx store.Tx) error {
					r := store.Range{Reverse: round%2 == 0}
					if round%3 == 0 {
						r = store.Prefix([]byte("p"))
					}
					for range tx.Scan(table, r) {
						return errTaken
					}
					return tx.Put(table, []byte{'p', byte('a' + w)}, nil)
				})
				if err != nil && !errors.Is(err, errTaken) {
					t.Error(err)
				}
			})
		}
		g.Wait()
		if err := replicas[round%2].View(ctx, func(tx store.Tx) error {
			n := 0
			for range tx.Scan(table, store.Range{}) {
				n++
			}
			if n != 1 {
				t.Errorf("%s: %d took the only place", table, n)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

const accounts = 10 // of 10 each

// sumUp fails if the accounts do not hold what they held in the beginning.
func sumUp(tx store.Tx) error {
	total, n := 0, 0
	for _, v := range tx.Scan("account", store.Range{}) {
		total += int(v[0])
		n++
	}
	if total != 10*accounts || n != accounts {
		return fmt.Errorf("%d accounts hold %d", n, total)
	}
	return nil
}

// TestAccountsOfReplicas moves money between accounts on three replicas while
// views and updates add them up: the sum never changes, nor does an account fall
// below nothing.
func TestAccountsOfReplicas(t *testing.T) {
	t.Parallel()
	replicas := openReplicas(t, postgrestest.Start(t), 3)
	if err := replicas[0].Update(ctx, func(tx store.Tx) error {
		for i := range accounts {
			if err := tx.Put("account", []byte{byte(i)}, []byte{10}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var g sync.WaitGroup
	for w := range 12 {
		s := replicas[w%3]
		g.Go(func() {
			for i := range 100 {
				from, to := []byte{byte((w + i) % accounts)}, []byte{byte((w*3 + i*7) % accounts)}
				err := s.Update(ctx, func(tx store.Tx) error {
					a := tx.Get("account", from)
					if a[0] == 0 || string(from) == string(to) {
						return nil
					}
					b := tx.Get("account", to)
					return errors.Join(tx.Put("account", from, []byte{a[0] - 1}), tx.Put("account", to, []byte{b[0] + 1}))
				})
				if err = errors.Join(err, s.View(ctx, sumUp)); i%9 == 0 {
					err = errors.Join(err, s.Update(ctx, sumUp))
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	g.Wait()
}

// TestOpenTogether has many replicas make the tables, and run the migrations, at
// the same moment.
func TestOpenTogether(t *testing.T) {
	t.Parallel()
	dsn := postgrestest.Start(t)
	add := func(tx store.Tx) error {
		return tx.Put("t", []byte("k"), append(tx.Get("t", []byte("k")), 'x'))
	}
	o := store.Options{Migrations: []store.Migration{{Name: "one", Apply: add}, {Name: "two", Apply: add}}}
	var g sync.WaitGroup
	for range 6 {
		g.Go(func() {
			s, err := postgres.Open(ctx, dsn, postgres.Options{Options: o})
			if err != nil {
				t.Error(err)
				return
			}
			if err := errors.Join(s.View(ctx, func(tx store.Tx) error {
				if got := string(tx.Get("t", []byte("k"))); got != "xx" {
					t.Errorf("migrations wrote %q", got)
				}
				return nil
			}), s.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	g.Wait()
}

// TestWatch hears on one replica what another one commits, within milliseconds and
// key by key, and nothing of its own commits.
func TestWatch(t *testing.T) {
	t.Parallel()
	replicas := openReplicas(t, postgrestest.Start(t), 2)
	told := make(chan string, 100)
	stop := make(chan struct{})
	wctx, cancel := context.WithCancel(ctx)
	go func() {
		defer close(stop)
		if err := replicas[0].Watch(wctx, func(table string, key []byte) { told <- table + "/" + string(key) }); err != nil {
			t.Error(err)
		}
	}()
	if first := <-told; first != "/" {
		t.Errorf("told %q at the beginning", first)
	}
	for i := range 5 {
		for j, r := range replicas {
			key := []byte{'a' + byte(j), '0' + byte(i)}
			if err := r.Update(ctx, func(tx store.Tx) error { return tx.Put("t", key, nil) }); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case got := <-told:
			if want := fmt.Sprintf("t/b%d", i); got != want {
				t.Errorf("told %q, want %q", got, want)
			}
		case <-time.After(5 * time.Second):
			t.Fatal("a change was not told")
		}
	}
	cancel()
	<-stop
}

// TestRefusedAddress fails at once, and does not tell the password.
func TestRefusedAddress(t *testing.T) {
	t.Parallel()
	dsn := strings.Replace(postgrestest.Start(t), "/postgres?", "/nothing?", 1)
	dsn = strings.Replace(dsn, "postgres@", "postgres:pass-word@", 1)
	for _, dsn := range []string{dsn, "postgres://u:pass-word@localhost:99999/x"} {
		begin := time.Now()
		_, err := postgres.Open(ctx, dsn, postgres.Options{})
		if err == nil || strings.Contains(err.Error(), "pass-word") || time.Since(begin) > 5*time.Second {
			t.Errorf("got %v after %v", err, time.Since(begin))
		}
	}
}
