package flows

import (
	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
)

var _ = add((*Flows).sign)

// sign is F15: sign a contract with the code of the signing check.
func (f *Flows) sign() actions.Flow {
	return actions.Flow{Name: "sign", Code: "F15", Revision: 1, Steps: []actions.Step{
		bound(),
		{ID: "contract", Parse: f.ownContract},
		{ID: "look", Next: actions.Decide(func(c *Context) actions.StepID {
			switch f.screen(c) {
			case platform.ScreenSigningPage:
				return "seal"
			case platform.ScreenNotJoined, platform.ScreenNoPermission, platform.ScreenNoSignPermission:
				return "ask"
			case platform.ScreenSetupSeal:
				return "setup"
			case platform.ScreenSealNeedsRedraw:
				return "redraw"
			}
			return "cannot"
		}, "seal", "ask", "setup", "redraw", "cannot")},
		{ID: "seal", Options: f.usableSeals, Enter: f.onlySeal},
		{ID: "confirm", Confirm: true, Args: f.signArgs, Do: f.sendSignCode},
		{ID: "signCode", Parse: parse(readCode), Secret: true, Args: f.signArgs, Do: f.putSeal,
			Buttons: []actions.Button{{ID: "resend", Do: f.sendSignCode}}},
		{ID: "signed", Ends: "signed", Args: f.signArgs},
		{ID: "ask", Ends: "noPermission", Args: f.signArgs, Offer: func(c *Context) []actions.Offer {
			given := map[string]string{"contract": c.Get("contract")}
			return []actions.Offer{{Label: "permission", Flow: "permission", Slots: given}, {Label: "appeal", Flow: "appeal", Slots: given}}
		}},
		{ID: "setup", Ends: "noSeal", Args: f.signArgs, Offer: func(*Context) []actions.Offer { return []actions.Offer{{Label: "setup", Flow: "setup_seal"}} }},
		{ID: "redraw", Ends: "redraw", Args: f.signArgs, Offer: func(*Context) []actions.Offer { return []actions.Offer{{Label: "redraw", Flow: "seal_update"}} }},
		{ID: "cannot", Ends: "cannot", Args: f.signArgs},
		unbound(),
	}}
}

func contractOf(c *Context) platform.ContractID { return platform.ContractID(c.Get("contract")) }

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

func (f *Flows) usableSeals(c *Context) []actions.Option {
	var out []actions.Option
	if o := f.outcome(c); o != nil {
		for _, s := range o.Seals {
			out = append(out, actions.Option{ID: string(s.ID), Label: s.Name})
		}
	}
	return out
}

// onlySeal takes the seal if there is just one.
func (f *Flows) onlySeal(c *Context) error {
	if o := f.outcome(c); o != nil && len(o.Seals) == 1 {
		c.Session.Given["seal"] = string(o.Seals[0].ID)
	}
	return f.tx(c).Err()
}

func (f *Flows) signArgs(c *Context) actions.Args {
	a := actions.Args{"title": "", "sender": "", "company": "", "seal": "", "screen": "", "login": ""}
	if o := f.outcome(c); o != nil {
		a["title"], a["screen"] = o.Contract.Title, o.Text
		if e := f.tx(c).Enterprise(o.Contract.SenderEnterpriseID); e != nil {
			a["sender"] = e.Name
		}
		if o.Enterprise != nil {
			a["company"] = o.Enterprise.Name
		}
	}
	if s := f.tx(c).Seal(platform.SealID(c.Get("seal"))); s != nil {
		a["seal"] = s.Name
	}
	if acc := f.account(c); acc != nil {
		a["login"] = value.Mask(acc.Login())
	}
	return a
}

func (f *Flows) sendSignCode(c *Context) error {
	return f.do(c, func(t *platform.Tx) error { return t.SendSignCode(contractOf(c)) })
}

func (f *Flows) putSeal(c *Context) error {
	code := c.Get("signCode")
	c.Set("signCode", "")
	return f.do(c, func(t *platform.Tx) error {
		_, err := t.SignContract(contractOf(c), platform.SealID(c.Get("seal")), code)
		return err
	})
}
