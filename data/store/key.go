package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"time"
)

// A Key is a key under construction: parts, each appended by a method, such
// that the bytes of two keys made of the same kinds of parts compare like
// their parts, first to last. A key of fewer parts is a prefix of those that
// begin with the same parts, and fit for [Prefix]. The zero value is empty.
//
//	Key{}.Str("conv").Str(channel).Time(at)
//
// Each method returns the longer key and may write to the spare capacity of
// the old one, as append does. [ReadKey] takes a key apart again.
type Key []byte

// A string may contain any byte, so zero is escaped and the string is closed
// by something that is below every other continuation.
const (
	zeroByte   = 0x00
	escapedTag = 0xFF // after zeroByte: a zero of the string
	endTag     = 0x01 // after zeroByte: end of the string
)

// Str appends a string of any bytes; shorter strings come first.
func (k Key) Str(s string) Key {
	k = slices.Grow(k, len(s)+2)
	if strings.IndexByte(s, zeroByte) < 0 {
		return append(append(k, s...), zeroByte, endTag)
	}
	for i := range len(s) {
		if s[i] == zeroByte {
			k = append(k, zeroByte, escapedTag)
		} else {
			k = append(k, s[i])
		}
	}
	return append(k, zeroByte, endTag)
}

// Uint appends a number.
func (k Key) Uint(n uint64) Key {
	return binary.BigEndian.AppendUint64(k, n)
}

// Time appends a point in time, to the nanosecond; the location is not kept.
func (k Key) Time(t time.Time) Key {
	// Flipping the sign bit puts the years before 1970 first.
	k = binary.BigEndian.AppendUint64(k, uint64(t.Unix())^1<<63)
	return binary.BigEndian.AppendUint32(k, uint32(t.Nanosecond()))
}

// A KeyReader takes a [Key] apart, in the order in which it was made. After a
// part that cannot be read it returns zero values, and Err says so.
type KeyReader struct {
	rest []byte
	bad  bool
}

// ReadKey returns a reader of key, which it does not copy.
func ReadKey(key []byte) *KeyReader {
	return &KeyReader{rest: key}
}

// Str reads what [Key.Str] appended.
func (r *KeyReader) Str() string {
	s, rest, ok := cutEscaped(r.rest)
	if r.bad = r.bad || !ok; r.bad {
		return ""
	}
	r.rest = rest
	return string(s)
}

// Uint reads what [Key.Uint] appended.
func (r *KeyReader) Uint() uint64 {
	b := r.take(8)
	if b == nil {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// Time reads what [Key.Time] appended, as UTC.
func (r *KeyReader) Time() time.Time {
	b := r.take(12)
	if b == nil {
		return time.Time{}
	}
	sec := int64(binary.BigEndian.Uint64(b) ^ 1<<63)
	return time.Unix(sec, int64(binary.BigEndian.Uint32(b[8:]))).UTC()
}

// Err reports whether a part could not be read, or something is left over.
func (r *KeyReader) Err() error {
	switch {
	case r.bad:
		return errors.New("store: key has not the expected parts")
	case len(r.rest) > 0:
		return errors.New("store: key has more than the expected parts")
	}
	return nil
}

// take cuts n bytes off, or returns nil.
func (r *KeyReader) take(n int) []byte {
	if r.bad = r.bad || len(r.rest) < n; r.bad {
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// cutEscaped splits what [Key.Str] appended from what follows it.
func cutEscaped(b []byte) (s, rest []byte, ok bool) {
	for {
		i := bytes.IndexByte(b, zeroByte)
		if i < 0 || i+1 == len(b) {
			return nil, nil, false
		}
		s = append(s, b[:i]...)
		tag := b[i+1]
		b = b[i+2:]
		switch tag {
		case endTag:
			return s, b, true
		case escapedTag:
			s = append(s, zeroByte)
		default:
			return nil, nil, false
		}
	}
}
