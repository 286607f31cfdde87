package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// TestHeadroom: the heap may grow by about the same, however much is in use.
func TestHeadroom(t *testing.T) {
	for _, used := range []uint64{40 << 20, 100 << 20, 300 << 20, 450 << 20} {
		if grows := used * uint64(growth(used)) / 100; grows < headroom*9/10 || grows > headroom*12/10 {
			t.Errorf("%d MiB in use grow by %d MiB, want about %d", used>>20, grows>>20, headroom>>20)
		}
	}
	for _, tt := range []struct {
		used uint64
		want int
	}{{0, mostPercent}, {1 << 20, mostPercent}, {10 << 30, leastPercent}} {
		if got := growth(tt.used); got != tt.want {
			t.Errorf("growth(%d) = %d, want %d", tt.used, got, tt.want)
		}
	}
}

// TestPacer: a collection sets when the next one is, time and again.
func TestPacer(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	(&pacer{percent: 100}).pace()
	ballast := make([]byte, 3*headroom)
	sets := func(what string, ok func(percent int) bool) {
		t.Helper()
		for range 500 {
			runtime.GC()
			time.Sleep(10 * time.Millisecond) // the finalizer has a goroutine of its own
			if ok(percentNow()) {
				return
			}
		}
		t.Errorf("%s: the heap grows by %d %%", what, percentNow())
	}
	sets("much is in use", func(percent int) bool { return percent <= 40 })
	runtime.KeepAlive(ballast)
	sets("it is free again", func(percent int) bool { return percent > 60 })
}

func percentNow() int {
	p := debug.SetGCPercent(100)
	debug.SetGCPercent(p)
	return p
}
