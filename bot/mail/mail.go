// Package mail brings notices to mailboxes through an SMTP server.
//
// A letter is plain text with an HTML alternative that says the same. Its
// Message-ID follows from the delivery id, so that a letter that is sent again,
// because the server's answer was lost, can be known for the same one by servers
// and mail programs.
//
// The package knows nothing of what letters mean, keeps nothing and starts
// nothing: each letter has a connection of its own, since notices are few and
// servers part with idle clients. A [Mailer] may be used concurrently.
package mail

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	netmail "net/mail"
	"net/url"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"signdesk/bot/channel"
)

// Security says how the way to the server is protected.
type Security string

// The kinds of security.
const (
	STARTTLS Security = "starttls" // begins in the clear; nothing is sent unless the server then encrypts
	TLS      Security = "tls"      // encrypted from the start
	// Plain is for a server on this machine only.
	Plain Security = "plain"
)

// Options are the settings of a mailer.
type Options struct {
	Host     string // of the server; its certificate must be for this name
	Port     int    // 0 is 587 for STARTTLS, 465 for TLS, 25 for Plain
	Security Security
	// User and Password are both "" where the server asks for none.
	User, Password string
	From           string           // "上上签 <notice@example.com>" or an address alone
	Hello          string           // by which name to greet the server; "" is the domain of From
	Timeout        time.Duration    // of one try, connecting included; 0 is 30 s
	Roots          *x509.CertPool   // who may vouch for the server; nil is whom the system trusts
	Now            func() time.Time // dates letters; nil is time.Now
}

// LogValue leaves the password and the user out.
func (o Options) LogValue() slog.Value {
	return slog.GroupValue(slog.String("host", o.Host), slog.Int("port", o.Port), slog.String("security", string(o.Security)), slog.String("from", o.From))
}

// A Letter is one message to one mailbox.
type Letter struct {
	ID      string // delivery id: the same in every try
	To      string // address alone, ASCII
	Subject string // one line
	Text    string // lines end in \n; an empty line parts paragraphs
	// Link is the address in Text that can be clicked in the HTML alternative;
	// "" for none. Others are not: Text may hold what strangers typed.
	Link string
}

// LogValue shows which letter it is, and nothing of what it says.
func (l Letter) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", l.ID), slog.String("to", mask(l.To)))
}

// Limits.
const (
	defaultTimeout = 30 * time.Second
	maxAddress     = 254      // bytes; RFC 5321 with its erratum
	maxSubject     = 200      // runes
	maxText        = 64 << 10 // bytes; notices have some hundred
)

// A Mailer sends letters. It may be used concurrently.
type Mailer struct {
	opt    Options
	from   *netmail.Address
	domain string // of From, and of Message-IDs
}

// New checks the settings and returns a mailer. The error names every mistake.
// Nothing is sent.
func New(o Options) (*Mailer, error) {
	from, err := netmail.ParseAddress(o.From)
	if err == nil && !plainAddress(from.Address) {
		err = errors.New("the address is not a plain one")
	}
	if err != nil {
		from, err = &netmail.Address{}, fmt.Errorf("from: %w", err)
	}
	if err := errors.Join(err, o.check()); err != nil {
		return nil, fmt.Errorf("mail: settings: %w", err)
	}
	m := &Mailer{opt: o, from: from, domain: from.Address[strings.LastIndexByte(from.Address, '@')+1:]}
	if m.opt.Port == 0 {
		m.opt.Port = map[Security]int{STARTTLS: 587, TLS: 465, Plain: 25}[o.Security]
	}
	if m.opt.Timeout == 0 {
		m.opt.Timeout = defaultTimeout
	}
	if m.opt.Hello == "" {
		m.opt.Hello = m.domain
	}
	if m.opt.Now == nil {
		m.opt.Now = time.Now
	}
	return m, nil
}

func (o Options) check() error {
	var list []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			list = append(list, fmt.Errorf(format, args...))
		}
	}
	ip := net.ParseIP(o.Host)
	want(o.Host != "" && !strings.ContainsAny(o.Host, "/ \r\n"), "host is missing or odd")
	want(o.Port >= 0 && o.Port < 1<<16, "port %d is none", o.Port)
	want(o.Security == STARTTLS || o.Security == TLS || o.Security == Plain, "security %q is not starttls, tls or plain", o.Security)
	want(o.Security != Plain || o.Host == "localhost" || ip != nil && ip.IsLoopback(), "plain is for a server on this machine only")
	want((o.User == "") == (o.Password == ""), "user and password want each other")
	want(!strings.ContainsAny(o.Hello, " \r\n"), "hello is odd")
	want(o.Timeout >= 0, "timeout %v is negative", o.Timeout)
	return errors.Join(list...)
}

// MessageID is the Message-ID, without <>, of the letter with a delivery id.
// Bounces name it.
func (m *Mailer) MessageID(id string) string {
	h := sha256.Sum256([]byte(id)) // ids may hold signs that a Message-ID may not
	return hex.EncodeToString(h[:16]) + "@" + m.domain
}

// Send hands a letter to the server. The error is a [*channel.SendError]:
//
//   - Rejected: the mailbox or the letter is refused, for good (5xx)
//   - Config: who we are is refused: the password, the certificate, the sender's
//     address, the connection itself; somebody must look at it
//   - Retry: anything passing (4xx), and answers that were lost
//
// The server's words are left out, as they repeat addresses; Code is its number
// with the enhanced one, e.g. "550 5.1.1". An accepted letter is no failure,
// whatever happens to the connection afterwards.
func (m *Mailer) Send(ctx context.Context, l Letter) error {
	msg, err := m.compose(l)
	if err != nil {
		return &channel.SendError{Kind: channel.Rejected, Err: fmt.Errorf("mail: to %s: %w", mask(l.To), err)}
	}
	ctx, cancel := context.WithTimeout(ctx, m.opt.Timeout)
	defer cancel()
	d := &dialer{ctx: ctx, stop: func() {}}
	defer func() { d.stop() }()
	client, err := m.client(d)
	if err != nil {
		return &channel.SendError{Kind: channel.Config, Err: fmt.Errorf("mail: %w", err)}
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if err == nil || msg.IsDelivered() {
		return nil
	}
	e := classify(err)
	if ctx.Err() != nil { // what came of it says only that the connection was closed
		e = &channel.SendError{Kind: channel.Retry, Err: ctx.Err()}
	}
	e.Err = fmt.Errorf("mail: to %s by %s: %w", mask(l.To), m.opt.Host, e.Err)
	return e
}

// client makes a client for one letter: the library changes it while it looks
// for a way to log in.
func (m *Mailer) client(d *dialer) (*gomail.Client, error) {
	secure := &tls.Config{ServerName: m.opt.Host, RootCAs: m.opt.Roots, MinVersion: tls.VersionTLS12}
	opts := []gomail.Option{
		gomail.WithPort(m.opt.Port), gomail.WithTimeout(m.opt.Timeout), gomail.WithHELO(m.opt.Hello), gomail.WithTLSConfig(secure),
		// Neither is of use on a connection for one letter.
		gomail.WithoutNoop(), gomail.WithoutRset(),
		gomail.WithDialContextFunc(d.dial),
	}
	switch m.opt.Security {
	case STARTTLS:
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case TLS:
		d.tls = secure
		opts = append(opts, gomail.WithSSL())
	default:
		opts = append(opts, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if m.opt.User != "" {
		opts = append(opts, gomail.WithUsername(m.opt.User), gomail.WithPassword(m.opt.Password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	return gomail.NewClient(m.opt.Host, opts...)
}

// dialer connects once. The library minds the context only until the connection
// is there, and leaves it open when the server does not offer what is wanted;
// the dialer closes it when the context ends, or the try.
type dialer struct {
	ctx  context.Context // of the whole try
	tls  *tls.Config     // encrypts from the start; nil for not
	stop func()
}

func (d *dialer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	unset := context.AfterFunc(d.ctx, func() { conn.Close() })
	d.stop = func() { unset(); conn.Close() }
	if d.tls == nil {
		return conn, nil
	}
	secure := tls.Client(conn, d.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return secure, nil
}

// compose makes the message.
func (m *Mailer) compose(l Letter) (*gomail.Msg, error) {
	text := clean(l.Text)
	link, err := url.Parse(l.Link)
	switch {
	case l.ID == "":
		return nil, errors.New("no delivery id")
	case !plainAddress(l.To):
		return nil, errors.New("not a plain address")
	case strings.TrimSpace(l.Subject) == "" || len([]rune(l.Subject)) > maxSubject || l.Subject != oneLine(l.Subject):
		return nil, fmt.Errorf("the subject is not a line of 1 to %d signs", maxSubject)
	case strings.TrimSpace(text) == "" || len(text) > maxText:
		return nil, fmt.Errorf("the text is not 1 to %d bytes", maxText)
	case l.Link != "" && (err != nil || link.Host == "" || link.Scheme != "https" && link.Scheme != "http"):
		return nil, errors.New("the link is no web address")
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(m.from)
	msg.ToMailAddress(&netmail.Address{Address: l.To})
	msg.Subject(l.Subject)
	msg.SetMessageIDWithValue(m.MessageID(l.ID))
	msg.SetDateWithValue(m.opt.Now())
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // no absence notes, please (RFC 3834)
	msg.SetGenHeader("Content-Language", "zh-CN")
	msg.SetBodyString(gomail.TypeTextPlain, text)
	msg.AddAlternativeString(gomail.TypeTextHTML, page(l.Subject, text, l.Link))
	return msg, nil
}

// plainAddress reports whether s is a mailbox as people have them: no display
// name, no quotes, no other alphabets.
func plainAddress(s string) bool {
	a, err := netmail.ParseAddress(s)
	odd := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"<>(),;:\[]`, r) }
	return err == nil && a.Address == s && len(s) <= maxAddress && strings.IndexFunc(s, odd) < 0
}

// mask hides most of an address: abc****@example.com.
func mask(s string) string {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || !plainAddress(s) {
		return "****"
	}
	return local[:min(len(local), 3)] + "****@" + domain
}
