package bot_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/data/store"
	"signdesk/kb"
)

// knowing is a base that has one answer to whatever is asked, and another part.
type knowing struct{ content *kb.Content }

func newKnowing() knowing {
	e := &kb.Entry{ID: "01", Title: "合同打不开"}
	for _, p := range []struct{ id, title, short string }{{"main", "合同打不开怎么办", "换一个浏览器。"}, {"phone", "手机上打不开", "更新应用。"}} {
		e.Parts = append(e.Parts, &kb.Part{Entry: e, ID: kb.PartID(p.id), Title: p.title, Short: p.short})
	}
	return knowing{&kb.Content{Entries: []*kb.Entry{e}}}
}

func (k knowing) Content() *kb.Content { return k.content }

func (k knowing) Decide(_ context.Context, text string) (kb.Decision, error) {
	if strings.HasPrefix(text, "我要") {
		return kb.Decision{}, nil
	}
	e := k.content.Entries[0]
	return kb.Decision{Kind: kb.Answer, Hits: []kb.Hit{{Entry: e, Sure: 1, Parts: []kb.PartHit{{Part: e.Parts[0], Sure: 1}}}}}, nil
}

// kept returns the names of the answers that are kept once, and how many records
// have the text of one.
func (d *room) kept(text string) (names []string, records int) {
	d.Helper()
	if err := d.Store.View(context.Background(), func(tx store.Tx) error {
		names, records = nil, 0
		for key := range tx.Scan("bot-said", store.Range{}) {
			names = append(names, store.ReadKey(key).Str())
		}
		for _, t := range bot.Tables() {
			for _, raw := range tx.Scan(t.Name, store.Range{}) {
				if strings.Contains(string(raw), text) {
					records++
				}
			}
		}
		return nil
	}); err != nil {
		d.Fatal(err)
	}
	return names, records
}

// TestAnswersAreKeptOnce: an answer is on disk once, whoever was given it by whatever
// channel, and is read, picked from, rated and sent as if each had his own.
func TestAnswersAreKeptOnce(t *testing.T) {
	t.Parallel()
	d := newRoom(t)
	d.Base = newKnowing()
	const answer = "换一个浏览器。"
	first := d.onPage("ann", "1", "合同打不开")
	if !strings.Contains(first.Reply.Text, answer) || len(first.Reply.Choices) == 0 {
		t.Fatalf("reply %+v", first.Reply)
	}
	d.onPage("bob", "1", "打不开合同")
	d.onPage("bob", "2", "还是打不开")
	d.message("cai", "1", "合同打不开")
	if names, records := d.kept(answer); len(names) != 1 || records != 1 {
		t.Errorf("answers kept %q, in %d records", names, records)
	}
	if diff := cmp.Diff(first.Reply, d.onPage("ann", "1", "合同打不开").Reply); diff != "" {
		t.Errorf("reply to the message received again (-first +again):\n%s", diff)
	}

	// Another process, which has not said anything yet.
	d = roomOn(t, d.Store)
	d.Base = newKnowing()
	lines, err := d.Bot.Log(context.Background(), page("ann"), 0, 10)
	if err != nil || len(lines) != 2 {
		t.Fatalf("log %+v, %v", lines, err)
	}
	if diff := cmp.Diff(*first.Reply, lines[1].Message); diff != "" {
		t.Errorf("log (-reply +line):\n%s", diff)
	}
	if err := d.Rate(context.Background(), page("ann"), 2, bot.Helpful); err != nil {
		t.Error(err)
	}
	if lines, _ := d.Bot.Log(context.Background(), page("ann"), 1, 10); len(lines) != 1 || lines[0].Rated != bot.Helpful || lines[0].Message.Text != first.Reply.Text {
		t.Errorf("rated %+v", lines)
	}
	if rec := d.onPage("ann", "2", "手机上打不开"); !strings.Contains(rec.Reply.Text, "更新应用") {
		t.Errorf("picked by its title: %q", rec.Reply.Text)
	}
	rec := d.message("cai", "1", "合同打不开")
	if diff := cmp.Diff(first.Reply, rec.Reply); !rec.Again || diff != "" {
		t.Errorf("reply owed (-first +again):\n%s", diff)
	}
	d.forward(time.Minute)
	if d.deliver() != 1 || !strings.Contains(d.sent[0].Message.Text, answer) {
		t.Errorf("sent %+v", d.sent)
	}
	if names, records := d.kept(answer); len(names) != 2 || records != 1 { // the part that was picked does not repeat it
		t.Errorf("answers kept %q, in %d records", names, records)
	}
	transcript, err := d.Transcript(context.Background(), peer("cai"))
	if err != nil || !strings.Contains(strings.Join(transcript, "\n"), answer) {
		t.Errorf("transcript %q, %v", transcript, err)
	}
}

// TestOwnRepliesAreNotShared: what is said to one person only stays with him.
func TestOwnRepliesAreNotShared(t *testing.T) {
	t.Parallel()
	d := newRoom(t)
	d.Base = newKnowing()
	d.onPage("ann", "1", "我要点单")
	if names, _ := d.kept("x"); len(names) != 0 {
		t.Errorf("a step of a flow is kept as %q", names)
	}
	d.onPage("ann", "2", "取消")
	d.onPage("ann", "3", "我要点单")
	d.forward(40 * 24 * time.Hour) // so that the answer tells of what ran out
	if rec := d.onPage("ann", "4", "合同打不开"); !strings.Contains(rec.Reply.Text, "点单") {
		t.Fatalf("reply %q", rec.Reply.Text)
	}
	if names, _ := d.kept("x"); len(names) != 0 {
		t.Errorf("what ran out is kept as %q", names)
	}
}

// An undone store runs updates and keeps nothing of them while it is full.
type undone struct {
	store.Store
	full bool
}

func (u *undone) Update(ctx context.Context, fn func(store.Tx) error) error {
	return u.Store.Update(ctx, func(tx store.Tx) error {
		if err := fn(tx); err != nil || !u.full {
			return err
		}
		return store.ErrFull
	})
}

// TestAnswersAreKeptAgain: an answer whose turn was not kept is not taken for kept.
func TestAnswersAreKeptAgain(t *testing.T) {
	t.Parallel()
	d := newRoom(t)
	f := &undone{Store: d.Store, full: true}
	d = roomOn(t, f)
	d.Base = newKnowing()
	if _, err := d.Receive(context.Background(), channel.Inbound{Peer: page("ann"), MessageID: "1", Text: "合同打不开"}); !errors.Is(err, store.ErrFull) {
		t.Fatalf("got %v, want %v", err, store.ErrFull)
	}
	f.full = false
	d.onPage("ann", "1", "合同打不开")
	if names, _ := d.kept("x"); len(names) != 1 {
		t.Errorf("answers kept %q", names)
	}
}

// TestAnswersAreForgotten: answers go after those who were given them, and replies
// with the transcripts; what refers to an answer that is gone says so.
func TestAnswersAreForgotten(t *testing.T) {
	t.Parallel()
	d := newRoom(t)
	d.Base = newKnowing()
	d.message("ann", "1", "合同打不开")
	d.forward(time.Minute)
	if d.deliver() != 1 {
		t.Fatal("nothing was sent")
	}
	d.message("bob", "1", "合同打不开") // stays owed
	deliveries := func() (list []string) {
		_ = d.Store.View(context.Background(), func(tx store.Tx) error {
			for key := range tx.Scan("deliveries", store.Range{}) {
				list = append(list, store.ReadKey(key).Str())
			}
			return nil
		})
		return list
	}
	before := deliveries()
	for _, days := range []int{179, 2} {
		d.forward(time.Duration(days) * 24 * time.Hour)
		if _, err := d.Sweep(context.Background(), 100); err != nil {
			t.Fatal(err)
		}
		want := before
		if days == 2 {
			want = before[1:]
		}
		if got := deliveries(); !slices.Equal(got, want) {
			t.Errorf("deliveries %q, want %q", got, want)
		}
	}
	if names, _ := d.kept("x"); len(names) != 1 {
		t.Errorf("answers kept %q", names)
	}
	d.forward(300 * 24 * time.Hour)
	if _, err := d.Sweep(context.Background(), 100); err != nil {
		t.Fatal(err)
	}
	if names, _ := d.kept("x"); len(names) != 0 {
		t.Errorf("answers kept %q", names)
	}
	d.sent = nil
	if d.deliver() != 1 || !strings.Contains(d.sent[0].Message.Text, "过期") {
		t.Errorf("sent %+v", d.sent)
	}
}
