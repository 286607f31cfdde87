package kb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// A linear is a multinomial logistic regression over grams: for each document
// of a base, how likely it is that a text asks for it. It is immutable.
//
// The matrix of weights is sparse: most grams speak for or against few
// documents. Rows are grams; row r has the weights cells[start[r]:start[r+1]].
type linear struct {
	classes int
	rows    map[gram]int32
	grams   []gram    // by row
	idf     []float32 // by row: rarity among the training texts
	df      []uint16  // by row: documents that have the gram
	start   []int32   // one more than rows
	class   []uint16  // by cell
	weight  []float32 // by cell
}

// Weights of the kinds of grams in a text's vector, chosen like the training
// constants.
const (
	weightUni     = 2.2
	weightBi      = 0.6
	weightTri     = 0.25
	weightSound   = 0.6
	weightConcept = 3
)

// A gramKind is one of the lists of grams with its weight in the vector.
type gramKind struct {
	grams  []gram
	weight float32
}

func (g *grams) kinds() [5]gramKind {
	return [5]gramKind{{g.uni, weightUni}, {g.bi, weightBi}, {g.tri, weightTri}, {g.sound, weightSound}, {g.concept, weightConcept}}
}

// A sparse is a text as a vector: rows and values of equal length.
type sparse struct {
	rows []int32
	vals []float32
}

// vector returns g as a vector of length 1 over the known grams.
func vector(rows map[gram]int32, idf []float32, g *grams) sparse {
	var v sparse
	var sum float32
	for _, list := range g.kinds() {
		for _, id := range list.grams {
			r, ok := rows[id]
			if !ok {
				continue
			}
			x := list.weight * idf[r]
			v.rows = append(v.rows, r)
			v.vals = append(v.vals, x)
			sum += x * x
		}
	}
	if sum > 0 {
		inv := 1 / float32(math.Sqrt(float64(sum)))
		for i := range v.vals {
			v.vals[i] *= inv
		}
	}
	return v
}

// docIDF weighs grams by the documents that they were seen in. A gram without a
// row stands in one text, or in none.
func (l *linear) docIDF(docs int) idf {
	weights := make([]float32, len(l.grams))
	for r, df := range l.df {
		weights[r] = rarity(int(df), docs)
	}
	rare := rarity(1, docs)
	return func(g gram) float32 {
		if r, ok := l.rows[g]; ok {
			return weights[r]
		}
		return rare
	}
}

// knows reports whether g stood in several training texts.
func (l *linear) knows(g gram) bool {
	_, ok := l.rows[g]
	return ok
}

// predict returns the probability of each class.
func (l *linear) predict(g *grams) []float32 {
	v := vector(l.rows, l.idf, g)
	p := make([]float32, l.classes)
	for k, r := range v.rows {
		x := v.vals[k]
		for c := l.start[r]; c < l.start[r+1]; c++ {
			p[l.class[c]] += x * l.weight[c]
		}
	}
	softmax(p)
	return p
}

// softmax turns scores into probabilities in place.
func softmax(p []float32) {
	top := slices.Max(p)
	var sum float32
	for i := range p {
		p[i] = float32(math.Exp(float64(p[i] - top)))
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
}

// Stored form: magic, version, sum of the training texts, counts, then rows of gram,
// idf, scale, df and cells of class and weight in 1/127 of the scale. Integers are
// little-endian. A file of another version is trained anew, never read.
const (
	modelMagic   = "SDLM"
	modelVersion = 1
)

type modelHead struct {
	Magic                [4]byte
	Version              uint32
	Sum                  trainingSum
	Classes, Rows, Cells uint32
}

// errModel says that a stored classifier cannot be used.
var errModel = errors.New("kb: not a classifier of this content")

// quantize rounds the weights to what the stored form can hold, so that a
// trained and a stored classifier decide alike.
func (l *linear) quantize() {
	for r := range l.grams {
		cells := l.weight[l.start[r]:l.start[r+1]]
		scale := rowScale(cells)
		for i, w := range cells {
			cells[i] = float32(int8(math.Round(float64(w/scale)*127))) * (scale / 127)
		}
	}
}

func rowScale(cells []float32) float32 {
	var top float32
	for _, w := range cells {
		top = max(top, w, -w)
	}
	return max(top, 1e-6)
}

// encode stores a quantized classifier that was trained from sum.
func (l *linear) encode(sum trainingSum) []byte {
	var b bytes.Buffer
	head := modelHead{Version: modelVersion, Sum: sum, Classes: uint32(l.classes), Rows: uint32(len(l.grams)), Cells: uint32(len(l.class))}
	copy(head.Magic[:], modelMagic)
	must(binary.Write(&b, binary.LittleEndian, head))
	le := binary.LittleEndian
	var buf []byte
	for r, g := range l.grams {
		cells := l.weight[l.start[r]:l.start[r+1]]
		scale := rowScale(cells)
		buf = le.AppendUint32(buf, uint32(g))
		buf = le.AppendUint32(buf, math.Float32bits(l.idf[r]))
		buf = le.AppendUint32(buf, math.Float32bits(scale))
		buf = le.AppendUint16(buf, l.df[r])
		buf = le.AppendUint16(buf, uint16(len(cells)))
		for i, w := range cells {
			buf = le.AppendUint16(buf, l.class[int(l.start[r])+i])
			buf = append(buf, byte(int8(math.Round(float64(w/scale)*127))))
		}
	}
	b.Write(buf)
	return b.Bytes()
}

func must(err error) {
	if err != nil {
		panic(err) // writing to memory does not fail
	}
}

// Sizes in the stored form, in bytes.
const (
	rowBytes  = 16
	cellBytes = 3
)

// decodeLinear reads a stored classifier; errModel if it was not trained from
// sum for that number of classes, or is damaged.
func decodeLinear(data []byte, sum trainingSum, classes int) (*linear, error) {
	var head modelHead
	n, err := binary.Decode(data, binary.LittleEndian, &head)
	if err != nil || string(head.Magic[:]) != modelMagic || head.Version != modelVersion || head.Sum != sum || int(head.Classes) != classes ||
		len(data) != n+int(head.Rows)*rowBytes+int(head.Cells)*cellBytes {
		return nil, errModel
	}
	data = data[n:]
	l := &linear{
		classes: classes, rows: make(map[gram]int32, head.Rows), grams: make([]gram, 0, head.Rows), idf: make([]float32, 0, head.Rows),
		df:    make([]uint16, 0, head.Rows),
		start: make([]int32, 1, head.Rows+1), class: make([]uint16, 0, head.Cells), weight: make([]float32, 0, head.Cells),
	}
	le := binary.LittleEndian
	for r := range head.Rows {
		g := gram(le.Uint32(data))
		scale := math.Float32frombits(le.Uint32(data[8:]))
		cells := int(le.Uint16(data[14:]))
		if cells > (len(data)-rowBytes)/cellBytes {
			return nil, errModel
		}
		l.rows[g] = int32(r)
		l.grams = append(l.grams, g)
		l.idf = append(l.idf, math.Float32frombits(le.Uint32(data[4:])))
		l.df = append(l.df, le.Uint16(data[12:]))
		data = data[rowBytes:]
		for range cells {
			c := le.Uint16(data)
			if int(c) >= classes {
				return nil, errModel
			}
			l.class = append(l.class, c)
			l.weight = append(l.weight, float32(int8(data[2]))*(scale/127))
			data = data[cellBytes:]
		}
		l.start = append(l.start, int32(len(l.class)))
	}
	return l, nil
}
