package bot_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/data/store"
)

// TestHeardForAsLongAsLines: a message is known again for as long as its line is kept,
// whatever the clock does, and then it is forgotten with it.
func TestHeardForAsLongAsLines(t *testing.T) {
	t.Parallel()
	d := newRoom(t)
	in := channel.Inbound{Peer: page("ann"), MessageID: "same", Text: "我要点单"}
	receive := func(again bool) {
		t.Helper()
		rec, err := d.Receive(context.Background(), in)
		if err != nil || rec.Again != again {
			t.Errorf("again %v: %+v, %v", again, rec, err)
		}
	}
	sweep := func() {
		t.Helper()
		if _, err := d.Sweep(context.Background(), 100); err != nil {
			t.Fatal(err)
		}
	}
	heard := func() (n int) {
		t.Helper()
		if err := d.Store.View(context.Background(), func(tx store.Tx) error {
			n = 0
			for range tx.Scan("bot-heard", store.Range{}) {
				n++
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	receive(false)
	for _, jump := range []time.Duration{-time.Hour, 49 * time.Hour, 100 * 24 * time.Hour} {
		d.forward(jump)
		sweep()
		receive(true)
	}
	d.forward(100 * 24 * time.Hour)
	sweep()
	lines, err := d.Bot.Log(context.Background(), in.Peer, 0, 10)
	lines = slices.DeleteFunc(lines, func(l bot.Line) bool { return l.From != bot.User }) // he was reminded meanwhile
	if err != nil || len(lines) > 0 || heard() > 0 {
		t.Errorf("%d lines and %d messages are kept, %v", len(lines), heard(), err)
	}
}

// TestHeardIsTakenOver: what an older program knew of messages is known after the
// first start of this one.
func TestHeardIsTakenOver(t *testing.T) {
	t.Parallel()
	d := newRoom(t)
	in := channel.Inbound{Peer: page("ann"), MessageID: "m\x00 1", Text: "我要点单"}
	first, err := d.Receive(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	key := store.Key{}.Str(in.Peer.String()).Str(in.MessageID)
	if err := d.Store.Update(context.Background(), func(tx store.Tx) error {
		kept := tx.Get("bot-heard", key)
		if err := tx.Delete("bot-heard", key); err != nil {
			return err
		}
		for id, receipt := range map[string][]byte{in.Peer.String() + "\x00" + in.MessageID: kept, "bind\x00x": []byte("web/ann"), "an owner": nil} {
			if _, _, err := store.OnceAt(tx, d.clock(), id, func() ([]byte, error) { return receipt, nil }); err != nil {
				return err
			}
		}
		list := bot.LaterMigrations()
		last := list[len(list)-1]
		if last.Name != "bot-heard" {
			t.Errorf("the last migration is %s", last.Name)
		}
		return last.Apply(tx)
	}); err != nil {
		t.Fatal(err)
	}
	again, err := d.Receive(context.Background(), in)
	if err != nil || !again.Again || again.Seq != first.Seq {
		t.Errorf("first %+v, again %+v, %v", first, again, err)
	}
	if err := d.Store.View(context.Background(), func(tx store.Tx) error {
		n := 0
		for range tx.Scan("store/seen", store.Range{}) {
			n++
		}
		if n != 2 {
			t.Errorf("%d of what is not a message's is left, want 2", n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
