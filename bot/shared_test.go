package bot_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"signdesk/bot/channel"
	"signdesk/data/store"
)

// twoRooms are two processes on one store.
func twoRooms(t *testing.T) (a, b *room) {
	t.Helper()
	a = newRoom(t)
	b = roomOn(t, a.Store)
	a.Shared, b.Shared = true, true
	return a, b
}

// TestSharedOutbox: two processes that deliver side by side send each message once,
// and those to one person in their order.
func TestSharedOutbox(t *testing.T) {
	t.Parallel()
	a, b := twoRooms(t)
	const people, each = 20, 10
	for p := range people {
		for n := range each {
			if err := a.Give(fmt.Sprintf("%d-%d", p, n), peer(fmt.Sprint(p)), "news"); err != nil {
				t.Fatal(err)
			}
		}
	}
	var mu sync.Mutex
	got := make(map[string][]string) // by person
	total := 0
	send := senderFunc(func(m channel.Outbound) error {
		mu.Lock()
		defer mu.Unlock()
		got[m.To.ID] = append(got[m.To.ID], m.ID)
		total++
		return nil
	})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var both sync.WaitGroup
	for _, r := range []*room{a, b} {
		both.Go(func() {
			for ctx.Err() == nil {
				if _, err := r.DeliverOnce(ctx, map[string]channel.Sender{"test": send}); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
				mu.Lock()
				if total >= people*each {
					stop()
				}
				mu.Unlock()
			}
		})
	}
	both.Wait()
	for p, ids := range got {
		want := make([]string, each)
		for n := range want {
			want[n] = p + "-" + strconv.Itoa(n)
		}
		if !slices.Equal(ids, want) {
			t.Errorf("person %s got %v", p, ids)
		}
	}
}

type senderFunc func(channel.Outbound) error

func (f senderFunc) Send(_ context.Context, m channel.Outbound) error { return f(m) }

// TestSharedOutboxOfTheDead: what a process took and never sent is sent by another.
func TestSharedOutboxOfTheDead(t *testing.T) {
	t.Parallel()
	a, b := twoRooms(t)
	if err := a.Give("1", peer("p"), "news"); err != nil {
		t.Fatal(err)
	}
	ctx, die := context.WithCancel(t.Context())
	_, _ = a.DeliverOnce(ctx, map[string]channel.Sender{"test": senderFunc(func(channel.Outbound) error { die(); return ctx.Err() })})
	if n := b.deliver(); n != 0 {
		t.Errorf("%d sent that another process is sending", n)
	}
	b.forward(3 * time.Minute)
	if n := b.deliver(); n != 1 || len(b.sent) != 1 || b.sent[0].ID != "1" {
		t.Errorf("%d sent: %v", n, b.sent)
	}
}

// TestWritten: who waits here hears of what another process wrote.
func TestWritten(t *testing.T) {
	t.Parallel()
	a, _ := twoRooms(t)
	news, stop := a.Listen(channel.Peer{Channel: "page", ID: "v/1"})
	defer stop()
	others, stopOthers := a.Listen(channel.Peer{Channel: "page", ID: "v/2"})
	defer stopOthers()
	a.Written("transcripts", store.Key{}.Str("page/v/1").Uint(7))
	select {
	case <-news:
	default:
		t.Error("not heard")
	}
	a.Written("seals", []byte(strings.Repeat("x", 3)))
	a.Written("transcripts", []byte("no key"))
	select {
	case <-others:
		t.Error("heard what is not his")
	case <-news:
		t.Error("heard twice")
	default:
	}
	a.Written("", nil)
	select {
	case <-others:
	default:
		t.Error("not heard that something changed")
	}
}
