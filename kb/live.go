package kb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Live is a knowledge base that can be replaced while it answers. It is safe
// for concurrent use.
type Live struct {
	load    func(context.Context) (*Base, error)
	current atomic.Pointer[lease]
}

// A lease counts who uses a base, so that it is closed after its last answer.
type lease struct {
	base *Base
	use  sync.RWMutex // held for reading while answering; for writing to close
	shut bool
}

// NewLive loads a base for the first time; load is called again by Reload.
func NewLive(ctx context.Context, load func(context.Context) (*Base, error)) (*Live, error) {
	l := &Live{load: load}
	b, err := load(ctx)
	if err != nil {
		return nil, err
	}
	l.current.Store(&lease{base: b})
	return l, nil
}

// Decide answers with the current base; see [Base.Decide].
func (l *Live) Decide(ctx context.Context, utterance string) (d Decision, err error) {
	if !l.use(func(b *Base) { d, err = b.Decide(ctx, utterance) }) {
		err = errors.New("kb: closed")
	}
	return d, err
}

// Follow tells with the current base what an utterance means after a reply; see
// [Base.Follow]. It means nothing there if the base was replaced since.
func (l *Live) Follow(d Decision, last *Part) (f Following, ok bool) {
	l.use(func(b *Base) { f, ok = b.Follow(d, last) })
	return f, ok
}

// Followed is [Base.Followed] of the current base.
func (l *Live) Followed(d Decision, last *Part) (f Following, ok, known bool) {
	l.use(func(b *Base) { f, ok, known = b.Followed(d, last) })
	return f, ok, known
}

// use calls f with the current base; it returns false if that is closed.
func (l *Live) use(f func(*Base)) bool {
	for {
		s := l.current.Load()
		s.use.RLock()
		if s.shut { // replaced in between
			s.use.RUnlock()
			if s == l.current.Load() {
				return false
			}
			continue
		}
		defer s.use.RUnlock()
		f(s.base)
		return true
	}
}

// Content returns the current content.
func (l *Live) Content() *Content { return l.current.Load().base.Content() }

// Classifier returns the current base's classifier; see [Base.Classifier].
func (l *Live) Classifier() []byte { return l.current.Load().base.Classifier() }

// Reload builds a new base and puts it in place of the old one. On error the
// old one goes on.
func (l *Live) Reload(ctx context.Context) error {
	b, err := l.load(ctx)
	if err != nil {
		return err
	}
	return l.current.Swap(&lease{base: b}).close()
}

// Close ends the current base after its last answer.
func (l *Live) Close() error { return l.current.Load().close() }

func (s *lease) close() error {
	s.use.Lock()
	defer s.use.Unlock()
	if s.shut {
		return nil
	}
	s.shut = true
	return s.base.Close()
}

// A Sight is what the files of a directory looked like.
type Sight struct {
	dir  fs.FS
	last string
}

// Look notes what the files of a directory look like, before they are loaded:
// what changes while loading is then seen by [Live.Watch].
func Look(dir fs.FS) *Sight { return &Sight{dir, fingerprint(dir)} }

// Watch reloads when files are no longer as they looked, until ctx ends. It
// compares names, sizes and times every interval: slower than file events, but
// right on every file system and with editors that replace files. A change that
// does not load is logged with its place and tried again at the next change.
func (l *Live) Watch(ctx context.Context, seen *Sight, interval time.Duration, log *slog.Logger) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	dir, last := seen.dir, seen.last
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now := fingerprint(dir)
		if now == last {
			continue
		}
		last = now
		if err := l.Reload(ctx); err != nil {
			log.Error("content refused, the old one goes on", "err", err)
			continue
		}
		log.Info("content replaced", "hash", l.Content().Hash[:12])
	}
}

func fingerprint(dir fs.FS) string {
	names, err := contentFiles(dir)
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, name := range names {
		info, err := fs.Stat(dir, name)
		if err != nil {
			fmt.Fprintf(&b, "%s %v\n", name, err)
			continue
		}
		fmt.Fprintf(&b, "%s %d %d\n", name, info.Size(), info.ModTime().UnixNano())
	}
	return b.String()
}
