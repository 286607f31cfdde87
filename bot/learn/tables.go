package learn

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"time"

	"signdesk/data/store"
)

// A Draft is a change of the content. It is open while the release in force does
// not hold it. Fields may be added to
// all records.
type Draft struct {
	N         uint64
	Entry     string   // part that gets the phrasings, "11/phone"; "" for a new entry
	Phrasings []string // masked
	Title     string   `json:",omitempty"` // of a new entry
	Answer    string   `json:",omitempty"` // of a new entry
	Topic     string   `json:",omitempty"` // that the new entry takes over
	Author    string
	Name      string // of the author
	At        time.Time
	// Imported is the release by whose files it came back, after it had been
	// exported; it is not added to those.
	Imported uint64 `json:",omitempty"`
}

// ready tells whether a draft can be published.
func (d *Draft) ready() bool { return d.Entry != "" || d.Answer != "" }

// A Release is content that was published.
type Release struct {
	N       uint64
	Hash    string // of the content
	Shipped string // hash of the shipped files of that time
	Base    uint64 `json:",omitempty"` // release that the drafts are added to, itself if it was imported; 0: the shipped files
	Author  string
	Name    string
	At      time.Time
	Drafts  []uint64 // all that are in it
	Report  Report
	Note    string `json:",omitempty"` // how it came about, if not by drafts
}

// A Group is questions that were not answered, or a question that is being taught.
type Group struct {
	ID     string
	Texts  []string // masked; the first one stands for all
	Count  int
	First  time.Time
	Last   time.Time
	Near   string `json:",omitempty"` // nearest part, "11/main"
	Title  string `json:",omitempty"` // of it
	Topic  string `json:",omitempty"` // that the question was taken for
	Name   string `json:",omitempty"` // of the topic
	Answer string `json:",omitempty"` // of the staff
}

// A version tells which release is in force: 0 for the shipped files. Its number
// changes whenever that changes.
type version struct {
	Seq     uint64
	Release uint64
}

var (
	drafts   = store.Table{Name: "learn-drafts"}
	releases = store.Table{Name: "learn-releases"}
	contents = store.Table{Name: "learn-contents"} // release => its files, as a ZIP archive
	groups   = store.Table{Name: "learn-groups"}
	settled  = store.Table{Name: "learn-settled"} // canonical question => when it was drafted or dismissed
	facets   = store.Table{Name: "learn-facets"}
)

var (
	versionKey = store.Key{}.Str("version")
	draftKey   = store.Key{}.Str("drafts") // counter
)

// Tables returns the declarations that the store must be opened with.
func Tables() []store.Table {
	return []store.Table{drafts, releases, contents, groups, settled, facets}
}

// Migrations returns what brought the records to their present shape.
func Migrations() []store.Migration {
	return []store.Migration{{Name: "learn", Apply: func(store.Tx) error { return nil }}}
}

func get[T any](tx store.Tx, t store.Table, key store.Key) (*T, error) {
	raw := tx.Get(t.Name, key)
	if raw == nil {
		return nil, nil
	}
	rec := new(T)
	if err := json.Unmarshal(raw, rec); err != nil {
		return nil, fmt.Errorf("learn: stored %T: %w", rec, err)
	}
	return rec, nil
}

func put[T any](tx store.Tx, t store.Table, key store.Key, rec *T) error {
	raw, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("learn: %s: %w", t.Name, err)
	}
	return t.Put(tx, key, raw)
}

func all[T any](tx store.Tx, t store.Table) (out []*T, err error) {
	for _, raw := range tx.Scan(t.Name, store.Range{}) {
		rec := new(T)
		if err := json.Unmarshal(raw, rec); err != nil {
			return nil, fmt.Errorf("learn: stored %T: %w", rec, err)
		}
		out = append(out, rec)
	}
	return out, nil
}

func inForce(tx store.Tx) (version, error) {
	v, err := get[version](tx, facets, versionKey)
	if v == nil || err != nil {
		return version{}, err
	}
	return *v, nil
}

// A standing is what is in force, with the drafts that it holds.
type standing struct {
	version
	*Release // nil for the shipped files
}

func standingOf(tx store.Tx) (s standing, err error) {
	if s.version, err = inForce(tx); err == nil {
		s.Release, err = get[Release](tx, releases, store.Key{}.Uint(s.version.Release))
	}
	return s, err
}

// base is the release that drafts are added to; 0 for the shipped files.
func (s *standing) base() uint64 {
	if s.Release == nil {
		return 0
	}
	return s.Base
}

// holds tells whether a draft is published.
func (s *standing) holds(d *Draft) bool { return s.Release != nil && slices.Contains(s.Drafts, d.N) }

// imported tells whether a draft came back with the files that are in force.
func (s *standing) imported(d *Draft) bool { return d.Imported != 0 && d.Imported == s.base() }

// openDrafts are those that could be published.
func openDrafts(tx store.Tx) (out []*Draft, err error) {
	s, err := standingOf(tx)
	if err != nil {
		return nil, err
	}
	list, err := all[Draft](tx, drafts)
	return slices.DeleteFunc(list, func(d *Draft) bool { return s.holds(d) || s.imported(d) }), err
}

// enforce puts a release into force.
func enforce(tx store.Tx, release uint64) error {
	v, err := inForce(tx)
	if err != nil {
		return err
	}
	return put(tx, facets, versionKey, &version{v.Seq + 1, release})
}

// ErrNoRelease means that there is no such release.
var ErrNoRelease = errors.New("learn: no such release")

func filesOf(tx store.Tx, release uint64) (fs.FS, error) {
	raw := tx.Get(contents.Name, store.Key{}.Uint(release))
	if raw == nil {
		return nil, ErrNoRelease
	}
	return unpack(bytes.Clone(raw)) // it outlives the transaction
}

// unpack opens an archive.
func unpack(raw []byte) (fs.FS, error) {
	files, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, fmt.Errorf("learn: archive: %w", err)
	}
	return files, nil
}

// Pack makes an archive of files.
func Pack(files map[string][]byte) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := z.Create(name)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(files[name]); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return b.Bytes(), err
}

// Copy reads the content files of a directory, with the stored classifier.
func Copy(dir fs.FS) (map[string][]byte, error) {
	list, err := fs.ReadDir(dir, ".")
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	for _, e := range list {
		if ext := path.Ext(e.Name()); e.IsDir() || ext != ".md" && ext != ".yaml" && ext != ".bin" {
			continue
		}
		f, err := dir.Open(e.Name())
		if err != nil {
			return nil, err
		}
		raw, err := io.ReadAll(f)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		files[e.Name()] = raw
	}
	return files, nil
}
