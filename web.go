package main

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"log/slog"
	"regexp"
	"sync"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/bot/sms"
	"signdesk/data/store"
	"signdesk/kb"
	"signdesk/webhook"
	"signdesk/webhook/hooks"
	"signdesk/webhook/letter"
	"signdesk/webhook/visitor"
)

// pageChannels are the channels whose people read their conversation on a page.
var pageChannels = []string{webhook.Channel, webhook.LinkChannel}

// newWeb puts the web side of a service together.
func newWeb(cfg *Config, s *service, talks *bot.Bot, base *kb.Live, metrics *webhook.Metrics, rates webhook.Rates,
	log *slog.Logger, routes ...webhook.Route) (*webhook.Server, error) {
	key, err := hkdf.Key(sha256.New, s.key, nil, "signdesk web visitors", sha256.Size)
	if err != nil {
		return nil, err
	}
	visitors, err := visitor.NewSigner(key)
	if err != nil {
		return nil, err
	}
	users, err := visitor.NewUsers(listed(cfg.UserKeys), s.clock.Now)
	if err != nil {
		return nil, err
	}
	o := webhook.Options{Base: base, Talks: talks, Visitors: visitors, Users: users, AccountOf: s.accountOf, Contact: cfg.contact(), Hours: hotlineHours,
		Now: s.clock.Now, Site: cfg.Site, Public: cfg.Public, Origins: listed(cfg.Origins), Proxies: listed(cfg.Proxies), Metrics: metrics, Rates: rates, Routes: routes, Log: log}
	o.Secure = len(cfg.Public) > 5 && cfg.Public[:6] == "https:"
	o.Letter, o.Streams = s.letterOf, connections()/2
	o.Ready = func() error {
		if base.Content() == nil {
			return errors.New("no knowledge base")
		}
		if s.file != nil && s.file.Err() != nil {
			return s.file.Err()
		}
		return s.store.View(context.Background(), func(store.Tx) error { return nil })
	}
	if cfg.HooksSecrets != "" {
		if o.Events, err = hooks.NewReceiver(listed(cfg.HooksSecrets)); err != nil {
			return nil, err
		}
		o.Event = s.event
	}
	if cfg.SMSProvider != "" && cfg.SMSReports != "" {
		o.Routes = append(o.Routes, webhook.Route{Method: "POST", Path: "/hooks/sms/:secret",
			Handler: &smsReports{provider: sms.Provider(cfg.SMSProvider), secret: cfg.SMSReports, platform: s.platform, tell: talks.Tell, log: log}})
	}
	if cfg.Demo == "on" {
		o.Demo = s
	}
	return webhook.New(o)
}

// eventHooks returns the endpoints that hear of events, and who sends to them.
func eventHooks(cfg *Config) ([]channel.Peer, map[string]channel.Sender, error) {
	endpoints, err := hooks.ParseEndpoints(listed(cfg.Hooks))
	if err != nil {
		return nil, nil, err
	}
	var peers []channel.Peer
	for _, e := range endpoints {
		peers = append(peers, channel.Peer{Channel: hooks.Channel, ID: e.URL})
	}
	return peers, map[string]channel.Sender{hooks.Channel: hooks.NewSender(endpoints, cfg.HooksPrivate == "on", time.Now)}, nil
}

// accountOf returns the account of a login, "" if there is none.
func (s *service) accountOf(ctx context.Context, login string) (id string, err error) {
	login, ok := value.Login(login)
	if !ok {
		return "", nil
	}
	err = s.platform.View(ctx, func(t *platform.Tx) error {
		id = ""
		if a := t.AccountByLogin(login); a != nil && a.Status == platform.AccountActive {
			id = string(a.ID)
		}
		return t.Err()
	})
	return id, err
}

// letterOf returns what stands in the letter that was made for a link's bearer.
func (s *service) letterOf(ctx context.Context, link string) (f letter.Fields, err error) {
	act := s.platform.NewAct(platform.Actor{Link: link}, platform.Mobile)
	err = s.platform.ViewAs(ctx, act, func(t *platform.Tx) error {
		page, err := t.LinkPage()
		if t.Err() != nil {
			return t.Err()
		}
		var l *platform.AuthorizationLetter
		if err == nil {
			l = t.LetterOf(page.Subject)
		}
		if l == nil {
			return errors.Join(t.Err(), webhook.ErrNoLetter)
		}
		f = letter.Fields{Title: l.Title, Company: l.Fields.Company, LegalRep: l.Fields.LegalRep, Registration: l.Fields.Registration,
			Account: value.Mask(l.Fields.CompanyAccount), Grantee: l.Fields.GranteeName, GranteeLogin: l.Fields.GranteeAccount, Date: l.Fields.Date,
			Code: string(l.ID) + "-" + l.FieldsHash[:8]}
		if l.Fields.ViewScope != "" {
			f.View = s.words.Term(s.words.Terms, "view"+string(l.Fields.ViewScope))
		}
		if l.Fields.SignScope != "" {
			f.Sign = s.words.Term(s.words.Terms, "sign"+string(l.Fields.SignScope))
		} else {
			f.Matter = s.words.Term(s.words.Terms, "case"+string(l.Subject.Kind))
		}
		return nil
	})
	return f, err
}

var linkInText = regexp.MustCompile(`/s/([0-9A-Za-z]{8})`)

// Inbox implements [webhook.Demo].
func (s *service) Inbox(ctx context.Context, limit int) (out []webhook.DemoMessage, err error) {
	err = s.platform.View(ctx, func(t *platform.Tx) error {
		out = []webhook.DemoMessage{}
		for _, n := range t.LatestNotices(limit) {
			m := webhook.DemoMessage{To: n.To, At: n.CreatedAt, Mail: n.Channel == "Email", Text: n.Text}
			if found := linkInText.FindStringSubmatch(n.Text); found != nil {
				m.Code, m.Path = found[1], "/s/"+found[1]
			}
			out = append(out, m)
		}
		return t.Err()
	})
	return out, err
}

// Wait implements [webhook.Demo].
func (s *service) Wait(ctx context.Context, d time.Duration) error {
	if err := s.clock.Wait(ctx, d); err != nil {
		return err
	}
	if _, err := s.platform.PayOut(ctx, workBatch); err != nil {
		return err
	}
	_, err := s.platform.Sweep(ctx, workBatch)
	return err
}

// counted counts what a sender could not send.
type counted struct {
	channel.Sender
	metrics *webhook.Metrics
}

// Send implements [channel.Sender].
func (c counted) Send(ctx context.Context, m channel.Outbound) error {
	err := c.Sender.Send(ctx, m)
	if err != nil {
		kind := channel.Retry
		if se, ok := errors.AsType[*channel.SendError](err); ok {
			kind = se.Kind
		}
		c.metrics.SendFailed(m.To.Channel, string(kind))
	}
	return err
}

// Cost implements [channel.Metered]; asked of people only whose channel counts.
func (c counted) Cost(m channel.Outbound) int {
	if meter, ok := c.Sender.(channel.Metered); ok {
		return meter.Cost(m)
	}
	return 1
}

// outboxGauge tells how much is owed; it looks at most once a second.
func outboxGauge(talks func() *bot.Bot, now func() time.Time) func() (int, time.Duration) {
	var mu sync.Mutex
	var at time.Time
	var owed int
	var oldest time.Duration
	return func() (int, time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		if b := talks(); b != nil && time.Since(at) > time.Second {
			at, owed, oldest = time.Now(), 0, 0
			if list, err := b.Deliveries(context.Background(), bot.Owed, 10_000); err == nil && len(list) > 0 {
				owed, oldest = len(list), now().Sub(list[0].Created)
			}
		}
		return owed, oldest
	}
}
