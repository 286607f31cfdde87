package faulttest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"signdesk/bot/telegram/telegramtest"
	"signdesk/bot/wechat/wechattest"
)

const (
	boardID    = int64(-100777)
	boardToken = "4200001:AA_secret-of-the-bot"
)

// newBoard is a Telegram with a group of the staff's on an address of its own.
func newBoard(t *testing.T) (*telegramtest.Server, map[string]string) {
	tg := telegramtest.New(boardToken)
	tg.Group(boardID).Forum(true)
	address := httptest.NewServer(tg)
	t.Cleanup(func() { tg.Close(); address.CloseClientConnections() }) // not Close: it would wait for polls
	return tg, map[string]string{"SIGNDESK_TELEGRAM_TOKEN": boardToken, "SIGNDESK_TELEGRAM_BOARDS": fmt.Sprint(boardID),
		"SIGNDESK_TELEGRAM_OWNERS": "7000", "SIGNDESK_TELEGRAM_API": address.URL}
}

// topics counts the topics that were opened in the staff's group, besides that of
// the queue.
func topics(tg *telegramtest.Server) (n int) {
	for _, c := range tg.Calls("createForumTopic") {
		if c.Code == http.StatusOK {
			n++
		}
	}
	return n - 1
}

// prompt is how long a message may take while another platform is down.
const prompt = 5 * time.Second

// TestChannelsDown takes one platform after the other away: what goes to the others
// is not delayed, and once it is back all that was owed to it comes, once.
// With one loop for all channels, as there was before, bot's TestChannelsDoNotWait is
// seen to fail.
func TestChannelsDown(t *testing.T) {
	t.Parallel()
	const each = 2 // the board may be written to 20 times a minute
	sms, h := newGateway(t), newHook(t)
	tg, board := newBoard(t)
	s := newServer(t, sms.env(), h.env(), board)
	start(t, s)
	ctx := bounded(t, 5*time.Minute)
	asked, texts := 0, make(map[string]int)
	ask := func(n int) { // for a person, which tells the hook and the board
		for range n {
			v := NewVisitor("http://"+s.Addr, fmt.Sprintf("asks-%03d", asked))
			if err := v.Hello(ctx); err != nil {
				t.Fatal(err)
			}
			if err := v.Say(ctx, "转人工"); err != nil {
				t.Fatal(err)
			}
			asked++
		}
	}
	code := func(login string) { // is sent to a phone
		v := NewVisitor("http://"+s.Addr, "phone-"+login)
		if err := v.Hello(ctx); err != nil {
			t.Fatal(err)
		}
		for _, text := range opening(login)[:2] {
			if err := v.Say(ctx, text); err != nil {
				t.Fatal(err)
			}
		}
		texts[login]++
	}
	hooked := func(faults int) []string {
		return CheckNotices(map[string]int{"hook": asked}, h.heard(), faults)
	}
	texted := func() []string { return CheckNotices(texts, sms.taken(), 0) }
	onBoard := func() bool { return topics(tg) == asked }

	hang := func(back chan struct{}, r *http.Request) bool {
		select {
		case <-r.Context().Done():
			return true
		case <-back:
			return false
		}
	}
	first := make(chan struct{})
	h.behave(func(_ http.ResponseWriter, r *http.Request) bool { return hang(first, r) })
	ask(each)
	code(logins[0])
	until(t, prompt, "the board is told while the hook hangs", onBoard)
	until(t, prompt, "texts are sent while the hook hangs", func() bool { return len(texted()) == 0 })
	close(first)
	until(t, time.Minute, "the hook is told", func() bool { return len(hooked(0)) == 0 })

	failed := 0
	h.behave(func(w http.ResponseWriter, _ *http.Request) bool {
		if failed++; failed > 2 {
			return false
		}
		w.WriteHeader(http.StatusBadGateway)
		return true
	})
	back := make(chan struct{})
	for range 8 {
		tg.Fail("createForumTopic", telegramtest.Fault{Hang: back})
	}
	sms.behave(func(_ http.ResponseWriter, r *http.Request, _ Notice) bool { return hang(back, r) })
	code(logins[1])
	ask(each)
	until(t, time.Minute, "the hook is told while board and gateway hang, though it fails", func() bool { return len(hooked(0)) == 0 })
	if topics(tg) == asked {
		t.Error("the board did not hang")
	}
	close(back)
	until(t, 2*time.Minute, "texts are sent", func() bool { return len(texted()) == 0 })
	until(t, 2*time.Minute, "the board is told", onBoard)
	drained(t, s)
	problems(t, "texts", texted())
	problems(t, "hook", hooked(0))
	sound(t, s)
}

// TestWechatDown has replies not come back in the request, and then WeChat refuse,
// throttle, fail and lose what is sent instead: each person gets his messages, in
// order, and again only what WeChat took without saying so.
func TestWechatDown(t *testing.T) {
	t.Parallel()
	w := newWechat(t)
	s := newServer(t, w.env())
	start(t, s)
	ctx := bounded(t, 5*time.Minute)
	said := []string{"你好", "我要申诉", "123"}
	const turns = `signdesk_turn_seconds_count{channel="wechat"}`
	people := []string{"o-one", "o-two", "o-three", "o-four", "o-five", "o-six"}
	answered := make(map[string]bool) // who was answered in a request, before it was noticed
	for _, openid := range people {
		for i, text := range said {
			m := wechattest.Text(openid, fmt.Sprint(7_000_000_000_000_000+i), text)
			before := metric(s, turns)
			came, err := hangUp(ctx, s, w.Request(s.URL("/wechat"), "safe", m))
			if err != nil {
				t.Fatal(err)
			}
			answered[openid] = answered[openid] || came
			until(t, startWithin, "the turn is taken", func() bool { return metric(s, turns) > before })
		}
	}
	const send, lost = "/cgi-bin/message/custom/send", 1
	w.Fail(send, wechattest.Fault{Status: http.StatusBadGateway}, wechattest.Fault{Code: -1}, wechattest.Fault{Lost: true})
	drained(t, s)
	calm, again := newServer(t), newWechat(t)
	calm.Env = again.env()
	start(t, calm)
	for i, text := range said {
		if _, err := again.say(ctx, calm, wechattest.Text("o-calm", fmt.Sprint(i+1), text)); err != nil {
			t.Fatal(err)
		}
	}
	if len(answered) > 0 && !slices.Contains(slices.Collect(maps.Values(answered)), false) {
		t.Error("everybody was answered although he had hung up")
	}
	for _, openid := range people {
		if !answered[openid] { // else nobody knows what the request carried
			problems(t, openid, CheckOrder(again.got("o-calm"), w.got(openid), lost))
		}
	}
	sound(t, s)
}

// hangUp sends a request and hangs up. It reports whether an answer came all the same:
// it may be written before the server notices. Nobody tries again.
func hangUp(ctx context.Context, s *Server, r *http.Request) (answered bool, err error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	if err := errors.Join(r.Write(conn), conn.(*net.TCPConn).CloseWrite(), conn.SetReadDeadline(time.Now().Add(startWithin))); err != nil {
		return false, err
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		return false, nil
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return err == nil && res.StatusCode == http.StatusOK && len(body) > len("success"), nil
}
