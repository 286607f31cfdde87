package kb

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/custom"
	"github.com/blevesearch/bleve/v2/analysis/tokenizer/whitespace"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/search/query"

	"signdesk/kb/normalize"
)

// Fields of the Bleve index. Each holds ready-made terms separated by spaces,
// so that a query is always a list of terms and never syntax.
const (
	fieldAsked  = "t" // bigrams of titles, messages, labels and phrasings
	fieldAnswer = "a" // bigrams of the answer
)

// Recall. Measured on bases of 19 to 100,000 entries.
const (
	// postingsBudget bounds how many index entries one search may touch. Terms
	// of the question side are taken before those of the answer side, rarest
	// first, until it is used up.
	postingsBudget = 3_500
	// maxTerms bounds the terms of one search: setting one up costs as much as
	// reading some hundred postings.
	maxTerms = 40
	// recallSize is how many documents the second stage looks at.
	recallSize = 30
	// batchSize is the number of documents indexed at once.
	batchSize = 2_000

	boostAnswer = 0.4
)

// An index finds candidate documents. It is safe for concurrent use.
type index struct {
	bleve bleve.Index
	df    map[string]map[string]int32 // field => term => documents
	docs  int
	gate  chan struct{} // more searches at once than cores only wait for each other
}

// An indexed is what one document shows to the index: for each field its
// terms, sorted, each once. How often a word stands in the phrasings of a
// document says how many phrasings it has, not how well it fits.
type indexed struct{ asked, answer []string }

// fields returns the terms by field.
func (d *indexed) fields() [2]fieldTerms {
	return [2]fieldTerms{{fieldAsked, d.asked}, {fieldAnswer, d.answer}}
}

type fieldTerms struct {
	field string
	terms []string
}

// newIndex builds an index in dir, or in memory if dir is empty.
func newIndex(ctx context.Context, dir string, docs []indexed) (*index, error) {
	m, err := indexMapping()
	if err != nil {
		return nil, err
	}
	b, err := bleve.NewUsing(dir, m, scorch.Name, scorch.Name, nil)
	if err != nil {
		return nil, fmt.Errorf("kb: create index: %w", err)
	}
	ix := &index{
		bleve: b, docs: len(docs),
		df:   map[string]map[string]int32{fieldAsked: {}, fieldAnswer: {}},
		gate: make(chan struct{}, runtime.GOMAXPROCS(0)),
	}
	// Batches are analysed and sorted side by side: one for each core.
	size := min(batchSize, (len(docs)+cap(ix.gate)-1)/cap(ix.gate))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(cap(ix.gate))
	for first := 0; first < len(docs); first += size {
		g.Go(func() error { return ix.add(ctx, docs[first:min(first+size, len(docs))], first) })
	}
	ix.count(docs)
	if err := g.Wait(); err != nil {
		b.Close()
		return nil, err
	}
	return ix, nil
}

// add indexes documents that are numbered from first.
func (ix *index) add(ctx context.Context, docs []indexed, first int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	batch := ix.bleve.NewBatch()
	for i := range docs {
		fields := make(map[string]any, 2)
		for _, f := range docs[i].fields() {
			if len(f.terms) > 0 {
				fields[f.field] = strings.Join(f.terms, " ")
			}
		}
		if len(fields) == 0 {
			continue
		}
		if err := batch.Index(strconv.Itoa(first+i), fields); err != nil {
			return fmt.Errorf("kb: index document %d: %w", first+i, err)
		}
	}
	if err := ix.bleve.Batch(batch); err != nil {
		return fmt.Errorf("kb: write index: %w", err)
	}
	return nil
}

// count notes in how many documents each term stands.
func (ix *index) count(docs []indexed) {
	for i := range docs {
		for _, f := range docs[i].fields() {
			for _, t := range f.terms {
				ix.df[f.field][t]++
			}
		}
	}
}

func indexMapping() (mapping.IndexMapping, error) {
	m := bleve.NewIndexMapping()
	err := m.AddCustomAnalyzer("terms", map[string]any{"type": custom.Name, "tokenizer": whitespace.Name})
	if err != nil {
		return nil, fmt.Errorf("kb: index mapping: %w", err)
	}
	doc := bleve.NewDocumentStaticMapping()
	for _, name := range []string{fieldAsked, fieldAnswer} {
		f := bleve.NewTextFieldMapping()
		f.Analyzer = "terms"
		f.Store, f.DocValues, f.IncludeTermVectors, f.IncludeInAll = false, false, false, false
		doc.AddFieldMappingsAt(name, f)
	}
	doc.AddSubDocumentMapping("_all", bleve.NewDocumentDisabledMapping())
	m.DefaultMapping = doc
	return m, nil
}

// bigramTerms returns the bigrams of canonical texts, sorted, each once; a
// clause of one unit gives that unit. Of the bigrams only those that keep
// accepts are returned; nil accepts all.
func bigramTerms(texts []string, keep func(gram) bool) []string {
	var out []string
	var units []normalize.Unit
	for _, t := range texts {
		units = normalize.Units(t, units[:0])
		for i, u := range units {
			alone := u.First && (i+1 == len(units) || units[i+1].First)
			switch {
			case alone:
				out = append(out, t[u.Start:u.End])
			case u.First:
			case keep != nil && !keep(bigram(t[units[i-1].Start:units[i-1].End], t[u.Start:u.End])):
			case units[i-1].End == u.Start:
				out = append(out, t[units[i-1].Start:u.End])
			default: // two Latin words
				out = append(out, t[units[i-1].Start:units[i-1].End]+t[u.Start:u.End])
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// A candidate is a document that the index found; score compares only within
// one search.
type candidate struct {
	doc   int
	score float64
}

// search returns at most recallSize candidates for a canonical utterance, best
// first.
func (ix *index) search(ctx context.Context, canon string) ([]candidate, error) {
	q := ix.query(canon)
	if q == nil {
		return nil, nil
	}
	select {
	case ix.gate <- struct{}{}:
		defer func() { <-ix.gate }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	res, err := ix.bleve.SearchInContext(ctx, bleve.NewSearchRequestOptions(q, recallSize, 0, false))
	if err != nil {
		return nil, fmt.Errorf("kb: search: %w", err)
	}
	out := make([]candidate, 0, len(res.Hits))
	for _, h := range res.Hits {
		i, err := strconv.Atoi(h.ID)
		if err != nil || i >= ix.docs {
			return nil, fmt.Errorf("kb: search: unknown document %q", h.ID)
		}
		out = append(out, candidate{i, h.Score})
	}
	return out, nil
}

type queryTerm struct {
	field, term string
	boost       float64
	df          int32
}

// query chooses the terms of a search within the postings budget; nil if the
// index knows none of them.
func (ix *index) query(canon string) query.Query {
	var terms []queryTerm
	add := func(field string, list []string, boost float64) {
		for _, t := range list {
			if df := ix.df[field][t]; df > 0 {
				terms = append(terms, queryTerm{field, t, boost, df})
			}
		}
	}
	add(fieldAsked, bigramTerms([]string{canon}, nil), 1)
	add(fieldAnswer, bigramTerms([]string{canon}, nil), boostAnswer)
	slices.SortFunc(terms, func(a, b queryTerm) int {
		return cmp.Or(cmp.Compare(b.field, a.field), cmp.Compare(a.df, b.df), cmp.Compare(a.term, b.term))
	})
	budget := int32(postingsBudget)
	var clauses []query.Query
	for _, t := range terms {
		if budget -= t.df; len(clauses) == maxTerms || budget < 0 && len(clauses) > 0 {
			break
		}
		tq := query.NewTermQuery(t.term)
		tq.SetField(t.field)
		tq.SetBoost(t.boost)
		clauses = append(clauses, tq)
	}
	if clauses == nil {
		return nil
	}
	return query.NewDisjunctionQuery(clauses)
}

func (ix *index) close() error { return ix.bleve.Close() }
