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
	// watchPause bounds how often changes are looked up.
	watchPause = 20 * time.Millisecond
	// watchVersions is how many versions are told one by one; of more, only that
	// there were any.
	watchVersions = 500
	// watchBehind is for how long the cache may be behind what others commit, on a
	// replica that does nothing.
	watchBehind = 100 * time.Millisecond
	// watchHosts is how often the hosts are asked, if there are several, so that a
	// promotion is met also by a replica whose old primary goes on.
	watchHosts = 3 * time.Second
)

var _ store.Watcher = (*Store)(nil)

// Watch implements [store.Watcher]: it hears of commits by a notification within
// milliseconds; that failing by looking twice a second.
func (s *Store) Watch(ctx context.Context, changed func(table string, key []byte)) error {
	var last uint64
	for ctx.Err() == nil {
		_ = s.watch(ctx, &last, changed) // whatever ended it, it is tried again
		_ = pause(ctx, watchEvery)
	}
	return nil
}

// watch watches on one connection.
func (s *Store) watch(ctx context.Context, last *uint64, changed func(table string, key []byte)) error {
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
	var before uint64 // version of the cache when it was looked
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
			cached := s.cache.now().version
			if version > cached && cached == before { // it does not get on by what is committed here
				s.catchUp()
			}
			looked, before = now, cached
		}
		if version != *last {
			if err := s.tell(ctx, conn, *last, version, changed); err != nil {
				return err
			}
			*last = version
			if err := pause(ctx, watchPause); err != nil {
				return err
			}
		}
		if err := s.hear(ctx, conn); err != nil {
			return err
		}
	}
}

// tell tells what other replicas changed after one version, up to another one.
func (s *Store) tell(ctx context.Context, conn *pgx.Conn, after, upTo uint64, changed func(table string, key []byte)) error {
	if after == 0 || upTo < after || upTo-after > watchVersions {
		changed("", nil)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	rows, err := conn.Query(ctx, sqlNews, after, upTo, s.writer)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var keys [][]byte
		if err := rows.Scan(&keys); err != nil {
			return err
		}
		if keys == nil { // too many to be noted
			changed("", nil)
		}
		for _, key := range keys {
			table := tableOf(key)
			changed(string(table), key[len(table)+1:])
		}
	}
	return rows.Err()
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
