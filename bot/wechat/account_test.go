package wechat_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"signdesk/bot/channel"
	"signdesk/bot/wechat"
	"signdesk/bot/wechat/wechattest"
)

// TestBarred: an account that is told that it has no right to send (48001) asks
// no more for an hour, and replies as one that may only reply.
func TestBarred(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.push(wechattest.Text("u1", "1", "在吗"))
		r.platform.Fail(sendPath, wechattest.Fault{Code: 48001})
		for range 5 {
			if got := failure(r.send("u1", "x")); got != "closed 48001" {
				r.Fatal(got)
			}
		}
		if n := len(r.platform.Calls(sendPath)); n != 1 {
			r.Errorf("asked %d times", n)
		}
		if n := strings.Count(r.logged.String(), "SIGNDESK_WECHAT_VERIFIED=off"); n != 1 {
			r.Errorf("the operator was told %d times", n)
		}
		r.talks.takes = 7 * time.Second
		if a, n := r.push(wechattest.Text("u1", "2", "好了吗")); n != 2 || a.Text == "" {
			r.Errorf("a late reply did not come with a later attempt: %+v after %d", a, n)
		}
		time.Sleep(time.Hour)
		if err := r.send("u1", "x"); err != nil {
			r.Error(err)
		}
	})
}

// TestDayLimit: after 45009 nothing is sent until the platform's midnight.
func TestDayLimit(t *testing.T) {
	inBubble(t, nil, func(r *rig) { // the bubble begins at 8:00 in Shanghai
		r.push(wechattest.Text("u1", "1", "在吗"))
		r.platform.Fail(sendPath, wechattest.Fault{Code: 45009})
		for i := range 3 {
			var se *channel.SendError
			err := r.send("u1", "x")
			if got := failure(err); got != "throttled 45009" || !asSendError(err, &se) || se.After != 16*time.Hour {
				r.Errorf("%d: %s, %+v", i, got, se)
			}
		}
		if n := len(r.platform.Calls(sendPath)); n != 1 {
			r.Errorf("asked %d times", n)
		}
		time.Sleep(16 * time.Hour)
		if err := r.send("u1", "x"); err != nil {
			r.Error(err)
		}
	})
}

// TestSettings tells the operator what to do about settings that the platform
// refuses, not with every message.
func TestSettings(t *testing.T) {
	for code, todo := range map[int]string{40164: "whitelist", 40013: "SIGNDESK_WECHAT_APPID", 40125: "SIGNDESK_WECHAT_SECRET"} {
		inBubble(t, nil, func(r *rig) {
			r.push(wechattest.Text("u1", "1", "在吗"))
			for range 3 {
				r.platform.Fail(tokenPath, wechattest.Fault{Code: code})
				if got := failure(r.send("u1", "x")); got != fmt.Sprint("config ", code) {
					r.Errorf("%s", got)
				}
				time.Sleep(11 * time.Second)
			}
			if n := strings.Count(r.logged.String(), todo); n != 1 {
				r.Errorf("%d: told %d times: %s", code, n, r.logged)
			}
			r.quiet("x1")
		})
	}
}

// TestTooLongForAMenu sends choices as text where the platform finds the menu too
// long; menus go on being used.
func TestTooLongForAMenu(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.push(wechattest.Text("u1", "1", "在吗"))
		m := owed("q", "在哪里签？")
		m.Message.Choices = []channel.Choice{{Token: "pc", Label: "电脑"}, {Token: "phone", Label: "手机"}}
		r.platform.Fail(sendPath, wechattest.Fault{Code: 45002})
		for range 2 {
			if err := r.account.Send(r.Context(), m); err != nil {
				r.Error(err)
			}
		}
		r.want("u1", "您说：在吗", "在哪里签？\n1. 电脑\n2. 手机", "在哪里签？\n<1 电脑><2 手机>")
	})
}

// TestChoicesAfterARefusedMenu: words that just fit a menu do not push the choices
// out of the text that takes its place.
func TestChoicesAfterARefusedMenu(t *testing.T) {
	for _, code := range []int{40200, 45002} {
		inBubble(t, nil, func(r *rig) {
			r.push(wechattest.Text("u1", "1", "在吗"))
			m := owed("q", strings.Repeat("请先联系管理员。", 82)+"谢谢您了。")
			m.Message.Choices = []channel.Choice{{Token: "pc", Label: "电脑"}, {Token: "phone", Label: "手机"}}
			m.Budget = 4
			if m.Budget = r.account.Cost(m); m.Budget != 1 {
				r.Errorf("costs %d", m.Budget)
			}
			r.platform.Fail(sendPath, wechattest.Fault{Code: code})
			if err := r.account.Send(r.Context(), m); err != nil {
				r.Error(err)
			}
			if got := strings.Join(r.platform.Inbox("u1")[1:], ""); got != m.Message.Text+"\n1. 电脑\n2. 手机" {
				r.Errorf("after %d: %q", code, got)
			}
		})
	}
}

// TestTwoProcesses find their token refused at the same time: the store lets one
// of them renew it by force.
func TestTwoProcesses(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.push(wechattest.Text("u1", "1", "在吗"))
		accounts := []*wechat.Account{r.account, r.open(), r.open()}
		send := func(a *wechat.Account) error { return a.Send(r.Context(), owed("x", "x")) }
		for _, a := range accounts {
			if err := send(a); err != nil {
				r.Fatal(err)
			}
		}
		r.push(wechattest.Text("u1", "2", "在吗"))
		time.Sleep(time.Minute)
		r.platform.Expire()
		hang := make(chan struct{})
		r.platform.Fail(tokenPath, wechattest.Fault{Hang: hang}) // all are there before the first is answered
		var wg sync.WaitGroup
		for _, a := range accounts {
			wg.Go(func() { _ = send(a) })
		}
		time.Sleep(time.Second)
		close(hang)
		wg.Wait()
		if _, forced := r.platform.Tokens(); forced != 1 {
			r.Errorf("%d forced", forced)
		}
		for _, a := range accounts {
			if err := send(a); err != nil {
				r.Error(err)
			}
		}
	})
}

// TestNonceOutlivesTheProcess: in plaintext mode whoever saw one address could
// send another body with it, were the nonce forgotten by a restart, or not known
// to another process.
func TestNonceOutlivesTheProcess(t *testing.T) {
	inBubble(t, func(o *wechat.Options) { o.Mode = wechat.Plain }, func(r *rig) {
		first := r.platform.Request("/wechat", "plain", wechattest.Text("u1", "1", "在吗"))
		seen := first.URL.Query()
		raw, err := io.ReadAll(first.Body)
		if err != nil {
			r.Fatal(err)
		}
		body := func(req *http.Request, text string) *http.Request {
			req.Body = io.NopCloser(strings.NewReader(text))
			return req
		}
		r.serve(body(first, string(raw)))
		r.account = r.open()
		forged := changed(r.platform.Request("/wechat", "plain", wechattest.Text("u1", "2", "转账")), func(q url.Values) {
			for k, v := range seen {
				q[k] = v
			}
		})
		if rec := r.serve(forged); rec.Code != 403 {
			r.Errorf("forged: %d", rec.Code)
		}
		if rec := r.serve(body(first, string(raw))); rec.Code != 200 || !strings.Contains(rec.Body.String(), "您说：在吗") {
			r.Errorf("brought again: %d %q", rec.Code, rec.Body)
		}
		if got := r.heard(); len(got) != 1 {
			r.Errorf("heard %q", got)
		}
	})
}

// TestNotice tells a person outside of the window by a template or subscription
// message, where the account has one, and under the platform's name of it.
func TestNotice(t *testing.T) {
	for how, template := range map[string]wechat.Template{"": {}, "template": {ID: "T", Text: "thing1", Time: "time2"}, "subscribe": {ID: "T", Subscribe: true, Text: "thing1"}} {
		inBubble(t, func(o *wechat.Options) { o.Template = template }, func(r *rig) {
			r.push(wechattest.Text("u1", "1", "在吗"))
			time.Sleep(49 * time.Hour)
			to := channel.Peer{Channel: "wechat", ID: "u1"}
			got, name, err := r.account.Notice(r.Context(), to, "w-1", "您办理的事情有新进展，请打开公众号查看，谢谢您的等待")
			if got != how || err != nil {
				r.Errorf("%q: %v", got, err)
			}
			taken := r.platform.Notices("u1")
			if how == "" {
				r.want("u1", "您说：在吗")
				return
			}
			r.want("u1", "您说：在吗", "[通知]您办理的事情有新进展，请打开公众号查看，")
			if len(taken) != 1 || taken[0].Name != name {
				r.Errorf("named %q, taken %+v", name, taken)
			}
			if _, _, err := r.account.Notice(r.Context(), to, "w-1", "再说一次"); how == "template" && (err != nil || len(r.platform.Notices("u1")) != 1) {
				r.Errorf("the same again: %v, taken %+v", err, r.platform.Notices("u1"))
			}
			r.platform.Unnamed = true
			if got, name, err := r.account.Notice(r.Context(), to, "w-2", "另一件"); got != how || err != nil || (name == "") != template.Subscribe {
				r.Errorf("%q named %q: %v", got, name, err)
			}
			r.push(wechattest.Event("u1", "unsubscribe", ""))
			if _, _, err := r.account.Notice(r.Context(), to, "w-3", "x"); failure(err) != "closed 43004" {
				r.Errorf("to who left: %v", err)
			}
		})
	}
}

// TestResults notes template and subscription messages that did not arrive, and has
// the event brought again if that cannot be noted.
func TestResults(t *testing.T) {
	for name, c := range map[string]struct {
		m    wechattest.Message
		want string // noted
	}{
		"arrived":              {wechattest.TemplateResult("u1", "200163836", "success"), ""},
		"refused":              {wechattest.TemplateResult("u1", "200163836", "failed:user block"), "wechat/u1 template 200163836 failed:user block true"},
		"failed":               {wechattest.TemplateResult("u1", "200163836", "failed: system failed"), "wechat/u1 template 200163836 failed: system failed false"},
		"without a status":     {wechattest.TemplateResult("u1", "200163836", ""), ""},
		"subscription arrived": {wechattest.SubscribeResult("u1", "1700827132819554304", "0", "success"), ""},
		"subscription failed":  {wechattest.SubscribeResult("u1", "1700827132819554304", "1003", "system error"), "wechat/u1 subscribe 1700827132819554304 1003 system error false"},
		"an endless id":        {wechattest.TemplateResult("u1", strings.Repeat("9", 65), "failed"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(r *rig) {
				r.talks.broken = 1
				_, n := r.push(c.m)
				var want []string
				if c.want != "" {
					want = []string{c.want}
				}
				if !slices.Equal(r.talks.failed, want) || n != 1+len(want) || len(r.talks.heard) != 0 {
					r.Errorf("noted %q after %d attempts", r.talks.failed, n)
				}
			})
		})
	}
}

// TestQuotaIsConfigured: old accounts allow 20.
func TestQuotaIsConfigured(t *testing.T) {
	inBubble(t, func(o *wechat.Options) {
		o.Quota = wechat.Quota{Sends: 20, For: 24 * time.Hour, EventSends: 5, EventFor: time.Hour}
	}, func(r *rig) {
		r.push(wechattest.Text("u1", "1", "在吗"))
		r.push(wechattest.Event("u1", "CLICK", "转人工"))
		if got, want := r.talks.heard[0].Allows, (channel.Allowance{Sends: 20, For: 24 * time.Hour}); got != want {
			r.Errorf("%+v", got)
		}
		if got, want := r.talks.heard[1].Allows, (channel.Allowance{Sends: 5, For: time.Hour}); got != want {
			r.Errorf("%+v", got)
		}
	})
}

// TestCancelled: a send obeys its context.
func TestCancelled(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.push(wechattest.Text("u1", "1", "在吗"))
		r.platform.Fail(sendPath, wechattest.Fault{Hang: make(chan struct{})})
		ctx, cancel := context.WithTimeout(r.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if err := r.account.Send(ctx, owed("x", "x")); err == nil || time.Since(start) != time.Second {
			r.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// TestLimitsOfOtherInterfaces: that the day's uploads or renewals of the token are
// used up, or that the account may not upload, says nothing about sending.
func TestLimitsOfOtherInterfaces(t *testing.T) {
	for _, code := range []int{45009, 48001} {
		for _, path := range []string{"/cgi-bin/media/upload", tokenPath} {
			inBubble(t, nil, func(r *rig) {
				r.push(wechattest.Text("u1", "1", "在吗"))
				r.platform.Fail(path, wechattest.Fault{Code: code})
				m := owed("i", "请看图")
				m.Message.Image = []byte("\x89PNG")
				if err := r.account.Send(r.Context(), m); err == nil {
					r.Error("sent")
				}
				time.Sleep(11 * time.Second)
				if err := r.send("u1", "x"); err != nil {
					r.Errorf("after %d of %s: %v", code, path, err)
				}
				if strings.Contains(r.logged.String(), "todo") {
					r.Errorf("the operator was told: %s", r.logged)
				}
			})
		}
	}
}

// TestForcedRenewalsOfADay are counted by the platform's day, which is not that of
// UTC.
func TestForcedRenewalsOfADay(t *testing.T) {
	inBubble(t, nil, func(r *rig) { // the bubble begins at 8:00 in Shanghai
		r.push(wechattest.Text("u1", "1", "在吗"))
		time.Sleep(8 * time.Hour)
		renew := func(n int) {
			for range n {
				r.platform.Expire()
				_ = r.send("u1", "x")
				time.Sleep(time.Minute)
			}
		}
		renew(26)
		if _, forced := r.platform.Tokens(); forced > 20 {
			r.Errorf("%d by force in a day", forced)
		}
		time.Sleep(8 * time.Hour) // 0:26 in Shanghai
		renew(3)
		if _, forced := r.platform.Tokens(); forced != 23 && forced != 22 {
			r.Errorf("%d by force, with those of the next day", forced)
		}
	})
}
