package normalize

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Lines of another kind: words that say nothing by themselves, and words that name
// something although they have a word for a side in them (手机号).
const (
	filler = "filler"
	named  = "named"
)

// Sides splits canonical text into the sides of things that its words ask for
// (phone, long, who …), each once, and the rest: the pieces that name something.
func (n *Normalizer) Sides(canon string) (sides, rest []string) {
	from := -1 // where the piece that is being read begins
	end := func(at int) {
		if from >= 0 {
			rest = append(rest, canon[from:at])
		}
		from = -1
	}
	for i := 0; i < len(canon); {
		r, size := utf8.DecodeRuneInString(canon[i:])
		if w := n.sides.at(canon, i); w.word != "" && n.sides.names[w.id] == named {
			if from < 0 {
				from = i
			}
			i += len(w.word)
			continue
		} else if w.word != "" {
			end(i)
			if name := n.sides.names[w.id]; name != filler && !slices.Contains(sides, name) {
				sides = append(sides, name)
			}
			i += len(w.word)
			continue
		}
		if classOf(r) == classBreak || r == ' ' {
			end(i)
		} else if from < 0 {
			from = i
		}
		i += size
	}
	end(len(canon))
	return sides, rest
}

// at returns the longest word that stands at a place; none is empty.
func (t *conceptTable) at(canon string, i int) conceptWord {
	r, _ := utf8.DecodeRuneInString(canon[i:])
	before, _ := lastRune(canon[:i])
	for _, c := range t.by[r] {
		if strings.HasPrefix(canon[i:], c.word) && wholeWord(before, canon[i+len(c.word):], c.word) {
			return c
		}
	}
	return conceptWord{}
}
