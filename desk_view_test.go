package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/bot/desk"
	"signdesk/bot/learn"
	"signdesk/kb"
	"signdesk/webhook"
)

// TestDeskCard: the card of a conversation tells who it is, masked, and how far he
// came: the open flow and its step, his case and who is waited for, the last error
// message, what he was shown, and how much may still be sent to him.
func TestDeskCard(t *testing.T) {
	inOffice(t, func(o *office) {
		o.hires()
		o.letterForReview() // a case of A-1202 that waits for the staff
		who := channel.Peer{Channel: chatChannel, ID: "m"}
		say := func(text string) {
			o.brings(channel.Inbound{Peer: who, Account: "A-1202", Text: text, Allows: channel.Allowance{Sends: 5, For: 48 * time.Hour}})
		}
		say("目前没有可使用的印章，请联系企业主管理员添加印章并授权")
		say("申请权限")
		say("转人工")
		card := ""
		for _, m := range o.group.Messages() {
			if strings.HasPrefix(m.Text, "客户 终端") {
				card = m.Text
			}
		}
		o.wants(card, "客户 终端 140****1202\n", "问题：", "提示：目前没有可使用的印章", "正在办理：申请权限，正在问：请发签署链接或合同编号。",
			"办理中：权限申请（等客服）", "已看过：没有可使用的印章怎么处理", "可发送：还能发 ", " 条（到 5月28日")
		o.lacks(card, "14000001202", "A-1202")
	})
}

// TestDeskClocks: the card in the queue shows both clocks in the staff's working
// time, in one message that is edited.
func TestDeskClocks(t *testing.T) {
	inOffice(t, func(o *office) {
		o.hires()
		o.says("a", "转人工")
		o.pass(5*time.Minute + 20*time.Second) // the clocks go on every ten seconds
		o.wants(o.group.Show(), "已等 5分钟（工作时间，目标15分钟内响应）")
		topic := o.topic("终端 访客")
		o.writes(staffLi, topic, "您好")
		o.wants(o.group.Show(), "首次响应 5分钟\n", "已用 5分钟（工作时间，目标8小时内解决）")
		for range 4 { // one word every 25 minutes, so that it stays his
			o.pass(25 * time.Minute)
			o.writes(staffLi, topic, "还在查")
		}
		o.wants(o.group.Show(), "已用 1小时30分钟")
		o.writes(staffLi, topic, "/close")
		o.wants(o.group.Show(), "用时 1小时4")
		if n := strings.Count(o.group.Show(), "转人工\n首次响应"); n != 1 {
			o.Errorf("%d cards in the queue", n)
		}
	})
}

// TestR19_3DeskHours: on a working day staff are there until nine in the evening.
func TestR19_3DeskHours(t *testing.T) {
	inOffice(t, func(o *office) {
		o.pass(11 * time.Hour) // Thursday, 20:00
		o.lacks(o.says("a", "转人工"), "上班后")
		o.pass(time.Hour)
		o.wants(o.says("b", "转人工"), "上班后会在这个对话里回复您", "5月27日 09:00 开始服务")
	})
}

// TestR19_5DeskOnHolidays: on a holiday staff are there until six; at other times
// only what is grave is for the hotline, and clocks stand still.
func TestR19_5DeskOnHolidays(t *testing.T) {
	inOffice(t, func(o *office) {
		o.pass(8*24*time.Hour + 9*time.Hour + 30*time.Minute) // 2022-06-03, 18:30: the Dragon Boat Festival
		o.wants(o.says("a", "转人工"), "上班后", "6月4日 09:00 开始服务", "紧急的重大问题可以先拨打热线")
		o.pass(14 * time.Hour)
		o.wants(o.group.Show(), "已等 不到1分钟")
		o.pass(time.Hour)
		o.wants(o.group.Show(), "开始服务了：有1位客户在排队")
	})
}

// TestDeskNoticed: the staff see that a customer was told by other means, and that
// he could not be told.
func TestDeskNoticed(t *testing.T) {
	inOffice(t, func(o *office) {
		o.hires()
		o.says("a", "转人工")
		tickets, err := ticketsOf(o.ctx, o.talks)
		if err != nil || len(tickets) != 1 {
			o.Fatal(tickets, err)
		}
		for i := range 2 {
			m := channel.Outbound{ID: "n-1", To: channel.Peer{Channel: desk.Channel, ID: tickets[0].ID}}
			m.Message.Text = fmt.Sprintf(`{"Kind":"noticed","Ticket":%q,"At":"2022-05-26T01:00:00Z","Reason":"sms"}`, tickets[0].ID)
			if err := o.desk.Send(o.ctx, m); err != nil {
				o.Fatal(i, err)
			}
		}
		o.settle()
		if n := strings.Count(o.group.Show(), "已改用短信告诉客户"); n != 1 {
			o.Errorf("told %d times:\n%s", n, o.group.Show())
		}
		m := channel.Outbound{ID: "n-2", To: channel.Peer{Channel: desk.Channel, ID: tickets[0].ID}}
		m.Message.Text = fmt.Sprintf(`{"Kind":"unnoticed","Ticket":%q,"At":"2022-05-26T01:00:00Z"}`, tickets[0].ID)
		if err := o.desk.Send(o.ctx, m); err != nil {
			o.Fatal(err)
		}
		o.settle()
		o.wants(o.group.Show(), "没能通知到客户")
	})
}

// TestDeskStatsByHand lives through nine days of conversations whose numbers were
// counted by hand.
func TestDeskStatsByHand(t *testing.T) {
	inOffice(t, func(o *office) {
		o.hires()
		const eleven, fourteen, unknown = "提示无权限怎么办", "目前没有可使用的印章怎么办", taughtQuestion
		web := func(id, text string) channel.Peer {
			p := channel.Peer{Channel: webhook.Channel, ID: id}
			o.brings(channel.Inbound{Peer: p, Text: text})
			return p
		}
		rates := func(p channel.Peer, r bot.Rating) {
			lines, err := o.talks.LogBefore(o.ctx, p, 0, 1)
			if err != nil || len(lines) != 1 {
				o.Fatal(lines, err)
			}
			if err := o.talks.Rate(o.ctx, p, lines[0].Seq, r); err != nil {
				o.Fatal(err)
			}
		}
		day := 24 * time.Hour
		o.says("old", eleven) // before the seven days
		o.pass(2 * day)
		rates(web("w1", eleven), bot.Helpful)    // 11: helpful
		rates(web("w2", eleven), bot.NotHelpful) // 11: failed
		web("w3", eleven)                        // 11: leaves silently: unknown
		web("w4", eleven)                        // 11: asked again below, five days later: failed
		o.says("c1", fourteen)                   // 14: calls a person: handed
		o.says("c1", "转人工")
		o.says("c2", unknown) // no answer: failed
		o.says("c3", unknown) // no answer, and calls a person: handed
		o.says("c3", "转人工")
		o.says("c4", fourteen) // 14: calls a person the day after tomorrow: unknown
		o.says("c5", "你好")     // small talk is no question
		o.pass(2 * day)
		o.says("c4", "转人工")
		o.pass(3 * day)
		web("w4", eleven) // 11: unknown
		o.brings(channel.Inbound{Peer: channel.Peer{Channel: channel.Preview, ID: "p"}, Text: unknown})
		o.pass(day)
		s, err := o.desk.Count(o.ctx, 7)
		if err != nil {
			o.Fatal(err)
		}
		want := map[string]desk.Tally{
			"all": {Asked: 9, Answered: 7, Confirmed: 1, Failed: 3, Handed: 2, Unknown: 3},
			"web": {Asked: 5, Answered: 5, Confirmed: 1, Failed: 2, Unknown: 2}, "chat": {Asked: 4, Answered: 2, Failed: 1, Handed: 2, Unknown: 1},
			"11": {Asked: 5, Answered: 5, Confirmed: 1, Failed: 2, Unknown: 2}, "14": {Asked: 2, Answered: 2, Handed: 1, Unknown: 1},
			"": {Asked: 2, Failed: 1, Handed: 1},
		}
		got := map[string]desk.Tally{"all": s.All}
		for name, t := range s.Channels {
			got[name] = t
		}
		for id, t := range s.Entries {
			got[id] = t
		}
		if d := cmp.Diff(want, got); d != "" {
			o.Errorf("(-by hand +counted):\n%s", d)
		}
		if s.Tickets != 3 || len(s.Days) != 7 {
			o.Errorf("%d tickets, %d days", s.Tickets, len(s.Days))
		}
		o.writes(staffLi, "", "/stats 7")
		o.works()
		o.wants(o.group.Show(), "提问 9 次：确认有用 1、转人工 2、没解决 3、未知 3；机器人答了 7 次", "　网页 5 次：", "　终端 4 次：", "人工服务 3 次")
	})
}

// TestDeskGoesOnWhilePublishing: an exam takes as long as it likes; clocks, warnings
// and customers do not wait for it, and the staff see how far it is.
func TestDeskGoesOnWhilePublishing(t *testing.T) {
	inOffice(t, func(o *office) {
		o.hires()
		held, exam := make(chan bool), o.library.Exam
		o.library.Exam = func(ctx context.Context, b *kb.Base) (learn.Exam, error) { <-held; return exam(ctx, b) }
		o.says("a", "量子印泥多少毫升起订")
		o.writes(ownerZhou, "", "/misses")
		o.works()
		o.presses(ownerZhou, "1 做成新条目")
		o.writes(ownerZhou, "", "/draft 1 答案 我们不卖印泥。")
		o.writes(ownerZhou, "", "/publish")
		o.wants(o.group.Show(), "正在用测试题检查新内容……")
		o.says("b", "转人工")
		o.pass(16 * time.Minute)
		o.wants(o.group.Show(), "⏰ 已等15分钟还没有人接单", "已等 15分钟")
		o.writes(staffLi, o.topic("终端 访客"), "您好")
		o.wants(o.news(), "b：您好")
		close(held)
		o.works()
		o.wants(o.group.Show(), "已发布版本1")
		o.lacks(o.group.Show(), "正在用测试题")
	})
}
