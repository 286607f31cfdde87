package platform

import (
	"time"

	"signdesk/data/store"
)

// The tables, their machines (README.md draws them) and their indexes (B24).
var (
	accounts = newTable[AccountID]("accounts",
		machine{"": {"Active"}, "Active": {"Closed"}},
		index[Account]{"login", true, func(a *Account) []store.Key {
			var keys []store.Key
			for _, login := range []string{a.Mobile, a.Email} {
				if login != "" {
					keys = append(keys, key(login))
				}
			}
			return keys
		}})

	enterprises = newTable[EnterpriseID]("enterprises",
		machine{"": {"Certifying"}, "Certifying": {"Certified", "Deleted"}, "Certified": {"Changing"}, "Changing": {"Certified"}},
		index[Enterprise]{"registration", true, func(e *Enterprise) []store.Key {
			return oneIf(e.Status != EnterpriseDeleted && e.BusinessLineOf == "", key(e.Registration))
		}},
		index[Enterprise]{"name", true, func(e *Enterprise) []store.Key {
			return oneIf(e.IsCertified() && e.BusinessLineOf == "", key(e.Name))
		}})

	certifications = newTable[CertificationID]("certifications",
		machine{
			"":          {"BasicInfo"},
			"BasicInfo": {"Materials", "Expired", "Withdrawn"},
			"Materials": {"Verifying", "InReview", "Expired", "Withdrawn"},
			"Verifying": {"Passed", "InReview", "Materials", "Withdrawn"},
			"InReview":  {"Passed", "Rejected", "Withdrawn"},
		},
		index[Certification]{"open", true, func(c *Certification) []store.Key {
			return oneIf(c.Status.Open() && c.EnterpriseID != "", key(c.EnterpriseID))
		}},
		index[Certification]{"enterprise", false, func(c *Certification) []store.Key { return one(key(c.EnterpriseID)) }},
		index[Certification]{"account", false, func(c *Certification) []store.Key { return one(key(c.AccountID)) }},
		index[Certification]{"deadline", false, func(c *Certification) []store.Key {
			return oneIf(c.Status == CertBasicInfo || c.Status == CertMaterials || c.Status == CertVerifying, store.Key{}.Time(c.Deadline))
		}})

	certificates = newTable[CertificateID]("certificates", nil,
		index[Certificate]{"enterprise", false, func(c *Certificate) []store.Key { return one(key(c.EnterpriseID)) }})

	members = newTable[MemberID]("members",
		machine{
			"":         {"Invited", "Active"},
			"Invited":  {"Active", "Removed"},
			"Active":   {"Disabled", "Removed"},
			"Disabled": {"Active", "Removed"},
		},
		index[Member]{"login", true, func(m *Member) []store.Key {
			return oneIf(m.Status != MemberRemoved, key(m.EnterpriseID, m.Login))
		}},
		index[Member]{"account", true, func(m *Member) []store.Key {
			return oneIf(m.AccountID != "" && m.Status != MemberRemoved, key(m.AccountID, string(m.EnterpriseID)))
		}},
		index[Member]{"enterprise", false, func(m *Member) []store.Key { return one(key(m.EnterpriseID)) }})

	roles = newTable[RoleID]("roles", nil,
		index[Role]{"name", true, func(r *Role) []store.Key { return one(key(r.EnterpriseID, r.Name)) }})

	seals = newTable[SealID]("seals",
		machine{"": {"Enabled"}, "Enabled": {"Disabled", "Deleted"}, "Disabled": {"Enabled", "Deleted"}},
		index[Seal]{"name", true, func(s *Seal) []store.Key {
			return oneIf(s.Status != SealDeleted, key(s.EnterpriseID, s.Name))
		}},
		index[Seal]{"enterprise", false, func(s *Seal) []store.Key { return one(key(s.EnterpriseID)) }})

	sealGrants = newTable[SealGrantID]("seal-grants", nil,
		index[SealGrant]{"seal", false, func(g *SealGrant) []store.Key { return oneIf(g.RevokedAt.IsZero(), key(g.SealID)) }},
		index[SealGrant]{"member", false, func(g *SealGrant) []store.Key {
			return oneIf(g.RevokedAt.IsZero() && g.MemberID != "", key(g.MemberID))
		}})

	viewGrants = newTable[ViewGrantID]("view-grants", nil,
		index[ViewGrant]{"member", false, func(g *ViewGrant) []store.Key { return oneIf(g.RevokedAt.IsZero(), key(g.MemberID)) }})

	contracts = newTable[ContractID]("contracts",
		machine{"": {"Signing"}, "Signing": {"Completed", "Withdrawn", "Refused", "Expired"}},
		index[Contract]{"owner", false, func(c *Contract) []store.Key {
			var keys []store.Key
			for _, o := range c.Owners {
				keys = append(keys, key(o.MemberID))
			}
			return keys
		}},
		index[Contract]{"party", false, func(c *Contract) []store.Key {
			keys := []store.Key{key("account", string(c.SenderAccountID))}
			for _, p := range c.Parties {
				if p.RecipientLogin != "" {
					keys = append(keys, key("login", p.RecipientLogin))
				}
				if p.FirstViewedBy != "" {
					keys = append(keys, key("member", string(p.FirstViewedBy)))
				}
				if p.SignedBy != "" && p.SignedBy != p.FirstViewedBy {
					keys = append(keys, key("member", string(p.SignedBy)))
				}
			}
			return unique(keys)
		}},
		index[Contract]{"deadline", false, func(c *Contract) []store.Key {
			return oneIf(c.Status == ContractSigning && !c.SignDeadline.IsZero(), store.Key{}.Time(c.SignDeadline))
		}})

	templates = newTable[TemplateID]("templates", nil,
		index[Template]{"owner", false, func(x *Template) []store.Key { return one(key(x.OwnerID)) }})

	requests = newTable[RequestID]("requests",
		machine{
			"":        {"Draft"},
			"Draft":   {"Pending", "Cancelled", "Expired"},
			"Pending": {"Approved", "Rejected", "Expired", "Cancelled"},
		},
		index[PermissionRequest]{"pending", true, func(r *PermissionRequest) []store.Key {
			return oneIf(r.Status == RequestPending, key(r.ApplicantAccountID, string(r.EnterpriseID), string(r.ContractID)))
		}},
		index[PermissionRequest]{"enterprise", false, func(r *PermissionRequest) []store.Key { return one(key(r.EnterpriseID)) }},
		index[PermissionRequest]{"applicant", false, func(r *PermissionRequest) []store.Key { return one(key(r.ApplicantAccountID)) }},
		index[PermissionRequest]{"deadline", false, func(r *PermissionRequest) []store.Key {
			return oneIf(r.Status == RequestDraft || r.Status == RequestPending, store.Key{}.Time(r.ExpiresAt))
		}})

	appeals = newTable[AppealID]("appeals",
		machine{
			"":             {"Draft", "CodeVerified"}, // CodeVerified: another attempt after Failed
			"Draft":        {"CodeVerified", "Cancelled", "Expired"},
			"CodeVerified": {"Verifying", "Cancelled", "Expired", "NeedsSupport"},
			"Verifying":    {"Succeeded", "Failed", "Cancelled", "Expired"},
		},
		index[Appeal]{"open", true, func(a *Appeal) []store.Key {
			return oneIf(a.Status.Open(), key(a.AccountID, string(a.EnterpriseID)))
		}},
		index[Appeal]{"account", false, func(a *Appeal) []store.Key { return one(key(a.AccountID)) }},
		index[Appeal]{"enterprise", false, func(a *Appeal) []store.Key { return one(key(a.EnterpriseID)) }},
		index[Appeal]{"deadline", false, func(a *Appeal) []store.Key {
			return oneIf(a.Status.Open(), store.Key{}.Time(a.ExpiresAt))
		}})

	codes = newTable[CodeID]("codes",
		machine{"": {"Issued"}, "Issued": {"Used", "Expired", "Locked"}},
		index[VerificationCode]{"issued", true, func(c *VerificationCode) []store.Key {
			return oneIf(c.Status == CodeIssued, codeKey(c.Target, c.Purpose, c.SubjectID))
		}},
		index[VerificationCode]{"target", false, func(c *VerificationCode) []store.Key {
			return one(key(c.Target).Time(c.CreatedAt))
		}})

	checks = newTable[CheckID]("checks",
		machine{"": {"Created"}, "Created": {"Passed", "Failed", "Expired"}},
		index[LegalRepCheck]{"open", true, func(c *LegalRepCheck) []store.Key {
			return oneIf(c.Status == CheckCreated, subjectKey(c.Subject))
		}},
		index[LegalRepCheck]{"deadline", false, func(c *LegalRepCheck) []store.Key {
			return oneIf(c.Status == CheckCreated, store.Key{}.Time(c.ExpiresAt))
		}})

	transfers = newTable[TransferID]("transfers",
		machine{
			"":          {"Submitted"},
			"Submitted": {"Sent", "Bounced"},
			"Sent":      {"Verified", "Bounced", "Exhausted", "Expired"},
		},
		index[BankTransfer]{"open", true, func(b *BankTransfer) []store.Key { return oneIf(b.Open(), subjectKey(b.Subject)) }},
		index[BankTransfer]{"subject", false, func(b *BankTransfer) []store.Key { return one(subjectKey(b.Subject)) }},
		index[BankTransfer]{"submitted", false, func(b *BankTransfer) []store.Key {
			return oneIf(b.Status == TransferSubmitted, store.Key{}.Time(b.CreatedAt))
		}},
		index[BankTransfer]{"deadline", false, func(b *BankTransfer) []store.Key {
			return oneIf(b.Status == TransferSent, store.Key{}.Time(b.ExpiresAt))
		}})

	reverses = newTable[ReverseID]("reverses",
		machine{"": {"Waiting"}, "Waiting": {"Matched", "Failed", "Expired"}},
		index[ReverseTransfer]{"open", true, func(r *ReverseTransfer) []store.Key {
			return oneIf(r.Status == ReverseWaiting, subjectKey(r.Subject))
		}},
		index[ReverseTransfer]{"payer", true, func(r *ReverseTransfer) []store.Key {
			return oneIf(r.Status == ReverseWaiting, key(r.PayerName, r.Last4, r.Payee.Account))
		}},
		index[ReverseTransfer]{"last4", false, func(r *ReverseTransfer) []store.Key {
			return oneIf(r.Status == ReverseWaiting && r.Last4 != "", key(r.Last4))
		}},
		index[ReverseTransfer]{"subject", false, func(r *ReverseTransfer) []store.Key { return one(subjectKey(r.Subject)) }},
		index[ReverseTransfer]{"deadline", false, func(r *ReverseTransfer) []store.Key {
			return oneIf(r.Status == ReverseWaiting, store.Key{}.Time(r.ExpiresAt))
		}})

	incomings = newTable[IncomingID, IncomingPayment]("incomings", nil)

	letters = newTable[LetterID]("letters",
		machine{
			"":          {"Generated"},
			"Generated": {"Uploaded", "Superseded"},
			"Uploaded":  {"InReview"},
			"InReview":  {"Approved", "Rejected"},
		},
		index[AuthorizationLetter]{"generated", true, func(l *AuthorizationLetter) []store.Key {
			return oneIf(l.Status == LetterGenerated, subjectKey(l.Subject))
		}},
		index[AuthorizationLetter]{"review", true, func(l *AuthorizationLetter) []store.Key {
			return oneIf(l.Status == LetterInReview, subjectKey(l.Subject))
		}})

	reviews = newTable[ReviewID]("reviews",
		machine{"": {"Open"}, "Open": {"Passed", "Rejected", "Withdrawn"}},
		index[ReviewTask]{"open", true, func(r *ReviewTask) []store.Key {
			return oneIf(r.Status == ReviewOpen, subjectKey(r.Subject))
		}},
		index[ReviewTask]{"due", false, func(r *ReviewTask) []store.Key {
			return oneIf(r.Status == ReviewOpen, store.Key{}.Time(r.DueAt))
		}})

	changes = newTable[ChangeID]("changes",
		machine{"": {"Open"}, "Open": {"Certified", "Expired"}, "Certified": {"SealUpdated"}, "SealUpdated": {"Closed"}},
		index[InfoChange]{"open", true, func(c *InfoChange) []store.Key {
			return oneIf(c.Status == ChangeIsOpen, key(c.EnterpriseID))
		}},
		index[InfoChange]{"enterprise", false, func(c *InfoChange) []store.Key { return one(key(c.EnterpriseID)) }},
		index[InfoChange]{"operator", false, func(c *InfoChange) []store.Key {
			return oneIf(c.Status == ChangeIsOpen, key(c.OperatorID))
		}},
		index[InfoChange]{"deadline", false, func(c *InfoChange) []store.Key {
			return oneIf(c.Status == ChangeIsOpen, store.Key{}.Time(c.Deadline))
		}})

	adminChanges = newTable[AdminChangeID]("admin-changes",
		machine{"": {"Draft"}, "Draft": {"OldVerified", "Cancelled"}, "OldVerified": {"Done", "Cancelled"}},
		index[AdminChange]{"open", true, func(c *AdminChange) []store.Key {
			return oneIf(c.Status == AdminDraft || c.Status == AdminOldVerified, key(c.EnterpriseID))
		}})

	handovers = newTable[HandoverID, Handover]("handovers",
		machine{"": {"Draft"}, "Draft": {"Done", "Cancelled"}})

	links = newTable[LinkCode]("links",
		machine{"": {"Active"}, "Active": {"Used", "Expired", "Revoked"}},
		index[ShortLink]{"active", true, func(l *ShortLink) []store.Key {
			return oneIf(l.Status == LinkActive && l.Kind == LinkApprove, subjectKey(l.Subject).Str(string(l.Role)))
		}},
		index[ShortLink]{"subject", false, func(l *ShortLink) []store.Key { return one(key(l.SubjectID)) }},
		index[ShortLink]{"deadline", false, func(l *ShortLink) []store.Key {
			return oneIf(l.Status == LinkActive && !l.ExpiresAt.IsZero(), store.Key{}.Time(l.ExpiresAt))
		}})

	notifications = newTable[NotificationID]("notifications",
		machine{"": {"Queued"}, "Queued": {"Sent", "Failed"}, "Sent": {"Failed"}},
		index[Notification]{"queued", false, func(n *Notification) []store.Key {
			return oneIf(n.Status == NotificationQueued, store.Key{}.Uint(n.Seq))
		}},
		index[Notification]{"seq", false, func(n *Notification) []store.Key { return one(store.Key{}.Uint(n.Seq)) }},
		index[Notification]{"reference", false, func(n *Notification) []store.Key { return oneIf(n.Reference != "", key(n.Reference)) }},
		index[Notification]{"to", false, func(n *Notification) []store.Key { return one(key(n.To).Uint(n.Seq)) }})

	files = newTable[FileID, UploadedFile]("files", nil)

	tickets = newTable[TicketID]("tickets", machine{"": {"Open"}, "Open": {"Closed"}},
		index[SupportTicket]{"open", false, func(x *SupportTicket) []store.Key {
			return oneIf(x.Status == TicketOpen, store.Key{}.Time(x.CreatedAt))
		}})
)

// Tables returns the declarations that the store must be opened with.
func Tables() []store.Table {
	return []store.Table{accounts.Table, enterprises.Table, certifications.Table, certificates.Table, members.Table, roles.Table,
		seals.Table, sealGrants.Table, viewGrants.Table, contracts.Table, templates.Table, requests.Table, appeals.Table,
		codes.Table, checks.Table, transfers.Table, reverses.Table, incomings.Table, letters.Table, reviews.Table,
		changes.Table, adminChanges.Table, handovers.Table, links.Table, notifications.Table, files.Table, tickets.Table, auditEvents}
}

// Migrations returns what brought the records to their present shape, from the
// first release on.
func Migrations() []store.Migration {
	return []store.Migration{{Name: "platform", Apply: func(store.Tx) error { return nil }}}
}

// Machines returns the states of each kind of record and those that may follow
// them, under the names of the tables; "" is before the record is made.
func Machines() map[string]map[string][]string {
	all := make(map[string]map[string][]string)
	for _, m := range []struct {
		name   string
		states machine
	}{
		{accounts.Name, accounts.states}, {enterprises.Name, enterprises.states}, {certifications.Name, certifications.states},
		{members.Name, members.states}, {seals.Name, seals.states}, {contracts.Name, contracts.states}, {requests.Name, requests.states},
		{appeals.Name, appeals.states}, {codes.Name, codes.states}, {checks.Name, checks.states}, {transfers.Name, transfers.states},
		{reverses.Name, reverses.states}, {letters.Name, letters.states}, {reviews.Name, reviews.states}, {changes.Name, changes.states},
		{adminChanges.Name, adminChanges.states}, {handovers.Name, handovers.states}, {links.Name, links.states},
		{notifications.Name, notifications.states}, {tickets.Name, tickets.states},
	} {
		all[m.name] = m.states
	}
	return all
}

func subjectKey(s Subject) store.Key { return key(s.Kind, s.ID) }

func codeKey(target string, purpose CodePurpose, subject string) store.Key {
	return key(target, string(purpose), subject)
}

// unique drops repeated keys.
func unique(keys []store.Key) []store.Key {
	seen := make(map[string]bool)
	out := keys[:0]
	for _, k := range keys {
		if !seen[string(k)] {
			seen[string(k)] = true
			out = append(out, k)
		}
	}
	return out
}

// until is the range of a time index up to and including at.
func until(at time.Time) store.Range {
	return store.Range{To: store.Key{}.Time(at.Add(time.Millisecond))}
}

func (a *Account) key() string             { return string(a.ID) }
func (e *Enterprise) key() string          { return string(e.ID) }
func (c *Certification) key() string       { return string(c.ID) }
func (c *Certificate) key() string         { return string(c.SerialNo) }
func (m *Member) key() string              { return string(m.ID) }
func (r *Role) key() string                { return string(r.ID) }
func (s *Seal) key() string                { return string(s.ID) }
func (g *SealGrant) key() string           { return string(g.ID) }
func (g *ViewGrant) key() string           { return string(g.ID) }
func (c *Contract) key() string            { return string(c.ID) }
func (x *Template) key() string            { return string(x.ID) }
func (r *PermissionRequest) key() string   { return string(r.ID) }
func (a *Appeal) key() string              { return string(a.ID) }
func (c *VerificationCode) key() string    { return string(c.ID) }
func (c *LegalRepCheck) key() string       { return string(c.ID) }
func (b *BankTransfer) key() string        { return string(b.ID) }
func (r *ReverseTransfer) key() string     { return string(r.ID) }
func (p *IncomingPayment) key() string     { return string(p.ID) }
func (l *AuthorizationLetter) key() string { return string(l.ID) }
func (r *ReviewTask) key() string          { return string(r.ID) }
func (c *InfoChange) key() string          { return string(c.ID) }
func (c *AdminChange) key() string         { return string(c.ID) }
func (h *Handover) key() string            { return string(h.ID) }
func (l *ShortLink) key() string           { return string(l.Code) }
func (n *Notification) key() string        { return string(n.ID) }
func (f *UploadedFile) key() string        { return string(f.ID) }
func (x *SupportTicket) key() string       { return string(x.ID) }

func (m *Meta) status() string                { return "" }
func (a *Account) status() string             { return string(a.Status) }
func (e *Enterprise) status() string          { return string(e.Status) }
func (c *Certification) status() string       { return string(c.Status) }
func (m *Member) status() string              { return string(m.Status) }
func (s *Seal) status() string                { return string(s.Status) }
func (c *Contract) status() string            { return string(c.Status) }
func (r *PermissionRequest) status() string   { return string(r.Status) }
func (a *Appeal) status() string              { return string(a.Status) }
func (c *VerificationCode) status() string    { return string(c.Status) }
func (c *LegalRepCheck) status() string       { return string(c.Status) }
func (b *BankTransfer) status() string        { return string(b.Status) }
func (r *ReverseTransfer) status() string     { return string(r.Status) }
func (l *AuthorizationLetter) status() string { return string(l.Status) }
func (r *ReviewTask) status() string          { return string(r.Status) }
func (c *InfoChange) status() string          { return string(c.Status) }
func (c *AdminChange) status() string         { return string(c.Status) }
func (h *Handover) status() string            { return string(h.Status) }
func (l *ShortLink) status() string           { return string(l.Status) }
func (n *Notification) status() string        { return string(n.Status) }
func (x *SupportTicket) status() string       { return string(x.Status) }

// What the audit trail keeps of records with secrets.
func (a *Account) redact() any {
	c := *a
	c.PasswordHash = ""
	return c
}

func (c *VerificationCode) redact() any {
	v := *c
	v.CodeHash = nil
	return v
}

func (b *BankTransfer) redact() any {
	c := *b
	c.Amount = 0
	return c
}

// A notification may tell a code or a link: the trail keeps that it was owed.
func (n *Notification) redact() any {
	c := *n
	c.Text, c.Args = "", nil
	return c
}

func (c *Contract) redact() any {
	v := *c
	v.SigningLinkCode = ""
	return v
}

// auditID names a link without telling its code.
func (l *ShortLink) auditID() string { return Actor{Link: string(l.Code)}.String() }

func (l *ShortLink) redact() any {
	c := *l
	c.Code = ""
	return c
}
