package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"signdesk/bot/channel"
	"signdesk/data/store"
)

// Limits of sending where sends are counted.
const (
	flightTime = time.Minute     // longer than any try takes; after a crash the delivery waits that long
	gather     = 2 * time.Second // the staff's lines wait for each other so long, to go as one
	maxPack    = 8               // messages that go as one
)

// errWindow is why a message waits for its person: the channel lets no more
// through.
var errWindow = &channel.SendError{Kind: channel.Closed, Code: "window", Err: errors.New("no sends are left until the person writes")}

// errTaken means that somebody else brings a delivery now.
var errTaken = errors.New("bot: delivery is brought by somebody else")

// A flight is what a sender was given.
type flight struct {
	list  []*Delivery // one, or several that go as one message
	m     channel.Outbound
	spent int       // sends taken from the person's windows
	took  []window  // from which
	heard time.Time // when the person was last heard of, before
}

// A tried is a flight that is over: how it went.
type tried struct {
	flight
	failure error
}

// bring has what is due to a person sent: a delivery, and those behind it that go
// along. If it cannot be noted how that went, for want of room or because the store
// is broken, it is remembered: a message that was sent must not be sent again every
// second until the store takes updates.
func (b *Bot) bring(ctx context.Context, s channel.Sender, d *Delivery) (sent bool, err error) {
	was, known := b.unnoted.Load(d.attempt())
	if !known {
		t, err := b.try(ctx, s, d)
		if t == nil || err != nil {
			return false, err
		}
		was = *t
	}
	t := was.(tried)
	_, counted := s.(channel.Metered)
	if err := b.land(context.WithoutCancel(ctx), t.flight, t.failure, counted); err != nil {
		b.unnoted.Store(d.attempt(), t)
		return false, err
	}
	b.unnoted.Delete(d.attempt())
	return t.failure == nil, nil
}

// attempt names what is sent by a try: another one if the message is replaced.
func (d *Delivery) attempt() string { return fmt.Sprint(d.ID, " ", d.Seq, " ", d.Rev) }

// wasTried reports whether it is only to be noted how a try went.
func (b *Bot) wasTried(d *Delivery) bool {
	_, known := b.unnoted.Load(d.attempt())
	return known
}

// try has a delivery sent. What a channel that counts would not let through is not
// tried. It returns nil if somebody else brings it. An error means that nothing was
// tried, or that it is in doubt and will be tried again.
func (b *Bot) try(ctx context.Context, s channel.Sender, d *Delivery) (_ *tried, err error) {
	f := flight{list: []*Delivery{d}, m: d.outbound()}
	if meter, counted := s.(channel.Metered); counted || b.Shared {
		f, err = b.launch(ctx, meter, d)
	}
	switch {
	case errors.Is(err, errTaken):
		return nil, nil
	case err == nil:
		// gofail: var deliverySending struct{}
		err = s.Send(ctx, f.m)
		// gofail: var deliverySent struct{}
	case !errors.Is(err, errWindow):
		return nil, err
	}
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return &tried{f, err}, nil
}

func (d *Delivery) outbound() channel.Outbound {
	return channel.Outbound{ID: d.ID, To: d.To, Message: d.Message, Skip: d.Skip}
}

// flying reports whether a sender has the delivery. A store that is not shared has
// one process: what an earlier one was bringing when it died is brought at once.
func (b *Bot) flying(d *Delivery, now time.Time) bool {
	return d.Flight.After(now) && (b.Shared || d.By == b.Process)
}

// launch takes a delivery for a sender, so that no reply carries it at the same
// time and no other process that shares the store brings it; and, unless meter is
// nil, the sends that it costs: counted before they are made, so that a try whose
// answer is lost counts too. The error is [errTaken] or [errWindow].
func (b *Bot) launch(ctx context.Context, meter channel.Metered, d *Delivery) (f flight, err error) {
	now := b.Now()
	refused := false
	err = b.Store.Update(ctx, func(tx store.Tx) error {
		f, refused = flight{list: []*Delivery{d}}, false
		list, err := pending(tx, d.To, maxPack)
		if err != nil {
			return err
		}
		if len(list) == 0 || list[0].ID != d.ID || list[0].State != Owed || list[0].Due.After(now) || b.flying(list[0], now) {
			return errTaken
		}
		if meter == nil {
			f.list, f.m = list[:1], list[0].outbound()
			return b.fly(tx, now, f.list)
		}
		f.list, f.m = b.pack(meter, list, now)
		key := store.Key{}.Str(d.To.String())
		c, err := get[conversation](tx, conversations, key)
		if err != nil {
			return err
		}
		if c != nil {
			f.heard = c.Seen
		}
		if c != nil && c.Windows != nil {
			free := c.left(now)
			if !list[0].Staff {
				free -= b.Reserve
			}
			if refused = free <= 0; refused {
				return nil
			}
			f.m.Budget = free
			f.spent = meter.Cost(f.m)
			f.m.Budget = f.spent
			f.took = c.spend(f.spent, now)
			if err := put(tx, conversations, key, c); err != nil {
				return err
			}
		}
		return b.fly(tx, now, f.list)
	})
	if err == nil && refused {
		err = errWindow
	}
	return f, err
}

// fly notes that deliveries are on their way, and until when they count as such.
func (b *Bot) fly(tx store.Tx, now time.Time, list []*Delivery) error {
	for _, d := range list {
		d.Flight, d.By = now.Add(flightTime), b.Process
		if err := putDelivery(tx, d); err != nil {
			return err
		}
	}
	return nil
}

// pack joins the deliveries that are due, of one speaker, as far as the channel
// brings them as one message.
func (b *Bot) pack(meter channel.Metered, list []*Delivery, now time.Time) ([]*Delivery, channel.Outbound) {
	var out []channel.Outbound
	for _, d := range list {
		if d.State != Owed || d.Due.After(now) || b.flying(d, now) || d.Staff != list[0].Staff {
			break
		}
		out = append(out, d.outbound())
	}
	if len(out) == 1 {
		return list[:1], out[0]
	}
	m, n := meter.Pack(out)
	return list[:n], m
}

// land notes how a try went, and tells the desk of its own. Where sends are counted
// the person gets notice of what waits for him.
func (b *Bot) land(ctx context.Context, f flight, failure error, counted bool) error {
	noticed := false
	err := b.Store.Update(ctx, func(tx store.Tx) error {
		noticed = false
		var waits *Delivery
		crossed, err := f.crossed(tx, failure, counted)
		if err != nil {
			return err
		}
		for _, was := range f.list {
			err := settle(tx, was.ID, func(d *Delivery) error {
				d.Flight, d.By = time.Time{}, ""
				if crossed {
					d.Due = b.Now()
					return nil
				}
				b.tried(d, failure)
				if d.State == Sent && d.Rev != was.Rev { // it was replaced meanwhile
					d.State, d.Due = Owed, b.Now()
				}
				if d.State == Parked && !strings.HasPrefix(d.ID, replyPrefix) {
					waits = d
				}
				return b.report(tx, d, failure)
			})
			if err != nil {
				return err
			}
		}
		if failure == nil || crossed {
			return nil
		}
		if !counted {
			waits = nil
		}
		noticed = waits != nil
		return b.reckon(tx, f, failure, waits)
	})
	if noticed {
		b.kick()
	}
	return err
}

// crossed reports whether a message was refused, because its person cannot be reached
// until he is heard of, while he was.
func (f flight) crossed(tx store.Tx, failure error, counted bool) (bool, error) {
	se := new(channel.SendError)
	if !counted || !errors.As(failure, &se) || se.Kind != channel.Closed {
		return false, nil
	}
	c, err := get[conversation](tx, conversations, store.Key{}.Str(f.list[0].To.String()))
	return c != nil && !c.Seen.Equal(f.heard), err
}

// reckon brings a person's windows in line with what the channel said, and lets
// him have one notice until he writes.
func (b *Bot) reckon(tx store.Tx, f flight, failure error, waits *Delivery) error {
	key := store.Key{}.Str(f.list[0].To.String())
	c, err := get[conversation](tx, conversations, key)
	if err != nil || c == nil {
		return err
	}
	se := new(channel.SendError)
	_ = errors.As(failure, &se)
	switch {
	case se.Shut:
		c.shut()
	case f.spent <= se.Parts:
	case se.Code != "", // the platform refused it, so that it did not count it
		f.list[0].Tries > 0: // in doubt, as the try before: an outage must not use up what there is
		c.refund(f.spent-se.Parts, f.took)
	}
	if waits != nil && !c.Noticed {
		c.Noticed = true
		if err := b.oweNotice(tx, b.Now(), noticePrefix, waits); err != nil {
			return err
		}
	}
	return put(tx, conversations, key, c)
}

// Carry claims messages that a person has not got yet for a reply that brings
// them, in their order up to the first that a sender has. flying reports whether
// there is such a one: it arrives in a moment. One that a reply brought already is
// claimed only if that reply is repeated. The claim lasts as long as that of
// a reply; see [Receipt.Delivery].
func (b *Bot) Carry(ctx context.Context, repeat bool, ids ...string) (claimed []string, flying bool, err error) {
	now := b.Now()
	err = b.Store.Update(ctx, func(tx store.Tx) error {
		claimed, flying = nil, false
		for _, id := range ids {
			d, err := deliveryOf(tx, id)
			if err != nil {
				return err
			}
			switch {
			case repeat && (d == nil || d.Carried): // a claim that is gone was carried
				claimed = append(claimed, id)
				continue
			case d == nil || d.State != Owed && d.State != Parked:
				continue // it was sent
			}
			if flying = b.flying(d, now); flying {
				return nil
			}
			d.State, d.Due = Owed, now.Add(claim)
			if err := putDelivery(tx, d); err != nil {
				return err
			}
			claimed = append(claimed, id)
		}
		return nil
	})
	return claimed, flying, err
}
