package flows

import (
	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
)

var _ = add((*Flows).admin)

// admin is F04: the main administrator hands his place to another member; or,
// if he cannot receive codes any more, an appeal.
func (f *Flows) admin() actions.Flow {
	return actions.Flow{Name: "admin", Code: "F04", Revision: 1, Steps: []actions.Step{
		{ID: "canReceive", Choose: actions.All, Next: actions.By("canReceive", map[string]actions.StepID{"yes": "bind", "no": "appeal"})},
		bound(),
		f.ownCompany("notAdmin", f.adminOf),
		{ID: "newAdmin", PC: true, Options: func(c *Context) []actions.Option { return f.others(c) },
			Buttons: []actions.Button{{ID: "add", To: "login"}}, Next: actions.Decide(func(c *Context) actions.StepID {
				if m := f.tx(c).Member(platform.MemberID(c.Get("newAdmin"))); m != nil && m.Status == platform.MemberInvited {
					return "inactive"
				}
				return "start"
			}, "inactive", "start")},
		{ID: "inactive", Next: actions.To("newAdmin")},
		{ID: "login", Parse: parse(readLogin)},
		{ID: "name", Parse: f.name, Free: true, Confirm: true, Args: f.adminArgs, Do: func(c *Context) error {
			return f.do(c, func(t *platform.Tx) error {
				m, err := t.AddMember(platform.MemberForm{Enterprise: enterpriseOf(c), Login: c.Get("login"), Name: c.Get("name")})
				if err == nil {
					c.Give("newAdmin", string(m.ID))
				}
				return err
			})
		}, Next: actions.To("newAdmin")},
		{ID: "start", Do: f.startAdminChange},
		{ID: "code", Parse: parse(readCode), Secret: true, Args: f.adminArgs, Skip: func(c *Context) bool {
			d := f.tx(c).AdminChange(adminChange(c))
			return d != nil && d.Status == platform.AdminOldVerified
		}, Do: func(c *Context) error {
			code := c.Get("code")
			c.Set("code", "")
			return f.do(c, func(t *platform.Tx) error { return t.VerifyOldAdmin(adminChange(c), code) })
		}, Buttons: []actions.Button{{ID: "resend", Do: f.startAdminChange}}},
		{ID: "pick", Options: func(c *Context) []actions.Option { return f.others(c) }, Enter: func(c *Context) error {
			c.Give("pick", c.Get("newAdmin"))
			return nil
		}},
		{ID: "transfer", Choose: actions.All, Next: actions.By("transfer", map[string]actions.StepID{"yes": "items", "no": "finish"})},
		{ID: "items", Many: true, Choose: actions.All},
		{ID: "finish", Confirm: true, Args: f.adminArgs, Do: f.finishAdminChange, Fails: []actions.StepID{"newAdmin"}},
		{ID: "done", Ends: "done", Args: f.adminArgs},
		{ID: "appeal", Ends: "appeal", Offer: one("appeal", "appeal")},
		{ID: "notAdmin", Ends: "notAdmin", Args: f.whoAdministers, Offer: one("appeal", "appeal")},
		unbound(),
	}}
}

func adminChange(c *Context) platform.AdminChangeID { return platform.AdminChangeID(c.Get("change")) }

// others are the members besides the main administrator.
func (f *Flows) others(c *Context) []actions.Option {
	return f.members(c, func(m *platform.Member) bool {
		return m.AccountID != platform.AccountID(c.Account) && m.Status != platform.MemberDisabled
	})
}

func (f *Flows) startAdminChange(c *Context) error {
	return f.do(c, func(t *platform.Tx) error {
		id, err := t.StartAdminChange(enterpriseOf(c))
		if err == nil {
			c.Set("change", string(id))
		}
		return err
	})
}

func (f *Flows) finishAdminChange(c *Context) error {
	choice := platform.AdminChoice{Change: adminChange(c), NewMember: platform.MemberID(c.Get("pick")), Transfer: c.Get("transfer") == "yes", Items: items(c.Get("items"))}
	return f.do(c, func(t *platform.Tx) error { return t.FinishAdminChange(choice) })
}

func (f *Flows) adminArgs(c *Context) actions.Args {
	a := actions.Args{"company": "", "new": "", "items": c.Text("nothing", nil), "login": value.Mask(c.Get("login")), "name": c.Get("name"), "own": ""}
	if e := f.tx(c).Enterprise(enterpriseOf(c)); e != nil {
		a["company"] = e.Name
	}
	if m := f.tx(c).Member(platform.MemberID(c.Get("pick"))); m != nil {
		a["new"] = m.Name + "（" + value.Mask(m.Login) + "）"
	}
	if acc := f.account(c); acc != nil {
		a["own"] = value.Mask(acc.Login())
	}
	if c.Get("transfer") == "yes" {
		var names []string
		for _, it := range items(c.Get("items")) {
			names = append(names, f.term("item"+string(it)))
		}
		a["items"] = list(names)
	}
	return a
}
