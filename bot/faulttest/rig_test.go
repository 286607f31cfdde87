package faulttest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"signdesk/bot/wechat/wechattest"
)

// long asks for the long form of the tests, which takes minutes.
var long = os.Getenv("SIGNDESK_FAULTS") == "long"

// scratch holds the binaries that are built.
var scratch string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "faulttest"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(scratch)
	os.Exit(code)
}

// plain builds the binary as it is shipped, once.
var plain = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "signdesk")
	out, err := exec.Command("go", "build", "-o", path, "signdesk").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w: %s", err, out)
	}
	return path, nil
})

// newServer returns a server that is not started yet.
func newServer(t *testing.T, env ...map[string]string) *Server {
	t.Helper()
	binary, err := plain()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Binary: binary, Dir: t.TempDir(), Env: make(map[string]string)}
	for _, e := range env {
		for k, v := range e {
			s.Env[k] = v
		}
	}
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			t.Logf("the server's log ends with:\n%s", s.Log())
		}
	})
	return s
}

func start(t *testing.T, s *Server) time.Duration {
	t.Helper()
	took, err := s.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return took
}

// random is a source of a test, whose seed is told.
func random(t *testing.T) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// bounded ends a test's work in time.
func bounded(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// problems reports what a judge found, a few of each.
func problems(t *testing.T, about string, list []string) {
	t.Helper()
	for i, p := range list {
		if i == 5 {
			t.Errorf("%s: and %d more", about, len(list)-i)
			return
		}
		t.Errorf("%s: %s", about, p)
	}
}

// until waits until something is so.
func until(t *testing.T, within time.Duration, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}

// get asks the server for something.
func get(s *Server, path string) (status int, body string, took time.Duration) {
	begin := time.Now()
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get(s.URL(path))
	if err != nil {
		return 0, err.Error(), time.Since(begin)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error(), time.Since(begin)
	}
	return res.StatusCode, string(raw), time.Since(begin)
}

// metric is a number of /metrics; -1 if it is not there.
func metric(s *Server, name string) float64 {
	_, body, _ := get(s, "/metrics")
	for line := range strings.Lines(body) {
		var v float64
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			if _, err := fmt.Sscan(rest, &v); err == nil {
				return v
			}
		}
	}
	return -1
}

// drained waits until nothing is owed any more. What was not carried by a reply is
// claimed for 20 s.
func drained(t *testing.T, s *Server) {
	t.Helper()
	time.Sleep(1100 * time.Millisecond) // a number of /metrics may be a second old
	until(t, 60*time.Second, "the outbox is empty", func() bool { return metric(s, "signdesk_outbox_owed") == 0 })
}

// sound has the store looked through once nothing runs on it.
func sound(t *testing.T, s *Server) {
	t.Helper()
	s.Stop()
	if out, err := s.Command(t.Context(), "verify"); err != nil {
		t.Errorf("verify: %v\n%s", err, out)
	}
}

// An smsGateway is a stand-in for Tencent Cloud's SMS. It keeps what it took.
type smsGateway struct {
	*httptest.Server
	mu   sync.Mutex
	took []Notice
	// answer may answer instead; what it does not answer is taken.
	answer func(w http.ResponseWriter, r *http.Request, n Notice) (done bool)
}

func newGateway(t *testing.T) *smsGateway {
	g := new(smsGateway)
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g
}

func (g *smsGateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m struct {
		PhoneNumberSet, TemplateParamSet []string
		SessionContext                   string
	}
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil || len(m.PhoneNumberSet) != 1 {
		http.Error(w, "bad", http.StatusBadRequest)
		return
	}
	n := Notice{To: strings.TrimPrefix(m.PhoneNumberSet[0], "+86"), Key: m.SessionContext, Text: strings.Join(m.TemplateParamSet, " ")}
	g.mu.Lock()
	answer := g.answer
	g.mu.Unlock()
	if answer != nil && answer(w, r, n) {
		return
	}
	g.mu.Lock()
	g.took = append(g.took, n)
	g.mu.Unlock()
	_ = json.NewEncoder(w).Encode(map[string]any{"Response": map[string]any{"RequestId": "r", "SendStatusSet": []any{
		map[string]any{"SerialNo": "2640:" + n.Key, "PhoneNumber": "+86" + n.To, "Fee": 1, "SessionContext": n.Key, "Code": "Ok", "Message": "ok", "IsoCode": "CN"}}}})
}

// behave changes how requests are answered.
func (g *smsGateway) behave(answer func(w http.ResponseWriter, r *http.Request, n Notice) bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answer = answer
}

func (g *smsGateway) taken() []Notice {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]Notice(nil), g.took...)
}

// env are the settings that lead to the gateway.
func (g *smsGateway) env() map[string]string {
	return map[string]string{"SIGNDESK_SMS": "tencent", "SIGNDESK_SMS_ID": "id", "SIGNDESK_SMS_SECRET": "secret", "SIGNDESK_SMS_APP": "1400006666",
		"SIGNDESK_SMS_SIGN": "上上签", "SIGNDESK_SMS_URL": g.URL, "SIGNDESK_SMS_TEMPLATES": "T8=1110:code,minutes"}
}

// A wechatSide is the WeChat platform on an address of its own.
type wechatSide struct {
	*wechattest.Platform
	*httptest.Server
}

func newWechat(t *testing.T) *wechatSide {
	w := &wechatSide{Platform: wechattest.New(time.Now)}
	w.Server = httptest.NewServer(w.Platform)
	t.Cleanup(w.Close)
	return w
}

func (w *wechatSide) env() map[string]string {
	return map[string]string{"SIGNDESK_WECHAT_APPID": w.AppID, "SIGNDESK_WECHAT_SECRET": w.Secret, "SIGNDESK_WECHAT_TOKEN": w.Token,
		"SIGNDESK_WECHAT_AESKEY": w.AESKey, "SIGNDESK_WECHAT_VERIFIED": "on", "SIGNDESK_WECHAT_API": w.URL}
}

// push brings a message once, and hangs up after 5 s as the platform does. What
// comes back is the person's.
func (w *wechatSide) push(ctx context.Context, s *Server, m wechattest.Message) (wechattest.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	res, err := http.DefaultClient.Do(w.Request(s.URL("/wechat"), "safe", m).WithContext(ctx))
	if err != nil {
		return wechattest.Answer{}, err
	}
	a, err := w.Read(res, m.From, "safe")
	if err == nil && a.Text != "" {
		w.Received(m.From, a.Text)
	}
	return a, err
}

// say brings a message until it is acknowledged.
func (w *wechatSide) say(ctx context.Context, s *Server, m wechattest.Message) (a wechattest.Answer, err error) {
	for {
		if a, err = w.push(ctx, s, m); err == nil && a.Status == http.StatusOK {
			return a, nil
		}
		select {
		case <-ctx.Done():
			return a, ctx.Err()
		case <-time.After(again):
		}
	}
}

// got are the messages that a person of WeChat got, told by their first lines:
// what follows is shown as a menu or as text. Those that came as one are taken
// apart.
func (w *wechatSide) got(openid string) (out []string) {
	for _, text := range w.Inbox(openid) {
		for _, one := range strings.Split(text, "\n－－－－－－\n") {
			first, _, _ := strings.Cut(one, "\n")
			first, _, _ = strings.Cut(first, "<")
			out = append(out, first)
		}
	}
	return out
}
