package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"signdesk/data/store"
)

const (
	// watchEvery is how often the version is looked at though nothing was heard.
	watchEvery = 500 * time.Millisecond
	// watchPause bounds how often changes are told.
	watchPause = 20 * time.Millisecond
	// watchBehind is for how long the cache may be behind what others commit, on a
	// replica that does nothing.
	watchBehind = 100 * time.Millisecond
	// watchHosts is how often the hosts are asked, if there are several, so that a
	// promotion is met also by a replica whose old primary goes on.
	watchHosts = 3 * time.Second
)

var _ store.Watcher = (*Store)(nil)

// Watch implements [store.Watcher]: it hears of commits, this replica's too, by a
// notification within milliseconds; that failing by looking twice a second.
func (s *Store) Watch(ctx context.Context, changed func()) error {
	var last uint64
	for ctx.Err() == nil {
		_ = s.watch(ctx, &last, changed) // whatever ended it, it is tried again
		_ = pause(ctx, watchEvery)
	}
	return nil
}

// watch watches on one connection.
func (s *Store) watch(ctx context.Context, last *uint64, changed func()) error {
	begin, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	conn, err := s.dial(begin, nil)
	if err != nil {
		return err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(end)
	}()
	if isPostgres(conn.PgConn()) {
		if _, err := conn.Exec(begin, "LISTEN "+s.channel); err != nil {
			return err
		}
	}
	looked, asked := time.Time{}, time.Now()
	for {
		if time.Since(asked) > watchHosts {
			_ = s.aim(ctx, s.cfg.ConnConfig.Copy()) // which notes a promotion
			asked = time.Now()
		}
		version, err := s.look(ctx, conn)
		if err != nil {
			return err
		}
		if now := time.Now(); now.Sub(looked) > watchBehind {
			if looked = now; version > s.cache.now().version {
				s.catchUp()
			}
		}
		if version != *last {
			*last = version
			changed()
			if err := pause(ctx, watchPause); err != nil {
				return err
			}
		}
		if err := s.hear(ctx, conn); err != nil {
			return err
		}
	}
}

func (s *Store) look(ctx context.Context, conn *pgx.Conn) (version uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	err = conn.QueryRow(ctx, sqlVersion).Scan(&version)
	return version, err
}

// hear waits for a notification, not for long.
func (s *Store) hear(ctx context.Context, conn *pgx.Conn) error {
	wait, cancel := context.WithTimeout(ctx, watchEvery)
	defer cancel()
	err := conn.PgConn().WaitForNotification(wait)
	if err != nil && ctx.Err() == nil && (pgconn.Timeout(err) || errors.Is(err, context.DeadlineExceeded)) && !conn.IsClosed() {
		return nil
	}
	return err
}
