package bot

import (
	"regexp"
	"slices"
	"strings"

	"signdesk/actions"
	"signdesk/bot/channel"
	"signdesk/kb"
)

// What people say while no flow is open that is neither a question nor a wish for
// a certain flow: labels of the engine's words.
const (
	intentDecline = "decline" // no, or not now
	intentUpset   = "upset"   // with the assistant
	intentProceed = "proceed" // with what the last reply offered
	intentMethod  = "method"  // the same, in one of its ways
)

// intentContract is what a contract is spoken of for, by itself.
const intentContract = "contract_status"

// aside replies to what is neither a question nor a wish for a certain flow; ok is
// false if the utterance is something else.
func (t *turn) aside() (ok bool, err error) {
	if t.u.intent.Start {
		switch t.u.intent.Label {
		case intentDecline, actions.Cancel:
			t.smalltalk(textDeclined)
			return true, nil
		case actions.Back, actions.Restart:
			t.smalltalk(textNothingOpen)
			return true, nil
		case intentUpset:
			t.smalltalk(textUpset)
			t.offerHuman()
			return true, nil
		case intentProceed:
			return true, t.proceed()
		case intentMethod: // without an offer it is a question
			if o := t.offered(); o != nil {
				return true, t.wish(t.with(*o))
			}
		}
	}
	if t.u.values["contract"] != "" && names(t.u.in.Text) && t.u.in.Picture == nil {
		return true, t.start(t.with(t.Engine.Wish(intentContract)))
	}
	return false, nil
}

// smalltalk says something that leads nowhere.
func (t *turn) smalltalk(text string) {
	t.say(text)
	t.answered = Small
	t.conv.State.Offers = nil
	var r actions.Reply
	t.Engine.ProposeResume(&t.conv.State, &r)
	t.take(r)
}

// proceed begins what the last reply offered first; if it offered nothing, it goes
// on with what was put aside, or asks what is to be done.
func (t *turn) proceed() error {
	st := &t.conv.State
	if o := t.offered(); o != nil {
		return t.wish(t.with(*o))
	}
	if only := t.onlyPart(); only != "" && t.showPart(only) {
		return nil
	}
	if len(st.Parked) > 0 {
		return t.control(actions.Resume)
	}
	t.say(textWhich)
	t.answered = Small
	var offers []actions.Offer
	for _, label := range wanted {
		if o := t.Engine.Wish(label); o.Flow != "" {
			offers = append(offers, t.with(o))
		}
	}
	st.Offers = nil
	var r actions.Reply
	t.Engine.Propose(st, &r, "", offers)
	t.take(r)
	return nil
}

// offered is what the last reply offered first; nil if it offered nothing.
func (t *turn) offered() *actions.Offer {
	for _, c := range t.conv.Shown {
		if o := t.Engine.Offered(&t.conv.State, nil, c.Token); o != nil && !c.Control {
			return o
		}
	}
	return nil
}

// onlyPart is the token of the part to choose, if the last message had one only, and
// was no answer, which has more to ask about.
func (t *turn) onlyPart() string {
	var only string
	for _, c := range t.conv.Shown {
		isPart := strings.HasPrefix(c.Token, tokenPart)
		switch {
		case c.Control && !isPart:
		case c.Control || only != "" || !isPart:
			return ""
		default:
			only = c.Token
		}
	}
	return only
}

// offerHuman adds the button that asks for a human, unless there is one.
func (t *turn) offerHuman() {
	token := "c:" + actions.Human
	if !slices.ContainsFunc(t.reply.Choices, func(c channel.Choice) bool { return c.Token == token }) {
		t.reply.Choices = append(t.reply.Choices, channel.Choice{Token: token, Label: textHuman, Control: true})
	}
}

// aboutHumans reports whether what the knowledge base says is how people are
// reached, so that the button should be there as well.
func (t *turn) aboutHumans(part *kb.Part) bool {
	d := t.u.decision
	return part != nil && slices.ContainsFunc(part.Flows, func(code string) bool { return t.Engine.ByCode(code) == contactFlow }) ||
		part == nil && d.Kind == kb.Smalltalk && strings.Contains(d.Topic.Reply, t.Contact.Hotline)
}

// names reports whether a text only names a contract.
func names(t string) bool {
	rest := naming.ReplaceAllString(particulars.ReplaceAllString(strings.ToLower(t), ""), "")
	return squeeze(rest) == ""
}

var naming = regexp.MustCompile(`合同|协议|编号|单号|号码?|这份|这个|那份|我的|我这|是|的|份|个`)
