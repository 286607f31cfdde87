package wechat_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"signdesk/bot/channel"
	"signdesk/bot/wechat"
	"signdesk/bot/wechat/wechattest"
)

const sendPath, tokenPath = "/cgi-bin/message/custom/send", "/cgi-bin/stable_token"

func asSendError(err error, se **channel.SendError) bool { return errors.As(err, se) }

// failure returns what kind of failure an error is.
func failure(err error) string {
	var se *channel.SendError
	if !errors.As(err, &se) {
		return fmt.Sprint(err)
	}
	return strings.TrimSuffix(string(se.Kind)+" "+se.Code, " ")
}

// TestErrcodes has the platform refuse a message, in a 200. A refused token is
// renewed and the message sent; the rest is told as what it means.
func TestErrcodes(t *testing.T) {
	for code, want := range map[int]string{
		-1: "retry -1", 40001: "<nil>", 40014: "<nil>", 42001: "<nil>", 40003: "rejected 40003", 43004: "closed 43004", 45002: "rejected 45002",
		45009: "throttled 45009", 45011: "throttled 45011", 45015: "closed 45015", 45047: "closed 45047", 48001: "closed 48001", 40164: "config 40164", 99999: "retry 99999",
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			inBubble(t, nil, func(r *rig) {
				r.push(wechattest.Text("u1", "1", "在吗"))
				r.platform.Fail(sendPath, wechattest.Fault{Code: code})
				err := r.send("u1", "答复")
				if got := failure(err); got != want {
					r.Errorf("%s, want %s", got, want)
				}
				if want == "<nil>" {
					r.want("u1", "您说：在吗", "答复")
				} else {
					r.want("u1", "您说：在吗")
				}
				if asked, forced := r.platform.Tokens(); forced > 1 || asked > 2 {
					r.Errorf("%d tokens asked for, %d by force", asked, forced)
				}
				var se *channel.SendError
				if errors.As(err, &se) && se.Kind == channel.Throttled && se.After < time.Minute {
					r.Errorf("tried again after %v", se.After)
				}
				if err != nil && strings.Contains(err.Error(), "token") {
					r.Errorf("error %q", err)
				}
				r.quiet("答复")
			})
		})
	}
}

// TestWindowAndQuota are the platform's own: what it refuses is closed.
func TestWindowAndQuota(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		if got := failure(r.send("u1", "早")); got != "rejected 40003" {
			r.Errorf("to a stranger: %s", got)
		}
		r.push(wechattest.Text("u1", "1", "在吗"))
		for i := range 5 {
			if err := r.send("u1", fmt.Sprint(i)); err != nil {
				r.Errorf("send %d: %v", i, err)
			}
		}
		if got := failure(r.send("u1", "6")); got != "closed 45047" {
			r.Errorf("the sixth: %s", got)
		}
		r.push(wechattest.Text("u1", "2", "在吗"))
		time.Sleep(49 * time.Hour)
		if got := failure(r.send("u1", "7")); got != "closed 45015" {
			r.Errorf("two days later: %s", got)
		}
		r.push(wechattest.Event("u1", "unsubscribe", ""))
		if got := failure(r.send("u1", "8")); got != "closed 43004" {
			r.Errorf("to who left: %s", got)
		}
	})
}

// TestTrouble has the network and the platform's servers fail.
func TestTrouble(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.push(wechattest.Text("u1", "1", "在吗"))
		r.platform.Fail(sendPath, wechattest.Fault{Status: 502}, wechattest.Fault{Hang: make(chan struct{})}, wechattest.Fault{Lost: true})
		for _, what := range []string{"502", "hang", "lost"} {
			start := time.Now()
			err := r.send("u1", "答复")
			if failure(err) != "retry" || time.Since(start) > 11*time.Second {
				r.Errorf("%s: %v after %v", what, err, time.Since(start))
			}
			if strings.Contains(fmt.Sprint(err), "token_") {
				r.Errorf("the error tells the token: %v", err)
			}
		}
		if err := r.send("u1", "答复"); err != nil {
			r.Error(err)
		}
	})
}

// TestTokenStorm has a hundred sends find their token refused at once.
func TestTokenStorm(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.push(wechattest.Text("u1", "1", "在吗"))
		if err := r.send("u1", "1"); err != nil {
			r.Fatal(err)
		}
		time.Sleep(time.Minute)
		r.platform.Expire()
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() { _ = r.send("u1", fmt.Sprint(i)) })
		}
		wg.Wait()
		if asked, forced := r.platform.Tokens(); asked != 2 || forced != 1 {
			r.Errorf("%d asked for, %d by force", asked, forced)
		}
	})
}

// TestTokenIsShared has another process, and one started later, use the token
// that the first was given; and renew it before its end.
func TestTokenIsShared(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.push(wechattest.Text("u1", "1", "在吗"))
		for range 3 {
			if err := r.send("u1", "x"); err != nil {
				r.Fatal(err)
			}
			r.account = r.open()
		}
		if asked, _ := r.platform.Tokens(); asked != 1 {
			r.Errorf("asked for %d tokens", asked)
		}
		time.Sleep(116 * time.Minute)
		if err := r.send("u1", "x"); err != nil {
			r.Error(err)
		}
		if asked, forced := r.platform.Tokens(); asked != 2 || forced != 0 {
			r.Errorf("%d asked for, %d by force", asked, forced)
		}
	})
}

// TestTokenRefused asks no more for a while when the platform gives no token.
func TestTokenRefused(t *testing.T) {
	inBubble(t, func(o *wechat.Options) { o.Secret = "wrong" }, func(r *rig) {
		r.push(wechattest.Text("u1", "1", "在吗"))
		for range 50 {
			if got := failure(r.send("u1", "x")); got != "config 40125" {
				r.Fatal(got)
			}
		}
		if asked, _ := r.platform.Tokens(); asked != 1 {
			r.Errorf("asked %d times", asked)
		}
	})
}

// TestMenu sends choices as a menu, whose ids are numbers, and numbers them where
// the account may not use menus.
func TestMenu(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.push(wechattest.Text("u1", "1", "在吗"))
		ask := channel.Outbound{ID: "q", To: channel.Peer{Channel: "wechat", ID: "u1"}, Message: channel.Message{Text: "在哪里签？",
			Choices: []channel.Choice{{Token: "pc", Label: "电脑"}, {Token: "phone", Label: "手机"}}}}
		if err := r.account.Send(r.Context(), ask); err != nil {
			r.Error(err)
		}
		r.platform.Fail(sendPath, wechattest.Fault{Code: 40200})
		if n := r.account.Cost(ask); n != 1 {
			r.Errorf("costs %d", n)
		}
		for range 2 {
			if err := r.account.Send(r.Context(), ask); err != nil {
				r.Error(err)
			}
		}
		r.want("u1", "您说：在吗", "在哪里签？\n<1 电脑><2 手机>", "在哪里签？\n1. 电脑\n2. 手机", "在哪里签？\n1. 电脑\n2. 手机")
	})
}

// TestLongMessage goes in parts; one that fails on the way is told, so that the
// next try goes on from there.
func TestLongMessage(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.push(wechattest.Text("u1", "1", "在吗"))
		m := channel.Outbound{ID: "l", To: channel.Peer{Channel: "wechat", ID: "u1"}, Message: channel.Message{Text: strings.Repeat("一、请先联系管理员。", 120)}}
		if n := r.account.Cost(m); n != 2 {
			r.Errorf("costs %d", n)
		}
		r.platform.Fail(sendPath, wechattest.Fault{}, wechattest.Fault{Code: -1})
		err := r.account.Send(r.Context(), m)
		var se *channel.SendError
		if !errors.As(err, &se) || se.Parts != 1 {
			r.Fatalf("%v", err)
		}
		m.Skip = se.Parts
		if err := r.account.Send(r.Context(), m); err != nil {
			r.Error(err)
		}
		if got := strings.Join(r.platform.Inbox("u1")[1:], ""); got != m.Message.Text {
			r.Errorf("%q", got)
		}
	})
}

// TestTooLongAfterAll is sent in halves.
func TestTooLongAfterAll(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.platform.MaxText = 600
		r.push(wechattest.Text("u1", "1", "在吗"))
		text := strings.Repeat("请联系管理员。", 40)
		if err := r.send("u1", text); err != nil {
			r.Error(err)
		}
		if got := r.platform.Inbox("u1"); strings.Join(got[1:], "") != text || len(got) != 3 {
			r.Errorf("%q", got)
		}
	})
}

func TestImage(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.push(wechattest.Text("u1", "1", "在吗"))
		m := channel.Outbound{ID: "i", To: channel.Peer{Channel: "wechat", ID: "u1"}, Message: channel.Message{Text: "请看图", Image: []byte("\x89PNG")}}
		if n := r.account.Cost(m); n != 2 {
			r.Errorf("costs %d", n)
		}
		if err := r.account.Send(r.Context(), m); err != nil {
			r.Error(err)
		}
		r.want("u1", "您说：在吗", "[图片]", "请看图")
	})
}

// TestImageOnce: what goes after a picture fails, or finds no send left; the picture
// is not sent again with it.
func TestImageOnce(t *testing.T) {
	for name, c := range map[string]struct {
		budget int
		faults []wechattest.Fault
		want   string
	}{
		"network": {0, []wechattest.Fault{{}, {Status: 502}}, "retry"},
		"quota":   {0, []wechattest.Fault{{}, {Code: 45047}}, "closed 45047"},
		"budget":  {1, nil, "closed window"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(r *rig) {
				r.push(wechattest.Text("u1", "1", "在吗"))
				r.platform.Fail(sendPath, c.faults...)
				m := channel.Outbound{ID: "i", To: channel.Peer{Channel: "wechat", ID: "u1"}, Budget: c.budget,
					Message: channel.Message{Text: "请看图", Image: []byte("\xff\xd8\xff")}}
				err := r.account.Send(r.Context(), m)
				se := new(channel.SendError)
				if !errors.As(err, &se) || se.Parts != 1 || failure(err) != c.want {
					r.Fatalf("got %v (%+v), want %s after one part", err, se, c.want)
				}
				r.want("u1", "您说：在吗", "[图片]")
				m.Skip, m.Budget = 1, 0
				if n := r.account.Cost(m); n != 1 {
					r.Errorf("the rest costs %d", n)
				}
				if err := r.account.Send(r.Context(), m); err != nil {
					r.Error(err)
				}
				r.want("u1", "您说：在吗", "[图片]", "请看图")
				up := r.platform.Calls("/cgi-bin/media/upload")
				if len(up) != 1 || !strings.Contains(up[0].Body, `filename="picture.jpg"`) {
					r.Errorf("%d uploads: %+v", len(up), up)
				}
			})
		})
	}
}

// TestUnverified never calls an interface: all is closed to it.
func TestUnverified(t *testing.T) {
	inBubble(t, func(o *wechat.Options) { o.Verified = false }, func(r *rig) {
		r.talks.takes = 3 * time.Second
		r.push(wechattest.Text("u1", "1", "在吗"))
		if got := failure(r.send("u1", "x")); got != "closed unverified" {
			r.Error(got)
		}
		if asked, _ := r.platform.Tokens(); asked != 0 {
			r.Errorf("%d tokens asked for", asked)
		}
	})
}

func TestSetMenu(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		if err := r.account.SetMenu(r.Context(), []wechat.Button{wechat.Says("人工客服", "转人工"), {Name: "办理", Sub: []wechat.Button{wechat.Says("申诉", "我要申诉")}}}); err != nil {
			r.Fatal(err)
		}
		var menu struct{ Button []wechat.Button }
		if err := json.Unmarshal(r.platform.Menu(), &menu); err != nil || len(menu.Button) != 2 || menu.Button[0].Key != "转人工" {
			r.Errorf("%s: %v", r.platform.Menu(), err)
		}
		if !slices.ContainsFunc(r.platform.Calls("/cgi-bin/menu/create"), func(c wechattest.Call) bool { return strings.Contains(c.Body, "转人工") }) {
			r.Error("Chinese is escaped")
		}
	})
}

// TestRestOfALongMessage: what is left of a message is sent though there are fewer
// sends than it has parts.
func TestRestOfALongMessage(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.push(wechattest.Text("u1", "1", "在吗"))
		m := owed("l", strings.Repeat("一、请先联系管理员。", 190)) // three parts
		m.Skip, m.Budget = 1, 1
		if n := r.account.Cost(m); n != 1 {
			r.Errorf("costs %d", n)
		}
		if err := r.account.Send(r.Context(), m); err != nil {
			r.Error(err)
		}
		if got := r.platform.Inbox("u1"); len(got) != 2 || !strings.HasSuffix(got[1], "……") {
			r.Errorf("%d got: %q", len(got), got)
		}
		m.Budget = 2
		if n := r.account.Cost(m); n != 2 {
			r.Errorf("costs %d", n)
		}
		if err := r.account.Send(r.Context(), m); err != nil {
			r.Error(err)
		}
		if got := r.platform.Inbox("u1"); len(got) != 4 || !strings.HasSuffix(m.Message.Text, got[2]+got[3]) {
			r.Errorf("%d got: %q", len(got), got)
		}
	})
}

// TestWordsAfterImage: a picture whose words fail is not sent again with them.
func TestWordsAfterImage(t *testing.T) {
	for name, choices := range map[string][]channel.Choice{"words": nil, "menu": {{Token: "a", Label: "电脑"}}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(r *rig) {
				r.push(wechattest.Text("u1", "1", "在吗"))
				m := owed("i", "请看图")
				m.Message.Image, m.Message.Choices = []byte("\x89PNG"), choices
				r.platform.Fail(sendPath, wechattest.Fault{}, wechattest.Fault{Code: -1})
				err := r.account.Send(r.Context(), m)
				var se *channel.SendError
				if !asSendError(err, &se) || se.Parts != 1 {
					r.Fatalf("%+v", err)
				}
				m.Skip = se.Parts
				if n := r.account.Cost(m); n != 1 {
					r.Errorf("the rest costs %d", n)
				}
				if err := r.account.Send(r.Context(), m); err != nil {
					r.Error(err)
				}
				if got := r.platform.Inbox("u1"); len(got) != 3 || got[1] != "[图片]" || !strings.HasPrefix(got[2], "请看图") {
					r.Errorf("%q", got)
				}
			})
		})
	}
}
