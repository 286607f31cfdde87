package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/time/rate"

	"signdesk/actions/platform"
	"signdesk/bot"
	"signdesk/kb"
	"signdesk/webhook"
	"signdesk/webhook/hooks"
	"signdesk/webhook/visitor"
)

// Config is every setting of signdesk. The defaults run without any
// credential. Values come from the environment, then from flags.
type Config struct {
	Addr    string // host:port of the web server
	FAQ     string // directory with entries and topics; "" for the embedded ones
	Store   string // file of the store; the key and the control socket stand beside it
	Secret  string // key of the platform's secrets in hexadecimal; "" for the one beside the store
	Brand   string // name of the platform, as users know it
	Hotline string
	Site    string // the platform's web site, without scheme

	LinkHost string // of the links in messages
	linkBase string // what stands before their path; "" for https and the host

	Public   string // address of this server as people see it; "" for as they came
	Origins  string // web sites that may embed the widget, with commas
	UserKeys string // keys of the sites whose word about their users is taken, with commas
	Proxies  string // addresses of proxies in front, with commas
	Demo     string // on or off
	Rate     string // messages a second of a visitor, requests a second of an address

	SMSProvider, SMSMode, SMSID, SMSSecret, SMSApp, SMSSign, SMSURL, SMSTemplates, SMSReports string // no provider: the demonstration's inbox
	MailHost, MailPort, MailSecurity, MailUser, MailPassword, MailFrom                        string // no host: the same

	Hooks        string // endpoints that hear of events, with commas
	HooksPrivate string // on: endpoints in private networks are allowed
	HooksSecrets string // of systems that tell of events, with commas

	FourEyes string // on: nobody publishes only what he wrote himself

	Tesseract string // the program that reads pictures; "off" for none

	Wechat   wechatConfig
	Telegram telegramConfig

	PayeeName, PayeeBank, PayeeBranch, PayeeAccount, PayeeCNAPS string // where the 0.01 yuan goes

	commitWait time.Duration // added to each commit, to try out slow disks

	settings []setting
}

// A setting is one value of the configuration: how it is given, checked and
// shown.
type setting struct {
	env, flag, def, about string
	secret                bool                // shown masked
	show                  func(string) string // how it is shown; nil: as it is
	missing               string              // what it costs to leave it empty
	into                  *string
	check                 func(string) error // nil: anything goes
	from                  string             // where the value came from
}

func (c *Config) table() []setting {
	return slices.Concat(c.ownTable(), c.Wechat.table(), c.Telegram.table())
}

func (c *Config) ownTable() []setting {
	return []setting{
		{env: "SIGNDESK_ADDR", flag: "addr", def: "127.0.0.1:8080", about: "address of the web server", into: &c.Addr, check: hostPort},
		{env: "SIGNDESK_FAQ", flag: "faq", about: "directory with the entries", into: &c.FAQ, check: directory,
			missing: "the embedded entries are used; changing them takes a new build"},
		{env: "SIGNDESK_STORE", flag: "store", def: defaultStore, about: "file of the store, or postgres://… for several replicas", into: &c.Store, check: storeAddress, show: maskPassword},
		{env: "SIGNDESK_SECRET", about: "key of the platform's secrets", secret: true, into: &c.Secret, check: secretForm,
			missing: "a key is made on the first run and kept beside the store: keep a copy of it elsewhere"},
		{env: "SIGNDESK_BRAND", def: "上上签", about: "name of the platform", into: &c.Brand, check: notEmpty},
		{env: "SIGNDESK_HOTLINE", def: "400-993-6665", about: "hotline", into: &c.Hotline, check: phoneNumber},
		{env: "SIGNDESK_SITE", def: "www.bestsign.cn", about: "web site of the platform", into: &c.Site, check: notEmpty},
		{env: "SIGNDESK_LINK_HOST", def: "ent.bestsign.info", about: "host of the links in messages", into: &c.LinkHost, check: notEmpty},
		{env: "SIGNDESK_PUBLIC", about: "address of this server as people see it, e.g. https://desk.example.cn", into: &c.Public, check: origin},
		{env: "SIGNDESK_ORIGINS", about: "web sites that embed the widget, with commas", into: &c.Origins, check: origins,
			missing: "only pages of this server can embed the widget"},
		{env: "SIGNDESK_USER_KEYS", about: "keys of sites that say who their users are: kid=HS256:base64,…", secret: true, into: &c.UserKeys, check: userKeys,
			missing: "visitors say who they are by a code to their mobile or mailbox"},
		{env: "SIGNDESK_PROXIES", about: "addresses of proxies in front of the server, with commas", into: &c.Proxies},
		{env: "SIGNDESK_DEMO", def: "on", about: "the page /demo: on or off", into: &c.Demo, check: onOff},
		{env: "SIGNDESK_RATES", def: "5,100", about: "messages a second of one visitor, requests a second of one address; 0: no limit", into: &c.Rate,
			check: func(s string) error { _, err := rates(s); return err }},
		{env: "SIGNDESK_FOUR_EYES", def: "off", about: "on: what one editor teaches, another one publishes", into: &c.FourEyes, check: onOff},
		{env: "SIGNDESK_TESSERACT", def: "tesseract", about: "the program that reads screenshots; off: none", into: &c.Tesseract, check: notEmpty},
		{env: "SIGNDESK_SMS", about: "SMS gateway: tencent or aliyun", into: &c.SMSProvider, check: oneOf("tencent", "aliyun"), missing: "SMS only show at /demo"},
		{env: "SIGNDESK_SMS_MODE", def: "code", about: "link: a template's variable may hold the personal address; code: only its 8 signs", into: &c.SMSMode, check: oneOf("link", "code")},
		{env: "SIGNDESK_SMS_ID", about: "id of the gateway's access key", into: &c.SMSID},
		{env: "SIGNDESK_SMS_SECRET", about: "the gateway's access key", secret: true, into: &c.SMSSecret},
		{env: "SIGNDESK_SMS_APP", about: "SmsSdkAppId (tencent)", into: &c.SMSApp},
		{env: "SIGNDESK_SMS_SIGN", about: "approved signature, without 【】", into: &c.SMSSign},
		{env: "SIGNDESK_SMS_URL", about: "address of the gateway, if not the official one", into: &c.SMSURL},
		{env: "SIGNDESK_SMS_TEMPLATES", about: "approved templates: T1=id:name,account,link;T8=id:code;…", into: &c.SMSTemplates,
			check: func(s string) error { _, err := smsTemplates(s); return err }},
		{env: "SIGNDESK_SMS_REPORTS", about: "secret end of the address for delivery reports: /hooks/sms/…", secret: true, into: &c.SMSReports, check: reportSecret,
			missing: "nobody is told that an SMS did not arrive"},
		{env: "SIGNDESK_MAIL_HOST", about: "SMTP server", into: &c.MailHost, missing: "e-mails only show at /demo"},
		{env: "SIGNDESK_MAIL_PORT", about: "its port, if not the usual one", into: &c.MailPort},
		{env: "SIGNDESK_MAIL_SECURITY", def: "starttls", about: "starttls, tls or plain (this machine only)", into: &c.MailSecurity, check: oneOf("starttls", "tls", "plain")},
		{env: "SIGNDESK_MAIL_USER", about: "account on the SMTP server", into: &c.MailUser},
		{env: "SIGNDESK_MAIL_PASSWORD", about: "its password", secret: true, into: &c.MailPassword},
		{env: "SIGNDESK_MAIL_FROM", about: "sender, e.g. 上上签 <notice@example.cn>", into: &c.MailFrom},
		{env: "SIGNDESK_HOOKS", about: "endpoints that hear of events: https://host/path=whsec_…,…", secret: true, into: &c.Hooks, check: endpoints,
			missing: "no other system hears of handoffs and progress"},
		{env: "SIGNDESK_HOOKS_PRIVATE", def: "off", about: "endpoints in private networks: on or off", into: &c.HooksPrivate, check: onOff},
		{env: "SIGNDESK_HOOKS_SECRETS", about: "secrets of systems that tell of events: whsec_…,…", secret: true, into: &c.HooksSecrets, check: hookSecrets,
			missing: "payments that arrive are not told by the bank"},
		{env: "SIGNDESK_PAYEE_NAME", def: "杭州尚尚签网络科技有限公司", about: "payee of the 0.01 yuan: account name", into: &c.PayeeName, check: notEmpty},
		{env: "SIGNDESK_PAYEE_BANK", def: "华夏银行", about: "payee: bank", into: &c.PayeeBank, check: notEmpty},
		{env: "SIGNDESK_PAYEE_BRANCH", def: "华夏银行高新支行", about: "payee: branch", into: &c.PayeeBranch, check: notEmpty},
		{env: "SIGNDESK_PAYEE_ACCOUNT", def: "10454000000496333", about: "payee: account number", into: &c.PayeeAccount, check: digits},
		{env: "SIGNDESK_PAYEE_CNAPS", def: "304331040230", about: "payee: interbank code (CNAPS)", into: &c.PayeeCNAPS, check: digits},
	}
}

// bind defines the flags of the settings that have one.
func (c *Config) bind(fs *flag.FlagSet) {
	c.settings = c.table()
	for _, s := range c.settings {
		if s.flag != "" {
			fs.StringVar(s.into, s.flag, s.def, s.about+" ("+s.env+")")
		}
	}
}

// load fills in what the flags did not set and checks everything; the error
// lists all mistakes.
func (c *Config) load(fs *flag.FlagSet, env func(string) string) error {
	given := make(map[string]bool)
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var errs []error
	for i := range c.settings {
		s := &c.settings[i]
		switch value := env(s.env); {
		case given[s.flag]:
			s.from = "-" + s.flag
		case value != "":
			*s.into, s.from = value, s.env
		default:
			*s.into, s.from = s.def, "default"
		}
		if s.check == nil || *s.into == "" && s.def == "" {
			continue
		}
		if err := s.check(*s.into); err != nil {
			errs = append(errs, fmt.Errorf("  %s (%s): %w", s.env, s.from, err))
		}
	}
	return errors.Join(errs...)
}

// shown returns the value as it may be printed.
func (s *setting) shown() string {
	if s.secret && *s.into != "" {
		return "********"
	}
	if s.show != nil {
		return s.show(*s.into)
	}
	return *s.into
}

// print writes the settings, a line each.
func (c *Config) print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := range c.settings {
		s := &c.settings[i]
		value := s.shown()
		if value == "" {
			value = "-"
		}
		fmt.Fprintf(tw, "  %s\t%s\t(%s)\t%s\n", s.env, value, s.from, s.about)
	}
	return tw.Flush()
}

// vars are the placeholders of content.
func (c *Config) vars() kb.Vars {
	return kb.Vars{
		"brand": c.Brand, "hotline": c.Hotline, "site": c.Site,
		"payee_name": c.PayeeName, "payee_bank": c.PayeeBank, "payee_branch": c.PayeeBranch,
		"payee_account": c.PayeeAccount, "payee_cnaps": c.PayeeCNAPS,
	}
}

func (c *Config) contact() bot.Contact { return bot.Contact{Brand: c.Brand, Hotline: c.Hotline} }

// serveLinks has links in messages lead to this server: to its public address,
// or, in a demonstration, to where it listens.
func (c *Config) serveLinks() {
	i := slices.IndexFunc(c.settings, func(s setting) bool { return s.into == &c.LinkHost })
	switch {
	case c.Public != "":
		c.linkBase = c.Public
	case c.Demo == "on" && i >= 0 && c.settings[i].from == "default":
		c.linkBase = "http://" + c.Addr
	}
}

func hostPort(s string) error {
	if _, _, err := net.SplitHostPort(s); err != nil {
		return fmt.Errorf("want host:port, got %q", s)
	}
	return nil
}

// listed are the values of a setting with commas.
func listed(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// rates reads two numbers with a comma.
func rates(s string) (webhook.Rates, error) {
	r := webhook.DefaultRates()
	parts := listed(s)
	if len(parts) != 2 {
		return r, fmt.Errorf("want two numbers, got %q", s)
	}
	for i, into := range []*rate.Limit{&r.Visitor, &r.Address} {
		n, err := strconv.ParseFloat(parts[i], 64)
		if err != nil || n < 0 {
			return r, fmt.Errorf("want a number of 0 or more, got %q", parts[i])
		}
		if *into = rate.Limit(n); n == 0 {
			*into = rate.Inf
		}
	}
	return r, nil
}

func origin(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" {
		return fmt.Errorf("want https://host, got %q", s)
	}
	return nil
}

func origins(s string) error {
	for _, o := range listed(s) {
		if err := origin(o); err != nil {
			return err
		}
	}
	return nil
}

func userKeys(s string) error {
	_, err := visitor.NewUsers(listed(s), time.Now)
	return err
}

func endpoints(s string) error {
	_, err := hooks.ParseEndpoints(listed(s))
	return err
}

func hookSecrets(s string) error {
	_, err := hooks.NewReceiver(listed(s))
	return err
}

func oneOf(words ...string) func(string) error {
	return func(s string) error {
		if !slices.Contains(words, s) {
			return fmt.Errorf("want one of %s, got %q", strings.Join(words, ", "), s)
		}
		return nil
	}
}

var reportForm = regexp.MustCompile(`^[0-9A-Za-z_-]{16,}$`)

func reportSecret(s string) error {
	if !reportForm.MatchString(s) {
		return errors.New("want 16 letters and digits or more")
	}
	return nil
}

func onOff(s string) error {
	if s != "on" && s != "off" {
		return fmt.Errorf("want on or off, got %q", s)
	}
	return nil
}

func directory(s string) error {
	if info, err := os.Stat(s); err != nil || !info.IsDir() {
		return fmt.Errorf("no directory %q", s)
	}
	return nil
}

func notEmpty(s string) error {
	if s == "" {
		return errors.New("must not be empty")
	}
	return nil
}

var (
	phoneForm = regexp.MustCompile(`^[0-9][0-9-]{4,19}$`)
	digitForm = regexp.MustCompile(`^[0-9]{8,32}$`)
	hexForm   = regexp.MustCompile(`^[0-9a-fA-F]+$`)
)

func secretForm(s string) error {
	if len(s) != 2*platform.KeyLen || !hexForm.MatchString(s) {
		return fmt.Errorf("want %d hexadecimal digits, as openssl rand -hex %d prints them", 2*platform.KeyLen, platform.KeyLen)
	}
	return nil
}

func phoneNumber(s string) error {
	if !phoneForm.MatchString(s) {
		return fmt.Errorf("want digits and dashes, got %q", s)
	}
	return nil
}

func digits(s string) error {
	if !digitForm.MatchString(s) {
		return fmt.Errorf("want 8 to 32 digits, got %q", s)
	}
	return nil
}
