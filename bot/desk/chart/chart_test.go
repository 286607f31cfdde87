package chart_test

import (
	"bytes"
	"flag"
	"image/png"
	"os"
	"testing"

	"signdesk/bot/desk"
	"signdesk/bot/desk/chart"
	"signdesk/webhook/letter"
)

var out = flag.String("out", "", "write the picture there, to look at it")

func TestDraw(t *testing.T) {
	s := desk.Stats{All: desk.Tally{Asked: 42}}
	for i, d := range []string{"11-18", "11-19", "11-20", "11-21", "11-22", "11-23", "11-24"} {
		s.Days = append(s.Days, desk.Day{Date: d, Tally: desk.Tally{Confirmed: 2 * i, Unknown: i + 1, Handed: i % 3, Failed: i % 2}})
	}
	raw, err := chart.Draw(s, letter.Font)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	// Each part of the bars shows in its colour.
	for name, want := range map[string][3]uint32{"confirmed": {0x1a, 0x7f, 0x4b}, "failed": {0xc0, 0x39, 0x2b}} {
		n := 0
		for y := range img.Bounds().Dy() {
			for x := range img.Bounds().Dx() {
				r, g, b, _ := img.At(x, y).RGBA()
				if r>>8 == want[0] && g>>8 == want[1] && b>>8 == want[2] {
					n++
				}
			}
		}
		if n < 500 {
			t.Errorf("%s: %d pixels", name, n)
		}
	}
	if *out != "" {
		if err := os.WriteFile(*out, raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
