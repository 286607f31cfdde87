package store

import (
	"context"
	"errors"
	"fmt"
)

// A Migration brings a store from one version of its schema to the next. It
// runs in one update, so it must be pure, and what it writes is held in memory.
type Migration struct {
	Name  string // never changed once released
	Apply func(Tx) error
}

const (
	schemaTable = "store/schema"
	// layoutVersion counts changes of the key layout of this package.
	layoutVersion = 1
)

var (
	layoutKey    = Key{}.Str("format")
	migrationKey = Key{}.Str("migration")
)

// Migrate runs those of list that the store has not seen, in order, each in an
// update of its own that also notes its name. Engines call it when they are
// opened. The version of a store is the number of migrations it has seen, and
// list must begin with exactly those: if the store has seen more Migrate
// returns [ErrNewer], if it has seen others [ErrHistory], and changes nothing.
// If a migration fails, those before it stay done.
func Migrate(ctx context.Context, s Store, list []Migration) error {
	var seen []string
	var layout uint64
	err := s.View(ctx, func(tx Tx) error {
		if tx.Get(schemaTable, copyingKey) != nil {
			return ErrCopying
		}
		seen, layout = history(tx)
		return nil
	})
	if err != nil {
		return err
	}
	if layout > layoutVersion {
		return fmt.Errorf("layout %d, known up to %d: %w", layout, layoutVersion, ErrNewer)
	}
	for i, name := range seen {
		if i == len(list) {
			return fmt.Errorf("schema version %d (%s), known up to %d: %w", len(seen), seen[len(seen)-1], i, ErrNewer)
		}
		if name != list[i].Name {
			return fmt.Errorf("migration %d was %q and is now %q: %w", i+1, name, list[i].Name, ErrHistory)
		}
	}
	if layout == 0 {
		if err := s.Update(ctx, func(tx Tx) error {
			return tx.Put(schemaTable, layoutKey, Key{}.Uint(layoutVersion))
		}); err != nil {
			return err
		}
	}
	for i := len(seen); i < len(list); i++ {
		if err := s.Update(ctx, func(tx Tx) error { return list[i].run(tx, i) }); err != nil {
			return fmt.Errorf("migration %d %s: %w", i+1, list[i].Name, err)
		}
	}
	return nil
}

// run applies the migration with index i, unless another process was faster.
func (m Migration) run(tx Tx, i int) error {
	key := append(Key{}, migrationKey...).Uint(uint64(i))
	if done := tx.Get(schemaTable, key); done != nil {
		if string(done) != m.Name {
			return ErrHistory
		}
		return nil
	}
	if m.Name == "" || m.Apply == nil {
		return errors.New("no name or no function")
	}
	if err := m.Apply(tx); err != nil {
		return err
	}
	return tx.Put(schemaTable, key, []byte(m.Name))
}

// history returns the names of the migrations the store has seen, and the
// version of its layout: 0 for an empty store, and one beyond ours if it is
// written in a way that we cannot read.
func history(tx Tx) (seen []string, layout uint64) {
	for _, name := range tx.Scan(schemaTable, Prefix(migrationKey)) {
		seen = append(seen, string(name))
	}
	if b := tx.Get(schemaTable, layoutKey); b != nil {
		r := ReadKey(b)
		if layout = r.Uint(); r.Err() != nil {
			layout = layoutVersion + 1
		}
	}
	return seen, layout
}
