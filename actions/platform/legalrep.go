package platform

import (
	"time"

	"signdesk/actions/platform/value"
)

// checkLife is how long a check of the legal representative waits (P).
const checkLife = 30 * time.Minute

// FaceForm asks for a face check (R11.13, R12.24).
type FaceForm struct {
	Subject    Subject
	LegalRepID string // ID number; may be empty if one is on file (R11.11)
	IDHash     string // of MatchLegalRepID, in the place of the number
	Privacy    bool   // consent was ticked
	Vehicle    string // Alipay, WeChat or Browser
}

// MatchLegalRepID checks an ID number against the legal representative's, and
// returns what forms take in its place, so that nobody needs to keep the number.
func (t *Tx) MatchLegalRepID(s Subject, typed string) (string, error) {
	sub, r := t.proving(s, ByLegalRepFace)
	if r != nil || t.err != nil {
		return "", t.failure(r)
	}
	if typed == "" {
		return "", missing("legalRepID", "R11.11")
	}
	hash, _, r := t.legalRepHash(sub, typed, "", true)
	if r != nil || t.err != nil {
		return "", t.failure(r)
	}
	return hash, nil
}

// StartFaceCheck opens a face check, to be taken by the legal representative.
func (t *Tx) StartFaceCheck(f FaceForm) (CheckID, error) {
	defer t.in("face.start")()
	sub, r := t.proving(f.Subject, ByLegalRepFace)
	if r != nil || t.err != nil {
		return "", t.failure(r)
	}
	hash, supplied, r := t.legalRepHash(sub, f.LegalRepID, f.IDHash, f.Privacy)
	if r != nil || t.err != nil {
		return "", t.failure(r)
	}
	return t.openCheck(sub, ByLegalRepFace, &LegalRepCheck{Kind: FaceCheck, IDHash: hash, IDSupplied: supplied, Vehicle: f.Vehicle}), t.err
}

// PhoneForm asks for a check by the legal representative's phone (R11.12,
// R12.28).
type PhoneForm struct {
	Subject    Subject
	LegalRepID string
	IDHash     string
	Mobile     string
	Privacy    bool
}

// StartPhoneCheck sends a code to a mobile number that was bought with the
// legal representative's ID card (R10.21).
func (t *Tx) StartPhoneCheck(f PhoneForm) (CheckID, error) {
	defer t.in("phone.start")()
	sub, r := t.proving(f.Subject, ByLegalRepPhone)
	if r != nil || t.err != nil {
		return "", t.failure(r)
	}
	mobile, ok := value.Mobile(f.Mobile)
	if !ok {
		return "", bad("legalRepMobile", "R11.12")
	}
	hash, supplied, r := t.legalRepHash(sub, f.LegalRepID, f.IDHash, f.Privacy)
	if r != nil || t.err != nil {
		return "", t.failure(r)
	}
	owner, ok := t.carrierOwner(mobile)
	if !ok {
		return "", t.err
	}
	if owner == "" {
		return "", refuse(LegalRepMismatch, "R10.21")
	}
	if owner != hash {
		return "", refuse(LegalRepMismatch, "R11.12")
	}
	if r := t.issueCode(mobile, CodeLegalRepPhone, f.Subject.ID); r != nil || t.err != nil {
		return "", t.failure(r)
	}
	return t.openCheck(sub, ByLegalRepPhone, &LegalRepCheck{Kind: PhoneCheck, IDHash: hash, IDSupplied: supplied, Mobile: mobile}), t.err
}

// legalRepHash returns the hash of the ID number that the check must meet. What
// is typed, or matched before, must be the number on file, or the registry's if
// none is on file.
func (t *Tx) legalRepHash(sub *subject, typed, matched string, privacy bool) (hash string, supplied bool, _ *Refusal) {
	if !privacy {
		return "", false, refuse(ConsentMissing, sub.consentRule())
	}
	if typed == "" && matched == "" {
		if sub.askID || sub.idHash == "" {
			return "", false, missing("legalRepID", "R11.11")
		}
		return sub.idHash, false, nil
	}
	hash = matched
	if typed != "" {
		id, ok := value.IDCard(typed)
		if !ok {
			return "", false, bad("legalRepID", "R11.11")
		}
		hash = t.p.hashID(id)
	}
	want := sub.idHash
	if want == "" {
		reg, ok := t.registry(sub.enterprise.Registration)
		if !ok {
			return "", false, nil
		}
		want = reg.idHash
	}
	if hash != want {
		return "", false, refuse(LegalRepMismatch, "R11.12")
	}
	return hash, true, nil
}

func (s *subject) consentRule() string {
	if s.certification != nil {
		return "R10.16"
	}
	return "R11.27"
}

// openCheck saves a new check; the one before is void.
func (t *Tx) openCheck(sub *subject, m Method, c *LegalRepCheck) CheckID {
	if old := checks.find(t, "open", subjectKey(sub.Subject)); old != nil {
		old.Status = CheckExpired
		checks.save(t, old)
	}
	c.ID, c.EnterpriseID, c.Subject, c.LegalRepName = newID[CheckID](t, "L-"), sub.enterprise.ID, sub.Subject, sub.legalRep
	c.PrivacyAt, c.ExpiresAt, c.Status = t.at, t.at.Add(checkLife), CheckCreated
	checks.save(t, c)
	t.started(sub, m)
	return c.ID
}

// openedCheck returns a check that waits, and its case.
func (t *Tx) openedCheck(id CheckID, kind CheckKind, m Method) (*LegalRepCheck, *subject, *Refusal) {
	c := checks.get(t, id)
	if c == nil || c.Kind != kind {
		return nil, nil, refuse(NotFound, "")
	}
	if t.by.System != "" { // the face service reports
		sub, r := t.openSubject(c.Subject)
		return c, sub, t.checkOpen(c, r)
	}
	sub, r := t.proving(c.Subject, m)
	return c, sub, t.checkOpen(c, r)
}

func (t *Tx) checkOpen(c *LegalRepCheck, r *Refusal) *Refusal {
	if r == nil && (c.Status != CheckCreated || !t.at.Before(c.ExpiresAt)) {
		r = refuse(NotOpen, "")
	}
	return r
}

// FinishFaceCheck asks the face service how the check went, and settles the
// case if the legal representative passed it: at once (R12.26). Failed ones can
// be followed by a phone check (R12.27).
func (t *Tx) FinishFaceCheck(id CheckID) (CheckStatus, error) {
	defer t.in("face.finish")()
	c, sub, r := t.openedCheck(id, FaceCheck, ByLegalRepFace)
	if r != nil || t.err != nil {
		return "", t.failure(r)
	}
	result, ok := t.faceResult(FaceQuery{Check: string(id), Enterprise: c.EnterpriseID, Name: c.LegalRepName})
	if !ok || result == FacePending {
		return c.Status, t.err
	}
	c.Status = CheckFailed
	if result == FacePassed {
		c.Status = CheckPassed
	}
	checks.save(t, c)
	if c.Status == CheckPassed {
		t.checkPassed(sub, c, ByLegalRepFace)
	}
	return c.Status, t.err
}

// FinishPhoneCheck takes the code that the legal representative received.
func (t *Tx) FinishPhoneCheck(id CheckID, code string) error {
	defer t.in("phone.finish")()
	c, sub, r := t.openedCheck(id, PhoneCheck, ByLegalRepPhone)
	if r == nil && t.err == nil {
		r = t.useCode(c.Mobile, CodeLegalRepPhone, c.Subject.ID, code)
	}
	if r != nil || t.err != nil {
		return t.failure(r)
	}
	c.Status = CheckPassed
	checks.save(t, c)
	t.checkPassed(sub, c, ByLegalRepPhone)
	return t.err
}

// ResendPhoneCode sends the code of a phone check anew.
func (t *Tx) ResendPhoneCode(id CheckID) error {
	defer t.in("phone.resend")()
	c, _, r := t.openedCheck(id, PhoneCheck, ByLegalRepPhone)
	if r == nil && t.err == nil {
		r = t.issueCode(c.Mobile, CodeLegalRepPhone, c.Subject.ID)
	}
	return t.end(r)
}

func (t *Tx) checkPassed(sub *subject, c *LegalRepCheck, m Method) {
	if sub.appeal != nil && c.IDSupplied {
		sub.appeal.LegalRepIDSupplied = true
	}
	t.proved(sub, m)
}
