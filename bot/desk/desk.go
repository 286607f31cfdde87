// Package desk is the support desk: where the staff take over conversations,
// answer, review and look things up. It works on boards - groups with or without
// topics, private chats - and knows no platform in particular: what staff do comes
// in as [channel.Act], what they see goes out as [channel.Post].
//
// Two things reach it, each exactly once, and each in one transaction together
// with all that follows from it:
//
//	conversation ── Happening ──> Desk.Send ────┐
//	                (owed like a message)       ├─> records, posts owed, words to people
//	board ───────── Act ────────> Desk.Receive ─┘
//
// Time passes in [Desk.Tick]: clocks on cards, warnings, new reviews, the queue in
// the morning. Slow commands become jobs, done by [Desk.Run].
package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"log/slog"
	"sync"
	"time"

	"signdesk/bot/channel"
	"signdesk/data/store"
)

// Options are what a desk is made of.
type Options struct {
	Talks  Talks
	Boards []channel.Peer // where the staff are; a conversation keeps to one of them
	Owners []string       // ids of people who are owners whatever the store says
	Now    func() time.Time
	Logger *slog.Logger
	// Hours tells whether the staff work, and when that changes.
	Hours func(time.Time) (open bool, change time.Time)
	// Served is how much of the staff's working time lies between two instants.
	Served func(from, to time.Time) time.Duration
	// Mask hides personal data in a text.
	Mask func(string) string
	// Person tells who an account is; it may read the store.
	Person func(ctx context.Context, account string) (Person, error)
	// Suggest returns what the knowledge base would answer, the best first.
	Suggest func(ctx context.Context, question string) ([]Suggestion, error)
	// Ask is what the knowledge base has to what is on a picture, if there is one, or
	// else to words.
	Ask func(ctx context.Context, words string, picture []byte) (Finding, error)
	// Carries tells why a picture cannot be brought to a person, ready to be read; ""
	// if it can.
	Carries func(to channel.Peer, picture []byte) string
	// Answer is the text of a suggestion, by its key; "" if it is not there.
	Answer func(key string) string
	// Reviews are the decisions that wait for the staff; nil for none.
	Reviews Reviews
	// Chart draws statistics as a PNG; nil for none.
	Chart func(Stats) ([]byte, error)
	// Commands are further ones.
	Commands []Command
	// Buttons are further ones.
	Buttons []Button
	// Entry is the title of an entry of the knowledge base.
	Entry func(id string) string
}

// A Person is whom the staff talk to, without anything that names him in full.
type Person struct {
	Login   string // masked
	Company string
	Cases   []string // a line each: what is under way, and who is waited for
}

// A Suggestion is an answer that the staff may send.
type Suggestion struct {
	Key   string // "11/phone"
	Title string
}

// A Desk may be used by any number of goroutines.
type Desk struct {
	Options
	commands map[string]*Command
	presses  map[string]Button
	wake     chan struct{} // jobs wait
}

// New returns a desk. There must be a board.
func New(o Options) *Desk {
	d := &Desk{Options: o, wake: make(chan struct{}, 1)}
	d.commands, d.presses = d.table(), d.buttons()
	return d
}

var _ channel.Sender = (*Desk)(nil)

// Send implements [channel.Sender]: it takes what happened in a conversation.
func (d *Desk) Send(ctx context.Context, m channel.Outbound) error {
	var h Happening
	if err := json.Unmarshal([]byte(m.Message.Text), &h); err != nil {
		return &channel.SendError{Kind: channel.Rejected, Code: "happening", Err: fmt.Errorf("desk: %w", err)}
	}
	f, err := d.gather(ctx, h.Ticket, h.Text)
	if err != nil {
		return fmt.Errorf("desk: %w", err)
	}
	return d.Talks.Work(ctx, func(tx Tx) error {
		_, _, err := store.Once(tx.Store(), "desk-"+m.ID, func() ([]byte, error) { return nil, d.happened(tx, h, f) })
		return err
	})
}

// facts are what cards show and transactions do not compute.
type facts struct {
	person  Person
	suggest []Suggestion
}

// gather finds out about the person of a ticket, and about what he said or asked.
func (d *Desk) gather(ctx context.Context, ticket, said string) (f facts, err error) {
	var k *Ticket
	err = d.Talks.Look(ctx, func(tx Tx) error { k, err = tx.Ticket(ticket); return err })
	if err != nil {
		return f, err
	}
	if f.person, err = d.Person(ctx, k.Account); err != nil {
		return f, err
	}
	if said == "" {
		said = k.Question
	}
	if said != "" {
		f.suggest, err = d.Suggest(ctx, said)
	}
	return f, err
}

func (d *Desk) happened(tx Tx, h Happening, f facts) error {
	w, err := d.work(tx, h.Ticket)
	if err != nil {
		return err
	}
	switch h.Kind {
	case Opened:
		return d.opened(tx, w, f)
	case Said:
		return d.said(tx, w, h, f)
	case Sent, Parked, Lost:
		return d.delivered(tx, w, h)
	case Released:
		return d.released(tx, w, h, f)
	case Rated:
		w.Rated = h.Rating
		return d.changed(tx, w, f, "客户评价："+ratings[h.Rating])
	case Noticed:
		if way := ways[h.Reason]; way != "" {
			return d.post(tx, w, fmt.Sprintf("noticed-%s-%d", w.Ticket, h.At.UnixNano()), channel.Message{Text: "📨 已改用" + way + "告诉客户有回复在等他。"})
		}
	case Unnoticed:
		return d.post(tx, w, fmt.Sprintf("unnoticed-%s-%d", w.Ticket, h.At.UnixNano()), channel.Message{Text: "⚠️ 没能通知到客户：他不知道有消息在等他，要等他下次来才会看到。如果着急，请用其他方式联系。"})
	case Muted:
		return d.post(tx, w, fmt.Sprintf("muted-%s-%d", w.Ticket, h.At.UnixNano()), channel.Message{Text: "🤖 系统消息，等人工服务结束后再发给客户：" + h.Text})
	case Left:
		return d.changed(tx, w, f, "客户已离开对话，发出的内容他可能看不到。")
	}
	return nil
}

// ways are those by which a person can be told that words wait for him.
var ways = map[string]string{"sms": "短信", "template": "微信模板消息", "subscribe": "微信订阅消息"}

// boardOf is the board on which a conversation is dealt with.
func (d *Desk) boardOf(of string) channel.Peer {
	h := fnv.New32a()
	h.Write([]byte(of))
	return d.Boards[int(h.Sum32()%uint32(len(d.Boards)))]
}

// Adopt takes up the open tickets that the desk was not told of: those from
// before there was a desk.
func (d *Desk) Adopt(ctx context.Context) error {
	var list []*Ticket
	err := d.Talks.Look(ctx, func(tx Tx) (err error) { list, err = tx.Tickets(); return err })
	if err != nil {
		return err
	}
	for _, k := range list {
		f, err := d.gather(ctx, k.ID, "")
		if err != nil {
			return err
		}
		err = d.Talks.Work(ctx, func(tx Tx) error {
			w, err := d.work(tx, k.ID)
			if err != nil || !w.Opened.IsZero() {
				return err
			}
			return d.opened(tx, w, f)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

const tickInterval = 10 * time.Second

// Run does jobs and lets time pass, until ctx is done. Time does not wait for jobs.
func (d *Desk) Run(ctx context.Context) error {
	d.failed(ctx, "desk: open tickets not taken up", d.Adopt(ctx))
	var both sync.WaitGroup
	both.Go(func() {
		d.every(ctx, nil, func() { d.failed(ctx, "desk: tick", d.Tick(ctx)) })
	})
	both.Go(func() {
		d.every(ctx, d.wake, func() {
			for {
				n, err := d.Jobs(ctx)
				d.failed(ctx, "desk: jobs", err)
				if n == 0 || err != nil {
					return
				}
			}
		})
	})
	both.Wait()
	return nil
}

// every does something now, and again and again.
func (d *Desk) every(ctx context.Context, sooner <-chan struct{}, do func()) {
	tick := time.NewTicker(tickInterval)
	defer tick.Stop()
	for {
		do()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-sooner:
		}
	}
}

func (d *Desk) failed(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		d.Logger.Error(what+"; it will be tried again", "err", err)
	}
}

func (d *Desk) kick() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}
