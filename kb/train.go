package kb

import (
	"math"
	"math/rand/v2"
)

// An example is one training text of a class.
type example struct {
	grams grams
	class int
}

// Training constants, chosen by cross-validation on the shipped phrasings; the
// result is flat around them.
const (
	trainEpochs = 4
	trainRate   = 3    // step of AdaGrad
	trainSkip   = 0.03 // classes less likely than this are not pushed further down
	trainMinDF  = 2    // grams of a single text teach nothing about others
	trainPrune  = 0.1  // weights below this share of their row's largest are dropped
)

// A trainer fits a classifier with dense weights.
type trainer struct {
	classes int
	rows    map[gram]int32
	grams   []gram
	idf     []float32
	df      []uint16
	weights []float32 // rows x classes
	accu    []float32 // AdaGrad: sum of squared gradients, by row
}

// train fits a classifier to the examples. Equal examples in equal order give
// an equal classifier on one kind of machine.
func train(examples []example, classes int) *linear {
	t := &trainer{classes: classes, rows: make(map[gram]int32)}
	t.count(examples)
	t.weights = make([]float32, len(t.idf)*classes)
	t.accu = make([]float32, len(t.idf))
	vecs := make([]sparse, len(examples))
	for i := range examples {
		vecs[i] = vector(t.rows, t.idf, &examples[i].grams)
	}
	random := rand.New(rand.NewPCG(1, 2)) // fixed: equal content, equal classifier
	p := make([]float32, classes)
	var push []int32
	for epoch := range trainEpochs {
		rate := trainRate / (1 + 0.3*float32(epoch))
		for _, i := range random.Perm(len(examples)) {
			push = t.step(&vecs[i], examples[i].class, rate, p, push[:0])
		}
	}
	l := t.sparse()
	l.quantize()
	return l
}

// count numbers the grams that occur often enough.
func (t *trainer) count(examples []example) {
	type seen struct {
		texts, docs int32
		last        int // class that it was last counted for, plus one
	}
	counts := make(map[gram]seen)
	each := func(f func(g gram, class int)) {
		for i := range examples {
			for _, list := range examples[i].grams.kinds() {
				for _, g := range list.grams {
					f(g, examples[i].class)
				}
			}
		}
	}
	each(func(g gram, class int) { // examples come class by class
		s := counts[g]
		s.texts++
		if s.last != class+1 {
			s.docs++
			s.last = class + 1
		}
		counts[g] = s
	})
	each(func(g gram, _ int) {
		s := counts[g]
		if s.texts < trainMinDF {
			return
		}
		if _, ok := t.rows[g]; !ok {
			t.rows[g] = int32(len(t.grams))
			t.grams = append(t.grams, g)
			t.idf = append(t.idf, float32(math.Log(1+float64(len(examples))/float64(s.texts))))
			t.df = append(t.df, uint16(s.docs))
		}
	})
}

// step makes one gradient step for one example; p and push are scratch space.
func (t *trainer) step(v *sparse, class int, rate float32, p []float32, push []int32) []int32 {
	clear(p)
	for k, r := range v.rows {
		x := v.vals[k]
		for c, w := range t.weights[int(r)*t.classes:][:len(p)] {
			p[c] += w * x
		}
	}
	softmax(p)
	if p[class] > 1-trainSkip {
		return push
	}
	p[class]--
	var norm float32
	for c, g := range p {
		if c == class || g > trainSkip {
			push = append(push, int32(c))
			norm += g * g
		}
	}
	for k, r := range v.rows {
		x := v.vals[k]
		t.accu[r] += norm * x * x
		step := rate * x / float32(math.Sqrt(float64(t.accu[r])+1e-4))
		row := t.weights[int(r)*t.classes:][:t.classes]
		for _, c := range push {
			row[c] -= step * p[c]
		}
	}
	return push
}

// sparse drops the weights that do not matter.
func (t *trainer) sparse() *linear {
	l := &linear{classes: t.classes, rows: t.rows, grams: t.grams, idf: t.idf, df: t.df, start: []int32{0}}
	for r := range t.grams {
		row := t.weights[r*t.classes:][:t.classes]
		least := trainPrune * rowScale(row)
		for c, w := range row {
			if w > least || w < -least {
				l.class = append(l.class, uint16(c))
				l.weight = append(l.weight, w)
			}
		}
		l.start = append(l.start, int32(len(l.class)))
	}
	return l
}
