package platform

import (
	"time"

	"signdesk/actions/platform/value"
)

// AppealCase says what changed at the registry since the certification.
type AppealCase string

// The cases of an appeal (R11.5-8).
const (
	CaseUnchanged       AppealCase = "Unchanged"
	CaseLegalRepChanged AppealCase = "LegalRepChanged"
	CaseNameChanged     AppealCase = "NameChanged"
	CaseBothChanged     AppealCase = "BothChanged"
)

// Appeal is a request to become main administrator (B11).
type Appeal struct {
	Meta
	ID                 AppealID
	AccountID          AccountID
	EnterpriseID       EnterpriseID
	ContractID         ContractID
	Case               AppealCase
	CodeVerifiedAt     time.Time
	LegalRepIDSupplied bool
	Method             Method
	Status             AppealStatus
	RetryOf            AppealID
	ExpiresAt          time.Time
}

// AppealStatus is the state of an appeal.
type AppealStatus string

// States of an appeal.
const (
	AppealDraft        AppealStatus = "Draft"
	AppealCodeVerified AppealStatus = "CodeVerified"
	AppealVerifying    AppealStatus = "Verifying"
	AppealSucceeded    AppealStatus = "Succeeded"
	AppealFailed       AppealStatus = "Failed"
	AppealCancelled    AppealStatus = "Cancelled"
	AppealExpired      AppealStatus = "Expired"
	AppealNeedsSupport AppealStatus = "NeedsSupport"
)

// Open reports whether the appeal can still succeed.
func (s AppealStatus) Open() bool {
	return s == AppealDraft || s == AppealCodeVerified || s == AppealVerifying
}

// CodePurpose is what a verification code is for.
type CodePurpose string

// Purposes of codes.
const (
	CodeLogin         CodePurpose = "Login"
	CodeRegister      CodePurpose = "Register"
	CodeSignCheck     CodePurpose = "SignCheck"
	CodeAppeal        CodePurpose = "Appeal"
	CodeAdminChange   CodePurpose = "AdminChange"
	CodeLegalRepPhone CodePurpose = "LegalRepPhone"
)

// VerificationCode is a code that was sent to somebody (B12). The code itself
// is not kept.
type VerificationCode struct {
	Meta
	ID        CodeID
	Target    string
	Purpose   CodePurpose
	SubjectID string
	CodeHash  []byte
	ExpiresAt time.Time
	TriesLeft int
	UsedAt    time.Time
	Status    CodeStatus
}

// CodeStatus is the state of a verification code.
type CodeStatus string

// States of a code.
const (
	CodeIssued   CodeStatus = "Issued"
	CodeUsed     CodeStatus = "Used"
	CodeStale    CodeStatus = "Expired"
	CodeIsLocked CodeStatus = "Locked"
)

// SubjectKind is the kind of case that something proves.
type SubjectKind string

// Kinds of subjects.
const (
	OnCertification SubjectKind = "Certification"
	OnAppeal        SubjectKind = "Appeal"
	OnRequest       SubjectKind = "PermissionRequest"
)

// Subject names the case that a check, payment or letter is to prove.
type Subject struct {
	Kind SubjectKind
	ID   string
}

// Subject names a certification.
func (id CertificationID) Subject() Subject { return Subject{OnCertification, string(id)} }

// Subject names an appeal.
func (id AppealID) Subject() Subject { return Subject{OnAppeal, string(id)} }

// Subject names a permission request.
func (id RequestID) Subject() Subject { return Subject{OnRequest, string(id)} }

// CheckKind is the kind of a check of the legal representative.
type CheckKind string

// Kinds of checks.
const (
	FaceCheck  CheckKind = "Face"
	PhoneCheck CheckKind = "Phone"
)

// LegalRepCheck checks that the legal representative himself agrees (B13).
type LegalRepCheck struct {
	Meta
	ID           CheckID
	Kind         CheckKind
	EnterpriseID EnterpriseID
	Subject      Subject
	LegalRepName string
	IDHash       string
	IDSupplied   bool
	Mobile       string // phone checks only
	Vehicle      string // face checks: Alipay, WeChat or Browser
	PrivacyAt    time.Time
	Status       CheckStatus
	ExpiresAt    time.Time
}

// CheckStatus is the state of a check.
type CheckStatus string

// States of a check.
const (
	CheckCreated CheckStatus = "Created"
	CheckPassed  CheckStatus = "Passed"
	CheckFailed  CheckStatus = "Failed"
	CheckExpired CheckStatus = "Expired"
)

// BankTransfer is a small payment of the platform to an enterprise, the sum of
// which proves access to its account (B14).
type BankTransfer struct {
	Meta
	ID                           TransferID
	EnterpriseID                 EnterpriseID
	Subject                      Subject
	AccountName                  string // of the enterprise; fixed
	Bank, Province, City, Branch string
	AccountNo                    string
	Amount                       value.Fen // a secret: told to the bank only
	Remark                       string
	Status                       TransferStatus
	BounceReason                 string
	TriesLeft                    int
	SentAt, ArrivesAt, ExpiresAt time.Time
}

// TransferStatus is the state of a bank transfer.
type TransferStatus string

// States of a bank transfer.
const (
	TransferSubmitted TransferStatus = "Submitted"
	TransferSent      TransferStatus = "Sent"
	TransferVerified  TransferStatus = "Verified"
	TransferBounced   TransferStatus = "Bounced"
	TransferExhausted TransferStatus = "Exhausted"
	TransferExpired   TransferStatus = "Expired"
)

// PayerKind says who pays to the platform.
type PayerKind string

// Payers.
const (
	LegalRepPrivate PayerKind = "LegalRepPrivate"
	Corporate       PayerKind = "Corporate"
)

// ReverseTransfer is a payment of 0.01 yuan to the platform that is waited for
// (B15).
type ReverseTransfer struct {
	Meta
	ID              ReverseID
	EnterpriseID    EnterpriseID
	Subject         Subject
	PayerKind       PayerKind
	PayerName       string
	Last4           string // private cards only
	Amount          value.Fen
	Currency        string
	NotBefore       time.Time // start of the first day that counts
	Payee           Payee
	Consents        [2]time.Time
	Status          ReverseStatus
	FailedCondition string // which of the page's conditions was broken
	IncomingID      IncomingID
	ExpiresAt       time.Time
}

// ReverseStatus is the state of a reverse transfer.
type ReverseStatus string

// States of a reverse transfer.
const (
	ReverseWaiting ReverseStatus = "Waiting"
	ReverseMatched ReverseStatus = "Matched"
	ReverseFailed  ReverseStatus = "Failed"
	ReverseExpired ReverseStatus = "Expired"
)

// IncomingPayment is money that arrived, as the bank reports it.
type IncomingPayment struct {
	Meta
	ID           IncomingID // the bank's; the same payment may be reported twice
	PayerName    string
	PayerAccount string
	Amount       value.Fen
	Currency     string
	ValueDate    time.Time
	PayeeAccount string
	MatchedWith  ReverseID // "" if nobody waited for it
}

// LetterFields are what the system fills into a letter (R12.36).
type LetterFields struct {
	GranteeName, GranteeAccount     string
	Company, LegalRep, Registration string
	CompanyAccount                  string
	ViewScope                       ViewScope
	SignScope                       SignScope
	Date                            string // 2006-01-02, Shanghai
}

// AuthorizationLetter is a letter to be sealed with the physical seal (B16).
type AuthorizationLetter struct {
	Meta
	ID             LetterID
	Subject        Subject
	Title          string
	Fields         LetterFields
	FieldsHash     string
	UploadedFileID FileID
	Status         LetterStatus
}

// LetterStatus is the state of a letter.
type LetterStatus string

// States of a letter.
const (
	LetterGenerated  LetterStatus = "Generated"
	LetterUploaded   LetterStatus = "Uploaded"
	LetterInReview   LetterStatus = "InReview"
	LetterApproved   LetterStatus = "Approved"
	LetterRejected   LetterStatus = "Rejected"
	LetterSuperseded LetterStatus = "Superseded"
)
