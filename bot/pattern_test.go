package bot

import (
	"bufio"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signdesk/actions"
	"signdesk/kb"
)

func TestNeeded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ expr, want string }{
		{"申诉", "申 诉"},
		{"(?i)k1", "1 Kk\u212a"},
		{"(换|变更).{0,8}管理员", "管 理 员 变换"},
		{"换|变更", "变换 换更"},
		{"(换|变更)章(印|图)", "章 变换 换更 印图"},
		{"[换改]+", "换改"},
		{"(换|改)?", ""},
		{"换*", ""},
		{"换{2,3}", "换"},
		{"换{0,3}", ""},
		{"a|.", ""},
		{"(ab|cd|.)e", "e"},
		{"(a|b)(c|d|e)", "ab cde"},
		{"[^a]", ""},
		{"^$", ""},
	} {
		re, err := syntax.Parse(c.expr, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, set := range needed(re) {
			slices.Sort(set)
			got = append(got, string(set))
		}
		var want []string
		for _, set := range strings.Fields(c.want) {
			r := []rune(set)
			slices.Sort(r)
			want = append(want, string(r))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.expr, diff)
		}
	}
}

// What the patterns of the flows find in the questions of all scripts is what
// their expressions find.
func TestPatternsFindAll(t *testing.T) {
	t.Parallel()
	x := realIntents(t)
	var found, tried int
	for _, q := range scripted(t) {
		looked := x.alphabet.text(q)
		for _, l := range x.labels {
			for _, p := range []*pattern{l.do, l.when, l.doing, l.done, l.asks} {
				if p == nil {
					continue
				}
				got, want := p.find(looked), p.re.FindString(q)
				if got != want || p.matches(looked) != p.re.MatchString(q) {
					t.Errorf("%q, %s: got %q, want %q", q, p.re, got, want)
				}
				if tried++; want != "" {
					found++
				}
			}
		}
	}
	if found < 100 {
		t.Errorf("of %d tries %d found something", tried, found)
	}
}

// A text that is not searched for personal data has none.
func TestMaskLooksWhereItMust(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	masked := 0
	for range 20_000 {
		var b strings.Builder
		for range random.IntN(24) {
			b.WriteString([]string{"1", "3", "9", "0", "5", "7", "-", " ", "@", "a.b", "X", "话"}[random.IntN(12)])
		}
		s := b.String()
		if got, want := maskText(s), maskForms(s); got != want {
			t.Fatalf("%q: got %q, want %q", s, got, want)
		} else if got != s {
			masked++
		}
	}
	if masked < 100 {
		t.Errorf("only %d were masked", masked)
	}
}

func realIntents(t testing.TB) *Intents {
	t.Helper()
	words, err := actions.ReadWords(os.DirFS("../data/flows"))
	if err != nil {
		t.Fatal(err)
	}
	x, err := NewIntents(words, nil)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// scripted returns the lines of the scripts of questions.
func scripted(t testing.TB) (out []string) {
	t.Helper()
	files, err := filepath.Glob("../kb/testdata/*.tsv")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for s := bufio.NewScanner(f); s.Scan(); {
			out = append(out, strings.ToLower(s.Text()))
		}
	}
	return out
}

func BenchmarkRecognise(b *testing.B) {
	x, questions := realIntents(b), scripted(b)
	for i := 0; b.Loop(); i++ {
		x.Recognise(questions[i%len(questions)], kb.Decision{Kind: kb.None})
	}
}
