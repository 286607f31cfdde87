package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/silenceper/wechat/v2/util"
)

// Limits of cgi-bin/stable_token (获取稳定版接口调用凭据).
const (
	tokenEarly  = 5 * time.Minute  // before its end a token is renewed; the old one is good until then
	forceApart  = 30 * time.Second // between forced renewals
	forcesADay  = 20
	refusedWait = 10 * time.Second // after the platform refused a token, all wait
	minuteWait  = time.Minute
	tokenName   = "access token"
)

// tokens hold the access token of this process.
type tokens struct {
	mu      sync.Mutex
	now     accessToken
	refused error // of the last try
	until   time.Time
}

// accessToken is what is kept, for all processes.
type accessToken struct {
	Token   string
	Expires time.Time
	Forced  time.Time // last forced renewal
	Forces  int       // of that day
}

// token returns the access token. stale is one that the platform refused: it is
// not returned again. However many ask at once, the platform is asked once.
func (a *Account) token(ctx context.Context, stale string) (string, error) {
	t := &a.tokens
	t.mu.Lock()
	defer t.mu.Unlock()
	now := a.Now()
	if t.usable(stale, now) {
		return t.now.Token, nil
	}
	if t.refused != nil && now.Before(t.until) {
		return "", t.refused
	}
	force := false
	err := a.Keep.Swap(ctx, tokenName, func(was []byte) []byte {
		force, t.now = false, accessToken{}
		if was != nil && json.Unmarshal(was, &t.now) != nil {
			t.now = accessToken{}
		}
		if t.usable(stale, now) || stale == "" || t.now.Token != stale || !t.now.forceable(now) { // another process may have renewed it
			return nil
		}
		force = true // of all processes, this one
		if !sameDay(now, t.now.Forced) {
			t.now.Forces = 0
		}
		t.now.Forced, t.now.Forces = now, t.now.Forces+1
		return t.now.encoded()
	})
	switch {
	case err != nil:
		return "", failure("token", err)
	case t.usable(stale, now):
		return t.now.Token, nil
	case !force && stale != "" && t.now.Token == stale:
		return "", failure("token", errors.New("refused, and renewed a moment ago"))
	}
	token, life, err := a.askToken(ctx, force)
	if t.refused = err; err != nil {
		t.until = now.Add(refusedWait)
		return "", err
	}
	err = a.Keep.Swap(ctx, tokenName, func(was []byte) []byte {
		var kept accessToken
		if was != nil && json.Unmarshal(was, &kept) != nil {
			kept = accessToken{}
		}
		kept.Token, kept.Expires = token, now.Add(life)
		t.now = kept
		return kept.encoded()
	})
	if err != nil {
		t.now.Token, t.now.Expires = token, now.Add(life)
		a.Log.Error("access token not kept", "channel", Channel, "err", err)
	}
	return token, nil
}

// forceable reports whether the platform lets a token be renewed by force again.
func (t *accessToken) forceable(now time.Time) bool {
	return now.Sub(t.Forced) >= forceApart && (t.Forces < forcesADay || !sameDay(now, t.Forced))
}

func (t *accessToken) encoded() []byte {
	raw, err := json.Marshal(t)
	if err != nil {
		panic("wechat: encode token: " + err.Error()) // a struct of plain fields
	}
	return raw
}

func (t *tokens) usable(stale string, now time.Time) bool {
	return t.now.Token != "" && t.now.Token != stale && now.Before(t.now.Expires.Add(-tokenEarly))
}

func sameDay(a, b time.Time) bool {
	return a.UTC().Format(time.DateOnly) == b.UTC().Format(time.DateOnly)
}

func (a *Account) askToken(ctx context.Context, force bool) (token string, life time.Duration, err error) {
	const path = "/cgi-bin/stable_token"
	body, err := json.Marshal(map[string]any{"grant_type": "client_credential", "appid": a.AppID, "secret": a.Secret, "force_refresh": force})
	if err != nil {
		return "", 0, failure(path, err)
	}
	raw, err := a.exchange(ctx, http.MethodPost, path, nil, "application/json", body)
	if err != nil {
		return "", 0, err
	}
	var ce *util.CommonError
	if err := errcode(raw, path); errors.As(err, &ce) {
		return "", 0, a.refused(ce)
	} else if err != nil {
		return "", 0, err
	}
	var out struct {
		Token string `json:"access_token"`
		Life  int    `json:"expires_in"` // seconds
	}
	if err := json.Unmarshal(raw, &out); err != nil || strings.TrimSpace(out.Token) == "" {
		return "", 0, failure(path, errors.New("answer without a token"))
	}
	return out.Token, time.Duration(out.Life) * time.Second, nil
}
