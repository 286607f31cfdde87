package pages

import (
	"fmt"
	"html"
	"strings"
)

// A drawing writes the sketch of a screen, piece by piece. Files in figures call
// its methods; each returns SVG with classes that help.css colours, so that a
// sketch follows light, dark and paper. Lengths are in units of the sketch: a
// screen of a computer is 400 wide and that of a phone 280, so that its words
// of 13 units can be read on the narrowest phone.
type drawing struct {
	name string
	w, h int
}

const (
	barHeight = 30 // of a window or a phone's title
	rowHeight = 30 // of a button or a field
	letter    = 13 // size of words
)

// width estimates how wide a word is: Chinese is square, Latin half as wide.
func width(s string, size float64) float64 {
	var w float64
	for _, r := range s {
		if r < 0x2000 {
			w += 0.56 * size
		} else {
			w += size
		}
	}
	return w
}

func esc(s string) string { return html.EscapeString(s) }

// Open begins the sketch: its size, its name, and what it shows in words, for
// people who do not see it.
func (d *drawing) Open(w, h int, title, desc string) string {
	d.w, d.h = w, h
	return fmt.Sprintf(`<svg class="sketch" viewBox="0 0 %d %d" role="img" aria-labelledby="%[3]s-t %[3]s-d">`+
		`<title id="%[3]s-t">%s</title><desc id="%[3]s-d">%s</desc>`, w, h, "fig-"+d.name, esc(title), esc(desc))
}

// PC draws the window of a browser.
func (d *drawing) PC(title string) string {
	return fmt.Sprintf(`<rect class="f-bg" x=".5" y=".5" width="%d" height="%d" rx="10"/><path class="f-line" d="M.5 %[3]dH%[4]d"/>`+
		`<circle class="f-dot" cx="14" cy="15" r="4"/><circle class="f-dot" cx="27" cy="15" r="4"/><circle class="f-dot" cx="40" cy="15" r="4"/>`,
		d.w-1, d.h-1, barHeight, d.w-1) + d.Text(56, 20, title, "soft small")
}

// Phone draws a phone with a title.
func (d *drawing) Phone(title string) string {
	return fmt.Sprintf(`<rect class="f-bg" x=".5" y=".5" width="%d" height="%d" rx="22"/><path class="f-line" d="M.5 40H%d"/>`,
		d.w-1, d.h-1, d.w-1) + d.Text(d.w/2, 26, title, "bold mid")
}

// Side draws the menu at the left of a console, one item of it being open.
func (d *drawing) Side(open string, items ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<path class="f-line" d="M92 %dV%d"/>`, barHeight, d.h-1)
	for i, item := range items {
		y := barHeight + 10 + i*32
		if item == open {
			fmt.Fprintf(&b, `<rect class="f-on" x="6" y="%d" width="80" height="28" rx="6"/>`, y)
			b.WriteString(d.Text(46, y+19, item, "mid bold brand"))
		} else {
			b.WriteString(d.Text(46, y+19, item, "mid soft"))
		}
	}
	return b.String()
}

// Text writes words. Of looks there are soft, bold, brand, small, tiny, mid and
// end (where x is), several at once.
func (d *drawing) Text(x, y int, s, look string) string {
	class, size, anchor := "f-t", letter, ""
	for _, l := range strings.Fields(look) {
		switch l {
		case "mid":
			anchor = ` text-anchor="middle"`
		case "end":
			anchor = ` text-anchor="end"`
		case "small":
			size = letter - 1
		case "tiny":
			size = letter - 2
		default:
			class += " f-" + l
		}
	}
	return fmt.Sprintf(`<text class="%s" x="%d" y="%d" font-size="%d"%s>%s</text>`, class, x, y, size, anchor, esc(s))
}

// Button draws a button as wide as its words; of kinds there are plain, main
// and hot, which is a main one that the text speaks of.
func (d *drawing) Button(x, y int, s, kind string) string {
	return d.Wide(x, y, int(width(s, letter))+24, s, kind)
}

// Wide draws a button of a given width.
func (d *drawing) Wide(x, y, w int, s, kind string) string {
	box, look, ring := "f-box", "mid", ""
	switch kind {
	case "main":
		box, look = "f-main", "mid on bold"
	case "hot":
		box, look, ring = "f-main", "mid on bold", d.Hot(x, y, w, rowHeight)
	case "ring":
		ring = d.Hot(x, y, w, rowHeight)
	}
	return fmt.Sprintf(`<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="6"/>`, box, x, y, w, rowHeight) +
		d.Text(x+w/2, y+20, s, look) + ring
}

// Field draws a field: its name, as wide as given, and up to right what stands
// in it.
func (d *drawing) Field(x, y, name, right int, title, value string) string {
	return d.Text(x+name-8, y+20, title, "end") +
		fmt.Sprintf(`<rect class="f-box" x="%d" y="%d" width="%d" height="%d" rx="5"/>`, x+name, y, right-x-name, rowHeight) +
		d.Text(x+name+10, y+20, value, "soft")
}

// Tabs draws things to choose from in a row of width w, one being chosen.
func (d *drawing) Tabs(x, y, w int, chosen string, items ...string) string {
	var b strings.Builder
	each := w / len(items)
	for i, item := range items {
		box, look := "f-box", "mid small"
		if item == chosen {
			box, look = "f-on", "mid small bold brand"
		}
		if width(item, letter-1) > float64(each-12) {
			look += " tiny"
		}
		fmt.Fprintf(&b, `<rect class="%s" x="%d" y="%d" width="%d" height="34" rx="5"/>`, box, x+i*each, y, each-6)
		b.WriteString(d.Text(x+i*each+(each-6)/2, y+21, item, look))
	}
	return b.String()
}

// Check draws a box to tick, and Radio a round one.
func (d *drawing) Check(x, y int, s string, on bool) string {
	tick, class := "", "f-box"
	if on {
		class = "f-main"
		tick = fmt.Sprintf(`<path class="f-tick" d="M%d %dl3 3 6-6"/>`, x+3, y+8)
	}
	return fmt.Sprintf(`<rect class="%s" x="%d" y="%d" width="15" height="15" rx="3"/>`, class, x, y) + tick + d.Text(x+22, y+12, s, "")
}

// Radio draws a round box to choose by.
func (d *drawing) Radio(x, y int, s string, on bool) string {
	dot := ""
	if on {
		dot = fmt.Sprintf(`<circle class="f-main" cx="%d" cy="%d" r="4"/>`, x+7, y+7)
	}
	return fmt.Sprintf(`<circle class="f-box" cx="%d" cy="%d" r="7"/>`, x+7, y+7) + dot + d.Text(x+22, y+12, s, "")
}

// Hot draws a ring around what the text speaks of.
func (d *drawing) Hot(x, y, w, h int) string {
	return fmt.Sprintf(`<rect class="f-hot" x="%d" y="%d" width="%d" height="%d" rx="9"/>`, x-4, y-4, w+8, h+8)
}

// Mark draws the number of an action, centred at x and y.
func (d *drawing) Mark(x, y, n int) string {
	return fmt.Sprintf(`<circle class="f-mark" cx="%d" cy="%d" r="10"/>`, x, y) +
		fmt.Sprintf(`<text class="f-num" x="%d" y="%d" font-size="13" text-anchor="middle">%d</text>`, x, y+5, n)
}

// Box draws a frame; of kinds there are card, note and shade.
func (d *drawing) Box(x, y, w, h int, kind string) string {
	return fmt.Sprintf(`<rect class="f-%s" x="%d" y="%d" width="%d" height="%d" rx="8"/>`, kind, x, y, w, h)
}

// Seal draws a company's round seal.
func (d *drawing) Seal(x, y, r int) string {
	return fmt.Sprintf(`<g class="f-seal" transform="translate(%d %d)"><circle r="%d"/><path transform="scale(%.2f)" d="M0-9 2.6-2.8 9-2.8 3.9 1.2 5.7 7.6 0 3.8-5.7 7.6-3.9 1.2-9-2.8-2.6-2.8Z"/></g>`, x, y, r, float64(r)/22)
}

// Rows draws lines of text that nobody needs to read.
func (d *drawing) Rows(x, y, w, n int) string {
	var b strings.Builder
	for i := range n {
		wide := w
		if i == n-1 {
			wide = w * 2 / 3
		}
		fmt.Fprintf(&b, `<rect class="f-shade" x="%d" y="%d" width="%d" height="7" rx="3"/>`, x, y+i*16, wide)
	}
	return b.String()
}
