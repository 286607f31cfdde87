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

// openBase loads the knowledge base. The caller closes it.
func openBase(ctx context.Context, cfg *Config) (*kb.Live, error) {
	return loadBase(ctx, cfg, storedClassifier)
}

// loadBase loads the knowledge base with what classifier returns.
func loadBase(ctx context.Context, cfg *Config, classifier func(*Config) []byte) (*kb.Live, error) {
	words, err := normalize.New(data.Words())
	if err != nil {
		return nil, err
	}
	return kb.NewLive(ctx, func(ctx context.Context) (*kb.Base, error) {
		content, err := kb.LoadContent(cfg.faqFiles(), cfg.vars())
		if err != nil {
			return nil, err
		}
		return kb.Build(ctx, content, words, kb.BuildOptions{Classifier: classifier(cfg)})
	})
}

// classifierFile stands beside the entries; the train command writes it.
const classifierFile = "classifier.bin"

// storedClassifier returns the classifier that lies beside the entries, or nil.
// One that does not fit is no mistake: the base then trains its own.
func storedClassifier(cfg *Config) []byte {
	stored, err := fs.ReadFile(cfg.faqFiles(), classifierFile)
	if err != nil {
		return nil
	}
	return stored
}
