package bot_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/data/store"
)

// frail is a store that takes no updates when it is full.
type frail struct {
	store.Store
	full atomic.Bool
}

func (f *frail) Update(ctx context.Context, fn func(store.Tx) error) error {
	if f.full.Load() {
		return store.ErrFull
	}
	return f.Store.Update(ctx, fn)
}

// TestSentOnceThoughNotNoted: what was sent, and could not be noted as sent, is not
// sent again until it can be.
func TestSentOnceThoughNotNoted(t *testing.T) {
	t.Parallel()
	m, err := store.NewMemory(t.Context(), store.Options{Tables: bot.Tables(), Migrations: bot.Migrations()})
	if err != nil {
		t.Fatal(err)
	}
	s := &frail{Store: m}
	d := roomOn(t, s)
	for i := range 3 {
		if err := d.Give(fmt.Sprint("d", i), peer(fmt.Sprint(i)), "news"); err != nil {
			t.Fatal(err)
		}
	}
	out := make(arrivals, 100)
	s.full.Store(true)
	for range 4 {
		for _, to := range []channel.Sender{d, out} { // d counts what it may send before it does
			if _, err := d.DeliverOnce(t.Context(), map[string]channel.Sender{"test": to}); !errors.Is(err, store.ErrFull) {
				t.Errorf("got %v, want %v", err, store.ErrFull)
			}
		}
	}
	s.full.Store(false)
	for d.deliver() > 0 {
	}
	if len(out) != 3 || len(d.sent) != 0 {
		t.Errorf("3 messages were sent %d times, and %d times later", len(out), len(d.sent))
	}
}

// A stuck sender does not come back before its context ends.
type stuck struct{ asked chan struct{} }

func (s *stuck) Send(ctx context.Context, _ channel.Outbound) error {
	s.asked <- struct{}{}
	<-ctx.Done()
	return ctx.Err()
}

// TestChannelsDoNotWait: a platform that hangs, with as much on the way to it as
// there can be, does not keep the messages of another one.
func TestChannelsDoNotWait(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	d := newRoom(t)
	const many = 200
	for i := range many {
		if err := d.Give(fmt.Sprint("s", i), channel.Peer{Channel: "stuck", ID: fmt.Sprint(i)}, "news"); err != nil {
			t.Fatal(err)
		}
	}
	wall := &stuck{asked: make(chan struct{}, many)}
	ended := make(chan error, 1)
	got := make(arrivals, 10)
	go func() { ended <- d.Deliver(ctx, map[string]channel.Sender{"stuck": wall, "test": got}) }()
	<-wall.asked
	if err := d.Give("t", peer("a"), "news"); err != nil {
		t.Fatal(err)
	}
	d.message("a", "m", "hello") // which tells that something is owed
	select {
	case <-got:
	case <-ctx.Done():
		t.Error("a message waits for a platform that it does not go to")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

type arrivals chan channel.Outbound

func (a arrivals) Send(_ context.Context, m channel.Outbound) error { a <- m; return nil }

// TestManyBehindOne: what stands behind a message that waits does not keep the
// messages of others, however much it is.
func TestManyBehindOne(t *testing.T) {
	t.Parallel()
	d := newRoom(t)
	d.refuse = &channel.SendError{Kind: channel.Throttled, After: time.Hour}
	for i := range 300 {
		if err := d.Give(fmt.Sprint("a", i), peer("a"), "news"); err != nil {
			t.Fatal(err)
		}
	}
	d.deliver()
	d.refuse = nil
	d.forward(time.Minute)
	if err := d.Give("b", peer("b"), "news"); err != nil {
		t.Fatal(err)
	}
	if d.deliver(); len(d.sent) != 1 || d.sent[0].To != peer("b") {
		t.Errorf("%d messages were sent, want that to b", len(d.sent))
	}
}

// TestThrottledFor: the next try is not before the platform takes it, and not long
// after.
func TestThrottledFor(t *testing.T) {
	t.Parallel()
	for range 20 {
		d := newRoom(t)
		d.refuse = &channel.SendError{Kind: channel.Throttled, After: 16 * time.Hour}
		d.owe("1", "一")
		list, err := d.Pending(t.Context(), peer("a"), 1)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		if wait := list[0].Due.Sub(d.clock()); wait < 16*time.Hour || wait > 16*time.Hour+time.Minute {
			t.Errorf("tried again after %v", wait)
		}
	}
}
