package actions

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Words are the Chinese of one flow: the file NAME.yaml. Placeholders are
// written {name}.
type Words struct {
	Title string `yaml:"title"` // what it is called to people
	Start string `yaml:"start"` // said when it begins; may be empty
	// Intents are what people say who mean the flow, by label; for whoever
	// recognises intents.
	Intents map[string]Phrases   `yaml:"intents"`
	Steps   map[StepID]StepWords `yaml:"steps"`
	Texts   map[string]string    `yaml:"texts"` // used by the flow's own code
	// Troubles are helped with at any step of the flow that does not know them
	// itself, and in those that it calls.
	Troubles []Trouble `yaml:"troubles"`
}

// Phrases tell how people say that they mean a flow: regular expressions, in
// which white space has no meaning.
type Phrases struct {
	Do   string `yaml:"do"`   // said by itself it is the wish to do it
	When string `yaml:"when"` // speaks of it; a wish together with a verb of wishing
	// Verbs and Things say it together, in one clause: what is done, and to
	// what.
	Verbs  string `yaml:"verbs"`
	Things string `yaml:"things"`
	// Asks are question words that are a part of the wish: 查查到哪了.
	Asks string `yaml:"asks"`
	// Slots are filled by the intent itself: whom to notify.
	Slots map[string]string `yaml:"slots"`
	Title string            `yaml:"title"` // what this is called to people; that of the flow if empty
}

// A Trouble is what people say who are stuck, or ask about the very step, and
// what helps them.
type Trouble struct {
	When string `yaml:"when"` // a regular expression, in which white space has no meaning
	Say  string `yaml:"say"`
}

// StepWords are the words of one step.
type StepWords struct {
	Prompt  string   `yaml:"prompt"`  // what is asked
	Input   string   `yaml:"input"`   // what is typed, for keyboards: code, tel, decimal, number; "" for any text
	Short   string   `yaml:"short"`   // the same once more, in few words; the prompt if empty
	Hint    string   `yaml:"hint"`    // after bad input: the rule, and an example
	Help    string   `yaml:"help"`    // when to take which option, or what a yes does
	Doubt   string   `yaml:"doubt"`   // asks whether {value} is really meant; that of the engine if empty
	Card    string   `yaml:"card"`    // before a commit: what will happen, and to whom
	Receipt string   `yaml:"receipt"` // after a commit: what was done, and who is waited for
	PC      string   `yaml:"pc"`      // where it is done on a computer
	Options []Option `yaml:"options"` // in the order in which they are shown
	// Troubles are helped with before they are looked up anywhere else.
	Troubles []Trouble `yaml:"troubles"`
	// Early is set if an option may be named before the step is reached; its
	// slots are then filled with it, for the steps on the way there.
	Early map[string]string `yaml:"early"`
}

// An Option is something to choose.
type Option struct {
	ID    string `yaml:"id" json:"id"`
	Label string `yaml:"label" json:"label"`
	// Also are other words for it.
	Also []string `yaml:"also" json:"-"`
}

// engineWords is the file with the words of the engine itself.
const engineWords = "engine"

// ReadWords reads all files of a directory. Unknown fields are errors.
func ReadWords(fsys fs.FS) (map[string]*Words, error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, err
	}
	all := make(map[string]*Words)
	var errs []error
	for _, name := range names {
		w, err := readWords(fsys, name)
		if err != nil {
			errs = append(errs, fmt.Errorf("actions: %s: %w", name, err))
			continue
		}
		all[strings.TrimSuffix(path.Base(name), ".yaml")] = w
	}
	return all, errors.Join(errs...)
}

func readWords(fsys fs.FS, name string) (*Words, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	dec := yaml.NewDecoder(f)
	dec.KnownFields(true)
	w := &Words{}
	return w, dec.Decode(w)
}

var placeholder = regexp.MustCompile(`\{[a-zA-Z0-9]+\}`)

// fill puts the arguments into the placeholders; an unknown one stays.
func fill(text string, args Args) string {
	return strings.TrimRight(placeholder.ReplaceAllStringFunc(text, func(p string) string {
		if v, ok := args[p[1:len(p)-1]]; ok {
			return v
		}
		return p
	}), "\n ")
}
