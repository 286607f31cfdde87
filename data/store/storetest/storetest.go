// Package storetest is the suite that every engine of package store must pass.
// It looks at a store only through its interface, and knows nothing of files.
package storetest

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"signdesk/data/store"
)

// An Opener opens the store of one place: what one call's store kept, the next
// call's store has. It is called again only after the store was closed.
type Opener func(store.Options) (store.Store, error)

// Run runs the suite. place makes a new, empty place, for the length of a test.
func Run(t *testing.T, place func(t *testing.T) Opener) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := &subject{t: t, opener: place(t)}
			s.open()
			defer s.close()
			test.run(t, s)
		})
	}
}

var tests = []struct {
	name string
	run  func(*testing.T, *subject)
}{
	{"Values", testValues},
	{"Limits", testLimits},
	{"Copies", testCopies},
	{"BigValues", testBigValues},
	{"Order", testOrder},
	{"Ranges", testRanges},
	{"WriteWhileScanning", testWriteWhileScanning},
	{"ReadOnly", testReadOnly},
	{"AfterFunction", testAfterFunction},
	{"ErrorChangesNothing", testErrorChangesNothing},
	{"PanicChangesNothing", testPanicChangesNothing},
	{"GoexitChangesNothing", testGoexitChangesNothing},
	{"Neighbours", testNeighbours},
	{"ViewStandsStill", testViewStandsStill},
	{"Counters", testCounters},
	{"WriteSkew", testWriteSkew},
	{"Context", testContext},
	{"Closed", testClosed},
	{"CloseDrains", testCloseDrains},
	{"IndexUpkeep", testIndexUpkeep},
	{"IndexUnique", testIndexUnique},
	{"IndexVerify", testIndexVerify},
	{"EngineVerify", testEngineVerify},
	{"IndexRebuild", testIndexRebuild},
	{"IndexPutBack", testIndexPutBack},
	{"IndexDeclaration", testIndexDeclaration},
	{"Once", testOnce},
	{"OnceConcurrent", testOnceConcurrent},
	{"OnceAt", testOnceAt},
	{"FindOnce", testFindOnce},
	{"Migrations", testMigrations},
	{"MigrationFails", testMigrationFails},
	{"RandomOperations", testRandomOperations},
	{"RandomRecords", testRandomRecords},
	{"Beside", testBeside},
}

// A subject is the store under test.
type subject struct {
	store.Store
	t      *testing.T
	opener Opener
	o      store.Options
}

func (s *subject) open() {
	s.t.Helper()
	var err error
	if s.Store, err = s.opener(s.o); err != nil {
		s.t.Fatalf("open: %v", err)
	}
}

func (s *subject) close() {
	s.t.Helper()
	if err := s.Close(); err != nil {
		s.t.Errorf("close: %v", err)
	}
}

func (s *subject) reopen() {
	s.t.Helper()
	s.close()
	s.open()
}

// update and view run fn and fail the test if that fails.
func (s *subject) update(fn func(store.Tx) error) {
	s.t.Helper()
	if err := s.Update(context.Background(), fn); err != nil {
		s.t.Fatalf("update: %v", err)
	}
}

func (s *subject) view(fn func(store.Tx)) {
	s.t.Helper()
	err := s.View(context.Background(), func(tx store.Tx) error {
		fn(tx)
		return nil
	})
	if err != nil {
		s.t.Fatalf("view: %v", err)
	}
}

// put writes pairs of key and value in an update.
func (s *subject) put(table string, pairs ...string) {
	s.t.Helper()
	s.update(func(tx store.Tx) error {
		for i := 0; i < len(pairs); i += 2 {
			if err := tx.Put(table, []byte(pairs[i]), []byte(pairs[i+1])); err != nil {
				return err
			}
		}
		return nil
	})
}

// want checks the whole content of a table, given as "key=value" in order.
func (s *subject) want(table string, want ...string) {
	s.t.Helper()
	s.view(func(tx store.Tx) { wantScan(s.t, tx, table, store.Range{}, want...) })
}

func wantScan(t *testing.T, tx store.Tx, table string, r store.Range, want ...string) {
	t.Helper()
	if got := scan(tx, table, r); !slices.Equal(got, want) {
		t.Errorf("scan %s %+v:\n got %q\nwant %q", table, r, got, want)
	}
}

func scan(tx store.Tx, table string, r store.Range) []string {
	var list []string
	for key, value := range tx.Scan(table, r) {
		list = append(list, string(key)+"="+string(value))
	}
	return list
}

func wantGet(t *testing.T, tx store.Tx, table, key string, want []byte) {
	t.Helper()
	got := tx.Get(table, []byte(key))
	if !bytes.Equal(got, want) || (got == nil) != (want == nil) {
		t.Errorf("get %s %q: got %q (nil: %v), want %q (nil: %v)", table, key, got, got == nil, want, want == nil)
	}
}
