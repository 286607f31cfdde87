package flows

import (
	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/calendar"
	"signdesk/actions/platform/value"
)

var _ = add((*Flows).deletePending)

// deletePending is F07: delete a company that another account began to certify,
// so that its licence is free again.
func (f *Flows) deletePending() actions.Flow {
	return actions.Flow{Name: "delete_pending", Code: "F07", Revision: 1, Steps: []actions.Step{
		{ID: "company", Free: true, Parse: f.pendingCompany, Args: f.pendingArgs},
		{ID: "who", Choose: actions.All, Args: f.pendingArgs, Next: actions.By("who", map[string]actions.StepID{"me": "bind", "no": "hotline"})},
		bound(),
		{ID: "confirm", PC: true, Free: true, Args: f.pendingArgs, Enter: f.mayDelete, Fails: []actions.StepID{"notAllowed"},
			Parse: func(c *Context, in actions.Input) (string, error) {
				if name, ok := readCompany(in.Text); ok && name == f.pending(c).Name {
					return name, nil
				}
				return "", &actions.Problem{}
			}, Do: func(c *Context) error {
				return f.do(c, func(t *platform.Tx) error { return t.DeleteEnterprise(f.pending(c).ID) })
			}},
		{ID: "deleted", Ends: "deleted", Offer: one("certify", "certify")},
		{ID: "hotline", Ends: "hotline", Args: f.pendingArgs},
		{ID: "notAllowed", Ends: "notAllowed"},
		unbound(),
	}}
}

// pendingCompany reads the name or registration of a company that is being
// certified.
func (f *Flows) pendingCompany(c *Context, in actions.Input) (string, error) {
	t := f.tx(c)
	var e *platform.Enterprise
	if reg, ok := value.Registration(in.Text); ok {
		e = t.EnterpriseByRegistration(reg)
	} else if name, ok := readCompany(in.Text); ok {
		if e = t.PendingByName(name); e == nil {
			e = t.EnterpriseByName(name)
		}
	}
	switch {
	case t.Err() != nil:
		return "", t.Err()
	case e == nil || e.Status == platform.EnterpriseDeleted:
		return "", &actions.Problem{}
	case e.Status != platform.Certifying:
		return "", &actions.Problem{Text: c.Text("certified", nil), Rule: "R01.5", Kept: true}
	}
	return string(e.ID), nil
}

func (f *Flows) pending(c *Context) *platform.Enterprise {
	if e := f.tx(c).Enterprise(platform.EnterpriseID(c.Get("company"))); e != nil {
		return e
	}
	return &platform.Enterprise{}
}

func (f *Flows) pendingArgs(c *Context) actions.Args {
	a := actions.Args{"company": f.pending(c).Name, "account": "", "hotline": f.p.Hotline(), "now": ""}
	if acc := f.tx(c).Account(f.pending(c).Certifier); acc != nil {
		a["account"] = value.Mask(acc.Login())
	}
	if h, err := calendar.HotlineAt(c.Now); err == nil && h.Open {
		a["now"] = c.Text("open", nil)
	} else if err == nil {
		a["now"] = c.Text("closed", actions.Args{"from": local(h.Change)})
	}
	return a
}

// mayDelete sees that the person is the account that submitted the company
// (R01.8).
func (f *Flows) mayDelete(c *Context) error {
	if f.pending(c).Certifier != platform.AccountID(c.Account) {
		return &actions.Problem{Text: f.words.Refusals[platform.NotOwner], Rule: "R01.8", To: "notAllowed"}
	}
	return f.tx(c).Err()
}
