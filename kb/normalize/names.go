package normalize

import (
	"fmt"
	"io/fs"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

const fileNames = "others.txt" // name bank: 工商银行 …

// A nameTable knows names of other products, platforms and authorities by kind,
// and by which words a question that has one is still a question to us.
type nameTable struct {
	by     map[rune][]outsideName // by first rune, longest first
	first  hanTable[bool]         // first runes, for a quick no
	kinds  []string               // in the order of the file
	words  map[string][]string    // by kind: names that stay as they are
	ties   map[string][]string    // by kind; allKinds for all
	own    map[string][]string    // by kind
	marked map[string]string      // placeholder => kind
}

// An outsideName is one name; kind is empty for what merely looks like one.
type outsideName struct{ text, kind string }

// allKinds stands for every kind in the ties.
const allKinds = "all"

func readNames(words fs.FS) (*nameTable, error) {
	t := &nameTable{
		by: make(map[rune][]outsideName), first: newHanTable[bool](),
		words: make(map[string][]string), ties: make(map[string][]string), own: make(map[string][]string), marked: make(map[string]string),
	}
	err := readTable(words, fileNames, func(line string) error {
		head, rest, ok := strings.Cut(line, ":")
		verb, kind, _ := strings.Cut(head, " ")
		list := strings.Fields(rest)
		if !ok || kind == "" && verb != "plain" {
			return fmt.Errorf("want what, kind: words, got %q", line)
		}
		switch verb {
		case "name", "plain":
			for _, w := range list {
				first, _ := utf8.DecodeRuneInString(w)
				t.by[first] = append(t.by[first], outsideName{w, kind})
				t.first.set(first, true)
			}
		case "word":
			t.words[kind] = append(t.words[kind], list...)
		case "tie":
			t.ties[kind] = append(t.ties[kind], list...)
			return nil
		case "own":
			t.own[kind] = append(t.own[kind], list...)
			return nil
		default:
			return fmt.Errorf("unknown beginning %q", verb)
		}
		if kind != "" && !slices.Contains(t.kinds, kind) {
			t.kinds = append(t.kinds, kind)
			t.marked["#"+kind] = kind
		}
		return nil
	})
	for _, l := range t.by {
		sort.Slice(l, func(i, j int) bool { return len(l[i].text) > len(l[j].text) })
	}
	return t, err
}

// replace puts the placeholder of its kind for each name of assembled text; found,
// if not nil, is told each.
func (t *nameTable) replace(s string, found func(outsideName)) string {
	var b strings.Builder
	last := 0
	var before rune
	for i := 0; i < len(s); {
		c, size := utf8.DecodeRuneInString(s[i:])
		step := size
		if isCommonHan(c) && !t.first.at(c) {
			before, i = c, i+size
			continue
		}
		for _, n := range t.by[c] {
			if !strings.HasPrefix(s[i:], n.text) || !wholeWord(before, s[i+len(n.text):], n.text) {
				continue
			}
			step = len(n.text)
			if n.kind == "" {
				break
			}
			if found != nil {
				found(n)
			}
			b.WriteString(s[last:i])
			writeWord(&b, "#"+n.kind)
			last = i + step
			if next, _ := utf8.DecodeRuneInString(s[last:]); last < len(s) && classOf(next) == classWord {
				b.WriteByte(' ')
			}
			break
		}
		before, _ = lastRune(s[:i+step])
		i += step
	}
	if last == 0 {
		return s
	}
	b.WriteString(s[last:])
	return b.String()
}

// writeWord writes a word, parted from one before it.
func writeWord(b *strings.Builder, word string) {
	if r, size := lastRune(b.String()); size > 0 && classOf(r) == classWord {
		b.WriteByte(' ')
	}
	b.WriteString(word)
}

// Outside returns the name of the product, platform or authority that an utterance is
// about, as typed, if it is not ours; "" else. canon is its canonical form.
func (n *Normalizer) Outside(utterance, canon string) string {
	t := n.names
	if !strings.ContainsRune(canon, '#') && len(t.words) == 0 || containsAny(canon, t.ties[allKinds]) != "" {
		return ""
	}
	kind, word := t.foreign(canon)
	if kind == "" || word != "" {
		return word
	}
	name := ""
	t.replace(assemble(placeholders(dropScreenNoise(n.fold(clip(utterance))))), func(found outsideName) {
		if name == "" && found.kind == kind {
			name = found.text
		}
	})
	return name
}

// foreign returns the first kind that canonical text is about, and the word for it if it
// stands there.
func (t *nameTable) foreign(canon string) (kind, word string) {
	for _, kind := range t.kinds {
		word := containsAny(canon, t.words[kind])
		if word == "" && !hasWord(canon, "#"+kind) {
			continue
		}
		if own := t.own[kind]; containsAny(canon, t.ties[kind]) == "" && (own == nil || containsAny(canon, own) != "") {
			return kind, word
		}
	}
	return "", ""
}

// hasWord reports whether a placeholder stands in canonical text.
func hasWord(canon, word string) bool {
	for rest := canon; ; {
		i := strings.Index(rest, word)
		if i < 0 {
			return false
		}
		rest = rest[i+len(word):]
		if next, _ := utf8.DecodeRuneInString(rest); rest == "" || classOf(next) != classWord {
			return true
		}
	}
}

// containsAny returns the first of list that s contains, or "".
func containsAny(s string, list []string) string {
	for _, w := range list {
		if strings.Contains(s, w) {
			return w
		}
	}
	return ""
}
