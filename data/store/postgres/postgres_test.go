package postgres_test

import (
	"context"
	"testing"

	"signdesk/data/store"
	"signdesk/data/store/postgres"
	"signdesk/data/store/postgres/postgrestest"
	"signdesk/data/store/storetest"
)

var ctx = context.Background()

func TestStore(t *testing.T) {
	storetest.Run(t, opener(0))
}

// TestStoreSmallCache runs the suite with a cache that keeps next to nothing, so
// that every path which reads from the database is taken.
func TestStoreSmallCache(t *testing.T) {
	storetest.Run(t, opener(2000))
}

func opener(cache int) func(t *testing.T) storetest.Opener {
	return func(t *testing.T) storetest.Opener {
		dsn := postgrestest.Start(t)
		return func(o store.Options) (store.Store, error) {
			return postgres.Open(ctx, dsn, postgres.Options{Options: o, Cache: cache})
		}
	}
}
