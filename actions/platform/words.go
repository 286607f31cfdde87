package platform

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Words are the Chinese texts of the platform, by code: what its screens say,
// why it refuses, and what it sends. Placeholders are written {name}.
type Words struct {
	Notices  map[NoticeID]string `yaml:"notices"`
	Screens  map[Screen]string   `yaml:"screens"`
	Refusals map[Code]string     `yaml:"refusals"`
	Fields   map[string]string   `yaml:"fields"` // names of form fields, as in the argument "field" of a refusal
	Terms    map[string]string   `yaml:"terms"`  // other enumerations, by identifier
}

// WordsFile is the file that ReadWords reads.
const WordsFile = "platform.yaml"

// ReadWords reads the texts. Unknown fields are errors.
func ReadWords(fsys fs.FS) (*Words, error) {
	f, err := fsys.Open(WordsFile)
	if err != nil {
		return nil, fmt.Errorf("platform: words: %w", err)
	}
	defer f.Close()
	dec := yaml.NewDecoder(f)
	dec.KnownFields(true)
	w := &Words{}
	if err := dec.Decode(w); err != nil {
		return nil, fmt.Errorf("platform: words: %s: %w", WordsFile, err)
	}
	return w, nil
}

var placeholder = regexp.MustCompile(`\{[a-zA-Z]+\}`)

// fill puts the arguments into the placeholders of text.
func fill(text string, args map[string]string) string {
	return placeholder.ReplaceAllStringFunc(text, func(p string) string {
		if v, ok := args[p[1:len(p)-1]]; ok {
			return v
		}
		return p
	})
}

// Explain returns the Chinese text of a refusal, or of what went wrong if err
// is none; "" if err is nil.
func (w *Words) Explain(err error) string {
	if err == nil {
		return ""
	}
	var r *Refusal
	if !errors.As(err, &r) {
		return w.Terms["failure"]
	}
	args := make(map[string]string)
	for k, v := range r.Args {
		if k == "field" {
			v = w.Term(w.Fields, v)
		}
		args[k] = v
	}
	return fill(w.Refusals[r.Code], args)
}

// Term returns the word for an identifier, or the identifier.
func (w *Words) Term(of map[string]string, id string) string {
	if s, ok := of[id]; ok {
		return s
	}
	return strings.TrimSpace(id)
}
