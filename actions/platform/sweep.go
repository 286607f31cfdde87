package platform

import (
	"context"

	"signdesk/data/store"
)

// Sweep ends what has run out by now, at most limit of each kind, and returns
// how much it ended. Nothing depends on its being run in time: operations look
// at the deadlines themselves.
func (p *Platform) Sweep(ctx context.Context, limit int) (int, error) {
	return Do(ctx, p, p.NewAct(Actor{System: "sweep"}, ""), func(t *Tx) (int, error) {
		defer t.in("sweep")()
		return t.sweep(limit), t.err
	})
}

func (t *Tx) sweep(limit int) int {
	due := until(t.at)
	due.Limit = limit
	n := 0
	for _, c := range changes.listRange(t, "deadline", due) {
		if !t.overdue(c) {
			continue
		}
		t.expireChange(c)
		n++
	}
	for _, c := range certifications.listRange(t, "deadline", due) {
		if c = certifications.get(t, c.ID); c.Status.Open() { // not ended with its change
			t.expireCertification(c)
			n++
		}
	}
	for _, q := range requests.listRange(t, "deadline", due) {
		if t.ReviewOf(q.ID.Subject()) != nil {
			continue // staff will decide
		}
		t.endRequest(q, RequestExpired)
		n++
	}
	for _, a := range appeals.listRange(t, "deadline", due) {
		t.endAppeal(a, AppealExpired)
		n++
	}
	return n + t.sweepProofs(due)
}

// sweepProofs ends checks, transfers, links and contracts.
func (t *Tx) sweepProofs(due store.Range) int {
	n := 0
	for _, c := range checks.listRange(t, "deadline", due) {
		c.Status = CheckExpired
		checks.save(t, c)
		n++
	}
	for _, b := range transfers.listRange(t, "deadline", due) {
		b.Status = TransferExpired
		transfers.save(t, b)
		n++
	}
	for _, z := range reverses.listRange(t, "deadline", due) {
		z.Status = ReverseExpired
		reverses.save(t, z)
		n++
	}
	for _, l := range links.listRange(t, "deadline", due) {
		l.Status = LinkIsExpired
		links.save(t, l)
		n++
	}
	for _, c := range contracts.listRange(t, "deadline", due) {
		c.Status = ContractExpired
		contracts.save(t, c)
		n++
	}
	return n
}

// expireCertification ends a certification and erases what was submitted
// (R10.8).
func (t *Tx) expireCertification(c *Certification) {
	if c.Status == CertVerifying { // the attempt under way ends first
		c.Status = CertMaterials
		certifications.save(t, c)
	}
	if c.Status == CertInReview {
		return
	}
	for _, id := range c.Images {
		if f := files.get(t, id); f != nil {
			f.Use, f.Reading = "", Reading{} // good for nothing any more
			files.save(t, f)
		}
	}
	c.Status = CertExpired
	c.OCR, c.Submitted, c.IDHash, c.IDMasked, c.Images = Reading{}, Submitted{}, "", "", nil
	certifications.save(t, c)
	t.closeLinks(string(c.ID), LinkIsRevoked)
}
