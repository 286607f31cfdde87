package platform

import (
	"context"
	"slices"
	"time"

	"signdesk/actions/platform/calendar"
	"signdesk/actions/platform/value"
)

// account returns the actor's account.
func (t *Tx) account() (*Account, *Refusal) {
	a := accounts.get(t, t.by.Account)
	if a == nil || a.Status != AccountActive {
		return nil, refuse(NotLoggedIn, "R18.12")
	}
	return a, nil
}

// AccountByLogin returns the account of a login, or nil.
func (t *Tx) AccountByLogin(login string) *Account { return accounts.find(t, "login", key(login)) }

// Account returns an account, or nil.
func (t *Tx) Account(id AccountID) *Account { return accounts.get(t, id) }

// SendRegisterCode sends a code to a login that shall become an account.
func (t *Tx) SendRegisterCode(login string) error {
	defer t.in("account.code")()
	login, ok := value.Login(login)
	if !ok {
		return bad("login", "R18.13")
	}
	if t.AccountByLogin(login) != nil {
		return t.failure(refuse(LoginTaken, "R18.13"))
	}
	return t.end(t.issueCode(login, CodeRegister, login))
}

// Registration is the form of a new account (R18.13).
type Registration struct {
	Login    string
	Name     string
	Company  string // 无 if there is none
	Invited  bool   // by a company
	Code     string
	Password string
}

// registrationGift is how many private contracts a new account is given
// (R18.16).
const registrationGift = 5

// Register makes an account. Memberships that wait for it are activated by
// their links (R18.5).
func (t *Tx) Register(f Registration) (AccountID, error) {
	defer t.in("account.register")()
	a, r := t.newAccount(f)
	if r != nil || t.err != nil {
		return "", t.failure(r)
	}
	if r := t.useCode(a.Login(), CodeRegister, a.Login(), f.Code); r != nil || t.err != nil {
		return "", t.failure(r)
	}
	accounts.save(t, a)
	return a.ID, t.err
}

// newAccount checks the form and returns the account, not yet saved.
func (t *Tx) newAccount(f Registration) (*Account, *Refusal) {
	login, ok := value.Login(f.Login)
	if !ok {
		return nil, bad("login", "R18.13")
	}
	name, ok := value.PersonName(f.Name)
	if !ok {
		return nil, bad("name", "R18.13")
	}
	if f.Company == "" {
		return nil, missing("company", "R18.13")
	}
	if !value.Password(f.Password) {
		return nil, refuse(BadPassword, "R18.14")
	}
	if t.AccountByLogin(login) != nil {
		return nil, refuse(LoginTaken, "R18.13")
	}
	type hashing struct{ password, salt string }
	h := hashing{f.Password, string(t.random(argonSaltLen))}
	hash, ok := ask(t, "password", h, func(context.Context) (string, error) {
		return HashPassword(h.password, []byte(h.salt)), nil
	})
	if !ok {
		return nil, nil
	}
	a := &Account{ID: newID[AccountID](t, "A-"), Name: name, PasswordHash: hash, Status: AccountActive,
		RegisteredCompany: f.Company, Invited: f.Invited, GiftB2C: registrationGift}
	if value.IsEmail(login) {
		a.Email = login
	} else {
		a.Mobile = login
	}
	return a, nil
}

// Activate makes an account of the bearer of an activation link, whose login
// the enterprise has entered, unless that has one already, and the membership
// active (R18.5).
func (t *Tx) Activate(f Registration) (AccountID, error) {
	defer t.in("member.activate")()
	l, err := t.Link(LinkCode(t.by.Link))
	if err != nil {
		return "", err
	}
	m := members.get(t, MemberID(l.SubjectID))
	switch {
	case t.err != nil:
		return "", t.err
	case l.Kind != LinkActivate || m == nil:
		return "", refuse(NotFound, "")
	case m.Status != MemberInvited:
		return "", refuse(NotOpen, "R18.5")
	}
	a := t.AccountByLogin(m.Login) // made meanwhile, without the link
	if a == nil {
		var r *Refusal
		f.Login, f.Invited = m.Login, true
		if a, r = t.newAccount(f); r != nil || t.err != nil {
			return "", t.failure(r)
		}
		accounts.save(t, a)
	}
	m.AccountID, m.Status = a.ID, MemberActive
	members.save(t, m)
	l.Status = LinkIsUsed
	links.save(t, l)
	return a.ID, t.err
}

// CheckLogin reports whether the password is that of the login's account. It
// takes as long for an unknown login, so that none can be found by timing.
func (p *Platform) CheckLogin(ctx context.Context, login, password string) (AccountID, bool, error) {
	var a *Account
	err := p.View(ctx, func(t *Tx) error {
		if name, ok := value.Login(login); ok {
			a = t.AccountByLogin(name)
		}
		return nil
	})
	if err != nil {
		return "", false, err
	}
	if a == nil || a.PasswordHash == "" || a.Status != AccountActive {
		HashPassword(password, make([]byte, argonSaltLen))
		return "", false, nil
	}
	ok, err := CheckPassword(a.PasswordHash, password)
	if !ok || err != nil {
		return "", false, err
	}
	return a.ID, true, nil
}

// memberOf returns the actor's active membership of an enterprise, or nil.
func (t *Tx) memberOf(account AccountID, e EnterpriseID) *Member {
	if account == "" {
		return nil
	}
	m := members.find(t, "account", key(account, string(e)))
	if m == nil || m.Status != MemberActive {
		return nil
	}
	return m
}

// isAdmin reports whether the actor is the enterprise's main administrator.
func (t *Tx) isAdmin(e *Enterprise) bool {
	m := t.memberOf(t.by.Account, e.ID)
	return m != nil && m.ID == e.MainAdminID
}

// hasPerm reports whether the member has the permission by one of his roles.
func (t *Tx) hasPerm(m *Member, perm Perm) bool {
	return slices.ContainsFunc(m.RoleIDs, func(id RoleID) bool {
		r := roles.get(t, id)
		return r != nil && slices.Contains(r.Perms, perm)
	})
}

// managed returns a certified enterprise that the actor may manage: as its main
// administrator, or with「账号管理」if that suffices.
func (t *Tx) managed(id EnterpriseID, orAccountAdmin bool, rule string) (*Enterprise, *Member, *Refusal) {
	if _, r := t.account(); r != nil {
		return nil, nil, r
	}
	e := enterprises.get(t, id)
	if e == nil || !e.IsCertified() {
		return nil, nil, refuse(NotFound, "")
	}
	m := t.memberOf(t.by.Account, e.ID)
	if m == nil || m.ID != e.MainAdminID && !(orAccountAdmin && t.hasPerm(m, PermAccountAdmin)) {
		return nil, nil, refuse(NoRight, rule)
	}
	return e, m, nil
}

// localTime writes an instant as the platform's pages do.
func (t *Tx) localTime(at time.Time) string {
	return at.In(calendar.Shanghai).Format("2006-01-02 15:04")
}
