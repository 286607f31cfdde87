// Package channel is the common language between the conversation and the
// places where people are: what comes in, what goes out, and how sending can
// fail.
//
// It knows no place in particular and holds no state.
package channel

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// A Peer is one person's conversation on one channel.
type Peer struct {
	Channel string // e.g. "chat", "wechat"
	ID      string // of the person there; unique within the channel
}

// String is the key of the conversation.
func (p Peer) String() string { return p.Channel + "/" + p.ID }

// Preview is the channel of those who try content that is not published. Nobody
// serves them, and what they ask is not counted.
const Preview = "preview"

// A Device is what the person acts on.
type Device string

// The devices.
const (
	PC    Device = "pc"
	Phone Device = "phone"
)

// An Inbound is one message of a person.
type Inbound struct {
	Peer      Peer
	Kind      Kind
	MessageID string // the channel's; the same when it is delivered again
	Device    Device
	Text      string
	Click     string // token of a choice that was clicked; "" for typed text
	Picture   []byte
	// Link is the code of a link that the person opened the conversation by:
	// he acts as its bearer, not as an account.
	Link string
	// Page is the entry of the knowledge base that the person was reading; ""
	// if none.
	Page string
	// Account is set by channels that know who the person is; "" otherwise.
	Account string
	// Allows is what may be sent because of this message, on channels that
	// count; the zero value on others.
	Allows Allowance
}

// An Allowance is how many messages a channel lets through, and for how long.
type Allowance struct {
	Sends int
	For   time.Duration
}

// A Choice can be clicked, or typed by its number or label.
type Choice struct {
	Token   string `json:"token"`
	Label   string `json:"label"`
	Control bool   `json:"control,omitempty"` // 上一步 and the like, which have no number
	InText  bool   `json:"inText,omitempty"`  // the text lists it already, with its number
}

// A Message is what a person is told.
type Message struct {
	Text    string   `json:"text"`
	Choices []Choice `json:"choices,omitempty"`
	Picture bool     `json:"picture,omitempty"` // a picture may be sent now
	Many    bool     `json:"many,omitempty"`    // several of the choices may be taken at once
	Input   string   `json:"input,omitempty"`   // what is typed, for keyboards: code, tel, decimal, number; "" for any text
	Entry   string   `json:"entry,omitempty"`   // part of the knowledge base that answers: "11/phone"
	Image   []byte   `json:"image,omitempty"`   // a picture that belongs to the message: PNG or JPEG
	Post    *Post    `json:"post,omitempty"`    // where it stands on a board of the staff; nil for everybody else
}

// Plain renders a message for channels without buttons: choices are numbered,
// and picked by the number or the label.
func (m Message) Plain() string {
	var b strings.Builder
	b.WriteString(m.Text)
	n := 0
	for _, c := range m.Choices {
		if c.Control {
			continue
		}
		if n++; !c.InText {
			fmt.Fprintf(&b, "\n%d. %s", n, c.Label)
		}
	}
	var controls string
	for _, c := range m.Choices {
		if c.Control && !c.InText {
			controls += "【" + c.Label + "】"
		}
	}
	if controls != "" {
		b.WriteString("\n" + controls)
	}
	return strings.TrimLeft(b.String(), "\n")
}

// An Outbound is a message on its way.
type Outbound struct {
	ID      string // delivery id: the same in every try
	To      Peer
	Message Message
	Skip    int // parts that the person has already, on channels that split messages
	Budget  int // sends that it may take; 0 for no limit
}

// A Sender brings messages to the people of one channel. Send may be called
// concurrently, for different peers. The error should be a [*SendError]; another
// one is taken for a passing failure.
type Sender interface {
	Send(ctx context.Context, m Outbound) error
}

// A Metered is a sender on a channel that counts sends.
type Metered interface {
	Sender
	// Cost is how many sends a message takes within its budget, at least one.
	Cost(m Outbound) int
	// Pack joins the first of some messages to one person, in their order, into
	// one that takes a single send. It returns how many they are; 1 if the first
	// stands alone.
	Pack(list []Outbound) (joined Outbound, n int)
}

// A Noticer can tell a person, whom messages do not reach until he writes, that
// something waits for him. The id is the same in every try. way is how it went, ""
// if there was no way; name is the channel's, by which it tells later if the notice
// did not arrive, "" if it has none.
type Noticer interface {
	Notice(ctx context.Context, to Peer, id, text string) (way, name string, err error)
}

// A Failure says what to do about a message that could not be sent.
type Failure string

// The kinds of failures.
const (
	Retry     Failure = "retry"     // passing: try again later
	Throttled Failure = "throttled" // too fast: try again after After
	Closed    Failure = "closed"    // the person cannot be reached now, until he writes
	Rejected  Failure = "rejected"  // never: the message or the person is refused
	Config    Failure = "config"    // our credentials or settings are wrong
)

// A SendError is why a message could not be sent.
type SendError struct {
	Kind  Failure
	After time.Duration // how long to wait; Throttled only
	Code  string        // the platform's own
	Parts int           // of the message that were sent before it failed
	Shut  bool          // the channel lets nothing through to that person until he writes
	Err   error
}

func (e *SendError) Error() string {
	s := "channel: send: " + string(e.Kind)
	if e.Code != "" {
		s += " (" + e.Code + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *SendError) Unwrap() error { return e.Err }
