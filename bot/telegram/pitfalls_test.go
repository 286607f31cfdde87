package telegram_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signdesk/bot/channel"
	"signdesk/bot/telegram"
	"signdesk/bot/telegram/telegramtest"
)

// What was found wrong in the library that the adapter is built on, one by one.

// The library's webhook answers 200 whatever came, reads any length, logs bodies,
// and confirms what is only in memory.
func TestPitfallWebhookConfirmsWhatIsLost(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *telegram.Options) { o.Webhook, o.Secret = "https://desk.example/tg", secret })
	onDisk := false
	r.setRefuse(func(channel.Act) error {
		if !onDisk {
			return errors.New("disk full")
		}
		return nil
	})
	push := func(secret, body string) int {
		q, w := httptest.NewRequest(http.MethodPost, "/tg", strings.NewReader(body)), httptest.NewRecorder()
		q.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret)
		r.a.ServeHTTP(w, q)
		return w.Code
	}
	const words = `{"update_id":7,"message":{"message_id":1,"date":1,"chat":{"id":-5,"type":"group"},"from":{"id":3,"first_name":"李"},"text":"要紧的话"}}`
	for _, row := range []struct {
		name, secret, body string
		want               int
	}{{"wrong secret", "hook", words, 401}, {"bad JSON", secret, "{要紧的话", 400}, {"endless", secret, strings.Repeat(" ", 1<<20) + words, 413}, {"not on disk", secret, words, 500}} {
		if got := push(row.secret, row.body); got != row.want {
			t.Errorf("%s: got %d, want %d", row.name, got, row.want)
		}
	}
	onDisk = true
	if got := push(secret, words); got != 200 || len(r.taken()) != 1 {
		t.Errorf("got %d once it can be kept", got)
	}
	if strings.Contains(r.logged(), "要紧的话") {
		t.Errorf("words are logged:\n%s", r.logged())
	}
}

// The library runs each handler in a goroutine of its own: unordered, and a panic
// ends the process.
func TestPitfallHandlersRunAnyhow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c := r.s.Group(group)
		running := 0
		r.setRefuse(func(a channel.Act) error {
			if running++; running != 1 {
				t.Error("two acts are taken at once")
			}
			defer func() { running-- }()
			if a.Text == "7" {
				panic("in a handler")
			}
			return nil
		})
		var want []string
		for i := range 20 {
			c.Say(li, "", fmt.Sprint(i))
			if i != 7 {
				want = append(want, fmt.Sprint(i))
			}
		}
		defer r.run()()
		time.Sleep(time.Minute)
		var got []string
		for _, a := range r.taken() {
			got = append(got, a.Text)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("not in order, or not all (-want +got):\n%s", d)
		}
	})
}

// The library slices bytes by UTF-16 offsets: it misses a command behind Chinese
// text, panics at an offset beyond the text, and does not know /close@desk_bot.
func TestPitfallCommandsBehindChinese(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c := r.s.Group(group)
		for _, w := range []telegramtest.Words{
			{Text: "处理完了 /close"}, {Text: "/close@desk_bot"}, {Text: "😀😀好的 /close 谢谢"},
			{Text: "你好", Entities: []telegramtest.Entity{{Type: "bot_command", Offset: 500, Length: 10}}},
			{Text: "你好", Entities: []telegramtest.Entity{{Type: "bot_command", Offset: -3, Length: 1 << 40}}},
		} {
			c.Post(li, w)
		}
		defer r.run()()
		time.Sleep(time.Second)
		var got []string
		for _, a := range r.taken() {
			got = append(got, a.Command+"|"+a.Text)
		}
		if d := cmp.Diff([]string{"close|处理完了", "close|", "close|谢谢", "|你好", "|你好"}, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

// The library's tests for errors fail on wrapped ones, it retries nothing, and a
// message that is not modified is an error to it.
func TestPitfallErrorsAreNotRecognised(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		old := r.s.Group(-77)
		r.s.Fail("sendMessage", telegramtest.Fault{Status: 429, Description: "Too Many Requests: retry after 7", RetryAfter: 7})
		if se := r.fails(out(-77, "一", channel.Post{})); se.Kind != channel.Throttled || se.After != 7*time.Second {
			t.Errorf("429: %v after %v", se, se.After)
		}
		time.Sleep(8 * time.Second)
		card := channel.Post{Card: "q/1"}
		r.send(out(-77, "卡", card))
		r.s.Fail("editMessageText", telegramtest.Fault{Status: 400, Description: "Bad Request: message is not modified: specified new message content and reply markup are exactly the same"})
		r.send(out(-77, "卡 2", card))
		now := old.Migrate(group)
		r.send(out(-77, "搬了家", channel.Post{}))
		if !strings.Contains(now.Show(), "搬了家") {
			t.Errorf("the new group shows\n%s", now.Show())
		}
	})
}

// The library writes every request as a multipart form, so that a stand-in which
// reads only JSON sees nothing.
func TestPitfallRequestsAreForms(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var kinds []string
		r := newRig(t, func(o *telegram.Options) {
			platform := o.Transport
			o.Transport = roundTrip(func(q *http.Request) (*http.Response, error) {
				kind, _, _ := strings.Cut(q.Header.Get("Content-Type"), ";")
				kinds = append(kinds, kind)
				return platform.RoundTrip(q)
			})
		})
		r.s.Group(group)
		r.send(out(group, "文字 <b>&", channel.Post{}, channel.Choice{Token: "t", Label: "钮"}))
		calls := r.s.Calls("sendMessage")
		if len(calls) != 1 || calls[0].Params["text"] != "文字 &lt;b&gt;&amp;" || !strings.Contains(calls[0].Params["reply_markup"], "钮") {
			t.Errorf("the stand-in read %+v", calls)
		}
		if d := cmp.Diff([]string{"multipart/form-data"}, kinds); d != "" {
			t.Error(d)
		}
	})
}

// The library's poller confirms an update before it was handled.
func TestPitfallConfirmedBeforeHandled(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c := r.s.Group(group)
		c.Say(li, "", "要紧的话")
		r.setRefuse(func(channel.Act) error { return errors.New("disk full") })
		stop := r.run()
		time.Sleep(5 * time.Minute)
		stop()
		if r.s.Waiting() != 1 {
			t.Fatal("an update was confirmed that nobody took")
		}
		r.restart()
		r.setRefuse(nil)
		stop = r.run()
		time.Sleep(time.Second)
		stop()
		if got := r.taken(); len(got) != 1 || r.s.Waiting() != 0 {
			t.Errorf("got %+v after the start", got)
		}
	})
}
