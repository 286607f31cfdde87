package bench

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// A Report is what a run found.
type Report struct {
	rows []row
	void bool // the yardsticks did not repeat
}

// A row is one figure, and what it should be.
type row struct {
	part, name string
	value      float64
	form       string // of the value
	goal       goal
}

// A goal is the least or the most that a value should be.
type goal struct {
	bound float64
	most  bool
}

func atLeast(v float64) goal { return goal{v, false} }
func atMost(v float64) goal  { return goal{v, true} }

func (g goal) met(v float64) bool {
	return g == goal{} || g.most && v <= g.bound || !g.most && v >= g.bound
}

func (g goal) String() string {
	switch {
	case g == goal{}:
		return ""
	case g.most:
		return fmt.Sprintf("<= %g", g.bound)
	}
	return fmt.Sprintf(">= %g", g.bound)
}

// tell adds a figure that has no goal.
func (r *Report) tell(part, name, form string, value float64) {
	r.want(part, name, form, value, goal{})
}

// want adds a figure that has one.
func (r *Report) want(part, name, form string, value float64, g goal) {
	r.rows = append(r.rows, row{part, name, value, form, g})
}

// Missed returns the figures that are not as they should be.
func (r *Report) Missed() (out []string) {
	for _, w := range r.rows {
		if !w.goal.met(w.value) {
			out = append(out, fmt.Sprintf("%s: %s: %s, want %s", w.part, w.name, fmt.Sprintf(w.form, w.value), w.goal))
		}
	}
	return out
}

// Void reports whether a yardstick did not repeat, so that the ratios to it mean
// little.
func (r *Report) Void() bool { return r.void }

// Write writes the report as a table.
func (r *Report) Write(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	part := ""
	for _, row := range r.rows {
		if row.part != part {
			part = row.part
			fmt.Fprintf(tw, "\n%s\n", part)
		}
		mark := ""
		if !row.goal.met(row.value) {
			mark = "missed"
		}
		fmt.Fprintf(tw, "  %s\t%s\t%s\t%s\n", row.name, fmt.Sprintf(row.form, row.value), row.goal, mark)
	}
	if r.void {
		fmt.Fprintf(tw, "\nvoid: the yardsticks did not repeat within %.0f %%; run it again where less else is going on\n", repeat*100)
	}
	return tw.Flush()
}

// median returns the middle value.
func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

// at is what a yardstick is called with how many connections.
func at(name string, conns int) string { return strings.TrimSpace(fmt.Sprintf("%s, %d", name, conns)) }
