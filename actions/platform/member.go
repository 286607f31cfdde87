package platform

import (
	"slices"

	"signdesk/actions/platform/value"
)

// makeRole returns an enterprise's role of that name, made if there is none.
func (t *Tx) makeRole(e EnterpriseID, name string, perms ...Perm) *Role {
	r := roles.find(t, "name", key(e, name))
	if r == nil && t.err == nil {
		r = &Role{ID: newID[RoleID](t, "R-"), EnterpriseID: e, Name: name, Perms: perms}
		roles.save(t, r)
	}
	if r == nil {
		r = &Role{} // the transaction has failed
	}
	return r
}

// makeFirstAdmin makes the account that certified an enterprise its main
// administrator (R17.3), with the built-in roles.
func (t *Tx) makeFirstAdmin(e *Enterprise, by AccountID) {
	a := accounts.get(t, by)
	if a == nil {
		return
	}
	t.makeRole(e.ID, StaffRoleName)
	admin := t.makeRole(e.ID, AdminRoleName, PermAccountAdmin)
	m := &Member{ID: newID[MemberID](t, "M-"), EnterpriseID: e.ID, AccountID: a.ID, Login: a.Login(), Name: a.Name,
		RoleIDs: []RoleID{admin.ID}, Status: MemberActive}
	members.save(t, m)
	e.MainAdminID = m.ID
}

// join makes the account an active member of the enterprise, and reports
// whether it was none before.
func (t *Tx) join(e EnterpriseID, a *Account, name string) (*Member, bool) {
	m := t.membership(e, a)
	if m != nil && m.Status == MemberActive {
		return m, false
	}
	if m == nil {
		m = &Member{ID: newID[MemberID](t, "M-"), EnterpriseID: e, Login: a.Login(), Name: name, RoleIDs: []RoleID{t.makeRole(e, StaffRoleName).ID}}
	}
	m.AccountID, m.Status = a.ID, MemberActive
	members.save(t, m)
	return m, true
}

// membership returns the account's membership in any state but Removed: also
// one that was entered by its login before the account was made.
func (t *Tx) membership(e EnterpriseID, a *Account) *Member {
	if m := members.find(t, "account", key(a.ID, string(e))); m != nil {
		return m
	}
	for _, login := range []string{a.Mobile, a.Email} {
		if m := members.find(t, "login", key(e, login)); login != "" && m != nil {
			return m
		}
	}
	return nil
}

// setAdmin makes a member the main administrator; the former one stays an
// ordinary member (B11, G16). Requests that waited for him wait for the new one.
func (t *Tx) setAdmin(e *Enterprise, to *Member) {
	former := members.get(t, e.MainAdminID)
	admin := t.makeRole(e.ID, AdminRoleName, PermAccountAdmin)
	if former != nil && former.ID != to.ID {
		former.RoleIDs = slices.DeleteFunc(former.RoleIDs, func(id RoleID) bool { return id == admin.ID })
		if len(former.RoleIDs) == 0 {
			former.RoleIDs = []RoleID{t.makeRole(e.ID, StaffRoleName).ID}
		}
		members.save(t, former)
		t.notify(former.Login, NoticeOldAdmin, string(e.ID), "company", e.Name, "account", value.Mask(to.Login))
	}
	if !slices.Contains(to.RoleIDs, admin.ID) {
		to.RoleIDs = append(to.RoleIDs, admin.ID)
		members.save(t, to)
	}
	e.MainAdminID = to.ID
	enterprises.save(t, e)
	t.notify(to.Login, NoticeJoined, string(e.ID), "account", to.Login, "company", e.Name)
	if open := adminChanges.find(t, "open", key(e.ID)); open != nil && former != nil && open.OldAdminID == former.ID && t.action != actionAdminFinish {
		open.Status = AdminCancelled
		adminChanges.save(t, open)
	}
	for _, r := range requests.list(t, "enterprise", key(e.ID)) {
		if r.Status == RequestPending && r.Way == AskMainAdmin {
			t.tellAdmin(r, e)
		}
	}
}

// MemberForm enters a member (R18.3, R18.4).
type MemberForm struct {
	Enterprise EnterpriseID
	Login      string
	Name       string   // for use inside the enterprise
	Roles      []RoleID // none: 员工
}

// AddMember enters a member, on a PC (R18.2). Without an account of that login he is invited, and
// must activate through the link that he receives (R18.5).
func (t *Tx) AddMember(f MemberForm) (*Member, error) {
	defer t.in("member.add")()
	e, _, r := t.managed(f.Enterprise, true, "R18.2")
	if r == nil && t.err == nil {
		r = t.onPC("R18.2")
	}
	if r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	login, ok := value.Login(f.Login)
	if !ok {
		return nil, bad("login", "R18.4")
	}
	name, ok := value.PersonName(f.Name)
	if !ok {
		return nil, bad("name", "R18.4")
	}
	for _, id := range f.Roles {
		if role := roles.get(t, id); role == nil || role.EnterpriseID != e.ID || role.Name == AdminRoleName {
			return nil, t.failure(bad("roles", "R18.4"))
		}
	}
	a := t.AccountByLogin(login)
	taken := members.find(t, "login", key(e.ID, login))
	if taken == nil && a != nil {
		taken = t.membership(e.ID, a)
	}
	if taken != nil || t.err != nil {
		return nil, t.failure(refuse(LoginTaken, "R18.3"))
	}
	if len(f.Roles) == 0 {
		f.Roles = []RoleID{t.makeRole(e.ID, StaffRoleName).ID}
	}
	m := &Member{ID: newID[MemberID](t, "M-"), EnterpriseID: e.ID, Login: login, Name: name, RoleIDs: f.Roles, Status: MemberInvited}
	if a != nil {
		m.AccountID, m.Status = a.ID, MemberActive
	}
	members.save(t, m)
	if a != nil {
		t.notify(login, NoticeJoined, string(m.ID), "account", login, "company", e.Name)
	} else {
		l := t.newLink(ShortLink{Kind: LinkActivate, SubjectID: string(m.ID), RecipientLogin: login, Role: RoleApplicant, ExpiresAt: t.at.Add(linkLife)})
		t.notify(login, NoticeActivate, string(m.ID), "company", e.Name, "link", t.p.URL(l))
	}
	return m, t.err
}

// SetMember disables, enables or removes a member (R11.26). The main
// administrator can be neither disabled nor removed.
func (t *Tx) SetMember(id MemberID, to MemberStatus) error {
	defer t.in("member.set")()
	m := members.get(t, id)
	if m == nil || m.Status == MemberRemoved {
		return t.failure(refuse(NotFound, ""))
	}
	e, _, r := t.managed(m.EnterpriseID, true, "R11.26")
	switch {
	case r != nil || t.err != nil:
		return t.failure(r)
	case m.ID == e.MainAdminID:
		return refuse(LastAdmin, "R11.26")
	case to == MemberInvited || !members.states.allows(string(m.Status), string(to)) || m.AccountID == "" && to == MemberActive:
		return refuse(NotOpen, "")
	}
	m.Status = to
	members.save(t, m)
	if to == MemberRemoved {
		t.revokeAll(m.ID)
	}
	return t.err
}

// revokeAll ends all rights of a member.
func (t *Tx) revokeAll(id MemberID) {
	for _, g := range sealGrants.list(t, "member", key(id)) {
		g.RevokedAt = t.at
		sealGrants.save(t, g)
	}
	for _, g := range viewGrants.list(t, "member", key(id)) {
		g.RevokedAt = t.at
		viewGrants.save(t, g)
	}
}
