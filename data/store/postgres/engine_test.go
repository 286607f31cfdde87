package postgres

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"signdesk/data/store"
	"signdesk/data/store/postgres/postgrestest"
	"signdesk/data/store/tree"
)

// TestLateCommit sends a commit that only writes when it was given up already and done
// again: it must not write over what came after.
func TestLateCommit(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, err := Open(ctx, postgrestest.Start(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	key := store.LayerKey(nil, "t", []byte("k"))
	late := &engine{s: s}
	if err := late.connect(ctx); err != nil {
		t.Fatal(err)
	}
	had := s.cache.now().version
	layer := func(value string) (l tree.Tree) {
		l.Set(key, []byte(value))
		return l
	}
	for _, value := range []string{"once", "later"} {
		if err := s.Update(ctx, func(tx store.Tx) error { return tx.Put("t", []byte("k"), []byte(value)) }); err != nil {
			t.Fatal(err)
		}
	}
	once := layer("once")
	w := pack(&once)
	w.had, w.id, late.reads = had, make([]byte, idLen), &store.Reads{}
	rand.Read(w.id)
	now := s.cache.now()
	w.note(&now, &late.again)
	if err := late.send(ctx, w); !isCode(err, "23502") || w.done {
		t.Errorf("late commit: %v, done: %v", err, w.done)
	}
	late.drop()
	if err := s.View(ctx, func(tx store.Tx) error {
		if got := tx.Get("t", []byte("k")); string(got) != "later" {
			t.Errorf("got %q", got)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// TestAgain: values are told along of tables whose new records others' replicas read.
func TestAgain(t *testing.T) {
	t.Parallel()
	var a again
	told := func(table string) (n int) {
		for range againSample {
			if a.likely([]byte(table)) {
				n++
			}
		}
		return n
	}
	for range 2 {
		if n := told("lines"); n > 0 {
			t.Errorf("%d values of what nobody reads are told", n)
		}
	}
	for range againSample / 4 {
		a.missed([]byte("talks"))
	}
	told("talks") // the sample
	if n := told("talks"); n != againSample {
		t.Errorf("%d values of %d are told", n, againSample)
	}
	for range againTold / againSample {
		told("talks")
	}
	if n := told("talks"); n > 0 {
		t.Errorf("%d values are told for good", n)
	}
	if n := told("lines"); n > 0 {
		t.Errorf("%d values of another table are told", n)
	}
}

// TestGather: a group waits only while others commit in between, and where groups grow.
func TestGather(t *testing.T) {
	t.Parallel()
	const commit = 9 * time.Millisecond
	waits := func(updates int, others bool) bool {
		g := gather{}
		for range 50 {
			g.now = &reader{ran: updates}
			g.end()
			g.others = others
			g.met()
		}
		g.saved(time.Now().Add(-commit))
		began := time.Now()
		g.wait()
		return time.Since(began) >= commit/gatherPart-time.Millisecond
	}
	if waits(20, false) || waits(gatherFew-1, true) {
		t.Error("waits in vain")
	}
	if !waits(20, true) {
		t.Error("does not wait while others are busy")
	}
}

func TestElements(t *testing.T) {
	t.Parallel()
	raw := make([]byte, 20)
	var want []string
	for _, e := range []string{"a", "", "null", "bc"} {
		if want = append(want, e); e == "null" {
			raw = binary.BigEndian.AppendUint32(raw, 1<<32-1)
			continue
		}
		raw = append(binary.BigEndian.AppendUint32(raw, uint32(len(e))), e...)
	}
	var got []string
	next := elements(raw)
	for e, more := next(); more; e, more = next() {
		if e == nil {
			e = []byte("null")
		}
		got = append(got, string(e))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, none := range [][]byte{nil, make([]byte, 12)} { // an array of nothing has no dimension
		if _, more := elements(none)(); more {
			t.Errorf("%d bytes have an element", len(none))
		}
	}
}
