package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
	"signdesk/data"
	"signdesk/data/store"
	"signdesk/kb"
	"signdesk/webhook/bench"
	"signdesk/webhook/visitor"
)

type benchOptions struct {
	full, assert   bool
	only, postgres string
	share          time.Duration
}

func benchFlags(fs *flag.FlagSet) any {
	o := &benchOptions{}
	fs.BoolVar(&o.full, "full", false, "also what takes long: a million conversations, 100,000 entries")
	fs.BoolVar(&o.assert, "assert", false, "fail if a goal is missed")
	fs.StringVar(&o.only, "only", "", "names of parts, with commas:\n"+strings.Join(bench.Parts(), "\n"))
	fs.StringVar(&o.postgres, "postgres", os.Getenv("SIGNDESK_BENCH_POSTGRES"), "address of an empty database, to measure that as well (SIGNDESK_BENCH_POSTGRES)")
	fs.DurationVar(&o.share, "share", 2*time.Second, "how long each measurement lasts")
	return o
}

// measure runs the benchmark: how fast this command is on this machine.
func measure(ctx context.Context, cfg *Config, opts any, _ []string, io std) error {
	o := opts.(*benchOptions)
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	secret := make([]byte, platform.KeyLen)
	rand.Read(secret)
	key, err := visitorKey(secret)
	if err != nil {
		return err
	}
	visitors, err := visitor.NewSigner(key)
	if err != nil {
		return err
	}
	content, err := kb.LoadContent(data.FAQ(), cfg.vars())
	if err != nil {
		return err
	}
	report, err := bench.Run(ctx, bench.Options{
		Exe: exe, Secret: hex.EncodeToString(secret), FAQ: data.FAQ(), Questions: askedOften(content), Parts: listed(o.only), Full: o.full, Share: o.share,
		Postgres: o.postgres, Out: io.err, Tables: storeOptions().Tables,
		Token: func() string { _, token := visitors.New(demo.Start); return token },
		Open: func(ctx context.Context, path string) (store.Store, error) {
			return store.Open(ctx, path, storeOptions())
		},
	})
	if err = errors.Join(err, report.Write(io.out)); err != nil {
		return err
	}
	if missed := report.Missed(); o.assert && len(missed) > 0 {
		fmt.Fprintf(io.err, "missed:\n  %s\n", strings.Join(missed, "\n  "))
		return errReported
	}
	return nil
}

// askedOften are questions as many people ask them: of each entry the first
// phrasings, and greetings.
func askedOften(c *kb.Content) (out []string) {
	const each = 2
	for _, e := range c.Entries {
		for _, p := range e.Parts {
			out = append(out, p.Phrasings[:min(each, len(p.Phrasings))]...)
		}
	}
	return append(out, "你好", "谢谢", "在吗")
}
