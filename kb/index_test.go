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

// TestListsFollowTheIndex: what is remembered of the postings is forgotten when the
// index changes.
func TestListsFollowTheIndex(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	docs := []indexed{{asked: bigramTerms([]string{"合同印章"}, nil)}, {asked: bigramTerms([]string{"合同认证"}, nil)}}
	ix, err := newIndex(ctx, "", docs)
	if err != nil {
		t.Fatal(err)
	}
	defer ix.close()
	for n := 2; n < 5; n++ {
		for range 2 { // the second time what is remembered
			got, err := ix.search(ctx, "合同")
			if err != nil || len(got) != n {
				t.Fatalf("%d of %d documents: %v", len(got), n, err)
			}
		}
		more := []indexed{{asked: bigramTerms([]string{fmt.Sprint("合同", n)}, nil)}}
		ix.docs++
		ix.count(more)
		if err := ix.add(ctx, more, n); err != nil {
			t.Fatal(err)
		}
	}
}

// TestListsAreBounded asks for more terms than are remembered.
func TestListsAreBounded(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	const docs, each = 100, keptTerms/100 + 20
	all := make([]indexed, docs)
	for i := range all {
		for j := range each {
			all[i].asked = append(all[i].asked, fmt.Sprintf("%03d-%04d", i, j))
		}
	}
	ix, err := newIndex(ctx, "", all)
	if err != nil {
		t.Fatal(err)
	}
	defer ix.close()
	r, err := ix.reader()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	known := ix.known(r)
	for range 2 {
		for i := range all {
			for _, term := range all[i].asked {
				l, err := known.of(ctx, r, queryTerm{field: fieldAsked, term: term})
				if err != nil || len(l.docs) != 1 {
					t.Fatalf("%s: %+v, %v", term, l, err)
				}
			}
		}
		if n := len(known.byTerm); n == 0 || n > keptTerms || known.postings > keptPostings {
			t.Errorf("%d terms of %d postings are remembered", n, known.postings)
		}
	}
}
