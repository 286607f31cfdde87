package faulttest

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// tool finds a program that the tests need; .ci/run installs it.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("needs %s: %v", name, err)
	}
	return path
}

// tracer is strace, where it may trace.
func tracer(t *testing.T) string {
	t.Helper()
	strace := tool(t, "strace")
	if out, err := exec.Command(strace, "-f", "true").CombinedOutput(); err != nil {
		t.Skipf("strace may not trace here: %v: %s", err, out)
	}
	return strace
}

// TestDiskFails has bringing data to disk, or writing, fail from some call on:
// nothing is acknowledged any more, readiness says so, what there is can be read,
// and texts that were sent are not sent again. After a restart all that was
// acknowledged is there, and what was in doubt is resolved by its id.
//
// Seen to fail: with the error of a commit not handed on.
func TestDiskFails(t *testing.T) {
	t.Parallel()
	r := random(t)
	faults := []string{"fdatasync", "pwrite64"}
	if long {
		for range 4 {
			faults = append(faults, faults[:2]...)
		}
	}
	for i, call := range faults {
		t.Run(fmt.Sprint(call, i), func(t *testing.T) {
			sms := newGateway(t)
			s := newServer(t, sms.env())
			start(t, s) // so that the store is there
			s.Stop()
			// strace counts the calls of each thread.
			s.Wrap = []string{tracer(t), "-f", "-o", os.DevNull, "-e", "trace=" + call, "-e", fmt.Sprintf("inject=%s:error=EIO:when=%d+", call, map[string]int{"fdatasync": 30, "pwrite64": 150}[call]+r.IntN(60))}
			start(t, s)
			c := talk(t, s, newWechat(t), logins[:4], 0)
			until(t, startWithin, "readiness fails", func() bool { status, _, _ := get(s, "/readyz"); return status == http.StatusServiceUnavailable })
			time.Sleep(100 * time.Millisecond) // answers that were on their way
			if n := stays(t, s, "broken"); n > 0 {
				t.Errorf("%d messages were acknowledged after the disk failed", n)
			}
			s.Kill()
			s.Wrap = nil
			start(t, s)
			c.finish()
			until(t, 20*time.Second, "texts are sent", func() bool { return len(CheckNotices(c.owed, sms.taken(), 4)) == 0 })
			c.judge(t.Context(), 1)
			problems(t, "texts", CheckNotices(c.owed, sms.taken(), 4)) // those on their way when the disk failed
			sound(t, s)
			acked, tries := c.counts()
			t.Logf("%d messages acknowledged in %d tries", acked, tries)
		})
	}
}

// stays sees for a while that what can be read is what was acknowledged, that the
// rest is refused in the documented way, and that there is something to read. It
// returns how many messages were acknowledged: a full disk still takes what fits
// into the file as it is, a broken one nothing.
func stays(t *testing.T, s *Server, name string) (acked int) {
	t.Helper()
	v := NewVisitor("http://"+s.Addr, name)
	if err := v.Hello(t.Context()); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(2500 * time.Millisecond); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		m := Sent{ID: fmt.Sprintf("%s-%06d", v.Name, v.Tries), Text: "你好"}
		seq, status, err := v.Try(t.Context(), m.ID, m.Text)
		if err != nil || status != http.StatusServiceUnavailable && status != http.StatusAccepted {
			t.Errorf("a message is answered with %d, %v; want %d", status, err, http.StatusServiceUnavailable)
		}
		if status == http.StatusAccepted {
			acked++
			m.Acked, m.Seq = true, seq
			v.Sent = append(v.Sent, m)
		}
		history, err := v.History(t.Context())
		if err != nil {
			t.Error(err)
		}
		problems(t, v.Name, CheckTalk(v.Sent, history))
		for path, want := range map[string]int{"/healthz": 200, "/help": 200} {
			if status, _, _ := get(s, path); status != want {
				t.Errorf("%s is answered with %d, want %d", path, status, want)
			}
		}
	}
	return acked
}

// TestDiskFull fills the disk and frees it: while it is full nothing is
// acknowledged, all can be read, and texts that were sent are not sent again; then
// it goes on by itself.
//
// Seen to fail: with what was sent and cannot be noted forgotten (texts came again
// every second).
func TestDiskFull(t *testing.T) {
	t.Parallel()
	sms := newGateway(t)
	s := newServer(t, sms.env())
	disk := filepath.Join(s.Dir, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	s.Env["SIGNDESK_STORE"] = filepath.Join(disk, "store.db")
	// A disk of its own, which is mounted for the process only.
	unshare := []string{tool(t, "unshare"), "--user", "--map-root-user", "--mount", "sh", "-c", `mount -t tmpfs -o size=24m tmpfs "$0" && exec "$@"`, disk}
	if out, err := exec.Command(unshare[0], append(unshare[1:], "true")...).CombinedOutput(); err != nil {
		t.Skipf("a disk cannot be mounted here: %v: %s", err, out)
	}
	s.Wrap = unshare
	start(t, s)
	pid, err := s.Pid()
	if err != nil {
		t.Fatal(err)
	}
	disk = filepath.Join(fmt.Sprintf("/proc/%d/root", pid), disk)
	c := talk(t, s, newWechat(t), logins[:8], 0)
	for round := range 3 {
		time.Sleep(300 * time.Millisecond)
		fill(t, filepath.Join(disk, "other"))
		v := NewVisitor("http://"+s.Addr, fmt.Sprint("full-", round))
		if err := v.Hello(t.Context()); err != nil {
			t.Fatal(err)
		}
		until(t, startWithin, "the disk is full", func() bool { _, status, _ := v.Try(t.Context(), "is-it-full-now", "你好"); return status == 503 })
		t.Logf("round %d: %d small messages still fit into the file", round, stays(t, s, fmt.Sprint("stays-", round)))
		if status, _, _ := get(s, "/readyz"); status != http.StatusOK {
			t.Errorf("readiness of a full disk is %d: what there is can be read", status)
		}
		if err := os.Remove(filepath.Join(disk, "other")); err != nil {
			t.Fatal(err)
		}
		freed := time.Now()
		until(t, 5*time.Second, "it goes on", func() bool { _, status, _ := v.Try(t.Context(), "goes-on-again", "你好"); return status == 202 })
		t.Logf("round %d: it goes on %v after the disk was freed", round, time.Since(freed).Round(time.Millisecond))
	}
	c.finish()
	until(t, 20*time.Second, "texts are sent", func() bool { return len(CheckNotices(c.owed, sms.taken(), 0)) == 0 })
	c.judge(t.Context(), 0)
	problems(t, "texts", CheckNotices(c.owed, sms.taken(), 0))
	// The disk goes with the process: its file is copied while nobody writes.
	raw, err := os.ReadFile(filepath.Join(disk, "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	s.Kill()
	s.Env["SIGNDESK_STORE"] = filepath.Join(s.Dir, "copy.db")
	if err := os.WriteFile(s.Env["SIGNDESK_STORE"], raw, 0o600); err != nil {
		t.Fatal(err)
	}
	sound(t, s)
}

// fill writes a file until the disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 64 << 10; size > 0; {
		if _, err = f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 4
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
