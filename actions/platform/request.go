package platform

import (
	"slices"
	"time"

	"signdesk/actions/platform/value"
)

// requestLife is how long a permission request waits (P).
const requestLife = 7 * 24 * time.Hour

// wayOf says whom a method asks; grantedBy by whose authority it grants.
var (
	wayOf = map[Method]Way{
		ByLegalRepPhone: AskLegalRep, ByLegalRepFace: AskLegalRep, ByAuthLetter: AskSealKeeper,
		ByBankPayment: AskFinance, ByCorporatePayment: AskFinance,
	}
	grantedBy = map[Method]GrantedBy{
		ByLegalRepPhone: GrantedByLegalRep, ByLegalRepFace: GrantedByLegalRep, ByAuthLetter: GrantedBySealKeeper,
		ByBankPayment: GrantedByFinance, ByCorporatePayment: GrantedByFinance,
	}
)

// requestMethods returns by which a request can be granted without the main
// administrator (R12.21); phone and face only of a sole legal representative
// who is a citizen (G13).
func requestMethods(e *Enterprise) []Method {
	m := []Method{ByAuthLetter, ByBankPayment, ByCorporatePayment}
	if !e.AgentOnly {
		m = append(m, ByLegalRepPhone, ByLegalRepFace)
	}
	return m
}

// DraftRequest begins a request for the right to view or sign a contract, with
// the default scopes (R12.9, R12.11). The actor needs it if OpenContract shows
// 未加入企业, 无权限 or 无签署权限.
func (t *Tx) DraftRequest(id ContractID) (*PermissionRequest, error) {
	defer t.in("request.draft")()
	a, r := t.account()
	if r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	q, r := t.drafted(a, id)
	if r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	if old := t.pendingRequest(q); old != nil && t.stillWaits(old) {
		return nil, t.failure(refuse(AlreadyOpen, "R12.3"))
	} else if old != nil {
		t.endRequest(old, RequestExpired)
	}
	q.ID = newID[RequestID](t, "P-")
	requests.save(t, q)
	return q, t.err
}

// drafted returns what an account would ask for in order to sign a contract.
func (t *Tx) drafted(a *Account, id ContractID) (*PermissionRequest, *Refusal) {
	c := contracts.get(t, id)
	if c == nil {
		return nil, refuse(NotFound, "")
	}
	q := &PermissionRequest{ApplicantAccountID: a.ID, ApplicantName: a.Name, ContractID: id, Kind: AskJoinAndSeal, ViewScope: DefaultViewScope,
		SignScope: DefaultSignScope, Way: AskMainAdmin, Status: RequestDraft, ExpiresAt: t.at.Add(requestLife)}
	o := t.outcome(a, c)
	switch o.Screen {
	case ScreenNotJoined, ScreenNoPermission:
	case ScreenNoSignPermission:
		q.Kind, q.ViewScope = AskSeal, ""
	default:
		return nil, refuse(NothingToAsk, "R12.3", "screen", string(o.Screen))
	}
	q.EnterpriseID = o.Enterprise.ID
	return q, nil
}

// pendingRequest returns the request of the same applicant for the same contract
// that waits, or nil.
func (t *Tx) pendingRequest(q *PermissionRequest) *PermissionRequest {
	return requests.find(t, "pending", key(q.ApplicantAccountID, string(q.EnterpriseID), string(q.ContractID)))
}

// stillWaits reports whether a pending request can be granted yet: in time, or
// since staff have its letter.
func (t *Tx) stillWaits(q *PermissionRequest) bool {
	return t.at.Before(q.ExpiresAt) || t.ReviewOf(q.ID.Subject()) != nil
}

// RequestForm is what the applicant states (R12.6, R12.8, R12.10, R12.21).
type RequestForm struct {
	Request   RequestID
	Name      string
	ViewScope ViewScope // "" for the default; not asked for the seal alone
	SignScope SignScope // "" for the default
	Way       Way
	Seal      SealID // a wish; only the main administrator can grant others than「电子公章」
}

// SubmitRequest submits a request. The main administrator is told at once; the
// other ways wait for a check, a payment or a letter.
func (t *Tx) SubmitRequest(f RequestForm) error {
	defer t.in("request.submit")()
	q, r := t.ownRequest(f.Request)
	if r != nil || t.err != nil {
		return t.failure(r)
	}
	if q.Status != RequestDraft || !t.at.Before(q.ExpiresAt) {
		return refuse(NotOpen, "R12.3")
	}
	e := enterprises.get(t, q.EnterpriseID)
	if e == nil {
		return t.failure(refuse(NotFound, ""))
	}
	name, ok := value.PersonName(f.Name)
	switch {
	case f.Name == "":
		return missing("applicantName", "R12.6")
	case !ok:
		return bad("applicantName", "R12.6")
	}
	if r := q.scopes(f); r != nil {
		return r
	}
	if r := t.checkWay(e, f.Way, f.Seal); r != nil || t.err != nil {
		return t.failure(r)
	}
	if t.pendingRequest(q) != nil {
		return t.failure(refuse(AlreadyOpen, "R12.3"))
	}
	q.ApplicantName, q.Way, q.Status, q.ExpiresAt = name, f.Way, RequestPending, t.at.Add(requestLife)
	requests.save(t, q)
	if q.Way == AskMainAdmin {
		t.tellAdmin(q, e)
	}
	return t.err
}

// scopes sets the scopes of the request, if they are among those offered.
func (q *PermissionRequest) scopes(f RequestForm) *Refusal {
	view := []ViewScope{ViewCurrentContract, ViewCurrentSenderUnattended, ViewAllSendersUnattended}
	sign := []SignScope{SignCurrentContract, SignCurrentSender, SignAllSenders, SignNone}
	viewRule, signRule := "R12.8", "R12.10"
	if q.Kind == AskSeal { // R13.3: the sign scope only, and without「我不签署」
		view, sign = nil, sign[:3]
		viewRule, signRule = "R13.3", "R13.3"
	}
	switch {
	case f.ViewScope != "" && !slices.Contains(view, f.ViewScope):
		return bad("viewScope", viewRule)
	case f.SignScope != "" && !slices.Contains(sign, f.SignScope):
		return bad("signScope", signRule)
	}
	if f.ViewScope != "" {
		q.ViewScope = f.ViewScope
	}
	if f.SignScope != "" {
		q.SignScope = f.SignScope
	}
	return nil
}

func (t *Tx) checkWay(e *Enterprise, way Way, wish SealID) *Refusal {
	if !slices.Contains([]Way{AskMainAdmin, AskLegalRep, AskSealKeeper, AskFinance}, way) {
		return bad("way", "R12.21")
	}
	if way == AskLegalRep && e.AgentOnly {
		return refuse(MethodNotAllowed, "R12.21")
	}
	if wish == "" {
		return nil
	}
	s := seals.get(t, wish)
	if s == nil || s.EnterpriseID != e.ID || s.Status == SealDeleted {
		return refuse(NotFound, "")
	}
	if way != AskMainAdmin && s.Name != DefaultSealName {
		return refuse(OnlyDefaultSeal, "R12.22")
	}
	return nil
}

// ChangeWay asks somebody else with a request that waits (R12.21).
func (t *Tx) ChangeWay(id RequestID, way Way) error {
	defer t.in("request.way")()
	q, r := t.ownRequest(id)
	if r != nil || t.err != nil {
		return t.failure(r)
	}
	if q.Status != RequestPending || !t.at.Before(q.ExpiresAt) {
		return refuse(NotOpen, "R12.21")
	}
	e := enterprises.get(t, q.EnterpriseID)
	if e == nil {
		return t.failure(refuse(NotFound, ""))
	}
	if r := t.checkWay(e, way, ""); r != nil || t.err != nil {
		return t.failure(r)
	}
	if way == AskMainAdmin && t.tooMany(string(id), RoleMainAdmin) {
		return t.failure(refuse(TooManySends, ""))
	}
	q.Way = way
	requests.save(t, q)
	if way == AskMainAdmin {
		t.tellAdmin(q, e)
	}
	return t.err
}

// tellAdmin sends the main administrator T1 with a link (R12.48).
func (t *Tx) tellAdmin(q *PermissionRequest, e *Enterprise) {
	admin := members.get(t, e.MainAdminID)
	if admin == nil {
		return
	}
	l := t.newLink(ShortLink{Kind: LinkApprove, SubjectID: string(q.ID), Subject: q.ID.Subject(), RecipientLogin: admin.Login, Role: RoleMainAdmin, ExpiresAt: q.ExpiresAt})
	sub := &subject{Subject: q.ID.Subject(), applicant: q.ApplicantAccountID, enterprise: e, holder: e.Name, request: q}
	t.notify(admin.Login, sub.notice(), string(q.ID), t.noticeArgs(sub, t.p.URL(l))...)
}

// ownRequest returns a request of the actor.
func (t *Tx) ownRequest(id RequestID) (*PermissionRequest, *Refusal) {
	q := requests.get(t, id)
	if q == nil || t.by.Account == "" || q.ApplicantAccountID != t.by.Account {
		return nil, refuse(NotFound, "")
	}
	return q, nil
}

// CancelRequest gives up a request.
func (t *Tx) CancelRequest(id RequestID) error {
	defer t.in("request.cancel")()
	q, r := t.ownRequest(id)
	if r != nil || t.err != nil {
		return t.failure(r)
	}
	if q.Status != RequestDraft && q.Status != RequestPending {
		return refuse(NotOpen, "")
	}
	t.endRequest(q, RequestCancelled)
	return t.err
}

// endRequest closes a request without granting it.
func (t *Tx) endRequest(q *PermissionRequest, to RequestStatus) {
	t.withdrawReview(q.ID.Subject())
	t.closeLinks(string(q.ID), LinkIsRevoked)
	q.Status = to
	requests.save(t, q)
}

// SendApproveCode sends the main administrator, who bears the link of a
// request, a code to show that he is himself (G8).
func (t *Tx) SendApproveCode(id RequestID) error {
	defer t.in("request.code")()
	q, _, admin, r := t.decidable(id)
	if r == nil && t.err == nil {
		r = t.issueCode(admin.Login, CodeLogin, string(q.ID))
	}
	return t.end(r)
}

// decidable returns a request that the actor, the main administrator by account
// or link, may decide.
func (t *Tx) decidable(id RequestID) (*PermissionRequest, *Enterprise, *Member, *Refusal) {
	q := requests.get(t, id)
	if q == nil {
		return nil, nil, nil, refuse(NotFound, "")
	}
	e := enterprises.get(t, q.EnterpriseID)
	if e == nil || !t.isAdmin(e) && !t.actsFor("", q.ID.Subject(), RoleMainAdmin) {
		return nil, nil, nil, refuse(NoRight, "R12.47")
	}
	if t.by.Link != "" {
		if _, err := t.Link(LinkCode(t.by.Link)); err != nil {
			return nil, nil, nil, refusalOf(err)
		}
	}
	if q.Status != RequestPending || !t.at.Before(q.ExpiresAt) {
		return nil, nil, nil, refuse(NotOpen, "R12.47")
	}
	return q, e, members.get(t, e.MainAdminID), nil
}

// Decision is the main administrator's on a request (R12.47).
type Decision struct {
	Request   RequestID
	Approve   bool
	Reason    string    // of a rejection
	Seals     []SealID  // any of the enterprise's; none:「电子公章」
	ViewScope ViewScope // narrower ones; "" as asked
	SignScope SignScope
	Code      string // by link: the one that SendApproveCode sent
}

// breadth orders scopes from narrow to wide.
var (
	viewBreadth = map[ViewScope]int{ViewCurrentContract: 1, ViewCurrentSenderUnattended: 2, ViewAllSendersUnattended: 3}
	signBreadth = map[SignScope]int{SignNone: 1, SignCurrentContract: 2, SignCurrentSender: 3, SignAllSenders: 4}
)

// Wider reports whether a scope of signing goes further than one of viewing,
// which only limits what can be signed (R12.17).
func Wider(sign SignScope, view ViewScope) bool {
	return view != "" && signBreadth[sign]-1 > viewBreadth[view]
}

// NarrowerViews returns the scopes of viewing that the main administrator may
// grant: the one that was asked for, and narrower ones.
func (q *PermissionRequest) NarrowerViews() []ViewScope {
	var out []ViewScope
	for _, s := range []ViewScope{ViewCurrentContract, ViewCurrentSenderUnattended, ViewAllSendersUnattended} {
		if viewBreadth[s] <= viewBreadth[q.ViewScope] {
			out = append(out, s)
		}
	}
	return out
}

// NarrowerSigns returns the same of signing.
func (q *PermissionRequest) NarrowerSigns() []SignScope {
	var out []SignScope
	for _, s := range []SignScope{SignNone, SignCurrentContract, SignCurrentSender, SignAllSenders} {
		if signBreadth[s] <= signBreadth[q.SignScope] && (s != SignNone || q.Kind != AskSeal) {
			out = append(out, s)
		}
	}
	return out
}

// DecideRequest grants or rejects a request.
func (t *Tx) DecideRequest(d Decision) error {
	defer t.in("request.decide")()
	q, e, admin, r := t.decidable(d.Request)
	switch {
	case r != nil || t.err != nil:
		return t.failure(r)
	case q.Kind == AskSeal && d.SignScope == SignNone:
		return bad("signScope", "R13.3")
	case !d.Approve && d.Reason == "":
		return refuse(NeedsReason, "R12.48")
	case d.ViewScope != "" && (viewBreadth[d.ViewScope] == 0 || viewBreadth[d.ViewScope] > viewBreadth[q.ViewScope]):
		return bad("viewScope", "R12.47")
	case d.SignScope != "" && (signBreadth[d.SignScope] == 0 || signBreadth[d.SignScope] > signBreadth[q.SignScope]):
		return bad("signScope", "R12.47")
	}
	for _, id := range d.Seals {
		if s := seals.get(t, id); s == nil || s.EnterpriseID != e.ID || s.Status == SealDeleted {
			return t.failure(refuse(NotFound, "R12.47"))
		}
	}
	if t.by.Link != "" {
		if r := t.useCode(admin.Login, CodeLogin, string(q.ID), d.Code); r != nil || t.err != nil {
			return t.failure(r)
		}
	}
	q.DecidedBy = string(admin.ID)
	t.closeLinks(string(q.ID), LinkIsUsed)
	if !d.Approve {
		t.reject(q, d.Reason)
		return t.err
	}
	if d.ViewScope != "" {
		q.ViewScope = d.ViewScope
	}
	if d.SignScope != "" {
		q.SignScope = d.SignScope
	}
	t.approve(q, d.Seals, GrantedByMember)
	return t.err
}

// requestReviewed carries out the decision of staff on a letter.
func (t *Tx) requestReviewed(id RequestID, pass bool, reason string) {
	q := requests.get(t, id)
	if q == nil || q.Status != RequestPending {
		return
	}
	q.DecidedBy = t.by.String()
	if !pass {
		t.reject(q, reason)
		return
	}
	t.approve(q, nil, GrantedBySealKeeper)
}

func (t *Tx) reject(q *PermissionRequest, reason string) {
	q.Reason = reason
	t.endRequest(q, RequestRejected)
	t.notify(t.loginOf(q.ApplicantAccountID), NoticeRejected, string(q.ID), "name", q.ApplicantName, "reason", reason)
}

// approve grants a request, all at once: membership, the right to view, the
// right to use seals, and the messages (R12.47, R12.50). Seals none means
// 「电子公章」, made if there is none (R12.22, R12.23).
func (t *Tx) approve(q *PermissionRequest, chosen []SealID, by GrantedBy) {
	e, a, c := enterprises.get(t, q.EnterpriseID), accounts.get(t, q.ApplicantAccountID), contracts.get(t, q.ContractID)
	if e == nil || a == nil || c == nil {
		t.fail(&TransitionError{Table: requests.Name, ID: string(q.ID), From: string(q.Status), To: string(RequestApproved)})
		return
	}
	m, joined := t.join(e.ID, a, q.ApplicantName)
	sender := t.senderKey(c.SenderEnterpriseID)
	if q.ViewScope != "" {
		viewGrants.save(t, &ViewGrant{ID: newID[ViewGrantID](t, "VG-"), MemberID: m.ID, ViewScope: q.ViewScope, OriginContractID: c.ID,
			OriginSenderKey: sender, Since: t.at})
	}
	if q.SignScope != SignNone {
		if len(chosen) == 0 {
			if s := t.defaultSeal(e); s != nil {
				chosen = []SealID{s.ID}
			}
		}
		for _, id := range chosen {
			sealGrants.save(t, &SealGrant{ID: newID[SealGrantID](t, "SG-"), SealID: id, MemberID: m.ID, SignScope: q.SignScope,
				OriginContractID: c.ID, OriginSenderKey: sender, GrantedBy: by, Since: t.at})
		}
		q.SealIDs = chosen
	}
	t.withdrawReview(q.ID.Subject())
	t.closeLinks(string(q.ID), LinkIsUsed)
	q.Status = RequestApproved
	requests.save(t, q)
	t.notify(a.Login(), NoticeApproved, string(q.ID), "name", q.ApplicantName, "account", value.Mask(a.Login()), "link", t.signingURL(c))
	if joined {
		t.notify(a.Login(), NoticeJoined, string(q.ID), "account", a.Login(), "company", e.Name)
	}
}

// Request returns a request, or nil.
func (t *Tx) Request(id RequestID) *PermissionRequest { return requests.get(t, id) }

// Applicant is what the page of a request shows of the enterprise (R12.5).
type Applicant struct {
	AdminName, AdminAccount string // the account is masked
	Enterprise              string
	OwnAccount              string // the applicant's, prefilled (R12.6)
}

// RequestPage returns what the applicant sees before he submits.
func (t *Tx) RequestPage(id RequestID) (*Applicant, error) {
	q, r := t.ownRequest(id)
	if r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	return t.applicant(q), t.err
}

func (t *Tx) applicant(q *PermissionRequest) *Applicant {
	p := &Applicant{OwnAccount: t.loginOf(q.ApplicantAccountID)}
	if e := enterprises.get(t, q.EnterpriseID); e != nil {
		p.Enterprise = e.Name
		if admin := members.get(t, e.MainAdminID); admin != nil {
			p.AdminName, p.AdminAccount = admin.Name, value.Mask(admin.Login)
		}
	}
	return p
}

// Asking is what the actor could ask for in order to sign a contract.
type Asking struct {
	Applicant
	Request *PermissionRequest // with the scopes that are proposed, without an id; or the one that waits already
	Ways    []Way              // whom he can ask
}

// Asking returns what DraftRequest would begin, and changes nothing. It is
// refused as DraftRequest is, but not while a request waits: that is returned.
func (t *Tx) Asking(id ContractID) (*Asking, error) {
	a, r := t.account()
	if r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	q, r := t.drafted(a, id)
	if r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	if pending := t.pendingRequest(q); pending != nil && t.stillWaits(pending) {
		q = pending
	}
	out := &Asking{Applicant: *t.applicant(q), Request: q}
	e := enterprises.get(t, q.EnterpriseID)
	for _, way := range []Way{AskMainAdmin, AskSealKeeper, AskFinance, AskLegalRep} {
		if t.checkWay(e, way, "") == nil {
			out.Ways = append(out.Ways, way)
		}
	}
	return out, t.err
}
