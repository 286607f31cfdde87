// Package normalize turns an utterance into its canonical form and into the
// units that matching works on.
//
// It owns every rule on how text is written (width, case, traditional
// characters, punctuation, noise of screenshots) and knows nothing of entries,
// scores or channels. A [Normalizer] is immutable after [New]; all methods are
// pure and may be called concurrently.
package normalize

import (
	"crypto/sha256"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxRunes is how much of an utterance is looked at, in runes of the input.
// Of longer input the first and the last half of it count: people put the
// question at either end. (Own limit; the longest question in our evaluation
// set has about 200 runes.)
const MaxRunes = 1600

// Placeholders stand in canonical text for values that name a person or a
// company and therefore carry no meaning for matching.
const (
	Phone   = "#tel"  // telephone number, whole or masked (138****0000)
	Mail    = "#mail" // e-mail address, whole or masked
	URL     = "#url"  // web address
	ID      = "#id"   // long number: credit code, ID card, bank account
	Company = "#org"  // name of a company
	Hidden  = "#x"    // XXX, ***, [] and other blacked-out text
	// #bank and the like stand for the names of others.txt.
)

// passes bounds how often the rules are applied until nothing changes. One
// rule can make room for another (a removed emoji joins two halves of a phone
// number); real text settles after one pass, hostile text after a few.
const passes = 13

// A Normalizer applies the tables of data/words. The zero value is not usable.
type Normalizer struct {
	simplified hanTable[rune]   // 0: is simplified
	pinyin     hanTable[uint16] // 0: unknown
	names      *nameTable
	variants   *replacer
	concepts   *conceptTable
	sides      *conceptTable
	fillers    wordSet
	contrast   map[string][]string
	facts      *conceptTable     // names: payer=we
	questions  map[string]string // by fact
	sum        [sha256.Size]byte
}

// Canon returns the canonical form of s: simplified, lower-case, half-width
// text in which clauses are separated by one comma and Latin words by one
// space, without control characters, emoji and screenshot noise, and with
// values replaced by the placeholders above. It is valid UTF-8 for any input,
// and Canon(Canon(s)) == Canon(s).
func (n *Normalizer) Canon(s string) string {
	if canon, ok := n.easy(s); ok {
		return canon
	}
	s, settled := n.settle(clip(s))
	if !settled { // text built to oscillate keeps its plain characters at most
		if s, settled = n.settle(plain(s)); !settled {
			return ""
		}
	}
	return s
}

// settle applies the rules until nothing changes, and reports whether that
// came about. A rule may lengthen the text ("**" becomes "#x"), so that each
// pass is clipped anew.
func (n *Normalizer) settle(s string) (string, bool) {
	for range passes {
		next := clip(n.pass(s))
		if next == s {
			return s, true
		}
		s = next
	}
	return s, false
}

// easy does most of real text in one go: Han characters and plain punctuation,
// nothing to rewrite. It gives what the rules would give.
func (n *Normalizer) easy(s string) (string, bool) {
	if len(s) > 4*MaxRunes/2 {
		return "", false
	}
	b := make([]byte, 0, len(s))
	var last, run rune
	gap, open := false, false
	for _, r := range s {
		switch {
		case isCommonHan(r):
			if v := n.simplified.at(r); v != 0 {
				r = v
			}
		case strings.ContainsRune("，。？！、；：“”,?!", r):
			gap = true
			continue
		case strings.ContainsRune("【「", r):
			gap, open = true, true
			continue
		case strings.ContainsRune("】」", r):
			if open { // nothing between the brackets: something is blacked out
				return "", false
			}
			gap = true
			continue
		default:
			return "", false
		}
		if run++; r != last || gap {
			run = 1
		}
		if run > 1 || companyWord(r) {
			return "", false
		}
		if gap && len(b) > 0 {
			b = append(b, ',')
		}
		b = utf8.AppendRune(b, r)
		last, gap, open = r, false, false
	}
	out := string(b)
	return out, n.variants.replace(out) == out && n.names.replace(out, nil) == out
}

// companyWord reports whether r may belong to a legal form or to a blacked-out
// name (有限公司, 集团公司, 某某).
func companyWord(r rune) bool { return r == '限' || r == '股' || r == '团' || r == '某' }

func (n *Normalizer) pass(s string) string {
	s = n.fold(s)
	s = dropScreenNoise(s)
	s = placeholders(s)
	return n.variants.replace(n.names.replace(assemble(s), nil))
}

// clip bounds the input to MaxRunes and makes it valid UTF-8.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "")
	if len(s) <= MaxRunes || utf8.RuneCountInString(s) <= MaxRunes {
		return s
	}
	r := []rune(s)
	return string(r[:MaxRunes/2]) + "\n" + string(r[len(r)-MaxRunes/2+1:])
}

// fold maps each character to the one that the knowledge base writes, and
// turns what is no text into a space. Line breaks are kept for the next step.
func (n *Normalizer) fold(s string) string {
	s = norm.NFKC.String(s)
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case isCommonHan(r):
			if v := n.simplified.at(r); v != 0 {
				r = v
			}
			b.WriteRune(r)
		case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029':
			b.WriteByte('\n')
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) || unicode.Is(unicode.Cf, r):
			// accents piled on letters, zero-width and direction marks
		case unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.So, r) || unicode.Is(unicode.Sk, r) || unicode.Is(unicode.Co, r):
			b.WriteByte(' ')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// class tells how a rune takes part in assembled text.
type class uint8

const (
	classBreak class = iota // punctuation: ends a clause
	classSpace
	classHan  // a unit of its own
	classWord // part of a Latin word or number
)

func classOf(r rune) class {
	switch {
	case isCommonHan(r):
		return classHan
	case r == ' ' || r == '\n':
		return classSpace
	case unicode.Is(unicode.Han, r) || r == '*' || r == '∇':
		return classHan
	case r < utf8.RuneSelf && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '#'):
		return classWord
	case r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)):
		return classWord
	}
	return classBreak
}

// repeatMax is the longest run of one Han character that is left alone
// (谢谢, 一一对应); longer runs (怎么办啊啊啊啊) say nothing more than one.
const repeatMax = 2

// assemble writes the canonical spacing: nothing between Han characters, one
// space between Latin words, one comma between clauses.
func assemble(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	r := []rune(s)
	last, pending := classBreak, classHan // pending: the strongest separator seen since the last unit
	for i := 0; i < len(r); i++ {
		c := classOf(r[i])
		if c == classBreak && r[i] == '.' && i > 0 && i+1 < len(r) && isDigit(r[i-1]) && isDigit(r[i+1]) {
			c = classWord // decimal point
		}
		switch c {
		case classBreak:
			pending = classBreak
			continue
		case classSpace:
			if pending != classBreak {
				pending = classSpace
			}
			continue
		case classHan:
			run := i + 1
			for run < len(r) && r[run] == r[i] {
				run++
			}
			if run-i > repeatMax {
				i = run - 1
			}
		}
		switch {
		case b.Len() == 0:
		case pending == classBreak:
			b.WriteByte(',')
		case c == classWord && last == classWord && (pending == classSpace || r[i] == '#'):
			b.WriteByte(' ')
		}
		b.WriteRune(r[i])
		last, pending = c, classHan
	}
	return b.String()
}

// plain keeps Han characters only.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Han, r) {
			return r
		}
		return -1
	}, s)
}

// The block of unified ideographs holds nearly all characters of real
// questions; the tables cover it and nothing else.
const (
	firstHan = 0x4E00
	lastHan  = 0x9FFF
)

func isCommonHan(r rune) bool { return r >= firstHan && r <= lastHan }

// A hanTable holds a value for each character of the block.
type hanTable[T any] struct{ values []T }

func newHanTable[T any]() hanTable[T] { return hanTable[T]{make([]T, lastHan-firstHan+1)} }

// at returns the value of r, zero outside the block.
func (t hanTable[T]) at(r rune) (v T) {
	if isCommonHan(r) {
		v = t.values[r-firstHan]
	}
	return v
}

// set stores a value; it reports whether r is in the block.
func (t hanTable[T]) set(r rune, v T) bool {
	if !isCommonHan(r) {
		return false
	}
	t.values[r-firstHan] = v
	return true
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }
