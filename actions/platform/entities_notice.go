package platform

import "time"

// LinkKind is what a short link leads to.
type LinkKind string

// Kinds of links.
const (
	LinkSign     LinkKind = "Sign"
	LinkApprove  LinkKind = "Approve" // carries ?type=2
	LinkActivate LinkKind = "Activate"
)

// LinkRole is in which capacity the bearer of a link acts.
type LinkRole string

// Roles of link bearers.
const (
	RoleLegalRep   LinkRole = "LegalRep"
	RoleSealKeeper LinkRole = "SealKeeper"
	RoleFinance    LinkRole = "Finance"
	RoleMainAdmin  LinkRole = "MainAdmin"
	RoleApplicant  LinkRole = "Applicant"
)

// ShortLink lets somebody act for one subject in one role (B19).
type ShortLink struct {
	Meta
	Code           LinkCode
	Kind           LinkKind
	SubjectID      string
	Subject        Subject // of approve links
	RecipientLogin string
	Role           LinkRole
	ExpiresAt      time.Time // zero: never
	Status         LinkStatus
}

// LinkStatus is the state of a link.
type LinkStatus string

// States of a link.
const (
	LinkActive    LinkStatus = "Active"
	LinkIsUsed    LinkStatus = "Used"
	LinkIsExpired LinkStatus = "Expired"
	LinkIsRevoked LinkStatus = "Revoked"
)

// NoticeID names the text of a notification.
type NoticeID string

// Notices (section D0, T1-T10).
const (
	NoticeRequest  NoticeID = "T1"
	NoticeViewOnly NoticeID = "T1-view"          // T1 of a request without signing
	NoticeAppeal   NoticeID = "T1-appeal"        // T1 of an appeal (P)
	NoticeCertify  NoticeID = "T1-certification" // T1 of a certification (P)
	NoticeApproved NoticeID = "T2"
	NoticeJoined   NoticeID = "T3"
	NoticeRejected NoticeID = "T4"
	NoticePassed   NoticeID = "T5"
	NoticeFailed   NoticeID = "T6"
	NoticeActivate NoticeID = "T7"
	NoticeCode     NoticeID = "T8"
	NoticeOldAdmin NoticeID = "T9"
	NoticePaid     NoticeID = "T10-sent"
	NoticeBounced  NoticeID = "T10-bounced"
)

// Notification is a message owed to somebody (B20), written with the change
// that it tells of and sent by whoever owns the outbox.
type Notification struct {
	Meta
	ID        NotificationID
	Seq       uint64 // order in which they were written
	Channel   string // SMS or Email
	To        string
	Template  NoticeID
	Text      string            // may hold a code or a link: never logged
	Args      map[string]string `json:",omitempty"` // what was filled in, by name; for gateways that send templates
	SubjectID string
	Status    NotificationStatus
	Failure   string
	Reference string `json:",omitempty"` // the gateway's own id, once it took the notification
}

// NotificationStatus is the state of a notification.
type NotificationStatus string

// States of a notification.
const (
	NotificationQueued NotificationStatus = "Queued"
	NotificationSent   NotificationStatus = "Sent"
	NotificationFailed NotificationStatus = "Failed"
)

// Reading is what was recognised in a picture.
type Reading struct {
	Name, Registration, LegalRepName string
	WatermarkText                    string
	SealFound                        bool
}

// UploadedFile is a picture that was taken (B20). Its bytes are in [Files]
// under SHA256.
type UploadedFile struct {
	Meta
	ID        FileID
	Use       FileUse
	Mime      string
	Size      int // bytes
	SHA256    string
	Reading   Reading
	Watermark Watermark
	Owner     string // the actor
}

// SupportTicket is a question left for staff (B20).
type SupportTicket struct {
	Meta
	ID        TicketID
	AccountID AccountID
	Entry     string
	Note      string
	Status    TicketStatus
}

// TicketStatus is the state of a ticket.
type TicketStatus string

// States of a ticket.
const (
	TicketOpen   TicketStatus = "Open"
	TicketClosed TicketStatus = "Closed"
)
