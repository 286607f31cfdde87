package actions

import (
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/width"
)

// TestFolded: each rune gets the width and the case that the libraries give it, and
// counts as punctuation as it does for them.
func TestFolded(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		s := string(r)
		want := strings.ToLower(width.Fold.String(s))
		if got := strings.Map(folded, s); got != want {
			t.Errorf("%U: folded %q, want %q", r, got, want)
		}
		if c := []rune(want)[0]; unicode.IsSpace(c) || unicode.IsPunct(c) || unicode.IsSymbol(c) {
			want = ""
		}
		if got := squeezed(s); got != want {
			t.Errorf("%U: squeezed %q, want %q", r, got, want)
		}
		if got := plain(s); got != want {
			t.Errorf("%U: plain %q, want %q", r, got, want)
		}
	}
}
