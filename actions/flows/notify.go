package flows

import (
	"slices"

	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
)

var _ = add((*Flows).notify)

// notify is F03: send the legal representative, finance or the seal keeper a
// link to do his part. It is called with a case, and then ends with waiting - or
// with switch, if mayChange is set and another way is wanted -, or started alone.
func (f *Flows) notify() actions.Flow {
	called := func(c *Context) bool { return c.Get("subjectID") != "" }
	return actions.Flow{Name: "notify", Code: "F03", Revision: 1, Alive: f.notifyAlive, Lapses: []actions.StepID{"sent", "wait"}, Steps: []actions.Step{
		bound(),
		{ID: "which", Options: f.openCases, Enter: f.onlyCase, Skip: called, Fails: []actions.StepID{"nothing"}},
		{ID: "role", Choose: f.helpers},
		{ID: "recipient", Parse: f.recipient, Confirm: true, Do: f.sendLink, Args: f.notifyArgs, Buttons: []actions.Button{
			{ID: "again", Show: func(c *Context) bool { return f.helperOf(c) != "" }, Do: f.sendAgain, To: "wait"},
			{ID: "other", Show: func(c *Context) bool { return c.Get("mayChange") != "" }, To: "other"},
		}},
		{ID: "wait", Skip: called, Call: &actions.Call{Flow: "wait", With: func(c *Context) map[string]string { return setSubject(f.notifySubject(c)) }},
			Next: actions.Decide(func(c *Context) actions.StepID {
				switch {
				case called(c):
					return "sent"
				case c.Get("wait") == "left":
					return "waiting"
				case c.Get("wait") == "passed":
					return "passed"
				}
				return "over"
			}, "sent", "waiting", "passed", "over")},
		{ID: "sent", Ends: "waiting"},
		{ID: "waiting", Ends: "waiting", Args: f.notifyArgs},
		{ID: "other", Ends: "switch"},
		{ID: "passed", Ends: "passed", Offer: f.goOn},
		{ID: "over", Ends: "over", Offer: f.goOn},
		{ID: "nothing", Ends: "nothing", Args: f.nothingArgs, Offer: f.firstDo},
		unbound(),
	}}
}

// notifyAlive leaves a case that waits for nobody any more: where it waits, the
// person is told how it ended.
func (f *Flows) notifyAlive(c *Context) error {
	s := f.notifySubject(c)
	if _, open := f.tx(c).Settled(s); open || s.ID == "" || f.tx(c).Err() != nil {
		return f.tx(c).Err()
	}
	if c.Get("subjectID") != "" {
		return &actions.Problem{To: "sent"}
	}
	return &actions.Problem{To: "wait"}
}

func (f *Flows) openCases(c *Context) []actions.Option {
	var out []actions.Option
	for _, s := range f.tx(c).OpenCases(platform.AccountID(c.Account)) {
		if p, err := f.tx(c).ProofOf(s); err == nil {
			out = append(out, actions.Option{ID: s.ID, Label: p.Enterprise + " " + f.term("case"+string(s.Kind))})
		}
	}
	return out
}

// onlyCase takes the case if there is just one; without any the flow ends.
func (f *Flows) onlyCase(c *Context) error {
	switch cases := f.tx(c).OpenCases(platform.AccountID(c.Account)); {
	case f.tx(c).Err() != nil:
		return f.tx(c).Err()
	case len(cases) == 0:
		return &actions.Problem{To: "nothing"}
	case len(cases) == 1:
		c.Give("which", cases[0].ID)
	}
	return nil
}

// nothingArgs tell who was to be notified.
func (f *Flows) nothingArgs(c *Context) actions.Args {
	whom := c.Text("somebody", nil)
	if role := roleGiven(c); role != "" {
		whom = f.term("role" + role)
	}
	return actions.Args{"whom": whom}
}

func roleGiven(c *Context) string {
	if role := c.Get("role"); role != "" {
		return role
	}
	return c.Session.Given["role"]
}

// firstDo offers what others can help with, for a contract that was named
// already or is sent next.
func (f *Flows) firstDo(c *Context) []actions.Offer {
	contract := c.Get("contract")
	ask := map[string]string{"contract": contract}
	if role := roleGiven(c); role != "" {
		ask["way"], ask["helper"], ask["actor"] = "other", role, "notify"
	}
	return []actions.Offer{
		{Label: "askPermission", Flow: "permission", Slots: ask, Takes: "contract"},
		{Label: "startAppeal", Flow: "appeal", Slots: map[string]string{"contract": contract}},
		{Label: "startCertify", Flow: "certify"},
	}
}

// notifySubject returns the case that was chosen or given.
func (f *Flows) notifySubject(c *Context) platform.Subject {
	if c.Get("subjectID") != "" {
		return subjectOf(c)
	}
	for _, kind := range []platform.SubjectKind{platform.OnRequest, platform.OnAppeal, platform.OnCertification} {
		if s := (platform.Subject{Kind: kind, ID: c.Get("which")}); f.tx(c).Knows(s) {
			return s
		}
	}
	return platform.Subject{}
}

// recipient reads to whom the link goes: somebody else than the person himself.
func (f *Flows) recipient(c *Context, in actions.Input) (string, error) {
	login, ok := readRecipient(in.Text)
	if acc := f.account(c); ok && acc != nil && login == acc.Login() {
		return "", &actions.Problem{Text: f.words.Refusals[platform.OwnLogin]}
	} else if !ok {
		return "", &actions.Problem{}
	}
	return login, nil
}

// helpers are the roles whose part the case still needs.
func (f *Flows) helpers(c *Context) []string {
	out := []string{}
	p, err := f.tx(c).ProofOf(f.notifySubject(c))
	if err != nil {
		return out
	}
	has := func(m ...platform.Method) bool {
		return slices.ContainsFunc(m, func(m platform.Method) bool { return slices.Contains(p.Methods, m) })
	}
	if has(platform.ByLegalRepPhone, platform.ByLegalRepFace) {
		out = append(out, string(platform.RoleLegalRep))
	}
	if has(platform.ByBankPayment, platform.ByCorporatePayment) {
		out = append(out, string(platform.RoleFinance))
	}
	if has(platform.ByAuthLetter) {
		out = append(out, string(platform.RoleSealKeeper))
	}
	return out
}

func (f *Flows) sendLink(c *Context) error {
	s := f.notifySubject(c)
	return f.do(c, func(t *platform.Tx) error {
		_, err := t.NotifyHelper(s, platform.LinkRole(c.Get("role")), c.Get("recipient"))
		return f.sentLink(c, s, err)
	})
}

// sendAgain sends to whom it was sent before.
func (f *Flows) sendAgain(c *Context) error {
	s := f.notifySubject(c)
	return f.do(c, func(t *platform.Tx) error {
		_, err := t.RemindHelper(s, platform.LinkRole(c.Get("role")))
		return f.sentLink(c, s, err)
	})
}

// sentLink tells whoever watches the case that a link was sent.
func (f *Flows) sentLink(c *Context, s platform.Subject, err error) error {
	if err == nil {
		watch(c, s)
		progress(c, s, c.Text("news", actions.Args{"role": f.term("role" + c.Get("role")), "recipient": f.helperOf(c)}))
	}
	return err
}

// helperOf returns, masked, whom the role's link went to before.
func (f *Flows) helperOf(c *Context) string {
	return f.tx(c).HelperOf(f.notifySubject(c), platform.LinkRole(c.Get("role")))
}

func (f *Flows) notifyArgs(c *Context) actions.Args {
	a := actions.Args{"recipient": value.Mask(c.Get("recipient")), "role": f.term("role" + c.Get("role")), "company": "", "text": "", "before": f.helperOf(c)}
	if c.Get("recipient") == "" {
		a["recipient"] = a["before"]
	}
	s := f.notifySubject(c)
	if p, err := f.tx(c).ProofOf(s); err == nil {
		a["company"] = p.Enterprise
	}
	if text, err := f.tx(c).HelperNotice(s); err == nil {
		a["text"] = text
	}
	return a
}

// goOn offers to go on with the case where it was begun, or with what it was
// for.
func (f *Flows) goOn(c *Context) []actions.Offer { return f.goOnWith(c, f.notifySubject(c)) }

func (f *Flows) goOnWith(c *Context, s platform.Subject) []actions.Offer {
	st, err := f.tx(c).StandingOf(s)
	if err != nil {
		return nil
	}
	contract := map[string]string{"contract": string(st.Contract)}
	switch {
	case st.Passed && st.Contract != "":
		return []actions.Offer{{Label: "sign", Flow: "sign", Slots: contract}}
	case s.Kind == platform.OnRequest:
		return []actions.Offer{{Label: "permission", Flow: "permission", Slots: contract}}
	case s.Kind == platform.OnAppeal && !st.Passed:
		contract["company"], contract["advice"] = st.Enterprise, "go"
		return []actions.Offer{{Label: "appeal", Flow: "appeal", Slots: contract}}
	case s.Kind == platform.OnCertification && !st.Passed:
		return []actions.Offer{{Label: "certify", Flow: "certify"}}
	}
	return nil
}
