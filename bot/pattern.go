package bot

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"unicode"
)

// A pattern is a regular expression that is tried only on texts which have one of
// the runes that all its matches have. Most patterns are about things that most
// texts do not speak of, and looking for a rune is some hundred times cheaper than
// trying the expression.
type pattern struct {
	re    *regexp.Regexp
	needs runes // nil: it may match without any of them
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
	for _, r := range needed(parsed) {
		n, ok := a[r]
		if !ok {
			n = len(a)
			a[r] = n
		}
		for len(p.needs) <= n/64 {
			p.needs = append(p.needs, 0)
		}
		p.needs[n/64] |= 1 << (n % 64)
	}
	return p, nil
}

func (p *pattern) find(t text) string {
	if p.needs != nil && !p.needs.meet(t.has) {
		return ""
	}
	return p.re.FindString(t.string)
}

func (p *pattern) matches(t text) bool {
	return (p.needs == nil || p.needs.meet(t.has)) && p.re.MatchString(t.string)
}

// maxNeeded bounds the runes of a class that are looked for.
const maxNeeded = 64

// needed returns runes of which every match has at least one; nil if none are
// known.
func needed(re *syntax.Regexp) []rune {
	switch re.Op {
	case syntax.OpLiteral:
		return cased(re, re.Rune[:1])
	case syntax.OpCharClass:
		return members(re.Rune)
	case syntax.OpCapture, syntax.OpPlus:
		return needed(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return needed(re.Sub[0])
		}
	case syntax.OpConcat:
		var best []rune
		for _, s := range re.Sub {
			if n := needed(s); n != nil && (best == nil || len(n) < len(best)) {
				best = n
			}
		}
		return best
	case syntax.OpAlternate:
		var all []rune
		for _, s := range re.Sub {
			n := needed(s)
			if n == nil {
				return nil
			}
			all = append(all, n...)
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	return nil
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
