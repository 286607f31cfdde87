package bot_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"signdesk/bot"
	"signdesk/bot/channel"
)

// Cost is how many lines a message has: the test's channel sends each by itself.
func (d *room) Cost(m channel.Outbound) int {
	n := len(strings.Split(m.Message.Text, "\n")) - m.Skip
	if m.Budget > 0 {
		n = min(n, m.Budget)
	}
	return n
}

func (d *room) allowed(who string, a channel.Allowance) bot.Receipt {
	d.Helper()
	d.turns++
	rec, err := d.Receive(context.Background(), channel.Inbound{Peer: peer(who), MessageID: "a" + who + time.Duration(d.turns).String(), At: d.clock(), Text: "在吗", Allows: a})
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
