package flows

import (
	"cmp"
	"strconv"

	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
)

func (f *Flows) proofArgs(c *Context) actions.Args {
	a := actions.Args{"account": c.Get("accountNo"), "bank": c.Get("bank"), "branch": c.Get("branch"), "province": c.Get("province"), "city": c.Get("city")}
	if p, err := f.proofOf(c); err == nil {
		a["holder"] = p.Holder
	}
	return a
}

func (f *Flows) submitTransfer(c *Context) error {
	form := platform.TransferForm{Subject: subjectOf(c), Bank: c.Get("bank"), Province: c.Get("province"), City: c.Get("city"),
		Branch: c.Get("branch"), AccountNo: c.Get("accountNo")}
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

// transferOpen tells how far a payment is that was asked for before.
func (f *Flows) transferOpen(c *Context) error {
	if b := f.transfer(c); b != nil && b.Status == platform.TransferSubmitted {
		c.Set("transfer", string(b.ID))
		_, err := f.proofOf(c)
		return err
	}
	return f.transferState(c)
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
		c.Say(c.Text("sent", actions.Args{"arrives": local(b.ArrivesAt), "tries": strconv.Itoa(b.TriesLeft)}))
	case platform.TransferBounced:
		c.Say(c.Text("bounced", actions.Args{"reason": b.BounceReason}))
	default:
		return &actions.Problem{Text: f.words.Refusals[platform.NotOpen], To: "failed"}
	}
	return nil
}

// payerAccount tells whose account the payment came from, for those who return
// it (R11.20).
func (f *Flows) payerAccount(c *Context) error {
	payee := f.p.Payee()
	c.Say(c.Text("payerAccount", actions.Args{"name": payee.Name, "bank": payee.Bank, "branch": payee.Branch, "account": payee.Account}))
	return nil
}

func (f *Flows) transferArgs(c *Context) actions.Args {
	a := actions.Args{"holder": "", "remark": "", "account": "", "back": c.Text("comeBack", nil)}
	if c.Link != "" {
		a["back"] = c.Text("comeBackByLink", nil)
	}
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
	if b := f.tx(c).Transfer(id); b != nil && (b.Status == platform.TransferSubmitted || b.Status == platform.TransferBounced) {
		err := f.transferState(c) // nothing has arrived
		return cmp.Or(err, error(&actions.Problem{Text: c.Text("nothingArrived", nil), Kept: true}))
	}
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
	err := f.prove(c, func(t *platform.Tx) error {
		_, err := t.SubmitReverse(platform.ReverseForm{Subject: subjectOf(c), Consent1: c.Get("consent1") == "yes", Consent2: c.Get("consent2") == "yes", Last4: c.Get("last4")})
		return err
	})
	if err == nil {
		progress(c, subjectOf(c), c.Text("newsReverse", nil))
	}
	return err
}

func (f *Flows) reverseFailed(c *Context) bool {
	z := f.tx(c).ReverseOf(subjectOf(c))
	return z != nil && (z.Status == platform.ReverseFailed || z.Status == platform.ReverseExpired)
}

// arrivalOpen ends the flow if the payment has arrived already.
func (f *Flows) arrivalOpen(c *Context) error {
	_, err := f.proofOf(c)
	if err == nil && f.reverseFailed(c) {
		return f.reverseState(c)
	}
	return err
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
	a := actions.Args{"title": platform.LetterTitle}
	l := f.tx(c).Letter(platform.LetterID(c.Get("letterID")))
	if l == nil {
		l = &platform.AuthorizationLetter{}
	}
	a["company"], a["legalRep"], a["registration"], a["companyAccount"] = l.Fields.Company, l.Fields.LegalRep, l.Fields.Registration, value.Mask(l.Fields.CompanyAccount)
	a["grantee"], a["account"], a["date"] = l.Fields.GranteeName, value.Mask(l.Fields.GranteeAccount), l.Fields.Date
	a["scopes"] = c.Text("noScopes", nil)
	if l.Fields.SignScope != "" {
		a["scopes"] = f.scopes(l.Fields.ViewScope, l.Fields.SignScope)
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
