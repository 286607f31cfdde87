package wechat_test

import (
	"context"
	"fmt"
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

// TestFiveSeconds has work take longer and longer: it is done once, the person
// gets the reply once, and nobody is asked to write again.
func TestFiveSeconds(t *testing.T) {
	for _, c := range []struct {
		takes    time.Duration
		verified bool
		attempts int    // until the message was acknowledged
		how      string // the reply came: in the request, released to the outbox, or with the next reply
	}{
		{0, true, 1, "request"},
		{3900 * time.Millisecond, true, 1, "request"},
		{4500 * time.Millisecond, true, 1, "outbox"},
		{30 * time.Second, true, 1, "outbox"},
		{0, false, 1, "request"},
		{4500 * time.Millisecond, false, 1, "request"}, // the first attempt waits as long as the platform
		{7 * time.Second, false, 2, "request"},
		{12 * time.Second, false, 3, "request"},
		{20 * time.Second, false, 3, "later"},
	} {
		t.Run(fmt.Sprintf("%v %v", c.takes, c.verified), func(t *testing.T) {
			inBubble(t, func(o *wechat.Options) { o.Verified = c.verified }, func(r *rig) {
				r.talks.takes = c.takes
				a, n := r.push(wechattest.Text("u1", "1", "在吗"))
				if n != c.attempts {
					r.Errorf("acknowledged after %d attempts, want %d", n, c.attempts)
				}
				if (a.Text == "您说：在吗") != (c.how == "request") {
					r.Errorf("the request brought %q", a.Text)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if got := r.heard(); !slices.Equal(got, []string{"在吗"}) {
					r.Errorf("worked on %q", got)
				}
				if released := len(r.talks.released) > 0; released != (c.how != "request") {
					r.Errorf("released: %v", r.talks.released)
				}
				if done := len(r.talks.done) > 0; done != (c.how == "request") {
					r.Errorf("noted as brought: %v", r.talks.done)
				}
				if c.how == "later" { // an account that may only reply
					r.talks.takes = 0
					if a, _ = r.push(wechattest.Text("u1", "2", "好了吗")); !strings.HasPrefix(a.Text, "您说：在吗\n") || !strings.HasSuffix(a.Text, "您说：好了吗") {
						r.Errorf("the next reply is %q", a.Text)
					}
				}
				if typed := len(r.platform.Calls("/cgi-bin/message/custom/typing")) > 0; typed != (c.verified && c.takes > time.Second) {
					r.Errorf("typing shown: %v", typed)
				}
			})
		})
	}
}

// TestThousandCopies brings a message a thousand times at once.
func TestThousandCopies(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.talks.takes = 2 * time.Second
		var wg sync.WaitGroup
		var mu sync.Mutex
		got := make(map[string]int)
		for range 1000 {
			req := r.platform.Request("/wechat", "safe", wechattest.Text("u1", "1", "在吗"))
			wg.Go(func() {
				a := r.attempt(req, "u1")
				mu.Lock()
				defer mu.Unlock()
				got[fmt.Sprint(a.Status, a.Text)]++
			})
		}
		wg.Wait()
		if len(got) != 1 || got["200您说：在吗"] != 1000 || len(r.heard()) != 1 {
			r.Errorf("%v after %d", got, len(r.heard()))
		}
	})
}

// TestSecondQuestion is asked while the first is worked on: both are answered, in
// order.
func TestSecondQuestion(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.talks.takes = 1500 * time.Millisecond
		var wg sync.WaitGroup
		for i := range 3 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 100 * time.Millisecond)
				r.push(wechattest.Text("u1", fmt.Sprint(i+1), fmt.Sprint("问题", i+1)))
			})
		}
		wg.Wait()
		time.Sleep(time.Minute)
		if got := r.heard(); !slices.Equal(got, []string{"问题1", "问题2", "问题3"}) {
			r.Errorf("heard %q", got)
		}
		// The third waited for the others longer than a request may.
		if got := r.platform.Inbox("u1"); len(got) != 2 || !strings.HasSuffix(got[0], "您说：问题1") || !strings.HasSuffix(got[1], "您说：问题2") || len(r.talks.released) != 1 {
			r.Errorf("got %q, released %v", got, r.talks.released)
		}
	})
}

// TestFailure lets the platform bring the message again, which it does only if it
// is not told 200.
func TestFailure(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.talks.broken = 1
		if a, n := r.push(wechattest.Text("u1", "1", "在吗")); n != 2 || a.Text != "您说：在吗" {
			r.Errorf("%+v after %d", a, n)
		}
		r.quiet("在吗")
	})
}

// TestHungUp has the platform cut the connection: the reply is carried by the
// next attempt, and counts as brought then.
func TestHungUp(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.talks.takes = 2 * time.Second
		m := wechattest.Text("u1", "1", "在吗")
		ctx, cancel := context.WithTimeout(r.Context(), time.Second)
		defer cancel()
		r.serve(r.platform.Request("/wechat", "safe", m).WithContext(ctx))
		time.Sleep(3 * time.Second)
		if len(r.talks.done) != 0 {
			r.Error("counts as brought though nobody heard it")
		}
		if a, n := r.push(m); n != 1 || a.Text != "您说：在吗" || len(r.heard()) != 1 {
			r.Errorf("%+v after %d", a, n)
		}
		synctest.Wait()
		if !slices.Equal(r.talks.done, []string{"r1"}) {
			r.Errorf("brought: %v", r.talks.done)
		}
	})
}

// TestSilence acknowledges with the word that the platform asks for, never with
// an empty encrypted reply.
func TestSilence(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		rec := r.serve(r.platform.Request("/wechat", "safe", wechattest.Event("u1", "unsubscribe", "")))
		if rec.Code != http.StatusOK || rec.Body.String() != "success" {
			r.Errorf("%d %q", rec.Code, rec.Body)
		}
	})
}

// TestTransfer hands who wants a person to WeChat's own customer service.
func TestTransfer(t *testing.T) {
	inBubble(t, func(o *wechat.Options) { o.Transfer = true }, func(r *rig) {
		r.talks.handoff = true
		a, _ := r.push(wechattest.Text("u1", "1", "转人工"))
		synctest.Wait()
		if a.Type != "transfer_customer_service" || !slices.Equal(r.talks.released, []string{"r1"}) {
			r.Errorf("%+v, released %v", a, r.talks.released)
		}
	})
}

// TestEarlier brings what is owed from before with the reply, each once, as far
// as it fits.
func TestEarlier(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		to := channel.Peer{Channel: "wechat", ID: "u1"}
		for i, text := range []string{"您的申请已通过。", strings.Repeat("长", 600), "再一条"} {
			r.talks.owed = append(r.talks.owed, channel.Outbound{ID: fmt.Sprint("e", i), To: to, Message: channel.Message{Text: text}})
		}
		a, _ := r.push(wechattest.Text("u1", "1", "在吗"))
		synctest.Wait()
		if !strings.HasPrefix(a.Text, "您的申请已通过。\n") || !strings.HasSuffix(a.Text, "您说：在吗") || strings.Contains(a.Text, "再一条") && !strings.Contains(a.Text, "长长") {
			r.Errorf("%q", a.Text)
		}
		if len(r.talks.done) < 2 || !slices.Contains(r.talks.done, "e0") || !slices.Contains(r.talks.done, "r1") {
			r.Errorf("brought: %v", r.talks.done)
		}
	})
}

// TestLongReply brings the first part in the request and has the rest sent.
func TestLongReply(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.talks.reply = func(channel.Inbound) channel.Message {
			return channel.Message{Text: strings.Repeat("请先联系管理员。", 150)}
		}
		a, _ := r.push(wechattest.Text("u1", "1", "怎么办"))
		synctest.Wait()
		if len(a.Text) == 0 || len(a.Text) > 2048 || !strings.HasSuffix(a.Text, "。") {
			r.Errorf("%d bytes", len(a.Text))
		}
		if r.talks.carried["r1"] != 1 || len(r.talks.done) != 0 {
			r.Errorf("carried %v, brought %v", r.talks.carried, r.talks.done)
		}
	})
}

// TestChoices numbers choices in a reply.
func TestChoices(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.talks.reply = func(channel.Inbound) channel.Message {
			return channel.Message{Text: "您想问哪一个？", Choices: []channel.Choice{{Token: "a", Label: "电脑上签"}, {Token: "b", Label: "手机上签"}, {Token: "c", Label: "取消", Control: true}}}
		}
		if a, _ := r.push(wechattest.Text("u1", "1", "怎么签")); a.Text != "您想问哪一个？\n1. 电脑上签\n2. 手机上签\n【取消】" {
			r.Errorf("%q", a.Text)
		}
	})
}
