package postgres

import (
	"bytes"
	"slices"
	"sync"

	"signdesk/data/store/tree"
)

// A row is an entry of the database, its key as store.LayerKey says.
type row struct{ key, value []byte }

// A page is all that the database has between two keys, in order.
type page struct {
	from, to []byte
	rows     []row
}

// A state is a part of the database as of one version: some rows, and which
// stretches of keys are known, so that a key missing from one is missing from
// the database. A row of a stretch may be unknown: it was written or deleted, and
// not yet read again.
type state struct {
	version uint64
	rows    tree.Tree
	known   tree.Tree // first key => first key beyond; stretches neither touch nor leave their table
}

// fork returns a copy, which can be changed without the other's noticing.
func (s *state) fork() state {
	return state{version: s.version, rows: s.rows.Fork(), known: s.known.Fork()}
}

// from returns the end of the stretch that key is in, nil if it is in none.
func (s *state) from(key []byte) (to []byte) {
	if _, to = s.known.Floor(key); to == nil || bytes.Compare(key, to) >= 0 {
		return nil
	}
	return to
}

// below returns the beginning of the stretch that the keys just below to are
// in, nil if they are in none.
func (s *state) below(to []byte) (from []byte) {
	from, end := s.known.Below(to)
	if from == nil || bytes.Compare(end, to) < 0 {
		return nil
	}
	return from
}

// learn adds a stretch to those known.
func (s *state) learn(from, to []byte) {
	if at, end := s.known.Floor(from); at != nil && bytes.Compare(end, from) >= 0 {
		from = at
		if bytes.Compare(end, to) > 0 {
			to = end
		}
	}
	for c := s.swallowed(from, to); ; {
		at, end := c.Next()
		if at == nil {
			break
		}
		if bytes.Compare(end, to) > 0 {
			to = end
		}
		s.known.Del(at)
	}
	s.known.Set(from, to)
}

// swallowed goes over the stretches that begin in from <= key <= to, as they are.
func (s *state) swallowed(from, to []byte) *tree.Cursor {
	shared := s.known.Fork()
	return shared.Cursor(from, append(bytes.Clone(to), 0), false)
}

// doubt forgets what is known of one key.
func (s *state) doubt(key []byte) {
	if s.from(key) != nil {
		s.rows.Set(key, unknown)
	}
}

// put adds a page that is of the state's own version.
func (s *state) put(p page) {
	for _, key := range s.doubted(p.from, p.to) {
		s.rows.Del(key)
	}
	for _, r := range p.rows {
		s.rows.Set(r.key, r.value)
	}
	s.learn(p.from, p.to)
}

// doubted returns the unknown rows of a stretch.
func (s *state) doubted(from, to []byte) (keys [][]byte) {
	for c := s.rows.Cursor(from, to, false); ; {
		key, value := c.Next()
		if key == nil {
			return keys
		}
		if isUnknown(value) {
			keys = append(keys, key)
		}
	}
}

// A cache is the state at the last version that this process knows of. What is
// read anywhere is added to it, what is committed here or elsewhere changes it.
type cache struct {
	mu sync.Mutex
	state
	limit  int
	total  int            // bytes
	tables map[string]int // bytes by table

	// What was written of late, oldest first, so that a page which was read
	// before can be brought up to date.
	recent      []change
	recentBytes int

	ahead      []versioned // pages of later versions, for when the cache gets there
	aheadBytes int
}

type versioned struct {
	page
	version uint64
}

// A change is what the versions after since and up to version wrote; a nil value
// deletes, and unknown tells only that the key was written.
type change struct {
	since, version uint64
	rows           tree.Tree
	bytes          int
}

// unknown stands for a value that was not read. It is told by its address.
var unknown = []byte("?")

func isUnknown(value []byte) bool { return len(value) == 1 && &value[0] == &unknown[0] }

const (
	// recentChanges and recentLimit bound what is remembered of late: a read
	// that takes longer than so many commits is not worth keeping.
	recentChanges = 512
	recentLimit   = 32 << 20
	// rowCost is what a row takes beyond its key and value: a node of the tree,
	// and what the allocator rounds up.
	rowCost = 140
	// aheadLimit bounds the pages that wait.
	aheadLimit = 16 << 20
)

func newCache(limit int, version uint64) *cache {
	c := &cache{limit: limit, tables: map[string]int{}}
	c.version = version
	return c
}

// now returns the state as it is.
func (c *cache) now() state {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fork()
}

// reset forgets everything.
func (c *cache) reset(version uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = state{version: version}
	c.total, c.tables = 0, map[string]int{}
	c.recent, c.recentBytes = nil, 0
	c.ahead, c.aheadBytes = nil, 0
}

// behind reports whether somebody read a later version.
func (c *cache) behind() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.ahead) > 0
}

// apply brings the cache to a version that differs from its own by the rows of
// layer, which is not changed any more.
func (c *cache) apply(version uint64, layer tree.Tree) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := change{since: c.version, version: version, rows: layer}
	for cur := layer.Cursor(nil, nil, false); ; {
		key, value := cur.Next()
		if key == nil {
			break
		}
		ch.bytes += rowCost + len(key) + len(value)
		c.write(key, value)
	}
	c.version = version
	c.recent = append(c.recent, ch)
	c.recentBytes += ch.bytes
	for len(c.recent) > recentChanges || c.recentBytes > recentLimit {
		c.recentBytes -= c.recent[0].bytes
		c.recent = c.recent[1:]
	}
	ahead := c.ahead
	c.ahead, c.aheadBytes = nil, 0
	for _, a := range ahead {
		c.admit(a)
	}
	c.evict()
}

// write changes a row if its stretch is known.
func (c *cache) write(key, value []byte) {
	if c.from(key) == nil {
		return
	}
	was, found := c.rows.Get(key)
	if found {
		c.count(key, -rowCost-len(key)-len(was))
	}
	switch {
	case value != nil:
		c.rows.Set(key, value)
		c.count(key, rowCost+len(key)+len(value))
	case found:
		c.rows.Del(key)
	}
}

func (c *cache) count(key []byte, bytes int) {
	c.total += bytes
	c.tables[string(tableOf(key))] += bytes
}

// tableOf returns the table's part of a key.
func tableOf(key []byte) []byte { return key[:bytes.IndexByte(key, 0)] }

// add adds a page that was read at a version: at once if it is the cache's, or
// if what was written since is remembered; otherwise when the cache gets there.
func (c *cache) add(p page, version uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.admit(versioned{p, version})
	c.evict()
}

func (c *cache) admit(p versioned) {
	version := p.version
	if version > c.version {
		if size := p.size(); c.aheadBytes+size <= aheadLimit {
			c.ahead = append(c.ahead, p)
			c.aheadBytes += size
		}
		return
	}
	later := len(c.recent)
	for at := c.version; at > version; {
		if later--; later < 0 {
			return
		}
		at = c.recent[later].since
	}
	rows := p.rows
	for from := p.from; bytes.Compare(from, p.to) < 0; {
		if to := c.from(from); to != nil { // known, and as it is now
			c.settle(p.page, c.recent[later:], from, least(to, p.to))
			from = to
			continue
		}
		to := p.to
		if next, _ := c.known.Cursor(from, to, false).Next(); next != nil {
			to = next
		}
		for len(rows) > 0 && bytes.Compare(rows[0].key, from) < 0 {
			rows = rows[1:]
		}
		c.learn(from, to)
		for len(rows) > 0 && bytes.Compare(rows[0].key, to) < 0 {
			c.write(rows[0].key, rows[0].value)
			rows = rows[1:]
		}
		c.replay(c.recent[later:], from, to)
		from = to
	}
}

// settle takes from a page what is not known of a stretch that is.
func (c *cache) settle(p page, later []change, from, to []byte) {
	for _, key := range c.doubted(from, to) {
		var value []byte
		if i, found := slices.BinarySearchFunc(p.rows, key, func(r row, key []byte) int { return bytes.Compare(r.key, key) }); found {
			value = p.rows[i].value
		}
		c.write(key, value)
		c.replay(later, key, append(bytes.Clone(key), 0))
	}
}

func least(a, b []byte) []byte {
	if bytes.Compare(a, b) < 0 {
		return a
	}
	return b
}

// replay writes what changes did to a stretch.
func (c *cache) replay(list []change, from, to []byte) {
	for _, ch := range list {
		for cur := ch.rows.Cursor(from, to, false); ; {
			key, value := cur.Next()
			if key == nil {
				break
			}
			c.write(key, value)
		}
	}
}

// evict forgets the largest tables while there is too much. Those are the ones
// that only grow, of which but the end is read again.
func (c *cache) evict() {
	for c.total > c.limit {
		largest, most := "", -1
		for name, n := range c.tables {
			if n > most {
				largest, most = name, n
			}
		}
		from, to := []byte(largest+"\x00"), []byte(largest+"\x01")
		c.rows.Cut(from, to)
		c.known.Cut(from, to)
		c.total -= most
		delete(c.tables, largest)
	}
}
