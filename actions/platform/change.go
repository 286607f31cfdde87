package platform

import (
	"time"
)

// changeLife is how long a change of an enterprise's data may take (R10.8).
const changeLife = 7 * 24 * time.Hour

// OpenInfoChange begins a change of a certified enterprise's data, by its main
// administrator or a member with「账号管理」(R10.2). Enterprises in a group need
// support (R10.9).
func (t *Tx) OpenInfoChange(id EnterpriseID) (*InfoChange, error) {
	defer t.in("change.open")()
	e, m, r := t.changeable(id)
	if r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	if old := changes.find(t, "open", key(e.ID)); old != nil { // overdue: changeable refuses others
		t.expireChange(old)
		if e = enterprises.get(t, e.ID); e == nil {
			return nil, t.err
		}
	}
	c := &InfoChange{ID: newID[ChangeID](t, "I-"), EnterpriseID: e.ID, OperatorID: m.ID, Deadline: t.at.Add(changeLife), Status: ChangeIsOpen}
	changes.save(t, c)
	e.Status = Changing
	enterprises.save(t, e)
	return c, t.err
}

// CheckInfoChange tells whether the actor could begin a change: it returns the
// refusal that OpenInfoChange would give.
func (t *Tx) CheckInfoChange(id EnterpriseID) error {
	_, _, r := t.changeable(id)
	return t.end(r)
}

// changeable returns an enterprise whose data the actor may begin to change.
func (t *Tx) changeable(id EnterpriseID) (*Enterprise, *Member, *Refusal) {
	e, m, r := t.managed(id, true, "R10.2")
	switch {
	case r != nil || t.err != nil:
		return nil, nil, r
	case e.GroupID != "" || e.ParentID != "":
		return nil, nil, refuse(InGroup, "R10.9")
	case e.BusinessLineOf != "":
		return nil, nil, refuse(InGroup, "R10.10")
	}
	if open := changes.find(t, "open", key(e.ID)); open != nil && !t.overdue(open) || t.err != nil {
		return nil, nil, refuse(ChangeOpen, "R10.6")
	}
	return e, m, nil
}

// openChange returns the open change of an enterprise that the actor may carry
// on.
func (t *Tx) openChange(id EnterpriseID) (*InfoChange, *Refusal) {
	if _, _, r := t.managed(id, true, "R10.2"); r != nil {
		return nil, r
	}
	c := changes.find(t, "open", key(id))
	if c == nil || !t.at.Before(c.Deadline) {
		return nil, refuse(NotOpen, "R10.8")
	}
	return c, nil
}

// InfoChangeOf returns the open change of an enterprise, or nil (R10.7).
func (t *Tx) InfoChangeOf(id EnterpriseID) *InfoChange { return changes.find(t, "open", key(id)) }

// operatesChange reports whether the account has a change open: it can then not
// add another enterprise (R10.6, G21).
func (t *Tx) operatesChange(account AccountID) bool {
	for _, m := range members.list(t, "account", key(account)) {
		for _, c := range changes.list(t, "operator", key(m.ID)) {
			if !t.overdue(c) {
				return true
			}
		}
	}
	return false
}

// overdue reports whether an open change ran out (R10.8): not if all was
// submitted in time and staff look at it.
func (t *Tx) overdue(c *InfoChange) bool {
	if t.at.Before(c.Deadline) {
		return false
	}
	cert := certifications.get(t, c.CertificationID)
	return cert == nil || cert.Status != CertInReview
}

// changeCertified goes on to the second stage: the seals show old data until
// they are drawn anew (R10.5, R10.24).
func (t *Tx) changeCertified(c *Certification) {
	change := changes.find(t, "open", key(c.EnterpriseID))
	if change == nil {
		return
	}
	change.Status = ChangeCertified
	changes.save(t, change)
	for _, s := range t.Seals(c.EnterpriseID) {
		s.NeedsRedraw = true
		seals.save(t, s)
	}
	t.sealsRedrawn(c.EnterpriseID)
}

// sealsRedrawn closes the changes of an enterprise none of whose seals shows
// old data.
func (t *Tx) sealsRedrawn(id EnterpriseID) {
	for _, s := range t.Seals(id) {
		if s.NeedsRedraw {
			return
		}
	}
	for _, c := range changes.list(t, "enterprise", key(id)) {
		if c.Status != ChangeCertified {
			continue
		}
		c.Status = ChangeSealUpdated
		changes.save(t, c)
		c.Status = ChangeClosed
		changes.save(t, c)
	}
}

// expireChange erases what was submitted and leaves the enterprise as it was
// (R10.8).
func (t *Tx) expireChange(c *InfoChange) {
	if cert := certifications.get(t, c.CertificationID); cert != nil && cert.Status.Open() {
		t.expireCertification(cert)
	}
	c.Status = ChangeExpired
	changes.save(t, c)
	if e := enterprises.get(t, c.EnterpriseID); e != nil && e.Status == Changing {
		e.Status = Certified
		enterprises.save(t, e)
	}
}
