package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/bot/wechat"
	"signdesk/webhook"
)

// wechatConfig are the settings of the Official Account.
type wechatConfig struct {
	AppID, Secret, Token, AESKey, OldAESKey, Mode, Verified, Transfer, API string

	Quota  string // sends after a person's message, how many of them are the staff's, sends after a click
	Notice string // template by which a person is told that something waits

	transport http.RoundTripper // nil for the usual one
}

func (w *wechatConfig) table() []setting {
	return []setting{
		{env: "SIGNDESK_WECHAT_APPID", about: "AppID of the Official Account (公众号)", into: &w.AppID, missing: "nobody is served on WeChat"},
		{env: "SIGNDESK_WECHAT_SECRET", about: "its AppSecret", secret: true, into: &w.Secret},
		{env: "SIGNDESK_WECHAT_TOKEN", about: "Token of its callbacks, whose address is /wechat", secret: true, into: &w.Token},
		{env: "SIGNDESK_WECHAT_AESKEY", about: "its EncodingAESKey", secret: true, into: &w.AESKey},
		{env: "SIGNDESK_WECHAT_AESKEY_OLD", about: "the one before, while it is being changed", secret: true, into: &w.OldAESKey},
		{env: "SIGNDESK_WECHAT_MODE", def: "safe", about: "safe, compatible or plain, as set at WeChat", into: &w.Mode, check: oneOf("safe", "compatible", "plain")},
		{env: "SIGNDESK_WECHAT_VERIFIED", def: "off", about: "on: the account is verified (认证) and may send customer-service messages", into: &w.Verified, check: onOff},
		{env: "SIGNDESK_WECHAT_QUOTA", def: "5,1", about: "sends that WeChat allows after a message, how many of them are kept for the staff; also 5/48h,1,3/1m with those after a click", into: &w.Quota,
			check: func(s string) error { _, _, err := quota(s); return err }},
		{env: "SIGNDESK_WECHAT_NOTICE", about: "template that tells a person that something waits: template:ID:thing1,time2 or subscribe:ID:thing1", into: &w.Notice,
			check: func(s string) error { _, err := noticeTemplate(s); return err }},
		{env: "SIGNDESK_WECHAT_TRANSFER", def: "off", about: "on: who wants a person is handed to WeChat's own customer service", into: &w.Transfer, check: onOff},
		{env: "SIGNDESK_WECHAT_API", about: "address of the API, if not the official one", into: &w.API, check: origin},
	}
}

var (
	quotaForm  = regexp.MustCompile(`^([1-9][0-9]?)(?:/([0-9]+h))?,([0-9]{1,2})(?:,([1-9][0-9]?)(?:/([0-9]+[ms]))?)?$`)
	noticeForm = regexp.MustCompile(`^(template|subscribe):([A-Za-z0-9_-]+):([a-z_]+[0-9]*)(?:,([a-z_]+[0-9]*))?$`)
)

// quota reads how many sends there are and for how long, how many of them are the
// staff's, and those after a click: "5,1" or "5/48h,1,3/1m".
func quota(s string) (q wechat.Quota, reserve int, err error) {
	f := quotaForm.FindStringSubmatch(s)
	if f == nil {
		return q, 0, fmt.Errorf("want two numbers, e.g. 5,1, or 5/48h,1,3/1m, got %q", s)
	}
	number := func(s string) (n int) {
		if s != "" && err == nil {
			n, err = strconv.Atoi(s)
		}
		return n
	}
	span := func(s string) (d time.Duration) {
		if s != "" && err == nil {
			d, err = time.ParseDuration(s)
		}
		return d
	}
	q = wechat.Quota{Sends: number(f[1]), For: span(f[2]), EventSends: number(f[4]), EventFor: span(f[5])}
	if reserve = number(f[3]); err == nil && reserve >= q.Sends {
		err = fmt.Errorf("nothing is left of %d sends", q.Sends)
	}
	return q, reserve, err
}

// noticeTemplate reads by which template a person is told that something waits.
func noticeTemplate(s string) (wechat.Template, error) {
	if s == "" {
		return wechat.Template{}, nil
	}
	f := noticeForm.FindStringSubmatch(s)
	if f == nil {
		return wechat.Template{}, fmt.Errorf("want template:ID:field,field or subscribe:ID:field,field, got %q", s)
	}
	return wechat.Template{ID: f[2], Subscribe: f[1] == "subscribe", Text: f[3], Time: f[4]}, nil
}

// newWechat returns the Official Account, nil if there is none.
func newWechat(cfg *Config, s *service, talks *bot.Bot, log *slog.Logger) (*wechat.Account, error) {
	w := cfg.Wechat
	if w.AppID == "" {
		return nil, nil
	}
	keep, err := newKept(s.store, s.key, wechat.Channel)
	if err != nil {
		return nil, err
	}
	o, err := wechatOptions(cfg)
	if err != nil {
		return nil, err
	}
	o.Talks, o.Keep, o.Log = wechatTalks{talks, cfg.contact()}, keep, log
	return wechat.New(o)
}

// wechatOptions are the account's settings, without what runs it.
func wechatOptions(cfg *Config) (o wechat.Options, err error) {
	w := cfg.Wechat
	sends, _, err := quota(w.Quota)
	if err != nil {
		return o, err
	}
	notice, err := noticeTemplate(w.Notice)
	if err != nil {
		return o, err
	}
	o = wechat.Options{AppID: w.AppID, Secret: w.Secret, Token: w.Token, AESKey: w.AESKey, OldAESKey: w.OldAESKey, Mode: wechat.Mode(w.Mode),
		Verified: w.Verified == "on", Transfer: w.Transfer == "on", API: w.API, Quota: sends, Template: notice,
		Transport: w.transport}
	if cfg.Public != "" {
		o.PageURL = func(entry string) string {
			if entry == "" {
				return ""
			}
			return cfg.Public + "/help/" + entry
		}
	}
	return o, nil
}

// wechatRoutes are the addresses of the callbacks. They all come from a few
// addresses, whoever wrote, so that no address is slowed down.
func wechatRoutes(a *wechat.Account) []webhook.Route {
	if a == nil {
		return nil
	}
	return []webhook.Route{
		{Method: "GET", Path: "/wechat", Handler: a, Shared: true},
		{Method: "POST", Path: "/wechat", Handler: a, Shared: true},
	}
}

// wechatTalks are the conversations as the Official Account sees them.
type wechatTalks struct {
	*bot.Bot
	contact bot.Contact
}

// Receive implements [wechat.Talks].
func (t wechatTalks) Receive(ctx context.Context, in channel.Inbound) (*wechat.Reply, error) {
	rec, err := t.Bot.Receive(ctx, in)
	switch {
	case errors.Is(err, bot.ErrEnded):
		return nil, nil
	case errors.Is(err, bot.ErrFailed): // it would fail again
		text := "抱歉，这条消息没能处理。请换个说法再发一次，或拨打客服热线 " + t.contact.Hotline + "。"
		return &wechat.Reply{Outbound: channel.Outbound{To: in.Peer, Message: channel.Message{Text: text}}}, nil
	case err != nil || rec.Reply == nil && rec.Earlier == 0:
		return nil, err
	case rec.Reply == nil: // the staff has the talk; what they said may wait
		return &wechat.Reply{Outbound: channel.Outbound{To: in.Peer}, Earlier: true}, nil
	}
	return &wechat.Reply{Outbound: channel.Outbound{ID: rec.Delivery, To: in.Peer, Message: *rec.Reply},
		Handoff: rec.Outcome == bot.Handoff, Earlier: rec.Earlier > 0, Again: rec.Again}, nil
}

// Pending implements [wechat.Talks].
func (t wechatTalks) Pending(ctx context.Context, p channel.Peer, limit int) (out []channel.Outbound, err error) {
	list, err := t.Bot.Pending(ctx, p, limit)
	for _, d := range list {
		out = append(out, channel.Outbound{ID: d.ID, To: d.To, Message: d.Message, Skip: d.Skip})
	}
	return out, err
}

// wechatCommand does what is to be done at WeChat: it sets the account's menu.
func wechatCommand(ctx context.Context, s *service, args []string, io std) error {
	if len(args) != 1 || args[0] != "menu" {
		return errors.New("usage: signdesk wechat menu")
	}
	a, err := newWechat(s.cfg, s, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	if a == nil {
		return errors.New("no Official Account is configured: see SIGNDESK_WECHAT_APPID")
	}
	ctx, cancel := context.WithTimeout(ctx, menuTimeout)
	defer cancel()
	if err := a.SetMenu(ctx, wechatMenu(s.cfg)); err != nil {
		return err
	}
	fmt.Fprintln(io.out, "the menu is set; WeChat shows it within a day, at once after following anew")
	return nil
}

const menuTimeout = 30 * time.Second

// wechatMenu is the account's menu: what people often ask, what they often want
// done, and a person.
func wechatMenu(cfg *Config) []wechat.Button {
	ask := wechat.Button{Name: "常见问题"}
	for _, b := range bot.Beginnings() {
		ask.Sub = append(ask.Sub, wechat.Says(b.Label, b.Utterance))
	}
	if cfg.Public != "" {
		ask.Sub = append(ask.Sub, wechat.Button{Name: "帮助中心", Type: "view", URL: cfg.Public + "/help"})
	}
	do := wechat.Button{Name: "自助办理", Sub: []wechat.Button{wechat.Says("申请签署权限", "帮我申请签署权限"), wechat.Says("账号申诉", "我要申诉"),
		wechat.Says("更换管理员", "帮我更换管理员"), wechat.Says("办理进度", "查一下办理进度"), wechat.Says("继续上次办理", "继续上次办理")}}
	return []wechat.Button{ask, do, wechat.Says("人工客服", "转人工")}
}
