package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// train stores the classifier of a content directory, so that a start need not
// train it. It writes a new file and renames it: a reader never sees half.
func train(ctx context.Context, cfg *Config, _ any, _ []string, io std) error {
	if cfg.FAQ == "" {
		return errors.New("want the directory of the entries: signdesk train -faq data/faq")
	}
	base, err := buildBase(ctx, cfg, cfg.faqFiles(), nil) // train anew
	if err != nil {
		return err
	}
	defer base.Close()
	model := base.Classifier()
	name := filepath.Join(cfg.FAQ, classifierFile)
	if err := os.WriteFile(name+".new", model, 0o644); err != nil {
		return err
	}
	if err := os.Rename(name+".new", name); err != nil {
		return err
	}
	fmt.Fprintf(io.out, "%s: %d KB\n", name, len(model)>>10)
	return nil
}
