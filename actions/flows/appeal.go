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
	return actions.Flow{Name: "appeal", Code: "F01", Revision: 1, Steps: []actions.Step{
		bound(),
		{ID: "advice", Choose: actions.All, Skip: func(c *Context) bool { return c.Get("contract") == "" },
			Next: actions.By("advice", map[string]actions.StepID{"resend": "senderResends", "go": "company"})},
		{ID: "company", Free: true, Parse: f.certifiedCompany},
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
			Buttons: []actions.Button{{ID: "notify", To: "notify"}}, Next: actions.To("proof")},
		{ID: "notify", Call: &actions.Call{Flow: "notify", With: appealSubject}, Next: actions.To("waiting")},
		{ID: "proof", Call: &actions.Call{Flow: "proof", With: func(c *Context) map[string]string {
			given := appealSubject(c)
			given["method"] = c.Get("method")
			return given
		}}, Next: actions.By("proof", map[string]actions.StepID{"passed": "passed", "switch": "method", "failed": "failed", "review": "waiting"})},
		{ID: "failed", Choose: actions.All, Next: actions.By("failed", map[string]actions.StepID{"again": "retry", "stop": "stopped"})},
		{ID: "retry", Do: func(c *Context) error {
			return f.do(c, func(t *platform.Tx) error {
				id, err := t.RetryAppeal(appealOf(c))
				c.Set("appeal", string(id))
				return err
			})
		}, Next: actions.To("case")},

		{ID: "passed", Ends: "passed", Args: f.appealArgs, Offer: f.afterAppeal},
		{ID: "waiting", Ends: "waiting"},
		{ID: "support", Ends: "support"},
		{ID: "senderResends", Ends: "senderResends"},
		{ID: "stopped", Ends: "stopped"},
		unbound(),
	}}
}

func appealOf(c *Context) platform.AppealID { return platform.AppealID(c.Get("appeal")) }

func appealSubject(c *Context) map[string]string { return setSubject(appealOf(c).Subject()) }

// certifiedCompany reads a company's name: exactly the certified one, or the one
// that the registry has now.
func (f *Flows) certifiedCompany(c *Context, in actions.Input) (string, error) {
	name, ok := readCompany(in.Text)
	if !ok {
		return "", &actions.Problem{}
	}
	if e := f.tx(c).EnterpriseByName(name); e == nil {
		return "", &actions.Problem{}
	}
	return name, f.tx(c).Err()
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
