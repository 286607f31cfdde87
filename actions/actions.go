// Package actions leads people through guided flows: it asks for what a flow
// needs, one step at a time, commits what they confirmed, and remembers where
// they were.
//
// It owns what is the same in every flow - going back, cancelling, several
// values in one message, bad input, idleness, expiry, one flow interrupting
// another - and the state of sessions. What a flow asks and does is a [Flow], a
// plain value; its Chinese words are data ([Words]). The package knows no
// channel, no platform and no knowledge base.
//
// # State
//
// A [State] is plain JSON, kept by the caller with the conversation. Fields may
// be added. A flow that drops or renames a step raises its Revision and says in
// Moved where sessions at that step go on.
//
// # Purity
//
// Everything runs inside the caller's transaction and may run twice: time and
// randomness come with the [Turn]. What must be asked outside a transaction (a
// registry, a picture) is a [Question]: the turn ends with it as its error, the
// caller answers it, and the turn runs again.
//
// # Concurrency
//
// An [Engine] may be used by any number of goroutines, a State and a Turn by
// one.
package actions

import (
	"context"
	"time"

	"signdesk/data/store"
)

// A Flow is a guided action.
type Flow struct {
	Name     string // key of its words and intents
	Code     string // of the specification, e.g. "F01"; "" for parts of others
	Revision int
	Steps    []Step            // the first is where it begins
	Moved    map[StepID]StepID // steps of earlier revisions, and where they went on
	// Sub flows are called by others and cannot be started alone.
	Sub bool
	// Begin looks at whether the flow can begin at all, and may prefill slots.
	// A [*Problem] ends it before its first step.
	Begin func(*Context) error
	// Alive looks at whether what the flow is about can still go on, before an
	// answer is taken: others may have settled it, or its time may be over. A
	// [*Problem] that leads to one of Lapses, or ends the flow, does so.
	Alive  func(*Context) error
	Lapses []StepID
}

// A StepID names a step within its flow; stored, so never changed lightly.
type StepID string

// A Step asks for one thing, or does one thing, or both: the value first, then
// Do. Steps without anything to ask are passed at once.
type Step struct {
	ID StepID
	// Slot is where the value is kept; the step's ID if empty.
	Slot string

	// Choose returns the options that are offered, by their ids in the words;
	// nil options mean no choice. See [All].
	Choose func(*Context) []string
	// Options are choices that are data, not words: seals, members, cases.
	Options func(*Context) []Option
	// Many lets several options be chosen; the value is their ids with commas.
	Many bool
	// Parse reads what was typed or sent. A [*Problem] says what is wrong.
	Parse func(*Context, Input) (string, error)
	// Free marks values that any text could be, so that a question in between
	// is looked for first.
	Free bool
	// Secret values are masked wherever the talk is kept.
	Secret bool

	// PC steps are done on a computer only: elsewhere the flow ends.
	PC bool
	// Skip passes the step by.
	Skip func(*Context) bool
	// Enter runs before the step is asked; a Problem without a way out keeps
	// the person here, to try again.
	Enter func(*Context) error
	// Args fill the placeholders of the step's words.
	Args func(*Context) Args
	// Confirm shows the step's card, and Do runs only after a yes.
	Confirm bool
	// Do commits. Afterwards the steps before cannot be gone back to.
	Do func(*Context) error
	// Buttons lead elsewhere, besides giving a value.
	Buttons []Button
	// Call runs another flow; its result becomes the value.
	Call *Call
	// Ends ends the flow with that result.
	Ends string
	// Offer proposes what can be done next; end steps only.
	Offer func(*Context) []Offer
	// Next is where the flow goes on; the following step if zero.
	Next Next
	// Fails are the steps that problems of this one may lead to.
	Fails []StepID
}

// A Button is an extra option of a step.
type Button struct {
	ID string // label in the step's words
	// Show tells whether it is there; nil: always.
	Show func(*Context) bool
	// Do runs first; the step is asked again unless To leads elsewhere.
	Do func(*Context) error
	To StepID
	// Start offers another flow in the place of this one.
	Start *Offer
}

// A Call names another flow and its first slots.
type Call struct {
	Flow string
	With func(*Context) map[string]string
}

// An Offer is a flow that can be started, under the label of the words.
type Offer struct {
	Label string            `json:",omitempty"` // id of a label in the flow's texts
	Flow  string            `json:",omitempty"`
	Slots map[string]string `json:",omitempty"`
	Title string            `json:",omitempty"` // of what is wished; that of the flow if empty
	// Takes is a slot whose value, sent by itself, takes up the offer as well.
	Takes string `json:",omitempty"`
}

// Next says where a flow goes on. Its Targets are all that Pick may return; "" is
// the following step.
type Next struct {
	Pick    func(*Context) StepID
	Targets []StepID
}

// To goes on at one step.
func To(id StepID) Next {
	return Next{func(*Context) StepID { return id }, []StepID{id}}
}

// By goes on by the value of the step's slot.
func By(slot string, to map[string]StepID) Next {
	n := Next{Pick: func(c *Context) StepID { return to[c.Get(slot)] }}
	for _, id := range to {
		n.Targets = append(n.Targets, id)
	}
	return n
}

// Decide goes on where pick says, which is one of the targets.
func Decide(pick func(*Context) StepID, targets ...StepID) Next { return Next{pick, targets} }

// All offers every option of the step's words.
func All(*Context) []string { return nil }

// Args fill placeholders.
type Args map[string]string

// An Input is what a person did in one turn.
type Input struct {
	Text    string
	Option  string // id of the option that was clicked; "" for typed text
	Picture []byte // a picture that was sent
}

// A Turn is one turn of one conversation within a transaction.
type Turn struct {
	Tx      store.Tx
	ID      string // of the turn: the same when it runs again
	Now     time.Time
	Device  Device
	Conv    string // the conversation
	Account string // that the conversation is bound to; "" if none
	Link    string // code of the link that the conversation was opened by; "" if none
	// Memo keeps what was learnt outside the transaction, for when the turn
	// runs again; see [Context.Ask]. Made by whoever makes the turn.
	Memo map[any]any
	// Scope keeps what belongs to this run of the turn alone; made empty.
	Scope map[any]any

	// What the caller must do once the turn is through.
	Effects Effects
}

// A Device is what the person acts on.
type Device string

// The devices. Chat apps are phones.
const (
	PC    Device = "pc"
	Phone Device = "phone"
)

// Effects are what a turn asks of the conversation.
type Effects struct {
	Bind     string    // account to bind the conversation to
	Handoff  bool      // a person of the staff is wanted
	Watch    []string  // cases that the conversation wants to hear of
	Progress []Message // what others who watch a case are told
}

// A Message is news of a case.
type Message struct {
	Case string
	Text string
}

// A Context is what a step sees.
type Context struct {
	*Turn
	Session *Session
	engine  *Engine
	flow    *Flow
}

// Get returns a slot's value.
func (c *Context) Get(slot string) string { return c.Session.Slots[slot] }

// Set fills a slot; "" empties it.
func (c *Context) Set(slot, value string) {
	if value == "" {
		delete(c.Session.Slots, slot)
		return
	}
	c.Session.Slots[slot] = value
}

// Give fills the slot of a step that is yet to come: it is looked at there, and
// not asked for if it is right.
func (c *Context) Give(slot, value string) {
	if c.Session.Given == nil {
		c.Session.Given = make(map[string]string)
	}
	c.Session.Given[slot] = value
}

// Text returns a text of the flow's words, filled in.
func (c *Context) Text(id string, args Args) string {
	return fill(c.engine.words[c.flow.Name].Texts[id], args)
}

// Say adds a line to the reply, before what is asked next.
func (c *Context) Say(text string) { c.Session.said = append(c.Session.said, text) }

// A Question is the error of a turn that must learn something outside its
// transaction. Whoever runs the turn calls Answer and runs it again with the
// same Memo. Other packages have questions of their own with this method.
type Question struct {
	key  any
	memo map[any]any
	call func(context.Context) (any, error)
}

func (q *Question) Error() string { return "actions: turn has an open question" }

// Answer learns it.
func (q *Question) Answer(ctx context.Context) error {
	v, err := q.call(ctx)
	if err == nil {
		q.memo[q.key] = v
	}
	return err
}

// Ask returns what call returned for this key in this turn. The first time it
// returns a [*Question], which the step must return.
func (c *Context) Ask(key any, call func(context.Context) (any, error)) (any, error) {
	if v, ok := c.Memo[key]; ok {
		return v, nil
	}
	return nil, &Question{key, c.Memo, call}
}

// A Problem is a "no" that the person is told: not a failure. Its text is ready
// to be read.
type Problem struct {
	Text string
	Rule string // of the specification; "" if none
	// To leads to another step; Ends ends the flow with that result. Neither:
	// the step is asked again.
	To   StepID
	Ends string
	// Kept is set if the value was right in form, so that it is no bad input.
	Kept bool
	// Doubt is a value that is right in form and may be meant, but is likely to
	// be something else: the person is asked, and it is taken if he says so. The
	// text asks; that of the words if empty.
	Doubt string
}

func (p *Problem) Error() string { return "actions: problem " + p.Rule }
