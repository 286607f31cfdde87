package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"signdesk/data/store/tree"
)

// A boltBase is a transaction of bbolt that nobody writes to meanwhile.
type boltBase struct {
	tx *bbolt.Tx
	at places
}

func (b boltBase) Get(table string, key []byte) []byte {
	at := b.at.of(table)
	if bucket := b.tx.Bucket(at.bucket); bucket != nil {
		if key, ok := at.key(key); ok {
			return bucket.Get(key)
		}
	}
	return nil
}

func (b boltBase) Cursor(table string, r Range) Cursor {
	at := b.at.of(table)
	bucket := b.tx.Bucket(at.bucket)
	if bucket == nil {
		return &tree.Cursor{}
	}
	c := &bucketCursor{cursor: bucket.Cursor(), r: at.bounds(r)}
	if at.mark == 0 {
		return c
	}
	return &familyCursor{c, at.mark}
}

func (b boltBase) Tables() []string {
	var list []string
	c := b.tx.Cursor()
	for name, _ := c.First(); name != nil; name, _ = c.Next() {
		if bytes.HasPrefix(name, []byte{zeroByte}) {
			list = append(list, b.at.names(name)...)
		} else {
			list = append(list, string(name))
		}
	}
	return list
}

// A bucketCursor goes over a range of a bucket that nobody changes meanwhile.
type bucketCursor struct {
	cursor        *bbolt.Cursor
	r             Range
	started, done bool
}

func (c *bucketCursor) Next() (key, value []byte) {
	switch {
	case c.done:
		return nil, nil
	case !c.started:
		c.started = true
		key, value = c.first()
	case c.r.Reverse:
		key, value = c.cursor.Prev()
	default:
		key, value = c.cursor.Next()
	}
	beyond := c.r.To != nil && bytes.Compare(key, c.r.To) >= 0
	if c.r.Reverse {
		beyond = bytes.Compare(key, c.r.From) < 0
	}
	if key == nil || beyond {
		c.done = true
		return nil, nil
	}
	return key, value
}

func (c *bucketCursor) first() (key, value []byte) {
	if !c.r.Reverse {
		return c.cursor.Seek(c.r.From)
	}
	if c.r.To == nil {
		return c.cursor.Last()
	}
	if key, _ = c.cursor.Seek(c.r.To); key == nil {
		return c.cursor.Last()
	}
	return c.cursor.Prev()
}

// A boltEngine keeps groups in a file.
type boltEngine struct {
	db     *bbolt.DB
	places places    // set before anybody uses the file
	tx     *bbolt.Tx // of the group
}

// Begin implements [Engine].
func (e *boltEngine) Begin(bool) (Base, error) {
	tx, err := e.db.Begin(true)
	if err != nil {
		return nil, fmt.Errorf("store: begin: %w", err)
	}
	e.tx = tx
	return boltBase{tx, e.places}, nil
}

// peek implements [peeker].
func (e *boltEngine) peek() (Base, func(), error) {
	tx, err := e.db.Begin(false)
	if err != nil {
		return nil, nil, err
	}
	return boltBase{tx, e.places}, func() { _ = tx.Rollback() }, nil
}

// Fetch implements [Engine]. It is never called, as all there is can be read.
func (e *boltEngine) Fetch(context.Context, func(Tx) error) (bool, error) { return false, nil }

// Save implements [Engine]: it writes the layer to the file, in order, and
// commits it. If that fails the file is not to be trusted until it is opened
// again.
func (e *boltEngine) Save(layer *tree.Tree, _ bool) error {
	if err := saveBolt(e.tx, e.places, layer); err != nil {
		return failed(err)
	}
	return nil
}

func saveBolt(tx *bbolt.Tx, places places, layer *tree.Tree) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
		if err != nil {
			// Commit has done so unless it panicked; then its lock must go.
			if e := tx.Rollback(); e != nil && !errors.Is(e, berrors.ErrTxClosed) {
				err = errors.Join(err, e)
			}
		}
	}()
	if layer.Empty() {
		return tx.Rollback()
	}
	var table []byte
	var bucket *bbolt.Bucket
	var at place
	for c := layer.Cursor(nil, nil, false); ; {
		layerKey, value := c.Next()
		if layerKey == nil {
			return tx.Commit()
		}
		name, key, _ := bytes.Cut(layerKey, []byte{zeroByte})
		if bucket == nil || !bytes.Equal(name, table) {
			at = places.of(string(name))
			if bucket, err = tx.CreateBucketIfNotExists(at.bucket); err != nil {
				return err
			}
			table = name
		}
		key, ok := at.key(key)
		if !ok {
			return fmt.Errorf("key %x of table %s has no first part", key, table)
		}
		if value == nil {
			err = bucket.Delete(key)
		} else {
			err = bucket.Put(key, value)
		}
		if err != nil {
			return err
		}
	}
}
