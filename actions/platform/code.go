package platform

import (
	"crypto/hmac"
	"strconv"
	"time"

	"signdesk/actions/platform/calendar"
	"signdesk/actions/platform/value"
	"signdesk/data/store"
)

// Limits of verification codes (G2).
const (
	codeLife     = 5 * time.Minute
	codeResend   = time.Minute
	codeTries    = 5
	codesPerDay  = 10
	codeDigits   = 6
	decimalSigns = "0123456789"
)

// issueCode sends a new code to target; the one before is void.
func (t *Tx) issueCode(target string, purpose CodePurpose, subject string) *Refusal {
	last := codes.find(t, "issued", codeKey(target, purpose, subject))
	if last != nil {
		if wait := last.CreatedAt.Add(codeResend).Sub(t.at); wait > 0 {
			return refuse(ResendTooSoon, "", "seconds", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
		}
	}
	today := store.Range{From: key(target).Time(calendar.StartOfDay(t.at)), To: key(target).Time(t.at.Add(time.Millisecond))}
	if len(codes.listRange(t, "target", today)) >= codesPerDay {
		return refuse(TooManyCodes, "")
	}
	if last != nil {
		last.Status = CodeStale
		codes.save(t, last)
	}
	text := t.randomText(codeDigits, decimalSigns)
	c := &VerificationCode{ID: newID[CodeID](t, "K-"), Target: target, Purpose: purpose, SubjectID: subject,
		ExpiresAt: t.at.Add(codeLife), TriesLeft: codeTries, Status: CodeIssued}
	c.CodeHash = t.p.hashCode(c.ID, text)
	codes.save(t, c)
	t.notify(target, NoticeCode, subject, "code", text, "minutes", strconv.Itoa(int(codeLife/time.Minute)))
	return nil
}

// useCode checks a code that somebody typed. A wrong one uses up a try; the
// right one is used up itself.
func (t *Tx) useCode(target string, purpose CodePurpose, subject, typed string) *Refusal {
	text, ok := value.Code(typed)
	if !ok {
		return bad("code", "")
	}
	c := codes.find(t, "issued", codeKey(target, purpose, subject))
	switch {
	case c == nil:
		if t.lockedCode(target, purpose, subject) {
			return refuse(CodeLocked, "")
		}
		return refuse(CodeExpired, "")
	case !t.at.Before(c.ExpiresAt):
		return refuse(CodeExpired, "")
	case !hmac.Equal(c.CodeHash, t.p.hashCode(c.ID, text)):
		return t.wrongCode(c)
	}
	c.Status, c.UsedAt = CodeUsed, t.at
	codes.save(t, c)
	return nil
}

func (t *Tx) wrongCode(c *VerificationCode) *Refusal {
	c.TriesLeft--
	r := refuse(WrongCode, "", "left", strconv.Itoa(c.TriesLeft))
	if c.TriesLeft == 0 {
		c.Status = CodeIsLocked
		r = refuse(CodeLocked, "")
	}
	codes.save(t, c)
	return r
}

// lockedCode reports whether the last code for this was locked and could still
// be good otherwise.
func (t *Tx) lockedCode(target string, purpose CodePurpose, subject string) bool {
	for _, c := range codes.listRange(t, "target", store.Range{From: key(target).Time(t.at.Add(-codeLife)), To: key(target).Time(t.at.Add(time.Millisecond))}) {
		if c.Purpose == purpose && c.SubjectID == subject && c.Status == CodeIsLocked {
			return true
		}
	}
	return false
}
