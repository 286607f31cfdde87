package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"signdesk/data/store"
)

const (
	// sessionKept is how much a session keeps of what it has read.
	sessionKept = 16 << 20
	// sessionOffered is how much of what a view reads goes to the cache: what
	// goes over everything, as a backup does, would drive out what is in use.
	sessionOffered = 4 << 20
	// behindChanges is how many versions the cache may be behind for a session to
	// begin with it.
	behindChanges = 64
)

// A session is a snapshot of the database, taken and shared by all who asked for
// one at about the same time: views, and updates that look for what they miss.
// Most of them read from the cache alone.
type session struct {
	s    *Store
	refs int // guarded by Store.mu

	mu      sync.Mutex // guards the rest
	conn    *pgxpool.Conn
	begun   state // as it began
	now     state // and what was read since
	kept    int   // bytes of that
	offered int
	err     error // the connection was lost
}

// An opening is a session that is being opened, for those that wait for it.
type opening struct {
	over    chan struct{} // closed when the rest is set
	session *session
	err     error
	refs    int // guarded by Store.mu
}

// join returns a session whose snapshot is taken after the call, to be left.
func (s *Store) join(ctx context.Context) (*session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, store.ErrClosed
	}
	if s.next == nil {
		s.next = &opening{over: make(chan struct{})}
	}
	o := s.next
	o.refs++
	s.sessions.Add(1)
	if !s.opening {
		s.opening = true
		s.background.Go(s.openAll)
	}
	s.mu.Unlock()
	select {
	case <-o.over:
	case <-ctx.Done():
		s.leaveOpening(o)
		return nil, ctx.Err()
	}
	if o.err != nil {
		s.sessions.Done()
	}
	return o.session, o.err
}

// leaveOpening gives up waiting.
func (s *Store) leaveOpening(o *opening) {
	s.mu.Lock()
	select {
	case <-o.over:
		s.mu.Unlock()
		if o.err == nil {
			o.session.leave()
			return
		}
	default:
		o.refs--
		s.mu.Unlock()
	}
	s.sessions.Done()
}

// openAll opens sessions, one after another, for all that ask meanwhile.
func (s *Store) openAll() {
	for {
		s.mu.Lock()
		o := s.next
		s.next = nil
		if o == nil {
			s.opening = false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		o.session, o.err = s.open()
		s.mu.Lock()
		unused := o.session != nil && o.refs == 0
		if o.session != nil {
			o.session.refs = o.refs
		}
		close(o.over)
		s.mu.Unlock()
		if unused {
			o.session.end()
		}
	}
}

// open opens a session. A connection that was idle may have been lost unnoticed,
// and a server may be about to come back, so it is tried while there is time.
func (s *Store) open() (*session, error) {
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	for {
		conn, err := s.pool.Acquire(ctx)
		if err == nil {
			var st state
			try, cancel := context.WithTimeout(ctx, s.timeout/3)
			st, err = s.snapshot(try, conn.Conn())
			late := try.Err() != nil
			cancel()
			if err == nil {
				return &session{s: s, conn: conn, begun: st.fork(), now: st.fork()}, nil
			}
			discard(conn)
			if late { // the other idle ones may hang as well
				s.pool.Reset()
			}
		}
		if errors.Is(err, errBehind) || pause(ctx, retryPause) != nil {
			return nil, fmt.Errorf("store: begin view: %w: %w", store.ErrUnavailable, err)
		}
	}
}

// discard closes a connection and gives back its place.
func discard(conn *pgxpool.Conn) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // which spares the farewell
	_ = conn.Conn().Close(ctx)
	conn.Release()
}

// snapshot begins a transaction and returns what is known of its state.
func (s *Store) snapshot(ctx context.Context, conn *pgx.Conn) (state, error) {
	before := s.cache.now()
	b := &pgx.Batch{}
	b.Queue("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
	b.Queue(sqlVersion)
	b.Queue(sqlChangedKeys, before.version, behindChanges+1)
	res := conn.SendBatch(ctx, b)
	_, err := res.Exec()
	var version uint64
	var changed [][][]byte
	whole := true
	if err == nil {
		err = res.QueryRow().Scan(&version)
	}
	if err == nil {
		rows, _ := res.Query()
		for rows.Next() {
			var keys [][]byte
			if err := rows.Scan(&keys); err != nil {
				break // which Err tells
			}
			whole = whole && keys != nil
			changed = append(changed, keys)
		}
		rows.Close()
		err = rows.Err()
	}
	if err = errors.Join(err, res.Close()); err != nil {
		return state{}, err
	}
	if version < before.version {
		return state{}, fmt.Errorf("%w: version %d after %d", errBehind, version, before.version)
	}
	if now := s.cache.now(); now.version == version {
		return now, nil
	}
	if version-before.version > behindChanges/2 {
		s.catchUp()
	}
	if !whole || uint64(len(changed)) != version-before.version {
		return state{version: version}, nil
	}
	for _, keys := range changed {
		for _, key := range keys {
			before.doubt(key)
		}
	}
	before.version = version
	return before, nil
}

// catchUp brings the cache up to date, as a replica that only reads would not.
func (s *Store) catchUp() {
	if !s.catching.CompareAndSwap(false, true) {
		return
	}
	s.background.Go(func() {
		defer s.catching.Store(false)
		_ = s.Update(context.Background(), func(store.Tx) error { return nil })
	})
}

// leave ends one use of the session.
func (ss *session) leave() {
	ss.s.mu.Lock()
	ss.refs--
	last := ss.refs == 0
	ss.s.mu.Unlock()
	if last {
		ss.end()
	}
	ss.s.sessions.Done()
}

// end gives back the connection, in the background.
func (ss *session) end() {
	ss.s.background.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), ss.s.timeout)
		defer cancel()
		if _, err := ss.conn.Exec(ctx, "ROLLBACK"); err != nil || ss.err != nil {
			discard(ss.conn)
			return
		}
		ss.conn.Release()
	})
}

// reader returns a base for a transaction; all says that whatever it reads goes
// to the cache.
func (ss *session) reader(all bool) *reader {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	r := &reader{state: ss.now.fork()}
	r.extend = func(r *reader, w want) { ss.extend(r, w, all) }
	r.names = func() []string { return ss.tables(r) }
	return r
}

// fail ends the function that reads, for the reason of err.
func (ss *session) fail(r *reader, err error) {
	ss.err = err
	r.err = fmt.Errorf("store: read: %w: %w", store.ErrUnavailable, err)
	panic(r.err)
}

func (ss *session) extend(r *reader, w want, all bool) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if w.met(&ss.now) { // read by another one
		r.state = ss.now.fork()
		return
	}
	if ss.kept > sessionKept {
		ss.now, ss.kept = ss.begun.fork(), 0
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*ss.s.timeout)
	defer cancel()
	p, err := fetch(ctx, ss.conn.Conn(), w)
	if err != nil {
		ss.fail(r, err)
	}
	ss.now.put(p)
	size := p.size()
	ss.kept += size
	if ss.offered += size; all || ss.offered <= sessionOffered {
		ss.s.cache.add(p, ss.now.version)
	}
	r.state = ss.now.fork()
}

func (ss *session) tables(r *reader) []string {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), ss.s.timeout)
	defer cancel()
	list, err := tables(ctx, ss.conn.Conn())
	if err != nil {
		ss.fail(r, err)
	}
	return list
}

func (p page) size() (n int) {
	for _, r := range p.rows {
		n += rowCost + len(r.key) + len(r.value)
	}
	return n
}
