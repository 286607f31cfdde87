package flows

import (
	"slices"

	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
)

var _ = add((*Flows).appeal)

// appeal is F01: become the main administrator of a company.
func (f *Flows) appeal() actions.Flow {
	return actions.Flow{Name: "appeal", Code: "F01", Revision: 1, Alive: f.appealAlive, Lapses: []actions.StepID{"wait"}, Steps: slices.Concat([]actions.Step{
		bound(),
		{ID: "look", Enter: f.appealContract},
		{ID: "advice", Choose: actions.All, Skip: func(c *Context) bool { return c.Get("contract") == "" },
			Next: actions.By("advice", map[string]actions.StepID{"resend": "senderResends", "go": "company"})},
		{ID: "company", Free: true, Parse: f.certifiedCompany, Enter: f.prefillCompany},
		{ID: "stage", Enter: f.appealStage, Next: actions.By("stage", map[string]actions.StepID{"new": "confirm", "admin": "isAdmin",
			"code": "resumed", "case": "resumed", "method": "resumed", "wait": "resumed"})},
		{ID: "resumed", Args: f.appealArgs, Next: actions.By("stage", map[string]actions.StepID{"code": "code", "case": "case", "method": "method", "wait": "wait"})},
		{ID: "confirm", Confirm: true, Do: f.startAppeal, Args: f.appealArgs},
		{ID: "code", Parse: parse(readCode), Secret: true, Args: f.appealArgs, Do: func(c *Context) error {
			code := c.Get("code")
			c.Set("code", "")
			return f.do(c, func(t *platform.Tx) error { return t.VerifyAppealCode(appealOf(c), code) })
		}, Buttons: []actions.Button{{ID: "resend", Do: func(c *Context) error {
			return f.do(c, func(t *platform.Tx) error { return t.ResendAppealCode(appealOf(c)) })
		}}}},
		{ID: "case", Choose: actions.All, Do: f.setCase, Next: actions.Decide(func(c *Context) actions.StepID {
			if c.Get("methods") == "" {
				return "support"
			}
			return "method"
		}, "support", "method")},
		{ID: "method", Choose: func(c *Context) []string { return f.appealMethods(c) },
			Buttons: []actions.Button{{ID: "notify", Do: func(c *Context) error { c.Set("method", ""); return nil }, To: "notify"}}, Next: actions.To("proof")},
		{ID: "notify", Call: &actions.Call{Flow: "notify", With: func(c *Context) map[string]string {
			given := appealSubject(c)
			given["role"], given["mayChange"] = roleFor[platform.Method(c.Get("method"))], "yes"
			return given
		}}, Next: actions.By("notify", map[string]actions.StepID{"waiting": "wait", "switch": "method"})},
		{ID: "wait", Call: &actions.Call{Flow: "wait", With: appealSubject}, Next: actions.By("wait", map[string]actions.StepID{"passed": "passed",
			"failed": "failed", "closed": "stopped", "withdrawn": "stopped", "left": "waiting", "other": "method", "mine": "method"})},
		{ID: "proof", Call: &actions.Call{Flow: "proof", With: func(c *Context) map[string]string {
			given := appealSubject(c)
			given["method"], given["mayNotify"] = c.Get("method"), "yes"
			return given
		}}, Next: actions.By("proof", map[string]actions.StepID{"passed": "passed", "switch": "method", "failed": "failed", "review": "wait", "notify": "notify"})},
		{ID: "failed", Choose: actions.All, Next: actions.By("failed", map[string]actions.StepID{"again": "retry", "stop": "stopped"})},
		{ID: "retry", Do: func(c *Context) error {
			return f.do(c, func(t *platform.Tx) error {
				id, err := t.RetryAppeal(appealOf(c))
				c.Set("appeal", string(id))
				return err
			})
		}, Next: actions.To("case")},
	}, f.appealEnds())}
}

// appealAlive leaves an appeal that was settled elsewhere or ran out: where it
// waits, the person is told how it ended. After a failure it can be tried again.
func (f *Flows) appealAlive(c *Context) error {
	if c.Get("appeal") != "" && c.Session.Step != "failed" {
		if _, open := f.tx(c).Settled(appealOf(c).Subject()); !open && f.tx(c).Err() == nil {
			return &actions.Problem{To: "wait"}
		}
	}
	return f.tx(c).Err()
}

func (f *Flows) appealEnds() []actions.Step {
	return []actions.Step{
		{ID: "passed", Ends: "passed", Args: f.appealArgs, Offer: f.afterAppeal},
		{ID: "waiting", Ends: "waiting"},
		{ID: "isAdmin", Ends: "isAdmin", Args: f.appealArgs, Offer: f.afterAppeal},
		{ID: "support", Ends: "support"},
		{ID: "senderResends", Ends: "senderResends"},
		{ID: "stopped", Ends: "stopped"},
		unbound(),
	}
}

func appealOf(c *Context) platform.AppealID { return platform.AppealID(c.Get("appeal")) }

func appealSubject(c *Context) map[string]string { return setSubject(appealOf(c).Subject()) }

// roleFor says who does the part of a method.
var roleFor = map[platform.Method]string{
	platform.ByLegalRepPhone: string(platform.RoleLegalRep), platform.ByLegalRepFace: string(platform.RoleLegalRep),
	platform.ByBankPayment: string(platform.RoleFinance),
}

// appealContract keeps the contract that led here, if there is such.
func (f *Flows) appealContract(c *Context) error {
	ref, _ := readContract(c.Get("contract"))
	if x := f.tx(c).ContractFor(platform.AccountID(c.Account), ref); x != nil {
		c.Set("contract", string(x.ID))
		c.Set("own", "yes")
	} else if f.tx(c).Contract(platform.ContractID(ref)) == nil {
		c.Set("contract", "")
	}
	return f.tx(c).Err()
}

// prefillCompany takes the company from the contract, as far as the person may
// know it.
func (f *Flows) prefillCompany(c *Context) error {
	x := f.tx(c).Contract(platform.ContractID(c.Get("contract")))
	if x == nil || c.Get("own") == "" || c.Get("company") != "" || c.Session.Given["company"] != "" || c.Session.Reopen {
		return f.tx(c).Err()
	}
	if o := f.tx(c).PartyOf(platform.AccountID(c.Account), x.ID); o != nil {
		c.Give("company", o.Name)
	}
	return f.tx(c).Err()
}

// certifiedCompany reads a company's name: exactly the certified one, or the one
// that the registry has now. It returns the certified one.
func (f *Flows) certifiedCompany(c *Context, in actions.Input) (string, error) {
	name, ok := readCompany(in.Text)
	if !ok {
		return "", &actions.Problem{}
	}
	e := f.tx(c).EnterpriseCalled(name)
	switch {
	case f.tx(c).Err() != nil:
		return "", f.tx(c).Err()
	case e == nil:
		return "", &actions.Problem{}
	case e.Name != name:
		c.Say(c.Text("called", actions.Args{"company": e.Name, "now": name}))
	}
	return e.Name, nil
}

// appealStage finds out how far the person's appeal for the company is.
func (f *Flows) appealStage(c *Context) error {
	e := f.tx(c).EnterpriseByName(c.Get("company"))
	if e == nil {
		return f.tx(c).Err()
	}
	c.Set("stage", "new")
	if m := f.tx(c).MainAdmin(e.ID); m != nil && string(m.AccountID) == c.Account {
		c.Set("stage", "admin")
	}
	for _, a := range f.tx(c).Appeals(e.ID) {
		if string(a.AccountID) != c.Account || !a.Status.Open() || !c.Now.Before(a.ExpiresAt) {
			continue
		}
		c.Set("appeal", string(a.ID))
		watch(c, a.ID.Subject())
		st, err := f.tx(c).StandingOf(a.ID.Subject())
		switch {
		case a.Status == platform.AppealDraft:
			c.Set("stage", "code")
		case a.Case == "":
			c.Set("stage", "case")
		case err == nil && f.helps(st):
			c.Set("stage", "wait")
		default:
			c.Set("stage", "method")
		}
	}
	return f.tx(c).Err()
}

func (f *Flows) startAppeal(c *Context) error {
	return f.do(c, func(t *platform.Tx) error {
		id, err := t.StartAppeal(c.Get("company"), platform.ContractID(c.Get("contract")))
		if err == nil {
			c.Set("appeal", string(id))
			watch(c, id.Subject())
		}
		return err
	})
}

func (f *Flows) appealArgs(c *Context) actions.Args {
	a := actions.Args{"company": c.Get("company"), "login": "", "name": ""}
	if acc := f.account(c); acc != nil {
		a["login"], a["name"] = value.Mask(acc.Login()), acc.Name
	}
	return a
}

func (f *Flows) setCase(c *Context) error {
	return f.do(c, func(t *platform.Tx) error {
		res, err := t.SetAppealCase(appealOf(c), platform.AppealCase(c.Get("case")))
		if err != nil {
			return err
		}
		if res.Differs {
			c.Say(c.Text("differs", actions.Args{"case": f.term(string(res.Case))}))
		}
		var methods []string
		for _, m := range res.Methods {
			methods = append(methods, string(m))
		}
		c.Set("methods", list(methods))
		return nil
	})
}

func (f *Flows) appealMethods(c *Context) []string {
	p, err := f.tx(c).ProofOf(appealOf(c).Subject())
	if err != nil {
		return []string{}
	}
	var out []string
	for _, m := range []platform.Method{platform.ByLegalRepPhone, platform.ByLegalRepFace, platform.ByBankPayment} {
		if slices.Contains(p.Methods, m) {
			out = append(out, string(m))
		}
	}
	return out
}

func (f *Flows) afterAppeal(c *Context) []actions.Offer {
	var out []actions.Offer
	if id := c.Get("contract"); id != "" {
		out = append(out, actions.Offer{Label: "sign", Flow: "sign", Slots: map[string]string{"contract": id}})
	}
	out = append(out, actions.Offer{Label: "handover", Flow: "handover"})
	if c.Get("case") != string(platform.CaseUnchanged) {
		out = append(out, actions.Offer{Label: "change", Flow: "company_change"})
	}
	return out
}
