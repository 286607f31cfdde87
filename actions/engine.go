package actions

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// An Engine runs flows. It is immutable.
type Engine struct {
	flows   map[string]*Flow
	names   []string // in the order given
	byCode  map[string]string
	byLabel map[string]string // of an intent: the flow that it starts
	words   map[string]*Words
	find    func(string) map[string]string
	labels  []controlLabel // of the control words, in their order
	knows   map[place][]trouble
}

// A controlLabel is one way to say a control word.
type controlLabel struct {
	id, squeezed string
	inFull       bool // the label itself
}

// New returns an engine for the flows, whose words are given by name. find
// returns the values that an utterance carries, by slot; it may be nil. The error
// lists all mistakes in flows and words; see [Check].
func New(flows []Flow, words map[string]*Words, find func(utterance string) map[string]string) (*Engine, error) {
	if find == nil {
		find = func(string) map[string]string { return nil }
	}
	e := &Engine{flows: make(map[string]*Flow), byCode: make(map[string]string), byLabel: make(map[string]string), words: words, find: find, knows: compileTroubles(words)}
	for i := range flows {
		f := &flows[i]
		e.flows[f.Name] = f
		e.names = append(e.names, f.Name)
		first(e.byCode, f.Code, f.Name)
		if w := words[f.Name]; w != nil {
			for label := range w.Intents {
				first(e.byLabel, label, f.Name)
			}
		}
	}
	if w := words[engineWords]; w != nil {
		for _, o := range w.Steps[controls].Options {
			inFull := true
			for l := range o.labels() {
				e.labels = append(e.labels, controlLabel{o.ID, squeezed(l), inFull})
				inFull = false
			}
		}
	}
	return e, Check(flows, words)
}

// first sets what a key stands for, unless it stands for something already.
func first(of map[string]string, key, value string) {
	if _, ok := of[key]; !ok {
		of[key] = value
	}
}

// Title returns what a flow is called.
func (e *Engine) Title(flow string) string {
	if w := e.words[flow]; w != nil {
		return w.Title
	}
	return flow
}

// Asks tells in a few words what a step of a flow asks for; "" if the words take
// values.
func (e *Engine) Asks(flow string, step StepID) string {
	w := e.words[flow]
	if w == nil {
		return ""
	}
	s := w.Steps[step]
	text := cmp.Or(s.Short, s.Prompt)
	if text = strings.TrimSpace(text); strings.ContainsAny(text, "{\n") {
		return ""
	}
	return text
}

// ByCode returns the name of the flow with that code of the specification, or
// "".
func (e *Engine) ByCode(code string) string { return e.byCode[code] }

// ByLabel returns the name of the flow that an intent of that label starts, or "".
func (e *Engine) ByLabel(label string) string {
	if label == "" {
		return ""
	}
	return e.byLabel[label]
}

// Wish returns the flow that an intent of that label starts; its name is "" if
// none does. The slots may be added to.
func (e *Engine) Wish(label string) Offer {
	name := e.ByLabel(label)
	if name == "" {
		return Offer{}
	}
	p := e.words[name].Intents[label]
	o := Offer{Flow: name, Slots: make(map[string]string), Title: p.Title}
	maps.Copy(o.Slots, p.Slots)
	return o
}

// IsSecret reports whether what is asked now must not be kept in clear.
func (e *Engine) IsSecret(st *State) bool {
	s := st.Active()
	if s == nil {
		return false
	}
	step := e.flows[s.Flow].step(s.Step)
	return step != nil && step.Secret
}

// A Reply is what a turn says.
type Reply struct {
	Text    []string // paragraphs
	Choices []Choice
	Picture bool   // a picture may be sent now
	Many    bool   // several of the choices may be taken at once
	Input   string // what is typed, for keyboards; see [StepWords]
	Ended   string // name of the flow that ended with this turn
	Result  string // of that flow
}

// A Choice is something to click, or to type by its number or label.
type Choice struct {
	Token   string // what a click sends back
	Label   string
	Control bool // 上一步 and the like, which have no number
}

func (r *Reply) add(text string) {
	if text = strings.TrimSpace(text); text != "" {
		r.Text = append(r.Text, text)
	}
}

// Tokens of choices begin with what they are.
const (
	tokenOption  = "o:" // of a step
	tokenControl = "c:" // a control word
	tokenOffer   = "s:" // number of an offer of the state
)

// Control words, which any flow understands.
const (
	Back     = "back"
	Cancel   = "cancel"
	Restart  = "restart"
	Status   = "status"
	Human    = "human"
	Resume   = "resume" // go on with what was put aside
	Drop     = "drop"   // give up what was put aside
	again    = "again"  // enter it once more
	other    = "other"  // another way
	switchTo = "wanted" // the other flow first
	current  = "current"
	yes      = "yes"
	no       = "no"
)

const maxSteps = 100 // of one turn: more is a flow that goes round

func (e *Engine) context(t *Turn, s *Session) *Context {
	if s.Given == nil { // as stored, if it was empty
		s.Given = make(map[string]string)
	}
	return &Context{Turn: t, Session: s, engine: e, flow: e.flows[s.Flow]}
}

func (f *Flow) step(id StepID) *Step {
	for i := range f.Steps {
		if f.Steps[i].ID == id {
			return &f.Steps[i]
		}
	}
	return nil
}

// asksFor reports whether a step asks for the slot.
func (f *Flow) asksFor(slot string) bool {
	return slices.ContainsFunc(f.Steps, func(s Step) bool { return s.asks() && s.slot() == slot })
}

func (s *Step) slot() string {
	if s.Slot != "" {
		return s.Slot
	}
	return string(s.ID)
}

func (s *Step) asks() bool { return s.chooses() || s.Parse != nil }

func (s *Step) chooses() bool { return s.Choose != nil || s.Options != nil }

func (e *Engine) stepWords(c *Context, s *Step) StepWords { return e.words[c.flow.Name].Steps[s.ID] }

// Start begins a flow with slots that are known already. An open one must have
// been put aside.
func (e *Engine) Start(t *Turn, st *State, o Offer) (Reply, error) {
	var r Reply
	f := e.flows[o.Flow]
	if f == nil {
		return r, fmt.Errorf("actions: no flow %q", o.Flow)
	}
	st.Open, st.Aside, st.Wanted, st.Offers, st.Parted = nil, AsideNone, nil, nil, false
	r.add(fill(e.words[f.Name].Start, nil))
	if err := e.push(t, st, &r, f, o.Slots); err != nil {
		return r, err
	}
	st.touch(t.Now)
	return r, e.run(t, st, &r)
}

// Preview returns what a flow says first, without beginning it; open is false if
// it cannot begin, and the reply then says why. Nothing is written.
func (e *Engine) Preview(t *Turn, flow string) (r Reply, open bool, err error) {
	f := e.flows[flow]
	if f == nil {
		return r, false, fmt.Errorf("actions: no flow %q", flow)
	}
	var st State
	if err := e.push(t, &st, &r, f, nil); err != nil || len(st.Open) == 0 {
		return r, false, err
	}
	c := e.context(t, st.Active())
	if step := f.step(st.Active().Step); step != nil {
		r.add(fill(e.stepWords(c, step).Prompt, e.args(c, step)))
	}
	return r, true, nil
}

// callResult is the slot with the result of the flow that was called last,
// until its step takes it.
const callResult = "\x00result"

// ContinueOnPC is the result of a flow that goes on at a computer.
const ContinueOnPC = "continue-on-pc"

// errWaits says that the person was asked although a value was taken.
var errWaits = errors.New("actions: waits")

// Propose adds offers to a reply, under labels of a flow's texts.
func (e *Engine) Propose(st *State, r *Reply, flow string, offers []Offer) {
	for _, o := range offers {
		label := e.Title(o.Flow)
		if w := e.words[flow]; w != nil && w.Texts[o.Label] != "" {
			label = w.Texts[o.Label]
		}
		r.Choices = append(r.Choices, Choice{Token: tokenOffer + strconv.Itoa(len(st.Offers)), Label: label})
		st.Offers = append(st.Offers, o)
	}
}
