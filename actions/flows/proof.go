package flows

import (
	"slices"
	"strings"

	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
)

var _ = add((*Flows).proof)

// proof leads through one way to prove a case - a certification, an appeal or a
// permission request - by its applicant or by whoever bears its link. It is
// called with the case (setSubject) and the method, and ends with passed,
// review (staff decide), failed or switch (another way is wanted).
func (f *Flows) proof() actions.Flow {
	phone := func(c *Context) bool { return method(c) == platform.ByLegalRepPhone }
	return actions.Flow{Name: "proof", Revision: 1, Sub: true, Begin: f.proofBegins, Steps: []actions.Step{
		{ID: "branch", Next: actions.Decide(firstOf, "legalRepID", "bank", "consent1", "letter")},

		{ID: "legalRepID", Parse: parse(readIDCard), Secret: true, Skip: func(c *Context) bool { return !f.needsID(c) }},
		{ID: "privacy", Choose: actions.All, Next: actions.Decide(func(c *Context) actions.StepID {
			switch {
			case c.Get("privacy") != "yes":
				return "noConsent"
			case phone(c):
				return "legalRepMobile"
			}
			return "face"
		}, "noConsent", "legalRepMobile", "face")},
		{ID: "legalRepMobile", Parse: parse(readMobile), Do: f.startPhone, Args: mobileArgs},
		{ID: "legalRepCode", Parse: parse(readCode), Secret: true, Do: f.finishPhone, Args: mobileArgs,
			Buttons: []actions.Button{{ID: "resend", Do: f.resendPhone}, {ID: "change", To: "legalRepMobile"}, f.another()},
			Next:    actions.To("passed")},
		{ID: "face", Do: f.startFace},
		{ID: "faceDone", Choose: func(*Context) []string { return []string{"finished"} }, Do: f.finishFace,
			Buttons: []actions.Button{{ID: "phone", To: "legalRepMobile"}, f.another()}, Fails: []actions.StepID{"legalRepMobile"}, Next: actions.To("passed")},

		{ID: "bank", Parse: parse(textOf(2, 60)), Free: true, Args: f.proofArgs},
		{ID: "province", Parse: parse(textOf(2, 60)), Free: true},
		{ID: "city", Parse: parse(textOf(2, 60)), Free: true},
		{ID: "branchName", Parse: parse(textOf(2, 60)), Free: true},
		{ID: "accountNo", Parse: parse(readAccount), Confirm: true, Do: f.submitTransfer, Args: f.proofArgs,
			Buttons: []actions.Button{f.reverseButton()}},
		{ID: "amount", Parse: f.amount, Enter: f.transferState, Do: f.backfill, Args: f.transferArgs, Fails: []actions.StepID{"bank", "failed"},
			Buttons: []actions.Button{{ID: "progress", Do: f.transferState}, {ID: "bankAgain", Show: f.bounced, To: "bank"}, f.reverseButton(), f.another()},
			Next:    actions.To("passed")},

		{ID: "consent1", Choose: actions.All, Args: f.reverseArgs, Next: actions.By("consent1", map[string]actions.StepID{"yes": "consent2", "no": "noConsent"})},
		{ID: "consent2", Choose: actions.All, Args: f.reverseArgs, Next: actions.By("consent2", map[string]actions.StepID{"yes": "last4", "no": "noConsent"})},
		{ID: "last4", Parse: parse(value.Last4), Skip: func(c *Context) bool { return method(c) != platform.ByPrivatePayment }},
		{ID: "reverse", Confirm: true, Do: f.submitReverse, Args: f.reverseArgs},
		{ID: "arrival", Choose: func(*Context) []string { return []string{"progress"} }, Enter: f.reverseState, Args: f.reverseArgs,
			Do: f.reverseState, Buttons: []actions.Button{{ID: "again", Show: f.reverseFailed, To: "consent1"}, f.another()},
			Next: actions.To("passed")},

		{ID: "letter", Do: f.makeLetter, Args: f.letterArgs},
		{ID: "photo", Parse: func(c *Context, in actions.Input) (string, error) { return f.upload(c, in, platform.FileLetter) },
			Confirm: true, Do: f.uploadLetter, Args: f.letterArgs, Fails: []actions.StepID{"letter"},
			Buttons: []actions.Button{{ID: "new", To: "letter"}, f.another()}, Next: actions.To("review")},

		{ID: "passed", Ends: "passed"},
		{ID: "review", Ends: "review", Args: f.reviewArgs},
		{ID: "failed", Ends: "failed"},
		{ID: "noConsent", Ends: "switch"},
		{ID: "another", Ends: "switch"},
	}}
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
	return "legalRepID"
}

// proofBegins looks at the case, and goes on with a payment that is under way.
func (f *Flows) proofBegins(c *Context) error {
	p, err := f.proofOf(c)
	if err != nil {
		return err
	}
	if b := f.tx(c).TransferOf(p.Subject); method(c) == platform.ByBankPayment && b != nil && b.Open() {
		c.Set("transfer", string(b.ID)) // it was asked for before: on with the sum
		c.Session.Step = "amount"
	}
	if z := f.tx(c).ReverseOf(p.Subject); slices.Contains([]platform.Method{platform.ByPrivatePayment, platform.ByCorporatePayment}, method(c)) &&
		z != nil && z.Status == platform.ReverseWaiting {
		c.Session.Step = "arrival"
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
	if refusedWith(err, platform.UnderReview) {
		return ends(f.words.Refusals[platform.UnderReview], "R07.8", "review")
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

func mobileArgs(c *Context) actions.Args {
	return actions.Args{"mobile": value.Mask(c.Get("legalRepMobile"))}
}

func (f *Flows) startPhone(c *Context) error {
	return f.prove(c, func(t *platform.Tx) error {
		id, err := t.StartPhoneCheck(platform.PhoneForm{Subject: subjectOf(c), LegalRepID: c.Get("legalRepID"), Mobile: c.Get("legalRepMobile"), Privacy: c.Get("privacy") == "yes"})
		c.Set("check", string(id))
		return err
	})
}

func (f *Flows) finishPhone(c *Context) error {
	code := c.Get("legalRepCode")
	c.Set("legalRepCode", "")
	err := f.prove(c, func(t *platform.Tx) error { return t.FinishPhoneCheck(platform.CheckID(c.Get("check")), code) })
	if err == nil {
		f.passed(c)
	}
	return err
}

func (f *Flows) resendPhone(c *Context) error {
	return f.prove(c, func(t *platform.Tx) error { return t.ResendPhoneCode(platform.CheckID(c.Get("check"))) })
}

func (f *Flows) startFace(c *Context) error {
	return f.prove(c, func(t *platform.Tx) error {
		id, err := t.StartFaceCheck(platform.FaceForm{Subject: subjectOf(c), LegalRepID: c.Get("legalRepID"), Privacy: c.Get("privacy") == "yes", Vehicle: "Alipay"})
		c.Set("check", string(id))
		return err
	})
}

func (f *Flows) finishFace(c *Context) error {
	var status platform.CheckStatus
	err := f.prove(c, func(t *platform.Tx) (err error) {
		status, err = t.FinishFaceCheck(platform.CheckID(c.Get("check")))
		return err
	})
	switch {
	case err != nil:
		return err
	case status == platform.CheckPassed:
		f.passed(c)
		return nil
	case status == platform.CheckFailed:
		return &actions.Problem{Text: c.Text("faceFailed", nil), Rule: "R12.27", To: "legalRepMobile"}
	}
	return &actions.Problem{Text: c.Text("facePending", nil), Kept: true}
}

// passed tells the others who wait for the case. The ID number is needed no
// more.
func (f *Flows) passed(c *Context) {
	c.Set("legalRepID", "")
	progress(c, subjectOf(c), c.Text("news", actions.Args{"method": f.term(c.Get("method"))}))
}

func (f *Flows) proofArgs(c *Context) actions.Args {
	a := actions.Args{"account": c.Get("accountNo"), "bank": c.Get("bank"), "branch": c.Get("branchName")}
	if p, err := f.proofOf(c); err == nil {
		a["holder"] = p.Holder
	}
	return a
}

func (f *Flows) submitTransfer(c *Context) error {
	form := platform.TransferForm{Subject: subjectOf(c), Bank: c.Get("bank"), Province: c.Get("province"), City: c.Get("city"),
		Branch: c.Get("branchName"), AccountNo: c.Get("accountNo")}
	err := f.prove(c, func(t *platform.Tx) error {
		id, err := t.SubmitTransfer(form)
		c.Set("transfer", string(id))
		return err
	})
	if err == nil {
		progress(c, subjectOf(c), c.Text("newsTransfer", nil))
	}
	return err
}

func (f *Flows) transfer(c *Context) *platform.BankTransfer {
	return f.tx(c).TransferOf(subjectOf(c))
}

func (f *Flows) bounced(c *Context) bool {
	b := f.transfer(c)
	return b != nil && b.Status == platform.TransferBounced
}

// transferState tells how far the payment is.
func (f *Flows) transferState(c *Context) error {
	if _, err := f.proofOf(c); err != nil {
		return err
	}
	b := f.transfer(c)
	if b == nil {
		return f.tx(c).Err()
	}
	c.Set("transfer", string(b.ID))
	switch b.Status {
	case platform.TransferSubmitted:
		c.Say(c.Text("submitted", nil))
	case platform.TransferSent:
		c.Say(c.Text("sent", actions.Args{"arrives": local(b.ArrivesAt), "tries": strings.Repeat("●", b.TriesLeft)}))
	case platform.TransferBounced:
		c.Say(c.Text("bounced", actions.Args{"reason": b.BounceReason}))
	default:
		return &actions.Problem{Text: f.words.Refusals[platform.NotOpen], To: "failed"}
	}
	return nil
}

func (f *Flows) transferArgs(c *Context) actions.Args {
	a := actions.Args{"holder": "", "remark": "", "account": ""}
	if b := f.transfer(c); b != nil {
		a["holder"], a["remark"] = b.AccountName, b.Remark
		if n := len(b.AccountNo); n > 4 {
			a["account"] = b.AccountNo[n-4:]
		}
	}
	return a
}

func (f *Flows) backfill(c *Context) error {
	id := platform.TransferID(c.Get("transfer"))
	err := f.tx(c).Backfill(id, c.Get("amount"))
	if f.tx(c).Err() != nil {
		return f.tx(c).Err()
	}
	if b := f.tx(c).Transfer(id); err != nil && b != nil && b.Status == platform.TransferExhausted {
		return &actions.Problem{Text: c.Text("exhausted", nil), Rule: "R11.18", To: "failed"}
	}
	if err = f.settled(c, err); err == nil {
		f.passed(c)
	}
	return err
}

func (f *Flows) reverseArgs(c *Context) actions.Args {
	payee := f.p.Payee()
	a := actions.Args{"payeeName": payee.Name, "payeeBank": payee.Bank, "payeeBranch": payee.Branch, "payeeAccount": payee.Account, "payeeCNAPS": payee.CNAPS,
		"payer": "", "date": c.Now.In(shanghai).Format("2006年1月2日"), "last4": c.Get("last4"), "private": "", "deadline": ""}
	if p, err := f.proofOf(c); err == nil {
		a["payer"] = p.Holder + c.Text("corporate", nil)
		if method(c) == platform.ByPrivatePayment {
			a["payer"] = c.Text("ownCard", nil)
		}
	}
	if z := f.tx(c).ReverseOf(subjectOf(c)); z != nil {
		a["deadline"] = local(z.ExpiresAt)
	}
	return a
}

func (f *Flows) submitReverse(c *Context) error {
	return f.prove(c, func(t *platform.Tx) error {
		_, err := t.SubmitReverse(platform.ReverseForm{Subject: subjectOf(c), Consent1: c.Get("consent1") == "yes", Consent2: c.Get("consent2") == "yes", Last4: c.Get("last4")})
		return err
	})
}

func (f *Flows) reverseFailed(c *Context) bool {
	z := f.tx(c).ReverseOf(subjectOf(c))
	return z != nil && (z.Status == platform.ReverseFailed || z.Status == platform.ReverseExpired)
}

// reverseState looks for the payment. One that has arrived has settled the case
// by itself, which proofOf tells.
func (f *Flows) reverseState(c *Context) error {
	if _, err := f.proofOf(c); err != nil {
		return err
	}
	z := f.tx(c).ReverseOf(subjectOf(c))
	if z == nil {
		return f.tx(c).Err()
	}
	text := c.Text("waiting", nil)
	if z.Status == platform.ReverseFailed {
		text = c.Text("reverseFailed", actions.Args{"reason": f.term(z.FailedCondition)})
	}
	return &actions.Problem{Text: text, Kept: true}
}

func (f *Flows) makeLetter(c *Context) error {
	return f.prove(c, func(t *platform.Tx) error {
		l, err := t.GenerateLetter(subjectOf(c))
		if err == nil {
			c.Set("letterID", string(l.ID))
		}
		return err
	})
}

func (f *Flows) letterArgs(c *Context) actions.Args {
	a := actions.Args{"title": platform.LetterTitle, "company": "", "grantee": "", "account": "", "date": "", "link": ""}
	if l := f.tx(c).Letter(platform.LetterID(c.Get("letterID"))); l != nil {
		a["company"], a["grantee"], a["account"], a["date"] = l.Fields.Company, l.Fields.GranteeName, value.Mask(l.Fields.GranteeAccount), l.Fields.Date
	}
	return a
}

func (f *Flows) uploadLetter(c *Context) error {
	err := f.tx(c).UploadLetter(platform.LetterID(c.Get("letterID")), platform.FileID(c.Get("photo")))
	if f.tx(c).Err() != nil {
		return f.tx(c).Err()
	}
	if refusedWith(err, platform.StaleLetter) {
		return &actions.Problem{Text: f.words.Explain(err), Rule: "R12.35", To: "letter"}
	}
	if err = f.settled(c, err); err == nil {
		progress(c, subjectOf(c), c.Text("newsLetter", nil))
	}
	return err
}

func (f *Flows) reviewArgs(c *Context) actions.Args {
	a := actions.Args{"due": ""}
	if q := f.tx(c).ReviewOf(subjectOf(c)); q != nil {
		a["due"] = local(q.DueAt)
	}
	return a
}
