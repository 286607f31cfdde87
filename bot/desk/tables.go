package desk

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"signdesk/bot/channel"
	"signdesk/data/store"
)

// A work is what the desk keeps of a ticket. Fields may be added to all records.
type work struct {
	Ticket   string
	Peer     channel.Peer
	Account  string       `json:",omitempty"`
	Board    channel.Peer // where it is dealt with
	Topic    string       // of the conversation
	Title    string       // of the topic
	Question string       `json:",omitempty"` // masked
	Opened   time.Time    // zero: not told yet
	Claimed  time.Time
	Answered time.Time // first word of the staff
	Closed   time.Time
	Staff    string   `json:",omitempty"` // who has it, or had it in the end
	Name     string   `json:",omitempty"` // of that one
	Tags     []string `json:",omitempty"`
	Notes    []note   `json:",omitempty"`
	Rated    Rating   `json:",omitempty"`
	Warned   bool     `json:",omitempty"` // that nobody took it in time
	Shown    string   `json:",omitempty"` // the queue card, as it was shown last
	Post     int      `json:",omitempty"` // number of the last post with the person's words
	Words    string   `json:",omitempty"` // of that post
}

// A note is for the staff only.
type note struct {
	At   time.Time
	Name string
	Text string // masked
}

// A member is one of the staff.
type member struct {
	ID   string
	Name string
	Role Role
	By   string // who granted it
	At   time.Time
}

// A canned is a text that is sent often.
type canned struct {
	Name, Text string
	By         string
	At         time.Time
}

// A spoken is where the staff's words to a person stand on a board.
type spoken struct {
	Board   channel.Peer
	Message string
}

// An event is one act of the staff, for the audit.
type event struct {
	At     time.Time
	Staff  string
	Name   string
	Did    string
	On     string // ticket, review, person
	Detail string // masked
}

// A reviewing is what the desk keeps of a review.
type reviewing struct {
	ID      string
	Board   channel.Peer
	Text    string // of the card
	Due     time.Time
	Warned  bool
	Asked   string // who is being asked for the reason of a rejection
	Done    bool
	By      string // who decided; "" if that was elsewhere
	Outcome string
}

func decodeRecord[T any](value []byte) (any, error) {
	rec := new(T)
	return rec, json.Unmarshal(value, rec)
}

var (
	works = store.Table{Name: "desk-works", Decode: decodeRecord[work], Indexes: []store.Index{
		{Name: "open", Of: func(rec any) [][]byte {
			w := rec.(*work)
			if !w.Closed.IsZero() {
				return nil
			}
			return [][]byte{store.Key{}.Time(w.Opened)}
		}},
		{Name: "topic", Of: func(rec any) [][]byte { w := rec.(*work); return [][]byte{store.Key{}.Str(w.Topic).Time(w.Opened)} }},
		{Name: "time", Of: func(rec any) [][]byte { return [][]byte{store.Key{}.Time(rec.(*work).Opened)} }},
	}}
	members = store.Table{Name: "desk-members"}
	cans    = store.Table{Name: "desk-canned"}
	spokens = store.Table{Name: "desk-spoken"} // Key(ticket, say)
	events  = store.Table{Name: "desk-audit"}  // Key(time, act)
	reviews = store.Table{Name: "desk-reviews"}
	jobs    = store.Table{Name: "desk-jobs"}
	facets  = store.Table{Name: "desk-facets"} // small facts
)

// Tables returns the declarations that the store must be opened with.
func Tables() []store.Table {
	return []store.Table{works, members, cans, spokens, events, reviews, jobs, facets}
}

// Migrations returns what brought the records to their present shape.
func Migrations() []store.Migration {
	return []store.Migration{{Name: "desk", Apply: func(store.Tx) error { return nil }}}
}

func get[T any](tx Tx, t store.Table, key store.Key) (*T, error) {
	raw := tx.Store().Get(t.Name, key)
	if raw == nil {
		return nil, nil
	}
	return decode[T](raw)
}

func decode[T any](raw []byte) (*T, error) {
	rec := new(T)
	if err := json.Unmarshal(raw, rec); err != nil {
		return nil, fmt.Errorf("desk: stored %T: %w", rec, err)
	}
	return rec, nil
}

func put[T any](tx Tx, t store.Table, key store.Key, rec *T) error {
	raw, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("desk: %s: %w", t.Name, err)
	}
	return t.Put(tx.Store(), key, raw)
}

// work returns what is kept of a ticket; a new record if there is none.
func (d *Desk) work(tx Tx, ticket string) (*work, error) {
	w, err := get[work](tx, works, store.Key{}.Str(ticket))
	if w != nil || err != nil {
		return w, err
	}
	k, err := tx.Ticket(ticket)
	if err != nil {
		return nil, err
	}
	return &work{Ticket: k.ID, Peer: k.Peer, Account: k.Account, Question: k.Question, Board: d.boardOf(k.Peer.String()), Topic: topicOf(k.Peer)}, nil
}

// topicOf is the key of a conversation's topic. It names nobody.
func topicOf(p channel.Peer) string {
	sum := sha256.Sum256([]byte(p.String()))
	return "c/" + hex.EncodeToString(sum[:6])
}

func (w *work) save(tx Tx) error { return put(tx, works, store.Key{}.Str(w.Ticket), w) }

// list returns works by an index, the oldest first.
func list(tx Tx, index string, r store.Range) (out []*work, err error) {
	for _, raw := range works.By(tx.Store(), index, r) {
		w, err := decode[work](raw)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

// latest is the last ticket of a topic, nil if there is none.
func latest(tx Tx, topic string) (*work, error) {
	r := store.Prefix(store.Key{}.Str(topic))
	r.Reverse, r.Limit = true, 1
	found, err := list(tx, "topic", r)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}
