// Package bench measures signdesk as it runs: it starts the command itself, sends
// it messages over loopback, and compares what came of them with yardsticks
// measured in the same run on the same cores.
//
// Only ratios mean something, and only within one run. A round whose yardsticks
// did not repeat within [repeat] before and after it is not counted. The package
// knows the interface of the web server and nothing of what is behind it; it keeps
// nothing, and removes what it wrote.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"signdesk/data/store"
)

// Options are what is measured, and how.
type Options struct {
	Exe       string        // the signdesk command
	Secret    string        // SIGNDESK_SECRET of the servers
	Token     func() string // of a new visitor, as servers with that secret give them out
	FAQ       fs.FS         // entries that every knowledge base has
	Questions []string      // what people ask
	Parts     []string      // names of the parts to run; nil for those that are quick
	Full      bool          // all parts, and the sizes that take long
	Share     time.Duration // of one measurement
	Postgres  string        // address of an empty database to measure as well; "" for none
	Out       io.Writer     // what is being done, as it goes

	// Open and Tables are how the store is opened and what it holds, to fill it.
	Open   func(ctx context.Context, path string) (store.Store, error)
	Tables []store.Table
}

// repeat is how far a yardstick may differ before and after a round.
const repeat = 0.15

// Sizes of what is measured.
const (
	visitors = 20_000 // who write, one after another
	few      = 64     // connections
	many     = 256
)

// A part measures one thing.
type part struct {
	name, about string
	long        bool // only with Full, or by name
	run         func(*bench, context.Context) error
}

func parts() []part {
	return []part{
		{"rates", "messages a second, beside yardsticks", false, (*bench).rates},
		{"open", "latency at 30 % of what it can do", false, (*bench).open},
		{"slow", "the same on slow disks", false, (*bench).slow},
		{"start", "time until it can be used", false, (*bench).start},
		{"memory", "idle, and with 5,000 open streams", false, (*bench).memory},
		{"entries", "larger knowledge bases", false, (*bench).entries},
		{"million", "a million conversations", true, (*bench).million},
		{"postgres", "the same on PostgreSQL, where one is given", false, (*bench).postgres},
	}
}

// Parts returns the names of the parts, with what they measure.
func Parts() (out []string) {
	for _, p := range parts() {
		out = append(out, p.name+": "+p.about)
	}
	return out
}

// A bench is one run.
type bench struct {
	Options
	dir    string // of everything that it writes
	n      int    // servers so far
	tokens []string
	asks   [][]byte // questions as JSON strings
	report Report
	widget float64 // messages a second at few connections, once measured
}

// Run measures. The report is there also if an error ended it early.
func Run(ctx context.Context, o Options) (*Report, error) {
	b := &bench{Options: o}
	for _, name := range o.Parts {
		if !slices.ContainsFunc(parts(), func(p part) bool { return p.name == name }) {
			return &b.report, fmt.Errorf("bench: no part %q; there are\n  %s", name, strings.Join(Parts(), "\n  "))
		}
	}
	var err error
	if b.dir, err = os.MkdirTemp("", "signdesk-bench-"); err != nil {
		return &b.report, err
	}
	defer os.RemoveAll(b.dir)
	for range visitors {
		b.tokens = append(b.tokens, o.Token())
	}
	for _, q := range o.Questions {
		b.asks = append(b.asks, quote(q))
	}
	for _, p := range parts() {
		wanted := slices.Contains(o.Parts, p.name) || len(o.Parts) == 0 && (o.Full || !p.long)
		if !wanted || p.name == "postgres" && o.Postgres == "" {
			continue
		}
		began := time.Now()
		if err := p.run(b, ctx); err != nil {
			return &b.report, fmt.Errorf("bench: %s: %w", p.name, err)
		}
		b.say("%s: done in %.0f s", p.name, time.Since(began).Seconds())
	}
	return &b.report, nil
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.Out, format+"\n", args...) }

// path is a new place for something.
func (b *bench) path(name string) string {
	b.n++
	return filepath.Join(b.dir, fmt.Sprintf("%d-%s", b.n, name))
}

// errFew says that something could not be measured often enough.
var errFew = errors.New("nothing was measured")
