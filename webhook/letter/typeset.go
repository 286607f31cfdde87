package letter

import (
	"fmt"
	"strings"
	"unicode"
)

// notFirst are signs that no line begins with, notLast those that none ends with.
const (
	notFirst = "，。；：、！？）》」】”’…％,.;:!?)]}%"
	notLast  = "（《「【“‘([{"
)

// breakLines breaks signs into lines of at most wide em, the first of them
// shorter by indent. Lines break between Chinese characters and at blanks, not
// within words and numbers, unless a word alone is longer than a line. A line
// has at least one sign; no signs make no line.
func breakLines(s []sign, wide, indent float64) [][]sign {
	var lines [][]sign
	room := wide - indent
	for len(s) > 0 {
		n := fitting(s, room)
		if n < len(s) {
			n = breakBefore(s, n)
		}
		lines = append(lines, trimBlank(s[:n]))
		for s = s[n:]; len(s) > 0 && s[0].r == ' ' && !s[0].ruled; s = s[1:] {
		}
		room = wide
	}
	return lines
}

// fitting tells how many signs have room, at least one.
func fitting(s []sign, room float64) int {
	for i := range s {
		if room -= s[i].wide; room < 0 {
			return max(1, i)
		}
	}
	return len(s)
}

// breakBefore returns the last place up to n where a line may end. In a word that
// is longer than a line that is a joint, as of an address; n if there is none.
func breakBefore(s []sign, n int) int {
	for i := n; i > 0; i-- {
		if mayBreak(s[i-1].r, s[i].r) {
			return i
		}
	}
	for i := n; i > 0; i-- {
		if strings.ContainsRune("@._-/", s[i-1].r) && !strings.ContainsRune(notFirst, s[i].r) {
			return i
		}
	}
	return n
}

func mayBreak(before, after rune) bool {
	switch {
	case strings.ContainsRune(notFirst, after), strings.ContainsRune(notLast, before):
		return false
	case before == ' ' || after == ' ':
		return true
	}
	return !ofWord(before) || !ofWord(after)
}

// ofWord tells what holds together: Latin letters, digits and what joins them in
// numbers and addresses.
func ofWord(r rune) bool {
	return r < 0x2e80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("*@._-+/&'", r))
}

func trimBlank(line []sign) []sign {
	for len(line) > 1 && line[len(line)-1].r == ' ' && !line[len(line)-1].ruled {
		line = line[:len(line)-1]
	}
	return line
}

func lengthOf(line []sign) float64 {
	w := 0.0
	for _, s := range line {
		w += s.wide
	}
	return w
}

// draw prints a line whose baseline is at y, beginning at x, with spread more
// points between any two signs. Sizes are points, places millimetres.
func (d *document) draw(x, y float64, line []sign, size, spread float64) {
	for len(line) > 0 {
		n := 1
		for n < len(line) && line[n].face == line[0].face && line[n].ruled == line[0].ruled {
			n++
		}
		var text strings.Builder
		for _, s := range line[:n] {
			text.WriteRune(s.r)
		}
		used := line[0].face
		d.used[used] += text.String()
		d.pdf.SetFont(d.faces[used].family(), "", size)
		if spread != 0 {
			d.pdf.RawWriteStr(fmt.Sprintf("%.4f Tc\n", spread))
		}
		d.pdf.Text(x, y, text.String())
		if spread != 0 {
			d.pdf.RawWriteStr("0 Tc\n")
		}
		wide := (lengthOf(line[:n])*size + float64(n)*spread) * point
		if line[0].ruled {
			d.pdf.SetLineWidth(hair)
			d.pdf.Line(x, y+under, x+wide, y+under)
		}
		x, line = x+wide, line[n:]
	}
}

// paragraph prints a text over the whole width, its lines of equal length save
// the last, the first one indented by so many em.
func (d *document) paragraph(s []sign, indent float64) {
	lines := breakLines(s, width/(body*point), indent)
	for i, l := range lines {
		d.need(leading)
		x, room := margin+indent*body*point, width-indent*body*point
		if i > 0 {
			x, room = margin, width
		}
		spread := 0.0
		if i < len(lines)-1 && len(l) > 1 {
			spread = (room/point - lengthOf(l)*body) / float64(len(l)-1)
			spread = min(spread, maxSpread) // a line cut short by a long word stays ragged
		}
		d.draw(x, d.y+baseline(leading, body), l, body, spread)
		d.y += leading
	}
}

// baseline is where in a line of the given height a text of the given size
// stands, so that Chinese characters are in the middle.
func baseline(height, size float64) float64 { return height/2 + 0.36*size*point }

// bold makes what follows heavier: the fonts have one weight only, so that the
// outline is drawn as well.
func (d *document) bold(weight float64) {
	if weight == 0 {
		d.pdf.SetTextRenderingMode(0)
		return
	}
	d.pdf.SetLineWidth(weight)
	d.pdf.SetTextRenderingMode(2)
}
