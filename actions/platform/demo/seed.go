package demo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/calendar"
)

// Load puts the demonstration's records into an empty platform, and reports
// whether it was empty. The records are the same each time.
func (w *World) Load(ctx context.Context, p *platform.Platform) (bool, error) {
	act := p.NewAct(platform.Actor{System: "demo"}, "")
	act.At = Start
	return platform.Do(ctx, p, act, func(t *platform.Tx) (bool, error) {
		if !t.IsEmpty() {
			return false, t.Err()
		}
		seed, err := w.seed(p)
		if err != nil {
			return false, err
		}
		return true, t.Import(seed)
	})
}

// builder collects the records of a seed.
type builder struct {
	*platform.Seed
	p     *platform.Platform
	names map[string]string // of accounts
}

func (w *World) seed(p *platform.Platform) (*platform.Seed, error) {
	b := &builder{Seed: &platform.Seed{}, p: p, names: make(map[string]string)}
	for _, a := range w.file.Accounts {
		b.names[a.ID] = a.Name
		b.Accounts = append(b.Accounts, platform.Account{ID: platform.AccountID(a.ID), Mobile: Mobile(a.ID), Email: Email(a.ID), Name: a.Name,
			Status: platform.AccountActive, RegisteredCompany: "无"})
	}
	for i := range w.file.Enterprises {
		if err := b.enterprise(&w.file.Enterprises[i]); err != nil {
			return nil, err
		}
	}
	for _, c := range w.file.Contracts {
		b.contract(&c)
	}
	return b.Seed, nil
}

// Mobile returns the mobile number of a demonstration account.
func Mobile(account string) string { return mobileHead + strings.TrimPrefix(account, "A-") }

// Email returns the e-mail address of a demonstration account.
func Email(account string) string {
	return "a" + strings.TrimPrefix(account, "A-") + "@demo.example"
}

// LegalRepID returns the ID number of the legal representative of E-nn.
func LegalRepID(nn string) string { return idCard(idHead + nn) }

// AgentID is the ID number of an invented agent.
const AgentID = "990001199001010013"

// LegalRepMobile returns the mobile number of the legal representative of E-nn.
func LegalRepMobile(nn string) string { return mobileHead + nn + repMobile }

// digest returns n hexadecimal digits that belong to a name.
func digest(name string, n int) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])[:n]
}

func memberID(account string) platform.MemberID {
	return platform.MemberID("M-" + strings.TrimPrefix(account, "A-"))
}

func (b *builder) enterprise(l *enterpriseLine) error {
	if l.State == "" {
		return nil
	}
	nn := number(l.ID)
	first := "A-" + nn + "01"
	e := platform.Enterprise{ID: platform.EnterpriseID(l.ID), Registration: l.Registration, Name: l.Name, EntityType: l.entityType(),
		LicenceDoc: platform.BusinessLicence, LegalRepName: l.legalRep(), Status: platform.Certifying, Certifier: platform.AccountID(first),
		GroupID: l.Group, ParentID: platform.EnterpriseID(l.Parent), BusinessLineOf: platform.EnterpriseID(l.LineOf)}
	v := platform.Certification{ID: platform.CertificationID("V-" + nn), EnterpriseID: e.ID, Purpose: platform.ForNew, AccountID: e.Certifier,
		Channel: platform.PC, EntityType: e.EntityType, LicenceDoc: e.LicenceDoc, Watermark: platform.NoWatermark, PersonKind: platform.IsLegalRep,
		Submitted: platform.Submitted{Name: l.Name, Registration: l.Registration, LegalRepName: e.LegalRepName},
		OCR:       platform.Reading{Name: l.Name, Registration: l.Registration, LegalRepName: e.LegalRepName},
		IDHash:    b.p.HashID(idCard(idHead + nn)), PrivacyAt: Start, Deadline: Start.AddDate(0, 0, 7),
		Stage: platform.StageMaterials, Status: platform.CertMaterials}
	switch l.State {
	case "Certifying":
	case "InReview":
		v.ManualEdit, v.Method, v.Status = true, platform.ByLegalRepPhone, platform.CertInReview
		v.OCR.Name = strings.Replace(l.Name, "文具", "文县", 1)
		due, err := calendar.AddWorkingDays(Start, 1)
		if err != nil {
			return err
		}
		b.Reviews = append(b.Reviews, platform.ReviewTask{ID: platform.ReviewID("Q-" + nn), Subject: v.ID.Subject(),
			Causes: []platform.ReviewCause{platform.CauseEdited}, OpenedAt: Start, DueAt: due.UTC(), Status: platform.ReviewOpen})
	case "Certified":
		b.certified(l, &e, &v, first)
	default:
		return fmt.Errorf("demo: %s: unknown state %q", l.ID, l.State)
	}
	b.Enterprises = append(b.Enterprises, e)
	b.Certifications = append(b.Certifications, v)
	return nil
}

// certified completes an enterprise by what it has once it is certified.
func (b *builder) certified(l *enterpriseLine, e *platform.Enterprise, v *platform.Certification, first string) {
	nn := number(l.ID)
	e.Status, e.LegalRepIDHash, e.MainAdminID = platform.Certified, v.IDHash, memberID(first)
	e.CertificateID = platform.CertificateID(digest(l.ID, 40))
	v.Stage, v.Status, v.Method, v.CertificateID = platform.StageDone, platform.CertPassed, platform.ByLegalRepPhone, e.CertificateID
	b.Certificates = append(b.Certificates, platform.Certificate{SerialNo: e.CertificateID, EnterpriseID: e.ID, SubjectName: e.Name,
		Registration: e.Registration, LegalRepName: e.LegalRepName, Issuer: "虚构演示证书颁发机构", IssuedAt: Start, ExpiresAt: Start.AddDate(1, 0, 0)})
	admin, staff := platform.RoleID("R-"+nn+"-1"), platform.RoleID("R-"+nn+"-2")
	b.Roles = append(b.Roles,
		platform.Role{ID: admin, EnterpriseID: e.ID, Name: platform.AdminRoleName, Perms: []platform.Perm{platform.PermAccountAdmin}},
		platform.Role{ID: staff, EnterpriseID: e.ID, Name: platform.StaffRoleName})
	b.member(e, memberLine{Account: first}, admin)
	for _, m := range l.Members {
		b.member(e, m, staff)
	}
	for i, s := range l.Seals {
		b.seal(e, platform.SealID(fmt.Sprintf("S-%s-%d", nn, i+1)), &s)
	}
	for i, name := range l.Templates {
		b.Templates = append(b.Templates, platform.Template{ID: platform.TemplateID(fmt.Sprintf("T-%s-%d", nn, i+1)), EnterpriseID: e.ID,
			Name: name, OwnerID: e.MainAdminID})
	}
}

func (b *builder) member(e *platform.Enterprise, l memberLine, role platform.RoleID) {
	m := platform.Member{ID: memberID(l.Account), EnterpriseID: e.ID, AccountID: platform.AccountID(l.Account), Login: Mobile(l.Account),
		Name: b.names[l.Account], RoleIDs: []platform.RoleID{role}, Status: platform.MemberActive}
	if l.Account == "" { // invited: there is no account yet
		m.ID, m.Login, m.Name, m.Status = platform.MemberID("M-"+strings.TrimPrefix(l.Login, mobileHead)), l.Login, l.Name, platform.MemberInvited
		b.Links = append(b.Links, platform.ShortLink{Code: platform.LinkCode(digest(l.Login, 8)), Kind: platform.LinkActivate, SubjectID: string(m.ID),
			RecipientLogin: l.Login, Role: platform.RoleApplicant, ExpiresAt: Start.AddDate(0, 0, 7), Status: platform.LinkActive})
	}
	b.Members = append(b.Members, m)
}

func (b *builder) seal(e *platform.Enterprise, id platform.SealID, l *sealLine) {
	s := platform.Seal{ID: id, EnterpriseID: e.ID, Name: l.Name, Kind: platform.OfficialSeal, Source: platform.SystemSeal,
		Status: platform.SealEnabled, DrawnForName: e.Name}
	if l.Kind != "" {
		s.Kind = platform.SealKind(l.Kind)
	}
	if l.Uploaded {
		s.Source, s.ImageFileID = platform.UploadSeal, "F-wrong-picture"
	}
	b.Seals = append(b.Seals, s)
	for i, h := range l.Holders {
		b.SealGrants = append(b.SealGrants, platform.SealGrant{ID: platform.SealGrantID(fmt.Sprintf("SG-%s-%d", id[2:], i+1)), SealID: id,
			MemberID: memberID(h), SignScope: platform.SignAllSenders, GrantedBy: platform.GrantedByMember, Since: Start})
	}
}

// viewedAt is when contracts that were viewed or signed already were so.
var viewedAt = Start.Add(-time.Hour)

func (b *builder) contract(l *contractLine) {
	from := l.From
	if from == "" {
		from = "E-90"
	}
	sender := "A-" + number(from) + "01"
	c := platform.Contract{ID: platform.ContractID(l.ID), Title: l.Title, SenderEnterpriseID: platform.EnterpriseID(from),
		SenderAccountID: platform.AccountID(sender), Parties: []platform.Party{{EnterpriseName: l.To}}, Status: platform.ContractSigning,
		Owners:          []platform.ContractOwner{{EnterpriseID: platform.EnterpriseID(from), MemberID: memberID(sender)}},
		SigningLinkCode: platform.LinkCode(digest(l.ID, 8))}
	p := &c.Parties[0]
	if l.Account != "" {
		p.RecipientLogin = Mobile(l.Account)
	}
	viewer := l.Viewed
	if l.Signed != "" {
		viewer = l.Signed
		p.SignedAt, p.SignedBy, p.SealID = viewedAt, memberID(l.Signed), platform.SealID("S-"+number(l.Signed)+"-1")
		c.Status = platform.ContractCompleted
	}
	if viewer != "" {
		p.FirstViewedAt, p.FirstViewedBy = viewedAt, memberID(viewer)
		c.Owners = append(c.Owners, platform.ContractOwner{EnterpriseID: platform.EnterpriseID("E-" + number(viewer)), MemberID: memberID(viewer)})
	}
	b.Contracts = append(b.Contracts, c)
	b.Links = append(b.Links, platform.ShortLink{Code: c.SigningLinkCode, Kind: platform.LinkSign, SubjectID: l.ID, Role: platform.RoleApplicant, Status: platform.LinkActive})
}
