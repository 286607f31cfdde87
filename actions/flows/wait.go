package flows

import (
	"slices"

	"signdesk/actions"
	"signdesk/actions/platform"
)

var _ = add((*Flows).wait)

// wait is where a case of the person's waits for somebody else. All his
// conversations see the same, since they see what the platform knows. It is
// called with the case (setSubject) and ends with passed, rejected, failed
// (it may be tried again), closed, withdrawn, other (another way is wanted), mine (he goes on himself) or left.
func (f *Flows) wait() actions.Flow {
	return actions.Flow{Name: "wait", Revision: 1, Sub: true, Begin: func(c *Context) error { watch(c, subjectOf(c)); return nil }, Steps: []actions.Step{
		{ID: "standing", Choose: func(*Context) []string { return []string{} }, Enter: f.tellStanding, Args: f.standingArgs, Buttons: []actions.Button{
			{ID: "check", Do: f.tellStanding},
			{ID: "remind", Show: f.canRemind, Do: f.remind},
			{ID: "mine", Show: func(c *Context) bool {
				st := f.standing(c)
				return st != nil && st.WaitsFor == platform.WaitsForApplicant
			}, To: "mine"},
			{ID: "other", To: "other"},
			{ID: "withdraw", Show: func(c *Context) bool { return subjectOf(c).Kind != platform.OnCertification }, To: "withdraw"},
			{ID: "list", To: "left"},
		}},
		{ID: "withdraw", Confirm: true, Do: f.withdraw, Args: f.standingArgs, Next: actions.To("withdrawn")},
		{ID: "mine", Ends: "mine"},
		{ID: "other", Ends: "other"},
		{ID: "withdrawn", Ends: "withdrawn"},
		{ID: "left", Ends: "left"},
	}}
}

// standing returns how far the case is, or nil.
func (f *Flows) standing(c *Context) *platform.Standing {
	st, err := f.tx(c).StandingOf(subjectOf(c))
	if err != nil {
		return nil
	}
	return st
}

// tellStanding says how far the case is; one that is settled ends the flow.
func (f *Flows) tellStanding(c *Context) error {
	st, err := f.tx(c).StandingOf(subjectOf(c))
	switch {
	case f.tx(c).Err() != nil:
		return f.tx(c).Err()
	case err != nil:
		return f.problem(err)
	case st.Passed:
		return ends("", "", "passed")
	case st.Reason != "":
		return ends(c.Text("rejected", actions.Args{"reason": st.Reason}), "", "rejected")
	case st.Status == string(platform.AppealFailed):
		return ends(c.Text("closed", actions.Args{"status": f.term(st.Status)}), "", "failed")
	case !st.Open:
		return ends(c.Text("closed", actions.Args{"status": f.term(st.Status)}), "", "closed")
	}
	text := "waits" + string(st.WaitsFor)
	if st.WaitsFor == platform.WaitsForMainAdmin {
		text = "waitsMainAdmin"
	} else if f.helps(st) {
		text = "waitsHelper"
	}
	c.Say(c.Text(text, f.standingArgs(c)))
	return nil
}

// helps reports whether somebody who got a link is waited for.
func (f *Flows) helps(st *platform.Standing) bool {
	return st.To != "" && slices.Contains([]platform.Waiter{platform.WaitsForLegalRep, platform.WaitsForSealKeeper, platform.WaitsForFinance,
		platform.WaitsForMainAdmin}, st.WaitsFor)
}

func (f *Flows) standingArgs(c *Context) actions.Args {
	a := actions.Args{"who": "", "to": "", "name": "", "until": "", "company": ""}
	if st := f.standing(c); st != nil {
		a["who"], a["to"], a["name"], a["until"], a["company"] = f.term("role"+string(st.WaitsFor)), st.To, st.Name, local(st.Until), st.Enterprise
	}
	return a
}

// canRemind shows the reminder only while somebody has a link and has not done
// his part: nobody else is to be disturbed.
func (f *Flows) canRemind(c *Context) bool {
	st := f.standing(c)
	return st != nil && st.Open && f.helps(st)
}

// remind sends the link again to whoever is waited for.
func (f *Flows) remind(c *Context) error {
	st := f.standing(c)
	if st == nil || !st.Open || !f.helps(st) {
		return f.tellStanding(c) // it went on meanwhile
	}
	err := f.do(c, func(t *platform.Tx) error {
		_, err := t.RemindHelper(subjectOf(c), platform.LinkRole(st.WaitsFor))
		return err
	})
	if err == nil {
		text := c.Text("reminded", f.standingArgs(c))
		c.Say(text)
		progress(c, subjectOf(c), text)
	}
	return err
}

func (f *Flows) withdraw(c *Context) error {
	err := f.do(c, func(t *platform.Tx) error {
		if subjectOf(c).Kind == platform.OnAppeal {
			return t.CancelAppeal(platform.AppealID(subjectOf(c).ID))
		}
		return t.CancelRequest(platform.RequestID(subjectOf(c).ID))
	})
	if err == nil {
		progress(c, subjectOf(c), c.Text("withdrawn", nil))
	}
	return err
}
