package kb

import (
	"slices"

	"signdesk/kb/normalize"
)

// A gram is the hash of one or more neighbouring units, of a concept or of a
// sound. Different kinds never share a value on purpose; chance collisions
// (about 1 in 10,000 for a large base) cost nothing that can be noticed.
type gram uint32

// A kind of grams is part of their hash.
type kind byte

const (
	kindUni kind = iota + 1
	kindBi
	kindTri
	kindSkip
	kindConcept
	kindSound
)

const (
	fnvOffset = 2166136261
	fnvPrime  = 16777619
)

func hashByte(h uint32, b byte) uint32 { return (h ^ uint32(b)) * fnvPrime }

func hashString(h uint32, s string) uint32 {
	for i := 0; i < len(s); i++ {
		h = hashByte(h, s[i])
	}
	return hashByte(h, 0)
}

// start is the hash of nothing but the kind.
func (k kind) start() uint32 { return hashByte(fnvOffset, byte(k)) }

func bigram(a, b string) gram { return gram(hashString(hashString(kindBi.start(), a), b)) }

func soundGram(a, b uint16) gram {
	h := kindSound.start()
	for _, c := range [4]byte{byte(a), byte(a >> 8), byte(b), byte(b >> 8)} {
		h = hashByte(h, c)
	}
	return gram(h)
}

// grams are the features of one text, each list sorted and without repeats.
type grams struct {
	uni, bi []gram // of the characters
	tri     []gram // trigrams, and bigrams with one unit left out
	sound   []gram // bigrams of toneless syllables: the same for homophones
	concept []gram
}

// pairsOf extracts single units and bigrams of canonical text.
func pairsOf(canon string) grams {
	var space [64]normalize.Unit
	units := normalize.Units(canon, space[:0])
	g, _ := pairs(canon, units, make([]gram, 0, 2*len(units)))
	return g
}

// pairs fills in single units and bigrams in the room of all.
func pairs(canon string, units []normalize.Unit, all []gram) (g grams, rest []gram) {
	text := func(i int) string { return canon[units[i].Start:units[i].End] }
	g.uni, all = fill(all, func(add func(gram)) {
		for i := range units {
			add(gram(hashString(kindUni.start(), text(i))))
		}
	})
	g.bi, all = fill(all, func(add func(gram)) {
		for i := 1; i < len(units); i++ {
			if !units[i].First {
				add(bigram(text(i-1), text(i)))
			}
		}
	})
	return g, all
}

// gramsOf extracts all features of canonical text.
func gramsOf(n *normalize.Normalizer, canon string) grams {
	var space [64]normalize.Unit
	units := normalize.Units(canon, space[:0])
	text := func(i int) string { return canon[units[i].Start:units[i].End] }
	g, all := pairs(canon, units, make([]gram, 0, 5*len(units)+8)) // one allocation for all lists
	g.tri, all = fill(all, func(add func(gram)) {
		for i := 2; i < len(units); i++ {
			if !units[i].First && !units[i-1].First {
				add(gram(hashString(hashString(hashString(kindTri.start(), text(i-2)), text(i-1)), text(i))))
				add(gram(hashString(hashString(kindSkip.start(), text(i-2)), text(i))))
			}
		}
	})
	g.sound, all = fill(all, func(add func(gram)) {
		var before uint16
		for i := range units {
			sound := n.Syllable(text(i))
			if sound != 0 && before != 0 && !units[i].First {
				add(soundGram(before, sound))
			}
			before = sound
		}
	})
	g.concept, _ = fill(all, func(add func(gram)) {
		for _, c := range n.Concepts(canon) {
			add(gram(hashString(kindConcept.start(), c)))
		}
	})
	return g
}

// fill appends a list of grams to all and returns it sorted, without repeats,
// and what is left of the room.
func fill(all []gram, each func(add func(gram))) (list, rest []gram) {
	from := len(all)
	each(func(g gram) { all = append(all, g) })
	list = all[from:]
	slices.Sort(list)
	list = slices.Compact(list)
	return slices.Clip(list), all[:from+len(list)]
}

// A weighted is a set of grams with their weights, for fast look-up: open
// addressing, at most half full.
type weighted struct {
	list    []gram // sorted
	weights []float32
	keys    []gram
	vals    []float32
	mask    uint32
	total   float32
}

func (w idf) weigh(list []gram) weighted {
	size := 16
	for size < 2*len(list) {
		size *= 2
	}
	room := make([]float32, size+len(list))
	set := weighted{list: list, weights: room[size:], keys: make([]gram, size), vals: room[:size:size], mask: uint32(size - 1)}
	for k, g := range list {
		v := w(g)
		set.weights[k] = v
		i := uint32(g) & set.mask
		for set.vals[i] != 0 {
			i = (i + 1) & set.mask
		}
		set.keys[i], set.vals[i] = g, v
		set.total += v
	}
	return set
}

// common returns the weight of the grams of list that are in w.
func (w *weighted) common(list []gram) float32 {
	var sum float32
	for _, g := range list {
		i := uint32(g) & w.mask
		for w.vals[i] != 0 {
			if w.keys[i] == g {
				sum += w.vals[i]
				break
			}
			i = (i + 1) & w.mask
		}
	}
	return sum
}
