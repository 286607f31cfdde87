package platform

import (
	"slices"
	"time"

	"signdesk/actions/platform/value"
)

// A Waiter is whom a case waits for.
type Waiter string

// Whom cases wait for: somebody in a role, or others.
const (
	WaitsForApplicant  Waiter = "Applicant"
	WaitsForLegalRep   Waiter = "LegalRep"
	WaitsForSealKeeper Waiter = "SealKeeper"
	WaitsForFinance    Waiter = "Finance"
	WaitsForMainAdmin  Waiter = "MainAdmin"
	WaitsForStaff      Waiter = "Staff"
	WaitsForBank       Waiter = "Bank"
)

// A Standing is how far a case is: the same for all who watch it.
type Standing struct {
	Passed, Open bool
	Status       string // of the record
	Reason       string // of a rejection
	Enterprise   string
	Contract     ContractID
	// WaitsFor is who has to do something now; "" if nobody.
	WaitsFor Waiter
	Name     string    // of the main administrator, if he is waited for
	To       string    // masked login that the link of whom is waited for went to; "" without a link
	Until    time.Time // by when he has to
}

// StandingOf tells how far a case is, to its applicant.
func (t *Tx) StandingOf(s Subject) (*Standing, error) {
	st, applicant := t.record(s)
	if st == nil || t.by.Account == "" || applicant != t.by.Account {
		return nil, t.failure(refuse(NotFound, ""))
	}
	if st.Open {
		t.waits(s, st)
	}
	return st, t.err
}

// record returns what the record of a case says, and whose case it is.
func (t *Tx) record(s Subject) (st *Standing, applicant AccountID) {
	switch s.Kind {
	case OnCertification:
		if c := certifications.get(t, CertificationID(s.ID)); c != nil {
			st, applicant = &Standing{Passed: c.Status == CertPassed, Open: c.Status.Open(), Status: string(c.Status), Reason: c.RejectReason,
				Enterprise: c.Submitted.Name, Until: c.Deadline}, c.AccountID
		}
	case OnAppeal:
		if a := appeals.get(t, AppealID(s.ID)); a != nil {
			st, applicant = &Standing{Passed: a.Status == AppealSucceeded, Open: a.Status.Open(), Status: string(a.Status),
				Enterprise: t.nameOf(a.EnterpriseID), Contract: a.ContractID, Until: a.ExpiresAt}, a.AccountID
		}
	case OnRequest:
		if q := requests.get(t, RequestID(s.ID)); q != nil {
			st, applicant = &Standing{Passed: q.Status == RequestApproved, Open: q.Status == RequestDraft || q.Status == RequestPending, Status: string(q.Status),
				Reason: q.Reason, Enterprise: t.nameOf(q.EnterpriseID), Contract: q.ContractID, Until: q.ExpiresAt}, q.ApplicantAccountID
		}
	}
	if st != nil && st.Open && !t.at.Before(st.Until) && t.ReviewOf(s) == nil {
		st.Open, st.Status = false, string(RequestExpired) // not swept yet; cases have this word in common
	}
	return st, applicant
}

func (t *Tx) nameOf(id EnterpriseID) string {
	if e := enterprises.get(t, id); e != nil {
		return e.Name
	}
	return ""
}

// waits finds out for whom an open case waits: staff and the bank first, then
// whoever is asked and got a link, then the applicant.
func (t *Tx) waits(s Subject, st *Standing) {
	if task := t.ReviewOf(s); task != nil {
		st.WaitsFor, st.Until = WaitsForStaff, task.DueAt
		return
	}
	if b := t.TransferOf(s); b != nil && b.Open() && t.at.Before(b.ArrivesAt) {
		st.WaitsFor, st.Until = WaitsForBank, b.ArrivesAt
		return
	}
	l := t.lastLink(s)
	if q := t.Request(RequestID(s.ID)); s.Kind == OnRequest && q != nil {
		asked := links.find(t, "active", subjectKey(s).Str(string(q.Way))) // ways are called as roles are
		if asked != nil && t.at.Before(asked.ExpiresAt) || q.Way == AskMainAdmin {
			l = asked
		}
		if admin := t.MainAdmin(q.EnterpriseID); admin != nil && q.Way == AskMainAdmin {
			st.Name, st.To, st.WaitsFor = admin.Name, value.Mask(admin.Login), WaitsForMainAdmin
		}
	}
	if l == nil {
		if st.WaitsFor == "" {
			st.WaitsFor = WaitsForApplicant
		}
		return
	}
	st.WaitsFor, st.To, st.Until = Waiter(l.Role), value.Mask(l.RecipientLogin), l.ExpiresAt
}

// lastLink returns the link of a case that was sent last to a helper and can be
// used, or nil.
func (t *Tx) lastLink(s Subject) *ShortLink {
	var last *ShortLink
	for _, l := range links.list(t, "subject", key(s.ID)) {
		if l.Kind == LinkApprove && l.Status == LinkActive && l.Role != RoleMainAdmin && t.at.Before(l.ExpiresAt) &&
			(last == nil || l.CreatedAt.After(last.CreatedAt)) {
			last = l
		}
	}
	return last
}

// A LinkPage is what the page behind an approve link shows to whoever bears it.
type LinkPage struct {
	Role       LinkRole
	Subject    Subject
	Brand      string
	Enterprise string
	Name       string // of the applicant
	Account    string // the applicant's, masked
	Contract   string // title; "" if there is none
	Sender     string
	Deadline   time.Time // until then the link can be used
	InReview   bool      // a letter was submitted, and staff decide
	Methods    []Method
	Request    *PermissionRequest // nil unless that is the case
	Seals      []*Seal            // that the main administrator may grant
	AdminLogin string             // masked: where the main administrator's code goes
}

// LinkPage returns the page of the actor's link. Of links that cannot be used
// any more it tells only why.
func (t *Tx) LinkPage() (*LinkPage, error) {
	l, err := t.Link(LinkCode(t.by.Link))
	if err != nil {
		return nil, err
	}
	if l.Kind != LinkApprove {
		return nil, refuse(NotFound, "")
	}
	sub, r := t.openSubject(l.Subject)
	if r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	p := &LinkPage{Role: l.Role, Subject: l.Subject, Brand: t.p.brand, Enterprise: sub.holder, Name: sub.applicantName(t),
		Account: value.Mask(t.loginOf(sub.applicant)), Deadline: l.ExpiresAt, InReview: t.ReviewOf(l.Subject) != nil, Request: sub.request}
	p.Methods = slices.DeleteFunc(slices.Clone(sub.methods), func(m Method) bool { return roleOf[m] != l.Role })
	var contract ContractID
	switch {
	case sub.request != nil:
		contract = sub.request.ContractID
	case sub.appeal != nil:
		contract = sub.appeal.ContractID
	}
	if c := contracts.get(t, contract); c != nil {
		p.Contract, p.Sender = c.Title, t.nameOf(c.SenderEnterpriseID)
	}
	if l.Role == RoleMainAdmin {
		p.Seals = t.SealsOf(sub.enterprise.ID)
		if admin := t.MainAdmin(sub.enterprise.ID); admin != nil {
			p.AdminLogin = value.Mask(admin.Login)
		}
	}
	return p, t.err
}

// HelperOf returns, masked, whom the link of the actor's case went to in a role;
// "" if there is none that can be used.
func (t *Tx) HelperOf(s Subject, role LinkRole) string {
	_, r := t.ownSubject(s)
	l := links.find(t, "active", subjectKey(s).Str(string(role)))
	if r != nil || l == nil || !t.at.Before(l.ExpiresAt) {
		return ""
	}
	return value.Mask(l.RecipientLogin)
}

// Knows reports whether there is such a case.
func (t *Tx) Knows(s Subject) bool {
	st, _ := t.record(s)
	return st != nil
}
