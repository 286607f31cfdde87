package actions

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"signdesk/data/store"
)

// push opens a session at the end of the chain.
func (e *Engine) push(t *Turn, st *State, r *Reply, f *Flow, given map[string]string) error {
	s := &Session{ID: fmt.Sprintf("%s-%d", t.ID, len(st.Open)), Flow: f.Name, Revision: f.Revision, Step: f.Steps[0].ID,
		Slots: make(map[string]string), Given: make(map[string]string), Started: t.Now, Expires: t.Now.Add(sessionLife)}
	for k, v := range given {
		switch {
		case v == "":
		case f.asksFor(k):
			s.Given[k] = v // looked at when its step is reached
		default:
			s.Slots[k] = v
		}
	}
	st.Open = append(st.Open, s)
	if f.Begin == nil {
		return nil
	}
	c := e.context(t, s)
	err := f.Begin(c)
	e.said(c, r)
	var p *Problem
	if errors.As(err, &p) {
		r.add(p.Text)
		if p.Ends == "" {
			p.Ends = "refused"
		}
		e.finish(st, r, p.Ends)
		return nil
	}
	return err
}

// said moves what steps said to the reply.
func (e *Engine) said(c *Context, r *Reply) {
	for _, text := range c.Session.said {
		r.add(text)
	}
	c.Session.said = nil
}

// finish closes the last session of the chain with a result, which its caller
// gets.
func (e *Engine) finish(st *State, r *Reply, result string) {
	s := st.Active()
	st.Open = st.Open[:len(st.Open)-1]
	st.Aside = AsideNone
	if len(st.Open) == 0 {
		r.Ended, r.Result = s.Flow, result
		return
	}
	caller := st.Active()
	caller.Slots[callResult] = result
	caller.Done = append(caller.Done, s.Done...)
	caller.Commits += s.Commits
	if s.Commits > 0 {
		caller.Trail = nil
	}
}

// run goes on until something must be asked, or the chain is done.
func (e *Engine) run(t *Turn, st *State, r *Reply) error {
	for range maxSteps {
		s := st.Active()
		if s == nil {
			return nil
		}
		c := e.context(t, s)
		step := c.flow.step(s.Step)
		if step == nil {
			return fmt.Errorf("actions: flow %s has no step %q", s.Flow, s.Step)
		}
		waits, err := e.visit(t, st, r, c, step)
		e.said(c, r)
		if err != nil {
			if err = e.problem(st, r, c, step, err); errors.Is(err, errWaits) {
				return nil
			} else if err != nil {
				return err
			}
			continue
		}
		if waits {
			return nil
		}
	}
	return fmt.Errorf("actions: flow goes round")
}

// visit does what is due at a step; waits tells that the person was asked.
func (e *Engine) visit(t *Turn, st *State, r *Reply, c *Context, step *Step) (waits bool, err error) {
	s, w := c.Session, e.stepWords(c, step)
	if step.Skip != nil && step.Skip(c) {
		e.leave(c, step)
		return false, nil
	}
	if step.PC && t.Device != PC {
		r.add(fill(w.PC, e.args(c, step)))
		e.finish(st, r, ContinueOnPC)
		return false, nil
	}
	if step.Call != nil {
		return false, e.call(t, st, r, c, step)
	}
	if !s.Entered && step.Enter != nil {
		s.Entered = true
		if err := step.Enter(c); err != nil {
			return false, e.entering(r, c, err)
		}
		e.said(c, r)
	}
	s.Entered = true
	if given, ok := s.Given[step.slot()]; ok && step.asks() && !s.Reopen {
		delete(s.Given, step.slot())
		if value, problem, err := e.read(c, step, Input{Text: given}); err != nil {
			return false, err
		} else if problem == nil && value != "" {
			return false, e.take(st, r, c, step, value)
		} else if problem != nil && problem.Doubt != "" {
			e.doubt(r, c, step, problem)
			return true, nil
		} else if problem != nil && (problem.Kept || problem.Text != e.hint(c, step).Text) { // right in form, and yet no
			r.add(problem.Text)
		}
	}
	switch {
	case step.asks():
		e.ask(r, c, step, false)
		return true, nil
	case step.Confirm:
		e.card(r, c, step)
		return true, nil
	case step.Do != nil:
		return false, e.commit(r, c, step)
	case step.Ends != "":
		e.end(st, r, c, step)
		return false, nil
	}
	r.add(fill(w.Prompt, e.args(c, step)))
	e.leave(c, step)
	return false, nil
}

// entering deals with a problem on entering a step: it is told, and the step is
// asked all the same.
func (e *Engine) entering(r *Reply, c *Context, err error) error {
	var p *Problem
	if !errors.As(err, &p) || p.To != "" || p.Ends != "" {
		return err
	}
	e.said(c, r)
	r.add(p.Text)
	return nil
}

// call runs the step's flow, or takes its result.
func (e *Engine) call(t *Turn, st *State, r *Reply, c *Context, step *Step) error {
	s := c.Session
	if !s.Called {
		s.Called = true
		var given map[string]string
		if step.Call.With != nil {
			given = step.Call.With(c)
		}
		given = e.handOn(c, step, given)
		return e.push(t, st, r, e.flows[step.Call.Flow], given)
	}
	s.Called = false
	s.Slots[step.slot()] = s.Slots[callResult]
	delete(s.Slots, callResult)
	e.leave(c, step)
	return nil
}

func (e *Engine) args(c *Context, step *Step) Args {
	if step.Args == nil {
		return nil
	}
	return step.Args(c)
}

// leave goes on to the next step.
func (e *Engine) leave(c *Context, step *Step) {
	s := c.Session
	to := StepID("")
	if step.Next.Pick != nil {
		to = step.Next.Pick(c)
	}
	if to == "" {
		i := slices.IndexFunc(c.flow.Steps, func(o Step) bool { return o.ID == step.ID })
		if i+1 < len(c.flow.Steps) {
			to = c.flow.Steps[i+1].ID
		}
	}
	e.jump(s, to)
}

func (e *Engine) jump(s *Session, to StepID) {
	s.Step, s.Entered, s.Confirm, s.Called, s.Reopen, s.Misses, s.Cards, s.Asides, s.Doubt = to, false, false, false, false, 0, 0, 0, ""
}

// lapsed leaves the place of a flow that cannot go on. ok is false if it can.
func (e *Engine) lapsed(t *Turn, st *State, r *Reply) (ok bool, err error) {
	s := st.Active()
	c := e.context(t, s)
	if c.flow.Alive == nil {
		return false, nil
	}
	err = c.flow.Alive(c)
	var p *Problem
	switch {
	case err == nil:
		return false, nil
	case !errors.As(err, &p):
		return false, err
	case p.Ends == "" && p.To == "":
		return false, nil
	}
	s.said = nil // nothing of the answer counts
	r.add(p.Text)
	if p.Ends != "" {
		e.finish(st, r, p.Ends)
	} else {
		e.jump(s, p.To)
	}
	s.Trail = nil
	st.touch(t.Now)
	return true, e.run(t, st, r)
}

// take keeps a value and does what follows from it.
func (e *Engine) take(st *State, r *Reply, c *Context, step *Step, value string) error {
	s := c.Session
	s.Slots[step.slot()] = value
	s.Misses, s.Cards, s.Asides, s.Reopen, s.Doubt = 0, 0, 0, false, ""
	switch {
	case step.Confirm:
		s.Trail = append(s.Trail, step.ID)
		e.card(r, c, step)
		return errWaits
	case step.Do != nil:
		return e.commit(r, c, step)
	}
	s.Trail = append(s.Trail, step.ID)
	e.leave(c, step)
	return nil
}

// commit runs the step's Do, once, and tells what was done.
func (e *Engine) commit(r *Reply, c *Context, step *Step) error {
	s := c.Session
	key := fmt.Sprintf("flow/%s/%d/%s", s.ID, s.Commits, step.ID)
	_, _, err := store.Once(c.Tx, key, func() ([]byte, error) { return []byte(c.ID), step.Do(c) })
	if err != nil {
		return err
	}
	e.said(c, r)
	s.Commits++
	s.Trail, s.Confirm = nil, false
	if receipt := fill(e.stepWords(c, step).Receipt, e.args(c, step)); receipt != "" {
		r.add(receipt)
		s.Done = append(s.Done, firstLine(receipt))
	}
	e.leave(c, step)
	return nil
}

func firstLine(s string) string { line, _, _ := strings.Cut(s, "\n"); return line }

// problem tells what is wrong; an error that is no Problem ends the turn.
func (e *Engine) problem(st *State, r *Reply, c *Context, step *Step, err error) error {
	if errors.Is(err, errWaits) {
		return errWaits
	}
	var p *Problem
	if !errors.As(err, &p) {
		return err
	}
	s := c.Session
	if p.Doubt != "" && !s.Confirm {
		e.doubt(r, c, step, p)
		return errWaits
	}
	if s.Cards == 0 || s.Misses+1 < maxMisses || p.Kept || p.Text != e.hint(c, step).Text { // beside a card it was told
		r.add(p.Text)
	}
	switch {
	case p.Ends != "":
		e.finish(st, r, p.Ends)
		return nil
	case p.To != "":
		e.jump(s, p.To)
		return nil
	}
	if s.Confirm || !step.asks() { // a commit that was refused: to what was asked before it
		s.Confirm = false
		if !e.goBack(s) {
			e.stuck(r, c)
			return errWaits
		}
		return nil
	}
	if !p.Kept {
		s.Misses++
	}
	if s.Misses >= maxMisses {
		e.misses(st, r, c, step)
		return errWaits
	}
	delete(s.Slots, step.slot())
	e.ask(r, c, step, true)
	return errWaits
}

// stuck offers to try a commit again that cannot be reached otherwise.
func (e *Engine) stuck(r *Reply, c *Context) {
	r.Choices = append(r.Choices, e.control(again), e.control(Cancel), e.control(Human))
}

// end tells the end of a flow and what can be done next.
func (e *Engine) end(st *State, r *Reply, c *Context, step *Step) {
	r.add(fill(e.stepWords(c, step).Prompt, e.args(c, step)))
	var offers []Offer
	if step.Offer != nil {
		offers = step.Offer(c)
	}
	flow := c.flow.Name
	e.finish(st, r, step.Ends)
	if len(st.Open) > 0 {
		return
	}
	e.Propose(st, r, flow, offers)
}
