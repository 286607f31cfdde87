// Package screens is a set of screenshots of phones and desktops, with the entry
// that each is about, and the ways in which pictures get worse on their way: made
// smaller, cropped, compressed, photographed from a screen. Everything it does to
// a picture comes out the same each time.
package screens

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A Screen is one screenshot.
type Screen struct {
	Name          string // of its file, without directory
	Entry         string // that it is about
	Layout, Theme string
	Width         int // CSS pixels
	Title         string
	Text, Buttons []string
	dir           string
}

// Columns of screens.tsv.
const (
	colEntry = iota
	colLayout
	colTheme
	colWidth
	colTitle
	colText
	colButtons
	columns
)

// Load reads the list of a set; the pictures lie beside it.
func Load(dir string) ([]Screen, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "screens.tsv"))
	if err != nil {
		return nil, err
	}
	var out []Screen
	for n, row := range strings.Split(string(raw), "\n") {
		if row == "" || strings.HasPrefix(row, "#") {
			continue
		}
		f := strings.Split(row, "\t")
		if len(f) != columns {
			return nil, fmt.Errorf("screens: line %d has %d columns", n+1, len(f))
		}
		width, err := strconv.Atoi(f[colWidth])
		if err != nil {
			return nil, fmt.Errorf("screens: line %d: %w", n+1, err)
		}
		s := Screen{Name: fmt.Sprintf("%02d-%s.png", len(out)+1, f[colEntry]), Entry: f[colEntry], Layout: f[colLayout], Theme: f[colTheme], Width: width,
			Title: f[colTitle], Text: strings.Split(f[colText], "|"), dir: dir}
		if f[colButtons] != "" {
			s.Buttons = strings.Split(f[colButtons], "|")
		}
		out = append(out, s)
	}
	return out, nil
}

// Path is where the picture lies.
func (s Screen) Path() string { return filepath.Join(s.dir, s.Name) }

// A Kind is a way in which a picture came.
type Kind string

// The kinds.
const (
	Clean      Kind = "clean"
	Small      Kind = "small"      // at half its size, as messengers send it
	Cropped    Kind = "cropped"    // the part around the middle
	Compressed Kind = "compressed" // JPEG of low quality
	Photo      Kind = "photo"      // of a screen: askew, unevenly lit, noisy, with moiré
)

// Kinds are all kinds, the clean one first.
func Kinds() []Kind { return []Kind{Clean, Small, Cropped, Compressed, Photo} }

// Picture returns the screenshot as it came.
func (s Screen) Picture(k Kind) ([]byte, error) {
	raw, err := os.ReadFile(s.Path())
	if err != nil || k == Clean {
		return raw, err
	}
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("screens: %s: %w", s.Name, err)
	}
	h := fnv.New64a()
	h.Write([]byte(s.Name))
	seed := h.Sum64()
	quality := 75
	var out image.Image
	switch k {
	case Small:
		out = smaller(img)
	case Cropped:
		out = cropped(img, seed)
	case Compressed:
		out, quality = img, 18
	case Photo:
		out, quality = photographed(img, seed), 60
	default:
		return nil, fmt.Errorf("screens: no kind %q", k)
	}
	var b bytes.Buffer
	err = jpeg.Encode(&b, out, &jpeg.Options{Quality: quality})
	return b.Bytes(), err
}
