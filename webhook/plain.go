package webhook

import (
	"bytes"
	"io"
	"net/http"
	"unicode/utf8"
)

// A plainReader reads what programs mostly write, an object of texts without
// escapes, in a small part of the time that a general decoder takes. That is asked
// about everything else, and about what is wrong.
type plainReader interface {
	// field returns where the text of a field goes; nil if there is no such field.
	field(name []byte) *string
}

// usualJSON is how much a body may have to be read plainly, in bytes.
const usualJSON = 2 << 10

// plainly reads the body of a request. If it is not done, what was read of the body is
// returned.
func plainly(r *http.Request, into plainReader) (read []byte, done bool) {
	if r.ContentLength < 0 || r.ContentLength > usualJSON {
		return nil, false
	}
	read = make([]byte, r.ContentLength)
	n, err := io.ReadFull(r.Body, read)
	return read[:n], err == nil && readPlain(read, into)
}

// readPlain reports whether raw is an object of texts without escapes, all of them
// fields. If it is not, fields may be set that stand at its beginning: a general
// decoder sets them alike.
func readPlain(raw []byte, into plainReader) bool {
	rest, ok := after(raw, '{')
	if !ok || !utf8.Valid(raw) {
		return false
	}
	for {
		var name, value []byte
		if name, rest, ok = plainText(rest); !ok {
			return false
		}
		if rest, ok = after(rest, ':'); !ok {
			return false
		}
		if value, rest, ok = plainText(rest); !ok {
			return false
		}
		field := into.field(name)
		if field == nil {
			return false
		}
		*field = string(value)
		if rest, ok = after(rest, ','); !ok {
			break
		}
	}
	rest, ok = after(rest, '}')
	return ok && len(space(rest)) == 0
}

func space(raw []byte) []byte { return bytes.TrimLeft(raw, " \t\r\n") }

// after returns what comes after a sign, with which raw begins if it is ok.
func after(raw []byte, sign byte) (rest []byte, ok bool) {
	rest = space(raw)
	if len(rest) == 0 || rest[0] != sign {
		return raw, false
	}
	return rest[1:], true
}

// plainText returns the text in quotes with which raw begins, and what comes after it.
func plainText(raw []byte) (text, rest []byte, ok bool) {
	if raw, ok = after(raw, '"'); !ok {
		return nil, nil, false
	}
	for i, c := range raw {
		switch {
		case c == '"':
			return raw[:i], raw[i+1:], true
		case c == '\\' || c < ' ':
			return nil, nil, false
		}
	}
	return nil, nil, false
}
