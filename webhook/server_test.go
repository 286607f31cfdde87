package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"signdesk/bot"
	"signdesk/kb"
	"signdesk/webhook"
)

// fixedBase decides by the text of the question.
type fixedBase struct{ content *kb.Content }

func newFixedBase() *fixedBase {
	e := &kb.Entry{ID: "11", Title: "提示我无权限，怎么处理？", Category: "关于合同签署", Condition: "我是负责人"}
	e.Parts = []*kb.Part{
		{Entry: e, ID: kb.MainPart, Title: "怎么当管理员", Short: "请先让发起方重发。", Steps: []string{"第一步"}, Channel: kb.ChannelPC},
		{Entry: e, ID: "face", Title: "法人刷脸", Short: "扫码。", Channel: kb.ChannelAny},
	}
	return &fixedBase{&kb.Content{Entries: []*kb.Entry{e}}}
}

func (b *fixedBase) Content() *kb.Content { return b.content }

func (b *fixedBase) Decide(_ context.Context, q string) (kb.Decision, error) {
	switch {
	case strings.Contains(q, "无权限"):
		e := b.content.Entries[0]
		return kb.Decision{Kind: kb.Answer, Hits: []kb.Hit{{Entry: e, Sure: 1, Parts: []kb.PartHit{{Part: e.Parts[0], Sure: 1}}}}}, nil
	case q == "broken":
		return kb.Decision{}, errors.New("disk on fire")
	case q == "panic":
		panic("impossible state")
	}
	return kb.Decision{}, nil
}

func newServer(t *testing.T) *httptest.Server {
	t.Helper()
	s, err := webhook.New(webhook.Options{
		Base: newFixedBase(), Contact: bot.Contact{Brand: "上上签", Hotline: "400-993-6665"}, Site: "www.bestsign.cn",
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	ts := httptest.NewServer(s.Handler())
	t.Cleanup(ts.Close)
	return ts
}

func read(t *testing.T, res *http.Response, err error) (int, string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func TestAsk(t *testing.T) {
	ts := newServer(t)
	for _, tt := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"answer", `{"id":"1","q":"提示无权限"}`, 200, `"decision":"answer","entries":["11"],"part":"main"`},
		{"nothing", `{"q":"天气"}`, 200, `"decision":"none","entries":[]`},
		{"no JSON", `q=1`, 400, `"code":"bad-json"`},
		{"empty", `{"q":""}`, 422, `"code":"empty"`},
		{"too long", `{"q":"` + strings.Repeat("长", 4001) + `"}`, 422, `"code":"too-long"`},
		{"too large", `{"q":"` + strings.Repeat("长", 40000) + `"}`, 413, `"code":"too-large"`},
		{"failure", `{"q":"broken"}`, 503, `"code":"unavailable"`},
		{"panic", `{"q":"panic"}`, 500, `"code":"internal"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res, err := http.Post(ts.URL+"/v1/ask", "application/json", strings.NewReader(tt.body))
			status, body := read(t, res, err)
			if status != tt.status || !strings.Contains(body, tt.want) {
				t.Errorf("POST %.60s: %d %s\nwant %d with %s", tt.body, status, body, tt.status, tt.want)
			}
			if !json.Valid([]byte(body)) || strings.Contains(body, "disk on fire") || strings.Contains(body, "goroutine") {
				t.Errorf("POST %.60s: body %s", tt.body, body)
			}
			if status >= 400 && !strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json") {
				t.Errorf("content type %s, want a problem document", res.Header.Get("Content-Type"))
			}
		})
	}
}

func TestPages(t *testing.T) {
	ts := newServer(t)
	for _, tt := range []struct {
		path   string
		status int
		wants  []string
	}{
		{"/", 200, []string{"提示我无权限，怎么处理？", "400-993-6665"}},
		{"/?q=" + url.QueryEscape("无权限"), 200, []string{"怎么当管理员", "第一步"}},
		{"/?q=" + url.QueryEscape(`<script>alert(1)</script>`), 200, []string{"&lt;script&gt;", "没有把握"}},
		{"/?q=", 200, []string{"请输入您的问题"}},
		{"/?q=broken", 503, []string{"稍后再试"}},
		{"/help/11/face", 200, []string{"扫码。", "法人刷脸"}},
		{"/help/11", 200, []string{"提示我无权限，怎么处理？", "更多细节"}},
		{"/faq/11?part=face", 200, []string{"扫码。"}},
		{"/help/99", 404, []string{"没有这个页面"}},
		{"/help/11/nose", 404, []string{"没有这个页面"}},
		{"/nowhere", 404, []string{"没有这个页面"}},
		{"/link.css", 200, []string{"prefers-color-scheme"}},
		{"/healthz", 200, []string{"ok"}},
	} {
		req, err := http.NewRequest(http.MethodGet, ts.URL+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
		res, err := http.DefaultClient.Do(req)
		status, body := read(t, res, err)
		if status != tt.status {
			t.Errorf("GET %s: status %d, want %d", tt.path, status, tt.status)
		}
		for _, w := range tt.wants {
			if !strings.Contains(body, w) {
				t.Errorf("GET %s: page lacks %q", tt.path, w)
			}
		}
		if strings.Contains(body, "<script>alert") {
			t.Errorf("GET %s: the question is not escaped", tt.path)
		}
		if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("GET %s: policy %q", tt.path, csp)
		}
	}
}

func TestOtherMethods(t *testing.T) {
	ts := newServer(t)
	res, err := http.Get(ts.URL + "/v1/ask")
	if status, body := read(t, res, err); status != http.StatusMethodNotAllowed || !strings.Contains(body, "method-not-allowed") {
		t.Errorf("GET /v1/ask: %d %s", status, body)
	}
}
