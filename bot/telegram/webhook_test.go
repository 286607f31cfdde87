package telegram_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"signdesk/bot/channel"
	"signdesk/bot/telegram"
	"signdesk/bot/telegram/telegramtest"
)

const secret = "hook-Secret_1"

type httpPoster struct{ s *telegramtest.Server }

func (p *httpPoster) post(method, form string) (int, error) {
	r, err := http.NewRequest(http.MethodPost, "http://api/bot"+token+"/"+method, strings.NewReader(form))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := p.s.RoundTrip(r)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

func TestWebhookAnswers(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *telegram.Options) { o.Webhook, o.Secret = "https://desk.example/tg", secret })
	r.setRefuse(func(a channel.Act) error {
		if a.Text == "坏" {
			return errors.New("disk full")
		}
		return nil
	})
	said := func(text string) string {
		return `{"update_id":7,"message":{"message_id":1,"date":1,"chat":{"id":-5,"type":"group"},"from":{"id":3,"first_name":"李"},"text":"` + text + `"}}`
	}
	tests := []struct {
		name, method, secret, body string
		want                       int
	}{
		{"taken", "POST", secret, said("好"), 200},
		{"again", "POST", secret, said("好"), 200},
		{"not on disk", "POST", secret, said("坏"), 500},
		{"no secret", "POST", "", said("偷"), 401},
		{"wrong secret", "POST", "hook-Secret_2", said("偷"), 401},
		{"longer secret", "POST", secret + "x", said("偷"), 401},
		{"GET", "GET", secret, "", 405},
		{"no JSON", "POST", secret, "hello", 400},
		{"no update", "POST", secret, "{}", 400},
		{"poison", "POST", secret, `{"update_id":8,"message":{"message_id":"x"}}`, 200},
		{"too large", "POST", secret, said(strings.Repeat("x", 1<<20)), 413},
	}
	for _, tt := range tests {
		q := httptest.NewRequest(tt.method, "/tg", strings.NewReader(tt.body))
		if tt.secret != "" {
			q.Header.Set("X-Telegram-Bot-Api-Secret-Token", tt.secret)
		}
		w := httptest.NewRecorder()
		r.a.ServeHTTP(w, q)
		if w.Code != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, w.Code, tt.want)
		}
	}
	if got := r.taken(); len(got) != 1 || got[0].Text != "好" {
		t.Errorf("got %+v, want what was taken, once", got)
	}
	if log := r.logged(); strings.Contains(log, "hello") || strings.Contains(log, "偷") {
		t.Errorf("content is logged:\n%s", log)
	}
}

// TestWebhook runs over a real network: the platform pushes to the account.
func TestWebhook(t *testing.T) {
	t.Parallel()
	api := httptest.NewServer(nil)
	hook := httptest.NewServer(nil)
	defer api.Close()
	defer hook.Close()
	r := newRig(t, func(o *telegram.Options) {
		o.Transport, o.API, o.Webhook, o.Secret = nil, api.URL+"/", hook.URL, secret
	})
	api.Config.Handler, hook.Config.Handler = r.s, r.a
	fail := true
	r.setRefuse(func(channel.Act) error {
		defer func() { fail = false }()
		if fail {
			return errors.New("once")
		}
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.a.Run(ctx) }()
	c := r.s.Group(group)
	for _, w := range []string{"一", "二", "三"} {
		c.Say(li, "", w)
	}
	if err := r.s.Until(ctx, func() bool {
		address, _ := r.s.Hook()
		return address != "" && r.s.Waiting() == 0
	}); err != nil {
		t.Fatal(err)
	}
	got := r.taken()
	if len(got) != 3 || got[0].Text != "一" || got[2].Text != "三" {
		t.Errorf("got %+v, want three in order", got)
	}
	if err := r.a.Send(ctx, out(group, "收到", channel.Post{})); err != nil {
		t.Errorf("send: %v", err)
	}
	if call := r.s.Calls("setWebhook"); len(call) != 1 || call[0].Params["max_connections"] != "1" || call[0].Params["secret_token"] != secret {
		t.Errorf("set the webhook by %+v", call)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestNewWorksOffline(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + l.Addr().String()
	if err := l.Close(); err != nil { // nobody listens there
		t.Fatal(err)
	}
	r := newRig(t, func(o *telegram.Options) { o.Transport, o.API = nil, address })
	if se := r.fails(out(group, "你好", channel.Post{})); se.Kind != channel.Retry {
		t.Errorf("got %v, want a passing failure", se)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	good := newRig(t).opts
	tests := []struct {
		name   string
		change func(*telegram.Options)
		want   string
	}{
		{"token", func(o *telegram.Options) { o.Token = "nonsense" }, "token"},
		{"token with a path", func(o *telegram.Options) { o.Token = "1:a/../b" }, "token"},
		{"API", func(o *telegram.Options) { o.API = "api.telegram.org" }, "API"},
		{"receive", func(o *telegram.Options) { o.Receive = nil }, "receive"},
		{"proxy", func(o *telegram.Options) { o.Transport, o.Proxy = nil, "ftp://user:pass-word@p" }, "ftp"},
		{"proxy's address", func(o *telegram.Options) { o.Transport, o.Proxy = nil, "http://user:pass-word@%zz" }, "proxy"},
		{"webhook without a secret", func(o *telegram.Options) { o.Webhook = "https://desk.example/tg" }, "secret"},
		{"secret", func(o *telegram.Options) { o.Webhook, o.Secret = "https://desk.example/tg", "有空格 的" }, "secret"},
	}
	for _, tt := range tests {
		o := good
		tt.change(&o)
		_, err := telegram.New(o)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "pass-word") {
			t.Errorf("%s: got %v, want an error about %s", tt.name, err, tt.want)
		}
	}
}

// TestProxies goes out by an HTTP proxy and by a SOCKS5 one; the API's address
// leads nowhere without them.
func TestProxies(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"http", "socks5"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			var r *rig
			api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				if q.Host != "api.telegram.invalid" {
					t.Errorf("asked for %s", q.Host)
				}
				r.s.ServeHTTP(w, q)
			}))
			defer api.Close()
			proxy := api.URL // an HTTP proxy is asked for the whole address
			if kind == "socks5" {
				proxy = "socks5://user:pass@" + socks(t, api.Listener.Addr().String())
			}
			r = newRig(t, func(o *telegram.Options) { o.Transport, o.API, o.Proxy = nil, "http://api.telegram.invalid", proxy })
			c := r.s.Group(group)
			if err := r.a.Send(t.Context(), out(group, "你好", channel.Post{})); err != nil {
				t.Fatal(err)
			}
			r.shows(c, "你好")
		})
	}
}

// socks is a SOCKS5 proxy (RFC 1928, 1929) for one connection, which leads to
// the given address whatever it is asked for.
func socks(t *testing.T, to string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		read := func(n int) []byte {
			b := make([]byte, n)
			if _, err := io.ReadFull(c, b); err != nil {
				t.Errorf("socks: %v", err)
			}
			return b
		}
		read(int(read(2)[1]))        // methods
		_, _ = c.Write([]byte{5, 2}) // user and password
		read(int(read(2)[1]))
		read(int(read(1)[0]))
		_, _ = c.Write([]byte{1, 0})
		read(int(read(5)[4]) + 2) // connect to a name
		_, _ = c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
		up, err := net.Dial("tcp", to)
		if err != nil {
			t.Errorf("socks: %v", err)
			return
		}
		go func() {
			_, _ = io.Copy(up, c)
			_ = up.Close()
		}()
		_, _ = io.Copy(c, up)
	}()
	return l.Addr().String()
}
