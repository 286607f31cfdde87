package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
	"signdesk/bot/channel"
	"signdesk/bot/telegram/telegramtest"
	"signdesk/data/store"
)

// tells is what somebody was told in passing by a press.
func (o *office) tells(query string) string {
	for _, n := range o.tg.Notes() {
		if n.Query == query {
			return n.Text
		}
	}
	return ""
}

// calm lets everything be sent, however long the platform makes it wait.
func (o *office) calm() { o.pass(5 * time.Minute); o.settle() }

// story is lived through whatever the platform does; halfway something happens to
// the group.
func (o *office) story(halfway func(topic string)) {
	shot, err := demo.Picture(platform.Reading{Name: "图"})
	if err != nil {
		o.Fatal(err)
	}
	o.group.Say(ownerZhou, "", "/role 7001 客服 小李")
	o.group.Say(ownerZhou, "", "/role 7002 审核 小王")
	o.calm()
	o.says("a", "提示无权限怎么办")
	o.says("a", "转人工")
	o.calm()
	for name := o.topic("终端 访客"); strings.Count(o.group.Show(), "# "+name) > 1; { // made, and the answer lost: the first ones are empty
		o.group.Say(staffLi, name, "有人吗")
		o.settle()
		o.wants(o.group.Show(), "这个话题没有接上客户")
		o.group.DeleteTopic(name)
	}
	data := o.group.Data("接单")
	o.group.PressData(staffLi, data)
	late := o.group.PressData(staffWang, data)
	o.calm()
	if told := o.tells(late); told != "" { // a press that waited for long is not answered any more
		o.wants(told, "已由 小李 接单")
	}
	topic := o.topic("终端 访客")
	o.group.Post(staffLi, telegramtest.Words{Topic: topic, Text: "请看图", Photo: shot})
	o.calm()
	halfway(topic)
	o.says("a", "收到了，然后呢")
	o.calm()
	topic = o.topic("终端 访客")
	o.group.Say(staffLi, topic, "然后点继续签署")
	o.group.Say(staffLi, topic, "/note 老客户")
	o.calm()
	o.group.Say(staffLi, topic, "/close")
	o.calm()
	o.says("a", "1")
	o.calm()
}

// outcome sees that the story came out right; of what was sent when the answer got
// lost, some may stand there twice.
func (o *office) outcome(doubled int) {
	o.Helper()
	heard := o.news()
	for text, want := range map[string]int{"请看图<图>": 1, "然后点继续签署": 1, "您的问题解决了吗": 1, "老客户": 0} {
		if n := strings.Count(heard, text); n != want {
			o.Errorf("the customer was told %q %d times:\n%s", text, n, heard)
		}
	}
	show := o.group.Show()
	twice := 0
	for text, most := range map[string]int{"✅ 已结束": 1, "🟢": 0, "🔴": 0, "👤 收到了，然后呢": 1, "小李 已接单": 1, "小李 已结束服务": 1, "客户评价：已解决": 2} {
		n := strings.Count(show, text)
		if n == 0 && most > 0 {
			o.Errorf("%q is lost:\n%s", text, show)
		}
		twice += max(0, n-most)
	}
	if twice > doubled {
		o.Errorf("%d things stand there twice, want at most %d:\n%s", twice, doubled, show)
	}
}

// methods are what the story asks of the platform.
var methods = []string{"sendMessage", "editMessageText", "createForumTopic", "answerCallbackQuery", "closeForumTopic", "setMessageReaction", "getUpdates"}

// TestDeskWhateverThePlatformDoes lives through the story while each method fails,
// three times in a row, in each way.
func TestDeskWhateverThePlatformDoes(t *testing.T) {
	never := make(chan struct{})
	for name, f := range map[string]telegramtest.Fault{
		"429":  {Status: 429, Description: "Too Many Requests: retry after 8", RetryAfter: 8},
		"500":  {Status: 500, Description: "Internal Server Error"},
		"page": {Status: 502, Page: "<html>bad gateway"},
		"hang": {Hang: never},
		"lost": {Lost: true},
	} {
		t.Run(name, func(t *testing.T) {
			inOffice(t, func(o *office) {
				doubled := 0
				if f.Lost {
					doubled = 8 // a topic and its posts may stand there twice
				}
				if f.Hang != nil {
					f.Hang = make(chan struct{}) // of this bubble
				}
				for _, m := range methods {
					o.tg.Fail(m, f, f, f)
				}
				o.tg.Fail("getFile", f, f) // a picture is given up after five, and its sender told so
				o.tg.Fail("file", f)
				o.story(func(string) {})
				o.outcome(doubled)
			})
		})
	}
}

// TestDeskTwice: every update comes twice.
func TestDeskTwice(t *testing.T) {
	inOfficeLike(t, func(o *office) { o.wire = twice{o.tg} }, func(o *office) {
		o.story(func(string) {})
		o.outcome(0)
	})
}

// twice brings every update twice.
type twice struct{ http.RoundTripper }

func (w twice) RoundTrip(q *http.Request) (*http.Response, error) {
	resp, err := w.RoundTripper.RoundTrip(q)
	if err != nil || !strings.HasSuffix(q.URL.Path, "/getUpdates") {
		return resp, err
	}
	var ans struct {
		OK     bool              `json:"ok"`
		Result []json.RawMessage `json:"result"`
	}
	raw, err := io.ReadAll(resp.Body)
	if err == nil && json.Unmarshal(raw, &ans) == nil && ans.OK {
		var all []json.RawMessage
		for _, u := range ans.Result {
			all = append(all, u, u)
		}
		ans.Result = append(all, ans.Result...)
		raw, err = json.Marshal(ans)
	}
	resp.Body = io.NopCloser(bytes.NewReader(raw))
	return resp, err
}

// TestDeskTopicDeleted: somebody deletes the topic of a customer who is served.
func TestDeskTopicDeleted(t *testing.T) {
	inOffice(t, func(o *office) {
		o.story(func(topic string) { o.group.DeleteTopic(topic) })
		o.wants(o.news(), "请看图<图>", "然后点继续签署", "您的问题解决了吗")
		o.wants(o.group.Show(), "👤 收到了，然后呢", "✅ 已结束", "备注（小李）：老客户")
	})
}

// TestDeskMigrates: the group becomes a supergroup while a customer is served.
func TestDeskMigrates(t *testing.T) {
	inOffice(t, func(o *office) {
		o.story(func(string) {
			o.group = o.group.Migrate(officeGroup - 5).Forum(true)
			o.calm()
		})
		o.wants(o.news(), "请看图<图>", "然后点继续签署", "您的问题解决了吗")
		o.wants(o.group.Show(), "👤 收到了，然后呢", "✅ 已结束", "客户评价：已解决")
	})
}

// TestDeskSilent: while the staff has a conversation the bot says nothing at all:
// not to words, and not of cases that go on; that is said once the staff is done.
func TestDeskSilent(t *testing.T) {
	inOffice(t, func(o *office) {
		o.hires()
		o.says("a", "转人工")
		topic := o.topic("终端 访客")
		o.presses(staffLi, "接单")
		for _, text := range []string{"提示无权限怎么办", "取消", "你好", "转人工", "申请权限 合同C-12-1"} {
			if reply := o.says("a", text); reply != "" {
				o.Errorf("to %q the bot says %q", text, reply)
			}
		}
		watch := store.Key{}.Str("P-1").Str(channel.Peer{Channel: chatChannel, ID: "a"}.String())
		if err := o.s.store.Update(o.ctx, func(tx store.Tx) error { return tx.Put("watchers", watch, nil) }); err != nil {
			o.Fatal(err)
		}
		for range 2 {
			if err := o.talks.Tell(o.ctx, actions.Message{Case: "P-1", Text: "财务已回填金额，手机号13800001202"}, "news-1"); err != nil {
				o.Fatal(err)
			}
		}
		o.settle()
		if got := o.news(); got != "" {
			o.Errorf("the bot says %q", got)
		}
		o.wants(o.group.Show(), "🤖 系统消息，等人工服务结束后再发给客户：财务已回填金额，手机号138****1202")
		o.writes(staffLi, topic, "/bot")
		got := o.news()
		o.wants(got, "a：财务已回填金额", "人工服务已结束")
		if strings.Count(got, "财务已回填金额") != 1 {
			o.Errorf("told twice: %s", got)
		}
		o.wants(o.says("a", "提示无权限怎么办"), "无权限")
	})
}

// TestDeskSuggests: what the bot would say is offered to the staff, to be sent as it
// is or changed.
func TestDeskSuggests(t *testing.T) {
	inOffice(t, func(o *office) {
		o.hires()
		o.says("a", "转人工")
		o.presses(staffLi, "接单")
		o.says("a", "提示无权限怎么办")
		o.wants(o.group.Show(), "💡发送：提示无权限")
		o.wants(o.presses(staffWang, "✏️改后再发"), "请复制下面的文字")
		if got := o.news(); got != "" {
			o.Errorf("the customer was told %q", got)
		}
		o.wants(o.presses(staffWang, "💡发送：提示无权限，我要当管理员"), "由 小李 接待")
		o.wants(o.presses(staffLi, "💡发送：提示无权限，我要当管理员"), "已发送")
		o.wants(o.news(), "a：【提示无权限，我要当管理员】")
		o.wants(o.group.Show(), "小李 发送了：")
	})
}

// TestDeskPlainGroup: without topics, replies to what the bot posted take their
// place.
func TestDeskPlainGroup(t *testing.T) {
	inOfficeLike(t, func(o *office) { o.group.Forum(false) }, func(o *office) {
		o.hires()
		o.says("a", "转人工")
		o.says("b", "转人工")
		o.presses(staffLi, "接单")
		card := 0
		for _, m := range o.group.Messages() {
			if strings.Contains(m.Text, "客户 终端 访客") && len(m.Buttons) > 0 && strings.Contains(m.Text, "接待：小李") {
				card = m.ID
			}
		}
		if card == 0 {
			o.Fatalf("no card in\n%s", o.group.Show())
		}
		o.writes(staffLi, "", "大家早上好") // among themselves
		if got := o.news(); got != "" {
			o.Errorf("a customer was told %q", got)
		}
		o.group.Post(staffLi, telegramtest.Words{ReplyTo: card, Text: "您好，我是小李"})
		o.settle()
		o.wants(o.news(), "您好，我是小李")
		o.group.Post(staffLi, telegramtest.Words{ReplyTo: card, Text: "/close"})
		o.settle()
		o.wants(o.news(), "您的问题解决了吗")
		o.wants(o.group.Show(), "【终端 访客", "✅ 已结束")
	})
}

// TestDeskPrivate: one member of the staff alone works in a private chat; what he
// writes goes to the customer he has.
func TestDeskPrivate(t *testing.T) {
	inOfficeLike(t, func(o *office) { o.boards = []string{fmt.Sprint(ownerZhou.ID)}; o.group = o.tg.Private(ownerZhou) }, func(o *office) {
		o.says("a", "转人工")
		o.writes(ownerZhou, "", "在吗")
		o.wants(o.group.Show(), "您现在没有接待中的客户")
		o.presses(ownerZhou, "接单")
		o.writes(ownerZhou, "", "您好，请讲")
		o.wants(o.news(), "a：您好，请讲")
		o.says("a", "怎么盖章")
		o.wants(o.group.Show(), "👤 怎么盖章")
		o.writes(ownerZhou, "", "/close")
		o.wants(o.news(), "您的问题解决了吗")
	})
}

// TestDeskSeveralGroups: each conversation keeps to one of the groups, and who is no
// member of a board gets nowhere.
func TestDeskSeveralGroups(t *testing.T) {
	second := officeGroup - 1
	inOfficeLike(t, func(o *office) {
		o.boards = []string{fmt.Sprint(officeGroup), fmt.Sprint(second)}
		o.tg.Group(second).Forum(true)
	}, func(o *office) {
		o.hires()
		both := []*telegramtest.Chat{o.group, o.tg.Group(second)}
		for i := range 8 {
			o.says(fmt.Sprint("p", i), "转人工")
		}
		o.calm()
		cards := 0
		for _, c := range both {
			n := strings.Count(c.Show(), "🔴 待接单")
			if n == 0 {
				o.Error("one group has nothing to do")
			}
			cards += n
		}
		if cards != 8 {
			o.Errorf("%d cards for 8 customers", cards)
		}
		elsewhere := o.tg.Group(-5)
		elsewhere.Say(staffLi, "", "/queue")
		o.settle()
		o.wants(elsewhere.Show(), "还没有登记为客服群")
	})
}

// TestR12_33DeskReviewsInTime: a letter is shown with what was read from it; the
// staff are warned before its working day is over; of two who decide at once, one
// wins and the other is told who did it.
func TestR12_33DeskReviewsInTime(t *testing.T) {
	inOffice(t, func(o *office) {
		o.hires()
		o.letterForReview()
		o.pass(15 * time.Second)
		o.wants(o.group.Show(), "<photo>权限申请（授权书认证）", "授权单位 虚构茶山商贸有限公司", "被授权人 李示二 140****1202", "最晚 5月27日 09:")
		o.pass(9*time.Hour + 50*time.Minute)
		o.lacks(o.group.Show(), "快到审核时限")
		o.pass(20 * time.Minute) // ten past seven in the evening: less than two working hours are left
		o.wants(o.group.Show(), "⏰ 快到审核时限（5月27日 09:")
		if n := strings.Count(o.group.Show(), "快到审核时限"); n != 1 {
			o.Errorf("warned %d times", n)
		}
		data := o.group.Data("通过")
		first, second := o.group.PressData(staffWang, data), o.group.PressData(ownerZhou, data)
		o.settle()
		o.wants(o.tells(first), "已通过")
		o.wants(o.tells(second), "小王", "通过")
	})
}

// TestR07_5DeskReviews: a review arrives with its picture; two decide, one wins.
func TestR07_5DeskReviews(t *testing.T) {
	inOffice(t, func(o *office) {
		o.hires()
		o.letterForReview()
		o.pass(15 * time.Second)
		o.wants(o.group.Show(), "🔎 待审核", "最晚 5月27日", "[通过] [驳回]")
		o.wants(o.presses(staffLi, "通过"), "需要“审核”权限")
		pass := o.group.Data("通过")
		o.wants(o.presses(staffWang, "驳回"), "请选驳回理由")
		o.wants(o.presses(ownerZhou, "图片不清晰，请重新拍照上传"), "已驳回")
		o.wants(o.group.Show(), "✅ 已审核", "周 ", "驳回：图片不清晰")
		query := o.group.PressData(staffWang, pass) // late
		o.pass(2 * time.Second)
		for _, n := range o.tg.Notes() {
			if n.Query == query {
				o.wants(n.Text, "周 ", "驳回：图片不清晰") // who did it
			}
		}
		if err := o.s.platform.View(o.ctx, func(t *platform.Tx) error {
			if n := len(t.OpenReviews()); n != 0 {
				o.Errorf("%d reviews are open", n)
			}
			return t.Err()
		}); err != nil {
			o.Error(err)
		}
	})
}
