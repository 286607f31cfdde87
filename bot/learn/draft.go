package learn

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"signdesk/data/store"
	"signdesk/kb"
)

// firstLearnt is the number of the first entry that is learnt in a chat; those
// before are the guide's.
const firstLearnt, lastLearnt = 50, 99

const topicsFile = "outside.yaml"

// apply adds drafts to files, in their order. It returns those that are in, and
// what was left out and why.
func apply(files map[string][]byte, list []*Draft) (in []uint64, left []string) {
	next := firstLearnt
	for _, d := range list {
		switch {
		case !d.ready():
			left = append(left, fmt.Sprintf("草稿%d还没有答案", d.N))
			continue
		case d.Entry == "" && next > lastLearnt:
			left = append(left, fmt.Sprintf("草稿%d：新条目太多了，请先导出到内容库", d.N))
			continue
		}
		for _, p := range d.Phrasings { // a phrasing belongs to one part
			for name, raw := range files {
				if out, found := kb.DropPhrasing(raw, p); found {
					files[name] = out
				}
			}
		}
		if d.Entry == "" {
			said := d.Phrasings
			if d.Topic != "" {
				if out, more, found := kb.TakeTopic(files[topicsFile], d.Topic); found {
					files[topicsFile], said = out, slices.Concat(said, more)
				}
			}
			name, raw := kb.NewEntry{ID: kb.EntryID(fmt.Sprint(next)), Title: d.Title, Answer: d.Answer, Phrasings: said}.File()
			files[name] = raw
			next++
			in = append(in, d.N)
			continue
		}
		id, part, _ := strings.Cut(d.Entry, "/")
		name := fileOf(files, id)
		raw, err := kb.AddPhrasings(files[name], kb.PartID(part), d.Phrasings)
		if err != nil {
			left = append(left, fmt.Sprintf("草稿%d：条目 %s 已经不在了", d.N, d.Entry))
			continue
		}
		files[name] = raw
		in = append(in, d.N)
	}
	return in, left
}

// fileOf is the file of an entry.
func fileOf(files map[string][]byte, id string) string {
	for name := range files {
		if strings.HasPrefix(name, id+"-") && strings.HasSuffix(name, ".md") {
			return name
		}
	}
	return ""
}

// A candidate is what would be published.
type candidate struct {
	from    version
	base    uint64            // release that the drafts are added to; 0 for the shipped files
	shipped string            // hash of the shipped files
	files   map[string][]byte // without a classifier
	in      []uint64
	back    []uint64 // drafts that came back with imported files
	left    []string
	authors []string // of what is not published yet
}

// candidate puts the shipped files, what was published on them, and the open
// drafts together.
func (l *Library) candidate(ctx context.Context) (c *candidate, err error) {
	shipped, err := Copy(l.Shipped())
	if err != nil {
		return nil, err
	}
	c = &candidate{shipped: sum(shipped)}
	err = l.Store.View(ctx, func(tx store.Tx) error {
		s, err := standingOf(tx)
		if err != nil {
			return err
		}
		c.from, c.base, c.files = s.version, s.base(), maps.Clone(shipped)
		if c.base != 0 {
			imported, err := filesOf(tx, c.base)
			if err != nil {
				return err
			}
			if c.files, err = Copy(imported); err != nil {
				return err
			}
		}
		delete(c.files, classifierFile)
		list, err := all[Draft](tx, drafts)
		if err != nil {
			return err
		}
		c.authors = nil
		list = slices.DeleteFunc(list, s.imported)
		for _, d := range list {
			if !s.holds(d) && d.ready() {
				c.authors = append(c.authors, d.Author)
			}
		}
		c.in, c.left = apply(c.files, list)
		return nil
	})
	return c, err
}

// classifierFile stands beside the entries, for a fast start.
const classifierFile = "classifier.bin"

// base builds the candidate. The last one that was built is kept.
func (l *Library) base(ctx context.Context, c *candidate) (*kb.Base, error) {
	id := sum(c.files)
	l.mu.Lock()
	b := l.tried
	if l.triedSum != id {
		b = nil
	}
	l.mu.Unlock()
	if b != nil {
		return b, nil
	}
	packed, err := Pack(c.files)
	if err != nil {
		return nil, err
	}
	files, err := unpack(packed)
	if err != nil {
		return nil, err
	}
	if b, err = l.Build(ctx, files); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tried, l.triedSum = b, id // who still uses the one before does so until it is collected
	return b, nil
}

// DraftFiles returns the files of what would be published now.
func (l *Library) DraftFiles(ctx context.Context) (fs.FS, error) {
	c, err := l.candidate(ctx)
	if err != nil {
		return nil, err
	}
	packed, err := Pack(c.files)
	if err != nil {
		return nil, err
	}
	return unpack(packed)
}

// A Trial answers by what would be published now. It may be used by any number of
// goroutines.
type Trial struct{ of *Library }

// Trial returns one.
func (l *Library) Trial() *Trial { return &Trial{l} }

// Decide decides by the drafts.
func (t *Trial) Decide(ctx context.Context, utterance string) (kb.Decision, error) {
	b, err := t.of.Candidate(ctx)
	if err != nil {
		return kb.Decision{}, err
	}
	return b.Decide(ctx, utterance)
}

// Follow goes on by the drafts, if they are still those that were decided by.
func (t *Trial) Follow(d kb.Decision, last *kb.Part) (f kb.Following, ok bool) {
	t.of.mu.Lock()
	tried := t.of.tried
	t.of.mu.Unlock()
	if tried == nil {
		return t.of.Live.Follow(d, last)
	}
	return tried.Follow(d, last)
}

// Content is what was decided by last.
func (t *Trial) Content() *kb.Content {
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	if t.of.tried != nil {
		return t.of.tried.Content()
	}
	return t.of.Live.Content()
}

// Candidate returns the base of what would be published now.
func (l *Library) Candidate(ctx context.Context) (*kb.Base, error) {
	c, err := l.candidate(ctx)
	if err != nil {
		return nil, err
	}
	b, err := l.base(ctx, c)
	if err != nil && ctx.Err() == nil {
		err = &ContentError{err}
	}
	return b, err
}
