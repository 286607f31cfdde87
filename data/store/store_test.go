package store_test

import (
	"context"
	"path/filepath"
	"testing"

	"signdesk/data/store"
	"signdesk/data/store/storetest"
)

func TestFile(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Opener {
		path := filepath.Join(t.TempDir(), "store")
		t.Cleanup(func() { verifyFile(t, path) })
		return func(o store.Options) (store.Store, error) {
			return store.Open(context.Background(), path, o)
		}
	})
}

func TestMemory(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Opener {
		m, err := store.NewMemory(context.Background(), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return func(o store.Options) (store.Store, error) {
			again, err := store.Reopen(m, o)
			if err != nil {
				return nil, err
			}
			m = again
			return m, nil
		}
	})
}

// verifyFile checks the structure of a store that a test has closed, whatever
// migrations it has seen.
func verifyFile(t *testing.T, path string) {
	t.Helper()
	if err := store.VerifyClosed(path); err != nil {
		t.Errorf("after the test: %v", err)
	}
}
