package kb

import (
	"strings"
	"unicode/utf8"

	"signdesk/kb/normalize"
)

// A signature is what identifies a message on screen: its fixed pieces, in
// canonical form, without the variable parts.
type signature struct {
	part   *Part
	text   string // as written in the content
	pieces [][]rune
	runes  int // in all pieces
}

// Recognising a message.
const (
	// minRun is the shortest run of equal characters that counts as part of a
	// message; shorter ones occur by chance.
	minRun = 3
	// shortSignature is the longest message that must stand in the text whole.
	shortSignature = 5
	// recognised is the share of a message that must be there to say "I know
	// this message"; misread characters and a missing half are common.
	recognised = 0.55
	// minRecognised is the least number of characters for the same.
	minRecognised = 7
)

func newSignature(n *normalize.Normalizer, p *Part, text string) signature {
	s := signature{part: p, text: text}
	for _, piece := range splitVariables(text) {
		for clause := range strings.SplitSeq(n.Canon(piece), ",") {
			if r := joined(clause); len(r) > 0 {
				s.pieces = append(s.pieces, r)
				s.runes += len(r)
			}
		}
	}
	return s
}

// splitVariables cuts a message at its variable parts <…>.
func splitVariables(text string) []string {
	var out []string
	for {
		i := strings.IndexByte(text, '<')
		j := strings.IndexByte(text, '>')
		if i < 0 || j < i {
			return append(out, text)
		}
		out = append(out, text[:i])
		text = text[j+1:]
	}
}

// A sigHit tells how much of a message stands in an utterance.
type sigHit struct {
	sig   *signature
	runes int     // characters of the message found
	share float64 // of its characters
	exact bool    // all of it
}

// known reports whether the hit is sure enough to name the message.
func (h sigHit) known() bool {
	return h.sig != nil && (h.exact && h.sig.runes > shortSignature || h.share >= recognised && h.runes >= minRecognised)
}

// match looks for the message in text, a canonical utterance without spaces
// and commas.
func (s *signature) match(text []rune) sigHit {
	h := sigHit{sig: s}
	for _, piece := range s.pieces {
		h.runes += commonRuns(piece, text)
	}
	h.share = float64(h.runes) / float64(s.runes)
	h.exact = h.runes == s.runes
	if s.runes <= shortSignature && !h.exact {
		h.runes, h.share = 0, 0
	}
	return h
}

// commonRuns returns how many characters of piece lie in runs of at least
// minRun characters (or the whole piece) that text has too.
func commonRuns(piece, text []rune) int {
	found := 0
	for i := 0; i < len(piece); {
		best := 0
		for j := range text {
			if text[j] != piece[i] {
				continue
			}
			k := 1
			for i+k < len(piece) && j+k < len(text) && piece[i+k] == text[j+k] {
				k++
			}
			best = max(best, k)
		}
		if best >= minRun || best == len(piece) {
			found += best
			i += best
		} else {
			i++
		}
	}
	return found
}

// joined returns canonical text as runes without separators.
func joined(canon string) []rune {
	out := make([]rune, 0, utf8.RuneCountInString(canon))
	for _, r := range canon {
		if r != ' ' && r != ',' {
			out = append(out, r)
		}
	}
	return out
}
