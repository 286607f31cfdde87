package bot_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signdesk/bot"
	"signdesk/bot/channel"
)

// page is a conversation whose person reads the log himself.
func page(id string) channel.Peer { return channel.Peer{Channel: "page", ID: id} }

func (d *room) onPage(who, id, text string) bot.Receipt {
	d.Helper()
	rec, err := d.Receive(context.Background(), channel.Inbound{Peer: page(who), MessageID: id, Text: text, Account: "A-" + who})
	if err != nil {
		d.Fatal(err)
	}
	return rec
}

// log returns what a person reads on his page.
func (d *room) log(who string, after uint64) (out []string) {
	d.Helper()
	lines, err := d.Bot.Log(context.Background(), page(who), after, 100)
	if err != nil {
		d.Fatal(err)
	}
	for _, l := range lines {
		out = append(out, fmt.Sprintf("%d %s %s", l.Seq, l.From, l.Message.Text))
	}
	return out
}

func TestLogIsWhatThePersonReads(t *testing.T) {
	t.Parallel()
	d := newRoom(t)
	news, stop := d.Listen(page("ann"))
	defer stop()
	rec := d.onPage("ann", "1", "我要点单")
	again := d.onPage("ann", "1", "我要点单")
	if rec.Delivery != "" || rec.Seq != 2 || !again.Again || again.Seq != 2 {
		t.Errorf("receipts %+v, %+v", rec, again)
	}
	if diff := cmp.Diff(rec.Reply, again.Reply); diff != "" {
		t.Errorf("reply to the message received again (-first +again):\n%s", diff)
	}
	if d.deliver() != 0 {
		t.Error("something is owed to somebody who reads the log")
	}
	select {
	case <-news:
	default:
		t.Error("the reader was not told")
	}
	if got := d.log("ann", 0); len(got) != 2 {
		t.Errorf("log %q, want the utterance and the reply", got)
	}
	if got := d.log("ann", 1); len(got) != 1 {
		t.Errorf("log after 1: %q", got)
	}
	// News of a case that another one brought on.
	for i, text := range []string{"茶", "密"} {
		d.onPage("ann", fmt.Sprint("a", i), text)
	}
	<-news
	for i, text := range []string{"我要点单", "茶", "密"} {
		d.onPage("bob", fmt.Sprint("b", i), text)
	}
	got := d.log("ann", 0)
	if last := got[len(got)-1]; last != fmt.Sprintf("%d bot 又下了一单", len(got)) {
		t.Errorf("last line %q", last)
	}
	select {
	case <-news:
	default:
		t.Error("the reader was not told of the news")
	}
	before, err := d.LogBefore(context.Background(), page("ann"), 3, 1)
	if err != nil || len(before) != 1 || before[0].Seq != 2 {
		t.Errorf("before 3: %+v, %v", before, err)
	}
}

func TestMessagesWithoutTheirTimeAreTakenOnce(t *testing.T) {
	t.Parallel()
	d := newRoom(t)
	in := channel.Inbound{Peer: page("ann"), MessageID: "same-id", Text: "我要点单"}
	for i := range 3 {
		rec, err := d.Receive(context.Background(), in)
		if err != nil || rec.Again != (i > 0) || rec.Seq != 2 {
			t.Errorf("time %d: %+v, %v", i, rec, err)
		}
		d.forward(5 * time.Hour)
		if _, err := d.Sweep(context.Background(), 100); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStaffSpeaksOnceInTheLog(t *testing.T) {
	t.Parallel()
	d := newRoom(t)
	ctx := context.Background()
	d.onPage("ann", "1", "转人工")
	if s, err := d.Standing(ctx, page("ann")); err != nil || !s.Waits || s.Place != 1 || s.Held {
		t.Errorf("standing %+v, %v", s, err)
	}
	list, err := ticketsOf(ctx, d.Bot)
	if err != nil || len(list) != 1 {
		t.Fatalf("tickets %v, %v", list, err)
	}
	for _, err := range []error{claim(ctx, d.Bot, list[0].ID, "li"), say(ctx, d.Bot, list[0].ID, "li", "m1", "您好"), say(ctx, d.Bot, list[0].ID, "li", "m1", "您好")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if s, err := d.Standing(ctx, page("ann")); err != nil || s.Waits || !s.Held {
		t.Errorf("standing %+v, %v", s, err)
	}
	got := d.log("ann", 2)
	if len(got) != 1 || got[0] != "3 staff 您好" {
		t.Errorf("log %q", got)
	}
}

func TestEndedConversationTakesNothing(t *testing.T) {
	t.Parallel()
	d := newRoom(t)
	ctx := context.Background()
	d.onPage("ann", "1", "我要点单")
	if err := d.End(ctx, page("ann")); err != nil {
		t.Fatal(err)
	}
	_, err := d.Receive(ctx, channel.Inbound{Peer: page("ann"), MessageID: "2", Text: "茶"})
	if !errors.Is(err, bot.ErrEnded) {
		t.Errorf("got %v", err)
	}
	if err := d.Rate(ctx, page("ann"), 2, bot.Helpful); !errors.Is(err, bot.ErrNoAnswer) {
		t.Errorf("what is no answer was rated: %v", err)
	}
}
