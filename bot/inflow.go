package bot

import (
	"unicode/utf8"

	"signdesk/actions"
	"signdesk/kb"
)

// inFlow gives the utterance to the open step, unless it is for something else.
func (t *turn) inFlow() error {
	st := &t.conv.State
	in := actions.Input{Text: t.u.in.Text, Picture: t.u.in.Picture}
	if in.Picture == nil && t.pickedInFull() {
		return t.again()
	}
	aside := in.Picture == nil && t.Engine.IsFree(st) && len(t.u.values) == 0 &&
		(t.wantsOther() || t.u.decision.Kind == kb.Smalltalk || t.u.formOf() == question && t.asksSomething())
	if aside && t.u.decision.Kind == kb.Smalltalk { // what sounds like it may still be a name
		reads, err := t.Engine.Reads(t.flow, st, in)
		if err != nil {
			return err
		}
		aside = !reads
	}
	var why *actions.Problem
	if !aside {
		r, p, ok, err := t.Engine.Take(t.flow, st, in)
		if err != nil {
			return err
		}
		if ok {
			t.take(r)
			return nil
		}
		why = p
	}
	switch {
	case in.Picture != nil && t.u.sight != nil: // the step wants no picture: it is a question in between
		t.seen(true)
		return t.again()
	case in.Picture != nil:
	case t.wantsOther():
		t.take(t.Engine.Switch(t.flow, st, t.offer()))
		return nil
	case t.u.intent.Start && t.u.intent.Label == intentUpset:
		t.say(textUpset)
		return t.again()
	case t.saysGoodbye():
		t.answer(true)
		t.take(t.Engine.PutAside(t.flow, st))
		return nil
	}
	if in.Picture == nil && (why == nil || why.Doubt == "" || t.u.formOf() == question) {
		if r, ok, err := t.Engine.Explain(t.flow, st, in.Text); ok || err != nil {
			t.take(r)
			return err
		}
		if t.asksSomething() {
			t.answer(true)
			return t.again()
		}
		if r, ok := t.Engine.Early(t.flow, st, in.Text); ok {
			t.take(r)
			return nil
		}
		if t.tellsSurely() || t.u.formOf() == question {
			t.answer(true)
			return t.again()
		}
	}
	t.missed = true
	r, err := t.Engine.Miss(t.flow, st, why)
	t.take(r)
	return err
}

// wantsOther reports whether the utterance plainly wishes another flow than the
// open one.
func (t *turn) wantsOther() bool {
	if !t.u.intent.Start || t.Engine.ByLabel(t.u.intent.Label) == "" {
		return false
	}
	o := t.Engine.Wish(t.u.intent.Label)
	open := t.conv.State.Open[0]
	differs := false // the same for somebody else: the legal representative, while finance is asked
	for slot, v := range o.Slots {
		differs = differs || open.Slots[slot] != "" && open.Slots[slot] != v
	}
	return o.Flow != open.Flow || differs
}

// asksSomething reports whether the knowledge base has something to say to the
// utterance, of which it is sure enough to say it in the middle of a flow.
func (t *turn) asksSomething() bool {
	d := t.u.decision
	return d.Kind == kb.Smalltalk || asks(d, t.u.formOf) || d.Kind == kb.None && d.Topic != nil && t.u.formOf() == question
}

// saysGoodbye reports whether the person thanks or leaves while a flow waits.
func (t *turn) saysGoodbye() bool {
	d := t.u.decision
	return d.Kind == kb.Smalltalk && (d.Topic.ID == topicThanks || d.Topic.ID == topicBye) && t.conv.Link == "" && t.Engine.CanWait(&t.conv.State)
}

// tellsSurely reports whether the knowledge base is so sure of an utterance
// without the form of a question that it is taken for one.
func (t *turn) tellsSurely() bool {
	d := t.u.decision
	if d.Kind != kb.Answer || utf8.RuneCountInString(t.u.in.Text) < minStatement || len(t.u.values) > 0 || t.u.intent.Start {
		return false
	}
	if t.u.formOf() == problem {
		return d.Hits[0].Sure >= sureProblem
	}
	return t.Engine.Picking(&t.conv.State) && d.Hits[0].Sure >= sureStatement && d.Hits[0].Parts[0].Sure >= sureStatement
}

// Asks reports whether an utterance is a question, for which the knowledge base
// found answers.
func Asks(utterance string, d kb.Decision) bool {
	return asks(d, func() form { return formOf(utterance) })
}

// asks is [Asks] of an utterance whose form is found out if it matters.
func asks(d kb.Decision, form func() form) bool {
	switch d.Kind {
	case kb.Answer:
		return d.Message != "" || form() == question
	case kb.Choices:
		return !d.Unclear() && form() == question
	}
	return false
}
