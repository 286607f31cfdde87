package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"signdesk/data/store"
)

func TestCopy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	migrated := store.Options{Migrations: []store.Migration{{Name: "m", Apply: func(tx store.Tx) error { return tx.Put("made", []byte("k"), nil) }}}}
	from := mustOpen(t, filepath.Join(dir, "from"), migrated)
	bulk(t, from, 6000) // which takes several updates to copy
	to := mustOpen(t, filepath.Join(dir, "to"), store.Options{})
	counts, err := store.Copy(ctx, from, to)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, n := range counts {
		names = append(names, n.Name)
	}
	if want := []string{"left", "made", "right", "store/schema"}; !slices.Equal(names, want) || counts[0].Keys != 6000 || counts[1].Keys != 1 {
		t.Errorf("got %+v", counts)
	}
	if n := pairs(t, to); n != 6000 {
		t.Errorf("copied %d pairs", n)
	}
	if _, err := store.Copy(ctx, from, to); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("second copy: got %v, want %v", err, store.ErrNotEmpty)
	}
	to.Close()
	again := mustOpen(t, filepath.Join(dir, "to"), migrated)
	if _, err := store.Copy(ctx, again, from); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("copy over what is there: got %v, want %v", err, store.ErrNotEmpty)
	}
}

// bulk writes pairs as fill does, in one update.
func bulk(t *testing.T, f *store.File, n int) {
	t.Helper()
	if err := f.Update(ctx, func(tx store.Tx) error {
		for i := range n {
			key := store.Key{}.Uint(uint64(i))
			if err := errors.Join(tx.Put("left", key, key), tx.Put("right", key, key)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// TestCopyCutOff ends a copy in the middle: what it leaves cannot be opened, nor
// copied to.
func TestCopyCutOff(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	from := mustOpen(t, filepath.Join(dir, "from"), store.Options{})
	bulk(t, from, 6000)
	path := filepath.Join(dir, "to")
	to := mustOpen(t, path, store.Options{})
	cut, cancel := context.WithCancel(ctx)
	if _, err := store.Copy(cut, from, ending{to, cancel}); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want %v", err, context.Canceled)
	}
	if _, err := store.Copy(ctx, from, to); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("copy again: got %v, want %v", err, store.ErrNotEmpty)
	}
	to.Close()
	if _, err := store.Open(ctx, path, store.Options{}); !errors.Is(err, store.ErrCopying) {
		t.Errorf("open: got %v, want %v", err, store.ErrCopying)
	}
}

// An ending store cancels once something was copied.
type ending struct {
	store.Store
	cancel func()
}

func (e ending) Update(ctx context.Context, fn func(store.Tx) error) error {
	err := e.Store.Update(ctx, fn)
	var n int
	if e := e.Store.View(context.Background(), func(tx store.Tx) error {
		for range tx.Scan("left", store.Range{}) {
			n++
		}
		return nil
	}); e != nil {
		return e
	}
	if n > 0 {
		e.cancel()
	}
	return err
}
