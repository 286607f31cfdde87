package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// startPercent is by how much the heap may grow before it is collected while a
	// command starts: it is small then, and mostly built once. That halves the time
	// of a start and costs some 20 MB.
	startPercent = 400
	// headroom is by how much it may grow once the server is up. As a share of what is
	// in use that would be too little while there are few visitors, and hundreds of
	// megabytes with thousands of open pages.
	headroom     = 128 << 20
	leastPercent = 25
	mostPercent  = 400
)

// collectLess has the heap be collected less often than usual.
func collectLess() { debug.SetGCPercent(startPercent) }

// settleMemory gives back what the start needed, and has the heap be collected after
// it has grown by headroom from now on.
func settleMemory() {
	debug.FreeOSMemory()
	_ = forgetProgram() // it stays, then
	(&pacer{percent: startPercent}).pace()
}

// A pacer sets after each collection when the next one is due. It is garbage itself,
// by which it knows.
type pacer struct {
	percent int
	samples []metrics.Sample
}

func (p *pacer) pace() {
	if p.samples == nil {
		p.samples = []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	}
	metrics.Read(p.samples)
	var used uint64
	for _, s := range p.samples {
		used += s.Value.Uint64()
	}
	if percent := growth(used); percent != p.percent {
		p.percent = percent
		debug.SetGCPercent(percent)
	}
	runtime.SetFinalizer(p, (*pacer).pace)
}

// growth is headroom as a percentage of what is in use, in steps of a tenth at most.
func growth(used uint64) int {
	percent := int(headroom * 100 / max(used, 1))
	for step := leastPercent; step < mostPercent; step += max(step/10, 1) {
		if percent <= step {
			return step
		}
	}
	return mostPercent
}
