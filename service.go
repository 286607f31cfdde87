package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
	"signdesk/bot"
	"signdesk/bot/desk"
	"signdesk/bot/learn"
	"signdesk/data"
	"signdesk/data/store"
)

// A service is the platform on its store. Its outside world is the
// demonstration's.
type service struct {
	cfg      *Config
	store    store.Store
	kept     keptStore // the same; nil if it is in memory
	process  string    // names this process among those that share the store
	platform *platform.Platform
	words    *platform.Words
	world    *demo.World
	clock    *demo.Clock
	told     *told
	payee    string // account number of reverse payments
	key      []byte // of the service's secrets
}

const (
	serviceTable = "service"
	secretFile   = "secret" // beside the store
	dirMode      = 0o700
	secretMode   = 0o600
)

var keyCheck = store.Key{}.Str("key-check")

// storeOptions declare what the store is to hold.
func storeOptions() store.Options {
	return store.Options{
		Tables:     slices.Concat(platform.Tables(), bot.Tables(), desk.Tables(), learn.Tables()),
		Migrations: slices.Concat(platform.Migrations(), bot.Migrations(), desk.Migrations(), learn.Migrations(), bot.LaterMigrations()),
	}
}

// openService opens the store, which it creates with the demonstration's
// records if it is not there. The caller closes it. The error is
// [store.ErrLocked] if another process has the file open.
func openService(ctx context.Context, cfg *Config) (*service, error) {
	return openServiceAt(ctx, cfg, time.Now)
}

// openServiceAt is openService with a clock of its own.
func openServiceAt(ctx context.Context, cfg *Config, now func() time.Time) (*service, error) {
	if err := os.MkdirAll(cfg.dir(), dirMode); err != nil {
		return nil, err
	}
	_, err := os.Stat(cfg.Store)
	key, err := serviceKey(cfg, errors.Is(err, fs.ErrNotExist))
	if err != nil {
		return nil, err
	}
	o := storeOptions()
	o.CommitWait = cfg.commitWait
	kept, err := openStore(ctx, cfg.Store, o)
	if err != nil {
		return nil, err
	}
	s, err := newService(ctx, cfg, kept, key, now)
	if err != nil {
		return nil, errors.Join(err, kept.Close())
	}
	s.kept = kept
	return s, nil
}

// openMemory returns a service that forgets everything in the end.
func openMemory(ctx context.Context, cfg *Config) (*service, error) {
	s, err := store.NewMemory(ctx, storeOptions())
	if err != nil {
		return nil, err
	}
	key := make([]byte, platform.KeyLen)
	rand.Read(key)
	return newService(ctx, cfg, s, key, time.Now)
}

func newService(ctx context.Context, cfg *Config, st store.Store, key []byte, now func() time.Time) (*service, error) {
	if err := checkKey(ctx, st, key); err != nil {
		return nil, err
	}
	s := &service{cfg: cfg, store: st, payee: cfg.PayeeAccount, key: key, process: rand.Text()}
	var err error
	if s.words, err = platform.ReadWords(data.Texts()); err != nil {
		return nil, err
	}
	if s.world, err = demo.Read(data.Demo()); err != nil {
		return nil, err
	}
	if s.clock, err = demo.OpenClock(ctx, st, now); err != nil {
		return nil, err
	}
	ports := s.world.Ports(st)
	below := ports
	if cfg.Demo != "on" && cfg.HooksSecrets != "" { // real systems tell
		below.Face, below.Carrier = nil, nil
	}
	if s.told, err = newTold(st, key, s.clock.Now, below); err != nil {
		return nil, err
	}
	ports.Face, ports.Carrier = s.told, s.told
	s.platform, err = platform.New(platform.Options{Store: st, Key: key, Ports: ports, Now: s.clock.Now, Words: s.words,
		Payee: platform.Payee{Name: cfg.PayeeName, Bank: cfg.PayeeBank, Branch: cfg.PayeeBranch, Account: cfg.PayeeAccount, CNAPS: cfg.PayeeCNAPS},
		Host:  cfg.LinkHost, LinkBase: cfg.linkBase, Brand: cfg.Brand, Hotline: cfg.Hotline, DrawAmount: demo.Amount})
	if err != nil {
		return nil, err
	}
	_, err = s.world.Load(ctx, s.platform)
	return s, err
}

// Close closes the store.
func (s *service) Close() error { return s.store.Close() }

// serviceKey returns the key of the platform's secrets: as configured, or from
// the file beside the store's. For a new store that file is made.
func serviceKey(cfg *Config, newStore bool) ([]byte, error) {
	if cfg.Secret != "" {
		return hex.DecodeString(cfg.Secret) // its form was checked
	}
	if isDatabase(cfg.Store) {
		return nil, errors.New("a store in a database needs its key in SIGNDESK_SECRET, the same for all replicas: openssl rand -hex 32 makes one")
	}
	path := filepath.Join(cfg.dir(), secretFile)
	raw, err := os.ReadFile(path)
	switch {
	case err == nil:
		if text := strings.TrimSpace(string(raw)); secretForm(text) == nil {
			return hex.DecodeString(text)
		}
		return nil, fmt.Errorf("%s is not a key of %d hexadecimal digits", path, 2*platform.KeyLen)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case !newStore:
		return nil, fmt.Errorf("the store %s is there, but not its key: set SIGNDESK_SECRET or bring back %s", cfg.Store, path)
	}
	key := make([]byte, platform.KeyLen)
	rand.Read(key)
	return key, os.WriteFile(path, []byte(hex.EncodeToString(key)+"\n"), secretMode)
}

// checkKey sees that the store was always used with this key.
func checkKey(ctx context.Context, st store.Store, key []byte) error {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("signdesk key check"))
	want := mac.Sum(nil)
	return st.Update(ctx, func(tx store.Tx) error {
		switch was := tx.Get(serviceTable, keyCheck); {
		case was == nil:
			return tx.Put(serviceTable, keyCheck, want)
		case !hmac.Equal(was, want):
			return errors.New("the store was written with another key: see SIGNDESK_SECRET")
		}
		return nil
	})
}

// How often the service looks for work, and how much it takes at once.
const (
	payInterval   = time.Second
	sweepInterval = 30 * time.Second
	workBatch     = 100
)

// shared tells whether other processes may work on the store.
func (s *service) shared() bool { return s.kept != nil && isDatabase(s.cfg.Store) }

// lead runs fn in one process at a time of those that share the store.
func (s *service) lead(ctx context.Context, name string, fn func(context.Context) error) error {
	if !s.shared() {
		return fn(ctx)
	}
	return store.Lead(ctx, s.store, name, s.process, fn)
}

// work pays out and ends what has run out, until ctx is done.
func (s *service) work(ctx context.Context, talks *bot.Bot, log *slog.Logger) error {
	pay, sweep := time.NewTicker(payInterval), time.NewTicker(sweepInterval)
	defer pay.Stop()
	defer sweep.Stop()
	s.catchUp(ctx, talks, log)
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-pay.C:
			_, err = s.platform.PayOut(ctx, workBatch)
		case <-sweep.C:
			s.catchUp(ctx, talks, log)
		}
		if err != nil && ctx.Err() == nil {
			log.Error("background work failed; it will be tried again", "err", err)
		}
	}
}

// catchUp ends what has run out, and reminds of what will.
func (s *service) catchUp(ctx context.Context, talks *bot.Bot, log *slog.Logger) {
	_, err := s.platform.Sweep(ctx, workBatch)
	if err == nil {
		_, err = talks.Sweep(ctx, workBatch)
	}
	if err == nil {
		err = s.told.sweep(ctx, workBatch)
	}
	if err != nil && ctx.Err() == nil {
		log.Error("background work failed; it will be tried again", "err", err)
	}
}

// A serviceCommand works on the service. It also runs inside a serving process,
// on behalf of another: paths among its arguments are relative to that one's
// directory, which is why inService makes them absolute.
type serviceCommand func(ctx context.Context, s *service, args []string, io std) error

// serviceCommands are those that a serving process runs for others.
var serviceCommands = map[string]serviceCommand{"platform": platformCommand, "backup": backup, "verify": verify, "outbox": outbox, "review": review, "forget": forget,
	"wechat": wechatCommand, "kb": kbCommand}

// inService runs a command on the store, or has it run by the process that has
// the store open.
func inService(name string) func(context.Context, *Config, any, []string, std) error {
	return func(ctx context.Context, cfg *Config, _ any, args []string, io std) error {
		if i, ok := map[string]int{"backup": 0, "review": 1, "kb": 1}[name]; ok && len(args) > i && args[i] != "pass" && args[i] != "reject" {
			path, err := filepath.Abs(args[i])
			if err != nil {
				return err
			}
			args = slices.Replace(slices.Clone(args), i, i+1, path)
		}
		s, err := openService(ctx, cfg)
		if errors.Is(err, store.ErrLocked) {
			return forward(ctx, controlPath(cfg), name, args, io)
		}
		if err != nil {
			return err
		}
		err = serviceCommands[name](ctx, s, args, io)
		return errors.Join(err, s.Close())
	}
}
