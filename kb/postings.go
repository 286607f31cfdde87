package kb

import (
	"cmp"
	"slices"
)

// postings tell in which texts of a document each gram stands: what a question has
// in common with hundreds of phrasings is added up by its own few grams.
type postings struct {
	keys  []gram  // open addressing, at most half full
	slots []slot  // by place in keys
	texts []int32 // one list after another; passages are numbered after the texts
	mask  uint32
}

// A slot is where the list of a gram stands; an empty one belongs to no gram.
type slot struct{ from, to int32 }

// manyGrams is from how many grams on a document has postings; fewer are gone
// through as fast.
const manyGrams = 512

// newPostings returns the postings of lists of texts; nil if there is little to
// look up.
func newPostings(lists ...[]textGrams) *postings {
	type pair struct {
		g    gram
		text int32
	}
	var pairs []pair
	n := int32(0)
	for _, list := range lists {
		for i := range list {
			for _, grams := range [2][]gram{list[i].uni, list[i].bi} {
				for _, g := range grams {
					pairs = append(pairs, pair{g, n})
				}
			}
			n++
		}
	}
	if len(pairs) < manyGrams {
		return nil
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Or(cmp.Compare(a.g, b.g), cmp.Compare(a.text, b.text)) })
	distinct := 0
	for i := range pairs {
		if i == 0 || pairs[i].g != pairs[i-1].g {
			distinct++
		}
	}
	size := 16
	for size < 2*distinct {
		size *= 2
	}
	p := &postings{keys: make([]gram, size), slots: make([]slot, size), texts: make([]int32, len(pairs)), mask: uint32(size - 1)}
	for i := 0; i < len(pairs); {
		g, from := pairs[i].g, i
		for ; i < len(pairs) && pairs[i].g == g; i++ {
			p.texts[i] = pairs[i].text
		}
		at := uint32(g) & p.mask
		for p.slots[at].to > 0 {
			at = (at + 1) & p.mask
		}
		p.keys[at], p.slots[at] = g, slot{int32(from), int32(i)}
	}
	return p
}

// of returns the texts that have a gram.
func (p *postings) of(g gram) []int32 {
	at := uint32(g) & p.mask
	for p.slots[at].to > 0 {
		if p.keys[at] == g {
			return p.texts[p.slots[at].from:p.slots[at].to]
		}
		at = (at + 1) & p.mask
	}
	return nil
}

// add adds the weights of grams to the texts that have them.
func (p *postings) add(w *weighted, sums []float32) {
	for i, g := range w.list {
		v := w.weights[i]
		for _, t := range p.of(g) {
			sums[t] += v
		}
	}
}
