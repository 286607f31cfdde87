package storetest

import (
	"errors"
	"testing"

	"signdesk/data/store"
)

// step is a migration that counts its runs in the store.
func step(name string) store.Migration {
	return store.Migration{Name: name, Apply: func(tx store.Tx) error {
		return tx.Put("steps", []byte(name), append(tx.Get("steps", []byte(name)), 'x'))
	}}
}

func testMigrations(t *testing.T, s *subject) {
	one, two, three := step("one"), step("two"), step("three")
	s.close()
	s.o.Migrations = []store.Migration{one}
	s.open()
	s.want("steps", "one=x")
	s.reopen()
	s.want("steps", "one=x")
	s.close()
	s.o.Migrations = []store.Migration{one, two, three}
	s.open()
	s.want("steps", "one=x", "three=x", "two=x")
	s.close()
	for _, row := range []struct {
		name string
		list []store.Migration
		want error
	}{
		{"older program", []store.Migration{one, two}, store.ErrNewer},
		{"program without migrations", nil, store.ErrNewer},
		{"renamed", []store.Migration{one, step("zwei"), three}, store.ErrHistory},
		{"inserted", []store.Migration{one, step("more"), two, three}, store.ErrHistory},
	} {
		opened, err := s.opener(store.Options{Migrations: row.list})
		if !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", row.name, err, row.want)
		}
		if err == nil {
			opened.Close()
		}
	}
	s.open()
	s.want("steps", "one=x", "three=x", "two=x")
}

func testMigrationFails(t *testing.T, s *subject) {
	s.put("steps", "before", "x")
	s.close()
	bad := store.Migration{Name: "bad", Apply: func(tx store.Tx) error {
		return errors.Join(tx.Delete("steps", []byte("before")), errTest)
	}}
	for _, list := range [][]store.Migration{
		{step("one"), bad, step("three")},
		{step("one"), {Name: "no function"}},
	} {
		if opened, err := s.opener(store.Options{Migrations: list}); err == nil {
			t.Error("opens though a migration failed")
			opened.Close()
		} else if list[1].Apply != nil && !errors.Is(err, errTest) {
			t.Errorf("got %v, want %v", err, errTest)
		}
	}
	s.o.Migrations = []store.Migration{step("one"), step("bad")}
	s.open()
	s.want("steps", "bad=x", "before=x", "one=x")
}
