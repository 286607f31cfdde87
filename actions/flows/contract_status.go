package flows

import (
	"strings"

	"signdesk/actions"
	"signdesk/actions/platform"
)

var _ = add((*Flows).contractStatus)

// contractStatus is F10: how a contract stands, and what can be done about it.
func (f *Flows) contractStatus() actions.Flow {
	return actions.Flow{Name: "contract_status", Code: "F10", Revision: 1, Steps: []actions.Step{
		bound(),
		{ID: "contract", Parse: f.contract},
		{ID: "show", Args: f.statusArgs, Next: actions.Decide(func(c *Context) actions.StepID {
			switch f.screen(c) {
			case platform.ScreenNameNotCertified:
				return "name"
			case platform.ScreenSigningPage:
				return "sign"
			case platform.ScreenNotJoined, platform.ScreenNoPermission, platform.ScreenNoSignPermission:
				return "ask"
			case platform.ScreenSetupSeal, platform.ScreenNoUsableSeal:
				return "seal"
			case platform.ScreenSealNeedsRedraw:
				return "redraw"
			case platform.ScreenContractDone:
				return "completed"
			}
			return "other"
		}, "name", "sign", "ask", "seal", "redraw", "completed", "other")},
		{ID: "name", Choose: actions.All, Args: f.statusArgs, Next: actions.By("name", map[string]actions.StepID{"wrong": "wrongName", "right": "renamed"})},
		{ID: "renamed", Choose: actions.All, Next: actions.By("renamed", map[string]actions.StepID{"yes": "changeName", "no": "notRenamed"})},
		{ID: "wrongName", Ends: "wrongName", Args: f.statusArgs},
		{ID: "changeName", Ends: "changeName", Offer: one("change", "company_change")},
		{ID: "notRenamed", Ends: "notRenamed", Args: f.statusArgs, Offer: one("certify", "certify")},
		{ID: "sign", Ends: "sign", Offer: f.toSign},
		{ID: "ask", Ends: "ask", Offer: func(c *Context) []actions.Offer {
			given := map[string]string{"contract": c.Get("contract")}
			return []actions.Offer{{Label: "permission", Flow: "permission", Slots: given}, {Label: "appeal", Flow: "appeal", Slots: given}}
		}},
		{ID: "seal", Ends: "seal", Offer: one("setup", "setup_seal")},
		{ID: "redraw", Ends: "redraw", Offer: one("redraw", "seal_update")},
		{ID: "completed", Ends: "completed"},
		{ID: "other", Ends: "other"},
		unbound(),
	}}
}

// one offers one flow.
func one(label, flow string) func(*Context) []actions.Offer {
	return func(*Context) []actions.Offer { return []actions.Offer{{Label: label, Flow: flow}} }
}

func (f *Flows) statusArgs(c *Context) actions.Args {
	a := actions.Args{"title": "", "id": c.Get("contract"), "sender": "", "status": "", "parties": "", "screen": "", "wrong": "", "right": "", "hotline": f.p.Hotline()}
	o := f.outcome(c)
	if o == nil {
		return a
	}
	a["title"], a["status"], a["screen"] = o.Contract.Title, f.term(string(o.Contract.Status)), o.Text
	if e := f.tx(c).Enterprise(o.Contract.SenderEnterpriseID); e != nil {
		a["sender"] = e.Name
	}
	var lines []string
	for _, p := range o.Contract.Parties {
		word := c.Text("unsigned", nil)
		if !p.SignedAt.IsZero() {
			word = c.Text("signed", nil)
		}
		lines = append(lines, "· "+p.EnterpriseName+"："+word)
		a["wrong"] = p.EnterpriseName
	}
	a["parties"] = strings.Join(lines, "\n")
	if own := f.companies(c, func(*platform.Enterprise, *platform.Member) bool { return true }); len(own) > 0 {
		a["right"] = own[0].Name
	}
	return a
}
