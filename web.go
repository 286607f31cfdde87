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
var pageChannels = []string{webhook.Channel, webhook.LinkChannel, channel.Preview}

// visitorKey is the key of the tokens of visitors.
func visitorKey(secret []byte) ([]byte, error) {
	return hkdf.Key(sha256.New, secret, nil, "signdesk web visitors", sha256.Size)
}

// newWeb puts the web side of a service together.
func newWeb(cfg *Config, s *service, talks *bot.Bot, base *kb.Live, metrics *webhook.Metrics, rates webhook.Rates,
	log *slog.Logger, routes ...webhook.Route) (*webhook.Server, error) {
	key, err := visitorKey(s.key)
	if err != nil {
		return nil, err
	}
	visitors, err := visitor.NewSigner(key)
	if err != nil {
		return nil, err
	}
	previews, err := s.previews()
	if err != nil {
		return nil, err
	}
	users, err := visitor.NewUsers(listed(cfg.UserKeys), s.clock.Now)
	if err != nil {
		return nil, err
	}
	o := webhook.Options{Base: base, Talks: talks, Visitors: visitors, Previews: previews, Users: users, AccountOf: s.accountOf, Contact: cfg.contact(), Hours: hotlineHours,
		Now: s.clock.Now, Site: cfg.Site, Public: cfg.Public, Origins: listed(cfg.Origins), Proxies: listed(cfg.Proxies), Metrics: metrics, Rates: rates, Routes: routes, Log: log}
	o.Secure = len(cfg.Public) > 5 && cfg.Public[:6] == "https:"
	o.Letter, o.OwnLetter = s.letterOf, func(ctx context.Context, p channel.Peer) (letter.Fields, error) { return s.ownLetter(ctx, talks, p) }
	o.Streams = connections() / 2
	o.Ready = func() error {
		if base.Content() == nil {
			return errors.New("no knowledge base")
		}
		if f, ok := s.store.(*store.File); ok && f.Err() != nil {
			return f.Err()
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
		f = s.letterFields(l)
		return nil
	})
	return f, err
}

// ownLetter returns what stands in the letter that was made for a person in his
// conversation.
func (s *service) ownLetter(ctx context.Context, talks *bot.Bot, p channel.Peer) (f letter.Fields, err error) {
	id, err := talks.Slot(ctx, p, "letterID")
	if err != nil || id == "" {
		return f, errors.Join(err, webhook.ErrNoLetter)
	}
	err = s.platform.View(ctx, func(t *platform.Tx) error {
		l := t.Letter(platform.LetterID(id))
		if l == nil || l.Status != platform.LetterGenerated {
			return errors.Join(t.Err(), webhook.ErrNoLetter)
		}
		f = s.letterFields(l)
		return nil
	})
	return f, err
}

// letterFields are a letter's fields as they are printed.
func (s *service) letterFields(l *platform.AuthorizationLetter) letter.Fields {
	f := letter.Fields{Title: l.Title, Company: l.Fields.Company, LegalRep: l.Fields.LegalRep, Registration: l.Fields.Registration,
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
	return f
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

// countAll has counted what senders cannot send.
func countAll(senders map[string]channel.Sender, m *webhook.Metrics) {
	for name, sender := range senders {
		senders[name] = count(sender, m)
	}
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

// countedMeter is the same of a sender on a channel that counts sends.
type countedMeter struct {
	channel.Metered
	counted
}

// Send implements [channel.Sender].
func (c countedMeter) Send(ctx context.Context, m channel.Outbound) error {
	return c.counted.Send(ctx, m)
}

// Notice implements [channel.Noticer].
func (c countedMeter) Notice(ctx context.Context, to channel.Peer, id, text string) (way, name string, err error) {
	if n, ok := c.counted.Sender.(channel.Noticer); ok {
		return n.Notice(ctx, to, id, text)
	}
	return "", "", nil
}

// count has a sender's failures counted.
func count(s channel.Sender, metrics *webhook.Metrics) channel.Sender {
	c := counted{s, metrics}
	if meter, ok := s.(channel.Metered); ok {
		return countedMeter{meter, c}
	}
	return c
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
