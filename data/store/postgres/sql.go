package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"signdesk/data/store"
)

// layoutVersion counts changes of the tables of this package.
const layoutVersion = 1

// The tables. Keys are one column of bytes, as it compares several times faster
// than a text and a column of bytes.
const sqlTables = `
CREATE TABLE IF NOT EXISTS signdesk_kv (key bytea PRIMARY KEY, value bytea NOT NULL);
CREATE TABLE IF NOT EXISTS signdesk_meta (id int PRIMARY KEY, layout int NOT NULL, version bigint NOT NULL, writer bytea NOT NULL, confirmed bigint NOT NULL);
CREATE TABLE IF NOT EXISTS signdesk_changes (version bigint PRIMARY KEY, writer bytea NOT NULL, hot int NOT NULL, keys bytea[]);
`

// What only PostgreSQL has: values of a few KB stay in their row and are not
// packed, which costs a commit more than it saves; rows that are changed have
// room beside them.
const sqlTuning = `
ALTER TABLE signdesk_kv SET (fillfactor = 80, toast_tuple_target = 8160);
ALTER TABLE signdesk_kv ALTER COLUMN value SET STORAGE EXTERNAL;
ALTER TABLE signdesk_meta SET (fillfactor = 10);
ALTER TABLE signdesk_changes ALTER COLUMN keys SET STORAGE EXTERNAL;
`

const (
	sqlVersion = `SELECT version FROM signdesk_meta WHERE id = 1`
	sqlLock    = `SELECT version FROM signdesk_meta WHERE id = 1 FOR UPDATE`
	// sqlAdvance takes the place after the version. Nobody else can before the
	// transaction ends.
	sqlAdvance = `UPDATE signdesk_meta SET version = version + 1, writer = $1 WHERE id = 1 RETURNING version`
	// sqlNote says what is written, and ends the transaction if the version read
	// is not the last one: the first column must not be null.
	sqlNote = `INSERT INTO signdesk_changes (version, writer, hot, keys)
VALUES ((SELECT version FROM signdesk_meta WHERE id = 1 AND version = $3 + 1), $1, $4, $2)`
	// sqlNoteShared ends it only if what was read was changed since by others: if
	// one of their keys is in a stretch that begins with an element of $5, and
	// ends before that of $6; or if it is so long ago that their keys may be
	// forgotten.
	sqlNoteShared = `INSERT INTO signdesk_changes (version, writer, hot, keys)
VALUES ((SELECT version FROM signdesk_meta WHERE id = 1 AND NOT EXISTS (
SELECT 1 FROM signdesk_changes c LEFT JOIN LATERAL unnest(c.keys) k(key) ON true
WHERE c.version > $3 AND (c.keys IS NULL OR k.key < ($6::bytea[])[width_bucket(k.key, $5::bytea[])])
) AND EXISTS (SELECT 1 FROM signdesk_changes WHERE version = $3)), $1, $4, $2)`
	sqlPut     = `INSERT INTO signdesk_kv (key, value) SELECT * FROM unnest($1::bytea[], $2::bytea[]) ON CONFLICT (key) DO UPDATE SET value = excluded.value`
	sqlDelete  = `DELETE FROM signdesk_kv WHERE key = ANY($1::bytea[])`
	sqlNotify  = `SELECT pg_notify($1, '')`
	sqlConfirm = `UPDATE signdesk_meta SET confirmed = confirmed + 1 WHERE id = 1`
	sqlKept    = `SELECT count(*) FROM signdesk_changes WHERE version > $1 AND writer = $2`
	sqlPrune   = `DELETE FROM signdesk_changes WHERE version < $1`

	// sqlNews reads what others than a replica changed; its writers begin alike.
	sqlNews        = `SELECT keys FROM signdesk_changes WHERE version > $1 AND version <= $2 AND substring(writer FROM 1 FOR 8) <> $3 ORDER BY version`
	sqlChangedKeys = `SELECT keys FROM signdesk_changes WHERE version > $1 ORDER BY version LIMIT $2`
	// sqlChanges reads what changed after $1 but by the writer $2, one row for a
	// version: the keys, and the values of now for the hot ones, which come first, if
	// it is one of the last $4. They are read by a subquery, as a join might be planned
	// to read the whole table.
	sqlChanges = `SELECT m.version, c.version, c.keys,
CASE WHEN c.version > m.version - $4 THEN ARRAY(
SELECT (SELECT value FROM signdesk_kv v WHERE v.key = k.key) FROM unnest(c.keys) WITH ORDINALITY k(key, n) WHERE k.n <= c.hot ORDER BY k.n
) END
FROM signdesk_meta m
LEFT JOIN (SELECT version, hot, keys FROM signdesk_changes WHERE version > $1 AND writer <> $2 ORDER BY version LIMIT $3) c ON true
WHERE m.id = 1`

	// A page ends after so many rows, or where the values before are too long.
	sqlPage = `SELECT key, value, n FROM (
SELECT key, value, count(*) OVER () AS n, sum(octet_length(value)) OVER (ORDER BY key %[1]s) - octet_length(value) AS before
FROM (SELECT key, value FROM signdesk_kv WHERE key >= $1 AND key < $2 ORDER BY key %[1]s LIMIT $3) p) q
WHERE before < $4 ORDER BY key %[1]s`
	sqlNextKey = `SELECT key FROM signdesk_kv WHERE key >= $1 ORDER BY key LIMIT 1`
)

var sqlPageUp, sqlPageDown = fmt.Sprintf(sqlPage, "ASC"), fmt.Sprintf(sqlPage, "DESC")

// fetch reads a page from the beginning of what is wanted.
func fetch(ctx context.Context, conn *pgx.Conn, w want) (page, error) {
	p := page{from: w.from, to: w.to}
	sql := sqlPageUp
	if w.reverse {
		sql = sqlPageDown
	}
	rows, err := conn.Query(ctx, sql, w.from, w.to, w.rows, max(1, w.rows/pageRows)*pageBytes)
	if err != nil {
		return p, err
	}
	defer rows.Close()
	found := 0
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.key, &r.value, &found); err != nil {
			return p, err
		}
		p.rows = append(p.rows, r)
	}
	if err := rows.Err(); err != nil {
		return p, err
	}
	if n := len(p.rows); n < found || n == w.rows { // there may be more beyond
		if w.reverse {
			p.from = p.rows[n-1].key
		} else {
			p.to = append(bytes.Clone(p.rows[n-1].key), 0)
		}
	}
	if w.reverse {
		for i, j := 0, len(p.rows)-1; i < j; i, j = i+1, j-1 {
			p.rows[i], p.rows[j] = p.rows[j], p.rows[i]
		}
	}
	return p, nil
}

// tables lists the tables that have a key.
func tables(ctx context.Context, conn *pgx.Conn) (list []string, err error) {
	for from := []byte{}; ; {
		var key []byte
		err := conn.QueryRow(ctx, sqlNextKey, from).Scan(&key)
		if errors.Is(err, pgx.ErrNoRows) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		name := tableOf(key)
		list = append(list, string(name))
		from = append(bytes.Clone(name), 1)
	}
}

// create makes the tables, unless they are there. Others may do so at the same
// time, which PostgreSQL does not always forgive.
func create(ctx context.Context, conn *pgx.Conn) (err error) {
	const tries = 20
	for range tries {
		if err = createOnce(ctx, conn); err == nil || !isCode(err, "23505", "42P07", "42710", "40001", "XX000", "40P01") {
			break
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	var layout int
	if err := conn.QueryRow(ctx, `SELECT layout FROM signdesk_meta WHERE id = 1`).Scan(&layout); err != nil {
		return err
	}
	if layout > layoutVersion {
		return fmt.Errorf("tables of layout %d, known up to %d: %w", layout, layoutVersion, store.ErrNewer)
	}
	return nil
}

func createOnce(ctx context.Context, conn *pgx.Conn) error {
	var there bool
	if err := conn.QueryRow(ctx, `SELECT to_regclass('signdesk_meta') IS NOT NULL`).Scan(&there); err == nil && there {
		var n int
		if err := conn.QueryRow(ctx, `SELECT count(*) FROM signdesk_meta`).Scan(&n); err != nil || n > 0 {
			return err // which spares a role without the right to create
		}
	}
	if _, err := conn.Exec(ctx, sqlTables); err != nil {
		return err
	}
	if isPostgres(conn.PgConn()) {
		if _, err := conn.Exec(ctx, sqlTuning); err != nil {
			return err
		}
	}
	_, err := conn.Exec(ctx, `INSERT INTO signdesk_meta (id, layout, version, writer, confirmed) VALUES (1, $1, 0, '', 0) ON CONFLICT (id) DO NOTHING`, layoutVersion)
	return err
}

// isPostgres reports whether the server is PostgreSQL, or as good as.
func isPostgres(conn *pgconn.PgConn) bool { return conn.ParameterStatus("crdb_version") == "" }

// isCode reports whether the server answered with one of these codes.
func isCode(err error, codes ...string) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	return slices.Contains(codes, pg.Code)
}

// pause waits.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
