package actions

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// engineTexts are the texts that the engine itself says.
var engineTexts = []string{"misses1", "misses2", "misses3", "misses4", "choose", "confirm", "switch", "parked", "resumed", "nothing", "cancel", "cancelyes", "cancelno", "cancelled",
	"kept", "doubt", "doubtyes", "doubtno", "first", "committed", "where", "whereDone", "again1", "again2", "aside", "early", "card", "explain", "hold"}

var engineControls = []string{Back, Cancel, Restart, Status, Human, Resume, Drop, again, other, switchTo, current, yes}

// Check looks for mistakes in flows and their words, and lists all of them:
// steps that cannot be reached or from which no end can be, words that are
// missing or never said.
func Check(flows []Flow, words map[string]*Words) error {
	k := &checker{flows: make(map[string]*Flow), words: words}
	for i := range flows {
		f := &flows[i]
		if k.flows[f.Name] != nil {
			k.report(f.Name, "", "is there twice")
		}
		k.flows[f.Name] = f
	}
	k.engine()
	for _, f := range k.flows {
		k.flow(f)
	}
	for name := range words {
		if name != engineWords && k.flows[name] == nil {
			k.report(name, "", "has words, but is no flow")
		}
	}
	slices.SortFunc(k.errs, func(a, b error) int {
		if a.Error() < b.Error() {
			return -1
		}
		return 1
	})
	return errors.Join(k.errs...)
}

type checker struct {
	flows map[string]*Flow
	words map[string]*Words
	errs  []error
}

func (k *checker) report(flow string, step StepID, format string, args ...any) {
	where := "actions: flow " + flow
	if step != "" {
		where += ", step " + string(step)
	}
	k.errs = append(k.errs, errors.New(where+": "+fmt.Sprintf(format, args...)))
}

func (k *checker) engine() {
	w := k.words[engineWords]
	if w == nil {
		k.report(engineWords, "", "has no words")
		k.words[engineWords] = &Words{}
		return
	}
	for _, id := range engineTexts {
		if w.Texts[id] == "" {
			k.report(engineWords, "", "has no text %q", id)
		}
	}
	for _, id := range engineControls {
		if !slices.ContainsFunc(w.Steps[controls].Options, func(o Option) bool { return o.ID == id && o.Label != "" }) {
			k.report(engineWords, controls, "has no label for %q", id)
		}
	}
}

func (k *checker) flow(f *Flow) {
	w := k.words[f.Name]
	if w == nil {
		k.report(f.Name, "", "has no words")
		return
	}
	if w.Title == "" {
		k.report(f.Name, "", "has no title")
	}
	k.troubles(f.Name, "", w.Troubles)
	if len(f.Steps) == 0 {
		k.report(f.Name, "", "has no steps")
		return
	}
	steps := make(map[StepID]*Step)
	for i := range f.Steps {
		s := &f.Steps[i]
		if steps[s.ID] != nil {
			k.report(f.Name, s.ID, "is there twice")
		}
		steps[s.ID] = s
		k.step(f, s, w.Steps[s.ID])
	}
	for id := range w.Steps {
		if steps[id] == nil {
			k.report(f.Name, id, "has words, but is no step")
		}
	}
	k.paths(f, steps)
	for from, to := range f.Moved {
		if steps[from] != nil || steps[to] == nil {
			k.report(f.Name, from, "moved to %q, which is no step, or is still there", to)
		}
	}
}

func (k *checker) step(f *Flow, s *Step, w StepWords) {
	need := func(what, text string, needed bool) {
		if needed && text == "" {
			k.report(f.Name, s.ID, "has no %s", what)
		}
	}
	need("prompt", w.Prompt, s.asks() || s.Ends != "")
	need("hint", w.Hint, s.Parse != nil)
	need("card", w.Card, s.Confirm)
	need("way on a computer (pc)", w.PC, s.PC)
	k.troubles(f.Name, s.ID, w.Troubles)
	if s.Confirm && s.Do == nil {
		k.report(f.Name, s.ID, "asks for a yes and does nothing")
	}
	if s.Choose != nil && len(w.Options) == 0 {
		k.report(f.Name, s.ID, "has no options")
	}
	for _, b := range s.Buttons {
		if !slices.ContainsFunc(w.Options, func(o Option) bool { return o.ID == b.ID }) {
			k.report(f.Name, s.ID, "has no label for button %q", b.ID)
		}
	}
	if s.Call != nil && k.flows[s.Call.Flow] == nil {
		k.report(f.Name, s.ID, "calls %q, which is no flow", s.Call.Flow)
	}
}

func (k *checker) troubles(flow string, step StepID, list []Trouble) {
	for _, t := range list {
		if _, err := t.compile(); err != nil || t.When == "" || t.Say == "" {
			k.report(flow, step, "has a trouble without words, or with wrong ones: %q %v", t.When, err)
		}
	}
}

// targets returns where a step may lead.
func (f *Flow) targets(i int) []StepID {
	s := &f.Steps[i]
	to := slices.Clone(s.Fails)
	if i == 0 {
		to = append(to, f.Lapses...)
	}
	for _, b := range s.Buttons {
		if b.To != "" {
			to = append(to, b.To)
		}
	}
	switch {
	case s.Ends != "":
	case s.Next.Pick != nil:
		to = append(to, s.Next.Targets...)
		if j := slices.Index(to, ""); j >= 0 && i+1 < len(f.Steps) {
			to[j] = f.Steps[i+1].ID
		}
	case i+1 < len(f.Steps):
		to = append(to, f.Steps[i+1].ID)
	}
	return to
}

func (k *checker) paths(f *Flow, steps map[StepID]*Step) {
	reached := map[StepID]bool{}
	from := make(map[StepID][]StepID)
	var visit func(StepID)
	visit = func(id StepID) {
		if reached[id] || steps[id] == nil {
			return
		}
		reached[id] = true
		i := slices.IndexFunc(f.Steps, func(s Step) bool { return s.ID == id })
		for _, to := range f.targets(i) {
			if steps[to] == nil {
				k.report(f.Name, id, "leads to %q, which is no step", to)
			}
			from[to] = append(from[to], id)
			visit(to)
		}
	}
	visit(f.Steps[0].ID)
	ends := map[StepID]bool{}
	var back func(StepID)
	back = func(id StepID) {
		if ends[id] {
			return
		}
		ends[id] = true
		for _, p := range from[id] {
			back(p)
		}
	}
	for id, s := range steps {
		if s.Ends != "" && reached[id] {
			back(id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(steps)) {
		switch {
		case !reached[id]:
			k.report(f.Name, id, "cannot be reached")
		case !ends[id]:
			k.report(f.Name, id, "reaches no end")
		}
	}
}
