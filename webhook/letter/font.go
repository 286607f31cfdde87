package letter

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

//go:embed font.ttf.gz
var packedMain []byte

//go:embed rare.ttf.gz
var packedRare []byte

// face is one of the fonts: its file, which the PDF library cuts and embeds, and
// its glyphs, which tell what it has and how wide that is.
type face struct {
	name   string // in the PDF
	raw    []byte
	glyphs *sfnt.Font
	em     fixed.Int26_6 // units of the font
}

// family is the name under which the PDF library knows the face, and placeholder
// what the library makes of it. That has the length of the name that a subset
// must bear: six capitals, a plus sign and the font's name.
func (f face) family() string      { return "cut" + strings.ToLower(f.name) }
func (f face) placeholder() string { return "/utf8" + f.family() }

// faces returns the fonts, unpacked and parsed once. A sign is taken from the
// first that has it: the second holds the rare characters of names (CJK Extension
// A, U+3400 to U+4DBF) that the first one lacks, in the same design.
var faces = sync.OnceValues(func() ([]face, error) {
	var all []face
	for _, f := range []struct {
		name   string
		packed []byte
	}{{"WenQuanYiMicroHei", packedMain}, {"DroidSansFallback", packedRare}} {
		z, err := gzip.NewReader(bytes.NewReader(f.packed))
		if err != nil {
			return nil, fmt.Errorf("letter: font %s: %w", f.name, err)
		}
		raw, err := io.ReadAll(z)
		if err != nil {
			return nil, fmt.Errorf("letter: font %s: %w", f.name, err)
		}
		glyphs, err := sfnt.Parse(raw)
		if err != nil {
			return nil, fmt.Errorf("letter: font %s: %w", f.name, err)
		}
		all = append(all, face{f.name, raw, glyphs, fixed.Int26_6(glyphs.UnitsPerEm())})
	}
	return all, nil
})

// sign is a character that will be printed.
type sign struct {
	r     rune
	face  int     // which of the faces has it
	wide  float64 // em
	ruled bool    // with a line under it
}

// unknown stands for what no face has.
const unknown = '□'

// setter turns texts into signs. It serves one letter, as its buffer does.
type setter struct {
	faces []face
	buf   sfnt.Buffer
}

// find looks a character up in the faces.
func (s *setter) find(r rune) (sign, bool) {
	// The PDF library encodes the basic plane only; of characters for private use
	// nobody knows what they mean to the reader.
	if r > 0xffff || r == utf8.RuneError || unicode.Is(unicode.Co, r) {
		return sign{}, false
	}
	for i, f := range s.faces {
		n, err := f.glyphs.GlyphIndex(&s.buf, r)
		if err != nil || n == 0 {
			continue
		}
		wide, err := f.glyphs.GlyphAdvance(&s.buf, n, f.em, font.HintingNone)
		if err != nil {
			continue
		}
		return sign{r: r, face: i, wide: float64(wide) / float64(f.em)}, true
	}
	return sign{}, false
}

// signs returns a text's signs, with □ for those that cannot be printed.
func (s *setter) signs(text string, ruled bool) []sign {
	var out []sign
	for _, r := range text {
		g, ok := s.find(r)
		if !ok {
			g, _ = s.find(unknown)
		}
		g.ruled = ruled
		out = append(out, g)
	}
	return out
}

// clean makes one line of a field: any white space is one blank, and what nobody
// sees - controls, marks of direction and variation - is left out, lest a letter
// read otherwise than its record. A field that is too long ends in an ellipsis.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Variation_Selector):
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > maxField {
		return string(runes[:maxField-1]) + "…"
	}
	return s
}

// Font returns a TrueType font with the characters of everyday Chinese, for
// others who draw text.
func Font() ([]byte, error) {
	all, err := faces()
	if err != nil {
		return nil, err
	}
	return all[0].raw, nil
}
