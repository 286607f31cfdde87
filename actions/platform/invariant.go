package platform

import (
	"context"
	"errors"
	"fmt"
)

// ErrInvariant means that records contradict each other: a mistake in this
// package, or a change from outside.
var ErrInvariant = errors.New("platform: invariant broken")

// VerifyRecords checks the invariants of the specification's section B on all
// records. Uniqueness is kept and verified by the store's indexes.
func (p *Platform) VerifyRecords(ctx context.Context) error {
	return p.View(ctx, func(t *Tx) error {
		var errs []error
		report := func(ok bool, format string, args ...any) {
			if !ok {
				errs = append(errs, fmt.Errorf("%w: %s", ErrInvariant, fmt.Sprintf(format, args...)))
			}
		}
		t.checkEnterprises(report)
		t.checkCertifications(report)
		t.checkCases(report)
		t.checkMoney(report)
		t.checkContracts(report)
		return errors.Join(append(errs, t.err)...)
	})
}

type reporter func(ok bool, format string, args ...any)

func (t *Tx) checkEnterprises(report reporter) {
	for _, e := range enterprises.all(t) {
		if e.BusinessLineOf != "" {
			continue
		}
		admin := members.get(t, e.MainAdminID)
		if e.IsCertified() {
			report(admin != nil && admin.EnterpriseID == e.ID && admin.Status == MemberActive, "%s has no active main administrator (B3)", e.ID)
			report(certificates.get(t, e.CertificateID) != nil, "%s has no certificate (B5)", e.ID)
		} else {
			report(admin == nil, "%s is %s and has a main administrator (B3)", e.ID, e.Status)
		}
		open := changes.find(t, "open", key(e.ID))
		report((open != nil) == (e.Status == Changing), "%s is %s, change open: %v (B3)", e.ID, e.Status, open != nil)
	}
	for _, m := range members.all(t) {
		report(m.Status != MemberActive || m.AccountID != "", "member %s is active without an account (B6)", m.ID)
		report(m.Status != MemberInvited || m.AccountID == "", "member %s is invited with an account (B6)", m.ID)
	}
	for _, s := range seals.all(t) {
		e := enterprises.get(t, s.EnterpriseID)
		report(s.Status == SealDeleted || e != nil && e.IsCertified(), "seal %s of an enterprise that is not certified (B7)", s.ID)
	}
}

func (t *Tx) checkCertifications(report reporter) {
	reviewed := make(map[Subject]ReviewStatus)
	for _, r := range reviews.all(t) {
		if reviewed[r.Subject] != ReviewPassed {
			reviewed[r.Subject] = r.Status
		}
	}
	for _, c := range certifications.all(t) {
		review := reviewed[c.ID.Subject()]
		report((c.Status == CertInReview) == (review == ReviewOpen), "certification %s is %s, its review %q (B4)", c.ID, c.Status, review)
		if c.Status == CertPassed {
			report(certificates.get(t, c.CertificateID) != nil, "certification %s passed without certificate (B4)", c.ID)
			needs := c.ManualEdit || c.Watermark != NoWatermark || c.Method == ByAuthLetter
			report(!needs || review == ReviewPassed, "certification %s passed without review (B4)", c.ID)
		} else {
			report(c.CertificateID == "", "certification %s is %s and has a certificate (B5)", c.ID, c.Status)
		}
	}
}

func (t *Tx) checkCases(report reporter) {
	for _, q := range requests.all(t) {
		if q.Status != RequestApproved {
			report(len(q.SealIDs) == 0, "request %s is %s and has seals (B10)", q.ID, q.Status)
			continue
		}
		report(q.SignScope == SignNone || len(q.SealIDs) > 0, "request %s approved without seal (B10)", q.ID)
	}
	for _, a := range appeals.all(t) {
		report(a.Status != AppealSucceeded || !a.CodeVerifiedAt.IsZero() && a.Method != "", "appeal %s succeeded without code and method (B11)", a.ID)
		report(a.Case != CaseBothChanged || a.Status == AppealNeedsSupport, "appeal %s with both changed is %s (B11)", a.ID, a.Status)
	}
	for _, c := range changes.all(t) {
		if c.Status == ChangeClosed {
			cert := certifications.get(t, c.CertificationID)
			report(cert != nil && cert.Status == CertPassed, "change %s closed without certification (B17)", c.ID)
		}
	}
	for _, h := range handovers.all(t) {
		report(h.Status != HandoverDone || h.FromMemberID != h.ToMemberID, "handover %s to the same member (B18)", h.ID)
	}
	for _, c := range codes.all(t) {
		report(c.TriesLeft >= 0 && (c.Status == CodeIsLocked) == (c.TriesLeft == 0), "code %s is %s with %d tries left (B12)", c.ID, c.Status, c.TriesLeft)
	}
}

func (t *Tx) checkMoney(report reporter) {
	for _, b := range transfers.all(t) {
		report(b.Amount >= 1 && b.Amount <= maxDrawn, "transfer %s is of a sum out of range (B14)", b.ID)
		report(b.TriesLeft >= 0 && (b.TriesLeft == 0) == (b.Status == TransferExhausted), "transfer %s is %s with %d tries left (B14)", b.ID, b.Status, b.TriesLeft)
	}
	for _, z := range reverses.all(t) {
		settled := z.Status == ReverseMatched || z.Status == ReverseFailed
		report(settled == (z.IncomingID != ""), "reverse transfer %s is %s, payment %q (B15)", z.ID, z.Status, z.IncomingID)
		report((z.Status == ReverseFailed) == (z.FailedCondition != ""), "reverse transfer %s is %s for %q (B15)", z.ID, z.Status, z.FailedCondition)
	}
}

func (t *Tx) checkContracts(report reporter) {
	for _, c := range contracts.all(t) {
		signed := 0
		for _, p := range c.Parties {
			report(p.FirstViewedAt.IsZero() == (p.FirstViewedBy == ""), "contract %s viewed by nobody or at no time (B9)", c.ID)
			if !p.SignedAt.IsZero() {
				signed++
				report(!p.Unattended(), "contract %s signed and not viewed (B9)", c.ID)
			}
		}
		report((c.Status == ContractCompleted) == (signed == len(c.Parties)), "contract %s is %s with %d of %d signatures (B9)", c.ID, c.Status, signed, len(c.Parties))
		report(c.ReplacedBy == "" || c.Status != ContractSigning, "contract %s is replaced and can be signed (B9)", c.ID)
	}
}
