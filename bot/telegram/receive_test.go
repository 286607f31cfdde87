package telegram_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"signdesk/bot/channel"
	"signdesk/bot/telegram"
	"signdesk/bot/telegram/telegramtest"
)

func TestCommands(t *testing.T) {
	bubble(t, func(t *testing.T) {
		mark := func(offset, length int) []telegramtest.Entity {
			return []telegramtest.Entity{{Type: "bot_command", Offset: offset, Length: length}}
		}
		tests := []struct {
			text    string
			marks   []telegramtest.Entity // nil for the right ones
			command string
			words   string
		}{
			{"你好", nil, "", "你好"},
			{"/note 客户着急", nil, "note", "客户着急"},
			{"/CLOSE", nil, "close", ""},
			{"/close@desk_bot", nil, "close", ""}, // as groups send it
			{"/close@Desk_Bot 好了", nil, "close", "好了"},
			{"/close@other_bot", nil, "-", ""}, // not for us
			{"客户很急 /note", nil, "note", "客户很急"},
			{"先看 /find 张三", nil, "find", "张三"},
			{"😀👨‍👩‍👧 客户 /close@desk_bot", nil, "close", "😀👨‍👩‍👧 客户"},
			{"请让 @x 用 /close@other_bot 关", nil, "", "请让 @x 用 /close@other_bot 关"},
			{"/r 问候\n第二行", nil, "r", "问候\n第二行"},
			{"/路径 不是命令", nil, "", "/路径 不是命令"},
			{"路径是 /usr/bin/env", mark(4, 400), "", "路径是 /usr/bin/env"},
			{"短", mark(1000, 5), "", "短"}, // beyond the text: the library panics
			{"短 /a", mark(-3, 2), "", "短 /a"},
			{"短 /a", mark(2, -2), "", "短 /a"},
			{"短 /a", mark(2, 1<<40), "", "短 /a"},
			{"😀/a", mark(1, 2), "", "😀/a"}, // inside a character
			{"/a", mark(0, 2), "a", ""},
		}
		r := newRig(t)
		c := r.s.Group(group)
		for _, tt := range tests {
			c.Post(li, telegramtest.Words{Text: tt.text, Entities: tt.marks})
		}
		defer r.run()()
		got := r.taken()
		for _, tt := range tests {
			if tt.command == "-" {
				continue
			}
			if len(got) == 0 {
				t.Fatalf("%q did not come", tt.text)
			}
			if got[0].Command != tt.command || got[0].Text != tt.words {
				t.Errorf("%q: got command %q, words %q; want %q, %q", tt.text, got[0].Command, got[0].Text, tt.command, tt.words)
			}
			got = got[1:]
		}
		if len(got) > 0 {
			t.Errorf("%+v came too", got)
		}
		if n := len(r.s.Calls("getMe")); n != 1 {
			t.Errorf("asked %d times for our name, want once, when it was needed", n)
		}
	})
}

func TestActs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c := r.s.Group(group).Forum(true)
		r.send(out(group, "客户：盖不了章", post("c/1", "甲")))
		c.NewTopic(li, "闲聊")
		shot := picture(t, 30, 20)
		first := c.Say(li, "甲", "请发截图")
		c.Post(wang, telegramtest.Words{Topic: "甲", Text: "见图", Photo: shot})
		c.Post(wang, telegramtest.Words{Topic: "甲", Document: shot, Name: "a.png", MIME: "image/png"})
		c.Post(li, telegramtest.Words{Topic: "甲", Text: "对", ReplyTo: first})
		c.Say(li, "闲聊", "吃饭吗")
		defer r.run()()
		board := channel.Peer{Channel: telegram.Channel, ID: fmt.Sprint(group)}
		want := []channel.Act{
			{Board: board, Topic: "c/1", Staff: "7001", Name: "李 客服", Text: "请发截图"},
			{Board: board, Topic: "c/1", Staff: "7002", Name: "王", Text: "见图", Picture: shot},
			{Board: board, Topic: "c/1", Staff: "7002", Name: "王", Picture: shot},
			{Board: board, Topic: "c/1", Staff: "7001", Name: "李 客服", Text: "对", Quoted: "请发截图"},
			{Board: board, Staff: "7001", Name: "李 客服", Text: "吃饭吗"},
		}
		got := r.taken()
		for i := range got {
			if !strings.HasPrefix(got[i].ID, "tg-5") || got[i].At.IsZero() {
				t.Errorf("act %q at %v", got[i].ID, got[i].At)
			}
			if got[i].Message == "" {
				t.Error("an act without its message")
			}
			got[i].ID, got[i].At, got[i].Message = "", time.Time{}, ""
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("acts (-want +got):\n%s", d)
		}
	})
}

func TestNobodysWords(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c := r.s.Group(group).Forum(true)
		r.send(out(group, "客户：在吗", post("c/1", "甲")))
		robot := telegramtest.Person{ID: 9, First: "机器人", Bot: true}
		news := map[string]any{"sender_chat": map[string]any{"id": -100999, "type": "channel"}}
		ours := map[string]any{"sender_chat": map[string]any{"id": group, "type": "supergroup"}}
		c.Say(robot, "甲", "/close")
		c.Post(li, telegramtest.Words{Topic: "甲", Text: "频道消息", Extra: news})
		c.Post(robot, telegramtest.Words{Topic: "甲", Text: "匿名管理员", Extra: ours})
		c.Post(li, telegramtest.Words{Topic: "甲", Extra: map[string]any{"voice": map[string]any{"file_id": "v"}}})
		c.Post(li, telegramtest.Words{Extra: map[string]any{"sticker": map[string]any{"file_id": "v"}}}) // in the general topic nobody is told
		c.Post(li, telegramtest.Words{Extra: map[string]any{"new_chat_title": "新名"}})
		r.s.Push(`{"update_id":REPLACED,"channel_post":{"message_id":1,"chat":{"id":-1,"type":"channel"},"text":"x"}}`)
		r.s.Push(`{"update_id":REPLACED,"some_new_kind":{}}`)
		defer r.run()()
		if got := r.taken(); len(got) != 0 {
			t.Errorf("got %+v, want nothing", got)
		}
		var hints []string
		for _, m := range c.Messages()[1:] {
			if m.Bot {
				hints = append(hints, m.Text)
			}
		}
		want := []string{"匿名发言无法识别您是谁，没有处理。请关闭群里的“匿名”后重发。", "这类消息无法转交，请改发文字或图片。"}
		if d := cmp.Diff(want, hints); d != "" {
			t.Errorf("hints (-want +got):\n%s", d)
		}
		id := c.Say(li, "甲", "您好，请充新登录")
		synctest.Wait()
		c.Edit(id, "您好，请重新登录")
		synctest.Wait()
		if got := r.taken(); len(got) != 1 || got[0].Text != "您好，请充新登录" {
			t.Errorf("got %+v, want the first words only", got)
		}
		if !strings.Contains(c.Show(), "修改不会同步") {
			t.Error("nobody was told that the change is not passed on")
		}
	})
}

func TestUpdatesAreConfirmedWhenTaken(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c := r.s.Group(group)
		broken := errors.New("disk full")
		r.setRefuse(func(a channel.Act) error {
			if a.Text == "二" {
				return broken
			}
			return nil
		})
		for _, w := range []string{"一", "二", "三"} {
			c.Say(li, "", w)
		}
		stop := r.run()
		time.Sleep(10 * time.Second)
		if got := r.taken(); len(got) != 1 || r.s.Waiting() != 3 {
			t.Errorf("%d taken, %d not confirmed; want those behind the second to wait", len(got), r.s.Waiting())
		}
		stop()      // and the process ends
		r.restart() // nothing was lost, and nothing is taken twice
		r.setRefuse(nil)
		stop = r.run()
		defer stop()
		time.Sleep(time.Second)
		var got []string
		for _, a := range r.taken() {
			got = append(got, a.Text)
		}
		if d := cmp.Diff([]string{"二", "三"}, got); d != "" || r.s.Waiting() != 0 {
			t.Errorf("%d not confirmed; (-want +got):\n%s", r.s.Waiting(), d)
		}
	})
}

func TestPoisonIsPassedOver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c := r.s.Group(group)
		r.s.Push(`{"update_id":REPLACED,"message":{"message_id":"no number","text":"私人的话"}}`)
		r.s.Push(`{"update_id":REPLACED,"message":[]}`)
		r.s.Push(`{"message":{}}`)
		r.s.Push(`{"update_id":REPLACED,"callback_query":{"id":"q"}}`)
		r.s.Push(`{"update_id":REPLACED,"message":{}}`)
		c.Say(li, "", "后面的")
		r.setRefuse(func(a channel.Act) error {
			if a.Text == "崩" {
				panic("客户的话")
			}
			return nil
		})
		c.Say(li, "", "崩")
		c.Say(li, "", "再后面的")
		defer r.run()()
		time.Sleep(10 * time.Second)
		if got := r.taken(); len(got) != 2 || got[0].Text != "后面的" || got[1].Text != "再后面的" {
			t.Errorf("got %+v, want what is behind the poison", got)
		}
		if r.s.Waiting() != 0 {
			t.Errorf("%d not confirmed", r.s.Waiting())
		}
		log := r.logged()
		if !strings.Contains(log, "update=5001") || strings.Contains(log, "私人的话") || strings.Contains(log, "客户的话") {
			t.Errorf("want the id logged, and no words:\n%s", log)
		}
	})
}

func TestIDsMayStartAnywhere(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c := r.s.Group(group)
		c.Say(li, "", "一")
		defer r.run()()
		time.Sleep(8 * 24 * time.Hour)
		r.s.Restart(17) // lower than before
		r.s.Fail("getUpdates", telegramtest.Fault{Status: 500, Description: "Internal Server Error"})
		for n := len(r.s.Calls("getUpdates")); len(r.s.Calls("getUpdates")) < n+2; { // the one that waits, the one that fails
			time.Sleep(10 * time.Millisecond)
		}
		c.Say(li, "", "二") // between two questions
		time.Sleep(time.Minute)
		if got := r.taken(); len(got) != 2 || got[1].ID != "tg-18" {
			t.Errorf("got %+v, want both", got)
		}
	})
}

func TestThePlatformFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c := r.s.Group(group)
		r.s.Fail("deleteWebhook", telegramtest.Fault{Status: 500, Description: "Internal Server Error"}, telegramtest.Fault{Lost: true})
		r.s.Fail("getUpdates",
			telegramtest.Fault{Status: 502, Page: "<html>"}, telegramtest.Fault{Status: 200, Page: "{"}, telegramtest.Fault{Lost: true},
			telegramtest.Fault{Status: 429, Description: "Too Many Requests", RetryAfter: 9}, telegramtest.Fault{Hang: make(chan struct{})},
			telegramtest.Fault{Status: 401, Description: "Unauthorized"},
			telegramtest.Fault{Status: 409, Description: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"})
		r.s.Fail("getMe", telegramtest.Fault{Status: 500, Description: "Internal Server Error"}, telegramtest.Fault{Lost: true})
		c.Say(li, "", "/close@desk_bot")
		defer r.run()()
		time.Sleep(10 * time.Minute)
		if got := r.taken(); len(got) != 1 {
			t.Errorf("got %+v, want it at last", got)
		}
	})
}

func TestWebhookThatSomebodySet(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c := r.s.Group(group)
		defer r.run()()
		resp, err := (&httpPoster{r.s}).post("setWebhook", "url=https://elsewhere.example/")
		if err != nil || resp != 200 {
			t.Fatalf("set a webhook: %d, %v", resp, err)
		}
		r.s.Close() // what it brings does not matter
		time.Sleep(time.Minute)
		c.Say(li, "", "还在吗")
		time.Sleep(time.Minute)
		if got := r.taken(); len(got) != 1 {
			t.Errorf("got %+v, want it", got)
		}
	})
}

func TestPictures(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c := r.s.Private(li)
		shot := picture(t, 60, 40)
		down := telegramtest.Fault{Status: 500, Description: "Internal Server Error"}
		r.s.Fail("file", down, telegramtest.Fault{Lost: true})
		r.s.Fail("getFile", down)
		c.Post(li, telegramtest.Words{Text: "终于", Photo: shot})
		stop := r.run()
		time.Sleep(time.Minute)
		if got := r.taken(); len(got) != 1 || len(got[0].Picture) != len(shot) {
			t.Fatalf("got %+v, want the picture after some tries", got)
		}
		r.s.Fail("file", down, down, down, down, down)
		c.Post(li, telegramtest.Words{Photo: shot})
		c.Post(li, telegramtest.Words{Document: []byte("<html>"), Name: "a.png", MIME: "image/png"})
		c.Post(li, telegramtest.Words{Document: []byte("%PDF"), Name: "a.pdf", MIME: "application/pdf"})
		c.Post(li, telegramtest.Words{Document: append(shot, make([]byte, 10<<20)...), Name: "b.png", MIME: "image/png"})
		c.Say(li, "", "后面的")
		time.Sleep(10 * time.Minute)
		stop()
		if got := r.taken(); len(got) != 1 || got[0].Text != "后面的" {
			t.Errorf("got %+v, want what is behind them", got)
		}
		// Our own pace lets two hints out at once; the others are not sent.
		if !strings.Contains(c.Show(), "图片没有取到，请重发一次。") || !strings.Contains(c.Show(), "图片无法识别") {
			t.Errorf("nobody was told:\n%s", c.Show())
		}
	})
}

// TestPictureThatIsAskedAbout: a command that looks at pictures gets that of the
// message which it replies to; others do not, and forwarded ones are told apart.
func TestPictureThatIsAskedAbout(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, func(o *telegram.Options) { o.Looks = func(command string) bool { return command == "ask" } })
		c := r.s.Group(group).Forum(true)
		shot := picture(t, 60, 40)
		m := out(group, "", post("c/1", "甲"))
		m.Message.Image = shot
		r.send(m)
		sent := c.Messages()[0].ID
		c.Post(li, telegramtest.Words{Topic: "甲", Text: "/ask", ReplyTo: sent})
		c.Post(li, telegramtest.Words{Topic: "甲", Text: "/note 看到了", ReplyTo: sent})
		c.Post(li, telegramtest.Words{Topic: "甲", Text: "看到了", ReplyTo: sent})
		c.Post(li, telegramtest.Words{Topic: "甲", Text: "/ask 这个", Photo: shot, Extra: map[string]any{"forward_origin": map[string]any{"type": "user"}}})
		c.Post(li, telegramtest.Words{Topic: "甲", Text: "/ask 没有图"})
		defer r.run()()
		var got []string
		for _, a := range r.taken() {
			got = append(got, fmt.Sprint(a.Command, " ", a.Text, " ", len(a.Picture) == len(shot), " ", a.Forwarded))
		}
		want := []string{"ask  true false", "note 看到了 false false", " 看到了 false false", "ask 这个 true true", "ask 没有图 false false"}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("acts (-want +got):\n%s", d)
		}
	})
}

func TestMembership(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c := r.s.Group(group)
		defer r.run()()
		c.Remove(li)
		synctest.Wait()
		if se := r.fails(out(group, "在吗", channel.Post{})); se.Kind != channel.Closed {
			t.Errorf("got %v, want the board closed", se)
		}
		c.Invite(li)
		synctest.Wait()
		if d := cmp.Diff([]string{"-1001234567890 false", "-1001234567890 true"}, r.reached); d != "" {
			t.Errorf("reached (-want +got):\n%s", d)
		}
	})
}

func TestPrivacyModeHidesWords(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		r.s.Privacy = true
		c := r.s.Group(group).Admin(false)
		r.send(out(group, "客户：在吗", post("c/1", "甲")))
		c.Say(li, "", "大家好")
		c.Say(li, "", "/help")
		c.Post(li, telegramtest.Words{Text: "在的", ReplyTo: c.Messages()[0].ID})
		defer r.run()()
		if got := r.taken(); len(got) != 2 || got[0].Command != "help" || got[1].Topic != "c/1" {
			t.Errorf("got %+v, want the command and the reply", got)
		}
	})
}
