package wechat_test

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"signdesk/bot/channel"
	"signdesk/bot/wechat"
	"signdesk/bot/wechat/wechattest"
)

// BenchmarkCallback measures an encrypted callback, all but the conversation: its
// verification, its XML, and its sealed reply.
func BenchmarkCallback(b *testing.B) {
	p := wechattest.New(time.Now)
	heard := &talks{loose: true, reply: func(channel.Inbound) channel.Message {
		return channel.Message{Text: strings.Repeat("您好，请先联系管理员。", 20)}
	}}
	a, err := wechat.New(wechat.Options{AppID: p.AppID, Token: p.Token, AESKey: p.AESKey, Mode: wechat.Safe, Talks: heard, Keep: new(keep), Log: discard})
	if err != nil {
		b.Fatal(err)
	}
	req := p.Request("/wechat", "safe", wechattest.Text("u1", "1", "提示无权限怎么办"))
	raw, err := io.ReadAll(req.Body)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		req.Body = io.NopCloser(strings.NewReader(string(raw)))
		rec := httptest.NewRecorder()
		a.ServeHTTP(rec, req)
		if rec.Code != 200 || rec.Body.Len() < 100 {
			b.Fatal(rec.Code)
		}
	}
}
