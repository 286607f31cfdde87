// Package learn lets the staff teach the knowledge base: what was asked without an
// answer becomes a draft, drafts become a release, a release can be taken back.
//
//	transcripts ──> misses (grouped) ─┐
//	staff's answer ──> /teach ────────┴─> drafts ──> candidate ──> exam ──> release
//	                                                 (shipped files + drafts)   │
//	every process: version in the store ── changed? ──> build ──> swapped in whole
//
// A release holds all its files, so that any one can be served again; it is
// content of [kb.LoadContent], and can be exported to where the shipped files are
// kept. What is served is the release in force, or the shipped files if there is
// none.
package learn

import (
	"context"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"signdesk/bot/desk"
	"signdesk/data/store"
	"signdesk/kb"
)

// Options are what a library is made of.
type Options struct {
	Store store.Store
	// Shipped are the files that the program came with, or those of the team.
	Shipped func() fs.FS
	// Build makes a knowledge base of files.
	Build func(ctx context.Context, files fs.FS) (*kb.Base, error)
	// Exam asks a base the regression set.
	Exam func(ctx context.Context, b *kb.Base) (Exam, error)
	// Canon is the canonical form of a question, for comparing.
	Canon func(string) string
	// Mask hides personal data in a text.
	Mask func(string) string
	// FourEyes demands that whoever publishes did not write all that he publishes.
	FourEyes bool
	Now      func() time.Time
	Logger   *slog.Logger
	// Talks are where misses are looked for.
	Talks desk.Talks
	// Live is the base that answers; nil outside of a server.
	Live *kb.Live
	// See returns the words on a picture that a base knows best, and how they are
	// shown; "" if there are none, or nobody can read it. It is nil outside of a server.
	See func(ctx context.Context, b *kb.Base, picture []byte) (words, shown string, err error)
	// Preview makes an address at which the drafts can be tried for a while, "" if
	// there is none; nil if there never is.
	Preview func() string
}

// An Exam is what a base made of the regression set.
type Exam struct {
	Marks []Mark
	Below []string // floors that it misses, as sentences
}

// A Mark is what became of one question.
type Mark struct {
	Question string
	Want     string  // entry, or none
	Got      string  // the same
	Score    float64 // 1: right
}

// A Library keeps drafts and releases. It may be used by any number of goroutines.
type Library struct {
	Options

	news       chan struct{} // another version is in force
	publishing sync.Mutex    // one exam at a time

	mu       sync.Mutex
	loaded   uint64 // version that Files returned last
	tried    *kb.Base
	triedSum string
	exams    map[string]Exam // by hash of the content: of what was examined last, and of what is served
}

// New returns a library.
func New(o Options) *Library { return &Library{Options: o, news: make(chan struct{}, 1)} }

// wake has Follow look at once.
func (l *Library) wake() {
	select {
	case l.news <- struct{}{}:
	default:
	}
}

// Files returns what is to be served now, and remembers that it is.
func (l *Library) Files(ctx context.Context) (fs.FS, error) {
	files, v, err := l.files(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loaded = v.Seq
	return files, err
}

// Base makes the base of what is to be served now. At the start, before anything
// is served, the shipped files take the place of a release that does not load.
func (l *Library) Base(ctx context.Context) (*kb.Base, error) {
	var b *kb.Base
	files, err := l.Files(ctx)
	if err == nil {
		b, err = l.Build(ctx, files)
	}
	if err == nil || l.Live != nil || ctx.Err() != nil {
		return b, err
	}
	l.Logger.Error("release not loaded, the shipped content is served", "err", err)
	return l.Build(ctx, l.Shipped())
}

func (l *Library) files(ctx context.Context) (files fs.FS, v version, err error) {
	err = l.Store.View(ctx, func(tx store.Tx) error {
		if v, err = inForce(tx); err != nil {
			return err
		}
		if v.Release == 0 {
			files = l.Shipped()
			return nil
		}
		files, err = filesOf(tx, v.Release)
		return err
	})
	return files, v, err
}

const followInterval = 750 * time.Millisecond // with the time to build, a second

// Follow has the live base take up what was published or taken back, by any
// process, until ctx is done.
func (l *Library) Follow(ctx context.Context) error {
	tick := time.NewTicker(followInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-l.news:
		}
		if err := l.catchUp(ctx); err != nil && ctx.Err() == nil {
			l.Logger.Error("release not taken up, what was served goes on", "err", err)
		}
	}
}

// catchUp reloads if another version is in force than the one that is served.
// One that does not load is not tried again.
func (l *Library) catchUp(ctx context.Context) error {
	var v version
	err := l.Store.View(ctx, func(tx store.Tx) (err error) { v, err = inForce(tx); return err })
	l.mu.Lock()
	same := l.loaded == v.Seq
	l.mu.Unlock()
	if err != nil || same || l.Live == nil {
		return err
	}
	if err := l.Live.Reload(ctx); err != nil {
		return err
	}
	l.Logger.Info("content replaced", "release", v.Release, "hash", l.Live.Content().Hash[:12])
	return nil
}
