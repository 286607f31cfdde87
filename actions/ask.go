package actions

import (
	"errors"
	"slices"
	"strings"
)

// options returns what a step offers, its buttons last.
func (e *Engine) options(c *Context, step *Step) []Option {
	w := e.stepWords(c, step)
	find := func(id string) Option {
		i := slices.IndexFunc(w.Options, func(o Option) bool { return o.ID == id })
		if i < 0 {
			return Option{ID: id, Label: id}
		}
		o := w.Options[i]
		o.Label = fill(o.Label, e.args(c, step))
		return o
	}
	var out []Option
	if step.Options != nil {
		out = append(out, step.Options(c)...)
	}
	if step.Choose != nil {
		chosen := step.Choose(c)
		if chosen == nil {
			for _, o := range w.Options {
				if !slices.ContainsFunc(step.Buttons, func(b Button) bool { return b.ID == o.ID }) {
					chosen = append(chosen, o.ID)
				}
			}
		}
		for _, id := range chosen {
			out = append(out, find(id))
		}
	}
	for _, b := range step.Buttons {
		if b.Show == nil || b.Show(c) {
			out = append(out, find(b.ID))
		}
	}
	return out
}

// ask asks for the step's value.
func (e *Engine) ask(r *Reply, c *Context, step *Step, short bool) {
	w := e.stepWords(c, step)
	prompt := w.Prompt
	if short && w.Short != "" {
		prompt = w.Short
	}
	text := fill(prompt, e.args(c, step))
	r.Picture = e.asksPicture(step, prompt)
	r.Many, r.Input = step.Many, w.Input
	if old := c.Session.Slots[step.slot()]; c.Session.Reopen && old != "" && !step.Secret && !step.chooses() && !r.Picture {
		text += "（当前：" + old + "）"
	}
	r.add(text)
	for _, o := range e.options(c, step) {
		r.Choices = append(r.Choices, Choice{Token: tokenOption + o.ID, Label: o.Label, Control: !step.chooses()})
	}
	e.controls(r, c)
}

// card shows what a commit will do.
func (e *Engine) card(r *Reply, c *Context, step *Step) {
	c.Session.Confirm = true
	r.add(fill(e.stepWords(c, step).Card, e.args(c, step)))
	r.Choices = append(r.Choices, e.numbered(yes))
	e.controls(r, c)
}

// controls is the step of the engine's words with the labels of its buttons.
const controls StepID = "controls"

func (e *Engine) control(word string) Choice {
	label := word
	for _, o := range e.words[engineWords].Steps[controls].Options {
		if o.ID == word {
			label = o.Label
		}
	}
	return Choice{Token: tokenControl + word, Label: label, Control: true}
}

// controls are the words that a flow always understands.
func (e *Engine) controls(r *Reply, c *Context) {
	if len(c.Session.Trail) > 0 {
		r.Choices = append(r.Choices, e.control(Back))
	}
	r.Choices = append(r.Choices, e.control(Cancel), e.control(Human))
}

func (e *Engine) numbered(word string) Choice {
	c := e.control(word)
	c.Control = false
	return c
}

// read returns the value that an input has for a step, or the problem with it.
// Neither: the input says nothing to this step.
func (e *Engine) read(c *Context, step *Step, in Input) (string, *Problem, error) {
	if step.chooses() {
		options := e.options(c, step)
		options = options[:len(options)-e.buttons(c, step)]
		if step.Many {
			if picked, ok := pickMany(options, in.Text); ok {
				return strings.Join(picked, ","), nil, nil
			}
		} else if i := slices.IndexFunc(options, func(o Option) bool { return o.ID == in.Text }); i >= 0 {
			return in.Text, nil, nil
		} else if id, ok := pickOption(options, in.Text); ok {
			return id, nil, nil
		} else if id, ok := e.byYes(options, in.Text); ok {
			return id, nil, nil
		}
		if step.Parse == nil {
			return "", e.hint(c, step), nil
		}
	}
	value, err := step.Parse(c, in)
	var p *Problem
	if errors.As(err, &p) {
		if p.Text == "" && p.Doubt == "" {
			p = e.hint(c, step)
		}
		return "", p, nil
	}
	if err == nil && value == "" {
		return "", e.hint(c, step), nil
	}
	return value, nil, err
}

// byYes reads yes and no where the options are called so.
func (e *Engine) byYes(options []Option, text string) (string, bool) {
	y, ok := yesNo(text)
	if !ok {
		return "", false
	}
	want := no
	if y {
		want = yes
	}
	i := slices.IndexFunc(options, func(o Option) bool { return o.ID == want })
	return want, i >= 0
}

func (e *Engine) buttons(c *Context, step *Step) int {
	n := 0
	for _, b := range step.Buttons {
		if b.Show == nil || b.Show(c) {
			n++
		}
	}
	return n
}

func (e *Engine) hint(c *Context, step *Step) *Problem {
	text := fill(e.stepWords(c, step).Hint, e.args(c, step))
	if text == "" {
		text = e.words[engineWords].Texts["choose"]
	}
	return &Problem{Text: text}
}
