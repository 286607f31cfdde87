// Package wechat brings conversations to an Official Account (公众号) of WeChat.
//
// It owns the platform's protocol: verifying and decrypting callbacks, the reply
// within five seconds, sending by customer-service messages, the access token,
// limits of length. It knows no knowledge base and no flow; what it must keep
// goes through [Keep].
//
// # Five seconds
//
// WeChat waits 5 s for an answer and then sends the same message again, three
// times in all. The work on a message begins with its first attempt and is done
// once ([Talks] sees to that durably). A reply that is ready in time goes back in
// the request, to whichever attempt is waiting; it costs nothing of the quota.
// Otherwise a verified account acknowledges and sends the reply as a
// customer-service message. An account that is not verified may not send: it
// lets the first attempts time out, so that the last may carry the reply, and
// what comes even later goes with the reply to the person's next message.
//
// Of the library only the signature, the cipher and the error document are
// used. Its server answers errors with an empty 200, which WeChat takes for an
// acknowledgement, accepts plaintext where encryption is configured, and fails on
// button ids that are no numbers; its senders return errors without their code
// and drag in database drivers.
package wechat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"signdesk/bot/channel"
)

// Channel is the name of the channel; its peers are openids.
const Channel = "wechat"

// A Mode is how callbacks are protected (开发者中心 → 消息加解密方式).
type Mode string

// The modes.
const (
	Safe       Mode = "safe"       // encrypted only
	Compatible Mode = "compatible" // both
	Plain      Mode = "plain"      // the signature does not cover the body: for test accounts
)

// A Reply is what a person is told.
type Reply struct {
	channel.Outbound
	Handoff bool // the staff is wanted
	Earlier bool // there is more that he has not got yet
	Again   bool // the message was received before, and the reply is the one of then
}

// Talks are the conversations.
type Talks interface {
	// Receive takes a message and returns once everything it caused is on disk.
	// The same message again gets the same reply, and does nothing. A nil reply
	// is silence; one without id and words only brings what is there from before.
	Receive(ctx context.Context, in channel.Inbound) (*Reply, error)
	// Pending returns what a person has not got yet, the oldest first.
	Pending(ctx context.Context, p channel.Peer, limit int) ([]channel.Outbound, error)
	// Carry claims messages for a reply that is to bring them, in their order up
	// to the first that is being sent, which flying tells. One that a reply
	// brought before is claimed only if that reply is repeated; one that was sent
	// is not.
	Carry(ctx context.Context, repeat bool, ids ...string) (claimed []string, flying bool, err error)
	// Delivered notes that messages were brought to their person.
	Delivered(ctx context.Context, ids ...string) error
	// Carried notes that the first parts of a message were.
	Carried(ctx context.Context, id string, parts int) error
	// Release has a reply sent that cannot be carried.
	Release(ctx context.Context, id string) error
	// NoticeFailed notes that a notice did not arrive, by its way and name as
	// [channel.Noticer] returned them, and why; refused if the person wants none.
	// It may come more than once, before Notice returned, and of what is not ours.
	NoticeFailed(ctx context.Context, p channel.Peer, way, name, why string, refused bool) error
}

// Keep keeps small values that all processes of a service share.
type Keep interface {
	// Get returns a value, nil if there is none.
	Get(ctx context.Context, name string) ([]byte, error)
	// Swap changes a value in one transaction: change gets the present one, nil if
	// there is none, and returns the next, nil to leave it. It may run twice.
	Swap(ctx context.Context, name string, change func(was []byte) []byte) error
	// Once keeps a value under a name that was used at a time, for an hour or
	// longer. It returns the value of the first who did.
	Once(ctx context.Context, name string, at time.Time, value []byte) (first []byte, err error)
}

// Options are what an account is made of.
type Options struct {
	AppID, Secret, Token string
	AESKey, OldAESKey    string // 43 characters each; the old one while it is being changed
	Mode                 Mode
	Verified             bool              // the account may send customer-service messages (认证)
	Transfer             bool              // who wants a person of the staff is handed to WeChat's own customer service
	API                  string            // "" for https://api.weixin.qq.com
	Transport            http.RoundTripper // nil for the usual one
	Quota                Quota             // zero fields for what the platform allows
	Template             Template          // by which a person is told that something waits; zero for none
	// PageURL returns the address of the page that shows part of the knowledge
	// base ("11/phone"), "" if there is none.
	PageURL func(entry string) string
	Talks   Talks
	Keep    Keep
	Now     func() time.Time
	Log     *slog.Logger
}

// A Quota is how many customer-service messages the platform allows: after a
// message of a person, and after a click, a scan, or following.
type Quota struct {
	Sends      int
	For        time.Duration
	EventSends int
	EventFor   time.Duration
}

// Limits of the platform and our own.
const (
	maxText      = 2000             // bytes of UTF-8 of one message; the platform refuses more than 2,048 (errcode 45002)
	maxBody      = 256 << 10        // bytes of a callback; real ones are below 20 kB
	usualBody    = 8 << 10          // bytes that there is room for at once
	maxPicture   = 10 << 20         // bytes of a downloaded picture (platform's limit for pictures)
	maxAnswer    = 1 << 20          // bytes of an answer of the API
	maxSkew      = 10 * time.Minute // of a callback's timestamp
	waitFor      = 4 * time.Second  // for a reply; the platform cuts the connection after 5 s
	waitUnsent   = 6 * time.Second  // the same on an account that may not send: beyond the cut
	workFor      = 60 * time.Second // on one message
	slowAfter    = time.Second      // the person sees that an answer is being written
	lastAttempt  = 3                // of the platform to bring a message
	apiTimeout   = 10 * time.Second
	messageFor   = 48 * time.Hour // customer-service messages after a message of the person
	messageSends = 5
	eventFor     = time.Minute // the same after a click, a scan, following
	eventSends   = 3
	maxParts     = 3 // customer-service messages that one reply is worth
)

// An Account is one Official Account. It may be used by any number of goroutines.
type Account struct {
	Options
	keys    []string // the current one first
	client  *http.Client
	tokens  tokens
	nonces  nonces
	work    sync.Map // message id => *work
	line    line
	late    oblivion // where work whose reply did not arrive is forgotten
	carried carried
	noMenus atomic.Bool // the account was refused msgmenu
	paused  paused
}

// New returns an account; nothing is asked of the platform yet. The error lists
// every mistake in the options.
func New(o Options) (*Account, error) {
	var errs []error
	for name, v := range map[string]string{"app id": o.AppID, "token": o.Token} {
		if v == "" {
			errs = append(errs, fmt.Errorf("wechat: %s is missing", name))
		}
	}
	a := &Account{client: &http.Client{Timeout: apiTimeout, Transport: o.Transport}}
	a.late = oblivion{work: &a.work, after: remember}
	a.carried = carried{news: make(chan struct{}, 1), brought: make(map[string]bool)}
	if o.Verified && o.Secret == "" {
		errs = append(errs, errors.New("wechat: a verified account needs its secret"))
	}
	for _, k := range []string{o.AESKey, o.OldAESKey} {
		if k == "" {
			continue
		}
		if err := checkKey(k); err != nil {
			errs = append(errs, err)
		}
		a.keys = append(a.keys, k)
	}
	switch o.Mode {
	case Plain:
	case Safe, Compatible:
		if o.AESKey == "" {
			errs = append(errs, fmt.Errorf("wechat: mode %s needs an EncodingAESKey", o.Mode))
		}
	default:
		errs = append(errs, fmt.Errorf("wechat: unknown mode %q", o.Mode))
	}
	if o.API == "" {
		o.API = "https://api.weixin.qq.com"
	}
	if _, err := url.Parse(o.API); err != nil {
		errs = append(errs, errors.New("wechat: the address of the API is malformed"))
	}
	o.API = strings.TrimSuffix(o.API, "/")
	o.Quota = Quota{cmp.Or(o.Quota.Sends, messageSends), cmp.Or(o.Quota.For, messageFor), cmp.Or(o.Quota.EventSends, eventSends), cmp.Or(o.Quota.EventFor, eventFor)}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.PageURL == nil {
		o.PageURL = func(string) string { return "" }
	}
	a.Options = o
	return a, errors.Join(errs...)
}

// Run notes which replies were carried, many at a time, until ctx is done. What is
// carried after that is noted by whoever carried it.
func (a *Account) Run(ctx context.Context) error {
	for over := false; !over; {
		select {
		case <-ctx.Done():
			over = true
		case <-a.carried.news:
		}
		for ids := range slices.Chunk(a.carried.take(over), mostNoted) {
			a.noted(context.WithoutCancel(ctx), ids)
		}
	}
	return nil
}

// mostNoted is how many replies are noted in one transaction.
const mostNoted = 256
