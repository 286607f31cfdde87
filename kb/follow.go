package kb

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// An Act is what an utterance does to the reply before it.
type Act int

// The acts.
const (
	Asks    Act = iota // for more about the same entry
	Again              // for the same once more
	Unclear            // it was not understood
	Next               // what comes then
	Done               // it is done, and what comes then
	Doubts             // whether it is so
	Remedy             // what to do then
	Reason             // why it is so, where the entry has no part of its own for that
)

// A Following is what an utterance means as the continuation of a talk.
type Following struct {
	Act Act
	// Decision answers within the entry that was spoken of, with the part that the act
	// is about. For Choices its one hit has the parts that can be told; for None the
	// topic is what was asked about.
	Decision
}

// An utterance is taken as a continuation if it is short, and names little.
const (
	maxLoose = 22 // runes of an utterance
	maxNamed = 8  // runes of what it names
)

// A talk is what an utterance says, by words: the sides of things that it asks for,
// and what it names.
type talk struct {
	canon       string
	sides, rest []string
}

func (b *Base) talk(canon string) talk {
	sides, rest := b.norm.Sides(canon)
	return talk{canon, sides, rest}
}

// loose reports whether an utterance may lean on what was spoken of before.
func (b *Base) loose(utterance, canon string) bool {
	if canon == "" || strings.ContainsRune(strings.TrimSpace(utterance), '\n') || utf8.RuneCountInString(canon) > maxLoose {
		return false
	}
	named := 0
	for _, w := range b.talk(canon).rest {
		named += utf8.RuneCountInString(w)
	}
	return named <= maxNamed
}

// What is named belongs to the entry spoken of if it is like that, against what it is
// most like. Chosen, as all below, on half of bot/testdata/followups.tsv.
const (
	keepMin   = 0.25 // least likeness
	keepRatio = 0.55 // and its share of the greatest
	askRatio  = 0.4  // where a side is asked for, and next to nothing named
	sameRatio = 0.8  // share from which nothing speaks against it
	rarely    = 20   // of so many mentions of a thing elsewhere one is none
	plain     = 0.9  // probability of another entry that is not given up for a choice
)

// Which part of the entry answers.
const (
	sideTitle  = 2.5  // weight of a side that a part's title names
	sideAsked  = 4.0  // of the share of its phrasings that do
	namedTitle = 3.0  // of a title that has what is only named
	sideTold   = 0.2  // share from which a part tells of a side
	deviceTold = 0.4  // of phone and PC: where a thing can be done is not told in passing
	followSure = 0.3  // probability of a part within its entry from which it answers,
	likeSure   = 0.4  // if it is so like the question, or tells of a side asked for
	standsOut  = 0.55 // or this probability, where no side is asked for,
	likeSome   = 0.25 // and this likeness
)

// Follow tells what an utterance that was decided means after a reply that showed
// a part; ok is false if it speaks for itself, and the decision stands.
func (b *Base) Follow(d Decision, last *Part) (f Following, ok bool) {
	if f, ok, known := b.Followed(d, last); known {
		return f, ok
	}
	f, ok = b.goesOn(b.talk(d.Why.Canon), d, last.Entry)
	b.followed.Add(continued{d.Why.Canon, last.Entry}, followed{f, ok})
	return f, ok
}

// Followed is Follow if that needs no long thought, or none any more.
func (b *Base) Followed(d Decision, last *Part) (f Following, ok, known bool) {
	if !d.Loose || last == nil || d.Message != "" {
		return f, false, true
	}
	if v, known := b.followed.Get(continued{d.Why.Canon, last.Entry}); known {
		return v.Following, v.ok, true
	}
	t := b.talk(d.Why.Canon)
	if act, found := t.act(); found {
		return b.goOn(act, d, last), true, true
	}
	return f, false, false
}

// A continued is what is said while an entry is spoken of, save what does something
// to the last reply.
type continued struct {
	canon string
	entry *Entry
}

// A followed is what that means.
type followed struct {
	Following
	ok bool
}

// rememberedFollowings is how many of them are remembered.
const rememberedFollowings = 8192

// goesOn is Follow of what asks for something.
func (b *Base) goesOn(t talk, d Decision, e *Entry) (f Following, ok bool) {
	if len(t.asked()) == 0 && d.Kind == Smalltalk {
		return f, false
	}
	if len(t.rest) == 0 && slices.Equal(t.asked(), []string{sideWhy}) {
		if f, ok := b.reason(d, e); ok {
			return f, true
		}
	}
	list := b.within(t, e)
	if len(list) == 0 || len(t.rest) > 0 && !b.belongs(t, list, d) {
		return f, false
	}
	return b.pick(t, list, d)
}

// acts are named like the words that do them.
var acts = map[string]Act{"again": Again, "unclear": Unclear, "next": Next, "done": Done, "sure": Doubts, "how": Remedy}

// act returns what an utterance does to the last reply, if it asks for nothing else.
func (t *talk) act() (Act, bool) {
	if len(t.rest) > 0 || len(t.sides) == 0 {
		return 0, false
	}
	sides := t.sides
	if slices.Contains(sides, "next") { // 弄好之后下一步呢
		sides = slices.DeleteFunc(slices.Clone(sides), func(s string) bool { return s == sideAfter || s == "done" || s == "how" })
	}
	act, ok := acts[sides[0]]
	return act, ok && len(sides) == 1
}

// asked are the sides of a thing that are asked for.
func (t *talk) asked() []string {
	return slices.DeleteFunc(slices.Clone(t.sides), func(s string) bool { return s == "how" })
}

// belongs reports whether what is named belongs to the entry spoken of.
func (b *Base) belongs(t talk, list []scored, d Decision) bool {
	var near float64
	for i := range list {
		near = max(near, list[i].likeness())
	}
	ratio := keepRatio
	if len(t.asked()) > 0 && len(t.rest) == 1 && utf8.RuneCountInString(t.rest[0]) == 1 { // 打给谁
		ratio = askRatio
	}
	if near >= keepMin && near >= ratio*d.Why.Near {
		return near >= sameRatio*d.Why.Near || !t.namesOther(d, b.docs[list[0].doc].part.Entry)
	}
	return t.bare() && slices.ContainsFunc(list, func(s scored) bool { return b.named(s.doc, t.rest[0]) })
}

// namesOther reports whether an utterance, decided for another entry, names
// something of which that one tells and the one spoken of does not.
func (t *talk) namesOther(d Decision, e *Entry) bool {
	if d.Kind != Answer || d.Hits[0].Entry == e || d.Hits[0].Sure < plain {
		return false
	}
	return slices.ContainsFunc(t.rest, func(thing string) bool {
		return utf8.RuneCountInString(thing) > 1 && e.mentions(thing)*rarely <= d.Hits[0].Entry.mentions(thing)
	})
}

// mentions counts the phrasings of an entry in which a word stands.
func (e *Entry) mentions(word string) int {
	n := 0
	for _, p := range e.Parts {
		for _, text := range p.Phrasings {
			if strings.Contains(text, word) {
				n++
			}
		}
	}
	return n
}

// bare reports whether a thing is named, and nothing said about it: 章呢.
func (t *talk) bare() bool {
	return len(t.rest) == 1 && len(t.sides) == 0 && strings.HasSuffix(t.canon, "呢")
}

// named reports whether the title of a part names something.
func (b *Base) named(doc int, thing string) bool {
	return strings.Contains(b.norm.Canon(b.docs[doc].part.Title), thing)
}

// pick answers with the part that tells what is asked for, if one does.
func (b *Base) pick(t talk, list []scored, d Decision) (Following, bool) {
	slices.SortStableFunc(list, func(x, y scored) int { return cmp.Compare(y.p, x.p) })
	best := &list[0]
	told := t.bare() || slices.ContainsFunc(t.asked(), func(side string) bool { return b.telling(best.doc).of(side) })
	like := best.likeness()
	sure := best.p >= followSure && (told || like >= likeSure || like >= likeSome && best.p >= standsOut && len(t.asked()) == 0)
	f := Following{Decision: Decision{Kind: Answer, Why: d.Why}}
	f.Why.Rows = b.rows(list)
	if !sure {
		f.Kind = Choices
		if len(t.rest) > 0 && d.Kind == Answer && d.Hits[0].Sure >= plain || len(t.sides) == 0 && len(t.rest) == 0 && d.Kind == None {
			return f, false
		}
		if slices.Contains(t.asked(), sideCost) {
			if f.Topic = b.priceTopic(); f.Topic != nil {
				f.Kind = None
				return f, true
			}
		}
	}
	hit := Hit{Entry: b.docs[best.doc].part.Entry, Sure: 1}
	for i := range list {
		hit.Parts = append(hit.Parts, PartHit{b.docs[list[i].doc].part, list[i].p})
	}
	f.Hits = []Hit{hit}
	return f, true
}

// Sides that mean something here.
const (
	sideCost  = "cost" // no entry tells of it: a topic that the guide does not cover
	sideWhy   = "why"
	sideAfter = "after"
)

// priceTopic returns the topic of what things cost; nil if there is none.
func (b *Base) priceTopic() *Topic {
	for _, t := range b.content.Topics {
		if sides, _ := b.norm.Sides(b.norm.Canon(t.Name)); t.Kind == TopicUncovered && slices.Contains(sides, sideCost) {
			return t
		}
	}
	return nil
}

// goOn does something to the last reply.
func (b *Base) goOn(act Act, d Decision, last *Part) Following {
	e := last.Entry
	f := Following{Act: act, Decision: Decision{Kind: Answer, Why: d.Why}}
	part := last
	switch act {
	case Next, Done:
		if part = b.next(last); part == nil {
			f.Kind = Choices
		}
	case Remedy:
		if part = e.Main(); last == part {
			f.Kind = Choices
		}
	}
	hit := Hit{Entry: e, Sure: 1}
	if f.Kind == Answer {
		hit.Parts = []PartHit{{part, 1}}
	} else {
		for _, p := range e.Parts {
			hit.Parts = append(hit.Parts, PartHit{p, 1 / float64(len(e.Parts))})
		}
	}
	f.Hits = []Hit{hit}
	return f
}

// reason answers why it is so.
func (b *Base) reason(d Decision, e *Entry) (Following, bool) {
	f := Following{Act: Asks, Decision: Decision{Kind: Answer, Why: d.Why}}
	part := e.why()
	if part == nil {
		if e.Cause == "" {
			return f, false
		}
		f.Act, part = Reason, e.Main()
	}
	f.Hits = []Hit{{Entry: e, Sure: 1, Parts: []PartHit{{part, 1}}}}
	return f, true
}

// next returns the part that comes after one: after a part with steps the following
// one with steps, else the one that tells what comes after all. Nil if it is not known.
func (b *Base) next(last *Part) *Part {
	parts := last.Entry.Parts
	i := slices.Index(parts, last)
	if i < 0 || b.tellsAfter(last) {
		return nil
	}
	for _, p := range parts[i+1:] {
		if b.tellsAfter(p) || i > 0 && len(last.Steps) > 0 && len(p.Steps) > 0 {
			return p
		}
	}
	if k := slices.IndexFunc(parts[:i], b.tellsAfter); k >= 0 {
		return parts[k]
	}
	return nil
}

func (b *Base) tellsAfter(p *Part) bool {
	sides, _ := b.norm.Sides(b.norm.Canon(p.Title))
	return slices.Contains(sides, sideAfter)
}

// why returns the part of an entry that tells why it is so: by custom its id says so.
func (e *Entry) why() *Part {
	for _, id := range []PartID{"why", "cause"} {
		if p := e.Part(id); p != nil {
			return p
		}
	}
	return nil
}

// within compares an utterance with the parts of one entry.
func (b *Base) within(t talk, e *Entry) []scored {
	g := gramsOf(b.norm, t.canon)
	uni, bi := b.idf.weigh(g.uni), b.idf.weigh(g.bi)
	var prob []float32
	weights := &aloneWeights
	if b.linear != nil {
		prob, weights = b.linear.predict(&g), &featureWeights
	}
	var room likening
	var out []scored
	for doc := range b.docs {
		if b.docs[doc].part == nil || b.docs[doc].part.Entry != e {
			continue
		}
		s := scored{doc: doc}
		b.overlap(&s, &room, &uni, &bi)
		if prob != nil {
			s.feat[featLinear] = max(linearFloor, math.Log(float64(prob[doc])))
		}
		for k, w := range weights {
			s.sum += w * s.feat[k]
		}
		for _, side := range t.asked() {
			told := b.telling(doc)
			s.sum += sideAsked * told.share[side]
			if slices.Contains(told.titled, side) {
				s.sum += sideTitle
			}
		}
		if t.bare() && b.named(doc, t.rest[0]) {
			s.sum += namedTitle
		}
		out = append(out, s)
	}
	toProbabilities(out)
	return out
}

// A telling is of which sides a part tells.
type telling struct {
	titled []string           // named by its title
	share  map[string]float64 // of its phrasings that ask for a side
}

// telling returns what a part tells of; it is found out when it is first asked for.
func (b *Base) telling(doc int) *telling {
	if v, ok := b.tellings.Load(doc); ok {
		return v.(*telling)
	}
	p := b.docs[doc].part
	t := &telling{share: make(map[string]float64)}
	t.titled, _ = b.norm.Sides(b.norm.Canon(p.Title))
	for _, text := range p.Phrasings {
		sides, _ := b.norm.Sides(b.norm.Canon(text))
		for _, s := range sides {
			t.share[s] += 1 / float64(len(p.Phrasings))
		}
	}
	b.tellings.Store(doc, t)
	return t
}

// of reports whether the part tells of a side.
func (t *telling) of(side string) bool {
	least := sideTold
	if side == "phone" || side == "pc" {
		least = deviceTold
	}
	return t.share[side] >= least || slices.Contains(t.titled, side)
}
