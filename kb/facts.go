package kb

import (
	"slices"
	"strings"
)

const (
	// factAgainst is what is left of the probability of a part that is for another value of
	// a fact than the one told.
	factAgainst = 1e-4
	// factRival is the share of the best entry's probability from which another entry, for
	// another value of a fact that was not told, makes it worth asking.
	factRival = 0.06
	// factRivalTold is the same where other facts were told: it is less of a guess then.
	factRivalTold = 0.25
)

// other returns the value of the same fact in told that is not the one of fact; ok is
// false if told has none of the fact, or both.
func other(told []string, fact string) (value string, ok bool) {
	name, _, _ := strings.Cut(fact, "=")
	for _, t := range told {
		if t == fact {
			return "", false
		}
		if strings.HasPrefix(t, name+"=") {
			value, ok = t, true
		}
	}
	return value, ok
}

// applyFacts takes from parts that are for another value of a fact than the one told; the
// other parts get what these lose.
func (b *Base) applyFacts(list []scored, told []string) {
	if told == nil {
		return
	}
	var before, after float64
	for i := range list {
		p := b.docs[list[i].doc].part
		if p == nil {
			continue
		}
		before += list[i].p
		if slices.ContainsFunc(p.Facts, func(f string) bool { _, against := other(told, f); return against }) {
			list[i].p *= factAgainst
		}
		after += list[i].p
	}
	if after == before || after == 0 {
		return
	}
	for i := range list {
		if b.docs[list[i].doc].part != nil {
			list[i].p *= before / after
		}
	}
}

// askFact asks for a fact that was not told, where the best entries differ in it.
func (b *Base) askFact(d *Decision, list []scored, told []string) {
	if d.Kind != Answer || d.Message != "" {
		return
	}
	best := d.Hits[0]
	hits, _ := b.group(list)
	rival := factRival
	if told != nil {
		rival = factRivalTold
	}
	for _, fact := range best.Part().Facts {
		name, _, _ := strings.Cut(fact, "=")
		if slices.ContainsFunc(told, func(t string) bool { return strings.HasPrefix(t, name+"=") }) {
			continue
		}
		for _, h := range hits[1:] {
			if h.Sure < rival*best.Sure {
				break
			}
			if _, differs := other(h.Part().Facts, fact); differs {
				d.Kind, d.Question = Choices, b.norm.Question(name)
				third := slices.IndexFunc(d.Hits, func(x Hit) bool { return x.Entry != best.Entry && x.Entry != h.Entry })
				if d.Hits = []Hit{best, h}; third >= 0 { // hits and d.Hits begin alike
					d.Hits = append(d.Hits, hits[third])
				}
				return
			}
		}
	}
}
