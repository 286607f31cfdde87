package normalize

import (
	"strings"
	"unicode/utf8"
)

// A Unit is one Han character or one Latin word, number or placeholder of a
// canonical text, as offsets in bytes.
type Unit struct {
	Start, End int
	// First says that the unit begins a clause; no n-gram reaches across.
	First bool
}

// Units appends the units of canonical text to list and returns it.
func Units(canon string, list []Unit) []Unit {
	first := true
	for i := 0; i < len(canon); {
		r, size := utf8.DecodeRuneInString(canon[i:])
		switch classOf(r) {
		case classBreak:
			first = true
		case classHan:
			list = append(list, Unit{i, i + size, first})
			first = false
		case classWord:
			end := i + size
			for end < len(canon) {
				r, n := utf8.DecodeRuneInString(canon[end:])
				if classOf(r) != classWord && r != '.' {
					break
				}
				end += n
			}
			list = append(list, Unit{i, end, first})
			first = false
			size = end - i
		}
		i += size
	}
	return list
}

// Concepts returns the names of the concepts whose words stand in canonical
// text, each once, in order of first appearance.
func (n *Normalizer) Concepts(canon string) []string {
	found := n.concepts.find(canon)
	if n.contrasts(canon) {
		found = append(found, twoNames)
	}
	return found
}

func (t *conceptTable) find(canon string) []string {
	var found []string
	seen := make(map[int]bool, 8)
	var before rune
	for i := 0; i < len(canon); {
		r, size := utf8.DecodeRuneInString(canon[i:])
		step := size
		if isCommonHan(r) && !t.first.at(r) {
			before, i = r, i+size
			continue
		}
		for _, c := range t.by[r] {
			if !strings.HasPrefix(canon[i:], c.word) || !wholeWord(before, canon[i+len(c.word):], c.word) {
				continue
			}
			if !seen[c.id] {
				seen[c.id] = true
				found = append(found, t.names[c.id])
			}
			step = len(c.word)
			break
		}
		before, _ = lastRune(canon[:i+step])
		i += step
	}
	return found
}

// Content returns how many runes of canonical text say what it is about - those
// outside of fillers (怎么办, 急) -, at most a few more than limit, and how many of
// these belong to the first word of a concept.
func (n *Normalizer) Content(canon string, limit int) (runes, first int) {
next:
	for i := 0; i < len(canon) && runes <= limit; {
		r, size := utf8.DecodeRuneInString(canon[i:])
		word := n.concepts.at(canon, i).word
		for _, w := range n.fillers[r] {
			if len(w) >= len(word) && strings.HasPrefix(canon[i:], w) {
				i += len(w)
				continue next
			}
		}
		if c := classOf(r); word != "" {
			said := utf8.RuneCountInString(word)
			if runes += said; first == 0 {
				first = said
			}
			size = len(word)
		} else if c == classHan || c == classWord {
			runes++
		}
		i += size
	}
	return runes, first
}

// Syllable returns a number for the toneless pinyin of a unit (southern
// confusions folded together), or 0 where it has none.
func (n *Normalizer) Syllable(unit string) uint16 {
	r, size := utf8.DecodeRuneInString(unit)
	if size != len(unit) {
		return 0
	}
	return n.pinyin.at(r)
}
