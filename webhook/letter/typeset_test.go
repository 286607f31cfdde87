package letter

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"
)

func lines(t *testing.T, text string, wide, indent float64) []string {
	t.Helper()
	all, err := faces()
	if err != nil {
		t.Fatal(err)
	}
	s := setter{faces: all}
	out := []string{}
	for _, l := range breakLines(s.signs(text, false), wide, indent) {
		var b strings.Builder
		for _, g := range l {
			b.WriteRune(g.r)
		}
		out = append(out, b.String())
	}
	return out
}

func TestBreakLines(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text         string
		wide, indent float64
		want         []string
	}{
		"nothing":                   {"", 4, 0, []string{}},
		"fits":                      {"四个汉字", 4, 0, []string{"四个汉字"}},
		"between characters":        {"五个汉字呀", 4, 0, []string{"五个汉字", "呀"}},
		"first line indented":       {"五个汉字呀", 4, 2, []string{"五个", "汉字呀"}},
		"no mark begins a line":     {"四个汉字，好", 4, 0, []string{"四个汉", "字，好"}},
		"no bracket ends a line":    {"三个字（好）", 4, 0, []string{"三个字", "（好）"}},
		"words stay whole":          {"三个字 word", 4, 0, []string{"三个字", "word"}},
		"numbers stay whole":        {"账号14000001202", 7, 0, []string{"账号", "14000001202"}},
		"long address at its joint": {"somebody@department.example", 12, 0, []string{"somebody@department.", "example"}},
		"long word anyway":          {strings.Repeat("m", 9), 4, 0, []string{"mmmm", "mmmm", "m"}},
		"only marks":                {"，，，，，", 2, 0, []string{"，，", "，，", "，"}},
		"wider than the line":       {"宽", 0.5, 0, []string{"宽"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, lines(t, c.text, c.wide, c.indent)); diff != "" {
				t.Errorf("%q (-want +got):\n%s", c.text, diff)
			}
		})
	}
}

// Whatever the text, its lines say the same, and none is longer than allowed.
func FuzzBreakLines(f *testing.F) {
	f.Add("虚构茶山商贸有限公司", uint8(4))
	f.Add("somebody@department.example 14000001202", uint8(9))
	f.Add("\u202e𠮷\x00，，（（（\xff 䶮", uint8(1))
	all, err := faces()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string, wide uint8) {
		s, room := setter{faces: all}, float64(wide%40)+1
		before := s.signs(clean(text), false)
		var after []sign
		for _, l := range breakLines(before, room, 0) {
			if len(l) == 0 || len(l) > 1 && lengthOf(l) > room+1e-9 {
				t.Errorf("a line of %d signs, %.3f of %.0f em", len(l), lengthOf(l), room)
			}
			after = append(after, l...)
		}
		if got, want := withoutBlanks(after), withoutBlanks(before); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func withoutBlanks(s []sign) string {
	var b strings.Builder
	for _, g := range s {
		if g.r != ' ' {
			b.WriteRune(g.r)
		}
	}
	return b.String()
}

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                       "",
		" 李\t示\n\n二 ":            "李 示 二",
		"李\u202e二示\u200b\x00":    "李二示",
		"李　示二":                   "李 示二",
		"葛\U000e0100城":           "葛城",
		strings.Repeat("名", 120): strings.Repeat("名", 120),
		strings.Repeat("名", 121): strings.Repeat("名", 119) + "…",
		"虚构（示例）·SAMPLE & SONS Co., Ltd.": "虚构（示例）·SAMPLE & SONS Co., Ltd.",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

// Names have characters that few fonts do: the fonts have all of GBK.
func TestFacesHaveEveryCharacterOfGBK(t *testing.T) {
	t.Parallel()
	all, err := faces()
	if err != nil {
		t.Fatal(err)
	}
	s := setter{faces: all}
	have, lack := 0, ""
	for lead := byte(0x81); lead < 0xff; lead++ {
		for trail := byte(0x40); trail < 0xff; trail++ {
			text, err := simplifiedchinese.GBK.NewDecoder().String(string([]byte{lead, trail}))
			r := []rune(text)
			if err != nil || len(r) != 1 || !unicode.In(r[0], unicode.Han) || r[0] < 0x3400 {
				continue // signs and radicals are not of names
			}
			if _, ok := s.find(r[0]); !ok {
				lack += text
			}
			have++
		}
	}
	if lack != "" || have < 20902+50 {
		t.Errorf("of %d characters the fonts lack %q", have, lack)
	}
}
