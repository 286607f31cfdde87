package webhook

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzPlain: what is read plainly is read alike by the general decoder, which takes all
// of it.
func FuzzPlain(f *testing.F) {
	for _, s := range []string{`{"id":"bench-1-1","text":"提示无权限"}`, ` { "id" : "a" , "choice":"b","label":"c","picture":"d","page":"e","device":"pc" } `,
		`{"text":"a","text":"b"}`, `{"text":"a\n"}`, `{"text":null}`, `{"TEXT":"a"}`, `{"x":"a"}`, `{}`, `{"id":"a"}}`, `{"id":"a"}{}`, `{"id":"a",}`,
		"{\"text\":\"\xff\"}", "{\"text\":\"\x01\"}", "{\"text\":\"\u2028\x7f\"}", `{"id":"a" "text":"b"}`, `{"id":1}`, `["id"]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var quick, slow inbound
		read := readPlain(raw, &quick)
		dec := json.NewDecoder(strings.NewReader(string(raw)))
		dec.DisallowUnknownFields()
		err := dec.Decode(&slow)
		if read && (err != nil || dec.More() || quick != slow) {
			t.Errorf("%q: %+v, want %+v, %v", raw, quick, slow, err)
		}
		if err := json.Unmarshal(raw, &quick); !read && err == nil && quick != slow {
			t.Errorf("%q: a beginning was read as %+v, want %+v", raw, quick, slow)
		}
	})
}

func TestIDs(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{"": false, "1234567": false, "12345678": true, "aZ09_.:-": true, "1234567/": false, "12345678\n": false, "1234567é": false,
		strings.Repeat("a", 100): true, strings.Repeat("a", 101): false, "1234567[": false, "1234567@": false, "1234567`": false, "1234567{": false} {
		if got := isID(id); got != want {
			t.Errorf("%q: %v", id, got)
		}
	}
}
