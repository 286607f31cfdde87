package storetest

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"signdesk/data/store"
)

func testValues(t *testing.T, s *subject) {
	check := func(tx store.Tx) {
		t.Helper()
		wantGet(t, tx, "a", "absent", nil)
		wantGet(t, tx, "never written", "k", nil)
		wantGet(t, tx, "a", "k", []byte("new"))
		wantGet(t, tx, "b", "k", []byte("other table"))
		wantGet(t, tx, "a", "empty", []byte{})
		wantGet(t, tx, "a", "nil", []byte{})
		wantGet(t, tx, "a", "deleted", nil)
		wantGet(t, tx, "a", "\x00", []byte("\x00\xff"))
		wantScan(t, tx, "never written", store.Range{})
	}
	s.update(func(tx store.Tx) error {
		return errors.Join(
			tx.Put("a", []byte("k"), []byte("old")),
			tx.Put("a", []byte("k"), []byte("new")),
			tx.Put("b", []byte("k"), []byte("other table")),
			tx.Put("a", []byte("empty"), []byte{}),
			tx.Put("a", []byte("nil"), nil),
			tx.Put("a", []byte("\x00"), []byte("\x00\xff")),
			tx.Put("a", []byte("deleted"), []byte("v")),
			tx.Delete("a", []byte("deleted")),
			tx.Delete("a", []byte("absent")),
			tx.Delete("never written", []byte("k")),
		)
	})
	s.view(check)
	s.reopen()
	s.view(check)
	s.update(func(tx store.Tx) error {
		check(tx)
		return tx.Delete("a", []byte("k"))
	})
	s.reopen()
	s.view(func(tx store.Tx) { wantGet(t, tx, "a", "k", nil) })
}

func testLimits(t *testing.T, s *subject) {
	long := bytes.Repeat([]byte("k"), store.MaxKey+1)
	s.update(func(tx store.Tx) error {
		for name, err := range map[string]error{
			"empty key":          tx.Put("a", nil, []byte("v")),
			"long key":           tx.Put("a", long, []byte("v")),
			"big value":          tx.Put("a", []byte("k"), make([]byte, store.MaxValue+1)),
			"no table":           tx.Put("", []byte("k"), nil),
			"zero in table":      tx.Put("a\x00", []byte("k"), nil),
			"long table":         tx.Put(strings.Repeat("t", 1000), []byte("k"), nil),
			"delete of long key": tx.Delete("a", long),
		} {
			if !errors.Is(err, store.ErrLimit) {
				t.Errorf("%s: got %v, want %v", name, err, store.ErrLimit)
			}
		}
		wantScan(t, tx, "a", store.Range{})
		return tx.Put("a", long[1:], []byte("v"))
	})
	s.reopen()
	s.want("a", string(long[1:])+"=v")
}

func testCopies(t *testing.T, s *subject) {
	s.update(func(tx store.Tx) error {
		key, value := []byte("k"), []byte("v")
		if err := tx.Put("a", key, value); err != nil {
			return err
		}
		key[0], value[0] = 'x', 'x'
		spoil(tx)
		return nil
	})
	s.view(spoil)
	s.update(func(tx store.Tx) error {
		spoil(tx)
		return nil
	})
	s.want("a", "k=v")
}

// spoil writes to all that the transaction hands out.
func spoil(tx store.Tx) {
	if v := tx.Get("a", []byte("k")); len(v) > 0 {
		v[0] = 'x'
	}
	for k, v := range tx.Scan("a", store.Range{}) {
		k[0], v[0] = 'x', 'x'
		_, _ = append(k, 'x'), append(v, 'x')
	}
}

func testBigValues(t *testing.T, s *subject) {
	const size = 5 << 20
	value := func(i int) []byte {
		b := make([]byte, size+i)
		rand.NewChaCha8([32]byte{byte(i)}).Read(b)
		return b
	}
	for i := range 3 {
		s.put("big", string(rune('a'+i)), string(value(i)), "small", "s")
	}
	s.update(func(tx store.Tx) error {
		if !bytes.Equal(tx.Get("big", []byte("b")), value(1)) {
			t.Error("value of 5 MB differs in an update")
		}
		return tx.Put("big", []byte("b"), value(3))
	})
	s.reopen()
	s.view(func(tx store.Tx) {
		i := 0
		for key, got := range tx.Scan("big", store.Range{Limit: 3}) {
			if want := value([]int{0, 3, 2}[i]); !bytes.Equal(got, want) {
				t.Errorf("value of %s differs: %d bytes, want %d", key, len(got), len(want))
			}
			i++
		}
	})
}

func testOrder(t *testing.T, s *subject) {
	keys := []string{"\x00", "\x00\x00", "\x00\xff", "a", "a\x00", "a\x00b", "a\x01", "aa", "b", "\x7f", "\x80", "中", "\xff", "\xff\x00", "\xff\xff"}
	if !slices.IsSorted(keys) {
		t.Fatal("the test's keys are not sorted")
	}
	var pairs, want []string
	for _, i := range rand.Perm(len(keys)) {
		pairs = append(pairs, keys[i], "v")
	}
	for _, k := range keys {
		want = append(want, k+"=v")
	}
	s.put("a", pairs...)
	s.put("a\x01", "k", "neighbour")
	s.put("aa", "k", "neighbour")
	s.put("A", "k", "neighbour")
	s.want("a", want...)
	s.reopen()
	s.want("a", want...)
	slices.Reverse(want)
	s.view(func(tx store.Tx) { wantScan(t, tx, "a", store.Range{Reverse: true}, want...) })
}

func testRanges(t *testing.T, s *subject) {
	s.put("t", "a", "1", "b", "2", "ba", "3", "c", "4", "\xff\xff", "5")
	b, c := []byte("b"), []byte("c")
	rows := []struct {
		name string
		r    store.Range
		want []string
	}{
		{"all", store.Range{}, []string{"a=1", "b=2", "ba=3", "c=4", "\xff\xff=5"}},
		{"from", store.Range{From: b}, []string{"b=2", "ba=3", "c=4", "\xff\xff=5"}},
		{"from between", store.Range{From: []byte("b\x00")}, []string{"ba=3", "c=4", "\xff\xff=5"}},
		{"to", store.Range{To: c}, []string{"a=1", "b=2", "ba=3"}},
		{"from to", store.Range{From: b, To: c}, []string{"b=2", "ba=3"}},
		{"from to, back", store.Range{From: b, To: c, Reverse: true}, []string{"ba=3", "b=2"}},
		{"back", store.Range{Reverse: true, Limit: 2}, []string{"\xff\xff=5", "c=4"}},
		{"back, to between", store.Range{Reverse: true, To: []byte("bb")}, []string{"ba=3", "b=2", "a=1"}},
		{"back, to beyond", store.Range{Reverse: true, To: []byte("\xff\xff\xff"), Limit: 1}, []string{"\xff\xff=5"}},
		{"back, to first", store.Range{Reverse: true, To: []byte("a")}, nil},
		{"limit", store.Range{Limit: 2}, []string{"a=1", "b=2"}},
		{"limit beyond", store.Range{Limit: 9, From: c}, []string{"c=4", "\xff\xff=5"}},
		{"empty", store.Range{From: b, To: b}, nil},
		{"to nothing", store.Range{To: []byte{}}, nil},
		{"to nothing, back", store.Range{To: []byte{}, Reverse: true}, nil},
		{"upside down", store.Range{From: c, To: b}, nil},
		{"upside down, back", store.Range{From: c, To: b, Reverse: true}, nil},
		{"prefix", store.Prefix(b), []string{"b=2", "ba=3"}},
		{"prefix of no key", store.Prefix([]byte("bb")), nil},
		{"prefix of ones", store.Prefix([]byte{0xFF}), []string{"\xff\xff=5"}},
		{"empty prefix", store.Prefix(nil), []string{"a=1", "b=2", "ba=3", "c=4", "\xff\xff=5"}},
	}
	check := func(tx store.Tx) {
		for _, row := range rows {
			t.Log(row.name)
			wantScan(t, tx, "t", row.r, row.want...)
		}
	}
	s.view(check)
	// The same with half of it not yet committed.
	s.put("t", "bb", "9", "c", "9")
	s.update(func(tx store.Tx) error {
		err := errors.Join(tx.Delete("t", []byte("bb")), tx.Put("t", c, []byte("4")), tx.Delete("t", b), tx.Put("t", b, []byte("2")))
		check(tx)
		return err
	})
}

func testWriteWhileScanning(t *testing.T, s *subject) {
	s.put("t", "b", "1", "d", "1", "f", "1")
	s.update(func(tx store.Tx) error {
		seq := tx.Scan("t", store.Range{})
		if err := tx.Put("t", []byte("a"), []byte("1")); err != nil {
			return err
		}
		var seen []string
		for key, value := range seq {
			seen = append(seen, string(key)+"="+string(value))
			// Ahead, behind, in place, and the one that comes next.
			if err := errors.Join(
				tx.Put("t", append(key, 'x'), []byte("new")),
				tx.Put("t", []byte("0"), []byte("new")),
				tx.Put("t", key[:1], []byte("2")),
				tx.Delete("t", []byte("d")),
				tx.Put("t", []byte("f"), []byte("2")),
			); err != nil {
				return err
			}
			wantGet(t, tx, "t", "d", nil)
		}
		if got := strings.Join(seen, " "); got != "a=1 b=1 d=1 f=1" {
			t.Errorf("loop that writes saw %s", got)
		}
		if got := len(scan(tx, "t", store.Range{})); got != 8 {
			t.Errorf("scan after the loop: %d keys, want 8", got)
		}
		return nil
	})
	s.want("t", "0=new", "a=2", "ax=new", "b=2", "bx=new", "dx=new", "f=2", "fx=new")
	s.update(func(tx store.Tx) error { // deleting all that is found
		for key := range tx.Scan("t", store.Range{Reverse: true}) {
			if err := tx.Delete("t", key); err != nil {
				return err
			}
		}
		return nil
	})
	s.want("t")
}

func testReadOnly(t *testing.T, s *subject) {
	s.put("a", "k", "v")
	s.view(func(tx store.Tx) {
		if err := tx.Put("a", []byte("k"), []byte("x")); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("put in a view: got %v, want %v", err, store.ErrReadOnly)
		}
		if err := tx.Delete("a", []byte("k")); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("delete in a view: got %v, want %v", err, store.ErrReadOnly)
		}
		wantGet(t, tx, "a", "k", []byte("v"))
	})
	s.want("a", "k=v")
}
