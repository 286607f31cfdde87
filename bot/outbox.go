package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"signdesk/bot/channel"
	"signdesk/bot/desk"
	"signdesk/data/store"
)

// Limits of the outbox.
const (
	firstRetry   = 2 * time.Second
	longestRetry = 30 * time.Minute
	maxTries     = 12 // some three hours; then the delivery is dead
	outboxBatch  = 100
	outboxLook   = 5000 // deliveries looked at for those: many may stand behind one that waits
	outboxWide   = 8    // deliveries on the way at once
	outboxPause  = time.Second
	maxUnparked  = 20 // messages that are owed again when their person is back

	throttleSpread = 30 * time.Second // how far apart tries are after the time that a channel told
)

// owe writes a delivery. One of that id that is there already is left alone.
func (b *Bot) owe(tx store.Tx, now time.Time, d Delivery) error {
	key := store.Key{}.Str(d.ID)
	if tx.Get(deliveries.Name, key) != nil {
		return nil
	}
	var err error
	if d.Seq, err = nextSeq(tx, now, d.To); err != nil {
		return err
	}
	d.Created, d.State = now, Owed
	return putDelivery(tx, &d)
}

// nextSeq is behind all that is still to go to a person. It is the time, so that
// turns of different people have nothing in common that they would wait for.
func nextSeq(tx store.Tx, now time.Time, to channel.Peer) (uint64, error) {
	seq := uint64(now.UnixNano())
	switch c, err := claimTo(tx, to); {
	case err != nil:
		return 0, err
	case c != nil:
		seq = max(seq, c.Seq+1)
	}
	r := store.Prefix(store.Key{}.Str(to.String()))
	r.Reverse, r.Limit = true, 1
	for _, raw := range deliveries.By(tx, "peer", r) {
		last, err := decode[Delivery](raw)
		if err != nil {
			return 0, err
		}
		seq = max(seq, last.Seq+1) // the clock may stand, or have been set back
	}
	return seq, nil
}

// replace is owe for a message that changes: what is owed under the id already
// becomes the new one, and what was sent is sent again as it is now.
func (b *Bot) replace(tx store.Tx, now time.Time, d Delivery) error {
	key := store.Key{}.Str(d.ID)
	old, err := get[Delivery](tx, deliveries, key)
	if err != nil {
		return err
	}
	if old == nil {
		return b.owe(tx, now, d)
	}
	if old.State != Owed { // its place among the others is a new one
		if old.Seq, err = nextSeq(tx, now, old.To); err != nil {
			return err
		}
		old.State, old.Due, old.Tries, old.Skip = Owed, now, 0, 0
	}
	old.Message, old.Said = d.Message, d.Said
	old.Rev++
	return putDelivery(tx, old)
}

// Owe writes a message that is owed to somebody, in the caller's transaction,
// and under an id that makes it be sent once however often it is asked for.
func (b *Bot) Owe(tx store.Tx, id string, to channel.Peer, m channel.Message) error {
	return b.owe(tx, b.Now(), Delivery{ID: id, To: to, Message: m, Due: b.Now()})
}

// kick tells those who deliver that something is owed.
func (b *Bot) kick() { b.owing.wake() }

// Delivered notes that the caller brought messages to their person.
func (b *Bot) Delivered(ctx context.Context, ids ...string) error {
	return b.Store.Update(ctx, func(tx store.Tx) error {
		for _, id := range ids {
			if key := (store.Key{}.Str(id)); tx.Get(claims.Name, key) != nil {
				if err := claims.Delete(tx, key); err != nil {
					return err
				}
				continue
			}
			if err := settle(tx, id, func(d *Delivery) error { d.State, d.Carried = Sent, true; return nil }); err != nil {
				return err
			}
		}
		return nil
	})
}

// Carried notes that the caller brought the first parts of a message to its
// person, who is sent the rest.
func (b *Bot) Carried(ctx context.Context, id string, parts int) error {
	err := b.settle(ctx, id, func(d *Delivery) {
		d.Skip = parts
		if d.State == Owed {
			d.Due = b.Now()
		}
	})
	b.kick()
	return err
}

// Release gives up the claim on a reply that its caller cannot bring to the
// person: it is sent like any other message, from now on, and so is what the
// person has not got from before.
func (b *Bot) Release(ctx context.Context, id string) error {
	err := b.Store.Update(ctx, func(tx store.Tx) error {
		d, err := deliveryOf(tx, id)
		if err != nil || d == nil || d.State != Owed {
			return err
		}
		list, err := pending(tx, d.To, maxUnparked)
		if err != nil {
			return err
		}
		for _, p := range list {
			if p.State != Owed || p.Seq > d.Seq || p.Tries > 0 {
				continue
			}
			p.Due = b.Now()
			if err := putDelivery(tx, p); err != nil {
				return err
			}
		}
		return nil
	})
	b.kick()
	return err
}

// Pending returns what a person has not got yet, the oldest first, at most
// limit.
func (b *Bot) Pending(ctx context.Context, p channel.Peer, limit int) (out []*Delivery, err error) {
	err = b.Store.View(ctx, func(tx store.Tx) error {
		out, err = pending(tx, p, limit)
		return err
	})
	return out, err
}

func pending(tx store.Tx, p channel.Peer, limit int) ([]*Delivery, error) {
	list, err := undelivered(tx, p, limit)
	if err != nil {
		return nil, err
	}
	c, err := claimTo(tx, p)
	if err != nil || c == nil {
		return list, err
	}
	if err := c.say(tx); err != nil {
		return nil, err
	}
	at, _ := slices.BinarySearchFunc(list, c, func(a, b *Delivery) int { return cmp.Compare(a.Seq, b.Seq) })
	list = slices.Insert(list, at, c)
	if limit > 0 && len(list) > limit {
		list = list[:limit]
	}
	return list, nil
}

// undelivered is pending without the person's claim.
func undelivered(tx store.Tx, p channel.Peer, limit int) (out []*Delivery, err error) {
	r := store.Prefix(store.Key{}.Str(p.String()))
	r.Limit = limit
	for _, raw := range deliveries.By(tx, "peer", r) {
		d, err := decodeDelivery(tx, raw)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// unpark owes again what waited for the person to be heard of. The reply to what
// he wrote may carry it, so that it is claimed like the reply.
// It returns how much that is.
func (t *turn) unpark() (int, error) {
	if t.read(t.conv.Peer.Channel) || t.u.in.Kind == channel.Left {
		return 0, nil
	}
	c, err := claimOf(t.tx, t.conv.Claim)
	if err == nil && c != nil {
		err = putDelivery(t.tx, c)
	}
	if err != nil {
		return 0, err
	}
	list, err := undelivered(t.tx, t.conv.Peer, maxUnparked)
	if err != nil {
		return 0, err
	}
	for _, d := range list {
		if d.State != Parked {
			continue
		}
		d.State, d.Tries, d.Due = Owed, 0, t.now.Add(claim)
		if err := putDelivery(t.tx, d); err != nil {
			return 0, err
		}
	}
	return len(list), nil
}

// Reached owes again what was parked for a peer who can be reached again.
func (b *Bot) Reached(ctx context.Context, p channel.Peer) error {
	err := b.Store.Update(ctx, func(tx store.Tx) error {
		list, err := pending(tx, p, 0)
		if err != nil {
			return err
		}
		for _, d := range list {
			if d.State != Parked {
				continue
			}
			d.State, d.Tries, d.Due = Owed, 0, b.Now()
			if err := putDelivery(tx, d); err != nil {
				return err
			}
		}
		return nil
	})
	b.kick()
	return err
}

func (b *Bot) settle(ctx context.Context, id string, change func(*Delivery)) error {
	return b.Store.Update(ctx, func(tx store.Tx) error {
		return settle(tx, id, func(d *Delivery) error { change(d); return nil })
	})
}

// settle changes a delivery that is not sent yet. Of one that is sent then, what
// takes much room is not kept.
func settle(tx store.Tx, id string, change func(*Delivery) error) error {
	key := store.Key{}.Str(id)
	d, was, err := fetch[Delivery](tx, deliveries, key)
	if err == nil && d == nil {
		d, err = claimOf(tx, id)
	}
	if err != nil || d == nil || d.State == Sent {
		return err
	}
	if err := change(d); err != nil {
		return err
	}
	if d.claim {
		return putDelivery(tx, d)
	}
	if d.State == Sent {
		d.Message.Image = nil
		if p := d.Message.Post; p != nil && p.File != nil {
			d.Message.Post = nil
		}
	}
	return putBack(tx, deliveries, key, d, was)
}

// Deliver sends what is owed on the given channels until ctx is done. Every
// delivery is tried until it is sent or given up, under the same id; those to
// one person keep their order. No channel waits for another.
func (b *Bot) Deliver(ctx context.Context, senders map[string]channel.Sender) error {
	var g errgroup.Group
	for name, s := range senders {
		g.Go(func() error { b.deliver(ctx, name, s); return nil })
		if _, counted := s.(channel.Metered); counted {
			g.Go(func() error { b.deliver(ctx, besidePrefix+name, noticer{b, s}); return nil })
		}
	}
	g.Go(func() error { b.expireAll(ctx); return nil })
	return g.Wait()
}

// deliver sends what is owed on one channel until ctx is done.
func (b *Bot) deliver(ctx context.Context, name string, s channel.Sender) {
	owed, stop := b.owing.add()
	defer stop()
	tick := time.NewTicker(outboxPause)
	defer tick.Stop()
	for {
		n, err := b.deliverOnce(ctx, name, s)
		if err != nil && ctx.Err() == nil {
			b.Logger.Error("outbox", "channel", name, "err", err)
		}
		if n > 0 && err == nil && ctx.Err() == nil {
			continue // what stood behind it may go now
		}
		news := owed
		if err != nil {
			news = nil // no sooner than the pause
		}
		select {
		case <-ctx.Done():
			return
		case <-news:
		case <-tick.C:
		}
	}
}

// DeliverOnce sends what is due now and returns how many were sent.
func (b *Bot) DeliverOnce(ctx context.Context, senders map[string]channel.Sender) (sent int, err error) {
	if _, err := b.expire(ctx); err != nil {
		return 0, err
	}
	for name, s := range senders {
		n, e := b.deliverOnce(ctx, name, s)
		sent, err = sent+n, errors.Join(err, e)
		if _, counted := s.(channel.Metered); counted {
			n, e := b.deliverOnce(ctx, besidePrefix+name, noticer{b, s})
			sent, err = sent+n, errors.Join(err, e)
		}
	}
	return sent, err
}

func (b *Bot) deliverOnce(ctx context.Context, name string, s channel.Sender) (int, error) {
	heads, err := b.due(ctx, name)
	if err != nil {
		return 0, err
	}
	sent, errs := make([]bool, len(heads)), make([]error, len(heads))
	var g errgroup.Group
	g.SetLimit(outboxWide)
	for i, d := range heads {
		g.Go(func() error { sent[i], errs[i] = b.bring(ctx, s, d); return nil })
	}
	_ = g.Wait() // errors are in errs: one of them must not cut off the others
	n := 0
	for _, ok := range sent {
		if ok {
			n++
		}
	}
	return n, errors.Join(errs...)
}

// due returns what is due on a channel: of each person the oldest delivery, if its
// time has come and nobody else brings it already.
func (b *Bot) due(ctx context.Context, name string) (out []*Delivery, err error) {
	now := b.Now()
	err = b.Store.View(ctx, func(tx store.Tx) error {
		out = nil
		seen := make(map[channel.Peer]bool)
		of := store.Key{}.Str(name)
		due := store.Range{From: of, To: of.Time(now.Add(time.Millisecond)), Limit: outboxLook}
		for _, raw := range deliveries.By(tx, "due", due) {
			d, err := decode[Delivery](raw)
			if err != nil {
				return err
			}
			if seen[d.To] {
				continue
			}
			seen[d.To] = true
			head, err := b.head(tx, d.To)
			if err != nil {
				return err
			}
			if head != nil && head.State == Owed && !head.Due.After(now) && (!b.flying(head, now) || b.wasTried(head)) {
				if out = append(out, head); len(out) == outboxBatch {
					break
				}
			}
		}
		return nil
	})
	return out, err
}

func (b *Bot) head(tx store.Tx, p channel.Peer) (*Delivery, error) {
	list, err := pending(tx, p, 1)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

// report tells the desk what became of the staff's words, and of a notice that was
// given up.
func (b *Bot) report(tx store.Tx, d *Delivery, failure error) error {
	if isNotice(d) {
		return b.givenUp(tx, d)
	}
	kind, ok := map[DeliveryState]desk.Kind{Sent: desk.Sent, Parked: desk.Parked, Dead: desk.Lost}[d.State]
	if !ok || d.Ticket == "" {
		return nil
	}
	h := desk.Happening{Kind: kind, Ticket: d.Ticket, At: b.Now(), Delivery: strings.TrimPrefix(d.ID, "h-"+d.Ticket+"-")}
	var se *channel.SendError
	if errors.As(failure, &se) {
		h.Reason = se.Code
	}
	return b.happen(tx, fmt.Sprintf("%s-%s-%d", kind, d.ID, d.Tries), h)
}

// tried notes how a try went.
func (b *Bot) tried(d *Delivery, err error) {
	if err == nil {
		d.State, d.Failure = Sent, ""
		return
	}
	d.Tries++
	d.Failure = err.Error()
	var se *channel.SendError
	if !errors.As(err, &se) {
		se = &channel.SendError{Kind: channel.Retry}
	}
	d.Skip += se.Parts
	wait := min(firstRetry<<min(d.Tries-1, 20), longestRetry)
	d.Due = b.Now().Add(wait/2 + rand.N(wait))
	switch se.Kind {
	case channel.Rejected:
		d.State = Dead
	case channel.Closed:
		d.State = Parked
	case channel.Throttled:
		wait = max(se.After, firstRetry)
		d.Due = b.Now().Add(wait + rand.N(min(wait, throttleSpread)))
		d.Tries-- // not its fault
	}
	if d.Tries >= maxTries {
		d.State = Dead
	}
	if d.State != Owed {
		b.Logger.Warn("delivery not sent", "delivery", d.ID, "channel", d.To.Channel, "state", string(d.State), "err", err)
	}
}

// Deliveries returns deliveries that are owed, parked or given up, the oldest
// first, at most limit.
func (b *Bot) Deliveries(ctx context.Context, state DeliveryState, limit int) (out []*Delivery, err error) {
	err = b.Store.View(ctx, func(tx store.Tx) error {
		out = nil
		index, r := "state", store.Prefix(store.Key{}.Str(string(state)))
		if state == Owed {
			index, r = "due", store.Range{}
		}
		r.Limit = limit
		for _, raw := range deliveries.By(tx, index, r) {
			d, err := decodeDelivery(tx, raw)
			if err != nil {
				return err
			}
			out = append(out, d)
		}
		return nil
	})
	slices.SortFunc(out, func(a, b *Delivery) int { return cmp.Compare(a.Seq, b.Seq) })
	return out, err
}

// Resend owes a dead or parked delivery once more.
func (b *Bot) Resend(ctx context.Context, id string) error {
	found := false
	err := b.settle(ctx, id, func(d *Delivery) {
		if d.State == Dead || d.State == Parked {
			found = true
			d.State, d.Due, d.Tries = Owed, b.Now(), 0
		}
	})
	if err == nil && !found {
		err = fmt.Errorf("bot: delivery %s is not there, or not given up", id)
	}
	b.kick()
	return err
}
