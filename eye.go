package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"sync"
	"text/tabwriter"

	"golang.org/x/sync/errgroup"

	"signdesk/bot"
	"signdesk/bot/ocr"
	"signdesk/bot/ocr/screens"
	"signdesk/kb"
)

// openEye returns who reads pictures, nil if nobody can.
func openEye(ctx context.Context, cfg *Config) ocr.Reader {
	if cfg.Tesseract == "off" {
		return nil
	}
	t, err := ocr.NewTesseract(ctx, cfg.Tesseract)
	if err != nil {
		return nil
	}
	return ocr.NewDesk(t)
}

type screenOptions struct {
	dir    string
	misses bool
}

func screenFlags(fs *flag.FlagSet) any {
	o := &screenOptions{}
	fs.StringVar(&o.dir, "dir", "bot/ocr/testdata/screens", "directory with screens.tsv and the pictures")
	fs.BoolVar(&o.misses, "misses", false, "list what went wrong")
	return o
}

// Bars of the screenshot set: the share whose entry must come first.
const (
	barClean   = 0.95
	barSpoiled = 0.85
)

// screenshots reads a set of screenshots, clean and spoiled, and tells how often
// the right entry comes first. It fails below the bars.
func screenshots(ctx context.Context, cfg *Config, opts any, _ []string, io std) error {
	o := opts.(*screenOptions)
	eye, err := ocr.NewTesseract(ctx, cfg.Tesseract)
	if err != nil {
		return fmt.Errorf("%w: apt-get install tesseract-ocr tesseract-ocr-chi-sim", err)
	}
	base, err := openBase(ctx, cfg)
	if err != nil {
		return err
	}
	defer base.Close()
	set, err := screens.Load(o.dir)
	if err != nil {
		return err
	}
	report, err := readScreens(ctx, base, eye, set, func(int, screens.Kind) bool { return true })
	if err != nil {
		return err
	}
	if err := report.print(io, o.misses); err != nil {
		return err
	}
	if report.share(screens.Clean) < barClean || report.spoiled() < barSpoiled {
		return errors.New("below the bars")
	}
	return nil
}

// A screenReport counts, by kind of picture, how many came out right.
type screenReport struct {
	mu     sync.Mutex
	all    map[screens.Kind]int
	right  map[screens.Kind]int
	misses []string
}

// readScreens looks at the screens, each in the ways that are wanted.
func readScreens(ctx context.Context, base *kb.Live, eye ocr.Reader, set []screens.Screen, wanted func(i int, k screens.Kind) bool) (*screenReport, error) {
	r := &screenReport{all: make(map[screens.Kind]int), right: make(map[screens.Kind]int)}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, s := range set {
		for _, kind := range screens.Kinds() {
			if !wanted(i, kind) {
				continue
			}
			g.Go(func() error {
				picture, err := s.Picture(kind)
				if err != nil {
					return err
				}
				var lines []string
				seen, err := bot.Look(ctx, base, func(pass int) ([]string, error) {
					read, err := eye.Read(ctx, picture, pass)
					lines = append(lines, read...)
					return read, err
				})
				if err != nil {
					return fmt.Errorf("%s %s: %w", s.Name, kind, err)
				}
				r.note(s, kind, seen, lines)
				return nil
			})
		}
	}
	return r, g.Wait()
}

func (r *screenReport) note(s screens.Screen, kind screens.Kind, seen bot.Sight, lines []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all[kind]++
	got := "nothing"
	if d := seen.Decision; (d.Kind == kb.Answer || d.Kind == kb.Choices) && len(d.Hits) > 0 {
		got = string(d.Hits[0].Entry.ID)
	}
	if got == s.Entry {
		r.right[kind]++
		return
	}
	r.misses = append(r.misses, fmt.Sprintf("%s %s: %s instead of %s by %q of %q", s.Name, kind, got, s.Entry, seen.Text, lines))
}

func (r *screenReport) share(k screens.Kind) float64 {
	return float64(r.right[k]) / float64(max(1, r.all[k]))
}

// spoiled is the share of all kinds but the clean one.
func (r *screenReport) spoiled() float64 {
	right, all := 0, 0
	for _, k := range screens.Kinds() {
		if k != screens.Clean {
			right, all = right+r.right[k], all+r.all[k]
		}
	}
	return float64(right) / float64(max(1, all))
}

func (r *screenReport) print(io std, misses bool) error {
	tw := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	for _, k := range screens.Kinds() {
		fmt.Fprintf(tw, "%s\t%d of %d\t%.3f\n", k, r.right[k], r.all[k], r.share(k))
	}
	fmt.Fprintf(tw, "all spoiled\t\t%.3f\n", r.spoiled())
	if misses {
		for _, m := range r.misses {
			fmt.Fprintln(tw, m)
		}
	}
	return tw.Flush()
}
