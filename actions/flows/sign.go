package flows

import (
	"errors"

	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
)

var _ = add((*Flows).sign)

// sign is F15: open a contract and put the company's seal on it. What else
// opening it may show leads to the flow that helps there.
func (f *Flows) sign() actions.Flow {
	code := func(c *Context) error {
		return f.do(c, func(t *platform.Tx) error { return t.SendSignCode(contractOf(c)) })
	}
	return actions.Flow{Name: "sign", Code: "F15", Revision: 1, Steps: []actions.Step{
		bound(),
		{ID: "contract", Parse: f.contract},
		{ID: "open", Do: f.openContract, Next: actions.Decide(func(c *Context) actions.StepID {
			switch platform.Screen(c.Get("screen")) {
			case platform.ScreenSigningPage:
				return "seal"
			case platform.ScreenContractDone:
				return "done"
			}
			return "other"
		}, "seal", "done", "other")},
		{ID: "seal", Options: f.usableSeals, Skip: func(c *Context) bool { return len(f.usableSeals(c)) < 2 }},
		{ID: "read", Choose: actions.All, Args: f.signArgs, Do: func(c *Context) error {
			if c.Get("read") == "later" {
				return nil
			}
			return code(c)
		}, Next: actions.By("read", map[string]actions.StepID{"confirm": "signCode", "later": "later"})},
		{ID: "signCode", Parse: parse(readCode), Secret: true, Args: f.signArgs, Do: f.signContract,
			Buttons: []actions.Button{{ID: "resend", Do: func(c *Context) error {
				err := code(c)
				if err == nil {
					c.Say(c.Text("resent", nil))
				}
				return err
			}}}},
		{ID: "signed", Ends: "signed", Args: f.signArgs, Offer: f.toStatus},
		{ID: "done", Ends: "done", Args: f.signArgs, Offer: f.toStatus},
		{ID: "other", Ends: "other", Args: f.signArgs, Offer: f.byScreen},
		{ID: "later", Ends: "later"},
		unbound(),
	}}
}

func contractOf(c *Context) platform.ContractID { return platform.ContractID(c.Get("contract")) }

// openContract opens the contract, which may be the first time that anybody of
// the company sees it.
func (f *Flows) openContract(c *Context) error {
	return f.do(c, func(t *platform.Tx) error {
		o, err := t.OpenContract(platform.AccountID(c.Account), contractOf(c))
		if err == nil {
			c.Set("screen", string(o.Screen))
			c.Set("screenText", o.Text)
		}
		return err
	})
}

// usableSeals are the seals that the person can put on the contract.
func (f *Flows) usableSeals(c *Context) []actions.Option {
	t := f.tx(c)
	var out []actions.Option
	x := t.Contract(contractOf(c))
	if x == nil {
		return out
	}
	for _, m := range t.MembershipsOf(platform.AccountID(c.Account)) {
		for _, s := range t.CanSign(m, x) {
			out = append(out, actions.Option{ID: string(s.ID), Label: s.Name})
		}
	}
	return out
}

func (f *Flows) signArgs(c *Context) actions.Args {
	a := actions.Args{"title": "", "sender": "", "link": "", "screen": c.Get("screenText"), "seal": "", "login": "", "left": ""}
	t := f.tx(c)
	if acc := f.account(c); acc != nil {
		a["login"] = value.Mask(acc.Login())
	}
	if x := t.Contract(contractOf(c)); x != nil {
		a["title"], a["link"] = x.Title, t.SigningURL(x)
		if e := t.Enterprise(x.SenderEnterpriseID); e != nil {
			a["sender"] = e.Name
		}
		a["left"] = c.Text("othersLeft", nil)
		if x.Status == platform.ContractCompleted {
			a["left"] = c.Text("allSigned", nil)
		}
	}
	seals := f.usableSeals(c)
	for _, o := range seals {
		if c.Get("seal") == o.ID || c.Get("seal") == "" && len(seals) == 1 {
			a["seal"] = o.Label
		}
	}
	return a
}

func (f *Flows) signContract(c *Context) error {
	code := c.Get("signCode")
	c.Set("signCode", "")
	err := f.do(c, func(t *platform.Tx) error {
		_, err := t.SignContract(contractOf(c), platform.SealID(c.Get("seal")), code)
		return err
	})
	var p *actions.Problem
	if errors.As(err, &p) && len(f.usableSeals(c)) == 0 && f.tx(c).Err() == nil {
		p.Ends = "other" // signed or taken back meanwhile
	}
	return err
}

func (f *Flows) toStatus(c *Context) []actions.Offer {
	return []actions.Offer{{Label: "contract_status", Flow: "contract_status", Slots: map[string]string{"contract": c.Get("contract")}}}
}
