package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"signdesk/actions/platform/demo"
	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/bot/transcript"
	"signdesk/bot/wechat"
	"signdesk/bot/wechat/wechattest"
)

// TestTranscriptsOnWechat plays the golden transcripts through the Official
// Account, verified (msgmenu is refused to it) and not: everybody gets the same
// replies as in the terminal, and all of them, once, in order.
func TestTranscriptsOnWechat(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("bot/testdata/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	cfg := testConfig(t)
	base, recognise := openAnswers(t, cfg)
	for i, name := range names {
		for _, verified := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s verified %t", strings.TrimSuffix(filepath.Base(name), ".txt"), verified), func(t *testing.T) {
				t.Parallel()
				want, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				own := *cfg
				own.Store = filepath.Join(t.TempDir(), "store.db")
				clock := &stillClock{at: demo.Start}
				st, err := newStage(t.Context(), &own, base, recognise, slog.New(slog.DiscardHandler), botHooks{},
					func(ctx context.Context) (*service, error) { return openServiceAt(ctx, &own, clock.now) })
				if err != nil {
					t.Fatal(err)
				}
				w := newWechatStage(t, st, verified)
				got, err := transcript.Run(t.Context(), w, want, i%5 == 0)
				if err != nil {
					t.Fatalf("%v, after\n%s", err, got)
				}
				if string(got) != string(want) {
					t.Error(difference(string(want), string(got)))
				}
				w.inboxes()
				if err := st.service.Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// A wechatStage is a stage whose people are on WeChat, save those who opened a
// link.
type wechatStage struct {
	*stage
	t        *testing.T
	verified bool
	wx       *wechattest.Platform
	account  *wechat.Account
	stop     func()

	mu      sync.Mutex
	in      channel.Inbound        // who speaks
	replies map[string]bot.Receipt // by message
	noted   chan struct{}          // something was noted as brought
	people  map[channel.Peer]bool
	heard   map[string]string   // message => what came back
	owed    map[string][]string // by person: all that he must get, in order
	seen    map[string]bool     // deliveries
}

func newWechatStage(t *testing.T, st *stage, verified bool) *wechatStage {
	w := &wechatStage{stage: st, t: t, verified: verified, wx: wechattest.New(st.Now), replies: make(map[string]bot.Receipt), noted: make(chan struct{}, 1000),
		people: make(map[channel.Peer]bool), heard: make(map[string]string), owed: make(map[string][]string), seen: make(map[string]bool)}
	w.wx.NoMenus = true
	w.start()
	t.Cleanup(func() { w.stop() })
	return w
}

func (w *wechatStage) start() {
	w.t.Helper()
	keep, err := newKept(w.service.store, w.service.key, wechat.Channel)
	if err != nil {
		w.t.Fatal(err)
	}
	p := w.wx
	w.account, err = wechat.New(wechat.Options{AppID: p.AppID, Secret: p.Secret, Token: p.Token, AESKey: p.AESKey, Mode: wechat.Safe, Verified: w.verified,
		Transport: p, Talks: storyTalks{w}, Keep: keep, Now: w.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan struct{})
	go func() { defer close(ran); _ = w.account.Run(ctx) }()
	w.stop = func() { cancel(); <-ran }
}

// Reopen implements [transcript.Stage].
func (w *wechatStage) Reopen(ctx context.Context) error {
	w.stop()
	if err := w.stage.Reopen(ctx); err != nil {
		return err
	}
	w.start()
	return nil
}

// storyTalks are the conversations as serve has them, with people known as in the
// transcript.
type storyTalks struct{ *wechatStage }

func (k storyTalks) talks() wechatTalks { return wechatTalks{k.bot, k.cfg.contact()} }

func (k storyTalks) Receive(ctx context.Context, in channel.Inbound) (*wechat.Reply, error) {
	k.mu.Lock()
	in.Account, in.Device = k.in.Account, k.in.Device
	k.mu.Unlock()
	r, err := k.talks().Receive(ctx, in)
	if r != nil && r.ID != "" {
		k.mu.Lock()
		k.replies[in.Peer.ID+" "+in.MessageID] = bot.Receipt{Reply: &r.Message}
		k.mu.Unlock()
	}
	return r, err
}

func (k storyTalks) Pending(ctx context.Context, p channel.Peer, limit int) ([]channel.Outbound, error) {
	return k.talks().Pending(ctx, p, limit)
}

func (k storyTalks) Carry(ctx context.Context, repeat bool, ids ...string) ([]string, bool, error) {
	return k.bot.Carry(ctx, repeat, ids...)
}

func (k storyTalks) Delivered(ctx context.Context, ids ...string) error {
	defer func() { k.noted <- struct{}{} }()
	return k.bot.Delivered(ctx, ids...)
}

func (k storyTalks) Carried(ctx context.Context, id string, parts int) error {
	defer func() { k.noted <- struct{}{} }()
	return k.bot.Carried(ctx, id, parts)
}

func (k storyTalks) Release(ctx context.Context, id string) error { return k.bot.Release(ctx, id) }

func (k storyTalks) NoticeFailed(ctx context.Context, p channel.Peer, way, name, why string, refused bool) error {
	return k.bot.NoticeFailed(ctx, p, way, name, why, refused)
}

// Receive implements [transcript.Stage]: a message is brought by WeChat.
func (w *wechatStage) Receive(ctx context.Context, in channel.Inbound) (bot.Receipt, error) {
	w.people[in.Peer] = true
	if in.Link != "" {
		return w.stage.Receive(ctx, in)
	}
	w.mu.Lock()
	w.in = in
	w.mu.Unlock()
	id := in.MessageID
	m := wechattest.Text(in.Peer.ID, id, in.Text)
	if in.Picture != nil {
		m = w.wx.Picture(in.Peer.ID, id, in.Picture)
	}
	a, n, err := w.wx.Push(w.account, "safe", m)
	if err != nil || n != 1 {
		return bot.Receipt{}, fmt.Errorf("attempt %d: %+v: %w", n, a, err)
	}
	w.mu.Lock()
	rec := w.replies[in.Peer.ID+" "+id]
	was, again := w.heard[id]
	w.heard[id] = a.Text
	w.mu.Unlock()
	switch {
	case again && was != a.Text:
		return rec, fmt.Errorf("brought again, it got %q instead of %q", a.Text, was)
	case again && a.Text != "":
		w.owed[in.Peer.ID] = append(w.owed[in.Peer.ID], a.Text)
	case rec.Reply != nil:
		w.owed[in.Peer.ID] = append(w.owed[in.Peer.ID], rec.Reply.Plain())
	}
	return rec, w.brought(ctx, in.Peer.ID, again)
}

// brought waits until nothing that was brought is owed any more.
func (w *wechatStage) brought(ctx context.Context, who string, again bool) error {
	for !again {
		list, err := w.bot.Pending(ctx, channel.Peer{Channel: wechat.Channel, ID: who}, 0)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(list, func(d *bot.Delivery) bool { return strings.HasPrefix(d.ID, "r-") && d.Skip == 0 }) {
			return nil
		}
		select {
		case <-w.noted:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Settle implements [transcript.Stage].
func (w *wechatStage) Settle(ctx context.Context) (told []channel.Outbound, sent []transcript.Notice, err error) {
	if _, err = w.platform.PayOut(ctx, workBatch); err != nil {
		return nil, nil, err
	}
	if _, err = w.platform.Sweep(ctx, workBatch); err != nil {
		return nil, nil, err
	}
	if _, err = w.bot.Sweep(ctx, workBatch); err != nil {
		return nil, nil, err
	}
	var fresh []*bot.Delivery
	for p := range w.people {
		for _, name := range []string{wechat.Channel, chatChannel} {
			list, err := w.bot.Pending(ctx, channel.Peer{Channel: name, ID: p.ID}, 0)
			if err != nil {
				return nil, nil, err
			}
			for _, d := range list {
				if !strings.HasPrefix(d.ID, "r-") && !w.seen[d.ID] {
					w.seen[d.ID] = true
					fresh = append(fresh, d)
				}
			}
		}
	}
	slices.SortFunc(fresh, func(a, b *bot.Delivery) int { return cmp.Compare(a.Seq, b.Seq) })
	for _, d := range fresh {
		if d.To.Channel == wechat.Channel {
			w.owed[d.To.ID] = append(w.owed[d.To.ID], d.Message.Plain())
		}
		told = append(told, channel.Outbound{ID: d.ID, To: channel.Peer{Channel: chatChannel, ID: d.To.ID}, Message: d.Message})
	}
	for n := 1; n > 0 && err == nil; {
		n, err = w.bot.DeliverOnce(ctx, map[string]channel.Sender{chatChannel: w.stage, wechat.Channel: w.account})
	}
	if err == nil {
		sent, err = w.notices(ctx)
	}
	return told, sent, err
}

// What the channel adds between what people are told.
var spaces = regexp.MustCompile(`需要的话，请回复序号：|[\s－]+`)

// inboxes compares what people got, with what still waits for them, with what
// they were told.
func (w *wechatStage) inboxes() {
	w.t.Helper()
	for p := range w.people {
		want := spaces.ReplaceAllString(strings.Join(w.owed[p.ID], ""), "")
		got := spaces.ReplaceAllString(strings.Join(w.wx.Inbox(p.ID), ""), "")
		list, err := w.bot.Pending(w.t.Context(), channel.Peer{Channel: wechat.Channel, ID: p.ID}, 0)
		if err != nil {
			w.t.Fatal(err)
		}
		if rest, ok := strings.CutPrefix(want, got); !ok || rest != "" && len(list) == 0 {
			w.t.Errorf("%s got\n%s\nwant\n%s\nwith %d pending", p.ID, got, want, len(list))
		}
	}
}
