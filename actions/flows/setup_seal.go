package flows

import (
	"strings"

	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
)

var _ = add((*Flows).setupSeal)

// setupSeal is F14: a company's seal, drawn by the system or from a picture,
// and who may use it.
func (f *Flows) setupSeal() actions.Flow {
	return actions.Flow{Name: "setup_seal", Code: "F14", Revision: 1, Steps: []actions.Step{
		bound(),
		f.ownCompany("notAdmin", f.adminOf),
		{ID: "way", Choose: actions.All, Next: actions.By("way", map[string]actions.StepID{"one": "make", "two": "image"})},
		{ID: "image", Parse: f.sealPicture},
		{ID: "sealName", Parse: f.told(textOf(2, 30), likeSeal), Free: true},
		{ID: "make", Confirm: true, Args: f.setupArgs, Do: f.makeSeal},
		{ID: "grant", Choose: actions.All, Next: actions.By("grant", map[string]actions.StepID{"yes": "holders", "no": "done"})},
		{ID: "holders", PC: true, Many: true, Options: func(c *Context) []actions.Option {
			e := f.tx(c).Enterprise(enterpriseOf(c))
			return f.members(c, func(m *platform.Member) bool { return m.Status == platform.MemberActive && m.ID != e.MainAdminID })
		}, Enter: func(c *Context) error {
			if len(f.tx(c).Members(enterpriseOf(c))) < 2 {
				return &actions.Problem{Text: c.Text("nobody", nil), To: "done"}
			}
			return nil
		}, Confirm: true, Args: f.setupArgs, Fails: []actions.StepID{"done"}, Do: func(c *Context) error {
			var to platform.SealHolders
			for _, id := range splitIDs(c.Get("holders")) {
				to.Members = append(to.Members, platform.MemberID(id))
			}
			return f.do(c, func(t *platform.Tx) error { return t.GrantSeal(platform.SealID(c.Get("seal")), to) })
		}},
		{ID: "done", Ends: "done"},
		{ID: "notAdmin", Ends: "notAdmin", Args: f.whoAdministers},
		unbound(),
	}}
}

func splitIDs(ids string) []string {
	return strings.FieldsFunc(ids, func(r rune) bool { return r == ',' })
}

func (f *Flows) makeSeal(c *Context) error {
	form := platform.SealForm{Enterprise: enterpriseOf(c)}
	if c.Get("way") == "two" {
		form.Image, form.Name = platform.FileID(c.Get("image")), c.Get("sealName")
	}
	return f.do(c, func(t *platform.Tx) error {
		s, err := t.SetupSeal(form)
		if err == nil {
			c.Set("seal", string(s.ID))
		}
		return err
	})
}

func (f *Flows) setupArgs(c *Context) actions.Args {
	a := actions.Args{"company": "", "name": platform.DefaultSealName, "how": c.Text("drawn", nil), "holders": ""}
	if e := f.tx(c).Enterprise(enterpriseOf(c)); e != nil {
		a["company"] = e.Name
	}
	if c.Get("way") == "two" {
		a["name"], a["how"] = c.Get("sealName"), c.Text("picture", nil)
	}
	var names []string
	for _, id := range splitIDs(c.Get("holders")) {
		if m := f.tx(c).Member(platform.MemberID(id)); m != nil {
			names = append(names, m.Name+"（"+value.Mask(m.Login)+"）")
		}
	}
	a["holders"] = list(names)
	return a
}
