package kb

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Categories are the guide's chapters, in its order.
var Categories = []string{"关于实名认证", "关于合同签署", "联系方式"}

var (
	entryIDForm = regexp.MustCompile(`^\d{2,6}$`)
	partIDForm  = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)
	ruleForm    = regexp.MustCompile(`^R\d{2}\.\d{1,2}$`)
	flowForm    = regexp.MustCompile(`^F(0[1-9]|1[0-5])$`)
	factForm    = regexp.MustCompile(`^[a-z]+=[a-z]+$`)
)

// checkHead checks the front matter of an entry apart from its parts.
func (f *file) checkHead() {
	e := f.entry
	switch {
	case !entryIDForm.MatchString(string(e.ID)):
		f.fail(0, "id must be two to six digits")
	case !strings.HasPrefix(path.Base(f.name), string(e.ID)+"-"):
		f.fail(0, "file name must begin with the id and a dash")
	}
	if e.Title == "" {
		f.fail(0, "title is missing")
	}
	if !slices.Contains(Categories, e.Category) {
		f.fail(0, "category must be one of %s", strings.Join(Categories, ", "))
	}
	if n := utf8.RuneCountInString(e.Condition); n == 0 || n > MaxCondition {
		f.fail(0, "condition must have 1 to %d characters, has %d", MaxCondition, n)
	}
}

// checkParts checks the front matter of an entry's parts.
func (f *file) checkParts() {
	e := f.entry
	if len(e.Parts) == 0 || e.Parts[0].ID != MainPart {
		f.fail(0, "the first part must be %q", MainPart)
	}
	for i, p := range e.Parts {
		line := f.lines[p]
		if !partIDForm.MatchString(string(p.ID)) {
			f.fail(line, "part id %q must be lower-case letters and digits", p.ID)
		}
		if slices.ContainsFunc(e.Parts[:i], func(q *Part) bool { return q.ID == p.ID }) {
			f.fail(line, "part %s stands twice", p.ID)
		}
		if p.Channel != ChannelAny && p.Channel != ChannelPC && p.Channel != ChannelPhone {
			f.fail(line, "part %s: channel must be any, pc or phone, is %q", p.ID, p.Channel)
		}
		for _, r := range p.Rules {
			if !ruleForm.MatchString(r) {
				f.fail(line, "part %s: %q is no rule id (R05.1)", p.ID, r)
			}
		}
		for _, fl := range p.Flows {
			if !flowForm.MatchString(fl) {
				f.fail(line, "part %s: %q is no flow id (F01 to F15)", p.ID, fl)
			}
		}
		for _, fact := range p.Facts {
			if !factForm.MatchString(fact) {
				f.fail(line, "part %s: %q is no fact with its value (payer=we)", p.ID, fact)
			}
		}
		if len(p.Phrasings) == 0 {
			f.fail(line, "part %s has no phrasings", p.ID)
		}
	}
}

func (f *file) checkTopic(t *Topic, line int) {
	if !partIDForm.MatchString(t.ID) {
		f.fail(line, "topic id %q must be lower-case letters and digits", t.ID)
	}
	if len(t.Phrasings) == 0 {
		f.fail(line, "topic %s has no phrasings", t.ID)
	}
	switch t.Kind {
	case TopicSmalltalk:
		if t.Reply == "" {
			f.fail(line, "topic %s: small talk needs a reply", t.ID)
		}
		if n := len(t.Offer); n == 1 || n > maxChoices {
			f.fail(line, "topic %s: offer must name two or three entries, names %d", t.ID, n)
		}
	case TopicUncovered, TopicOff:
		if t.Name == "" {
			f.fail(line, "topic %s needs a name", t.ID)
		}
		if t.Offer != nil {
			f.fail(line, "topic %s: offer is for small talk", t.ID)
		}
	default:
		f.fail(line, "topic %s: kind must be uncovered, offtopic or smalltalk, is %q", t.ID, t.Kind)
	}
}

// checkAcross checks what no file can tell alone: ids and phrasings that stand
// twice, and references to entries that do not exist.
func checkAcross(files []*file) []error {
	var errs []error
	ids := make(map[string]string) // id of an entry or topic => file
	asked := make(map[string]string)
	for _, f := range files {
		before := len(f.errs)
		for _, id := range f.ownIDs() {
			if other, dup := ids[id]; dup {
				f.fail(0, "%s stands in %s already", id, other)
			}
			ids[id] = f.name
		}
		for _, text := range sortedAskings(f.asked) {
			if other, dup := asked[text]; dup {
				f.fail(f.asked[text].line, "%s: phrasing %q stands in %s already", f.asked[text].where, text, other)
			}
			asked[text] = f.name
		}
		errs = append(errs, f.errs[before:]...)
	}
	for _, f := range files {
		if f.entry == nil {
			continue
		}
		before := len(f.errs)
		for _, id := range f.entry.SeeAlso {
			if _, ok := ids["entry "+string(id)]; !ok || id == f.entry.ID {
				f.fail(0, "see_also: no other entry %s", id)
			}
		}
		errs = append(errs, f.errs[before:]...)
	}
	return errs
}

func (f *file) ownIDs() []string {
	var ids []string
	if f.entry != nil {
		ids = append(ids, "entry "+string(f.entry.ID))
	}
	for _, t := range f.topics {
		ids = append(ids, "topic "+t.ID)
	}
	return ids
}

func sortedAskings(m map[string]asking) []string {
	list := make([]string, 0, len(m))
	for text := range m {
		list = append(list, text)
	}
	slices.SortFunc(list, func(a, b string) int { return m[a].line - m[b].line })
	return list
}
