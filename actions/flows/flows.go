// Package flows holds the guided flows of the platform: what each asks, and
// what it has the platform do. Their words are data (data/flows).
//
// It binds [actions] to [platform] and knows no channel. A flow is one file here
// and one file of words; everything it does is an operation of the platform,
// within the turn's transaction. What the platform refuses is told in the
// platform's words.
package flows

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/calendar"
)

// Flows is what the flows share.
type Flows struct {
	p     *platform.Platform
	words *platform.Words
	names *Names
}

// makers are the flows of this package: each file adds its own.
var makers []func(*Flows) actions.Flow

func add(make func(*Flows) actions.Flow) bool {
	makers = append(makers, make)
	return true
}

// All returns all flows, for a platform, its words, and what people are called.
func All(p *platform.Platform, w *platform.Words, n *Names) []actions.Flow {
	f := &Flows{p, w, n}
	var all []actions.Flow
	for _, make := range makers {
		all = append(all, make(f))
	}
	return all
}

// Context is short for what a step sees.
type Context = actions.Context

type (
	actKey struct{ actor platform.Actor }
	txKey  struct{ actor platform.Actor }
)

// actor is who acts in a turn: the account of the conversation, or else the
// bearer of the link that it was opened by.
func actor(c *Context) platform.Actor {
	if c.Link != "" && c.Account == "" {
		return platform.Actor{Link: c.Link}
	}
	return platform.Actor{Account: platform.AccountID(c.Account)}
}

// act is what a turn does in an actor's name: the same when it runs again.
func (f *Flows) act(c *Context, by platform.Actor) *platform.Act {
	if a, ok := c.Memo[actKey{by}].(*platform.Act); ok {
		return a
	}
	channel := platform.Mobile
	if c.Device == actions.PC {
		channel = platform.PC
	}
	a := f.p.NewAct(by, channel)
	c.Memo[actKey{by}] = a
	return a
}

// tx returns the platform in the turn's transaction.
func (f *Flows) tx(c *Context) *platform.Tx {
	by := actor(c)
	if t, ok := c.Scope[txKey{by}].(*platform.Tx); ok {
		return t
	}
	t := f.p.Begin(c.Tx, f.act(c, by))
	c.Scope[txKey{by}] = t
	return t
}

// do runs an operation. What it refuses becomes a problem for the person.
func (f *Flows) do(c *Context, op func(*platform.Tx) error) error {
	t := f.tx(c)
	err := op(t)
	if t.Err() != nil {
		return t.Err()
	}
	return f.problem(err)
}

// formErrors are refusals of a value's form: bad input, that is counted.
var formErrors = []platform.Code{platform.MissingField, platform.BadField, platform.BadAmountForm, platform.BadAmountScale, platform.BadAmountRange,
	platform.BadImageType, platform.ImageTooBig, platform.BadWatermark, platform.BrokenImage, platform.TooManyPixels}

// problem turns a refusal into what the person is told; other errors stay.
func (f *Flows) problem(err error) error {
	var r *platform.Refusal
	if !errors.As(err, &r) {
		return err
	}
	return &actions.Problem{Text: f.words.Explain(r), Rule: r.Rule, Kept: !slices.Contains(formErrors, r.Code)}
}

// refusedWith reports whether the platform refused with that code.
func refusedWith(err error, code platform.Code) bool {
	return errors.Is(err, &platform.Refusal{Code: code})
}

// term returns the Chinese word for an identifier.
func (f *Flows) term(id string) string { return f.words.Term(f.words.Terms, id) }

// ends is a problem that ends the flow.
func ends(text, rule, result string) error {
	return &actions.Problem{Text: text, Rule: rule, Ends: result}
}

// loggedIn ends the flow unless the conversation is bound to an account: flows
// that need one begin with a call of bind instead, where they can.
func (f *Flows) account(c *Context) *platform.Account {
	return f.tx(c).Account(platform.AccountID(c.Account))
}

// bound is the step that every flow of an account begins with: it asks who the
// person is, if that is not known yet.
func bound() actions.Step {
	return actions.Step{ID: "bind", Call: &actions.Call{Flow: "bind"}, Skip: func(c *Context) bool { return c.Account != "" },
		Next: actions.Decide(func(c *Context) actions.StepID {
			if c.Account == "" {
				return "unbound"
			}
			return ""
		}, "", "unbound")}
}

// unbound is where a flow ends whose person did not say who he is.
func unbound() actions.Step { return actions.Step{ID: "unbound", Ends: "unbound"} }

// upload has the platform check and keep a picture that was sent, for a form.
// The problem says what is wrong with it.
func (f *Flows) upload(c *Context, in actions.Input, use platform.FileUse) (string, error) {
	if in.Picture == nil {
		return "", &actions.Problem{}
	}
	act := f.act(c, actor(c))
	v, err := c.Ask("upload "+string(use), func(ctx context.Context) (any, error) {
		file, err := f.p.Upload(ctx, f.p.NewAct(act.By, act.Channel), use, in.Picture)
		var r *platform.Refusal
		if errors.As(err, &r) {
			return r, nil
		}
		return file, err
	})
	if err != nil {
		return "", err
	}
	if r, refused := v.(*platform.Refusal); refused {
		return "", f.problem(r)
	}
	return string(v.(*platform.UploadedFile).ID), nil
}

var shanghai = calendar.Shanghai

// local shows a time as people in China read it.
func local(t time.Time) string { return t.In(calendar.Shanghai).Format("1月2日 15:04") }

// list joins words.
func list(words []string) string { return strings.Join(words, "、") }

// progress tells everybody who watches a case what happened.
func progress(c *Context, s platform.Subject, text string) {
	c.Effects.Progress = append(c.Effects.Progress, actions.Message{Case: s.ID, Text: text})
}

// watch lets the conversation hear of a case.
func watch(c *Context, s platform.Subject) { c.Effects.Watch = append(c.Effects.Watch, s.ID) }

// setSubject keeps a case in slots, for flows that are called.
func setSubject(s platform.Subject) map[string]string {
	return map[string]string{"subjectKind": string(s.Kind), "subjectID": s.ID}
}

// subjectOf returns the case that setSubject kept.
func subjectOf(c *Context) platform.Subject {
	return platform.Subject{Kind: platform.SubjectKind(c.Get("subjectKind")), ID: c.Get("subjectID")}
}
