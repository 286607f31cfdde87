package wechat_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"signdesk/bot/channel"
	"signdesk/bot/wechat"
	"signdesk/bot/wechat/wechattest"
)

// answering tells everybody the same, and notes nothing.
type answering struct {
	*talks
	reply channel.Message
}

func (a *answering) Receive(_ context.Context, in channel.Inbound) (*wechat.Reply, error) {
	return &wechat.Reply{Outbound: channel.Outbound{ID: in.MessageID, To: in.Peer, Message: a.reply}}, nil
}

func (*answering) Delivered(context.Context, ...string) error { return nil }

// nowhere is where answers go that nobody reads.
type nowhere struct {
	header http.Header
	n      int
}

func (w *nowhere) Header() http.Header         { return w.header }
func (w *nowhere) WriteHeader(int)             {}
func (w *nowhere) Write(p []byte) (int, error) { w.n += len(p); return len(p), nil }
func (w *nowhere) Flush()                      {}

// BenchmarkCallback measures an encrypted callback, all but the conversation: its
// verification, its XML, and its sealed reply. Each is another message.
func BenchmarkCallback(b *testing.B) {
	p := wechattest.New(time.Now)
	type push struct {
		url  *url.URL
		body []byte
	}
	var list []push
	for i := range 20_000 {
		req := p.Request("/wechat", "safe", wechattest.Text(fmt.Sprint("u", i%1000), fmt.Sprint(i), "提示无权限怎么办"))
		raw, err := io.ReadAll(req.Body)
		if err != nil {
			b.Fatal(err)
		}
		list = append(list, push{req.URL, raw})
	}
	ctx, stop := context.WithCancel(b.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	w := nowhere{header: make(http.Header)}
	var a *wechat.Account
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%len(list) == 0 { // one that knows none of them
			a = answerer(b, p)
			running.Go(func() { _ = a.Run(ctx) })
		}
		m := list[i%len(list)]
		clear(w.header)
		w.n = 0
		a.ServeHTTP(&w, &http.Request{Method: http.MethodPost, URL: m.url, Body: io.NopCloser(bytes.NewReader(m.body)), ContentLength: int64(len(m.body))})
		if w.n < 100 {
			b.Fatal(w.n)
		}
	}
}

// answerer is an account that tells everybody the same.
func answerer(b *testing.B, p *wechattest.Platform) *wechat.Account {
	b.Helper()
	a, err := wechat.New(wechat.Options{AppID: p.AppID, Token: p.Token, AESKey: p.AESKey, Mode: wechat.Safe, Keep: new(keep), Log: discard,
		Talks: &answering{new(talks), channel.Message{Text: strings.Repeat("您好，请先联系管理员。", 20)}}})
	if err != nil {
		b.Fatal(err)
	}
	return a
}
