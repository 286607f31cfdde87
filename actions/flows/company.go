package flows

import (
	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
)

// adminOf returns the companies whose main administrator the person is.
func (f *Flows) adminOf(c *Context) []*platform.Enterprise {
	return f.companies(c, func(e *platform.Enterprise, m *platform.Member) bool { return e.MainAdminID == m.ID })
}

// companies returns the certified companies that the person is a member of.
func (f *Flows) companies(c *Context, want func(*platform.Enterprise, *platform.Member) bool) []*platform.Enterprise {
	var out []*platform.Enterprise
	for _, m := range f.tx(c).MembershipsOf(platform.AccountID(c.Account)) {
		if e := f.tx(c).Enterprise(m.EnterpriseID); e != nil && e.IsCertified() && want(e, m) {
			out = append(out, e)
		}
	}
	return out
}

// ownCompany is the step that asks for which of his companies the person acts;
// one alone is taken. Without any the flow goes to none.
func (f *Flows) ownCompany(none actions.StepID, want func(*Context) []*platform.Enterprise) actions.Step {
	return actions.Step{ID: "enterprise", Options: func(c *Context) []actions.Option {
		var out []actions.Option
		for _, e := range want(c) {
			out = append(out, actions.Option{ID: string(e.ID), Label: e.Name})
		}
		return out
	}, Enter: func(c *Context) error {
		switch all := want(c); {
		case f.tx(c).Err() != nil:
			return f.tx(c).Err()
		case len(all) == 0:
			return &actions.Problem{To: none}
		case len(all) == 1:
			c.Give("enterprise", string(all[0].ID))
		}
		return nil
	}, Fails: []actions.StepID{none}}
}

func enterpriseOf(c *Context) platform.EnterpriseID {
	return platform.EnterpriseID(c.Get("enterprise"))
}

// members are the active members of the company as options.
func (f *Flows) members(c *Context, want func(*platform.Member) bool) []actions.Option {
	var out []actions.Option
	for _, m := range f.tx(c).Members(enterpriseOf(c)) {
		if want(m) {
			label := m.Name + "（" + value.Mask(m.Login) + "）"
			if m.Status == platform.MemberInvited {
				label += "未激活"
			}
			out = append(out, actions.Option{ID: string(m.ID), Label: label, Also: []string{m.Name, m.Login}})
		}
	}
	return out
}

// whoAdministers tells who the main administrator is, for those who are not.
func (f *Flows) whoAdministers(c *Context) actions.Args {
	a := actions.Args{"who": f.term("anyAdmin")}
	for _, e := range f.companies(c, func(*platform.Enterprise, *platform.Member) bool { return true }) {
		if m := f.tx(c).MainAdmin(e.ID); m != nil {
			a["who"] = "「" + e.Name + "」的主管理员" + m.Name + "（" + value.Mask(m.Login) + "）"
			break
		}
	}
	return a
}

// items are the ids of what can be handed over.
func items(ids string) []platform.Item {
	var out []platform.Item
	for _, id := range splitIDs(ids) {
		out = append(out, platform.Item(id))
	}
	return out
}

// outcome is what opening the contract shows to the person.
func (f *Flows) outcome(c *Context) *platform.Outcome {
	o, err := f.tx(c).OpenContract(platform.AccountID(c.Account), contractOf(c))
	if err != nil {
		return nil
	}
	return o
}

func (f *Flows) screen(c *Context) platform.Screen {
	if o := f.outcome(c); o != nil {
		return o.Screen
	}
	return ""
}
