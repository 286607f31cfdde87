package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"signdesk/data/store"
	"signdesk/data/store/tree"
)

const (
	// contendedGroups is for how many groups the lock is taken first after
	// another replica was met.
	contendedGroups = 32
	// changesLimit is how many versions of others are looked up one by one; if
	// there are more the cache is forgotten instead.
	changesLimit = 256
	// notedKeys is how many keys of a group are noted; more mean everything.
	notedKeys = 50_000
	// putBytes bounds what one statement writes.
	putBytes = 16 << 20
	// slowest is how many bytes a second a commit is given time for.
	slowest = 4 << 20
	// retryPause is how long to wait for a server that refuses connections.
	retryPause = 50 * time.Millisecond
)

// An engine commits the groups of this process: the part of the store that the
// committer's goroutine works with.
type engine struct {
	s         *Store
	conn      *pgx.Conn // nil if there is none
	timeline  uint64    // of its server
	cached    uint64    // timeline of the cache
	inDoubt   bool      // the server said so of the last commit
	locked    bool      // a transaction holds the version's row, and the cache is up to date
	contended int       // for how many groups more to lock first
	marks     []mark
}

// A mark is the version at some time, to know what is old enough to be pruned.
type mark struct {
	at      time.Time
	version uint64
}

// Begin implements [store.Engine].
func (e *engine) Begin(patient bool) (store.Base, error) {
	if !e.locked && (patient || e.contended > 0 || e.s.cache.behind()) {
		ctx, cancel := context.WithTimeout(context.Background(), e.s.timeout)
		defer cancel()
		if err := e.lock(ctx); err != nil {
			return nil, fmt.Errorf("store: begin: %w: %w", store.ErrUnavailable, err)
		}
	}
	r := &reader{state: e.s.cache.now(), extend: e.miss}
	if patient {
		r.extend = e.read
	}
	r.names = func() []string { return e.tables(r) }
	return r, nil
}

// miss extends r by what the cache has learnt since, or ends the update.
func (e *engine) miss(r *reader, w want) {
	if now := e.s.cache.now(); w.met(&now) {
		r.state = now
		return
	}
	r.missed = true
	panic(errMissed)
}

// read extends r from the database, in the transaction that holds the lock.
func (e *engine) read(r *reader, w want) {
	ctx, cancel := context.WithTimeout(context.Background(), e.s.timeout)
	defer cancel()
	if !e.locked {
		e.fail(r, errors.New("the transaction was lost"))
	}
	p, err := fetch(ctx, e.conn, w)
	if err != nil {
		e.fail(r, err)
	}
	next := r.fork()
	next.put(p)
	r.state = next
}

// fail ends the update for the reason of err; the committer hears it from Save.
func (e *engine) fail(r *reader, err error) {
	e.drop()
	r.err = fmt.Errorf("store: read: %w: %w", store.ErrUnavailable, err)
	panic(r.err)
}

func (e *engine) tables(r *reader) []string {
	if !e.locked {
		r.missed = true
		panic(errMissed)
	}
	ctx, cancel := context.WithTimeout(context.Background(), e.s.timeout)
	defer cancel()
	list, err := tables(ctx, e.conn)
	if err != nil {
		e.fail(r, err)
	}
	return list
}

// Fetch implements [store.Engine]: it runs the function on a session, which hands
// all it reads to the cache.
func (e *engine) Fetch(ctx context.Context, fn func(store.Tx) error) (over bool, err error) {
	ss, err := e.s.join(ctx)
	if err != nil {
		return false, err
	}
	defer ss.leave()
	r := ss.reader(true)
	if err := run(r, false, fn); err != nil {
		return true, err
	}
	return false, nil
}

// run runs fn on a reader, whose errors are returned.
func run(r *reader, readOnly bool, fn func(store.Tx) error) (err error) {
	tx, end := store.NewTx(r, readOnly)
	defer func() {
		end()
		if r.err != nil {
			_ = recover() // that is how the read ended fn, unless fn took care of it
			err = r.err
		}
	}()
	return fn(tx)
}

// connect sees to it that there is a connection.
func (e *engine) connect(ctx context.Context) error {
	if e.conn != nil && e.timeline < e.s.fence.timeline.Load() {
		e.drop() // somebody met the server that took its place
	}
	if e.conn != nil {
		return nil
	}
	e.s.survey(ctx)
	cfg := e.s.cfg.ConnConfig.Copy()
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		// "The transaction has already committed locally, but might not have
		// been replicated to the standby": the wait for it was ended.
		e.inDoubt = e.inDoubt || n.Code == "01000"
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	if err := e.s.prepare(ctx, conn, e.s.timeout); err != nil {
		_ = conn.Close(ctx)
		return err
	}
	e.conn, e.timeline = conn, e.s.fence.timeline.Load()
	return nil
}

// drop closes the connection, and with it what was not committed.
func (e *engine) drop() {
	if e.conn != nil {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // which spares the farewell
		_ = e.conn.Close(ctx)
	}
	e.conn, e.locked = nil, false
}

// lock begins a transaction that holds the version's row, so that nobody else can
// commit before it ends, and brings the cache up to date. It tries until ctx is
// done.
func (e *engine) lock(ctx context.Context) error {
	for {
		err := e.connect(ctx)
		if err == nil {
			if err = e.tryLock(ctx); err == nil {
				e.locked = true
				return nil
			}
			e.drop()
		}
		if errors.Is(err, errBehind) || pause(ctx, retryPause) != nil {
			return err
		}
	}
}

func (e *engine) tryLock(ctx context.Context) error {
	c := e.s.cache
	had := c.now().version
	b := &pgx.Batch{}
	b.Queue("BEGIN ISOLATION LEVEL READ COMMITTED")
	b.Queue(sqlLock)
	b.Queue(sqlChanges, had, changesLimit)
	res := e.conn.SendBatch(ctx, b)
	_, err := res.Exec()
	var version uint64
	if err == nil {
		err = res.QueryRow().Scan(&version)
	}
	var layer tree.Tree
	whole := false
	if err == nil {
		rows, _ := res.Query()
		layer, whole, err = changes(rows, version-had) // no number of versions makes up for fewer
	}
	if err = errors.Join(err, res.Close()); err != nil {
		return err
	}
	switch {
	case version < had && e.timeline == e.cached:
		return fmt.Errorf("%w: version %d after %d", errBehind, version, had)
	case version == had:
		e.contended = max(0, e.contended-1)
	case whole:
		e.contended = contendedGroups
		c.apply(version, layer)
	default:
		e.contended = contendedGroups
		// Too far behind; or ahead of a server that was promoted without all that
		// was acknowledged, as only an operator can have allowed.
		c.reset(version)
	}
	e.cached = e.timeline
	return nil
}

// changes reads the changes of n versions, as one layer. whole says that these
// are all.
func changes(rows pgx.Rows, n uint64) (layer tree.Tree, whole bool, err error) {
	defer rows.Close()
	seen := map[uint64]bool{}
	whole = true
	for rows.Next() {
		var version uint64
		var listed bool
		var key, value []byte
		if err := rows.Scan(&version, &listed, &key, &value); err != nil {
			return layer, false, err
		}
		seen[version] = true
		whole = whole && listed
		if key != nil {
			layer.Set(key, value)
		}
	}
	return layer, whole && uint64(len(seen)) == n, rows.Err()
}

// Save implements [store.Engine].
func (e *engine) Save(layer *tree.Tree, heard bool) error {
	w := pack(layer)
	ctx, cancel := context.WithTimeout(context.Background(), e.s.timeout+time.Duration(w.bytes)*time.Second/slowest)
	defer cancel()
	if layer.Empty() {
		return e.saveNothing(ctx, heard)
	}
	if err := e.connect(ctx); err != nil {
		return fmt.Errorf("store: commit: %w: %w", store.ErrUnavailable, err)
	}
	had := e.s.cache.now().version
	id := make([]byte, 16)
	rand.Read(id)
	w.id, w.had = id, had
	e.inDoubt = false
	err := e.send(ctx, w)
	e.locked = false
	switch {
	case err == nil && !e.inDoubt:
		e.s.cache.apply(had+1, layer.Fork())
		e.prune(had + 1)
		return nil
	case err == nil:
		return e.resolve(w, errors.New("it is not known to be on the standby"))
	case isCode(err, "23502", "23505", "40001", "40P01"): // the first two: the version was advanced by others
		e.contended = contendedGroups
		e.rollback(ctx)
		return store.ErrAgain
	case refused(err):
		e.rollback(ctx)
		return fmt.Errorf("store: commit: %w: %w", store.ErrUnavailable, err)
	}
	return e.resolve(w, err)
}

// refused reports whether the server said that it did not do as it was told, and
// nothing worse.
func refused(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Severity == "ERROR" && pg.Code != "40003" // statement completion unknown
}

// saveNothing ends a group that wrote nothing. What it read must still be the
// last state.
func (e *engine) saveNothing(ctx context.Context, heard bool) error {
	if e.locked {
		e.rollback(ctx)
		return nil
	}
	if !heard {
		return nil
	}
	for {
		var version uint64
		err := e.connect(ctx)
		if err == nil {
			if err = e.conn.QueryRow(ctx, sqlVersion).Scan(&version); err != nil {
				e.drop()
			}
		}
		switch {
		case err == nil && version == e.s.cache.now().version:
			return nil
		case err == nil:
			e.contended = max(e.contended, 1)
			return store.ErrAgain
		case pause(ctx, retryPause) != nil:
			return fmt.Errorf("store: commit: %w: %w", store.ErrUnavailable, err)
		}
	}
}

// rollback ends a transaction without effect.
func (e *engine) rollback(ctx context.Context) {
	e.locked = false
	if _, err := e.conn.Exec(ctx, "ROLLBACK"); err != nil {
		e.drop()
	}
}

// Writes are what a group sends.
type writes struct {
	had    uint64 // the version that the group has read
	id     []byte // of this attempt
	noted  [][]byte
	keys   [][]byte
	values [][]byte
	gone   [][]byte
	bytes  int
}

func pack(layer *tree.Tree) *writes {
	w := &writes{noted: [][]byte{}}
	for c := layer.Cursor(nil, nil, false); ; {
		key, value := c.Next()
		if key == nil {
			break
		}
		w.noted = append(w.noted, key)
		w.bytes += len(key) + len(value)
		if value == nil {
			w.gone = append(w.gone, key)
			continue
		}
		w.keys = append(w.keys, key)
		w.values = append(w.values, value)
	}
	if len(w.noted) > notedKeys {
		w.noted = nil
	}
	return w
}

// send sends the group's writes and commits, in one round trip.
func (e *engine) send(ctx context.Context, w *writes) error {
	b := &pgx.Batch{}
	if !e.locked {
		b.Queue("BEGIN ISOLATION LEVEL READ COMMITTED")
	}
	b.Queue(sqlAdvance, w.had, w.had+1, w.id)
	b.Queue(sqlNote, w.id, w.noted)
	for from := 0; from < len(w.keys); {
		to, size := from, 0
		for to < len(w.keys) && (to == from || size+len(w.values[to]) <= putBytes) {
			size += len(w.values[to])
			to++
		}
		b.Queue(sqlPut, w.keys[from:to], w.values[from:to])
		from = to
	}
	if len(w.gone) > 0 {
		b.Queue(sqlDelete, w.gone)
	}
	if isPostgres(e.conn.PgConn()) {
		b.Queue(sqlNotify, e.s.channel)
	}
	b.Queue("COMMIT")
	return e.conn.SendBatch(ctx, b).Close()
}

// resolve finds out what became of a commit whose answer was lost. Whoever holds
// the lock sees it done, or has made sure that it never will be, as the version
// it was made for is about to be passed.
func (e *engine) resolve(w *writes, cause error) error {
	ctx, cancel := context.WithTimeout(context.Background(), e.s.timeout)
	defer cancel()
	e.contended = max(e.contended, 1)
	for {
		e.drop()
		err := e.lock(ctx)
		if err == nil {
			var done bool
			if done, err = e.wasKept(ctx, w); err == nil && !done {
				return store.ErrAgain // in the transaction that is open
			}
			if err == nil {
				err = e.confirm(ctx)
			}
			if err == nil {
				return nil
			}
		}
		if ctx.Err() != nil || errors.Is(err, errBehind) {
			e.drop()
			return fmt.Errorf("store: commit: %w: %w", store.ErrDoubt, errors.Join(cause, err))
		}
	}
}

// wasKept reports whether the version that w was to become is ours.
func (e *engine) wasKept(ctx context.Context, w *writes) (bool, error) {
	if e.s.cache.now().version <= w.had {
		return false, nil
	}
	var id []byte
	if err := e.conn.QueryRow(ctx, sqlWriter, w.had+1).Scan(&id); err != nil {
		return false, err
	}
	return string(id) == string(w.id), nil
}

// confirm commits something, and so learns that all before it is where a commit
// must be.
func (e *engine) confirm(ctx context.Context) error {
	e.inDoubt = false
	b := &pgx.Batch{}
	b.Queue(sqlConfirm)
	b.Queue("COMMIT")
	if err := e.conn.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	e.locked = false
	if e.inDoubt {
		return errors.New("it is not known to be on the standby")
	}
	return nil
}

const (
	// pruneAfter is for how long changes are kept, and pruneMargin how many of
	// them at least; who is further behind begins anew.
	pruneAfter  = time.Minute
	pruneEvery  = 5 * time.Second
	pruneMargin = 1000
)

// prune forgets old changes.
func (e *engine) prune(version uint64) {
	now := time.Now()
	if n := len(e.marks); n > 0 && now.Sub(e.marks[n-1].at) < pruneEvery {
		return
	}
	e.marks = append(e.marks, mark{now, version})
	var upTo uint64
	for now.Sub(e.marks[0].at) > pruneAfter {
		upTo, e.marks = e.marks[0].version, e.marks[1:]
	}
	if upTo == 0 || version-upTo < pruneMargin {
		return
	}
	e.s.background.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), pruneEvery)
		defer cancel()
		_, _ = e.s.pool.Exec(ctx, sqlPrune, upTo) // what fails now is pruned later
	})
}
