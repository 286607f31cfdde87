package bot

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

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
			var doing, done string
			if p.Verbs != "" {
				doing = "(" + p.Verbs + ")" + within + "(" + p.Things + ")"
				done = "(" + p.Things + ")" + within + "(" + p.Verbs + ")"
			}
			for _, v := range []struct {
				source string
				into   **pattern
			}{{p.Do, &i.do}, {p.When, &i.when}, {p.Asks, &i.asks}, {doing, &i.doing}, {done, &i.done}} {
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

var (
	// wishing are words by which people ask that something be done.
	wishing = regexp.MustCompile(`我要|我用|就用|改用|我选|俺要|俺想|我们要|咱要|我想|想要|我得|帮我|帮忙|帮俺|帮咱|替我|麻烦(你|您|帮|给|转|发|查|换|办|把|一下)|劳驾|请帮|请给|请把|烦请|拜托|我需要|我来|幫我|` +
		`(?:^|[，,])(?:就|那|想)?要(?:用|走|做|办)|给(我|俺|咱)(办|弄|换|改|发|查|开|设|申请|转|做|删|通知|搞)|想申请|要申请|想办|要办|(办|弄|换|改|查|删|发|做|搞|申请|催|签|看|设置|通知|转)(一)?下|发起|我要当|能不能(帮|给|替)|可以(帮|给|替)(我|俺)`)
	// asking are words of questions.
	asking = regexp.MustCompile(`想问|请问|问下|问一下|来问|咨询|想知道|想了解|吗|嘛[？?]|么[？?]?$|马[？?]?$|不[？?]?$|没[？?]?$|什么|什麼|甚么|怎么|怎麼|怎样|怎办|咋|啷个|乜|咩|係咪|嗎|如何|为什么|为啥|為什麼|多久|多长|多少|多大|几天|几个|几种|几次|哪|啥|谁|` +
		`安全|收费|区别|能不能|可不可以|可以不|是不是|会不会|要不要|用不用|需不需要|能否|可否|行不行|对不对|有没有|\?|？|呢$|是否|还是.{0,12}[啊呀好]|教我|教教|步骤|流程|条件|要求|材料|应该|應該|下载|下載|选择困难`)
	// helping asks the assistant to act although it has the form of a question.
	helping = regexp.MustCompile(`(能不能|可不可以|能|可以|可否|能否|麻烦)(请)?(你|您|你们)?(帮|替|给)(我|俺|咱|我们|财务|法人|老板|忙)`)
	// against turns a wish down, tells of the past, or of what went wrong.
	against = regexp.MustCompile(`不想|不要|不用|别给|别帮|不需要|不打算|已经.{0,12}(了|过)|之前.{0,8}过|刚才.{0,8}了|的时候|选不了|换不了|改不了|办不了|没法|不了$|死循环|过了?[，,]|还是老|还是错`)
	// quoting are signs that a screen is being told of.
	quoting = regexp.MustCompile(`[【】「」→<>☑☐○●]`)
)

// within is what may stand between a verb and its thing: less than a clause.
const within = `[^，。！？；：,!?;:\n]{0,9}?`

// loose is how many runes may stand around a wish that is said without a word of
// wishing: 换管理员 is one, 换管理员加了人但显示未激活 tells of a problem.
const loose = 6

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
	best, start, longest := intentPattern{}, false, 0
	looked := x.alphabet.text(t)
	for _, p := range x.labels {
		if p.controls {
			continue
		}
		n, wish := p.match(looked)
		if n > longest || n == longest && wish && !start {
			longest, best, start = n, p, wish
		}
	}
	if best.label == "" {
		return Intent{Label: x.about(d)}
	}
	if best.asks != nil {
		t = best.asks.re.ReplaceAllString(t, "")
	}
	return Intent{Label: best.label, Start: start && plainWish(text, t, d)}
}

// plainWish reports whether nothing in a text makes a question or a report of
// it; t is it without question words that belong to the wish.
func plainWish(typed, t string, d kb.Decision) bool {
	if i := strings.LastIndexByte(strings.TrimSpace(typed), '\n'); i >= 0 { // a screen, and perhaps a wish below it
		last := strings.TrimSpace(strings.TrimSpace(typed)[i+1:])
		return firstPerson.MatchString(last) && !asking.MatchString(last)
	}
	if asking.MatchString(helping.ReplaceAllString(t, "")) || against.MatchString(t) {
		return false
	}
	if d.Message != "" || quoting.MatchString(typed) { // words on a screen are no wish
		return firstPerson.MatchString(typed)
	}
	return true
}

// firstPerson are wishes that no screen says.
var firstPerson = regexp.MustCompile(`我要|俺要|我们要|我想|帮我|帮俺|给我|替我|麻烦|幫我|我来`)

// carries tells that a text brings values for what is to be done.
var carries = regexp.MustCompile(`(公司|企业|我)(是|叫)|1[3-9][0-9]{9}|c-[0-9]{2}-|@|把|给(财务|法人|老板|会计|公章)|通知(财务|法人|老板|会计|公章)`)

// known reports whether any label is spoken of.
func (x *Intents) known(t string) bool {
	looked := x.alphabet.text(t)
	return slices.ContainsFunc(x.labels, func(p intentPattern) bool {
		n, _ := p.match(looked)
		return n > 0 && !p.controls
	})
}

// match returns how much of the text speaks for the label, and whether it is a
// wish.
func (p *intentPattern) match(looked text) (length int, wish bool) {
	t := looked.string
	if p.do != nil {
		if m := p.do.find(looked); m != "" {
			around := utf8.RuneCountInString(t) - utf8.RuneCountInString(m)
			return sure + len(m), around <= loose || wishing.MatchString(t) || carries.MatchString(t) || handing.MatchString(m)
		}
	}
	if p.doing != nil {
		if m := p.doing.find(looked); m != "" {
			around := utf8.RuneCountInString(t) - utf8.RuneCountInString(m)
			said := clause(t, m)
			return likely + len(m), around <= loose || wishing.MatchString(said) || carries.MatchString(said)
		}
		if m := p.done.find(looked); m != "" {
			said := clause(t, m)
			return likely + len(m), wishing.MatchString(said) || handing.MatchString(said)
		}
	}
	if p.when == nil {
		return 0, false
	}
	m := p.when.find(looked)
	return len(m), m != "" && wishing.MatchString(t)
}

// clause returns the clause of a text in which a part stands; of short texts all.
func clause(t, part string) string {
	if utf8.RuneCountInString(t) <= maxClause {
		return t
	}
	for _, c := range strings.FieldsFunc(t, func(r rune) bool { return strings.ContainsRune("，。！？；,!?;\n", r) }) {
		if strings.Contains(c, part) {
			return c
		}
	}
	return t
}

// maxClause is the length in runes up to which a text is taken as one.
const maxClause = 24

// handing are words before a thing with which something is to be done.
var handing = regexp.MustCompile(`把|将|给|要(?:换|改|交|转|设|做|办|查|删|加)|得(?:换|改|交|转)|请`)

// What is said by itself counts before a verb with its thing, and that before
// what is only spoken of.
const (
	sure   = 1000
	likely = 500
)

// control recognises control words, which are whole messages.
func (x *Intents) control(t string) (Intent, bool) {
	if len([]rune(t)) > maxControl {
		return Intent{}, false
	}
	looked := x.alphabet.text(squeeze(t))
	for _, p := range x.labels {
		if p.controls && p.do != nil && p.do.matches(looked) {
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
