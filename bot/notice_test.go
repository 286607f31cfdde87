package bot_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"signdesk/bot/channel"
	"signdesk/bot/desk"
)

// noticing is a room whose channel gives notices of its own.
type noticing struct {
	*room
	unnamed bool
	failing bool
	given   []string // ids
	during  func()   // while the channel gives one
	texted  []string // ids, by SMS
	broken  int      // text messages that fail
}

func (d *noticing) Notice(_ context.Context, _ channel.Peer, id, _ string) (way, name string, err error) {
	if d.failing {
		return "", "", errGateway
	}
	d.given = append(d.given, id)
	if d.during != nil {
		d.during()
	}
	if d.unnamed {
		return "subscribe", "", nil
	}
	return "template", fmt.Sprint("msg", len(d.given)), nil
}

func (d *noticing) deliver() {
	d.Helper()
	for range 4 {
		if _, err := d.DeliverOnce(context.Background(), map[string]channel.Sender{"test": d}); err != nil {
			d.Fatal(err)
		}
	}
}

var errGateway = errors.New("gateway down")

// parked is a room in which words of the staff wait for somebody who was given
// notice by the channel.
func parked(t *testing.T, before func(*noticing)) *noticing {
	d := &noticing{room: newRoom(t)}
	d.Bot.Desk = true
	d.Bot.Text = func(_ context.Context, _, id string) (string, error) {
		if d.broken > 0 {
			d.broken--
			return "", errGateway
		}
		d.texted = append(d.texted, id)
		return "sms", nil
	}
	d.hear()
	d.message("a", "m-human", "转人工") // the test's messages name an account
	if err := d.Delivered(t.Context(), pendingOf(d.room)...); err != nil {
		t.Fatal(err)
	}
	if before != nil {
		before(d)
	}
	d.park("1")
	return d
}

// park has the staff say something that waits.
func (d *noticing) park(id string) {
	d.Helper()
	list, err := ticketsOf(d.Context(), d.Bot)
	if err != nil || len(list) != 1 {
		d.Fatalf("%d tickets: %v", len(list), err)
	}
	if err := claim(d.Context(), d.Bot, list[0].ID, "wang"); err != nil {
		d.Fatal(err)
	}
	if err := say(d.Context(), d.Bot, list[0].ID, "wang", id, "在吗"); err != nil {
		d.Fatal(err)
	}
	d.forward(3 * time.Second)
	d.refuse = &channel.SendError{Kind: channel.Closed, Code: "45015", Shut: true}
	d.deliver()
	d.refuse = nil
}

func (d *noticing) fails(name string, refused bool) {
	d.Helper()
	if err := d.NoticeFailed(d.Context(), peer("a"), "template", name, "failed", refused); err != nil {
		d.Fatal(err)
	}
	d.deliver()
}

// ways are what the desk hears of notices.
func (d *noticing) ways() (out []string) {
	d.Helper()
	list, err := ticketsOf(d.Context(), d.Bot)
	if err != nil || len(list) != 1 {
		d.Fatalf("%d tickets: %v", len(list), err)
	}
	told, err := d.Pending(d.Context(), channel.Peer{Channel: desk.Channel, ID: list[0].ID}, 0)
	if err != nil {
		d.Fatal(err)
	}
	for _, m := range told {
		for _, way := range []string{"template", "subscribe", "sms", "unnoticed"} {
			if strings.Contains(m.Message.Text, `noticed"`) && strings.Contains(m.Message.Text, `"`+way+`"`) {
				out = append(out, way)
			}
		}
	}
	return out
}

func (d *noticing) want(texted int, ways ...string) {
	d.Helper()
	if got := d.ways(); len(d.texted) != texted || !slices.Equal(got, ways) {
		d.Errorf("texted %q, the desk hears %q; want %d, %q", d.texted, got, texted, ways)
	}
}

// TestNoticeFails: who a notice of the channel did not reach is told by SMS, once,
// however often the channel tells so.
func TestNoticeFails(t *testing.T) {
	t.Parallel()
	d := parked(t, nil)
	d.want(0, "template")
	d.fails("of somebody else", false)
	d.want(0, "template")
	for range 3 {
		d.fails("msg1", false)
		d.forward(time.Minute)
	}
	d.want(1, "template", "sms")
}

// TestNoticeFailsEarly: the channel tells that it did not arrive before it is noted
// that it took the notice.
func TestNoticeFailsEarly(t *testing.T) {
	t.Parallel()
	d := parked(t, func(d *noticing) {
		d.during = func() {
			for range 2 {
				if err := d.NoticeFailed(d.Context(), peer("a"), "template", "msg1", "failed", false); err != nil {
					d.Error(err)
				}
			}
		}
	})
	d.want(1, "template", "sms")
	d.fails("msg1", false)
	d.want(1, "template", "sms")
}

// TestNoticeFailsUnnamed: the channel did not tell the name when it took the notice.
func TestNoticeFailsUnnamed(t *testing.T) {
	t.Parallel()
	d := parked(t, func(d *noticing) { d.unnamed = true })
	for _, name := range []string{"5", "5", "6"} {
		if err := d.NoticeFailed(t.Context(), peer("a"), "subscribe", name, "failed", false); err != nil {
			t.Fatal(err)
		}
		d.deliver()
	}
	d.want(1, "subscribe", "sms")
}

// TestNoticeFailsForGood: without SMS the staff see that the person does not know.
func TestNoticeFailsForGood(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*noticing){
		"no gateway": func(d *noticing) { d.Bot.Text = nil },
		"no number": func(d *noticing) {
			d.Bot.Text = func(context.Context, string, string) (string, error) { return "", nil }
		},
		"refused":      func(d *noticing) { d.Bot.Text = refusing },
		"always fails": func(d *noticing) { d.broken = 100 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := parked(t, change)
			d.fails("msg1", false)
			for range 20 {
				d.forward(time.Hour)
				d.deliver()
			}
			d.fails("msg1", false)
			d.want(0, "template", "unnoticed")
		})
	}
}

func refusing(context.Context, string, string) (string, error) {
	return "", &channel.SendError{Kind: channel.Rejected, Code: "1016"}
}

// TestNoticeTriedAgain: a passing failure of the gateway delays the text message,
// which is not sent if the person is back by then.
func TestNoticeTriedAgain(t *testing.T) {
	t.Parallel()
	for _, back := range []bool{false, true} {
		d := parked(t, nil)
		d.broken = 1
		d.fails("msg1", false)
		d.want(0, "template")
		want := []string{"template", "sms"}
		if back {
			d.hear()
			want = want[:1]
		}
		d.forward(time.Minute)
		d.deliver()
		d.want(len(want)-1, want...)
	}
}

// TestNoticeOutlivesTheProcess: what could not be given is given by the next process.
func TestNoticeOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	d := parked(t, func(d *noticing) { d.broken, d.failing = 1, true })
	if len(d.given)+len(d.texted) != 0 {
		t.Fatalf("given %q, texted %q", d.given, d.texted)
	}
	next := &noticing{room: roomOn(t, d.Store)}
	next.forward(time.Hour)
	next.deliver()
	if len(next.given) != 1 {
		t.Errorf("given %q", next.given)
	}
	next.deliver()
	if len(next.given) != 1 {
		t.Errorf("given %q", next.given)
	}
}

// TestNoticeToWhoIsBack: a failure that is told late does nothing.
func TestNoticeToWhoIsBack(t *testing.T) {
	t.Parallel()
	d := parked(t, nil)
	d.hear()
	d.fails("msg1", false)
	d.want(0, "template")
}

// TestNoticeRefused: who refuses the channel's notices, whoever sent that one, gets
// none until he is heard of.
func TestNoticeRefused(t *testing.T) {
	t.Parallel()
	d := parked(t, func(d *noticing) { d.fails("of another system", true) })
	d.want(1, "sms")
	left := channel.Inbound{Peer: peer("a"), MessageID: "left", Kind: channel.Left}
	if _, err := d.Receive(t.Context(), left); err != nil {
		t.Fatal(err)
	}
	d.hear()
	d.forward(time.Minute)
	d.deliver() // what waited
	d.park("2")
	d.want(1, "sms", "template")
	if len(d.given) != 1 {
		t.Errorf("given %q", d.given)
	}
}

// TestNoticeForgotten: nothing is left of notices that are old, or of a person who
// is forgotten.
func TestNoticeForgotten(t *testing.T) {
	t.Parallel()
	d := parked(t, nil)
	d.broken = 100
	d.fails("of somebody else", false)
	d.fails("msg1", false)
	if _, err := d.Forget(t.Context(), "A-a"); err != nil {
		t.Error(err)
	}
	d = parked(t, nil)
	d.forward(49 * time.Hour)
	if _, err := d.Sweep(t.Context(), 100); err != nil {
		t.Error(err)
	}
	d.fails("msg1", false) // nobody knows what it is about any more
	d.want(0, "template")
}
