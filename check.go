package main

import (
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"signdesk/bot"
	"signdesk/kb"
	"signdesk/kb/query"
)

type checkOptions struct {
	scripts string
	misses  bool
}

func checkFlags(set *flag.FlagSet) any {
	o := &checkOptions{}
	set.StringVar(&o.scripts, "scripts", "", "directory with question scripts (*.tsv) instead of the built-in ones")
	set.BoolVar(&o.misses, "misses", false, "list the questions of the tuning half that did not come out right")
	return o
}

// floor is what the shipped content must reach on either half of the scripts. It is raised
// when a release is better and never lowered to let one pass.
var floor = query.Floor{First: 0.92, Shown: 0.98, Detail: 0.96, Known: 0.05, Offered: 0.18}

func check(ctx context.Context, cfg *Config, opts any, args []string, io std) error {
	o := opts.(*checkOptions)
	start := time.Now()
	base, err := openBase(ctx, cfg)
	if err != nil {
		return err
	}
	defer base.Close()
	c := base.Content()
	parts, phrasings := 0, 0
	for _, e := range c.Entries {
		parts += len(e.Parts)
		for _, p := range e.Parts {
			phrasings += len(p.Phrasings)
		}
	}
	fmt.Fprintf(io.out, "content %s: %d entries, %d parts, %d phrasings, %d topics; ready in %d ms\n",
		c.Hash[:12], len(c.Entries), parts, phrasings, len(c.Topics), time.Since(start).Milliseconds())
	scripts, err := questions(o.scripts)
	if err != nil {
		return err
	}
	var halves [2]query.Report
	err = askAll(ctx, cfg, base, scripts, func(c query.Case, half int, r query.Result) { halves[half].Add(c, r) })
	if err != nil {
		return err
	}
	failed := false
	for i := range halves {
		if len(scripts) == 0 {
			break
		}
		fmt.Fprintf(io.out, "\n%s\n", halfNames[i])
		if err := halves[i].Write(io.out); err != nil {
			return err
		}
		if o.misses && i == tuningHalf {
			writeMisses(io.out, halves[i])
		}
		for _, msg := range floor.Below(halves[i].Total) {
			failed = true
			fmt.Fprintf(io.err, "%s: %s\n", halfNames[i], msg)
		}
	}
	if failed {
		return errReported
	}
	return nil
}

// The halves of the scripts. What is learnt from questions that went wrong comes
// from the tuning half alone; the held-out half tells whether it helps others.
const (
	tuningHalf = iota // odd lines
	heldOutHalf
)

var halfNames = [...]string{tuningHalf: "tuning half (odd lines)", heldOutHalf: "held-out half (even lines)"}

//go:embed kb/testdata/*.tsv
var shippedQuestions embed.FS

// questions reads the scripts of a directory; "" for the built-in ones.
func questions(dir string) (cases []query.Case, err error) {
	files := fs.FS(shippedQuestions)
	pattern := "kb/testdata/*.tsv"
	if dir != "" {
		files, pattern = os.DirFS(dir), "*.tsv"
	}
	names, err := fs.Glob(files, pattern)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		f, err := files.Open(name)
		if err != nil {
			return nil, err
		}
		list, err := query.Read(f, name)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		cases = append(cases, list...)
	}
	return cases, nil
}

// A decider answers questions.
type decider interface {
	Decide(ctx context.Context, utterance string) (kb.Decision, error)
}

// askAll asks all questions, several at once, and tells in their order what came of
// each and of which half it is.
func askAll(ctx context.Context, cfg *Config, base decider, cases []query.Case, each func(c query.Case, half int, r query.Result)) error {
	results := make([]query.Result, len(cases))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, c := range cases {
		g.Go(func() error {
			d, err := base.Decide(ctx, c.Utterance)
			if err != nil {
				return err
			}
			rec := bot.NewRecord("", bot.Compose(d, cfg.contact()))
			results[i] = query.Result{Decision: rec.Decision, Entries: rec.Entries, Part: rec.Part, Text: rec.Text}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, c := range cases {
		half := tuningHalf
		if c.Line%2 == 0 {
			half = heldOutHalf
		}
		each(c, half, results[i])
	}
	return nil
}

func writeMisses(w io.Writer, r query.Report) {
	for _, m := range r.Misses {
		want := strings.Join(m.Case.Expect, ",")
		if want == "" {
			want = "none"
		}
		fmt.Fprintf(w, "%-6s %-10s want %-6s got %s %s %s: %q", m.Reason, m.Case.Kind, want, m.Result.Decision,
			strings.Join(m.Result.Entries, ","), m.Result.Part, m.Case.Utterance)
		if m.Reason == "detail" {
			fmt.Fprintf(w, " lacks %v", m.Case.Detail)
		}
		fmt.Fprintln(w)
	}
}
