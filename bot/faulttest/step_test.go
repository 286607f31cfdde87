package faulttest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"signdesk/bot/wechat/wechattest"
)

// steppable builds the binary with its failpoints, once: comments in the source
// (gofail: …) that are made code in a copy of the packages that have some.
var steppable = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", err
	}
	root := strings.TrimSpace(string(out))
	var overlay struct{ Replace map[string]string }
	overlay.Replace = make(map[string]string)
	for from, to := range map[string]string{"": "main", "bot": "bot"} { // gofail takes the name of the directory for the package's
		to = filepath.Join(scratch, "steps", to)
		if err := copySource(filepath.Join(root, from), to); err != nil {
			return "", err
		}
		if out, err := exec.Command("go", "tool", "gofail", "enable", to).CombinedOutput(); err != nil {
			return "", fmt.Errorf("gofail: %w: %s", err, out)
		}
		list, err := os.ReadDir(to)
		if err != nil {
			return "", err
		}
		for _, e := range list {
			overlay.Replace[filepath.Join(root, from, e.Name())] = filepath.Join(to, e.Name())
		}
	}
	raw, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	path := filepath.Join(scratch, "signdesk-steps")
	if err := os.WriteFile(path+".json", raw, 0o600); err != nil {
		return "", err
	}
	if out, err := exec.Command("go", "build", "-overlay", path+".json", "-o", path, "signdesk").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build with failpoints: %w: %s", err, out)
	}
	return path, nil
})

// copySource copies the source of a package.
func copySource(from, to string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	names, err := filepath.Glob(filepath.Join(from, "*.go"))
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(name)), raw, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// A hook is a system that hears of events.
type hook struct {
	*httptest.Server
	mu  sync.Mutex
	got []Notice
	// answer may answer instead.
	answer func(w http.ResponseWriter, r *http.Request) (done bool)
}

func newHook(t *testing.T) *hook {
	h := new(hook)
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		h.mu.Lock()
		answer := h.answer
		h.mu.Unlock()
		if answer != nil && answer(w, r) {
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.got = append(h.got, Notice{To: "hook", Key: r.Header.Get("webhook-id"), Text: string(body)})
	}))
	t.Cleanup(h.Close)
	return h
}

// behave changes how requests are answered.
func (h *hook) behave(answer func(w http.ResponseWriter, r *http.Request) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = answer
}

func (h *hook) heard() []Notice {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.got)
}

func (h *hook) env() map[string]string {
	return map[string]string{"SIGNDESK_HOOKS": h.URL + "/e=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "SIGNDESK_HOOKS_PRIVATE": "on"}
}

// A stepper stops the process at a step and kills it there.
type stepper struct {
	*Server
	points string // address of the failpoints
}

func newStepper(t *testing.T, env ...map[string]string) *stepper {
	t.Helper()
	binary, err := steppable()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := &stepper{newServer(t, env...), l.Addr().String()}
	s.Binary, s.Env["GOFAIL_HTTP"] = binary, s.points
	return s
}

func (s *stepper) at(t *testing.T, method, path, body string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.points+"/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode/100 != 2 {
		t.Fatalf("failpoint %s: %d %s, %v", path, res.StatusCode, raw, err)
	}
	return strings.TrimSpace(string(raw))
}

// dies does something, kills the process as soon as that comes to the step, starts
// it again and waits until what was done is done.
func (s *stepper) dies(t *testing.T, point string, do func(context.Context) error) {
	t.Helper()
	found := ""
	for name := range strings.FieldsSeq(s.at(t, http.MethodGet, "", "")) {
		if name, _, _ = strings.Cut(name, "="); strings.HasSuffix(name, point) {
			found = name
		}
	}
	if found == "" {
		t.Fatalf("there is no failpoint %s", point)
	}
	s.at(t, http.MethodPut, found, "1*sleep(60000)")
	done := make(chan error, 1)
	ctx := bounded(t, startWithin)
	go func() { done <- do(ctx) }()
	until(t, 20*time.Second, "it comes to "+point, func() bool { return s.at(t, http.MethodGet, found+"/count", "") == "1" })
	s.Kill()
	took := start(t, s.Server)
	if err := <-done; err != nil {
		t.Errorf("%s: %v", point, err)
	}
	t.Logf("%s: restarted in %v", point, took)
}

// TestSteps kills the process at each step of a turn and of a send. A turn is there
// once, and what it owes is sent at least once, again only under the same id.
//
// Seen to fail: with a delivery noted before it is sent (lost).
func TestSteps(t *testing.T) {
	t.Parallel()
	sms, w, h := newGateway(t), newWechat(t), newHook(t)
	s := newStepper(t, sms.env(), w.env(), h.env())
	start(t, s.Server)
	c := &crowd{t: t, server: s.Server, wechat: w, said: make(map[string][]string), owed: make(map[string]int)}
	ctx := bounded(t, 5*time.Minute)
	handoffs := 0
	visitor := func(point string, login string) *Visitor {
		v := NewVisitor("http://"+s.Addr, "visitor-"+point)
		if err := v.Hello(ctx); err != nil {
			t.Fatal(err)
		}
		c.visitors = append(c.visitors, v)
		if err := v.Say(ctx, opening(login)[0]); err != nil {
			t.Fatal(err)
		}
		return v
	}
	person := 0
	for i, point := range []string{"turnRead", "turnWritten", "turnKept"} {
		v := visitor(point, logins[i])
		s.dies(t, point, func(ctx context.Context) error { return v.Say(ctx, logins[i]) })
		c.owed[logins[i]] = 1
		person++
		openid := fmt.Sprint("o-person-", person)
		s.dies(t, point, func(ctx context.Context) error {
			_, err := w.say(ctx, s.Server, wechattest.Text(openid, "7000000000000001", "我要申诉"))
			return err
		})
		c.said[openid] = []string{"我要申诉"}
	}
	for i, point := range []string{"noticeSending", "noticeSent"} {
		v := visitor(point, logins[5+i])
		s.dies(t, point, func(ctx context.Context) error { return v.Say(ctx, logins[5+i]) })
		c.owed[logins[5+i]] = 1
	}
	for _, point := range []string{"deliverySending", "deliverySent"} {
		v := visitor(point, logins[10])
		s.dies(t, point, func(ctx context.Context) error { return v.Say(ctx, "转人工") })
		handoffs++
	}
	until(t, 20*time.Second, "texts are sent", func() bool { return len(CheckNotices(c.owed, sms.taken(), 1)) == 0 })
	until(t, 20*time.Second, "events are told", func() bool {
		return len(CheckNotices(map[string]int{"hook": handoffs}, h.heard(), 1)) == 0
	})
	drained(t, s.Server)
	c.judge(ctx, 2)
	problems(t, "texts", CheckNotices(c.owed, sms.taken(), 1))                          // noticeSent
	problems(t, "events", CheckNotices(map[string]int{"hook": handoffs}, h.heard(), 1)) // deliverySent
	sound(t, s.Server)
}
