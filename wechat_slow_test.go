package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/bot/wechat"
	"signdesk/bot/wechat/wechattest"
	"signdesk/data/store"
)

// slowEye reads a picture when it is let.
type slowEye struct{ let chan struct{} }

func (e slowEye) Read(ctx context.Context, _ []byte, _ int) ([]string, error) {
	select {
	case <-e.let:
		return []string{"目前没有可使用的印章，请联系企业主管理员添加印章并授权"}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A wechatDesk is a bot on a store with an Official Account and an outbox.
type wechatDesk struct {
	*testing.T
	bot     *bot.Bot
	wx      *wechattest.Platform
	account *wechat.Account
}

func newWechatDesk(t *testing.T, hooks botHooks, verified bool) *wechatDesk {
	t.Helper()
	cfg := testConfig(t)
	cfg.Store = filepath.Join(t.TempDir(), "store.db")
	svc, err := openService(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	base, err := openBase(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	recognise, err := openIntents(cfg, base)
	if err != nil {
		t.Fatal(err)
	}
	talks, err := newBot(cfg, svc, base, recognise, slog.New(slog.DiscardHandler), hooks)
	if err != nil {
		t.Fatal(err)
	}
	d := &wechatDesk{T: t, bot: talks, wx: wechattest.New(time.Now)}
	cfg.Wechat = wechatConfig{AppID: d.wx.AppID, Secret: d.wx.Secret, Token: d.wx.Token, AESKey: d.wx.AESKey, Mode: "safe", Quota: "5,1", Verified: "off", Notice: "template:T:thing1", transport: d.wx}
	if verified {
		cfg.Wechat.Verified = "on"
	}
	if d.account, err = newWechat(cfg, svc, talks, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = d.account.Run(ctx) })
	wg.Go(func() { _ = talks.Deliver(ctx, map[string]channel.Sender{wechat.Channel: d.account}) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		base.Close()
		if err := svc.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func (d *wechatDesk) push(m wechattest.Message) (string, int) {
	d.Helper()
	a, n, err := d.wx.Push(d.account, "safe", m)
	if err != nil {
		d.Error(err)
	}
	return a.Text, n
}

// inbox waits until somebody got that many messages, and a little longer: nothing
// comes twice.
func (d *wechatDesk) inbox(who string, want int) []string {
	d.Helper()
	for range 200 {
		if len(d.wx.Inbox(who)) >= want {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	time.Sleep(1200 * time.Millisecond)
	got := d.wx.Inbox(who)
	if len(got) != want {
		d.Errorf("%d messages instead of %d: %q", len(got), want, got)
	}
	return append(got, make([]string, want)...)[:want]
}

// TestSlowPictureVerified: a picture takes longer than WeChat waits, and a
// question follows it. The first reply is sent, once; the second comes after it,
// in its request; whoever brings the picture again is only acknowledged.
func TestSlowPictureVerified(t *testing.T) {
	t.Parallel()
	eye := slowEye{make(chan struct{})}
	d := newWechatDesk(t, botHooks{eye: eye}, true)
	picture := d.wx.Picture("u1", "1", []byte("\x89PNG"))
	var wg sync.WaitGroup
	wg.Go(func() {
		if text, n := d.push(picture); text != "" || n != 1 {
			t.Errorf("the picture was answered with %q after %d", text, n)
		}
	})
	time.Sleep(2 * time.Second)
	wg.Go(func() {
		if text, n := d.push(wechattest.Text("u1", "2", "企业怎么认证")); !strings.Contains(text, "认证") || n != 1 {
			t.Errorf("the question was answered with %q after %d", text, n)
		}
	})
	time.Sleep(2500 * time.Millisecond)
	close(eye.let)
	wg.Wait()
	got := d.inbox("u1", 2)
	if strings.Contains(strings.Join(got, ""), "－－") { // the first went along with the second
		got = []string{got[0], got[0]}
	}
	if !strings.HasPrefix(got[0], "我看到的是：“目前没有可使用的印章") || !strings.Contains(got[1], "认证") {
		t.Errorf("got %q", got)
	}
	if text, n := d.push(picture); text != "" || n != 1 {
		t.Errorf("the picture again was answered with %q after %d", text, n)
	}
	if calls := len(d.wx.Calls("/cgi-bin/message/custom/typing")); calls == 0 {
		t.Error("nobody saw that an answer was being written")
	}
}

// TestSlowPictureUnverified: the reply comes with a later attempt to bring the
// picture, or with the reply to the next message.
func TestSlowPictureUnverified(t *testing.T) {
	t.Parallel()
	eye := slowEye{make(chan struct{})}
	d := newWechatDesk(t, botHooks{eye: eye}, false)
	time.AfterFunc(6500*time.Millisecond, func() { close(eye.let) })
	if text, n := d.push(d.wx.Picture("u1", "1", []byte("\x89PNG"))); !strings.HasPrefix(text, "我看到的是") || n != 2 {
		t.Errorf("%q after %d", text, n)
	}
	d.inbox("u1", 1)
	if text, n := d.push(wechattest.Text("u1", "2", "企业怎么认证")); strings.Contains(text, "我看到的是") || n != 1 {
		t.Errorf("%q after %d", text, n)
	}
}

// TestThousandCopiesOfOne are one turn: one reply, one line of the transcript.
func TestThousandCopiesOfOne(t *testing.T) {
	t.Parallel()
	d := newWechatDesk(t, botHooks{eye: slowEye{}}, true)
	var wg sync.WaitGroup
	var mu sync.Mutex
	got := make(map[string]int)
	m := wechattest.Text("u1", "1", "提示无权限怎么办")
	for range 1000 {
		req := d.wx.Request("/wechat", "safe", m)
		wg.Go(func() {
			a, err := d.wx.Attempt(d.account, req, "u1", "safe")
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			got[a.Text]++
		})
	}
	wg.Wait()
	lines, err := d.bot.Transcript(t.Context(), channel.Peer{Channel: wechat.Channel, ID: "u1"})
	if err != nil || len(lines) != 2 || len(got) != 1 {
		t.Errorf("%d lines, %d replies: %v", len(lines), len(got), err)
	}
}

// TestNoticeByTheNextWay: words wait for a person behind the window, WeChat takes
// the template message and tells later that he blocked it: he gets one SMS.
func TestNoticeByTheNextWay(t *testing.T) {
	t.Parallel()
	texted := make(chan string, 10)
	d := newWechatDesk(t, botHooks{text: func(_ context.Context, account, _ string) (string, error) { texted <- account; return "sms", nil }}, true)
	who := channel.Peer{Channel: wechat.Channel, ID: "u1"}
	d.push(wechattest.Text("u1", "1", "你好"))
	if err := d.bot.Bind(t.Context(), who, "A-1202", "statement"); err != nil {
		t.Fatal(err)
	}
	d.wx.Fail("/cgi-bin/message/custom/send", wechattest.Fault{Code: 45015})
	err := d.bot.Store.Update(t.Context(), func(tx store.Tx) error {
		return d.bot.Owe(tx, "x-1", who, channel.Message{Text: "您的申请已通过。"})
	})
	if err != nil {
		t.Fatal(err)
	}
	d.inbox("u1", 2)
	taken := d.wx.Notices("u1")
	if len(taken) != 1 {
		t.Fatalf("taken %+v", taken)
	}
	for range 2 {
		if _, n := d.push(wechattest.TemplateResult("u1", taken[0].Name, "failed:user block")); n != 1 {
			t.Errorf("not acknowledged")
		}
	}
	if account := <-texted; account != "A-1202" {
		t.Errorf("texted %s", account)
	}
	time.Sleep(1500 * time.Millisecond)
	if len(texted) != 0 {
		t.Error("texted twice")
	}
	if got, _ := d.push(wechattest.Text("u1", "2", "在吗")); !strings.Contains(got, "您的申请已通过。") {
		t.Errorf("the next reply is %q", got)
	}
}
