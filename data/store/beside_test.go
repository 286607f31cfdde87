package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"signdesk/data/store"
)

// beside are tables of one family, as an older program had them and as they are now.
func beside() (apart, together store.Options) {
	for i, name := range []string{"people", "people-lines"} {
		t := store.Table{Name: name}
		apart.Tables = append(apart.Tables, t)
		t.Beside = store.Beside{Family: "people", Mark: byte(i + 1)}
		together.Tables = append(together.Tables, t)
	}
	return apart, together
}

// TestTablesMove opens a file in which the tables lay apart: all is there, nothing of
// other tables is touched, and it goes on where it was stopped.
func TestTablesMove(t *testing.T) {
	t.Parallel()
	apart, together := beside()
	for _, n := range []int{0, 3, 30_000} { // the last: several commits
		path := filepath.Join(t.TempDir(), "store")
		f := mustOpen(t, path, apart)
		fill(t, f, 3)
		put := func(i int) {
			if err := f.Update(ctx, func(tx store.Tx) error {
				for j := i; j < min(i+5000, n); j++ {
					key := store.Key{}.Str(fmt.Sprint(j))
					if err := errors.Join(apart.Tables[0].Put(tx, key, key), apart.Tables[1].Put(tx, key.Uint(1), nil)); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		for i := 0; i < n; i += 5000 {
			put(i)
		}
		f.Close()
		if n > 3 { // stopped between two commits, and read by who declares nothing
			stop := &stopsAfter{Context: ctx, calls: 3}
			if _, err := store.Open(stop, path, together); !errors.Is(err, context.Canceled) {
				t.Fatalf("stopped: got %v, want %v", err, context.Canceled)
			}
			f := mustOpen(t, path, store.Options{})
			count(t, f, n)
			f.Close()
		}
		for range 2 {
			f := mustOpen(t, path, together)
			count(t, f, n)
			if got := pairs(t, f); got != 3 {
				t.Errorf("%d pairs, want 3", got)
			}
			f.Close()
		}
		f = mustOpen(t, path, store.Options{})
		count(t, f, n)
		f.Close()
		elsewhere := store.Options{Tables: []store.Table{{Name: "people", Beside: store.Beside{Family: "others", Mark: 1}}}}
		if _, err := store.Open(ctx, path, elsewhere); !errors.Is(err, store.ErrHistory) {
			t.Errorf("another family: got %v, want %v", err, store.ErrHistory)
		}
	}
}

// count checks that n people are there, each with a line.
func count(t *testing.T, f *store.File, n int) {
	t.Helper()
	if err := f.View(ctx, func(tx store.Tx) error {
		if got, want := fmt.Sprint(store.Tables(tx)), "[left people people-lines right store/schema]"; n > 0 && got != want {
			t.Errorf("tables %s, want %s", got, want)
		}
		people, lines := 0, 0
		for key, value := range tx.Scan("people", store.Range{}) {
			if people++; !bytes.Equal(key, value) {
				t.Fatalf("key %q has %q", key, value)
			}
			if tx.Get("people-lines", store.Key(key).Uint(1)) == nil {
				t.Fatalf("key %q has no line", key)
			}
		}
		for range tx.Scan("people-lines", store.Range{}) {
			lines++
		}
		if people != n || lines != n {
			t.Errorf("%d people and %d lines, want %d", people, lines, n)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// A stopsAfter context is done once it was asked so often.
type stopsAfter struct {
	context.Context
	calls int
}

func (c *stopsAfter) Err() error {
	if c.calls--; c.calls < 0 {
		return context.Canceled
	}
	return nil
}

// TestTogether looks where records lie: those that begin with the same string follow
// one another, whatever their table.
func TestTogether(t *testing.T) {
	t.Parallel()
	_, together := beside()
	f := mustOpen(t, filepath.Join(t.TempDir(), "store"), together)
	if err := f.Update(ctx, func(tx store.Tx) error {
		for i := range 3 {
			key := store.Key{}.Str(fmt.Sprint(i))
			if err := errors.Join(together.Tables[1].Put(tx, key.Uint(1), nil), together.Tables[0].Put(tx, key, nil)); err != nil {
				return err
			}
		}
		return together.Tables[0].Delete(tx, store.Key{}.Str("1"))
	}); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, key := range [][]byte{
		append(store.Key{}.Str("0"), 1), store.Key(append(store.Key{}.Str("0"), 2)).Uint(1),
		store.Key(append(store.Key{}.Str("1"), 2)).Uint(1),
		append(store.Key{}.Str("2"), 1), store.Key(append(store.Key{}.Str("2"), 2)).Uint(1),
	} {
		want = append(want, string(key))
	}
	if got := store.FamilyKeys(f, "people"); !slices.Equal(got, want) {
		t.Errorf("keys\n%q, want\n%q", got, want)
	}
}

func TestBesideDeclarations(t *testing.T) {
	t.Parallel()
	for _, list := range [][]store.Beside{
		{{Family: "", Mark: 1}}, {{Family: "f"}}, {{Family: "f", Mark: 0xFF}}, {{Family: "f", Mark: 1}, {Family: "f", Mark: 1}},
	} {
		var o store.Options
		for i, b := range list {
			o.Tables = append(o.Tables, store.Table{Name: fmt.Sprint("t", i), Beside: b})
		}
		if f, err := store.Open(ctx, filepath.Join(t.TempDir(), "store"), o); err == nil {
			f.Close()
			t.Errorf("%+v is taken", list)
		}
	}
}
