package flows

import (
	"slices"

	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
)

var _ = add((*Flows).proof)

// proof leads through one way to prove a case - a certification, an appeal or a
// permission request - by its applicant or by whoever bears its link. It is
// called with the case (setSubject) and the method, and ends with passed,
// review (staff decide), failed, switch (another way is wanted), notify (somebody
// else is to do it; only if mayNotify is set) or closed (the link is of no use
// any more).
func (f *Flows) proof() actions.Flow {
	return actions.Flow{Name: "proof", Revision: 1, Sub: true, Begin: f.proofBegins, Alive: func(c *Context) error { _, err := f.proofOf(c); return err }, Steps: slices.Concat(
		[]actions.Step{{ID: "begin", Next: actions.Decide(firstOf, "privacy", "bank", "consent1", "letter")}},
		f.legalRepSteps(), f.transferSteps(), f.reverseSteps(), f.letterSteps(),
		[]actions.Step{
			{ID: "passed", Ends: "passed"},
			{ID: "review", Ends: "review", Args: f.reviewArgs},
			{ID: "failed", Ends: "failed"},
			{ID: "noConsent", Ends: "switch"},
			{ID: "another", Ends: "switch"},
			{ID: "notifyOther", Ends: "notify"},
		})}
}

// legalRepSteps check the legal representative by phone or face.
func (f *Flows) legalRepSteps() []actions.Step {
	byPhone := actions.Button{ID: "phone", Do: func(c *Context) error { c.Set("method", string(platform.ByLegalRepPhone)); return nil }, To: "legalRepID"}
	start := actions.Decide(func(c *Context) actions.StepID {
		if method(c) == platform.ByLegalRepPhone {
			return "legalRepMobile"
		}
		return "face"
	}, "legalRepMobile", "face")
	return []actions.Step{
		{ID: "privacy", Choose: actions.All, Buttons: []actions.Button{f.other()},
			Next: actions.By("privacy", map[string]actions.StepID{"yes": "legalRepID", "no": "noConsent"})},
		{ID: "legalRepID", Parse: f.legalRepID, Secret: true, Skip: func(c *Context) bool { return !f.needsID(c) }, Next: start},
		{ID: "legalRepMobile", Parse: parse(readMobile), Do: f.startPhone, Args: f.personArgs, Buttons: []actions.Button{f.other()}},
		{ID: "legalRepCode", Parse: parse(readCode), Secret: true, Do: f.finishPhone, Args: mobileArgs, Fails: []actions.StepID{"legalRepMobile"},
			Buttons: []actions.Button{{ID: "resend", Do: f.resendPhone}, {ID: "change", To: "legalRepMobile"}, f.another()},
			Next:    actions.To("passed")},
		{ID: "face", Do: f.startFace("Alipay"), Args: f.faceArgs},
		{ID: "faceDone", Choose: func(*Context) []string { return []string{"finished"} }, Do: f.finishFace, Args: f.faceArgs,
			Buttons: []actions.Button{{ID: "browser", Show: isRequest, Do: f.startFace("Browser")}, byPhone, f.another()},
			Fails:   []actions.StepID{"legalRepID", "face"}, Next: actions.To("passed")},
	}
}

// transferSteps ask for a small payment to the enterprise, and for its sum.
func (f *Flows) transferSteps() []actions.Step {
	return []actions.Step{
		{ID: "bank", Parse: f.told(field(2, 60), likeBank), Free: true, Args: f.proofArgs, Buttons: []actions.Button{f.reverseButton(), f.other()}},
		{ID: "province", Parse: f.told(field(2, 60), likePlace), Free: true},
		{ID: "city", Parse: f.told(field(2, 60), likePlace), Free: true},
		{ID: "branchName", Slot: "branch", Parse: f.told(field(2, 60), likeBranch), Free: true},
		{ID: "accountNo", Parse: parse(readAccount), Confirm: true, Do: f.submitTransfer, Args: f.proofArgs,
			Buttons: []actions.Button{f.reverseButton()}},
		{ID: "amount", Parse: f.amount, Enter: f.transferOpen, Do: f.backfill, Args: f.transferArgs, Fails: []actions.StepID{"failed"},
			Buttons: []actions.Button{{ID: "progress", Do: f.transferState}, {ID: "payer", Do: f.payerAccount},
				{ID: "bankAgain", Show: f.bounced, To: "bank"}, f.reverseButton(), f.another()},
			Next: actions.To("passed")},
	}
}

// reverseSteps wait for a payment to the platform.
func (f *Flows) reverseSteps() []actions.Step {
	return []actions.Step{
		{ID: "consent1", Choose: actions.All, Args: f.reverseArgs, Buttons: []actions.Button{f.other()},
			Next: actions.By("consent1", map[string]actions.StepID{"yes": "consent2", "no": "noConsent"})},
		{ID: "consent2", Choose: actions.All, Args: f.reverseArgs, Next: actions.By("consent2", map[string]actions.StepID{"yes": "last4", "no": "noConsent"})},
		{ID: "last4", Parse: parse(value.Last4), Skip: func(c *Context) bool { return method(c) != platform.ByPrivatePayment }},
		{ID: "reverse", Confirm: true, Do: f.submitReverse, Args: f.reverseArgs},
		{ID: "arrival", Choose: func(*Context) []string { return []string{"progress"} }, Enter: f.arrivalOpen, Args: f.reverseArgs,
			Do: f.reverseState, Buttons: []actions.Button{{ID: "again", Show: f.reverseFailed, To: "consent1"}, f.another()},
			Next: actions.To("passed")},
	}
}

// letterSteps make the letter, and take its photograph.
func (f *Flows) letterSteps() []actions.Step {
	return []actions.Step{
		{ID: "letter", Do: f.makeLetter, Args: f.letterArgs},
		{ID: "photo", Parse: func(c *Context, in actions.Input) (string, error) { return f.upload(c, in, platform.FileLetter) },
			Confirm: true, Do: f.uploadLetter, Args: f.letterArgs, Fails: []actions.StepID{"letter"},
			Buttons: []actions.Button{{ID: "download", Do: func(c *Context) error { c.Say(c.Text("letter", f.letterArgs(c))); return nil }},
				{ID: "new", To: "letter"}, f.other(), f.another()},
			Next: actions.To("review")},
	}
}

func method(c *Context) platform.Method { return platform.Method(c.Get("method")) }

func firstOf(c *Context) actions.StepID {
	switch method(c) {
	case platform.ByBankPayment:
		return "bank"
	case platform.ByPrivatePayment, platform.ByCorporatePayment:
		return "consent1"
	case platform.ByAuthLetter:
		return "letter"
	}
	return "privacy"
}

func isRequest(c *Context) bool { return subjectOf(c).Kind == platform.OnRequest }

// proofBegins looks at the case, and goes on with a payment that is under way.
func (f *Flows) proofBegins(c *Context) error {
	p, err := f.proofOf(c)
	if err != nil {
		return err
	}
	if b := f.tx(c).TransferOf(p.Subject); method(c) == platform.ByBankPayment && b != nil && b.Open() {
		c.Set("transfer", string(b.ID)) // it was asked for before: on with the sum
		c.Session.Step = "amount"
	} else if method(c) == platform.ByBankPayment && b != nil && b.Status == platform.TransferBounced {
		c.Say(c.Text("bounced", actions.Args{"reason": b.BounceReason}))
	}
	if z := f.tx(c).ReverseOf(p.Subject); z != nil && z.Status == platform.ReverseWaiting && c.Session.Step != "amount" {
		switch method(c) {
		case platform.ByBankPayment: // paying the other way was chosen before
			c.Set("method", string(platform.ByCorporatePayment))
			c.Session.Step = "arrival"
		case platform.ByPrivatePayment, platform.ByCorporatePayment:
			c.Session.Step = "arrival"
		}
	}
	return nil
}

// proofOf returns what the case waits for. One that was settled meanwhile, by
// somebody else, ends the flow with how it was.
func (f *Flows) proofOf(c *Context) (*platform.Proof, error) {
	p, err := f.tx(c).ProofOf(subjectOf(c))
	if f.tx(c).Err() != nil {
		return nil, f.tx(c).Err()
	}
	return p, f.settled(c, err)
}

// settled turns the refusal of a case that waits no more into the end of the
// flow.
func (f *Flows) settled(c *Context, err error) error {
	if err == nil {
		return nil
	}
	if passed, open := f.tx(c).Settled(subjectOf(c)); passed {
		return ends("", "", "passed")
	} else if !open {
		return ends(f.words.Refusals[platform.NotOpen], "", "failed")
	}
	switch {
	case refusedWith(err, platform.UnderReview):
		return ends(f.words.Refusals[platform.UnderReview], "R07.8", "review")
	case c.Link != "" && (refusedWith(err, platform.LinkRevoked) || refusedWith(err, platform.LinkExpired) || refusedWith(err, platform.LinkUsed)):
		return ends(f.words.Explain(err), "", "closed")
	}
	return f.problem(err)
}

// prove runs an operation on the case.
func (f *Flows) prove(c *Context, op func(*platform.Tx) error) error {
	err := op(f.tx(c))
	if f.tx(c).Err() != nil {
		return f.tx(c).Err()
	}
	return f.settled(c, err)
}

// another is the button for another way to prove the case.
func (f *Flows) another() actions.Button {
	return actions.Button{ID: "other", Show: func(c *Context) bool {
		p, err := f.proofOf(c)
		return err == nil && len(p.Methods) > 1 && c.Link == ""
	}, To: "another"}
}

// other is the button for having somebody else do this part.
func (f *Flows) other() actions.Button {
	return actions.Button{ID: "notify", Show: func(c *Context) bool { return c.Get("mayNotify") != "" && c.Link == "" }, To: "notifyOther"}
}

// reverseButton leads from the payment to the enterprise to that from it.
func (f *Flows) reverseButton() actions.Button {
	return actions.Button{ID: "reverse", Show: func(c *Context) bool {
		p, err := f.proofOf(c)
		return err == nil && slices.Contains(p.Methods, platform.ByCorporatePayment)
	}, Do: func(c *Context) error { c.Set("method", string(platform.ByCorporatePayment)); return nil }, To: "consent1"}
}

func (f *Flows) needsID(c *Context) bool {
	p, err := f.proofOf(c)
	return err == nil && p.AskID && c.Get("legalRepID") == ""
}

// legalRepID reads the legal representative's ID number. The platform compares
// it at once, and only its digest is kept.
func (f *Flows) legalRepID(c *Context, in actions.Input) (digest string, err error) {
	id, ok := readIDCard(in.Text)
	if !ok {
		return "", &actions.Problem{}
	}
	err = f.prove(c, func(t *platform.Tx) error {
		digest, err = t.MatchLegalRepID(subjectOf(c), id)
		return err
	})
	return digest, err
}

// personArgs name the legal representative as the platform's page does.
func (f *Flows) personArgs(c *Context) actions.Args {
	a := mobileArgs(c)
	a["person"] = ""
	if p, err := f.proofOf(c); err == nil && p.LegalRep != "" {
		a["person"] = c.Text("person", actions.Args{"name": p.LegalRep, "id": p.IDMasked})
	}
	return a
}

func mobileArgs(c *Context) actions.Args {
	return actions.Args{"mobile": value.Mask(c.Get("legalRepMobile"))}
}

// faceArgs tell how the face check is taken: of requests on the phone, else by
// scanning a code (R11.13, R12.24).
func (f *Flows) faceArgs(c *Context) actions.Args {
	if isRequest(c) {
		return actions.Args{"how": c.Text("faceOnPhone", nil)}
	}
	return actions.Args{"how": c.Text("faceByCode", nil)}
}

func (f *Flows) startPhone(c *Context) error {
	return f.prove(c, func(t *platform.Tx) error {
		id, err := t.StartPhoneCheck(platform.PhoneForm{Subject: subjectOf(c), IDHash: c.Get("legalRepID"), Mobile: c.Get("legalRepMobile"), Privacy: c.Get("privacy") == "yes"})
		c.Set("check", string(id))
		return err
	})
}

func (f *Flows) finishPhone(c *Context) error {
	code := c.Get("legalRepCode")
	c.Set("legalRepCode", "")
	err := f.tx(c).FinishPhoneCheck(platform.CheckID(c.Get("check")), code)
	if f.lapsed(c, err) {
		return &actions.Problem{Text: c.Text("checkLapsed", nil), To: "legalRepMobile"}
	}
	return f.checked(c, err)
}

func (f *Flows) resendPhone(c *Context) error {
	return f.prove(c, func(t *platform.Tx) error { return t.ResendPhoneCode(platform.CheckID(c.Get("check"))) })
}

func (f *Flows) startFace(vehicle string) func(*Context) error {
	return func(c *Context) error {
		return f.prove(c, func(t *platform.Tx) error {
			id, err := t.StartFaceCheck(platform.FaceForm{Subject: subjectOf(c), IDHash: c.Get("legalRepID"), Privacy: c.Get("privacy") == "yes", Vehicle: vehicle})
			c.Set("check", string(id))
			if err == nil && vehicle == "Browser" {
				c.Say(c.Text("faceInBrowser", nil))
			}
			return err
		})
	}
}

func (f *Flows) finishFace(c *Context) error {
	status, err := f.tx(c).FinishFaceCheck(platform.CheckID(c.Get("check")))
	switch {
	case f.lapsed(c, err):
		return &actions.Problem{Text: c.Text("checkLapsed", nil), To: "face"}
	case err == nil && status == platform.CheckFailed:
		c.Set("method", string(platform.ByLegalRepPhone))
		return &actions.Problem{Text: c.Text("faceFailed", nil), Rule: "R12.27", To: "legalRepID"}
	case err == nil && status != platform.CheckPassed && f.tx(c).Err() == nil:
		return &actions.Problem{Text: c.Text("facePending", nil), Kept: true}
	}
	return f.checked(c, err)
}

// lapsed reports whether only the check has run out, not the case.
func (f *Flows) lapsed(c *Context, err error) bool {
	if !refusedWith(err, platform.NotOpen) {
		return false
	}
	_, open := f.tx(c).ProofOf(subjectOf(c))
	return open == nil
}

// checked settles a check of the legal representative.
func (f *Flows) checked(c *Context, err error) error {
	if f.tx(c).Err() != nil {
		return f.tx(c).Err()
	}
	if err = f.settled(c, err); err == nil {
		f.passed(c)
	}
	return err
}

// passed tells the others who wait for the case.
func (f *Flows) passed(c *Context) {
	c.Set("legalRepID", "")
	progress(c, subjectOf(c), c.Text("news", actions.Args{"method": f.term(c.Get("method"))}))
}
