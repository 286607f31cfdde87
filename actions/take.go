package actions

import (
	"errors"
	"slices"
	"strings"
)

// Take gives an input to the open step. ok is false if it is no answer to what
// is asked; the problem then says why, for [Engine.Miss].
func (e *Engine) Take(t *Turn, st *State, in Input) (r Reply, why *Problem, ok bool, err error) {
	s := st.Active()
	if s == nil {
		return r, nil, false, nil
	}
	if word, isControl := strings.CutPrefix(in.Option, tokenControl); isControl {
		r, err = e.Control(t, st, word)
		return r, nil, true, err
	}
	in.Option = strings.TrimPrefix(in.Option, tokenOption)
	c := e.context(t, s)
	step := c.flow.step(s.Step)
	if step == nil {
		return r, nil, false, nil
	}
	if st.Aside != AsideNone {
		word := e.asideWord(st, in.Text)
		if st.Aside == AsideMisses && in.Option == "" && in.Picture == nil {
			word, in.Option = e.pickHelp(c, step, in.Text)
		}
		if word != "" {
			r, err = e.Control(t, st, word)
			return r, nil, true, err
		}
		if st.Aside != AsideSwitch { // an answer to the step itself is welcome
			st.Aside = AsideNone
		}
	}
	if s.Confirm || !step.asks() {
		y, said := yesNo(in.Text)
		if !said && s.Confirm && step.asks() && !step.Free { // another value instead
			if value, why, err := e.read(c, step, in); err != nil || why == nil {
				if err == nil {
					err = e.take(st, &r, c, step, value)
				}
				return r, nil, true, e.goOn(t, st, &r, c, step, err)
			}
		}
		if !said || in.Picture != nil {
			return r, &Problem{Text: e.words[engineWords].Texts["confirm"], Kept: true}, false, nil
		}
		word := no
		if y {
			word = yes
		}
		r, err = e.Control(t, st, word)
		return r, nil, true, err
	}
	if s.Doubt != "" && in.Picture == nil {
		if y, said := e.settles(s, in.Text); said {
			word := no
			if y {
				word = yes
			}
			r, err = e.Control(t, st, word)
			return r, nil, true, err
		}
	}
	if b := e.pressed(c, step, in); b != nil {
		if over, err := e.lapsed(t, st, &r); over || err != nil {
			return r, nil, true, err
		}
		st.touch(t.Now)
		return r, nil, true, e.press(t, st, &r, c, step, b)
	}
	if in.Option != "" {
		in.Text = in.Option
	}
	value, why, err := e.read(c, step, in)
	if why != nil && why.Doubt != "" && why.Doubt == s.Doubt { // said again: it is meant
		value, why = s.Doubt, nil
	}
	if err != nil || why != nil && !why.Kept {
		e.said(c, &r)
		return r, why, false, err
	}
	if over, err := e.lapsed(t, st, &r); over || err != nil {
		return r, nil, true, err
	}
	e.said(c, &r)
	if why != nil {
		return r, why, false, nil
	}
	st.touch(t.Now)
	for slot, v := range e.find(in.Text) { // several values in one message
		if slot != step.slot() && s.Slots[slot] == "" && c.flow.asksFor(slot) {
			c.Give(slot, v)
		}
	}
	return r, nil, true, e.goOn(t, st, &r, c, step, e.take(st, &r, c, step, value))
}

// goOn runs on after a value was taken or refused.
func (e *Engine) goOn(t *Turn, st *State, r *Reply, c *Context, step *Step, err error) error {
	e.said(c, r)
	if err != nil {
		err = e.problem(st, r, c, step, err)
	}
	if errors.Is(err, errWaits) {
		return nil
	}
	if err != nil {
		return err
	}
	return e.run(t, st, r)
}

// asideWord returns the answer to the engine's own question that a text is.
func (e *Engine) asideWord(st *State, text string) string {
	words := map[Aside][]string{AsideCancel: {yes, no}, AsideSwitch: {switchTo, current}}[st.Aside]
	if st.Aside == AsideCancel {
		if goingOn.MatchString(text) {
			return no
		}
		if y, ok := yesNo(text); ok {
			return words[map[bool]int{true: 0, false: 1}[y]]
		}
	}
	var options []Option
	for _, w := range words {
		options = append(options, Option{ID: w, Label: e.asideLabel(st, w)})
	}
	id, _ := pickOption(options, text)
	return id
}

// Fits reports whether an input is an answer to what was asked last in the flow
// that was put aside last, so clearly that it can be taken up again by it: the
// sum that arrived, days after it was asked for.
func (e *Engine) Fits(t *Turn, st *State, in Input) (bool, error) {
	if len(st.Open) > 0 || len(st.Parked) == 0 || in.Picture != nil {
		return false, nil
	}
	chain := st.Parked[len(st.Parked)-1]
	s := *chain[len(chain)-1]
	c := e.context(t, &s)
	step := c.flow.step(s.Step)
	if step == nil || step.Free || s.Confirm || step.Parse == nil || step.chooses() {
		return false, nil
	}
	_, why, err := e.read(c, step, in)
	return err == nil && why == nil, err
}

// FitsAside reports whether an input is an answer to what was asked last in the
// flow that was put aside with a good-bye.
func (e *Engine) FitsAside(t *Turn, st *State, in Input) (bool, error) {
	if !st.Parted || len(st.Open) > 0 || len(st.Parked) == 0 || in.Picture != nil {
		return false, nil
	}
	chain := st.Parked[len(st.Parked)-1]
	s := *chain[len(chain)-1]
	c := e.context(t, &s)
	step := c.flow.step(s.Step)
	if step == nil || s.Confirm || !step.asks() {
		return false, nil
	}
	if e.pressed(c, step, in) != nil {
		return true, nil
	}
	_, why, err := e.read(c, step, in)
	return err == nil && why == nil, err
}

// Picks reports whether a text means one of what the open step offers.
func (e *Engine) Picks(t *Turn, st *State, text string) bool {
	s := st.Active()
	if s == nil || s.Confirm || st.Aside != AsideNone {
		return false
	}
	c := e.context(t, s)
	step := c.flow.step(s.Step)
	if step == nil {
		return false
	}
	_, ok := pickOption(e.options(c, step), text)
	return ok
}

func (e *Engine) asideLabel(st *State, word string) string {
	if st.Aside == AsideCancel {
		return e.words[engineWords].Texts["cancel"+word]
	}
	return e.control(word).Label
}

// pressed returns the button that an input means.
func (e *Engine) pressed(c *Context, step *Step, in Input) *Button {
	options := e.options(c, step)
	id := in.Option
	if id == "" {
		var ok bool
		if id, ok = pickOption(options, in.Text); !ok {
			return nil
		}
		// Where a text is asked for, only the whole label is no value.
		if !step.chooses() && !slices.ContainsFunc(options, func(o Option) bool {
			return o.ID == id && o.isCalled(squeezed(in.Text))
		}) {
			return nil
		}
	}
	i := slices.IndexFunc(step.Buttons, func(b Button) bool { return b.ID == id && (b.Show == nil || b.Show(c)) })
	if i < 0 {
		return nil
	}
	return &step.Buttons[i]
}

func (e *Engine) press(t *Turn, st *State, r *Reply, c *Context, step *Step, b *Button) error {
	if b.Do != nil {
		if err := b.Do(c); err != nil {
			return e.goOn(t, st, r, c, step, err)
		}
		e.said(c, r)
	}
	switch {
	case b.Start != nil:
		st.park()
		next, err := e.Start(t, st, *b.Start)
		r.Text = append(r.Text, next.Text...)
		next.Text = r.Text
		*r = next
		return err
	case b.To != "":
		c.Session.Trail = append(c.Session.Trail, step.ID)
		e.jump(c.Session, b.To)
		return e.run(t, st, r)
	}
	e.ask(r, c, step, true)
	return nil
}

// Miss tells what is wrong with an input that Take did not take.
func (e *Engine) Miss(t *Turn, st *State, p *Problem) (Reply, error) {
	var r Reply
	if over, err := e.lapsed(t, st, &r); over || err != nil {
		return r, err
	}
	s := st.Active()
	c := e.context(t, s)
	step := c.flow.step(s.Step)
	if p == nil {
		p = e.hint(c, step)
	}
	st.touch(t.Now)
	if s.Confirm || !step.asks() {
		r.add(p.Text)
		r.Choices = append(r.Choices, e.numbered(yes))
		e.controls(&r, c)
		return r, nil
	}
	return r, e.goOn(t, st, &r, c, step, p)
}
