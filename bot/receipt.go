package bot

import (
	"encoding/json"
	"fmt"

	"signdesk/bot/channel"
	"signdesk/data/store"
)

// A Receipt tells what became of a message. It exists only once the turn is on
// disk.
type Receipt struct {
	// Reply is what the person is told; nil if the bot is silent.
	Reply *channel.Message `json:",omitempty"`
	// Delivery is the id under which the reply is owed. Whoever brings it to the
	// person himself calls [Bot.Delivered]; whoever finds that he cannot calls
	// [Bot.Release]; otherwise it is sent after the claim.
	Delivery string `json:",omitempty"`
	// Said is the name of the reply, if it is one that everybody gets.
	Said string `json:",omitempty"`
	// Earlier counts what the person has not got from before; see [Bot.Pending].
	Earlier int `json:",omitempty"`
	// Seq is the position of the reply in the conversation's log, where the
	// person reads that.
	Seq uint64 `json:",omitempty"`
	// Missed is set if the message was no answer to what was asked.
	Missed  bool `json:",omitempty"`
	Outcome Outcome
	// Again is set for a message that was received before: the reply is the
	// one of then.
	Again bool `json:"-"`
}

// An Outcome is what a message came to, for counting.
type Outcome string

// The outcomes.
const (
	Answered Outcome = "answered"
	Choices  Outcome = "choices" // the person is to choose among questions
	Nothing  Outcome = "none"
	InFlow   Outcome = "flow"
	Handoff  Outcome = "handoff"
	Small    Outcome = "smalltalk"
	Silent   Outcome = "held" // the staff has the conversation
)

// keep returns what is kept of a receipt: not the reply, where that stands
// elsewhere.
func (b *Bot) keep(r Receipt, p channel.Peer) ([]byte, error) {
	if r.Reply != nil && r.Reply.Text != "" && (r.Delivery != "" || b.read(p.Channel)) {
		r.Reply = nil
	}
	return json.Marshal(r)
}

// remember returns the receipt of a message that was received before. The reply
// is nil if it was forgotten meanwhile.
func (b *Bot) remember(tx store.Tx, kept []byte, p channel.Peer) (r Receipt, err error) {
	if err := json.Unmarshal(kept, &r); err != nil {
		return Receipt{}, fmt.Errorf("bot: stored receipt: %w", err)
	}
	r.Again = true
	switch {
	case r.Reply != nil || r.Outcome == Silent:
	case r.Said != "":
		r.Reply, err = saidAs(tx, r.Said)
	case r.Delivery != "":
		if raw := tx.Get(deliveries.Name, store.Key{}.Str(r.Delivery)); raw != nil {
			var d *Delivery
			if d, err = decodeDelivery(tx, raw); d != nil {
				r.Reply = &d.Message
			}
		}
	case r.Seq > 0:
		var l *line
		if l, err = lineAt(tx, p, r.Seq); l != nil {
			r.Reply = l.Message
		}
	}
	return r, err
}
