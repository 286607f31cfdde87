package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"slices"
)

// ErrNotEmpty refuses to copy over what is there.
var ErrNotEmpty = errors.New("target store is not empty")

// A TableCount is how much a table holds.
type TableCount struct {
	Name string
	Keys int
	sum  [sha256.Size]byte // of keys and values
}

const (
	copyBytes = 4 << 20 // of one update of a copy
	copyKeys  = 5000
)

// copyingKey is in the schema table of a store while a copy is written to it.
var copyingKey = Key{}.Str("copying")

// Copy copies all that from holds, as it stands when it is called, to another
// store, which must be of another place and empty: opened with no [Options]. It
// then reads both and compares them. Until the copy is whole the target cannot
// be opened; one that failed is to be thrown away.
func Copy(ctx context.Context, from, to Store) (counts []TableCount, err error) {
	if err := begin(ctx, to); err != nil {
		return nil, fmt.Errorf("store: copy: %w", err)
	}
	err = from.View(ctx, func(tx Tx) error {
		for _, table := range Tables(tx) {
			n, err := copyTable(ctx, tx, to, table)
			if err != nil {
				return err
			}
			counts = append(counts, n)
		}
		return nil
	})
	if err == nil {
		err = to.Update(ctx, func(tx Tx) error { return tx.Delete(schemaTable, copyingKey) })
	}
	if err == nil {
		err = readBack(ctx, to, counts)
	}
	if err != nil {
		return nil, fmt.Errorf("store: copy: %w", err)
	}
	return counts, nil
}

// begin sees that the store holds nothing but its layout, and marks it.
func begin(ctx context.Context, to Store) error {
	empty := true
	if err := to.View(ctx, func(tx Tx) error {
		for _, name := range Tables(tx) {
			for key := range tx.Scan(name, Range{}) {
				empty = empty && name == schemaTable && string(key) == string(layoutKey)
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if !empty {
		return ErrNotEmpty
	}
	return to.Update(ctx, func(tx Tx) error { return tx.Put(schemaTable, copyingKey, nil) })
}

// copyTable copies a table, several updates of some size one after another.
func copyTable(ctx context.Context, tx Tx, to Store, table string) (TableCount, error) {
	d := newDigest(table)
	var keys, values [][]byte
	size := 0
	flush := func() error {
		err := to.Update(ctx, func(tx Tx) error {
			for i, key := range keys {
				if err := tx.Put(table, key, values[i]); err != nil {
					return err
				}
			}
			return nil
		})
		keys, values, size = nil, nil, 0
		return err
	}
	for key, value := range tx.Scan(table, Range{}) {
		d.add(key, value)
		keys, values = append(keys, key), append(values, value)
		if size += len(key) + len(value); size >= copyBytes || len(keys) >= copyKeys {
			if err := flush(); err != nil {
				return TableCount{}, err
			}
		}
	}
	if err := flush(); err != nil {
		return TableCount{}, err
	}
	return d.count(), nil
}

// readBack reads a store and compares it with what was copied.
func readBack(ctx context.Context, s Store, want []TableCount) error {
	var got []TableCount
	if err := s.View(ctx, func(tx Tx) error {
		got = nil
		for _, name := range Tables(tx) {
			d := newDigest(name)
			for key, value := range tx.Scan(name, Range{}) {
				d.add(key, value)
			}
			got = append(got, d.count())
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("%w: what was read back is not what was written", ErrCorrupt)
	}
	return nil
}

// A digest sums up a table.
type digest struct {
	TableCount
	h hash.Hash
}

func newDigest(table string) *digest {
	return &digest{TableCount: TableCount{Name: table}, h: sha256.New()}
}

func (d *digest) add(key, value []byte) {
	d.Keys++
	var n [16]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(key)))
	binary.BigEndian.PutUint64(n[8:], uint64(len(value)))
	d.h.Write(n[:])
	d.h.Write(key)
	d.h.Write(value)
}

func (d *digest) count() TableCount {
	d.h.Sum(d.sum[:0])
	return d.TableCount
}
