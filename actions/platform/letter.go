package platform

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"signdesk/actions/platform/calendar"
)

// LetterTitle is the full title of the letter (G6).
const LetterTitle = "上上签企业服务有限授权书"

// GenerateLetter makes the letter to be printed, sealed and photographed, with
// the fields filled in as of now (R12.35, R12.36). The letter before is void.
func (t *Tx) GenerateLetter(s Subject) (*AuthorizationLetter, error) {
	defer t.in("letter.generate")()
	sub, r := t.proving(s, ByAuthLetter)
	switch {
	case r != nil || t.err != nil:
		return nil, t.failure(r)
	case t.ReviewOf(s) != nil: // of a request: it can still be proved otherwise
		return nil, refuse(UnderReview, "R12.33")
	}
	fields := t.letterFields(sub)
	fields.Date = t.at.In(calendar.Shanghai).Format("2006-01-02")
	if old := letters.find(t, "generated", subjectKey(s)); old != nil {
		old.Status = LetterSuperseded
		letters.save(t, old)
	}
	l := &AuthorizationLetter{ID: newID[LetterID](t, "W-"), Subject: s, Title: LetterTitle, Fields: fields, FieldsHash: fields.hash(), Status: LetterGenerated}
	letters.save(t, l)
	return l, t.err
}

// letterFields returns what the system fills in, without the date.
func (t *Tx) letterFields(sub *subject) LetterFields {
	f := LetterFields{GranteeName: sub.applicantName(t), GranteeAccount: t.loginOf(sub.applicant),
		Company: sub.holder, LegalRep: sub.legalRep, Registration: sub.enterprise.Registration}
	if admin := members.get(t, sub.enterprise.MainAdminID); admin != nil {
		f.CompanyAccount = admin.Login
	}
	if sub.request != nil {
		f.ViewScope, f.SignScope = sub.request.ViewScope, sub.request.SignScope
	}
	return f
}

func (f LetterFields) hash() string {
	raw, err := json.Marshal(f)
	if err != nil {
		panic("platform: marshal letter fields: " + err.Error()) // plain strings
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// UploadLetter takes the photograph of the sealed letter; staff will review it
// within a working day (R12.33). A letter whose fields changed since it was made
// is superseded and refused (R12.35).
func (t *Tx) UploadLetter(id LetterID, file FileID) error {
	defer t.in("letter.upload")()
	l := letters.get(t, id)
	if l == nil {
		return t.failure(refuse(NotFound, ""))
	}
	sub, r := t.proving(l.Subject, ByAuthLetter)
	if r == nil && t.err == nil {
		_, r = t.ownFile(file, FileLetter, "R12.29")
	}
	switch {
	case r != nil || t.err != nil:
		return t.failure(r)
	case t.ReviewOf(l.Subject) != nil:
		return refuse(UnderReview, "R12.33")
	case l.Status == LetterSuperseded:
		return refuse(StaleLetter, "R12.35")
	case l.Status != LetterGenerated:
		return refuse(NotOpen, "R12.29")
	}
	now := t.letterFields(sub)
	now.Date = l.Fields.Date
	if now.hash() != l.FieldsHash {
		l.Status = LetterSuperseded
		letters.save(t, l)
		return t.failure(refuse(StaleLetter, "R12.35"))
	}
	due, err := reviewDue(t.at)
	if err != nil {
		t.fail(err)
		return t.err
	}
	l.Status, l.UploadedFileID = LetterUploaded, file
	letters.save(t, l)
	l.Status = LetterInReview
	letters.save(t, l)
	causes := []ReviewCause{CauseLetter}
	if c := sub.certification; c != nil {
		causes = append(c.causes(), causes...)
		c.Method, c.Status = ByAuthLetter, CertInReview
		certifications.save(t, c)
	} else {
		t.started(sub, ByAuthLetter)
	}
	t.openReview(l.Subject, causes, due)
	return t.err
}

// LetterOf returns the letter of a case that waits to be sealed, or nil.
func (t *Tx) LetterOf(s Subject) *AuthorizationLetter {
	return letters.find(t, "generated", subjectKey(s))
}

// LetterInReview returns the sealed letter of a case that staff look at, or nil.
func (t *Tx) LetterInReview(s Subject) *AuthorizationLetter {
	return letters.find(t, "review", subjectKey(s))
}

// Letter returns a letter, or nil.
func (t *Tx) Letter(id LetterID) *AuthorizationLetter { return letters.get(t, id) }
