package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"signdesk/bot"
	"signdesk/bot/learn"
	"signdesk/data"
	"signdesk/data/store"
	"signdesk/kb"
	"signdesk/kb/normalize"
	"signdesk/kb/query"
	"signdesk/webhook"
	"signdesk/webhook/visitor"
)

// newLibrary returns what the staff teach. Whoever answers sets its live base and
// its talks.
func newLibrary(cfg *Config, s *service, log *slog.Logger) (*learn.Library, error) {
	words, err := normalize.New(data.Words())
	if err != nil {
		return nil, err
	}
	return learn.New(learn.Options{
		Store: s.store, Shipped: cfg.faqFiles, Canon: words.Canon, Mask: bot.Mask, FourEyes: cfg.FourEyes == "on", Now: s.clock.Now, Logger: log,
		Build: func(ctx context.Context, files fs.FS) (*kb.Base, error) {
			return buildBase(ctx, cfg, files, storedClassifier(files))
		},
		Exam: (&exams{cfg: cfg}).of,
	}), nil
}

// exams remember how the last contents did: the one that is served is examined
// beside every other, and what was tried is published next.
type exams struct {
	cfg  *Config
	mu   sync.Mutex
	last []examined // at most keptExams
}

type examined struct {
	hash string
	exam learn.Exam
}

const keptExams = 4

// of examines a base.
func (m *exams) of(ctx context.Context, b *kb.Base) (learn.Exam, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	hash := b.Content().Hash
	if i := slices.IndexFunc(m.last, func(e examined) bool { return e.hash == hash }); i >= 0 {
		return m.last[i].exam, nil
	}
	e, err := exam(ctx, m.cfg, b)
	if err == nil {
		m.last = append(m.last[max(0, len(m.last)-keptExams+1):], examined{hash, e})
	}
	return e, err
}

// previews sign the links to what is not published.
func (s *service) previews() (*visitor.Signer, error) {
	key, err := hkdf.Key(sha256.New, s.key, nil, "signdesk web previews", sha256.Size)
	if err != nil {
		return nil, err
	}
	signer, err := visitor.NewSigner(key)
	if err != nil {
		return nil, err
	}
	return signer.For(webhook.PreviewLife), nil
}

// previewLink makes addresses at which what is not published can be tried.
func (s *service) previewLink() string {
	signer, err := s.previews()
	if err != nil || s.cfg.Public == "" {
		return ""
	}
	_, token := signer.New(s.clock.Now())
	return webhook.PreviewLink(s.cfg.Public, token)
}

// exam asks a base the built-in questions.
func exam(ctx context.Context, cfg *Config, b *kb.Base) (e learn.Exam, err error) {
	cases, err := questions("")
	if err != nil {
		return e, err
	}
	var halves [2]query.Report
	err = askAll(ctx, cfg, b, cases, func(c query.Case, half int, r query.Result) {
		halves[half].Add(c, r)
		want, got := strings.Join(c.Expect, "或"), r.Decision
		if len(c.Expect) == 0 {
			want = "不回答"
		}
		if len(r.Entries) > 0 {
			got = r.Entries[0]
		}
		score := c.First(r)
		if len(c.Expect) > 0 && !c.HasDetail(r) {
			score /= 2
		}
		e.Marks = append(e.Marks, learn.Mark{Question: c.Utterance, Want: want, Got: strings.NewReplacer("none", "不回答", "smalltalk", "寒暄").Replace(got), Score: score})
	})
	if err != nil {
		return e, err
	}
	for i := range halves {
		for _, msg := range floor.Below(halves[i].Total) {
			e.Below = append(e.Below, halfNames[i]+": "+msg)
		}
	}
	return e, nil
}

const contentMode = 0o644

// kbCommand looks after what the staff taught: it lists releases, takes one back,
// writes the files of the one in force, and makes files a release.
func kbCommand(ctx context.Context, s *service, args []string, io std) error {
	lib, err := newLibrary(s.cfg, s, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	switch {
	case len(args) == 1 && args[0] == "releases":
		return kbReleases(ctx, lib, io)
	case len(args) == 1 && (args[0] == "files" || args[0] == "draft"):
		return kbFiles(ctx, lib, args[0] == "draft", io)
	case len(args) == 2 && args[0] == "export":
		return kbExport(ctx, lib, args[1], io)
	case len(args) >= 2 && len(args) <= 3 && args[0] == "import":
		r, err := lib.Import(ctx, os.DirFS(args[1]), learn.Publisher{ID: "terminal", Name: "terminal", Force: len(args) == 3 && args[2] == "force"})
		if errors.Is(err, learn.ErrBelow) {
			return fmt.Errorf("not imported: %s (add the word force to import all the same)", strings.Join(r.Report.Below, "; "))
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(io.out, "release %d is in force: %d questions better, %d worse\n", r.N, len(r.Report.Better), len(r.Report.Worse))
		return nil
	case len(args) == 2 && args[0] == "rollback":
		var n uint64
		if _, err := fmt.Sscan(args[1], &n); err != nil {
			return fmt.Errorf("want the number of a release, got %q", args[1])
		}
		return lib.Rollback(ctx, n)
	}
	return errors.New("usage: signdesk kb releases | export DIR | import DIR [force] | rollback N | files | draft")
}

// kbFiles writes what is served, or what would be published now, as an archive.
func kbFiles(ctx context.Context, lib *learn.Library, draft bool, io std) error {
	files := lib.Files
	if draft {
		files = lib.DraftFiles
	}
	dir, err := files(ctx)
	if err != nil {
		return err
	}
	list, err := learn.Copy(dir)
	if err != nil {
		return err
	}
	raw, err := learn.Pack(list)
	if err != nil {
		return err
	}
	_, err = io.out.Write(raw)
	return err
}

// openServed loads the knowledge base that is served, or what would be published
// now. A serving process, if there is one, is asked for it. The caller closes it.
func openServed(ctx context.Context, cfg *Config, draft bool) (*kb.Live, error) {
	what := "files"
	if draft {
		what = "draft"
	}
	var raw bytes.Buffer
	s, err := openService(ctx, cfg)
	if errors.Is(err, store.ErrLocked) {
		err = forward(ctx, controlPath(cfg), "kb", []string{what}, std{out: &raw, err: io.Discard})
	} else if err == nil {
		err = errors.Join(kbCommand(ctx, s, []string{what}, std{out: &raw, err: io.Discard}), s.Close())
	}
	if err != nil {
		return nil, err
	}
	files, err := zip.NewReader(bytes.NewReader(raw.Bytes()), int64(raw.Len()))
	if err != nil {
		return nil, err
	}
	return kb.NewLive(ctx, func(ctx context.Context) (*kb.Base, error) {
		return buildBase(ctx, cfg, files, storedClassifier(files))
	})
}

func kbReleases(ctx context.Context, lib *learn.Library, io std) error {
	list, now, err := lib.Releases(ctx)
	if err != nil {
		return err
	}
	mark := func(n uint64) string {
		if n == now {
			return "  in force"
		}
		return ""
	}
	for _, r := range list {
		fmt.Fprintf(io.out, "%d  %s  %s  by %s  %d drafts  %d better, %d worse%s\n", r.N, local(r.At), r.Hash[:12], r.Name, len(r.Drafts), len(r.Report.Better), len(r.Report.Worse), mark(r.N))
	}
	fmt.Fprintf(io.out, "0  the shipped files%s\n", mark(0))
	return nil
}

// kbExport writes what is served to a directory, which must not hold content yet
// or be of an earlier export.
func kbExport(ctx context.Context, lib *learn.Library, dir string, io std) error {
	files, err := lib.Files(ctx)
	if err != nil {
		return err
	}
	list, err := learn.Copy(files)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, raw := range list {
		if err := os.WriteFile(filepath.Join(dir, name), raw, contentMode); err != nil {
			return err
		}
	}
	fmt.Fprintf(io.out, "%d files written to %s\n", len(list), dir)
	return nil
}
