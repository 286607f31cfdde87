package store

import (
	"bytes"
	"context"
	"fmt"
	"maps"

	"go.etcd.io/bbolt"
)

// A Beside says next to what the records of a table lie in a [File]. Tables of one
// family have keys that begin with a [Key.Str], mostly that of somebody: records that
// begin with the same one lie in one place, whatever table they belong to.
//
// A commit writes whole pages, and those above them. What belongs to one conversation
// in three tables were three pages and most of three above; where it lies together a
// group of 16 messages writes 2.4 pages for each instead of 4.7, and 1.3 times as many
// messages fit into a second (signdesk bench, 20,000 visitors, two cores). Engines
// that keep no pages of their own pass over it, and it changes nothing of what is read.
// The price is paid by who goes over a whole table: he passes the others' records.
type Beside struct {
	Family string
	Mark   byte // of this table, within the family; never changed once released
}

// A place is where a file keeps a table.
type place struct {
	bucket []byte
	mark   byte // 0: the bucket has no other table
}

// places are those of the tables that have no bucket of their own.
type places map[string]place

// Buckets that are no tables: a name of a table has no zero byte.
var (
	placesBucket = []byte("\x00places") // table => mark, family
	familyBucket = "\x00"               // begins the name of a family's bucket
)

func (b Beside) place() place { return place{[]byte(familyBucket + b.Family), b.Mark} }

// of returns where a table is.
func (p places) of(table string) place {
	if at, ok := p[table]; ok {
		return at
	}
	return place{bucket: []byte(table)}
}

// readPlaces returns what a file says of its tables.
func readPlaces(tx *bbolt.Tx) (places, error) {
	p, b := make(places), tx.Bucket(placesBucket)
	if b == nil {
		return p, nil
	}
	err := b.ForEach(func(table, at []byte) error {
		if len(at) < 2 {
			return fmt.Errorf("%w: place of table %s", ErrCorrupt, table)
		}
		p[string(table)] = Beside{string(at[1:]), at[0]}.place()
		return nil
	})
	return p, err
}

// key returns the key of a record in its bucket: the mark of the table comes after
// the part by which records lie together. ok is false if there is no such part.
func (p place) key(key []byte) (at []byte, ok bool) {
	if p.mark == 0 {
		return key, true
	}
	n := firstPart(key)
	if n < 0 {
		return nil, false
	}
	at = make([]byte, 0, len(key)+1)
	return append(append(append(at, key[:n]...), p.mark), key[n:]...), true
}

// firstPart is the length of what [Key.Str] appended first, -1 if that is no such
// thing.
func firstPart(key []byte) int {
	if i := bytes.Index(key, []byte{zeroByte, endTag}); i >= 0 {
		return i + 2
	}
	return -1
}

// bounds returns the range of the bucket where a range of the table lies. A bound
// that ends within the first part is the same for all tables of the family.
func (p place) bounds(r Range) Range {
	if p.mark == 0 {
		return r
	}
	to, inside := p.key(r.To)
	if n := firstPart(r.From); n >= 0 && bytes.Equal(r.To, Prefix(r.From[:n]).To) { // to the end of what begins with that part
		to, inside = append(bytes.Clone(r.From[:n]), p.mark+1), true
	}
	if inside {
		r.To = to
	}
	if from, ok := p.key(r.From); ok {
		r.From = from
	}
	return r
}

// A familyCursor hands out those records of a family that are of one table.
type familyCursor struct {
	Cursor
	mark byte
}

func (c *familyCursor) Next() (key, value []byte) {
	for {
		key, value = c.Cursor.Next()
		if key == nil {
			return nil, nil
		}
		if n := firstPart(key); n >= 0 && n < len(key) && key[n] == c.mark {
			return append(append(make([]byte, 0, len(key)-1), key[:n]...), key[n+1:]...), value
		}
	}
}

// names returns the tables that a family's bucket may have.
func (p places) names(bucket []byte) (list []string) {
	for table, at := range p {
		if bytes.Equal(at.bucket, bucket) {
			list = append(list, table)
		}
	}
	return list
}

// Of a table that moves to its family, in one commit.
const (
	moveKeys  = 20_000
	moveBytes = 16 << 20
)

// arrange sees to it that the tables lie where they are declared to, and moves what an
// older program wrote elsewhere. Nobody else uses the file meanwhile. It may be stopped
// at any time, and goes on the next time that the file is opened.
func (f *File) arrange(ctx context.Context, tables []Table) error {
	known := maps.Clone(f.bolt.places)
	for _, t := range tables {
		if t.Beside == (Beside{}) {
			continue
		}
		want := t.Beside.place()
		at, there := known[t.Name]
		switch {
		case !there:
			known[t.Name] = want
			if err := f.db.Update(func(tx *bbolt.Tx) error { return notePlace(tx, t) }); err != nil {
				return fmt.Errorf("note place of table %s: %w", t.Name, err)
			}
		case !bytes.Equal(at.bucket, want.bucket) || at.mark != want.mark:
			return fmt.Errorf("table %s lies elsewhere: %w", t.Name, ErrHistory)
		}
	}
	for table, at := range known {
		more := false // a commit is dear where nothing is to be moved
		if err := f.db.View(func(tx *bbolt.Tx) error {
			more = tx.Bucket([]byte(table)) != nil
			return nil
		}); err != nil {
			return fmt.Errorf("look for table %s: %w", table, err)
		}
		for more {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := f.db.Update(func(tx *bbolt.Tx) (err error) {
				more, err = moveTable(tx, table, at)
				return err
			}); err != nil {
				return fmt.Errorf("move table %s: %w", table, err)
			}
		}
	}
	f.bolt.places = known
	return nil
}

func notePlace(tx *bbolt.Tx, t Table) error {
	list, err := tx.CreateBucketIfNotExists(placesBucket)
	if err != nil {
		return err
	}
	return list.Put([]byte(t.Name), append([]byte{t.Beside.Mark}, t.Beside.Family...))
}

// moveTable moves some records of a table that still has a bucket of its own.
func moveTable(tx *bbolt.Tx, table string, at place) (more bool, err error) {
	old := tx.Bucket([]byte(table))
	family, err := tx.CreateBucketIfNotExists(at.bucket)
	if err != nil {
		return false, err
	}
	var moved [][]byte
	size, c := 0, old.Cursor()
	key, value := c.First()
	for ; key != nil && len(moved) < moveKeys && size < moveBytes; key, value = c.Next() {
		to, ok := at.key(key)
		if !ok {
			return false, fmt.Errorf("%w: key %x begins with no string", ErrCorrupt, key)
		}
		if err := family.Put(to, value); err != nil {
			return false, err
		}
		moved = append(moved, key)
		size += len(key) + len(value)
	}
	if key == nil {
		return false, tx.DeleteBucket([]byte(table))
	}
	for _, key := range moved {
		if err := old.Delete(key); err != nil {
			return false, err
		}
	}
	return true, nil
}
