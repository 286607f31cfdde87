package telegram_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signdesk/bot/channel"
	"signdesk/bot/telegram/telegramtest"
)

func post(topic, title string) channel.Post { return channel.Post{Topic: topic, Title: title} }

func TestTopics(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c := r.s.Group(group).Forum(true)
		r.send(out(group, "有人排队", channel.Post{}))
		r.send(out(group, "你好，<b>印章</b> & \"更新\"失败", post("c/1", "139****01 · 印章")))
		r.restart()
		r.send(out(group, "还在吗", post("c/1", "139****01 · 印章更新")))
		r.send(out(group, "另一位", post("c/2", strings.Repeat("长", 200))))
		bye := post("c/1", "139****01 · 印章更新")
		bye.Close = true
		r.send(out(group, "结束", bye))
		r.shows(c,
			"有人排队",
			"# 139****01 · 印章更新（关）", "你好，<b>印章</b> & \"更新\"失败", "还在吗", "结束",
			"# "+strings.Repeat("长", 127)+"…", "另一位")
		r.send(out(group, "又来了", post("c/1", "139****01 · 印章更新")))
		if got := c.Topics()[0]; got != "139****01 · 印章更新" {
			t.Errorf("topic %q, want it open", got)
		}
		if n := len(r.s.Calls("createForumTopic")); n != 2 {
			t.Errorf("%d topics made, want 2", n)
		}
	})
}

func TestTopicsThatSomebodyTouched(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c := r.s.Group(group).Forum(true)
		r.send(out(group, "一", post("c/1", "甲")))
		c.DeleteTopic("甲")
		r.send(out(group, "二", post("c/1", "甲")))
		c.DeleteTopic("甲")
		r.send(out(group, "三", post("c/1", "乙"))) // the renaming finds out
		r.shows(c, "# 乙", "三")
		c.Say(li, "乙", "收到")
		stop := r.run()
		stop()
		if acts := r.taken(); len(acts) != 1 || acts[0].Topic != "c/1" {
			t.Errorf("got %+v, want a word in c/1", acts)
		}
	})
}

func TestClosedTopicIsOpened(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c := r.s.Group(group).Forum(true)
		r.send(out(group, "一", post("c/1", "甲")))
		c.CloseTopic(li, "甲")
		c.Admin(false)
		if se := r.fails(out(group, "二", post("c/1", "甲"))); se.Kind != channel.Closed {
			t.Errorf("without the right: %v", se)
		}
		c.Admin(true)
		r.run()() // brings the news
		r.send(out(group, "三", post("c/1", "甲")))
		r.shows(c, "# 甲", "一", "三")
	})
}

func TestChatsWithoutTopics(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		plain, alone := r.s.Group(group), r.s.Private(li)
		for _, board := range []int64{group, li.ID} {
			r.send(out(board, "你好", post("c/1", "甲"), channel.Choice{Token: "close", Label: "结束"}))
			r.send(out(board, "在吗", post("c/1", "")))
		}
		for _, c := range []*telegramtest.Chat{plain, alone} {
			r.shows(c, "【甲】", "你好", "[结束]", "【甲】", "在吗")
			if got := c.Messages()[0].Bold; got != "【甲】" {
				t.Errorf("bold %q, want the title", got)
			}
		}
		if n := len(r.s.Calls("createForumTopic")); n != 1 {
			t.Errorf("asked %d times for topics, want once", n)
		}
		defer r.run()()
		id := alone.Messages()[0].ID
		alone.Post(li, telegramtest.Words{Text: "请重试", ReplyTo: id})
		alone.Say(li, "", "没有回复谁")
		plain.Forum(true)
		plain.Say(wang, "", "现在有话题了")
		time.Sleep(time.Second)
		got := r.taken()
		if len(got) != 3 || got[0].Topic != "c/1" || !got[0].Private || got[0].Quoted == "" || got[1].Topic != "" {
			t.Fatalf("got %+v", got)
		}
		r.send(out(group, "进话题", post("c/1", "甲")))
		if got := plain.Topics(); len(got) != 1 {
			t.Errorf("topics %q, want one: the group has them now", got)
		}
	})
}

func TestCards(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c := r.s.Group(group).Forum(true)
		card := channel.Post{Card: "q/1"}
		take := channel.Choice{Token: "take/1", Label: "接单"}
		r.send(out(group, "排队 1\n等了 3 分钟", card, take))
		r.send(out(group, "别的", channel.Post{}))
		r.restart()
		r.send(out(group, "排队 1\n等了 5 分钟", card, take))
		r.send(out(group, "排队 1\n等了 5 分钟", card, take)) // nothing to do
		r.shows(c, "排队 1", "等了 5 分钟", "[接单]", "别的")
		if got := c.Messages()[0].Bold; got != "排队 1" {
			t.Errorf("bold %q, want the first line", got)
		}
		old := c.Data("接单")
		r.send(out(group, "排队 1\n李客服已接", card))
		r.shows(c, "排队 1", "李客服已接", "别的")
		c.Delete(c.Messages()[0].ID)
		r.send(out(group, "排队 1\n结束", card, channel.Choice{Token: "again/1", Label: "重开"}))
		r.shows(c, "别的", "排队 1", "结束", "[重开]")
		if n := r.keep.names("buttons/"); n != 2 {
			t.Errorf("%d records of buttons, want those shown and those before", n)
		}
		stop := r.run()
		c.PressData(li, old)
		id := c.Messages()[1].ID
		c.Post(wang, telegramtest.Words{Text: "/note 老客户", ReplyTo: id})
		time.Sleep(time.Second)
		stop()
		got := r.taken()
		if len(got) != 2 || got[0].Click != "take/1" || got[1].Card != "q/1" || got[1].Command != "note" || got[1].Quoted != "排队 1\n结束" {
			t.Errorf("got %+v, want the old button, so that the desk can tell what became of it, and a note on the card", got)
		}
		for i := range 6 {
			r.send(out(group, "排队 1", card, channel.Choice{Token: fmt.Sprint("t/", i), Label: "钮"}))
		}
		if n := r.keep.names("buttons/"); n != 4 {
			t.Errorf("%d records of buttons, want those shown and three before", n)
		}
		stop = r.run()
		c.PressData(li, old)
		time.Sleep(time.Second)
		stop()
		if got := r.s.Notes(); len(r.taken()) != 0 || len(got) != 1 || !strings.Contains(got[0].Text, "已失效") {
			t.Errorf("notes %+v, want the forgotten button answered", got)
		}
	})
}

func TestCardsOfSeveralPartsAndFiles(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c := r.s.Group(group).Forum(true)
		shot := &channel.File{Name: "letter.png", Image: true, Data: picture(t, 40, 30)}
		card := channel.Post{Card: "l/1", File: shot}
		long := strings.Repeat("这是一句话。", 300) // 1,800 units: the caption takes 1,024
		ok := channel.Choice{Token: "ok", Label: "通过"}
		r.send(out(group, long, card, ok))
		if got := len(c.Messages()); got != 2 {
			t.Fatalf("%d messages, want a picture and the rest", got)
		}
		r.send(out(group, "已通过", card))
		r.shows(c, "<photo>已通过")
		r.send(out(group, "已通过。\n"+long, card))
		if got := c.Messages(); len(got) != 2 || got[0].Text+got[1].Text != "已通过。\n"+long {
			t.Errorf("got %d messages, want the text on both", len(got))
		}
		r.send(out(group, "没有图片了", channel.Post{Card: "l/1"}))
		r.shows(c, "没有图片了")
	})
}

func TestButtons(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c, other := r.s.Group(group).Forum(true), r.s.Group(group-1)
		token := strings.Repeat("长令牌", 40)
		r.send(out(group, "建议", post("c/1", "甲"),
			channel.Choice{Token: token, Label: "原样发送"}, channel.Choice{Token: "edit", Label: "改"}, channel.Choice{Token: "no", Label: "不用"},
			channel.Choice{Token: "later", Label: "这一个按钮的字多一些，要独占一行"}, channel.Choice{Token: "back", Label: "返回", Control: true}))
		r.shows(c, "# 甲", "建议", "[原样发送] [改] [不用]", "[这一个按钮的字多一些，要独占一行]", "[返回]")
		stop := r.run()
		query, err := c.Press(li, "原样发送")
		if err != nil {
			t.Fatal(err)
		}
		good := c.Data("改")
		forged := []string{"", "x", ".", good + "0", strings.TrimSuffix(good, "1") + "99", strings.TrimSuffix(good, "1") + "-1", "../../sent.0", "\xff.0", strings.Repeat("a", 100) + ".0"}
		for _, data := range forged {
			c.PressData(wang, data)
		}
		other.PressData(wang, good) // bound to its chat
		time.Sleep(time.Second)
		stop()
		want := []channel.Act{{
			Board: channel.Peer{Channel: "telegram", ID: "-1001234567890"}, Topic: "c/1",
			Staff: "7001", Name: "李 客服", Click: token, Query: query,
		}}
		got := r.taken()
		for i := range got {
			if got[i].At.IsZero() || !strings.HasPrefix(got[i].ID, "tg-5") {
				t.Errorf("act %q at %v", got[i].ID, got[i].At)
			}
			got[i].ID, got[i].At = "", time.Time{}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("acts (-want +got):\n%s", d)
		}
		if got := r.s.Notes(); len(got) != len(forged)+1 || got[0].Text != "这个按钮已失效，请用最新的消息操作。" {
			t.Errorf("notes %+v, want each made-up press answered", got)
		}
	})
}

func TestPressesAreAnswered(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c := r.s.Group(group)
		r.send(out(group, "请选", channel.Post{}, channel.Choice{Token: "a", Label: "甲"}))
		query, err := c.Press(li, "甲")
		if err != nil {
			t.Fatal(err)
		}
		m := out(group, strings.Repeat("好", 300), channel.Post{Query: query, Alert: true})
		m.To.ID = "presses" // no chat is needed
		r.send(m)
		r.send(m) // "query is too old" is no error
		if got := r.s.Notes(); len(got) != 1 || !got[0].Alert || got[0].Query != query || got[0].Text != strings.Repeat("好", 199)+"…" {
			t.Errorf("notes %+v", got)
		}
		r.shows(c, "请选", "[甲]")
	})
}

func TestFilesAndLongTexts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c := r.s.Group(group)
		shot := picture(t, 400, 300)
		r.send(out(group, "截图", channel.Post{Silent: true, File: &channel.File{Name: "a.png", Image: true, Data: shot}}))
		r.send(out(group, "", channel.Post{File: &channel.File{Name: "记录.txt", Data: []byte("对话")}}))
		r.send(out(group, "太窄", channel.Post{File: &channel.File{Name: "b.png", Image: true, Data: picture(t, 1, 100)}})) // no photo: a file
		m := out(group, "客户发的", channel.Post{})
		m.Message.Image = shot
		r.send(m)
		m = out(group, "随便写的", channel.Post{})
		m.Message.Post = nil // not from the desk
		r.send(m)
		r.send(out(group, "", channel.Post{}, channel.Choice{Token: "a", Label: "甲"}))
		r.send(out(group, " \n ", channel.Post{})) // nothing to show
		r.shows(c, "<photo>截图", "<记录.txt>", "<b.png>太窄", "<photo>客户发的", "随便写的", "请选择：", "[甲]")
		if got := c.Messages(); !bytes.Equal(got[0].Data, shot) || !got[0].Silent || got[1].Silent {
			t.Error("want the picture as it was, without a sound")
		}
		text := strings.Repeat("😀这是一句很长的话，它有标点。", 600)
		r.send(out(group, text, channel.Post{}, channel.Choice{Token: "a", Label: "乙"}))
		var b strings.Builder
		list := c.Messages()[6:]
		for i, m := range list {
			b.WriteString(m.Text)
			if (len(m.Buttons) > 0) != (i == len(list)-1) {
				t.Errorf("part %d has buttons %v, want them on the last", i, m.Buttons)
			}
		}
		if b.String() != text || len(list) != 3 {
			t.Errorf("%d parts of %d bytes, want 3 that join to %d", len(list), b.Len(), len(text))
		}
	})
}

func TestRefusals(t *testing.T) {
	bubble(t, func(t *testing.T) {
		tests := []struct {
			name  string
			fault telegramtest.Fault
			kind  channel.Failure
			code  string
			after time.Duration
		}{
			{"too fast", telegramtest.Fault{Status: 429, Description: "Too Many Requests: retry after 17", RetryAfter: 17}, channel.Throttled, "429", 17 * time.Second},
			{"token revoked", telegramtest.Fault{Status: 401, Description: "Unauthorized"}, channel.Config, "401", 0},
			{"token wrong", telegramtest.Fault{Status: 404, Description: "Not Found"}, channel.Config, "404", 0},
			{"kicked", telegramtest.Fault{Status: 403, Description: "Forbidden: bot was kicked from the group chat"}, channel.Closed, "403", 0},
			{"no rights", telegramtest.Fault{Status: 400, Description: "Bad Request: not enough rights to send text messages to the chat"}, channel.Closed, "400", 0},
			{"refused", telegramtest.Fault{Status: 400, Description: "Bad Request: can't parse entities"}, channel.Rejected, "400", 0},
			{"too large", telegramtest.Fault{Status: 413, Description: "Request Entity Too Large"}, channel.Rejected, "413", 0},
			{"down", telegramtest.Fault{Status: 500, Description: "Internal Server Error"}, channel.Retry, "500", 0},
			{"proxy's page", telegramtest.Fault{Status: 502, Page: "<html>secret words</html>"}, channel.Retry, "502", 0},
			{"login page", telegramtest.Fault{Status: 200, Page: "<html>secret words</html>"}, channel.Retry, "", 0},
			{"hangs", telegramtest.Fault{Hang: make(chan struct{})}, channel.Retry, "", 0},
			{"lost", telegramtest.Fault{Lost: true}, channel.Retry, "", 0},
		}
		for _, tt := range tests {
			r := newRig(t)
			r.s.Group(group)
			r.s.Fail("sendMessage", tt.fault)
			se := r.fails(out(group, "你好", channel.Post{}))
			if se.Kind != tt.kind || se.Code != tt.code || se.After != tt.after {
				t.Errorf("%s: got %s, code %q, after %v; want %s, %q, %v", tt.name, se.Kind, se.Code, se.After, tt.kind, tt.code, tt.after)
			}
			if strings.Contains(se.Error(), "secret words") {
				t.Errorf("%s: content is shown: %v", tt.name, se)
			}
		}
		r := newRig(t)
		if se := r.fails(out(-5, "你好", channel.Post{})); se.Kind != channel.Closed { // chat not found
			t.Errorf("no such chat: %v", se)
		}
		m := out(1, "你好", channel.Post{})
		m.To.ID = "甲"
		if se := r.fails(m); se.Kind != channel.Rejected {
			t.Errorf("no number: %v", se)
		}
		r.keep.setFail(errors.New("disk full"))
		if se := r.fails(out(group, "你好", channel.Post{})); se.Kind != channel.Retry {
			t.Errorf("keep fails: %v", se)
		}
	})
}

func TestDeliveriesAreNotRepeated(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c := r.s.Group(group)
		m := out(group, "一次", channel.Post{})
		r.send(m)
		r.restart()
		r.send(m) // the process ended before the outbox knew
		r.shows(c, "一次")

		f := r.s.Group(group - 1).Forum(true)
		early, bye := out(group-1, "早", post("c/1", "甲")), out(group-1, "完", channel.Post{Topic: "c/1", Title: "甲", Close: true})
		r.send(early)
		r.send(bye)
		r.send(early)
		r.shows(f, "# 甲（关）", "早", "完")
		time.Sleep(time.Minute) // our own pace does not matter here

		long := out(group, strings.Repeat("长句子。", 2000), channel.Post{})
		r.s.Fail("sendMessage", telegramtest.Fault{}, telegramtest.Fault{Status: 500, Description: "Internal Server Error"})
		se := r.fails(long)
		if se.Parts != 1 {
			t.Fatalf("parts %d, want the first", se.Parts)
		}
		r.restart()
		r.send(long) // the outbox does not know of the part, but we do
		var b strings.Builder
		for _, m := range c.Messages()[1:] {
			b.WriteString(m.Text)
		}
		if b.String() != long.Message.Text {
			t.Errorf("%d bytes in %d messages, want %d once", b.Len(), len(c.Messages())-1, len(long.Message.Text))
		}

		// What remains: a lost answer doubles a new message, not an edit.
		card := out(group, "卡片", channel.Post{Card: "q/1"})
		r.send(card)
		card.Message.Text = "卡片 2"
		r.s.Fail("editMessageText", telegramtest.Fault{Lost: true})
		r.fails(card)
		r.send(card)
		if n := strings.Count(c.Show(), "卡片"); n != 1 {
			t.Errorf("the card stands there %d times", n)
		}
	})
}

func TestPace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		r.s.Limits = true
		c := r.s.Group(group).Forum(true)
		alone := r.s.Private(li)
		start := time.Now()
		for i := range 50 {
			r.send(out(group, fmt.Sprint("消息 ", i), channel.Post{Topic: "c/1", Title: "甲", Card: string(rune('a' + i%3))}))
		}
		for range 20 {
			r.send(out(li.ID, "消息", channel.Post{}))
		}
		for _, call := range r.s.Calls("") {
			if call.Code == 429 {
				t.Fatalf("%s was refused: our pace is too fast", call.Method)
			}
		}
		if len(c.Messages()) != 3 || len(alone.Messages()) != 20 || time.Since(start) > 5*time.Minute {
			t.Errorf("%d and %d messages in %v", len(c.Messages()), len(alone.Messages()), time.Since(start))
		}
	})
}

func TestRefusedForPace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		r.s.Group(group)
		r.s.Group(group - 1)
		r.s.Private(li)
		slow := telegramtest.Fault{Status: 429, Description: "Too Many Requests: retry after 30", RetryAfter: 30}
		r.s.Fail("sendMessage", slow)
		r.fails(out(group, "一", channel.Post{}))
		if se := r.fails(out(group, "二", channel.Post{})); se.Kind != channel.Throttled || se.After != 30*time.Second {
			t.Errorf("got %v after %v, want the chat left alone", se, se.After)
		}
		r.send(out(li.ID, "别处不受影响", channel.Post{}))
		r.s.Fail("sendMessage", slow)
		r.fails(out(group-1, "三", channel.Post{}))
		if se := r.fails(out(li.ID, "四", channel.Post{})); se.Kind != channel.Throttled {
			t.Errorf("got %v, want all chats left alone after two", se)
		}
		if n := len(r.s.Calls("sendMessage")); n != 3 {
			t.Errorf("%d requests, want none while refused", n)
		}
		time.Sleep(31 * time.Second)
		r.send(out(group, "五", channel.Post{}))
	})
}

func TestMigration(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		old := r.s.Group(-77)
		r.send(out(-77, "旧群", channel.Post{Card: "q/1"}))
		now := old.Migrate(group).Forum(true)
		r.send(out(-77, "新群", channel.Post{Card: "q/1"}))
		r.restart()
		r.send(out(-77, "新群 2", channel.Post{Card: "q/1"}))
		r.shows(now, "新群 2")
		if n := len(r.s.Calls("editMessageText")); n != 2 { // the first one was told the new id
			t.Errorf("%d edits, want the new id remembered", n)
		}
		stop := r.run() // brings the service messages too
		now.Say(li, "", "在新群里")
		time.Sleep(time.Second)
		if got := r.taken(); len(got) != 1 || got[0].Board.ID != "-77" {
			t.Errorf("got %+v, want the board by its name", got)
		}
		r.send(out(group, "按新号", channel.Post{})) // the settings follow
		now.Say(li, "", "在新群里")
		time.Sleep(time.Second)
		stop()
		if got := r.taken(); len(got) != 1 || got[0].Board.ID != "-1001234567890" {
			t.Errorf("got %+v, want the board by its new name", got)
		}
	})
}

// TestMarks: a message of the staff is marked, and one that is gone needs none.
func TestMarks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t)
		c := r.s.Group(group)
		id := c.Say(li, "", "您好")
		mark := func(message, with string) channel.Outbound {
			return out(group, with, channel.Post{React: message})
		}
		r.send(mark(fmt.Sprint(id), channel.MarkParked))
		r.send(mark(fmt.Sprint(id), channel.MarkSent))
		r.send(mark("99999", channel.MarkSent))
		if se := r.fails(mark("x", channel.MarkSent)); se.Kind != channel.Rejected {
			t.Errorf("no number: %v", se)
		}
		r.shows(c, "李: 您好"+channel.MarkSent)
	})
}
