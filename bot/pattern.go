package bot

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"unicode"
)

// A pattern is a regular expression that is tried only on texts which have the runes
// that all its matches have. Most patterns are about things that most texts do not
// speak of, and looking for a rune is some hundred times cheaper than trying the
// expression.
type pattern struct {
	re    *regexp.Regexp
	needs []runes // a match has one of each; none are known if it is empty
}

// runes is a set of runes, as bits by their number in an alphabet.
type runes []uint64

func (r runes) meet(o runes) bool {
	for i := range min(len(r), len(o)) {
		if r[i]&o[i] != 0 {
			return true
		}
	}
	return false
}

// An alphabet numbers the runes that patterns need.
type alphabet map[rune]int

// A text has been looked at for the runes of an alphabet.
type text struct {
	string
	has runes
}

func (a alphabet) text(s string) text {
	has := make(runes, len(a)/64+1)
	for _, r := range s {
		if n, ok := a[r]; ok {
			has[n/64] |= 1 << (n % 64)
		}
	}
	return text{s, has}
}

// compile returns the pattern of an expression.
func (a alphabet) compile(expr string) (*pattern, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, err
	}
	parsed, err := syntax.Parse(expr, syntax.Perl) // as regexp.Compile does
	if err != nil {
		return nil, err
	}
	p := &pattern{re: re}
	for _, set := range needed(parsed) {
		p.needs = append(p.needs, a.runes(set))
	}
	return p, nil
}

// runes numbers runes that it does not know yet.
func (a alphabet) runes(set []rune) (out runes) {
	for _, r := range set {
		n, ok := a[r]
		if !ok {
			n = len(a)
			a[r] = n
		}
		for len(out) <= n/64 {
			out = append(out, 0)
		}
		out[n/64] |= 1 << (n % 64)
	}
	return out
}

// may reports whether a pattern may match a text.
func (p *pattern) may(t text) bool {
	for _, set := range p.needs {
		if !set.meet(t.has) {
			return false
		}
	}
	return true
}

func (p *pattern) find(t text) string {
	if !p.may(t) {
		return ""
	}
	return p.re.FindString(t.string)
}

func (p *pattern) matches(t text) bool {
	return p.may(t) && p.re.MatchString(t.string)
}

const (
	// maxNeeded bounds the runes of a class that are looked for.
	maxNeeded = 64
	// maxSets bounds the sets of runes that are looked for.
	maxSets = 4
)

// needed returns sets of runes of which every match has at least one each, the smallest
// sets first; none if none are known.
func needed(re *syntax.Regexp) (sets [][]rune) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			sets = append(sets, cased(re, []rune{r}))
		}
	case syntax.OpCharClass:
		if m := members(re.Rune); m != nil {
			sets = [][]rune{m}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return needed(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return needed(re.Sub[0])
		}
	case syntax.OpConcat:
		for _, s := range re.Sub {
			sets = append(sets, needed(s)...)
		}
	case syntax.OpAlternate:
		// Of each alternative two sets: whichever it is that matches has one of each.
		var first, second []rune
		for _, s := range re.Sub {
			n := needed(s)
			if len(n) == 0 {
				return nil
			}
			first, second = append(first, n[0]...), append(second, n[min(1, len(n)-1)]...)
		}
		sets = [][]rune{distinct(first), distinct(second)}
	}
	slices.SortStableFunc(sets, func(a, b []rune) int { return len(a) - len(b) })
	return sets[:min(len(sets), maxSets)]
}

func distinct(list []rune) []rune {
	slices.Sort(list)
	return slices.Compact(list)
}

// cased adds the other cases of runes, where case does not count.
func cased(re *syntax.Regexp, list []rune) []rune {
	out := slices.Clone(list)
	if re.Flags&syntax.FoldCase == 0 {
		return out
	}
	for _, r := range list {
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			out = append(out, f)
		}
	}
	return out
}

// members lists the runes of a class, given as ranges; nil if there are many.
func members(ranges []rune) (out []rune) {
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if len(out) == maxNeeded {
				return nil
			}
			out = append(out, r)
		}
	}
	return out
}
