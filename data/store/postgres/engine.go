package postgres

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"signdesk/data/store"
	"signdesk/data/store/tree"
)

const (
	// sharedGroups is for how many groups it is noted what they read, after
	// another replica was met.
	sharedGroups = 1000
	// lockedGroups is for how many groups the lock is taken first after two
	// replicas got in each other's way; twice as many each time, up to
	// lockedMost, until one gets through without.
	lockedGroups = 4
	lockedMost   = 512
	// changesLimit is how many versions of others are looked up one by one; if
	// there are more the cache is forgotten instead.
	changesLimit = 128
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
	shared    int       // for how many groups more to note what they read
	contended int       // for how many groups more to lock first
	penalty   int       // for how many the next time
	reads     *reads    // of the group
	failed    error     // a read of the group failed
	stale     bool      // there are later versions than the cache's
	own       *writes   // what was committed here after versions that the cache lacks; nil for nothing
	marks     []mark
}

// A mark is the version at some time, to know what is old enough to be pruned.
type mark struct {
	at      time.Time
	version uint64
}

// Begin implements [store.Engine].
func (e *engine) Begin(patient bool) (store.Base, error) {
	ctx, cancel := context.WithTimeout(context.Background(), e.s.timeout)
	defer cancel()
	var err error
	switch lock := patient || e.contended > 0; {
	case e.locked:
	case lock:
		err = e.retry(ctx, e.lock)
	case e.stale || e.s.cache.behind():
		err = e.retry(ctx, e.catchUp)
	}
	if err != nil {
		return nil, fmt.Errorf("store: begin: %w: %w", store.ErrUnavailable, err)
	}
	e.shared, e.contended = max(0, e.shared-1), max(0, e.contended-1)
	e.reads, e.failed = nil, nil
	if e.shared > 0 && !e.locked {
		e.reads = &reads{}
	}
	r := &reader{state: e.s.cache.now(), extend: e.miss, reads: e.reads}
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
	e.failed = r.err
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

// retry tries until ctx is done.
func (e *engine) retry(ctx context.Context, fn func(context.Context) error) error {
	for {
		err := e.connect(ctx)
		if err == nil {
			if err = fn(ctx); err == nil {
				return nil
			}
			e.drop()
		}
		if errors.Is(err, errBehind) || pause(ctx, retryPause) != nil {
			return err
		}
	}
}

// lock begins a transaction that holds the version's row, so that nobody else can
// commit before it ends, and brings the cache up to date.
func (e *engine) lock(ctx context.Context) error {
	b := &pgx.Batch{}
	b.Queue("BEGIN ISOLATION LEVEL READ COMMITTED")
	b.Queue(sqlLock)
	err := e.advance(ctx, b)
	e.locked = err == nil
	return err
}

// catchUp brings the cache up to date.
func (e *engine) catchUp(ctx context.Context) error {
	return e.advance(ctx, &pgx.Batch{})
}

// advance sends a batch and brings the cache to the version after it.
func (e *engine) advance(ctx context.Context, b *pgx.Batch) error {
	if e.own == nil {
		e.own = &writes{had: e.s.cache.now().version, id: []byte{}}
	}
	e.askChanges(b, e.own)
	if err := e.conn.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	return e.absorb(e.own)
}

// askChanges adds to a batch the question for what others have changed since w.had.
func (e *engine) askChanges(b *pgx.Batch, w *writes) {
	b.Queue(sqlChanges, w.had, w.id, changesLimit).Query(func(rows pgx.Rows) (err error) {
		w.now, w.missing, w.others, err = changes(rows, w.had)
		return err
	})
}

// absorb brings the cache to the version w.now, by what others have changed and
// what w has written, if it was committed.
func (e *engine) absorb(w *writes) error {
	c := e.s.cache
	layer, behind := w.others, max(w.had, w.version)
	if w.version > 0 {
		w.missing--
		layer = w.layer.Fork()
		for cur := w.others.Cursor(nil, nil, false); ; {
			key, value := cur.Next()
			if key == nil {
				break
			}
			layer.Set(key, value)
		}
	}
	switch {
	case w.now < behind && e.timeline == e.cached:
		return fmt.Errorf("%w: version %d after %d", errBehind, w.now, behind)
	case w.now < behind, w.missing > 0:
		// Too far behind; or ahead of a server that was promoted without all that
		// was acknowledged, as only an operator can have allowed.
		c.reset(w.now)
		e.shared = sharedGroups
	case w.now > w.had:
		c.apply(w.now, layer)
		if !w.others.Empty() {
			e.shared = sharedGroups
		}
	}
	e.cached, e.stale, e.own = e.timeline, false, nil
	return nil
}

// changes returns the last version, what those after had have changed, and of how
// many of them there is nothing known.
func changes(rows pgx.Rows, had uint64) (version, missing uint64, layer tree.Tree, err error) {
	seen := map[uint64]bool{}
	var last uint64
	for rows.Next() {
		// The columns: the last version, one changed by others, whether it lists its
		// keys, one of them, whether its value follows, the value.
		raw := rows.RawValues()
		version = binary.BigEndian.Uint64(raw[0])
		if raw[1] != nil && raw[2][0] == 1 {
			if at := binary.BigEndian.Uint64(raw[1]); at != last {
				last, seen[at] = at, true
			}
		}
		if raw[3] == nil {
			continue
		}
		if raw[4][0] == 1 {
			layer.Set(bytes.Clone(raw[3]), bytes.Clone(raw[5])) // the value of now, whichever version it is of
		} else if _, found := layer.Get(raw[3]); !found {
			layer.Set(bytes.Clone(raw[3]), unknown)
		}
	}
	return version, version - had - uint64(len(seen)), layer, rows.Err()
}

// Save implements [store.Engine].
func (e *engine) Save(layer *tree.Tree, heard bool) error {
	if e.failed != nil {
		return e.failed
	}
	w := pack(layer)
	ctx, cancel := context.WithTimeout(context.Background(), e.s.timeout+time.Duration(w.bytes)*time.Second/slowest)
	defer cancel()
	if layer.Empty() {
		return e.saveNothing(ctx, heard)
	}
	if err := e.connect(ctx); err != nil {
		return fmt.Errorf("store: commit: %w: %w", store.ErrUnavailable, err)
	}
	now := e.s.cache.now()
	w.had, w.id = now.version, append(make([]byte, 0, idLen), e.s.writer...)[:idLen]
	rand.Read(w.id[writerLen:])
	w.note(&now)
	e.inDoubt = false
	err := e.send(ctx, w)
	e.locked = false
	switch {
	case w.done && !e.inDoubt:
		e.kept(w, err)
		return nil
	case w.done:
		return e.resolve(w, errStandby)
	case isCode(err, "23502", "40001", "40P01"): // the first: others were faster
		e.lost()
		e.rollback(ctx)
		return store.ErrAgain
	case refused(err):
		e.rollback(ctx)
		return fmt.Errorf("store: commit: %w: %w", store.ErrUnavailable, err)
	}
	return e.resolve(w, err)
}

// lost notes that the group met what others wrote. The first time it did not say
// what it read; after that it takes the lock.
func (e *engine) lost() {
	e.stale = true
	if e.reads != nil {
		e.penalty = min(max(2*e.penalty, lockedGroups), lockedMost)
		e.contended = e.penalty
	}
	e.shared = sharedGroups
}

var errStandby = errors.New("it is not known to be on the standby")

// kept notes what was committed. If what others committed before could not be
// read with it, that is done before the next group.
func (e *engine) kept(w *writes, err error) {
	asked := w.now > 0
	if !asked && err == nil { // nobody else could come between
		w.now, w.missing = w.version, 1
	}
	if e.reads != nil {
		e.penalty = 0
	}
	e.own = w
	if err == nil {
		err = e.absorb(w)
	}
	if err != nil {
		e.drop()
		e.stale = true
	}
	e.prune(w.version)
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
			e.stale, e.contended, e.shared = true, 1, sharedGroups
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
	had     uint64 // the version that the group has read
	id      []byte // of this attempt
	layer   *tree.Tree
	version uint64 // that it became
	done    bool   // it was committed

	now     uint64    // the last version, as it was asked for afterwards
	others  tree.Tree // what others changed between had and now
	missing uint64    // of how many versions between them that does not tell

	noted  [][]byte
	hot    int // how many of noted were there
	keys   [][]byte
	values [][]byte
	gone   [][]byte
	bytes  int
}

func pack(layer *tree.Tree) *writes {
	w := &writes{layer: layer}
	for c := layer.Cursor(nil, nil, false); ; {
		key, value := c.Next()
		if key == nil {
			return w
		}
		w.bytes += len(key) + len(value)
		if value == nil {
			w.gone = append(w.gone, key)
			continue
		}
		w.keys = append(w.keys, key)
		w.values = append(w.values, value)
	}
}

// note lists what is written, for the other replicas: first what is there
// already, which they may have read and will read again.
func (w *writes) note(now *state) {
	if len(w.keys)+len(w.gone) > notedKeys {
		return
	}
	w.noted = make([][]byte, 0, len(w.keys)+len(w.gone))
	var cold [][]byte
	for _, key := range w.keys {
		if _, found := now.rows.Get(key); found {
			w.noted = append(w.noted, key)
		} else {
			cold = append(cold, key)
		}
	}
	w.noted = append(w.noted, w.gone...)
	w.hot = len(w.noted)
	w.noted = append(w.noted, cold...)
}

// send sends the group's writes and commits, in one round trip.
func (e *engine) send(ctx context.Context, w *writes) error {
	b := &pgx.Batch{}
	if !e.locked {
		b.Queue("BEGIN ISOLATION LEVEL READ COMMITTED")
	}
	b.Queue(sqlAdvance, w.id).QueryRow(func(row pgx.Row) error { return row.Scan(&w.version) })
	if e.reads == nil {
		b.Queue(sqlNote, w.id, w.noted, w.had, w.hot)
	} else {
		from, to := e.reads.spans()
		b.Queue(sqlNoteShared, w.id, w.noted, w.had, w.hot, from, to)
	}
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
	b.Queue("COMMIT").Exec(func(tag pgconn.CommandTag) error { w.done = tag.String() == "COMMIT"; return nil })
	if e.reads != nil {
		e.askChanges(b, w)
	}
	return e.conn.SendBatch(ctx, b).Close()
}

// resolve finds out what became of a commit whose answer was lost. Whoever holds
// the lock sees it done, or has made sure that it never will be, as the version
// it was made for is about to be passed.
func (e *engine) resolve(w *writes, cause error) error {
	ctx, cancel := context.WithTimeout(context.Background(), e.s.timeout)
	defer cancel()
	for {
		e.drop()
		err := e.retry(ctx, e.lock)
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

// wasKept reports whether one of the versions after the one that w has read is
// its own.
func (e *engine) wasKept(ctx context.Context, w *writes) (bool, error) {
	var n int
	err := e.conn.QueryRow(ctx, sqlKept, w.had, w.id).Scan(&n)
	return n > 0, err
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
		return errStandby
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
