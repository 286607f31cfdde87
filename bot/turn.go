package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"signdesk/actions"
	"signdesk/bot/channel"
	"signdesk/data/store"
	"signdesk/kb"
)

// A base answers utterances; it must be safe for concurrent use.
type base interface {
	Decide(ctx context.Context, utterance string) (kb.Decision, error)
	Content() *kb.Content
}

// An Intent is what an utterance is for.
type Intent struct {
	Label string // of the words of flows; "" for none
	Start bool   // the wish to do it is plain
}

// Hours are those of the hotline at some time.
type Hours struct {
	Open bool
	Text string // when it opens or closes, ready to be read
}

// Options are what a bot is made of.
type Options struct {
	Store     store.Store
	Base      base
	Recognise func(utterance string, found kb.Decision) Intent
	Engine    *actions.Engine
	// Extract finds the values that an utterance carries, by slot.
	Extract func(utterance string) map[string]string
	Contact Contact
	Hours   func(time.Time) Hours
	Now     func() time.Time
	Logger  *slog.Logger
	// Eye reads pictures; nil if nobody can.
	Eye eye
	// Read are the channels whose people read their conversation's log
	// themselves ([Bot.Log]): nothing is sent to them.
	Read []string
	// Hooks are those who want to hear of events.
	Hooks []channel.Peer
	// Reserve is how many sends of a person's allowance are kept for the staff, on
	// channels that count.
	Reserve int
	// Shared is set if other processes deliver from the same store.
	Shared bool
	// Process names this one, and no other one before or beside it.
	Process string
	// Text tells an account by SMS that something waits for it, and returns "sms",
	// or "" if that is not possible; nil if it never is. The id is the same in
	// every try.
	Text func(ctx context.Context, account, id string) (how string, err error)
	// Trial answers on [channel.Preview]: content that is not published; nil if
	// nobody tries it.
	Trial base
	// Desk is set if there is a desk that wants to hear of conversations with a
	// ticket; see [desk.Channel].
	Desk bool
	// Observe hears of each turn once it is on disk, and how long it took; nil
	// if nobody counts.
	Observe func(channel string, o Outcome, took time.Duration)
}

// A Bot holds conversations. It may be used by any number of goroutines: turns
// of one conversation run one after another, others side by side.
type Bot struct {
	Options
	lanes    lanes
	owing    bells // deliveries are owed
	readers  readers
	meanings *meanings
	sayings  sayings  // what the knowledge base said of late
	unnoted  sync.Map // deliveries that were tried => tried, until it can be noted
	ungiven  sync.Map // ids of notices that were given => outcome, until it can be noted
}

// New returns a bot.
func New(o Options) *Bot {
	return &Bot{Options: o, meanings: newMeanings(), sayings: newSayings()}
}

// Limits of a turn.
const (
	maxText      = 4000             // runes of an utterance; the rest is cut off
	maxQuestions = 12               // asked outside of one turn
	claim        = 20 * time.Second // a platform that repeats a message three times, each 5 s, can carry its reply
)

// ErrEnded means that the person ended the conversation before.
var ErrEnded = errors.New("bot: conversation ended")

// ErrFailed means that a turn could not be done because of a mistake in the
// program. Nothing was changed.
var ErrFailed = errors.New("bot: turn failed")

// Receive takes a message and returns once everything that it caused is on
// disk. The same message received again gets the same reply, and does nothing.
func (b *Bot) Receive(ctx context.Context, in channel.Inbound) (rec Receipt, err error) {
	defer func() { // a mistake of ours in one turn must not end all others
		if v := recover(); v != nil {
			b.Logger.Error("panic in a turn", "turn", turnID(in), "err", v)
			rec, err = Receipt{}, ErrFailed
		}
	}()
	began := time.Now()
	in.Text = cut(in.Text, maxText)
	u := utterance{in: in}
	if in.Text != "" && in.Click == "" && in.Kind == channel.Said {
		var err error
		if u.decision, err = b.decide(ctx, in); err != nil {
			return Receipt{}, fmt.Errorf("bot: decide: %w", err)
		}
		u.meaning = b.understand(in.Text, u.decision)
	} else {
		u.meaning = meaning{values: b.Extract(in.Text), reply: Compose(u.decision, b.Contact)}
	}
	if u.sight, err = b.see(ctx, in); err != nil {
		return Receipt{}, fmt.Errorf("bot: see: %w", err)
	}
	unlock, err := b.lanes.enter(ctx, in.Peer.String())
	if err != nil {
		return Receipt{}, err
	}
	defer unlock()
	now, memo := b.Now(), make(map[any]any)
	for range maxQuestions {
		var rec Receipt
		var done *turn // nil if the message was received before
		err := b.Store.Update(ctx, func(tx store.Tx) error {
			key := store.Key{}.Str(in.Peer.String()).Str(in.MessageID)
			if kept := tx.Get(heard.Name, key); kept != nil {
				done = nil
				var err error
				rec, err = b.remember(tx, kept, in.Peer)
				return err
			}
			t := &turn{Bot: b, tx: tx, now: now, u: u}
			r, err := t.run(memo)
			if err != nil {
				return err
			}
			rec, done = *r, t
			kept, err := b.keep(rec, in.Peer)
			if err != nil {
				return err
			}
			return heard.Put(tx, key, kept)
		})
		var q interface{ Answer(context.Context) error }
		if errors.As(err, &q) {
			if err := q.Answer(ctx); err != nil {
				return Receipt{}, err
			}
			continue
		}
		if err == nil {
			// gofail: var turnKept struct{}
			if b.Observe != nil && !rec.Again {
				b.Observe(in.Peer.Channel, rec.Outcome, time.Since(began))
			}
			b.readers.wake(in.Peer)
			if done != nil {
				if n := done.saying; n != nil && !b.sayings.kept.Contains(n.name) {
					b.sayings.kept.Add(n.name, &n.Message)
				}
				done.ring(&rec)
			}
		}
		return rec, err
	}
	return Receipt{}, errors.New("bot: a turn keeps asking")
}

// ring wakes those to whom the turn may have written. A reply that is a claim is not
// due for a while.
func (t *turn) ring(r *Receipt) {
	t.readers.wake(t.told...)
	if r.Delivery != "" && r.Said == "" || r.Earlier > 0 || len(t.told) > 0 || len(t.Hooks) > 0 || t.Desk {
		t.kick()
	}
}

// baseFor is the knowledge base that answers somebody.
func (b *Bot) baseFor(p channel.Peer) base {
	if p.Channel == channel.Preview && b.Trial != nil {
		return b.Trial
	}
	return b.Base
}

// decide finds what the knowledge base has to an utterance. One that says nothing
// by itself is taken together with the page that the person was reading.
func (b *Bot) decide(ctx context.Context, in channel.Inbound) (kb.Decision, error) {
	base := b.baseFor(in.Peer)
	d, err := base.Decide(ctx, in.Text)
	if err != nil || in.Page == "" || d.Kind != kb.None && !d.Unclear() {
		return d, err
	}
	e := base.Content().Entry(kb.EntryID(in.Page))
	if e == nil || d.Topic != nil && !d.Unclear() || d.Outside != "" {
		return d, nil
	}
	if there, err := base.Decide(ctx, e.Title+" "+in.Text); err == nil && there.Kind == kb.Answer && there.Hits[0].Entry == e {
		return there, nil
	}
	return d, nil
}

func cut(s string, runes int) string {
	n := 0
	for i := range s {
		if n++; n > runes {
			return s[:i]
		}
	}
	return s
}

// An utterance is an inbound message with what was found out about it before the
// transaction.
type utterance struct {
	in       channel.Inbound
	decision kb.Decision
	meaning
	sight  *Sight // of a picture that was read; nil if it was not
	form   form   // once it is known
	formed bool
}

// A turn is being run.
type turn struct {
	*Bot
	tx       store.Tx
	now      time.Time
	conv     *conversation
	was      *store.Was // the conversation, when the turn began
	flow     *actions.Turn
	reply    channel.Message
	u        utterance
	quiet    bool           // nothing is said
	told     []channel.Peer // others who were
	answered Outcome        // by the knowledge base, if it was asked
	missed   bool           // what was asked was not answered
	common   string         // what the knowledge base says to everybody who asks this
	saying   *saying        // that the reply is; nil if it is for this person only
}

// run runs one turn within the transaction.
func (t *turn) run(memo map[any]any) (*Receipt, error) {
	tx, now, u := t.tx, t.now, &t.u
	var err error
	if t.conv, t.was, err = t.load(tx, u.in); err != nil {
		return nil, err
	}
	if t.conv.Ended {
		return nil, ErrEnded
	}
	t.conv.About = t.conv.About.later(now, u.in.Kind)
	// gofail: var turnRead struct{}
	id := turnID(u.in)
	t.flow = &actions.Turn{Tx: tx, ID: id, Now: now, Device: actions.Device(t.conv.Device), Conv: u.in.Peer.String(), Account: t.conv.Account,
		Link: t.conv.Link, Memo: memo, Scope: make(map[any]any)}
	earlier, err := t.unpark()
	if err != nil {
		return nil, err
	}
	t.conv.allow(u.in.Allows, now)
	left := u.in.Kind == channel.Left
	t.conv.Noticed, t.conv.Refuses = t.conv.Noticed && left, t.conv.Refuses && left
	if left {
		t.conv.shut()
	}
	said := line{At: now, From: User, Text: t.masked(), Client: u.in.MessageID, Picture: u.in.Picture != nil}
	ticket := t.conv.Ticket
	if err := t.route(); err != nil {
		return nil, err
	}
	if err := t.effects(); err != nil {
		return nil, err
	}
	said.Outcome = t.outcome()
	if err := writeLine(tx, t.conv, said); err != nil {
		return nil, err
	}
	if err := t.heard(said.Text, ticket); err != nil {
		return nil, err
	}
	r := &Receipt{Missed: t.missed, Outcome: t.outcome(), Earlier: earlier}
	if !t.quiet {
		if err := t.replies(r, id); err != nil {
			return nil, err
		}
	}
	t.conv.Seen = now
	// gofail: var turnWritten struct{}
	stored := *t.conv
	if stored.ShownIn != "" {
		stored.Shown = nil
	}
	return r, putBack(tx, conversations, store.Key{}.Str(u.in.Peer.String()), &stored, t.was)
}

func (t *turn) outcome() Outcome {
	switch {
	case t.quiet:
		return Silent
	case t.flow.Effects.Handoff:
		return Handoff
	case t.answered != "":
		return t.answered
	}
	return InFlow
}

// turnID names a turn: the same when its message is delivered again.
func turnID(in channel.Inbound) string {
	sum := sha256.Sum256([]byte(in.Peer.String() + "\x00" + in.MessageID))
	return hex.EncodeToString(sum[:10])
}

func (b *Bot) load(tx store.Tx, in channel.Inbound) (*conversation, *store.Was, error) {
	c, was, err := fetch[conversation](tx, conversations, store.Key{}.Str(in.Peer.String()))
	if err != nil {
		return nil, nil, err
	}
	if c == nil {
		c = &conversation{Peer: in.Peer}
	}
	if c.ShownIn != "" {
		m, err := b.saidAs(tx, c.ShownIn)
		if err != nil {
			return nil, nil, err
		}
		c.Shown = m.Choices
	}
	if in.Device != "" {
		c.Device = in.Device
	}
	if c.Device == "" {
		c.Device = channel.Phone
	}
	if in.Link != "" {
		c.Link = in.Link
	}
	if in.Account != "" {
		c.Account = in.Account
	}
	return c, was, nil
}

// effects does what the flows asked of the conversation.
func (t *turn) effects() error {
	e := &t.flow.Effects
	if e.Bind != "" {
		t.conv.Account = e.Bind
	}
	for _, id := range e.Watch {
		if err := watchers.Put(t.tx, store.Key{}.Str(id).Str(t.conv.Peer.String()), nil); err != nil {
			return err
		}
	}
	for i, m := range e.Progress {
		if err := t.tell(m, fmt.Sprintf("p-%s-%d", t.flow.ID, i)); err != nil {
			return err
		}
		if err := t.announce(t.tx, t.now, eventCase, fmt.Sprintf("%s-p%d", t.flow.ID, i), map[string]any{"case": m.Case, "text": m.Text}); err != nil {
			return err
		}
	}
	if e.Handoff {
		return t.handoff()
	}
	return nil
}

// tell owes news of a case to everybody who watches it, save who caused it.
func (t *turn) tell(m actions.Message, id string) error {
	told, err := t.news(t.tx, t.now, m, id, t.conv.Peer)
	t.told = append(t.told, told...)
	return err
}

// Tell tells everybody who watches a case what became of it outside of any
// conversation: staff decided, a payment arrived. The same id tells it once.
func (b *Bot) Tell(ctx context.Context, m actions.Message, id string) error {
	var told []channel.Peer
	err := b.Store.Update(ctx, func(tx store.Tx) error {
		told = nil
		_, _, err := store.Once(tx, id, func() ([]byte, error) {
			var err error
			told, err = b.news(tx, b.Now(), m, id, channel.Peer{})
			return nil, err
		})
		return err
	})
	if err == nil && len(told) > 0 {
		b.kick()
		b.readers.wake(told...)
	}
	return err
}

// news tells the watchers of a case, and returns who they are.
func (b *Bot) news(tx store.Tx, now time.Time, m actions.Message, id string, except channel.Peer) ([]channel.Peer, error) {
	var told []channel.Peer
	for key := range tx.Scan(watchers.Name, store.Prefix(store.Key{}.Str(m.Case))) {
		k := store.ReadKey(key)
		k.Str()
		who := k.Str()
		if who == except.String() {
			continue
		}
		c, err := get[conversation](tx, conversations, store.Key{}.Str(who))
		if err != nil {
			return nil, err
		}
		if c == nil {
			continue // forgotten
		}
		told = append(told, c.Peer)
		if err := b.post(tx, c, now, fmt.Sprintf("%s-%d", id, len(told)), Robot, channel.Message{Text: m.Text}); err != nil {
			return nil, err
		}
		if err := put(tx, conversations, store.Key{}.Str(who), c); err != nil {
			return nil, err
		}
	}
	return told, nil
}

// lanes let the turns of one conversation pass one by one.
type lanes struct {
	mu   sync.Mutex
	lane map[string]*lane
}

type lane struct {
	turn    chan struct{} // holds one token
	waiting int
}

// enter waits for the conversation's turn.
func (l *lanes) enter(ctx context.Context, key string) (leave func(), err error) {
	l.mu.Lock()
	if l.lane == nil {
		l.lane = make(map[string]*lane)
	}
	n := l.lane[key]
	if n == nil {
		n = &lane{turn: make(chan struct{}, 1)}
		l.lane[key] = n
	}
	n.waiting++
	l.mu.Unlock()
	done := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if n.waiting--; n.waiting == 0 {
			delete(l.lane, key)
		}
	}
	select {
	case n.turn <- struct{}{}: // those who wait for a channel are served in order
		return func() { <-n.turn; done() }, nil
	case <-ctx.Done():
		done()
		return nil, ctx.Err()
	}
}
