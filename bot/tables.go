package bot

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"signdesk/actions"
	"signdesk/bot/channel"
	"signdesk/bot/desk"
	"signdesk/data/store"
)

// A conversation is one person's talk on one channel, as it is stored. Fields
// may be added.
type conversation struct {
	Peer    channel.Peer
	Account string `json:",omitempty"` // that it is bound to
	Link    string `json:",omitempty"` // that it was opened by
	Device  channel.Device
	State   actions.State
	Shown   []channel.Choice `json:",omitempty"` // of the last message
	ShownIn string           `json:",omitempty"` // name of the message that has them, where they are not stored in Shown; see [turn.share]
	About   *about           `json:",omitempty"` // what is spoken of; replaced, never changed
	Held    string           `json:",omitempty"` // by this member of the staff; the bot is silent
	HeldAt  time.Time        `json:",omitzero"`  // when he was last heard
	Ticket  string           `json:",omitempty"` // open one
	Lines   uint64           // of the transcript so far
	Seen    time.Time        // last message
	Missed  int              `json:",omitempty"` // utterances in a row to which nothing was found
	Ended   bool             `json:",omitempty"` // the person ended it
	Muted   []muted          `json:",omitempty"` // what the bot will say once the staff does not hold it any more
	Windows []window         `json:",omitempty"` // what may be sent, on channels that count
	Noticed bool             `json:",omitempty"` // he was told by other means that something waits for him
	Claim   string           `json:",omitempty"` // id of his last reply that was a claim, see [claimed]
	Refuses bool             `json:",omitempty"` // he refused the channel's own notices

	owed bool // something was owed to him since it was read from the store
}

// A muted message waits for the staff to be done.
type muted struct {
	ID      string
	Message channel.Message
}

// A Delivery is a message that is owed to somebody.
type Delivery struct {
	ID      string
	To      channel.Peer
	Message channel.Message
	Said    string `json:",omitempty"` // name of the message, where it is not stored in Message
	Created time.Time
	Seq     uint64    // order among those to one person, of all by the time that they were owed
	Due     time.Time // next try
	Tries   int
	Skip    int    `json:",omitempty"` // parts that the person has already
	Rev     int    `json:",omitempty"` // how often it was replaced
	Staff   bool   `json:",omitempty"` // said by the staff
	Ticket  string `json:",omitempty"` // whose desk wants to hear how it went
	State   DeliveryState
	Failure string    // of the last try
	Flight  time.Time `json:",omitzero"`  // a sender has it, until then at most; where sends are counted, or the store is shared
	By      string    `json:",omitempty"` // process that brings it so long
	Carried bool      `json:",omitempty"` // the reply to what the person wrote brought it

	claim bool // it is a claim still, see [claimed]
}

// DeliveryState is how far a delivery is.
type DeliveryState string

// The states of a delivery.
const (
	Owed   DeliveryState = "owed"
	Sent   DeliveryState = "sent"
	Parked DeliveryState = "parked" // until the person is heard of again
	Dead   DeliveryState = "dead"   // given up; can be sent again by hand
)

// recordIndex is an index over the records of a table, computed from what they
// stand for.
func recordIndex[T any](name string, keys func(*T) [][]byte) store.Index {
	return store.Index{Name: name, Of: func(rec any) [][]byte { return keys(rec.(*T)) }}
}

func decodeRecord[T any](value []byte) (any, error) {
	rec := new(T)
	return rec, json.Unmarshal(value, rec)
}

func when(in bool, k store.Key) [][]byte {
	if !in {
		return nil
	}
	return [][]byte{k}
}

// talk is the family of what each turn writes of its conversation.
const talk = "talk"

var (
	conversations = store.Table{Name: "conversations", Beside: store.Beside{Family: talk, Mark: 1}, Decode: decodeRecord[conversation], Indexes: []store.Index{
		recordIndex("account", func(c *conversation) [][]byte { return when(c.Account != "", store.Key{}.Str(c.Account)) }),
		recordIndex("sweep", func(c *conversation) [][]byte {
			at := c.State.NextSweep()
			return when(!at.IsZero(), store.Key{}.Time(at))
		}),
		recordIndex("held", func(c *conversation) [][]byte { return when(c.Held != "", store.Key{}.Time(c.HeldAt)) }),
	}}
	// heard are the messages that were received: Key(conversation, id of the message)
	// => [Receipt]. One is known for as long as its line is.
	heard       = store.Table{Name: "bot-heard", Beside: store.Beside{Family: talk, Mark: 2}}
	transcripts = store.Table{Name: "transcripts", Beside: store.Beside{Family: talk, Mark: 3}, Decode: decodeRecord[line], Indexes: []store.Index{
		recordIndex("time", func(l *line) [][]byte { return when(true, store.Key{}.Time(l.At)) }),
	}}
	tickets = store.Table{Name: "desk-tickets", Decode: decodeRecord[desk.Ticket], Indexes: []store.Index{
		recordIndex("open", func(t *desk.Ticket) [][]byte { return when(t.Closed.IsZero(), store.Key{}.Time(t.Opened)) }),
	}}
	pictures = store.Table{Name: "bot-pictures", Decode: decodeRecord[picture], Indexes: []store.Index{
		recordIndex("time", func(p *picture) [][]byte { return when(true, store.Key{}.Time(p.At)) }),
	}}
	notices = store.Table{Name: "notices", Decode: decodeRecord[given], Indexes: []store.Index{
		recordIndex("time", func(g *given) [][]byte { return when(true, store.Key{}.Time(g.At)) }),
	}}
	shots = store.Table{Name: "bot-shots", Decode: decodeRecord[picture], Indexes: []store.Index{ // Key(conversation, line): what was sent to those who read the log
		recordIndex("time", func(p *picture) [][]byte { return when(true, store.Key{}.Time(p.At)) }),
	}}
	watchers   = store.Table{Name: "watchers"} // Key(case, conversation) => nothing
	deliveries = store.Table{Name: "deliveries", Decode: decodeRecord[Delivery], Indexes: []store.Index{
		recordIndex("due", func(d *Delivery) [][]byte { return when(d.State == Owed, store.Key{}.Str(d.To.Channel).Time(d.Due)) }),
		recordIndex("peer", func(d *Delivery) [][]byte {
			return when(d.State == Owed || d.State == Parked, store.Key{}.Str(d.To.String()).Uint(d.Seq))
		}),
		recordIndex("state", func(d *Delivery) [][]byte {
			return when(d.State == Parked || d.State == Dead, store.Key{}.Str(string(d.State)).Uint(d.Seq))
		}),
		recordIndex("picture", func(d *Delivery) [][]byte {
			return when(d.Message.Image != nil && d.State != Sent, store.Key{}.Time(d.Created))
		}),
	}}
)

// Tables returns the declarations that the store must be opened with.
func Tables() []store.Table {
	return []store.Table{conversations, heard, transcripts, tickets, watchers, deliveries, pictures, shots, notices, said, claims}
}

// Migrations returns what brought the records to their present shape.
func Migrations() []store.Migration {
	return []store.Migration{
		{Name: "bot", Apply: func(store.Tx) error { return nil }},
		{Name: "bot-held", Apply: conversations.Rebuild},
		{Name: "bot-unsent", Apply: deliveries.Rebuild}, // what is sent is not looked for by state any more
	}
}

// LaterMigrations returns those that came after the first ones of other packages.
func LaterMigrations() []store.Migration {
	return []store.Migration{
		{Name: "bot-due-by-channel", Apply: deliveries.Rebuild},
		{Name: "bot-given-up", Apply: deliveries.Rebuild}, // what is owed is not looked for by state any more
		{Name: "bot-unsent-pictures", Apply: deliveries.Rebuild},
		{Name: "bot-heard", Apply: takeHeard},
	}
}

// takeHeard takes the receipts of messages out of the store's own, where they were
// known for two days only.
func takeHeard(tx store.Tx) error {
	return store.TakeOnce(tx, func(id string, receipt []byte) (bool, error) {
		who, message, ok := strings.Cut(id, "\x00")
		if !ok || !strings.Contains(who, "/") { // not of a conversation
			return false, nil
		}
		return true, heard.Put(tx, store.Key{}.Str(who).Str(message), receipt)
	})
}

func put[T any](tx store.Tx, t store.Table, key store.Key, rec *T) error {
	return putBack(tx, t, key, rec, nil)
}

// putBack is put of a record that was fetched.
func putBack[T any](tx store.Tx, t store.Table, key store.Key, rec *T, was *store.Was) error {
	raw, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("bot: %s: %w", t.Name, err)
	}
	return t.PutDecoded(tx, key, raw, rec, was)
}

// fetch returns a record that is to be changed, and how it was; nil if it is not
// there.
func fetch[T any](tx store.Tx, t store.Table, key store.Key) (*T, *store.Was, error) {
	rec, was, err := t.Read(tx, key)
	if err != nil {
		return nil, nil, fmt.Errorf("bot: stored %T: %w", rec, err)
	}
	if rec == nil {
		return nil, nil, nil
	}
	return rec.(*T), was, nil
}

func get[T any](tx store.Tx, t store.Table, key store.Key) (*T, error) {
	raw := tx.Get(t.Name, key)
	if raw == nil {
		return nil, nil
	}
	return decode[T](raw)
}

func decode[T any](raw []byte) (*T, error) {
	rec := new(T)
	if err := json.Unmarshal(raw, rec); err != nil {
		return nil, fmt.Errorf("bot: stored %T: %w", rec, err)
	}
	return rec, nil
}

func decodeDelivery(tx store.Tx, raw []byte) (*Delivery, error) {
	d, err := decode[Delivery](raw)
	if err != nil {
		return nil, err
	}
	return d, d.say(tx)
}

// say sets the message of a delivery that has the name of it.
func (d *Delivery) say(tx store.Tx) error {
	if d.Said == "" {
		return nil
	}
	m, err := saidAs(tx, d.Said)
	if err == nil {
		d.Message = *m
	}
	return err
}

// deliveryOf returns a delivery, or the claim of that id as such, without a message
// that is not stored in it; nil if there is none.
func deliveryOf(tx store.Tx, id string) (*Delivery, error) {
	d, err := get[Delivery](tx, deliveries, store.Key{}.Str(id))
	if d == nil && err == nil {
		d, err = claimOf(tx, id)
	}
	return d, err
}

func putDelivery(tx store.Tx, d *Delivery) error {
	stored := *d
	if d.Said != "" {
		stored.Message = channel.Message{}
	}
	if d.claim {
		d.claim = false
		if err := claims.Delete(tx, store.Key{}.Str(d.ID)); err != nil {
			return err
		}
	}
	return put(tx, deliveries, store.Key{}.Str(d.ID), &stored)
}
