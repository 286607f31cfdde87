package platform

import (
	"time"
)

// appealLife is how long an appeal waits (P).
const appealLife = 7 * 24 * time.Hour

// appealRules says which rule decides the methods of each case.
var appealRules = map[AppealCase]string{
	CaseUnchanged: "R11.5", CaseLegalRepChanged: "R11.6", CaseNameChanged: "R11.7", CaseBothChanged: "R11.8",
}

// appealMethods returns by which an appeal can be proved (R11.5-R11.9); phone
// and face only of a sole legal representative who is a citizen (G13).
func appealMethods(c AppealCase, e *Enterprise) []Method {
	var m []Method
	if (c == CaseUnchanged || c == CaseNameChanged) && !e.AgentOnly {
		m = append(m, ByLegalRepPhone, ByLegalRepFace)
	}
	if c == CaseUnchanged || c == CaseLegalRepChanged {
		m = append(m, ByBankPayment)
	}
	return m
}

// StartAppeal begins an appeal of the actor to become main administrator of the
// enterprise of exactly that name (see [Tx.EnterpriseCalled], R18.17), and sends him a code (R11.4). The
// contract that led here may be empty.
func (t *Tx) StartAppeal(company string, contract ContractID) (AppealID, error) {
	defer t.in("appeal.start")()
	a, r := t.account()
	if r != nil || t.err != nil {
		return "", t.failure(r)
	}
	e := t.EnterpriseCalled(company)
	if e == nil || t.err != nil {
		return "", t.failure(refuse(NotFound, "R18.17"))
	}
	if t.isAdmin(e) {
		return "", refuse(AlreadyAdmin, "R11.10")
	}
	old := appeals.find(t, "open", key(a.ID, string(e.ID)))
	if old != nil && t.at.Before(old.ExpiresAt) || t.err != nil {
		return "", t.failure(refuse(AlreadyOpen, "R11.4"))
	}
	id := newID[AppealID](t, "U-")
	if r := t.issueCode(a.Login(), CodeAppeal, string(id)); r != nil || t.err != nil {
		return "", t.failure(r)
	}
	if old != nil {
		t.endAppeal(old, AppealExpired)
	}
	appeals.save(t, &Appeal{ID: id, AccountID: a.ID, EnterpriseID: e.ID, ContractID: contract, Status: AppealDraft, ExpiresAt: t.at.Add(appealLife)})
	return id, t.err
}

// ownAppeal returns an appeal of the actor that has not ended.
func (t *Tx) ownAppeal(id AppealID) (*Appeal, *Refusal) {
	a := appeals.get(t, id)
	if a == nil || t.by.Account == "" || a.AccountID != t.by.Account {
		return nil, refuse(NotFound, "")
	}
	if a.Status.Open() && !t.at.Before(a.ExpiresAt) {
		return nil, refuse(NotOpen, "R11.4")
	}
	return a, nil
}

// ResendAppealCode sends the code anew.
func (t *Tx) ResendAppealCode(id AppealID) error {
	defer t.in("appeal.code")()
	a, r := t.ownAppeal(id)
	if r == nil && t.err == nil {
		if a.Status != AppealDraft {
			return refuse(NotOpen, "R11.4")
		}
		r = t.issueCode(t.loginOf(a.AccountID), CodeAppeal, string(a.ID))
	}
	return t.end(r)
}

// VerifyAppealCode takes the code that the applicant received (R11.4).
func (t *Tx) VerifyAppealCode(id AppealID, code string) error {
	defer t.in("appeal.verify")()
	a, r := t.ownAppeal(id)
	if r != nil || t.err != nil {
		return t.failure(r)
	}
	if a.Status != AppealDraft {
		return refuse(NotOpen, "R11.4")
	}
	if r := t.useCode(t.loginOf(a.AccountID), CodeAppeal, string(a.ID), code); r != nil || t.err != nil {
		return t.failure(r)
	}
	a.Status, a.CodeVerifiedAt = AppealCodeVerified, t.at
	appeals.save(t, a)
	return t.err
}

// CaseResult is what follows from the case of an appeal.
type CaseResult struct {
	Case     AppealCase // by the registry
	Differs  bool       // from what the applicant stated
	Methods  []Method   // to choose from; none: support must help (R11.8)
	Supplied bool       // the legal representative's ID number must be entered (R11.11)
}

// SetAppealCase takes what the applicant says has changed. What the registry
// says counts. If both changed, or no method is left, the appeal ends, and
// support must help (R11.8).
func (t *Tx) SetAppealCase(id AppealID, stated AppealCase) (*CaseResult, error) {
	defer t.in("appeal.case")()
	a, r := t.ownAppeal(id)
	if r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	switch {
	case a.Status != AppealCodeVerified:
		return nil, refuse(NotOpen, "R11.4")
	case appealRules[stated] == "":
		return nil, bad("case", "R11.5")
	}
	e := enterprises.get(t, a.EnterpriseID)
	if e == nil {
		return nil, t.failure(refuse(NotFound, ""))
	}
	reg, ok := t.registry(e.Registration)
	if !ok {
		return nil, t.err
	}
	a.Case = caseOf(e, reg)
	methods := appealMethods(a.Case, e)
	if len(methods) == 0 {
		a.Status = AppealNeedsSupport
	}
	appeals.save(t, a)
	return &CaseResult{Case: a.Case, Differs: a.Case != stated, Methods: methods, Supplied: e.LegalRepIDHash == ""}, t.err
}

// AppealPage is what an applicant sees of his appeal (R18.18).
type AppealPage struct {
	Appeal    *Appeal
	Stage     Stage
	StageName string   // as the page prints it
	Methods   []Method // that he may choose from now
	Text      string   // the page's note
}

// AppealPage tells an applicant how far his appeal is.
func (t *Tx) AppealPage(id AppealID) (*AppealPage, error) {
	a, r := t.ownAppeal(id)
	if r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	p := &AppealPage{Appeal: a, Stage: StageMaterials, Text: t.p.words.Screens[ScreenAppeal]}
	switch a.Status {
	case AppealDraft:
		p.Stage = StageBasicInfo
	case AppealSucceeded:
		p.Stage = StageDone
	}
	p.StageName = t.p.words.Terms["appeal"+string(p.Stage)]
	if sub, r := t.openSubject(id.Subject()); r == nil && t.err == nil {
		p.Methods = sub.methods
	}
	return p, t.err
}

// caseOf compares what was certified with the registry. An enterprise that the
// registry does not know (any more) needs support.
func caseOf(e *Enterprise, reg registryFact) AppealCase {
	person := e.LegalRepName != reg.LegalRepName || e.LegalRepIDHash != "" && reg.idHash != "" && e.LegalRepIDHash != reg.idHash
	switch name := e.Name != reg.Name; {
	case !reg.found || name && person:
		return CaseBothChanged
	case person:
		return CaseLegalRepChanged
	case name:
		return CaseNameChanged
	}
	return CaseUnchanged
}

// appealProved makes the applicant main administrator (R11.10); a member first,
// if he is none. The former administrator stays a member.
func (t *Tx) appealProved(a *Appeal) {
	e, account := enterprises.get(t, a.EnterpriseID), accounts.get(t, a.AccountID)
	if e == nil || account == nil {
		return
	}
	m, _ := t.join(e.ID, account, account.Name)
	a.Status = AppealSucceeded
	appeals.save(t, a)
	t.closeLinks(string(a.ID), LinkIsUsed)
	t.setAdmin(e, m)
}

// RetryAppeal begins another attempt after a failed one, without another code
// (B11).
func (t *Tx) RetryAppeal(id AppealID) (AppealID, error) {
	defer t.in("appeal.retry")()
	old, r := t.ownAppeal(id)
	switch {
	case r != nil || t.err != nil:
		return "", t.failure(r)
	case old.Status != AppealFailed:
		return "", refuse(NotOpen, "R11.4")
	case appeals.find(t, "open", key(old.AccountID, string(old.EnterpriseID))) != nil:
		return "", t.failure(refuse(AlreadyOpen, "R11.4"))
	}
	a := &Appeal{ID: newID[AppealID](t, "U-"), AccountID: old.AccountID, EnterpriseID: old.EnterpriseID, ContractID: old.ContractID,
		CodeVerifiedAt: old.CodeVerifiedAt, Status: AppealCodeVerified, RetryOf: old.ID, ExpiresAt: t.at.Add(appealLife)}
	appeals.save(t, a)
	return a.ID, t.err
}

// CancelAppeal gives up an appeal.
func (t *Tx) CancelAppeal(id AppealID) error {
	defer t.in("appeal.cancel")()
	a, r := t.ownAppeal(id)
	if r != nil || t.err != nil {
		return t.failure(r)
	}
	if !a.Status.Open() {
		return refuse(NotOpen, "")
	}
	t.endAppeal(a, AppealCancelled)
	return t.err
}

func (t *Tx) endAppeal(a *Appeal, to AppealStatus) {
	t.closeLinks(string(a.ID), LinkIsRevoked)
	a.Status = to
	appeals.save(t, a)
}

// Appeal returns an appeal, or nil.
func (t *Tx) Appeal(id AppealID) *Appeal { return appeals.get(t, id) }
