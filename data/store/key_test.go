package store

import (
	"bytes"
	"cmp"
	"slices"
	"testing"
	"time"
)

// FuzzKey makes two keys of the same kinds of parts: they must compare like
// their parts, come apart into them, and begin with the keys of fewer parts.
func FuzzKey(f *testing.F) {
	f.Add("", uint64(0), int64(0), int64(0), "", uint64(0), int64(0), int64(0))
	f.Add("a", uint64(1), int64(-1), int64(1), "a\x00", uint64(256), int64(1), int64(999_999_999))
	f.Add("a\x00\x01", uint64(1<<63), int64(-62135596800), int64(0), "a\x00\xff", uint64(255), int64(1<<40), int64(0))
	f.Add("中", uint64(7), int64(1700000000), int64(5), "中文", uint64(7), int64(1700000000), int64(6))
	f.Fuzz(func(t *testing.T, s1 string, n1 uint64, sec1, ns1 int64, s2 string, n2 uint64, sec2, ns2 int64) {
		t1, t2 := fuzzTime(sec1, ns1), fuzzTime(sec2, ns2)
		k1, k2 := Key{}.Str(s1).Uint(n1).Time(t1).Str(s1), Key{}.Str(s2).Uint(n2).Time(t2).Str(s2)
		want := cmp.Or(cmp.Compare(s1, s2), cmp.Compare(n1, n2), t1.Compare(t2))
		if got := bytes.Compare(k1, k2); got != want {
			t.Errorf("keys %x and %x compare as %d, their parts as %d", k1, k2, got, want)
		}
		r := ReadKey(k1)
		if s, n, at, again, err := r.Str(), r.Uint(), r.Time(), r.Str(), r.Err(); s != s1 || n != n1 || !at.Equal(t1) || again != s1 || err != nil {
			t.Errorf("%x reads as %q, %d, %v, %q, error %v; made of %q, %d, %v", k1, s, n, at, again, err, s1, n1, t1)
		}
		p := Prefix(Key{}.Str(s1))
		if inside := bytes.Compare(k2, p.From) >= 0 && (p.To == nil || bytes.Compare(k2, p.To) < 0); inside != (s1 == s2) {
			t.Errorf("key %x is in the range of prefix %q: %v", k2, s1, inside)
		}
	})
}

// fuzzTime is a time within the years that package time can compare.
func fuzzTime(sec, ns int64) time.Time {
	return time.Unix(sec%(1<<50), ns%1_000_000_000)
}

// FuzzReadKey reads anything without panic, and what it reads without error
// makes the same key again.
func FuzzReadKey(f *testing.F) {
	f.Add([]byte(Key{}.Str("a\x00b").Uint(1).Time(time.Unix(1, 2))))
	f.Add([]byte("a\x00\x02"))
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, key []byte) {
		r := ReadKey(key)
		s, n, at := r.Str(), r.Uint(), r.Time()
		if r.Err() != nil || at.Nanosecond() != int(uint32(key[len(key)-4])<<24|uint32(key[len(key)-3])<<16|uint32(key[len(key)-2])<<8|uint32(key[len(key)-1])) {
			return
		}
		if again := (Key{}).Str(s).Uint(n).Time(at); !bytes.Equal(again, key) {
			t.Errorf("%x reads as %q, %d, %v, which makes %x", key, s, n, at, again)
		}
	})
}

func TestKeyTimes(t *testing.T) {
	times := []time.Time{
		{}, time.Unix(-1, 999_999_999), time.Unix(0, 0), time.Unix(0, 1),
		time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	var keys []Key
	for _, at := range times {
		key := Key{}.Time(at)
		keys = append(keys, key)
		if r := ReadKey(key); !r.Time().Equal(at) || r.Err() != nil {
			t.Errorf("%v does not come back: %v", at, r.Err())
		}
	}
	if !slices.IsSortedFunc(keys, func(a, b Key) int { return bytes.Compare(a, b) }) {
		t.Errorf("keys of times are out of order: %x", keys)
	}
}

func TestReadKeyErrors(t *testing.T) {
	for name, read := range map[string]func() error{
		"left over": func() error { r := ReadKey(Key{}.Uint(1).Uint(2)); r.Uint(); return r.Err() },
		"too short": func() error { r := ReadKey(Key{1, 2}); r.Uint(); return r.Err() },
		"no end":    func() error { r := ReadKey(Key("a")); r.Str(); return r.Err() },
		"after bad": func() error { r := ReadKey(Key("a")); r.Str(); r.Uint(); return r.Err() },
	} {
		if read() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
