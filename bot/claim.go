package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"signdesk/bot/channel"
	"signdesk/data/store"
)

// Whoever brought a message mostly carries the reply back himself, at once. Such a
// reply, if it is one that everybody gets, is no delivery yet but a claim: one small
// record, that goes when the reply has arrived. Nothing is lost of it, since the
// message's receipt names what was said. A claim becomes a delivery once it runs out,
// once the person is heard of again, or once anything else is to be done with it.
// There is never more than one of a person.

// A claimed is what is kept of a claim, under the id of the reply.
type claimed struct {
	To   channel.Peer
	At   time.Time
	Seq  uint64
	Said string // name of the message
}

var claims = store.Table{Name: "bot-claims"}

func (c *claimed) delivery(id string) *Delivery {
	return &Delivery{ID: id, To: c.To, Said: c.Said, Created: c.At, Seq: c.Seq, Due: c.At.Add(claim), State: Owed, claim: true}
}

// replies writes what the person is told.
func (t *turn) replies(r *Receipt, turn string) error {
	read := t.read(t.conv.Peer.Channel)
	l := line{At: t.now, From: Robot, Entry: t.reply.Entry}
	if t.shared() {
		var err error
		if t.saying, err = t.share(t.tx, t.now, &t.reply); err != nil {
			return err
		}
		l.Text, l.Said = t.saying.masked, t.saying.name
	} else {
		l.Text = maskText(t.reply.Text)
	}
	if read || l.Said != "" {
		l.Message = &t.reply
	}
	t.conv.Shown, t.conv.ShownIn, r.Reply = t.reply.Choices, l.Said, &t.reply
	if read {
		err := writeLine(t.tx, t.conv, l)
		r.Seq = t.conv.Lines
		return err
	}
	if err := writeLine(t.tx, t.conv, l); err != nil {
		return err
	}
	id := t.replyID(turn)
	r.Delivery, r.Said = id, l.Said
	if l.Said != "" {
		return t.claim(id, r.Earlier)
	}
	return t.owe(t.tx, t.now, Delivery{ID: id, To: t.conv.Peer, Message: t.reply, Due: t.now.Add(claim)})
}

// replyPrefix begins the delivery ids of replies.
const replyPrefix = "r-"

// replyID is the id of the reply of a turn. It goes by time: what is written
// together then lies together, and what is old is found.
func (t *turn) replyID(id string) string {
	return replyStamp(t.now) + "-" + id
}

func replyStamp(at time.Time) string { return fmt.Sprintf("%s%012x", replyPrefix, at.UnixMilli()) }

// claim notes that the reply to the message of a turn, which everybody would get, is
// brought by whoever brought that.
func (t *turn) claim(id string, earlier int) error {
	c := claimed{To: t.conv.Peer, At: t.now, Seq: uint64(t.now.UnixNano()), Said: t.saying.name}
	if earlier > 0 || t.conv.owed {
		var err error
		if c.Seq, err = nextSeq(t.tx, t.now, c.To); err != nil {
			return err
		}
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("bot: %s: %w", claims.Name, err)
	}
	t.conv.Claim = id
	return claims.Put(t.tx, store.Key{}.Str(id), raw)
}

// claimOf returns a claim as the delivery that it would be, without its message; nil
// if there is none of that id.
func claimOf(tx store.Tx, id string) (*Delivery, error) {
	if !strings.HasPrefix(id, replyPrefix) {
		return nil, nil
	}
	c, err := get[claimed](tx, claims, store.Key{}.Str(id))
	if err != nil || c == nil {
		return nil, err
	}
	return c.delivery(id), nil
}

// claimTo returns the claim of a person in the same way.
func claimTo(tx store.Tx, p channel.Peer) (*Delivery, error) {
	c, err := get[conversation](tx, conversations, store.Key{}.Str(p.String()))
	if err != nil || c == nil {
		return nil, err
	}
	return claimOf(tx, c.Claim)
}

// expireAll makes deliveries of claims that ran out, until ctx is done.
func (b *Bot) expireAll(ctx context.Context) {
	tick := time.NewTicker(outboxPause)
	defer tick.Stop()
	for {
		n, err := b.expire(ctx)
		if err != nil && ctx.Err() == nil {
			b.Logger.Error("claims", "err", err)
		}
		if n > 0 {
			b.kick()
		}
		if n == expireBatch && ctx.Err() == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// expireBatch is how many claims become deliveries in one transaction.
const expireBatch = 500

// expire makes deliveries of some claims that ran out. It returns how many.
func (b *Bot) expire(ctx context.Context) (n int, err error) {
	r := store.Range{To: store.Key{}.Str(replyStamp(b.Now().Add(-claim))), Limit: expireBatch}
	some := false
	err = b.Store.View(ctx, func(tx store.Tx) error {
		some = false
		for range tx.Scan(claims.Name, r) {
			some = true
			break
		}
		return nil
	})
	if err != nil || !some {
		return 0, err
	}
	err = b.Store.Update(ctx, func(tx store.Tx) error {
		n = 0
		for key, raw := range tx.Scan(claims.Name, r) {
			c, err := decode[claimed](raw)
			if err != nil {
				return err
			}
			n++
			if err := putDelivery(tx, c.delivery(store.ReadKey(key).Str())); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}
