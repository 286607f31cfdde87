package main

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"signdesk/actions"
	"signdesk/data"
)

// minWishes is the share of plain wishes that must start the right flow.
const minWishes = 0.97

// TestIntents reads what people plainly wish, and look-alikes that only speak of
// the same things: most wishes start their flow, no look-alike starts any.
func TestIntents(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	base, recognise := openAnswers(t, cfg)
	words, err := actions.ReadWords(data.Flows())
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"-": true}
	for _, w := range words {
		for label := range w.Intents {
			known[label] = true
		}
	}
	f, err := os.Open("bot/testdata/intents.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	wishes, right, seen := 0, 0, make(map[string]bool)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		label, text, ok := strings.Cut(lines.Text(), "\t")
		if strings.HasPrefix(label, "#") {
			continue
		}
		if !ok || !known[label] {
			t.Errorf("no intent %q: %s", label, text)
			continue
		}
		seen[label] = true
		d, err := base.Decide(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		got := recognise(text, d)
		switch {
		case label == "-":
			if got.Start {
				t.Errorf("%q only speaks of it, and starts %s", text, got.Label)
			}
			continue
		case got.Start && got.Label == label:
			right++
		default:
			t.Logf("%q: got %+v, want %s", text, got, label)
		}
		wishes++
	}
	if share := float64(right) / float64(wishes); share < minWishes {
		t.Errorf("%d of %d wishes are right (%.3f), want %.2f", right, wishes, share, minWishes)
	}
	for label := range known {
		if !seen[label] {
			t.Errorf("no wish for %s", label)
		}
	}
}
