package main

import (
	"html/template"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"signdesk/bot/ocr"
	"signdesk/bot/ocr/screens"
)

// Sets of screenshots: one that reading was improved by, and one that it was not.
const (
	screensDir = "bot/ocr/testdata/screens"
	unseenDir  = "bot/ocr/testdata/unseen"
)

// TestScreenshots reads a part of the set with the real program, which must be
// installed.
func TestScreenshots(t *testing.T) {
	t.Parallel()
	eye, err := ocr.NewTesseract(t.Context(), "tesseract")
	if err != nil {
		t.Fatalf("%v: install tesseract-ocr and tesseract-ocr-chi-sim", err)
	}
	base, err := openBase(t.Context(), testConfig(t))
	if err != nil {
		t.Fatal(err)
	}
	defer base.Close()
	set, err := screens.Load(screensDir)
	if err != nil {
		t.Fatal(err)
	}
	if len(set) < 60 {
		t.Errorf("only %d screenshots", len(set))
	}
	seen := make(map[string]bool)
	for _, s := range set {
		seen[s.Entry] = true
	}
	if len(seen) != 19 {
		t.Errorf("%d situations", len(seen))
	}
	// Some of them: all take minutes, and `signdesk screenshots` reads all.
	report, err := readScreens(t.Context(), base, eye, set, func(i int, k screens.Kind) bool {
		spoiled := screens.Kinds()[1:]
		return i%6 == 0 && k == screens.Clean || i%6 == 3 && k == spoiled[i/6%len(spoiled)]
	})
	if err != nil {
		t.Fatal(err)
	}
	if report.share(screens.Clean) < barClean || report.spoiled() < barSpoiled {
		t.Errorf("clean %.3f, spoiled %.3f: %q", report.share(screens.Clean), report.spoiled(), report.misses)
	}
}

// TestRenderScreens draws the sets anew, with -update: in Chromium, phones twice as
// dense as CSS pixels. The unseen one uses fonts-wqy-microhei and fonts-wqy-zenhei
// as well.
func TestRenderScreens(t *testing.T) {
	if !*update {
		t.Skip("only with -update")
	}
	for _, dir := range []string{screensDir, unseenDir} {
		set, err := screens.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		page, err := template.ParseFiles(filepath.Join(dir, "screen.html"))
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range set {
			render(t, page, i, s)
		}
	}
}

func render(t *testing.T, page *template.Template, i int, s screens.Screen) {
	t.Helper()
	height, scale := 640, "2"
	switch s.Layout {
	case "desktop", "browser", "ent":
		height, scale = 560, "1"
	case "tablet":
		height, scale = 700, "1.5"
	}
	file, err := os.CreateTemp(t.TempDir(), "*.html")
	if err != nil {
		t.Fatal(err)
	}
	err = page.Execute(file, map[string]any{"Layout": s.Layout, "Theme": s.Theme, "Width": s.Width, "Height": height, "Title": s.Title, "Text": s.Text,
		"Buttons": s.Buttons, "Clock": strconv.Itoa(8+i%12) + ":" + strconv.Itoa(10+i%50), "Power": 20 + i%80})
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
	cmd := exec.CommandContext(t.Context(), "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor="+scale,
		"--window-size="+strconv.Itoa(s.Width)+","+strconv.Itoa(height), "--screenshot="+s.Path(), "file://"+file.Name())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
