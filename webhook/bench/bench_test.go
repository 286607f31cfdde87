package bench

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestClosedCountsWhatWasSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int64
		r := closed(t.Context(), 4, 20*time.Millisecond, func(context.Context, int, int) error { sent.Add(1); time.Sleep(time.Millisecond); return nil })
		if r.err != nil || len(r.took) != 80 || sent.Load() != 80 || r.rate() != 4000 || r.p(50) != 1 || r.p(99) != 1 {
			t.Errorf("%d of %d sent, %.0f/s, p50 %f, p99 %f, %v", len(r.took), sent.Load(), r.rate(), r.p(50), r.p(99), r.err)
		}
	})
}

func TestSendingEndsWithTheFirstError(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	r := closed(t.Context(), 4, time.Hour, func(_ context.Context, w, n int) error {
		if w == 1 && n == 2 {
			return refused
		}
		return nil
	})
	if !errors.Is(r.err, refused) {
		t.Errorf("got %v", r.err)
	}
}

// What waits behind something slow is timed from when it was due.
func TestPacedTimesFromWhenItIsDue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := paced(t.Context(), 1, 60*time.Millisecond, 100, func(_ context.Context, _, n int) error {
			if n == 0 {
				time.Sleep(35 * time.Millisecond)
			}
			return nil
		})
		want := []time.Duration{0, 0, 5, 15, 25, 35}
		for i := range want {
			want[i] *= time.Millisecond
		}
		if !slices.Equal(r.took, want) {
			t.Errorf("took %v, want %v", r.took, want)
		}
	})
}

func TestGoals(t *testing.T) {
	t.Parallel()
	var r Report
	r.tell("a", "free", "%.0f", 1)
	r.want("a", "enough", "%.1f", 0.5, atLeast(0.5))
	r.want("a", "too little", "%.1f", 0.4, atLeast(0.5))
	r.want("b", "too much", "%.1f", 3, atMost(2.5))
	if got := r.Missed(); !slices.Equal(got, []string{"a: too little: 0.4, want >= 0.5", "b: too much: 3.0, want <= 2.5"}) {
		t.Errorf("missed %q", got)
	}
	var b bytes.Buffer
	if err := r.Write(&b); err != nil || strings.Count(b.String(), "missed") != 2 {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func TestRoundsWhoseYardsticksStray(t *testing.T) {
	t.Parallel()
	y := func(n int) yard {
		r := result{span: time.Second, took: make([]time.Duration, n)}
		return yard{r, r, r, r}
	}
	if r := (round{before: y(100), after: y(90)}); r.strays() > repeat {
		t.Errorf("strays by %f", r.strays())
	}
	if r := (round{before: y(100), after: y(80)}); r.strays() <= repeat {
		t.Errorf("strays by %f", r.strays())
	}
}

func TestYardsticksWork(t *testing.T) {
	t.Parallel()
	r, err := openRuler(filepath.Join(t.TempDir(), "ruler.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	if err := errors.Join(r.commit(t.Context(), 0, 0), r.batch(t.Context(), 0, 0)); err != nil {
		t.Error(err)
	}
	i, err := openIdler()
	if err != nil {
		t.Fatal(err)
	}
	defer i.srv.Close()
	if err := i.post(http.DefaultClient, "x")(t.Context(), 0, 0); err != nil {
		t.Error(err)
	}
}
