package kb

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// What postings add up is exactly what comparing text by text does.
func TestPostingsAddUpTheSame(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	list := func(n, of int) []gram { // of different kinds for each of
		var out []gram
		for range n {
			out = append(out, gram(random.IntN(of)<<16+of)*2654435761)
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	rare := idf(func(g gram) float32 { return 1 + float32(g%97)/31 })
	for range 50 {
		var d document
		for range 60 {
			d.texts = append(d.texts, textGrams{uni: list(12, 90), bi: list(12, 401)})
		}
		for range 5 {
			d.passages = append(d.passages, textGrams{uni: list(40, 90), bi: list(40, 401)})
		}
		uni, bi := rare.weigh(list(20, 90)), rare.weigh(list(20, 401))
		var direct, posted likening
		direct.common(&d, &uni, &bi)
		if d.postings = newPostings(d.texts, d.passages); d.postings == nil {
			t.Fatal("no postings of so many")
		}
		posted.uni = append(posted.uni, 9, 9, 9) // what the document before left
		posted.common(&d, &uni, &bi)
		if !slices.Equal(direct.uni, posted.uni) || !slices.Equal(direct.bi, posted.bi) {
			t.Fatalf("differ:\n%v\n%v\n%v\n%v", direct.uni, posted.uni, direct.bi, posted.bi)
		}
	}
	if newPostings([]textGrams{{uni: list(10, 90)}}) != nil {
		t.Error("postings of a single text")
	}
}
