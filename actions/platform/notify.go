package platform

import (
	"time"

	"signdesk/actions/platform/calendar"
	"signdesk/actions/platform/value"
	"signdesk/data/store"
)

// notify owes somebody a message; args are names and values of its
// placeholders. It leaves with the transaction.
func (t *Tx) notify(to string, notice NoticeID, subject string, args ...string) {
	if to == "" {
		return
	}
	channel := "SMS"
	if value.IsEmail(to) {
		channel = "Email"
	}
	notifications.save(t, &Notification{ID: newID[NotificationID](t, "N-"), Seq: t.Changes() + 1, Channel: channel, To: to, Template: notice,
		Text: t.noticeText(notice, args...), Args: t.filledIn(args), SubjectID: subject, Status: NotificationQueued})
}

func (t *Tx) noticeText(notice NoticeID, args ...string) string {
	return fill(t.p.words.Notices[notice], t.filledIn(args))
}

func (t *Tx) filledIn(args []string) map[string]string {
	fields := map[string]string{"brand": t.p.brand, "host": t.p.host, "hotline": t.p.hotline}
	for i := 0; i+1 < len(args); i += 2 {
		fields[args[i]] = args[i+1]
	}
	return fields
}

// Queued returns notifications that wait to be sent, oldest first, at most
// limit.
func (t *Tx) Queued(limit int) []*Notification {
	return notifications.listRange(t, "queued", store.Range{Limit: limit})
}

// LatestNotices returns the notifications that were written last, the newest
// first, at most limit.
func (t *Tx) LatestNotices(limit int) []*Notification {
	return notifications.listRange(t, "seq", store.Range{Limit: limit, Reverse: true})
}

// SentTo returns the notifications to a login, oldest first.
func (t *Tx) SentTo(login string) []*Notification {
	return notifications.list(t, "to", key(login))
}

// Delivered notes that a notification was taken by a gateway, under that one's
// reference, or with what it failed for good.
func (t *Tx) Delivered(id NotificationID, reference, failure string) error {
	defer t.in("notification.deliver")()
	n := notifications.get(t, id)
	if n == nil || n.Status != NotificationQueued {
		return t.end(refuse(NotOpen, ""))
	}
	n.Status, n.Reference, n.Failure = NotificationSent, reference, failure
	if failure != "" {
		n.Status = NotificationFailed
	}
	notifications.save(t, n)
	return t.err
}

// Undelivered notes that a notification which a gateway had taken did not reach
// its phone, and returns it; nil if there is none with that reference. Noted
// again it stays as it is.
func (t *Tx) Undelivered(reference, failure string) (*Notification, error) {
	defer t.in("notification.undeliver")()
	list := notifications.list(t, "reference", key(reference))
	if len(list) == 0 {
		return nil, t.err
	}
	n := list[0]
	if n.Status == NotificationSent {
		n.Status, n.Failure = NotificationFailed, failure
		notifications.save(t, n)
	}
	return n, t.err
}

// Links (B19, G8).
const (
	linkChars    = 8
	linkSigns    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	linkLife     = 7 * 24 * time.Hour
	linksPerDay  = 3
	approveQuery = "?type=2"
)

// URL returns the address of a link, as messages carry it.
func (p *Platform) URL(l *ShortLink) string {
	u := p.linkBase + "/s/" + string(l.Code)
	if l.Kind == LinkApprove {
		u += approveQuery
	}
	return u
}

// newLink makes a link; of approve links the one before is revoked.
func (t *Tx) newLink(l ShortLink) *ShortLink {
	if l.Kind == LinkApprove {
		if old := links.find(t, "active", subjectKey(l.Subject).Str(string(l.Role))); old != nil {
			old.Status = LinkIsRevoked
			links.save(t, old)
		}
	}
	l.Code = LinkCode(t.randomText(linkChars, linkSigns))
	l.Status = LinkActive
	links.save(t, &l)
	return &l
}

func (l *ShortLink) ranOut(at time.Time) bool {
	return !l.ExpiresAt.IsZero() && !at.Before(l.ExpiresAt)
}

// closeLinks ends the links of a subject: with used, once it was settled. One
// that has run out stays expired.
func (t *Tx) closeLinks(subject string, to LinkStatus) {
	for _, l := range links.list(t, "subject", key(subject)) {
		if l.Status == LinkActive && l.Kind == LinkApprove {
			if l.Status = to; l.ranOut(t.at) {
				l.Status = LinkIsExpired
			}
			links.save(t, l)
		}
	}
}

// Link returns a link that can be used: active, and before its end. Unknown
// codes are NotFound.
func (t *Tx) Link(code LinkCode) (*ShortLink, error) {
	l := links.get(t, code)
	if l == nil {
		return nil, t.failure(refuse(NotFound, ""))
	}
	switch {
	case l.Status == LinkIsUsed:
		return nil, t.failure(refuse(LinkUsed, ""))
	case l.Status == LinkIsRevoked:
		return nil, t.failure(refuse(LinkRevoked, ""))
	case l.Status == LinkIsExpired || l.ranOut(t.at):
		return nil, t.failure(refuse(LinkExpired, ""))
	}
	return l, t.err
}

// NotifyHelper sends T1 with a link, so that somebody else does the part of his
// role in a case of the actor (R12.45, R12.46). The link before is revoked.
func (t *Tx) NotifyHelper(s Subject, role LinkRole, recipient string) (*ShortLink, error) {
	defer t.in("helper.notify")()
	sub, r := t.ownSubject(s)
	if r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	to, ok := value.Login(recipient)
	applicant := accounts.get(t, sub.applicant)
	switch {
	case t.err != nil:
		return nil, t.err
	case !ok:
		return nil, bad("recipient", "R12.45")
	case to == applicant.Mobile || to == applicant.Email:
		return nil, refuse(OwnLogin, "")
	case !sub.takes(role):
		return nil, refuse(MethodNotAllowed, sub.rule)
	}
	return t.sendLink(sub, role, to)
}

// RemindHelper sends the link of a case of the actor again, to whom it was sent
// last in that role. The link before is revoked, and the limits of NotifyHelper
// hold.
func (t *Tx) RemindHelper(s Subject, role LinkRole) (*ShortLink, error) {
	defer t.in("helper.remind")()
	sub, r := t.ownSubject(s)
	if r != nil || t.err != nil {
		return nil, t.failure(r)
	}
	old := links.find(t, "active", subjectKey(s).Str(string(role)))
	if old == nil {
		return nil, t.failure(refuse(NotFound, ""))
	}
	return t.sendLink(sub, role, old.RecipientLogin)
}

// ownSubject returns an open case of the actor.
func (t *Tx) ownSubject(s Subject) (*subject, *Refusal) {
	sub, r := t.openSubject(s)
	if r == nil && t.err == nil && (t.by.Account == "" || t.by.Account != sub.applicant) {
		return nil, refuse(NotFound, "")
	}
	return sub, r
}

// tooMany reports whether no more links may be sent to a role of the case
// today.
func (t *Tx) tooMany(subject string, role LinkRole) bool {
	today := 0
	for _, l := range links.list(t, "subject", key(subject)) {
		if l.Role == role && l.Kind == LinkApprove && !l.CreatedAt.Before(calendar.StartOfDay(t.at)) {
			today++
		}
	}
	return today >= linksPerDay
}

// sendLink makes a link for a role and sends it, as often as the limit allows.
func (t *Tx) sendLink(sub *subject, role LinkRole, to string) (*ShortLink, error) {
	if t.tooMany(sub.ID, role) {
		return nil, t.failure(refuse(TooManySends, ""))
	}
	l := ShortLink{Kind: LinkApprove, SubjectID: sub.ID, Subject: sub.Subject, RecipientLogin: to, Role: role, ExpiresAt: t.at.Add(linkLife)}
	if role == RoleMainAdmin {
		l.ExpiresAt = sub.request.ExpiresAt
	}
	sent := t.newLink(l)
	t.notify(to, sub.notice(), sub.ID, t.noticeArgs(sub, t.p.URL(sent))...)
	return sent, t.err
}

// notice returns which message asks others to help with the case.
func (s *subject) notice() NoticeID {
	switch {
	case s.appeal != nil:
		return NoticeAppeal
	case s.certification != nil:
		return NoticeCertify
	case s.request.SignScope == SignNone:
		return NoticeViewOnly
	}
	return NoticeRequest
}

func (t *Tx) noticeArgs(sub *subject, url string) []string {
	return []string{"name", sub.applicantName(t), "account", value.Mask(t.loginOf(sub.applicant)), "company", sub.holder, "link", url}
}

// HelperNotice returns the message that NotifyHelper would send, with … in the
// place of the link's code.
func (t *Tx) HelperNotice(s Subject) (string, error) {
	sub, r := t.ownSubject(s)
	if r != nil || t.err != nil {
		return "", t.failure(r)
	}
	return t.noticeText(sub.notice(), t.noticeArgs(sub, t.p.URL(&ShortLink{Kind: LinkApprove, Code: "…"}))...), t.err
}
