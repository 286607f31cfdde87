package faulttest

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"signdesk/bot/wechat/wechattest"
)

// TestCopies: a thousand copies of one message at once do one thing, and all get
// the same reply.
//
// Seen to fail: with ids of messages that are not remembered (it is there 1001 times).
func TestCopies(t *testing.T) {
	t.Parallel()
	const copies, wide = 1000, 100
	sms, w := newGateway(t), newWechat(t)
	s := newServer(t, sms.env(), w.env())
	start(t, s)
	ctx := bounded(t, startWithin)
	v := NewVisitor("http://"+s.Addr, "copies")
	v.Client.Transport = &http.Transport{MaxIdleConnsPerHost: wide}
	if err := v.Hello(ctx); err != nil {
		t.Fatal(err)
	}
	for _, text := range opening(logins[0])[:1] {
		if err := v.Say(ctx, text); err != nil {
			t.Fatal(err)
		}
	}
	// The copies send a text to a phone, and that only once.
	v.Sent = append(v.Sent, Sent{ID: "copies-of-one", Text: logins[0]})
	one := &v.Sent[1]
	seqs := crowded(t, copies, wide, func() (string, error) {
		twin := &Visitor{Base: v.Base, Client: v.Client, token: v.token}
		seq, status, err := twin.Try(ctx, one.ID, one.Text)
		return fmt.Sprint(status, " ", seq), err
	})
	if len(seqs) != 1 {
		t.Errorf("the copies were answered differently: %v", seqs)
	}
	if err := v.Resend(ctx, 1); err != nil {
		t.Error(err)
	}
	history, err := v.History(ctx)
	if err != nil {
		t.Fatal(err)
	}
	problems(t, "history", CheckTalk(v.Sent, history))

	// On WeChat, copies are attempts of the platform: it repeats what is not
	// acknowledged within 5 s, three times.
	answers := crowded(t, copies, wide, func() (string, error) {
		res, err := http.DefaultClient.Do(w.Request(s.URL("/wechat"), "safe", wechattest.Text("o-copies", "7000000000000001", "无签署权限怎么办")).WithContext(ctx))
		if err != nil {
			return "", err
		}
		a, err := w.Read(res, "o-copies", "safe")
		return a.Text, err
	})
	if len(answers) != 1 || answers[""] > 0 {
		t.Errorf("WeChat's copies were answered differently: %d answers, %d of them empty", len(answers), answers[""])
	}
	for range 3 {
		if a, err := w.push(ctx, s, wechattest.Text("o-copies", "7000000000000001", "无签署权限怎么办")); err != nil || answers[a.Text] == 0 {
			t.Errorf("repeated: %q, %v", a.Text, err)
		}
	}
	drained(t, s)
	if n := len(w.Calls("/cgi-bin/message/custom/send")); n != 0 {
		t.Errorf("%d messages were sent besides the reply", n)
	}
	until(t, startWithin, "the text is sent", func() bool { return len(sms.taken()) > 0 })
	problems(t, "texts", CheckNotices(map[string]int{logins[0]: 1}, sms.taken(), 0))
	sound(t, s)
}

// crowded does something n times, wide at once, and counts what came of it.
func crowded(t *testing.T, n, wide int, do func() (string, error)) map[string]int {
	t.Helper()
	var mu sync.Mutex
	var g sync.WaitGroup
	out, gate, next := make(map[string]int), make(chan struct{}), make(chan struct{}, n)
	for range n {
		next <- struct{}{}
	}
	close(next)
	for range wide {
		g.Go(func() {
			<-gate
			for range next {
				got, err := do()
				mu.Lock()
				if err != nil {
					t.Error(err)
				}
				out[got]++
				mu.Unlock()
			}
		})
	}
	close(gate)
	g.Wait()
	return out
}
