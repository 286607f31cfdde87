package main

import (
	"context"
	"fmt"
	"net"
	"time"
)

// doctor tells what is configured and what is missing. It fails if serve
// would.
func doctor(ctx context.Context, cfg *Config, _ any, _ []string, io std) error {
	fmt.Fprintln(io.out, "configuration")
	if err := cfg.print(io.out); err != nil {
		return err
	}
	fmt.Fprintln(io.out, "\nwhat works")
	failed := false
	start := time.Now()
	base, err := openBase(ctx, cfg)
	if err != nil {
		failed = true
		fmt.Fprintf(io.out, "  FAIL  content: %v\n        nothing can be answered until this is mended\n", err)
	} else {
		defer base.Close()
		c := base.Content()
		fmt.Fprintf(io.out, "  ok    content %s: %d entries, %d topics, ready in %d ms\n",
			c.Hash[:12], len(c.Entries), len(c.Topics), time.Since(start).Milliseconds())
	}
	if ln, err := net.Listen("tcp", cfg.Addr); err != nil {
		failed = true
		fmt.Fprintf(io.out, "  FAIL  address: %v\n        serve cannot start; choose another with -addr\n", err)
	} else {
		ln.Close()
		fmt.Fprintf(io.out, "  ok    address %s is free\n", cfg.Addr)
	}
	fmt.Fprintln(io.out, "\nwhat is missing, and what that costs")
	none := true
	for _, s := range cfg.settings {
		if *s.into == "" && s.missing != "" {
			none = false
			fmt.Fprintf(io.out, "  %s: %s\n", s.env, s.missing)
		}
	}
	if none {
		fmt.Fprintln(io.out, "  nothing")
	}
	if failed {
		return errReported
	}
	return nil
}
