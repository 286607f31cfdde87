package platform

import (
	"strings"
	"time"

	"signdesk/actions/platform/calendar"
	"signdesk/actions/platform/value"
	"signdesk/data/store"
)

// Payments to the platform (B15).
const (
	reverseAmount   value.Fen = 1
	reverseCurrency           = "CNY"
	reverseLife               = 7 * 24 * time.Hour
)

// ReverseForm asks to prove by a payment of 0.01 yuan to the platform: from the
// legal representative's own card (R05.2) or the corporate account (R12.41).
type ReverseForm struct {
	Subject            Subject
	Consent1, Consent2 bool
	Last4              string // of the card; private payments only
}

// SubmitReverse waits for the payment. What must be met is on the record that
// [Tx.Reverse] returns.
func (t *Tx) SubmitReverse(f ReverseForm) (ReverseID, error) {
	defer t.in("reverse.submit")()
	sub, m, r := t.reverseSubject(f.Subject)
	if r != nil || t.err != nil {
		return "", t.failure(r)
	}
	if !f.Consent1 || !f.Consent2 {
		return "", refuse(ConsentMissing, map[Method]string{ByPrivatePayment: "R05.3", ByCorporatePayment: "R12.41"}[m])
	}
	z := &ReverseTransfer{EnterpriseID: sub.enterprise.ID, Subject: f.Subject, PayerKind: Corporate, PayerName: sub.holder,
		Amount: reverseAmount, Currency: reverseCurrency, NotBefore: calendar.StartOfDay(t.at).UTC(), Payee: t.p.payee,
		Consents: [2]time.Time{t.at, t.at}, Status: ReverseWaiting, ExpiresAt: t.at.Add(reverseLife)}
	if m == ByPrivatePayment {
		last4, ok := value.Last4(f.Last4)
		if !ok {
			return "", bad("last4", "R05.4")
		}
		z.PayerKind, z.PayerName, z.Last4 = LegalRepPrivate, sub.legalRep, last4
	}
	if reverses.find(t, "open", subjectKey(f.Subject)) != nil || t.awaited(z) {
		return "", t.failure(refuse(AlreadyOpen, ""))
	}
	z.ID = newID[ReverseID](t, "Z-")
	reverses.save(t, z)
	t.started(sub, m)
	return z.ID, t.err
}

// awaited reports whether another case waits for a payment from the same payer.
// One whose case was settled otherwise, or given up, ends here (R01.7).
func (t *Tx) awaited(z *ReverseTransfer) bool {
	old := reverses.find(t, "payer", key(z.PayerName, z.Last4, z.Payee.Account))
	if old == nil {
		return false
	}
	if _, r := t.openSubject(old.Subject); r == nil {
		return true
	}
	old.Status = ReverseExpired
	reverses.save(t, old)
	return false
}

// reverseSubject returns the case and the kind of payment that it allows:
// private for certifications of sole traders (R06.1, G14), corporate for
// permission requests, none for appeals.
func (t *Tx) reverseSubject(s Subject) (*subject, Method, *Refusal) {
	switch s.Kind {
	case OnRequest:
		sub, r := t.proving(s, ByCorporatePayment)
		return sub, ByCorporatePayment, r
	case OnCertification:
		if c := certifications.get(t, CertificationID(s.ID)); c != nil && c.EntityType != SoleTrader && t.actsFor(c.AccountID, s, RoleFinance) {
			return nil, "", refuse(NoPrivatePayment, "R06.1")
		}
	}
	sub, r := t.proving(s, ByPrivatePayment)
	return sub, ByPrivatePayment, r
}

// Reverse returns a reverse transfer, or nil.
func (t *Tx) Reverse(id ReverseID) *ReverseTransfer { return reverses.get(t, id) }

// ReverseOf returns the last reverse transfer for a case, or nil (R12.42).
func (t *Tx) ReverseOf(s Subject) *ReverseTransfer {
	var last *ReverseTransfer
	for _, z := range reverses.list(t, "subject", subjectKey(s)) {
		if last == nil || z.Status == ReverseWaiting || last.Status != ReverseWaiting && z.CreatedAt.After(last.CreatedAt) {
			last = z
		}
	}
	return last
}

// The conditions of a reverse transfer, in the order in which they are checked.
const (
	ConditionPayer    = "payer"    // R05.5, R05.6, R12.41
	ConditionAccount  = "account"  // R05.4
	ConditionAmount   = "amount"   // R05.7
	ConditionCurrency = "currency" // R05.8
	ConditionDate     = "date"     // R05.9
	ConditionPayee    = "payee"    // R05.10
)

// Arrived takes a payment that the bank reports and settles the case that waits
// for it, if all conditions are met; the first broken one fails it (R05.14). A
// payment reported twice counts once. It returns the reverse transfer that the
// payment was taken for, "" if none.
func (t *Tx) Arrived(pay IncomingPayment) (ReverseID, error) {
	defer t.in("payment.arrived")()
	if old := incomings.get(t, pay.ID); old != nil || t.err != nil {
		if old != nil {
			return old.MatchedWith, t.err
		}
		return "", t.err
	}
	z := t.waitingFor(&pay)
	if z == nil || t.err != nil {
		incomings.save(t, &pay)
		return "", t.err
	}
	pay.MatchedWith = z.ID
	incomings.save(t, &pay)
	z.IncomingID = pay.ID
	z.FailedCondition = z.broken(&pay)
	z.Status = ReverseMatched
	if z.FailedCondition != "" {
		z.Status = ReverseFailed
	}
	reverses.save(t, z)
	sub, r := t.openSubject(z.Subject)
	if r != nil || t.err != nil {
		return z.ID, t.err // the case was settled otherwise meanwhile
	}
	if z.Status == ReverseFailed {
		t.notProved(sub)
		return z.ID, t.err
	}
	if z.PayerKind == LegalRepPrivate {
		t.proved(sub, ByPrivatePayment)
	} else {
		t.proved(sub, ByCorporatePayment)
	}
	return z.ID, t.err
}

// waitingFor returns the reverse transfer that a payment is meant for: by the
// payer's name, or by the account when exactly one waits for that.
func (t *Tx) waitingFor(pay *IncomingPayment) *ReverseTransfer {
	byName := reverses.list(t, "payer", key(pay.PayerName))
	for _, z := range byName {
		if z.Last4 == "" || strings.HasSuffix(pay.PayerAccount, z.Last4) {
			return z
		}
	}
	if len(byName) > 0 {
		return byName[0]
	}
	if len(pay.PayerAccount) < 4 {
		return nil
	}
	byAccount := reverses.listRange(t, "last4", store.Prefix(key(pay.PayerAccount[len(pay.PayerAccount)-4:])))
	if len(byAccount) != 1 {
		return nil
	}
	return byAccount[0]
}

// broken returns the first condition that the payment does not meet, or "".
func (z *ReverseTransfer) broken(pay *IncomingPayment) string {
	switch {
	case pay.PayerName != z.PayerName:
		return ConditionPayer
	case z.Last4 != "" && !strings.HasSuffix(pay.PayerAccount, z.Last4):
		return ConditionAccount
	case pay.Currency != z.Currency:
		return ConditionCurrency
	case pay.Amount != z.Amount:
		return ConditionAmount
	case pay.ValueDate.Before(z.NotBefore):
		return ConditionDate
	case pay.PayeeAccount != z.Payee.Account:
		return ConditionPayee
	}
	return ""
}
