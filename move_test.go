package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"signdesk/data/store/postgres/postgrestest"
)

// TestMove takes a store from a file to a database, lets it work there, and
// brings it back.
func TestMove(t *testing.T) {
	t.Parallel()
	d := newShell(t)
	file := d.env["SIGNDESK_STORE"]
	dsn := strings.Replace(postgrestest.Start(t), "postgres@", "postgres:pass-word@", 1)
	d.wants("platform delete E-01 A-0101", "已删除")
	d.wants("move "+file+" "+dsn, "read back and the same", "ok    structure and indexes", "ok    records", "ok    audit chain", "The key stays in")
	if code, out := d.run("move " + file + " " + dsn); code != exitError || !strings.Contains(out, "not empty") {
		t.Errorf("move over a store: %d, %s", code, out)
	}
	d.wants("move "+file+" "+file, "is there already")

	d.env["SIGNDESK_STORE"] = dsn
	d.wants("verify", "SIGNDESK_SECRET")
	key, err := os.ReadFile(filepath.Join(filepath.Dir(file), secretFile))
	if err != nil {
		t.Fatal(err)
	}
	d.env["SIGNDESK_SECRET"] = strings.TrimSpace(string(key))
	d.wants("platform show E-01", "已删除")
	d.wants("platform certify 91000000DEMA000013 A-0102 name=虚构青禾贸易有限公司 rep=法示01", "前完成所有材料提交")
	d.wants("verify", "ok    structure and indexes", "ok    records", "ok    audit chain")
	d.wants("doctor", "on PostgreSQL", "no synchronous standby")
	if _, out := d.run("doctor"); strings.Contains(out, "pass-word") {
		t.Errorf("doctor tells the password:\n%s", out)
	}

	back := filepath.Join(filepath.Dir(file), "back.db")
	d.wants("move "+dsn+" "+back, "read back and the same", "ok    audit chain")
	kept := filepath.Join(filepath.Dir(file), "kept.db")
	d.wants("backup "+kept, "kept.db")
	d.wants("restore "+kept, "goes to a database that is empty")
	for _, path := range []string{back, kept} {
		d.env["SIGNDESK_STORE"] = path
		d.wants("verify", "ok    structure and indexes", "ok    audit chain")
		if code, out := d.run("platform show E-01"); code != exitOK {
			t.Errorf("the store that came back: %s", out)
		}
	}
}

func TestMaskPassword(t *testing.T) {
	for place, want := range map[string]string{
		"data/store.db":                                  "data/store.db",
		"postgres://host/db":                             "postgres://host/db",
		"postgres://u:p%40@a:1,b:2/db":                   "postgres://u@a:1,b:2/db",
		"postgres:///db?user=u&password=p&search_path=s": "postgres:///db?search_path=s&user=u",
		"postgresql://u:a:b@c@h/db?sslmode=disable":      "postgresql://u@h/db?sslmode=disable",
	} {
		if got := maskPassword(place); got != want {
			t.Errorf("%s: got %s, want %s", place, got, want)
		}
	}
}
