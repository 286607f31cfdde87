package bot

import (
	"slices"
	"strings"
	"sync"

	"signdesk/bot/channel"
	"signdesk/data/store"
)

// A bells is a set of channels that get a value when something happened; several
// happenings before one is read are one.
type bells struct {
	mu  sync.Mutex
	all []chan struct{}
}

func (b *bells) add() (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, ch)
	return ch, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.all = slices.DeleteFunc(b.all, func(c chan struct{}) bool { return c == ch })
	}
}

func (b *bells) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, ch := range b.all {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

func (b *bells) silent() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.all) == 0
}

// readers are those who wait for news of conversations.
type readers struct {
	mu sync.Mutex
	of map[channel.Peer]*bells
}

func (r *readers) add(p channel.Peer) (<-chan struct{}, func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		r.of = make(map[channel.Peer]*bells)
	}
	if r.of[p] == nil {
		r.of[p] = &bells{}
	}
	ch, stop := r.of[p].add()
	return ch, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		stop()
		if b := r.of[p]; b != nil && b.silent() {
			delete(r.of, p)
		}
	}
}

func (r *readers) wake(peers ...channel.Peer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range peers {
		if b := r.of[p]; b != nil {
			b.wake()
		}
	}
}

func (r *readers) wakeAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.of {
		b.wake()
	}
}

// Written tells the bot that another process wrote a record of a table: whoever
// here waits for such a thing looks. An empty table stands for any.
func (b *Bot) Written(table string, key []byte) {
	switch table {
	case "":
		b.kick()
		b.readers.wakeAll()
	case deliveries.Name:
		b.kick()
	case transcripts.Name, conversations.Name:
		if channelName, id, ok := strings.Cut(store.ReadKey(key).Str(), "/"); ok {
			b.readers.wake(channel.Peer{Channel: channelName, ID: id})
		}
	}
}
