package bot

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"signdesk/bot/channel"
	"signdesk/bot/desk"
	"signdesk/data/store"
)

// How long things are kept.
const (
	keepTranscript = 180 * 24 * time.Hour
	keepSeen       = 48 * time.Hour // statements that bound a conversation
)

// Sweep reminds people of flows that are about to expire, and forgets what has
// been kept long enough; at most limit of each. It returns how much it did.
func (b *Bot) Sweep(ctx context.Context, limit int) (int, error) {
	now := b.Now()
	n := 0
	err := b.Store.Update(ctx, func(tx store.Tx) error {
		reminded, err := b.remind(tx, now, limit)
		if err != nil {
			return err
		}
		freed, err := b.free(tx, now, limit)
		if err != nil {
			return err
		}
		n = reminded + freed
		for table, kept := range map[*store.Table]time.Duration{&pictures: keepPicture, &shots: keepShown, &notices: keepNotice} {
			old, err := drop(tx, *table, now.Add(-kept), limit, nil)
			if err != nil {
				return err
			}
			n += old
		}
		lines, err := drop(tx, transcripts, now.Add(-keepTranscript), limit, func(key, value []byte) error { return dropHeard(tx, key, value) })
		if err != nil {
			return err
		}
		unsent, err := dropUnsent(tx, now.Add(-keepShown), limit)
		if err != nil {
			return err
		}
		old, err := dropSaid(tx, now, limit)
		if err != nil {
			return err
		}
		replies, err := dropReplies(tx, now.Add(-keepTranscript), limit)
		if err != nil {
			return err
		}
		seen, err := store.SweepOnce(tx, now.Add(-keepSeen), limit)
		n += lines + unsent + old + replies + seen
		return err
	})
	if err == nil && n > 0 {
		b.kick()
	}
	return n, err
}

// drop deletes records from before a time, and what also, which may be nil, deletes
// with one.
func drop(tx store.Tx, t store.Table, before time.Time, limit int, also func(key, value []byte) error) (int, error) {
	n := 0
	for key, value := range t.By(tx, "time", store.Range{To: store.Key{}.Time(before), Limit: limit}) {
		if also != nil {
			if err := also(key, value); err != nil {
				return n, err
			}
		}
		if err := t.Delete(tx, key); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// dropHeard deletes the receipt of the message of a line.
func dropHeard(tx store.Tx, key, value []byte) error {
	l, err := decode[line](value)
	if err != nil || l.From != User || l.Client == "" {
		return err
	}
	return heard.Delete(tx, store.Key{}.Str(store.ReadKey(key).Str()).Str(l.Client))
}

// dropUnsent takes the pictures out of what could not be brought since a time.
func dropUnsent(tx store.Tx, before time.Time, limit int) (int, error) {
	var old []*Delivery
	for _, raw := range deliveries.By(tx, "picture", store.Range{To: store.Key{}.Time(before), Limit: limit}) {
		d, err := decode[Delivery](raw)
		if err != nil {
			return 0, err
		}
		old = append(old, d)
	}
	for _, d := range old {
		d.Message.Image = nil
		d.Message.Text = strings.TrimPrefix(d.Message.Text+"\n"+textPictureOld, "\n")
		if err := putDelivery(tx, d); err != nil {
			return 0, err
		}
	}
	return len(old), nil
}

// dropReplies deletes replies that were brought, or given up, before a time.
func dropReplies(tx store.Tx, before time.Time, limit int) (int, error) {
	n := 0
	r := store.Range{From: store.Key{}.Str(replyPrefix), To: store.Key{}.Str(replyStamp(before))}
	for key, raw := range tx.Scan(deliveries.Name, r) {
		d, err := decode[Delivery](raw)
		if err != nil {
			return n, err
		}
		if d.Created.After(before) || d.State == Owed || d.State == Parked { // the former by an older form of the id
			continue
		}
		if err := deliveries.Delete(tx, key); err != nil {
			return n, err
		}
		if n++; n == limit {
			break
		}
	}
	return n, nil
}

func (b *Bot) remind(tx store.Tx, now time.Time, limit int) (int, error) {
	type due struct {
		key  []byte
		conv *conversation
	}
	var list []due
	for key, raw := range conversations.By(tx, "sweep", store.Range{To: store.Key{}.Time(now.Add(time.Millisecond)), Limit: limit}) {
		c, err := decode[conversation](raw)
		if err != nil {
			return 0, err
		}
		list = append(list, due{key, c})
	}
	for _, d := range list {
		reminders, over := d.conv.State.Reminders(now), d.conv.State.Idle(now)
		if d.conv.Link != "" { // a page, not a talk: nobody is there to be told
			reminders, over = nil, nil
		}
		for i, flow := range reminders {
			id := fmt.Sprintf("m-%s-%d-%d", d.conv.Peer, now.UnixMilli(), i)
			if err := b.post(tx, d.conv, now, id, Robot, channel.Message{Text: textReminder(b.Engine.Title(flow))}); err != nil {
				return 0, err
			}
		}
		for i, flow := range over {
			id := fmt.Sprintf("x-%s-%d-%d", d.conv.Peer, now.UnixMilli(), i)
			if err := b.post(tx, d.conv, now, id, Robot, channel.Message{Text: textExpired(b.Engine.Title(flow))}); err != nil {
				return 0, err
			}
		}
		if err := put(tx, conversations, d.key, d.conv); err != nil {
			return 0, err
		}
	}
	return len(list), nil
}

// free ends holds without a word of the staff for too long, and tells the people.
func (b *Bot) free(tx store.Tx, now time.Time, limit int) (int, error) {
	var idle []*conversation
	for _, raw := range conversations.By(tx, "held", store.Range{To: store.Key{}.Time(now.Add(-idleHold)), Limit: limit}) {
		c, err := decode[conversation](raw)
		if err != nil {
			return 0, err
		}
		idle = append(idle, c)
	}
	for _, c := range idle {
		if err := b.idle(tx, c, now); err != nil {
			return 0, err
		}
		if err := b.post(tx, c, now, fmt.Sprintf("i-%s-%d", c.Peer, now.UnixMilli()), Robot, channel.Message{Text: b.freed()}); err != nil {
			return 0, err
		}
		if err := put(tx, conversations, store.Key{}.Str(c.Peer.String()), c); err != nil {
			return 0, err
		}
	}
	return len(idle), nil
}

// Forget removes what the conversations of an account hold: their state,
// transcripts, tickets, messages and what they watch. It returns how many
// conversations it removed, after it looked through everything for what is left.
func (b *Bot) Forget(ctx context.Context, account string) (int, error) {
	n := 0
	err := b.Store.Update(ctx, func(tx store.Tx) error {
		n = 0
		var peers []channel.Peer
		for _, raw := range conversations.By(tx, "account", store.Prefix(store.Key{}.Str(account))) {
			c, err := decode[conversation](raw)
			if err != nil {
				return err
			}
			peers = append(peers, c.Peer)
		}
		for _, p := range peers {
			if err := forget(tx, p); err != nil {
				return err
			}
			n++
		}
		return forgotten(tx, account, peers)
	})
	return n, err
}

func forget(tx store.Tx, p channel.Peer) error {
	mine := func(t store.Table, r store.Range, is func(key, value []byte) bool) error {
		for key, value := range tx.Scan(t.Name, r) {
			if is != nil && !is(key, value) {
				continue
			}
			if err := t.Delete(tx, key); err != nil {
				return err
			}
		}
		return nil
	}
	key := store.Key{}.Str(p.String())
	all, his := store.Range{}, store.Prefix(key)
	for _, err := range []error{
		conversations.Delete(tx, key),
		mine(heard, his, nil),
		mine(transcripts, his, nil),
		mine(pictures, his, nil),
		mine(notices, his, nil),
		mine(shots, his, nil),
		mine(watchers, all, func(k, _ []byte) bool { return bytes.HasSuffix(k, key) }),
		mine(tickets, all, func(_, v []byte) bool { t, err := decode[desk.Ticket](v); return err == nil && t.Peer == p }),
		mine(claims, all, func(_, v []byte) bool { c, err := decode[claimed](v); return err == nil && c.To == p }),
		mine(deliveries, all, func(_, v []byte) bool {
			d, err := decode[Delivery](v)
			return err == nil && (d.To == p || d.To == beside(p))
		}),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// forgotten looks through all tables of this package for an account or its
// conversations.
func forgotten(tx store.Tx, account string, peers []channel.Peer) error {
	names := []string{`"` + account + `"`}
	for _, p := range peers {
		names = append(names, `"ID":"`+p.ID+`"`)
	}
	for _, t := range Tables() {
		for key, value := range tx.Scan(t.Name, store.Range{}) {
			for _, name := range names {
				if bytes.Contains(value, []byte(name)) {
					return fmt.Errorf("bot: forget: a record of %s still has it: %x", t.Name, key)
				}
			}
		}
	}
	return nil
}
