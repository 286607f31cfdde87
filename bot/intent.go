package bot

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"signdesk/actions"
	"signdesk/kb"
)

// An Intents recognises what an utterance is for: which flow it is about, and
// whether the person plainly wishes to do it now. Asking about a thing is no
// wish to do it; a wrong action is worse than a question, so that whatever has
// the form of a question starts nothing. It is immutable.
//
// What people say who wish or mention a flow are patterns in the words of the
// flows (actions.Phrases); what they ask about is told by the entry that the
// knowledge base finds.
type Intents struct {
	labels []intentPattern // in the order of their weight
	byPart map[string]string
}

type intentPattern struct {
	label    string
	do       *regexp.Regexp // said by itself: the wish
	when     *regexp.Regexp // what it is about; a wish together with a verb of wishing
	controls bool           // counts only as the whole message
}

// NewIntents compiles the patterns of the flows. Labels by code of a flow say
// what an entry of the knowledge base that names that flow is about.
func NewIntents(words map[string]*actions.Words, byCode map[string]string) (*Intents, error) {
	x := &Intents{byPart: byCode}
	for _, name := range slices.Sorted(maps.Keys(words)) {
		w := words[name]
		for _, label := range slices.Sorted(maps.Keys(w.Intents)) {
			p := w.Intents[label]
			i := intentPattern{label: label, controls: name == "engine"}
			for _, v := range []struct {
				source string
				into   **regexp.Regexp
			}{{p.Do, &i.do}, {p.When, &i.when}} {
				if v.source == "" {
					continue
				}
				re, err := regexp.Compile(strings.Join(strings.Fields(v.source), ""))
				if err != nil {
					return nil, fmt.Errorf("bot: intent %s: %w", label, err)
				}
				*v.into = re
			}
			x.labels = append(x.labels, i)
		}
	}
	return x, nil
}

var (
	// wishing are verbs by which people ask that something be done.
	wishing = regexp.MustCompile(`我要|俺要|我们要|我想|想要|帮我|帮忙|帮俺|给我|替我|麻烦|劳驾|请帮|请给|请把|能不能帮|能帮|可以帮|可不可以帮|烦请|办理|办一下|发起|开始|马上|直接|立刻|现在就|赶紧|快点|我来|要求|需要你|需要您|求|拜托|去办|要办|搞一下|弄一下|做一下|來|幫我|我需要|要申请|想申请|申请一下|重新`)
	// firstPerson are those that no screen says.
	firstPerson = regexp.MustCompile(`我要|俺要|我们要|我想|帮我|帮俺|给我|替我|麻烦|幫我|我来`)
	// asking are words of questions.
	asking = regexp.MustCompile(`想问|请问|問|咨询|想知道|想了解|吗|嘛\?|么[？?]?$|什么|甚么|怎么|怎麼|怎样|怎办|咋|如何|为什么|为啥|為什麼|多久|多长|多少|几天|几个|几种|几次|哪|啥|谁|安全|收费|区别|是不是|会不会|要不要|用不用|需不需要|能否|可否|行不行|对不对|有没有必要|有没有影响|\?|？|呢$|什麼|嗎|是否|还是.*好|步骤|流程|条件是|要求是|材料`)
	// helping asks the assistant to act although it has the form of a question.
	helping = regexp.MustCompile(`(能不能|可不可以|能|可以|可否|能否|麻烦)(你|您)?(帮|替|给)(我|俺|我们|财务|法人|老板)`)
	// against turns a wish down, or tells of the past.
	against = regexp.MustCompile(`不想|不要|不用|别给|别帮|不需要|不打算|已经.{0,12}(了|过)|之前.{0,8}过|刚才.{0,8}了`)
)

// Recognise tells what an utterance is for, given what the knowledge base makes
// of it.
func (x *Intents) Recognise(text string, d kb.Decision) Intent {
	t := strings.ToLower(strings.TrimSpace(text))
	if i, ok := x.control(t); ok {
		return i
	}
	if c := d.Why.Canon; c != "" && t != c && !x.known(t) && x.known(c) {
		t = c // other characters, or other widths
	}
	asks := asking.MatchString(t) && !helping.MatchString(t)
	best, start := "", false
	longest := 0
	for _, p := range x.labels {
		if p.controls {
			continue
		}
		n, wish := p.match(t)
		if n > longest || n == longest && wish && !start {
			longest, best, start = n, p.label, wish
		}
	}
	if best == "" {
		return Intent{Label: x.about(d)}
	}
	if d.Message != "" { // words on a screen are no wish
		start = start && firstPerson.MatchString(t)
	}
	return Intent{Label: best, Start: start && !asks && !against.MatchString(t)}
}

// known reports whether any label is spoken of.
func (x *Intents) known(t string) bool {
	return slices.ContainsFunc(x.labels, func(p intentPattern) bool {
		n, _ := p.match(t)
		return n > 0 && !p.controls
	})
}

// match returns how much of the text speaks for the label, and whether it is a
// wish.
func (p *intentPattern) match(t string) (length int, wish bool) {
	if p.do != nil {
		if m := p.do.FindString(t); m != "" {
			return sure + len(m), true
		}
	}
	if p.when == nil {
		return 0, false
	}
	m := p.when.FindString(t)
	return len(m), m != "" && wishing.MatchString(t)
}

// sure puts what is said by itself before what is only spoken of.
const sure = 1000

// control recognises control words, which are whole messages.
func (x *Intents) control(t string) (Intent, bool) {
	if len([]rune(t)) > maxControl || asking.MatchString(t) && !helping.MatchString(t) && !strings.Contains(t, "哪") {
		return Intent{}, false
	}
	for _, p := range x.labels {
		if p.controls && p.do != nil && p.do.MatchString(squeeze(t)) {
			return Intent{Label: p.label, Start: true}, true
		}
	}
	return Intent{}, false
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
