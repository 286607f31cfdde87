package desk

import (
	"context"
	"errors"
	"time"

	"signdesk/bot/channel"
	"signdesk/data/store"
)

// Channel is the channel of the desk itself: what happens in conversations is
// owed to it, like a message, so that none of it is lost.
const Channel = "desk"

// A Ticket is a conversation that wants a person of the staff, or wanted one.
type Ticket struct {
	ID       string
	Peer     channel.Peer
	Account  string
	Opened   time.Time
	Closed   time.Time // zero: open
	Staff    string    // who has it; "" if nobody
	Summary  string    // the last lines of the talk
	Question string    `json:",omitempty"` // what was asked last before it, masked
	Rated    Rating    `json:",omitempty"` // what the person thinks of it
}

// A Rating is what a person thinks of the help that he got.
type Rating string

// The ratings; "" is none.
const (
	Solved   Rating = "solved"
	Unsolved Rating = "unsolved"
)

// A Happening is what the desk is told of a conversation with a ticket.
type Happening struct {
	Kind     Kind
	Ticket   string
	At       time.Time
	Text     string `json:",omitempty"` // said: the words, masked; released: what the staff said last
	Picture  []byte `json:",omitempty"` // said
	Reply    string `json:",omitempty"` // said: what the bot replied, masked; "" if it was silent
	Delivery string `json:",omitempty"` // sent, parked, lost: as given to [Tx.Say]
	Reason   string `json:",omitempty"` // parked, lost: the platform's code; noticed: template, subscribe or sms
	Rating   Rating `json:",omitempty"` // rated
}

// A Kind says what happened.
type Kind string

// What happens.
const (
	Opened    Kind = "opened"    // the person asked for the staff
	Said      Kind = "said"      // the person wrote or sent a picture
	Sent      Kind = "sent"      // the staff's words reached the person
	Parked    Kind = "parked"    // they wait until the person is heard of
	Noticed   Kind = "noticed"   // the person was told by other means that they wait; Reason says by which
	Unnoticed Kind = "unnoticed" // he could not be told by any means
	Lost      Kind = "lost"      // they were given up
	Released  Kind = "released"  // the staff was silent for too long: the bot speaks again
	Rated     Kind = "rated"     // the person said what he thinks of the help
	Muted     Kind = "muted"     // the bot would have said something, and will once the staff is done
	Left      Kind = "left"      // the person ended the conversation, or left the channel
)

// Talks are the conversations, as the staff deal with them.
type Talks interface {
	// Work runs a transaction. What it said and owed is sent once it is on disk.
	Work(ctx context.Context, do func(Tx) error) error
	// Look runs a transaction that changes nothing.
	Look(ctx context.Context, do func(Tx) error) error
}

// A Tx is one transaction on the conversations.
type Tx interface {
	Store() store.Tx
	Now() time.Time

	// Tickets returns the open tickets, the oldest first.
	Tickets() ([]*Ticket, error)
	// Ticket returns a ticket; the error is [ErrNoTicket] if it is not there.
	Ticket(id string) (*Ticket, error)
	// Claim gives an open ticket to a member of the staff: from now on the bot is
	// silent. The error is [ErrTaken] if somebody else has it.
	Claim(id, staff string) error
	// Say brings the words of the staff to the person, once for each id. The error
	// is [ErrNotHeld] if that member of the staff does not have the ticket. known
	// tells that it is sure to reach him, so that nothing more is told of it.
	Say(id, staff, say string, m channel.Message) (known bool, err error)
	// Release gives the conversation back to the bot; the ticket stays open for
	// the next member of the staff, or it is closed.
	Release(id string, closed bool) error
	// Close ends a ticket and asks the person what he thinks of the help.
	Close(id string) error
	// Reopen opens a ticket on the conversation of one that was closed.
	Reopen(id string) (*Ticket, error)
	// Card tells about the person and what he is doing.
	Card(id string) (*Card, error)
	// Lines returns what was said in a conversation, masked, the oldest first: the
	// last ones, at most limit.
	Lines(p channel.Peer, limit int) ([]Line, error)
	// Find returns conversations in which something was said since a time, the
	// latest first.
	Find(words string, since time.Time, limit int) ([]Found, error)
	// Walk goes through what was said since a time, in that order; not what was said
	// on [channel.Preview].
	Walk(since time.Time, each func(channel.Peer, Line)) error

	// Owe owes a message to somebody, once for each id.
	Owe(id string, to channel.Peer, m channel.Message) error
	// Replace is Owe for a post that is changed: what is owed under the id and not
	// sent yet becomes m.
	Replace(id string, to channel.Peer, m channel.Message) error
	// Owed reports whether a message did not leave yet.
	Owed(id string) bool
}

// What the conversations refuse.
var (
	ErrNoTicket = errors.New("desk: no such ticket, or not open")
	ErrTaken    = errors.New("desk: somebody else has the ticket")
	ErrNotHeld  = errors.New("desk: the ticket is not held by that member of the staff")
)

// A Card is what the staff should know of a conversation.
type Card struct {
	Account string // that it is bound to; "" if it is not
	Flows   []string
	Error   string   // the last error message that was recognised
	Tried   []string // titles of the entries that were shown
	Counted bool     // the channel counts sends
	Left    int      // of them
	Until   time.Time
}

// A Line is one line of a conversation.
type Line struct {
	At      time.Time
	From    string // user, bot, staff
	Text    string // masked
	Picture bool   // with a picture
	Outcome string // of what the person said; "" if unknown
	Entry   string // that the bot showed: "11/phone"
	Helpful string // how the person rated that: helpful, not-helpful
}

// A Found is a conversation in which words were found.
type Found struct {
	Peer channel.Peer
	Line Line
}
