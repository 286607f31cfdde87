package flows

import (
	"strconv"

	"signdesk/actions"
	"signdesk/actions/platform"
)

var _ = add((*Flows).handover)

// handover is F12: move what a former administrator looks after to another
// member.
func (f *Flows) handover() actions.Flow {
	return actions.Flow{Name: "handover", Code: "F12", Revision: 1, Steps: []actions.Step{
		bound(),
		f.ownCompany("noRight", f.adminOf),
		{ID: "from", PC: true, Options: func(c *Context) []actions.Option {
			return f.members(c, func(m *platform.Member) bool {
				return m.Status != platform.MemberInvited && m.AccountID != platform.AccountID(c.Account)
			})
		}, Enter: func(c *Context) error {
			if len(f.tx(c).Members(enterpriseOf(c))) < 2 {
				return &actions.Problem{To: "nobody"}
			}
			return f.tx(c).Err()
		}, Fails: []actions.StepID{"nobody"}},
		{ID: "items", Many: true, Choose: actions.All},
		{ID: "to", Options: func(c *Context) []actions.Option {
			return f.members(c, func(m *platform.Member) bool {
				return m.Status == platform.MemberActive && string(m.ID) != c.Get("from")
			})
		}, Do: f.draftHandover},
		{ID: "move", Confirm: true, Args: f.handoverArgs, Do: func(c *Context) error {
			return f.do(c, func(t *platform.Tx) error {
				_, err := t.ConfirmHandover(platform.HandoverID(c.Get("handover")))
				return err
			})
		}},
		{ID: "former", Choose: actions.All, Args: f.handoverArgs, Do: f.endMember},
		{ID: "done", Ends: "done"},
		{ID: "noRight", Ends: "noRight", Args: f.whoAdministers},
		{ID: "nobody", Ends: "nobody"},
		unbound(),
	}}
}

func (f *Flows) draftHandover(c *Context) error {
	form := platform.HandoverForm{Enterprise: enterpriseOf(c), From: platform.MemberID(c.Get("from")), To: platform.MemberID(c.Get("to")), Items: items(c.Get("items"))}
	return f.do(c, func(t *platform.Tx) error {
		h, err := t.StartHandover(form)
		if err == nil {
			c.Set("handover", string(h.ID))
		}
		return err
	})
}

func (f *Flows) handoverArgs(c *Context) actions.Args {
	a := actions.Args{"from": "", "to": "", "templates": "0", "contracts": "0", "seals": "0"}
	h := f.tx(c).Handover(platform.HandoverID(c.Get("handover")))
	if h == nil {
		return a
	}
	if m := f.tx(c).Member(h.FromMemberID); m != nil {
		a["from"] = m.Name
	}
	if m := f.tx(c).Member(h.ToMemberID); m != nil {
		a["to"] = m.Name
	}
	a["templates"], a["contracts"], a["seals"] = strconv.Itoa(h.Counts[platform.ItemTemplate]), strconv.Itoa(h.Counts[platform.ItemContract]), strconv.Itoa(h.Counts[platform.ItemSeal])
	return a
}

// endMember disables or removes the former administrator, if that was chosen
// (R11.26).
func (f *Flows) endMember(c *Context) error {
	to, ok := map[string]platform.MemberStatus{"disable": platform.MemberDisabled, "remove": platform.MemberRemoved}[c.Get("former")]
	if !ok {
		return nil
	}
	return f.do(c, func(t *platform.Tx) error { return t.SetMember(platform.MemberID(c.Get("from")), to) })
}
