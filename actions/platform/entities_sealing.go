package platform

import "time"

// DefaultSealName is the name of the seal that other ways of asking grant.
const DefaultSealName = "电子公章"

// SealKind is the kind of a seal.
type SealKind string

// Kinds of seals (R10.25).
const (
	OfficialSeal SealKind = "Official"
	ContractSeal SealKind = "Contract"
	FinanceSeal  SealKind = "Finance"
	LegalRepSeal SealKind = "LegalRep"
	HRSeal       SealKind = "HR"
)

// SealSource says where a seal's picture comes from.
type SealSource string

// Sources of a seal's picture.
const (
	SystemSeal SealSource = "System"
	UploadSeal SealSource = "Upload"
)

// Seal is an electronic seal (B7).
type Seal struct {
	Meta
	ID           SealID
	EnterpriseID EnterpriseID
	Name         string
	Kind         SealKind
	Source       SealSource
	ImageFileID  FileID // "" for a seal drawn by the system
	Status       SealStatus
	NeedsRedraw  bool   // the enterprise's data changed since it was drawn
	DrawnForName string // of the enterprise
}

// SealStatus is the state of a seal.
type SealStatus string

// States of a seal.
const (
	SealEnabled  SealStatus = "Enabled"
	SealDisabled SealStatus = "Disabled"
	SealDeleted  SealStatus = "Deleted"
)

// Usable reports whether the seal can be put on a contract.
func (s *Seal) Usable() bool { return s.Status == SealEnabled && !s.NeedsRedraw }

// SignScope says which contracts a seal may be put on.
type SignScope string

// Scopes of signing (R12.10).
const (
	SignCurrentContract SignScope = "CurrentContract"
	SignCurrentSender   SignScope = "CurrentSender"
	SignAllSenders      SignScope = "AllSenders"
	SignNone            SignScope = "None"
)

// ViewScope says which contracts may be viewed.
type ViewScope string

// Scopes of viewing (R12.8).
const (
	ViewCurrentContract         ViewScope = "CurrentContract"
	ViewCurrentSenderUnattended ViewScope = "CurrentSenderUnattended"
	ViewAllSendersUnattended    ViewScope = "AllSendersUnattended"
)

// The scopes that are proposed (R12.9, R12.11).
const (
	DefaultViewScope = ViewCurrentSenderUnattended
	DefaultSignScope = SignCurrentSender
)

// GrantedBy says by whose authority a right was granted.
type GrantedBy string

// Who grants.
const (
	GrantedByMember     GrantedBy = "Member"
	GrantedByLegalRep   GrantedBy = "LegalRep"
	GrantedBySealKeeper GrantedBy = "SealKeeper"
	GrantedByFinance    GrantedBy = "Finance"
	GrantedBySystem     GrantedBy = "System"
)

// SealGrant is the right of a member, or of all members of a role, to use a
// seal (B8).
type SealGrant struct {
	Meta
	ID               SealGrantID
	SealID           SealID
	MemberID         MemberID // or
	RoleID           RoleID
	SignScope        SignScope
	OriginContractID ContractID
	OriginSenderKey  SenderKey
	GrantedBy        GrantedBy
	Since, RevokedAt time.Time // zero RevokedAt: valid
}

// ViewGrant is the right of a member to view contracts that are not his own
// (B8).
type ViewGrant struct {
	Meta
	ID               ViewGrantID
	MemberID         MemberID
	ViewScope        ViewScope
	OriginContractID ContractID
	OriginSenderKey  SenderKey
	Since, RevokedAt time.Time
}

// Party is one who is to sign a contract (B9).
type Party struct {
	EnterpriseName string // as the sender typed it
	RecipientLogin string // "" if sent to the company alone
	FirstViewedAt  time.Time
	FirstViewedBy  MemberID
	SignedAt       time.Time
	SignedBy       MemberID
	SealID         SealID
}

// Unattended reports whether nobody of the party has viewed the contract
// (R12.14).
func (p *Party) Unattended() bool { return p.FirstViewedAt.IsZero() }

// ContractOwner is the member who looks after a contract in his enterprise.
type ContractOwner struct {
	EnterpriseID EnterpriseID
	MemberID     MemberID
}

// Contract is a document to be signed (B9).
type Contract struct {
	Meta
	ID                 ContractID
	Title              string
	SenderEnterpriseID EnterpriseID
	SenderAccountID    AccountID
	Parties            []Party
	Owners             []ContractOwner
	Status             ContractStatus
	SigningLinkCode    LinkCode
	SignDeadline       time.Time // zero: none
	ReplacedBy         ContractID
}

// ContractStatus is the state of a contract.
type ContractStatus string

// States of a contract.
const (
	ContractSigning   ContractStatus = "Signing"
	ContractCompleted ContractStatus = "Completed"
	ContractWithdrawn ContractStatus = "Withdrawn"
	ContractRefused   ContractStatus = "Refused"
	ContractExpired   ContractStatus = "Expired"
)

// Template is a contract template, which a member owns.
type Template struct {
	Meta
	ID           TemplateID
	EnterpriseID EnterpriseID
	Name         string
	OwnerID      MemberID
}

// RequestKind says what a permission request asks for.
type RequestKind string

// Kinds of requests.
const (
	AskJoinAndSeal RequestKind = "Join+Seal"
	AskSeal        RequestKind = "Seal"
)

// Way is by whom a permission is asked for.
type Way string

// Ways to ask (R12.19-21).
const (
	AskMainAdmin  Way = "MainAdmin"
	AskLegalRep   Way = "LegalRep"
	AskSealKeeper Way = "SealKeeper"
	AskFinance    Way = "Finance"
)

// PermissionRequest asks for the right to view and sign (B10).
type PermissionRequest struct {
	Meta
	ID                 RequestID
	ApplicantAccountID AccountID
	ApplicantName      string
	EnterpriseID       EnterpriseID
	ContractID         ContractID
	Kind               RequestKind
	ViewScope          ViewScope
	SignScope          SignScope
	Way                Way
	Status             RequestStatus
	SealIDs            []SealID // granted
	DecidedBy          string
	Reason             string
	ExpiresAt          time.Time
}

// RequestStatus is the state of a permission request.
type RequestStatus string

// States of a permission request.
const (
	RequestDraft     RequestStatus = "Draft"
	RequestPending   RequestStatus = "Pending"
	RequestApproved  RequestStatus = "Approved"
	RequestRejected  RequestStatus = "Rejected"
	RequestExpired   RequestStatus = "Expired"
	RequestCancelled RequestStatus = "Cancelled"
)
