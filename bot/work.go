package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"signdesk/bot/channel"
	"signdesk/bot/desk"
	"signdesk/data/store"
	"signdesk/kb"
)

var _ desk.Talks = (*Bot)(nil)

// Work implements [desk.Talks].
func (b *Bot) Work(ctx context.Context, do func(desk.Tx) error) error {
	var t *staffTx
	err := b.Store.Update(ctx, func(tx store.Tx) error {
		t = &staffTx{Bot: b, tx: tx, now: b.Now()}
		return do(t)
	})
	if err == nil {
		b.kick()
		b.readers.wake(t.told...)
	}
	return err
}

// Look implements [desk.Talks].
func (b *Bot) Look(ctx context.Context, do func(desk.Tx) error) error {
	return b.Store.View(ctx, func(tx store.Tx) error { return do(&staffTx{Bot: b, tx: tx, now: b.Now()}) })
}

// A staffTx is a transaction of the staff's.
type staffTx struct {
	*Bot
	tx   store.Tx
	now  time.Time
	told []channel.Peer
}

func (t *staffTx) Store() store.Tx { return t.tx }
func (t *staffTx) Now() time.Time  { return t.now }

func (t *staffTx) Tickets() (out []*desk.Ticket, err error) {
	for _, raw := range tickets.By(t.tx, "open", store.Range{}) {
		k, err := decode[desk.Ticket](raw)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, nil
}

func (t *staffTx) Ticket(id string) (*desk.Ticket, error) {
	k, err := get[desk.Ticket](t.tx, tickets, store.Key{}.Str(id))
	if err == nil && k == nil {
		err = desk.ErrNoTicket
	}
	return k, err
}

// with changes an open ticket and its conversation.
func (t *staffTx) with(id string, change func(*desk.Ticket, *conversation) error) error {
	k, err := t.Ticket(id)
	if err != nil {
		return err
	}
	c, err := get[conversation](t.tx, conversations, store.Key{}.Str(k.Peer.String()))
	if err != nil {
		return err
	}
	if c == nil || !k.Closed.IsZero() {
		return desk.ErrNoTicket
	}
	if err := change(k, c); err != nil {
		return err
	}
	t.told = append(t.told, k.Peer)
	if err := put(t.tx, tickets, store.Key{}.Str(id), k); err != nil {
		return err
	}
	return put(t.tx, conversations, store.Key{}.Str(k.Peer.String()), c)
}

func (t *staffTx) Claim(id, staff string) error {
	return t.with(id, func(k *desk.Ticket, c *conversation) error {
		if k.Staff != "" && k.Staff != staff {
			return desk.ErrTaken
		}
		k.Staff, c.Ticket, c.Held, c.HeldAt = staff, id, staff, t.now
		return nil
	})
}

func (t *staffTx) Say(id, staff, say string, m channel.Message) (known bool, err error) {
	err = t.with(id, func(_ *desk.Ticket, c *conversation) error {
		if c.Held != staff || c.Ticket != id {
			return desk.ErrNotHeld
		}
		c.HeldAt, known = t.now, t.read(c.Peer.Channel)
		say := "h-" + id + "-" + say
		_, _, err := store.Once(t.tx, say, func() ([]byte, error) { return nil, t.post(t.tx, c, t.now, say, Staff, m) })
		return err
	})
	return known, err
}

func (t *staffTx) Release(id string, closed bool) error {
	return t.with(id, func(k *desk.Ticket, c *conversation) error {
		k.Staff = ""
		if err := t.unheld(t.tx, c, t.now); err != nil {
			return err
		}
		if closed {
			c.Ticket, k.Closed = "", t.now
		}
		return t.post(t.tx, c, t.now, fmt.Sprintf("b-%s-%d", id, t.now.UnixMilli()), Robot, channel.Message{Text: textReturned})
	})
}

func (t *staffTx) Close(id string) error {
	return t.with(id, func(k *desk.Ticket, c *conversation) error {
		if err := t.unheld(t.tx, c, t.now); err != nil {
			return err
		}
		c.Ticket, k.Closed = "", t.now
		token := tokenRate + id + "/"
		return t.post(t.tx, c, t.now, "b-"+id, Robot, channel.Message{Text: textClosed, Choices: []channel.Choice{
			{Token: token + string(desk.Solved), Label: "已解决"}, {Token: token + string(desk.Unsolved), Label: "未解决"}}})
	})
}

func (t *staffTx) Reopen(id string) (*desk.Ticket, error) {
	old, err := t.Ticket(id)
	if err != nil {
		return nil, err
	}
	key := store.Key{}.Str(old.Peer.String())
	c, err := get[conversation](t.tx, conversations, key)
	switch {
	case err != nil:
		return nil, err
	case c == nil || c.Ended || c.Ticket != "":
		return nil, desk.ErrNoTicket
	}
	k, err := t.open(t.tx, c, t.now, fmt.Sprintf("%s-%d", id, t.now.UnixMilli()), "")
	if err != nil {
		return nil, err
	}
	return k, put(t.tx, conversations, key, c)
}

const cardLines = 40

func (t *staffTx) Card(id string) (*desk.Card, error) {
	k, err := t.Ticket(id)
	if err != nil {
		return nil, err
	}
	c, err := get[conversation](t.tx, conversations, store.Key{}.Str(k.Peer.String()))
	if err != nil || c == nil {
		return &desk.Card{}, err
	}
	out := &desk.Card{Account: c.Account, Counted: c.Windows != nil, Left: c.left(t.now), Until: c.until(t.now)}
	for _, s := range c.State.Open {
		flow := t.Engine.Title(s.Flow)
		if asks := t.Engine.Asks(s.Flow, s.Step); asks != "" {
			flow += "，正在问：" + asks
		}
		out.Flows = append(out.Flows, flow)
	}
	for _, chain := range c.State.Parked {
		out.Flows = append(out.Flows, t.Engine.Title(chain[0].Flow)+"（搁置）")
	}
	lines, err := t.Lines(k.Peer, cardLines)
	if err != nil {
		return nil, err
	}
	for _, l := range lines {
		if title := t.title(l.Entry); title != "" && !slices.Contains(out.Tried, title) {
			out.Tried = append(out.Tried, title)
		}
		if _, quoted, ok := strings.Cut(l.Text, "您遇到的提示是「"); ok && l.From == string(Robot) {
			out.Error, _, _ = strings.Cut(quoted, "」")
		}
	}
	return out, nil
}

// partOf finds a part of the knowledge base, "11/phone", and its entry; nil if it
// is not there.
func partOf(c *kb.Content, key string) (*kb.Entry, *kb.Part) {
	id, part, _ := strings.Cut(key, "/")
	e := c.Entry(kb.EntryID(id))
	if e == nil {
		return nil, nil
	}
	return e, e.Part(kb.PartID(part))
}

// PartText is what is said of a part of the knowledge base, "11/phone"; "" if it
// is not there.
func PartText(c *kb.Content, key string) string {
	_, p := partOf(c, key)
	if p == nil {
		return ""
	}
	return ShowPart(p).Text()
}

// EntryTitle is the title of an entry; "" if it is not there.
func EntryTitle(c *kb.Content, id string) string {
	e, _ := partOf(c, id)
	if e == nil {
		return ""
	}
	return e.Title
}

// title is that of a part of the knowledge base, "11/phone".
func (b *Bot) title(key string) string {
	e, p := partOf(b.Base.Content(), key)
	switch {
	case e == nil:
		return ""
	case p != nil && p.Title != "":
		return p.Title
	}
	return e.Title
}

func (t *staffTx) Lines(p channel.Peer, limit int) (out []desk.Line, err error) {
	r := store.Prefix(store.Key{}.Str(p.String()))
	r.Reverse, r.Limit = true, limit
	for _, raw := range t.tx.Scan(transcripts.Name, r) {
		l, err := decodeLine(t.tx, raw)
		if err != nil {
			return nil, err
		}
		out = append(out, l.forStaff())
	}
	slices.Reverse(out)
	return out, nil
}

func (l *line) forStaff() desk.Line {
	return desk.Line{At: l.At, From: string(l.From), Text: l.Text, Outcome: string(l.Outcome), Entry: l.Entry, Helpful: string(l.Rated), Picture: l.Picture}
}

func (t *staffTx) Find(words string, since time.Time, limit int) (out []desk.Found, err error) {
	at := make(map[channel.Peer]int)
	err = t.Walk(since, func(p channel.Peer, l desk.Line) {
		if !strings.Contains(strings.ToLower(l.Text), strings.ToLower(words)) {
			return
		}
		if i, ok := at[p]; ok {
			out[i].Line = l
			return
		}
		at[p] = len(out)
		out = append(out, desk.Found{Peer: p, Line: l})
	})
	slices.SortStableFunc(out, func(a, b desk.Found) int { return b.Line.At.Compare(a.Line.At) })
	return out[:min(limit, len(out))], err
}

func (t *staffTx) Walk(since time.Time, each func(channel.Peer, desk.Line)) error {
	for key, raw := range transcripts.By(t.tx, "time", store.Range{From: store.Key{}.Time(since)}) {
		l, err := decodeLine(t.tx, raw)
		if err != nil {
			return err
		}
		name, id, _ := strings.Cut(store.ReadKey(key).Str(), "/")
		if name == channel.Preview {
			continue
		}
		each(channel.Peer{Channel: name, ID: id}, l.forStaff())
	}
	return nil
}

func (t *staffTx) Owe(id string, to channel.Peer, m channel.Message) error {
	return t.owe(t.tx, t.now, Delivery{ID: id, To: to, Message: m, Due: t.now})
}

func (t *staffTx) Replace(id string, to channel.Peer, m channel.Message) error {
	return t.replace(t.tx, t.now, Delivery{ID: id, To: to, Message: m, Due: t.now})
}

func (t *staffTx) Owed(id string) bool {
	d, err := get[Delivery](t.tx, deliveries, store.Key{}.Str(id))
	return err == nil && d != nil && d.State == Owed
}
