package flows

import (
	"signdesk/actions"
	"signdesk/actions/platform"
)

var _ = add((*Flows).privatePayment)

// privatePayment is F09: a sole trader proves itself by 0.01 yuan from its legal
// representative's own card.
func (f *Flows) privatePayment() actions.Flow {
	return actions.Flow{Name: "private_payment", Code: "F09", Revision: 1, Steps: []actions.Step{
		bound(),
		{ID: "look", Next: actions.Decide(func(c *Context) actions.StepID {
			v := f.openCertification(c)
			switch {
			case v == nil:
				return "nothing"
			case v.EntityType != platform.SoleTrader:
				return "company"
			}
			c.Set("cert", string(v.ID))
			return "conditions"
		}, "nothing", "company", "conditions")},
		{ID: "company", Choose: actions.All, Next: actions.By("company", map[string]actions.StepID{"wrong": "wrongType", "right": "notCompanies"})},
		{ID: "conditions", Args: f.payeeArgs},
		{ID: "proof", Call: &actions.Call{Flow: "proof", With: func(c *Context) map[string]string {
			given := certSubject(c)
			given["method"] = string(platform.ByPrivatePayment)
			return given
		}}, Next: actions.Decide(func(c *Context) actions.StepID {
			switch f.certification(c).Status {
			case platform.CertPassed:
				return "passed"
			case platform.CertInReview:
				return "review"
			}
			return "stopped"
		}, "stopped", "review", "passed")},
		{ID: "passed", Ends: "passed"},
		{ID: "review", Ends: "review", Offer: one("progress", "review_status")},
		{ID: "stopped", Ends: "stopped", Offer: one("certify", "certify")},
		{ID: "wrongType", Ends: "wrongType"},
		{ID: "notCompanies", Ends: "notCompanies", Offer: one("certify", "certify")},
		{ID: "nothing", Ends: "nothing", Offer: one("certify", "certify")},
		unbound(),
	}}
}

// openCertification is the latest that waits for a proof, if possible of a sole
// trader.
func (f *Flows) openCertification(c *Context) *platform.Certification {
	var found *platform.Certification
	for _, v := range f.tx(c).CertificationsOf(platform.AccountID(c.Account)) {
		waits := (v.Status == platform.CertMaterials || v.Status == platform.CertVerifying) && c.Now.Before(v.Deadline)
		if waits && (found == nil || v.EntityType == platform.SoleTrader || found.EntityType != platform.SoleTrader) {
			found = v
		}
	}
	return found
}

func (f *Flows) payeeArgs(c *Context) actions.Args {
	p := f.p.Payee()
	v := f.certification(c)
	return actions.Args{"rep": v.Submitted.LegalRepName, "payeeName": p.Name, "payeeBank": p.Bank, "payeeAccount": p.Account, "date": c.Now.In(shanghai).Format("2006年1月2日")}
}
