package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"signdesk/data/store"
)

var ctx = context.Background()

func mustOpen(t *testing.T, path string, o store.Options) *store.File {
	t.Helper()
	f, err := store.Open(ctx, path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// fill writes n pairs of keys, which no state of the store has only one of.
func fill(t *testing.T, f *store.File, n int) {
	t.Helper()
	for i := range n {
		if err := f.Update(ctx, func(tx store.Tx) error {
			value := bytes.Repeat([]byte{byte(i)}, 500)
			key := store.Key{}.Uint(uint64(i))
			return errors.Join(tx.Put("left", key, value), tx.Put("right", key, value))
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// pairs counts them, and checks that they are whole.
func pairs(t *testing.T, f *store.File) (n int) {
	t.Helper()
	if err := errors.Join(f.Verify(ctx), f.View(ctx, func(tx store.Tx) error {
		n = 0
		for key, value := range tx.Scan("left", store.Range{}) {
			if n++; !bytes.Equal(tx.Get("right", key), value) {
				t.Errorf("half of pair %x", key)
			}
		}
		return nil
	})); err != nil {
		t.Error(err)
	}
	return n
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole")
	f := mustOpen(t, whole, store.Options{})
	fill(t, f, 50)
	if _, err := store.Open(ctx, whole, store.Options{}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("open twice: got %v, want %v", err, store.ErrLocked)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func([]byte) []byte{
		"text":       func([]byte) []byte { return bytes.Repeat([]byte("not a store\n"), 1000) },
		"short text": func([]byte) []byte { return []byte("not a store\n") },
		"zeros":      func(b []byte) []byte { clear(b); return b },
		"cut short":  func(b []byte) []byte { return b[:20<<10] },
		"both heads": func(b []byte) []byte { clear(b[:8<<10]); return b },
	} {
		path := filepath.Join(dir, name)
		copyFile(t, whole, path, change)
		if f, err := store.Open(ctx, path, store.Options{}); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%s: got %v, want %v", name, err, store.ErrCorrupt)
			if err == nil {
				f.Close()
			}
		}
	}
	if _, err := store.Open(ctx, filepath.Join(dir, "no", "such"), store.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: got %v, want %v", err, fs.ErrNotExist)
	}
	empty := filepath.Join(dir, "empty")
	copyFile(t, whole, empty, func([]byte) []byte { return nil })
	fill(t, mustOpen(t, empty, store.Options{}), 1)
}

// TestOneHead loses one of the two pages that a commit writes in turn: the
// other one still leads to a whole state.
func TestOneHead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole")
	f := mustOpen(t, whole, store.Options{})
	fill(t, f, 20)
	f.Close()
	for page := range 2 {
		path := filepath.Join(dir, fmt.Sprint(page))
		copyFile(t, whole, path, func(b []byte) []byte { clear(b[page*4096:][:4096]); return b })
		f := mustOpen(t, path, store.Options{})
		fill(t, f, 2) // which writes both pages anew
		if n := pairs(t, f); n < 19 {
			t.Errorf("without page %d: %d pairs of 20", page, n)
		}
	}
}

func TestVerifyFindsDamage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	whole, damaged := filepath.Join(dir, "whole"), filepath.Join(dir, "damaged")
	f := mustOpen(t, whole, store.Options{})
	fill(t, f, 200)
	f.Close()
	// Swap the order of two keys in a page of records.
	first, second := store.Key{}.Uint(100), store.Key{}.Uint(101)
	copyFile(t, whole, damaged, func(b []byte) []byte {
		out := bytes.ReplaceAll(b, first, []byte("SWAPSWAP"))
		out = bytes.ReplaceAll(out, second, first)
		return bytes.ReplaceAll(out, []byte("SWAPSWAP"), second)
	})
	f = mustOpen(t, damaged, store.Options{})
	if err := f.Verify(ctx); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("got %v, want %v", err, store.ErrCorrupt)
	}
	f.Close()
	dst := filepath.Join(dir, "dst")
	if err := store.Restore(ctx, damaged, dst, false, store.Options{}); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("restore: got %v, want %v", err, store.ErrCorrupt)
	}
	wantFiles(t, dir, "damaged", "whole")
}

// wantFiles checks the names in a directory, where a failed Restore must leave
// nothing behind.
func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	if !slices.Equal(names, want) {
		t.Errorf("files %q, want %q", names, want)
	}
}

// TestBackup copies a store while it is written to, and restores it.
func TestBackup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	backup, dst := filepath.Join(dir, "backup"), filepath.Join(dir, "dst")
	f := mustOpen(t, filepath.Join(dir, "store"), store.Options{})
	fill(t, f, 20)
	w, err := os.Create(backup)
	if err != nil {
		t.Fatal(err)
	}
	var g sync.WaitGroup
	busy := &busyWriter{w: w, first: func() { g.Go(func() { fill(t, f, 300) }) }, then: g.Wait}
	if err := errors.Join(f.Backup(ctx, busy), w.Close()); err != nil {
		t.Fatal(err)
	}
	if n := pairs(t, f); n != 300 {
		t.Errorf("store has %d pairs, want 300", n)
	}
	if err := store.Restore(ctx, backup, dst, false, store.Options{}); err != nil {
		t.Fatal(err)
	}
	restored := mustOpen(t, dst, store.Options{})
	if n := pairs(t, restored); n != 20 {
		t.Errorf("backup has %d pairs, want the 20 of its beginning", n)
	}
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	if err := f.Backup(stopped, w); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped backup: got %v, want %v", err, context.Canceled)
	}
}

// A busyWriter starts something at its first write and waits for it at the
// second.
type busyWriter struct {
	w           *os.File
	first, then func()
}

func (b *busyWriter) Write(p []byte) (int, error) {
	switch {
	case b.first != nil:
		b.first()
		b.first = nil
	case b.then != nil:
		b.then()
		b.then = nil
	}
	return b.w.Write(p)
}

func TestRestore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	src, dst := filepath.Join(dir, "src"), filepath.Join(dir, "dst")
	f := mustOpen(t, src, store.Options{})
	fill(t, f, 3)
	restore := func(replace bool, o store.Options) error { return store.Restore(ctx, src, dst, replace, o) }
	wantErr := func(name string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", name, err, want)
		}
	}
	wantErr("source in use", restore(false, store.Options{}), store.ErrLocked)
	f.Close()
	old := mustOpen(t, dst, store.Options{})
	fill(t, old, 1)
	wantErr("target there", restore(false, store.Options{}), fs.ErrExist)
	wantErr("target in use", restore(true, store.Options{}), store.ErrLocked)
	old.Close()
	errMigrate := errors.New("cannot migrate")
	failing := store.Options{Migrations: []store.Migration{{Name: "m", Apply: func(store.Tx) error { return errMigrate }}}}
	wantErr("migration fails", restore(true, failing), errMigrate)
	wantErr("no source", store.Restore(ctx, filepath.Join(dir, "none"), dst, true, store.Options{}), fs.ErrNotExist)
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	wantErr("stopped", store.Restore(stopped, src, dst, true, store.Options{}), context.Canceled)
	wantFiles(t, dir, "dst", "src")
	if n := pairs(t, mustOpen(t, dst, store.Options{})); n != 1 {
		t.Errorf("after refusals the target has %d pairs, want its own", n)
	}
}

func TestRestoreReplaces(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func([]byte) []byte{
		"store":   func(b []byte) []byte { return b },
		"empty":   func([]byte) []byte { return nil },
		"damaged": func(b []byte) []byte { return b[:len(b)/2] },
	} {
		dir := t.TempDir()
		src, dst := filepath.Join(dir, "src"), filepath.Join(dir, "dst")
		migrated := store.Options{Migrations: []store.Migration{{Name: "m", Apply: func(store.Tx) error { return nil }}}}
		f := mustOpen(t, src, migrated)
		fill(t, f, 3)
		f.Close()
		copyFile(t, src, dst, change)
		if err := store.Restore(ctx, src, dst, true, store.Options{}); !errors.Is(err, store.ErrNewer) {
			t.Errorf("%s: backup of a newer program: got %v, want %v", name, err, store.ErrNewer)
		}
		if err := store.Restore(ctx, src, dst, true, migrated); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if n := pairs(t, mustOpen(t, dst, migrated)); n != 3 {
			t.Errorf("%s: %d pairs, want 3", name, n)
		}
		wantFiles(t, dir, "dst", "src")
	}
}
