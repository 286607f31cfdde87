package bot_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/data/store"
	"signdesk/kb"
)

// leaning is a base that takes 呢 as the question for the other part of the entry that
// was spoken of, and 再说一遍 as what it says; whatever else is an answer.
type leaning struct{ knowing }

func (l leaning) Decide(ctx context.Context, text string) (kb.Decision, error) {
	if text == "呢" || text == "再说一遍" {
		return kb.Decision{Loose: true, Why: kb.Why{Canon: text}}, nil
	}
	return l.knowing.Decide(ctx, text)
}

func (l leaning) Follow(d kb.Decision, last *kb.Part) (kb.Following, bool) {
	e := last.Entry
	f := kb.Following{Act: kb.Again, Decision: kb.Decision{Kind: kb.Answer, Hits: []kb.Hit{{Entry: e, Sure: 1, Parts: []kb.PartHit{{Part: last, Sure: 1}}}}}}
	if d.Why.Canon == "呢" {
		f.Act, f.Hits[0].Parts[0].Part = kb.Asks, e.Parts[1]
	}
	return f, true
}

func (leaning) Followed(kb.Decision, *kb.Part) (f kb.Following, ok, known bool) {
	return f, false, false
}

// TestSpokenOf: an utterance goes on from what was shown before, for some turns and
// for some time, after a restart as well.
func TestSpokenOf(t *testing.T) {
	t.Parallel()
	d := newRoom(t)
	d.Base = leaning{newKnowing()}
	if r := d.message("ann", "1", "呢"); r.Outcome != bot.Nothing {
		t.Errorf("at first: %s, %q", r.Outcome, r.Reply.Text)
	}
	d.message("ann", "2", "合同打不开")
	d = roomOn(t, d.Store)
	d.Base = leaning{newKnowing()}
	r := d.message("ann", "3", "呢")
	if r.Reply.Entry != "01/phone" || strings.Contains(r.Reply.Text, "换一个浏览器") {
		t.Errorf("goes on with %s: %q", r.Reply.Entry, r.Reply.Text)
	}
	if r := d.message("ann", "4", "再说一遍"); r.Reply.Entry != "01/phone" {
		t.Errorf("once more: %s", r.Reply.Entry)
	}
	if r := d.message("bob", "1", "呢"); r.Outcome != bot.Nothing {
		t.Errorf("somebody else: %s, %q", r.Outcome, r.Reply.Text)
	}
	d.forward(31 * time.Minute)
	if r := d.message("ann", "5", "呢"); r.Outcome != bot.Nothing {
		t.Errorf("long after: %s, %q", r.Outcome, r.Reply.Text)
	}
	d.message("ann", "6", "合同打不开")
	for i := range 6 {
		d.message("ann", "w"+string(rune('a'+i)), " ")
	}
	if r := d.message("ann", "7", "呢"); r.Outcome != bot.Nothing {
		t.Errorf("many turns after: %s, %q", r.Outcome, r.Reply.Text)
	}
}

// TestNotToldTwice: what this conversation was told of an entry is not told again below
// another answer, and is told to others.
func TestNotToldTwice(t *testing.T) {
	t.Parallel()
	d := newRoom(t)
	d.Base = newKnowing()
	const summary = "换一个浏览器。"
	for _, who := range []string{"ann", "bob"} {
		if who == "ann" {
			d.message(who, "1", "合同打不开")
		}
		r, err := d.Receive(context.Background(), channel.Inbound{Peer: peer(who), MessageID: "2", Click: "k:01/phone"})
		if err != nil {
			t.Fatal(err)
		}
		if told := strings.Contains(r.Reply.Text, summary); told != (who == "bob") {
			t.Errorf("%s: told the summary below a part: %t\n%s", who, told, r.Reply.Text)
		}
	}
	if r := d.message("ann", "3", "合同打不开"); !strings.Contains(r.Reply.Text, summary) {
		t.Errorf("asked for again: %q", r.Reply.Text)
	}
}

// TestOldConversation: a record from before anything was noted of what is spoken of.
func TestOldConversation(t *testing.T) {
	t.Parallel()
	d := newRoom(t)
	d.Base = leaning{newKnowing()}
	old := `{"Peer":{"Channel":"test","ID":"ann"},"Device":"phone","State":{},"Lines":2,"Seen":"2022-05-26T01:00:00Z"}`
	if err := d.Store.Update(context.Background(), func(tx store.Tx) error {
		return bot.Tables()[0].Put(tx, store.Key{}.Str(peer("ann").String()), []byte(old))
	}); err != nil {
		t.Fatal(err)
	}
	if r := d.message("ann", "1", "呢"); r.Outcome != bot.Nothing {
		t.Errorf("%s, %q", r.Outcome, r.Reply.Text)
	}
	d.message("ann", "2", "合同打不开")
	if r := d.message("ann", "3", "呢"); r.Reply.Entry != "01/phone" {
		t.Errorf("goes on with %q", r.Reply.Text)
	}
}
