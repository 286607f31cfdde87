package pages

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func newSet(t *testing.T) *Set {
	t.Helper()
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// maxSketch bounds a sketch as it stands in a page, in bytes.
const maxSketch = 6 << 10

func TestSketches(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	used := map[string]bool{}
	for key, list := range places {
		for _, p := range list {
			used[p.name] = true
			if len(s.placed(key, p.step)) == 0 {
				t.Errorf("sketch %q of %s is not shown", p.name, key)
			}
		}
	}
	for name, f := range s.figures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			svg := string(f.SVG)
			if !used[name] {
				t.Error("no answer shows it")
			}
			if len(svg) > maxSketch {
				t.Errorf("%d bytes, want at most %d", len(svg), maxSketch)
			}
			for _, want := range []string{`role="img"`, "<title id=", "<desc id=", "viewBox="} {
				if !strings.Contains(svg, want) {
					t.Errorf("it lacks %s", want)
				}
			}
			if strings.Contains(svg, "style") || strings.Contains(svg, "script") {
				t.Error("it has style or script of its own")
			}
			wellFormed(t, svg)
		})
	}
	if len(s.figures) < 10 {
		t.Errorf("%d sketches", len(s.figures))
	}
}

func wellFormed(t *testing.T, svg string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
	}
}

// TestSketchesFit: words and frames stay within the sketch, as far as their width can be
// told without a font.
func TestSketchesFit(t *testing.T) {
	t.Parallel()
	words := regexp.MustCompile(`<text class="[^"]*" x="(\d+)" y="(\d+)" font-size="(\d+)"( text-anchor="(\w+)")?>([^<]*)</text>`)
	frames := regexp.MustCompile(`<rect class="[^"]*" x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"`)
	size := regexp.MustCompile(`viewBox="0 0 (\d+) (\d+)"`)
	for name, f := range newSet(t).figures {
		box := size.FindStringSubmatch(string(f.SVG))
		for _, m := range words.FindAllStringSubmatch(string(f.SVG), -1) {
			long := width(strings.NewReplacer("&gt;", ">", "&#34;", `"`).Replace(m[6]), number(t, m[3]))
			from := number(t, m[1])
			switch m[5] {
			case "middle":
				from -= long / 2
			case "end":
				from -= long
			}
			if from < 2 || from+long > number(t, box[1])-2 || number(t, m[2]) > number(t, box[2])-4 {
				t.Errorf("%s: %q stands from %.0f to %.0f at %s of %s×%s", name, m[6], from, from+long, m[2], box[1], box[2])
			}
		}
		for _, m := range frames.FindAllStringSubmatch(string(f.SVG), -1) {
			if number(t, m[1])+number(t, m[3]) > number(t, box[1]) || number(t, m[2])+number(t, m[4]) > number(t, box[2]) {
				t.Errorf("%s: a frame at %s, %s of %s×%s reaches out of it", name, m[1], m[2], m[3], m[4])
			}
		}
	}
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRich(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{"点【确定】。", `点<b class="ui">【确定】</b>。`},
		{"打400-993-6665。", `打<a class="tel" href="tel:4009936665">400-993-6665</a>。`},
		{"打开www.bestsign.cn登录", `打开<a href="https://www.bestsign.cn" rel="noreferrer">www.bestsign.cn</a>登录`},
		{"账号10454000000496333", `账号<span class="copy">10454000000496333</span>`},
		{"<b>【<i>】&", `&lt;b&gt;<b class="ui">【&lt;i&gt;】</b>&amp;`},
		{"一半【没完", "一半【没完"},
	} {
		if got := string(rich("400-993-6665", tt.in)); got != tt.want {
			t.Errorf("rich(%q):\ngot  %s\nwant %s", tt.in, got, tt.want)
		}
	}
	if got := string(rich("", "打400")); got != "打400" {
		t.Errorf("without a hotline: %s", got)
	}
	if got := string(label("【去认证】www.bestsign.cn")); got != `<b class="ui">【去认证】</b>www.bestsign.cn` {
		t.Errorf("label: %s", got)
	}
}

// TestContrast holds the colours to what can be read by people who see poorly:
// 4.5 to 1 for words (WCAG AA), 3 to 1 for rings and dots.
func TestContrast(t *testing.T) {
	t.Parallel()
	blocks := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(string(style), -1)
	if len(blocks) != 3 {
		t.Fatalf("%d sets of colours, want light, dark and paper", len(blocks))
	}
	for i, theme := range []string{"light", "dark", "paper"} {
		c := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(blocks[i][1], -1) {
			c[m[1]] = m[2]
		}
		for _, words := range []string{"ink", "soft", "brand"} {
			for _, ground := range []string{"ground", "card", "wash", "hero", "note"} {
				atLeast(t, theme, c, words, ground, 4.5)
			}
		}
		atLeast(t, theme, c, "on-brand", "brand", 4.5)
		atLeast(t, theme, c, "on-hot", "hot", 4.5)
		for _, shape := range []string{"hot", "good", "seal"} {
			atLeast(t, theme, c, shape, "card", 3)
		}
	}
}

func atLeast(t *testing.T, theme string, c map[string]string, words, ground string, want float64) {
	t.Helper()
	if c[words] == "" || c[ground] == "" {
		t.Errorf("%s: no colour %s or %s", theme, words, ground)
		return
	}
	a, b := luminance(t, c[words]), luminance(t, c[ground])
	if got := (max(a, b) + .05) / (min(a, b) + .05); got < want {
		t.Errorf("%s: %s on %s has a contrast of %.2f, want %.1f", theme, words, ground, got, want)
	}
}

// luminance is that of WCAG for a colour like #1456c8.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	var rgb [3]uint8
	if _, err := fmt.Sscanf(colour, "#%02x%02x%02x", &rgb[0], &rgb[1], &rgb[2]); err != nil {
		t.Fatalf("colour %q: %v", colour, err)
	}
	var sum float64
	for i, share := range []float64{.2126, .7152, .0722} {
		v := float64(rgb[i]) / 255
		if v <= .04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+.055)/1.055, 2.4)
		}
		sum += share * v
	}
	return sum
}
