package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/bot/desk"
	"signdesk/bot/learn"
	"signdesk/bot/telegram"
	"signdesk/bot/telegram/telegramtest"
	"signdesk/kb"
)

// An office is the whole service with its support desk, at a Telegram without a
// network. Its people write in the channel of the terminal.
type office struct {
	*testing.T
	ctx     context.Context
	s       *service
	talks   *bot.Bot
	desk    *desk.Desk
	base    *kb.Live
	library *learn.Library
	tg      *telegramtest.Server
	group   *telegramtest.Chat
	stop    func()
	ids     int

	boards []string          // ids; none for the group alone
	wire   http.RoundTripper // to Telegram; nil for the server itself

	mu    sync.Mutex
	heard []string // by the people
	fail  error    // what sending to them fails with
}

const (
	officeGroup = int64(-100777)
	officeToken = "4200001:AA_secret-of-the-bot"
)

var (
	ownerZhou = telegramtest.Person{ID: 7000, First: "周"}
	staffLi   = telegramtest.Person{ID: 7001, First: "李"}
	staffWang = telegramtest.Person{ID: 7002, First: "王"}
	strange   = telegramtest.Person{ID: 7999, First: "路人"}
)

// inOffice runs a test in an office. Its clock begins on a Thursday at nine, as
// the demonstration's does.
func inOffice(t *testing.T, run func(*office)) { t.Helper(); inOfficeLike(t, func(*office) {}, run) }

// inOfficeLike is inOffice with changes before it opens.
func inOfficeLike(t *testing.T, change, run func(*office)) {
	t.Helper()
	cfg := testConfig(t)
	cfg.Telegram = telegramConfig{Token: officeToken, Boards: fmt.Sprint(officeGroup), Owners: fmt.Sprint(ownerZhou.ID)}
	outside := startOutside(t)
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, cfg, outside, change)
		defer o.close()
		run(o)
	})
}

// An outside does what cannot be done within a bubble: an index is built by
// goroutines that all share.
type outside struct{ work, done chan func() }

func startOutside(t *testing.T) *outside {
	x := &outside{make(chan func()), make(chan func())}
	go func() {
		for f := range x.work {
			f()
			x.done <- nil
		}
	}()
	t.Cleanup(func() { close(x.work) })
	return x
}

func (x *outside) do(f func()) { x.work <- f; <-x.done }

func newOffice(t *testing.T, cfg *Config, x *outside, change func(*office)) *office {
	ctx, cancel := context.WithCancel(t.Context())
	o := &office{T: t, ctx: ctx, tg: telegramtest.New(officeToken)}
	o.tg.Limits = true
	o.group = o.tg.Group(officeGroup).Forum(true)
	o.wire = o.tg
	change(o)
	if len(o.boards) > 0 {
		cfg.Telegram.Boards = strings.Join(o.boards, ",")
	}
	var err error
	if o.s, err = openMemory(ctx, cfg); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	if o.library, err = newLibrary(cfg, o.s, log); err != nil {
		t.Fatal(err)
	}
	build := o.library.Build
	o.library.Build = func(ctx context.Context, files fs.FS) (b *kb.Base, err error) {
		x.do(func() { b, err = build(context.WithoutCancel(ctx), files) })
		return b, err
	}
	if o.base, err = kb.NewLive(ctx, o.library.Base); err != nil {
		t.Fatal(err)
	}
	recognise, err := openIntents(cfg, o.base)
	if err != nil {
		t.Fatal(err)
	}
	if o.talks, err = newBot(cfg, o.s, o.base, recognise, log, botHooks{desk: true, read: pageChannels}); err != nil {
		t.Fatal(err)
	}
	o.library.Live, o.library.Talks, o.library.See, o.talks.Trial = o.base, o.talks, o.talks.See, o.library.Trial()
	o.desk = newDesk(cfg, o.s, o.talks, o.base, o.library, log)
	keep, err := newKept(o.s.store, o.s.key, telegram.Channel)
	if err != nil {
		t.Fatal(err)
	}
	account, err := telegram.New(telegram.Options{Token: officeToken, Transport: o.wire, Keep: keep, Now: o.s.clock.Now, Logger: log, Receive: o.desk.Receive, Looks: o.desk.Looks,
		Reached: func(ctx context.Context, p channel.Peer, _ bool) error { return o.talks.Reached(ctx, p) }})
	if err != nil {
		t.Fatal(err)
	}
	senders := map[string]channel.Sender{telegram.Channel: account, desk.Channel: o.desk, chatChannel: o}
	var all sync.WaitGroup
	all.Go(func() { _ = account.Run(ctx) })
	all.Go(func() { _ = o.desk.Run(ctx) })
	all.Go(func() { _ = o.library.Follow(ctx) })
	all.Go(func() { _ = o.talks.Deliver(ctx, senders) })
	all.Go(func() {
		for ctx.Err() == nil {
			if _, err := o.talks.Sweep(ctx, workBatch); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(sweepInterval):
			}
		}
	})
	o.stop = func() { cancel(); all.Wait() }
	o.pass(time.Second)
	return o
}

func (o *office) close() {
	o.stop()
	o.tg.Close()
	if err := o.base.Close(); err != nil {
		o.Error(err)
	}
	if err := o.s.Close(); err != nil {
		o.Error(err)
	}
}

// pass lets time pass.
func (o *office) pass(d time.Duration) { time.Sleep(d); synctest.Wait() }

// settle lets everything be sent: a group takes few messages a minute.
func (o *office) settle() {
	o.Helper()
	o.pass(2 * time.Second)
	for range 100 {
		list, err := o.talks.Deliveries(o.ctx, bot.Owed, 1)
		if err != nil {
			o.Fatal(err)
		}
		if len(list) == 0 {
			return
		}
		o.pass(2 * time.Second)
	}
	o.Fatal("the outbox does not get empty")
}

// Send implements [channel.Sender]: it brings words to the people.
func (o *office) Send(_ context.Context, m channel.Outbound) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail != nil {
		return o.fail
	}
	text := m.Message.Plain()
	if m.Message.Image != nil {
		text += "<图>"
	}
	o.heard = append(o.heard, m.To.ID+"："+text)
	return nil
}

// news returns what the people were sent since it was last asked.
func (o *office) news() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := strings.Join(o.heard, "\n")
	o.heard = nil
	return text
}

// says writes as one of the people, and returns the reply; "" if the bot is silent.
func (o *office) says(who, text string) string {
	o.Helper()
	return o.brings(channel.Inbound{Peer: channel.Peer{Channel: chatChannel, ID: who}, Text: text})
}

func (o *office) brings(in channel.Inbound) string {
	o.Helper()
	o.ids++
	in.MessageID = fmt.Sprint(o.ids)
	rec, err := o.talks.Receive(o.ctx, in)
	if err != nil {
		o.Fatal(err)
	}
	reply := ""
	if rec.Reply != nil {
		reply = rec.Reply.Plain()
		if err := o.talks.Delivered(o.ctx, rec.Delivery); err != nil {
			o.Fatal(err)
		}
	}
	o.settle()
	return reply
}

// writes sends a message of the staff to a topic.
func (o *office) writes(p telegramtest.Person, topic, text string) int {
	id := o.group.Say(p, topic, text)
	o.settle()
	return id
}

// presses presses a button, and returns what the staff are told in passing.
func (o *office) presses(p telegramtest.Person, label string) string {
	o.Helper()
	query, err := o.group.Press(p, label)
	if err != nil {
		o.Fatal(err)
	}
	o.settle()
	for _, n := range o.tg.Notes() {
		if n.Query == query {
			return n.Text
		}
	}
	return ""
}

func (o *office) wants(got string, words ...string) {
	o.Helper()
	for _, w := range words {
		if !strings.Contains(got, w) {
			o.Errorf("want %q in\n%s", w, got)
		}
	}
}

func (o *office) lacks(got string, words ...string) {
	o.Helper()
	for _, w := range words {
		if strings.Contains(got, w) {
			o.Errorf("%q stands in\n%s", w, got)
		}
	}
}

// topic is the name of the only topic that begins so.
func (o *office) topic(prefix string) string {
	o.Helper()
	for _, name := range o.group.Topics() {
		if strings.HasPrefix(name, prefix) {
			return strings.TrimSuffix(name, "（关）")
		}
	}
	o.Fatalf("no topic %q in %v", prefix, o.group.Topics())
	return ""
}

// mark is how a message of the staff is marked.
func (o *office) mark(id int) string {
	for _, m := range o.group.Messages() {
		if m.ID == id {
			return m.Mark
		}
	}
	return ""
}

// hires gives the staff their roles.
func (o *office) hires() {
	o.writes(ownerZhou, "", "/role 7001 客服 小李")
	o.writes(ownerZhou, "", "/role 7002 审核 小王")
	o.wants(o.group.Show(), "小李 现在是客服。", "小王 现在是审核。")
}

// taken hires the staff and has one of them take the visitor a, whose topic it
// returns.
func (o *office) taken() (topic string) {
	o.Helper()
	o.hires()
	o.says("a", "转人工")
	topic = o.topic("终端 访客")
	o.presses(staffLi, "接单")
	return topic
}

// refuses has sending to the people fail from now on; nil for no more.
func (o *office) refuses(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fail = err
}

// letterForReview has an applicant send a letter, and decides what waits of the
// demonstration's.
func (o *office) letterForReview() {
	o.Helper()
	run := func(line string) string {
		var b strings.Builder
		if err := platformCommand(o.ctx, o.s, strings.Fields(line), std{out: &b, err: &b}); err != nil && !errors.Is(err, errReported) {
			o.Fatal(err)
		}
		return b.String()
	}
	err := o.s.platform.Run(o.ctx, o.s.platform.NewAct(platform.Actor{Staff: "terminal"}, ""), func(t *platform.Tx) error {
		for _, q := range t.OpenReviews() {
			if err := t.Decide(q.ID, true, ""); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		o.Fatal(err)
	}
	o.wants(run("request C-12-1 A-1202 SealKeeper"), "等待处理")
	for _, f := range strings.Fields(run("show E-12")) {
		if strings.HasPrefix(f, "P-") {
			o.wants(run("letter "+f+" A-1202"), "审核")
		}
	}
}

// TestDeskStory: a customer asks for a person, two of the staff race for him, one
// answers with a picture, notes, closes; the customer rates.
func TestDeskStory(t *testing.T) {
	inOffice(t, func(o *office) {
		o.hires()
		shot, err := demo.Picture(platform.Reading{Name: "图"})
		if err != nil {
			o.Fatal(err)
		}
		o.says("a", "提示无权限怎么办")
		o.wants(o.says("a", "转人工"), "已为您转接人工客服")
		topic := o.topic("终端 访客")
		o.wants(topic, "提示无权限怎么办")
		o.wants(o.group.Show(), "🔴 待接单", "问题：提示无权限怎么办", "客户：提示无权限怎么办", "[接单]")

		o.wants(o.presses(strange, "接单"), "您还没有权限", "7999")
		o.wants(o.presses(staffLi, "接单"), "接单成功")
		o.wants(o.group.Show(), "🟢 接待中", "接待：小李")
		if query, err := o.group.Press(staffWang, "接单"); err == nil { // from a client that still shows it
			o.pass(time.Second)
			o.Errorf("the button is still there: %s", query)
		}

		if reply := o.says("a", "我的手机号是13800001202"); reply != "" {
			o.Errorf("the bot says %q", reply)
		}
		o.wants(o.group.Show(), "👤 我的手机号是138****1202")
		o.lacks(o.group.Show(), "13800001202")

		said := o.writes(staffLi, topic, "您好，请看这张图")
		o.wants(o.news(), "a：您好，请看这张图")
		if got := o.mark(said); got != channel.MarkSent {
			o.Errorf("marked %q", got)
		}
		o.group.Post(staffLi, telegramtest.Words{Topic: topic, Text: "按这里", Photo: shot})
		o.settle()
		o.wants(o.news(), "a：按这里<图>")

		noted := o.writes(staffLi, topic, "/note 答应明天回电 13800001202")
		o.wants(o.group.Show(), "备注（小李）：答应明天回电 138****1202")
		if got := o.mark(noted); got != channel.MarkKept {
			o.Errorf("marked %q", got)
		}
		o.writes(staffWang, topic, "我来答")
		o.wants(o.group.Show(), "由 小李 接待，这句话没有发给客户")
		if got := o.news(); got != "" {
			o.Errorf("the customer was told %q", got)
		}
		o.writes(staffLi, topic, "/tag 权限 #急")
		o.wants(o.group.Show(), "标签：权限、急")

		o.writes(staffLi, topic, "/close")
		o.wants(o.news(), "您的问题解决了吗？", "1. 已解决")
		o.wants(o.group.Show(), "✅ 已结束", topic+"（关）")
		o.wants(o.says("a", "1"), "谢谢您的反馈")
		o.wants(o.group.Show(), "客户评价：已解决")
		o.wants(o.says("a", "提示无权限怎么办"), "无权限") // the bot is back
		o.wants(o.says("a", "已解决"))             // rated once

		o.writes(staffLi, topic, "还在吗")
		o.wants(o.group.Show(), "这次服务已结束，这句话没有发给客户")
		o.presses(staffLi, "再次联系")
		o.writes(staffLi, topic, "补充一句")
		o.wants(o.news(), "a：补充一句")

		o.writes(ownerZhou, "", "/audit")
		o.wants(o.group.Show(), "接单", "备注", "结束", "再次联系")
		o.writes(staffLi, topic, "/history")
		o.wants(o.group.Show(), "客服：您好，请看这张图")
		o.writes(staffLi, topic, "/transcript")
		o.writes(staffLi, "", "/find 请看这张图")
		o.wants(o.group.Show(), "最近说到“请看这张图”的对话", "<20220526-09")
		o.writes(staffLi, "", "/stats")
		o.pass(20 * time.Second)
		o.wants(o.group.Show(), "<photo>统计", "已解决 1")
	})
}

// TestDeskReleases: a hold without a word ends by itself, and the promise is
// shown; the next one takes over.
func TestDeskReleases(t *testing.T) {
	inOffice(t, func(o *office) {
		o.hires()
		o.says("a", "转人工")
		topic := o.topic("终端 访客")
		o.writes(staffLi, topic, "我去查一下，十分钟后回复您")
		o.wants(o.group.Show(), "小李 已接单", "🟢 接待中")
		o.news()
		o.pass(31 * time.Minute)
		o.wants(o.news(), "客服暂时离开")
		o.wants(o.group.Show(), "30分钟没有回复", "最后对客户说的是：我去查一下", "🔴 待接单")
		o.wants(o.says("a", "提示无权限怎么办"), "无权限")
		o.wants(o.group.Show(), "🤖 ") // the staff see what the bot said
		o.writes(staffWang, topic, "我接着帮您")
		o.wants(o.news(), "a：我接着帮您")
		o.writes(staffWang, topic, "/bot")
		o.wants(o.news(), "人工服务已结束")
		o.wants(o.group.Show(), "小王 已把对话交还机器人")
	})
}

// TestDeskTellsOfDelivery: what could not be sent is shown on the message, and it
// is sent when the customer is back.
func TestDeskTellsOfDelivery(t *testing.T) {
	inOffice(t, func(o *office) {
		topic := o.taken()
		o.refuses(&channel.SendError{Kind: channel.Closed, Code: "45015", Err: errors.New("out of the window")})
		said := o.writes(staffLi, topic, "查到了")
		if got := o.mark(said); got != channel.MarkParked {
			o.Errorf("marked %q", got)
		}
		o.wants(o.group.Show(), "还没送到：客户48小时内没有来过消息")
		o.refuses(nil)
		o.says("a", "在吗")
		o.pass(30 * time.Second)
		o.wants(o.news(), "a：查到了")
		if got := o.mark(said); got != channel.MarkSent {
			o.Errorf("marked %q", got)
		}
	})
}

// TestDeskTellsOfLoss: what will never arrive is marked as such, and said.
func TestDeskTellsOfLoss(t *testing.T) {
	inOffice(t, func(o *office) {
		topic := o.taken()
		o.refuses(&channel.SendError{Kind: channel.Rejected, Code: "40003", Err: errors.New("nobody of that name")})
		said := o.writes(staffLi, topic, "查到了")
		if got := o.mark(said); got != channel.MarkLost {
			o.Errorf("marked %q", got)
		}
		o.wants(o.group.Show(), "没能送到：对方平台拒收")
		if o.news() != "" {
			o.Error("it arrived")
		}
	})
}

// TestDeskCanned: editors keep texts that are sent often; staff look them up and
// send them, and change nothing.
func TestDeskCanned(t *testing.T) {
	inOffice(t, func(o *office) {
		topic := o.taken()
		last := func(p telegramtest.Person, topic, text string) string {
			o.writes(p, topic, text)
			list := o.group.Messages()
			return list[len(list)-1].Text
		}
		o.wants(last(staffLi, "", "/canned"), "还没有")
		o.wants(last(staffLi, "", "/canned 回电 稍后给您回电。"), "编辑")
		o.wants(last(staffLi, "", "/canned"), "还没有")
		long := "稍后给您回电，请保持电话畅通。" + strings.Repeat("请您耐心等待。", 10)
		o.wants(last(ownerZhou, "", "/canned 回电 "+long), "已保存", "/c 回电")
		o.wants(last(ownerZhou, "", "/canned 太长 "+strings.Repeat("长", 1001)), "最多1000个字")
		o.wants(last(staffLi, "", "/canned"), "回电：稍后给您回电", "…")
		o.wants(last(staffLi, "", "/canned 回电"), long)
		o.wants(last(staffLi, topic, "/canned 回电"), long)
		o.news()
		o.writes(staffLi, topic, "/c 回电")
		o.wants(o.news(), "a："+long)
		o.wants(last(staffLi, topic, "/c 不在"), "没有叫“不在”的常用语")
		o.wants(last(staffLi, "", "/c 回电"), "请在客户的话题里")
		o.wants(last(ownerZhou, "", "/canned 不在 删除"), "没有叫“不在”的常用语")
		o.wants(last(ownerZhou, "", "/canned 回电 删除"), "已删除")
		o.wants(last(staffLi, "", "/canned"), "还没有")
		if o.news() != "" {
			o.Error("something else was sent")
		}
	})
}

// TestR19_4DeskOutsideHours: at night a handoff waits, and the staff hear of it in
// the morning.
func TestR19_4DeskOutsideHours(t *testing.T) {
	inOffice(t, func(o *office) {
		o.pass(13 * time.Hour)
		o.wants(o.says("a", "转人工"), "已为您转接人工客服，上班后", "不在人工服务时间")
		o.says("b", "转人工")
		o.lacks(o.group.Show(), "开始服务了")
		o.pass(9 * time.Hour)
		o.lacks(o.group.Show(), "开始服务了")
		o.pass(2*time.Hour + time.Minute)
		o.wants(o.group.Show(), "开始服务了：有2位客户在排队")
		o.pass(16 * time.Minute)
		o.wants(o.group.Show(), "还没有人接单", "⚠ 超时")
	})
}
