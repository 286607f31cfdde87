package bot

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"signdesk/bot/channel"
	"signdesk/bot/desk"
	"signdesk/data/store"
)

// Notices of what waits for a person.
const (
	noticeStaff = "客服给您回复了，请打开公众号查看"
	noticeNews  = "您办理的事情有新进展，请打开公众号查看"
)

// A notice is a delivery on a channel of its own beside that of its person. Its id
// is that of the delivery that waits, behind a prefix. It is gone once it was given.
const (
	besidePrefix = "notice/"
	noticePrefix = "w-"  // by the channel's own way, else by SMS
	textPrefix   = "wt-" // by SMS: the channel's own did not arrive
)

// keepNotice is how long a channel may take to tell that a notice did not arrive;
// WeChat does so within minutes.
const keepNotice = 48 * time.Hour

func beside(p channel.Peer) channel.Peer {
	return channel.Peer{Channel: besidePrefix + p.Channel, ID: p.ID}
}

func isNotice(d *Delivery) bool { return strings.HasPrefix(d.To.Channel, besidePrefix) }

// A given is a notice as the channel knows it: Key(conversation, name), by its name
// there, or by the way if it has none. Whichever is noted first, that it was given
// or that it did not arrive, waits for the other. Fields may be added.
type given struct {
	At     time.Time
	Way    string `json:",omitempty"` // "" while only its failure is known
	Waits  string `json:",omitempty"` // delivery that waits
	Failed string `json:",omitempty"` // why it did not arrive
}

func givenKey(p channel.Peer, name string) store.Key { return store.Key{}.Str(p.String()).Str(name) }

// oweNotice owes a person a notice of what waits for him.
func (b *Bot) oweNotice(tx store.Tx, now time.Time, prefix string, waits *Delivery) error {
	m := channel.Message{Text: noticeNews}
	if waits.Staff {
		m.Text = noticeStaff
	}
	return b.owe(tx, now, Delivery{ID: prefix + waits.ID, To: beside(waits.To), Message: m, Due: now})
}

// waiting returns the delivery that a notice is about and its conversation; nil if
// it does not wait any more.
func waiting(tx store.Tx, p channel.Peer, id string) (*Delivery, *conversation, error) {
	c, err := get[conversation](tx, conversations, store.Key{}.Str(p.String()))
	if err != nil || c == nil || !c.Noticed {
		return nil, nil, err
	}
	d, err := get[Delivery](tx, deliveries, store.Key{}.Str(id))
	if err != nil || d == nil || d.State != Owed && d.State != Parked {
		return nil, nil, err
	}
	return d, c, nil
}

// A noticer gives notices beside the messages of a sender.
type noticer struct {
	*Bot
	of channel.Sender
}

// outcome is how a notice was given; the zero value if that was not needed.
type outcome struct {
	way, name string // name is the channel's; "" if it has none
	own       bool   // the way is the channel's own
	failed    bool   // there was no way
}

// Send implements [channel.Sender]. What was given and could not be noted is not
// given again.
func (n noticer) Send(ctx context.Context, m channel.Outbound) error {
	was, known := n.ungiven.Load(m.ID)
	if !known {
		o, err := n.give(ctx, m)
		if err != nil {
			return err
		}
		was = o
	}
	if err := n.note(context.WithoutCancel(ctx), m, was.(outcome)); err != nil {
		n.ungiven.Store(m.ID, was)
		return err
	}
	n.ungiven.Delete(m.ID)
	n.kick()
	return nil
}

// noticeOf returns the person of a notice and the delivery that waits for him.
func noticeOf(m channel.Outbound) (p channel.Peer, waits string) {
	_, waits, _ = strings.Cut(m.ID, "-")
	return channel.Peer{Channel: strings.TrimPrefix(m.To.Channel, besidePrefix), ID: m.To.ID}, waits
}

func (n noticer) give(ctx context.Context, m channel.Outbound) (o outcome, err error) {
	p, waits := noticeOf(m)
	var c *conversation
	err = n.Store.View(ctx, func(tx store.Tx) error { _, c, err = waiting(tx, p, waits); return err })
	if err != nil || c == nil {
		return outcome{}, err
	}
	tried := strings.HasPrefix(m.ID, textPrefix)
	if by, ok := n.of.(channel.Noticer); ok && !tried {
		tried = c.Refuses
		if !tried {
			way, name, err := by.Notice(ctx, p, m.ID, m.Message.Text)
			switch {
			case err != nil:
				n.Logger.Warn("notice not sent", "channel", p.Channel, "err", err)
				tried = true
			case way != "":
				return outcome{way: way, name: name, own: true}, nil
			}
		}
	}
	if n.Text != nil && c.Account != "" {
		way, err := n.Text(ctx, c.Account, m.ID)
		if err != nil {
			return outcome{}, fmt.Errorf("bot: notice by sms: %w", err)
		}
		if way != "" {
			return outcome{way: way}, nil
		}
	}
	return outcome{failed: tried}, nil
}

// note notes how a notice was given. If the channel told already that it did not
// arrive, the next way is gone.
func (n noticer) note(ctx context.Context, m channel.Outbound, o outcome) error {
	p, waits := noticeOf(m)
	now := n.Now()
	return n.Store.Update(ctx, func(tx store.Tx) error {
		key := store.Key{}.Str(m.ID)
		if tx.Get(deliveries.Name, key) == nil {
			return nil
		}
		if err := deliveries.Delete(tx, key); err != nil {
			return err
		}
		d, c, err := waiting(tx, p, waits)
		if err != nil {
			return err
		}
		if d != nil && o.way != "" {
			h := desk.Happening{Kind: desk.Noticed, Ticket: d.Ticket, At: now, Reason: o.way}
			if err := n.happen(tx, fmt.Sprintf("noticed-%s-%d", m.ID, now.UnixMilli()), h); err != nil {
				return err
			}
		}
		if d != nil && o.failed {
			if err := n.unnoticed(tx, now, d, c); err != nil {
				return err
			}
		}
		if !o.own {
			return nil
		}
		name := givenKey(p, cmp.Or(o.name, o.way))
		g := &given{}
		if o.name != "" {
			was, err := get[given](tx, notices, name)
			if err != nil {
				return err
			}
			g = cmp.Or(was, g)
		}
		g.At, g.Way, g.Waits = now, o.way, waits
		if err := put(tx, notices, name, g); err != nil || g.Failed == "" {
			return err
		}
		return n.nextWay(tx, now, p, g)
	})
}

// unnoticed tells the staff that a person does not know that something waits.
func (b *Bot) unnoticed(tx store.Tx, now time.Time, waits *Delivery, c *conversation) error {
	b.Logger.Warn("person not told that something waits", "channel", waits.To.Channel, "delivery", waits.ID)
	h := desk.Happening{Kind: desk.Unnoticed, Ticket: cmp.Or(waits.Ticket, c.Ticket), At: now}
	return b.happen(tx, fmt.Sprintf("unnoticed-%s-%d", waits.ID, now.UnixMilli()), h)
}

// nextWay has a person whom a notice did not reach texted, or the staff know that
// he could not be told.
func (b *Bot) nextWay(tx store.Tx, now time.Time, p channel.Peer, g *given) error {
	d, c, err := waiting(tx, p, g.Waits)
	if err != nil || d == nil {
		return err
	}
	if b.Text == nil || c.Account == "" {
		return b.unnoticed(tx, now, d, c)
	}
	return b.oweNotice(tx, now, textPrefix, d)
}

// NoticeFailed notes that a notice, which a channel took under a name, did not
// arrive: the person is told by the next way, once, however often and however early
// this comes. refused tells that he wants none: he is given none by the channel
// until he is heard of.
func (b *Bot) NoticeFailed(ctx context.Context, p channel.Peer, way, name, why string, refused bool) error {
	now := b.Now()
	err := b.Store.Update(ctx, func(tx store.Tx) error {
		key := givenKey(p, name)
		g, err := get[given](tx, notices, key)
		if err != nil {
			return err
		}
		if g == nil { // the channel may not have named it when it took it
			if key = givenKey(p, way); name != "" {
				if g, err = get[given](tx, notices, key); err != nil {
					return err
				}
			}
			if g != nil && (g.Failed != "" || now.Sub(g.At) > unnamedFor) {
				g = nil
			}
			if g == nil {
				key, g = givenKey(p, name), &given{At: now}
			}
		}
		if g.Failed != "" || name == "" && g.Way == "" {
			return nil
		}
		g.Failed = why
		if err := put(tx, notices, key, g); err != nil {
			return err
		}
		if err := b.refuses(tx, p, refused); err != nil || g.Way == "" {
			return err
		}
		return b.nextWay(tx, now, p, g)
	})
	b.kick()
	return err
}

// unnamedFor is how long after a notice without a name a failure is taken for its.
const unnamedFor = time.Hour

func (b *Bot) refuses(tx store.Tx, p channel.Peer, refused bool) error {
	key := store.Key{}.Str(p.String())
	c, err := get[conversation](tx, conversations, key)
	if err != nil || c == nil || !refused {
		return err
	}
	c.Refuses = true
	return put(tx, conversations, key, c)
}

// givenUp tells the staff of a notice that was given up.
func (b *Bot) givenUp(tx store.Tx, notice *Delivery) error {
	if notice.State != Dead {
		return nil
	}
	p, waits := noticeOf(notice.outbound())
	d, c, err := waiting(tx, p, waits)
	if err != nil || d == nil {
		return err
	}
	return b.unnoticed(tx, b.Now(), d, c)
}
