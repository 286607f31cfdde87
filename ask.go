package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"signdesk/bot"
	"signdesk/kb"
)

type askOptions struct {
	jsonl, why bool
}

func askFlags(fs *flag.FlagSet) any {
	o := &askOptions{}
	fs.BoolVar(&o.jsonl, "jsonl", false, `read lines {"id":"…","q":"…"} and write one result line for each, in order`)
	fs.BoolVar(&o.why, "why", false, "show what matched and how surely")
	return o
}

func ask(ctx context.Context, cfg *Config, opts any, args []string, io std) error {
	o := opts.(*askOptions)
	if !o.jsonl && len(args) == 0 {
		return errors.New(`want a question: signdesk ask "…", or -jsonl`)
	}
	base, err := openBase(ctx, cfg)
	if err != nil {
		return err
	}
	defer base.Close()
	recognise, err := openIntents(cfg, base)
	if err != nil {
		return err
	}
	if o.jsonl {
		return askLines(ctx, cfg, base, recognise, io)
	}
	d, err := base.Decide(ctx, strings.Join(args, " "))
	if err != nil {
		return err
	}
	fmt.Fprintln(io.out, bot.Compose(d, cfg.contact()).Text())
	if i := recognise(strings.Join(args, " "), d); i.Label != "" {
		fmt.Fprintf(io.out, "\nflow %s, start %t\n", i.Label, i.Start)
	}
	if o.why {
		fmt.Fprintln(io.out)
		writeWhy(io.out, d)
	}
	return nil
}

// maxLine bounds a line of -jsonl, in bytes.
const maxLine = 1 << 20

// batchLines is how many questions of -jsonl are worked on side by side before
// their answers are written.
const batchLines = 256

// A question is a line of -jsonl.
type question struct {
	ID string  `json:"id"`
	Q  *string `json:"q"`
}

// askLines answers lines of JSON in order. A line that is no JSON, or has no
// question, is an error of the caller and ends the run; the lines before it
// are answered.
func askLines(ctx context.Context, cfg *Config, base *kb.Live, recognise recogniser, io std) error {
	in := bufio.NewScanner(io.in)
	in.Buffer(nil, maxLine)
	out := bufio.NewWriter(io.out)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	no := 0
	for more := true; more; {
		var batch []question
		var bad error
		for more = in.Scan(); more; more = in.Scan() {
			no++
			line := bytes.TrimSpace(in.Bytes())
			if len(line) == 0 {
				continue
			}
			var q question
			if err := json.Unmarshal(line, &q); err != nil {
				bad = fmt.Errorf("line %d: %w", no, err)
			} else if q.Q == nil {
				bad = fmt.Errorf(`line %d: no "q"`, no)
			} else {
				batch = append(batch, q)
			}
			if bad != nil || len(batch) == batchLines {
				break
			}
		}
		records, err := askBatch(ctx, cfg, base, recognise, batch)
		if err != nil {
			return errors.Join(err, out.Flush())
		}
		for _, r := range records {
			if err := enc.Encode(r); err != nil {
				return err
			}
		}
		if bad != nil {
			return errors.Join(bad, out.Flush())
		}
	}
	return errors.Join(in.Err(), out.Flush())
}

// askBatch answers questions side by side, results in order.
func askBatch(ctx context.Context, cfg *Config, base *kb.Live, recognise recogniser, batch []question) ([]bot.Record, error) {
	records := make([]bot.Record, len(batch))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, q := range batch {
		g.Go(func() error {
			d, err := base.Decide(ctx, *q.Q)
			records[i] = bot.NewRecord(q.ID, bot.Compose(d, cfg.contact())).WithIntent(recognise(*q.Q, d))
			return err
		})
	}
	return records, g.Wait()
}

// writeWhy explains a decision.
func writeWhy(w io.Writer, d kb.Decision) {
	fmt.Fprintf(w, "decision   %s\n", d.Kind)
	fmt.Fprintf(w, "canonical  %s\n", d.Why.Canon)
	fmt.Fprintf(w, "concepts   %s\n", strings.Join(d.Why.Concepts, " "))
	fmt.Fprintf(w, "entry %.3f, outside %.3f, covered %.3f, nearest phrasing %.3f\n", d.Why.Entry, d.Why.Outside, d.Why.Covered, d.Why.Near)
	if d.Message != "" {
		fmt.Fprintf(w, "message    %s\n", d.Message)
	}
	for _, row := range d.Why.Rows {
		fmt.Fprintf(w, "%6.3f  %-24s", row.Sure, row.Name)
		for _, f := range row.Features {
			fmt.Fprintf(w, "  %s %.2f", f.Name, f.Value)
		}
		fmt.Fprintln(w)
	}
}
