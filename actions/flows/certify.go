package flows

import (
	"signdesk/actions"
	"signdesk/actions/platform"
)

var _ = add((*Flows).certify)

// certify is F08: which way to certify a company, and doing it.
func (f *Flows) certify() actions.Flow {
	return actions.Flow{Name: "certify", Code: "F08", Revision: 1, Steps: []actions.Step{
		{ID: "docType", Choose: actions.All, Next: actions.By("docType", map[string]actions.StepID{
			"company": "legalRepKind", "sole": "hasName", "none": "document"})},
		{ID: "document", Choose: actions.All, Next: actions.Decide(func(c *Context) actions.StepID {
			if c.Get("document") == "other" {
				return "manager"
			}
			return "legalRepKind"
		}, "manager", "legalRepKind")},
		{ID: "hasName", Choose: actions.All},
		{ID: "legalRepKind", Choose: actions.All, Next: actions.Decide(func(c *Context) actions.StepID {
			switch {
			case c.Get("legalRepKind") == "special":
				c.Set("card", "agent")
				return "special"
			case c.Get("hasName") == "no":
				c.Set("card", "legalRep")
				return "channel"
			}
			return "whoHasID"
		}, "special", "channel", "whoHasID")},
		{ID: "special", Next: actions.To("now")},
		{ID: "channel", Next: actions.To("now")},
		{ID: "whoHasID", Slot: "card", Choose: actions.All, Next: actions.By("card", map[string]actions.StepID{"legalRep": "four", "agent": "two"})},
		{ID: "four", Next: actions.To("now")},
		{ID: "two"},
		{ID: "now", Choose: actions.All, Args: func(c *Context) actions.Args {
			private := ""
			if c.Get("docType") == "sole" {
				private = c.Text("private", nil)
			}
			return actions.Args{"private": private}
		}, Next: actions.By("now", map[string]actions.StepID{"yes": "bind", "no": "informed"})},
		bound(),
		{ID: "materials", Call: &actions.Call{Flow: "materials", With: f.certifyWith}, Next: actions.By("materials", map[string]actions.StepID{
			"passed": "passed", "review": "review", "waiting": "waiting", "refused": "refused", "stopped": "informed",
			"rejected": "again", "over": "again"})},
		{ID: "passed", Ends: "passed", Offer: one("seal", "setup_seal")},
		{ID: "review", Ends: "review", Offer: one("progress", "review_status")},
		{ID: "waiting", Ends: "waiting"},
		{ID: "refused", Ends: "refused", Offer: func(*Context) []actions.Offer {
			return []actions.Offer{{Label: "delete", Flow: "delete_pending"}, {Label: "change", Flow: "company_change"}}
		}},
		{ID: "again", Ends: "over", Offer: one("certify", "certify")},
		{ID: "manager", Ends: "manager"},
		{ID: "informed", Ends: "informed"},
		unbound(),
	}}
}

func (f *Flows) certifyWith(c *Context) map[string]string {
	given := map[string]string{"purpose": string(platform.ForNew), "entityType": string(platform.Company), "licenceDoc": string(platform.BusinessLicence), "card": c.Get("card")}
	switch c.Get("docType") {
	case "sole":
		given["entityType"] = string(platform.SoleTrader)
		if c.Get("hasName") == "no" {
			given["noName"] = "yes"
		}
	case "none":
		given["entityType"], given["licenceDoc"] = string(platform.NonCommercial), c.Get("document")
	}
	return given
}
