package bot

import (
	"context"
	"errors"
	"slices"
	"time"

	"signdesk/bot/channel"
	"signdesk/data/store"
)

// A window is what may still be sent to a person, on channels that count.
type window struct {
	Left  int
	Until time.Time
}

// allow opens a window. One of the same length takes the place of the one before:
// each message of the person counts anew.
func (c *conversation) allow(a channel.Allowance, now time.Time) {
	if a == (channel.Allowance{}) {
		return
	}
	until := now.Add(a.For)
	c.Windows = slices.DeleteFunc(c.Windows, func(w window) bool { return !w.Until.After(until) && w.Left <= a.Sends || !w.Until.After(now) })
	c.Windows = append(c.Windows, window{a.Sends, until})
	slices.SortFunc(c.Windows, func(a, b window) int { return a.Until.Compare(b.Until) })
}

// left is how much may be sent now.
func (c *conversation) left(now time.Time) (n int) {
	for _, w := range c.Windows {
		if w.Until.After(now) {
			n += w.Left
		}
	}
	return n
}

// until is when the last of the windows with sends ends.
func (c *conversation) until(now time.Time) (at time.Time) {
	for _, w := range c.Windows {
		if w.Left > 0 && w.Until.After(now) && w.Until.After(at) {
			at = w.Until
		}
	}
	return at
}

// spend takes sends from the windows, from those first that end first.
func (c *conversation) spend(n int, now time.Time) {
	for i := range c.Windows {
		if w := &c.Windows[i]; w.Until.After(now) {
			took := min(n, w.Left)
			w.Left -= took
			n -= took
		}
	}
}

// errWindow is why a message waits for its person: the channel lets no more
// through.
var errWindow = &channel.SendError{Kind: channel.Closed, Code: "window", Err: errors.New("no sends are left until the person writes")}

// untried is why a delivery was not sent that could have been: the store took no
// update.
type untried struct{ error }

// send brings a delivery to a sender. What a channel that counts would not let
// through is not tried; a send is counted before it is made, so that a failure
// counts too.
func (b *Bot) send(ctx context.Context, s channel.Sender, d *Delivery) error {
	m := channel.Outbound{ID: d.ID, To: d.To, Message: d.Message, Skip: d.Skip}
	if meter, ok := s.(channel.Metered); ok {
		var err error
		if m.Budget, err = b.budget(ctx, meter, m, d.Staff); err != nil {
			if se := new(channel.SendError); !errors.As(err, &se) {
				return &untried{err}
			}
			return err
		}
	}
	return s.Send(ctx, m)
}

// budget takes what a message costs from its person's windows, and returns how
// many sends it may use; 0 if nothing is counted for him.
func (b *Bot) budget(ctx context.Context, meter channel.Metered, m channel.Outbound, staff bool) (n int, err error) {
	now := b.Now()
	err = b.Store.Update(ctx, func(tx store.Tx) error {
		n = 0
		key := store.Key{}.Str(m.To.String())
		c, err := get[conversation](tx, conversations, key)
		if err != nil || c == nil || c.Windows == nil {
			return err
		}
		free := c.left(now)
		if !staff {
			free -= b.Reserve
		}
		if free <= 0 {
			return errWindow
		}
		m.Budget = free
		n = meter.Cost(m)
		c.spend(n, now)
		return put(tx, conversations, key, c)
	})
	return n, err
}

// Allowed tells how much may be sent to a person now, and until when; counted is
// false where nobody counts.
func (b *Bot) Allowed(ctx context.Context, p channel.Peer) (left int, until time.Time, counted bool, err error) {
	now := b.Now()
	err = b.Store.View(ctx, func(tx store.Tx) error {
		c, err := get[conversation](tx, conversations, store.Key{}.Str(p.String()))
		if err != nil || c == nil || c.Windows == nil {
			return err
		}
		left, counted = c.left(now), true
		for _, w := range c.Windows {
			if w.Left > 0 && w.Until.After(until) {
				until = w.Until
			}
		}
		return nil
	})
	return left, until, counted, err
}
