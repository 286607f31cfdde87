package platform

import (
	"slices"
	"strings"
	"time"

	"signdesk/actions/platform/value"
)

// certificationLife is how long a certification may take (R10.8, R10.20).
const certificationLife = 7 * 24 * time.Hour

// NewCertification begins a certification with a picture of the licence.
type NewCertification struct {
	Purpose    Purpose
	Enterprise EnterpriseID // of an InfoChange
	EntityType EntityType
	LicenceDoc LicenceDoc
	NoName     bool   // the no-name channel (R02.1)
	Licence    FileID // uploaded as FileLicence
}

// StartCertification takes the licence. What was recognised on it is on the
// record, to be checked and corrected by the user (R02.12).
func (t *Tx) StartCertification(n NewCertification) (*Certification, error) {
	defer t.in("certification.start")()
	account, r := t.account()
	if r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	file, r := t.ownFile(n.Licence, FileLicence, "R02.13")
	switch {
	case t.err != nil || r != nil:
		return nil, t.failure(r)
	case !slices.Contains(licenceDocs[n.EntityType], n.LicenceDoc):
		return nil, refuse(UnknownDocument, "R03.2")
	case n.NoName && n.EntityType != SoleTrader:
		return nil, refuse(NoNameChannelOnly, "R02.2")
	}
	c := &Certification{ID: newID[CertificationID](t, "V-"), Purpose: n.Purpose, AccountID: account.ID, Channel: t.act.Channel,
		EntityType: n.EntityType, LicenceDoc: n.LicenceDoc, OCR: file.Reading, Watermark: file.Watermark, NoName: n.NoName,
		Images: []FileID{file.ID}, Deadline: t.at.Add(certificationLife), Stage: StageBasicInfo, Status: CertBasicInfo}
	if r := t.mayCertify(n.Purpose, n.Enterprise); r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	if n.Purpose == ForInfoChange {
		change, r := t.openChange(n.Enterprise)
		if r != nil || t.err != nil {
			return nil, t.failure(r)
		}
		if old := certifications.find(t, "open", key(n.Enterprise)); old != nil {
			if old.Status != CertBasicInfo || t.err != nil {
				return nil, t.failure(refuse(AlreadyOpen, "R10.6"))
			}
			old.Status = CertWithdrawn // another picture of the licence
			certifications.save(t, old)
		}
		c.EnterpriseID, c.Deadline = n.Enterprise, change.Deadline
		change.CertificationID = c.ID
		changes.save(t, change)
	}
	certifications.save(t, c)
	return c, t.err
}

// mayCertify refuses a new enterprise while the actor has a change open (R10.6,
// G21), and a change to those who may not carry it on (R10.2). It is asked at
// each step: rights and changes come and go between them.
func (t *Tx) mayCertify(p Purpose, e EnterpriseID) *Refusal {
	switch p {
	case ForNew:
		if t.operatesChange(t.by.Account) {
			return refuse(ChangeOpen, "R10.6")
		}
		return nil
	case ForInfoChange:
		_, r := t.openChange(e)
		return r
	}
	return bad("purpose", "")
}

// BasicInfo is what the user confirms or corrects (R02.13, R10.15, R10.16).
type BasicInfo struct {
	Name         string // empty in the no-name channel
	Registration string // USCC or registration number
	LegalRepName string
	TermEnd      time.Time
	PersonKind   PersonKind
	IDNumber     string // of the ID card submitted
	IDCard       IDCard // in the place of the number; see ReadIDCard
	IDFront      FileID
	IDBack       FileID
	Privacy      bool
	Callback     bool // a call back is welcome (R10.16)
}

// An IDCard is what forms take in the place of an ID number, so that nobody needs
// to keep the number.
type IDCard struct{ Hash, Masked string }

// ReadIDCard reads an ID number.
func (t *Tx) ReadIDCard(typed string) (IDCard, error) {
	id, ok := value.IDCard(typed)
	if !ok {
		return IDCard{}, bad("idNumber", "R10.3")
	}
	return IDCard{t.p.hashID(id), value.MaskID(id)}, nil
}

// CheckStated tells whether what is stated of the enterprise, and whose card
// comes with it, will be taken: it returns the refusal that SubmitBasicInfo
// would give for it. It looks at no picture and no ID number.
func (t *Tx) CheckStated(id CertificationID, f BasicInfo) error {
	c, r := t.ownCertification(id)
	if r != nil || t.err != nil {
		return t.failure(r)
	}
	s, r := c.checkStated(f)
	if r != nil {
		return r
	}
	if _, r := t.enterpriseFor(c, s.Registration); r != nil || t.err != nil {
		return t.failure(r)
	}
	reg, ok := t.registry(s.Registration)
	if !ok {
		return t.err
	}
	return t.end(c.checkRegistry(&s, f.PersonKind, reg))
}

// SubmitBasicInfo compares what the user states with the registry and takes the
// enterprise for the account: until it is done with, nobody else can certify it
// (R01.1, R01.2).
func (t *Tx) SubmitBasicInfo(id CertificationID, f BasicInfo) error {
	defer t.in("certification.submit")()
	c, r := t.ownCertification(id)
	if r != nil || t.err != nil {
		return t.failure(r)
	}
	if c.Status != CertBasicInfo || !t.at.Before(c.Deadline) {
		return refuse(NotOpen, "R10.8")
	}
	if r := t.mayCertify(c.Purpose, c.EnterpriseID); r != nil || t.err != nil {
		return t.failure(r)
	}
	s, card, r := t.checkForm(c, f)
	if r != nil {
		return r
	}
	if f.IDFront == f.IDBack && f.IDFront != "" {
		return bad(string(FileIDCard), "R10.3") // both sides are needed
	}
	images := []FileID{c.Images[0]}
	mark, rule := c.Watermark, "R10.3"
	if c.NoName {
		rule = "R02.5"
	}
	for _, id := range []FileID{f.IDFront, f.IDBack} {
		file, r := t.ownFile(id, FileIDCard, rule)
		if r != nil || t.err != nil {
			return t.failure(r)
		}
		if file.Watermark != NoWatermark {
			mark = file.Watermark
		}
		images = append(images, file.ID)
	}
	e, r := t.enterpriseFor(c, s.Registration)
	if r != nil || t.err != nil {
		return t.failure(r)
	}
	reg, ok := t.registry(s.Registration)
	if !ok {
		return t.err
	}
	if r := c.checkRegistry(&s, f.PersonKind, reg); r != nil {
		return r
	}
	if f.PersonKind == IsLegalRep && card.Hash != reg.idHash {
		return refuse(LegalRepMismatch, "R04.2")
	}
	if other := enterprises.find(t, "name", key(s.Name)); other != nil && other.Registration != s.Registration || t.err != nil {
		return t.failure(refuse(NameTaken, "R04.1"))
	}

	if e == nil {
		e = &Enterprise{ID: newID[EnterpriseID](t, "E-"), Registration: s.Registration, Status: Certifying, Certifier: c.AccountID}
	}
	if e.Status == Certifying {
		e.Name, e.EntityType, e.LicenceDoc, e.LegalRepName = s.Name, c.EntityType, c.LicenceDoc, s.LegalRepName
		enterprises.save(t, e)
	}
	c.EnterpriseID, c.Submitted, c.PersonKind, c.AgentOnly = e.ID, s, f.PersonKind, agentOnly(reg)
	c.IDHash, c.IDMasked = card.Hash, card.Masked
	c.Images, c.Watermark, c.PrivacyAt, c.Callback = images, mark, t.at, f.Callback
	c.ManualEdit = c.edited()
	c.Stage, c.Status = StageMaterials, CertMaterials
	certifications.save(t, c)
	return t.err
}

// checkForm checks the form by itself.
func (t *Tx) checkForm(c *Certification, f BasicInfo) (Submitted, IDCard, *Refusal) {
	if !f.Privacy {
		return Submitted{}, IDCard{}, refuse(ConsentMissing, "R10.16")
	}
	s, r := c.checkStated(f)
	if r != nil || f.IDCard != (IDCard{}) {
		return s, f.IDCard, r
	}
	card, err := t.ReadIDCard(f.IDNumber)
	return s, card, refusalOf(err)
}

// checkStated checks what the form states of the enterprise, and whose card
// comes with it.
func (c *Certification) checkStated(f BasicInfo) (Submitted, *Refusal) {
	s := Submitted{Name: f.Name, LegalRepName: f.LegalRepName, TermEnd: f.TermEnd}
	var ok bool
	switch {
	case f.Registration == "":
		return s, missing("registration", "R02.13")
	case f.LegalRepName == "":
		return s, missing("legalRepName", "R02.13")
	case isNoName(f.Name) && !c.NoName:
		return s, missing("companyName", "R02.13")
	case f.PersonKind != IsLegalRep && f.PersonKind != IsAgent:
		return s, missing("identity", "R10.15")
	case c.NoName && f.PersonKind != IsLegalRep:
		return s, refuse(NeedsLegalRepCard, "R02.5")
	}
	if s.Registration, ok = value.Registration(f.Registration); !ok {
		return s, bad("registration", "R02.13")
	}
	return s, nil
}

// enterpriseFor returns the enterprise that the certification is for, or nil if
// it is new to the platform.
func (t *Tx) enterpriseFor(c *Certification, registration string) (*Enterprise, *Refusal) {
	if c.Purpose == ForInfoChange {
		e := enterprises.get(t, c.EnterpriseID)
		if e != nil && e.Registration != registration {
			return nil, refuse(DifferentUSCC, "R10.11")
		}
		return e, nil
	}
	e := enterprises.find(t, "registration", key(registration))
	if r := t.licenceTaken(e, c.AccountID); r != nil || e == nil {
		return nil, r
	}
	if open := certifications.find(t, "open", key(e.ID)); open != nil {
		if open.Status == CertInReview {
			return nil, refuse(UnderReview, "R07.8")
		}
		return nil, refuse(AlreadyOpen, "R01.1")
	}
	return e, nil
}

// licenceTaken refuses an enterprise that is certified, or being certified by
// another account.
func (t *Tx) licenceTaken(e *Enterprise, by AccountID) *Refusal {
	switch {
	case e == nil:
		return nil
	case e.IsCertified():
		return refuse(AlreadyCertified, "R08.5")
	case e.Certifier != by:
		return refuse(LicenceTaken, "R01.2", "account", value.Mask(t.loginOf(e.Certifier)))
	}
	return nil
}

// CheckLicence tells whether the actor could certify an enterprise: it returns
// the refusal that SubmitBasicInfo would give.
func (t *Tx) CheckLicence(registration string) error {
	registration, ok := value.Registration(registration)
	if !ok {
		return bad("registration", "R02.13")
	}
	return t.end(t.licenceTaken(enterprises.find(t, "registration", key(registration)), t.by.Account))
}

// agentOnly reports whether only an agent can submit his ID card: two legal
// representatives, or a foreign one (R04.5).
func agentOnly(reg registryFact) bool { return reg.LegalRepForeign || reg.LegalRepCount > 1 }

// isNoName reports whether a licence that shows this in the place of the name
// has none (R02.1).
func isNoName(s string) bool {
	return slices.Contains([]string{"", "*", "无字号"}, strings.TrimSpace(s))
}

// checkRegistry compares what was submitted with the registry, sign by sign
// (R04.1). In the no-name channel it sets the name (R02.7).
func (c *Certification) checkRegistry(s *Submitted, person PersonKind, reg registryFact) *Refusal {
	mismatch := func(field string) *Refusal { return refuse(RegistryMismatch, "R04.1", "field", field) }
	switch {
	case !reg.found:
		return mismatch("registration")
	case reg.EntityType != c.EntityType:
		return mismatch("entityType")
	case c.NoName && !isNoName(reg.Name):
		return refuse(NoNameChannelOnly, "R02.1")
	case !c.NoName && s.Name != reg.Name:
		return mismatch("companyName")
	case s.LegalRepName != reg.LegalRepName:
		return mismatch("legalRepName")
	case agentOnly(reg) && person != IsAgent:
		return refuse(NeedsAgentCard, "R04.5")
	}
	if c.NoName {
		s.Name = s.LegalRepName + s.Registration
	}
	if s.TermEnd.IsZero() {
		s.TermEnd = reg.TermEnd
	}
	return nil
}

// edited reports whether the user changed what was recognised (R04.4).
func (c *Certification) edited() bool {
	return !c.NoName && c.Submitted.Name != c.OCR.Name || c.Submitted.Registration != c.OCR.Registration ||
		c.Submitted.LegalRepName != c.OCR.LegalRepName
}

// causes returns why staff must look at the certification (R07.2, R07.3).
func (c *Certification) causes() []ReviewCause {
	var causes []ReviewCause
	if c.ManualEdit {
		causes = append(causes, CauseEdited)
	}
	if c.Watermark != NoWatermark {
		causes = append(causes, CauseWatermark)
	}
	return causes
}

// methods returns by which the certification can be proved: any of the four
// with the legal representative's card (R10.18), two with an agent's (R10.19,
// R04.6). Sole traders have the private payment besides (R06.1, G14).
func (c *Certification) methods() []Method {
	m := []Method{ByAuthLetter, ByBankPayment}
	if c.PersonKind == IsLegalRep && !c.AgentOnly {
		m = append(m, ByLegalRepPhone, ByLegalRepFace)
	}
	if c.EntityType == SoleTrader {
		m = append(m, ByPrivatePayment)
	}
	return m
}

func (c *Certification) methodRule() string {
	if c.AgentOnly {
		return "R04.6"
	}
	return "R10.19"
}

// certificationProved passes the certification, or hands it to staff if there
// is a cause.
func (t *Tx) certificationProved(c *Certification) {
	causes := c.causes()
	if len(causes) == 0 {
		t.passCertification(c)
		return
	}
	due, err := reviewDue(t.at)
	if err != nil {
		t.fail(err)
		return
	}
	c.Status = CertInReview
	certifications.save(t, c)
	t.openReview(c.ID.Subject(), causes, due)
}

// certificationReviewed carries out the decision of staff.
func (t *Tx) certificationReviewed(id CertificationID, pass bool, reason string) {
	c := certifications.get(t, id)
	if c == nil || c.Status != CertInReview {
		return
	}
	if pass {
		t.passCertification(c)
		return
	}
	c.Status, c.RejectReason = CertRejected, reason
	certifications.save(t, c)
	if change := changes.find(t, "open", key(c.EnterpriseID)); change != nil && c.Purpose == ForInfoChange {
		change.Deadline = t.at.Add(changeLife) // to correct and submit again (G19)
		changes.save(t, change)
	}
	t.closeLinks(string(c.ID), LinkIsRevoked)
	t.notify(t.loginOf(c.AccountID), NoticeFailed, string(c.ID), "company", c.Submitted.Name, "matter", t.matter(c), "reason", reason)
}

func (t *Tx) matter(c *Certification) string { return t.p.words.Terms[string("matter"+c.Purpose)] }

// certificateLife is the validity of a certificate (R10.27); in years.
const certificateYears = 1

const (
	serialChars = 40
	hexSigns    = "0123456789abcdef"
)

// passCertification makes the enterprise what was submitted, and its first
// certifier its main administrator (R17.3).
func (t *Tx) passCertification(c *Certification) {
	e := enterprises.get(t, c.EnterpriseID)
	if e == nil {
		return
	}
	former := e.Name
	switch {
	case c.PersonKind == IsLegalRep:
		e.LegalRepIDHash = c.IDHash
	case e.LegalRepName != c.Submitted.LegalRepName:
		e.LegalRepIDHash = "" // that of the former one
	}
	cert := &Certificate{SerialNo: CertificateID(t.randomText(serialChars, hexSigns)), EnterpriseID: e.ID, SubjectName: c.Submitted.Name,
		Registration: c.Submitted.Registration, LegalRepName: c.Submitted.LegalRepName, Issuer: t.p.words.Terms["issuer"],
		IssuedAt: t.at, ExpiresAt: t.at.AddDate(certificateYears, 0, 0)}
	certificates.save(t, cert)
	e.Name, e.EntityType, e.LicenceDoc = c.Submitted.Name, c.EntityType, c.LicenceDoc
	e.LegalRepName, e.TermEnd, e.AgentOnly, e.CertificateID = c.Submitted.LegalRepName, c.Submitted.TermEnd, c.AgentOnly, cert.SerialNo
	if c.Purpose == ForNew {
		t.makeFirstAdmin(e, c.AccountID)
	} else if former != e.Name {
		e.FormerNames = append(e.FormerNames, former)
	}
	if c.Method == ByPrivatePayment {
		e.CorporateGifts++ // R05.13
	}
	e.Status = Certified
	enterprises.save(t, e)
	c.Status, c.Stage, c.CertificateID = CertPassed, StageDone, cert.SerialNo
	certifications.save(t, c)
	if c.Purpose == ForInfoChange {
		t.changeCertified(c)
	}
	t.closeLinks(string(c.ID), LinkIsUsed)
	t.notify(t.loginOf(c.AccountID), NoticePassed, string(c.ID), "company", e.Name, "matter", t.matter(c))
}

// ownCertification returns a certification of the actor.
func (t *Tx) ownCertification(id CertificationID) (*Certification, *Refusal) {
	c := certifications.get(t, id)
	if c == nil || t.by.Account == "" || c.AccountID != t.by.Account {
		return nil, refuse(NotFound, "")
	}
	return c, nil
}

// Progress is what an applicant sees of a certification (R07.1, R10.20).
type Progress struct {
	Certification *Certification
	Methods       []Method     // that he may choose from now
	Certificate   *Certificate // nil: not issued
	Review        *ReviewTask  // nil: not in review
	Text          string       // what the page says
}

// CertificationProgress tells an applicant how far his certification is.
func (t *Tx) CertificationProgress(id CertificationID) (*Progress, error) {
	c, r := t.ownCertification(id)
	if r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	p := &Progress{Certification: c, Certificate: certificates.get(t, c.CertificateID), Review: t.ReviewOf(c.ID.Subject())}
	screen := ScreenCertification + Screen(c.Status)
	if c.Status == CertMaterials || c.Status == CertVerifying {
		p.Methods = c.methods()
	}
	p.Text = fill(t.p.words.Screens[screen], map[string]string{"reason": c.RejectReason, "deadline": t.localTime(c.Deadline)})
	return p, t.err
}

// DeleteEnterprise gives up an enterprise whose certification is not done, so
// that its licence is free again (R01.7). Only the account that submitted it may
// do so, on a PC (R01.4, R01.5, R01.8); or staff, after a call.
func (t *Tx) DeleteEnterprise(id EnterpriseID) error {
	defer t.in("enterprise.delete")()
	e := enterprises.get(t, id)
	switch {
	case t.err != nil:
		return t.err
	case e == nil || e.Status == EnterpriseDeleted:
		return refuse(NotFound, "")
	case t.by.Staff == "" && t.act.Channel != PC:
		return refuse(NotPC, "R01.4")
	case t.by.Staff == "" && (t.by.Account == "" || t.by.Account != e.Certifier):
		return refuse(NotOwner, "R01.8")
	case e.Status != Certifying:
		return refuse(NotCertifying, "R01.5")
	}
	if c := certifications.find(t, "open", key(e.ID)); c != nil {
		t.withdrawReview(c.ID.Subject())
		t.closeLinks(string(c.ID), LinkIsRevoked)
		c.Status = CertWithdrawn
		certifications.save(t, c)
	}
	e.Status = EnterpriseDeleted
	enterprises.save(t, e)
	return t.err
}
