package kb

import (
	"context"
	"math"
	"slices"
)

// The features by which the second stage compares candidates. All are in 0..1
// but the last.
const (
	featUni    = iota // best phrasing: unit overlap, both ways
	featBi            // best phrasing: bigram overlap, both ways
	featDense         // mean overlap of the three best phrasings
	featCover         // best phrasing: how much of the question it has
	featAnswer        // best passage of the answer: how much of the question it has
	featBleve         // score of the index, relative to the best candidate
	featSign          // share of an on-screen message found
	featLinear        // log of the classifier's probability, floored
	features
)

// A scored is a candidate after the second stage.
type scored struct {
	doc  int
	feat [features]float64
	sum  float64 // weighted features
	p    float64 // probability among the candidates
	sig  sigHit  // best message of the part, if any
}

// featureWeights were fitted by logistic regression on the shipped phrasings,
// each scored with itself left out of the base.
var featureWeights = [features]float64{4.5, 0.5, 0, 1.9, 0.1, 0.5, 3, 0.75}

// aloneWeights are those of a base too large for a classifier, fitted on 1,000
// questions to a public collection of 6,900 medical answers.
var aloneWeights = [features]float64{6.5, 5, 4, 0.5, 6.5, 3.5, 4, 0}

// linearFloor is the least log probability told apart.
const linearFloor = -8

// score runs both stages for a canonical utterance. The result is in no order.
func (b *Base) score(ctx context.Context, canon string) ([]scored, error) {
	found, err := b.index.search(ctx, canon)
	if err != nil {
		return nil, err
	}
	g := gramsOf(b.norm, canon)
	uni, bi := b.idf.weigh(g.uni), b.idf.weigh(g.bi)
	sigs := b.signatures(canon)
	var prob []float32
	if b.linear != nil {
		prob = b.linear.predict(&g)
		found = b.addLikely(found, prob)
	}
	weights := &aloneWeights
	if b.linear != nil {
		weights = &featureWeights
	}
	out := make([]scored, len(found))
	var room likening
	var best float64
	for _, c := range found {
		best = max(best, c.score)
	}
	for i, c := range found {
		s := &out[i]
		s.doc = c.doc
		b.overlap(s, &room, &uni, &bi)
		if best > 0 {
			s.feat[featBleve] = c.score / best
		}
		if h, ok := sigs[b.docs[c.doc].part]; ok && b.docs[c.doc].part != nil {
			s.sig = h
			s.feat[featSign] = h.share * min(1, float64(h.runes)/8)
		}
		if prob != nil {
			s.feat[featLinear] = max(linearFloor, math.Log(float64(prob[c.doc])))
		}
		for k, w := range weights {
			s.sum += w * s.feat[k]
		}
	}
	toProbabilities(out)
	return out, nil
}

// likelyMin is the probability from which the classifier's documents are
// compared though the index did not find them.
const likelyMin = 0.002

// addLikely adds the classifier's best documents that the index did not find.
func (b *Base) addLikely(found []candidate, prob []float32) []candidate {
	have := make(map[int]bool, len(found))
	for _, c := range found {
		have[c.doc] = true
	}
	for doc, p := range prob {
		if p > likelyMin && !have[doc] {
			found = append(found, candidate{doc: doc})
		}
	}
	return found
}

// signatures returns the best message of each part that text shows.
func (b *Base) signatures(canon string) map[*Part]sigHit {
	text := joined(canon)
	out := make(map[*Part]sigHit)
	for i := range b.sigs {
		h := b.sigs[i].match(text)
		if h.runes > 0 && float64(h.runes)*h.share > float64(out[b.sigs[i].part].runes)*out[b.sigs[i].part].share {
			out[b.sigs[i].part] = h
		}
	}
	return out
}

// A likening is the room in which a question is compared with documents.
type likening struct{ uni, bi []float32 }

// common fills in what a question has in common with each text of a document, and
// then with each passage.
func (l *likening) common(d *document, uni, bi *weighted) {
	n := len(d.texts) + len(d.passages)
	l.uni, l.bi = slices.Grow(l.uni[:0], n)[:n], slices.Grow(l.bi[:0], n)[:n]
	if d.postings != nil {
		clear(l.uni)
		clear(l.bi)
		d.postings.add(uni, l.uni)
		d.postings.add(bi, l.bi)
		return
	}
	i := 0
	for _, list := range [2][]textGrams{d.texts, d.passages} {
		for k := range list {
			l.uni[i], l.bi[i] = uni.common(list[k].uni), bi.common(list[k].bi)
			i++
		}
	}
}

// overlap compares a question with each text of a document.
func (b *Base) overlap(s *scored, l *likening, uni, bi *weighted) {
	d := &b.docs[s.doc]
	d.ready(b.norm, b.idf)
	l.common(d, uni, bi)
	var best, second, third float64
	for i := range d.texts {
		t, cu, cb := &d.texts[i], l.uni[i], l.bi[i]
		if cu == 0 && cb == 0 {
			continue
		}
		su, sb := cosine(cu, uni.total, t.uniSum), cosine(cb, bi.total, t.biSum)
		sim := (su + sb) / 2
		switch {
		case sim > best:
			best, second, third = sim, best, second
			s.feat[featUni], s.feat[featBi] = su, sb
		case sim > second:
			second, third = sim, second
		case sim > third:
			third = sim
		}
		if uni.total > 0 {
			s.feat[featCover] = max(s.feat[featCover], float64(cu/uni.total))
		}
	}
	s.feat[featDense] = (best + second + third) / 3
	if uni.total == 0 {
		return
	}
	for i := range d.passages {
		i += len(d.texts)
		cover := (l.uni[i] + l.bi[i]) / (uni.total + bi.total)
		s.feat[featAnswer] = max(s.feat[featAnswer], float64(cover))
	}
}

func cosine(common, a, b float32) float64 {
	if common == 0 {
		return 0
	}
	return float64(common) / math.Sqrt(float64(a)*float64(b))
}

// toProbabilities turns the sums into shares of one.
func toProbabilities(list []scored) {
	top := math.Inf(-1)
	for i := range list {
		top = max(top, list[i].sum)
	}
	var total float64
	for i := range list {
		list[i].p = math.Exp(list[i].sum - top)
		total += list[i].p
	}
	for i := range list {
		list[i].p /= total
	}
}
