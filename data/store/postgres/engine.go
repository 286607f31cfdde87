package postgres

import (
	"bytes"
	"context"
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
	// there are more the cache is forgotten instead. Only of the last valuesLimit
	// are values read.
	changesLimit = 1024
	valuesLimit  = 64
	// retryPause is how long to wait for a server that refuses connections.
	retryPause = 50 * time.Millisecond
)

// An engine commits the groups of this process: the part of the store that the
// committer's goroutine works with.
type engine struct {
	s         *Store
	conn      *pgx.Conn    // nil if there is none
	timeline  uint64       // of its server
	cached    uint64       // timeline of the cache
	inDoubt   bool         // the server said so of the last commit
	locked    bool         // a transaction holds the version's row, and the cache is up to date
	shared    int          // for how many groups more to note what they read
	contended int          // for how many groups more to lock first
	penalty   int          // for how many the next time
	reads     *store.Reads // of the group
	failed    error        // a read of the group failed
	stale     bool         // there are later versions than the cache's
	overtaken int          // groups in a row that wrote nothing and were too late
	own       *writes      // what was committed here after versions that the cache lacks; nil for nothing
	marks     []mark
	again     again
	gather    gather
}

// A mark is the version at some time, to know what is old enough to be pruned.
type mark struct {
	at      time.Time
	version uint64
}

// Begin implements [store.Engine].
func (e *engine) Begin(patient bool) (store.Base, error) {
	if !patient && !e.locked {
		e.gather.wait()
	}
	ctx, cancel := context.WithTimeout(context.Background(), e.s.timeout)
	defer cancel()
	var err error
	switch lock := patient || e.contended > 0; {
	case e.locked:
	case lock:
		err = e.retry(ctx, e.lock)
	case e.stale || e.s.catching.Load() || e.s.cache.behind():
		err = e.retry(ctx, e.catchUp)
	}
	if err != nil {
		return nil, fmt.Errorf("store: begin: %w: %w", store.ErrUnavailable, err)
	}
	e.shared, e.contended = max(0, e.shared-1), max(0, e.contended-1)
	e.reads, e.failed = nil, nil
	if e.shared > 0 && !e.locked {
		e.reads = &store.Reads{}
	}
	r := &reader{state: e.s.cache.now(), extend: e.miss, reads: e.reads}
	if patient {
		r.extend = e.read
	}
	e.gather.now = r
	r.names = func() []string { return e.tables(r) }
	return r, nil
}

// miss extends r by what the cache has learnt since, or ends the update.
func (e *engine) miss(r *reader, w want) {
	if now := e.s.cache.now(); w.met(&now) {
		r.state = now
		return
	}
	if !w.reverse && r.from(w.from) != nil {
		e.again.missed(tableOf(w.from))
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
	conn, err := e.s.dial(ctx, func(_ *pgconn.PgConn, n *pgconn.Notice) {
		// "The transaction has already committed locally, but might not have
		// been replicated to the standby": the wait for it was ended.
		e.inDoubt = e.inDoubt || n.Code == "01000"
	})
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
	b.Queue(sqlChanges, w.had, w.id, changesLimit, valuesLimit).Query(func(rows pgx.Rows) (err error) {
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
			e.gather.others = true
			e.shared = sharedGroups
		}
	}
	e.cached, e.stale, e.own = e.timeline, false, nil
	return nil
}

// changes returns the last version, what those after had have changed, and of how
// many of them there is nothing known.
func changes(rows pgx.Rows, had uint64) (version, missing uint64, layer tree.Tree, err error) {
	var told uint64 // versions
	for rows.Next() {
		// The columns: the last version, one changed by others, its keys, the values of
		// the first ones.
		raw := rows.RawValues()
		version = binary.BigEndian.Uint64(raw[0])
		if raw[1] == nil || raw[2] == nil {
			continue
		}
		told++
		keys, values := elements(raw[2]), elements(raw[3])
		for key, more := keys(); more; key, more = keys() {
			if value, more := values(); more {
				layer.Set(bytes.Clone(key), bytes.Clone(value)) // the value of now, whichever version it is of
			} else if _, found := layer.Get(key); !found {
				layer.Set(bytes.Clone(key), unknown)
			}
		}
	}
	return version, version - had - told, layer, rows.Err()
}

// elements returns what gives the elements of a bytea[] in its binary form one after
// another, nil for those that are null. They are for as long as raw is.
func elements(raw []byte) (next func() (element []byte, more bool)) {
	const head = 20 // number of dimensions, flags, type; length and first index of the only one
	raw = raw[min(head, len(raw)):]
	return func() ([]byte, bool) {
		if len(raw) == 0 {
			return nil, false
		}
		n := int(int32(binary.BigEndian.Uint32(raw)))
		if raw = raw[4:]; n < 0 {
			return nil, true
		}
		element := raw[:n:n]
		raw = raw[n:]
		return element, true
	}
}
