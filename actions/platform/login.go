package platform

import (
	"slices"

	"signdesk/actions/platform/value"
)

// SendLoginCode sends a code to a login, so that a conversation can be bound to
// its account. It says nothing of whether there is one: without an account the
// code is of no use, and nothing is sent.
func (t *Tx) SendLoginCode(login, conversation string) error {
	defer t.in("login.code")()
	login, ok := value.Login(login)
	if !ok {
		return bad("login", "")
	}
	if t.AccountByLogin(login) == nil || t.err != nil {
		return t.err
	}
	return t.end(t.issueCode(login, CodeLogin, conversation))
}

// Login takes the code that SendLoginCode sent and returns the account.
func (t *Tx) Login(login, conversation, code string) (AccountID, error) {
	defer t.in("login")()
	login, ok := value.Login(login)
	if !ok {
		return "", bad("login", "")
	}
	if r := t.useCode(login, CodeLogin, conversation, code); r != nil || t.err != nil {
		return "", t.failure(r)
	}
	a := t.AccountByLogin(login)
	if a == nil || a.Status != AccountActive {
		return "", t.failure(refuse(NotFound, ""))
	}
	return a.ID, t.err
}

// A Proof is what a case waits for, for whoever leads people through it.
type Proof struct {
	Subject    Subject
	Applicant  AccountID
	Name       string // of the applicant
	Enterprise string
	Holder     string   // of the corporate account
	Methods    []Method // by which it can be proved
	LegalRep   string   // who must agree
	IDMasked   string   // his ID number; "" if it is not on file
	AskID      bool     // the legal representative's ID number must be entered
	Contract   *Contract
	Request    *PermissionRequest // nil unless the case is one
}

// ProofOf returns what a case waits for, to its applicant or the bearer of a
// link to it. A case that waits no more is refused with NotOpen or UnderReview.
func (t *Tx) ProofOf(s Subject) (*Proof, error) {
	sub, r := t.openSubject(s)
	if r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	if !t.mayLookAt(sub) {
		return nil, t.failure(refuse(NotFound, ""))
	}
	p := &Proof{Subject: s, Applicant: sub.applicant, Name: sub.applicantName(t), Enterprise: sub.enterprise.Name, Holder: sub.holder,
		Methods: slices.Clone(sub.methods), AskID: sub.askID || sub.idHash == "", Request: sub.request}
	p.LegalRep = sub.legalRep
	if sub.certification != nil {
		p.Enterprise = sub.holder
		if sub.certification.PersonKind == IsLegalRep {
			p.IDMasked = sub.certification.IDMasked
		}
	}
	if sub.request != nil {
		p.Contract = contracts.get(t, sub.request.ContractID)
	}
	return p, t.err
}

func (t *Tx) mayLookAt(sub *subject) bool {
	if t.by.Link != "" {
		l := links.get(t, LinkCode(t.by.Link))
		return l != nil && l.Kind == LinkApprove && l.Subject == sub.Subject
	}
	return t.by.Account == sub.applicant
}

// Settled tells how a case stands: passed, failed, or still open. One that ran
// out is not open, unless staff are still to decide it.
func (t *Tx) Settled(s Subject) (passed, open bool) {
	if st, _ := t.record(s); st != nil {
		return st.Passed, st.Open
	}
	return false, false
}

// CasesUnderWay returns all of an account's cases that are open, also those that
// staff look at.
func (t *Tx) CasesUnderWay(account AccountID) []Subject {
	return slices.DeleteFunc(t.casesOf(account), func(s Subject) bool {
		_, open := t.Settled(s)
		return !open
	})
}

// OpenCases returns what an account has under way that somebody else could help
// with: permission requests, appeals and certifications that wait for a proof.
func (t *Tx) OpenCases(account AccountID) []Subject {
	return slices.DeleteFunc(t.casesOf(account), func(s Subject) bool {
		_, r := t.openSubject(s)
		return r != nil
	})
}

func (t *Tx) casesOf(account AccountID) []Subject {
	var out []Subject
	for _, q := range requests.list(t, "applicant", key(account)) {
		out = append(out, q.ID.Subject())
	}
	for _, a := range appeals.list(t, "account", key(account)) {
		out = append(out, a.ID.Subject())
	}
	for _, c := range certifications.list(t, "account", key(account)) {
		out = append(out, c.ID.Subject())
	}
	return out
}
