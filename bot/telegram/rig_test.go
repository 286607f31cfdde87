package telegram_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"signdesk/bot/channel"
	"signdesk/bot/telegram"
	"signdesk/bot/telegram/telegramtest"
)

const (
	token = "4200001:AA_secret-of-the-bot"
	group = int64(-1001234567890)
)

var (
	li   = telegramtest.Person{ID: 7001, First: "李", Last: "客服"}
	wang = telegramtest.Person{ID: 7002, First: "王"}
)

// memory is a Keep that can be made to fail.
type memory struct {
	mu   sync.Mutex
	m    map[string][]byte
	fail error
}

func (k *memory) Get(_ context.Context, name string) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.m[name], k.fail
}

func (k *memory) Put(_ context.Context, name string, value []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.fail != nil:
		return k.fail
	case value == nil:
		delete(k.m, name)
	default:
		k.m[name] = bytes.Clone(value)
	}
	return nil
}

func (k *memory) setFail(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.fail = err
}

// names returns how many names begin so.
func (k *memory) names(prefix string) (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for name := range k.m {
		if strings.HasPrefix(name, prefix) {
			n++
		}
	}
	return n
}

// A rig is an account at a platform without a network. What its desk takes is
// recorded once for each id, as a store would.
type rig struct {
	t    *testing.T
	s    *telegramtest.Server
	a    *telegram.Account
	keep *memory
	opts telegram.Options

	mu      sync.Mutex
	acts    []channel.Act
	seen    map[string]bool
	came    []string // ids as often as they came
	refuse  func(channel.Act) error
	reached []string
	log     bytes.Buffer
}

func newRig(t *testing.T, change ...func(*telegram.Options)) *rig {
	t.Helper()
	r := &rig{t: t, s: telegramtest.New(token), keep: &memory{m: make(map[string][]byte)}, seen: make(map[string]bool)}
	r.opts = telegram.Options{
		Token: token, Transport: r.s, Receive: r.receive, Keep: r.keep, Now: time.Now, PollTimeout: 10 * time.Second,
		Reached: func(_ context.Context, board channel.Peer, in bool) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.reached = append(r.reached, fmt.Sprintf("%s %t", board.ID, in))
			return nil
		},
		Logger: slog.New(slog.NewTextHandler(&lockedWriter{mu: &r.mu, b: &r.log}, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, c := range change {
		c(&r.opts)
	}
	r.restart()
	t.Cleanup(r.s.Close)
	t.Cleanup(func() { r.leaks(r.logged()) })
	return r
}

// restart stands for a new process: only what was kept is known.
func (r *rig) restart() {
	r.t.Helper()
	var err error
	if r.a, err = telegram.New(r.opts); err != nil {
		r.t.Fatal(err)
	}
}

type lockedWriter struct {
	mu *sync.Mutex
	b  *bytes.Buffer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func (r *rig) logged() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.String()
}

// leaks fails if a text holds the token's secret.
func (r *rig) leaks(text string) {
	r.t.Helper()
	if strings.Contains(text, "AA_secret") {
		r.t.Errorf("the token is shown:\n%s", text)
	}
}

func (r *rig) receive(_ context.Context, act channel.Act) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.came = append(r.came, act.ID)
	if r.refuse != nil {
		if err := r.refuse(act); err != nil {
			return err
		}
	}
	if !r.seen[act.ID] {
		r.seen[act.ID] = true
		r.acts = append(r.acts, act)
	}
	return nil
}

func (r *rig) setRefuse(f func(channel.Act) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuse = f
}

// taken returns what was taken since it was last asked.
func (r *rig) taken() []channel.Act {
	r.mu.Lock()
	defer r.mu.Unlock()
	acts := r.acts
	r.acts = nil
	return acts
}

// run runs the account within a bubble until the test ends, and returns how to
// end it sooner.
func (r *rig) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	a := r.a
	go func() { done <- a.Run(ctx) }()
	ended := false
	stop = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		if err := <-done; err != nil {
			r.t.Errorf("run: %v", err)
		}
	}
	synctest.Wait()
	return stop
}

var deliveries struct {
	sync.Mutex
	n int
}

// out returns a post as a delivery of its own.
func out(board int64, text string, p channel.Post, choices ...channel.Choice) channel.Outbound {
	deliveries.Lock()
	defer deliveries.Unlock()
	deliveries.n++
	return channel.Outbound{
		ID: fmt.Sprint("d", deliveries.n), To: channel.Peer{Channel: telegram.Channel, ID: fmt.Sprint(board)},
		Message: channel.Message{Text: text, Choices: choices, Post: &p},
	}
}

// send sends as the outbox does: throttled, it waits and tries again. It is for
// bubbles.
func (r *rig) send(m channel.Outbound) {
	r.t.Helper()
	for range 100 {
		err := r.a.Send(r.t.Context(), m)
		if err == nil {
			return
		}
		r.leaks(err.Error())
		var se *channel.SendError
		if !errors.As(err, &se) || se.Kind != channel.Throttled {
			r.t.Fatalf("send %s: %v", m.ID, err)
		}
		m.Skip += se.Parts
		time.Sleep(se.After)
	}
	r.t.Fatalf("send %s: throttled for ever", m.ID)
}

// fails sends and returns why that failed.
func (r *rig) fails(m channel.Outbound) *channel.SendError {
	r.t.Helper()
	err := r.a.Send(r.t.Context(), m)
	var se *channel.SendError
	if !errors.As(err, &se) {
		r.t.Fatalf("send: got %v, want a send error", err)
	}
	r.leaks(err.Error())
	return se
}

// shows fails if a chat shows something else.
func (r *rig) shows(c *telegramtest.Chat, want ...string) {
	r.t.Helper()
	if got := c.Show(); got != strings.Join(want, "\n")+"\n" {
		r.t.Errorf("the chat shows:\n%swant:\n%s", got, strings.Join(want, "\n"))
	}
}

func bubble(t *testing.T, f func(*testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, f)
}

// picture returns a PNG of that size.
func picture(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
