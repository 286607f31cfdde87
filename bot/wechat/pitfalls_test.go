package wechat_test

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
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

// The tests of this file are named after what the library github.com/silenceper/wechat
// does wrong when its server, manager and cache are used, and show that we do not.

// TestPitfallErrorsAnsweredWith200: the platform takes an empty 200 for an
// acknowledgement, and the message would be lost.
func TestPitfallErrorsAnsweredWith200(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		text := wechattest.Text("u1", "1", "在吗")
		forged := changed(r.platform.Request("/wechat", "safe", text), func(q url.Values) { q.Set("msg_signature", "0") })
		garbled := r.platform.Request("/wechat", "safe", text)
		garbled.Body = io.NopCloser(strings.NewReader("{}"))
		for name, req := range map[string]*http.Request{"forged": forged, "garbled": garbled, "verification": httptest.NewRequest("GET", "/wechat?echostr=1", nil)} {
			if rec := r.serve(req); rec.Code == http.StatusOK {
				r.Errorf("%s: 200", name)
			}
		}
		r.talks.broken = 1
		if rec := r.serve(r.platform.Request("/wechat", "safe", text)); rec.Code == http.StatusOK {
			r.Error("a message that was not taken is acknowledged")
		}
		if a, n := r.push(text); a.Text != "您说：在吗" || n != 1 {
			r.Errorf("brought again: %+v after %d", a, n)
		}
	})
}

// TestPitfallEmptyEncryptedReply: silence is the word success, in plain, whatever
// was brought.
func TestPitfallEmptyEncryptedReply(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.talks.held = true
		for _, m := range []wechattest.Message{wechattest.Text("u1", "1", "在吗"), {From: "u1", Type: "voice", ID: "2", MediaID: "m"}, r.platform.Picture("u1", "3", []byte("\x89PNG")),
			{From: "u1", Type: "location", ID: "4"}, wechattest.Event("u1", "VIEW", "x"), wechattest.Event("u1", "unsubscribe", ""), wechattest.Event("u1", "CLICK", "转人工")} {
			if rec := r.serve(r.platform.Request("/wechat", "safe", m)); rec.Code != http.StatusOK || rec.Body.String() != "success" {
				r.Errorf("%+v: %d %q", m, rec.Code, rec.Body)
			}
		}
	})
}

// TestPitfallPlaintextDowngrade: with encryption configured, leaving out
// encrypt_type does not make a body be taken unsealed; in compatible mode only
// the sealed half counts.
func TestPitfallPlaintextDowngrade(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		req := changed(r.platform.Request("/wechat", "compatible", wechattest.Text("u1", "1", "转账")), func(q url.Values) { q.Del("encrypt_type"); q.Del("msg_signature") })
		if rec := r.serve(req); rec.Code != http.StatusForbidden || len(r.heard()) != 0 {
			r.Errorf("%d, heard %q", rec.Code, r.heard())
		}
	})
	inBubble(t, func(o *wechat.Options) { o.Mode = wechat.Compatible }, func(r *rig) {
		req := r.platform.Request("/wechat", "compatible", wechattest.Text("u1", "1", "在吗"))
		raw, err := io.ReadAll(req.Body)
		if err != nil {
			r.Fatal(err)
		}
		req.Body = io.NopCloser(strings.NewReader(strings.Replace(string(raw), "在吗", "转账", 1)))
		if rec := r.serve(req); rec.Code != http.StatusOK || !slices.Equal(r.heard(), []string{"在吗"}) {
			r.Errorf("%d, heard %q", rec.Code, r.heard())
		}
	})
}

// TestPitfallReplaysAndDuplicates: an old request is refused; a copy of a fresh
// one gets the same reply, does nothing, and sends nothing.
func TestPitfallReplaysAndDuplicates(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		m := wechattest.Text("u1", "1", "在吗")
		req := r.platform.Request("/wechat", "safe", m)
		raw, err := io.ReadAll(req.Body)
		if err != nil {
			r.Fatal(err)
		}
		replay := func() wechattest.Answer {
			req.Body = io.NopCloser(strings.NewReader(string(raw)))
			return r.attempt(req, "u1")
		}
		first := replay()
		for range 3 {
			if a := replay(); a != first || a.Text != "您说：在吗" {
				r.Errorf("%+v, then %+v", first, a)
			}
		}
		r.account = r.open() // a restart
		if a := replay(); a != first {
			r.Errorf("after a restart: %+v", a)
		}
		time.Sleep(9 * time.Minute)
		if a := replay(); a != first {
			r.Errorf("within the window: %+v", a)
		}
		time.Sleep(2 * time.Minute)
		if a := replay(); a.Status != http.StatusForbidden {
			r.Errorf("beyond the window: %+v", a)
		}
		if n := len(r.heard()); n != 1 || len(r.platform.Calls(sendPath)) != 0 {
			r.Errorf("%d heard, %d sent", n, len(r.platform.Calls(sendPath)))
		}
		event := r.platform.Request("/wechat", "safe", wechattest.Event("u1", "CLICK", "转人工"))
		again := r.platform.Request("/wechat", "safe", wechattest.Event("u1", "CLICK", "转人工")) // events have no id: who, when, what
		if a, b := r.attempt(event, "u1"), r.attempt(again, "u1"); a.Text == "" || a != b || len(r.heard()) != 2 {
			r.Errorf("%+v, then %+v", a, b)
		}
	})
}

// TestPitfallBodyAndTime: a body has a limit, and so has time a future: seconds do
// not end in 2038.
func TestPitfallBodyAndTime(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		req := r.platform.Request("/wechat", "safe", wechattest.Text("u1", "1", strings.Repeat("长", 3<<20)))
		if rec := r.serve(req); rec.Code != http.StatusRequestEntityTooLarge {
			r.Errorf("9 MB: %d", rec.Code)
		}
	})
	later := func() time.Time { return time.Now().AddDate(45, 0, 0) }
	inBubble(t, func(o *wechat.Options) { o.Now = later }, func(r *rig) {
		r.platform.Now = later
		if a, n := r.push(wechattest.Text("u1", "1", "在吗")); n != 1 || a.Text != "您说：在吗" {
			r.Errorf("in %d: %+v", later().Year(), a)
		}
	})
}

// TestPitfallMenuIDIsNoNumber: an id of a button that is no number must not fail
// the whole message; ours are numbers, for others who listen to the account.
func TestPitfallMenuIDIsNoNumber(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		for i, id := range []string{"101", "go-on", "9223372036854775808", ""} {
			m := wechattest.Text("u1", string(rune('1'+i)), "电脑上签")
			m.MenuID = id
			if a, n := r.push(m); n != 1 || a.Text != "您说：电脑上签" {
				r.Errorf("%q: %+v", id, a)
			}
		}
	})
}

// TestPitfallUntypedSendErrors: an errcode in a 200 is an error that tells its
// code, and what to do about the message.
func TestPitfallUntypedSendErrors(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.push(wechattest.Text("u1", "1", "在吗"))
		r.platform.Fail(sendPath, wechattest.Fault{Code: 45047})
		var se *channel.SendError
		if err := r.send("u1", "x"); !errors.As(err, &se) || se.Code != "45047" || se.Kind != channel.Closed || !se.Shut {
			r.Errorf("%+v", err)
		}
	})
}

// TestPitfallRacingTokenCache: many goroutines and several accounts on one store
// use the token while it is renewed. It fails under the race detector only.
func TestPitfallRacingTokenCache(t *testing.T) {
	inBubble(t, func(o *wechat.Options) { o.Keep = new(keep) }, func(r *rig) {
		r.push(wechattest.Text("u1", "1", "在吗"))
		var wg sync.WaitGroup
		for _, a := range []*wechat.Account{r.account, r.open()} {
			for range 20 {
				wg.Go(func() { _ = a.Send(r.Context(), owed("x", "x")) })
			}
		}
		r.platform.Expire()
		wg.Wait()
	})
}

// TestPitfallRefusedTokenStaysCached: a token that the platform refuses before its
// time is renewed by force, once, and the message is sent.
func TestPitfallRefusedTokenStaysCached(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.push(wechattest.Text("u1", "1", "在吗"))
		for i := range 3 {
			if err := r.send("u1", "x"); err != nil {
				r.Error(err)
			}
			if asked, forced := r.platform.Tokens(); forced != i || asked != i+1 {
				r.Errorf("%d asked for, %d by force", asked, forced)
			}
			time.Sleep(time.Minute)
			r.platform.Expire()
		}
		// It goes on being refused: no storm of renewals.
		for range 20 {
			r.platform.Expire()
			_ = r.send("u1", "x")
		}
		if _, forced := r.platform.Tokens(); forced > 3 {
			r.Errorf("%d by force", forced)
		}
	})
}

// TestPitfallNoTimeoutAndTokensInErrors: a call ends though nobody answers, and no
// error tells a token or the secret.
func TestPitfallNoTimeoutAndTokensInErrors(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.push(wechattest.Text("u1", "1", "在吗"))
		if err := r.send("u1", "x"); err != nil {
			r.Fatal(err)
		}
		hang := make(chan struct{})
		defer close(hang)
		for path, f := range map[string]wechattest.Fault{sendPath: {Hang: hang}, "/cgi-bin/media/upload": {Lost: true}} {
			r.platform.Fail(path, f)
			m := owed("x", "x")
			if strings.Contains(path, "media") {
				m.Message.Image = []byte("\x89PNG")
			}
			start := time.Now()
			err := r.account.Send(r.Context(), m)
			if err == nil || time.Since(start) > 11*time.Second || strings.Contains(err.Error(), "token_1") || strings.Contains(err.Error(), r.platform.Secret) {
				r.Errorf("%s: %v after %v", path, err, time.Since(start))
			}
		}
		r.quiet()
	})
}

// TestPitfallNoDownload: media are downloaded within a limit; an error that is
// told in a 200 is no picture.
func TestPitfallNoDownload(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.push(r.platform.Picture("u1", "1", []byte("\x89PNG…")))
		r.push(r.platform.Picture("u1", "2", make([]byte, 11<<20)))
		r.push(wechattest.Message{From: "u1", Type: "image", ID: "3", MediaID: "gone"})
		synctest.Wait()
		if got := r.talks.heard; len(got) != 3 || string(got[0].Picture) != "\x89PNG…" || got[1].Kind != channel.Unseen || got[2].Kind != channel.Unseen {
			r.Errorf("heard %d", len(got))
		}
	})
}

// TestPitfallEndOfCDATA: a reply may hold whatever ends a CDATA section.
func TestPitfallEndOfCDATA(t *testing.T) {
	for _, mode := range []wechat.Mode{wechat.Safe, wechat.Plain} {
		inBubble(t, func(o *wechat.Options) { o.Mode = mode }, func(r *rig) {
			const odd = "]]></Content><MsgType><![CDATA[news]]>&lt;&#x0;\x01"
			r.talks.reply = func(channel.Inbound) channel.Message { return channel.Message{Text: odd} }
			if a, n := r.push(wechattest.Text("u1", "1", "在吗")); n != 1 || a.Type != "text" || !strings.HasPrefix(a.Text, "]]></Content><MsgType><![CDATA[news]]>&lt;") {
				r.Errorf("%s: %+v", mode, a)
			}
		})
	}
}

// TestControlCharacters are pasted by people now and then.
func TestControlCharacters(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		if a, n := r.push(wechattest.Text("u1", "1", "提示\x14无权限\x00\xff")); n != 1 || a.Text != "您说：提示无权限" {
			r.Errorf("%+v", a)
		}
		if a, n := r.push(wechattest.Text("u1", "2", "<!DOCTYPE html> &lt;a&gt; </Content>")); n != 1 || a.Text != "您说：<!DOCTYPE html> &lt;a&gt; </Content>" {
			r.Errorf("%+v", a)
		}
	})
}

// TestPitfallLoggingLibrary: the library's root package has logrus print what
// people write. Neither is part of this package.
func TestPitfallLoggingLibrary(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "signdesk/bot/wechat").Output()
	if err != nil {
		t.Fatal(err)
	}
	for p := range strings.Lines(string(out)) {
		if p = strings.TrimSpace(p); strings.Contains(p, "logrus") || p == "github.com/silenceper/wechat/v2" || strings.Contains(p, "wechat/v2/officialaccount") {
			t.Errorf("%s is linked", p)
		}
	}
}

// FuzzReplyXML: whatever is said, the reply is XML that says it.
func FuzzReplyXML(f *testing.F) {
	f.Add("]]>")
	f.Add("\x00\xff&<a>")
	f.Fuzz(func(t *testing.T, text string) {
		p := wechattest.New(time.Now)
		heard := &talks{lane: make(chan struct{}, 1), reply: func(channel.Inbound) channel.Message { return channel.Message{Text: text} }}
		a, err := wechat.New(wechat.Options{AppID: p.AppID, Token: p.Token, Mode: wechat.Plain, Talks: heard, Keep: new(keep), Log: discard})
		if err != nil {
			t.Fatal(err)
		}
		rec := httptest.NewRecorder()
		a.ServeHTTP(rec, p.Request("/wechat", "plain", wechattest.Text("u1", "1", "x")))
		var r struct{ Content string }
		if body := rec.Body.Bytes(); string(body) != "success" && xml.Unmarshal(body, &r) != nil {
			t.Errorf("%q", body)
		}
	})
}
