package kb

import (
	"crypto/sha256"
	"io"
	"math"
	"slices"
	"sync"
	"unicode/utf8"

	"signdesk/kb/normalize"
)

// A document is what is found: a part of an entry, or a topic. Exactly one of
// the two is set.
type document struct {
	part  *Part
	topic *Topic

	once     sync.Once
	texts    []textGrams // titles, messages and phrasings, each on its own
	passages []textGrams // pieces of the answer; none for a topic
	postings *postings   // of all of them; nil if they are few
}

// textGrams is what the second stage keeps of a text.
type textGrams struct {
	uni, bi       []gram
	uniSum, biSum float32 // weight of all of them
}

// passageRunes is the length of the pieces that long answers are cut into, so
// that a long answer does not cover every question.
const passageRunes = 120

// asked returns the texts that a question can resemble.
func (d *document) asked() []string {
	if d.topic != nil {
		return append([]string{d.topic.Name}, d.topic.Phrasings...)
	}
	p := d.part
	texts := []string{p.Title}
	if p == p.Entry.Main() {
		texts = append(texts, p.Entry.Title, p.Entry.Condition)
		texts = append(texts, p.Entry.OtherTitles...)
	}
	return slices.Concat(texts, p.Errors, p.Labels, p.Phrasings)
}

// answer returns the text of a part in passages; nothing for a topic.
func (d *document) answer() []string {
	p := d.part
	if p == nil {
		return nil
	}
	texts := []string{p.Short}
	if p == p.Entry.Main() && p.Entry.Cause != "" {
		texts = append(texts, p.Entry.Cause)
	}
	var out []string
	for _, t := range slices.Concat(texts, p.Steps, p.Notes) {
		out = append(out, splitPassage(t)...)
	}
	return out
}

func splitPassage(s string) []string {
	var out []string
	for utf8.RuneCountInString(s) > passageRunes {
		r := []rune(s)
		out = append(out, string(r[:passageRunes]))
		s = string(r[passageRunes:])
	}
	return append(out, s)
}

// signatures returns the on-screen messages of a part.
func (d *document) signatures(n *normalize.Normalizer) []signature {
	if d.part == nil {
		return nil
	}
	var out []signature
	for _, text := range d.part.Errors {
		if s := newSignature(n, d.part, text); s.runes > 0 {
			out = append(out, s)
		}
	}
	return out
}

// ready makes sure that the document can be compared.
func (d *document) ready(n *normalize.Normalizer, w idf) {
	d.once.Do(func() {
		if d.texts == nil { // else done when the base was built
			d.extract(n)
			d.weigh(w)
		}
		if d.postings = newPostings(d.texts, d.passages); d.postings != nil {
			forget(d.texts)
			forget(d.passages)
		}
	})
}

// forget lets go of the grams of texts, whose postings hold them as well.
func forget(list []textGrams) {
	for i := range list {
		list[i].uni, list[i].bi = nil, nil
	}
}

// extract fills in the grams of all texts.
func (d *document) extract(n *normalize.Normalizer) {
	d.texts, d.passages = extractTexts(n, d.asked()), extractTexts(n, d.answer())
}

func extractTexts(n *normalize.Normalizer, texts []string) []textGrams {
	out := make([]textGrams, 0, len(texts))
	for _, t := range texts {
		if canon := n.Canon(t); canon != "" {
			g := pairsOf(canon)
			out = append(out, textGrams{uni: g.uni, bi: g.bi})
		}
	}
	return out
}

// weigh adds up the weights of each text.
func (d *document) weigh(w idf) {
	for _, list := range [][]textGrams{d.texts, d.passages} {
		for i := range list {
			list[i].uniSum, list[i].biSum = w.sum(list[i].uni), w.sum(list[i].bi)
		}
	}
}

// An idf weighs a gram by how few documents have it.
type idf func(gram) float32

func (w idf) sum(list []gram) float32 {
	var s float32
	for _, g := range list {
		s += w(g)
	}
	return s
}

// rarity is the weight of a gram that df of docs documents have.
func rarity(df, docs int) float32 {
	n, of := float64(df), float64(docs)
	return float32(math.Log(1 + (of-n+0.5)/(n+0.5)))
}

// countIDF counts grams in extracted documents.
func countIDF(docs []document) idf {
	df := make(map[gram]int32)
	last := make(map[gram]int32) // document that each gram was last counted for
	for i := range docs {
		for _, list := range [][]textGrams{docs[i].texts, docs[i].passages} {
			for _, t := range list {
				for _, grams := range [2][]gram{t.uni, t.bi} {
					for _, g := range grams {
						if last[g] != int32(i+1) {
							last[g] = int32(i + 1)
							df[g]++
						}
					}
				}
			}
		}
	}
	return func(g gram) float32 { return rarity(int(df[g]), len(docs)) }
}

// A trainingSum identifies what a classifier was trained from: the texts of
// all documents and the word tables.
type trainingSum [sha256.Size]byte

func sumOf(docs []document, n *normalize.Normalizer) (sum trainingSum) {
	h := sha256.New()
	table := n.Sum()
	h.Write(table[:])
	for i := range docs {
		for _, text := range docs[i].asked() {
			io.WriteString(h, text)
			h.Write([]byte{0})
		}
		h.Write([]byte{1})
	}
	h.Sum(sum[:0])
	return sum
}
