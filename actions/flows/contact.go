package flows

import (
	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/calendar"
)

var _ = add((*Flows).contact)

// contact is F11: where and when people help, and a question left for them.
func (f *Flows) contact() actions.Flow {
	return actions.Flow{Name: "contact", Code: "F11", Revision: 1, Steps: []actions.Step{
		{ID: "card", Choose: actions.All, Args: f.hoursArgs, Next: actions.By("card", map[string]actions.StepID{"leave": "note", "no": "bye"})},
		{ID: "note", Free: true, Parse: f.anything(textOf(2, 500))},
		{ID: "leave", Confirm: true, Args: func(c *Context) actions.Args { return actions.Args{"note": c.Get("note")} }, Do: func(c *Context) error {
			return f.do(c, func(t *platform.Tx) error { return t.LeaveTicket(c.Get("note")) })
		}},
		{ID: "left", Ends: "left"},
		{ID: "bye", Ends: "bye"},
	}}
}

// hoursArgs tell whether the hotline is open now. In a year without known
// holidays only the table is told.
func (f *Flows) hoursArgs(c *Context) actions.Args {
	a := actions.Args{"hotline": f.p.Hotline(), "now": ""}
	h, err := calendar.HotlineAt(c.Now)
	switch {
	case err != nil:
	case h.Open:
		a["now"] = c.Text("open", actions.Args{"until": local(h.Change)})
	default:
		a["now"] = c.Text("closed", actions.Args{"from": local(h.Change)})
	}
	return a
}
