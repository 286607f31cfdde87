package platform

import (
	"slices"
	"time"

	"signdesk/actions/platform/value"
)

// ContractForm sends a contract.
type ContractForm struct {
	Enterprise EnterpriseID // the sender's
	Title      string
	Parties    []Party // names and recipients
	Deadline   time.Time
}

const titleMin, titleMax = 1, 100

// SendContract sends a contract in the name of the actor's enterprise. A change
// of its data does not stop it (R10.14).
func (t *Tx) SendContract(f ContractForm) (*Contract, error) {
	defer t.in("contract.send")()
	account, r := t.account()
	if r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	e := enterprises.get(t, f.Enterprise)
	m := t.memberOf(account.ID, f.Enterprise)
	if e == nil || !e.IsCertified() || m == nil {
		return nil, t.failure(refuse(NoRight, "R10.14"))
	}
	title, ok := value.Text(f.Title, titleMin, titleMax)
	if !ok {
		return nil, bad("title", "")
	}
	parties, r := cleanParties(f.Parties)
	if r != nil {
		return nil, r
	}
	return t.newContract(&Contract{Title: title, SenderEnterpriseID: e.ID, SenderAccountID: account.ID, Parties: parties,
		Owners: []ContractOwner{{e.ID, m.ID}}, SignDeadline: f.Deadline}), t.err
}

// cleanParties checks what the sender states. Names are taken as they are
// typed.
func cleanParties(in []Party) ([]Party, *Refusal) {
	if len(in) == 0 {
		return nil, missing("parties", "R09.5")
	}
	var out []Party
	for _, p := range in {
		if p.EnterpriseName == "" {
			return nil, missing("companyName", "R09.5")
		}
		if p.RecipientLogin != "" {
			login, ok := value.Login(p.RecipientLogin)
			if !ok {
				return nil, bad("recipient", "")
			}
			p.RecipientLogin = login
		}
		out = append(out, Party{EnterpriseName: p.EnterpriseName, RecipientLogin: p.RecipientLogin})
	}
	return out, nil
}

func (t *Tx) newContract(c *Contract) *Contract {
	c.ID, c.Status = newID[ContractID](t, "C-"), ContractSigning
	c.SigningLinkCode = t.newLink(ShortLink{Kind: LinkSign, SubjectID: string(c.ID), Role: RoleApplicant}).Code
	contracts.save(t, c)
	return c
}

// Contract returns a contract, or nil.
func (t *Tx) Contract(id ContractID) *Contract { return contracts.get(t, id) }

// signingURL returns the address of a contract's signing link.
func (t *Tx) signingURL(c *Contract) string {
	return t.p.URL(&ShortLink{Kind: LinkSign, Code: c.SigningLinkCode})
}

// sent returns a contract that the actor may withdraw: he sent it, or looks
// after it, or is the sender's main administrator.
func (t *Tx) sent(id ContractID) (*Contract, *Refusal) {
	c := contracts.get(t, id)
	if c == nil {
		return nil, refuse(NotFound, "")
	}
	e := enterprises.get(t, c.SenderEnterpriseID)
	m := t.memberOf(t.by.Account, c.SenderEnterpriseID)
	if e == nil || m == nil || m.ID != e.MainAdminID && c.SenderAccountID != t.by.Account && !slices.Contains(c.Owners, ContractOwner{e.ID, m.ID}) {
		return nil, refuse(NotFound, "")
	}
	return c, nil
}

// KnowsContract reports whether an account may know of a contract: it sent it,
// is addressed, is a member of a party, or is addressed as a company that it is
// no member of yet. To others there is no such contract.
func (t *Tx) KnowsContract(account AccountID, id ContractID) bool {
	a, c := accounts.get(t, account), contracts.get(t, id)
	if a == nil || c == nil {
		return false
	}
	if c.SenderAccountID == a.ID || t.memberOf(a.ID, c.SenderEnterpriseID) != nil {
		return true
	}
	for _, p := range c.Parties {
		if p.RecipientLogin != "" && (p.RecipientLogin == a.Mobile || p.RecipientLogin == a.Email) {
			return true
		}
		if e := enterprises.find(t, "name", key(p.EnterpriseName)); e != nil && t.memberOf(a.ID, e.ID) != nil {
			return true
		}
	}
	return false
}

// WithdrawContract takes a contract back (R08.3, R09.3).
func (t *Tx) WithdrawContract(id ContractID) error {
	defer t.in("contract.withdraw")()
	c, r := t.sent(id)
	if r != nil || t.err != nil {
		return t.failure(r)
	}
	if c.Status != ContractSigning {
		return refuse(NotSigning, "R15.1")
	}
	t.withdraw(c)
	return t.err
}

func (t *Tx) withdraw(c *Contract) {
	c.Status = ContractWithdrawn
	contracts.save(t, c)
	if l := links.get(t, c.SigningLinkCode); l != nil && l.Status == LinkActive {
		l.Status = LinkIsRevoked
		links.save(t, l)
	}
}

// ResendContract replaces a contract by one with other parties: it withdraws
// the old one if it can still be signed (R09.3).
func (t *Tx) ResendContract(id ContractID, parties []Party) (*Contract, error) {
	defer t.in("contract.resend")()
	old, r := t.sent(id)
	if r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	if old.Status == ContractCompleted || old.ReplacedBy != "" {
		return nil, refuse(NotSigning, "R15.1")
	}
	cleaned, r := cleanParties(parties)
	if r != nil {
		return nil, r
	}
	if old.Status == ContractSigning {
		t.withdraw(old)
	}
	c := t.newContract(&Contract{Title: old.Title, SenderEnterpriseID: old.SenderEnterpriseID, SenderAccountID: t.by.Account,
		Parties: cleaned, Owners: slices.Clone(old.Owners[:min(1, len(old.Owners))])})
	old.ReplacedBy = c.ID
	contracts.save(t, old)
	return c, t.err
}

// signer returns the actor's membership and party of a contract, and the seals
// that he can put on it.
func (t *Tx) signer(id ContractID) (*Contract, *Member, []*Seal, *Refusal) {
	account, r := t.account()
	if r != nil {
		return nil, nil, nil, r
	}
	c := contracts.get(t, id)
	if c == nil {
		return nil, nil, nil, refuse(NotFound, "")
	}
	o := t.outcome(account, c)
	switch o.Screen {
	case ScreenSigningPage:
		return c, o.Member, o.Seals, nil
	case ScreenContractDone, ScreenContractWithdrawn, ScreenContractExpired, ScreenContractRefused:
		return nil, nil, nil, refuse(NotSigning, "R15.1")
	}
	return nil, nil, nil, refuse(NoRight, "R12.17")
}

// SendSignCode sends the code of the signing check to the signer (R12.51).
func (t *Tx) SendSignCode(id ContractID) error {
	defer t.in("sign.code")()
	_, _, _, r := t.signer(id)
	if r == nil && t.err == nil {
		r = t.issueCode(t.loginOf(t.by.Account), CodeSignCheck, string(id))
	}
	return t.end(r)
}

// SignContract puts a seal on the contract for the actor's enterprise, once the
// code that he received is right (R12.51). The first seal he can use is taken
// if none is named. The contract is completed by the last signature.
func (t *Tx) SignContract(id ContractID, seal SealID, code string) (*Contract, error) {
	defer t.in("contract.sign")()
	c, m, usable, r := t.signer(id)
	if r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	if seal == "" {
		seal = usable[0].ID
	}
	if !slices.ContainsFunc(usable, func(s *Seal) bool { return s.ID == seal }) {
		return nil, refuse(NoRight, "R12.17")
	}
	_, p := t.partyOf(m, c)
	if p == nil || !p.SignedAt.IsZero() {
		return nil, t.failure(refuse(NotSigning, "R15.1"))
	}
	if r := t.useCode(t.loginOf(t.by.Account), CodeSignCheck, string(id), code); r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	t.markViewed(m, c)
	_, p = t.partyOf(m, c)
	p.SignedAt, p.SignedBy, p.SealID = t.at, m.ID, seal
	if !slices.ContainsFunc(c.Parties, func(p Party) bool { return p.SignedAt.IsZero() }) {
		c.Status = ContractCompleted
	}
	contracts.save(t, c)
	return c, t.err
}

// RefuseContract declines to sign a contract for the actor's enterprise (P).
func (t *Tx) RefuseContract(id ContractID) error {
	defer t.in("contract.refuse")()
	c, _, _, r := t.signer(id)
	if r != nil || t.err != nil {
		return t.failure(r)
	}
	c.Status = ContractRefused
	contracts.save(t, c)
	return t.err
}

// ContractsOf lists the contracts of an account, the newest first: those that it
// sent, received, viewed or signed (R15.3).
func (t *Tx) ContractsOf(id AccountID) []*Contract {
	a := accounts.get(t, id)
	if a == nil {
		return nil
	}
	found := contracts.list(t, "party", key("account", string(a.ID)))
	for _, login := range []string{a.Mobile, a.Email} {
		if login != "" {
			found = append(found, contracts.list(t, "party", key("login", login))...)
		}
	}
	for _, m := range members.list(t, "account", key(a.ID)) {
		found = append(found, contracts.list(t, "party", key("member", string(m.ID)))...)
	}
	seen := make(map[ContractID]bool)
	found = slices.DeleteFunc(found, func(c *Contract) bool {
		again := seen[c.ID]
		seen[c.ID] = true
		return again
	})
	slices.SortFunc(found, func(a, b *Contract) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return found
}
