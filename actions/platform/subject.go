package platform

import "slices"

// A subject is an open case that is to be proved by a check, payment or letter:
// a certification, an appeal or a permission request. What differs between the
// three is here, so that the proofs know nothing of it.
type subject struct {
	Subject
	applicant  AccountID
	enterprise *Enterprise // nil never
	holder     string      // of the corporate account: the enterprise's name
	legalRep   string      // who must agree
	idHash     string      // of the legal representative on file; "" if none
	askID      bool        // the ID number is always asked for
	methods    []Method    // by which it may be proved
	rule       string      // that says so

	certification *Certification
	appeal        *Appeal
	request       *PermissionRequest
}

// openSubject returns the case if it waits for a proof.
func (t *Tx) openSubject(s Subject) (*subject, *Refusal) {
	switch s.Kind {
	case OnCertification:
		return t.certificationSubject(s)
	case OnAppeal:
		return t.appealSubject(s)
	case OnRequest:
		return t.requestSubject(s)
	}
	return nil, refuse(NotFound, "")
}

func (t *Tx) certificationSubject(s Subject) (*subject, *Refusal) {
	c := certifications.get(t, CertificationID(s.ID))
	if c == nil {
		return nil, refuse(NotFound, "")
	}
	switch {
	case c.Status == CertInReview:
		return nil, refuse(UnderReview, "R07.8")
	case c.Status != CertMaterials && c.Status != CertVerifying || !t.at.Before(c.Deadline):
		return nil, refuse(NotOpen, "R10.8")
	}
	sub := &subject{Subject: s, applicant: c.AccountID, enterprise: enterprises.get(t, c.EnterpriseID), holder: c.Submitted.Name,
		legalRep: c.Submitted.LegalRepName, methods: c.methods(), rule: c.methodRule(), certification: c}
	if c.PersonKind == IsLegalRep {
		sub.idHash = c.IDHash
	}
	return sub, nil
}

func (t *Tx) appealSubject(s Subject) (*subject, *Refusal) {
	a := appeals.get(t, AppealID(s.ID))
	if a == nil {
		return nil, refuse(NotFound, "")
	}
	if a.Status == AppealNeedsSupport {
		return nil, refuse(NeedsSupport, "R11.8", "hotline", t.p.hotline)
	}
	if a.Case == "" || a.Status != AppealCodeVerified && a.Status != AppealVerifying || !t.at.Before(a.ExpiresAt) {
		return nil, refuse(NotOpen, "R11.4")
	}
	e := enterprises.get(t, a.EnterpriseID)
	if e == nil {
		return nil, refuse(NotFound, "")
	}
	return &subject{Subject: s, applicant: a.AccountID, enterprise: e, holder: e.Name, legalRep: e.LegalRepName, idHash: e.LegalRepIDHash,
		methods: appealMethods(a.Case, e), rule: appealRules[a.Case], appeal: a}, nil
}

func (t *Tx) requestSubject(s Subject) (*subject, *Refusal) {
	r := requests.get(t, RequestID(s.ID))
	if r == nil {
		return nil, refuse(NotFound, "")
	}
	if r.Status != RequestPending || !t.at.Before(r.ExpiresAt) {
		return nil, refuse(NotOpen, "R12.21")
	}
	e := enterprises.get(t, r.EnterpriseID)
	if e == nil {
		return nil, refuse(NotFound, "")
	}
	return &subject{Subject: s, applicant: r.ApplicantAccountID, enterprise: e, holder: e.Name, legalRep: e.LegalRepName, idHash: e.LegalRepIDHash,
		askID: true, methods: requestMethods(e), rule: "R12.21", request: r}, nil
}

// roleOf says which role does the part of a method.
var roleOf = map[Method]LinkRole{
	ByLegalRepPhone: RoleLegalRep, ByLegalRepFace: RoleLegalRep, ByAuthLetter: RoleSealKeeper,
	ByBankPayment: RoleFinance, ByPrivatePayment: RoleFinance, ByCorporatePayment: RoleFinance,
}

// ruleOn returns the rule that leaves a method out.
func (s *subject) ruleOn(m Method) string {
	if s.appeal != nil && m == ByAuthLetter {
		return "R11.9"
	}
	return s.rule
}

// takes reports whether somebody in that role can help.
func (s *subject) takes(role LinkRole) bool {
	return slices.ContainsFunc(s.methods, func(m Method) bool { return roleOf[m] == role })
}

func (s *subject) applicantName(t *Tx) string {
	if s.request != nil {
		return s.request.ApplicantName
	}
	if a := accounts.get(t, s.applicant); a != nil {
		return a.Name
	}
	return ""
}

// proving returns the case if the actor may prove it by the method: its
// applicant, or the bearer of its link in the method's role. A link that was used
// or has ended says so, whatever became of the case.
func (t *Tx) proving(s Subject, m Method) (*subject, *Refusal) {
	if t.by.Link != "" {
		if _, err := t.Link(LinkCode(t.by.Link)); err != nil {
			return nil, refusalOf(err)
		}
	}
	sub, r := t.openSubject(s)
	if t.err != nil || r != nil {
		return nil, r
	}
	if !t.actsFor(sub.applicant, s, roleOf[m]) {
		return nil, refuse(NotFound, "")
	}
	if !slices.Contains(sub.methods, m) {
		return nil, refuse(MethodNotAllowed, sub.ruleOn(m))
	}
	return sub, nil
}

// actsFor reports whether the actor is the account, or bears a link to the
// subject in the role.
func (t *Tx) actsFor(account AccountID, s Subject, role LinkRole) bool {
	if t.by.Link != "" {
		l := links.get(t, LinkCode(t.by.Link))
		return l != nil && l.Kind == LinkApprove && l.Subject == s && l.Role == role
	}
	return t.by.Account != "" && t.by.Account == account
}

// started notes that a proof is under way.
func (t *Tx) started(s *subject, m Method) {
	switch {
	case s.certification != nil:
		c := s.certification
		c.Method, c.Status = m, CertVerifying
		certifications.save(t, c)
	case s.appeal != nil:
		a := s.appeal
		a.Method, a.Status = m, AppealVerifying
		appeals.save(t, a)
	case s.request != nil:
		r := s.request
		if way := wayOf[m]; r.Way != way { // another way was taken than first chosen
			r.Way = way
			requests.save(t, r)
		}
	}
}

// proved settles the case.
func (t *Tx) proved(s *subject, m Method) {
	switch {
	case s.certification != nil:
		t.started(s, m) // another attempt may have begun, or failed, since
		t.certificationProved(s.certification)
	case s.appeal != nil:
		t.appealProved(s.appeal)
	case s.request != nil:
		t.approve(s.request, nil, grantedBy[m])
	}
}

// notProved notes that an attempt failed for good; the applicant may try again
// or another method.
func (t *Tx) notProved(s *subject) {
	switch {
	case s.certification != nil && s.certification.Status == CertVerifying:
		s.certification.Status = CertMaterials
		certifications.save(t, s.certification)
	case s.appeal != nil && s.appeal.Status == AppealVerifying:
		s.appeal.Status = AppealFailed
		appeals.save(t, s.appeal)
		t.closeLinks(s.ID, LinkIsRevoked)
	}
}

// refusalOf returns the refusal that err is, or nil.
func refusalOf(err error) *Refusal {
	r, _ := err.(*Refusal)
	return r
}
