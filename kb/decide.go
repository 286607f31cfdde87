package kb

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"signdesk/kb/normalize"
)

// A Kind says what a decision is.
type Kind int

// The kinds of decisions.
const (
	// None: nothing found that answers the utterance.
	None Kind = iota
	// Answer: Hits[0] answers; further hits are worth a mention.
	Answer
	// Choices: one of two or three hits is meant, the person should say which.
	Choices
	// Smalltalk: Topic.Reply is the reply.
	Smalltalk
)

func (k Kind) String() string {
	return [...]string{"none", "answer", "choices", "smalltalk"}[k]
}

// A Decision is what the base makes of an utterance.
type Decision struct {
	Kind Kind
	// Hits are entries, best first, each once with its best part. For None
	// they are the nearest ones and may be missing.
	Hits []Hit
	// Topic is what the utterance is about if that is no entry; may be nil. With
	// Choices it is small talk that says too little, and its Reply leads them.
	Topic *Topic
	// Outside is the product, platform or authority that the utterance is about, if
	// that is not ours, as typed; Kind is None then.
	Outside string
	// Question asks for what tells the choices apart; may be empty.
	Question string
	// Message is the on-screen message that was recognised, as written in the
	// content, or "".
	Message string
	// Loose says that the utterance names so little that it may lean on what was
	// spoken of before; see [Base.Follow].
	Loose bool
	// Why tells how the decision came about.
	Why Why
}

// A Hit is an entry that was found.
type Hit struct {
	Entry *Entry
	// Sure is the probability that the entry is meant, 0..1.
	Sure float64
	// Parts are the entry's parts that were found, best first; never empty.
	Parts []PartHit
}

// Part returns the part that fits best.
func (h Hit) Part() *Part { return h.Parts[0].Part }

// A PartHit is a part that was found.
type PartHit struct {
	Part *Part
	Sure float64 // probability that the part is meant, given its entry; 0..1
}

// Why explains a decision to a person who cares for the content.
type Why struct {
	Canon    string // canonical form of the utterance
	Concepts []string
	Rows     []WhyRow // candidates, best first
	Entry    float64  // probability of the best entry
	Outside  float64  // probability that it is no entry at all
	Covered  float64  // probability that the best entry answers at all
	Near     float64  // likeness to the nearest phrasing, 0..1
}

// A WhyRow is one candidate.
type WhyRow struct {
	Name     string // "11 phone" or "topic price"
	Sure     float64
	Features []Feature
}

// A Feature is one thing by which candidates were compared.
type Feature struct {
	Name  string
	Value float64
}

// Whether an utterance is covered at all is judged from the best entry's
// probability against that of all topics, and from its likeness to a phrasing:
// a logistic regression, fitted on the shipped phrasings with whole topics left
// out of the base, as a question about something new would meet it.
const (
	coveredBias = -1.14
	coveredOdds = 0.91 // of log(entry / topics)
	coveredNear = 0.85 // of the likeness to the nearest phrasing
	oddsFloor   = 1e-3
)

// Thresholds of a decision.
const (
	coveredMin  = 0.12 // below it the question is declined
	coveredSure = 0.50 // below it an entry is offered rather than answered with
	sureAnswer  = 0.25 // entry probability, among entries, from which it is answered
	sureAlone   = 0.95 // from which no alternative is mentioned
	mentionMin  = 0.03 // from which an entry is worth a mention
	nearMin     = 0.10 // least likeness to anything; below it, it is nonsense or far away
	maxChoices  = 3
	whyRows     = 8
)

// Decide answers an utterance as a person typed it. It never fails on bad
// input; the error is that of the index or of ctx. Callers must not change what
// the decision holds: short utterances that were answered lately, greetings and
// pasted messages for the most part, are answered from memory.
func (b *Base) Decide(ctx context.Context, utterance string) (Decision, error) {
	if d, ok := b.lately.Get(utterance); ok {
		return d, nil
	}
	d, err := b.decide(ctx, utterance)
	if err == nil && len(utterance) <= maxRemembered {
		b.lately.Add(utterance, d)
	}
	return d, err
}

// What a snapshot remembers of its answers. A new snapshot begins with none, so
// that nothing old is ever told.
const (
	rememberedDecisions = 1024
	maxRemembered       = 200 // bytes of an utterance
)

func (b *Base) decide(ctx context.Context, utterance string) (Decision, error) {
	canon := b.norm.Canon(utterance)
	var list []scored
	if meaningful(canon) {
		var err error
		if list, err = b.score(ctx, canon); err != nil {
			return Decision{}, err
		}
	}
	if tail := b.norm.Canon(lastLine(utterance)); tail != canon && utf8.RuneCountInString(tail) >= tailRunes {
		below, err := b.score(ctx, tail)
		if err != nil {
			return Decision{}, err
		}
		list = b.blend(list, below)
	}
	told := b.norm.Facts(canon)
	b.applyFacts(list, told)
	slices.SortFunc(list, func(x, y scored) int {
		return cmp.Or(cmp.Compare(y.p, x.p), cmp.Compare(x.doc, y.doc))
	})
	d := b.weighUp(list)
	if name := b.norm.Outside(utterance, canon); name != "" && utf8.RuneCountInString(d.Message) < ownMessage {
		d = Decision{Kind: None, Outside: name, Why: d.Why}
	} else {
		b.askBack(&d, list, canon)
		b.askFact(&d, list, told)
		d.Loose = b.loose(utterance, canon)
	}
	d.Why.Canon = canon
	d.Why.Concepts = b.norm.Concepts(canon)
	d.Why.Rows = b.rows(list)
	return d, nil
}

// ownMessage is the length of a message, in runes, from which it is ours whoever is named
// beside it: short ones (未认证) stand on other screens, too.
const ownMessage = 10

// tailRunes is the shortest last line that may be a question of its own.
const tailRunes = 7

// tailSure is the probability of an entry from which the last line counts.
const tailSure = 0.6

// lastLine returns the last line of a text of several lines, else nothing.
// People paste a screen and put their question below it.
func lastLine(utterance string) string {
	utterance = strings.TrimSpace(utterance)
	i := strings.LastIndexByte(utterance, '\n')
	if i < 0 {
		return ""
	}
	return utterance[i+1:]
}

// blend gives the last line the same weight as the whole, if it speaks surely
// for one entry.
func (b *Base) blend(whole, below []scored) []scored {
	if hits, _ := b.group(below); len(hits) == 0 || hits[0].Sure < tailSure {
		return whole
	}
	at := make(map[int]int, len(whole))
	for i := range whole {
		at[whole[i].doc] = i
		whole[i].p /= 2
	}
	for _, s := range below {
		s.p /= 2
		if i, ok := at[s.doc]; ok {
			whole[i].p += s.p
		} else {
			whole = append(whole, s)
		}
	}
	return whole
}

// meaningful reports whether canonical text says more than placeholders and
// short numbers do: a bare phone number, or the number of a choice that is no
// longer open, is no question.
func meaningful(canon string) bool {
	for _, u := range normalize.Units(canon, nil) {
		unit := canon[u.Start:u.End]
		if _, err := strconv.Atoi(unit); unit[0] != '#' && (err != nil || len(unit) >= len("400")) {
			return true
		}
	}
	return false
}

// weighUp decides; list is sorted, best first.
func (b *Base) weighUp(list []scored) Decision {
	hits, topics := b.group(list)
	d := Decision{Hits: hits}
	for i := range list {
		d.Why.Near = max(d.Why.Near, list[i].likeness())
	}
	for _, t := range topics {
		d.Why.Outside += t.p
	}
	if len(topics) > 0 {
		d.Topic = b.docs[topics[0].doc].topic
	}
	d.Message = b.message(list, hits)
	d.Why.Covered = b.covered(&d, list)
	if d.Why.Near < nearMin && d.Message == "" {
		d.Kind, d.Topic, d.Hits = None, nil, nil
		return d
	}
	if d.Why.Covered < coveredMin && d.Message == "" {
		d.Kind = None
		if d.Topic != nil && d.Topic.Kind == TopicSmalltalk {
			d.Kind = Smalltalk
		}
		d.Hits = nearest(hits, mentionMin)
		return d
	}
	d.Topic = nil
	best := hits[0].Sure / max(1-d.Why.Outside, hits[0].Sure) // among entries
	d.Hits = hits[:max(1, len(nearest(hits, mentionMin*(1-d.Why.Outside))))]
	d.Kind = Choices
	if best >= sureAnswer && (d.Why.Covered >= coveredSure || d.Message != "") {
		d.Kind = Answer
		if best >= sureAlone {
			d.Hits = hits[:1]
		}
	}
	return d
}

// covered returns how likely it is that the best entry answers at all.
func (b *Base) covered(d *Decision, list []scored) float64 {
	if len(d.Hits) == 0 {
		return 0
	}
	var near float64
	for i := range list {
		if p := b.docs[list[i].doc].part; p != nil && p.Entry == d.Hits[0].Entry {
			near = max(near, list[i].likeness())
		}
	}
	d.Why.Entry = d.Hits[0].Sure
	odds := math.Log((d.Why.Entry + oddsFloor) / (d.Why.Outside + oddsFloor))
	return 1 / (1 + math.Exp(-(coveredBias + coveredOdds*odds + coveredNear*near)))
}

// likeness is how much a question resembles the nearest text of a candidate,
// 0..1.
func (s *scored) likeness() float64 { return (s.feat[featUni] + s.feat[featBi]) / 2 }

// group adds up the parts of each entry and separates the topics; both results
// are sorted, best first.
func (b *Base) group(list []scored) (hits []Hit, topics []scored) {
	at := make(map[EntryID]int)
	for _, s := range list {
		p := b.docs[s.doc].part
		if p == nil {
			topics = append(topics, s)
			continue
		}
		i, ok := at[p.Entry.ID]
		if !ok {
			i = len(hits)
			at[p.Entry.ID] = i
			hits = append(hits, Hit{Entry: p.Entry})
		}
		hits[i].Sure += s.p
		hits[i].Parts = append(hits[i].Parts, PartHit{p, s.p})
	}
	for i := range hits {
		for k := range hits[i].Parts {
			hits[i].Parts[k].Sure /= hits[i].Sure
		}
	}
	slices.SortStableFunc(hits, func(x, y Hit) int { return cmp.Compare(y.Sure, x.Sure) })
	return hits, topics
}

// message returns the recognised on-screen message of the best entry.
func (b *Base) message(list []scored, hits []Hit) string {
	if len(hits) == 0 {
		return ""
	}
	best := sigHit{}
	for i := range list {
		h := list[i].sig
		if h.known() && h.sig.part.Entry == hits[0].Entry && (best.sig == nil || h.runes > best.runes) {
			best = h
		}
	}
	if best.sig == nil {
		return ""
	}
	return best.sig.text
}

// nearest returns the first hits that are at least so sure, at most
// maxChoices.
func nearest(hits []Hit, sure float64) []Hit {
	for i, h := range hits {
		if i == maxChoices || h.Sure < sure {
			return hits[:i]
		}
	}
	return hits
}

var featureNames = [features]string{"units", "bigrams", "dense", "cover", "answer", "index", "message", "classifier"}

func (b *Base) rows(list []scored) []WhyRow {
	var rows []WhyRow
	for i := range list[:min(len(list), whyRows)] {
		s := &list[i]
		row := WhyRow{Sure: s.p}
		if d := &b.docs[s.doc]; d.part != nil {
			row.Name = string(d.part.Entry.ID) + " " + string(d.part.ID)
		} else {
			row.Name = "topic " + d.topic.ID
		}
		for k, name := range featureNames {
			row.Features = append(row.Features, Feature{name, s.feat[k]})
		}
		rows = append(rows, row)
	}
	return rows
}
