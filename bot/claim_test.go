package bot_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/data/store"
)

// claiming is a room whose answers are the same for everybody, in which ann was given
// one that nobody has brought to her yet.
func claiming(t *testing.T) (d *room, rec bot.Receipt) {
	t.Helper()
	d = newRoom(t)
	d.Base = newKnowing()
	rec = d.message("ann", "1", "合同打不开")
	if got := d.records("deliveries"); len(got) != 0 {
		t.Fatalf("deliveries %q before the claim is over", got)
	}
	if got := d.records("bot-claims"); !slices.Equal(got, []string{rec.Delivery}) {
		t.Fatalf("claims %q, want that of %s", got, rec.Delivery)
	}
	return d, rec
}

// records are the keys of a table.
func (d *room) records(table string) (list []string) {
	d.Helper()
	if err := d.Store.View(context.Background(), func(tx store.Tx) error {
		for key := range tx.Scan(table, store.Range{}) {
			list = append(list, store.ReadKey(key).Str())
		}
		return nil
	}); err != nil {
		d.Fatal(err)
	}
	return list
}

// again brings ann's first message again, and reports whether its reply may go back.
func (d *room) again() bool {
	d.Helper()
	rec := d.message("ann", "1", "合同打不开")
	if !rec.Again || rec.Reply == nil || !strings.Contains(rec.Reply.Text, "换一个浏览器") {
		d.Fatalf("received again: %+v", rec)
	}
	claimed, _, err := d.Carry(context.Background(), true, rec.Delivery)
	if err != nil {
		d.Fatal(err)
	}
	return len(claimed) > 0
}

// TestClaimCarried: of a reply that went back nothing is left, and it goes back again
// with the message, but is not sent.
func TestClaimCarried(t *testing.T) {
	t.Parallel()
	d, rec := claiming(t)
	if err := d.Delivered(t.Context(), rec.Delivery); err != nil {
		t.Fatal(err)
	}
	if left := append(d.records("bot-claims"), d.records("deliveries")...); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
	if !d.again() {
		t.Error("the message brought again has no reply")
	}
	d.forward(time.Minute)
	if n := d.deliver(); n != 0 {
		t.Errorf("%d sent", n)
	}
}

// TestClaimRunsOut: a reply that was not brought is sent, once, when the claim is
// over, also by a process that has just started; then it does not go back any more.
func TestClaimRunsOut(t *testing.T) {
	t.Parallel()
	d, rec := claiming(t)
	r := roomOn(t, d.Store)
	r.Base = d.Base
	r.forward(19 * time.Second)
	if n := r.deliver(); n != 0 {
		t.Errorf("%d sent that may be carried", n)
	}
	r.forward(2 * time.Second)
	if n := r.deliver() + r.deliver(); n != 1 || r.sent[0].ID != rec.Delivery || r.sent[0].Message.Text != rec.Reply.Text {
		t.Errorf("%d sent: %+v", n, r.sent)
	}
	if r.again() {
		t.Error("it would go back after it was sent")
	}
	if err := r.Delivered(t.Context(), rec.Delivery); err != nil {
		t.Error(err)
	}
	if left := r.records("bot-claims"); len(left) != 0 {
		t.Errorf("claims %q", left)
	}
}

// TestClaimWhileDelivering: the loop that delivers finds what ran out by itself.
func TestClaimWhileDelivering(t *testing.T) {
	t.Parallel()
	d, _ := claiming(t)
	ctx, stop := context.WithCancel(t.Context())
	sent := make(chan channel.Outbound)
	done := make(chan error)
	go func() {
		done <- d.Deliver(ctx, map[string]channel.Sender{"test": senderFunc(func(m channel.Outbound) error { sent <- m; return nil })})
	}()
	d.forward(time.Minute)
	select {
	case <-sent:
	case <-time.After(time.Minute):
		t.Error("not sent")
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestClaimAndNextMessage: what was not brought stands before what comes later, and
// both can be brought together.
func TestClaimAndNextMessage(t *testing.T) {
	t.Parallel()
	d, first := claiming(t)
	if err := d.Give("staff", peer("ann"), "我看一下"); err != nil {
		t.Fatal(err)
	}
	if n := d.deliver(); n != 0 {
		t.Errorf("%d overtook the reply", n)
	}
	next := d.message("ann", "2", "合同还是打不开")
	if next.Earlier != 2 {
		t.Errorf("%d earlier", next.Earlier)
	}
	d.forward(-time.Hour) // the clock is set back
	if err := d.Give("late", peer("ann"), "好了吗"); err != nil {
		t.Fatal(err)
	}
	want := []string{first.Delivery, "staff", next.Delivery, "late"}
	pending := func(limit int) (ids []string) {
		list, err := d.Pending(t.Context(), peer("ann"), limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			ids = append(ids, p.ID)
			if p.Message.Text == "" {
				t.Errorf("%s has no words", p.ID)
			}
		}
		return ids
	}
	if got := pending(10); !slices.Equal(got, want) {
		t.Errorf("pending %q, want %q", got, want)
	}
	if got := pending(3); !slices.Equal(got, want[:3]) {
		t.Errorf("the first of them %q, want %q", got, want[:3])
	}
	if err := d.Delivered(t.Context(), want...); err != nil {
		t.Fatal(err)
	}
	if got := pending(10); len(got) != 0 {
		t.Errorf("pending %q", got)
	}
	if err := store.VerifyTables(t.Context(), d.Store, bot.Tables()); err != nil {
		t.Error(err)
	}
}

// TestClaimReleased: a reply that its caller cannot bring is sent at once.
func TestClaimReleased(t *testing.T) {
	t.Parallel()
	d, rec := claiming(t)
	if err := d.Release(t.Context(), rec.Delivery); err != nil {
		t.Fatal(err)
	}
	if n := d.deliver(); n != 1 || d.sent[0].Message.Text != rec.Reply.Text {
		t.Errorf("%d sent: %+v", n, d.sent)
	}
	if d.again() {
		t.Error("it would go back after it was sent")
	}
}

// TestClaimCarriedInPart: the rest of what a request could not hold is sent.
func TestClaimCarriedInPart(t *testing.T) {
	t.Parallel()
	d, rec := claiming(t)
	if err := d.Carried(t.Context(), rec.Delivery, 1); err != nil {
		t.Fatal(err)
	}
	if n := d.deliver(); n != 1 || d.sent[0].Skip != 1 || d.sent[0].Message.Text != rec.Reply.Text {
		t.Errorf("%d sent: %+v", n, d.sent)
	}
}

// TestClaimForgotten: what waits for somebody who is forgotten goes with him.
func TestClaimForgotten(t *testing.T) {
	t.Parallel()
	d, _ := claiming(t)
	other := d.message("bob", "1", "合同打不开")
	if _, err := d.Forget(t.Context(), "A-ann"); err != nil {
		t.Fatal(err)
	}
	if got := d.records("bot-claims"); !slices.Equal(got, []string{other.Delivery}) {
		t.Errorf("claims %q", got)
	}
}
