package tree

import (
	"bytes"
	"maps"
	"slices"
	"testing"
)

// FuzzTree does on a tree and on a map what the bytes say: each of them sets or
// deletes one of a few keys, forks the tree, or goes back to the fork.
func FuzzTree(f *testing.F) {
	f.Add([]byte("abcdefghijklmnop"))
	f.Add([]byte("a1Fb2c3D1D2Ra4"))
	f.Add([]byte("abFcdeCfgChDRCijk"))
	f.Add(bytes.Repeat([]byte("kFmaDqzR"), 20))
	f.Fuzz(func(t *testing.T, program []byte) {
		var now, kept Tree
		want, keptWant := map[string]string{}, map[string]string{}
		for i, op := range program {
			key := string(op % 32)
			switch {
			case op == 'F':
				kept, keptWant = now.Fork(), maps.Clone(want)
			case op == 'R':
				now, want = kept.Fork(), maps.Clone(keptWant)
			case op == 'C':
				from, to := byte(i%32), byte(i%32+5)
				now.Cut([]byte{from}, []byte{to})
				maps.DeleteFunc(want, func(k, _ string) bool { return k >= string(from) && k < string(to) })
			case op%3 == 0:
				now.Del([]byte(key))
				delete(want, key)
			default:
				now.Set([]byte(key), []byte{byte(i)})
				want[key] = string([]byte{byte(i)})
			}
			from, to := []byte{op % 7}, []byte{op % 37}
			checkTree(t, &now, want, from, to)
			checkTree(t, &kept, keptWant, nil, to)
			checkTree(t, &now, want, from, nil)
		}
	})
}

func checkTree(t *testing.T, tr *Tree, want map[string]string, from, to []byte) {
	t.Helper()
	keys := slices.Sorted(maps.Keys(want))
	keys = slices.DeleteFunc(keys, func(k string) bool {
		return k < string(from) || (to != nil && k >= string(to))
	})
	for _, reverse := range []bool{false, true} {
		c := tr.Cursor(from, to, reverse)
		for _, k := range keys {
			key, value := c.Next()
			if string(key) != k || string(value) != want[k] {
				t.Fatalf("cursor from %q to %q, reverse %v: got %q=%q, want %q=%q", from, to, reverse, key, value, k, want[k])
			}
			if at, _ := tr.Floor([]byte(k)); string(at) != k {
				t.Fatalf("floor of %q: got %q", k, at)
			}
			if at, value := tr.Below([]byte(k + "\x00")); string(at) != k || string(value) != want[k] {
				t.Fatalf("below what follows %q: got %q=%q, want %q", k, at, value, want[k])
			}
			if at := tr.From([]byte(k)); string(at) != k {
				t.Fatalf("from %q: got %q", k, at)
			}
			if at := tr.From([]byte(k + "\x00")); at != nil && string(at) <= k {
				t.Fatalf("from what follows %q: got %q", k, at)
			}
			if value, found := tr.Get([]byte(k)); !found || string(value) != want[k] {
				t.Fatalf("get %q: got %q, %v, want %q", k, value, found, want[k])
			}
		}
		for range 2 {
			if key, _ := c.Next(); key != nil {
				t.Fatalf("cursor from %q to %q, reverse %v: goes on with %q", from, to, reverse, key)
			}
		}
		slices.Reverse(keys)
	}
}
