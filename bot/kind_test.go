package bot_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"signdesk/bot"
	"signdesk/bot/channel"
)

func (d *room) kind(who, id string, k channel.Kind) bot.Receipt {
	d.Helper()
	rec, err := d.Receive(context.Background(), channel.Inbound{Peer: peer(who), MessageID: id, Kind: k})
	if err != nil {
		d.Fatal(err)
	}
	return rec
}

// TestWordlessMessages: each kind of message has its own answer; an open step is
// asked again, and stays as it was.
func TestWordlessMessages(t *testing.T) {
	d := newRoom(t)
	d.wants(d.kind("a", "k1", channel.Hello).Reply.Text, "比如可以发")
	d.says("a", "我要点单")
	hello := d.kind("a", "k2", channel.Hello).Reply.Text
	if d.wants(hello, "要什么？"); strings.Contains(hello, "比如") {
		t.Errorf("greeted in a flow: %q", hello)
	}
	d.wants(d.kind("a", "k3", channel.Voice).Reply.Text, "听不了语音")
	d.wants(d.kind("a", "k4", channel.Other).Reply.Text, "看不懂")
	d.wants(d.kind("a", "k6", channel.Unseen).Reply.Text, "没有收到")
	if rec := d.kind("a", "k5", channel.Left); rec.Reply != nil || rec.Outcome != bot.Silent {
		t.Errorf("%+v", rec)
	}
	d.says("a", "茶")
	d.says("a", "1234")
	if d.commits != 1 {
		t.Errorf("%d commits", d.commits)
	}
}

// TestParkedComesWithTheNextMessage: what could not be sent is pending, and owed
// again once the person writes; the reply's caller may bring both.
func TestParkedComesWithTheNextMessage(t *testing.T) {
	d := newRoom(t)
	d.says("a", "你好")
	d.refuse = &channel.SendError{Kind: channel.Closed, Err: errors.New("window closed")}
	d.forward(time.Minute)
	d.deliver()
	if list, err := d.Pending(t.Context(), peer("a"), 10); err != nil || len(list) != 1 || list[0].State != bot.Parked {
		t.Fatalf("%v %v", list, err)
	}
	d.kind("a", "left", channel.Left)
	rec := d.message("a", "again", "在吗")
	list, err := d.Pending(t.Context(), peer("a"), 10)
	if err != nil || len(list) != 2 || list[0].State != bot.Owed || list[1].ID != rec.Delivery {
		t.Fatalf("%v %v", list, err)
	}
	d.refuse = nil
	if d.deliver(); len(d.sent) != 0 { // claimed
		t.Fatalf("sent %v", d.sent)
	}
	if err := d.Release(t.Context(), rec.Delivery); err != nil {
		t.Fatal(err)
	}
	for d.deliver() > 0 {
	}
	if len(d.sent) != 2 || d.sent[1].ID != rec.Delivery {
		t.Errorf("sent %v", d.sent)
	}
	if err := d.Release(t.Context(), rec.Delivery); err != nil { // too late: nothing changes
		t.Fatal(err)
	}
	if d.deliver(); len(d.sent) != 2 {
		t.Error("sent twice")
	}
}
