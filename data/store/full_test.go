package store_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"signdesk/data/store"
)

// TestNoRoom has writes find no room now and then, pages and the page that names
// them alike: what was acknowledged is there, what was refused is not, and the store
// goes on by itself.
//
// Seen to fail: with such a failure taken for success.
func TestNoRoom(t *testing.T) {
	t.Parallel()
	strace := tracer(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 3 {
		path := filepath.Join(t.TempDir(), "store")
		checkChild(t, path, nil)
		when := fmt.Sprintf("%d+%d", 10+r.IntN(40), 30+r.IntN(60))
		cmd, lines := startChild(t, path, strace, "-f", "-o", os.DevNull, "-e", "trace=pwrite64", "-e", "inject=pwrite64:error=ENOSPC:when="+when)
		var acks []ack
		refused, after := 0, 0
		for n := 0; after < 100 && n < 5000 && lines.Scan(); n++ {
			if a, ok := parseAck(lines.Text()); ok {
				acks = append(acks, a)
				if refused > 5*childWriters {
					after++ // it went on
				}
				continue
			}
			if refused++; !strings.Contains(lines.Text(), store.ErrFull.Error()) {
				t.Fatalf("when %s: child says %q, want %v", when, lines.Text(), store.ErrFull)
			}
		}
		if after < 100 {
			t.Errorf("when %s: %d changes acknowledged after %d were refused", when, after, refused)
		}
		stopChild(t, cmd, lines, &acks)
		checkChild(t, path, acks)
		next := make(map[uint64]uint64)
		for _, a := range acks { // each writer counts what is kept
			if next[a.w]++; a.n != next[a.w] {
				t.Fatalf("when %s: change %d of writer %d came after %d: a refused one was kept", when, a.n, a.w, next[a.w]-1)
			}
		}
	}
}

// tracer is strace, where it may trace.
func tracer(t *testing.T) string {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Fatal("needs strace: ", err)
	}
	if out, err := exec.Command(strace, "-f", "true").CombinedOutput(); err != nil {
		t.Skipf("strace may not trace here: %v: %s", err, out)
	}
	return strace
}
