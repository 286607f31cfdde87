package platform

import "slices"

// senderKey names a sender together with its group, subsidiaries and business
// lines (R12.15): the group if there is one, else the enterprise at the root.
func (t *Tx) senderKey(id EnterpriseID) SenderKey {
	seen := map[EnterpriseID]bool{}
	for {
		e := enterprises.get(t, id)
		switch {
		case e == nil:
			return SenderKey(id)
		case e.GroupID != "":
			return SenderKey(e.GroupID)
		}
		seen[id] = true
		up := e.ParentID
		if e.BusinessLineOf != "" {
			up = e.BusinessLineOf
		}
		if up == "" || seen[up] {
			return SenderKey(id)
		}
		id = up
	}
}

// CanView reports whether a member may view the contract for his enterprise
// (B22).
func (t *Tx) CanView(m *Member, c *Contract) bool {
	e, p := t.partyOf(m, c)
	if p == nil || m.Status != MemberActive {
		return false
	}
	if m.ID == e.MainAdminID || p.RecipientLogin != "" && t.hasLogin(m, p.RecipientLogin) {
		return true
	}
	free := p.Unattended() || p.FirstViewedBy == m.ID
	return slices.ContainsFunc(viewGrants.list(t, "member", key(m.ID)), func(g *ViewGrant) bool {
		// The contract that was asked for is inside every scope (R12.4).
		switch {
		case g.OriginContractID == c.ID:
			return true
		case g.ViewScope == ViewCurrentSenderUnattended:
			return free && g.OriginSenderKey == t.senderKey(c.SenderEnterpriseID)
		case g.ViewScope == ViewAllSendersUnattended:
			return free
		}
		return false
	})
}

// hasLogin reports whether the login is the member's.
func (t *Tx) hasLogin(m *Member, login string) bool {
	if m.Login == login {
		return true
	}
	a := accounts.get(t, m.AccountID)
	return a != nil && (a.Mobile == login || a.Email == login)
}

// partyOf returns the party of the contract that the member's enterprise is, or
// nil: the name must be the enterprise's exactly (R09.5).
func (t *Tx) partyOf(m *Member, c *Contract) (*Enterprise, *Party) {
	e := enterprises.get(t, m.EnterpriseID)
	if e == nil || !e.IsCertified() {
		return e, nil
	}
	for i := range c.Parties {
		if c.Parties[i].EnterpriseName == e.Name {
			return e, &c.Parties[i]
		}
	}
	return e, nil
}

// signSeals returns the enabled seals that the member may put on the contract
// as far as scopes go: all of them if he is the main administrator (B8). They
// need not be usable.
func (t *Tx) signSeals(m *Member, c *Contract) []*Seal {
	e := enterprises.get(t, m.EnterpriseID)
	if e == nil {
		return nil
	}
	var out []*Seal
	for _, s := range seals.list(t, "enterprise", key(m.EnterpriseID)) {
		if s.Status == SealEnabled && (e.MainAdminID == m.ID || t.granted(s, m, c)) {
			out = append(out, s)
		}
	}
	return out
}

func (t *Tx) granted(s *Seal, m *Member, c *Contract) bool {
	return slices.ContainsFunc(sealGrants.list(t, "seal", key(s.ID)), func(g *SealGrant) bool {
		if g.MemberID != m.ID && (g.RoleID == "" || !slices.Contains(m.RoleIDs, g.RoleID)) {
			return false
		}
		switch g.SignScope {
		case SignCurrentContract:
			return g.OriginContractID == c.ID
		case SignCurrentSender:
			return g.OriginContractID == c.ID || g.OriginSenderKey == t.senderKey(c.SenderEnterpriseID)
		case SignAllSenders:
			return true
		}
		return false
	})
}

// CanSign returns the seals that the member can put on the contract now; none
// if he may not sign it. Signing goes no further than viewing (R12.17).
func (t *Tx) CanSign(m *Member, c *Contract) []*Seal {
	if c.Status != ContractSigning || !t.CanView(m, c) {
		return nil
	}
	return slices.DeleteFunc(t.signSeals(m, c), func(s *Seal) bool { return !s.Usable() })
}

// Screen is what an account sees on opening a signing link, and other pages
// with a text of their own.
type Screen string

// What opening a contract can show (B21).
const (
	ScreenContractDone      Screen = "ContractDone"
	ScreenContractWithdrawn Screen = "ContractWithdrawn"
	ScreenContractExpired   Screen = "ContractExpired"
	ScreenContractRefused   Screen = "ContractRefused"
	ScreenNameNotCertified  Screen = "NameNotCertified"
	ScreenNoPermission      Screen = "NoPermission"
	ScreenNotJoined         Screen = "NotJoined"
	ScreenSetupSeal         Screen = "SetupSeal"
	ScreenNoUsableSeal      Screen = "NoUsableSeal"
	ScreenNoSignPermission  Screen = "NoSignPermission"
	ScreenSealNeedsRedraw   Screen = "SealNeedsRedraw"
	ScreenSigningPage       Screen = "SigningPage"

	ScreenAppeal      Screen = "Appeal"
	ScreenSealUpdated Screen = "SealUpdated"

	// ScreenCertification begins the names of the screens of a certification's
	// states.
	ScreenCertification Screen = "Certification"
)

// Outcome is what opening a contract shows.
type Outcome struct {
	Screen     Screen
	Text       string // what is printed on it
	Contract   *Contract
	Enterprise *Enterprise // the party's; nil if it is not certified
	Member     *Member     // the account's; nil if it is none
	Seals      []*Seal     // on the signing page: those that can be used
}

// OpenContract is what happens when an account follows a contract's signing
// link (B21). An opening by somebody who may view it is the first view, if there
// was none (R12.14).
func (t *Tx) OpenContract(account AccountID, id ContractID) (*Outcome, error) {
	defer t.in("contract.open")()
	a := accounts.get(t, account)
	if a == nil {
		return nil, t.failure(refuse(NotLoggedIn, ""))
	}
	c := contracts.get(t, id)
	if c == nil {
		return nil, t.failure(refuse(NotFound, ""))
	}
	o := t.outcome(a, c)
	o.Text = fill(t.p.words.Screens[o.Screen], map[string]string{"company": partyName(o), "contract": c.Title})
	if o.Member != nil && c.Status == ContractSigning && t.CanView(o.Member, c) {
		t.markViewed(o.Member, c)
	}
	return o, t.err
}

func partyName(o *Outcome) string {
	if o.Enterprise != nil {
		return o.Enterprise.Name
	}
	if len(o.Contract.Parties) > 0 {
		return o.Contract.Parties[0].EnterpriseName
	}
	return ""
}

func (t *Tx) markViewed(m *Member, c *Contract) {
	_, p := t.partyOf(m, c)
	if p == nil || !p.Unattended() {
		return
	}
	p.FirstViewedAt, p.FirstViewedBy = t.at, m.ID
	if !slices.ContainsFunc(c.Owners, func(o ContractOwner) bool { return o.EnterpriseID == m.EnterpriseID }) {
		c.Owners = append(c.Owners, ContractOwner{m.EnterpriseID, m.ID})
	}
	contracts.save(t, c)
}

var finishedScreens = map[ContractStatus]Screen{
	ContractCompleted: ScreenContractDone, ContractWithdrawn: ScreenContractWithdrawn,
	ContractExpired: ScreenContractExpired, ContractRefused: ScreenContractRefused,
}

// outcome decides what an account sees; the first rule that fits counts.
func (t *Tx) outcome(a *Account, c *Contract) *Outcome {
	o := &Outcome{Contract: c}
	if o.Screen = finishedScreens[c.Status]; o.Screen != "" {
		return o
	}
	if !c.SignDeadline.IsZero() && !t.at.Before(c.SignDeadline) {
		o.Screen = ScreenContractExpired
		return o
	}
	p := t.addressed(a, c)
	if p == nil {
		o.Screen = ScreenNameNotCertified
		return o
	}
	o.Enterprise = enterprises.find(t, "name", key(p.EnterpriseName))
	if o.Enterprise == nil {
		o.Screen = ScreenNameNotCertified
		return o
	}
	o.Member = t.memberOf(a.ID, o.Enterprise.ID)
	toOther := p.RecipientLogin != "" && p.RecipientLogin != a.Mobile && p.RecipientLogin != a.Email
	switch {
	case o.Member == nil && toOther:
		o.Screen = ScreenNoPermission
	case o.Member == nil:
		o.Screen = ScreenNotJoined
	case !t.CanView(o.Member, c):
		o.Screen = ScreenNoPermission
	default:
		t.sealOutcome(o)
	}
	return o
}

// sealOutcome decides what somebody sees who may view the contract.
func (t *Tx) sealOutcome(o *Outcome) {
	admin := o.Member.ID == o.Enterprise.MainAdminID
	enabled := slices.ContainsFunc(seals.list(t, "enterprise", key(o.Enterprise.ID)), func(s *Seal) bool { return s.Status == SealEnabled })
	switch mine := t.signSeals(o.Member, o.Contract); {
	case !enabled && admin:
		o.Screen = ScreenSetupSeal
	case !enabled:
		o.Screen = ScreenNoUsableSeal
	case len(mine) == 0:
		o.Screen = ScreenNoSignPermission
	default:
		o.Seals = t.CanSign(o.Member, o.Contract)
		if o.Screen = ScreenSigningPage; len(o.Seals) == 0 {
			o.Screen = ScreenSealNeedsRedraw
		}
	}
}

// addressed returns the party that an account stands for: the one that it is
// the recipient of, else one that it is a member of, else the first that has
// not signed.
func (t *Tx) addressed(a *Account, c *Contract) *Party {
	for i := range c.Parties {
		if l := c.Parties[i].RecipientLogin; l != "" && (l == a.Mobile || l == a.Email) {
			return &c.Parties[i]
		}
	}
	for i := range c.Parties {
		if e := enterprises.find(t, "name", key(c.Parties[i].EnterpriseName)); e != nil && t.memberOf(a.ID, e.ID) != nil {
			return &c.Parties[i]
		}
	}
	for i := range c.Parties {
		if c.Parties[i].SignedAt.IsZero() {
			return &c.Parties[i]
		}
	}
	return nil
}
