package kb

import (
	"context"
	"errors"
	"strings"
	"sync"

	bleveindex "github.com/blevesearch/bleve_index_api"
)

// Lists of postings are remembered as they come out of the index: reading one costs as
// much as adding up a hundred of its postings, and people use few words over and over.
const (
	// keptPostings bounds what is remembered: 8 bytes each.
	keptPostings = 1 << 20
	// keptTerms bounds what it takes to find them.
	keptTerms = 1 << 15
)

// lists are remembered for one state of an index, in which documents keep their
// numbers.
type lists struct {
	state bleveindex.IndexReader

	mu       sync.RWMutex
	byTerm   map[termKey]*list
	postings int
}

type termKey struct{ field, term string }

// A list is of the documents that have a term. Nobody changes it.
type list struct {
	docs  []uint32 // by the numbers that the index gives them
	norms []float32
}

// known returns what is remembered for the state that a reader reads.
func (ix *index) known(r bleveindex.IndexReader) *lists {
	l := ix.lists.Load()
	if l == nil || l.state != r { // a state is one reader for all, as long as nothing changes
		l = &lists{state: r, byTerm: make(map[termKey]*list)}
		ix.lists.Store(l)
	}
	return l
}

// of returns the list of a term.
func (k *lists) of(ctx context.Context, r bleveindex.IndexReader, term queryTerm) (*list, error) {
	key := termKey{term.field, term.term}
	k.mu.RLock()
	l := k.byTerm[key]
	k.mu.RUnlock()
	if l != nil {
		return l, nil
	}
	l, err := readList(ctx, r, term)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.postings += len(l.docs); k.postings > keptPostings || len(k.byTerm) >= keptTerms {
		clear(k.byTerm) // what is used often is soon there again
		k.postings = len(l.docs)
	}
	key.term = strings.Clone(key.term) // it is a piece of what somebody asked
	k.byTerm[key] = l
	return l, nil
}

func readList(ctx context.Context, r bleveindex.IndexReader, term queryTerm) (l *list, err error) {
	postings, err := r.TermFieldReader(ctx, []byte(term.term), term.field, true, true, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, postings.Close()) }()
	l = &list{docs: make([]uint32, 0, term.df), norms: make([]float32, 0, term.df)}
	var at bleveindex.TermFieldDoc
	for {
		p, err := postings.Next(&at)
		if err != nil || p == nil {
			return l, err
		}
		l.docs, l.norms = append(l.docs, uint32(p.ID.Value())), append(l.norms, float32(p.Norm))
	}
}
