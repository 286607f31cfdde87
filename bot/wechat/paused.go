package wechat

import (
	"errors"
	"sync"
	"time"

	"signdesk/bot/channel"
)

// Limits of asking again what the platform refused to the whole account.
const (
	barredFor = time.Hour        // after it was told that it may not send at all
	tellApart = 10 * time.Minute // between log lines about the same fault of the settings
)

// shanghai is the platform's time: limits of a day end at its midnight.
var shanghai = time.FixedZone("CST", 8*60*60)

// advice is what an operator does about an errcode.
var advice = map[int64]string{
	codeToken:     "check SIGNDESK_WECHAT_SECRET",
	codeAppID:     "check SIGNDESK_WECHAT_APPID",
	codeSecret:    "check SIGNDESK_WECHAT_SECRET",
	codeAddress:   "add this server's address to the account's IP whitelist (IP白名单)",
	codeForbidden: "the account has no right to customer-service messages: set SIGNDESK_WECHAT_VERIFIED=off, or have it verified",
	codeDayLimit:  "the account's sends of this day are used up; they go on at midnight",
}

// ofSending are the errcodes that each interface has its own limit or right for:
// only those of sending mean that the account may not send.
var ofSending = map[int64]bool{codeForbidden: true, codeDayLimit: true}

// paused is when the account may not send: it is asked no more until then.
type paused struct {
	mu     sync.Mutex
	barred time.Time // it has no right to
	full   time.Time // the day's limit is reached
	told   map[int64]time.Time
}

// sending is why the account may not send now; nil if it may.
func (p *paused) sending(verified bool, now time.Time) error {
	if !verified {
		return errUnverified
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case now.Before(p.barred):
		return errBarred
	case now.Before(p.full):
		return &channel.SendError{Kind: channel.Throttled, Code: "45009", After: p.full.Sub(now), Err: errors.New("wechat: the day's sends are used up")}
	}
	return nil
}

// heed takes note of what an errcode of sending says about the whole account.
func (p *paused) heed(se *channel.SendError, code int64, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch code {
	case codeForbidden:
		p.barred = now.Add(barredFor)
	case codeDayLimit:
		p.full = midnight(now)
		se.After = p.full.Sub(now)
	}
}

// isBarred reports whether the account was told that it may not send at all.
func (p *paused) isBarred(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return now.Before(p.barred)
}

// midnight is the end of the platform's day.
func midnight(now time.Time) time.Time {
	y, m, d := now.In(shanghai).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, shanghai)
}

// tell reports whether a fault of the settings is worth another log line.
func (p *paused) tell(code int64, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.told[code]) < tellApart {
		return false
	}
	if p.told == nil {
		p.told = make(map[int64]time.Time)
	}
	p.told[code] = now
	return true
}

// maySend reports whether a reply that is late could be sent.
func (a *Account) maySend() bool { return a.paused.sending(a.Verified, a.Now()) == nil }

// errBarred is why an account that has no right to send does not.
var errBarred = &channel.SendError{Kind: channel.Closed, Code: "48001", Err: errors.New("wechat: the account has no right to send")}
