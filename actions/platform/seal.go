package platform

import (
	"slices"
	"time"

	"signdesk/actions/platform/value"
)

const sealNameMin, sealNameMax = 2, 30

// SealForm sets up a seal (R16.1, R16.4).
type SealForm struct {
	Enterprise EnterpriseID
	Image      FileID   // way 2: a picture of the physical seal; "" for way 1
	Name       string   // way 2
	Kind       SealKind // way 2; Official if empty
}

// SetupSeal makes a seal: drawn by the system under the name「电子公章」(way 1,
// R16.6), or from a picture (way 2, R16.4). Only the main administrator can.
func (t *Tx) SetupSeal(f SealForm) (*Seal, error) {
	defer t.in("seal.setup")()
	e, _, r := t.managed(f.Enterprise, false, "R14.3")
	if r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	s := &Seal{EnterpriseID: e.ID, Name: DefaultSealName, Kind: OfficialSeal, Source: SystemSeal, Status: SealEnabled, DrawnForName: e.Name}
	if f.Image != "" {
		name, ok := value.Text(f.Name, sealNameMin, sealNameMax)
		if !ok {
			return nil, bad("sealName", "R16.4")
		}
		s.Name, s.Source, s.ImageFileID = name, UploadSeal, f.Image
		if f.Kind != "" {
			s.Kind = f.Kind
		}
		if r := t.sealImage(f.Image); r != nil || t.err != nil {
			return nil, t.failure(r)
		}
	}
	switch {
	case !slices.Contains([]SealKind{OfficialSeal, ContractSeal, FinanceSeal, LegalRepSeal, HRSeal}, s.Kind):
		return nil, bad("sealKind", "R10.25")
	case seals.find(t, "name", key(e.ID, s.Name)) != nil:
		return nil, t.failure(refuse(NameTaken, "R16.4"))
	}
	s.ID = newID[SealID](t, "S-")
	seals.save(t, s)
	return s, t.err
}

// sealImage checks that the pattern of a seal was recognised (R16.4).
func (t *Tx) sealImage(id FileID) *Refusal {
	f, r := t.ownFile(id, FileSeal, "R16.4")
	if r == nil && !f.Reading.SealFound {
		r = bad("sealImage", "R16.3")
	}
	return r
}

// ownSeal returns a seal that the actor, the main administrator, may change.
func (t *Tx) ownSeal(id SealID) (*Seal, *Enterprise, *Refusal) {
	s := seals.get(t, id)
	if s == nil || s.Status == SealDeleted {
		return nil, nil, refuse(NotFound, "")
	}
	e, _, r := t.managed(s.EnterpriseID, false, "R17.2")
	return s, e, r
}

// UpdateSeal gives a seal a new picture (R17.8), or draws it anew if there is
// none (R10.23), for the enterprise's present name.
func (t *Tx) UpdateSeal(id SealID, image FileID) (*Seal, error) {
	defer t.in("seal.update")()
	s, e, r := t.ownSeal(id)
	if r == nil && t.err == nil && image != "" {
		r = t.sealImage(image)
	}
	if r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	s.ImageFileID, s.Source = image, UploadSeal
	if image == "" {
		s.Source = SystemSeal
	}
	s.NeedsRedraw, s.DrawnForName = false, e.Name
	seals.save(t, s)
	t.sealsRedrawn(e.ID)
	return s, t.err
}

// SetSeal enables, disables or deletes a seal (R10.25).
func (t *Tx) SetSeal(id SealID, to SealStatus) error {
	defer t.in("seal.set")()
	s, e, r := t.ownSeal(id)
	if r != nil || t.err != nil {
		return t.failure(r)
	}
	if !seals.states.allows(string(s.Status), string(to)) {
		return refuse(NotOpen, "R10.25")
	}
	s.Status = to
	seals.save(t, s)
	if to == SealDeleted {
		t.sealsRedrawn(e.ID)
	}
	return t.err
}

// SealHolders are who may use a seal, by person or by role (R10.26).
type SealHolders struct {
	Members []MemberID
	Roles   []RoleID
}

// GrantSeal lets members and roles use a seal for all senders: done in the
// console, on a PC (R14.3, B8). Holders that have it already are left out.
func (t *Tx) GrantSeal(id SealID, to SealHolders) error {
	defer t.in("seal.grant")()
	s, e, r := t.ownSeal(id)
	if r == nil && t.err == nil {
		r = t.onPC("R14.3")
	}
	if r != nil || t.err != nil {
		return t.failure(r)
	}
	if len(to.Members)+len(to.Roles) == 0 {
		return refuse(NoItems, "R10.26")
	}
	for _, m := range to.Members {
		if _, r := t.activeMember(e, m); r != nil || t.err != nil {
			return t.failure(r)
		}
	}
	for _, id := range to.Roles {
		if role := roles.get(t, id); role == nil || role.EnterpriseID != e.ID {
			return t.failure(bad("roles", "R10.26"))
		}
	}
	for _, m := range to.Members {
		t.grantAll(s, SealGrant{MemberID: m})
	}
	for _, role := range to.Roles {
		t.grantAll(s, SealGrant{RoleID: role})
	}
	return t.err
}

func (t *Tx) grantAll(s *Seal, g SealGrant) {
	had := sealGrants.list(t, "seal", key(s.ID))
	if slices.ContainsFunc(had, func(h *SealGrant) bool {
		return h.MemberID == g.MemberID && h.RoleID == g.RoleID && h.SignScope == SignAllSenders
	}) {
		return
	}
	g.ID, g.SealID, g.SignScope, g.GrantedBy, g.Since = newID[SealGrantID](t, "SG-"), s.ID, SignAllSenders, GrantedByMember, t.at
	sealGrants.save(t, &g)
}

// RevokeSeal ends grants of a seal, several at once (R10.26).
func (t *Tx) RevokeSeal(id SealID, ids []SealGrantID) error {
	defer t.in("seal.revoke")()
	s, _, r := t.ownSeal(id)
	if r != nil || t.err != nil {
		return t.failure(r)
	}
	var grants []*SealGrant
	for _, id := range ids {
		g := sealGrants.get(t, id)
		if g == nil || g.SealID != s.ID || !g.RevokedAt.IsZero() {
			return t.failure(refuse(NotFound, "R10.26"))
		}
		grants = append(grants, g)
	}
	for _, g := range grants {
		g.RevokedAt = t.at
		sealGrants.save(t, g)
	}
	return t.err
}

// Holder is one line of the list of who holds a seal (R10.26).
type Holder struct {
	Grant SealGrantID
	Name  string // of the member or role
	Role  bool
	Since time.Time
	By    GrantedBy
	Scope SignScope
}

// Holders returns who holds a seal besides the main administrator.
func (t *Tx) Holders(id SealID) []Holder {
	var out []Holder
	for _, g := range sealGrants.list(t, "seal", key(id)) {
		h := Holder{Grant: g.ID, Since: g.Since, By: g.GrantedBy, Scope: g.SignScope, Role: g.RoleID != ""}
		if role := roles.get(t, g.RoleID); role != nil {
			h.Name = role.Name
		} else if m := members.get(t, g.MemberID); m != nil {
			h.Name = m.Name
		}
		out = append(out, h)
	}
	return out
}

// defaultSeal returns the seal「电子公章」, generated if there is none (R12.23).
func (t *Tx) defaultSeal(e *Enterprise) *Seal {
	s := seals.find(t, "name", key(e.ID, DefaultSealName))
	if s == nil && t.err == nil {
		s = &Seal{ID: newID[SealID](t, "S-"), EnterpriseID: e.ID, Name: DefaultSealName, Kind: OfficialSeal, Source: SystemSeal,
			Status: SealEnabled, DrawnForName: e.Name}
		seals.save(t, s)
	}
	return s
}

// Seals returns an enterprise's seals that are not deleted.
func (t *Tx) Seals(e EnterpriseID) []*Seal {
	return slices.DeleteFunc(seals.list(t, "enterprise", key(e)), func(s *Seal) bool { return s.Status == SealDeleted })
}
