package wechat_test

import (
	"context"
	"fmt"
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

func owed(id, text string) channel.Outbound {
	return channel.Outbound{ID: id, To: channel.Peer{Channel: "wechat", ID: "u1"}, Message: channel.Message{Text: text}}
}

// TestInOrder has a picture read slowly while a question follows it: the question
// waits for its turn, though the conversation would take both at once.
func TestInOrder(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.talks.loose, r.talks.takes, r.talks.slow = true, 50*time.Millisecond, map[string]time.Duration{"1": 3 * time.Second}
		var wg sync.WaitGroup
		for i := range 3 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 100 * time.Millisecond)
				r.push(wechattest.Text("u1", fmt.Sprint(i+1), fmt.Sprint("问题", i+1)))
			})
		}
		wg.Go(func() { // nobody else waits
			if a, n := r.push(wechattest.Text("u2", "1", "我呢")); n != 1 || a.Text != "您说：我呢" {
				r.Errorf("another person got %+v", a)
			}
		})
		wg.Wait()
		heard := slices.DeleteFunc(r.heard(), func(s string) bool { return s == "我呢" })
		if !slices.Equal(heard, []string{"问题1", "问题2", "问题3"}) {
			r.Errorf("heard %q", heard)
		}
		got := r.platform.Inbox("u1")
		if len(got) != 3 || !strings.HasSuffix(got[0], "您说：问题1") || !strings.HasSuffix(got[1], "您说：问题2") || !strings.HasSuffix(got[2], "您说：问题3") {
			r.Errorf("got %q", got)
		}
	})
}

// TestNotTwice: what the outbox sends at this moment is not carried too; the
// reply comes after it.
func TestNotTwice(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.talks.owed, r.talks.flying = []channel.Outbound{owed("e1", "您的申请已通过。")}, map[string]bool{"e1": true}
		time.AfterFunc(400*time.Millisecond, func() {
			r.talks.mu.Lock()
			defer r.talks.mu.Unlock()
			r.talks.flying, r.talks.sent = nil, map[string]bool{"e1": true}
			r.talks.owed = r.talks.owed[1:]
		})
		start := time.Now()
		a, _ := r.push(wechattest.Text("u1", "1", "好了吗"))
		if a.Text != "您说：好了吗" || time.Since(start) < 400*time.Millisecond || time.Since(start) > time.Second {
			r.Errorf("%q after %v", a.Text, time.Since(start))
		}
	})
}

// TestSentAhead: what does not fit beside the reply is sent ahead of it.
func TestSentAhead(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.talks.owed = []channel.Outbound{owed("e1", strings.Repeat("长", 660))}
		go func() { // the outbox
			for range 20 {
				time.Sleep(100 * time.Millisecond)
				r.talks.mu.Lock()
				if slices.Contains(r.talks.released, "e1") && len(r.talks.owed) > 0 && r.talks.owed[0].ID == "e1" {
					r.talks.owed = r.talks.owed[1:]
				}
				r.talks.mu.Unlock()
			}
		}()
		start := time.Now()
		a, _ := r.push(wechattest.Text("u1", "1", "好了吗"))
		if a.Text != "您说：好了吗" || !slices.Equal(r.talks.released, []string{"e1"}) || time.Since(start) > time.Second {
			r.Errorf("%q after %v, released %q", a.Text, time.Since(start), r.talks.released)
		}
		time.Sleep(3 * time.Second)
	})
}

// TestSentSince: a message is brought again, by another process or long after,
// and its reply was sent as a customer-service message meanwhile.
func TestSentSince(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		m := wechattest.Text("u1", "1", "在吗")
		r.push(m)
		time.Sleep(time.Minute)
		if a, n := r.push(m); a.Text != "您说：在吗" || n != 1 {
			r.Errorf("a duplicate got %+v", a)
		}
		r.account, r.talks.sent = r.open(), map[string]bool{"r1": true}
		if a, n := r.push(m); a.Text != "" || n != 1 {
			r.Errorf("got it twice: %+v", a)
		}
	})
}

// TestHeldTalk brings what the staff said with the answer to whatever the person
// writes: an account that may only reply has no other way.
func TestHeldTalk(t *testing.T) {
	inBubble(t, func(o *wechat.Options) { o.Verified = false }, func(r *rig) {
		r.talks.held = true
		if a, n := r.push(wechattest.Text("u1", "1", "有人吗")); a.Text != "" || n != 1 {
			r.Errorf("%+v", a)
		}
		picture := owed("h2", "看这里")
		picture.Message.Image = []byte("\x89PNG")
		r.talks.owed = []channel.Outbound{owed("h1", "您好，我是小王。"), picture}
		a, _ := r.push(wechattest.Text("u1", "2", "？"))
		synctest.Wait()
		if !strings.HasPrefix(a.Text, "您好，我是小王。\n") || !strings.Contains(a.Text, "看这里（这里还有一张图片") || !slices.Equal(r.talks.done, []string{"h1", "h2"}) {
			r.Errorf("%q, brought %q", a.Text, r.talks.done)
		}
	})
}

// TestPictureOfABarredAccount does not keep back what comes after it: an account
// that is told that it has no right to send replies as one that may only reply.
func TestPictureOfABarredAccount(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.push(wechattest.Text("u1", "1", "在吗"))
		synctest.Wait()
		r.platform.Fail(sendPath, wechattest.Fault{Code: 48001})
		if got := failure(r.send("u1", "x")); got != "closed 48001" {
			r.Fatal(got)
		}
		shown, picture := owed("h1", "第一张图"), owed("h2", "看这里")
		shown.Message.Image, picture.Message.Image = []byte("\x89PNG"), []byte("\x89PNG")
		shown.Skip = 1 // he has the picture
		r.talks.owed = []channel.Outbound{shown, picture, owed("h3", "看到了吗")}
		a, _ := r.push(wechattest.Text("u1", "2", "？"))
		synctest.Wait()
		want := "第一张图\n－－－－－－\n看这里（这里还有一张图片，公众号暂时发不过来。）\n－－－－－－\n看到了吗\n－－－－－－\n您说：？"
		if a.Text != want || !slices.Equal(r.talks.done, []string{"r1", "r2", "h1", "h2", "h3"}) {
			r.Errorf("%q, brought %q", a.Text, r.talks.done)
		}
	})
}

// TestLongReplyUnverified brings a long reply to its end with the replies to what
// the person writes next.
func TestLongReplyUnverified(t *testing.T) {
	inBubble(t, func(o *wechat.Options) { o.Verified = false }, func(r *rig) {
		var long strings.Builder
		for i := range 200 {
			fmt.Fprintf(&long, "第%d步，先联系管理员。", i)
		}
		text := long.String()
		r.talks.reply = func(in channel.Inbound) channel.Message {
			if in.MessageID == "1" {
				return channel.Message{Text: text}
			}
			return channel.Message{Text: "好的"}
		}
		a, _ := r.push(wechattest.Text("u1", "1", "怎么办"))
		got := a.Text
		for i := 2; i < 10; i++ {
			synctest.Wait()
			r.talks.mu.Lock()
			if n, ok := r.talks.carried["r1"]; ok && len(r.talks.owed) > 0 {
				r.talks.owed[0].Skip = n
			}
			r.talks.mu.Unlock()
			a, _ = r.push(wechattest.Text("u1", fmt.Sprint(i), "然后呢"))
			if before, ok := strings.CutSuffix(a.Text, "\n－－－－－－\n好的"); ok {
				got += before
			} else if a.Text != "好的" {
				r.Errorf("%q", a.Text)
			}
		}
		if got != text {
			r.Errorf("got %d bytes of %d", len(got), len(text))
		}
	})
}

// TestPack joins what is due at once, with room for a line's end between.
func TestPack(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		list := []channel.Outbound{owed("1", "您好"), owed("2", "请看"), owed("3", "在吗")}
		if m, n := r.account.Pack(list); n != 3 || m.Message.Text != "您好\n请看\n在吗" || m.ID != "1" {
			r.Errorf("%d: %+v", n, m)
		}
		list[1].Message.Choices = []channel.Choice{{Token: "a", Label: "是"}}
		if m, n := r.account.Pack(list); n != 1 || m.Message.Text != "您好" {
			r.Errorf("%d: %+v", n, m)
		}
		list = []channel.Outbound{owed("1", strings.Repeat("长", 600)), owed("2", strings.Repeat("长", 100))}
		if _, n := r.account.Pack(list); n != 1 {
			r.Errorf("%d", n)
		}
	})
}

// TestCarriedWhileStopping: what the last requests carry is noted too, when nobody
// waits for it any more.
func TestCarriedWhileStopping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		ran := make(chan error)
		go func() { ran <- r.account.Run(ctx) }()
		for i, takes := range []time.Duration{0, 2 * time.Second} {
			r.talks.takes = takes
			answered := make(chan struct{})
			go func() {
				defer close(answered)
				r.push(wechattest.Text("u1", fmt.Sprint(i), "在吗"))
			}()
			time.Sleep(time.Second)
			if i == 1 {
				stop()
				if err := <-ran; err != nil {
					r.Error(err)
				}
			}
			<-answered
			synctest.Wait()
			if want := []string{"r1", "r2"}[:i+1]; !slices.Equal(r.talks.done, want) {
				r.Errorf("noted %q, want %q", r.talks.done, want)
			}
		}
	})
}
