package bot

import (
	"context"
	"slices"
	"time"

	"signdesk/bot/channel"
	"signdesk/kb"
)

// An about is what a conversation speaks of: the part of the knowledge base that was
// shown last, and what of its entry was told. Fields may be added.
type about struct {
	Entry kb.EntryID
	Part  kb.PartID
	At    time.Time
	Turns int         `json:",omitempty"` // since it was shown
	Told  []kb.PartID `json:",omitempty"` // parts of the entry whose answer was shown, the last ones
}

// How long a conversation speaks of the same, and what is kept of it.
const (
	aboutTurns = 5
	aboutFor   = 30 * time.Minute
	aboutTold  = 8
)

// later is what is spoken of when something is said; nil if that is over.
func (a *about) later(now time.Time, kind channel.Kind) *about {
	if a == nil || kind != channel.Said {
		return a
	}
	if now.Sub(a.At) > aboutFor || a.Turns == aboutTurns {
		return nil
	}
	after := *a
	after.Turns++
	return &after
}

// told is what is spoken of once a reply showed a part.
func (a *about) told(p *kb.Part, r Reply, now time.Time) *about {
	after := &about{Entry: p.Entry.ID, Part: p.ID, At: now.UTC().Truncate(time.Second)}
	if a != nil && a.Entry == p.Entry.ID {
		after.Told = slices.Clone(a.Told)
	}
	add := func(id kb.PartID) {
		if !slices.Contains(after.Told, id) {
			after.Told = append(after.Told, id)
		}
	}
	for _, o := range r.More {
		add(o.Part)
	}
	add(p.ID)
	after.Told = after.Told[max(0, len(after.Told)-aboutTold):]
	return after
}

// againOthers is how many further parts are named below another answer from the same
// entry.
const againOthers = 3

// unsaid leaves out of an answer what was told of its entry just before, and reports
// whether that is anything.
func (a *about) unsaid(r Reply) (Reply, bool) {
	if a == nil || r.Answer == nil || r.Answer.Entry != a.Entry {
		return r, false
	}
	told := func(o Option) bool { return slices.Contains(a.Told, o.Part) }
	r.More = slices.DeleteFunc(slices.Clone(r.More), told)
	r.Others = slices.DeleteFunc(slices.Clone(r.Others), told)
	r.Others = r.Others[:min(len(r.Others), againOthers)]
	return r, true
}

// A follower tells what an utterance means after a reply that showed a part.
type follower interface {
	Follow(d kb.Decision, last *kb.Part) (kb.Following, bool)
	// Followed is Follow if that needs no thought.
	Followed(d kb.Decision, last *kb.Part) (f kb.Following, ok, known bool)
}

// A followed is what was found out about the utterance of a turn after a part.
type followed struct {
	meant kb.Following
	ok    bool
}

// A wondering is the error of a turn that must know what its utterance means after a
// part: too long a thought for a transaction. See [actions.Question].
type wondering struct {
	by       follower
	decision kb.Decision
	last     *kb.Part
	memo     map[any]any
}

func (*wondering) Error() string { return "bot: turn wonders what is meant" }

// Answer finds it out.
func (w *wondering) Answer(context.Context) error {
	meant, ok := w.by.Follow(w.decision, w.last)
	w.memo[w.last] = followed{meant, ok}
	return nil
}

// follow takes an utterance that does not speak for itself as the continuation of what
// is spoken of.
func (t *turn) follow() error {
	if t.conv.About == nil || !t.u.decision.Loose {
		return nil
	}
	base := t.baseFor(t.conv.Peer)
	by, ok := base.(follower)
	e := base.Content().Entry(t.conv.About.Entry)
	if !ok || e == nil {
		return nil
	}
	last := e.Part(t.conv.About.Part)
	if last == nil {
		return nil
	}
	v, known := t.flow.Memo[last].(followed)
	if !known {
		v.meant, v.ok, known = by.Followed(t.u.decision, last)
	}
	if !known {
		return &wondering{by, t.u.decision, last, t.flow.Memo}
	}
	if v.ok {
		t.u.decision, t.u.intent, t.u.text = v.meant.Decision, Intent{}, ""
		t.u.reply = t.goOn(v.meant, last)
	}
	return nil
}

// goOn presents the continuation of what is spoken of.
func (t *turn) goOn(f kb.Following, last *kb.Part) Reply {
	if f.Kind == kb.Choices {
		return t.canTell(f, last)
	}
	r := Compose(f.Decision, t.Contact)
	if f.Kind != kb.Answer {
		return r
	}
	brief := Reply{Kind: kb.Answer, Answer: &Section{Entry: r.Answer.Entry, Part: r.Answer.Part, Title: r.Answer.Title, Short: r.Answer.Short}}
	switch f.Act {
	case kb.Again:
		r.More, r.Others, r.Answer.Cause, r.Answer.Notes = nil, nil, "", nil
	case kb.Unclear:
		r, r.Lead, r.Contact = brief, textSimply, textWhichStep
	case kb.Doubts:
		r, r.Lead, r.Contact = brief, textCertain, contactLine(t.Contact)
	case kb.Reason:
		r = brief
		r.Answer.Short = "原因：" + f.Hits[0].Entry.Cause
	case kb.Next:
		r.Lead = textNext
	case kb.Done:
		r.Lead = textDone
	}
	return r
}

// canTell names the parts of an entry from which the person should choose: it is not
// known which one was meant. What was shown last is none of them.
func (t *turn) canTell(f kb.Following, last *kb.Part) Reply {
	r := Reply{Kind: kb.Choices, Lead: textCanTell(last.Entry.Main().Title)}
	switch f.Act {
	case kb.Done:
		r.Lead = textAllDone
	case kb.Next, kb.Remedy:
		r.Lead = textGoOn
	}
	told := func(p *kb.Part) bool { return slices.Contains(t.conv.About.Told, p.ID) }
	for _, again := range []bool{false, true} { // what was not told comes first
		for _, h := range f.Hits[0].Parts {
			if h.Part != last && told(h.Part) == again && len(r.Also) < maxOthers {
				r.Also = append(r.Also, option(h.Part, h.Part.Title, ""))
			}
		}
	}
	return r
}
