package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/bot/channel"
	"signdesk/bot/mail"
	"signdesk/bot/sms"
)

// gateways bring the platform's notices to people. A nil one is the
// demonstration's inbox: what it would send only shows there.
type gateways struct {
	sms  *sms.Gateway
	mail *mail.Mailer
	hold map[platform.NotificationID]time.Time                         // when to try again; of this process only
	tell func(ctx context.Context, m actions.Message, id string) error // the conversations that watch a case; may be nil
	// announce tells other systems; may be nil.
	announce func(ctx context.Context, kind, id string, data map[string]any) error
	now      func() time.Time
	log      *slog.Logger
}

// Timing of tries.
const (
	noticeRetry = 30 * time.Second
	noticeLife  = 24 * time.Hour  // then a notice is given up
	codeLife    = 5 * time.Minute // of notices with a code
	noticeWide  = 8               // on the way at once
)

// openGateways makes the gateways that are configured.
func openGateways(cfg *Config, now func() time.Time, log *slog.Logger) (*gateways, error) {
	g := &gateways{hold: make(map[platform.NotificationID]time.Time), now: now, log: log}
	var err error
	if cfg.SMSProvider != "" {
		templates, err := smsTemplates(cfg.SMSTemplates)
		if err != nil {
			return nil, err
		}
		g.sms, err = sms.New(sms.Options{Provider: sms.Provider(cfg.SMSProvider), Mode: sms.Mode(cfg.SMSMode), ID: cfg.SMSID, Secret: cfg.SMSSecret,
			App: cfg.SMSApp, Sign: cfg.SMSSign, BaseURL: cfg.SMSURL, Templates: templates, Now: now})
		if err != nil {
			return nil, err
		}
	}
	if cfg.MailHost != "" {
		port := 0
		if cfg.MailPort != "" {
			if port, err = strconv.Atoi(cfg.MailPort); err != nil {
				return nil, fmt.Errorf("mail port: %w", err)
			}
		}
		g.mail, err = mail.New(mail.Options{Host: cfg.MailHost, Port: port, Security: mail.Security(cfg.MailSecurity), User: cfg.MailUser,
			Password: cfg.MailPassword, From: cfg.MailFrom, Now: now})
	}
	return g, err
}

// smsTemplates reads "T1=1110:name,account,link;T8=1111:code".
func smsTemplates(s string) (map[string]sms.Template, error) {
	out := make(map[string]sms.Template)
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == ';' || r == ' ' }) {
		name, rest, ok := strings.Cut(part, "=")
		id, vars, _ := strings.Cut(rest, ":")
		if !ok || name == "" || id == "" {
			return nil, fmt.Errorf("sms templates: want T1=id:name,account,link;…, got %q", part)
		}
		t := sms.Template{ID: id}
		if vars != "" {
			t.Vars = strings.Split(vars, ",")
		}
		out[name] = t
	}
	return out, nil
}

// deliver sends the notices that the platform owes, and returns how many it
// settled. What cannot be sent now is tried again; it is called by one goroutine.
func (g *gateways) deliver(ctx context.Context, p *platform.Platform) (int, error) {
	var due []*platform.Notification
	err := p.View(ctx, func(t *platform.Tx) error {
		due = nil
		for _, n := range t.Queued(workBatch) {
			if !g.now().Before(g.hold[n.ID]) {
				due = append(due, n)
			}
		}
		return t.Err()
	})
	if err != nil {
		return 0, err
	}
	for _, n := range due {
		if err := g.event(ctx, n); err != nil {
			return 0, err
		}
	}
	results, references := make([]error, len(due)), make([]string, len(due))
	var group errgroup.Group
	group.SetLimit(noticeWide)
	for i, n := range due {
		group.Go(func() error { references[i], results[i] = g.send(ctx, n); return nil })
	}
	_ = group.Wait() // errors are results
	settled := 0
	for i, n := range due {
		failure, done := g.outcome(n, results[i])
		if !done {
			continue
		}
		delete(g.hold, n.ID)
		act := p.NewAct(platform.Actor{System: "notices"}, "")
		if err := p.Run(context.WithoutCancel(ctx), act, func(t *platform.Tx) error { return t.Delivered(n.ID, references[i], failure) }); err != nil {
			return settled, err
		}
		settled++
		if err := g.news(ctx, n); err != nil {
			return settled, err
		}
	}
	return settled, nil
}

// newsworthy are the notices that tell what became of a case.
var newsworthy = []platform.NoticeID{platform.NoticeApproved, platform.NoticeRejected, platform.NoticePassed, platform.NoticeFailed, platform.NoticePaid, platform.NoticeBounced}

// news says in the conversations that watch a case what its applicant is told by
// a notice.
func (g *gateways) news(ctx context.Context, n *platform.Notification) error {
	if g.tell == nil || n.SubjectID == "" || !slices.Contains(newsworthy, n.Template) {
		return nil
	}
	return g.tell(ctx, actions.Message{Case: n.SubjectID, Text: signature.ReplaceAllString(n.Text, "")}, "notice-"+string(n.ID))
}

// signature is the sender's name, which gateways ask for at the beginning.
var signature = regexp.MustCompile(`^【[^】]*】`)

// noticeEvents are what a notice is to other systems, which hear of it once it is
// owed, whether or not a gateway takes it.
var noticeEvents = map[platform.NoticeID]string{
	platform.NoticeApproved: "request.approved", platform.NoticeRejected: "request.rejected",
	platform.NoticePassed: "certification.passed", platform.NoticeFailed: "certification.rejected",
	platform.NoticePaid: "transfer.sent", platform.NoticeBounced: "transfer.bounced",
	platform.NoticeOldAdmin: "admin.changed",
}

// event announces what a notice is about, when it is first seen.
func (g *gateways) event(ctx context.Context, n *platform.Notification) error {
	kind := noticeEvents[n.Template]
	if _, tried := g.hold[n.ID]; tried || g.announce == nil || kind == "" {
		return nil
	}
	return g.announce(ctx, kind, "notice-"+string(n.ID), map[string]any{"case": n.SubjectID})
}

// outcome tells whether a notice is settled, and of one that is given up why.
func (g *gateways) outcome(n *platform.Notification, err error) (failure string, done bool) {
	if err == nil {
		return "", true
	}
	wait := noticeRetry
	var se *channel.SendError
	if errors.As(err, &se) {
		switch se.Kind {
		case channel.Rejected:
			g.log.Warn("notice refused", "msg", string(n.ID), "code", se.Code)
			return "refused " + se.Code, true
		case channel.Throttled:
			wait = max(wait, se.After)
		case channel.Config:
			g.log.Error("gateway refuses our settings", "channel", n.Channel, "err", err)
			wait = 10 * noticeRetry
		}
	}
	life := noticeLife
	if n.Args["code"] != "" {
		life = codeLife
	}
	if age := g.now().Sub(n.CreatedAt); age+wait > life {
		g.log.Warn("notice given up", "msg", string(n.ID), "err", err)
		return "given up", true
	}
	g.hold[n.ID] = g.now().Add(wait)
	return "", false
}

var addressInText = regexp.MustCompile(`https?://[^\s，。]+/s/[0-9A-Za-z]{8}[^\s，。]*`)

// send brings a notice to a gateway, and returns the gateway's reference to it.
func (g *gateways) send(ctx context.Context, n *platform.Notification) (reference string, err error) {
	link := addressInText.FindString(n.Text)
	switch {
	case n.Channel == "Email" && g.mail != nil:
		subject, _, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(n.Text, "【"), "】"), "】")
		return "", g.mail.Send(ctx, mail.Letter{ID: string(n.ID), To: n.To, Subject: subject + "通知", Text: n.Text, Link: link})
	case n.Channel == "SMS" && g.sms != nil:
		r, err := g.sms.Send(ctx, sms.Notice{ID: string(n.ID), To: n.To, Template: string(n.Template), Args: n.Args, Link: link})
		return r.MessageID, err
	}
	return "", nil
}
