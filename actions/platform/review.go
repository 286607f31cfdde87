package platform

import (
	"strings"
	"time"

	"signdesk/actions/platform/calendar"
)

// reviewDue returns by when staff decide: one working day later (R07.5, R12.33).
func reviewDue(at time.Time) (time.Time, error) {
	due, err := calendar.AddWorkingDays(at, 1)
	return due.UTC(), err
}

func (t *Tx) openReview(s Subject, causes []ReviewCause, due time.Time) {
	reviews.save(t, &ReviewTask{ID: newID[ReviewID](t, "Q-"), Subject: s, Causes: causes, OpenedAt: t.at, DueAt: due, Status: ReviewOpen})
}

// OpenReviews returns the cases that wait for staff, those due first first.
func (t *Tx) OpenReviews() []*ReviewTask { return reviews.list(t, "due", nil) }

// ReviewOf returns the open review of a case, or nil.
func (t *Tx) ReviewOf(s Subject) *ReviewTask { return reviews.find(t, "open", subjectKey(s)) }

// Decide is the decision of staff on a review; a rejection needs a reason,
// which the applicant is told (R07.6, R07.7).
func (t *Tx) Decide(id ReviewID, pass bool, reason string) error {
	defer t.in("review.decide")()
	task := reviews.get(t, id)
	switch {
	case t.err != nil:
		return t.err
	case t.by.Staff == "":
		return refuse(NoRight, "R07.5")
	case task == nil:
		return refuse(NotFound, "")
	case task.Status != ReviewOpen:
		return refuse(NotOpen, "R07.5")
	case !pass && strings.TrimSpace(reason) == "":
		return refuse(NeedsReason, "R07.7")
	}
	task.Status, task.Reviewer, task.Reason = ReviewRejected, t.by.Staff, reason
	if pass {
		task.Status = ReviewPassed
	}
	reviews.save(t, task)
	if l := letters.find(t, "review", subjectKey(task.Subject)); l != nil {
		l.Status = LetterRejected
		if pass {
			l.Status = LetterApproved
		}
		letters.save(t, l)
	}
	switch task.Subject.Kind {
	case OnCertification:
		t.certificationReviewed(CertificationID(task.Subject.ID), pass, reason)
	case OnRequest:
		t.requestReviewed(RequestID(task.Subject.ID), pass, reason)
	}
	return t.err
}

// withdrawReview ends the review of a case that is no more.
func (t *Tx) withdrawReview(s Subject) {
	if task := reviews.find(t, "open", subjectKey(s)); task != nil {
		task.Status = ReviewWithdrawn
		reviews.save(t, task)
	}
	if l := letters.find(t, "review", subjectKey(s)); l != nil {
		l.Status = LetterRejected
		letters.save(t, l)
	}
}
