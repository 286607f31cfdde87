package learn

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"signdesk/data/store"
	"signdesk/kb"
)

// A Report tells what a release changes in the regression set.
type Report struct {
	Asked  int
	Right  float64  // sum of the scores
	Before float64  // the same of what was served before
	Better []Change `json:",omitempty"`
	Worse  []Change `json:",omitempty"`
	Below  []string `json:",omitempty"` // floors that it misses
	Left   []string `json:",omitempty"` // drafts that are not in it
}

// A Change is a question that comes out otherwise.
type Change struct{ Question, Want, Before, After string }

// compare tells what changed between two exams of the same questions.
func compare(before, after Exam) Report {
	r := Report{Asked: len(after.Marks), Below: after.Below}
	for i, m := range after.Marks {
		old := before.Marks[i]
		r.Right += m.Score
		r.Before += old.Score
		c := Change{m.Question, m.Want, old.Got, m.Got}
		switch {
		case m.Score > old.Score:
			r.Better = append(r.Better, c)
		case m.Score < old.Score:
			r.Worse = append(r.Worse, c)
		}
	}
	return r
}

// A Publisher is who publishes.
type Publisher struct {
	ID, Name string
	Job      string // the same when it is tried again; publishes once
	Force    bool   // though floors are missed
	DryRun   bool   // only the report is wanted
	// Tell hears how far it is; nil if nobody wants to know.
	Tell func(text string)
}

func (p *Publisher) tell(text string) {
	if p.Tell != nil {
		p.Tell(text)
	}
}

// A ContentError is why drafts cannot be content.
type ContentError struct{ Err error }

func (e *ContentError) Error() string { return "learn: content: " + e.Err.Error() }
func (e *ContentError) Unwrap() error { return e.Err }

// Why something is not published.
var (
	ErrNothing  = errors.New("learn: nothing to publish")
	ErrBelow    = errors.New("learn: below the floors")
	ErrFourEyes = errors.New("learn: all that would be published is by whoever publishes")
	ErrChanged  = errors.New("learn: somebody else published meanwhile")
)

// Publish makes a release of what is drafted and puts it into force. The report
// comes with ErrBelow too.
func (l *Library) Publish(ctx context.Context, by Publisher) (*Release, error) {
	l.publishing.Lock()
	defer l.publishing.Unlock()
	if r, err := l.published(ctx, by.Job); r != nil || err != nil {
		return r, err
	}
	c, err := l.candidate(ctx)
	if err != nil {
		return nil, err
	}
	others := slices.ContainsFunc(c.authors, func(a string) bool { return a != by.ID })
	switch {
	case len(c.authors) == 0:
		return &Release{Report: Report{Left: c.left}}, ErrNothing
	case l.FourEyes && !others && !by.DryRun:
		return nil, ErrFourEyes
	}
	return l.release(ctx, c, by, "")
}

// release examines a candidate, and puts it into force.
func (l *Library) release(ctx context.Context, c *candidate, by Publisher, note string) (*Release, error) {
	by.tell("正在合并内容并重新训练……")
	b, err := l.base(ctx, c)
	if err != nil {
		if ctx.Err() == nil {
			err = &ContentError{err}
		}
		return nil, err
	}
	report, err := l.examine(ctx, c, b, by)
	if err != nil {
		return nil, err
	}
	r := &Release{Hash: b.Content().Hash, Shipped: c.shipped, Base: c.base, Author: by.ID, Name: by.Name, At: l.Now(), Drafts: c.in, Report: report, Note: note}
	switch {
	case len(report.Below) > 0 && !by.Force:
		return r, ErrBelow
	case by.DryRun:
		return r, nil
	}
	files := maps.Clone(c.files)
	if trained := b.Classifier(); trained != nil {
		files[classifierFile] = trained
	}
	packed, err := Pack(files)
	if err != nil {
		return nil, fmt.Errorf("learn: pack: %w", err)
	}
	if err := l.Store.Update(ctx, func(tx store.Tx) error { return l.write(tx, c, r, packed, by.Job) }); err != nil {
		return nil, err
	}
	return r, l.catchUp(ctx)
}

// write writes a release down and puts it into force, unless something changed since
// its candidate was put together.
func (l *Library) write(tx store.Tx, c *candidate, r *Release, packed []byte, job string) error {
	if now, err := inForce(tx); err != nil {
		return err
	} else if now != c.from {
		return ErrChanged
	}
	last, err := lastRelease(tx)
	if err != nil {
		return err
	}
	if r.N = last + 1; r.Note != "" {
		r.Base = r.N
	}
	for _, n := range c.in {
		if tx.Get(drafts.Name, store.Key{}.Uint(n)) == nil { // deleted meanwhile
			return ErrChanged
		}
	}
	if err := brought(tx, c.back, r.N); err != nil {
		return err
	}
	if err := contents.Put(tx, store.Key{}.Uint(r.N), packed); err != nil {
		return err
	}
	if err := put(tx, releases, store.Key{}.Uint(r.N), r); err != nil {
		return err
	}
	if job != "" {
		if err := facets.Put(tx, jobKey(job), store.Key{}.Uint(r.N)); err != nil {
			return err
		}
	}
	return enforce(tx, r.N)
}

// brought notes that drafts came back with imported files.
func brought(tx store.Tx, back []uint64, by uint64) error {
	for _, n := range back {
		d, err := get[Draft](tx, drafts, store.Key{}.Uint(n))
		if err != nil {
			return err
		}
		if d == nil {
			continue
		}
		d.Imported = by
		if err := put(tx, drafts, store.Key{}.Uint(n), d); err != nil {
			return err
		}
	}
	return nil
}

func jobKey(job string) store.Key { return store.Key{}.Str("job " + job) }

// published returns the release that a job made before, nil if it made none.
func (l *Library) published(ctx context.Context, job string) (r *Release, err error) {
	if job == "" {
		return nil, nil
	}
	err = l.Store.View(ctx, func(tx store.Tx) error {
		raw := tx.Get(facets.Name, jobKey(job))
		if raw == nil {
			return nil
		}
		r, err = get[Release](tx, releases, raw)
		return err
	})
	return r, err
}

// examine compares a candidate with what is served now.
func (l *Library) examine(ctx context.Context, c *candidate, b *kb.Base, by Publisher) (Report, error) {
	by.tell("正在用测试题检查新内容……")
	after, err := l.exam(ctx, b)
	if err != nil {
		return Report{}, err
	}
	files, _, err := l.files(ctx)
	if err != nil {
		return Report{}, err
	}
	old, err := l.Build(ctx, files)
	if err != nil {
		return Report{}, err
	}
	defer old.Close()
	by.tell("正在与现在的内容比较……")
	before, err := l.exam(ctx, old)
	if err != nil {
		return Report{}, err
	}
	l.mu.Lock()
	l.exams = map[string]Exam{b.Content().Hash: after, old.Content().Hash: before}
	l.mu.Unlock()
	r := compare(before, after)
	r.Left = c.left
	return r, nil
}

// exam examines a base, if that was not done just before.
func (l *Library) exam(ctx context.Context, b *kb.Base) (Exam, error) {
	l.mu.Lock()
	known, ok := l.exams[b.Content().Hash]
	l.mu.Unlock()
	if ok {
		return known, nil
	}
	return l.Exam(ctx, b)
}

func lastRelease(tx store.Tx) (uint64, error) {
	for key := range tx.Scan(releases.Name, store.Range{Reverse: true, Limit: 1}) {
		k := store.ReadKey(key)
		n := k.Uint()
		return n, k.Err()
	}
	return 0, nil
}

// Rollback puts an earlier release into force, or the shipped files (0).
func (l *Library) Rollback(ctx context.Context, n uint64) error {
	if err := l.Store.Update(ctx, func(tx store.Tx) error { return rollback(tx, n) }); err != nil {
		return err
	}
	return l.catchUp(ctx)
}

func rollback(tx store.Tx, n uint64) error {
	if n != 0 && tx.Get(contents.Name, store.Key{}.Uint(n)) == nil {
		return ErrNoRelease
	}
	return enforce(tx, n)
}

// Releases returns all releases, the latest first, and the one that is in force.
func (l *Library) Releases(ctx context.Context) (list []*Release, now uint64, err error) {
	err = l.Store.View(ctx, func(tx store.Tx) error {
		if list, err = all[Release](tx, releases); err != nil {
			return err
		}
		slices.Reverse(list)
		v, err := inForce(tx)
		now = v.Release
		return err
	})
	return list, now, err
}

// Import makes files a release, as they are: those that were exported, and changed
// since. What was published before counts as being in them.
func (l *Library) Import(ctx context.Context, dir fs.FS, by Publisher) (*Release, error) {
	l.publishing.Lock()
	defer l.publishing.Unlock()
	files, err := Copy(dir)
	if err != nil {
		return nil, err
	}
	delete(files, classifierFile)
	c := &candidate{files: files}
	if c.shipped, err = l.shippedSum(); err != nil {
		return nil, err
	}
	err = l.Store.View(ctx, func(tx store.Tx) error {
		s, err := standingOf(tx)
		if c.from = s.version; s.Release != nil {
			c.back = s.Drafts
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return l.release(ctx, c, by, "导入")
}

func (l *Library) shippedSum() (string, error) {
	files, err := Copy(l.Shipped())
	if err != nil {
		return "", err
	}
	return sum(files), nil
}

// sum identifies files, apart from the classifier that can be made of them.
func sum(files map[string][]byte) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name == classifierFile {
			continue
		}
		fmt.Fprintf(h, "%s %d\n", name, len(files[name]))
		h.Write(files[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}
