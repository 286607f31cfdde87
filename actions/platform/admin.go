package platform

import "slices"

// actionAdminFinish names the operation in the audit trail.
const actionAdminFinish = "admin.finish"

// allItems are what can be handed over (R18.9).
var allItems = []Item{ItemTemplate, ItemContract, ItemSeal}

// onPC refuses other channels.
func (t *Tx) onPC(rule string) *Refusal {
	if t.act.Channel != PC {
		return refuse(NotPC, rule)
	}
	return nil
}

// StartAdminChange begins the change of the main administrator by himself, on a
// PC (R18.2), and sends him a code (R18.7).
func (t *Tx) StartAdminChange(id EnterpriseID) (AdminChangeID, error) {
	defer t.in("admin.start")()
	e, m, r := t.managed(id, false, "R18.2")
	if r == nil && t.err == nil {
		r = t.onPC("R18.2")
	}
	if r != nil || t.err != nil {
		return "", t.failure(r)
	}
	c := adminChanges.find(t, "open", key(e.ID))
	if c != nil && c.OldAdminID != m.ID {
		return "", t.failure(refuse(AlreadyOpen, "R18.2"))
	}
	if c == nil {
		c = &AdminChange{ID: newID[AdminChangeID](t, "D-"), EnterpriseID: e.ID, OldAdminID: m.ID, Status: AdminDraft}
	}
	if c.Status == AdminDraft {
		if r := t.issueCode(m.Login, CodeAdminChange, string(c.ID)); r != nil || t.err != nil {
			return "", t.failure(r)
		}
	}
	adminChanges.save(t, c)
	return c.ID, t.err
}

// ownAdminChange returns an open change of the actor.
func (t *Tx) ownAdminChange(id AdminChangeID) (*AdminChange, *Enterprise, *Refusal) {
	c := adminChanges.get(t, id)
	if c == nil {
		return nil, nil, refuse(NotFound, "")
	}
	e, m, r := t.managed(c.EnterpriseID, false, "R18.2")
	if r == nil && m.ID != c.OldAdminID {
		r = refuse(NotFound, "")
	}
	if r == nil {
		r = t.onPC("R18.2")
	}
	return c, e, r
}

// VerifyOldAdmin takes the code that the former administrator received (R18.7).
func (t *Tx) VerifyOldAdmin(id AdminChangeID, code string) error {
	defer t.in("admin.verify")()
	c, _, r := t.ownAdminChange(id)
	if r != nil || t.err != nil {
		return t.failure(r)
	}
	if c.Status != AdminDraft {
		return refuse(NotOpen, "R18.6")
	}
	old := members.get(t, c.OldAdminID)
	if old == nil {
		return t.failure(refuse(NotFound, ""))
	}
	if r := t.useCode(old.Login, CodeAdminChange, string(c.ID), code); r != nil || t.err != nil {
		return t.failure(r)
	}
	c.Status, c.OldVerifiedAt = AdminOldVerified, t.at
	adminChanges.save(t, c)
	return t.err
}

// AdminChoice is the last page of the change (R18.8, R18.9).
type AdminChoice struct {
	Change    AdminChangeID
	NewMember MemberID
	Transfer  bool
	Items     []Item // at least one if Transfer
}

// FinishAdminChange makes the chosen member main administrator, and hands over
// the chosen items (R18.10).
func (t *Tx) FinishAdminChange(f AdminChoice) error {
	defer t.in(actionAdminFinish)()
	c, e, r := t.ownAdminChange(f.Change)
	if r != nil || t.err != nil {
		return t.failure(r)
	}
	if c.Status != AdminOldVerified {
		return refuse(NotOpen, "R18.6")
	}
	to, r := t.activeMember(e, f.NewMember)
	switch {
	case r != nil || t.err != nil:
		return t.failure(r)
	case to.ID == c.OldAdminID:
		return refuse(AlreadyAdmin, "R18.8")
	case f.Transfer && !validItems(f.Items):
		return refuse(NoItems, "R18.9")
	}
	c.NewMemberID, c.Transfer, c.Status = to.ID, f.Transfer, AdminDone
	if f.Transfer {
		c.Items = f.Items
		h := &Handover{ID: newID[HandoverID](t, "H-"), EnterpriseID: e.ID, FromMemberID: c.OldAdminID, ToMemberID: to.ID, Items: f.Items, Status: HandoverDraft}
		handovers.save(t, h)
		t.carryOut(h)
		c.HandoverID = h.ID
	}
	adminChanges.save(t, c)
	t.setAdmin(e, to)
	return t.err
}

// activeMember returns a member of the enterprise who can take something over:
// not one who is only invited (R18.5), nor somebody else (R18.8).
func (t *Tx) activeMember(e *Enterprise, id MemberID) (*Member, *Refusal) {
	m := members.get(t, id)
	switch {
	case m == nil || m.EnterpriseID != e.ID || m.Status == MemberRemoved || m.Status == MemberDisabled:
		return nil, refuse(NotMember, "R18.8")
	case m.Status == MemberInvited:
		return nil, refuse(NotActivated, "R18.5")
	}
	return m, nil
}

func validItems(items []Item) bool {
	for _, it := range items {
		if !slices.Contains(allItems, it) {
			return false
		}
	}
	return len(items) > 0
}

// CancelAdminChange gives up a change.
func (t *Tx) CancelAdminChange(id AdminChangeID) error {
	defer t.in("admin.cancel")()
	c, _, r := t.ownAdminChange(id)
	if r != nil || t.err != nil {
		return t.failure(r)
	}
	if c.Status != AdminDraft && c.Status != AdminOldVerified {
		return refuse(NotOpen, "")
	}
	c.Status = AdminCancelled
	adminChanges.save(t, c)
	return t.err
}

// HandoverForm moves a member's items to another (R11.25).
type HandoverForm struct {
	Enterprise EnterpriseID
	From, To   MemberID
	Items      []Item
}

// StartHandover tells what a handover would move. It is done on a PC only
// (R11.24).
func (t *Tx) StartHandover(f HandoverForm) (*Handover, error) {
	defer t.in("handover.start")()
	e, _, r := t.managed(f.Enterprise, false, "R11.25")
	if r == nil && t.err == nil {
		r = t.onPC("R11.24")
	}
	if r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	from := members.get(t, f.From)
	if from == nil || from.EnterpriseID != e.ID {
		return nil, t.failure(refuse(NotMember, "R11.25"))
	}
	to, r := t.activeMember(e, f.To)
	switch {
	case r != nil || t.err != nil:
		return nil, t.failure(r)
	case to.ID == from.ID || !validItems(f.Items):
		return nil, refuse(NoItems, "R11.25")
	}
	h := &Handover{ID: newID[HandoverID](t, "H-"), EnterpriseID: e.ID, FromMemberID: from.ID, ToMemberID: to.ID, Items: f.Items, Status: HandoverDraft}
	h.Counts = t.countItems(h)
	handovers.save(t, h)
	return h, t.err
}

// ConfirmHandover carries out a handover, once.
func (t *Tx) ConfirmHandover(id HandoverID) (*Handover, error) {
	defer t.in("handover.confirm")()
	h := handovers.get(t, id)
	if h == nil {
		return nil, t.failure(refuse(NotFound, ""))
	}
	e, _, r := t.managed(h.EnterpriseID, false, "R11.25")
	if r == nil && t.err == nil {
		r = t.onPC("R11.24")
	}
	if r == nil && t.err == nil {
		_, r = t.activeMember(e, h.ToMemberID)
	}
	switch {
	case r != nil || t.err != nil:
		return nil, t.failure(r)
	case h.Status != HandoverDraft:
		return nil, refuse(NotOpen, "R11.25")
	}
	t.carryOut(h)
	return h, t.err
}

// CancelHandover gives up a handover.
func (t *Tx) CancelHandover(id HandoverID) error {
	defer t.in("handover.cancel")()
	h := handovers.get(t, id)
	if h == nil {
		return t.failure(refuse(NotFound, ""))
	}
	if _, _, r := t.managed(h.EnterpriseID, false, "R11.25"); r != nil || t.err != nil {
		return t.failure(r)
	}
	if h.Status != HandoverDraft {
		return refuse(NotOpen, "")
	}
	h.Status = HandoverCancelled
	handovers.save(t, h)
	return t.err
}

func (t *Tx) countItems(h *Handover) map[Item]int {
	counts := make(map[Item]int)
	for _, it := range h.Items {
		switch it {
		case ItemTemplate:
			counts[it] = len(templates.list(t, "owner", key(h.FromMemberID)))
		case ItemContract:
			counts[it] = len(contracts.list(t, "owner", key(h.FromMemberID)))
		case ItemSeal:
			counts[it] = len(sealGrants.list(t, "member", key(h.FromMemberID)))
		}
	}
	return counts
}

// carryOut moves the items and closes the handover.
func (t *Tx) carryOut(h *Handover) {
	h.Counts = t.countItems(h)
	if slices.Contains(h.Items, ItemTemplate) {
		for _, x := range templates.list(t, "owner", key(h.FromMemberID)) {
			x.OwnerID = h.ToMemberID
			templates.save(t, x)
		}
	}
	if slices.Contains(h.Items, ItemContract) {
		for _, c := range contracts.list(t, "owner", key(h.FromMemberID)) {
			for i := range c.Owners {
				if c.Owners[i].MemberID == h.FromMemberID {
					c.Owners[i].MemberID = h.ToMemberID
				}
			}
			contracts.save(t, c)
		}
	}
	if slices.Contains(h.Items, ItemSeal) {
		for _, g := range sealGrants.list(t, "member", key(h.FromMemberID)) {
			moved := *g
			g.RevokedAt = t.at
			sealGrants.save(t, g)
			moved.ID, moved.Meta, moved.MemberID, moved.Since = newID[SealGrantID](t, "SG-"), Meta{}, h.ToMemberID, t.at
			sealGrants.save(t, &moved)
		}
	}
	h.Status = HandoverDone
	handovers.save(t, h)
}
