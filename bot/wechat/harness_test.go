package wechat_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"signdesk/bot/channel"
	"signdesk/bot/wechat"
	"signdesk/bot/wechat/wechattest"
)

// talks is a conversation that repeats what it hears, slowly if it is told to.
type talks struct {
	mu       sync.Mutex
	takes    time.Duration            // for a message
	slow     map[string]time.Duration // the same for one, by its id
	loose    bool                     // several messages of a person at once
	broken   int                      // messages that fail
	held     bool                     // by the staff: nothing is said
	handoff  bool
	reply    func(in channel.Inbound) channel.Message // nil: an echo
	heard    []channel.Inbound                        // once each
	replies  map[string]*wechat.Reply
	owed     []channel.Outbound // not brought yet
	done     []string
	released []string
	carried  map[string]int
	flying   map[string]bool // being sent by the outbox
	sent     map[string]bool // by it
	failed   []string        // notices that did not arrive
	lane     chan struct{}   // messages are worked on one after another; a mutex would stop the clock
}

var errBroken = errors.New("disk full")

func (t *talks) Receive(_ context.Context, in channel.Inbound) (*wechat.Reply, error) {
	if !t.loose {
		t.lane <- struct{}{}
		defer func() { <-t.lane }()
	}
	t.mu.Lock()
	takes := t.takes
	if slow, ok := t.slow[in.MessageID]; ok {
		takes = slow
	}
	key := in.Peer.ID + " " + in.MessageID
	if r := t.replies[key]; r != nil {
		t.mu.Unlock()
		again := *r
		again.Again = true
		return &again, nil
	}
	if t.broken > 0 {
		t.broken--
		t.mu.Unlock()
		return nil, errBroken
	}
	t.mu.Unlock()
	time.Sleep(takes)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.heard = append(t.heard, in)
	if in.Kind == channel.Left {
		return nil, nil
	}
	if t.held {
		return &wechat.Reply{Outbound: channel.Outbound{To: in.Peer}, Earlier: len(t.owed) > 0}, nil
	}
	m := channel.Message{Text: "您说：" + in.Text}
	if t.reply != nil {
		m = t.reply(in)
	}
	r := &wechat.Reply{Outbound: channel.Outbound{ID: fmt.Sprintf("r%d", len(t.heard)), To: in.Peer, Message: m}, Handoff: t.handoff, Earlier: len(t.owed) > 0}
	if t.replies == nil {
		t.replies = make(map[string]*wechat.Reply)
	}
	t.replies[key] = r
	t.owed = append(t.owed, r.Outbound)
	return r, nil
}

func (t *talks) Carry(_ context.Context, _ bool, ids ...string) (claimed []string, flying bool, _ error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range ids {
		if t.flying[id] {
			return claimed, true, nil
		}
		if !t.sent[id] {
			claimed = append(claimed, id)
		}
	}
	return claimed, false, nil
}

func (t *talks) Pending(_ context.Context, p channel.Peer, limit int) (out []channel.Outbound, _ error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range t.owed {
		if m.To == p && len(out) < limit {
			out = append(out, m)
		}
	}
	return out, nil
}

func (t *talks) Delivered(_ context.Context, ids ...string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done = append(t.done, ids...)
	t.owed = slices.DeleteFunc(t.owed, func(m channel.Outbound) bool { return slices.Contains(ids, m.ID) })
	return nil
}

func (t *talks) Carried(_ context.Context, id string, parts int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.carried == nil {
		t.carried = make(map[string]int)
	}
	t.carried[id] = parts
	return nil
}

func (t *talks) Release(_ context.Context, id string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.released = append(t.released, id)
	return nil
}

func (t *talks) NoticeFailed(_ context.Context, p channel.Peer, way, name, why string, refused bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.broken > 0 {
		t.broken--
		return errBroken
	}
	t.failed = append(t.failed, fmt.Sprint(p.String(), " ", way, " ", name, " ", why, " ", refused))
	return nil
}

// keep is a store of small values.
type keep struct {
	mu     sync.Mutex
	values map[string][]byte
}

func (k *keep) Swap(_ context.Context, name string, change func([]byte) []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if next := change(k.values[name]); next != nil {
		if k.values == nil {
			k.values = make(map[string][]byte)
		}
		k.values[name] = next
	}
	return nil
}

func (k *keep) Once(_ context.Context, name string, _ time.Time, value []byte) (first []byte, err error) {
	err = k.Swap(context.Background(), name, func(was []byte) []byte {
		if was == nil {
			was = value
		}
		first = was
		return was
	})
	return first, err
}

func (k *keep) Get(_ context.Context, name string) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.values[name], nil
}

// rig is an account on a stand-in for the platform.
type rig struct {
	*testing.T
	platform *wechattest.Platform
	talks    *talks
	keep     *keep
	account  *wechat.Account
	options  wechat.Options
	logged   *bytes.Buffer
}

// inBubble runs a test of a verified account in safe mode, where time passes as
// it is waited for.
func inBubble(t *testing.T, change func(*wechat.Options), test func(*rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, change)
		ctx, cancel := context.WithCancel(context.Background())
		ran := make(chan struct{})
		go func(a *wechat.Account) { defer close(ran); _ = a.Run(ctx) }(r.account)
		defer func() { cancel(); <-ran }()
		test(r)
	})
}

func newRig(t *testing.T, change func(*wechat.Options)) *rig {
	t.Helper()
	r := &rig{T: t, platform: wechattest.New(time.Now), talks: &talks{lane: make(chan struct{}, 1)}, keep: new(keep), logged: new(bytes.Buffer)}
	r.options = wechat.Options{AppID: r.platform.AppID, Secret: r.platform.Secret, Token: r.platform.Token, AESKey: r.platform.AESKey, Mode: wechat.Safe,
		Verified: true, API: "https://api.example", Transport: r.platform, Talks: r.talks, Keep: r.keep,
		Log: slog.New(slog.NewTextHandler(r.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if change != nil {
		change(&r.options)
	}
	r.account = r.open()
	return r
}

func (r *rig) open() *wechat.Account {
	r.Helper()
	a, err := wechat.New(r.options)
	if err != nil {
		r.Fatal(err)
	}
	return a
}

// attempt brings a message once, as the platform does: it hangs up after 5 s.
func (r *rig) attempt(req *http.Request, from string) wechattest.Answer {
	r.Helper()
	a, err := r.platform.Attempt(r.account, req, from, string(r.options.Mode))
	if err != nil {
		r.Errorf("answer: %v", err)
	}
	return a
}

// push brings a message up to three times, until it is acknowledged, and returns
// what came back, and in which attempt; 0 if nobody acknowledged.
func (r *rig) push(m wechattest.Message) (a wechattest.Answer, attempts int) {
	r.Helper()
	a, attempts, err := r.platform.Push(r.account, string(r.options.Mode), m)
	if err != nil {
		r.Errorf("answer: %v", err)
	}
	return a, attempts
}

// send sends a message as the outbox does.
func (r *rig) send(to, text string) error {
	return r.account.Send(r.Context(), channel.Outbound{ID: "out", To: channel.Peer{Channel: wechat.Channel, ID: to}, Message: channel.Message{Text: text}})
}

// want compares what a person got.
func (r *rig) want(openid string, texts ...string) {
	r.Helper()
	if got := r.platform.Inbox(openid); !slices.Equal(got, texts) {
		r.Errorf("%s got %q, want %q", openid, got, texts)
	}
}

func (r *rig) heard() (out []string) {
	r.talks.mu.Lock()
	defer r.talks.mu.Unlock()
	for _, in := range r.talks.heard {
		out = append(out, in.Text)
	}
	return out
}

// quiet sees that no secret and no text of a person was logged.
func (r *rig) quiet(texts ...string) {
	r.Helper()
	synctest.Wait()
	for _, s := range append(texts, r.platform.Secret, r.platform.Token, r.platform.AESKey, "token_1_xxx") {
		if strings.Contains(r.logged.String(), s) {
			r.Errorf("the log tells %q:\n%s", s, r.logged)
		}
	}
}

var discard = slog.New(slog.DiscardHandler)
