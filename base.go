package main

import (
	"context"
	"io/fs"
	"os"

	"signdesk/data"
	"signdesk/kb"
	"signdesk/kb/normalize"
)

// faqFiles returns the directory that holds the entries.
func (c *Config) faqFiles() fs.FS {
	if c.FAQ != "" {
		return os.DirFS(c.FAQ)
	}
	return data.FAQ()
}

// openBase loads the knowledge base that is shipped. The caller closes it.
func openBase(ctx context.Context, cfg *Config) (*kb.Live, error) {
	return kb.NewLive(ctx, func(ctx context.Context) (*kb.Base, error) {
		return buildBase(ctx, cfg, cfg.faqFiles(), storedClassifier(cfg.faqFiles()))
	})
}

// buildBase makes a knowledge base of files.
func buildBase(ctx context.Context, cfg *Config, dir fs.FS, classifier []byte) (*kb.Base, error) {
	words, err := normalize.New(data.Words())
	if err != nil {
		return nil, err
	}
	content, err := kb.LoadContent(dir, cfg.vars())
	if err != nil {
		return nil, err
	}
	return kb.Build(ctx, content, words, kb.BuildOptions{Classifier: classifier})
}

// classifierFile stands beside the entries; the train command writes it.
const classifierFile = "classifier.bin"

// storedClassifier returns the classifier that lies beside the entries, or nil.
// One that does not fit is no mistake: the base then trains its own.
func storedClassifier(dir fs.FS) []byte {
	stored, err := fs.ReadFile(dir, classifierFile)
	if err != nil {
		return nil
	}
	return stored
}
