package telegram_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"signdesk/bot/channel"
	"signdesk/bot/telegram"
	"signdesk/bot/telegram/telegramtest"
)

// failing is a Keep of which one operation fails.
type failing struct {
	telegram.Keep
	left atomic.Int64
}

var errDisk = errors.New("disk full")

func (k *failing) Get(ctx context.Context, name string) ([]byte, error) {
	if k.left.Add(-1) == 0 {
		return nil, errDisk
	}
	return k.Keep.Get(ctx, name)
}

func (k *failing) Put(ctx context.Context, name string, value []byte) error {
	if k.left.Add(-1) == 0 {
		return errDisk
	}
	return k.Keep.Put(ctx, name, value)
}

// TestWhateverFails runs a story with each operation of the Keep failing once,
// and each request failing once: nothing is lost, cards stand there once, and at
// most one thing stands there twice: what was sent and could not be noted.
func TestWhateverFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		story := func(r *rig) string {
			c := r.s.Group(group).Forum(true)
			card := post("c/1", "甲")
			card.Card = "card/1"
			bye := post("c/1", "甲 · 结束")
			bye.Close = true
			for _, m := range []channel.Outbound{
				out(group, "卡片一", card, channel.Choice{Token: "take", Label: "接单"}), out(group, "词一", post("c/1", "甲")),
				out(group, "词二"+strings.Repeat("长", 5000), post("c/1", "甲")), out(group, "卡片二", card), out(group, "词三", bye), out(group, "词四", post("c/1", "甲")),
			} {
				for try := 0; ; try++ {
					err := r.a.Send(t.Context(), m)
					if err == nil {
						break
					}
					r.leaks(err.Error())
					var se *channel.SendError
					if !errors.As(err, &se) || se.Kind != channel.Retry && se.Kind != channel.Throttled || try > 50 {
						t.Fatalf("%s: try %d: %v", m.Message.Text[:9], try, err)
					}
					m.Skip += se.Parts
					time.Sleep(max(se.After, time.Second))
					r.restart()
				}
			}
			return c.Show()
		}
		check := func(what, shows string) {
			t.Helper()
			doubled := strings.Count(shows, "# ") - 1
			for _, word := range []string{"卡片二", "词一", "词二", "词三", "词四"} {
				n := strings.Count(shows, word)
				if n == 0 {
					t.Errorf("%s: %s is lost:\n%.300s", what, word, shows)
				}
				doubled += n - 1
			}
			if n := strings.Count(shows, "长"); n < 5000 {
				t.Errorf("%s: %d of 5000 characters", what, n)
			}
			if doubled > 1 || !strings.Contains(shows, "# 甲\n") {
				t.Errorf("%s: %d things stand there twice, or the topic is wrong:\n%.300s", what, doubled, shows)
			}
		}
		keep := &failing{}
		right := newRig(t, func(o *telegram.Options) { keep.Keep, o.Keep = o.Keep, keep })
		want := story(right)
		check("nothing fails", want)
		operations, requests := int(-keep.left.Load()), len(right.s.Calls(""))
		for n := range operations {
			k := &failing{}
			k.left.Store(int64(n + 1))
			r := newRig(t, func(o *telegram.Options) { k.Keep, o.Keep = o.Keep, k })
			check(fmt.Sprint("operation ", n), story(r))
		}
		for _, lost := range []bool{false, true} {
			for n := range requests {
				r := newRig(t, func(o *telegram.Options) { o.Transport = &flaky{RoundTripper: o.Transport, at: n + 1, lost: lost} })
				check(fmt.Sprint("request ", n, lost), story(r))
			}
		}
	})
}

// flaky loses one request, or the answer to it.
type flaky struct {
	http.RoundTripper
	n, at int
	lost  bool
}

func (f *flaky) RoundTrip(q *http.Request) (*http.Response, error) {
	f.n++
	if f.n == f.at && !f.lost {
		return nil, errors.New("connection refused")
	}
	resp, err := f.RoundTripper.RoundTrip(q)
	if f.n == f.at {
		return nil, errors.New("connection reset")
	}
	return resp, err
}

func TestForumThatIsNoneAnyMore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c := r.s.Group(group).Forum(true)
		r.send(out(group, "一", post("c/1", "甲")))
		c.Forum(false)
		r.send(out(group, "二", post("c/1", "甲")))
		r.send(out(group, "三", post("c/1", "乙")))
		if got := c.Show(); !strings.HasPrefix(got, "【甲】\n二\n【乙】\n三\n") {
			t.Errorf("shows %q", got)
		}
	})
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var there, polls atomic.Int64
		r := newRig(t, func(o *telegram.Options) {
			platform := o.Transport
			o.Transport = roundTrip(func(q *http.Request) (*http.Response, error) {
				switch {
				case q.URL.Host == "portal.example":
					there.Add(1)
				case strings.HasSuffix(q.URL.Path, "deleteWebhook"):
					return platform.RoundTrip(q)
				case strings.HasSuffix(q.URL.Path, "getUpdates"):
					polls.Add(1)
				}
				h := http.Header{"Location": {"http://portal.example" + q.URL.Path}}
				return &http.Response{StatusCode: http.StatusTemporaryRedirect, Header: h, Body: http.NoBody, Request: q}, nil
			})
		})
		if se := r.fails(out(group, "一", channel.Post{})); se.Kind != channel.Retry || se.Code != "307" {
			t.Errorf("got %v", se)
		}
		stop := r.run()
		time.Sleep(time.Minute)
		stop()
		if there.Load() != 0 || polls.Load() < 3 {
			t.Errorf("the token was carried elsewhere %d times, in %d polls", there.Load(), polls.Load())
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(q *http.Request) (*http.Response, error) { return f(q) }

// TestSendsSideBySide sends to several chats at once while updates come in.
func TestSendsSideBySide(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		chats := make([]*telegramtest.Chat, 8)
		done := make(chan bool)
		stop := r.run()
		for i := range chats {
			chats[i] = r.s.Group(group - int64(i)).Forum(true)
			go func() {
				defer func() { done <- true }()
				for n := range 8 {
					chats[i].Say(li, "", "/next")
					r.send(out(group-int64(i), fmt.Sprint("第", n), channel.Post{Topic: "c", Title: fmt.Sprint("题", n%3), Card: fmt.Sprint(n % 2)}))
				}
			}()
		}
		for range chats {
			<-done
		}
		time.Sleep(time.Second)
		stop()
		for _, c := range chats {
			if got := c.Messages(); len(got) != 10 || len(c.Topics()) != 1 { // eight words of a person, two cards
				t.Errorf("%d messages, topics %q", len(got), c.Topics())
			}
		}
		if got := r.taken(); len(got) != 64 {
			t.Errorf("%d acts, want 64", len(got))
		}
	})
}
