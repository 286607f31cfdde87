package actions

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ControlWord returns the control word that a text is, or "". Words of the
// engine's questions count only while they are asked.
func (e *Engine) ControlWord(st *State, text string) string {
	t := squeezed(text)
	for _, l := range e.labels {
		if l.squeezed != t {
			continue
		}
		if e.controlApplies(st, l.id) {
			return l.id
		}
		if l.inFull && (l.id == Resume || l.id == Drop && len(st.Open) == 0) && (len(st.Open) == 0 || len(st.Parked) > 0) {
			return l.id // said in full: though nothing is put aside any more, or something else is open
		}
	}
	return ""
}

func (e *Engine) controlApplies(st *State, word string) bool {
	switch word {
	case Back, Cancel, Status, Restart:
		return len(st.Open) > 0
	case Human:
		return true
	case Resume, Drop:
		return len(st.Parked) > 0 && len(st.Open) == 0
	case again, other:
		return st.Aside == AsideMisses
	case switchTo, current:
		return st.Aside == AsideSwitch
	}
	return false
}

// Offered returns the offer that a text or token means, if the last reply made
// any.
func (e *Engine) Offered(st *State, shown []Choice, text string) *Offer {
	if len(st.Offers) == 0 {
		return nil
	}
	options := make([]Option, 0, len(shown))
	for _, c := range shown {
		if !c.Control {
			options = append(options, Option{ID: c.Token, Label: c.Label})
		}
	}
	token := text
	if !strings.HasPrefix(token, tokenOffer) {
		var ok bool
		if token, ok = pickOption(options, text); !ok {
			return nil
		}
	}
	n, err := strconv.Atoi(strings.TrimPrefix(token, tokenOffer))
	if err != nil || n < 0 || n >= len(st.Offers) {
		return nil
	}
	return &st.Offers[n]
}

// Taken returns the offer of the last reply that one of the values takes up,
// with it; nil if none does.
func (e *Engine) Taken(st *State, values map[string]string) *Offer {
	for _, o := range st.Offers {
		if v := values[o.Takes]; o.Takes != "" && v != "" {
			slots := maps.Clone(o.Slots)
			if slots == nil {
				slots = make(map[string]string)
			}
			slots[o.Takes] = v
			o.Slots = slots
			return &o
		}
	}
	return nil
}

// IsFree reports whether the open step takes any text, so that a question in
// between should be looked for first.
func (e *Engine) IsFree(st *State) bool {
	s := st.Active()
	if s == nil || st.Aside != AsideNone || s.Confirm || s.Doubt != "" {
		return false
	}
	step := e.flows[s.Flow].step(s.Step)
	return step != nil && step.Free
}

// WantsPicture reports whether the open step asks for a picture.
func (e *Engine) WantsPicture(st *State) bool {
	s := st.Active()
	if s == nil || st.Aside != AsideNone || s.Confirm {
		return false
	}
	step := e.flows[s.Flow].step(s.Step)
	return step != nil && e.asksPicture(step, e.words[s.Flow].Steps[s.Step].Prompt)
}

// asksPicture reports whether a step with that prompt asks for a picture.
func (e *Engine) asksPicture(step *Step, prompt string) bool {
	return step.Parse != nil && !step.chooses() && strings.Contains(prompt, "图片")
}

// goingOn are answers to whether something is to be cancelled.
var goingOn = regexp.MustCompile(`(不|别|没想|不想|不要|先不)(要|用)?取消|继续|点错|按错|接着`)

// Remind asks the open step once more, in short.
func (e *Engine) Remind(t *Turn, st *State) Reply {
	var r Reply
	s := st.Active()
	if s == nil {
		return r
	}
	c := e.context(t, s)
	step := c.flow.step(s.Step)
	switch {
	case step == nil:
	case s.Confirm:
		e.card(&r, c, step)
	case step.asks():
		e.ask(&r, c, step, true)
	default:
		e.stuck(&r, c)
	}
	return r
}

// Switch asks whether to do another flow first.
func (e *Engine) Switch(t *Turn, st *State, o Offer) Reply {
	var r Reply
	st.Aside, st.Wanted = AsideSwitch, &o
	st.touch(t.Now)
	wanted := o.Title
	if wanted == "" {
		wanted = e.Title(o.Flow)
	}
	r.add(fill(e.words[engineWords].Texts["switch"], Args{"open": e.Title(st.Open[0].Flow), "wanted": wanted}))
	r.Choices = append(r.Choices, e.numbered(switchTo), e.numbered(current))
	return r
}

// ProposeResume adds to a reply that something was put aside.
func (e *Engine) ProposeResume(st *State, r *Reply) {
	if len(st.Parked) == 0 || len(st.Open) > 0 {
		return
	}
	last := st.Parked[len(st.Parked)-1]
	r.add(fill(e.words[engineWords].Texts["parked"], Args{"title": e.Title(last[0].Flow)}))
	r.Choices = append(r.Choices, e.control(Resume), e.control(Drop))
}

// Control does what a control word says.
func (e *Engine) Control(t *Turn, st *State, word string) (Reply, error) {
	var r Reply
	text := e.words[engineWords].Texts
	aside := st.Aside
	st.Aside = AsideNone
	s := st.Active()
	switch {
	case word == Human:
		t.Effects.Handoff = true
		return r, nil
	case word == Resume && len(st.Parked) > 0:
		last := st.Parked[len(st.Parked)-1]
		st.Parked, st.Parted = st.Parked[:len(st.Parked)-1], false
		st.park()
		st.Open = last
		st.touch(t.Now)
		r.add(fill(text["resumed"], Args{"title": e.Title(st.Open[0].Flow)}))
		st.Active().Entered = false
		if over, err := e.lapsed(t, st, &r); over || err != nil {
			return r, err
		}
		return r, e.run(t, st, &r)
	case word == Drop && s == nil && len(st.Parked) > 0:
		dropped := st.Parked[len(st.Parked)-1]
		st.Parked = st.Parked[:len(st.Parked)-1]
		e.cancelled(&r, dropped)
		return r, nil
	case s == nil:
		r.add(text["nothing"])
		e.ProposeResume(st, &r)
		return r, nil
	}
	st.touch(t.Now)
	c := e.context(t, s)
	switch word {
	case Back:
		return e.back(t, st)
	case Cancel:
		st.Aside = AsideCancel
		r.add(fill(text["cancel"], Args{"title": e.Title(st.Open[0].Flow)}))
		for _, w := range []string{yes, no} {
			r.Choices = append(r.Choices, Choice{Token: tokenControl + w, Label: e.asideLabel(st, w)})
		}
		return r, nil
	case Restart:
		return e.restart(t, st)
	case Status:
		if over, err := e.lapsed(t, st, &r); over || err != nil {
			return r, err
		}
		e.where(&r, st)
		rest := e.Remind(t, st)
		r.Text, rest.Text = append(r.Text, rest.Text...), nil
		r.Choices, r.Picture = rest.Choices, rest.Picture
		return r, nil
	case again:
		s.Misses = 0
	case other:
		if step := c.flow.step(s.Step); step != nil && step.chooses() && !s.Confirm { // its options are the other ways
			e.ask(&r, c, step, false)
			return r, nil
		}
		if id := e.lastChoice(c); id != "" {
			e.keepAfter(c, id)
			s.Trail = s.Trail[:slices.Index(s.Trail, id)]
			e.jump(s, id)
			s.Reopen = true
			return r, e.run(t, st, &r)
		}
	case switchTo:
		if st.Wanted != nil {
			o := *st.Wanted
			st.park()
			return e.Start(t, st, o)
		}
	case current:
		st.Wanted = nil
	case yes, no:
		return e.answer(t, st, aside, word)
	}
	return e.Remind(t, st), nil
}

// answer takes a yes or no to a question of the engine or to a card.
func (e *Engine) answer(t *Turn, st *State, aside Aside, word string) (Reply, error) {
	var r Reply
	s := st.Active()
	if aside == AsideCancel {
		if word == no {
			return e.Remind(t, st), nil
		}
		chain := Chain(st.Open)
		st.Open = nil
		e.cancelled(&r, chain)
		e.ProposeResume(st, &r)
		return r, nil
	}
	if !s.Confirm && s.Doubt != "" {
		return e.resolve(t, st, word)
	}
	if !s.Confirm && e.flows[s.Flow].step(s.Step).Do == nil {
		return e.Remind(t, st), nil
	}
	if over, err := e.lapsed(t, st, &r); over || err != nil {
		return r, err
	}
	if word == no {
		return e.back(t, st)
	}
	c := e.context(t, s)
	step := c.flow.step(s.Step)
	return r, e.goOn(t, st, &r, c, step, e.commit(&r, c, step))
}

// cancelled tells that a chain was given up, and what of it stays.
func (e *Engine) cancelled(r *Reply, chain Chain) {
	r.Ended, r.Result = chain[0].Flow, Cancel
	r.add(fill(e.words[engineWords].Texts["cancelled"], Args{"title": e.Title(chain[0].Flow)}))
	var done []string
	for _, s := range chain {
		done = append(done, s.Done...)
	}
	if len(done) > 0 {
		r.add(fill(e.words[engineWords].Texts["kept"], Args{"done": "· " + strings.Join(done, "\n· ")}))
	}
}

// back opens the step before, with its value.
func (e *Engine) back(t *Turn, st *State) (Reply, error) {
	var r Reply
	s := st.Active()
	if s.Confirm && len(s.Trail) > 0 || e.goBackable(s) {
		e.goBack(s)
		return r, e.run(t, st, &r)
	}
	// The first step of a flow that was called: back to its caller.
	if len(st.Open) > 1 && s.Commits == 0 {
		caller := st.Open[len(st.Open)-2]
		if e.goBackable(caller) {
			st.Open = st.Open[:len(st.Open)-1]
			e.goBack(caller)
			return r, e.run(t, st, &r)
		}
	}
	word := "first"
	if slices.ContainsFunc(st.Open, func(s *Session) bool { return s.Commits > 0 }) {
		word = "committed"
	}
	rest := e.Remind(t, st)
	r.add(e.words[engineWords].Texts[word])
	r.Text, rest.Text = append(r.Text, rest.Text...), r.Text
	r.Choices, r.Picture = rest.Choices, rest.Picture
	return r, nil
}

func (e *Engine) goBackable(s *Session) bool { return len(s.Trail) > 0 }

// goBack moves a session to the step that was answered last.
func (e *Engine) goBack(s *Session) bool {
	if len(s.Trail) == 0 {
		return false
	}
	id := s.Trail[len(s.Trail)-1]
	s.Trail = s.Trail[:len(s.Trail)-1]
	e.jump(s, id)
	s.Reopen, s.Entered = true, true
	return true
}

// restart begins the open flow again; what was committed stays.
func (e *Engine) restart(t *Turn, st *State) (Reply, error) {
	chain := Chain(st.Open)
	if slices.ContainsFunc(chain, func(s *Session) bool { return s.Commits > 0 }) {
		r := e.Remind(t, st)
		r.Text = append([]string{e.words[engineWords].Texts["committed"]}, r.Text...)
		return r, nil
	}
	return e.Start(t, st, Offer{Flow: chain[0].Flow})
}

// where tells what was done and what is asked now.
func (e *Engine) where(r *Reply, st *State) {
	var done []string
	for _, s := range st.Open {
		done = append(done, s.Done...)
	}
	args := Args{"title": e.Title(st.Open[0].Flow), "done": strings.Join(done, "；")}
	if len(done) == 0 {
		r.add(fill(e.words[engineWords].Texts["where"], args))
		return
	}
	r.add(fill(e.words[engineWords].Texts["whereDone"], args))
}
