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
	// notedKeys is how many keys of a group are noted; more mean everything.
	notedKeys = 50_000
	// putBytes bounds what one statement writes.
	putBytes = 16 << 20
	// slowest is how many bytes a second a commit is given time for.
	slowest = 4 << 20
)

// Save implements [store.Engine].
func (e *engine) Save(layer *tree.Tree, heard bool) error {
	e.gather.end()
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
	w.note(&now, &e.again)
	e.inDoubt = false
	began := time.Now()
	err := e.send(ctx, w)
	e.gather.saved(began)
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
	e.stale, e.gather.ran = true, 0 // which has waited enough
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
		e.gather.met()
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
		e.overtaken = 0
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
			e.overtaken = 0
			return nil
		case err == nil:
			if e.overtaken++; e.overtaken > 2 {
				e.contended = 1
			}
			e.stale, e.shared = true, sharedGroups
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

// first returns one of the keys.
func (w *writes) first() []byte { return append(w.keys[:len(w.keys):len(w.keys)], w.gone...)[0] }

// note lists what is written, for the other replicas: first what is there
// already, which they may have read and will read again, and what is new where
// that is read again.
func (w *writes) note(now *state, again *again) {
	if len(w.keys)+len(w.gone) > notedKeys {
		return
	}
	w.noted = make([][]byte, 0, len(w.keys)+len(w.gone))
	var cold [][]byte
	for _, key := range w.keys {
		if _, found := now.rows.Get(key); found || again.likely(tableOf(key)) {
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
		// As if what is written first had been read: should this arrive when the group
		// was given up and ran again, which wrote the same, it must find that done.
		e.reads.Key(w.first())
		from, to := e.reads.Spans()
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
