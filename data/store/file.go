package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"signdesk/data/store/tree"
)

const (
	// lockWait is how long opening waits for another process to let go; a
	// service that restarts overlaps by less.
	lockWait = 500 * time.Millisecond
	// mapSize is the address space reserved for reading the file. Beyond it a
	// growing file must wait for running views, so that one slow backup would
	// stop all updates.
	// It is 32 GiB, or 1 GiB where an int has 32 bits.
	mapSize = 1 << 30 << (^uint(0) >> 63 * 5)
)

// A File is a [Store] in a single file of the local file system, which one
// process at a time may have open. The file grows as needed and never shrinks;
// freed space is used again.
type File struct {
	db     *bbolt.DB
	bolt   *boltEngine
	commit *Committer
	tables []Table
	mu     sync.RWMutex // held for reading by views, for writing to close
	closed bool
}

// Open opens the store in the file of that name, which it creates if it is not
// there, and runs the migrations it has not seen. It returns [ErrLocked] if
// another process has it open, [ErrNewer] or [ErrHistory] if it does not fit
// this program, and [ErrCorrupt] if the file is damaged or not a store.
func Open(ctx context.Context, path string, o Options) (*File, error) {
	f, err := open(ctx, path, o, os.OpenFile)
	if err != nil {
		return nil, fmt.Errorf("store: open %s: %w", path, err)
	}
	return f, nil
}

// openFile is the type of os.OpenFile.
type openFile = func(name string, flag int, perm fs.FileMode) (*os.File, error)

func open(ctx context.Context, path string, o Options, openFile openFile) (*File, error) {
	if err := CheckTables(o.Tables); err != nil {
		return nil, err
	}
	f, err := start(path, o, openFile)
	if err != nil {
		return nil, err
	}
	if err = f.arrange(ctx, o.Tables); err == nil {
		err = Migrate(ctx, f, o.Migrations)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// start opens the store as it is.
func start(path string, o Options, openFile openFile) (*File, error) {
	created, err := prepare(path)
	if err != nil {
		return nil, err
	}
	opts := &bbolt.Options{
		Timeout:      lockWait,
		FreelistType: bbolt.FreelistMapType,
		NoStatistics: true,
		OpenFile:     openFile,
	}
	if runtime.GOOS != "windows" { // where reserving would enlarge the file
		opts.InitialMmapSize = mapSize
	}
	db, err := openBolt(path, opts)
	if err != nil {
		return nil, err
	}
	if created {
		if err := syncDir(filepath.Dir(path)); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	bolt := &boltEngine{db: db}
	if err := db.View(func(tx *bbolt.Tx) (err error) {
		bolt.places, err = readPlaces(tx)
		return err
	}); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	var engine Engine = bolt
	if o.CommitWait > 0 {
		engine = slowEngine{bolt, o.CommitWait}
	}
	return &File{db: db, bolt: bolt, commit: NewCommitter(engine), tables: o.Tables}, nil
}

// A slowEngine takes longer to keep a group.
type slowEngine struct {
	*boltEngine
	wait time.Duration
}

// Save implements [Engine].
func (e slowEngine) Save(layer *tree.Tree, heard bool) error {
	if heard {
		time.Sleep(e.wait)
	}
	return e.boltEngine.Save(layer, heard)
}

// prepare looks at the file before it is opened for writing. It reports
// whether it will be created.
func prepare(path string) (created bool, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if info.Size() == 0 {
		return false, nil // a file just made, by us or by a temporary file
	}
	db, err := probe(path)
	if err != nil {
		return false, err
	}
	return false, db.Close()
}

// probe opens a file for reading, which holds off writers but not other
// readers, and sees that it is whole. Reading a file that was cut short would
// end the process, because it is mapped into memory.
func probe(path string) (*bbolt.DB, error) {
	db, err := openBolt(path, &bbolt.Options{Timeout: lockWait, ReadOnly: true, NoStatistics: true})
	if err != nil {
		return nil, err
	}
	err = checkSize(db, path)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func checkSize(db *bbolt.DB, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return db.View(func(tx *bbolt.Tx) error {
		if info.Size() < tx.Size() {
			return fmt.Errorf("%w: file of %d bytes should have %d", ErrCorrupt, info.Size(), tx.Size())
		}
		return nil
	})
}

// openBolt opens a file of bbolt, with our errors.
func openBolt(path string, opts *bbolt.Options) (db *bbolt.DB, err error) {
	defer func() {
		// The list of free pages is believed as it is read.
		if v := recover(); v != nil {
			db, err = nil, fmt.Errorf("%w: %v", ErrCorrupt, v)
		}
	}()
	db, err = bbolt.Open(path, 0o600, opts)
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, ErrLocked
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return nil, fmt.Errorf("%w: not a store, or its first pages are damaged: %w", ErrCorrupt, err)
	}
	return db, err
}

// View implements [Store].
func (f *File) View(ctx context.Context, fn func(Tx) error) error {
	return f.read(ctx, func(tx *bbolt.Tx) error {
		t := &txn{base: boltBase{tx, f.bolt.places}, readOnly: true}
		defer func() { t.over = true }()
		return fn(t)
	})
}

// read runs fn with a read transaction of the file.
func (f *File) read(ctx context.Context, fn func(*bbolt.Tx) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.RLock()
	if f.closed {
		f.mu.RUnlock()
		return ErrClosed
	}
	tx, err := f.db.Begin(false)
	f.mu.RUnlock()
	if err != nil {
		return fmt.Errorf("store: begin: %w", err)
	}
	defer func() {
		if e := tx.Rollback(); e != nil && err == nil {
			err = fmt.Errorf("store: end view: %w", e)
		}
	}()
	return fn(tx)
}

// Update implements [Store]. Updates that wait at the same time share one
// commit, which does not wait for more of them. Each runs on the caller's goroutine
// first, and again on the committer's if it has read what another changed meanwhile.
//
// If there is no room, Update returns [ErrFull]; if writing fails otherwise, it
// returns [ErrBroken] from then on.
func (f *File) Update(ctx context.Context, fn func(Tx) error) error {
	return f.commit.Do(ctx, fn)
}

// Close implements [Store].
func (f *File) Close() error {
	if !f.commit.Close() {
		return nil
	}
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	if err := f.db.Close(); err != nil {
		return fmt.Errorf("store: close: %w", err)
	}
	return nil
}

// Verify checks the structure of the file and every declared index. Updates
// wait while it checks the structure, which takes about the time of reading
// the file. The error wraps [ErrCorrupt] if something is wrong.
func (f *File) Verify(ctx context.Context) error {
	if err := f.verifyStructure(ctx); err != nil {
		return err
	}
	return VerifyTables(ctx, f, f.tables)
}

func (f *File) verifyStructure(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.RLock()
	if f.closed {
		f.mu.RUnlock()
		return ErrClosed
	}
	tx, err := f.db.Begin(true) // the check needs the list of free pages to stand still
	f.mu.RUnlock()
	if err != nil {
		return fmt.Errorf("store: verify: %w", err)
	}
	var problems []error
	for err := range tx.Check() {
		if len(problems) < maxProblems {
			problems = append(problems, err)
		}
	}
	if err := tx.Rollback(); err != nil {
		return fmt.Errorf("store: verify: %w", err)
	}
	if len(problems) > 0 {
		return fmt.Errorf("store: verify: %w: %w", ErrCorrupt, errors.Join(problems...))
	}
	return nil
}
