package flows

import (
	"signdesk/actions"
	"signdesk/actions/platform"
)

var _ = add((*Flows).sealUpdate)

// sealUpdate is F05: another picture for a seal, or drawn anew.
func (f *Flows) sealUpdate() actions.Flow {
	return actions.Flow{Name: "seal_update", Code: "F05", Revision: 1, Steps: []actions.Step{
		bound(),
		f.ownCompany("noRight", f.adminOf),
		{ID: "seal", Options: f.sealsOf, Enter: f.theSeal, Fails: []actions.StepID{"noSeal"}},
		{ID: "source", Choose: actions.All, Next: actions.By("source", map[string]actions.StepID{"upload": "image", "draw": "save"})},
		{ID: "image", Parse: f.sealPicture},
		{ID: "save", Confirm: true, Args: f.sealArgs, Do: func(c *Context) error {
			return f.do(c, func(t *platform.Tx) error {
				_, err := t.UpdateSeal(platform.SealID(c.Get("seal")), platform.FileID(c.Get("image")))
				return err
			})
		}},
		{ID: "done", Ends: "done", Args: f.sealArgs, Offer: func(c *Context) []actions.Offer {
			if f.redrawLeft(c) {
				return []actions.Offer{{Label: "next", Flow: "seal_update"}}
			}
			return nil
		}},
		{ID: "noRight", Ends: "noRight", Args: f.whoAdministers},
		{ID: "noSeal", Ends: "noSeal", Offer: func(*Context) []actions.Offer { return []actions.Offer{{Label: "setup", Flow: "setup_seal"}} }},
		unbound(),
	}}
}

func (f *Flows) liveSeals(c *Context) []*platform.Seal {
	var out []*platform.Seal
	for _, s := range f.tx(c).Seals(enterpriseOf(c)) {
		if s.Status != platform.SealDeleted {
			out = append(out, s)
		}
	}
	return out
}

func (f *Flows) sealsOf(c *Context) []actions.Option {
	var out []actions.Option
	for _, s := range f.liveSeals(c) {
		label := s.Name
		if s.NeedsRedraw {
			label += "（需更新）"
		}
		out = append(out, actions.Option{ID: string(s.ID), Label: label, Also: []string{s.Name}})
	}
	return out
}

// theSeal takes the only seal; without any there is nothing to update.
func (f *Flows) theSeal(c *Context) error {
	switch all := f.liveSeals(c); {
	case f.tx(c).Err() != nil:
		return f.tx(c).Err()
	case len(all) == 0:
		return &actions.Problem{To: "noSeal"}
	case len(all) == 1:
		c.Give("seal", string(all[0].ID))
	}
	return nil
}

func (f *Flows) sealPicture(c *Context, in actions.Input) (string, error) {
	return f.upload(c, in, platform.FileSeal)
}

func (f *Flows) sealArgs(c *Context) actions.Args {
	a := actions.Args{"seal": "", "company": "", "how": c.Text("drawn", nil)}
	if s := f.tx(c).Seal(platform.SealID(c.Get("seal"))); s != nil {
		a["seal"] = s.Name
	}
	if e := f.tx(c).Enterprise(enterpriseOf(c)); e != nil {
		a["company"] = e.Name
	}
	if c.Get("image") != "" {
		a["how"] = c.Text("picture", nil)
	}
	return a
}

func (f *Flows) redrawLeft(c *Context) bool {
	for _, s := range f.liveSeals(c) {
		if s.NeedsRedraw {
			return true
		}
	}
	return false
}
