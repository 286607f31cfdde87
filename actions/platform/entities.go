package platform

import "time"

// Ids of records. Each begins with the letters of its kind.
type (
	AccountID       string // A-
	EnterpriseID    string // E-
	CertificationID string // V-
	CertificateID   string // serial number, 40 hexadecimal digits
	MemberID        string // M-
	RoleID          string // R-
	SealID          string // S-
	SealGrantID     string // SG-
	ViewGrantID     string // VG-
	ContractID      string // C-
	TemplateID      string // T-
	RequestID       string // P-
	AppealID        string // U-
	CodeID          string // K-
	CheckID         string // L-
	TransferID      string // B-
	ReverseID       string // Z-
	IncomingID      string // the bank's
	LetterID        string // W-
	ReviewID        string // Q-
	ChangeID        string // I-
	AdminChangeID   string // D-
	HandoverID      string // H-
	LinkCode        string // 8 of 0-9A-Za-z
	NotificationID  string // N-
	FileID          string // F-
	TicketID        string // X-
	SenderKey       string // names a sender together with its group; see Tx.senderKey
)

// Account is a person's account (B1).
type Account struct {
	Meta
	ID                AccountID
	Mobile, Email     string // at least one
	Name              string
	PasswordHash      string // argon2id, PHC string format; "" if there is none
	Status            AccountStatus
	RegisteredCompany string // as told at registration; may be 无
	Invited           bool
	GiftB2C           int // private contracts given (R18.16)
}

// Login is the account's name: its mobile number, or else its e-mail address.
func (a *Account) Login() string {
	if a.Mobile != "" {
		return a.Mobile
	}
	return a.Email
}

// AccountStatus is the state of an account.
type AccountStatus string

// States of an account.
const (
	AccountActive AccountStatus = "Active"
	AccountClosed AccountStatus = "Closed"
)

// EntityType is the legal form of an enterprise.
type EntityType string

// Legal forms.
const (
	Company       EntityType = "Company"
	SoleTrader    EntityType = "SoleTrader"
	NonCommercial EntityType = "NonCommercial"
)

// LicenceDoc is the document that an enterprise is certified with.
type LicenceDoc string

// The documents that are taken: two kinds of licence, and exactly four for
// bodies without a business licence (R03.2).
const (
	BusinessLicence          LicenceDoc = "BusinessLicence"
	SocialGroupCert          LicenceDoc = "SocialGroupCert"
	PrivateNonEnterpriseCert LicenceDoc = "PrivateNonEnterpriseCert"
	PublicInstitutionCert    LicenceDoc = "PublicInstitutionCert"
	SocialServiceOrgCert     LicenceDoc = "SocialServiceOrgCert"
)

// licenceDocs says which documents belong to which legal form.
var licenceDocs = map[EntityType][]LicenceDoc{
	Company:       {BusinessLicence},
	SoleTrader:    {BusinessLicence},
	NonCommercial: {SocialGroupCert, PrivateNonEnterpriseCert, PublicInstitutionCert, SocialServiceOrgCert},
}

// Enterprise is a customer of the platform (B3).
type Enterprise struct {
	Meta
	ID             EnterpriseID
	Registration   string // USCC or registration number; never changes
	Name           string
	FormerNames    []string
	EntityType     EntityType
	LicenceDoc     LicenceDoc
	LegalRepName   string
	LegalRepIDHash string    // "" if no data of the legal representative was submitted
	AgentOnly      bool      // two legal representatives, or a foreign one (R04.5)
	TermEnd        time.Time // end of the business term; zero: none
	Status         EnterpriseStatus
	MainAdminID    MemberID // "" until certified
	Certifier      AccountID
	GroupID        string
	ParentID       EnterpriseID
	BusinessLineOf EnterpriseID
	CertificateID  CertificateID // the current one
	CorporateGifts int           // corporate contracts bought with 0.01 yuan (R05.13)
}

// EnterpriseStatus is the state of an enterprise.
type EnterpriseStatus string

// States of an enterprise.
const (
	Certifying        EnterpriseStatus = "Certifying"
	Certified         EnterpriseStatus = "Certified"
	Changing          EnterpriseStatus = "Changing"
	EnterpriseDeleted EnterpriseStatus = "Deleted"
)

// IsCertified reports whether the enterprise may send and sign: a change of its
// data does not stop it (R10.14).
func (e *Enterprise) IsCertified() bool { return e.Status == Certified || e.Status == Changing }

// Member is a person of an enterprise (B6).
type Member struct {
	Meta
	ID           MemberID
	EnterpriseID EnterpriseID
	AccountID    AccountID // "" while invited
	Login, Name  string
	RoleIDs      []RoleID
	Departments  []string
	Status       MemberStatus
}

// MemberStatus is the state of a member.
type MemberStatus string

// States of a member.
const (
	MemberInvited  MemberStatus = "Invited"
	MemberActive   MemberStatus = "Active"
	MemberDisabled MemberStatus = "Disabled"
	MemberRemoved  MemberStatus = "Removed"
)

// Role is a set of permissions within an enterprise.
type Role struct {
	Meta
	ID           RoleID
	EnterpriseID EnterpriseID
	Name         string
	Perms        []Perm
}

// Perm is a permission of a role.
type Perm string

// PermAccountAdmin is「账号管理」.
const PermAccountAdmin Perm = "AccountAdmin"

// Names of the roles that every enterprise has.
const (
	AdminRoleName = "主管理员"
	StaffRoleName = "员工"
)

// AdminChange is a change of the main administrator by the former one (B18).
type AdminChange struct {
	Meta
	ID            AdminChangeID
	EnterpriseID  EnterpriseID
	OldAdminID    MemberID
	NewMemberID   MemberID
	OldVerifiedAt time.Time
	Transfer      bool
	Items         []Item
	HandoverID    HandoverID
	Status        AdminChangeStatus
}

// AdminChangeStatus is the state of an AdminChange.
type AdminChangeStatus string

// States of an AdminChange.
const (
	AdminDraft       AdminChangeStatus = "Draft"
	AdminOldVerified AdminChangeStatus = "OldVerified"
	AdminDone        AdminChangeStatus = "Done"
	AdminCancelled   AdminChangeStatus = "Cancelled"
)

// Handover moves a member's things to another (B18).
type Handover struct {
	Meta
	ID           HandoverID
	EnterpriseID EnterpriseID
	FromMemberID MemberID
	ToMemberID   MemberID
	Items        []Item
	Counts       map[Item]int
	Status       HandoverStatus
}

// HandoverStatus is the state of a Handover.
type HandoverStatus string

// States of a Handover.
const (
	HandoverDraft     HandoverStatus = "Draft"
	HandoverDone      HandoverStatus = "Done"
	HandoverCancelled HandoverStatus = "Cancelled"
)
