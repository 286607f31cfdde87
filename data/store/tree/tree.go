// Package tree has an ordered map of byte strings that can be forked for nothing.
package tree

import (
	"bytes"
	"math/rand/v2"
)

// A Tree is an ordered map of byte strings that can be forked for nothing: the
// fork and the original share what neither has changed since. It is a treap
// whose nodes are copied before they are changed, unless they were made since
// the last fork. The zero value is empty. A tree is for one goroutine at a time;
// its forks are trees of their own.
type Tree struct {
	root *node
	mark *mark // of the nodes that no other tree can reach; nil if there are none
}

// A mark is compared by address, and must have a size to have its own.
type mark struct{ _ byte }

type node struct {
	key, value  []byte
	rank        uint32 // random; a node ranks above its children
	mark        *mark
	left, right *node
}

// Fork returns a tree with the same content. From now on a change of one is
// not seen by the other, nor by an iterator that is already under way.
func (t *Tree) Fork() Tree {
	t.mark = nil
	return Tree{root: t.root}
}

// Get returns the value of key.
func (t *Tree) Get(key []byte) (value []byte, found bool) {
	for n := t.root; n != nil; {
		switch c := bytes.Compare(key, n.key); {
		case c < 0:
			n = n.left
		case c > 0:
			n = n.right
		default:
			return n.value, true
		}
	}
	return nil, false
}

// Floor returns the last entry at or before key, or a nil key.
func (t *Tree) Floor(key []byte) (at, value []byte) { return t.last(key, 0) }

// From returns the first key at or after key, or nil.
func (t *Tree) From(key []byte) (at []byte) {
	for n := t.root; n != nil; {
		if bytes.Compare(n.key, key) >= 0 {
			at, n = n.key, n.left
		} else {
			n = n.right
		}
	}
	return at
}

// Below returns the last entry before key, or a nil key.
func (t *Tree) Below(key []byte) (at, value []byte) { return t.last(key, -1) }

// last returns the last entry whose comparison with key gives at most that.
func (t *Tree) last(key []byte, most int) (at, value []byte) {
	var best *node
	for n := t.root; n != nil; {
		if bytes.Compare(n.key, key) <= most {
			best, n = n, n.right
		} else {
			n = n.left
		}
	}
	if best == nil {
		return nil, nil
	}
	return best.key, best.value
}

// Empty reports whether the tree has no entries.
func (t *Tree) Empty() bool { return t.root == nil }

// Set keeps key and value, without copying them.
func (t *Tree) Set(key, value []byte) {
	t.own()
	t.root = t.insert(t.root, key, value)
}

// Del removes key.
func (t *Tree) Del(key []byte) {
	if _, found := t.Get(key); found {
		t.own()
		t.root = t.remove(t.root, key)
	}
}

// Cut removes all keys from <= key < to.
func (t *Tree) Cut(from, to []byte) {
	if bytes.Compare(from, to) >= 0 {
		return
	}
	t.own()
	low, rest := t.split(t.root, from)
	_, high := t.split(rest, to)
	t.root = t.merge(low, high)
}

// split takes a tree apart, into the keys below key and the others.
func (t *Tree) split(n *node, key []byte) (low, high *node) {
	if n == nil {
		return nil, nil
	}
	n = t.writable(n)
	if bytes.Compare(n.key, key) < 0 {
		n.right, high = t.split(n.right, key)
		return n, high
	}
	low, n.left = t.split(n.left, key)
	return low, n
}

func (t *Tree) own() {
	if t.mark == nil {
		t.mark = new(mark)
	}
}

// writable returns n, or a copy of it if another tree may reach n.
func (t *Tree) writable(n *node) *node {
	if n.mark == t.mark {
		return n
	}
	c := *n
	c.mark = t.mark
	return &c
}

func (t *Tree) insert(n *node, key, value []byte) *node {
	if n == nil {
		return &node{key: key, value: value, rank: rand.Uint32(), mark: t.mark}
	}
	n = t.writable(n)
	switch c := bytes.Compare(key, n.key); {
	case c < 0:
		l := t.insert(n.left, key, value)
		n.left = l
		if l.rank > n.rank {
			n.left, l.right = l.right, n
			return l
		}
	case c > 0:
		r := t.insert(n.right, key, value)
		n.right = r
		if r.rank > n.rank {
			n.right, r.left = r.left, n
			return r
		}
	default:
		n.value = value
	}
	return n
}

// remove takes key, which is there, out of the tree under n.
func (t *Tree) remove(n *node, key []byte) *node {
	c := bytes.Compare(key, n.key)
	if c == 0 {
		return t.merge(n.left, n.right)
	}
	n = t.writable(n)
	if c < 0 {
		n.left = t.remove(n.left, key)
	} else {
		n.right = t.remove(n.right, key)
	}
	return n
}

// merge joins two trees, all keys of a being below those of b.
func (t *Tree) merge(a, b *node) *node {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case a.rank > b.rank:
		a = t.writable(a)
		a.right = t.merge(a.right, b)
		return a
	default:
		b = t.writable(b)
		b.left = t.merge(a, b.left)
		return b
	}
}

// A Cursor goes over a range of a tree. The tree must have been forked
// before it is changed.
type Cursor struct {
	path    []*node // nodes still to visit whose near side was visited; the next one is last
	end     []byte  // first key beyond, or with reverse the last key; nil for none
	reverse bool
}

// Cursor returns a cursor over from <= key < to; nil stands for no bound.
func (t *Tree) Cursor(from, to []byte, reverse bool) *Cursor {
	c := &Cursor{end: to, reverse: reverse}
	if reverse {
		c.end = from
	}
	for n := t.root; n != nil; {
		switch {
		case !reverse && (from == nil || bytes.Compare(n.key, from) >= 0):
			c.path = append(c.path, n)
			n = n.left
		case !reverse:
			n = n.right
		case to == nil || bytes.Compare(n.key, to) < 0:
			c.path = append(c.path, n)
			n = n.right
		default:
			n = n.left
		}
	}
	return c
}

// Next returns the next entry, or a nil key at the end.
func (c *Cursor) Next() (key, value []byte) {
	if len(c.path) == 0 {
		return nil, nil
	}
	n := c.path[len(c.path)-1]
	c.path = c.path[:len(c.path)-1]
	if c.end != nil {
		if beyond := bytes.Compare(n.key, c.end); (!c.reverse && beyond >= 0) || (c.reverse && beyond < 0) {
			c.path = nil
			return nil, nil
		}
	}
	child := n.right
	if c.reverse {
		child = n.left
	}
	for child != nil {
		c.path = append(c.path, child)
		if c.reverse {
			child = child.right
		} else {
			child = child.left
		}
	}
	return n.key, n.value
}
