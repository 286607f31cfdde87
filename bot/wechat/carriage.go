package wechat

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"signdesk/bot/channel"
)

// A carriage is what goes back in a request: the same in every attempt.
type carriage struct {
	text  string
	ids   []string       // that are delivered by it
	begun map[string]int // of which it brings one part more: how many the person has then
}

// all are the ids that it brings something of.
func (c *carriage) all() []string { return slices.AppendSeq(slices.Clone(c.ids), maps.Keys(c.begun)) }

// add puts the next part of a message into the carriage.
func (c *carriage) add(id string, skip, parts int) {
	switch {
	case id == "":
	case skip+1 < parts:
		if c.begun == nil {
			c.begun = make(map[string]int)
		}
		c.begun[id] = skip + 1
	default:
		c.ids = append(c.ids, id)
	}
}

// What goes with a reply.
const (
	maxEarlier = 5                      // messages from before
	carryTries = 10                     // while the outbox has one of them
	carryPause = 150 * time.Millisecond // between tries
	divider    = "\n－－－－－－\n"           // between messages that come as one
)

// compose puts what the person has not got from before, as far as it fits, in
// front of the reply; nil if there is nothing to bring. A reply that was owed
// before, and was sent since, is not brought again.
func (a *Account) compose(ctx context.Context, r *Reply) *carriage {
	if r.Again && r.ID != "" {
		claimed, _, err := a.Talks.Carry(ctx, true, r.ID)
		if err != nil {
			a.Log.Error("reply not claimed", "channel", Channel, "err", err)
		}
		if len(claimed) == 0 {
			return nil
		}
	}
	c := new(carriage)
	own := ""
	if !r.silent() {
		parts := a.parts(r.Message, 0)
		own = parts[0]
		c.add(r.ID, 0, len(parts))
	}
	if r.Earlier {
		for _, e := range a.earlier(ctx, r, maxText-len(own)) {
			if c.text != "" {
				c.text += divider
			}
			c.text += e.text
			c.add(e.id, e.skip, e.parts)
		}
	}
	if own != "" && c.text != "" {
		c.text += divider
	}
	c.text += own
	if c.text == "" {
		return nil
	}
	return c
}

// silent reports whether the reply says nothing by itself.
func (r *Reply) silent() bool {
	return r.ID == "" && r.Message.Text == "" && len(r.Message.Choices) == 0
}

// A piece is one part of a message from before.
type piece struct {
	id, text    string
	skip, parts int
}

// earlier claims what the person has not got from before, as far as it fits. What
// does not fit is sent ahead of the reply, and what the outbox sends just now is
// waited for, so that nothing arrives twice or out of order.
func (a *Account) earlier(ctx context.Context, r *Reply, room int) []piece {
	for try := 1; ; try++ {
		list, err := a.Talks.Pending(ctx, r.To, maxEarlier)
		if err != nil {
			a.Log.Error("earlier messages not found", "channel", Channel, "err", err)
			return nil
		}
		fits := a.fitting(list, r.ID, room)
		if left := a.leftBehind(list, r.ID, len(fits)); left != "" && try < carryTries && ctx.Err() == nil {
			if try == 1 {
				a.release(ctx, left)
			}
			time.Sleep(carryPause)
			continue
		}
		var ids []string
		for _, p := range fits {
			ids = append(ids, p.id)
		}
		claimed, flying, err := a.Talks.Carry(ctx, false, ids...)
		if err != nil {
			a.Log.Error("earlier messages not claimed", "channel", Channel, "err", err)
			return nil
		}
		if flying && len(claimed) == 0 && try < carryTries && ctx.Err() == nil {
			time.Sleep(carryPause)
			continue
		}
		return slices.DeleteFunc(fits, func(p piece) bool { return !slices.Contains(claimed, p.id) })
	}
}

// leftBehind is the last of the messages before a reply, if they do not all fit
// and can be sent instead; "" otherwise.
func (a *Account) leftBehind(list []channel.Outbound, reply string, fit int) (last string) {
	if !a.maySend() {
		return ""
	}
	n := 0
	for _, m := range list {
		if m.ID == reply {
			break
		}
		if !a.carried.known(m.ID) {
			last = m.ID
			n++
		}
	}
	if n <= fit {
		return ""
	}
	return last
}

// fitting are the messages that go with a reply, in order.
func (a *Account) fitting(list []channel.Outbound, reply string, room int) (out []piece) {
	for _, m := range list {
		if a.carried.known(m.ID) {
			continue
		}
		image := m.Message.Image != nil
		if m.ID == reply || image && a.Verified && !a.paused.isBarred(a.Now()) { // it is sent
			break
		}
		_, skip := left(m)
		if image && m.Skip != 1 { // he has not got it by itself
			m.Message.Text += noImage
		}
		parts := a.parts(m.Message, 0)
		if skip >= len(parts) || len(parts[skip])+len(divider) > room {
			break
		}
		room -= len(parts[skip]) + len(divider)
		p := piece{m.ID, parts[skip], skip, len(parts)}
		if image { // the first part
			p.skip, p.parts = p.skip+1, p.parts+1
		}
		out = append(out, p)
		if skip+1 < len(parts) {
			break
		}
	}
	return out
}

// noImage stands for a picture that an account that may only reply cannot bring.
const noImage = "（这里还有一张图片，公众号暂时发不过来。）"

// carried is what requests brought to people and is not noted yet.
type carried struct {
	mu      sync.Mutex
	brought map[string]bool // ids, also of those that are still on their way
	ids     []string        // that arrived
	news    chan struct{}   // of one: some arrived
	over    bool            // nobody notes them any more
}

// begin has messages known as brought, before they are noted.
func (c *carried) begin(ids []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		c.brought[id] = true
	}
}

func (c *carried) known(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.brought[id]
}

// forget is for what was noted, or did not arrive.
func (c *carried) forget(ids ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		delete(c.brought, id)
	}
}

// arrived has messages noted, by others; false if nobody does any more.
func (c *carried) arrived(ids []string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return false
	}
	c.ids = append(c.ids, ids...)
	select {
	case c.news <- struct{}{}:
	default:
	}
	return true
}

// take returns what arrived, and does so for the last time if it is over.
func (c *carried) take(over bool) (ids []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ids, c.ids, c.over = c.ids, nil, over
	return ids
}

// noted notes what arrived.
func (a *Account) noted(ctx context.Context, ids []string) {
	if err := a.Talks.Delivered(ctx, ids...); err != nil {
		a.Log.Error("carried replies not noted; they may be sent once more", "channel", Channel, "err", err)
	}
	a.carried.forget(ids...)
}
