package store

import (
	"context"
	"errors"
	"os"

	"go.etcd.io/bbolt"
)

// Reopen opens a closed Memory again, with what it holds.
func Reopen(m *Memory, o Options) (*Memory, error) {
	again := &Memory{tables: o.Tables, turn: make(chan struct{}, 1)}
	again.state.Store(m.state.Load())
	again.turn <- struct{}{}
	if err := CheckTables(o.Tables); err != nil {
		return nil, err
	}
	if err := Migrate(context.Background(), again, o.Migrations); err != nil {
		m.state.Store(again.state.Load())
		return nil, err
	}
	return again, nil
}

// VerifyClosed checks the structure of the store in a file.
func VerifyClosed(path string) error {
	f, err := start(path, Options{}, os.OpenFile)
	if err != nil {
		return err
	}
	return errors.Join(f.Verify(context.Background()), f.Close())
}

// FamilyKeys returns the keys in the bucket of a family, in order.
func FamilyKeys(f *File, family string) (keys []string) {
	_ = f.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(familyBucket + family)).ForEach(func(key, _ []byte) error {
			keys = append(keys, string(key))
			return nil
		})
	})
	return keys
}
