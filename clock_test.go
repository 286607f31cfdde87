package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"signdesk/actions/platform"
	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/webhook"
)

// A wander is a service whose clock is set forward and back.
type wander struct {
	*testing.T
	*service
	talks *bot.Bot
	by    atomic.Int64 // the clock is off
}

func newWander(t *testing.T) *wander {
	ctx := t.Context()
	cfg := testConfig(t)
	cfg.Store = filepath.Join(t.TempDir(), "store.db")
	w := &wander{T: t}
	began := time.Date(2026, 3, 2, 2, 55, 0, 0, time.UTC)
	var err error
	if w.service, err = openServiceAt(ctx, cfg, func() time.Time { return began.Add(time.Duration(w.by.Load())) }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	base, recognise := openAnswers(t, cfg)
	if w.talks, err = newBot(cfg, w.service, base, recognise, slog.New(slog.DiscardHandler), botHooks{read: pageChannels}); err != nil {
		t.Fatal(err)
	}
	return w
}

// jump sets the clock, and lets what runs by the clock run.
func (w *wander) jump(by time.Duration) {
	w.Helper()
	w.by.Add(int64(by))
	ctx, cancel := context.WithTimeout(w.Context(), 10*time.Second)
	defer cancel()
	w.catchUp(ctx, w.talks, slog.New(slog.NewTextHandler(w.Output(), nil)))
	if _, err := w.talks.DeliverOnce(ctx, map[string]channel.Sender{}); err != nil {
		w.Error(err)
	}
}

func (w *wander) say(who, id, text string) bot.Receipt {
	w.Helper()
	rec, err := w.talks.Receive(w.Context(), channel.Inbound{Peer: channel.Peer{Channel: webhook.Channel, ID: who}, MessageID: id, Text: text})
	if err != nil || rec.Reply == nil {
		w.Fatalf("%q: %+v, %v", text, rec, err)
	}
	return rec
}

// same says something again, which must do nothing.
func (w *wander) same(who, id, text string, first bot.Receipt) {
	w.Helper()
	if rec := w.say(who, id, text); !rec.Again || rec.Seq != first.Seq {
		w.Errorf("message %s was taken twice, at %v", id, w.clock.Now())
	}
}

func (w *wander) code(login string) (code string) {
	w.Helper()
	err := w.platform.View(w.Context(), func(t *platform.Tx) error {
		for _, n := range t.SentTo(login) {
			if m := sixDigits.FindStringSubmatch(n.Text); m != nil {
				code = m[1]
			}
		}
		return t.Err()
	})
	if err != nil || code == "" {
		w.Fatalf("no code for %s: %v", login, err)
	}
	return code
}

// TestClockJumps sets the clock forward by a day and back by an hour, in the midst of
// flows: no message is taken twice within the 48 hours, a code is good for its five
// minutes and no longer, and what is remembered is not forgotten early.
//
// Seen to fail: with ids looked for from now on backwards only (taken twice once the
// clock was set back).
func TestClockJumps(t *testing.T) {
	t.Parallel()
	w := newWander(t)
	const hour, day = time.Hour, 24 * time.Hour
	first := w.say("one", "m-first-1", "你好")
	w.jump(10 * time.Minute) // past the full hour
	late := w.say("one", "m-late-01", "你好")
	w.jump(-hour)
	w.same("one", "m-first-1", "你好", first)
	w.same("one", "m-late-01", "你好", late)
	w.jump(hour + day)
	w.same("one", "m-first-1", "你好", first)
	w.same("one", "m-late-01", "你好", late)
	w.jump(-hour)
	w.jump(day)
	w.same("one", "m-late-01", "你好", late)

	enter := func(who, login string, jump time.Duration) string {
		t.Helper()
		w.say(who, "m-"+who+"-001", "我要查审核进度")
		w.say(who, "m-"+who+"-002", login)
		code := w.code(login)
		w.jump(jump)
		return w.say(who, "m-"+who+"-003", code).Reply.Text
	}
	for _, c := range []struct {
		who, login string
		jump       time.Duration
		good       bool
	}{
		{"early", "14000000701", 4 * time.Minute, true},
		{"back", "14000000801", -hour, true},
		{"late", "14000000901", 6 * time.Minute, false},
		{"nextday", "14000001001", day, false},
	} {
		got := enter(c.who, c.login, c.jump)
		if strings.Contains(got, "身份已确认") != c.good {
			t.Errorf("code after %v: %q, want it taken: %v", c.jump, got, c.good)
		}
	}
	if err := w.kept.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}
