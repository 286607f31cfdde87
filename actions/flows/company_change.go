package flows

import (
	"slices"
	"strings"

	"signdesk/actions"
	"signdesk/actions/platform"
)

var _ = add((*Flows).companyChange)

// companyChange is F06: new data of a certified company.
func (f *Flows) companyChange() actions.Flow {
	return actions.Flow{Name: "company_change", Code: "F06", Revision: 1, Steps: []actions.Step{
		bound(),
		f.ownCompany("noRight", f.changeable),
		{ID: "under", Fails: []actions.StepID{"group"}, Enter: func(c *Context) error {
			if err := f.tx(c).CheckInfoChange(enterpriseOf(c)); f.tx(c).Err() == nil && refusedWith(err, platform.InGroup) {
				return &actions.Problem{Rule: "R10.9", To: "group"}
			}
			return f.tx(c).Err()
		}, Next: actions.Decide(func(c *Context) actions.StepID {
			i := f.tx(c).InfoChangeOf(enterpriseOf(c))
			if i == nil {
				return "what"
			}
			switch v := f.tx(c).Certification(i.CertificationID); {
			case v != nil && v.Status.Open() && v.Status != platform.CertBasicInfo && (v.Status == platform.CertInReview || c.Now.Before(v.Deadline)):
				return "materials"
			case !c.Now.Before(i.Deadline): // it ran out: a new one takes its place
				return "what"
			}
			return "identity"
		}, "what", "materials", "identity")},
		{ID: "what", Many: true, Choose: actions.All, Next: actions.Decide(func(c *Context) actions.StepID {
			if slices.Contains(strings.Split(c.Get("what"), ","), "code") {
				return "newEnterprise"
			}
			return "open"
		}, "newEnterprise", "open")},
		{ID: "open", Confirm: true, Args: f.changeArgs, Fails: []actions.StepID{"group"}, Do: func(c *Context) error {
			t := f.tx(c)
			_, err := t.OpenInfoChange(enterpriseOf(c))
			if t.Err() == nil && refusedWith(err, platform.InGroup) {
				return &actions.Problem{Rule: "R10.9", To: "group"}
			}
			return f.do(c, func(*platform.Tx) error { return err })
		}},
		{ID: "identity", Slot: "card", Choose: actions.All},
		{ID: "materials", Call: &actions.Call{Flow: "materials", With: f.changeWith}, Next: actions.By("materials", map[string]actions.StepID{
			"passed": "passed", "review": "review", "waiting": "waiting", "refused": "stopped", "stopped": "stopped",
			"rejected": "stopped", "over": "over"})},
		{ID: "passed", Ends: "passed", Offer: one("seal", "seal_update")},
		{ID: "review", Ends: "review", Offer: one("progress", "review_status")},
		{ID: "waiting", Ends: "waiting"},
		{ID: "stopped", Ends: "stopped", Args: f.changeArgs},
		{ID: "over", Ends: "over", Offer: one("again", "company_change")},
		{ID: "newEnterprise", Ends: "newEnterprise", Offer: one("certify", "certify")},
		{ID: "group", Ends: "group"},
		{ID: "noRight", Ends: "noRight", Args: f.whoAdministers},
		unbound(),
	}}
}

// changeable are the companies whose data the person may change: as main
// administrator, or by a role with「账号管理」(R10.2).
func (f *Flows) changeable(c *Context) []*platform.Enterprise {
	return f.companies(c, func(e *platform.Enterprise, m *platform.Member) bool {
		return e.MainAdminID == m.ID || slices.ContainsFunc(f.tx(c).Roles(e.ID), func(r *platform.Role) bool {
			return slices.Contains(m.RoleIDs, r.ID) && slices.Contains(r.Perms, platform.PermAccountAdmin)
		})
	})
}

func (f *Flows) changeArgs(c *Context) actions.Args {
	a := actions.Args{"company": "", "deadline": ""}
	if e := f.tx(c).Enterprise(enterpriseOf(c)); e != nil {
		a["company"] = e.Name
	}
	if i := f.tx(c).InfoChangeOf(enterpriseOf(c)); i != nil {
		a["deadline"] = local(i.Deadline)
	}
	return a
}

func (f *Flows) changeWith(c *Context) map[string]string {
	given := map[string]string{"purpose": string(platform.ForInfoChange), "enterprise": c.Get("enterprise"), "card": c.Get("card")}
	if e := f.tx(c).Enterprise(enterpriseOf(c)); e != nil {
		given["entityType"], given["licenceDoc"] = string(e.EntityType), string(e.LicenceDoc)
	}
	return given
}
