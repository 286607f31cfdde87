package platform

import (
	"slices"

	"signdesk/actions/platform/value"
)

// Enterprise returns an enterprise, or nil.
func (t *Tx) Enterprise(id EnterpriseID) *Enterprise { return enterprises.get(t, id) }

// EnterpriseByName returns the certified enterprise of exactly that name, or nil.
func (t *Tx) EnterpriseByName(name string) *Enterprise { return enterprises.find(t, "name", key(name)) }

// EnterpriseCalled returns the certified enterprise that is called exactly that:
// by the name that was certified, or the one that the registry has now. Nil if
// there is none.
func (t *Tx) EnterpriseCalled(name string) *Enterprise {
	if e := t.EnterpriseByName(name); e != nil || name == "" {
		return e
	}
	registration, ok := t.registeredAs(name)
	if !ok || registration == "" {
		return nil
	}
	if e := t.EnterpriseByRegistration(registration); e != nil && e.IsCertified() {
		return e
	}
	return nil
}

// EnterpriseByRegistration returns the enterprise of a USCC or registration
// number that was not deleted, or nil.
func (t *Tx) EnterpriseByRegistration(registration string) *Enterprise {
	return enterprises.find(t, "registration", key(registration))
}

// PendingByName returns the company of exactly that name that is being certified,
// or nil.
func (t *Tx) PendingByName(name string) *Enterprise {
	for _, e := range enterprises.all(t) { // few are pending, and seldom asked for
		if e.Status == Certifying && e.Name == name {
			return e
		}
	}
	return nil
}

// MainAdmin returns the main administrator of an enterprise, or nil.
func (t *Tx) MainAdmin(id EnterpriseID) *Member {
	e := enterprises.get(t, id)
	if e == nil {
		return nil
	}
	return members.get(t, e.MainAdminID)
}

// Members returns the members of an enterprise that were not removed.
func (t *Tx) Members(id EnterpriseID) []*Member {
	return slices.DeleteFunc(members.list(t, "enterprise", key(id)), func(m *Member) bool { return m.Status == MemberRemoved })
}

// Member returns a member, or nil.
func (t *Tx) Member(id MemberID) *Member { return members.get(t, id) }

// MemberOf returns the active membership of an account in an enterprise, or
// nil.
func (t *Tx) MemberOf(account AccountID, e EnterpriseID) *Member { return t.memberOf(account, e) }

// MembershipsOf returns where an account is an active member.
func (t *Tx) MembershipsOf(account AccountID) []*Member {
	return slices.DeleteFunc(members.list(t, "account", key(account)), func(m *Member) bool { return m.Status != MemberActive })
}

// ViewGrants returns the rights of a member to view contracts.
func (t *Tx) ViewGrants(id MemberID) []*ViewGrant { return viewGrants.list(t, "member", key(id)) }

// SealGrants returns the rights of a member to use seals, without those of his
// roles.
func (t *Tx) SealGrants(id MemberID) []*SealGrant { return sealGrants.list(t, "member", key(id)) }

// Roles returns the roles of an enterprise.
func (t *Tx) Roles(id EnterpriseID) []*Role { return roles.list(t, "name", key(id)) }

// Seal returns a seal, or nil.
func (t *Tx) Seal(id SealID) *Seal { return seals.get(t, id) }

// SealsOf returns the seals of an enterprise that were not deleted.
func (t *Tx) SealsOf(id EnterpriseID) []*Seal {
	return slices.DeleteFunc(seals.list(t, "enterprise", key(id)), func(s *Seal) bool { return s.Status == SealDeleted })
}

// ContractFor returns the contract that an account means, or nil: by the code of
// its signing link whoever has it, by its id only those who sent or received it
// themselves or for their enterprise.
func (t *Tx) ContractFor(account AccountID, ref string) *Contract {
	if l := links.get(t, LinkCode(ref)); l != nil && l.Kind == LinkSign {
		return contracts.get(t, ContractID(l.SubjectID))
	}
	a, c := accounts.get(t, account), contracts.get(t, ContractID(ref))
	if a == nil || c == nil {
		return nil
	}
	mine := func(name string) bool {
		e := t.EnterpriseByName(name)
		return e != nil && t.memberOf(a.ID, e.ID) != nil
	}
	if c.SenderAccountID == a.ID || t.memberOf(a.ID, c.SenderEnterpriseID) != nil ||
		slices.ContainsFunc(c.Parties, func(p Party) bool {
			return p.RecipientLogin != "" && (p.RecipientLogin == a.Mobile || p.RecipientLogin == a.Email) || mine(p.EnterpriseName)
		}) {
		return c
	}
	return nil
}

// PartyOf returns the certified enterprise that an account stands for in a
// contract, or nil.
func (t *Tx) PartyOf(account AccountID, id ContractID) *Enterprise {
	a, c := accounts.get(t, account), contracts.get(t, id)
	if a == nil || c == nil {
		return nil
	}
	p := t.addressed(a, c)
	if p == nil {
		return nil
	}
	return t.EnterpriseByName(p.EnterpriseName)
}

// SigningURL returns the address of a contract's signing link, for its parties.
func (t *Tx) SigningURL(c *Contract) string { return t.signingURL(c) }

// Requests returns the permission requests to an enterprise, in the order of
// their ids.
func (t *Tx) Requests(id EnterpriseID) []*PermissionRequest {
	return requests.list(t, "enterprise", key(id))
}

// Appeals returns the appeals for an enterprise.
func (t *Tx) Appeals(id EnterpriseID) []*Appeal { return appeals.list(t, "enterprise", key(id)) }

// Certifications returns the certifications of an enterprise.
func (t *Tx) Certifications(id EnterpriseID) []*Certification {
	return certifications.list(t, "enterprise", key(id))
}

// Certification returns a certification, or nil.
func (t *Tx) Certification(id CertificationID) *Certification { return certifications.get(t, id) }

// CertificationsOf returns the certifications of an account.
func (t *Tx) CertificationsOf(account AccountID) []*Certification {
	return certifications.list(t, "account", key(account))
}

// Certificate returns a certificate, or nil (R10.27).
func (t *Tx) Certificate(id CertificateID) *Certificate { return certificates.get(t, id) }

// Handover returns a handover, or nil.
func (t *Tx) Handover(id HandoverID) *Handover { return handovers.get(t, id) }

// AdminChange returns a change of the main administrator, or nil.
func (t *Tx) AdminChange(id AdminChangeID) *AdminChange { return adminChanges.get(t, id) }

// InfoChange returns a change of an enterprise's data, or nil.
func (t *Tx) InfoChange(id ChangeID) *InfoChange { return changes.get(t, id) }

// LeaveTicket leaves a question for the staff (B20). Anybody can.
func (t *Tx) LeaveTicket(note string) error {
	defer t.in("ticket.open")()
	text, ok := value.Text(note, textMin, maxNote)
	if !ok {
		return bad("note", "R19.5")
	}
	tickets.save(t, &SupportTicket{ID: newID[TicketID](t, "X-"), AccountID: t.by.Account, Entry: "19", Note: text, Status: TicketOpen})
	return t.err
}

const maxNote = 500 // characters
