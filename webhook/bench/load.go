package bench

import (
	"context"
	"slices"
	"sync"
	"time"
)

// A result is what came of sending for a while.
type result struct {
	span time.Duration
	took []time.Duration // of each, the shortest first
	err  error           // the first one; all is void then
}

func (r *result) rate() float64 {
	if r.span == 0 {
		return 0
	}
	return float64(len(r.took)) / r.span.Seconds()
}

// p returns a percentile, in milliseconds.
func (r *result) p(percent int) float64 {
	if len(r.took) == 0 {
		return 0
	}
	return r.took[min(len(r.took)-1, len(r.took)*percent/100)].Seconds() * 1000
}

// add takes in another result of the same kind.
func (r *result) add(o result) {
	r.span += o.span
	r.took = append(r.took, o.took...)
	slices.Sort(r.took)
}

// A sender sends one thing; w numbers who sends, n what he sends.
type sender func(ctx context.Context, w, n int) error

// closed has workers send one after another for a while.
func closed(ctx context.Context, workers int, share time.Duration, send sender) result {
	return spread(ctx, workers, func(w, n int, began time.Time) (due time.Time, ok bool) {
		now := time.Now()
		return now, now.Sub(began) < share
	}, send)
}

// paced has so many a second sent, whether or not the earlier ones are through:
// each is timed from when it was due.
func paced(ctx context.Context, workers int, share time.Duration, rate float64, send sender) result {
	return spread(ctx, workers, func(w, n int, began time.Time) (due time.Time, ok bool) {
		after := time.Duration(float64(n*workers+w) / rate * float64(time.Second))
		due = began.Add(after)
		time.Sleep(time.Until(due))
		return due, after < share
	}, send)
}

// spread runs workers until next says that it is over.
func spread(ctx context.Context, workers int, next func(w, n int, began time.Time) (due time.Time, ok bool), send sender) result {
	var mu sync.Mutex
	var r result
	var g sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began := time.Now()
	for w := range workers {
		g.Go(func() {
			var took []time.Duration
			var err error
			for n := 0; ctx.Err() == nil; n++ {
				due, ok := next(w, n, began)
				if !ok {
					break
				}
				if err = send(ctx, w, n); err != nil {
					cancel()
					break
				}
				took = append(took, time.Since(due))
			}
			mu.Lock()
			defer mu.Unlock()
			r.took = append(r.took, took...)
			if r.err == nil {
				r.err = err
			}
		})
	}
	g.Wait()
	r.span = time.Since(began)
	slices.Sort(r.took)
	return r
}
