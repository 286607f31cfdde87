package bot

import (
	"context"
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

// refund gives back sends that a channel did not count after all.
func (c *conversation) refund(n int, now time.Time) {
	for i := range c.Windows {
		if w := &c.Windows[i]; w.Until.After(now) {
			w.Left += n
			return
		}
	}
}

// shut closes all windows: the channel lets nothing more through.
func (c *conversation) shut() {
	for i := range c.Windows {
		c.Windows[i].Left = 0
	}
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
