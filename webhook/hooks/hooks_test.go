package hooks_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"signdesk/bot/channel"
	"signdesk/webhook/hooks"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// A memory outlives the senders that use it.
type memory struct {
	mu    sync.Mutex
	since map[string]time.Time
	fails error
}

func (m *memory) FailingSince(_ context.Context, url string) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.since[url], m.fails
}

func (m *memory) SetFailing(_ context.Context, url string, since time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.since == nil {
		m.since = make(map[string]time.Time)
	}
	m.since[url] = since
	return nil
}

func event(url string) channel.Outbound {
	return channel.Outbound{ID: "e-1", To: channel.Peer{Channel: hooks.Channel, ID: url}, Message: channel.Message{Text: `{"type":"handoff.opened"}`}}
}

func TestEventsAreSigned(t *testing.T) {
	t.Parallel()
	check, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	var status atomic.Int64
	status.Store(204)
	var heard atomic.Int64
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = check.Verify(body, r.Header)
		}
		if err != nil || string(body) != `{"type":"handoff.opened"}` || r.Header.Get("webhook-id") != "e-1" {
			t.Errorf("event %q: %v", body, err)
		}
		heard.Add(1)
		w.WriteHeader(int(status.Load()))
	}))
	defer ts.Close()
	endpoints, err := hooks.ParseEndpoints([]string{ts.URL + "/in?a=b=" + secret})
	if err != nil || endpoints[0].URL != ts.URL+"/in?a=b" {
		t.Fatalf("%v, %v", endpoints, err)
	}
	now := time.Now()
	s := hooks.NewSender(endpoints, true, &memory{}, func() time.Time { return now })
	ctx := context.Background()
	if err := s.Send(ctx, event(endpoints[0].URL)); err != nil {
		t.Fatal(err)
	}
	wants := func(err error, kind channel.Failure) {
		t.Helper()
		var se *channel.SendError
		if !errors.As(err, &se) || se.Kind != kind {
			t.Errorf("got %v, want %s", err, kind)
		}
	}
	for code, kind := range map[int64]channel.Failure{500: channel.Retry, 302: channel.Retry, 404: channel.Retry, 410: channel.Rejected, 429: channel.Throttled} {
		status.Store(code)
		wants(s.Send(ctx, event(endpoints[0].URL)), kind)
	}
	wants(s.Send(ctx, event("https://other.example")), channel.Rejected)
	if heard.Load() != 6 {
		t.Errorf("%d requests: redirects must not be followed", heard.Load())
	}
	// Loopback is a private network.
	wants(hooks.NewSender(endpoints, false, &memory{}, time.Now).Send(ctx, event(endpoints[0].URL)), channel.Config)
}

// TestEndpointsAreLeftAlone for as long as they ask for, within bounds.
func TestEndpointsAreLeftAlone(t *testing.T) {
	t.Parallel()
	now := time.Date(2022, 5, 26, 1, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		status int
		header string
		kind   channel.Failure
		after  time.Duration
	}{
		{429, "", channel.Throttled, time.Minute},
		{429, "90", channel.Throttled, 90 * time.Second},
		{429, "99999999", channel.Throttled, time.Hour},
		{429, "-5", channel.Throttled, time.Minute},
		{429, "soon", channel.Throttled, time.Minute},
		{429, "Thu, 26 May 2022 01:02:00 GMT", channel.Throttled, 2 * time.Minute},
		{429, "Thu, 26 May 2022 00:00:00 GMT", channel.Throttled, 0},
		{503, "5", channel.Throttled, 5 * time.Second},
		{503, "", channel.Retry, 0},
		{500, "5", channel.Retry, 0},
	} {
		ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if tt.header != "" {
				w.Header().Set("Retry-After", tt.header)
			}
			w.WriteHeader(tt.status)
		}))
		endpoints, err := hooks.ParseEndpoints([]string{ts.URL + "=" + secret})
		if err != nil {
			t.Fatal(err)
		}
		var se *channel.SendError
		err = hooks.NewSender(endpoints, true, &memory{}, func() time.Time { return now }).Send(context.Background(), event(endpoints[0].URL))
		if !errors.As(err, &se) || se.Kind != tt.kind || se.After != tt.after {
			t.Errorf("%d, Retry-After %q: %v, want %s after %v", tt.status, tt.header, err, tt.kind, tt.after)
		}
		ts.Close()
	}
}

// TestEndpointThatFailsForDaysIsParked, also if the process is a new one each day;
// an answer, or a shutdown of ours, is no failure.
func TestEndpointThatFailsForDaysIsParked(t *testing.T) {
	t.Parallel()
	var status atomic.Int64
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(status.Load())) }))
	defer ts.Close()
	endpoints, err := hooks.ParseEndpoints([]string{ts.URL + "=" + secret})
	if err != nil {
		t.Fatal(err)
	}
	now, kept := time.Now(), &memory{}
	send := func(ctx context.Context) error {
		return hooks.NewSender(endpoints, true, kept, func() time.Time { return now }).Send(ctx, event(endpoints[0].URL))
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if err := send(stopped); err == nil || !kept.since[endpoints[0].URL].IsZero() {
		t.Errorf("our own end counts as a failure of the endpoint: %v", err)
	}
	days := func(code int64, kinds ...channel.Failure) {
		t.Helper()
		status.Store(code)
		for day, kind := range kinds {
			var se *channel.SendError
			if err := send(context.Background()); !errors.As(err, &se) || se.Kind != kind {
				t.Errorf("day %d: %v, want %s", day, err, kind)
			}
			now = now.Add(24 * time.Hour)
		}
	}
	days(500, channel.Retry, channel.Retry, channel.Retry, channel.Retry, channel.Closed)
	days(429, channel.Closed) // as bad as no answer, after so long
	days(410, channel.Rejected)
	status.Store(200)
	if err := send(context.Background()); err != nil {
		t.Error(err)
	}
	days(500, channel.Retry, channel.Retry) // counted anew
	kept.fails = errors.New("no store")
	if err := send(context.Background()); !errors.Is(err, kept.fails) {
		t.Errorf("without its memory: %v", err)
	}
}

func TestReceiver(t *testing.T) {
	t.Parallel()
	r, err := hooks.NewReceiver([]string{"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", secret})
	if err != nil {
		t.Fatal(err)
	}
	w, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	head := func(id string, at time.Time, payload string) http.Header {
		sig, err := w.Sign(id, at, []byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		return http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {strconv.FormatInt(at.Unix(), 10)}, "Webhook-Signature": {sig}}
	}
	if id, err := r.Verify(head("m1", time.Now(), "{}"), []byte("{}")); err != nil || id != "m1" {
		t.Errorf("%q, %v", id, err)
	}
	other := head("m1", time.Now(), "{}")
	other.Set("Webhook-Id", "m2")
	for name, row := range map[string]struct {
		head    http.Header
		payload string
	}{"changed": {head("m1", time.Now(), "{}"), "{ }"}, "old": {head("m1", time.Now().Add(-6*time.Minute), "{}"), "{}"}, "of tomorrow": {head("m1", time.Now().Add(6*time.Minute), "{}"), "{}"},
		"another id": {other, "{}"}, "nothing": {http.Header{}, "{}"}} {
		if id, err := r.Verify(row.head, []byte(row.payload)); !errors.Is(err, hooks.ErrSignature) || id != "" {
			t.Errorf("%s: %q, %v", name, id, err)
		}
	}
	for _, bad := range []string{"x", "whsec_%", "AAAA"} {
		if _, err := hooks.NewReceiver([]string{bad}); err == nil {
			t.Errorf("%q was taken", bad)
		}
		if _, err := hooks.ParseEndpoints([]string{"https://a.example=" + bad}); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
