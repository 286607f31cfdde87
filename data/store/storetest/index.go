package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"signdesk/data/store"
)

// people is a table whose values are words separated by spaces, of which the
// first is a phone number. A phone of "-" stands for none, and "!" is refused.
var people = store.Table{Name: "people", Indexes: []store.Index{
	{Name: "phone", Unique: true, Keys: func(_, value []byte) ([][]byte, error) {
		switch phone, _, _ := strings.Cut(string(value), " "); phone {
		case "-":
			return nil, nil
		case "!":
			return nil, errTest
		default:
			return [][]byte{[]byte(phone)}, nil
		}
	}},
	{Name: "word", Keys: func(_, value []byte) ([][]byte, error) {
		var keys [][]byte
		for _, w := range strings.Split(string(value), " ")[1:] {
			keys = append(keys, []byte(w))
		}
		return keys, nil
	}},
}}

// person puts a record of people.
func (s *subject) person(key, value string) {
	s.t.Helper()
	s.update(func(tx store.Tx) error { return people.Put(tx, []byte(key), []byte(value)) })
}

func (s *subject) wantBy(index string, r store.Range, want ...string) {
	s.t.Helper()
	s.view(func(tx store.Tx) {
		s.t.Helper()
		if got := by(tx, index, r); !slices.Equal(got, want) {
			s.t.Errorf("by %s %+v:\n got %q\nwant %q", index, r, got, want)
		}
	})
}

func by(tx store.Tx, index string, r store.Range) []string {
	var list []string
	for key, value := range people.By(tx, index, r) {
		list = append(list, string(key)+"="+string(value))
	}
	return list
}

func (s *subject) verify() error {
	return store.VerifyTables(context.Background(), s, []store.Table{people})
}

func testIndexUpkeep(t *testing.T, s *subject) {
	s.person("p1", "110 red blue")
	s.person("p2", "120 blue blue")
	s.person("p3", "- a a\x00b ")
	s.person("p4", "1")
	s.wantBy("word", store.Range{}, "p3=- a a\x00b ", "p3=- a a\x00b ", "p3=- a a\x00b ", "p1=110 red blue", "p2=120 blue blue", "p1=110 red blue")
	s.wantBy("word", store.Prefix([]byte("b")), "p1=110 red blue", "p2=120 blue blue")
	s.wantBy("word", store.Range{From: []byte("blue"), To: []byte("blue\x00"), Reverse: true, Limit: 1}, "p2=120 blue blue")
	s.wantBy("phone", store.Range{}, "p4=1", "p1=110 red blue", "p2=120 blue blue")
	s.person("p1", "130 green")
	s.update(func(tx store.Tx) error { return people.Delete(tx, []byte("p2")) })
	s.reopen()
	s.wantBy("word", store.Range{From: []byte("b")}, "p1=130 green")
	s.wantBy("phone", store.Range{Reverse: true}, "p1=130 green", "p4=1")
	s.view(func(tx store.Tx) {
		if key, value := people.Lookup(tx, "phone", []byte("130")); string(key) != "p1" || string(value) != "130 green" {
			t.Errorf("lookup: got %q, %q", key, value)
		}
		for _, phone := range []string{"", "11", "110", "1300"} {
			if key, _ := people.Lookup(tx, "phone", []byte(phone)); key != nil {
				t.Errorf("lookup of %q found %q", phone, key)
			}
		}
		if panics(func() { people.Lookup(tx, "nothing", nil) }) == nil {
			t.Error("an index that was not declared can be used")
		}
	})
	s.update(func(tx store.Tx) error { // deleting what the loop finds
		for key := range people.By(tx, "word", store.Range{}) {
			if err := people.Delete(tx, key); err != nil {
				return err
			}
		}
		return nil
	})
	s.want("people", "p4=1")
	if err := s.verify(); err != nil {
		t.Error(err)
	}
}

func testIndexUnique(t *testing.T, s *subject) {
	s.person("p1", "110 red")
	s.update(func(tx store.Tx) error {
		err := people.Put(tx, []byte("p2"), []byte("110 blue"))
		unique, ok := errors.AsType[*store.UniqueError](err)
		if !ok {
			t.Fatalf("second record with the same phone: got %v, want a UniqueError", err)
		}
		if unique.Table != "people" || unique.Index != "phone" || string(unique.Key) != "110" || string(unique.Holder) != "p1" {
			t.Errorf("got %+v", unique)
		}
		if strings.Contains(err.Error(), "110") {
			t.Errorf("the message tells the phone number: %v", err)
		}
		if err := people.Put(tx, []byte("p2"), []byte("! blue")); !errors.Is(err, errTest) {
			t.Errorf("error of the key function: got %v, want %v", err, errTest)
		}
		long := "2 " + strings.Repeat("w", store.MaxKey)
		if err := people.Put(tx, []byte("p2"), []byte(long)); !errors.Is(err, store.ErrLimit) {
			t.Errorf("long index key: got %v, want %v", err, store.ErrLimit)
		}
		if err := people.Put(tx, nil, []byte("3 blue")); !errors.Is(err, store.ErrLimit) {
			t.Errorf("no key: got %v, want %v", err, store.ErrLimit)
		}
		return nil // the refused writes left nothing behind
	})
	s.want("people", "p1=110 red")
	s.wantBy("word", store.Range{}, "p1=110 red")
	s.update(func(tx store.Tx) error { // handing a key over
		return errors.Join(
			people.Put(tx, []byte("p1"), []byte("110 blue")),
			people.Put(tx, []byte("p1"), []byte("- red")),
			people.Put(tx, []byte("p2"), []byte("110 blue")),
		)
	})
	s.wantBy("phone", store.Range{}, "p2=110 blue")
	if err := s.verify(); err != nil {
		t.Error(err)
	}
}

func testIndexVerify(t *testing.T, s *subject) {
	s.person("p1", "110 red")
	s.person("p2", "120 blue")
	entry := store.Key{}.Str("red")
	entry = append(entry, "p1"...)
	for name, damage := range map[string]func(store.Tx) error{
		"record behind the index's back": func(tx store.Tx) error { return tx.Put("people", []byte("p1"), []byte("130 red")) },
		"record deleted":                 func(tx store.Tx) error { return tx.Delete("people", []byte("p2")) },
		"entry lost":                     func(tx store.Tx) error { return tx.Delete("people/word", entry) },
		"entry added":                    func(tx store.Tx) error { return tx.Put("people/word", append(entry, 'x'), nil) },
		"entry unreadable":               func(tx store.Tx) error { return tx.Put("people/word", []byte("x"), nil) },
		"two holders":                    func(tx store.Tx) error { return tx.Put("people/phone", store.Key{}.Str("110"), nil) },
		"record refused by its index":    func(tx store.Tx) error { return tx.Put("people", []byte("p3"), []byte("!")) },
	} {
		errUndo := errors.New("undo")
		err := s.Update(context.Background(), func(tx store.Tx) error {
			if err := damage(tx); err != nil {
				return err
			}
			if err := store.VerifyTables(context.Background(), within{tx}, []store.Table{people}); !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("%s: got %v, want %v", name, err, store.ErrCorrupt)
			}
			return errUndo
		})
		if !errors.Is(err, errUndo) {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if err := s.verify(); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := store.VerifyTables(ctx, s, []store.Table{people}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// testEngineVerify checks that an engine which can verify itself, which is not
// part of the interface, looks at the declared tables.
func testEngineVerify(t *testing.T, s *subject) {
	s.close()
	s.o.Tables = []store.Table{people}
	s.open()
	engine, ok := s.Store.(interface{ Verify(context.Context) error })
	if !ok {
		t.Skip("the engine has no Verify")
	}
	s.person("p1", "110 red")
	if err := engine.Verify(context.Background()); err != nil {
		t.Error(err)
	}
	s.put("people", "p2", "120 blue")
	if err := engine.Verify(context.Background()); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("record without entries: got %v, want %v", err, store.ErrCorrupt)
	}
}

// within lets VerifyTables look into a transaction.
type within struct{ tx store.Tx }

func (w within) View(_ context.Context, fn func(store.Tx) error) error   { return fn(w.tx) }
func (w within) Update(_ context.Context, fn func(store.Tx) error) error { return fn(w.tx) }
func (w within) Close() error                                            { return nil }

func testIndexRebuild(t *testing.T, s *subject) {
	s.put("people", "p1", "110 red", "p2", "120 blue")
	s.put("people/word", "stray", "")
	s.update(people.Rebuild)
	if err := s.verify(); err != nil {
		t.Error(err)
	}
	s.wantBy("word", store.Range{}, "p2=120 blue", "p1=110 red")
	s.put("people", "p3", "110 green")
	err := s.Update(context.Background(), people.Rebuild)
	if _, ok := errors.AsType[*store.UniqueError](err); !ok {
		t.Errorf("rebuild with two holders of a key: got %v, want a UniqueError", err)
	}
	s.wantBy("word", store.Range{}, "p2=120 blue", "p1=110 red")
}

func testIndexDeclaration(t *testing.T, s *subject) {
	s.close()
	defer s.open()
	keys := people.Indexes[0].Keys
	for name, tables := range map[string][]store.Table{
		"no name":       {{}},
		"slash":         {{Name: "a/b"}},
		"twice":         {{Name: "a"}, {Name: "a"}},
		"index twice":   {{Name: "a", Indexes: []store.Index{{Name: "i", Keys: keys}, {Name: "i", Keys: keys}}}},
		"no index name": {{Name: "a", Indexes: []store.Index{{Keys: keys}}}},
		"no keys":       {{Name: "a", Indexes: []store.Index{{Name: "i"}}}},
	} {
		if opened, err := s.opener(store.Options{Tables: tables}); err == nil {
			t.Errorf("%s: declaration is accepted", name)
			opened.Close()
		}
	}
}

// notes is a table whose index is computed from what a value stands for.
var notes = store.Table{Name: "notes", Decode: func(value []byte) (any, error) { return string(value), nil },
	Indexes: []store.Index{{Name: "word", Of: func(rec any) (keys [][]byte) {
		for _, w := range strings.Fields(rec.(string)) {
			keys = append(keys, []byte(w))
		}
		return keys
	}}}}

// A record that is put back has the entries of its new value only, also if
// somebody else changed it since it was read.
func testIndexPutBack(t *testing.T, s *subject) {
	key := []byte("n")
	put := func(tx store.Tx, value string, was *store.Was) error {
		return notes.PutDecoded(tx, key, []byte(value), value, was)
	}
	for _, between := range []func(tx store.Tx) error{
		func(store.Tx) error { return nil },
		func(tx store.Tx) error { return put(tx, "x y", nil) },
		func(tx store.Tx) error { return notes.Delete(tx, key) },
	} {
		s.update(func(tx store.Tx) error { return put(tx, "a b", nil) })
		s.update(func(tx store.Tx) error {
			rec, was, err := notes.Read(tx, key)
			if rec != "a b" || err != nil {
				t.Errorf("read %v, %v", rec, err)
			}
			if err := between(tx); err != nil {
				return err
			}
			return put(tx, "b c", was)
		})
		s.view(func(tx store.Tx) {
			for word, want := range map[string]bool{"a": false, "b": true, "c": true, "x": false} {
				if found, _ := notes.Lookup(tx, "word", []byte(word)); (found != nil) != want {
					t.Errorf("index has %s: %v, want %v", word, !want, want)
				}
			}
		})
		if err := store.VerifyTables(context.Background(), s, []store.Table{notes}); err != nil {
			t.Error(err)
		}
	}
	s.view(func(tx store.Tx) {
		if rec, was, err := notes.Read(tx, []byte("none")); rec != nil || was != nil || err != nil {
			t.Errorf("read of nothing: %v, %v, %v", rec, was, err)
		}
	})
}
