package platform

import (
	"context"
	"encoding/binary"
	"errors"
	"strconv"
	"time"

	"signdesk/actions/platform/value"
	"signdesk/data/store"
)

// Small payments to corporate accounts (B14, G3, G4).
const (
	maxDrawn      = 98 // fen: 「少于0.99元」
	transferTries = 3
	transferLife  = 7 * 24 * time.Hour
)

// Remarks of payments, as printed (R11.21, R12.44).
const (
	remarkCertification = "款项用于上上签平台企业实名认证和申请CA证书，请在上上签页面回填金额"
	remarkPermission    = "企业打款认证款项，请在 上上签 页面回填金额"
)

// Open reports whether the payment can still prove its case.
func (b *BankTransfer) Open() bool {
	return b.Status == TransferSubmitted || b.Status == TransferSent
}

// TransferForm names a corporate account (R11.15). Its holder is the
// enterprise and cannot be chosen.
type TransferForm struct {
	Subject                                 Subject
	Bank, Province, City, Branch, AccountNo string
}

const textMin, textMax = 2, 60

// SubmitTransfer asks for a payment of a secret sum below 1 yuan to the
// enterprise's account.
func (t *Tx) SubmitTransfer(f TransferForm) (TransferID, error) {
	defer t.in("transfer.submit")()
	sub, r := t.proving(f.Subject, ByBankPayment)
	if r != nil || t.err != nil {
		return "", t.failure(r)
	}
	for _, field := range []struct {
		name string
		text *string
	}{{"bank", &f.Bank}, {"province", &f.Province}, {"city", &f.City}, {"branch", &f.Branch}} {
		if *field.text == "" {
			return "", missing(field.name, "R11.15")
		}
		var ok bool
		if *field.text, ok = value.Text(*field.text, textMin, textMax); !ok {
			return "", bad(field.name, "R11.15")
		}
	}
	account, ok := value.BankAccount(f.AccountNo)
	switch {
	case f.AccountNo == "":
		return "", missing("accountNo", "R11.15")
	case !ok:
		return "", bad("accountNo", "R11.15")
	case transfers.find(t, "open", subjectKey(f.Subject)) != nil:
		return "", t.failure(refuse(AlreadyOpen, ""))
	}
	b := &BankTransfer{ID: newID[TransferID](t, "B-"), EnterpriseID: sub.enterprise.ID, Subject: f.Subject, AccountName: sub.holder,
		Bank: f.Bank, Province: f.Province, City: f.City, Branch: f.Branch, AccountNo: account, Remark: remarkCertification,
		Status: TransferSubmitted, TriesLeft: transferTries, ExpiresAt: t.at.Add(transferLife)}
	if sub.request != nil {
		b.Remark = remarkPermission
	}
	b.Amount = t.p.draw(account, binary.BigEndian.Uint64(t.random(8)))
	transfers.save(t, b)
	t.started(sub, ByBankPayment)
	return b.ID, t.err
}

// Backfill takes the sum that arrived, as somebody typed it. Only the exact
// one passes (R11.18); a wrong one uses up a try.
func (t *Tx) Backfill(id TransferID, typed string) error {
	defer t.in("transfer.backfill")()
	b := transfers.get(t, id)
	if b == nil {
		return t.failure(refuse(NotFound, ""))
	}
	sub, r := t.proving(b.Subject, ByBankPayment)
	switch {
	case t.err != nil || r != nil:
		return t.failure(r)
	case b.Status != TransferSent || !t.at.Before(b.ExpiresAt):
		return refuse(NotOpen, "R11.17")
	}
	fen, err := value.Backfill(typed)
	if err != nil {
		return amountRefusal(err)
	}
	if fen != b.Amount {
		return t.failure(t.wrongAmount(sub, b))
	}
	b.Status = TransferVerified
	transfers.save(t, b)
	t.proved(sub, ByBankPayment)
	return t.err
}

func amountRefusal(err error) *Refusal {
	switch {
	case errors.Is(err, value.ErrAmountScale):
		return refuse(BadAmountScale, "R11.16")
	case errors.Is(err, value.ErrAmountRange):
		return refuse(BadAmountRange, "R11.16")
	}
	return refuse(BadAmountForm, "R11.16")
}

func (t *Tx) wrongAmount(sub *subject, b *BankTransfer) *Refusal {
	b.TriesLeft--
	if b.TriesLeft == 0 {
		b.Status = TransferExhausted
	}
	transfers.save(t, b)
	if b.Status == TransferExhausted {
		t.notProved(sub)
	}
	return refuse(WrongAmount, "R11.18", "left", strconv.Itoa(b.TriesLeft))
}

// Transfer returns a transfer without its sum.
func (t *Tx) Transfer(id TransferID) *BankTransfer {
	if b := transfers.get(t, id); b != nil {
		b.Amount = 0
		return b
	}
	return nil
}

// TransferOf returns the last transfer for a case, without its sum, or nil
// (R11.19, R11.20).
func (t *Tx) TransferOf(s Subject) *BankTransfer {
	var last *BankTransfer
	for _, b := range transfers.list(t, "subject", subjectKey(s)) {
		if last == nil || b.CreatedAt.After(last.CreatedAt) {
			last = b
		}
	}
	if last != nil {
		last.Amount = 0
	}
	return last
}

// PayOut gives the bank the payments that wait, at most limit, and notes what
// it answered. It returns how many it dealt with. It may be run by several at
// once: the bank pays an order once, and the answer is noted once.
func (p *Platform) PayOut(ctx context.Context, limit int) (int, error) {
	var waiting []*BankTransfer
	err := p.View(ctx, func(t *Tx) error {
		waiting = transfers.listRange(t, "submitted", store.Range{Limit: limit})
		return nil
	})
	for i, b := range waiting {
		act := p.NewAct(Actor{System: "bank"}, "")
		res, err := p.ports.Bank.Pay(ctx, PayOrder{ID: string(b.ID), AccountName: b.AccountName, Bank: b.Bank, Province: b.Province,
			City: b.City, Branch: b.Branch, AccountNo: b.AccountNo, Remark: b.Remark, Amount: b.Amount, At: act.At})
		if err != nil {
			return i, &PortError{"bank", err}
		}
		if err := p.Run(ctx, act, func(t *Tx) error { return t.transferPaid(b.ID, res) }); err != nil {
			return i, err
		}
	}
	return len(waiting), err
}

// transferPaid notes the bank's answer and tells the applicant (T10).
func (t *Tx) transferPaid(id TransferID, res PayResult) error {
	defer t.in("transfer.paid")()
	b := transfers.get(t, id)
	if b == nil || b.Status != TransferSubmitted {
		return t.err // noted already
	}
	if res.Bounced {
		return t.bounce(b, res.Reason)
	}
	b.Status, b.SentAt, b.ArrivesAt = TransferSent, t.at, res.Arrives
	transfers.save(t, b)
	if sub, r := t.openSubject(b.Subject); r == nil && t.err == nil {
		t.notify(t.loginOf(sub.applicant), NoticePaid, b.Subject.ID, "company", b.AccountName)
	}
	return t.err
}

// TransferBounced notes that a payment came back.
func (t *Tx) TransferBounced(id TransferID, reason string) error {
	defer t.in("transfer.bounced")()
	b := transfers.get(t, id)
	if b == nil || !b.Open() {
		return t.failure(refuse(NotOpen, ""))
	}
	return t.bounce(b, reason)
}

func (t *Tx) bounce(b *BankTransfer, reason string) error {
	b.Status, b.BounceReason = TransferBounced, reason
	transfers.save(t, b)
	if sub, r := t.openSubject(b.Subject); r == nil && t.err == nil {
		if sub.certification != nil {
			t.notProved(sub)
		}
		t.notify(t.loginOf(sub.applicant), NoticeBounced, b.Subject.ID, "company", b.AccountName, "reason", reason)
	}
	return t.err
}

func (t *Tx) loginOf(id AccountID) string {
	if a := accounts.get(t, id); a != nil {
		return a.Login()
	}
	return ""
}
