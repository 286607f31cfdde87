package kb

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/search/query"
)

// asBleve searches for terms with Bleve's own searcher.
func (ix *index) asBleve(t *testing.T, terms []queryTerm) (out []candidate) {
	t.Helper()
	var clauses []query.Query
	for _, x := range terms {
		q := query.NewTermQuery(x.term)
		q.SetField(x.field)
		q.SetBoost(x.boost)
		clauses = append(clauses, q)
	}
	res, err := ix.bleve.Search(bleve.NewSearchRequestOptions(query.NewDisjunctionQuery(clauses), recallSize, 0, false))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range res.Hits {
		doc, err := strconv.Atoi(h.ID)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, candidate{doc, h.Score})
	}
	return out
}

// TestSearchScores: the candidates are those of Bleve's own searcher, with its scores.
func TestSearchScores(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	letters := []rune("合同印章企业认证打款账户法人授权申诉签署验证码")
	text := func(runes int) string {
		var b strings.Builder
		for range runes {
			b.WriteRune(letters[random.IntN(len(letters))])
		}
		return b.String()
	}
	for _, n := range []int{1, 20, 3000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			docs := make([]indexed, n)
			for i := range docs {
				docs[i].asked = bigramTerms([]string{text(5 + random.IntN(20))}, nil)
				if i%3 > 0 {
					docs[i].answer = bigramTerms([]string{text(40)}, nil)
				}
			}
			ix, err := newIndex(context.Background(), "", docs)
			if err != nil {
				t.Fatal(err)
			}
			defer ix.close()
			for range 50 {
				q := text(2 + random.IntN(20))
				terms := ix.terms(q)
				if terms == nil {
					continue
				}
				got, err := ix.search(context.Background(), q)
				if err != nil {
					t.Fatal(err)
				}
				want := ix.asBleve(t, terms)
				if len(got) != len(want) {
					t.Fatalf("%s: %d candidates, want %d", q, len(got), len(want))
				}
				for i := range got {
					if math.Abs(got[i].score-want[i].score) > 1e-6 {
						t.Fatalf("%s: candidate %d is %v, want %v", q, i, got[i], want[i])
					}
				}
				// Of equal ones at the end it may be others.
				last := got[len(got)-1].score
				above := func(list []candidate) (out []int) {
					for _, c := range list {
						if c.score > last+1e-6 {
							out = append(out, c.doc)
						}
					}
					slices.Sort(out)
					return out
				}
				if !slices.Equal(above(got), above(want)) {
					t.Errorf("%s: candidates %v, want %v", q, got, want)
				}
			}
		})
	}
}
