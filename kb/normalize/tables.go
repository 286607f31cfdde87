package normalize

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"sort"
	"strings"
	"unicode/utf8"
)

// Files of the words directory that [New] reads.
const (
	fileSimplified = "t2s.txt"      // 國国 說说 …
	filePinyin     = "pinyin.txt"   // zhang 章张长…
	fileVariants   = "variants.txt" // 帐号 账号
	fileConcepts   = "concepts.txt" // pay: 打款 转账 …
	fileSides      = "sides.txt"    // phone: 手机 手机上 …
	fileFillers    = "fillers.txt"  // 怎么办 急 …
	fileContrast   = "contrast.txt" // theirs: 合同上 …
	fileFacts      = "facts.txt"    // tell payer we: 我打给 …
)

// New reads the tables from words (the directory data/words). An error names
// the file and the line.
func New(words fs.FS) (*Normalizer, error) {
	n := &Normalizer{simplified: newHanTable[rune](), pinyin: newHanTable[uint16]()}
	err := readTable(words, fileSimplified, func(line string) error {
		for pair := range strings.FieldsSeq(line) {
			from, size := utf8.DecodeRuneInString(pair)
			to, rest := utf8.DecodeRuneInString(pair[size:])
			if rest == 0 || size+rest != len(pair) || from == to {
				return fmt.Errorf("%q is not a pair of different characters", pair)
			}
			n.simplified.set(from, to) // rare characters outside the block stay as they are
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := n.readPinyin(words); err != nil {
		return nil, err
	}
	if n.variants, err = readVariants(words); err != nil {
		return nil, err
	}
	if n.concepts, err = readConcepts(words, fileConcepts); err != nil {
		return nil, err
	}
	if n.sides, err = readConcepts(words, fileSides); err != nil {
		return nil, err
	}
	if n.names, err = readNames(words); err != nil {
		return nil, err
	}
	if n.fillers, err = readFillers(words); err != nil {
		return nil, err
	}
	if n.contrast, err = readContrast(words); err != nil {
		return nil, err
	}
	if err := n.readFacts(words); err != nil {
		return nil, err
	}
	n.sum, err = sumTables(words)
	return n, err
}

// Sum identifies the tables by which texts become features: equal tables give equal
// sums. Those of [Normalizer.Sides] are none of them.
func (n *Normalizer) Sum() [sha256.Size]byte { return n.sum }

func sumTables(words fs.FS) (sum [sha256.Size]byte, err error) {
	h := sha256.New()
	for _, name := range []string{fileSimplified, filePinyin, fileVariants, fileConcepts, fileNames, fileFillers, fileFacts, fileContrast} {
		data, err := fs.ReadFile(words, name)
		if err != nil {
			return sum, fmt.Errorf("words: %w", err)
		}
		fmt.Fprintf(h, "%s %d\n", name, len(data))
		h.Write(data)
	}
	h.Sum(sum[:0])
	return sum, nil
}

// readPinyin numbers the syllables after folding the pairs that people mix up
// when they type (southern accents: zh/z, ch/c, sh/s, -ng/-n).
func (n *Normalizer) readPinyin(words fs.FS) error {
	number := make(map[string]uint16)
	return readTable(words, filePinyin, func(line string) error {
		syllable, chars, ok := strings.Cut(line, " ")
		if !ok {
			return fmt.Errorf("want a syllable and its characters, got %q", line)
		}
		key := foldSyllable(syllable)
		id, ok := number[key]
		if !ok {
			id = uint16(len(number) + 1)
			number[key] = id
		}
		for _, r := range chars {
			n.pinyin.set(r, id)
		}
		return nil
	})
}

func foldSyllable(s string) string {
	for _, h := range []string{"zh", "ch", "sh"} {
		if strings.HasPrefix(s, h) {
			s = h[:1] + s[2:]
		}
	}
	if strings.HasSuffix(s, "ing") || strings.HasSuffix(s, "eng") {
		s = s[:len(s)-1]
	}
	return s
}

// A replacer rewrites words, longest first.
type replacer struct {
	by    map[rune][]replacement // by first rune of from, longest first
	first hanTable[bool]         // first runes, for a quick no
}

type replacement struct{ from, to string }

func readVariants(words fs.FS) (*replacer, error) {
	r := &replacer{by: make(map[rune][]replacement), first: newHanTable[bool]()}
	var all []replacement
	err := readTable(words, fileVariants, func(line string) error {
		from, to, ok := strings.Cut(line, " ")
		if !ok || from == "" || to == "" || strings.Contains(to, " ") {
			return fmt.Errorf("want two words, got %q", line)
		}
		all = append(all, replacement{from, to})
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		for _, q := range all {
			if strings.Contains(p.to, q.from) {
				return nil, fmt.Errorf("%s: %q becomes %q, which %q would change again", fileVariants, p.from, p.to, q.from)
			}
		}
		first, _ := utf8.DecodeRuneInString(p.from)
		r.by[first] = append(r.by[first], p)
		r.first.set(first, true)
	}
	for _, list := range r.by {
		sort.Slice(list, func(i, j int) bool { return len(list[i].from) > len(list[j].from) })
	}
	return r, nil
}

// replace rewrites s; words of Latin letters are replaced as whole words only.
func (r *replacer) replace(s string) string {
	var b strings.Builder
	last := 0
	var before rune
	for i := 0; i < len(s); {
		c, size := utf8.DecodeRuneInString(s[i:])
		step := size
		if isCommonHan(c) && !r.first.at(c) {
			before, i = c, i+size
			continue
		}
		for _, p := range r.by[c] {
			if !strings.HasPrefix(s[i:], p.from) || !wholeWord(before, s[i+len(p.from):], p.from) {
				continue
			}
			b.WriteString(s[last:i])
			b.WriteString(p.to)
			step = len(p.from)
			last = i + step
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

// wholeWord reports whether word, met behind the rune before and in front of
// after, is not a piece of a longer Latin word or number.
func wholeWord(before rune, after, word string) bool {
	first, _ := utf8.DecodeRuneInString(word)
	end, _ := lastRune(word)
	next, _ := utf8.DecodeRuneInString(after)
	return !(classOf(first) == classWord && before != 0 && classOf(before) == classWord) &&
		!(classOf(end) == classWord && after != "" && classOf(next) == classWord)
}

func lastRune(s string) (rune, int) {
	if s == "" {
		return 0, 0
	}
	return utf8.DecodeLastRuneInString(s)
}

// A conceptTable finds words of one meaning (打款, 转账, 汇钱) in canonical text.
type conceptTable struct {
	by    map[rune][]conceptWord // by first rune, longest first
	first hanTable[bool]         // first runes, for a quick no
	names []string
}

type conceptWord struct {
	word string
	id   int
}

func newConceptTable() *conceptTable {
	return &conceptTable{by: make(map[rune][]conceptWord), first: newHanTable[bool]()}
}

func readConcepts(words fs.FS, file string) (*conceptTable, error) {
	t := newConceptTable()
	err := readTable(words, file, func(line string) error {
		name, list, ok := strings.Cut(line, ":")
		if !ok {
			return fmt.Errorf("want name: words, got %q", line)
		}
		return t.add(name, list)
	})
	t.sort()
	return t, err
}

// add adds a concept with its words.
func (t *conceptTable) add(name, list string) error {
	id := len(t.names)
	t.names = append(t.names, name)
	for w := range strings.FieldsSeq(list) {
		first, _ := utf8.DecodeRuneInString(w)
		for _, c := range t.by[first] {
			if c.word == w {
				return fmt.Errorf("%q is in %q already", w, t.names[c.id])
			}
		}
		t.by[first] = append(t.by[first], conceptWord{w, id})
		t.first.set(first, true)
	}
	return nil
}

func (t *conceptTable) sort() {
	for _, l := range t.by {
		sort.Slice(l, func(i, j int) bool { return len(l[i].word) > len(l[j].word) })
	}
}

// A wordSet holds words by their first rune, longest first.
type wordSet map[rune][]string

func readFillers(words fs.FS) (wordSet, error) {
	set := make(wordSet)
	err := readTable(words, fileFillers, func(line string) error {
		for w := range strings.FieldsSeq(line) {
			first, _ := utf8.DecodeRuneInString(w)
			set[first] = append(set[first], w)
		}
		return nil
	})
	for _, l := range set {
		sort.Slice(l, func(i, j int) bool { return len(l[i]) > len(l[j]) })
	}
	return set, err
}

// readTable calls line for each line of a table that is neither empty nor a
// comment.
func readTable(words fs.FS, name string, line func(string) error) error {
	data, err := fs.ReadFile(words, name)
	if err != nil {
		return fmt.Errorf("words: %w", err)
	}
	sc := bufio.NewScanner(bytes.NewReader(data))
	for no := 1; sc.Scan(); no++ {
		text := strings.TrimSpace(sc.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if err := line(text); err != nil {
			return fmt.Errorf("%s:%d: %w", name, no, err)
		}
	}
	return sc.Err()
}
