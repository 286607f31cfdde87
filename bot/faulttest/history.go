package faulttest

import (
	"fmt"
	"slices"
)

// A Sent is a message that a client sent, and what it was told.
type Sent struct {
	ID, Text string
	Acked    bool
	Seq      uint64 // of the reply, as acknowledged; 0 if there is none
}

// A Line is one line of a conversation as its person reads it.
type Line struct {
	Seq    uint64 `json:"seq"`
	From   string `json:"from"` // visitor, bot or staff
	Text   string `json:"text"`
	Client string `json:"client"` // id of a visitor's message
}

// CheckTalk compares what a client sent, in its order, with the history of the
// conversation: what was acknowledged is there once, in that order, its reply where
// it was said to be; what was not is there once or not at all; and nothing else.
func CheckTalk(sent []Sent, history []Line) (problems []string) {
	bad := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	at, known := make(map[string][]int), make(map[string]bool)
	for i, l := range history {
		if i > 0 && l.Seq <= history[i-1].Seq {
			bad("position %d comes after %d", l.Seq, history[i-1].Seq)
		}
		if l.From == "visitor" {
			at[l.Client] = append(at[l.Client], i)
		}
	}
	last := -1
	for _, s := range sent {
		known[s.ID] = true
		switch found := at[s.ID]; {
		case len(found) > 1:
			bad("message %s is there %d times", s.ID, len(found))
		case len(found) == 0 && s.Acked:
			bad("message %s was acknowledged and is lost", s.ID)
		case len(found) == 1 && found[0] < last:
			bad("message %s is not in its order", s.ID)
		case len(found) == 1:
			last = found[0]
			if s.Acked && !answered(history, found[0], s.Seq) {
				bad("message %s does not have its reply at %d", s.ID, s.Seq)
			}
		}
	}
	for id := range at {
		if !known[id] {
			bad("message %q was never sent", id)
		}
	}
	return problems
}

// answered reports whether the line after i is the reply of that position.
func answered(history []Line, i int, seq uint64) bool {
	return seq == 0 || i+1 < len(history) && history[i+1].Seq == seq && history[i+1].From == "bot"
}

// CheckReplay compares the history of a conversation with that of one in which the
// same was said without any fault: a reply shows the state that it was given in.
func CheckReplay(history, again []Line) (problems []string) {
	for i := range max(len(history), len(again)) {
		switch {
		case i >= len(history):
			return append(problems, fmt.Sprintf("line %d is missing: %s %q", i, again[i].From, again[i].Text))
		case i >= len(again):
			return append(problems, fmt.Sprintf("line %d is too much: %s %q", i, history[i].From, history[i].Text))
		case history[i].From != again[i].From || history[i].Text != again[i].Text:
			return append(problems, fmt.Sprintf("line %d: %s %q; without faults: %s %q", i, history[i].From, history[i].Text, again[i].From, again[i].Text))
		}
	}
	return problems
}

// A Notice is something that left for a phone, a mailbox or a chat.
type Notice struct {
	To   string
	Key  string // delivery id or reference: the same when it is sent again
	Text string
}

// CheckNotices compares what was owed to each, as numbers of notices, with what
// came: each at least once, under as many keys as are owed, and again under a key
// only if sending was interrupted, faults times in all at most.
func CheckNotices(owed map[string]int, got []Notice, faults int) (problems []string) {
	bad := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	keys, repeats := make(map[string][]string), 0
	text := make(map[string]Notice)
	for _, n := range got {
		if was, ok := text[n.Key]; ok {
			if repeats++; was != n {
				bad("key %s is used for two things", n.Key)
			}
			continue
		}
		text[n.Key] = n
		keys[n.To] = append(keys[n.To], n.Key)
	}
	for to, n := range owed {
		if len(keys[to]) < n {
			bad("%s is owed %d notices and got %d", to, n, len(keys[to]))
		}
	}
	for to, list := range keys {
		if len(list) > owed[to] {
			bad("%s is owed %d notices and got %d: %q", to, owed[to], len(list), list)
		}
	}
	if repeats > faults {
		bad("%d notices came again, after %d faults", repeats, faults)
	}
	slices.Sort(problems)
	return problems
}

// CheckOrder compares what a person of a channel without keys got with what he is
// owed, in order. A message may come again right away or later, faults times in all
// at most, but none before those that were owed earlier.
func CheckOrder(owed, got []string, faults int) (problems []string) {
	next, repeats := 0, 0
	for _, text := range got {
		switch {
		case next < len(owed) && text == owed[next]:
			next++
		case slices.Contains(owed[:next], text):
			repeats++
		default:
			return append(problems, fmt.Sprintf("%q is not owed, or not yet: %d of %d came before", text, next, len(owed)))
		}
	}
	if next < len(owed) {
		problems = append(problems, fmt.Sprintf("%d of %d messages are lost, first %q", len(owed)-next, len(owed), owed[next]))
	}
	if repeats > faults {
		problems = append(problems, fmt.Sprintf("%d messages came again, after %d faults", repeats, faults))
	}
	return problems
}
