package query

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// A Tally adds up results. In-scope and out-of-scope cases are counted apart.
type Tally struct {
	In      int     // cases with an entry
	First   float64 // of them, right entry first (among choices: half)
	Shown   int     // of them, right entry among what is shown
	Asked   int     // of them, with a detail
	Detail  int     // of those, detail in the reply
	Out     int     // cases without an entry
	Known   int     // of them, answered as if known
	Offered int     // of them, answered or offered choices
}

// Add counts one case.
func (t *Tally) Add(c Case, r Result) {
	if len(c.Expect) == 0 {
		t.Out++
		switch r.Decision {
		case "answer":
			t.Known++
			t.Offered++
		case "choices":
			t.Offered++
		}
		return
	}
	t.In++
	t.First += c.First(r)
	if c.Shown(r) {
		t.Shown++
	}
	if len(c.Detail) > 0 {
		t.Asked++
		if c.HasDetail(r) {
			t.Detail++
		}
	}
}

// A Floor is what a base must reach; shares of 1.
type Floor struct {
	First, Shown, Detail float64 // at least
	Known, Offered       float64 // at most
}

// Below returns what t misses, as sentences.
func (f Floor) Below(t Tally) []string {
	var out []string
	check := func(name string, got, want float64, ok bool) {
		if !ok {
			out = append(out, fmt.Sprintf("%s is %.3f, the floor is %.3f", name, got, want))
		}
	}
	first, shown, detail := share(t.First, t.In), share(float64(t.Shown), t.In), share(float64(t.Detail), t.Asked)
	known, offered := share(float64(t.Known), t.Out), share(float64(t.Offered), t.Out)
	check("right entry first", first, f.First, t.In == 0 || first >= f.First)
	check("right entry shown", shown, f.Shown, t.In == 0 || shown >= f.Shown)
	check("detail in the reply", detail, f.Detail, t.Asked == 0 || detail >= f.Detail)
	check("out of scope answered", known, f.Known, t.Out == 0 || known <= f.Known)
	check("out of scope answered or offered", offered, f.Offered, t.Out == 0 || offered <= f.Offered)
	return out
}

func share(n float64, of int) float64 {
	if of == 0 {
		return 0
	}
	return n / float64(of)
}

// A Report is the tallies of one run.
type Report struct {
	Total   Tally
	ByKind  map[string]*Tally
	ByEntry map[string]*Tally // first expected entry; out-of-scope cases are not in it
	Misses  []Miss
}

// A Miss is a case that did not come out right.
type Miss struct {
	Case   Case
	Result Result
	Reason string
}

// Add counts one case.
func (r *Report) Add(c Case, res Result) {
	if r.ByKind == nil {
		r.ByKind, r.ByEntry = make(map[string]*Tally), make(map[string]*Tally)
	}
	r.Total.Add(c, res)
	tally(r.ByKind, c.Kind).Add(c, res)
	if len(c.Expect) > 0 {
		tally(r.ByEntry, c.Expect[0]).Add(c, res)
	}
	switch {
	case c.First(res) < 1:
		r.Misses = append(r.Misses, Miss{c, res, "first"})
	case len(c.Expect) > 0 && !c.HasDetail(res):
		r.Misses = append(r.Misses, Miss{c, res, "detail"})
	}
}

func tally(m map[string]*Tally, key string) *Tally {
	if m[key] == nil {
		m[key] = &Tally{}
	}
	return m[key]
}

// Write prints the report as tables.
func (r *Report) Write(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "\tquestions\tfirst\tshown\tdetail\tout of scope\tanswered\t+ offered\t")
	for _, k := range slices.Sorted(maps.Keys(r.ByKind)) {
		r.ByKind[k].row(tw, k)
	}
	for _, k := range slices.Sorted(maps.Keys(r.ByEntry)) {
		r.ByEntry[k].row(tw, k)
	}
	r.Total.row(tw, "all")
	return tw.Flush()
}

func (t *Tally) row(w io.Writer, name string) {
	fmt.Fprintf(w, "%s\t%s\t%s\t\n", name, t.inColumns(), t.outColumns())
}

func (t *Tally) inColumns() string {
	if t.In == 0 {
		return "\t\t\t"
	}
	detail := ""
	if t.Asked > 0 {
		detail = fmt.Sprintf("%.3f", share(float64(t.Detail), t.Asked))
	}
	return fmt.Sprintf("%d\t%.3f\t%.3f\t%s", t.In, share(t.First, t.In), share(float64(t.Shown), t.In), detail)
}

func (t *Tally) outColumns() string {
	if t.Out == 0 {
		return "\t\t"
	}
	return fmt.Sprintf("%d\t%.3f\t%.3f", t.Out, share(float64(t.Known), t.Out), share(float64(t.Offered), t.Out))
}
