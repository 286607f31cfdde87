package webhook

import (
	"net"
	"net/http"
	"testing"
)

// TestCrowd: who is silent for longest makes room, who is busy does not.
func TestCrowd(t *testing.T) {
	t.Parallel()
	c := NewCrowd(3)
	conns := make([]net.Conn, 6)
	for i := range conns {
		conns[i], _ = net.Pipe()
	}
	note := func(i int, s http.ConnState, leaves int) {
		t.Helper()
		var want net.Conn
		if leaves >= 0 {
			want = conns[leaves]
		}
		if got := c.note(conns[i], s); got != want {
			t.Errorf("connection %d becomes %v: %v leaves, want %v", i, s, got, want)
		}
	}
	const nobody = -1
	note(0, http.StateNew, nobody)
	note(1, http.StateNew, nobody)
	note(2, http.StateNew, nobody)
	note(0, http.StateActive, nobody)
	note(3, http.StateNew, 1) // 0 is busy
	note(1, http.StateClosed, nobody)
	note(0, http.StateIdle, nobody)
	note(4, http.StateNew, 2) // 0 has just spoken
	note(0, http.StateActive, nobody)
	note(3, http.StateActive, nobody)
	note(4, http.StateActive, nobody)
	note(5, http.StateNew, 5) // all are busy
	note(5, http.StateClosed, nobody)
	note(3, http.StateClosed, nobody)
	note(5, http.StateNew, nobody)
	if len(c.open) != 3 || c.silent.Len() != 1 {
		t.Errorf("%d are open and %d of them silent, want 3 and 1", len(c.open), c.silent.Len())
	}
}
