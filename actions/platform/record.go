package platform

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"signdesk/data/store"
)

// Meta is what every record has. It is kept by save.
type Meta struct {
	CreatedAt, UpdatedAt time.Time // UTC, milliseconds
	Version              int       // 1 when created
}

func (m *Meta) meta() *Meta { return m }

// A record is what is stored of an entity. Its exported fields are its stored
// shape: new fields may be added, since they read as zero from older records;
// renaming or changing one takes a migration.
type record interface {
	meta() *Meta
	key() string
	status() string // its state in the table's machine; "" if it has none
}

// recordOf lets functions take a table of T and work with *T.
type recordOf[T any] interface {
	*T
	record
}

// A machine lists the states that may follow each state; those after "" may
// come first. Save refuses every other change, so that no operation can make
// an illegal transition.
type machine map[string][]string

func (m machine) allows(from, to string) bool {
	return m == nil || from == to && from != "" || slices.Contains(m[from], to)
}

// A table is where records of one type are kept, under their id.
type table[K ~string, T any, P recordOf[T]] struct {
	store.Table
	states machine
}

// An index of records: what it finds them by.
type index[T any] struct {
	name   string
	unique bool
	keys   func(*T) []store.Key // none: not in the index
}

func newTable[K ~string, T any, P recordOf[T]](name string, states machine, indexes ...index[T]) table[K, T, P] {
	t := table[K, T, P]{Table: store.Table{Name: name}, states: states}
	for _, ix := range indexes {
		t.Indexes = append(t.Indexes, store.Index{Name: ix.name, Unique: ix.unique, Keys: func(_, value []byte) ([][]byte, error) {
			rec := new(T)
			if err := json.Unmarshal(value, rec); err != nil {
				return nil, err
			}
			var keys [][]byte
			for _, k := range ix.keys(rec) {
				keys = append(keys, k)
			}
			return keys, nil
		}})
	}
	return t
}

// key makes an index key of its parts.
func key[S ~string](first S, rest ...string) store.Key {
	k := store.Key{}.Str(string(first))
	for _, s := range rest {
		k = k.Str(s)
	}
	return k
}

// one is for indexes with one key a record.
func one(k store.Key) []store.Key { return []store.Key{k} }

// oneIf is for indexes that leave some records out.
func oneIf(in bool, k store.Key) []store.Key {
	if !in {
		return nil
	}
	return []store.Key{k}
}

// decode reads a stored record; a damaged one ends the transaction.
func (tb table[K, T, P]) decode(t *Tx, value []byte) *T {
	rec := new(T)
	if err := json.Unmarshal(value, rec); err != nil {
		t.fail(fmt.Errorf("platform: record of %s: %w", tb.Name, err))
		return nil
	}
	return rec
}

// get returns the record of that id, or nil.
func (tb table[K, T, P]) get(t *Tx, id K) *T {
	if id == "" {
		return nil
	}
	value := t.tx.Get(tb.Name, key(id))
	if value == nil {
		return nil
	}
	return tb.decode(t, value)
}

// find returns the first record with that index key, or nil.
func (tb table[K, T, P]) find(t *Tx, index string, k store.Key) *T {
	_, value := tb.Lookup(t.tx, index, k)
	if value == nil {
		return nil
	}
	return tb.decode(t, value)
}

// list returns the records whose index key begins with k, in its order.
func (tb table[K, T, P]) list(t *Tx, index string, k store.Key) []*T {
	return tb.listRange(t, index, store.Prefix(k))
}

func (tb table[K, T, P]) listRange(t *Tx, index string, r store.Range) []*T {
	var all []*T
	for _, value := range tb.By(t.tx, index, r) {
		rec := tb.decode(t, value)
		if rec == nil {
			return nil
		}
		all = append(all, rec)
	}
	return all
}

// all returns every record, in the order of ids.
func (tb table[K, T, P]) all(t *Tx) []*T {
	var all []*T
	for _, value := range t.tx.Scan(tb.Name, store.Range{}) {
		rec := tb.decode(t, value)
		if rec == nil {
			return nil
		}
		all = append(all, rec)
	}
	return all
}

// redacted is implemented by records with secrets: what the audit trail may
// keep of them.
type redacted interface{ redact() any }

// save stores the record, new or changed, and writes its audit event. It
// refuses transitions that the table's machine does not list.
func (tb table[K, T, P]) save(t *Tx, rec *T) {
	if t.err != nil {
		return
	}
	p := P(rec)
	id := key(p.key())
	var before any
	from := ""
	if value := t.tx.Get(tb.Name, id); value != nil {
		old := tb.decode(t, value)
		if old == nil {
			return
		}
		from, before = P(old).status(), old
		m := P(old).meta()
		p.meta().CreatedAt, p.meta().Version = m.CreatedAt, m.Version+1
	} else {
		p.meta().Version = 1
		if p.meta().CreatedAt.IsZero() {
			p.meta().CreatedAt = t.at
		}
	}
	if !t.seeding && !tb.states.allows(from, p.status()) {
		t.fail(&TransitionError{Table: tb.Name, ID: p.key(), From: from, To: p.status()})
		return
	}
	p.meta().UpdatedAt = t.at
	value, err := json.Marshal(rec)
	if err == nil {
		err = tb.Put(t.tx, id, value)
	}
	if err != nil {
		t.fail(fmt.Errorf("platform: save %s %s: %w", tb.Name, p.key(), err))
		return
	}
	name := p.key()
	if s, ok := any(rec).(interface{ auditID() string }); ok {
		name = s.auditID()
	}
	t.audit(tb.Name, name, before, rec)
}

// A TransitionError is an attempt at a change of state that the entity does not
// know: a mistake in this package, never a user's.
type TransitionError struct {
	Table, ID, From, To string
}

func (e *TransitionError) Error() string {
	return fmt.Sprintf("platform: %s %s must not go from %q to %q", e.Table, e.ID, e.From, e.To)
}
