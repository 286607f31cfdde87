package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"signdesk/bot/wechat/wechattest"
)

// A server is signdesk, serving in a process of its own.
type server struct {
	url   string
	cmd   *exec.Cmd
	ready time.Duration // from its start until it said so
	log   tail
}

// A config is what differs between servers.
type config struct {
	store string // file or address; "" for a new file
	faq   string // directory; "" for what is shipped
	args  []string
}

const (
	startWithin = 10 * time.Minute // 100,000 entries are read and indexed
	stopWithin  = 20 * time.Second
)

var readyForm = regexp.MustCompile(`signdesk is ready: (http://\S+)`)

// serve starts a server; the caller stops it.
func (b *bench) serve(ctx context.Context, c config) (*server, error) {
	if c.store == "" {
		c.store = b.path("store") + "/store.db"
	}
	s := &server{cmd: exec.Command(b.Exe, append([]string{"serve"}, c.args...)...)}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "SIGNDESK_") {
			s.cmd.Env = append(s.cmd.Env, v)
		}
	}
	platform := wechattest.New(time.Now)
	s.cmd.Env = append(s.cmd.Env, "SIGNDESK_ADDR=127.0.0.1:0", "SIGNDESK_STORE="+c.store, "SIGNDESK_FAQ="+c.faq, "SIGNDESK_SECRET="+b.Secret, "SIGNDESK_RATES=0,0",
		"SIGNDESK_TESSERACT=off", "SIGNDESK_WECHAT_APPID="+platform.AppID, "SIGNDESK_WECHAT_TOKEN="+platform.Token, "SIGNDESK_WECHAT_AESKEY="+platform.AESKey,
		"SIGNDESK_WECHAT_API=http://127.0.0.1:9") // nobody is there
	s.cmd.Dir, s.cmd.Stderr = b.dir, &s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	late := time.AfterFunc(startWithin, func() { _ = s.cmd.Process.Kill() })
	defer late.Stop()
	for lines.Scan() {
		if m := readyForm.FindStringSubmatch(lines.Text()); m != nil {
			s.url, s.ready = m[1], time.Since(began)
			go io.Copy(io.Discard, out)
			return s, nil
		}
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	return nil, fmt.Errorf("the server does not start: %s", s.log.String())
}

// stop ends a server and waits until it is gone.
func (s *server) stop() {
	late := time.AfterFunc(stopWithin, func() { _ = s.cmd.Process.Kill() })
	defer late.Stop()
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// resident is the memory of the server that is in use, in bytes, files that it maps
// included.
func (s *server) resident() (float64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(raw)) {
		if v, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(v), " kB"), 64)
			return kb * 1024, err
		}
	}
	return 0, errFew
}

// ticks are the units in which a process's time is told, a second.
const ticks = 100

// cpu is the processor time that the server has used.
func (s *server) cpu() (time.Duration, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(raw), ") ") // behind the name of the command
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, errFew
	}
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return time.Duration(user+system) * time.Second / ticks, err
}

// metric reads one of the server's metrics.
func (s *server) metric(ctx context.Context, name string) (float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if v, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			return strconv.ParseFloat(v, 64)
		}
	}
	return 0, fmt.Errorf("no metric %s", name)
}

// A tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	end []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, p...)
	if n := len(t.end); n > 4096 {
		t.end = append([]byte(nil), t.end[n-4096:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.end)
}
