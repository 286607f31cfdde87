package bench

import (
	"context"
	"fmt"
	"time"
)

// open measures latency while as much comes as it can take easily, whether or not
// it is through with what came before.
func (b *bench) open(ctx context.Context) error {
	const part, share = "wait at 30 % of what it can do, from when a message is due", 0.3
	s, err := b.serve(ctx, config{})
	if err != nil {
		return err
	}
	defer s.stop()
	top, err := b.most(ctx, s, few, b.Share, false, b.asks)
	if err != nil {
		return err
	}
	c := client(many)
	defer c.CloseIdleConnections()
	r := paced(ctx, many, 3*b.Share, share*top.rate(), b.messages(c, s.url, false, b.asks))
	if r.err != nil {
		return r.err
	}
	b.report.tell(part, "rate", "%.0f/s", r.rate())
	b.report.tell(part, "p50", "%.1f ms", r.p(50))
	b.report.want(part, "p99", "%.1f ms", r.p(99), atMost(10))
	return nil
}

// slow measures it with a wait at each commit, as disks have that are reached over
// a network.
func (b *bench) slow(ctx context.Context) error {
	const part = "slow disks"
	var own float64
	for _, d := range []time.Duration{0, 2 * time.Millisecond, 10 * time.Millisecond} {
		s, err := b.serve(ctx, config{args: []string{"-commit-wait", d.String()}})
		if err != nil {
			return err
		}
		r, err := b.most(ctx, s, few, b.Share, false, b.asks)
		s.stop()
		if err != nil {
			return err
		}
		switch d {
		case 0:
			own = r.rate()
		case 10 * time.Millisecond:
			b.report.want(part, "rate with +10 ms / without", "%.2f", r.rate()/own, atLeast(0.20))
			b.report.want(part, "p99 with +10 ms", "%.1f ms", r.p(99), atMost(60))
		default:
			b.report.tell(part, fmt.Sprintf("rate with +%v / without", d), "%.2f", r.rate()/own)
			b.report.tell(part, fmt.Sprintf("p99 with +%v", d), "%.1f ms", r.p(99))
		}
	}
	return nil
}

// start measures how long it takes from the start of the process until it says
// that it is ready; the store was used before.
func (b *bench) start(ctx context.Context) error {
	const starts = 5
	c := config{store: b.path("store") + "/store.db"}
	var list []float64
	for range starts + 1 {
		s, err := b.serve(ctx, c)
		if err != nil {
			return err
		}
		list = append(list, s.ready.Seconds()*1000)
		s.stop()
	}
	b.report.want("start", "until ready, 19 entries", "%.0f ms", median(list[1:]), atMost(150))
	return nil
}

// Names of metrics.
const heapMetric = "go_memstats_heap_alloc_bytes"

const mib = 1 << 20

// memory measures what an idle server holds, and what an open page costs it.
func (b *bench) memory(ctx context.Context) error {
	const part, pages, settle = "memory", 5000, time.Second
	s, err := b.serve(ctx, config{})
	if err != nil {
		return err
	}
	defer s.stop()
	time.Sleep(settle)
	idle, err := s.resident()
	if err != nil {
		return err
	}
	open, err := b.listen(ctx, s, pages)
	if err != nil {
		return err
	}
	defer open.close()
	time.Sleep(settle)
	full, err := s.resident()
	if err != nil {
		return err
	}
	b.report.want(part, "idle, resident", "%.0f MiB", idle/mib, atMost(60))
	b.report.want(part, fmt.Sprintf("of each of %d open pages", pages), "%.0f KiB", (full-idle)/pages/1024, atMost(32))
	return nil
}

const (
	// warmUp is how many shares it takes until two processes know what is in use.
	warmUp = 6
	// turns is how often one process and two are measured, by turns: while the store
	// grows, and other work comes and goes, only what was measured next to each other
	// can be compared.
	turns = 3
)

// postgres measures the engine on a database beside the file, and two processes on
// one database.
func (b *bench) postgres(ctx context.Context) error {
	const part = "PostgreSQL"
	file, err := b.serve(ctx, config{})
	if err != nil {
		return err
	}
	defer file.stop()
	var both [2]*server
	for i := range both {
		if both[i], err = b.serve(ctx, config{store: b.Postgres}); err != nil {
			return err
		}
		defer both[i].stop()
	}
	ours, err := b.most(ctx, file, few, b.Share, false, b.asks)
	if err != nil {
		return err
	}
	one, err := b.most(ctx, both[0], few, b.Share, false, b.asks)
	if err != nil {
		return err
	}
	c := client(few)
	defer c.CloseIdleConnections()
	to := []sender{b.messages(c, both[0].url, false, b.asks), b.messages(c, both[1].url, false, b.asks)}
	either := func(ctx context.Context, w, n int) error { return to[w%2](ctx, w, n) }
	for range warmUp { // a process that just started reads each conversation that it meets
		two := closed(ctx, few, b.Share, either)
		if two.err != nil {
			return two.err
		}
		b.say("two processes: %.0f/s", two.rate())
	}
	var ratios []float64
	for range turns {
		var rates [2]float64
		for i, send := range []sender{to[0], either} {
			if r := closed(ctx, few, b.Share/4, send); r.err != nil {
				return r.err
			}
			r := closed(ctx, few, b.Share, send)
			if r.err != nil {
				return r.err
			}
			rates[i] = r.rate()
		}
		b.say("one process: %.0f/s, two: %.0f/s", rates[0], rates[1])
		ratios = append(ratios, rates[1]/rates[0])
	}
	b.report.tell(part, at("widget", few), "%.0f/s", one.rate())
	b.report.want(part, "/ on a file", "%.2f", one.rate()/ours.rate(), atLeast(0.40))
	b.report.want(part, "two processes / one", "%.2f", median(ratios), atLeast(0.90))
	return nil
}
