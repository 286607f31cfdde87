package bench

import (
	"cmp"
	"context"
	"math"
	"sync/atomic"
	"time"
)

// Rounds are short, so that what else goes on is the same in all of one.
const (
	wantRounds = 5 // that count
	mostRounds = 16
	roundShare = 4      // of a measurement, in each round
	perSecond  = 20_000 // callbacks that are made beforehand, for each second
)

// A yard is one measurement of the yardsticks.
type yard struct{ bare64, bare256, batch64, noop64 result }

func (y *yard) all() []*result { return []*result{&y.bare64, &y.bare256, &y.batch64, &y.noop64} }

// A round is everything measured once, with yardsticks before and after.
type round struct {
	before, after                            yard
	widget64, widget256, wechat64, wechat256 result
	widgetCPU, wechatCPU                     float64 // of the server, in microseconds a message at few connections
}

// strays is by how much the yardsticks differ before and after.
func (r *round) strays() (worst float64) {
	for i, y := range r.before.all() {
		x, z := y.rate(), r.after.all()[i].rate()
		worst = max(worst, math.Abs(x-z)/max(x, z))
	}
	return worst
}

// mean is the rate of a yardstick over both of its measurements.
func (r *round) mean(of func(*yard) *result) float64 {
	return (of(&r.before).rate() + of(&r.after).rate()) / 2
}

func (b *bench) rates(ctx context.Context) error {
	s, err := b.serve(ctx, config{})
	if err != nil {
		return err
	}
	defer s.stop()
	ruler, err := openRuler(b.path("ruler.db"))
	if err != nil {
		return err
	}
	defer ruler.close()
	idle, err := openIdler()
	if err != nil {
		return err
	}
	defer idle.srv.Close()
	c := client(many)
	if r := closed(ctx, few, b.Share, b.messages(c, s.url, false, b.asks)); r.err != nil { // answers are known, the file has grown
		return r.err
	}
	var good, all []round
	for len(good) < wantRounds && len(all) < mostRounds {
		var r round
		if err := b.round(ctx, &r, s, ruler, idle); err != nil {
			return err
		}
		all = append(all, r)
		if r.strays() <= repeat {
			good = append(good, r)
		}
	}
	b.say("rates: in %d of %d rounds the yardsticks repeated within %.0f %%", len(good), len(all), repeat*100)
	if b.report.void = len(good) < wantRounds; b.report.void {
		good = all
	}
	b.tellRates(good)
	return nil
}

// round measures everything once.
func (b *bench) round(ctx context.Context, r *round, s *server, ruler *ruler, idle *idler) error {
	c, share := client(many), b.Share/roundShare
	defer c.CloseIdleConnections()
	yardsticks := func(y *yard) {
		y.bare64 = closed(ctx, few, share/2, ruler.commit)
		y.batch64 = closed(ctx, few, share/2, ruler.batch)
		y.bare256 = closed(ctx, many, share/2, ruler.commit)
		y.noop64 = closed(ctx, few, share/2, idle.post(c, b.tokens[0]))
	}
	wechat := func(conns int) (result, error) {
		list, platform, err := b.callbacks(s.url, int(share.Seconds()*perSecond)+conns)
		if err != nil {
			return result{}, err
		}
		var next atomic.Int64
		return closed(ctx, conns, share, pushes(c, list, platform, &next)), nil
	}
	yardsticks(&r.before)
	var err error
	r.widgetCPU, err = s.worked(func() (int, error) {
		r.widget64 = closed(ctx, few, share, b.messages(c, s.url, false, b.asks))
		return len(r.widget64.took), r.widget64.err
	})
	if err != nil {
		return err
	}
	r.wechatCPU, err = s.worked(func() (int, error) {
		r.wechat64, err = wechat(few)
		return len(r.wechat64.took), err
	})
	if err != nil {
		return err
	}
	r.widget256 = closed(ctx, many, share, b.messages(c, s.url, false, b.asks))
	if r.wechat256, err = wechat(many); err != nil {
		return err
	}
	yardsticks(&r.after)
	for _, x := range append(append(r.before.all(), r.after.all()...), &r.widget64, &r.widget256, &r.wechat64, &r.wechat256) {
		if x.err != nil {
			return x.err
		}
	}
	return ctx.Err()
}

// worked is the processor time that the server uses for each of what do does, in
// microseconds.
func (s *server) worked(do func() (int, error)) (float64, error) {
	before, err := s.cpu()
	if err != nil {
		return 0, err
	}
	n, err := do()
	if err != nil || n == 0 {
		return 0, cmp.Or(err, errFew)
	}
	after, err := s.cpu()
	return float64((after - before).Microseconds()) / float64(n), err
}

// tellRates puts the rounds into the report, each ratio as the median of the
// rounds'.
func (b *bench) tellRates(rounds []round) {
	of := func(f func(*round) float64) float64 {
		var list []float64
		for i := range rounds {
			list = append(list, f(&rounds[i]))
		}
		return median(list)
	}
	bare := func(r *round) float64 { return r.mean(func(y *yard) *result { return &y.bare64 }) }
	bare256 := func(r *round) float64 { return r.mean(func(y *yard) *result { return &y.bare256 }) }
	batch := func(r *round) float64 { return r.mean(func(y *yard) *result { return &y.batch64 }) }
	noop := func(r *round) float64 { return r.mean(func(y *yard) *result { return &y.noop64 }) }
	const name = "messages a second"
	rep := &b.report
	b.widget = of(func(r *round) float64 { return r.widget64.rate() })
	rep.tell(name, at("widget", few), "%.0f/s", b.widget)
	rep.tell(name, at("widget", many), "%.0f/s", of(func(r *round) float64 { return r.widget256.rate() }))
	rep.tell(name, at("WeChat", few), "%.0f/s", of(func(r *round) float64 { return r.wechat64.rate() }))
	rep.tell(name, at("WeChat", many), "%.0f/s", of(func(r *round) float64 { return r.wechat256.rate() }))
	rep.tell(name, at("bare committer", few), "%.0f/s", of(bare))
	rep.tell(name, at("bare committer", many), "%.0f/s", of(bare256))
	rep.tell(name, at("bbolt's Batch", few), "%.0f/s", of(batch))
	rep.tell(name, at("gin doing nothing", few), "%.0f/s", of(noop))
	rep.tell(name, at("server's processor time for a message, widget", few), "%.0f µs", of(func(r *round) float64 { return r.widgetCPU }))
	rep.tell(name, at("server's processor time for a message, WeChat", few), "%.0f µs", of(func(r *round) float64 { return r.wechatCPU }))
	const ratios = "as ratios"
	rep.want(ratios, at("widget / bare committer", few), "%.2f", of(func(r *round) float64 { return r.widget64.rate() / bare(r) }), atLeast(0.65))
	rep.want(ratios, at("widget / bare committer", many), "%.2f", of(func(r *round) float64 { return r.widget256.rate() / bare256(r) }), atLeast(0.50))
	rep.want(ratios, at("widget / bbolt's Batch", few), "%.2f", of(func(r *round) float64 { return r.widget64.rate() / batch(r) }), atLeast(1.8))
	rep.want(ratios, at("widget / gin doing nothing", few), "%.3f", of(func(r *round) float64 { return r.widget64.rate() / noop(r) }), atLeast(0.10))
	rep.want(ratios, at("WeChat / widget", few), "%.2f", of(func(r *round) float64 { return r.wechat64.rate() / r.widget64.rate() }), atLeast(0.80))
	rep.want(ratios, at("WeChat / widget", many), "%.2f", of(func(r *round) float64 { return r.wechat256.rate() / r.widget256.rate() }), atLeast(0.80))
	var widget, commits result
	for i := range rounds {
		widget.add(rounds[i].widget64)
		commits.add(rounds[i].before.bare64)
		commits.add(rounds[i].after.bare64)
	}
	const waits = "wait for the answer"
	rep.tell(waits, at("widget p50", few), "%.1f ms", widget.p(50))
	rep.tell(waits, at("widget p99", few), "%.1f ms", widget.p(99))
	rep.want(waits, at("widget p99 / bare committer's", few), "%.1f", widget.p(99)/commits.p(99), atMost(2.5))
}

// most measures what a server can do: messages a second.
func (b *bench) most(ctx context.Context, s *server, conns int, share time.Duration, fresh bool, asks [][]byte) (result, error) {
	c := client(conns)
	defer c.CloseIdleConnections()
	if r := closed(ctx, conns, share/4, b.messages(c, s.url, fresh, asks)); r.err != nil {
		return r, r.err
	}
	r := closed(ctx, conns, share, b.messages(c, s.url, fresh, asks))
	return r, r.err
}
