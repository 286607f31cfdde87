// Package hooks tells other systems what happens, and takes what they tell, both
// signed as Standard Webhooks says (github.com/standard-webhooks/standard-webhooks).
//
// It keeps nothing: events that are owed are deliveries of the outbox, which tries
// them again, and since when an endpoint fails is kept by a [Memory]. Everything
// is safe for concurrent use.
package hooks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"signdesk/bot/channel"
)

// Channel is the channel of events. The peer is the address of the endpoint.
const Channel = "hook"

// Limits of sending.
const (
	sendTimeout = 15 * time.Second
	maxAnswer   = 4 << 10            // bytes that are read of an answer
	parkAfter   = 3 * 24 * time.Hour // of failure: events then wait to be sent again by hand
	pause       = time.Minute        // for an endpoint that wants less and does not say for how long
	longestWait = time.Hour          // that an endpoint may ask for
)

// An Endpoint is who wants to hear of events.
type Endpoint struct {
	URL    string
	signer *standardwebhooks.Webhook
}

// ParseEndpoints reads "https://host/path=whsec_base64" settings.
func ParseEndpoints(settings []string) ([]Endpoint, error) {
	var out []Endpoint
	for i, s := range settings {
		at := strings.LastIndex(s, "=whsec_")
		if at < 0 {
			return nil, fmt.Errorf("hooks: endpoint %d: want https://host/path=whsec_…", i+1)
		}
		u, err := url.Parse(s[:at])
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
			return nil, fmt.Errorf("hooks: endpoint %d: not an address of the web", i+1)
		}
		w, err := standardwebhooks.NewWebhook(s[at+1:])
		if err != nil {
			return nil, fmt.Errorf("hooks: endpoint %d: secret: want whsec_ and base64", i+1)
		}
		out = append(out, Endpoint{s[:at], w})
	}
	return out, nil
}

// A Memory keeps since when endpoints fail, which outlives the process. It must be
// safe for concurrent use.
type Memory interface {
	// FailingSince returns when an endpoint began to fail; the zero time: it works.
	FailingSince(ctx context.Context, url string) (time.Time, error)
	// SetFailing keeps that.
	SetFailing(ctx context.Context, url string, since time.Time) error
}

// A Sender posts events to their endpoints.
type Sender struct {
	endpoints map[string]Endpoint
	client    *http.Client
	now       func() time.Time
	memory    Memory
	mu        sync.Mutex // of looking into the memory and changing it
}

// NewSender returns a sender. Addresses of private networks are refused unless
// private is set, whatever the name in front of them says.
func NewSender(endpoints []Endpoint, private bool, memory Memory, now func() time.Time) *Sender {
	s := &Sender{endpoints: make(map[string]Endpoint), now: now, memory: memory}
	for _, e := range endpoints {
		s.endpoints[e.URL] = e
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	if !private {
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return publicAddress(address) }
	}
	s.client = &http.Client{Timeout: sendTimeout, Transport: &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return s
}

// errPrivate means that a name leads to a private network.
var errPrivate = errors.New("hooks: address of a private network")

var sharedSpace = netip.MustParsePrefix("100.64.0.0/10") // of carriers (RFC 6598)

func publicAddress(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return err
	}
	if ip = ip.Unmap(); !ip.IsGlobalUnicast() || ip.IsPrivate() || sharedSpace.Contains(ip) {
		return errPrivate
	}
	return nil
}

// Send implements [channel.Sender]: the text of the message is the event's JSON.
// Anything but a 2xx answer is a failure.
func (s *Sender) Send(ctx context.Context, m channel.Outbound) error {
	e, ok := s.endpoints[m.To.ID]
	if !ok {
		return &channel.SendError{Kind: channel.Rejected, Err: errors.New("hooks: endpoint is not configured any more")}
	}
	failure := s.post(ctx, e, m)
	if failure != nil && ctx.Err() != nil {
		return failure // we gave up, not the endpoint
	}
	since, err := s.remember(ctx, e.URL, failure != nil)
	switch {
	case err != nil:
		return fmt.Errorf("hooks: %w", err)
	case failure == nil:
		return nil
	case s.now().Sub(since) > parkAfter && (failure.Kind == channel.Retry || failure.Kind == channel.Throttled):
		failure.Kind = channel.Closed
	}
	return failure
}

// remember notes whether an endpoint fails, and returns since when.
func (s *Sender) remember(ctx context.Context, url string, fails bool) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	since, err := s.memory.FailingSince(ctx, url)
	if err != nil || fails == !since.IsZero() {
		return since, err
	}
	since = time.Time{}
	if fails {
		since = s.now()
	}
	return since, s.memory.SetFailing(ctx, url, since)
}

func (s *Sender) post(ctx context.Context, e Endpoint, m channel.Outbound) *channel.SendError {
	payload := []byte(m.Message.Text)
	at := s.now()
	signature, err := e.signer.Sign(m.ID, at, payload)
	if err != nil {
		return &channel.SendError{Kind: channel.Config, Err: err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(payload))
	if err != nil {
		return &channel.SendError{Kind: channel.Config, Err: err}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "signdesk")
	req.Header.Set(standardwebhooks.HeaderWebhookID, m.ID)
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, fmt.Sprint(at.Unix()))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	res, err := s.client.Do(req)
	switch {
	case errors.Is(err, errPrivate):
		return &channel.SendError{Kind: channel.Config, Err: errPrivate}
	case err != nil:
		return &channel.SendError{Kind: channel.Retry, Err: errors.New("hooks: endpoint does not answer")} // the cause may hold the address with its secrets
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswer))
	code := fmt.Sprint(res.StatusCode)
	switch {
	case res.StatusCode >= 200 && res.StatusCode < 300:
		return nil
	case res.StatusCode == http.StatusGone:
		return &channel.SendError{Kind: channel.Rejected, Code: code}
	case res.StatusCode == http.StatusTooManyRequests, res.StatusCode == http.StatusServiceUnavailable && res.Header.Get("Retry-After") != "":
		return &channel.SendError{Kind: channel.Throttled, Code: code, After: retryAfter(res.Header.Get("Retry-After"), at)}
	}
	return &channel.SendError{Kind: channel.Retry, Code: code}
}

// retryAfter is how long an endpoint wants to be left alone: its Retry-After is a
// number of seconds or a time (RFC 9110, section 10.2.3).
func retryAfter(header string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(header, 10, 31); err == nil {
		return min(time.Duration(n)*time.Second, longestWait)
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(at.Sub(now), 0), longestWait)
	}
	return pause
}

// ErrSignature means that what came is not signed by anybody we know, or too old.
var ErrSignature = errors.New("hooks: no valid signature")

// A Receiver checks what other systems tell.
type Receiver struct{ known []*standardwebhooks.Webhook }

// NewReceiver returns a receiver for secrets "whsec_base64"; while one is being
// changed, both are given. Without any nothing is believed.
func NewReceiver(secrets []string) (*Receiver, error) {
	r := &Receiver{}
	for i, s := range secrets {
		w, err := standardwebhooks.NewWebhook(s)
		if err != nil || !strings.HasPrefix(s, "whsec_") {
			return nil, fmt.Errorf("hooks: secret %d: want whsec_ and base64", i+1)
		}
		r.known = append(r.known, w)
	}
	return r, nil
}

// Verify returns the id of what came; otherwise the error is [ErrSignature]. Time
// is that of the machine: signatures are good for five minutes.
func (r *Receiver) Verify(head http.Header, payload []byte) (id string, err error) {
	for _, w := range r.known {
		if w.Verify(payload, head) == nil {
			return head.Get(standardwebhooks.HeaderWebhookID), nil
		}
	}
	return "", ErrSignature
}
