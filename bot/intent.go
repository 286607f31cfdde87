package bot

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"signdesk/actions"
	"signdesk/kb"
)

// An Intents recognises what an utterance is for: which flow it is about, and
// whether the person plainly wishes to do it now. Asking about a thing is no
// wish to do it, nor is telling what happened; a wrong action is worse than a
// question, so that only a wish starts something. It is immutable.
//
// What people say who wish or mention a flow are patterns in the words of the
// flows (actions.Phrases); what they ask about is told by the entry that the
// knowledge base finds.
type Intents struct {
	labels   []intentPattern // in the order of their weight
	byPart   map[string]string
	alphabet alphabet
}

type intentPattern struct {
	label    string
	do       *pattern // said by itself: the wish
	when     *pattern // what it is about; a wish together with a verb of wishing
	doing    *pattern // a verb, and then its thing
	done     *pattern // a thing, and then what to do with it
	asks     *pattern // question words that belong to the wish
	mine     *pattern // what is asked about so, if there are such words
	controls bool     // counts only as the whole message
}

// NewIntents compiles the patterns of the flows. Labels by code of a flow say
// what an entry of the knowledge base that names that flow is about.
func NewIntents(words map[string]*actions.Words, byCode map[string]string) (*Intents, error) {
	x := &Intents{byPart: byCode, alphabet: make(alphabet)}
	for _, name := range slices.Sorted(maps.Keys(words)) {
		w := words[name]
		for _, label := range slices.Sorted(maps.Keys(w.Intents)) {
			p := w.Intents[label]
			i := intentPattern{label: label, controls: name == "engine"}
			var doing, done, mine string
			if p.Asks != "" {
				mine = p.Things
			}
			if p.Verbs != "" {
				doing = "(" + p.Verbs + ")" + within + "(" + p.Things + ")"
				done = "(" + p.Things + ")" + within + "(" + p.Verbs + ")"
			}
			for _, v := range []struct {
				source string
				into   **pattern
			}{{p.Do, &i.do}, {p.When, &i.when}, {p.Asks, &i.asks}, {doing, &i.doing}, {done, &i.done}, {mine, &i.mine}} {
				if v.source == "" {
					continue
				}
				var err error
				if *v.into, err = x.alphabet.compile(strings.Join(strings.Fields(v.source), "")); err != nil {
					return nil, fmt.Errorf("bot: intent %s: %w", label, err)
				}
			}
			x.labels = append(x.labels, i)
		}
	}
	return x, nil
}

// within is what may stand between a verb and its thing: less than a clause.
const within = `[^，。！？；：,!?;:\n]{0,9}?`

// Recognise tells what an utterance is for, given what the knowledge base makes
// of it.
func (x *Intents) Recognise(text string, d kb.Decision) Intent {
	t := strings.ToLower(strings.TrimSpace(text))
	if i, ok := x.control(t, d); ok {
		return i
	}
	if d.Outside != "" { // a wish that somebody else can fulfil
		return Intent{}
	}
	best, start := x.best(t)
	if c := d.Why.Canon; best.label == "" && c != "" && c != t { // other characters, or other widths
		if other, wish := x.best(c); other.label != "" {
			t, best, start = c, other, wish
		}
	}
	if best.label == "" { // the verb alone, of what the rest of it is about: 没有章，帮我设置一个
		about := x.about(d)
		return Intent{Label: about, Start: about != "" && doing.MatchString(t) && wished(t) && plainWish(text, t, d)}
	}
	if best.asks != nil {
		t = best.asks.re.ReplaceAllString(t, "")
	}
	return Intent{Label: best.label, Start: start && plainWish(text, t, d)}
}

// best returns the label that a text speaks for most, without one if it speaks for
// none, and whether it is a wish.
func (x *Intents) best(t string) (best intentPattern, wish bool) {
	longest, looked := 0, x.alphabet.text(t)
	for _, p := range x.labels {
		if p.controls {
			continue
		}
		n, w := p.match(looked)
		if n > longest || n == longest && w && !wish {
			longest, best, wish = n, p, w
		}
	}
	return best, wish
}

// match returns how much of the text speaks for the label, and whether it is a
// wish.
func (p *intentPattern) match(looked text) (length int, wish bool) {
	t := looked.string
	if p.do != nil {
		if m := p.do.find(looked); m != "" {
			return sure + len(m), wished(t) || alone(t, m)
		}
	}
	if p.doing != nil {
		if m := p.doing.find(looked); m != "" {
			return likely + len(m), wished(clause(t, m)) || alone(t, m)
		}
		if m := p.done.find(looked); m != "" {
			said := clause(t, m)
			return likely + len(m), wished(said) || handed(said)
		}
	}
	if p.mine != nil {
		if m := p.mine.find(looked); m != "" && p.asks.matches(looked) && p.isMine(t) {
			return likely + len(m), true
		}
	}
	if p.when == nil {
		return 0, false
	}
	m := p.when.find(looked)
	return len(m), m != "" && wished(t)
}

// What is said by itself counts before a verb with its thing, and that before
// what is only spoken of.
const (
	sure   = 1000
	likely = 500
)

// control recognises control words, which are whole messages, and the wish for a
// human, which may stand among other words.
func (x *Intents) control(t string, d kb.Decision) (Intent, bool) {
	looked := x.alphabet.text(squeeze(t))
	for _, p := range x.labels {
		if !p.controls || p.do == nil {
			continue
		}
		if utf8.RuneCountInString(t) <= maxControl && p.do.matches(looked) ||
			p.doing != nil && !ringing.MatchString(t) && (d.Message == "" || firstPerson.MatchString(t)) && slices.ContainsFunc(clauses(t), func(c string) bool { return x.calls(&p, c) }) {
			return Intent{Label: p.label, Start: true}, true
		}
	}
	return Intent{}, false
}

// calls reports whether a clause wishes what a control word says.
func (x *Intents) calls(p *intentPattern, c string) bool {
	if referring.MatchString(c) {
		return false
	}
	looked := x.alphabet.text(squeeze(c))
	if p.do.matches(looked) {
		return true
	}
	if m := p.doing.find(looked); m == "" || notCalling.MatchString(m) {
		return false
	}
	return !asking.MatchString(polite.ReplaceAllString(couldYou.ReplaceAllString(c, ""), ""))
}

// maxControl is the longest message that can be a control word, in runes.
const maxControl = 16

// about returns the label of the flow that the found entry names first.
func (x *Intents) about(d kb.Decision) string {
	if d.Kind != kb.Answer || len(d.Hits) == 0 {
		return ""
	}
	p := d.Hits[0].Part()
	for _, code := range p.Flows {
		if label := x.byPart[code+" "+string(p.Entry.ID)]; label != "" {
			return label
		}
		if label := x.byPart[code]; label != "" {
			return label
		}
	}
	return ""
}
