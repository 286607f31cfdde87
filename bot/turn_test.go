package bot_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signdesk/actions"
	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/bot/desk"
	"signdesk/data"
	"signdesk/data/store"
	"signdesk/kb"
)

// A room is a bot with one small flow and a base that knows nothing.
type room struct {
	testing.TB
	*bot.Bot
	mu      sync.Mutex
	now     time.Time
	commits int
	turns   int
	sent    []channel.Outbound
	refuse  error // what sending fails with
	sending func()
	packs   bool // messages are joined
}

// ignorant is a base that knows nothing.
type ignorant struct{}

func (ignorant) Decide(context.Context, string) (kb.Decision, error) { return kb.Decision{}, nil }
func (ignorant) Content() *kb.Content                                { return &kb.Content{} }

func newRoom(t testing.TB) *room {
	t.Helper()
	s, err := store.NewMemory(context.Background(), store.Options{Tables: bot.Tables(), Migrations: bot.Migrations()})
	if err != nil {
		t.Fatal(err)
	}
	return roomOn(t, s)
}

func roomOn(t testing.TB, s store.Store) *room {
	t.Helper()
	d := &room{TB: t, now: time.Date(2022, 5, 26, 1, 0, 0, 0, time.UTC)}
	words, err := actions.ReadWords(data.Flows())
	if err != nil {
		t.Fatal(err)
	}
	words = map[string]*actions.Words{"engine": words["engine"], "order": {Title: "点单",
		Intents: map[string]actions.Phrases{"order": {}}, Steps: map[actions.StepID]actions.StepWords{
			"what": {Prompt: "要什么？", Hint: "请说要什么。"}, "secret": {Prompt: "密码？", Hint: "请输入。"},
			"do": {Receipt: "下单了。"}, "end": {Prompt: "好了。"}}}}
	text := func(_ *actions.Context, in actions.Input) (string, error) { return in.Text, nil }
	engine, err := actions.New([]actions.Flow{{Name: "order", Code: "F99", Steps: []actions.Step{
		{ID: "what", Parse: text}, {ID: "secret", Parse: text, Secret: true},
		{ID: "do", Do: func(c *actions.Context) error {
			if _, err := c.Ask("outside", func(context.Context) (any, error) { return 1, nil }); err != nil {
				return err
			}
			d.mu.Lock()
			defer d.mu.Unlock()
			d.commits++
			c.Effects.Watch = append(c.Effects.Watch, "case")
			c.Effects.Progress = append(c.Effects.Progress, actions.Message{Case: "case", Text: "又下了一单"})
			return nil
		}}, {ID: "end", Ends: "done"},
	}}}, words, nil)
	if err != nil {
		t.Fatal(err)
	}
	d.Bot = bot.New(bot.Options{Store: s, Base: ignorant{}, Engine: engine, Now: d.clock, Logger: slog.New(slog.DiscardHandler), Read: []string{"page"},
		Extract: func(string) map[string]string { return nil }, Hours: func(time.Time) bot.Hours { return bot.Hours{Text: "服务时间"} },
		Recognise: func(text string, _ kb.Decision) bot.Intent {
			return bot.Intent{Label: map[string]string{"我要点单": "order"}[text], Start: true}
		}})
	return d
}

func (d *room) clock() time.Time { d.mu.Lock(); defer d.mu.Unlock(); return d.now }

func (d *room) forward(by time.Duration) { d.mu.Lock(); defer d.mu.Unlock(); d.now = d.now.Add(by) }

// Send is the sender of the test's channel.
func (d *room) Send(_ context.Context, m channel.Outbound) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.refuse != nil {
		return d.refuse
	}
	if d.sending != nil {
		d.mu.Unlock()
		d.sending()
		d.mu.Lock()
	}
	d.sent = append(d.sent, m)
	return nil
}

func peer(id string) channel.Peer { return channel.Peer{Channel: "test", ID: id} }

func (d *room) message(who, id, text string) bot.Receipt {
	d.Helper()
	rec, err := d.Receive(context.Background(), channel.Inbound{Peer: peer(who), MessageID: id, Text: text, Account: "A-" + who})
	if err != nil {
		d.Fatal(err)
	}
	return rec
}

// says sends a message and returns the reply.
func (d *room) says(who, text string) string {
	d.Helper()
	d.turns++
	rec := d.message(who, fmt.Sprint("m", d.turns), text)
	if rec.Reply == nil {
		return ""
	}
	return rec.Reply.Plain()
}

func (d *room) wants(got, want string) {
	d.Helper()
	if !strings.Contains(got, want) {
		d.Errorf("want %q in %q", want, got)
	}
}

func (d *room) deliver() int {
	d.Helper()
	n, err := d.DeliverOnce(context.Background(), map[string]channel.Sender{"test": d})
	if err != nil {
		d.Fatal(err)
	}
	return n
}

// TestSameMessageTwice: it acts once, and gets the same reply.
func TestSameMessageTwice(t *testing.T) {
	d := newRoom(t)
	d.says("a", "我要点单")
	d.says("a", "茶")
	first := d.message("a", "x", "1234")
	d.forward(time.Minute)
	second, err := d.Receive(t.Context(), channel.Inbound{Peer: peer("a"), MessageID: "x", Text: "1234"})
	if err != nil || first.Again || !second.Again {
		t.Errorf("first %+v, second %+v, %v", first, second, err)
	}
	second.Again = false
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("second receipt (-first +second):\n%s", diff)
	}
	if d.commits != 1 {
		t.Errorf("%d commits", d.commits)
	}
	d.forward(time.Minute)
	if d.deliver(); len(d.sent) != 3 {
		for d.deliver() > 0 {
		}
	}
	if len(d.sent) != 3 { // one reply a message
		t.Errorf("%d replies were sent", len(d.sent))
	}
}

// TestThousandCopies: one message from many connections at once acts once.
func TestThousandCopies(t *testing.T) {
	d := newRoom(t)
	d.says("a", "我要点单")
	d.says("a", "茶")
	var wg sync.WaitGroup
	texts := make([]string, 1000)
	for i := range texts {
		wg.Go(func() { texts[i] = d.message("a", "x", "1234").Reply.Text })
	}
	wg.Wait()
	if d.commits != 1 || len(slices.Compact(texts)) != 1 {
		t.Errorf("%d commits, replies %q", d.commits, slices.Compact(texts))
	}
}

// TestConversationsInOrder: messages of one conversation act one after another;
// a conversation does not wait for another.
func TestConversationsInOrder(t *testing.T) {
	d := newRoom(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			who := fmt.Sprint("p", i)
			for k, text := range []string{"我要点单", "茶", "1234"} {
				d.message(who, fmt.Sprint(k), text)
			}
		})
	}
	wg.Wait()
	if d.commits != 20 {
		t.Errorf("%d commits, want 20", d.commits)
	}
}

func TestSecretsAreNotKept(t *testing.T) {
	d := newRoom(t)
	d.says("a", "我要点单")
	d.says("a", "茶 13712343482 990001198001010123")
	d.says("a", "hunter2")
	lines, err := d.Transcript(t.Context(), peer("a"))
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(lines, "\n")
	for _, secret := range []string{"hunter2", "13712343482", "990001198001010123"} {
		if strings.Contains(all, secret) {
			t.Errorf("the transcript has %s:\n%s", secret, all)
		}
	}
	d.wants(all, "137****3482")
	d.wants(all, "［已隐去］")
}

func TestProgressReachesWatchers(t *testing.T) {
	d := newRoom(t)
	for _, who := range []string{"a", "b"} {
		for _, text := range []string{"我要点单", "茶", "1234"} {
			d.says(who, text)
		}
	}
	d.forward(time.Minute)
	for d.deliver() > 0 {
	}
	var news []string
	for _, m := range d.sent {
		if m.Message.Text == "又下了一单" {
			news = append(news, m.To.ID)
		}
	}
	if !slices.Equal(news, []string{"a"}) { // b came later, and caused it himself
		t.Errorf("told %v", news)
	}
}

// TestDeliveries: order for one person, back-off, parking, giving up, sending
// again by hand.
func TestDeliveries(t *testing.T) {
	d := newRoom(t)
	owe := func(id, to string) {
		t.Helper()
		err := d.Store.Update(t.Context(), func(tx store.Tx) error {
			return d.Owe(tx, id, peer(to), channel.Message{Text: id})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	owe("1", "a")
	owe("2", "a")
	owe("2", "a") // the same once more
	owe("3", "b")
	d.refuse = errors.New("down")
	if d.deliver() != 0 {
		t.Error("sent although it failed")
	}
	d.refuse = nil
	if d.deliver() != 0 {
		t.Error("tried again at once")
	}
	d.forward(10 * time.Second)
	for d.deliver() > 0 {
	}
	var order []string
	for _, m := range d.sent {
		if m.To.ID == "a" {
			order = append(order, m.ID)
		}
	}
	if !slices.Equal(order, []string{"1", "2"}) || len(d.sent) != 3 {
		t.Errorf("sent %v", d.sent)
	}

	for kind, want := range map[channel.Failure]bot.DeliveryState{channel.Closed: bot.Parked, channel.Rejected: bot.Dead} {
		id := "x-" + string(kind)
		owe(id, string(kind))
		d.refuse = &channel.SendError{Kind: kind, Code: "45015"}
		d.deliver()
		d.refuse = nil
		list, err := d.Deliveries(t.Context(), want, 10)
		if err != nil || len(list) != 1 || list[0].ID != id || !strings.Contains(list[0].Failure, "45015") {
			t.Errorf("%s: %v, %v", kind, list, err)
		}
		if err := d.Resend(t.Context(), id); err != nil {
			t.Error(err)
		}
		if d.deliver() != 1 {
			t.Errorf("%s: not sent again", kind)
		}
	}
	if err := d.Resend(t.Context(), "1"); err == nil {
		t.Error("what was sent can be sent again")
	}
	owe("y", "c")
	d.refuse = errors.New("down")
	for range 20 {
		d.deliver()
		d.forward(2 * time.Hour)
	}
	if list, _ := d.Deliveries(t.Context(), bot.Dead, 10); len(list) != 1 || list[0].Tries != 12 {
		t.Errorf("given up: %v", list)
	}
}

// TestHandoff: while a person of the staff has the conversation the bot says
// nothing; it comes back with a note.
func TestHandoff(t *testing.T) {
	d := newRoom(t)
	ctx := t.Context()
	d.says("a", "我要点单")
	d.wants(d.says("a", "转人工"), "已为您转接人工客服")
	list, err := ticketsOf(ctx, d.Bot)
	if err != nil || len(list) != 1 || !strings.Contains(list[0].Summary, "user: 我要点单") {
		t.Fatalf("tickets %v, %v", list, err)
	}
	id := list[0].ID
	if err := claim(ctx, d.Bot, id, "kefu1"); err != nil {
		t.Fatal(err)
	}
	if err := claim(ctx, d.Bot, id, "kefu2"); !errors.Is(err, desk.ErrTaken) {
		t.Errorf("two have it: %v", err)
	}
	if got := d.says("a", "在吗"); got != "" {
		t.Errorf("the bot says %q", got)
	}
	if err := say(ctx, d.Bot, id, "kefu1", "1", "您好"); err != nil {
		t.Fatal(err)
	}
	if err := say(ctx, d.Bot, id, "kefu1", "1", "您好"); err != nil {
		t.Fatal(err)
	}
	d.forward(time.Minute)
	for d.deliver() > 0 {
	}
	if n := len(slices.DeleteFunc(d.sent, func(m channel.Outbound) bool { return m.Message.Text != "您好" })); n != 1 {
		t.Errorf("the staff's words were sent %d times", n)
	}
	d.forward(29*time.Minute + 30*time.Second)
	d.wants(d.says("a", "你好"), "人工服务已结束")

	d.says("a", "转人工")
	list, _ = ticketsOf(ctx, d.Bot)
	id = list[len(list)-1].ID
	if err := errors.Join(claim(ctx, d.Bot, id, "kefu1"), d.Work(ctx, func(tx desk.Tx) error { return tx.Release(id, true) })); err != nil {
		t.Fatal(err)
	}
	if got := d.says("a", "在吗"); got == "" {
		t.Error("the bot is still silent")
	}
}

func TestForget(t *testing.T) {
	d := newRoom(t)
	for _, who := range []string{"a", "b"} {
		for _, text := range []string{"我要点单", "茶", "1234", "转人工"} {
			d.says(who, text)
		}
	}
	n, err := d.Forget(t.Context(), "A-a")
	if err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	if lines, _ := d.Transcript(t.Context(), peer("a")); lines != nil {
		t.Errorf("left: %q", lines)
	}
	if lines, _ := d.Transcript(t.Context(), peer("b")); len(lines) == 0 {
		t.Error("somebody else was forgotten too")
	}
	if err := store.VerifyTables(t.Context(), d.Store, bot.Tables()); err != nil {
		t.Error(err)
	}
}

func TestUnbind(t *testing.T) {
	d := newRoom(t)
	d.wants(d.says("a", "解绑"), "已解除账号绑定")
}

func TestReminderAndExpiry(t *testing.T) {
	d := newRoom(t)
	d.says("a", "我要点单")
	sweep := func() {
		t.Helper()
		if _, err := d.Sweep(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		for d.deliver() > 0 {
		}
	}
	d.forward(6*24*time.Hour + time.Minute)
	sweep()
	sweep()
	d.forward(24 * time.Hour)
	sweep()
	var told []string
	for _, m := range d.sent[1:] { // the first is the reply
		told = append(told, m.Message.Text)
	}
	if len(told) != 2 || !strings.Contains(told[0], "再过一天会自动结束") || !strings.Contains(told[1], "已经自动结束") {
		t.Errorf("told %q", told)
	}
}

// BenchmarkTurn is one turn without network: what a message costs beside the
// disk.
func BenchmarkTurn(b *testing.B) {
	d := newRoom(b)
	i := 0
	for b.Loop() {
		i++
		d.message(fmt.Sprint("p", i%1000), fmt.Sprint(i), "我要点单")
	}
}
