package bot

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"signdesk/actions"
	"signdesk/bot/channel"
	"signdesk/kb"
)

// tokenPart begins the token of a part of an entry: "k:11/phone".
const tokenPart = "k:"

// partToken is the token of a part.
func partToken(e kb.EntryID, p kb.PartID) string { return tokenPart + string(e) + "/" + string(p) }

// contactFlow tells how people are reached, and takes a message for them.
const contactFlow = "contact"

// route decides what a turn is for, and has it done. The order is: the staff's
// hold, buttons, control words, the open step, other flows, the knowledge base.
func (t *turn) route() error {
	st := &t.conv.State
	if t.conv.Link == "" { // the page behind a link waits as long as its case does
		for _, flow := range st.Idle(t.now) {
			t.say(textExpired(t.Engine.Title(flow)))
		}
	}
	if held, err := t.held(); held || err != nil {
		t.quiet = true
		return err
	}
	if t.u.in.Kind != channel.Said {
		return t.wordless()
	}
	if ok, err := t.Engine.Fits(t.flow, st, actions.Input{Text: t.u.in.Text}); err != nil {
		return err
	} else if ok && t.u.in.Click == "" { // an answer, long after it was asked for
		if _, err := t.Engine.Control(t.flow, st, actions.Resume); err != nil {
			return err
		}
		if st.Active() != nil {
			return t.inFlow()
		}
	}
	if ok, err := t.answersAside(); ok || err != nil {
		if err == nil {
			err = t.inFlow()
		}
		return err
	}
	if t.u.in.Link != "" && st.Active() == nil {
		return t.start(actions.Offer{Flow: linkFlow})
	}
	if strings.TrimSpace(t.u.in.Text) == "" && t.u.in.Click == "" && t.u.in.Picture == nil {
		t.say(textEmpty)
		return nil
	}
	if t.asksToReread() {
		t.say(textRetype)
		return t.again()
	}
	if t.u.in.Click != "" {
		return t.clicked(t.u.in.Click)
	}
	if word := t.controlWord(); word != "" {
		return t.control(word)
	}
	if unbinding[squeeze(t.u.in.Text)] {
		t.unbind()
		return nil
	}
	if st.Active() != nil {
		return t.inFlow()
	}
	return t.outside()
}

// answersAside takes up the flow that was put aside with a good-bye if the
// utterance plainly answers what it asked.
func (t *turn) answersAside() (bool, error) {
	text := t.u.in.Text
	if !t.conv.State.Parted || t.u.in.Click != "" || t.u.intent.Start || t.u.decision.Kind == kb.Smalltalk || t.u.formOf() != statement || t.numbered() {
		return false, nil
	}
	st := &t.conv.State
	if ok, err := t.Engine.FitsAside(t.flow, st, actions.Input{Text: text}); !ok || err != nil {
		return false, err
	}
	r, err := t.Engine.Control(t.flow, st, actions.Resume)
	if err != nil || st.Active() == nil {
		return false, err
	}
	t.say(r.Text[0])
	return true, nil
}

// numbered reports whether the last message had choices with numbers.
func (t *turn) numbered() bool {
	return slices.ContainsFunc(t.conv.Shown, func(c channel.Choice) bool { return !c.Control })
}

// wordless replies to what is neither words nor a picture.
func (t *turn) wordless() error {
	switch t.u.in.Kind {
	case channel.Left:
		t.quiet = true
		return nil
	case channel.Hello:
		t.say(Greeting(t.Contact))
		if len(t.conv.State.Parked) == 0 && t.conv.State.Active() == nil {
			t.say(beginnings())
		}
	case channel.Voice:
		t.say(textVoice)
	case channel.Unseen:
		t.say(textUnseen)
	default:
		t.say(textUnreadable)
	}
	return t.again()
}

// clicked does what a button says.
func (t *turn) clicked(token string) error {
	st := &t.conv.State
	switch {
	case strings.HasPrefix(token, tokenPart):
		if t.showPart(token) {
			return t.again()
		}
	case strings.HasPrefix(token, tokenRate):
		return t.rated(token)
	case strings.HasPrefix(token, "s:"):
		if o := t.meant(token); o != nil {
			return t.wish(*o)
		}
	case token == "c:"+actions.Human || strings.HasPrefix(token, "c:") && st.Active() == nil:
		return t.control(strings.TrimPrefix(token, "c:"))
	case st.Active() != nil:
		r, _, ok, err := t.Engine.Take(t.flow, st, actions.Input{Option: token})
		if err != nil {
			return err
		}
		if ok {
			t.take(r)
			return nil
		}
	}
	t.say(textStale)
	return t.again()
}

// controlWord returns the control word that the utterance is, or "".
func (t *turn) controlWord() string {
	if t.u.in.Picture != nil {
		return ""
	}
	st := &t.conv.State
	if word := t.Engine.ControlWord(st, t.u.in.Text); word != "" {
		return word
	}
	if !t.u.intent.Start {
		return ""
	}
	switch t.u.intent.Label {
	case actions.Human:
		return t.u.intent.Label
	case actions.Status:
		if t.Engine.Picks(t.flow, st, t.u.in.Text) { // the open step tells it better
			return ""
		}
		return t.u.intent.Label
	case actions.Back, actions.Cancel, actions.Restart:
		if st.Active() != nil {
			return t.u.intent.Label
		}
	}
	return ""
}

func (t *turn) control(word string) error {
	if st := &t.conv.State; word == actions.Status && st.Active() == nil { // of what is under way, wherever it was begun
		word = actions.Resume
		if len(st.Parked) == 0 {
			return t.start(t.Engine.Wish(actions.Status))
		}
	}
	r, err := t.Engine.Control(t.flow, &t.conv.State, word)
	t.take(r)
	return err
}

// Topics of small talk after which a flow waits.
const (
	topicThanks = "thanks"
	topicBye    = "bye"
)

// How surely the knowledge base must know an utterance that is no question, to
// answer it in the middle of a flow.
const (
	sureProblem   = 0.5
	sureStatement = 0.8
	minStatement  = 4 // runes; what is shorter is more likely meant as an answer
)

// outside routes an utterance while no flow is open.
func (t *turn) outside() error {
	st := &t.conv.State
	if o := t.meant(t.u.in.Text); o != nil {
		return t.wish(t.with(*o))
	}
	if token := t.pickedRating(); token != "" {
		return t.rated(token)
	}
	if t.picked() {
		return nil
	}
	if t.u.intent.Start && t.Engine.ByLabel(t.u.intent.Label) != "" {
		return t.start(t.offer())
	}
	if o := t.Engine.Taken(st, t.u.values); o != nil && t.u.formOf() == statement {
		return t.start(t.with(*o))
	}
	if ok, err := t.aside(); ok || err != nil {
		return err
	}
	if t.u.in.Picture != nil {
		t.seen(false)
		return nil
	}
	if err := t.follow(); err != nil {
		return err
	}
	if t.u.decision.Kind != kb.None || len(st.Parked) == 0 {
		t.answer(false)
	}
	var r actions.Reply
	t.Engine.ProposeResume(st, &r)
	t.take(r)
	return nil
}

// offer returns the flow that the utterance's intent means, with the values
// that it carries.
func (t *turn) offer() actions.Offer {
	o := t.Engine.Wish(t.u.intent.Label)
	if o.Flow != "" {
		t.carry(o.Slots)
	}
	return o
}

// with adds the values that the utterance carries to an offer.
func (t *turn) with(o actions.Offer) actions.Offer {
	if len(t.u.values) == 0 {
		return o
	}
	o.Slots = maps.Clone(o.Slots)
	if o.Slots == nil {
		o.Slots = make(map[string]string)
	}
	t.carry(o.Slots)
	return o
}

// carry adds the values that the utterance carries to slots.
func (t *turn) carry(slots map[string]string) {
	for slot, v := range t.u.values {
		if slots[slot] == "" {
			slots[slot] = v
		}
	}
}

// wish starts a flow, or asks which one first.
func (t *turn) wish(o actions.Offer) error {
	if st := &t.conv.State; st.Active() != nil {
		t.take(t.Engine.Switch(t.flow, st, o))
		return nil
	}
	return t.start(o)
}

func (t *turn) start(o actions.Offer) error {
	r, err := t.Engine.Start(t.flow, &t.conv.State, o)
	t.take(r)
	return err
}

// again asks the open step once more, if there is one.
func (t *turn) again() error {
	if t.conv.State.Active() != nil {
		t.take(t.Engine.Again(t.flow, &t.conv.State))
	}
	return nil
}

// take adds what the engine said to the reply.
func (t *turn) take(r actions.Reply) {
	for _, text := range r.Text {
		t.say(text)
	}
	for _, c := range r.Choices {
		t.reply.Choices = append(t.reply.Choices, channel.Choice{Token: c.Token, Label: c.Label, Control: c.Control})
	}
	t.reply.Picture, t.reply.Many, t.reply.Input = t.reply.Picture || r.Picture, r.Many, r.Input
	if r.Ended != "" {
		t.Logger.Info("flow ended", "flow", r.Ended, "result", r.Result, "turn", t.flow.ID)
	}
}

func (t *turn) say(text string) {
	if text == "" {
		return
	}
	if t.reply.Text != "" {
		t.reply.Text += "\n"
	}
	t.reply.Text += text
}

// meant is what the last reply offered that a text or token means; nil if it means
// nothing of that.
func (t *turn) meant(said string) *actions.Offer {
	if len(t.conv.State.Offers) == 0 {
		return nil
	}
	return t.Engine.Offered(&t.conv.State, actionChoices(t.conv.Shown), said)
}

// actionChoices leaves out what is no action.
func actionChoices(shown []channel.Choice) []actions.Choice {
	out := make([]actions.Choice, 0, len(shown))
	for _, c := range shown {
		out = append(out, actions.Choice{Token: c.Token, Label: c.Label, Control: c.Control})
	}
	return out
}

// pickedRating is the token of the rating that the utterance picks from the last
// message, by number or label; "" if it picks none.
func (t *turn) pickedRating() string {
	text := strings.TrimSpace(t.u.in.Text)
	for i, c := range t.conv.Shown {
		if strings.HasPrefix(c.Token, tokenRate) && (text == c.Label || text == strconv.Itoa(i+1)) {
			return c.Token
		}
	}
	return ""
}

// picked shows the part that the utterance picks from the last message, by
// number or title; the only one also by a yes.
func (t *turn) picked() bool {
	text := strings.TrimSpace(t.u.in.Text)
	n, numbered := actions.Ordinal(text)
	i := 0
	for _, c := range t.conv.Shown {
		if !c.Control {
			i++
		}
		if (numbered && i == n && !c.Control || c.Label == text) && strings.HasPrefix(c.Token, tokenPart) {
			return t.showPart(c.Token)
		}
	}
	if only := t.onlyPart(); only != "" && actions.Agrees(text) {
		return t.showPart(only)
	}
	return false
}

// pickedInFull shows what was answered in passing with everything that belongs
// to it, if the utterance asks for that.
func (t *turn) pickedInFull() bool {
	for _, c := range t.conv.Shown {
		if c.Label == textInFull && squeeze(t.u.in.Text) == textInFull {
			return t.showPart(c.Token)
		}
	}
	return false
}

func (t *turn) showPart(token string) bool {
	entry, part, _ := strings.Cut(strings.TrimPrefix(token, tokenPart), "/")
	e := t.baseFor(t.conv.Peer).Content().Entry(kb.EntryID(entry))
	if e == nil {
		return false
	}
	p := e.Part(kb.PartID(part))
	if p == nil {
		return false
	}
	r, _ := t.conv.About.unsaid(ShowPart(p))
	t.compose(r, r.Text(), p, false)
	return true
}

// answer says what the knowledge base has; short leaves out what could be asked
// instead, in the middle of a flow.
func (t *turn) answer(short bool) {
	d := t.u.decision
	r, text := t.u.reply, t.u.text
	var full *Section
	if short {
		full = r.Answer
		r, text = r.inPassing(), ""
	} else if less, said := t.conv.About.unsaid(r); said {
		r, text = less, ""
	}
	t.conv.Missed++
	if d.Kind != kb.None {
		t.conv.Missed = 0
	}
	t.answered = [...]Outcome{kb.Answer: Answered, kb.Choices: Choices, kb.None: Nothing, kb.Smalltalk: Small}[d.Kind]
	var part *kb.Part
	if d.Kind == kb.Answer {
		part = d.Hits[0].Part()
	}
	if d.Kind == kb.None && r.Contact != "" {
		r.Contact += "\n" + t.Hours(t.now).Text
		text = ""
	}
	if text == "" {
		text = r.Text()
	}
	t.compose(r, text, part, short)
	if full != nil && len(full.Steps)+max(0, len(full.Notes)-notesInPassing) > 0 {
		t.reply.Choices = append(t.reply.Choices, channel.Choice{Token: partToken(full.Entry, full.Part), Label: textInFull, Control: true})
	}
	if d.Kind == kb.None && !short {
		t.offerHuman()
	}
}

// maxOffers bounds the flows that are offered below an answer.
const maxOffers = 2

// compose renders a reply of the knowledge base, and offers the flows that can
// do what it tells of.
func (t *turn) compose(r Reply, text string, part *kb.Part, short bool) {
	t.say(text)
	t.common = text
	if part != nil && r.Answer != nil {
		t.reply.Entry = string(part.Entry.ID) + "/" + string(part.ID)
		t.conv.About = t.conv.About.told(part, r, t.now)
	}
	const more = maxOffers + 1 // and the button that asks for a human
	t.reply.Choices = slices.Grow(t.reply.Choices, len(r.Also)+len(r.More)+len(r.Others)+more)
	for _, o := range r.Also {
		t.reply.Choices = append(t.reply.Choices, channel.Choice{Token: o.token, Label: o.Title, InText: true})
	}
	if short {
		return
	}
	for _, list := range [...][]Option{r.More, r.Others} {
		for _, o := range list {
			t.reply.Choices = append(t.reply.Choices, channel.Choice{Token: o.token, Label: o.Title, InText: true, Control: true})
		}
	}
	t.offers(part)
	if t.aboutHumans(part) {
		t.offerHuman()
	}
}

// offers proposes the flow that the utterance is about, and those of the part.
func (t *turn) offers(part *kb.Part) {
	st := &t.conv.State
	st.Offers = nil
	var flows []actions.Offer
	isNew := func(flow string) bool {
		return flow != "" && len(flows) < maxOffers && !slices.ContainsFunc(flows, func(o actions.Offer) bool { return o.Flow == flow })
	}
	about := t.Engine.ByLabel(t.u.intent.Label)
	if isNew(about) && (part == nil || slices.ContainsFunc(part.Flows, func(code string) bool { return t.Engine.ByCode(code) == about })) {
		flows = append(flows, t.offer())
	}
	if part != nil {
		for _, code := range part.Flows {
			if flow := t.Engine.ByCode(code); isNew(flow) {
				flows = append(flows, actions.Offer{Flow: flow, Slots: t.carried()})
			}
		}
	}
	if isNew(about) {
		flows = append(flows, t.offer())
	}
	slices.SortStableFunc(flows, func(a, b actions.Offer) int {
		return int(flag(a.Flow == contactFlow)) - int(flag(b.Flow == contactFlow))
	})
	if len(flows) == 0 {
		return
	}
	lead := textOffers // tells numbered actions from numbered steps
	if flows[0].Flow == contactFlow {
		lead = textContacts
	}
	t.say(lead)
	t.common += "\n" + lead
	var r actions.Reply
	t.Engine.Propose(st, &r, "", flows)
	t.take(r)
}
