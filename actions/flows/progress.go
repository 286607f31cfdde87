package flows

import (
	"signdesk/actions"
	"signdesk/actions/platform"
)

var _ = add((*Flows).progress)

// progress shows how far the person's cases are, wherever he began them.
func (f *Flows) progress() actions.Flow {
	return actions.Flow{Name: "progress", Revision: 1, Steps: []actions.Step{
		bound(),
		{ID: "which", Options: f.casesUnderWay, Enter: f.onlyCaseUnderWay, Fails: []actions.StepID{"nothing"}},
		{ID: "wait", Call: &actions.Call{Flow: "wait", With: func(c *Context) map[string]string { return setSubject(f.caseUnderWay(c)) }},
			Next: actions.By("wait", map[string]actions.StepID{"left": "left", "mine": "goOn", "other": "goOn", "passed": "goOn",
				"rejected": "goOn", "failed": "goOn", "closed": "goOn", "withdrawn": "left"})},
		{ID: "goOn", Ends: "told", Offer: func(c *Context) []actions.Offer { return f.goOnWith(c, f.caseUnderWay(c)) }},
		{ID: "left", Ends: "told"},
		{ID: "nothing", Ends: "nothing"},
		unbound(),
	}}
}

// underWay are the person's cases that are open, those in review among them.
func (f *Flows) underWay(c *Context) []platform.Subject {
	return f.tx(c).CasesUnderWay(platform.AccountID(c.Account))
}

func (f *Flows) casesUnderWay(c *Context) []actions.Option {
	var out []actions.Option
	for _, s := range f.underWay(c) {
		if st, err := f.tx(c).StandingOf(s); err == nil {
			out = append(out, actions.Option{ID: s.ID, Label: st.Enterprise + " " + f.term("case"+string(s.Kind))})
		}
	}
	return out
}

// onlyCaseUnderWay takes the case if there is just one; without any the flow
// ends.
func (f *Flows) onlyCaseUnderWay(c *Context) error {
	switch cases := f.underWay(c); {
	case f.tx(c).Err() != nil:
		return f.tx(c).Err()
	case len(cases) == 0:
		return &actions.Problem{To: "nothing"}
	case len(cases) == 1:
		c.Give("which", cases[0].ID)
	}
	return nil
}

func (f *Flows) caseUnderWay(c *Context) platform.Subject {
	for _, kind := range []platform.SubjectKind{platform.OnRequest, platform.OnAppeal, platform.OnCertification} {
		if s := (platform.Subject{Kind: kind, ID: c.Get("which")}); f.tx(c).Knows(s) {
			return s
		}
	}
	return platform.Subject{}
}
