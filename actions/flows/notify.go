package flows

import (
	"slices"

	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
)

var _ = add((*Flows).notify)

// notify is F03: send the legal representative, finance or the seal keeper a
// link to do his part. It is called with a case, or started alone.
func (f *Flows) notify() actions.Flow {
	return actions.Flow{Name: "notify", Code: "F03", Revision: 1, Steps: []actions.Step{
		bound(),
		{ID: "which", Options: f.openCases, Enter: f.onlyCase, Skip: func(c *Context) bool { return c.Get("subjectID") != "" }, Fails: []actions.StepID{"nothing"}},
		{ID: "role", Choose: f.helpers},
		{ID: "recipient", Parse: parse(readRecipient), Confirm: true, Do: f.sendLink, Args: f.notifyArgs},
		{ID: "waiting", Ends: "waiting", Args: f.notifyArgs},
		{ID: "nothing", Ends: "nothing"},
		unbound(),
	}}
}

func (f *Flows) openCases(c *Context) []actions.Option {
	var out []actions.Option
	for _, s := range f.tx(c).OpenCases(platform.AccountID(c.Account)) {
		if p, err := f.tx(c).ProofOf(s); err == nil {
			out = append(out, actions.Option{ID: s.ID, Label: p.Enterprise + " " + f.term("case"+string(s.Kind))})
		}
	}
	return out
}

// onlyCase takes the case if there is just one; without any the flow ends.
func (f *Flows) onlyCase(c *Context) error {
	switch cases := f.tx(c).OpenCases(platform.AccountID(c.Account)); {
	case f.tx(c).Err() != nil:
		return f.tx(c).Err()
	case len(cases) == 0:
		return &actions.Problem{To: "nothing"}
	case len(cases) == 1:
		c.Session.Given["which"] = cases[0].ID
	}
	return nil
}

// notifySubject returns the case that was chosen or given.
func (f *Flows) notifySubject(c *Context) platform.Subject {
	if c.Get("subjectID") != "" {
		return subjectOf(c)
	}
	for _, s := range f.tx(c).OpenCases(platform.AccountID(c.Account)) {
		if s.ID == c.Get("which") {
			return s
		}
	}
	return platform.Subject{}
}

// helpers are the roles whose part the case still needs.
func (f *Flows) helpers(c *Context) []string {
	out := []string{}
	p, err := f.tx(c).ProofOf(f.notifySubject(c))
	if err != nil {
		return out
	}
	has := func(m ...platform.Method) bool {
		return slices.ContainsFunc(m, func(m platform.Method) bool { return slices.Contains(p.Methods, m) })
	}
	if has(platform.ByLegalRepPhone, platform.ByLegalRepFace) {
		out = append(out, string(platform.RoleLegalRep))
	}
	if has(platform.ByBankPayment, platform.ByCorporatePayment) {
		out = append(out, string(platform.RoleFinance))
	}
	if has(platform.ByAuthLetter) {
		out = append(out, string(platform.RoleSealKeeper))
	}
	return out
}

func (f *Flows) sendLink(c *Context) error {
	s := f.notifySubject(c)
	return f.do(c, func(t *platform.Tx) error {
		_, err := t.NotifyHelper(s, platform.LinkRole(c.Get("role")), c.Get("recipient"))
		if err == nil {
			watch(c, s)
		}
		return err
	})
}

func (f *Flows) notifyArgs(c *Context) actions.Args {
	a := actions.Args{"recipient": value.Mask(c.Get("recipient")), "role": f.term("role" + c.Get("role")), "name": "", "company": "", "account": ""}
	if p, err := f.tx(c).ProofOf(f.notifySubject(c)); err == nil {
		a["name"], a["company"] = p.Name, p.Enterprise
	}
	if acc := f.account(c); acc != nil {
		a["account"] = value.Mask(acc.Login())
	}
	return a
}
