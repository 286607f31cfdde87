package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
	"signdesk/bot/transcript"
)

type replayOptions struct{ update bool }

func replayFlags(fs *flag.FlagSet) any {
	o := &replayOptions{}
	fs.BoolVar(&o.update, "update", false, "write what came out into the files")
	return o
}

// replay runs golden transcripts, each twice: the second time with the store
// closed and opened again before every turn.
func replay(ctx context.Context, cfg *Config, opts any, args []string, io std) error {
	if len(args) == 0 {
		return errors.New("want transcripts: signdesk replay FILE…")
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
	log := slog.New(slog.NewTextHandler(io.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	failed := 0
	for _, name := range args {
		script, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, reopen := range []bool{false, true} {
			got, err := replayOnce(ctx, cfg, script, reopen, "", func(ctx context.Context, open func(context.Context) (*service, error)) (*stage, error) {
				return newStage(ctx, cfg, base, recognise, log, botHooks{}, open)
			})
			switch {
			case err != nil:
				err = fmt.Errorf("%s: %w", name, err)
			case opts.(*replayOptions).update && !reopen:
				script = got
				err = os.WriteFile(name, got, 0o644)
			case string(got) != string(script):
				err = fmt.Errorf("%s (store reopened: %t):\n%s", name, reopen, difference(string(script), string(got)))
			}
			if err != nil {
				failed++
				fmt.Fprintf(io.out, "FAIL %v\n", err)
				break
			}
		}
	}
	fmt.Fprintf(io.out, "%d transcripts, %d failed\n", len(args), failed)
	if failed > 0 {
		return errReported
	}
	return nil
}

// replayOnce runs a transcript on a store of its own: a file, or the database at
// an address, which must be empty.
func replayOnce(ctx context.Context, cfg *Config, script []byte, reopen bool, database string,
	stageOn func(context.Context, func(context.Context) (*service, error)) (*stage, error)) (out []byte, err error) {
	dir, err := os.MkdirTemp("", "replay")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	own := *cfg
	own.Store = filepath.Join(dir, "store.db")
	if database != "" {
		own.Store, own.Secret = database, strings.Repeat("0", 2*platform.KeyLen)
	}
	clock := &stillClock{at: demo.Start}
	st, err := stageOn(ctx, func(ctx context.Context) (*service, error) { return openServiceAt(ctx, &own, clock.now) })
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, st.service.Close()) }()
	return transcript.Run(ctx, st, script, reopen)
}

// A stillClock is a real clock that stands still, so that a transcript has the
// same times each time.
type stillClock struct{ at time.Time }

func (c *stillClock) now() time.Time { return c.at }

// difference shows the first lines that are not the same.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		at := func(lines []string) string {
			if i < len(lines) {
				return lines[i]
			}
			return "(nothing)"
		}
		if at(w) != at(g) {
			return fmt.Sprintf("  line %d\n  want %s\n  got  %s", i+1, at(w), at(g))
		}
	}
	return ""
}
