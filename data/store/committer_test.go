package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"signdesk/data/store/tree"
)

func openTest(t *testing.T) *File {
	t.Helper()
	f, err := Open(context.Background(), filepath.Join(t.TempDir(), "store"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// A heldEngine waits once, before it keeps a group.
type heldEngine struct {
	*boltEngine
	begun, end chan struct{}
	once       sync.Once
}

func (e *heldEngine) Save(layer *tree.Tree, heard bool) error {
	e.once.Do(func() { close(e.begun); <-e.end })
	return e.boltEngine.Save(layer, heard)
}

// holdNext makes the committer of a file wait in its next group.
func holdNext(f *File) *heldEngine {
	e := &heldEngine{boltEngine: &boltEngine{db: f.db}, begun: make(chan struct{}), end: make(chan struct{})}
	f.commit.engine = e
	return e
}

// holdCommitter keeps the committer busy with a group of its own until release is
// called, so that what is sent meanwhile makes one group.
func holdCommitter(t *testing.T, f *File) (release func()) {
	t.Helper()
	e := holdNext(f)
	var g sync.WaitGroup
	g.Go(func() {
		if err := f.Update(context.Background(), func(Tx) error { return nil }); err != nil {
			t.Error(err)
		}
	})
	<-e.begun
	return func() {
		close(e.end)
		g.Wait()
	}
}

// waitQueue waits until n updates are in the queue.
func waitQueue(f *File, n int) {
	for len(f.commit.queue) < n {
		runtime.Gosched()
	}
}

// commits returns how many transactions the file has seen.
func commits(t *testing.T, f *File) int {
	t.Helper()
	tx, err := f.db.Begin(false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	return tx.ID()
}

// wantKept checks the value of the key that these tests write.
func wantKept(t *testing.T, f *File, want string) {
	t.Helper()
	if err := f.View(context.Background(), func(tx Tx) error {
		if got := string(tx.Get("t", []byte("k"))); got != want {
			t.Errorf("kept %q, want %q", got, want)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// TestGroup puts updates that succeed and fail in one group: each sees the
// writes of those that succeeded before it, though it ran before them at first,
// and only these are kept.
func TestGroup(t *testing.T) {
	t.Parallel()
	f := openTest(t)
	release := holdCommitter(t, f)
	before := commits(t, f)
	errRefuse := errors.New("refuse")
	var g sync.WaitGroup
	steps := []struct {
		sees string
		end  func() error
	}{
		{"", func() error { return nil }},
		{"0", func() error { return errRefuse }},
		{"0", func() error { panic(errRefuse) }},
		{"0", func() error { return nil }},
		{"3", func() error { return nil }},
	}
	for i, step := range steps {
		g.Go(func() {
			var sees string
			defer func() {
				if v := recover(); v != nil && !errors.Is(v.(error), errRefuse) {
					t.Errorf("step %d panics with %v", i, v)
				}
				if sees != step.sees {
					t.Errorf("step %d sees %q, want %q", i, sees, step.sees)
				}
			}()
			err := f.Update(context.Background(), func(tx Tx) error {
				sees = string(tx.Get("t", []byte("k")))
				return errors.Join(tx.Put("t", []byte("k"), []byte{byte('0' + i)}), step.end())
			})
			if err != nil && !errors.Is(err, errRefuse) {
				t.Errorf("step %d: %v", i, err)
			}
		})
		waitQueue(f, i+1)
	}
	release()
	g.Wait()
	if got := commits(t, f) - before; got != 1 {
		t.Errorf("%d commits, want one for the group", got)
	}
	wantKept(t, f, "4")
}

// TestExit has an update leave its goroutine, ahead and on the committer's.
func TestExit(t *testing.T) {
	t.Parallel()
	f := openTest(t)
	for _, rest := range []int64{0, 1} {
		f.commit.ahead.rest.Store(rest)
		var g sync.WaitGroup
		g.Go(func() {
			_ = f.Update(context.Background(), func(tx Tx) error {
				_ = tx.Put("t", []byte("k"), []byte("gone"))
				runtime.Goexit()
				return nil
			})
			t.Error("Update returned")
		})
		g.Wait()
		wantKept(t, f, "")
	}
}

// TestBackPressure fills the queue: the next update waits for a place, and
// gives up with its context without effect.
func TestBackPressure(t *testing.T) {
	t.Parallel()
	f := openTest(t)
	release := holdCommitter(t, f)
	var g sync.WaitGroup
	for range queueLength {
		g.Go(func() {
			if err := f.Update(context.Background(), func(Tx) error { return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	waitQueue(f, queueLength)
	never := func(tx Tx) error { return tx.Put("t", []byte("k"), []byte("given up")) }
	ctx, cancel := context.WithCancel(context.Background())
	g.Go(func() {
		if err := f.Update(ctx, never); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
		release()
	})
	cancel()
	g.Wait()
	wantKept(t, f, "")
}

// TestGivenUpInQueue gives up an update that waits behind another.
func TestGivenUpInQueue(t *testing.T) {
	t.Parallel()
	f := openTest(t)
	release := holdCommitter(t, f)
	ctx, cancel := context.WithCancel(context.Background())
	var g sync.WaitGroup
	g.Go(func() {
		err := f.Update(ctx, func(tx Tx) error { return tx.Put("t", []byte("k"), []byte("given up")) })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	})
	waitQueue(f, 1)
	cancel()
	g.Wait()
	release()
	wantKept(t, f, "")
}

// TestBroken lets the file refuse writes: the updates of that commit and all
// later ones fail, views go on, and a store opened again has what it had.
func TestBroken(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store")
	ctx := context.Background()
	put := func(f *File, value string) error {
		return f.Update(ctx, func(tx Tx) error { return tx.Put("t", []byte("k"), []byte(value)) })
	}
	f, err := Open(ctx, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(put(f, "kept"), f.Close()); err != nil {
		t.Fatal(err)
	}
	readOnly := func(name string, _ int, perm fs.FileMode) (*os.File, error) {
		return os.OpenFile(name, os.O_RDONLY, perm)
	}
	if f, err = open(ctx, path, Options{}, readOnly); err != nil {
		t.Fatal(err)
	}
	if err := put(f, "lost"); !errors.Is(err, ErrBroken) {
		t.Errorf("write that fails: got %v, want %v", err, ErrBroken)
	}
	if err := f.Update(ctx, func(Tx) error { t.Error("runs in a broken store"); return nil }); !errors.Is(err, ErrBroken) {
		t.Errorf("later update: got %v, want %v", err, ErrBroken)
	}
	wantKept(t, f, "kept")
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if f, err = Open(ctx, path, Options{}); err != nil {
		t.Fatal(err)
	}
	wantKept(t, f, "kept")
	if err := errors.Join(put(f, "new"), f.Verify(ctx), f.Close()); err != nil {
		t.Error(err)
	}
}
