package bot_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/bot/desk"
)

// Cost is how many lines a message has: the test's channel sends each by itself.
func (d *room) Cost(m channel.Outbound) int {
	n := len(strings.Split(m.Message.Text, "\n")) - m.Skip
	if m.Budget > 0 {
		n = min(n, m.Budget)
	}
	return n
}

// Pack joins what was asked to be joined.
func (d *room) Pack(list []channel.Outbound) (channel.Outbound, int) {
	joined, n := list[0], 1
	for d.packs && n < len(list) {
		joined.Message.Text += "＋" + list[n].Message.Text
		n++
	}
	return joined, n
}

func (d *room) allowed(who string, a channel.Allowance) bot.Receipt {
	d.Helper()
	d.turns++
	rec, err := d.Receive(context.Background(), channel.Inbound{Peer: peer(who), MessageID: "a" + who + time.Duration(d.turns).String(), Text: "在吗", Allows: a})
	if err != nil {
		d.Fatal(err)
	}
	return rec
}

func (d *room) left(who string, want int) {
	d.Helper()
	n, _, counted, err := d.Allowed(context.Background(), peer(who))
	if err != nil || !counted || n != want {
		d.Errorf("%d sends are left (counted %v, %v), want %d", n, counted, err, want)
	}
}

// TestAllowance: sends are counted, some are kept for the staff, what exceeds
// them waits for the person, and a new message counts anew.
func TestAllowance(t *testing.T) {
	d := newRoom(t)
	d.Bot.Reserve = 1
	message, click := channel.Allowance{Sends: 5, For: 48 * time.Hour}, channel.Allowance{Sends: 3, For: time.Minute}
	carried := d.allowed("a", message)
	if err := d.Delivered(t.Context(), carried.Delivery); err != nil { // in the request: costs nothing
		t.Fatal(err)
	}
	d.left("a", 5)
	owe := func(id, text string) {
		if err := d.Give(id, peer("a"), text); err != nil {
			t.Fatal(err)
		}
		for d.deliver() > 0 {
		}
	}
	owe("one", "一")
	d.left("a", 4)
	owe("two", "一\n二")
	d.left("a", 2)
	owe("many", "一\n二\n三\n四")
	d.left("a", 1)
	owe("late", "迟到")
	d.left("a", 1) // for the staff
	if len(d.sent) != 3 || d.sent[2].Budget != 1 {
		t.Errorf("sent %+v", d.sent)
	}
	list, err := d.Pending(t.Context(), peer("a"), 10)
	if err != nil || len(list) != 1 || list[0].State != bot.Parked {
		t.Fatalf("%v %v", list, err)
	}
	d.allowed("a", click)
	d.left("a", 4)
	d.forward(2 * time.Minute)
	d.left("a", 1) // the click's are gone
	if rec := d.allowed("a", message); rec.Earlier != 2 {
		t.Errorf("%d earlier", rec.Earlier)
	}
	d.left("a", 5)
	d.forward(49 * time.Hour)
	d.left("a", 0)
	for d.deliver() > 0 {
	}
	if len(d.sent) != 3 {
		t.Errorf("sent outside of the window: %+v", d.sent[3:])
	}
}

// owe owes somebody a message and has what is due delivered.
func (d *room) owe(id, text string) {
	d.Helper()
	if err := d.Give(id, peer("a"), text); err != nil {
		d.Fatal(err)
	}
	for d.deliver() > 0 {
	}
}

// begun is a room in which somebody has just written, and got the reply.
func begun(t *testing.T) *room {
	d := newRoom(t)
	d.hear()
	return d
}

func (d *room) hear() {
	d.Helper()
	rec := d.allowed("a", channel.Allowance{Sends: 5, For: 48 * time.Hour})
	if err := d.Delivered(context.Background(), rec.Delivery); err != nil {
		d.Fatal(err)
	}
}

// TestPacked has messages that are due at once cost one send.
func TestPacked(t *testing.T) {
	d := begun(t)
	d.packs = true
	for _, id := range []string{"1", "2", "3"} {
		if err := d.Give(id, peer("a"), id); err != nil {
			t.Fatal(err)
		}
	}
	for d.deliver() > 0 {
	}
	if len(d.sent) != 1 || d.sent[0].Message.Text != "1＋2＋3" {
		t.Errorf("sent %+v", d.sent)
	}
	d.left("a", 4)
	d.refuse = &channel.SendError{Kind: channel.Closed, Code: "45015", Shut: true}
	d.owe("4", "4")
	d.left("a", 0) // whatever was counted
	d.hear()
	d.left("a", 5)
	d.refuse = &channel.SendError{Kind: channel.Retry, Code: "-1"}
	d.owe("5", "5")
	d.left("a", 5) // refused: not counted by the platform either
	d.forward(time.Hour)
	d.refuse = &channel.SendError{Kind: channel.Retry}
	d.owe("6", "6")
	d.left("a", 4) // in doubt
}

// TestCarriedOrSent lets a message that waits go with a reply or be sent, and
// never both.
func TestCarriedOrSent(t *testing.T) {
	d := begun(t)
	repeat := false
	carry := func(want int, wantFlying bool) {
		t.Helper()
		got, flying, err := d.Carry(t.Context(), repeat, "1", "2")
		if err != nil || len(got) != want || flying != wantFlying {
			t.Errorf("claimed %q, flying %v: %v", got, flying, err)
		}
	}
	for _, id := range []string{"1", "2"} {
		if err := d.Give(id, peer("a"), id); err != nil {
			t.Fatal(err)
		}
	}
	carry(2, false)
	if n := d.deliver(); n != 0 {
		t.Errorf("%d were sent though a reply carries them", n)
	}
	d.forward(time.Minute)
	d.sending = func() { carry(0, true) }
	d.deliver()
	d.sending = nil
	carry(1, false) // the first was sent
	if err := d.Delivered(t.Context(), "2"); err != nil {
		t.Fatal(err)
	}
	carry(0, false) // the next reply does not bring it as well
	repeat = true
	carry(1, false) // the same again, to whoever brings the message again
	if len(d.sent) != 1 {
		t.Errorf("sent %+v", d.sent)
	}
}

// TestNotice tells a person once, by other means, that something waits for him.
func TestNotice(t *testing.T) {
	d := begun(t)
	var texted []string
	d.Bot.Text = func(_ context.Context, account, id string) (string, error) {
		texted = append(texted, account+" "+id)
		return "sms", nil
	}
	d.refuse = &channel.SendError{Kind: channel.Closed, Code: "45015", Shut: true}
	d.owe("1", "一")
	if texted != nil {
		t.Errorf("texted a stranger: %q", texted)
	}
	d.refuse = nil
	d.message("a", "bind", "在吗") // the test's messages name an account
	d.refuse = &channel.SendError{Kind: channel.Closed, Code: "45015", Shut: true}
	d.forward(time.Minute)
	for d.deliver() > 0 {
	}
	d.owe("2", "二")
	if len(texted) != 1 || !strings.HasPrefix(texted[0], "A-a w-") {
		t.Errorf("texted %q", texted)
	}
	d.hear()
	d.owe("3", "三")
	d.forward(time.Minute)
	for d.deliver() > 0 {
	}
	if len(texted) != 2 {
		t.Errorf("after he wrote again: %q", texted)
	}
}

// TestStaffLinesGather has lines of the staff that follow one another cost one
// send, out of what is kept for them; and the desk hear that the person was told
// of what waits.
func TestStaffLinesGather(t *testing.T) {
	d := begun(t)
	d.packs, d.Bot.Reserve, d.Bot.Desk = true, 5, true
	d.turns++
	d.message("a", "m-human", "转人工")
	list, err := ticketsOf(t.Context(), d.Bot)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d tickets: %v", len(list), err)
	}
	id := list[0].ID
	if err := claim(t.Context(), d.Bot, id, "wang"); err != nil {
		t.Fatal(err)
	}
	if err := d.Delivered(t.Context(), pendingOf(d)...); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"您好", "我看一下"} {
		if err := say(t.Context(), d.Bot, id, "wang", text, text); err != nil {
			t.Fatal(err)
		}
	}
	if n := d.deliver(); n != 0 {
		t.Errorf("%d were sent at once", n)
	}
	d.forward(3 * time.Second)
	for d.deliver() > 0 {
	}
	if len(d.sent) != 1 || d.sent[0].Message.Text != "您好＋我看一下" {
		t.Errorf("sent %+v", d.sent)
	}
	d.left("a", 4)
	d.Bot.Text = func(context.Context, string, string) (string, error) { return "sms", nil }
	d.refuse = &channel.SendError{Kind: channel.Closed, Code: "45015", Shut: true}
	if err := say(t.Context(), d.Bot, id, "wang", "3", "在吗"); err != nil {
		t.Fatal(err)
	}
	d.forward(3 * time.Second)
	for d.deliver() > 0 {
	}
	told, err := d.Pending(t.Context(), channel.Peer{Channel: desk.Channel, ID: id}, 20)
	if err != nil {
		t.Fatal(err)
	}
	var heard string
	for _, m := range told {
		heard += m.Message.Text
	}
	if !strings.Contains(heard, `"noticed"`) || !strings.Contains(heard, `"sms"`) || !strings.Contains(heard, `"45015"`) {
		t.Errorf("the desk hears %s", heard)
	}
}

// pendingOf are the ids of what somebody has not got.
func pendingOf(d *room) (ids []string) {
	list, err := d.Pending(context.Background(), peer("a"), 0)
	if err != nil {
		d.Fatal(err)
	}
	for _, m := range list {
		ids = append(ids, m.ID)
	}
	return ids
}

// TestWindowsOfWhoLeft are closed: nothing reaches him until he follows again.
func TestWindowsOfWhoLeft(t *testing.T) {
	t.Parallel()
	d := begun(t)
	d.left("a", 5)
	if _, err := d.Receive(t.Context(), channel.Inbound{Peer: peer("a"), MessageID: "left", Kind: channel.Left}); err != nil {
		t.Fatal(err)
	}
	d.left("a", 0)
	d.owe("1", "一")
	if len(d.sent) != 0 {
		t.Errorf("sent %+v", d.sent)
	}
	d.allowed("a", channel.Allowance{Sends: 3, For: time.Minute})
	d.left("a", 3)
}

// crossed has a send be refused, and something happen while it is on its way.
func (d *room) crossed(id string, failure error, meanwhile func()) {
	d.Helper()
	if err := d.Give(id, peer("a"), id); err != nil {
		d.Fatal(err)
	}
	if _, err := d.DeliverOnce(context.Background(), map[string]channel.Sender{"test": crossing{d, failure, meanwhile}}); err != nil {
		d.Fatal(err)
	}
}

type crossing struct {
	*room
	failure   error
	meanwhile func()
}

func (c crossing) Send(context.Context, channel.Outbound) error { c.meanwhile(); return c.failure }

// TestRefundOfAnotherWindow: a send that the platform refused is given back to the
// window that it was taken from, not to one that opened meanwhile or is longer.
func TestRefundOfAnotherWindow(t *testing.T) {
	t.Parallel()
	busy := &channel.SendError{Kind: channel.Retry, Code: "-1"}
	d := begun(t)
	d.crossed("1", busy, func() { d.forward(time.Second); d.hear() })
	d.left("a", 5)
	d = begun(t)
	d.allowed("a", channel.Allowance{Sends: 3, For: time.Minute})
	d.forward(30 * time.Second)
	d.crossed("1", busy, func() { d.forward(31 * time.Second) })
	d.left("a", 5)
	d = begun(t)
	d.crossed("1", busy, func() {})
	d.left("a", 5)
}

// TestQuotaLowered: sends of before are not added to those that a message allows
// from now on.
func TestQuotaLowered(t *testing.T) {
	t.Parallel()
	d := newRoom(t)
	d.allowed("a", channel.Allowance{Sends: 20, For: 48 * time.Hour})
	d.forward(time.Hour)
	d.allowed("a", channel.Allowance{Sends: 5, For: 48 * time.Hour})
	d.left("a", 5)
}

// TestRefusedWhileHeWrites: a message that was refused while its person wrote can
// reach him now, and so can all others.
func TestRefusedWhileHeWrites(t *testing.T) {
	t.Parallel()
	d := begun(t)
	d.crossed("1", &channel.SendError{Kind: channel.Closed, Code: "45047", Shut: true}, func() { d.forward(time.Second); d.hear() })
	d.left("a", 5)
	d.forward(time.Minute)
	for d.deliver() > 0 {
	}
	if len(d.sent) != 1 {
		t.Errorf("sent %+v", d.sent)
	}
	d.left("a", 4)
}

// TestOutageCostsOneSend: tries of one message whose answers are lost count once, so
// that an outage does not use up the window.
func TestOutageCostsOneSend(t *testing.T) {
	t.Parallel()
	d := begun(t)
	d.refuse = &channel.SendError{Kind: channel.Retry}
	d.owe("1", "一")
	for range 5 {
		d.forward(time.Hour)
		d.deliver()
	}
	d.left("a", 4)
	d.refuse = nil
	d.forward(time.Hour)
	if d.deliver(); len(d.sent) != 1 {
		t.Errorf("sent %+v", d.sent)
	}
}
