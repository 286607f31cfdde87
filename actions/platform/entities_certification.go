package platform

import "time"

// Purpose is what a certification, code, check or payment is for.
type Purpose string

// Purposes.
const (
	ForNew        Purpose = "New"
	ForInfoChange Purpose = "InfoChange"
)

// Watermark is what is written over a picture.
type Watermark string

// Watermarks.
const (
	NoWatermark      Watermark = "None"
	AllowedWatermark Watermark = "Allowed"
	OtherWatermark   Watermark = "Other"
)

// PersonKind says whose ID card was submitted.
type PersonKind string

// Whose ID card.
const (
	IsLegalRep PersonKind = "LegalRep"
	IsAgent    PersonKind = "Agent"
)

// Method is a way to prove that an enterprise agrees.
type Method string

// Methods. Private and corporate payment are payments to the platform.
const (
	ByLegalRepPhone    Method = "LegalRepPhone"
	ByLegalRepFace     Method = "LegalRepFace"
	ByAuthLetter       Method = "AuthLetter"
	ByBankPayment      Method = "BankPayment"
	ByPrivatePayment   Method = "PrivateCardPayment"
	ByCorporatePayment Method = "CorporatePayment"
)

// Stage is how far a certification is, as the page shows it (R10.20).
type Stage string

// Stages.
const (
	StageBasicInfo Stage = "BasicInfo"
	StageMaterials Stage = "Materials"
	StageDone      Stage = "Done"
)

// Submitted is what an applicant states in a certification.
type Submitted struct {
	Name, Registration, LegalRepName string
	TermEnd                          time.Time
}

// Certification is one attempt to certify an enterprise, or its changed data
// (B4).
type Certification struct {
	Meta
	ID            CertificationID
	EnterpriseID  EnterpriseID // "" until the basic information was submitted
	Purpose       Purpose
	AccountID     AccountID
	Channel       Channel
	EntityType    EntityType
	LicenceDoc    LicenceDoc
	OCR           Reading
	Submitted     Submitted
	ManualEdit    bool
	Watermark     Watermark
	PersonKind    PersonKind
	IDHash        string // of the ID card submitted, whoever's it is
	IDMasked      string
	AgentOnly     bool
	NoName        bool
	Images        []FileID // licence, front and back of the ID card
	PrivacyAt     time.Time
	Method        Method
	Deadline      time.Time
	Stage         Stage
	Status        CertificationStatus
	RejectReason  string
	Callback      bool // welcome
	CertificateID CertificateID
}

// CertificationStatus is the state of a certification.
type CertificationStatus string

// States of a certification.
const (
	CertBasicInfo CertificationStatus = "BasicInfo"
	CertMaterials CertificationStatus = "Materials"
	CertVerifying CertificationStatus = "Verifying"
	CertInReview  CertificationStatus = "InReview"
	CertPassed    CertificationStatus = "Passed"
	CertRejected  CertificationStatus = "Rejected"
	CertExpired   CertificationStatus = "Expired"
	CertWithdrawn CertificationStatus = "Withdrawn"
)

// Open reports whether the certification can still pass.
func (s CertificationStatus) Open() bool {
	return s == CertBasicInfo || s == CertMaterials || s == CertVerifying || s == CertInReview
}

// Certificate is the digital certificate of an enterprise (B5, R10.27).
type Certificate struct {
	Meta
	SerialNo             CertificateID
	EnterpriseID         EnterpriseID
	SubjectName          string
	Registration         string
	LegalRepName, Issuer string
	IssuedAt, ExpiresAt  time.Time
}

// ReviewCause says why staff must look at a case.
type ReviewCause string

// Causes of a review (R07.2-4).
const (
	CauseEdited    ReviewCause = "Edited"
	CauseWatermark ReviewCause = "Watermark"
	CauseLetter    ReviewCause = "AuthLetter"
)

// ReviewTask is a case that waits for staff (B16).
type ReviewTask struct {
	Meta
	ID       ReviewID
	Subject  Subject
	Causes   []ReviewCause
	OpenedAt time.Time
	DueAt    time.Time // one working day later
	Reviewer string
	Reason   string
	Status   ReviewStatus
}

// ReviewStatus is the state of a review.
type ReviewStatus string

// States of a review. Withdrawn ones lost their case.
const (
	ReviewOpen      ReviewStatus = "Open"
	ReviewPassed    ReviewStatus = "Passed"
	ReviewRejected  ReviewStatus = "Rejected"
	ReviewWithdrawn ReviewStatus = "Withdrawn"
)

// InfoChange is a change of a certified enterprise's data (B17).
type InfoChange struct {
	Meta
	ID              ChangeID
	EnterpriseID    EnterpriseID
	OperatorID      MemberID
	Deadline        time.Time
	CertificationID CertificationID
	Status          ChangeStatus
}

// ChangeStatus is the state of an InfoChange.
type ChangeStatus string

// States of an InfoChange.
const (
	ChangeIsOpen      ChangeStatus = "Open"
	ChangeCertified   ChangeStatus = "Certified"
	ChangeSealUpdated ChangeStatus = "SealUpdated"
	ChangeClosed      ChangeStatus = "Closed"
	ChangeExpired     ChangeStatus = "Expired"
)

// Item is a kind of thing that is handed over.
type Item string

// Items of a handover.
const (
	ItemTemplate Item = "Template"
	ItemContract Item = "Contract"
	ItemSeal     Item = "Seal"
)
