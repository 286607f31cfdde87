package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"signdesk/actions/platform"
	"signdesk/actions/platform/calendar"
	"signdesk/actions/platform/value"
	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/bot/desk"
	"signdesk/bot/desk/chart"
	"signdesk/bot/learn"
	"signdesk/bot/telegram"
	"signdesk/bot/wechat"
	"signdesk/data/store"
	"signdesk/kb"
	"signdesk/webhook"
	"signdesk/webhook/letter"
)

// telegramConfig are the settings of the support desk.
type telegramConfig struct {
	Token, Boards, Owners, API, Proxy, Webhook, Secret string
}

func (g *telegramConfig) table() []setting {
	return []setting{
		{env: "SIGNDESK_TELEGRAM_TOKEN", about: "token of the staff's Telegram bot", secret: true, into: &g.Token, check: matches(`^\d+:[A-Za-z0-9_-]+$`, "123456:secret"),
			missing: "nobody of the staff takes over conversations"},
		{env: "SIGNDESK_TELEGRAM_BOARDS", about: "ids of the groups (or private chats) in which the staff work, with commas: -1001234567890", into: &g.Boards, check: ids},
		{env: "SIGNDESK_TELEGRAM_OWNERS", about: "Telegram ids of the first owners, with commas", into: &g.Owners, check: ids},
		{env: "SIGNDESK_TELEGRAM_API", about: "address of the Bot API, if not the official one", into: &g.API, check: origin},
		{env: "SIGNDESK_TELEGRAM_PROXY", about: "proxy to the Bot API: http://, https:// or socks5://", secret: true, into: &g.Proxy, check: proxyAddress},
		{env: "SIGNDESK_TELEGRAM_WEBHOOK", def: "off", about: "on: Telegram pushes to SIGNDESK_PUBLIC/telegram; off: it is asked, which needs no way in", into: &g.Webhook, check: onOff},
		{env: "SIGNDESK_TELEGRAM_SECRET", about: "what Telegram proves itself by at the webhook", secret: true, into: &g.Secret, check: matches(`^[A-Za-z0-9_-]{16,256}$`, "16 to 256 letters, digits, _ and -")},
	}
}

// matches returns a check of a value's form.
func matches(form, want string) func(string) error {
	re := regexp.MustCompile(form)
	return func(s string) error {
		if !re.MatchString(s) {
			return fmt.Errorf("want %s", want)
		}
		return nil
	}
}

var idForm = regexp.MustCompile(`^-?[1-9][0-9]*$`)

func ids(s string) error {
	for _, id := range listed(s) {
		if !idForm.MatchString(id) {
			return fmt.Errorf("%q is not an id", id)
		}
	}
	return nil
}

func proxyAddress(s string) error {
	if u, err := url.Parse(s); err != nil || u.Host == "" {
		return errors.New("want scheme://host:port")
	}
	return nil
}

// whole checks the settings together.
func (g *telegramConfig) whole(public string) error {
	switch {
	case g.Token == "":
		return nil
	case len(listed(g.Boards)) == 0 || len(listed(g.Owners)) == 0:
		return errors.New("SIGNDESK_TELEGRAM_TOKEN is set: SIGNDESK_TELEGRAM_BOARDS and SIGNDESK_TELEGRAM_OWNERS are needed too")
	case g.Webhook == "on" && (public == "" || g.Secret == ""):
		return errors.New("SIGNDESK_TELEGRAM_WEBHOOK is on: SIGNDESK_PUBLIC and SIGNDESK_TELEGRAM_SECRET are needed too")
	}
	return nil
}

// A support is the staff's desk and the account by which it is reached.
type support struct {
	desk    *desk.Desk
	account *telegram.Account
	talks   *bot.Bot
	senders map[string]channel.Sender // to the staff
}

// run works at the desk until ctx is done: the platform takes questions from one
// process only, and limits what all of them send.
func (u *support) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return u.account.Run(ctx) })
	g.Go(func() error { return u.desk.Run(ctx) })
	g.Go(func() error { return u.talks.Deliver(ctx, u.senders) })
	return g.Wait()
}

// newSupport returns the support desk, nil if there is none.
func newSupport(cfg *Config, s *service, talks *bot.Bot, base *kb.Live, library *learn.Library, log *slog.Logger) (*support, error) {
	g := &cfg.Telegram
	if err := g.whole(cfg.Public); err != nil || g.Token == "" {
		return nil, err
	}
	keep, err := newKept(s.store, s.key, telegram.Channel)
	if err != nil {
		return nil, err
	}
	d := newDesk(cfg, s, talks, base, library, log)
	o := telegram.Options{Token: g.Token, API: g.API, Proxy: g.Proxy, Secret: g.Secret, Keep: keep, Now: s.clock.Now, Logger: log, Receive: d.Receive, Looks: d.Looks,
		Reached: func(ctx context.Context, board channel.Peer, member bool) error {
			if !member {
				return nil
			}
			return talks.Reached(ctx, board)
		}}
	if g.Webhook == "on" {
		o.Webhook = cfg.Public + telegramPath
	}
	account, err := telegram.New(o)
	if err != nil {
		return nil, err
	}
	return &support{desk: d, account: account}, nil
}

const telegramPath = "/telegram"

// routes are the address of the webhook, if that is used. All that comes there
// comes from the platform.
func (u *support) routes(cfg *Config) []webhook.Route {
	if u == nil || cfg.Telegram.Webhook != "on" {
		return nil
	}
	return []webhook.Route{{Method: "POST", Path: telegramPath, Handler: u.account, Shared: true}}
}

// newDesk puts the desk on the conversations, the knowledge base and the platform.
func newDesk(cfg *Config, s *service, talks *bot.Bot, base *kb.Live, library *learn.Library, log *slog.Logger) *desk.Desk {
	var boards []channel.Peer
	for _, id := range listed(cfg.Telegram.Boards) {
		boards = append(boards, channel.Peer{Channel: telegram.Channel, ID: id})
	}
	return desk.New(desk.Options{
		Talks: talks, Boards: boards, Owners: listed(cfg.Telegram.Owners), Now: s.clock.Now, Logger: log, Mask: bot.Mask,
		Hours: func(at time.Time) (bool, time.Time) {
			h, err := calendar.HotlineAt(at)
			return err != nil || h.Open, h.Change // in a year without known holidays the staff is there
		},
		Served: func(from, to time.Time) time.Duration {
			d, err := calendar.Served(from, to)
			if err != nil {
				return to.Sub(from)
			}
			return d
		},
		Person: s.person,
		Suggest: func(ctx context.Context, question string) ([]desk.Suggestion, error) {
			d, err := base.Decide(ctx, question)
			if err != nil || !bot.Asks(question, d) {
				return nil, err
			}
			return bot.Suggestions(d), nil
		},
		Ask:      talks.Consult,
		Carries:  cfg.carries,
		Answer:   func(key string) string { return bot.PartText(base.Content(), key) },
		Entry:    func(id string) string { return bot.EntryTitle(base.Content(), id) },
		Commands: library.Commands(), Buttons: library.Buttons(),
		Reviews: &reviewDesk{service: s},
		Chart:   func(st desk.Stats) ([]byte, error) { return chart.Draw(st, letter.Font) },
	})
}

// carries tells why a picture cannot be brought to a person; "" if it can. Its size
// is bounded already where it comes in.
func (c *Config) carries(to channel.Peer, picture []byte) string {
	switch {
	case to.Channel == webhook.LinkChannel:
		return "他在短信链接打开的页面上，那里看不到图片。请改发文字。"
	case to.Channel == wechat.Channel && c.Wechat.Verified != "on":
		return "公众号没有认证，只能带文字给他。请改发文字。"
	}
	switch http.DetectContentType(picture) {
	case "image/jpeg", "image/png", "image/gif": // what WeChat takes, and every browser draws
		return ""
	}
	return "只能发 JPG、PNG、GIF 图片，请转换后重发。"
}

// person tells the staff who an account is.
func (s *service) person(ctx context.Context, account string) (p desk.Person, err error) {
	if account == "" {
		return p, nil
	}
	id := platform.AccountID(account)
	act := s.platform.NewAct(platform.Actor{Account: id}, "")
	err = s.platform.ViewAs(ctx, act, func(t *platform.Tx) error {
		p = desk.Person{}
		a := t.Account(id)
		if a == nil {
			return t.Err()
		}
		p.Login = value.Mask(a.Login())
		for _, m := range t.MembershipsOf(id) {
			if e := t.Enterprise(m.EnterpriseID); e != nil {
				p.Company = e.Name
				break
			}
		}
		for _, subject := range t.CasesUnderWay(id) {
			st, err := t.StandingOf(subject)
			if err != nil {
				continue // it ended meanwhile
			}
			line := s.words.Term(s.words.Terms, "case"+string(subject.Kind))
			if st.WaitsFor != "" {
				line += "（等" + s.words.Term(s.words.Terms, "role"+string(st.WaitsFor)) + "）"
			}
			p.Cases = append(p.Cases, line)
		}
		return t.Err()
	})
	return p, err
}

// A reviewDesk brings letters and certifications to the desk.
type reviewDesk struct {
	*service
	mu   sync.Mutex
	acts map[string]*platform.Act // that were begun, by the act of the staff
}

// Open implements [desk.Reviews].
func (r *reviewDesk) Open(ctx context.Context) (out []desk.Review, err error) {
	err = r.platform.View(ctx, func(t *platform.Tx) error {
		out = nil
		for _, q := range t.OpenReviews() {
			w, _ := reviewDetails(r.service, t, q)
			out = append(out, desk.Review{ID: string(q.ID), Title: reviewMatter(r.service, t, q), Lines: w, Due: q.DueAt})
		}
		return t.Err()
	})
	return out, err
}

// Picture implements [desk.Reviews].
func (r *reviewDesk) Picture(ctx context.Context, id string) ([]byte, error) {
	var file platform.FileID
	err := r.platform.View(ctx, func(t *platform.Tx) error {
		for _, q := range t.OpenReviews() {
			if string(q.ID) == id {
				_, file = reviewDetails(r.service, t, q)
			}
		}
		return t.Err()
	})
	if err != nil || file == "" {
		return nil, err
	}
	return r.platform.Picture(ctx, r.platform.NewAct(platform.Actor{Staff: "desk"}, ""), file)
}

// Decide implements [desk.Reviews].
func (r *reviewDesk) Decide(tx store.Tx, act, id string, pass bool, reason, staff string) (string, error) {
	r.mu.Lock()
	a := r.acts[act]
	if a == nil {
		if a = r.platform.NewAct(platform.Actor{Staff: staff}, ""); r.acts == nil {
			r.acts = make(map[string]*platform.Act)
		}
		r.acts[act] = a
	}
	r.mu.Unlock()
	t := r.platform.Begin(tx, a)
	err := t.Decide(platform.ReviewID(id), pass, reason)
	if t.Err() != nil {
		return "", t.Err()
	}
	r.mu.Lock()
	delete(r.acts, act)
	r.mu.Unlock()
	var refusal *platform.Refusal
	if errors.As(err, &refusal) {
		return r.words.Explain(refusal), nil
	}
	return "", err
}
