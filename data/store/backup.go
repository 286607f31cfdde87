package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"go.etcd.io/bbolt"
)

// Backup writes to w a copy of the store as it stands now: a file that
// [Restore] and [Open] take. Views and updates go on meanwhile; the file grows
// by what they change, because the state that is being copied must stay.
// Backup stops between two writes when ctx is done.
func (f *File) Backup(ctx context.Context, w io.Writer) error {
	err := f.read(ctx, func(tx *bbolt.Tx) error {
		_, err := tx.WriteTo(&stopWriter{ctx, w})
		return err
	})
	if err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	return nil
}

// Restore puts the backup src in the place of dst. It makes a copy beside dst,
// runs on it the migrations that the backup has not seen, verifies it as
// [File.Verify] does, and renames it last, so that dst is at any time the old
// store, or none, or the whole new one. src is left as it is.
//
// If dst is there already Restore returns [fs.ErrExist], unless replace is
// true. It returns [ErrLocked] if a process has src or dst open, and the
// errors of [Open] and [File.Verify] if the backup is no good.
func Restore(ctx context.Context, src, dst string, replace bool, o Options) error {
	if err := restore(ctx, src, dst, replace, o); err != nil {
		return fmt.Errorf("store: restore %s from %s: %w", dst, src, err)
	}
	return nil
}

func restore(ctx context.Context, src, dst string, replace bool, o Options) (err error) {
	release, err := hold(dst, replace)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	tmp, err := os.CreateTemp(filepath.Dir(dst), filepath.Base(dst)+".restore-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails after the rename
	if err := copyStore(ctx, src, tmp); err != nil {
		return errors.Join(err, tmp.Close())
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	if err := verifyFile(ctx, tmp.Name(), o); err != nil {
		return err
	}
	if !replace {
		// Unlike a rename this fails if somebody made dst meanwhile, but not
		// every file system can do it.
		if err := os.Link(tmp.Name(), dst); err == nil || errors.Is(err, fs.ErrExist) {
			return errors.Join(err, syncDir(filepath.Dir(dst)))
		}
	}
	if err := os.Rename(tmp.Name(), dst); err != nil {
		return err
	}
	return syncDir(filepath.Dir(dst))
}

// hold sees that dst may be replaced, and keeps others from opening it until
// release.
func hold(dst string, replace bool) (release func() error, err error) {
	release = func() error { return nil }
	info, err := os.Stat(dst)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return release, nil
	case err != nil:
		return nil, err
	case !replace:
		return nil, fs.ErrExist
	case info.Size() == 0:
		return release, nil
	}
	db, err := probe(dst)
	switch {
	case errors.Is(err, ErrCorrupt):
		return release, nil // that may be why it is to be replaced
	case err != nil:
		return nil, err
	}
	return db.Close, nil
}

// copyStore copies the file src, which nobody may write to meanwhile, and
// brings the copy to disk.
func copyStore(ctx context.Context, src string, to *os.File) (err error) {
	db, err := probe(src)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	from, err := os.Open(src)
	if err != nil {
		return err
	}
	defer from.Close()
	if _, err := io.Copy(&stopWriter{ctx, to}, from); err != nil {
		return err
	}
	return to.Sync()
}

// verifyFile opens a store, with its migrations, and verifies it.
func verifyFile(ctx context.Context, path string, o Options) (err error) {
	defer func() {
		// Damage inside a page may show only in a panic.
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v", ErrCorrupt, v)
		}
	}()
	if err := CheckTables(o.Tables); err != nil {
		return err
	}
	f, err := start(path, o, os.OpenFile)
	if err != nil {
		return err
	}
	// The structure comes first, as what follows writes to what it finds.
	if err = f.verifyStructure(ctx); err == nil {
		err = f.arrange(ctx, o.Tables)
	}
	if err == nil {
		if err = Migrate(ctx, f, o.Migrations); err == nil {
			err = f.Verify(ctx)
		}
	}
	return errors.Join(err, f.Close())
}

// A stopWriter fails once ctx is done.
type stopWriter struct {
	ctx context.Context
	w   io.Writer
}

func (w *stopWriter) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.w.Write(p)
}

// syncDir brings the names in a directory to disk, as a new file needs; where
// directories cannot be opened the system does so itself.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
