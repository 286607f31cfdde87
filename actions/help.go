package actions

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Cards of help in a row at one step: the first three have words of their own,
// after them two take turns, so that nothing is said twice running.
const (
	cardTexts  = 4
	humanFirst = 2 // cards after which a person of the staff is offered first
)

// misses helps after bad input again and again: with what the step offers, and
// with other ways.
func (e *Engine) misses(st *State, r *Reply, c *Context, step *Step) {
	s := c.Session
	st.Aside = AsideMisses
	s.Cards++
	n := s.Cards
	if n > cardTexts {
		n = cardTexts - n%2
	}
	r.add(e.words[engineWords].Texts[fmt.Sprint("misses", n)])
	if s.Cards == 1 {
		r.add(fill(e.stepWords(c, step).Help, e.args(c, step)))
	}
	r.Many, r.Input, r.Picture = step.Many, e.stepWords(c, step).Input, e.asksPicture(step, e.stepWords(c, step).Prompt)
	r.Choices = append(r.Choices, e.waysOut(c, step)...)
}

// waysOut are the choices of a card of help, the numbered ones in their order.
func (e *Engine) waysOut(c *Context, step *Step) (out []Choice) {
	human := e.numbered(Human)
	first := c.Session.Cards > humanFirst
	if step.Many { // numbers mean its options
		human.Control = true
	}
	if first {
		out = append(out, human)
	}
	if !step.chooses() {
		out = append(out, e.numbered(again))
	}
	for _, o := range e.options(c, step) {
		out = append(out, Choice{Token: tokenOption + o.ID, Label: o.Label})
	}
	if !step.chooses() && e.lastChoice(c) != "" {
		out = append(out, e.numbered(other))
	}
	if !first {
		out = append(out, human)
	}
	return out
}

// pickHelp returns what a text picks from a card of help: a control word, or an
// option of the step.
func (e *Engine) pickHelp(c *Context, step *Step, text string) (word, option string) {
	said := squeezed(text)
	for _, o := range e.words[engineWords].Steps[controls].Options {
		if slices.Contains([]string{again, other, Human}, o.ID) && o.isCalled(said) {
			return o.ID, ""
		}
	}
	n, ok := ordinal(text)
	if !ok || step.Many {
		return "", ""
	}
	for _, choice := range e.waysOut(c, step) {
		if n--; n == 0 {
			word, _ := strings.CutPrefix(choice.Token, tokenControl)
			if option, ok := strings.CutPrefix(choice.Token, tokenOption); ok {
				return "", option
			}
			return word, ""
		}
	}
	return "", ""
}

// keepAfter keeps what was answered after a step for when the way comes by
// there again.
func (e *Engine) keepAfter(c *Context, id StepID) {
	s := c.Session
	for _, id := range s.Trail[slices.Index(s.Trail, id)+1:] {
		if step := c.flow.step(id); step != nil && step.asks() && !step.Secret && s.Slots[step.slot()] != "" {
			c.Give(step.slot(), s.Slots[step.slot()])
		}
	}
}

// lastChoice returns the last step on the way here at which something else could
// have been chosen, or "".
func (e *Engine) lastChoice(c *Context) StepID {
	for _, id := range slices.Backward(c.Session.Trail) {
		if step := c.flow.step(id); step != nil && step.chooses() {
			return id
		}
	}
	return ""
}

// doubt asks whether a value is really meant.
func (e *Engine) doubt(r *Reply, c *Context, step *Step, p *Problem) {
	c.Session.Doubt = p.Doubt
	args := Args{"value": p.Doubt}
	r.add(cmp.Or(p.Text, fill(cmp.Or(e.stepWords(c, step).Doubt, e.words[engineWords].Texts["doubt"]), args)))
	for _, word := range []string{yes, no} {
		r.Choices = append(r.Choices, Choice{Token: tokenControl + word, Label: fill(e.words[engineWords].Texts["doubt"+word], args)})
	}
	e.controls(r, c)
}

// settles reads the answer to whether a doubtful value is meant.
func (e *Engine) settles(s *Session, text string) (yes, ok bool) {
	if y, ok := yesNo(text); ok {
		return y, true
	}
	var options []Option
	for _, word := range []string{"yes", "no"} {
		options = append(options, Option{ID: word, Label: fill(e.words[engineWords].Texts["doubt"+word], Args{"value": s.Doubt})})
	}
	if id, ok := pickOption(options, text); ok {
		return id == "yes", true
	}
	ok = insists.MatchString(squeezed(text))
	return ok, ok
}

// insists are answers that a doubtful value is meant all the same.
var insists = regexp.MustCompile(`^(就是|真的?是|确实是|是这个|没错|是啊|是呀|就叫|真叫|没打错|没写错|我就叫)`)

// resolve takes or drops the value that was in doubt.
func (e *Engine) resolve(t *Turn, st *State, word string) (Reply, error) {
	var r Reply
	s := st.Active()
	if over, err := e.lapsed(t, st, &r); over || err != nil {
		return r, err
	}
	c := e.context(t, s)
	step, value := c.flow.step(s.Step), s.Doubt
	s.Doubt = ""
	if word == no {
		if kept := e.keepEarly(t, st, step, value); len(kept) > 0 { // it was meant for a later step
			r.add(fill(e.words[engineWords].Texts["early"], Args{"what": strings.Join(kept, "，")}))
		}
		e.ask(&r, c, step, true)
		return r, nil
	}
	return r, e.goOn(t, st, &r, c, step, e.take(st, &r, c, step, value))
}
