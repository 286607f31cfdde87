package bench

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"signdesk/data/store"
)

// crowd and million are how many conversations a store is filled with.
const (
	crowd   = 20_000
	million = 1_000_000
)

// million measures with a million conversations in the store, each of one question
// and its answer, beside a store of 20,000.
func (b *bench) million(ctx context.Context) error {
	const part = "a million conversations"
	var own float64
	for _, n := range []int{crowd, million} {
		c := config{store: b.path("store") + "/store.db"}
		began := time.Now()
		if err := b.fill(ctx, c, n); err != nil {
			return err
		}
		b.say("million: %d conversations written in %.0f s", n, time.Since(began).Seconds())
		s, err := b.serve(ctx, c)
		if err != nil {
			return err
		}
		r, err := b.most(ctx, s, many, 4*b.Share, false, b.asks)
		var heap float64
		if err == nil {
			heap, err = s.metric(ctx, heapMetric)
		}
		ready := s.ready
		s.stop()
		if err != nil {
			return err
		}
		if n == crowd {
			own = r.rate()
			continue
		}
		info, err := os.Stat(c.store)
		if err != nil {
			return err
		}
		b.report.want(part, at("rate / that with 20,000", many), "%.2f", r.rate()/own, atLeast(0.33))
		b.report.tell(part, "p99", "%.0f ms", r.p(99))
		b.report.want(part, "until ready", "%.0f ms", ready.Seconds()*1000, atMost(1000))
		b.report.want(part, "Go heap", "%.0f MiB", heap/mib, atMost(64))
		b.report.tell(part, "file", "%.1f GiB", float64(info.Size())/(1<<30))
	}
	return nil
}

// fill has a visitor write to a new store, and copies what that left behind for n
// others.
func (b *bench) fill(ctx context.Context, c config, n int) error {
	s, err := b.serve(ctx, c)
	if err != nil {
		return err
	}
	id, err := b.first(ctx, s)
	s.stop()
	if err != nil {
		return err
	}
	st, err := b.Open(ctx, c.store)
	if err != nil {
		return err
	}
	return errors.Join(b.copies(ctx, st, id, n), st.Close())
}

// first has the first of the visitors write, and returns who he is.
func (b *bench) first(ctx context.Context, s *server) (id []byte, err error) {
	cl := client(1)
	defer cl.CloseIdleConnections()
	body := fmt.Appendf(nil, `{"id":"bench-first","text":%s}`, b.asks[0])
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/api/v1/conversation/messages", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+b.tokens[0])
	req.Header.Set("Content-Type", "application/json")
	if _, err := do(cl, req, http.StatusAccepted); err != nil {
		return nil, err
	}
	raw, err := base64.RawURLEncoding.DecodeString(b.tokens[0]) // it begins with who he is
	if err != nil || len(raw) < idBytes {
		return nil, fmt.Errorf("a token has another form: %w", err)
	}
	return base64.RawURLEncoding.AppendEncode(nil, raw[:idBytes]), nil
}

const (
	idBytes  = 16    // of a visitor, in his token
	atOnce   = 5_000 // conversations written in one transaction
	seenName = "store/seen"
)

// A trace is a record that has a visitor's id in its key.
type trace struct {
	table      string
	key, value []byte
}

// copies writes what id left in the store again, for n others.
func (b *bench) copies(ctx context.Context, st store.Store, id []byte, n int) error {
	var left []trace
	if err := st.View(ctx, func(tx store.Tx) error {
		left = nil
		for _, name := range b.names() {
			for key, value := range tx.Scan(name, store.Range{}) {
				if bytes.Contains(key, id) {
					left = append(left, trace{name, key, value})
				}
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if len(left) < 3 {
		return fmt.Errorf("a visitor left %d records: %w", len(left), errFew)
	}
	others := make([]string, n)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range others {
		var raw [idBytes]byte
		for k := range raw {
			raw[k] = byte(random.Uint32())
		}
		others[i] = base64.RawURLEncoding.EncodeToString(raw[:])
	}
	slices.Sort(others) // pages are filled one after another
	for part := range slices.Chunk(others, atOnce) {
		if err := st.Update(ctx, func(tx store.Tx) error {
			for _, t := range left {
				for _, other := range part {
					if err := tx.Put(t.table, bytes.ReplaceAll(t.key, id, []byte(other)), bytes.ReplaceAll(t.value, id, []byte(other))); err != nil {
						return err
					}
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// names are those of the tables that records can be in.
func (b *bench) names() []string {
	out := []string{seenName}
	for _, t := range b.Tables {
		out = append(out, t.Name)
		for _, ix := range t.Indexes {
			out = append(out, strings.Join([]string{t.Name, ix.Name}, "/"))
		}
	}
	return out
}
