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
	For   time.Duration `json:",omitempty"` // that it was opened for
}

// allow opens a window. It takes the place of those before that are no longer and
// end no later: each message of the person counts anew.
func (c *conversation) allow(a channel.Allowance, now time.Time) {
	if a == (channel.Allowance{}) {
		return
	}
	until := now.Add(a.For)
	c.Windows = slices.DeleteFunc(c.Windows, func(w window) bool { return !w.Until.After(until) && w.For <= a.For || !w.Until.After(now) })
	c.Windows = append(c.Windows, window{a.Sends, until, a.For})
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

// spend takes sends from the windows, from those first that end first. It returns
// what it took from which.
func (c *conversation) spend(n int, now time.Time) (took []window) {
	for i := range c.Windows {
		if w := &c.Windows[i]; w.Until.After(now) && n > 0 {
			took = append(took, window{Left: min(n, w.Left), Until: w.Until})
			n -= min(n, w.Left)
			w.Left -= took[len(took)-1].Left
		}
	}
	return took
}

// refund gives back the last n of the sends that were taken, which a channel did not
// count after all, to the windows that they were taken from.
func (c *conversation) refund(n int, took []window) {
	for _, t := range slices.Backward(took) {
		back := min(n, t.Left)
		n -= back
		if i := slices.IndexFunc(c.Windows, func(w window) bool { return w.Until.Equal(t.Until) }); i >= 0 {
			c.Windows[i].Left += back
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
