package wechat_test

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"signdesk/bot/channel"
	"signdesk/bot/wechat"
	"signdesk/bot/wechat/wechattest"
)

// serve answers a request as it is.
func (r *rig) serve(req *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	r.account.ServeHTTP(rec, req)
	return rec
}

// changed changes the address of a request.
func changed(req *http.Request, change func(url.Values)) *http.Request {
	q := req.URL.Query()
	change(q)
	req.URL.RawQuery = q.Encode()
	return req
}

func TestVerificationOfTheAddress(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		stamp := strconv.FormatInt(time.Now().Unix(), 10)
		q := url.Values{"timestamp": {stamp}, "nonce": {"n1"}, "echostr": {"5837<1>"}, "signature": {wechattest.Sign(r.platform.Token, stamp, "n1")}}
		rec := r.serve(httptest.NewRequest("GET", "/wechat?"+q.Encode(), nil))
		if rec.Code != 200 || rec.Body.String() != "5837<1>" || !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/plain") {
			r.Errorf("%d %q as %s", rec.Code, rec.Body, rec.Header().Get("Content-Type"))
		}
		q.Set("signature", wechattest.Sign("guess", stamp, "n1"))
		if rec := r.serve(httptest.NewRequest("GET", "/wechat?"+q.Encode(), nil)); rec.Code != 403 || strings.Contains(rec.Body.String(), "5837") {
			r.Errorf("forged: %d %q", rec.Code, rec.Body)
		}
		r.quiet("5837")
	})
}

func TestModes(t *testing.T) {
	for _, mode := range []wechat.Mode{wechat.Safe, wechat.Compatible, wechat.Plain} {
		t.Run(string(mode), func(t *testing.T) {
			inBubble(t, func(o *wechat.Options) { o.Mode = mode }, func(r *rig) {
				a, n := r.push(wechattest.Text("u1", "1", "提示 <无权限> & ]]> 怎么办"))
				if n != 1 || a.Text != "您说：提示 <无权限> & ]]> 怎么办" {
					r.Errorf("%+v after %d", a, n)
				}
				r.quiet("无权限")
			})
		})
	}
}

// TestRefusals brings what the platform never sends. Nothing of it is heard.
func TestRefusals(t *testing.T) {
	text := wechattest.Text("u1", "1", "转账")
	for _, c := range []struct {
		name   string
		mode   wechat.Mode
		change func(r *rig, req *http.Request) *http.Request
		want   int
	}{
		{"plaintext with the signature of an encrypted one", wechat.Safe, func(r *rig, req *http.Request) *http.Request {
			plain := r.platform.Request("/wechat", "plain", text)
			return changed(plain, func(q url.Values) {
				q.Set("signature", req.URL.Query().Get("signature"))
				q.Set("timestamp", req.URL.Query().Get("timestamp"))
				q.Set("nonce", req.URL.Query().Get("nonce"))
			})
		}, 403},
		{"plaintext said to be raw", wechat.Safe, func(r *rig, _ *http.Request) *http.Request {
			return changed(r.platform.Request("/wechat", "plain", text), func(q url.Values) { q.Set("encrypt_type", "raw") })
		}, 403},
		{"plaintext said to be encrypted", wechat.Safe, func(r *rig, _ *http.Request) *http.Request {
			return changed(r.platform.Request("/wechat", "plain", text), func(q url.Values) { q.Set("encrypt_type", "aes") })
		}, 403},
		{"msg_signature of something else", wechat.Safe, func(_ *rig, req *http.Request) *http.Request {
			return changed(req, func(q url.Values) { q.Set("msg_signature", wechattest.Sign("guess")) })
		}, 403},
		{"without msg_signature", wechat.Safe, func(_ *rig, req *http.Request) *http.Request {
			return changed(req, func(q url.Values) { q.Del("msg_signature") })
		}, 403},
		{"wrong token", wechat.Safe, func(r *rig, _ *http.Request) *http.Request {
			other := *wechattest.New(time.Now)
			other.Token = "guess"
			return other.Request("/wechat", "safe", text)
		}, 403},
		{"another account's", wechat.Safe, func(*rig, *http.Request) *http.Request {
			other := wechattest.New(time.Now)
			other.AppID = "wxffffffffffffffff"
			return other.Request("/wechat", "safe", text)
		}, 403},
		{"another key", wechat.Safe, func(*rig, *http.Request) *http.Request {
			other := wechattest.New(time.Now)
			other.AESKey = strings.Repeat("Z", 42) + "A"
			return other.Request("/wechat", "safe", text)
		}, 403},
		{"a day old", wechat.Safe, func(*rig, *http.Request) *http.Request {
			return wechattest.New(func() time.Time { return time.Now().Add(-24 * time.Hour) }).Request("/wechat", "safe", text)
		}, 403},
		{"from tomorrow", wechat.Safe, func(*rig, *http.Request) *http.Request {
			return wechattest.New(func() time.Time { return time.Now().Add(24 * time.Hour) }).Request("/wechat", "safe", text)
		}, 403},
		{"another body for a nonce", wechat.Plain, func(r *rig, req *http.Request) *http.Request {
			r.serve(r.platform.Request("/wechat", "plain", wechattest.Event("u1", "VIEW", "x")))
			first := r.platform.Request("/wechat", "plain", wechattest.Event("u1", "VIEW", "x"))
			r.serve(first)
			return changed(r.platform.Request("/wechat", "plain", text), func(q url.Values) {
				for k, v := range first.URL.Query() {
					q[k] = v
				}
			})
		}, 403},
		{"entities", wechat.Plain, func(r *rig, req *http.Request) *http.Request {
			req.Body = io.NopCloser(strings.NewReader(`<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>` + r.platform.XML(text)))
			return req
		}, 400},
		{"no XML", wechat.Plain, func(_ *rig, req *http.Request) *http.Request {
			req.Body = io.NopCloser(strings.NewReader(`{"json":1}`))
			return req
		}, 400},
		{"no sender", wechat.Plain, func(_ *rig, req *http.Request) *http.Request {
			req.Body = io.NopCloser(strings.NewReader(`<xml><MsgType>text</MsgType></xml>`))
			return req
		}, 400},
		{"9 MB", wechat.Safe, func(_ *rig, req *http.Request) *http.Request {
			req.Body = io.NopCloser(strings.NewReader(strings.Repeat("x", 9<<20)))
			return req
		}, 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(o *wechat.Options) { o.Mode = c.mode }, func(r *rig) {
				req := c.change(r, r.platform.Request("/wechat", string(c.mode), text))
				if rec := r.serve(req); rec.Code != c.want {
					r.Errorf("%d, want %d", rec.Code, c.want)
				}
				if got := r.heard(); got != nil {
					r.Errorf("heard %q", got)
				}
				r.quiet("转账", req.URL.Query().Get("signature"))
			})
		})
	}
}

// TestRepeatedAnew has the same message come with the same nonce, encrypted anew.
func TestRepeatedAnew(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		m := wechattest.Text("u1", "1", "在吗")
		first := r.platform.Request("/wechat", "safe", m)
		again := r.platform.Request("/wechat", "safe", m)
		q := first.URL.Query()
		var e struct{ Encrypt string }
		body, err := io.ReadAll(again.Body)
		if err != nil || xml.Unmarshal(body, &e) != nil {
			r.Fatal("body")
		}
		again.Body = io.NopCloser(strings.NewReader(string(body)))
		again = changed(again, func(v url.Values) {
			v.Set("nonce", q.Get("nonce"))
			v.Set("msg_signature", wechattest.Sign(r.platform.Token, q.Get("timestamp"), q.Get("nonce"), e.Encrypt))
		})
		if a, b := r.attempt(first, "u1"), r.attempt(again, "u1"); a.Text != "您说：在吗" || a != b {
			r.Errorf("%+v, then %+v", a, b)
		}
		if got := r.heard(); len(got) != 1 {
			r.Errorf("heard %q", got)
		}
	})
}

// TestKeyChange answers with the key that a message came under.
func TestKeyChange(t *testing.T) {
	fresh := strings.Repeat("k", 42) + "A"
	inBubble(t, func(o *wechat.Options) { o.OldAESKey, o.AESKey = o.AESKey, fresh }, func(r *rig) {
		if a, _ := r.push(wechattest.Text("u1", "1", "旧")); a.Text != "您说：旧" {
			r.Errorf("old key: %+v", a)
		}
		r.platform.AESKey = fresh
		if a, _ := r.push(wechattest.Text("u1", "2", "新")); a.Text != "您说：新" {
			r.Errorf("new key: %+v", a)
		}
	})
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for _, o := range []wechat.Options{
		{},
		{AppID: "a", Token: "t", Mode: "odd"},
		{AppID: "a", Token: "t", Mode: wechat.Safe},
		{AppID: "a", Token: "t", Mode: wechat.Safe, AESKey: "short"},
		{AppID: "a", Token: "t", Mode: wechat.Plain, Verified: true},
	} {
		if _, err := wechat.New(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

// TestKinds tells each kind of message as what it is.
func TestKinds(t *testing.T) {
	empty, words := "", "我的合同签不了"
	for _, c := range []struct {
		name string
		m    wechattest.Message
		want channel.Inbound // Kind, Text, Allows
		mute bool            // nothing is heard
	}{
		{"text", wechattest.Text("u1", "1", "你好"), channel.Inbound{Text: "你好", Allows: channel.Allowance{Sends: 5, For: 48 * time.Hour}}, false},
		{"emoji", wechattest.Text("u1", "1", "签不了😭👨\u200d👩\u200d👧𠮷"), channel.Inbound{Text: "签不了😭👨\u200d👩\u200d👧𠮷", Allows: channel.Allowance{Sends: 5, For: 48 * time.Hour}}, false},
		{"menu reply", wechattest.Message{From: "u1", Type: "text", ID: "2", Content: "继续", MenuID: "2"}, channel.Inbound{Text: "继续", Allows: channel.Allowance{Sends: 5, For: 48 * time.Hour}}, false},
		{"menu reply with an id that is no number", wechattest.Message{From: "u1", Type: "text", ID: "2", Content: "继续", MenuID: "go-on"},
			channel.Inbound{Text: "继续", Allows: channel.Allowance{Sends: 5, For: 48 * time.Hour}}, false},
		{"voice without words", wechattest.Message{From: "u1", Type: "voice", ID: "3", MediaID: "m", Format: "amr", Recognition: &empty},
			channel.Inbound{Kind: channel.Voice, Allows: channel.Allowance{Sends: 5, For: 48 * time.Hour}}, false},
		{"voice with words", wechattest.Message{From: "u1", Type: "voice", ID: "4", MediaID: "m", Format: "amr", Recognition: &words},
			channel.Inbound{Text: words, Allows: channel.Allowance{Sends: 5, For: 48 * time.Hour}}, false},
		{"location", wechattest.Message{From: "u1", Type: "location", ID: "5", Label: "杭州市文一路"}, channel.Inbound{Kind: channel.Other, Text: "［位置］杭州市文一路", Allows: channel.Allowance{Sends: 5, For: 48 * time.Hour}}, false},
		{"link", wechattest.Message{From: "u1", Type: "link", ID: "6", Title: "通知", URL: "https://x.example/1"}, channel.Inbound{Kind: channel.Other, Text: "［链接］通知 https://x.example/1", Allows: channel.Allowance{Sends: 5, For: 48 * time.Hour}}, false},
		{"video", wechattest.Message{From: "u1", Type: "video", ID: "7", MediaID: "m"}, channel.Inbound{Kind: channel.Other, Text: "［视频］", Allows: channel.Allowance{Sends: 5, For: 48 * time.Hour}}, false},
		{"short video", wechattest.Message{From: "u1", Type: "shortvideo", ID: "7", MediaID: "m"}, channel.Inbound{Kind: channel.Other, Text: "［视频］", Allows: channel.Allowance{Sends: 5, For: 48 * time.Hour}}, false},
		{"a type that is not known yet", wechattest.Message{From: "u1", Type: "hologram", ID: "7"}, channel.Inbound{Kind: channel.Other, Allows: channel.Allowance{Sends: 5, For: 48 * time.Hour}}, false},
		{"an event that is not known yet", wechattest.Event("u1", "made_up", ""), channel.Inbound{}, true},
		{"picture that is gone", wechattest.Message{From: "u1", Type: "image", ID: "8", MediaID: "none"}, channel.Inbound{Kind: channel.Unseen, Allows: channel.Allowance{Sends: 5, For: 48 * time.Hour}}, false},
		{"subscribe", wechattest.Event("u1", "subscribe", "qrscene_1"), channel.Inbound{Kind: channel.Hello, Allows: channel.Allowance{Sends: 3, For: time.Minute}}, false},
		{"scan", wechattest.Event("u1", "SCAN", "1"), channel.Inbound{Kind: channel.Hello, Allows: channel.Allowance{Sends: 3, For: time.Minute}}, false},
		{"click", wechattest.Event("u1", "CLICK", "转人工"), channel.Inbound{Text: "转人工", Allows: channel.Allowance{Sends: 3, For: time.Minute}}, false},
		{"unsubscribe", wechattest.Event("u1", "unsubscribe", ""), channel.Inbound{Kind: channel.Left}, false},
		{"view", wechattest.Event("u1", "VIEW", "https://x"), channel.Inbound{}, true},
		{"location event", wechattest.Event("u1", "LOCATION", ""), channel.Inbound{}, true},
		{"template sent", wechattest.Message{From: "u1", Type: "event", Event: "TEMPLATESENDJOBFINISH", ID: "200163836"}, channel.Inbound{}, true},
		{"subscription message", wechattest.Event("u1", "subscribe_msg_popup_event", ""), channel.Inbound{}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, nil, func(r *rig) {
				if a, n := r.push(c.m); n != 1 || c.mute && a.Text != "" {
					r.Errorf("%+v after %d", a, n)
				}
				r.talks.mu.Lock()
				defer r.talks.mu.Unlock()
				if c.mute {
					if len(r.talks.heard) != 0 {
						r.Errorf("heard %+v", r.talks.heard)
					}
					return
				}
				if len(r.talks.heard) != 1 {
					r.Fatalf("heard %d", len(r.talks.heard))
				}
				got := r.talks.heard[0]
				if got.Kind != c.want.Kind || got.Text != c.want.Text || got.Allows != c.want.Allows || got.Peer != (channel.Peer{Channel: "wechat", ID: "u1"}) || got.Device != channel.Phone {
					r.Errorf("%+v, want %+v", got, c.want)
				}
			})
		})
	}
}

func TestPicture(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		id := r.platform.Media([]byte("\x89PNG…"))
		r.platform.Expire() // the token is renewed on the way
		if _, n := r.push(wechattest.Message{From: "u1", Type: "image", ID: "1", MediaID: id, PicURL: "http://mmbiz.qpic.cn/x"}); n != 1 {
			r.Error("not taken")
		}
		if len(r.talks.heard) == 0 {
			r.Fatal(r.logged)
		}
		if got := r.talks.heard[0]; string(got.Picture) != "\x89PNG…" || got.Kind != "" {
			r.Errorf("%+v", got)
		}
	})
}

// TestPictureByItsAddress is had though the interface for media fails: its address
// needs none.
func TestPictureByItsAddress(t *testing.T) {
	for name, f := range map[string]wechattest.Fault{"502": {Status: 502}, "48001": {Code: 48001}, "hang": {}} {
		inBubble(t, nil, func(r *rig) {
			if name == "hang" {
				f.Hang = make(chan struct{})
			}
			m := r.platform.Picture("u1", "1", []byte("\x89PNG…"))
			r.platform.Fail("/cgi-bin/media/get", f, f, f, f)
			r.push(m)
			time.Sleep(time.Minute)
			r.talks.mu.Lock()
			defer r.talks.mu.Unlock()
			if len(r.talks.heard) != 1 || string(r.talks.heard[0].Picture) != "\x89PNG…" {
				r.Errorf("%s: heard %+v", name, r.talks.heard)
			}
		})
	}
}

// TestPictureOfAnotherServer does not ask servers that a message names.
func TestPictureOfAnotherServer(t *testing.T) {
	asked := 0
	inBubble(t, func(o *wechat.Options) {
		o.Verified = false
		o.Transport = tripper(func(*http.Request) (*http.Response, error) { asked++; return nil, errBroken })
	}, func(r *rig) {
		for i, address := range []string{"http://169.254.169.254/latest", "http://localhost:6379/", "https://qpic.cn.evil.example/", "http://u@mmbiz.qpic.cn/", "http://mmbiz.qpic.cn:22/", "file:///etc/passwd"} {
			r.push(wechattest.Message{From: "u1", Type: "image", ID: strconv.Itoa(i + 1), PicURL: address})
		}
		if len(r.talks.heard) != 6 || asked != 0 {
			r.Errorf("%d heard, %d servers asked", len(r.talks.heard), asked)
		}
		r.push(wechattest.Message{From: "u1", Type: "image", ID: "9", PicURL: "http://mmbiz.qpic.cn/mmbiz_jpg/x/0"})
		if asked == 0 {
			r.Error("the platform's own server was not asked")
		}
	})
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// FuzzCallback sees that nothing that is brought ends in a panic or an acknowledgement
// without a signature.
func FuzzCallback(f *testing.F) {
	p := wechattest.New(time.Now)
	f.Add("timestamp=1&nonce=2&signature=3", p.XML(wechattest.Text("u", "1", "x")), false)
	f.Add("encrypt_type=aes&msg_signature=1&timestamp=1&nonce=2", "<xml><Encrypt>"+p.Seal([]byte("<xml/>"))+"</Encrypt></xml>", false)
	f.Add("", p.XML(wechattest.Event("u", "CLICK", "k")), true)
	f.Fuzz(func(t *testing.T, query, body string, signed bool) {
		p := wechattest.New(time.Now)
		heard := &talks{lane: make(chan struct{}, 1)}
		a, err := wechat.New(wechat.Options{AppID: p.AppID, Token: p.Token, AESKey: p.AESKey, Mode: wechat.Compatible, Talks: heard, Keep: new(keep), Log: discard})
		if err != nil {
			t.Fatal(err)
		}
		if signed { // the body reaches what reads messages
			stamp := strconv.FormatInt(time.Now().Unix(), 10)
			query = url.Values{"timestamp": {stamp}, "nonce": {"n"}, "signature": {wechattest.Sign(p.Token, stamp, "n")}}.Encode()
		}
		req := httptest.NewRequest("POST", "/wechat", strings.NewReader(body))
		req.URL.RawQuery = query
		rec := httptest.NewRecorder()
		a.ServeHTTP(rec, req)
		if !signed && rec.Code == 200 || rec.Code >= 500 {
			t.Errorf("%q %q: %d", query, body, rec.Code)
		}
	})
}
