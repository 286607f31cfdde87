// Package telegram is the adapter of a Telegram bot, by which the staff work:
// their groups and private chats are boards. What people do there comes in as
// [channel.Act], and what [channel.Post] says goes out.
//
// It verifies, decodes, encodes and sends; it knows nothing of tickets, roles
// and commands. An [Account] may be used by any number of goroutines. Updates
// are taken one at a time, in order, and confirmed to the platform only after
// Receive took them to disk: one that fails is tried again, and those behind it
// wait.
//
// What it must remember stands in the Keep, by these names:
//
//	topic/CHAT/KEY        thread, title and state of a topic
//	thread/CHAT/THREAD    key of the topic
//	card/CHAT/KEY         messages that show a card
//	at/CHAT/MESSAGE       topic and card that a message belongs to, for replies
//	buttons/ID            what the buttons of a message stand for
//	sent/CHAT             the last deliveries, and how much of them was sent
//	moved/CHAT            id of the supergroup that a group became
//	named/CHAT            the board's name of such a supergroup: its first id
//
// The shapes are JSON objects; fields may be added, not renamed. Numbers are
// decimal. Losing all of it costs new topics and cards, and the use of buttons
// that are shown already.
//
// Facts of the platform are those of https://core.telegram.org/bots/api.
package telegram

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/go-telegram/bot"

	"signdesk/bot/channel"
)

// Channel is the name of the channel. A peer's ID is a chat's id, in decimal.
const Channel = "telegram"

// Keep keeps small values under names. It is durable once Put returned.
type Keep interface {
	// Get returns a value, nil if there is none.
	Get(ctx context.Context, name string) ([]byte, error)
	// Put sets a value; nil removes it.
	Put(ctx context.Context, name string, value []byte) error
}

// Options are what an account is made of.
type Options struct {
	Token string // of the bot: "123456:secret"
	API   string // base address of the Bot API; "" for https://api.telegram.org
	// Proxy is the way out: http://, https:// or socks5://, with a password if
	// need be; "" for the one of the environment.
	Proxy       string
	Transport   http.RoundTripper // instead of the usual one and Proxy; nil for them
	PollTimeout time.Duration     // how long the platform holds a question for updates; 0 for 50 s
	// Webhook is the public https address at which the account is mounted as a
	// handler; "" for asking for updates instead, which needs no way in.
	Webhook string
	// Secret is what the platform proves itself by at the webhook: 1 to 256
	// letters, digits, _ and -.
	Secret string
	// Receive takes an act. It returns nil only after the act is on disk, and
	// takes the same [channel.Act.ID] as often as it comes.
	Receive func(ctx context.Context, act channel.Act) error
	// Looks reports whether a command looks at the picture of the message that it
	// replies to, if it has none itself; nil if none does.
	Looks func(command string) bool
	// Reached is told when the bot becomes a member of a board or stops being
	// one, so that what was parked for it can be owed again; nil to ignore it.
	// It is called at least once, like Receive.
	Reached func(ctx context.Context, board channel.Peer, member bool) error
	Keep    Keep
	Now     func() time.Time // of acts that carry no time; nil for time.Now
	Logger  *slog.Logger
}

// Limits of the platform and our own.
const (
	maxText      = 4096             // UTF-16 units of a message after its entities were parsed
	maxCaption   = 1024             // the same of a caption
	maxTopic     = 128              // characters of a topic's name
	maxNote      = 200              // characters of the answer to a press
	maxLabel     = 60               // runes of a button's label; our own
	maxButtons   = 90               // of a message; the platform takes 100
	maxPicture   = 10 << 20         // bytes of a picture that comes in; our own, the platform gives up to 20 MB
	maxUpdate    = 1 << 20          // bytes of an update at the webhook; real ones are below 20 kB
	maxAnswer    = 16 << 20         // bytes of an answer of the API; up to 100 updates
	apiTimeout   = 30 * time.Second // of one request
	fileTimeout  = 60 * time.Second // of a request that carries a file
	pollTimeout  = 50 * time.Second
	pictureTries = 5 // to get a picture, before the person is asked to send it again
	panicTries   = 3 // of an update on which Receive panics
)

var (
	tokenShape  = regexp.MustCompile(`^\d+:[A-Za-z0-9_-]+$`)
	secretShape = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)
)

// An Account is one bot.
type Account struct {
	Options
	api    *bot.Bot
	client *doer
	limits *limiter

	turn sync.Mutex // held while an update is taken

	mu    sync.Mutex
	me    string // our user name; "" until it was needed
	chats map[int64]*chatState
	tries map[int64]int // of getting the picture of an update
}

// chatState is what is known of a chat while the process lives.
type chatState struct {
	sending sync.Mutex // held by a send
	making  sync.Mutex // held while a topic is made, until it is noted
	plain   time.Time  // until then, the chat is taken for one without topics
}

// New returns an account; nothing is asked of the platform yet, so that it works
// offline. The error lists every mistake in the options.
func New(o Options) (*Account, error) {
	var errs []error
	if !tokenShape.MatchString(o.Token) {
		errs = append(errs, errors.New("telegram: the token is missing or malformed"))
	}
	if o.Receive == nil || o.Keep == nil || o.Logger == nil {
		errs = append(errs, errors.New("telegram: receive, keep and logger are needed"))
	}
	if o.API == "" {
		o.API = "https://api.telegram.org"
	}
	if u, err := url.Parse(o.API); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		errs = append(errs, errors.New("telegram: the address of the API is malformed"))
	}
	o.API = strings.TrimSuffix(o.API, "/")
	if o.Webhook != "" {
		if u, err := url.Parse(o.Webhook); err != nil || u.Host == "" {
			errs = append(errs, errors.New("telegram: the address of the webhook is malformed"))
		}
		if !secretShape.MatchString(o.Secret) {
			errs = append(errs, errors.New("telegram: the webhook needs a secret of 1 to 256 letters, digits, _ and -"))
		}
	}
	if o.PollTimeout == 0 {
		o.PollTimeout = pollTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	transport, err := transportOf(o)
	if errs = append(errs, err); errors.Join(errs...) != nil {
		return nil, errors.Join(errs...)
	}
	a := &Account{
		Options: o,
		client:  &doer{&http.Client{Transport: transport, CheckRedirect: noRedirect}},
		limits:  newLimiter(),
		chats:   make(map[int64]*chatState),
		tries:   make(map[int64]int),
	}
	a.api, err = bot.New(o.Token,
		bot.WithSkipGetMe(), // otherwise an unreachable platform would keep the service from starting
		bot.WithServerURL(o.API),
		bot.WithHTTPClient(o.PollTimeout, a.client),
		bot.WithErrorsHandler(func(err error) { o.Logger.Debug("library", "channel", Channel, "err", a.scrub(err.Error())) }),
	)
	if err != nil {
		return nil, fmt.Errorf("telegram: %w", err)
	}
	return a, nil
}

// transportOf returns how requests leave. Its errors do not show the proxy's
// address, which may hold a password.
func transportOf(o Options) (http.RoundTripper, error) {
	if o.Transport != nil {
		return o.Transport, nil
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	if o.Proxy == "" {
		return t, nil
	}
	u, err := url.Parse(o.Proxy)
	if err != nil || u.Host == "" {
		return nil, errors.New("telegram: the address of the proxy is malformed")
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
	default:
		return nil, fmt.Errorf("telegram: proxies of kind %q are unknown: want http, https or socks5", u.Scheme)
	}
	t.Proxy = http.ProxyURL(u)
	return t, nil
}

// noRedirect keeps the token from being carried elsewhere.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// chat returns what is known of a chat.
func (a *Account) chat(id int64) *chatState {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.chats[id]
	if c == nil {
		c = &chatState{}
		a.chats[id] = c
	}
	return c
}

// hasTopics tells whether topics should be tried in a chat.
func (a *Account) hasTopics(id int64) bool {
	if id > 0 { // a private chat
		return false
	}
	c := a.chat(id)
	a.mu.Lock()
	defer a.mu.Unlock()
	return time.Now().After(c.plain)
}

// setTopics notes whether a chat has topics. It may change at any time, so that
// they are tried again after a while.
func (a *Account) setTopics(id int64, has bool) {
	const forget = 10 * time.Minute
	c := a.chat(id)
	a.mu.Lock()
	defer a.mu.Unlock()
	c.plain = time.Time{}
	if !has {
		c.plain = time.Now().Add(forget)
	}
}
