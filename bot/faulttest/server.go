package faulttest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// startWithin bounds a start, under tracing tools and on busy machines too.
const startWithin = 60 * time.Second

// A Server is signdesk serve, which can be killed and started again. It is used by
// one goroutine; others may talk to its address.
type Server struct {
	Binary string
	Dir    string            // of the store, unless Env names another; and of its log
	Env    map[string]string // settings, beyond those that every test needs
	Wrap   []string          // a command that runs the binary, e.g. strace
	Addr   string            // where it listens; found at the first start

	cmd  *exec.Cmd
	over chan struct{} // closed when the process has ended
}

// StoreEnv names the store that the tests work on; without it each has a file of
// its own.
const StoreEnv = "SIGNDESK_FAULTS_STORE"

// environment is what the process sees: none of the settings of who runs the tests.
func (s *Server) environment() []string {
	env := map[string]string{"SIGNDESK_ADDR": s.Addr, "SIGNDESK_STORE": filepath.Join(s.Dir, "store.db"), "SIGNDESK_RATES": "0,0",
		"SIGNDESK_TESSERACT": "off", "SIGNDESK_SECRET": strings.Repeat("5e", 32)}
	if store := os.Getenv(StoreEnv); store != "" {
		env["SIGNDESK_STORE"] = store
	}
	for k, v := range s.Env {
		env[k] = v
	}
	var out []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "SIGNDESK_") {
			out = append(out, kv)
		}
	}
	for k, v := range env {
		out = append(out, k+"="+v)
	}
	return out
}

// Start starts the process and waits until it says that it is ready. It returns how
// long that took.
func (s *Server) Start(ctx context.Context) (time.Duration, error) {
	if s.Addr == "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		s.Addr = l.Addr().String()
		if err := l.Close(); err != nil {
			return 0, err
		}
	}
	log, err := os.OpenFile(s.LogFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	args := append(append([]string(nil), s.Wrap...), s.Binary, "serve")
	s.cmd = exec.Command(args[0], args[1:]...)
	s.cmd.Env, s.cmd.Stderr, s.cmd.Dir = s.environment(), log, s.Dir
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // tools around it end with it
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	if err := s.cmd.Start(); err != nil {
		return 0, err
	}
	s.over = make(chan struct{})
	ready := make(chan bool, 1)
	go func(cmd *exec.Cmd, over chan struct{}) {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "signdesk is ready") {
				ready <- true
				break
			}
		}
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
		close(over)
	}(s.cmd, s.over)
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	select {
	case <-ready:
		return time.Since(begin), nil
	case <-s.over:
		return 0, fmt.Errorf("faulttest: the server ended at once: %s", s.Log())
	case <-ctx.Done():
		s.Kill()
		return 0, fmt.Errorf("faulttest: the server did not get ready: %s", s.Log())
	}
}

// Kill ends the process without warning, and waits until it is gone.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

// Stop asks the process to end, and waits until it is gone.
func (s *Server) Stop() { s.end(syscall.SIGTERM) }

func (s *Server) end(sig syscall.Signal) {
	if s.over == nil {
		return
	}
	_ = syscall.Kill(-s.cmd.Process.Pid, sig) // the group that it leads; gone: nothing to do
	select {
	case <-s.over:
	case <-time.After(startWithin):
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		<-s.over
	}
	s.over = nil
}

// Ended is closed when the process has ended.
func (s *Server) Ended() <-chan struct{} { return s.over }

// Pid is the process of the server itself, beneath the tools around it.
func (s *Server) Pid() (int, error) {
	pid := s.cmd.Process.Pid
	for range 5 {
		name, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		if err != nil {
			return 0, err
		}
		if name == s.Binary {
			return pid, nil
		}
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
		if err != nil {
			return 0, err
		}
		first, _, _ := strings.Cut(string(raw), " ")
		if pid, err = strconv.Atoi(first); err != nil {
			return 0, err
		}
	}
	return 0, errors.New("faulttest: the server is not among its tools' children")
}

// URL is an address of the server.
func (s *Server) URL(path string) string { return "http://" + s.Addr + path }

// LogFile is where the process writes its log.
func (s *Server) LogFile() string { return filepath.Join(s.Dir, "log") }

// Log is the end of the log.
func (s *Server) Log() string {
	raw, err := os.ReadFile(s.LogFile())
	if err != nil {
		return err.Error()
	}
	return string(raw[max(0, len(raw)-1500):])
}

// Command runs another command of the binary on the same settings.
func (s *Server) Command(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.Binary, args...)
	cmd.Env, cmd.Dir = s.environment(), s.Dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}
