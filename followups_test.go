package main

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"signdesk/actions/platform/demo"
	"signdesk/bot"
	"signdesk/bot/channel"
)

// What must come out of two turns: the share of follow-up questions that are answered
// by what they mean, in the half that may be looked at and in the other; and of those
// that are answered by another entry, in both.
const (
	minFollowed     = 0.90
	minFollowedHeld = 0.80
	maxStrayed      = 0.05
)

// A duo is two turns of one conversation.
type duo struct{ first, then, want string }

func readDuos(t *testing.T, name string) (list []duo) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		field := strings.Split(lines.Text(), "\t")
		if len(field) != 3 {
			t.Fatalf("%s: want three fields, got %q", name, lines.Text())
		}
		list = append(list, duo{field[0], field[1], field[2]})
	}
	return list
}

// means reports whether a reply shows one of the parts, or a part of one of the
// entries, that are wanted.
func (d duo) means(r bot.Receipt) bool {
	entry, _, _ := strings.Cut(r.Reply.Entry, "/")
	return slices.ContainsFunc(strings.Split(d.want, ","), func(want string) bool {
		return want == "none" && r.Outcome == bot.Nothing || want == r.Reply.Entry || want == entry
	})
}

// strays reports whether it shows another entry.
func (d duo) strays(r bot.Receipt) bool {
	entry, _, _ := strings.Cut(r.Reply.Entry, "/")
	return entry != "" && !strings.HasPrefix(d.want, entry)
}

// newTalks returns a stage on which people talk, and what says something there.
func newTalks(t *testing.T) func(who, text string) bot.Receipt {
	t.Helper()
	cfg := *testConfig(t)
	cfg.Store = filepath.Join(t.TempDir(), "store.db")
	base, err := openBase(t.Context(), &cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { base.Close() })
	recognise, err := openIntents(&cfg, base)
	if err != nil {
		t.Fatal(err)
	}
	clock := &stillClock{at: demo.Start}
	st, err := newStage(t.Context(), &cfg, base, recognise, slog.New(slog.DiscardHandler), botHooks{},
		func(ctx context.Context) (*service, error) { return openServiceAt(ctx, &cfg, clock.now) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.service.Close() })
	n := 0
	return func(who, text string) bot.Receipt {
		t.Helper()
		n++
		r, err := st.Receive(t.Context(), channel.Inbound{Peer: channel.Peer{Channel: chatChannel, ID: who}, MessageID: fmt.Sprint(n), Text: text})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
}

// TestFollowUps: a question that names nothing is about what was spoken of before.
func TestFollowUps(t *testing.T) {
	t.Parallel()
	say := newTalks(t)
	var right, all [2]int
	strayed := 0
	duos := readDuos(t, "bot/testdata/followups.tsv")
	for i, d := range duos {
		who, half := fmt.Sprint("p", i), i%2
		if first, _, _ := strings.Cut(say(who, d.first).Reply.Entry, "/"); d.want != "none" && !strings.HasPrefix(d.want, first) {
			t.Errorf("%s: answered by %s", d.first, first)
		}
		r := say(who, d.then)
		all[half]++
		if d.means(r) {
			right[half]++
			continue
		}
		if d.strays(r) {
			strayed++
		}
		if half == 0 {
			t.Logf("%s → %s: %s %s, want %s", d.first, d.then, r.Outcome, r.Reply.Entry, d.want)
		}
	}
	for half, least := range []float64{minFollowed, minFollowedHeld} {
		share := float64(right[half]) / float64(all[half])
		t.Logf("half %d: %d of %d right (%.2f)", half+1, right[half], all[half], share)
		if share < least {
			t.Errorf("half %d: %.2f right, want %.2f", half+1, share, least)
		}
	}
	t.Logf("%d strayed", strayed)
	if share := float64(strayed) / float64(len(duos)); share > maxStrayed {
		t.Errorf("%d answered by another entry (%.2f), want %.2f at most", strayed, share, maxStrayed)
	}
}

// TestNewSubjects: a question that names its subject is answered as if it were the
// first one.
func TestNewSubjects(t *testing.T) {
	t.Parallel()
	say := newTalks(t)
	right := 0
	duos := readDuos(t, "bot/testdata/subjects.tsv")
	for i, d := range duos {
		who := fmt.Sprint("p", i)
		say(who, d.first)
		r, first := say(who, d.then), say(who+"-first", d.then)
		if r.Outcome != first.Outcome || r.Reply.Entry != first.Reply.Entry {
			t.Errorf("%s → %s: %s %s, but at first %s %s", d.first, d.then, r.Outcome, r.Reply.Entry, first.Outcome, first.Reply.Entry)
		}
		if d.means(r) {
			right++
		}
	}
	t.Logf("%d of %d right", right, len(duos))
}
