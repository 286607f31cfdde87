// Package sms brings notices to mobile phones through an SMS gateway: Tencent
// Cloud (SendSms 2021-01-11) or Aliyun (Dysmsapi 2017-05-25).
//
// The gateways send no free text. What a person reads is a template that the
// gateway approved beforehand, filled with variables; so a notice is named by
// its message (T1 and so on), and the configuration says which template and
// which variables belong to it. The package knows nothing of what the messages
// mean, keeps nothing, and starts nothing: a [Gateway] may be used concurrently.
//
// Neither gateway recognises a repeated request. Our delivery id travels as
// their reference (Tencent SessionContext, Aliyun OutId), so that doubles can be
// found in their records, but a message whose answer was lost and which is sent
// again may arrive twice.
package sms

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"signdesk/bot/channel"
)

// A Provider is whose gateway it is.
type Provider string

// The providers.
const (
	Tencent Provider = "tencent"
	Aliyun  Provider = "aliyun"
)

// A Mode says how a template leads its reader to his page.
type Mode string

// The modes. Gateways differ in whether a variable may hold an address, and
// change it: Tencent refuses any, Aliyun some.
const (
	// LinkMode puts the personal address into the variable "link".
	LinkMode Mode = "link"
	// CodeMode puts only the 8 signs at the end of the personal address there.
	// The template holds the fixed address of a page that asks for them.
	CodeMode Mode = "code"
)

// LinkVar is the variable that stands for the notice's link, in either mode.
const LinkVar = "link"

// A Template is what the gateway approved for one message.
type Template struct {
	ID string // the gateway's: "1110", "SMS_15305"
	// Vars are the names of its variables, in the order in which they stand in
	// the template. Tencent counts them, Aliyun calls them by these names.
	Vars []string
}

// Options are the settings of a gateway.
type Options struct {
	Provider Provider
	Mode     Mode
	ID       string // of the access key (SecretId, AccessKeyId)
	Secret   string // of the access key
	App      string // SmsSdkAppId; Tencent only
	Region   string // Tencent only; "" is ap-guangzhou
	Sign     string // the approved signature, without 【】
	// BaseURL is the gateway's address without a path; "" is the official one.
	// Plain http is taken for this machine only.
	BaseURL   string
	Templates map[string]Template // by message: "T1", "T1-view", …
	Timeout   time.Duration       // of one try; 0 is 10 s
	// Now is the clock by which limits of a day end; nil is time.Now. Requests
	// to Tencent are dated by the system's clock in any case.
	Now func() time.Time
}

// LogValue leaves the secret out.
func (o Options) LogValue() slog.Value {
	return slog.GroupValue(slog.String("provider", string(o.Provider)), slog.String("mode", string(o.Mode)),
		slog.String("url", o.BaseURL), slog.Int("templates", len(o.Templates)))
}

// A Notice is one message to one phone.
type Notice struct {
	ID       string // delivery id: the same in every try; 1 to 128 printable ASCII signs
	To       string // mobile number of mainland China, with or without +86
	Template string // the message: "T1"
	// Args are the values of the template's variables by name, "link" apart.
	// Values that the template does not want are left alone.
	Args map[string]string
	// Link is the personal address, e.g. https://host/s/2vzZfAub?type=2; "" if
	// the message has none.
	Link string
}

// LogValue shows which notice it is, and nothing of what it says.
func (n Notice) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", n.ID), slog.String("template", n.Template), slog.String("to", mask(n.To)))
}

// A Receipt says that the gateway took a message. Whether it arrived comes
// later, as a [Report] of the same MessageID.
type Receipt struct {
	MessageID string // the gateway's (SerialNo, BizId)
	RequestID string // to ask the gateway's staff about
}

// Limits.
const (
	defaultTimeout = 10 * time.Second
	maxAnswer      = 64 << 10 // bytes of a gateway's answer; they are below 2 kB
	maxID          = 128      // Tencent takes below 512 bytes, Aliyun 256
	maxValue       = 200      // runes of a variable; a whole message has 500
	idleConns      = 8        // as many as the outbox sends at once
	idleTimeout    = 30 * time.Second
)

// A Gateway sends notices. It may be used concurrently.
type Gateway struct {
	opt    Options
	client client
	codes  codes
}

// client speaks to one gateway. An error means that there is no usable answer;
// it holds neither the number nor the values.
type client interface {
	send(ctx context.Context, m message) (answer, error)
}

// message is a notice as gateways want it.
type message struct {
	id, phone, template string // phone: 11 digits
	names, values       []string
}

// answer is what a gateway said about one message. Its text may repeat what was
// sent, so that it goes into no error.
type answer struct {
	code, text, id, request string
}

// New checks the settings and returns a gateway. The error names every mistake.
// Nothing is sent.
func New(o Options) (*Gateway, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("sms: settings: %w", err)
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	g := &Gateway{opt: o}
	if o.Provider == Tencent {
		g.client, g.codes = newTencent(o), tencentCodes
	} else {
		g.client, g.codes = newAliyun(o), aliyunCodes
	}
	return g, nil
}

var varName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

func (o Options) check() error {
	var list []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			list = append(list, fmt.Errorf(format, args...))
		}
	}
	want(o.Provider == Tencent || o.Provider == Aliyun, "provider %q is not tencent or aliyun", o.Provider)
	want(o.Mode == LinkMode || o.Mode == CodeMode, "mode %q is not link or code", o.Mode)
	want(o.ID != "" && o.Secret != "", "the access key or its secret is missing")
	want(o.Sign != "" && !strings.ContainsAny(o.Sign, "【】"), "the signature is missing, or has 【】")
	want(o.App != "" || o.Provider != Tencent, "the app id is missing")
	want(o.Timeout >= 0, "timeout %v is negative", o.Timeout)
	want(o.BaseURL == "" || baseURL(o.BaseURL), "base url is not https://host")
	want(len(o.Templates) > 0, "no templates")
	for name, t := range o.Templates {
		want(t.ID != "", "template %s has no id", name)
		for i, v := range t.Vars {
			want(varName.MatchString(v), "template %s: variable %q is no name", name, v)
			want(!slices.Contains(t.Vars[:i], v), "template %s: variable %s stands twice", name, v)
		}
	}
	return errors.Join(list...)
}

// baseURL reports whether an address can be a gateway's: what is sent must not
// travel in the clear, save within this machine.
func baseURL(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// Send hands a notice to the gateway. The error is a [*channel.SendError]:
//
//   - Rejected: the number or what is said to it is refused, for good
//   - Throttled: the number, or the account, had too many; After says how long
//   - Config: key, signature, template or balance; somebody must look at it
//   - Retry: anything passing, and answers that were lost
//
// After may be as long as a day: the caller drops what is worthless by then.
func (g *Gateway) Send(ctx context.Context, n Notice) (Receipt, error) {
	m, err := g.message(n)
	if err != nil {
		return Receipt{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, g.opt.Timeout)
	defer cancel()
	a, err := g.client.send(ctx, m)
	if err != nil {
		e := unanswered(err)
		e.Err = fmt.Errorf("sms: %s by %s to %s: %w", n.Template, g.opt.Provider, mask(n.To), err)
		return Receipt{}, e
	}
	if a.code == g.codes.ok {
		return Receipt{MessageID: a.id, RequestID: a.request}, nil
	}
	kind, after := g.codes.failure(a, g.opt.Now())
	if g.opt.Mode == LinkMode && n.Link != "" && slices.Contains(g.codes.links, a.code) {
		kind, after = channel.Config, 0 // the gateway takes no links: CodeMode is wanted
	}
	err = fmt.Errorf("sms: %s by %s to %s: refused, request %s", n.Template, g.opt.Provider, mask(n.To), cut(a.request))
	return Receipt{}, &channel.SendError{Kind: kind, After: after, Code: cut(a.code), Err: err}
}

// cut keeps what a gateway names harmless in a log.
func cut(s string) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	return digits.ReplaceAllStringFunc(s[:min(len(s), maxID)], mask)
}

// digits finds what may be a phone number where none belongs.
var digits = regexp.MustCompile(`1[3-9][0-9]{9}`)

// message turns a notice into what the gateway wants.
func (g *Gateway) message(n Notice) (message, error) {
	refuse := func(kind channel.Failure, format string, args ...any) (message, error) {
		err := fmt.Errorf("sms: %s to %s: "+format, append([]any{n.Template, mask(n.To)}, args...)...)
		return message{}, &channel.SendError{Kind: kind, Err: err}
	}
	phone, ok := mobile(n.To)
	if !ok {
		return refuse(channel.Rejected, "not a mobile number")
	}
	if !reference(n.ID) {
		return refuse(channel.Rejected, "the delivery id is not 1 to %d printable signs", maxID)
	}
	t, ok := g.opt.Templates[n.Template]
	if !ok {
		return refuse(channel.Config, "no template for this message")
	}
	m := message{id: n.ID, phone: phone, template: t.ID, names: t.Vars, values: make([]string, len(t.Vars))}
	for i, name := range t.Vars {
		v, ok := n.Args[name]
		v = value(v)
		if name == LinkVar {
			v, ok = g.link(n.Link)
		}
		if !ok {
			return refuse(channel.Config, "no value for variable %s", name)
		}
		m.values[i] = v
	}
	return m, nil
}

var linkCode = regexp.MustCompile(`^[0-9A-Za-z]{8}$`)

// link returns what stands for a personal address.
func (g *Gateway) link(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", false
	}
	if g.opt.Mode == LinkMode {
		return address, true
	}
	code := u.Path[strings.LastIndexByte(u.Path, '/')+1:]
	return code, linkCode.MatchString(code)
}

// value makes one line of what a person may have typed, and not too long a one:
// a gateway refuses the whole message otherwise.
func value(s string) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > maxValue {
		r = append(r[:maxValue-1], '…')
	}
	return string(r)
}

func reference(s string) bool {
	return s != "" && len(s) <= maxID && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

var mobileForm = regexp.MustCompile(`^1[3-9][0-9]{9}$`)

// mobile returns the 11 digits of a mobile number.
func mobile(s string) (string, bool) {
	s = strings.NewReplacer(" ", "", "-", "").Replace(s)
	if len(s) > 11 {
		s = strings.TrimPrefix(strings.TrimPrefix(s, "+"), "86")
	}
	return s, mobileForm.MatchString(s)
}

// mask hides the middle of a number.
func mask(s string) string {
	if p, ok := mobile(s); ok {
		s = p
	}
	if len(s) != 11 || strings.IndexFunc(s, func(r rune) bool { return r != '*' && (r < '0' || r > '9') }) >= 0 {
		return "****"
	}
	return s[:3] + "****" + s[7:]
}

// transport is how gateways are reached: by the environment's proxy if it names
// one. The context bounds all of a request.
func transport() *http.Transport {
	return &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: maxAnswer,
		MaxIdleConnsPerHost: idleConns, IdleConnTimeout: idleTimeout}
}
