package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// connectTimeout is how long one host may take to answer, unless the address
	// says otherwise: short enough to try another one in time.
	connectTimeout = time.Second
	// poolSize is how many views and reads go on at once; each serves many that
	// began together.
	poolSize = 16
	// idleTransaction is how long a replica that fell silent may hold up the
	// others.
	idleTransaction = 5 * time.Second
)

// errBehind refuses a server that lacks what was acknowledged.
var errBehind = errors.New("the server is behind what was seen before; an old primary that came back must not be written to")

// A fence keeps old primaries out: a server is refused if another one was seen
// on a later timeline, which PostgreSQL begins with each promotion.
type fence struct {
	timeline atomic.Uint64 // the latest that was seen
	raised   func()        // called when a later one is seen
}

// timelineKey is where a connection keeps its server's timeline.
const timelineKey = "timeline"

const sqlTimeline = `SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)`

// check refuses a server of an old timeline. Servers that do not tell, as they
// are of another make, are taken.
func (f *fence) check(ctx context.Context, conn *pgconn.PgConn) error {
	if !isPostgres(conn) {
		return nil
	}
	res := conn.ExecParams(ctx, sqlTimeline, nil, nil, nil, nil).Read()
	if res.Err != nil {
		if _, answered := errors.AsType[*pgconn.PgError](res.Err); answered {
			return nil
		}
		return res.Err
	}
	if len(res.Rows) != 1 {
		return nil
	}
	timeline, err := strconv.ParseUint(string(res.Rows[0][0]), 16, 64)
	if err != nil {
		return nil // not in the form of PostgreSQL
	}
	conn.CustomData()[timelineKey] = timeline
	for {
		seen := f.timeline.Load()
		if timeline < seen {
			return fmt.Errorf("%w: timeline %d after %d", errBehind, timeline, seen)
		}
		if f.timeline.CompareAndSwap(seen, timeline) {
			if seen != 0 && timeline > seen {
				f.raised()
			}
			return nil
		}
	}
}

// configure reads the address and adds what every connection needs.
func (s *Store) configure(dsn string) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	c := cfg.ConnConfig
	if c.ConnectTimeout == 0 || c.ConnectTimeout > 2*time.Minute { // pgx's own default is as long
		c.ConnectTimeout = connectTimeout
	}
	if cfg.MaxConns < poolSize {
		cfg.MaxConns = poolSize
	}
	wanted := c.ValidateConnect // target_session_attrs
	if wanted == nil {
		wanted = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	c.ValidateConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		if err := wanted(ctx, conn); err != nil {
			return err
		}
		return s.fence.check(ctx, conn)
	}
	cfg.BeforeConnect = s.aim
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error { return s.prepare(ctx, conn, 0) }
	return cfg, nil
}

// prepare sets what a session needs. lock is for how long it may wait for
// others, 0 for a session that only reads.
func (s *Store) prepare(ctx context.Context, conn *pgx.Conn, lock time.Duration) error {
	sql := "SET statement_timeout = " + strconv.FormatInt((4*s.timeout).Milliseconds(), 10) + ";"
	if lock > 0 {
		sql += fmt.Sprintf("SET lock_timeout = %d; SET idle_in_transaction_session_timeout = %d;", lock.Milliseconds(), idleTransaction.Milliseconds())
	}
	if isPostgres(conn.PgConn()) {
		// Without statistics of a young table the planner reads all of it; and
		// what is acknowledged must be on disk, and on the synchronous standby.
		sql += `SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off; SET jit = off;
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local');`
	}
	_, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}

// dial connects to the server that takes writes, apart from the pool.
func (s *Store) dial(ctx context.Context, notice pgconn.NoticeHandler) (*pgx.Conn, error) {
	cfg := s.cfg.ConnConfig.Copy()
	cfg.OnNotice = notice
	if err := s.aim(ctx, cfg); err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		s.surveyMu.Lock()
		s.primary = nil // it may be another one by now
		s.surveyMu.Unlock()
	}
	return conn, err
}

const (
	// surveyed is for how long the hosts need not be asked again.
	surveyed = 2 * time.Second
	// surveyGrace is how much later than one with a later timeline than was seen
	// before another host may answer.
	surveyGrace = 300 * time.Millisecond
	// surveyTime is how long hosts may take to answer otherwise. Who has just started,
	// or has not heard of a promotion yet, would take an old primary that came back for
	// the only one if the new one is slow or too busy to take him; one that is not
	// there, or takes no writes, is not waited for.
	surveyTime = 3 * time.Second
)

// aim has a connection go to the one of several hosts that takes writes and is
// on the latest timeline. All are asked at once, so that an old primary that answers
// first is known for what it is.
func (s *Store) aim(ctx context.Context, cfg *pgx.ConnConfig) error {
	hosts := s.hosts()
	if len(hosts) < 2 {
		return nil
	}
	s.surveyMu.Lock()
	defer s.surveyMu.Unlock()
	if s.primary == nil || time.Since(s.surveyedAt) > surveyed {
		var err error
		if s.primary, err = s.survey(ctx, hosts); err != nil {
			return err
		}
		s.surveyedAt = time.Now()
	}
	cfg.Host, cfg.Port, cfg.TLSConfig, cfg.Fallbacks = s.primary.Host, s.primary.Port, s.primary.TLSConfig, s.primary.Fallbacks
	return nil
}

// An answer is that of one host.
type answer struct {
	host     *pgconn.Config
	timeline uint64
	err      error
}

// survey asks all hosts, again and again until it is known of each at the same time
// what it is, or one tells of a later timeline.
func (s *Store) survey(ctx context.Context, hosts []*pgconn.Config) (*pgconn.Config, error) {
	known := s.fence.timeline.Load()
	ctx, cancel := context.WithTimeout(ctx, surveyTime)
	defer cancel()
	for {
		best, sure, err := askAll(ctx, hosts, known)
		if sure || pause(ctx, retryPause) != nil {
			if best.host == nil || !sure && isCode(err, tooMany) { // that one may be the primary
				return nil, err
			}
			return best.host, nil
		}
	}
}

// tooMany is what a server says that takes nobody more.
const tooMany = "53300"

// askAll asks all hosts at once, and is sure if none is left that may be a later
// primary than the best.
func askAll(ctx context.Context, hosts []*pgconn.Config, known uint64) (best answer, sure bool, err error) {
	answers := make(chan answer, len(hosts))
	for _, cfg := range hosts {
		go func() { answers <- ask(ctx, cfg) }() // ends with ctx, soon
	}
	sure = true
	var late <-chan time.Time
	for range hosts {
		select {
		case a := <-answers:
			switch {
			case a.err != nil:
				err = errors.Join(err, a.err)
				sure = sure && conclusive(a.err)
			case best.host == nil || a.timeline > best.timeline:
				best = a
			}
			if late == nil && known > 0 && best.timeline > known {
				late = time.After(surveyGrace)
			}
		case <-late:
			return best, true, err
		}
	}
	return best, sure || known > 0 && best.timeline > known, err
}

// conclusive reports whether the error of a host tells that it takes no writes.
func conclusive(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || isCode(err, "57P03") || errors.Is(err, errBehind) || strings.Contains(err.Error(), "read only connection")
}

// ask connects to a host, whose ValidateConnect notes its timeline.
func ask(ctx context.Context, cfg *pgconn.Config) answer {
	conn, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		return answer{err: err}
	}
	timeline, _ := conn.CustomData()[timelineKey].(uint64)
	_ = conn.Close(ctx)
	return answer{host: cfg, timeline: timeline}
}

// hosts returns a configuration for each host of the address.
func (s *Store) hosts() []*pgconn.Config {
	base := &s.cfg.ConnConfig.Config
	type host struct {
		name string
		port uint16
	}
	var list []*pgconn.Config
	seen := map[host]*pgconn.Config{}
	for _, f := range append([]*pgconn.FallbackConfig{{Host: base.Host, Port: base.Port, TLSConfig: base.TLSConfig}}, base.Fallbacks...) {
		if c := seen[host{f.Host, f.Port}]; c != nil {
			c.Fallbacks = append(c.Fallbacks, f) // the same without TLS
			continue
		}
		c := base.Copy()
		c.Host, c.Port, c.TLSConfig, c.Fallbacks = f.Host, f.Port, f.TLSConfig, nil
		seen[host{f.Host, f.Port}] = c
		list = append(list, c)
	}
	return list
}
