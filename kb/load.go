package kb

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"runtime"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
	"golang.org/x/sync/errgroup"
)

// A ContentError is a mistake in a content file.
type ContentError struct {
	File  string
	Line  int     // 1-based; 0 if the whole file is meant
	Entry EntryID // "" if not known or not an entry
	Msg   string
}

func (e *ContentError) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	if e.Entry != "" {
		fmt.Fprintf(&b, ": entry %s", e.Entry)
	}
	return b.String() + ": " + e.Msg
}

// Vars are the values of the placeholders in content, by name without braces
// ("hotline": "400-993-6665").
type Vars map[string]string

// LoadContent reads and checks all content files of dir: entries from *.md,
// topics from *.yaml. It decodes strictly; the error joins one [ContentError]
// for each mistake found.
func LoadContent(dir fs.FS, vars Vars) (*Content, error) {
	names, err := contentFiles(dir)
	if err != nil {
		return nil, err
	}
	files := make([]*file, len(names))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		g.Go(func() error {
			data, err := fs.ReadFile(dir, name)
			if err != nil {
				return fmt.Errorf("kb: read %s: %w", name, err)
			}
			files[i] = &file{name: name, data: data, vars: vars}
			files[i].decode()
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	c := &Content{}
	hash := sha256.New()
	var errs []error
	for _, f := range files {
		fmt.Fprintf(hash, "%s %d\n", f.name, len(f.data))
		hash.Write(f.data)
		errs = append(errs, f.errs...)
		if f.entry != nil {
			c.Entries = append(c.Entries, f.entry)
		}
		c.Topics = append(c.Topics, f.topics...)
	}
	for _, k := range slices.Sorted(maps.Keys(vars)) {
		fmt.Fprintf(hash, "%s=%s\n", k, vars[k])
	}
	c.Hash = hex.EncodeToString(hash.Sum(nil))
	errs = append(errs, checkAcross(files)...)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if len(c.Entries) == 0 {
		return nil, errors.New("kb: no entries (*.md) in the content directory")
	}
	return c, nil
}

func contentFiles(dir fs.FS) ([]string, error) {
	list, err := fs.ReadDir(dir, ".")
	if err != nil {
		return nil, fmt.Errorf("kb: read content directory: %w", err)
	}
	var names []string
	for _, e := range list {
		if ext := path.Ext(e.Name()); !e.IsDir() && (ext == ".md" || ext == ".yaml") {
			names = append(names, e.Name())
		}
	}
	sort.Strings(names)
	return names, nil
}

// A file is one content file while it is read.
type file struct {
	name   string
	data   []byte
	vars   Vars
	entry  *Entry
	topics []*Topic
	errs   []error
	lines  map[*Part]int     // line of each part in the front matter
	asked  map[string]asking // phrasing as written
}

// An asking is a place where a phrasing stands.
type asking struct {
	line  int
	where string
}

func (f *file) fail(line int, format string, args ...any) {
	e := &ContentError{File: f.name, Line: line, Msg: fmt.Sprintf(format, args...)}
	if f.entry != nil {
		e.Entry = f.entry.ID
	}
	f.errs = append(f.errs, e)
}

// The shapes of the files. They are separate from Entry and Topic, so that
// those may change without the files.
type (
	entryFile struct {
		ID          string     `yaml:"id"`
		Title       string     `yaml:"title"`
		OtherTitles []string   `yaml:"other_titles"`
		Category    string     `yaml:"category"`
		Condition   string     `yaml:"condition"`
		Cause       string     `yaml:"cause"`
		SeeAlso     []string   `yaml:"see_also"`
		Facts       []string   `yaml:"facts"` // of the parts that name none
		Parts       []partFile `yaml:"parts"`
	}
	partFile struct {
		ID           string    `yaml:"id"`
		Rules        []string  `yaml:"rules"`
		Errors       []string  `yaml:"errors"`
		Labels       []string  `yaml:"labels"`
		Channel      string    `yaml:"channel"`
		MiniPrograms []string  `yaml:"mini_programs"`
		Flows        []string  `yaml:"flows"`
		Facts        []string  `yaml:"facts"`
		Phrasings    yaml.Node `yaml:"phrasings"`
	}
	topicsFile struct {
		Topics []topicFile `yaml:"topics"`
	}
	topicFile struct {
		ID        string    `yaml:"id"`
		Kind      string    `yaml:"kind"`
		Name      string    `yaml:"name"`
		Reply     string    `yaml:"reply"`
		Offer     []string  `yaml:"offer"`
		Phrasings yaml.Node `yaml:"phrasings"`
	}
)

func (f *file) decode() {
	f.asked = make(map[string]asking)
	if !utf8.Valid(f.data) {
		f.fail(0, "not valid UTF-8")
		return
	}
	if path.Ext(f.name) == ".md" {
		f.decodeEntry()
	} else {
		f.decodeTopics()
	}
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// strict decodes YAML and turns its errors into ours, with their lines.
func (f *file) strict(text string, into any) bool {
	dec := yaml.NewDecoder(strings.NewReader(text))
	dec.KnownFields(true)
	err := dec.Decode(into)
	if err == nil {
		return true
	}
	msgs := []string{strings.TrimPrefix(err.Error(), "yaml: ")}
	if te, ok := errors.AsType[*yaml.TypeError](err); ok {
		msgs = te.Errors
	}
	for _, m := range msgs {
		line := 0
		if loc := yamlLine.FindStringSubmatch(m); loc != nil {
			line, _ = strconv.Atoi(loc[1])
			m = strings.Replace(m, loc[0], "", 1)
		}
		f.fail(line, "%s", m)
	}
	return false
}

func (f *file) decodeEntry() {
	text := strings.ReplaceAll(string(f.data), "\r\n", "\n")
	rest, ok := strings.CutPrefix(text, "---\n")
	head, body, found := strings.Cut(rest, "\n---\n")
	if !ok || !found {
		f.fail(1, "want front matter between two lines of ---")
		return
	}
	var in entryFile
	// The empty first line stands for the opening ---, so that lines agree.
	if !f.strict("\n"+head, &in) {
		return
	}
	f.entry = &Entry{
		ID: EntryID(in.ID), Title: f.expand(in.Title, 0), OtherTitles: in.OtherTitles, Category: in.Category,
		Condition: in.Condition, Cause: f.expand(in.Cause, 0),
	}
	for _, id := range in.SeeAlso {
		f.entry.SeeAlso = append(f.entry.SeeAlso, EntryID(id))
	}
	f.checkHead()
	f.lines = make(map[*Part]int)
	for _, p := range in.Parts {
		part := &Part{
			Entry: f.entry, ID: PartID(p.ID), Rules: p.Rules, Errors: p.Errors, Labels: p.Labels,
			Channel: Channel(p.Channel), MiniPrograms: p.MiniPrograms, Flows: p.Flows, Facts: p.Facts,
		}
		if part.Facts == nil {
			part.Facts = in.Facts
		}
		part.Phrasings = f.phrasings(&p.Phrasings, "part "+p.ID)
		f.lines[part] = p.Phrasings.Line
		f.entry.Parts = append(f.entry.Parts, part)
	}
	f.checkParts()
	f.readBody(body, strings.Count(head, "\n")+4)
}

func (f *file) decodeTopics() {
	var in topicsFile
	if !f.strict(string(f.data), &in) {
		return
	}
	for _, t := range in.Topics {
		kind := TopicKind(t.Kind)
		if t.Kind == "" && t.Reply != "" {
			kind = TopicSmalltalk
		}
		topic := &Topic{ID: t.ID, Kind: kind, Name: t.Name, Reply: f.expand(t.Reply, t.Phrasings.Line)}
		for _, id := range t.Offer {
			topic.Offer = append(topic.Offer, EntryID(id))
		}
		topic.Phrasings = f.phrasings(&t.Phrasings, "topic "+t.ID)
		f.checkTopic(topic, t.Phrasings.Line)
		f.topics = append(f.topics, topic)
	}
}

// phrasings splits a block of lines and notes where each stands.
func (f *file) phrasings(n *yaml.Node, where string) []string {
	if n.Kind == 0 {
		return nil
	}
	if n.Kind != yaml.ScalarNode {
		f.fail(n.Line, "%s: phrasings must be a block of lines (phrasings: |)", where)
		return nil
	}
	var list []string
	line := n.Line
	for text := range strings.Lines(n.Value) {
		line++
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		if old, dup := f.asked[text]; dup {
			f.fail(line, "%s: phrasing %q stands in line %d already", where, text, old.line)
			continue
		}
		f.asked[text] = asking{line, where}
		list = append(list, text)
	}
	return list
}

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// expand fills in the placeholders of s.
func (f *file) expand(s string, line int) string {
	return placeholder.ReplaceAllStringFunc(s, func(m string) string {
		v, ok := f.vars[m[1:len(m)-1]]
		if !ok {
			f.fail(line, "unknown placeholder %s", m)
		}
		return v
	})
}

// readBody reads the sections of the parts; first is the line of the file on
// which body begins.
func (f *file) readBody(body string, first int) {
	var part *Part
	seen := make(map[*Part]bool)
	line := first - 1
	for text := range strings.Lines(body) {
		line++
		text = strings.TrimRight(text, " \n")
		switch {
		case text == "":
		case strings.HasPrefix(text, "## "):
			part = f.section(text[len("## "):], line)
			if part != nil && seen[part] {
				f.fail(line, "second section of part %s", part.ID)
			}
			seen[part] = true
		case part == nil:
			f.fail(line, "text outside a section (## part title)")
			return
		default:
			f.bodyLine(part, text, line)
		}
	}
	for _, p := range f.entry.Parts {
		switch {
		case !seen[p]:
			f.fail(f.lines[p], "part %s has no section (## %s …)", p.ID, p.ID)
		case p.Short == "":
			f.fail(f.lines[p], "part %s has no short answer", p.ID)
		}
	}
}

func (f *file) section(head string, line int) *Part {
	id, title, _ := strings.Cut(head, " ")
	p := f.entry.Part(PartID(id))
	switch {
	case p == nil:
		f.fail(line, "section of unknown part %q", id)
		return nil
	case title == "" || utf8.RuneCountInString(title) > MaxPartTitle:
		f.fail(line, "title of part %s must have 1 to %d characters, has %d", id, MaxPartTitle, utf8.RuneCountInString(title))
	}
	p.Title = f.expand(title, line)
	return p
}

var stepMark = regexp.MustCompile(`^(\d+)\. `)

func (f *file) bodyLine(p *Part, text string, line int) {
	if m := stepMark.FindStringSubmatch(text); m != nil {
		if m[1] != strconv.Itoa(len(p.Steps)+1) {
			f.fail(line, "part %s: step %s should be number %d", p.ID, m[1], len(p.Steps)+1)
		}
		p.Steps = append(p.Steps, f.expand(text[len(m[0]):], line))
		return
	}
	if note, ok := strings.CutPrefix(text, "- "); ok {
		p.Notes = append(p.Notes, f.expand(note, line))
		return
	}
	if p.Short != "" || len(p.Steps)+len(p.Notes) > 0 {
		f.fail(line, "part %s: want one short answer, then steps (1. ) and notes (- ); got %.20q", p.ID, text)
		return
	}
	p.Short = f.expand(text, line)
	if n := utf8.RuneCountInString(p.Short); n > MaxShort {
		f.fail(line, "part %s: short answer has %d characters, want at most %d", p.ID, n, MaxShort)
	}
}
