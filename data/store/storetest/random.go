package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"signdesk/data/store"
)

// rounds is how many random updates a test makes.
const rounds = 300

// newRand returns a source of random numbers whose seed a failure tells.
func newRand(t *testing.T) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed) // shown if the test fails
	return rand.New(rand.NewPCG(seed, 0))
}

// A model is what the store should hold: values by table and key.
type model map[string]map[string]string

func (m model) clone() model {
	c := model{}
	for table, content := range m {
		c[table] = maps.Clone(content)
	}
	return c
}

// scan returns what a scan should give.
func (m model) scan(table string, r store.Range) []string {
	keys := slices.Sorted(maps.Keys(m[table]))
	if r.Reverse {
		slices.Reverse(keys)
	}
	var list []string
	for _, k := range keys {
		if k >= string(r.From) && (r.To == nil || k < string(r.To)) && (r.Limit <= 0 || len(list) < r.Limit) {
			list = append(list, k+"="+m[table][k])
		}
	}
	return list
}

// A walk does the same random operations on a store and its model.
type walk struct {
	t    *testing.T
	r    *rand.Rand
	m    model
	part bool // keys begin with a string, bounds mostly
}

// testRandomOperations compares random reads and writes with the model, in
// updates that succeed, fail or panic, and across reopening.
func testRandomOperations(t *testing.T, s *subject) {
	(&walk{t: t, r: newRand(t), m: model{"t": {}, "tt": {}, "u": {}}}).run(s)
}

// testBeside is the same with tables that lie beside one another, which nobody is to
// notice.
func testBeside(t *testing.T, s *subject) {
	s.close()
	s.o.Tables = []store.Table{
		{Name: "t", Beside: store.Beside{Family: "f", Mark: 1}},
		{Name: "tt", Beside: store.Beside{Family: "f", Mark: 'x'}},
		{Name: "u", Beside: store.Beside{Family: "f", Mark: 0xFE}},
	}
	s.open()
	if err := s.o.Tables[0].Put(nil, []byte("no string"), nil); !errors.Is(err, store.ErrLimit) {
		t.Errorf("key without a string: got %v, want %v", err, store.ErrLimit)
	}
	(&walk{t: t, r: newRand(t), m: model{"t": {}, "tt": {}, "u": {}}, part: true}).run(s)
}

func (w *walk) run(s *subject) {
	t := w.t
	for range rounds {
		before, end := w.m.clone(), w.r.IntN(10)
		value := panics(func() {
			err := s.Update(context.Background(), func(tx store.Tx) error {
				w.m = before.clone()
				for range w.r.IntN(12) {
					w.operation(tx)
				}
				switch end {
				case 0:
					return errTest
				case 1:
					panic(errTest)
				}
				return nil
			})
			if err != nil && !errors.Is(err, errTest) {
				t.Fatal(err)
			}
		})
		if value != nil && end != 1 {
			t.Fatalf("panic: %v", value)
		}
		if end < 2 {
			w.m = before
		}
		if w.r.IntN(20) == 0 {
			s.reopen()
		}
		s.view(func(tx store.Tx) {
			for range 3 {
				w.read(tx)
			}
		})
		if t.Failed() {
			return
		}
	}
}

func (w *walk) table() string {
	return []string{"t", "tt", "u"}[w.r.IntN(3)]
}

// key returns one of few keys, of bytes that are hard to order.
func (w *walk) key() []byte {
	if w.part {
		return append(store.Key{}.Str(string(w.bytes())), w.bytes()[1:]...)
	}
	return w.bytes()
}

// bound is a key, or something between keys.
func (w *walk) bound() []byte {
	if w.part && w.r.IntN(4) == 0 {
		return w.bytes()
	}
	return w.key()
}

func (w *walk) bytes() []byte {
	key := make([]byte, 1+w.r.IntN(3))
	for i := range key {
		key[i] = "\x00\x01ab\xff"[w.r.IntN(5)]
	}
	return key
}

func (w *walk) span() store.Range {
	r := store.Range{Reverse: w.r.IntN(2) == 0, Limit: max(0, w.r.IntN(10)-4)}
	switch w.r.IntN(5) {
	case 0:
		r.From = w.bound()
	case 1:
		r.To = w.bound()
	case 2:
		r.From, r.To = w.bound(), w.bound()
	case 3:
		p := store.Prefix(w.bound())
		r.From, r.To = p.From, p.To
	}
	return r
}

func (w *walk) operation(tx store.Tx) {
	switch w.r.IntN(5) {
	case 0:
		w.read(tx)
	case 1:
		w.scanAndWrite(tx)
	default:
		w.write(tx)
	}
}

func (w *walk) write(tx store.Tx) {
	table, key := w.table(), w.key()
	var err error
	if w.r.IntN(3) == 0 {
		delete(w.m[table], string(key))
		err = tx.Delete(table, key)
	} else {
		value := strings.Repeat("v", w.r.IntN(1500))
		w.m[table][string(key)] = value
		err = tx.Put(table, key, []byte(value))
	}
	if err != nil {
		w.t.Errorf("write %s %q: %v", table, key, err)
	}
}

func (w *walk) read(tx store.Tx) {
	table, key := w.table(), w.key()
	value := tx.Get(table, key)
	if want, ok := w.m[table][string(key)]; (value != nil) != ok || string(value) != want {
		w.t.Errorf("get %s %q: got %d bytes, want %d, there: %v", table, key, len(value), len(want), ok)
	}
	r := w.span()
	wantScan(w.t, tx, table, r, w.m.scan(table, r)...)
}

func (w *walk) scanAndWrite(tx store.Tx) {
	table, r := w.table(), w.span()
	want := w.m.scan(table, r)
	var got []string
	for key, value := range tx.Scan(table, r) {
		got = append(got, string(key)+"="+string(value))
		w.write(tx)
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("loop over %s %+v that writes:\n got %q\nwant %q", table, r, got, want)
	}
}

// testRandomRecords compares records with indexes with a model of them.
func testRandomRecords(t *testing.T, s *subject) {
	r := newRand(t)
	records := map[string]string{}
	for i := range rounds {
		var after map[string]string
		s.update(func(tx store.Tx) error {
			after = maps.Clone(records)
			for range 1 + r.IntN(4) {
				randomRecord(t, r, tx, after)
			}
			return nil
		})
		records = after
		if i%20 == 0 {
			s.reopen()
			if err := s.verify(); err != nil {
				t.Fatal(err)
			}
		}
		word := string("\x00ab"[r.IntN(3)])
		s.wantBy("word", store.Range{From: []byte(word), To: []byte(word + "\x00")}, havingWord(records, word)...)
		if t.Failed() {
			return
		}
	}
}

// randomRecord writes or deletes one of people, in the store and in records.
func randomRecord(t *testing.T, r *rand.Rand, tx store.Tx, records map[string]string) {
	key := fmt.Sprintf("p%d", r.IntN(12))
	if r.IntN(4) == 0 {
		delete(records, key)
		if err := people.Delete(tx, []byte(key)); err != nil {
			t.Error(err)
		}
		return
	}
	phone := string("-0123456\x00"[r.IntN(9)])
	words := []string{phone}
	for range r.IntN(4) {
		words = append(words, string("\x00ab"[r.IntN(3)]))
	}
	value := strings.Join(words, " ")
	taken := false
	for k, v := range records {
		taken = taken || (k != key && v[:1] == phone && phone != "-")
	}
	err := people.Put(tx, []byte(key), []byte(value))
	if _, refused := errors.AsType[*store.UniqueError](err); refused != taken || (err != nil && !refused) {
		t.Errorf("put %q: got %v, phone taken: %v", value, err, taken)
	}
	if !taken {
		records[key] = value
	}
}

func havingWord(records map[string]string, word string) []string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(records)) {
		if slices.Contains(strings.Split(records[key], " ")[1:], word) {
			list = append(list, key+"="+records[key])
		}
	}
	return list
}
