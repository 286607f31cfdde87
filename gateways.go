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
	// waits is set if there is a template for what waits in the Official Account.
	waits bool
	on    map[string]*noticeLine                                        // by channel of the notices
	tell  func(ctx context.Context, m actions.Message, id string) error // the conversations that watch a case; may be nil
	// announce tells other systems; may be nil.
	announce func(ctx context.Context, kind, id string, data map[string]any) error
	now      func() time.Time
	log      *slog.Logger
}

// A noticeLine is what is known of the notices of one channel while the process
// lives. It is used by one goroutine.
type noticeLine struct {
	hold    map[platform.NotificationID]time.Time // when to try again
	settled map[platform.NotificationID]settled   // what could not be noted yet
}

// settled is what became of a notice.
type settled struct{ reference, failure string }

// noticeChannels are those that notices go by.
var noticeChannels = []string{"SMS", "Email"}

// Timing of tries.
const (
	noticePause = time.Second
	noticeLook  = 5000 // notices looked at for those that may go: many may be on hold
	noticeRetry = 30 * time.Second
	noticeLife  = 24 * time.Hour  // then a notice is given up
	codeLife    = 5 * time.Minute // of notices with a code
	noticeWide  = 8               // on the way at once
)

// openGateways makes the gateways that are configured.
func openGateways(cfg *Config, now func() time.Time, log *slog.Logger) (*gateways, error) {
	g := &gateways{on: make(map[string]*noticeLine), now: now, log: log}
	for _, name := range noticeChannels {
		g.on[name] = &noticeLine{hold: make(map[platform.NotificationID]time.Time), settled: make(map[platform.NotificationID]settled)}
	}
	var err error
	if cfg.SMSProvider != "" {
		templates, err := smsTemplates(cfg.SMSTemplates)
		if err != nil {
			return nil, err
		}
		_, g.waits = templates[waiting]
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

// run sends the notices that the platform owes until ctx is done. No channel waits
// for another.
func (g *gateways) run(ctx context.Context, p *platform.Platform) error {
	var all errgroup.Group
	for _, name := range noticeChannels {
		all.Go(func() error {
			tick := time.NewTicker(noticePause)
			defer tick.Stop()
			for {
				if _, err := g.deliverOn(ctx, name, p); err != nil && ctx.Err() == nil {
					g.log.Error("notices not sent; it will be tried again", "channel", name, "err", err)
				}
				select {
				case <-ctx.Done():
					return nil
				case <-tick.C:
				}
			}
		})
	}
	return all.Wait()
}

// deliver sends the notices that the platform owes, and returns how many it
// settled. What cannot be sent now is tried again.
func (g *gateways) deliver(ctx context.Context, p *platform.Platform) (int, error) {
	total := 0
	for _, name := range noticeChannels {
		n, err := g.deliverOn(ctx, name, p)
		if total += n; err != nil {
			return total, err
		}
	}
	return total, nil
}

// deliverOn is deliver for one channel.
func (g *gateways) deliverOn(ctx context.Context, name string, p *platform.Platform) (int, error) {
	line := g.on[name]
	due, err := g.due(ctx, name, p)
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
		if _, known := line.settled[n.ID]; !known {
			group.Go(func() error {
				// gofail: var noticeSending struct{}
				references[i], results[i] = g.send(ctx, n)
				// gofail: var noticeSent struct{}
				return nil
			})
		}
	}
	_ = group.Wait() // errors are results
	for i, n := range due {
		if _, known := line.settled[n.ID]; !known {
			if failure, done := g.outcome(n, results[i]); done {
				line.settled[n.ID] = settled{references[i], failure}
			}
		}
	}
	count := 0
	for _, n := range due {
		s, ok := line.settled[n.ID]
		if !ok {
			continue
		}
		if err := g.note(context.WithoutCancel(ctx), p, n, s); err != nil {
			return count, err // none of them is sent again meanwhile
		}
		delete(line.hold, n.ID)
		delete(line.settled, n.ID)
		count++
	}
	return count, nil
}

// due returns the notices of a channel that may go now.
func (g *gateways) due(ctx context.Context, name string, p *platform.Platform) (due []*platform.Notification, err error) {
	hold := g.on[name].hold
	err = p.View(ctx, func(t *platform.Tx) error {
		due = nil
		for _, n := range t.Queued(noticeLook) {
			if n.Channel == name && !g.now().Before(hold[n.ID]) && len(due) < workBatch {
				due = append(due, n)
			}
		}
		return t.Err()
	})
	return due, err
}

// note keeps what became of a notice, once those who watch its case were told.
func (g *gateways) note(ctx context.Context, p *platform.Platform, n *platform.Notification, s settled) error {
	if err := g.news(ctx, n); err != nil {
		return err
	}
	act := p.NewAct(platform.Actor{System: "notices"}, "")
	return p.Run(ctx, act, func(t *platform.Tx) error { return t.Delivered(n.ID, s.reference, s.failure) })
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
	if _, tried := g.on[n.Channel].hold[n.ID]; tried || g.announce == nil || kind == "" {
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
	g.on[n.Channel].hold[n.ID] = g.now().Add(wait)
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

// waiting is the SMS template that tells a person that something waits for him in
// the Official Account: "W1=id" among the templates, without variables.
const waiting = "W1"

// text tells an account by SMS that something waits for it, if it has a mobile
// number and the gateway a template for that; how is "" otherwise.
func (g *gateways) text(ctx context.Context, p *platform.Platform, account, id string) (how string, err error) {
	if g.sms == nil || !g.waits {
		return "", nil
	}
	var mobile string
	err = p.View(ctx, func(t *platform.Tx) error {
		if a := t.Account(platform.AccountID(account)); a != nil {
			mobile = a.Mobile
		}
		return t.Err()
	})
	if err != nil || mobile == "" {
		return "", err
	}
	if _, err := g.sms.Send(ctx, sms.Notice{ID: id, To: mobile, Template: waiting}); err != nil {
		return "", err
	}
	return "sms", nil
}
