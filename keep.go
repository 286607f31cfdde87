package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"signdesk/data/store"
)

// backup writes a consistent copy of the store to a new file, while others go
// on working.
func backup(ctx context.Context, s *service, args []string, io std) error {
	if len(args) != 1 {
		return errors.New("want the name of a new file: signdesk backup FILE")
	}
	path := args[0]
	if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("%s is there already", path)
	}
	if file, ok := s.kept.(*store.File); ok {
		if err := backupFile(ctx, file, path); err != nil {
			return err
		}
	} else if _, err := copyToFile(ctx, s.kept, path); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	fmt.Fprintf(io.out, "%s: %d KB. Keep the key with it, but not in the same place: without it the backup cannot be used.\n", path, info.Size()>>10)
	return nil
}

func backupFile(ctx context.Context, file *store.File, path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part-*") // of mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the rename
	if err := errors.Join(file.Backup(ctx, f), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

type restoreOptions struct{ replace bool }

func restoreFlags(fs *flag.FlagSet) any {
	o := &restoreOptions{}
	fs.BoolVar(&o.replace, "replace", false, "replace the store that is there")
	return o
}

// restore puts a backup in the place of the store. Nobody may have the store
// open.
func restore(ctx context.Context, cfg *Config, opts any, args []string, io std) error {
	if len(args) != 1 {
		return errors.New("want a file that backup wrote: signdesk restore FILE")
	}
	if isDatabase(cfg.Store) {
		return errors.New("a backup goes to a database that is empty: signdesk move FILE postgres://…")
	}
	if err := os.MkdirAll(cfg.dir(), dirMode); err != nil {
		return err
	}
	err := store.Restore(ctx, args[0], cfg.Store, opts.(*restoreOptions).replace, storeOptions())
	switch {
	case errors.Is(err, store.ErrLocked):
		return fmt.Errorf("%w; stop serve first", err)
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s is there already; -replace puts the backup in its place", cfg.Store)
	case err != nil:
		return err
	}
	fmt.Fprintf(io.out, "%s restored and verified\n", cfg.Store)
	return nil
}

// verify checks the store: structure, indexes, what the records must satisfy
// together, and the chain of audit events.
func verify(ctx context.Context, s *service, _ []string, io std) error {
	failed := false
	for _, check := range []struct {
		what string
		run  func() (string, error)
	}{
		{"structure and indexes", func() (string, error) { return "", s.kept.Verify(ctx) }},
		{"records", func() (string, error) { return "", s.platform.VerifyRecords(ctx) }},
		{"audit chain", func() (string, error) {
			n, err := s.platform.VerifyAudit(ctx)
			return fmt.Sprintf(", %d events", n), err
		}},
	} {
		note, err := check.run()
		if err != nil {
			failed = true
			fmt.Fprintf(io.out, "FAIL  %s: %v\n", check.what, err)
			continue
		}
		fmt.Fprintf(io.out, "ok    %s%s\n", check.what, note)
	}
	if failed {
		return errReported
	}
	return nil
}
