package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"signdesk/data/store"
	"signdesk/data/store/postgres"
)

// A keptStore is a store that outlives the process.
type keptStore interface {
	store.Store
	Verify(context.Context) error
}

const defaultStore = "signdesk-data/store.db"

// isDatabase tells the address of a database from the name of a file.
func isDatabase(place string) bool {
	return strings.HasPrefix(place, "postgres://") || strings.HasPrefix(place, "postgresql://")
}

// storeAddress checks SIGNDESK_STORE.
func storeAddress(s string) error {
	if isDatabase(s) {
		return postgres.Check(s)
	}
	return notEmpty(s)
}

// maskPassword returns a place as it may be shown. An address that names several
// hosts with ports is none to net/url, so the password is cut out by hand.
func maskPassword(place string) string {
	if !isDatabase(place) {
		return place
	}
	scheme, rest, _ := strings.Cut(place, "://")
	rest, query, _ := strings.Cut(rest, "?")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user, _, _ := strings.Cut(rest[:at], ":")
		rest = user + rest[at:]
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		values = nil
	}
	values.Del("password")
	values.Del("sslpassword")
	if len(values) == 0 {
		return scheme + "://" + rest
	}
	return scheme + "://" + rest + "?" + values.Encode()
}

// dir is where the files beside the store are.
func (c *Config) dir() string {
	if isDatabase(c.Store) {
		return filepath.Dir(defaultStore)
	}
	return filepath.Dir(c.Store)
}

// openStore opens the store at a place.
func openStore(ctx context.Context, place string, o store.Options) (keptStore, error) {
	if isDatabase(place) {
		return nonNil(postgres.Open(ctx, place, postgres.Options{Options: o}))
	}
	return nonNil(store.Open(ctx, place, o))
}

// nonNil keeps a nil pointer from becoming a store.
func nonNil[S keptStore](s S, err error) (keptStore, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// move copies a store to another place, which must be empty, and verifies the
// copy. Nobody may serve from either.
func move(ctx context.Context, cfg *Config, _ any, args []string, io std) (err error) {
	if len(args) != 2 {
		return errors.New("want two places, each a file or postgres://…: signdesk move FROM TO")
	}
	there := *cfg
	there.Store = args[0]
	if _, err := os.Stat(args[0]); !isDatabase(args[0]) && err != nil {
		return err
	}
	from, err := openStore(ctx, args[0], storeOptions())
	if errors.Is(err, store.ErrLocked) {
		return fmt.Errorf("%w; stop serve first", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	var counts []store.TableCount
	if isDatabase(args[1]) {
		counts, err = copyToDatabase(ctx, from, args[1])
	} else {
		counts, err = copyToFile(ctx, from, args[1])
	}
	if err != nil {
		return err
	}
	keys := 0
	for _, n := range counts {
		fmt.Fprintf(io.out, "%10d  %s\n", n.Keys, n.Name)
		keys += n.Keys
	}
	fmt.Fprintf(io.out, "%10d  in all, read back and the same\n", keys)
	return verifyMoved(ctx, &there, args[1], io)
}

// copyToFile copies a store to a file that is not there. It gets its name when it
// is whole.
func copyToFile(ctx context.Context, from store.Store, path string) ([]store.TableCount, error) {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is there already", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part-*") // of mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name()) // fails after the rename
	if err := f.Close(); err != nil {
		return nil, err
	}
	to, err := store.Open(ctx, f.Name(), store.Options{})
	if err != nil {
		return nil, err
	}
	counts, err := store.Copy(ctx, from, to)
	if err := errors.Join(err, to.Close()); err != nil {
		return nil, err
	}
	return counts, os.Rename(f.Name(), path)
}

func copyToDatabase(ctx context.Context, from store.Store, dsn string) ([]store.TableCount, error) {
	to, err := postgres.Open(ctx, dsn, postgres.Options{})
	if errors.Is(err, store.ErrNewer) {
		return nil, fmt.Errorf("%w: %w", store.ErrNotEmpty, err)
	}
	if err != nil {
		return nil, err
	}
	counts, err := store.Copy(ctx, from, to)
	return counts, errors.Join(err, to.Close())
}

// verifyMoved does on the copy what verify does. from is the configuration of the
// original, whose key it was written with.
func verifyMoved(ctx context.Context, from *Config, place string, io std) (err error) {
	key, err := serviceKey(from, false)
	if err != nil {
		return err
	}
	kept, err := openStore(ctx, place, storeOptions())
	if err != nil {
		return err
	}
	s, err := newService(ctx, from, kept, key, time.Now)
	if err != nil {
		return errors.Join(err, kept.Close())
	}
	s.kept = kept
	if err := errors.Join(verify(ctx, s, nil, io), s.Close()); err != nil {
		return err
	}
	if from.Secret == "" {
		fmt.Fprintf(io.out, "The key stays in %s: a store in a database needs it in SIGNDESK_SECRET, another file beside it.\n", filepath.Join(from.dir(), secretFile))
	}
	return nil
}
