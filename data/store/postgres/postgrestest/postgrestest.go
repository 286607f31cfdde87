// Package postgrestest runs a real PostgreSQL for tests: Debian's package (any
// version), or the binaries in the PATH, in a directory of its own. A missing one
// fails the test. As the server refuses root, it then runs as nobody.
//
// A server ends with the process of the tests, however that ends, and leaves no
// files.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// startWait is how long a server may take to start or to end, on a busy machine.
const startWait = 60 * time.Second

// superuser is the name of the server's only role.
const superuser = "postgres"

// A Server is one cluster: a directory and a port of the loopback interface.
type Server struct {
	tb     testing.TB // of New; nil if it is shared
	bin    string
	dir    string
	port   int
	owner  *syscall.Credential // nil if not root
	life   io.Closer           // closing it ends the server and removes its files
	ended  chan struct{}
	number atomic.Int64 // of schemas
}

var shared = sync.OnceValues(func() (*Server, error) { return create(nil) })

// Start returns the address of an empty schema of a server that all tests of the
// process share.
func Start(tb testing.TB) (dsn string) {
	tb.Helper()
	s, err := shared()
	if err != nil {
		tb.Fatal(err)
	}
	return s.Schema(tb)
}

// New starts a server for one test, with settings such as "fsync=off".
func New(tb testing.TB, settings ...string) *Server {
	tb.Helper()
	s, err := create(tb, settings...)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func create(tb testing.TB, settings ...string) (*Server, error) {
	s, err := place(tb)
	if err != nil {
		return nil, err
	}
	err = s.run("initdb", "-D", s.data(), "-U", superuser, "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
	if err == nil {
		err = s.launch(settings)
	}
	return s, err
}

// place makes the directory of a server and finds it a port.
func place(tb testing.TB) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	s := &Server{tb: tb, bin: bin}
	if s.dir, err = os.MkdirTemp("", "signdesk-postgres-"); err != nil {
		return nil, err
	}
	if os.Getuid() == 0 {
		nobody, err := user.Lookup("nobody")
		if err != nil {
			return nil, err
		}
		uid, err := strconv.ParseUint(nobody.Uid, 10, 32)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.ParseUint(nobody.Gid, 10, 32)
		if err != nil {
			return nil, err
		}
		s.owner = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(s.dir, int(uid), int(gid)); err != nil {
			return nil, err
		}
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.port = ln.Addr().(*net.TCPAddr).Port
	return s, ln.Close()
}

// binaries returns the directory of the newest PostgreSQL.
func binaries() (string, error) {
	if list, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(list) > 0 {
		newest := slices.MaxFunc(list, func(a, b string) int { return version(a) - version(b) })
		return filepath.Dir(newest), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New("PostgreSQL is not installed: apt-get install postgresql-15")
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", err
	}
	return filepath.Dir(path), nil
}

func version(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// run runs one of PostgreSQL's programs to its end.
func (s *Server) run(name string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startWait)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.owner}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

// keeper starts the server and waits for the end of its input, which comes when
// whoever holds the other end closes it or dies, or for the end of the server.
const keeper = `dir=$1; remove=$2; shift 2
"$@" </dev/null &
pid=$!
{ read -r _; kill -INT $pid; } <&3 &
wait $pid
kill $! 2>/dev/null
[ "$remove" = yes ] && rm -rf "$dir"
:`

// launch starts the server and waits until it answers.
func (s *Server) launch(settings []string) error {
	remove := "no" // a server that a test may start again; its directory goes with the test
	if s.tb == nil {
		remove = "yes"
	}
	args := []string{"-c", keeper, "keeper", s.dir, remove, filepath.Join(s.bin, "postgres"), "-D", s.data(),
		"-c", "listen_addresses=127.0.0.1", "-c", "port=" + strconv.Itoa(s.port), "-c", "unix_socket_directories=" + s.dir,
		"-c", "max_connections=200", "-c", "wal_level=replica", "-c", "hot_standby=on"}
	for _, set := range settings {
		args = append(args, "-c", set)
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	hear, life, err := os.Pipe()
	if err != nil {
		return err
	}
	defer hear.Close()
	cmd := exec.Command("/bin/sh", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = s.dir, log, log, []*os.File{hear}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.owner, Setpgid: true}
	if err := cmd.Start(); err != nil {
		return errors.Join(err, life.Close())
	}
	ended := make(chan struct{})
	s.life, s.ended = life, ended
	go func() { _ = cmd.Wait(); close(ended) }()
	if s.tb != nil {
		s.tb.Cleanup(func() {
			s.Stop()
			os.RemoveAll(s.dir)
		})
	}
	return s.await()
}

// await waits until the server takes connections.
func (s *Server) await() error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for begin := time.Now(); time.Since(begin) < startWait; <-tick.C {
		if s.run("pg_isready", "-q", "-h", "127.0.0.1", "-p", strconv.Itoa(s.port)) == nil {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("the server ended: %s", s.log())
		default:
		}
	}
	return fmt.Errorf("the server does not answer: %s", s.log())
}

func (s *Server) log() []byte {
	log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return log
}

// Stop ends the server, as an operator would.
func (s *Server) Stop() {
	_ = s.life.Close() // a second time does nothing
	<-s.ended
}

// Kill ends the server at once, as the failure of a machine would.
func (s *Server) Kill() {
	s.tb.Helper()
	raw, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		s.tb.Fatal(err)
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		s.tb.Fatal(err)
	}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for _, child := range append([]string{first}, strings.Fields(string(children))...) {
		if n, err := strconv.Atoi(child); err == nil {
			_ = syscall.Kill(n, syscall.SIGKILL)
		}
	}
	<-s.ended
	_ = s.life.Close()
}

// Restart starts a server again that was stopped or killed.
func (s *Server) Restart(settings ...string) {
	s.tb.Helper()
	if err := s.launch(settings); err != nil {
		s.tb.Fatal(err)
	}
}

// Standby starts a copy of the server that follows it under the given name.
func (s *Server) Standby(name string) *Server {
	s.tb.Helper()
	b, err := place(s.tb)
	if err != nil {
		s.tb.Fatal(err)
	}
	from := fmt.Sprintf("host=127.0.0.1 port=%d user=%s application_name=%s", s.port, superuser, name)
	if err := b.run("pg_basebackup", "-D", b.data(), "-d", from, "-R", "-X", "stream", "-c", "fast", "-N"); err != nil {
		s.tb.Fatal(err)
	}
	if err := b.launch(nil); err != nil {
		s.tb.Fatal(err)
	}
	return b
}

// Promote makes a standby the primary.
func (s *Server) Promote() {
	s.tb.Helper()
	if err := s.run("pg_ctl", "-D", s.data(), "-w", "promote"); err != nil {
		s.tb.Fatal(err)
	}
}

// Exec runs SQL and returns what it prints.
func (s *Server) Exec(sql string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startWait)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", s.URL(), "-c", sql)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("psql: %w: %s", err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// URL is the address of the server's database.
func (s *Server) URL() string {
	return fmt.Sprintf("postgres://%s@%s/postgres?sslmode=disable", superuser, s.Addr())
}

// Addr is the server's host and port.
func (s *Server) Addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// Schema makes an empty schema and returns its address.
func (s *Server) Schema(tb testing.TB) (dsn string) {
	tb.Helper()
	name := fmt.Sprintf("s%d", s.number.Add(1))
	if _, err := s.Exec("CREATE SCHEMA " + name); err != nil {
		tb.Fatal(err)
	}
	return s.URL() + "&search_path=" + name
}
