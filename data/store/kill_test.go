package store_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"signdesk/data/store"
)

// childEnv names the file that a child process works on. The test binary is
// the child when it is set.
const childEnv = "SIGNDESK_STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		if err := child(path); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const childWriters = 8

// childOptions give each record an index entry, so that a change touches
// several tables.
var childOptions = store.Options{
	Tables: []store.Table{{Name: "record", Indexes: []store.Index{{
		Name: "text", Unique: true,
		Keys: func(_, value []byte) ([][]byte, error) { return [][]byte{value[:16]}, nil },
	}}}},
	Migrations: []store.Migration{{Name: "first", Apply: func(store.Tx) error { return nil }}},
}

// child writes from several goroutines, and prints each change once it was
// acknowledged, until it is killed or the store fails.
func child(path string) error {
	s, err := store.Open(context.Background(), path, childOptions)
	if err != nil {
		return err
	}
	var mu sync.Mutex // of standard output
	var g sync.WaitGroup
	for w := range uint64(childWriters) {
		g.Go(func() {
			for {
				var n uint64
				err := s.Update(context.Background(), func(tx store.Tx) (err error) {
					n, err = childUpdate(tx, w)
					return err
				})
				mu.Lock()
				if err == nil {
					fmt.Println(w, n)
				} else {
					fmt.Println("error", err)
				}
				mu.Unlock()
				if err != nil && !errors.Is(err, store.ErrFull) {
					return
				}
			}
		})
	}
	g.Wait()
	return s.Close()
}

// childUpdate writes the next record of a writer and counts it twice.
func childUpdate(tx store.Tx, w uint64) (uint64, error) {
	n := number(tx, fmt.Sprint(w)) + 1
	id := store.Key{}.Uint(w).Uint(n)
	value := append(id[:len(id):len(id)], strings.Repeat("v", int(n*97%3000))...)
	return n, errors.Join(
		childOptions.Tables[0].Put(tx, id, value),
		tx.Put("number", fmt.Append(nil, w), binary.BigEndian.AppendUint64(nil, n)),
		tx.Put("number", []byte("all"), binary.BigEndian.AppendUint64(nil, number(tx, "all")+1)),
	)
}

func number(tx store.Tx, name string) uint64 {
	if b := tx.Get("number", []byte(name)); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// An ack is a change that the child printed.
type ack struct{ w, n uint64 }

// startChild starts a child, by way of the given command if there is one.
func startChild(t *testing.T, path string, command ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command = append(command, self)
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the command ends with the child
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// stopChild kills a child and the command around it. What it said before it died
// counts too.
func stopChild(t *testing.T, cmd *exec.Cmd, lines *bufio.Scanner, acks *[]ack) {
	t.Helper()
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
		if a, ok := parseAck(lines.Text()); ok {
			*acks = append(*acks, a)
		}
	}
	_ = cmd.Wait()
}

func parseAck(line string) (a ack, ok bool) {
	n, err := fmt.Sscanf(line, "%d %d", &a.w, &a.n)
	return a, n == 2 && err == nil
}

// TestKill kills a process in the midst of concurrent updates, again and
// again. What it acknowledged must be there, what it did not must be there as a
// whole or not at all.
func TestKill(t *testing.T) {
	t.Parallel()
	rounds := 50
	if testing.Short() {
		rounds = 8
	}
	path := filepath.Join(t.TempDir(), "store")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	total := 0
	for round := range rounds {
		cmd, lines := startChild(t, path)
		var acks []ack
		for n := 1 + r.IntN(100); len(acks) < n && lines.Scan(); {
			a, ok := parseAck(lines.Text())
			if !ok {
				t.Fatalf("round %d: child says %q", round, lines.Text())
			}
			acks = append(acks, a)
			if round == 0 && len(acks) == 1 {
				wantLocked(t, path)
			}
		}
		stopChild(t, cmd, lines, &acks)
		total += len(acks)
		checkChild(t, path, acks)
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	t.Logf("%d rounds, %d changes acknowledged, none lost", rounds, total)
}

// wantLocked opens a store that another process has open.
func wantLocked(t *testing.T, path string) {
	t.Helper()
	begin := time.Now()
	s, err := store.Open(context.Background(), path, store.Options{})
	if took := time.Since(begin); !errors.Is(err, store.ErrLocked) || took > 2*time.Second {
		t.Errorf("second process: got %v after %v, want %v within a second", err, took, store.ErrLocked)
	}
	if err == nil {
		s.Close()
	}
}

// checkChild opens the store that a child left and looks for its changes.
func checkChild(t *testing.T, path string, acks []ack) {
	t.Helper()
	s, err := store.Open(context.Background(), path, childOptions)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Verify(context.Background()); err != nil {
		t.Error(err)
	}
	err = s.View(context.Background(), func(tx store.Tx) error {
		for _, a := range acks {
			if tx.Get("record", store.Key{}.Uint(a.w).Uint(a.n)) == nil {
				t.Errorf("change %d of writer %d was acknowledged and is lost", a.n, a.w)
			}
		}
		var all uint64
		for w := range uint64(childWriters) {
			count := uint64(0)
			for range tx.Scan("record", store.Prefix(store.Key{}.Uint(w))) {
				count++
			}
			if n := number(tx, fmt.Sprint(w)); n != count {
				t.Errorf("writer %d has %d records and counted %d", w, count, n)
			}
			all += count
		}
		if n := number(tx, "all"); n != all {
			t.Errorf("%d records, counted %d", all, n)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestSyncFails makes bringing data to disk fail at a later commit, by strace.
func TestSyncFails(t *testing.T) {
	t.Parallel()
	strace := tracer(t)
	path := filepath.Join(t.TempDir(), "store")
	checkChild(t, path, nil)
	// Every commit syncs twice, pages and then the page that names them.
	for _, when := range []string{"20+", "21+"} {
		cmd, lines := startChild(t, path, strace, "-f", "-o", os.DevNull,
			"-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when="+when)
		var acks []ack
		refused := 0
		for lines.Scan() {
			if a, ok := parseAck(lines.Text()); ok {
				acks = append(acks, a)
			} else if refused++; !strings.Contains(lines.Text(), store.ErrBroken.Error()) {
				t.Errorf("child says %q, want %v", lines.Text(), store.ErrBroken)
			}
		}
		_ = cmd.Wait()
		if len(acks) == 0 || refused != childWriters {
			t.Errorf("%d changes acknowledged and %d refused before the child ended", len(acks), refused)
		}
		checkChild(t, path, acks)
	}
}

// copyFile copies a file and changes it on the way.
func copyFile(t *testing.T, from, to string, change func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, change(b), 0o600); err != nil {
		t.Fatal(err)
	}
}
