package channel

import "time"

// A Kind says what an inbound message is.
type Kind string

// The kinds of inbound messages.
const (
	Said  Kind = ""      // a text, a click or a picture
	Hello Kind = "hello" // first contact: the person followed the account, or opened the talk
	Left  Kind = "left"  // the person left: nothing reaches him until he is back
	Voice Kind = "voice" // spoken, and nobody made a text of it
	Other Kind = "other" // what cannot be read: a place, a film, a file

	Unseen Kind = "unseen" // a picture that the channel did not hand over
)

// An Act is what a member of the staff did on a board: wrote, pressed, sent a
// picture. It comes in as often as the platform repeats it, under the same id.
type Act struct {
	ID      string // the platform's; unique
	At      time.Time
	Board   Peer   // the group or private chat
	Private bool   // a chat with that person alone
	Topic   string // key of the topic, as given in [Post]; "" for the general one
	Staff   string // id of the person on the platform
	Name    string // as shown there
	Command string // "note" of "/note …" and "/note@name …"; "" for other words
	Text    string // the words; of a command what follows it
	Click   string // token of the pressed button; "" if none was
	Query   string // of a press: what [Post.Query] answers
	Card    string // key of the card that was pressed or replied to, as given in [Post]; "" if it has none
	Quoted  string // text of the message that was replied to
	Picture []byte // raw image; nil if there is none
	Message string // the platform's name of the message, for [Post.React]; "" of a press
	// Album is what the messages of several pictures sent at once have in common;
	// "" of others.
	Album string
	// Forwarded tells that the message is somebody else's, passed on.
	Forwarded bool
}

// A Post says where on a board of the staff a message stands, and as what.
type Post struct {
	Topic  string `json:"topic,omitempty"`  // key of the topic, which is made when it is first used; "" for the general one
	Title  string `json:"title,omitempty"`  // of the topic; it is renamed when this changes
	Card   string `json:"card,omitempty"`   // key of the post: a later one with that key replaces it in place; "" stands for itself
	Close  bool   `json:"close,omitempty"`  // the topic is closed after the post; the next post opens it again
	Query  string `json:"query,omitempty"`  // answers a press with Text, as a passing note; nothing is posted
	Alert  bool   `json:"alert,omitempty"`  // the note must be closed by hand
	React  string `json:"react,omitempty"`  // marks a message of the staff with Text, one of [Marks]; nothing is posted
	File   *File  `json:"file,omitempty"`   // sent along, Text as its caption
	Silent bool   `json:"silent,omitempty"` // without a sound
}

// A File is sent along with a post.
type File struct {
	Name  string `json:"name"`
	Image bool   `json:"image,omitempty"` // shown as a picture
	Data  []byte `json:"data"`
}

// Marks that a message of the staff can get.
const (
	MarkSent   = "👌" // it reached the person
	MarkKept   = "✍" // it was written down, and nobody else is told
	MarkParked = "😴" // it waits until the person is heard of
	MarkLost   = "💔" // it was given up
)

// Marks are all of them. They are among the few that every platform shows.
var Marks = []string{MarkSent, MarkKept, MarkParked, MarkLost}
