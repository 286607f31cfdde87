package faulttest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"signdesk/bot/wechat/wechattest"
)

// opening is said first: a code is sent to a phone, once.
func opening(login string) []string {
	return []string{"我要查审核进度", login, "000000", "取消", "1"}
}

// chatter goes through flows and questions; what is answered depends on all that
// was said before.
var chatter = []string{"提示无签署权限怎么办", "我要申诉 公司是虚构晨光食品有限公司", "你好", "取消", "继续办理", "qwerty", "帮我申请权限，合同C-12-1",
	"先办新的", "123", "456", "上一步", "印章图片怎么换", "取消", "1", "更换管理员", "2"}

// logins are phones of accounts of the demonstration, one a visitor.
var logins = []string{"14000000101", "14000000102", "14000000201", "14000000301", "14000000401", "14000000501", "14000000601", "14000000701",
	"14000000801", "14000000901", "14000001001", "14000001003", "14000001101", "14000001102", "14000001201", "14000001202"}

// line is the n-th thing that the visitor of a login says.
func script(login string, n int) string {
	first := opening(login)
	if n < len(first) {
		return first[n]
	}
	return chatter[(n-len(first))%len(chatter)]
}

// A crowd is all those who talk in a test.
type crowd struct {
	t        *testing.T
	server   *Server
	wechat   *wechatSide
	visitors []*Visitor
	said     map[string][]string // by the people of WeChat, who are told one by one
	owed     map[string]int      // texts to phones

	mu   sync.Mutex
	stop chan struct{}
	busy sync.WaitGroup
}

// talk has visitors and people of WeChat talk until finish is called.
func talk(t *testing.T, s *Server, w *wechatSide, phones []string, people int) *crowd {
	c := &crowd{t: t, server: s, wechat: w, said: make(map[string][]string), owed: make(map[string]int), stop: make(chan struct{})}
	ctx := bounded(t, 20*time.Minute)
	for i, login := range phones {
		v := NewVisitor("http://"+s.Addr, fmt.Sprintf("visitor-%02d", i))
		c.visitors = append(c.visitors, v)
		c.busy.Go(func() { c.visit(ctx, v, login) })
	}
	for i := range people {
		c.busy.Go(func() { c.write(ctx, fmt.Sprintf("o-person-%d", i)) })
	}
	return c
}

func (c *crowd) over() bool {
	select {
	case <-c.stop:
		return true
	default:
		return false
	}
}

func (c *crowd) visit(ctx context.Context, v *Visitor, login string) {
	err := v.Hello(ctx)
	for n := 0; err == nil && !c.over(); n++ {
		text := script(login, n)
		err = v.Say(ctx, text)
		if err == nil && n%5 == 4 { // an answer may be lost on the way: the client says it once more
			err = v.Resend(ctx, max(0, len(v.Sent)-1-n%3))
		}
		if err == nil && text == login {
			c.mu.Lock()
			c.owed[login]++
			c.mu.Unlock()
		}
	}
	if err != nil {
		c.t.Errorf("%s: %v", v.Name, err)
	}
}

// write has a person of WeChat write; he reads before he goes on.
func (c *crowd) write(ctx context.Context, openid string) {
	for n := 0; !c.over(); n++ {
		m := wechattest.Text(openid, fmt.Sprintf("%d", 7_000_000_000_000_000+n), chatter[n%len(chatter)])
		if _, err := c.wechat.say(ctx, c.server, m); err != nil {
			c.t.Errorf("%s: %v", openid, err)
			return
		}
		c.mu.Lock()
		c.said[openid] = append(c.said[openid], m.Content)
		c.mu.Unlock()
	}
}

// finish lets everybody say what he is saying.
func (c *crowd) finish() { close(c.stop); c.busy.Wait() }

// judge compares what was said with what is there, and with what a server answers
// that nothing happened to.
func (c *crowd) judge(ctx context.Context, faults int) {
	c.t.Helper()
	fresh := newServer(c.t)
	again := newWechat(c.t)
	fresh.Env = again.env()
	start(c.t, fresh)
	var g sync.WaitGroup
	for _, v := range c.visitors {
		g.Go(func() { c.judgeVisitor(ctx, v, NewVisitor("http://"+fresh.Addr, v.Name)) })
	}
	for openid, said := range c.said {
		g.Go(func() {
			for n, text := range said {
				if _, err := again.say(ctx, fresh, wechattest.Text(openid, fmt.Sprint(n+1), text)); err != nil {
					c.t.Errorf("%s: %v", openid, err)
				}
			}
			problems(c.t, openid, CheckOrder(again.got(openid), c.wechat.got(openid), faults))
		})
	}
	g.Wait()
	fresh.Kill()
}

func (c *crowd) judgeVisitor(ctx context.Context, v, calm *Visitor) {
	history, err := v.History(ctx)
	if err != nil {
		c.t.Errorf("%s: %v", v.Name, err)
		return
	}
	problems(c.t, v.Name, CheckTalk(v.Sent, history))
	err = calm.Hello(ctx)
	for _, text := range v.Said(history) {
		if err == nil {
			err = calm.Say(ctx, text)
		}
	}
	want, e := calm.History(ctx)
	if err != nil || e != nil {
		c.t.Errorf("%s, on a calm server: %v, %v", v.Name, err, e)
		return
	}
	problems(c.t, v.Name, CheckReplay(history, want))
}

// counts are how many messages were acknowledged, and sent.
func (c *crowd) counts() (acked, tries int) {
	for _, v := range c.visitors {
		tries += v.Tries
		for _, s := range v.Sent {
			if s.Acked {
				acked++
			}
		}
	}
	for _, said := range c.said {
		acked += len(said)
	}
	return acked, tries
}

// TestKill: what was acknowledged survives the death of the process, again and
// again, once and in order, and its texts leave once.
//
// Seen to fail: with ids of messages that are not remembered.
func TestKill(t *testing.T) {
	t.Parallel()
	rounds := 10
	if long {
		rounds = 200
	}
	r, sms, w := random(t), newGateway(t), newWechat(t)
	s := newServer(t, sms.env(), w.env())
	start(t, s)
	c := talk(t, s, w, logins, 2)
	var starts []time.Duration
	for i := range rounds {
		pause := time.Duration(20+r.IntN(300)) * time.Millisecond
		if i%5 == 4 {
			pause += time.Second // texts leave once a second
		}
		time.Sleep(pause)
		s.Kill()
		starts = append(starts, start(t, s))
	}
	time.Sleep(100 * time.Millisecond)
	c.finish()
	drained(t, s)
	until(t, 20*time.Second, "texts are sent", func() bool { return len(CheckNotices(c.owed, sms.taken(), rounds)) == 0 })
	c.judge(t.Context(), rounds)
	problems(t, "texts", CheckNotices(c.owed, sms.taken(), rounds))
	sound(t, s)
	slices.Sort(starts)
	acked, tries := c.counts()
	t.Logf("%d kills, %d messages acknowledged in %d tries, none lost; restarts took %v in the middle, %v at most", rounds, acked, tries,
		starts[len(starts)/2].Round(time.Millisecond), starts[len(starts)-1].Round(time.Millisecond))
}
