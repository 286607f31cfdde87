package telegram

import (
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Our pace. The platform publishes no exact limits; its FAQ
// (https://core.telegram.org/bots/faq) speaks of 30 messages a second overall,
// one a second in a chat and 20 a minute in a group. A group gets its minute's
// share as fast as it is wanted, so that staff who are at work need not wait; two
// are kept back, as clocks differ. A bucket of n refilled with r a second lets
// through n+r in the fullest second, so that n+r stays at the limit.
const (
	overallRate, overallBurst = 25, 5 // a second
	groupShare                = 18
	groupSpan                 = time.Minute
	privateRate, privateBurst = 1, 2 // a second; short bursts are tolerated
	maxPaces                  = 4096 // chats whose pace is remembered
)

// A limiter keeps requests below the platform's limits, so that those are met
// rarely: being refused costs more than waiting. It goes by the real clock.
type limiter struct {
	mu    sync.Mutex
	all   *rate.Limiter
	until time.Time // nothing may be sent before
	chats map[int64]*pace
}

type pace struct {
	*rate.Limiter             // of a private chat; nil for a group
	sent          []time.Time // to a group, within its span
	until         time.Time
}

// wait is how long a chat must be waited for.
func (p *pace) wait(now time.Time) time.Duration {
	if p.Limiter != nil {
		r := p.ReserveN(now, 1)
		defer r.CancelAt(now)
		return r.DelayFrom(now)
	}
	p.sent = slices.DeleteFunc(p.sent, func(t time.Time) bool { return now.Sub(t) >= groupSpan })
	if len(p.sent) < groupShare {
		return 0
	}
	return p.sent[0].Add(groupSpan).Sub(now)
}

// spend counts a send that waits no more.
func (p *pace) spend(now time.Time) {
	if p.Limiter != nil {
		p.ReserveN(now, 1)
		return
	}
	p.sent = append(p.sent, now)
}

// rests tells whether nothing of late is remembered.
func (p *pace) rests(now time.Time) bool {
	return !p.until.After(now) && p.wait(now) == 0 && (p.Limiter == nil && len(p.sent) == 0 || p.Limiter != nil && p.TokensAt(now) >= privateBurst)
}

func newLimiter() *limiter {
	return &limiter{all: rate.NewLimiter(overallRate, overallBurst), chats: make(map[int64]*pace)}
}

// take asks to send something to a chat: 0 if it may be sent now, else how long
// to wait before asking again.
func (l *limiter) take(chat int64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	p := l.pace(chat, now)
	if until := later(l.until, p.until); until.After(now) {
		return until.Sub(now)
	}
	if wait := p.wait(now); wait > 0 {
		return wait
	}
	all := l.all.ReserveN(now, 1)
	if wait := all.DelayFrom(now); wait > 0 {
		all.CancelAt(now)
		return wait
	}
	p.spend(now)
	return 0
}

// refused notes that the platform wants a chat left alone. Where two chats are,
// it means all of them.
func (l *limiter) refused(chat int64, after time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	until := now.Add(after)
	for id, p := range l.chats {
		if id != chat && p.until.After(now) {
			l.until = later(l.until, until)
		}
	}
	p := l.pace(chat, now)
	p.until = later(p.until, until)
}

func (l *limiter) pace(chat int64, now time.Time) *pace {
	if p := l.chats[chat]; p != nil {
		return p
	}
	if len(l.chats) >= maxPaces {
		for id, p := range l.chats {
			if p.rests(now) {
				delete(l.chats, id)
			}
		}
	}
	p := &pace{}
	if chat > 0 {
		p.Limiter = rate.NewLimiter(privateRate, privateBurst)
	}
	l.chats[chat] = p
	return p
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
