package kb

import (
	"context"
	"math"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"signdesk/kb/normalize"

	lru "github.com/hashicorp/golang-lru/v2"
)

// A Base is a knowledge base ready to answer: an immutable snapshot of content
// with its index. Its methods may be called concurrently until Close.
type Base struct {
	content *Content
	norm    *normalize.Normalizer
	docs    []document
	index   *index
	idf     idf
	linear  *linear // nil for a large base
	sum     trainingSum
	sigs    []signature
	lately  *lru.Cache[string, Decision]

	followed *lru.Cache[continued, followed]

	tellings sync.Map // document => [*telling]
}

// BuildOptions are the settings of [Build]; the zero value builds in memory.
type BuildOptions struct {
	// IndexDir is a directory that does not exist yet, for the index of a
	// large base; empty keeps the index in memory.
	IndexDir string
	// Classifier is a stored classifier (see [Base.Classifier]). It is used if
	// it was trained from the same texts, and saves a second of training.
	Classifier []byte
}

// smallBase is the number of parts and topics up to which a base has a
// classifier: its size grows with documents x grams. A small base prepares its
// documents when they are first compared, which makes for a fast start; a
// large one needs them all at once, to count how rare each gram is.
const smallBase = 600

// Build indexes content. It takes some 80 ms for the shipped content with its
// stored classifier, a second or two without, and about 20 s for 100,000
// entries; ctx can stop it.
func Build(ctx context.Context, c *Content, n *normalize.Normalizer, opts BuildOptions) (*Base, error) {
	lately, err := lru.New[string, Decision](rememberedDecisions)
	if err != nil {
		return nil, err
	}
	follows, err := lru.New[continued, followed](rememberedFollowings)
	if err != nil {
		return nil, err
	}
	b := &Base{content: c, norm: n, lately: lately, followed: follows}
	parts := 0
	for _, e := range c.Entries {
		parts += len(e.Parts)
	}
	b.docs = make([]document, parts+len(c.Topics))
	i := 0
	for _, e := range c.Entries {
		for _, p := range e.Parts {
			b.docs[i].part = p
			i++
		}
	}
	for _, t := range c.Topics {
		b.docs[i].topic = t
		i++
	}
	if len(b.docs) <= smallBase {
		err = b.buildSmall(ctx, parts, opts)
	} else {
		err = b.buildLarge(ctx, opts)
	}
	if err != nil {
		return nil, err
	}
	for i := range b.docs {
		b.sigs = append(b.sigs, b.docs[i].signatures(n)...)
	}
	return b, nil
}

// buildSmall indexes the parts; topics are found by the classifier alone.
func (b *Base) buildSmall(ctx context.Context, parts int, opts BuildOptions) error {
	b.sum = sumOf(b.docs, b.norm)
	var err error
	if b.linear, err = decodeLinear(opts.Classifier, b.sum, len(b.docs)); err != nil {
		b.linear = train(b.examples(), len(b.docs))
	}
	b.idf = b.linear.docIDF(len(b.docs))
	// A bigram of a single phrasing brings no other question to its part, and
	// such bigrams are most of the dictionary: the second stage sees them. Of
	// the answers the index takes what no phrasing says.
	known := b.linear.knows
	unknown := func(g gram) bool { return !known(g) }
	b.index, err = newIndex(ctx, opts.IndexDir, b.shown(b.docs[:parts], shownTexts, known, unknown))
	return err
}

func (b *Base) buildLarge(ctx context.Context, opts BuildOptions) error {
	var g errgroup.Group
	g.Go(func() (err error) {
		b.index, err = newIndex(ctx, opts.IndexDir, b.shown(b.docs, math.MaxInt, nil, nil))
		return err
	})
	inParallel(len(b.docs), func(i int) { b.docs[i].extract(b.norm) })
	b.idf = countIDF(b.docs)
	inParallel(len(b.docs), func(i int) { b.docs[i].weigh(b.idf) })
	return g.Wait()
}

// shownTexts bounds the texts that a part of a small base shows to the index.
// The classifier has learnt from all of them and finds as well; a start need
// not wait for the rest.
const shownTexts = 32

// shown returns what the index shall see of documents: the bigrams of their
// questions (of the first texts of each) and of their answers that the
// functions accept; nil accepts all.
func (b *Base) shown(docs []document, texts int, asked, answer func(gram) bool) []indexed {
	out := make([]indexed, len(docs))
	inParallel(len(docs), func(i int) {
		questions := docs[i].asked()
		out[i].asked = bigramTerms(b.canon(questions[:min(texts, len(questions))]), asked)
		out[i].answer = bigramTerms(b.canon(docs[i].answer()), answer)
	})
	return out
}

func (b *Base) canon(texts []string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = b.norm.Canon(t)
	}
	return out
}

// examples returns what the classifier is trained from.
func (b *Base) examples() []example {
	by := make([][]example, len(b.docs))
	inParallel(len(b.docs), func(i int) {
		for _, text := range b.docs[i].asked() {
			if canon := b.norm.Canon(text); canon != "" {
				by[i] = append(by[i], example{gramsOf(b.norm, canon), i})
			}
		}
	})
	var out []example
	for _, list := range by {
		out = append(out, list...)
	}
	return out
}

// Content returns what the base was built from.
func (b *Base) Content() *Content { return b.content }

// Classifier returns the base's classifier in stored form, for
// [BuildOptions.Classifier]; nil for a large base.
func (b *Base) Classifier() []byte {
	if b.linear == nil {
		return nil
	}
	return b.linear.encode(b.sum)
}

// Close releases the index. Decide must not be called afterwards.
func (b *Base) Close() error { return b.index.close() }

// inParallel calls f for 0..n-1 on all cores and waits.
func inParallel(n int, f func(i int)) {
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				f(i)
			}
		})
	}
	wg.Wait()
}
