package kb

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/custom"
	"github.com/blevesearch/bleve/v2/analysis/tokenizer/whitespace"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/mapping"
	bleveindex "github.com/blevesearch/bleve_index_api"

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
	// reading ten postings.
	maxTerms = 64
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

	tallies sync.Pool // of *tally, all zeros
	lists   atomic.Pointer[lists]
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

		tallies: sync.Pool{New: func() any { return new(tally) }},
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
// first. Their scores are those that Bleve gives to a disjunction of the terms; but
// one list of postings is added up after another, where Bleve's own searcher merges
// them document by document, which takes twice as long for many common terms.
func (ix *index) search(ctx context.Context, canon string) ([]candidate, error) {
	terms := ix.terms(canon)
	if terms == nil {
		return nil, nil
	}
	select {
	case ix.gate <- struct{}{}:
		defer func() { <-ix.gate }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	r, err := ix.reader()
	if err != nil {
		return nil, fmt.Errorf("kb: search: %w", err)
	}
	defer r.Close()
	t := ix.tallies.Get().(*tally)
	defer ix.tallies.Put(t)
	defer t.clear()
	weigh, err := weights(r, terms)
	if err != nil {
		return nil, fmt.Errorf("kb: search: %w", err)
	}
	known := ix.known(r)
	for i, term := range terms {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l, err := known.of(ctx, r, term)
		if err != nil {
			return nil, fmt.Errorf("kb: search: %w", err)
		}
		t.add(l, weigh[i])
	}
	best := t.best(len(terms))
	out := make([]candidate, 0, len(best))
	for _, h := range best {
		id, err := r.ExternalID(bleveindex.NewIndexInternalID(nil, uint64(h.doc)))
		if err != nil {
			return nil, fmt.Errorf("kb: search: %w", err)
		}
		i, err := strconv.Atoi(id)
		if err != nil || i >= ix.docs {
			return nil, fmt.Errorf("kb: search: unknown document %q", id)
		}
		out = append(out, candidate{i, h.score})
	}
	return out, nil
}

func (ix *index) reader() (bleveindex.IndexReader, error) {
	inner, err := ix.bleve.Advanced()
	if err != nil {
		return nil, err
	}
	return inner.Reader()
}

// weights are what a term adds to the score of a document that has it, times the
// document's norm: boost, the square of how rare the term is, and one for all, so that
// scores of different searches compare (tf-idf as of Bleve; a term stands once in a
// document).
func weights(r bleveindex.IndexReader, terms []queryTerm) ([]float64, error) {
	docs, err := r.DocCount()
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(terms))
	squares := 0.0
	for i, t := range terms {
		idf := 1 + math.Log(float64(docs)/float64(t.df+1))
		out[i] = t.boost * idf * idf
		squares += t.boost * idf * t.boost * idf
	}
	for i := range out {
		out[i] /= math.Sqrt(squares)
	}
	return out, nil
}

// A tally adds up the scores of documents by the numbers that the index gives them.
type tally struct {
	sums    []float64
	matched []int32 // terms
	docs    []int   // that have any
}

// add adds a term to the documents that have it.
func (t *tally) add(l *list, weight float64) {
	for i, d := range l.docs {
		doc := int(d)
		if more := doc + 1 - len(t.sums); more > 0 {
			t.sums, t.matched = append(t.sums, make([]float64, more)...), append(t.matched, make([]int32, more)...)
		}
		if t.matched[doc] == 0 {
			t.docs = append(t.docs, doc)
		}
		t.sums[doc] += weight * float64(l.norms[i])
		t.matched[doc]++
	}
}

// best returns the best documents, at most recallSize: those that have many of the
// terms before those that have few with the same sum.
func (t *tally) best(terms int) []candidate {
	var heap []candidate // the worst first
	for _, doc := range t.docs {
		c := candidate{doc, t.sums[doc] * float64(t.matched[doc]) / float64(terms)}
		if len(heap) == recallSize && better(c, heap[0]) >= 0 {
			continue
		}
		if len(heap) == recallSize {
			heap = heap[1:]
		}
		at, _ := slices.BinarySearchFunc(heap, c, func(a, b candidate) int { return better(b, a) })
		heap = slices.Insert(heap, at, c)
	}
	slices.Reverse(heap)
	return heap
}

// better orders candidates, the best first.
func better(a, b candidate) int {
	return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.doc, b.doc))
}

func (t *tally) clear() {
	for _, doc := range t.docs {
		t.sums[doc], t.matched[doc] = 0, 0
	}
	t.docs = t.docs[:0]
}

type queryTerm struct {
	field, term string
	boost       float64
	df          int32
}

// terms chooses the terms of a search within the postings budget; none if the index
// knows none of them.
func (ix *index) terms(canon string) []queryTerm {
	var terms []queryTerm
	grams := bigramTerms([]string{canon}, nil)
	for field, boost := range map[string]float64{fieldAsked: 1, fieldAnswer: boostAnswer} {
		for _, t := range grams {
			if df := ix.df[field][t]; df > 0 {
				terms = append(terms, queryTerm{field, t, boost, df})
			}
		}
	}
	slices.SortFunc(terms, func(a, b queryTerm) int {
		return cmp.Or(cmp.Compare(b.field, a.field), cmp.Compare(a.df, b.df), cmp.Compare(a.term, b.term))
	})
	budget := int32(postingsBudget)
	for i, t := range terms {
		if budget -= t.df; i == maxTerms || budget < 0 && i > 0 {
			return terms[:i]
		}
	}
	return terms
}

func (ix *index) close() error { return ix.bleve.Close() }
