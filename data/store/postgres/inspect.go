package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"signdesk/data/store"
)

// Check reports whether an address can be read; it connects to nothing.
func Check(dsn string) error {
	_, err := pgxpool.ParseConfig(dsn)
	return err
}

// A Report is what [Inspect] finds.
type Report struct {
	Server   string // its name and version
	There    bool   // the tables are there
	Version  uint64 // of the store; see the package's comment
	Fsync    string // the setting fsync; "" if the server has none
	Standbys string // the setting synchronous_standby_names
}

// inspectWait is how long Inspect tries.
const inspectWait = 5 * time.Second

// Inspect looks at the server of an address that takes writes, and changes
// nothing.
func Inspect(ctx context.Context, dsn string) (Report, error) {
	var r Report
	ctx, cancel := context.WithTimeout(ctx, inspectWait)
	defer cancel()
	s := &Store{timeout: defaultTimeout}
	s.fence.raised = func() {}
	var err error
	if s.cfg, err = s.configure(dsn); err != nil {
		return r, err
	}
	conn, err := s.dial(ctx, nil)
	if err != nil {
		return r, fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if r.Server = "PostgreSQL " + conn.PgConn().ParameterStatus("server_version"); !isPostgres(conn.PgConn()) {
		r.Server = conn.PgConn().ParameterStatus("crdb_version")
	}
	if err := conn.QueryRow(ctx, `SELECT coalesce(current_setting('fsync', true), ''), coalesce(current_setting('synchronous_standby_names', true), ''), to_regclass('signdesk_meta') IS NOT NULL`).
		Scan(&r.Fsync, &r.Standbys, &r.There); err != nil {
		return r, err
	}
	if r.There {
		err = conn.QueryRow(ctx, sqlVersion).Scan(&r.Version)
	}
	return r, err
}
