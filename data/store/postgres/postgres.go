// Package postgres keeps a store in a PostgreSQL database, for any number of
// processes ("replicas") at once.
//
// # Tables
//
//	signdesk_kv       key, value             all tables of the store, keys as store.LayerKey says
//	signdesk_meta     version, writer, …     one row: how many groups were committed, and who was last
//	signdesk_changes  version, writer, keys  what each group of the last minute wrote
//
// They are made in the schema that the connection finds first (search_path),
// by whoever comes first.
//
// # One order of all groups
//
// The version orders what all replicas commit. A group's transaction first takes
// the next version, for which it waits until the one before has ended, and then
// sees whether what it has read still holds:
//
//   - Alone, if nobody else has advanced the version.
//   - After another replica was met, if none of the keys that others have written
//     since is in a stretch that the group has read. So replicas commit side by side
//     as long as they work on different records. The same round trip brings what
//     the others have written.
//   - If two replicas have met in a record, it takes the version's row before it runs
//     the group, for a while: they take turns, and no work is thrown away.
//
// If it does not hold nothing is kept, and the group runs again.
//
// While others are busy, groups are begun some milliseconds later, as they would
// have to wait for the others' commits anyway and are larger then.
//
// Updates run on a cache of the database as of the version, in memory: what was
// read, what was committed here, and what the changes tell of the others.
// An update that needs more is put aside, run without effect on a snapshot of
// the database to see what it reads, and run again; commits do not wait for
// that. If it still misses something it runs alone, reading as it goes.
// A function can run on a state that is already out of date, of which nobody is
// told.
//
// Views run on a snapshot that is taken after they were called, and shared by
// those that came at the same time. They read from the cache what has not
// changed since.
//
// The largest tables of a full cache are forgotten. A replica that was idle looks
// up what it has missed, or begins with an empty cache.
//
// # What it promises
//
// What the package store asks for, and:
//
//   - A server that cannot be reached makes calls fail within a few seconds with
//     [store.ErrUnavailable], and nothing was changed. The store works again as
//     soon as the server does.
//   - A commit whose answer is lost is looked up before anybody is told: it is
//     neither reported as failed though it was kept, nor run twice. Only if the
//     server stays away is the answer [store.ErrDoubt].
//   - With several hosts in the address a promoted standby takes over. Servers
//     on an older timeline, or behind the version seen before, are refused, so an
//     old primary that comes back takes no write. Nothing acknowledged is lost if
//     the standby is synchronous (synchronous_standby_names); synchronous_commit
//     is not lowered, and raised if it is off or local.
//
// It does not protect from a server that runs with fsync off, nor, without a
// synchronous standby, from what such a standby never had. A replica that is
// started knows the timelines of the hosts that answer it. Before a replica has
// met the new primary its views may be answered by an old one that still runs;
// updates may not.
//
// A pooler between them must keep a session's connection (not PgBouncer's
// transaction mode).
//
// # Other servers
//
// The statements are meant to run on CockroachDB and YugabyteDB as well:
// conflicts (40001) are run again, no advisory locks and no sequences are used,
// and notifications are hints only. This is not tested.
package postgres

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"signdesk/data/store"
)

// Options say what a store is to hold, and how.
type Options struct {
	store.Options
	Cache   int           // bytes of the cache; 0: 256 MB
	Timeout time.Duration // for an answer of the server; 0: 1.5 seconds; a call takes a few times that at most
}

// Lengths of the name of a process, and of that of a commit, which begins with it.
const writerLen, idLen = 8, 16

const (
	defaultCache   = 256 << 20
	defaultTimeout = 1500 * time.Millisecond
)

// A Store is a [store.Store] in a database. Its tables are for this package alone.
type Store struct {
	cfg     *pgxpool.Config
	pool    *pgxpool.Pool
	fence   fence
	timeout time.Duration
	tables  []store.Table
	channel string // of notifications
	writer  []byte // begins the ids of what this process commits
	cache   *cache
	engine  *engine
	commit  *store.Committer

	mu       sync.Mutex // guards the rest of this group
	closed   bool
	next     *opening // whose snapshot is not yet taken
	opening  bool     // openAll runs
	sessions sync.WaitGroup

	background sync.WaitGroup
	catching   atomic.Bool // catchUp runs

	surveyMu   sync.Mutex
	primary    *pgconn.Config // the host that takes writes, if there are several; nil if not known
	surveyedAt time.Time
}

// Open opens the store at an address such as postgres://user@host1,host2/name,
// and runs the migrations it has not seen. It returns [store.ErrNewer] or
// [store.ErrHistory] if it does not fit this program, and
// [store.ErrUnavailable] if no server that takes writes answers.
func Open(ctx context.Context, dsn string, o Options) (*Store, error) {
	s, err := open(ctx, dsn, o)
	if err != nil {
		return nil, fmt.Errorf("store: open: %w", err)
	}
	return s, nil
}

func open(ctx context.Context, dsn string, o Options) (*Store, error) {
	if err := store.CheckTables(o.Tables); err != nil {
		return nil, err
	}
	if o.Cache == 0 {
		o.Cache = defaultCache
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	s := &Store{tables: o.Tables, timeout: o.Timeout, writer: make([]byte, writerLen)}
	rand.Read(s.writer)
	var err error
	if s.cfg, err = s.configure(dsn); err != nil {
		return nil, err // without the password
	}
	if s.pool, err = pgxpool.NewWithConfig(context.WithoutCancel(ctx), s.cfg); err != nil {
		return nil, err
	}
	s.fence.raised = s.pool.Reset // which closes connections to the old primary
	version, err := s.start(ctx)
	if err != nil {
		s.pool.Close()
		return nil, err
	}
	s.cache = newCache(o.Cache, version)
	s.engine = &engine{s: s, cached: s.fence.timeline.Load()}
	s.commit = store.NewCommitter(s.engine)
	if err := store.Migrate(ctx, s, o.Migrations); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// openWait is how long a server may take to take writes when a store is opened:
// both may be started at the same time.
const openWait = 10 * time.Second

// start makes the tables and returns the version.
func (s *Store) start(ctx context.Context) (version uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, openWait)
	defer cancel()
	for {
		err := s.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
			if err := create(ctx, conn.Conn()); err != nil {
				return err
			}
			var schema string
			if err := conn.QueryRow(ctx, `SELECT current_database() || '.' || current_schema()`).Scan(&schema); err != nil {
				return err
			}
			sum := sha256.Sum256([]byte(schema))
			s.channel = "signdesk_" + hex.EncodeToString(sum[:8])
			return conn.QueryRow(ctx, sqlVersion).Scan(&version)
		})
		if err == nil || refused(err) || isCode(err, "28P01", "28000", "3D000") || errors.Is(err, store.ErrNewer) {
			return version, err
		}
		if pause(ctx, retryPause) != nil {
			return 0, fmt.Errorf("%w: %w", store.ErrUnavailable, err)
		}
	}
}

// View implements [store.Store].
func (s *Store) View(ctx context.Context, fn func(store.Tx) error) error {
	ss, err := s.join(ctx)
	if err != nil {
		return err
	}
	defer ss.leave()
	return run(ss.reader(false), true, fn)
}

// Update implements [store.Store]. Updates that wait at the same time share one
// commit. It does not wait for more of them, unless other replicas are busy.
func (s *Store) Update(ctx context.Context, fn func(store.Tx) error) error {
	return s.commit.Do(ctx, fn)
}

// Close implements [store.Store].
func (s *Store) Close() error {
	if !s.commit.Close() {
		return nil
	}
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.sessions.Wait()
	s.background.Wait()
	s.engine.drop()
	s.pool.Close()
	return nil
}

// Verify compares every declared index with its table; see [store.VerifyTables].
// What the pages of the database hold is for its own tools (pg_amcheck).
func (s *Store) Verify(ctx context.Context) error {
	return store.VerifyTables(ctx, s, s.tables)
}
