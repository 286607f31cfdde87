package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// A Table is a table with secondary indexes. It is a declaration, made once
// and not changed; its methods do their work in the transaction they are
// given. The records of such a table are written through Put and Delete only,
// since writing to the transaction directly would leave the indexes behind.
// Reading directly is fine.
type Table struct {
	Name    string // without slash
	Indexes []Index
	// Decode returns what a value stands for, for indexes that are computed from
	// that; it is decoded once for all of them. May be nil.
	Decode func(value []byte) (any, error)
	// Beside is next to what the records lie; the zero value: to one another. Their
	// keys then begin with a [Key.Str].
	Beside Beside
}

// An Index orders the records of a table by other keys. To add, remove or
// change one in a store that has records, call [Table.Rebuild] in a migration.
type Index struct {
	Name   string // without slash
	Unique bool   // no two records may have the same index key
	// Keys returns the index keys of a record: none if the index leaves it
	// out, several to find it by each. It must depend on its arguments alone
	// and not keep or change them. An error refuses the record.
	Keys func(key, value []byte) ([][]byte, error)
	// Of is what takes the place of Keys in a table with Decode: it returns the
	// index keys of what the value stands for.
	Of func(rec any) [][]byte
}

// Put sets the record of key and its index entries. It returns a *[UniqueError]
// if another record has one of its keys in a unique index, and the errors of
// [Tx].Put and of [Index].Keys; either way nothing was changed.
func (t Table) Put(tx Tx, key, value []byte) error {
	return t.change(tx, key, record{value: value}, nil, true)
}

// PutDecoded is Put of a value that stands for rec, as Decode would return it: it
// is not decoded. Nor is the record in its place, if was is what [Table.Read] told
// of that; was may be nil.
func (t Table) PutDecoded(tx Tx, key, value []byte, rec any, was *Was) error {
	return t.change(tx, key, record{value, rec}, was, true)
}

// A Was is a record as it was read, with the entries that it has. It stays true
// whatever the caller does to what he got with it.
type Was struct {
	value   []byte
	entries [][][]byte // by index
}

// Read returns what the record of key stands for, and how it was, for
// [Table.PutDecoded]; nil if there is none. The table has Decode.
func (t Table) Read(tx Tx, key []byte) (rec any, was *Was, err error) {
	r := record{value: tx.Get(t.Name, key)}
	if r.value == nil {
		return nil, nil, nil
	}
	if r.rec, err = t.Decode(r.value); err != nil {
		return nil, nil, err
	}
	was = &Was{value: r.value, entries: make([][][]byte, len(t.Indexes))}
	for i, ix := range t.Indexes {
		if was.entries[i], err = t.entriesOf(ix, key, &r); err != nil {
			return nil, nil, err
		}
	}
	return r.rec, was, nil
}

// Delete removes the record of key, which need not exist, and its entries.
func (t Table) Delete(tx Tx, key []byte) error {
	return t.change(tx, key, record{}, nil, false)
}

// Lookup returns the first record with the given index key, in the order of
// their keys; nil if there is none. It panics if the index was not declared.
func (t Table) Lookup(tx Tx, index string, indexKey []byte) (key, value []byte) {
	for key, value := range t.By(tx, index, only(indexKey)) {
		return key, value
	}
	return nil, nil
}

// By goes over the records whose index keys are in r, in the order of the
// index keys and then of their own. A record with several keys in r comes
// several times. As in [Tx].Scan the loop sees the index as it stood when the
// loop began, but each record as it is when its turn comes; one that is gone is
// left out. By panics if the index was not declared.
func (t Table) By(tx Tx, index string, r Range) iter.Seq2[[]byte, []byte] {
	entries := t.entries(t.index(index))
	r.From = entryBound(r.From)
	r.To = entryBound(r.To)
	return func(yield func(key, value []byte) bool) {
		for entry := range tx.Scan(entries, r) {
			_, key, ok := cutEscaped(entry)
			value := tx.Get(t.Name, key)
			if !ok || value == nil {
				continue // deleted by the loop body; or corrupt, as Verify reports
			}
			if !yield(key, value) {
				return
			}
		}
	}
}

// Rebuild makes all index entries of the table anew from its records. Its errors
// are those of Put; the update should then fail.
func (t Table) Rebuild(tx Tx) error {
	for _, ix := range t.Indexes {
		for entry := range tx.Scan(t.entries(ix), Range{}) {
			if err := tx.Delete(t.entries(ix), entry); err != nil {
				return err
			}
		}
	}
	for key, value := range tx.Scan(t.Name, Range{}) {
		r := record{value: value}
		for _, ix := range t.Indexes {
			entries, err := t.entriesOf(ix, key, &r)
			if err == nil {
				err = t.check(tx, ix, key, entries)
			}
			if err == nil {
				err = entryChange{table: t.entries(ix), put: entries}.apply(tx)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// index returns the index of that name.
func (t Table) index(name string) Index {
	for _, ix := range t.Indexes {
		if ix.Name == name {
			return ix
		}
	}
	panic("store: table " + t.Name + " has no index " + name)
}

// entries is the table that holds the entries of ix.
func (t Table) entries(ix Index) string {
	return t.Name + "/" + ix.Name
}

// An entryChange is what a write of a record does to one index.
type entryChange struct {
	table    string
	del, put [][]byte
}

// change writes a record, or deletes it if keep is false. It first finds all
// that could refuse the write and then changes everything.
func (t Table) change(tx Tx, key []byte, after record, was *Was, keep bool) error {
	if t.Beside.Family != "" && firstPart(key) < 0 {
		return fmt.Errorf("store: %s: key %x begins with no string: %w", t.Name, key, ErrLimit)
	}
	if len(t.Indexes) == 0 {
		return t.write(tx, key, after.value, keep)
	}
	old := record{value: tx.Get(t.Name, key)}
	if was != nil && (old.value == nil || !bytes.Equal(was.value, old.value)) {
		was = nil // it was changed in between
	}
	changes := make([]entryChange, 0, len(t.Indexes))
	for i, ix := range t.Indexes {
		c := entryChange{table: t.entries(ix)}
		var had, has [][]byte
		var err error
		switch {
		case was != nil:
			had = was.entries[i]
		case old.value != nil:
			if had, err = t.entriesOf(ix, key, &old); err != nil {
				return err
			}
		}
		if keep {
			if has, err = t.entriesOf(ix, key, &after); err != nil {
				return err
			}
		}
		c.del, c.put = without(had, has), without(has, had)
		if err := t.check(tx, ix, key, c.put); err != nil {
			return err
		}
		changes = append(changes, c)
	}
	if err := t.write(tx, key, after.value, keep); err != nil {
		return err
	}
	for _, c := range changes {
		if err := c.apply(tx); err != nil {
			return err
		}
	}
	return nil
}

func (t Table) write(tx Tx, key, value []byte, keep bool) error {
	if keep {
		return tx.Put(t.Name, key, value)
	}
	return tx.Delete(t.Name, key)
}

func (c entryChange) apply(tx Tx) error {
	for _, entry := range c.del {
		if err := tx.Delete(c.table, entry); err != nil {
			return err
		}
	}
	for _, entry := range c.put {
		if err := tx.Put(c.table, entry, nil); err != nil {
			return err
		}
	}
	return nil
}

// check refuses entries of the record of key that are too long or, in a unique
// index, taken.
func (t Table) check(tx Tx, ix Index, key []byte, put [][]byte) error {
	for _, entry := range put {
		if len(entry) > MaxKey {
			return fmt.Errorf("store: %s: entry of %d bytes: %w", t.entries(ix), len(entry), ErrLimit)
		}
		if !ix.Unique {
			continue
		}
		indexKey, _, _ := cutEscaped(entry)
		if holder, _ := t.Lookup(tx, ix.Name, indexKey); holder != nil && !bytes.Equal(holder, key) {
			return &UniqueError{Table: t.Name, Index: ix.Name, Key: indexKey, Holder: holder}
		}
	}
	return nil
}

// entriesOf returns the keys of the entries of a record, sorted, each once.
func (t Table) entriesOf(ix Index, key []byte, r *record) ([][]byte, error) {
	indexKeys, err := t.keysOf(ix, key, r)
	if err != nil {
		return nil, fmt.Errorf("store: index %s: %w", t.entries(ix), err)
	}
	list := make([][]byte, 0, len(indexKeys))
	for _, k := range indexKeys {
		list = append(list, append(Key{}.Str(string(k)), key...))
	}
	if len(list) < 2 {
		return list, nil
	}
	slices.SortFunc(list, bytes.Compare)
	return slices.CompactFunc(list, bytes.Equal), nil
}

// A record is a value and, once somebody needed it, what it stands for.
type record struct {
	value []byte
	rec   any
}

func (t Table) keysOf(ix Index, key []byte, r *record) ([][]byte, error) {
	if ix.Of == nil {
		return ix.Keys(key, r.value)
	}
	if r.rec == nil {
		var err error
		if r.rec, err = t.Decode(r.value); err != nil {
			return nil, err
		}
	}
	return ix.Of(r.rec), nil
}

// entryBound is the beginning of all entries of an index key. Such beginnings
// compare as the index keys do, whatever follows them; nil stays nil.
func entryBound(indexKey []byte) []byte {
	if indexKey == nil {
		return nil
	}
	return Key{}.Str(string(indexKey))
}

// only is the range of a single key.
func only(key []byte) Range {
	return Range{From: key, To: append(bytes.Clone(key), 0)}
}

// without returns those of a that are not in b, both sorted.
func without(a, b [][]byte) [][]byte {
	var rest [][]byte
	for _, x := range a {
		if _, found := slices.BinarySearchFunc(b, x, bytes.Compare); !found {
			rest = append(rest, x)
		}
	}
	return rest
}

// maxProblems is how many problems of an index VerifyTables lists.
const maxProblems = 10

// VerifyTables compares every index of the given tables with what a scan of
// their records gives. The error wraps [ErrCorrupt] and lists the first
// problems of each index, records by the hexadecimal form of their keys.
func VerifyTables(ctx context.Context, s Store, tables []Table) error {
	var found error
	err := s.View(ctx, func(tx Tx) error {
		found = nil
		for _, t := range tables {
			for _, ix := range t.Indexes {
				problems, err := t.verify(ctx, tx, ix)
				if err != nil {
					return err
				}
				found = errors.Join(found, problems)
			}
		}
		return nil
	})
	if err == nil && found != nil {
		err = fmt.Errorf("store: verify: %w: %w", ErrCorrupt, found)
	}
	return err
}

// verify returns as problems where the index and the records differ, and as
// err that ctx is done. It reads each of them once, in order.
func (t Table) verify(ctx context.Context, tx Tx, ix Index) (problems, err error) {
	name := t.entries(ix)
	var list []error
	report := func(format string, args ...any) {
		if len(list) < maxProblems {
			list = append(list, fmt.Errorf("%s: %w", name, fmt.Errorf(format, args...)))
		}
	}
	for key, value := range tx.Scan(t.Name, Range{}) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		entries, err := t.entriesOf(ix, key, &record{value: value})
		if err != nil {
			report("record %x: %w", key, err)
		}
		for _, e := range entries {
			if tx.Get(name, e) == nil {
				report("record %x has no entry", key)
			}
		}
	}
	var before []byte
	for entry := range tx.Scan(name, Range{}) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		indexKey, key, ok := cutEscaped(entry)
		if !ok || !t.hasEntry(tx, ix, key, entry) {
			report("entry of record %x that does not belong to it", key)
		}
		if ix.Unique && before != nil && bytes.Equal(before, indexKey) {
			report("record %x is not the first with its key", key)
		}
		before = append([]byte{}, indexKey...)
	}
	return errors.Join(list...), nil
}

// hasEntry reports whether the record of key calls for entry.
func (t Table) hasEntry(tx Tx, ix Index, key, entry []byte) bool {
	value := tx.Get(t.Name, key)
	if value == nil {
		return false
	}
	entries, err := t.entriesOf(ix, key, &record{value: value})
	if err != nil {
		return true // reported with the record
	}
	_, found := slices.BinarySearchFunc(entries, entry, bytes.Compare)
	return found
}

// CheckTables reports declarations that cannot work, to engines that are opened.
func CheckTables(tables []Table) error {
	seen := map[string]bool{}
	declare := func(full, last string) error {
		if last == "" || strings.ContainsAny(last, "/\x00") || len(full) > maxTable || seen[full] {
			return fmt.Errorf("store: table or index name %q is not allowed or used twice", full)
		}
		seen[full] = true
		return nil
	}
	marks := map[Beside]bool{}
	for _, t := range tables {
		if err := declare(t.Name, t.Name); err != nil {
			return err
		}
		if b := t.Beside; b != (Beside{}) {
			if b.Family == "" || b.Mark == 0 || b.Mark == 0xFF || marks[b] {
				return fmt.Errorf("store: table %s lies beside %q by mark %d, which is not allowed or used twice", t.Name, b.Family, b.Mark)
			}
			marks[b] = true
		}
		for _, ix := range t.Indexes {
			if err := declare(t.entries(ix), ix.Name); err != nil {
				return err
			}
			if ix.Keys == nil && (ix.Of == nil || t.Decode == nil) {
				return fmt.Errorf("store: index %s has no key function", t.entries(ix))
			}
		}
	}
	return nil
}
