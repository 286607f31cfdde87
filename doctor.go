package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"time"

	"signdesk/actions/platform/calendar"
	"signdesk/bot/wechat"
	"signdesk/data/store"
	"signdesk/data/store/postgres"
)

// calendarAhead is how long before the end of the known holidays doctor warns.
const calendarAhead = 60 * 24 * time.Hour

// doctor tells what is configured and what is missing. It fails if serve
// would. It changes nothing.
func doctor(ctx context.Context, cfg *Config, _ any, _ []string, io std) error {
	fmt.Fprintln(io.out, "configuration")
	if err := cfg.print(io.out); err != nil {
		return err
	}
	fmt.Fprintln(io.out, "\nwhat works")
	x := &examination{out: io.out}
	x.content(ctx, cfg)
	x.store(ctx, cfg)
	x.calendar(time.Now())
	x.address(cfg)
	x.eye(ctx, cfg)
	x.wechat(cfg)
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
	if x.failed {
		return errReported
	}
	return nil
}

// An examination writes what doctor finds.
type examination struct {
	out    io.Writer
	failed bool
}

func (x *examination) ok(format string, args ...any) {
	fmt.Fprintf(x.out, "  ok    "+format+"\n", args...)
}

func (x *examination) warn(what, todo string) {
	fmt.Fprintf(x.out, "  warn  %s\n        %s\n", what, todo)
}

func (x *examination) fail(what string, err error, todo string) {
	x.failed = true
	fmt.Fprintf(x.out, "  FAIL  %s: %v\n        %s\n", what, err, todo)
}

func (x *examination) content(ctx context.Context, cfg *Config) {
	start := time.Now()
	base, err := openBase(ctx, cfg)
	if err != nil {
		x.fail("content", err, "nothing can be answered until this is mended")
		return
	}
	defer base.Close()
	c := base.Content()
	x.ok("content %s: %d entries, %d topics, ready in %d ms", c.Hash[:12], len(c.Entries), len(c.Topics), time.Since(start).Milliseconds())
}

func (x *examination) store(ctx context.Context, cfg *Config) {
	if isDatabase(cfg.Store) {
		x.database(ctx, cfg)
		return
	}
	info, err := os.Stat(cfg.Store)
	if errors.Is(err, fs.ErrNotExist) {
		x.ok("store %s is not there yet: serve makes it, with demonstration data", cfg.Store)
		return
	}
	if err != nil {
		x.fail("store", err, "give another file with -store")
		return
	}
	s, err := openService(ctx, cfg)
	switch {
	case errors.Is(err, store.ErrLocked):
		x.ok("store %s is in use by a serving process", cfg.Store)
	case err != nil:
		x.fail("store", err, "serve cannot start; signdesk restore brings back a backup")
	default:
		defer s.Close()
		x.ok("store %s: %d KB, demonstration's time %s", cfg.Store, info.Size()>>10, local(s.clock.Now()))
	}
}

func (x *examination) database(ctx context.Context, cfg *Config) {
	shown := maskPassword(cfg.Store)
	r, err := postgres.Inspect(ctx, cfg.Store)
	if err != nil {
		x.fail("store "+shown, err, "serve cannot start; see SIGNDESK_STORE")
		return
	}
	if r.Fsync == "off" {
		x.warn("the database runs with fsync off", "a failure of its machine loses what was acknowledged")
	}
	if r.Standbys == "" {
		x.warn("the database has no synchronous standby", "if its disk is lost, what was acknowledged since the last backup is: see synchronous_standby_names")
	}
	if !r.There {
		x.ok("store %s is empty: serve fills it, with demonstration data", shown)
		return
	}
	s, err := openService(ctx, cfg)
	if err != nil {
		x.fail("store", err, "serve cannot start")
		return
	}
	defer s.Close()
	x.ok("store %s on %s, version %d, demonstration's time %s", shown, r.Server, r.Version, local(s.clock.Now()))
}

func (x *examination) calendar(now time.Time) {
	last := now.In(calendar.Shanghai).Year()
	for calendar.Known(last) {
		last++
	}
	end := time.Date(last, time.January, 1, 0, 0, 0, 0, calendar.Shanghai)
	known := fmt.Sprintf("holidays are known until the end of %d", last-1)
	if end.Sub(now) < calendarAhead {
		x.warn(known, "working days beyond cannot be counted: take a newer release once the next year's holidays are published")
		return
	}
	x.ok("%s", known)
}

func (x *examination) address(cfg *Config) {
	ln, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		x.fail("address", err, "serve cannot start; choose another with -addr")
		return
	}
	ln.Close()
	x.ok("address %s is free", cfg.Addr)
}

func (x *examination) eye(ctx context.Context, cfg *Config) {
	if openEye(ctx, cfg) != nil {
		x.ok("screenshots are read by %s", cfg.Tesseract)
		return
	}
	x.warn("screenshots are not read; people are asked to type", "install tesseract with simplified Chinese: apt-get install tesseract-ocr tesseract-ocr-chi-sim")
}

// wechat looks at the Official Account's settings; nobody is asked.
func (x *examination) wechat(cfg *Config) {
	w := cfg.Wechat
	if w.AppID == "" {
		return
	}
	o, err := wechatOptions(cfg)
	if err == nil {
		_, err = wechat.New(o)
	}
	if err != nil {
		x.fail("WeChat", err, "serve cannot start; copy the values from 设置与开发 → 基本配置 of the account")
		return
	}
	x.ok("WeChat account %s: callbacks at %s/wechat, mode %s", w.AppID, cfg.Public, w.Mode)
	if cfg.Public == "" {
		x.warn("SIGNDESK_PUBLIC is not set", "long answers on WeChat cannot link to the help center")
	}
	if w.Verified != "on" {
		x.warn("the account counts as not verified (认证): it only replies", "set SIGNDESK_WECHAT_VERIFIED=on if it may send customer-service messages")
	} else if w.Notice == "" {
		x.warn("who is beyond WeChat's 48 hours hears of nothing until he writes", "set SIGNDESK_WECHAT_NOTICE to a template of the account")
	}
	if wechat.Mode(w.Mode) == wechat.Plain {
		x.warn("WeChat callbacks come in plaintext", "set 安全模式 at WeChat and SIGNDESK_WECHAT_MODE=safe: the signature of plaintext does not cover what is said")
	}
}
