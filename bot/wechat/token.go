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
	force, err := t.choose(ctx, a.Keep, stale, now)
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
	if err := t.keep(ctx, a.Keep, token, now.Add(life)); err != nil {
		a.Log.Error("access token not kept", "channel", Channel, "err", err)
	}
	return token, nil
}

// choose reads the token that all processes share. If it is the stale one, one of
// them is to renew it by force: force tells whether it is this one.
func (t *tokens) choose(ctx context.Context, k Keep, stale string, now time.Time) (force bool, err error) {
	err = k.Swap(ctx, tokenName, func(was []byte) []byte {
		force, t.now = false, decoded(was)
		if t.usable(stale, now) || stale == "" || t.now.Token != stale || !t.now.forceable(now) {
			return nil
		}
		force = true
		if !sameDay(now, t.now.Forced) {
			t.now.Forces = 0
		}
		t.now.Forced, t.now.Forces = now, t.now.Forces+1
		return t.now.encoded()
	})
	return force, err
}

// keep stores a new token for all processes. This one has it in any case.
func (t *tokens) keep(ctx context.Context, k Keep, token string, expires time.Time) error {
	t.now.Token, t.now.Expires = token, expires
	return k.Swap(ctx, tokenName, func(was []byte) []byte {
		kept := decoded(was)
		kept.Token, kept.Expires = token, expires
		return kept.encoded()
	})
}

// decoded is what was kept; nothing if it cannot be read.
func decoded(raw []byte) (t accessToken) {
	if raw != nil && json.Unmarshal(raw, &t) != nil {
		return accessToken{}
	}
	return t
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

func sameDay(a, b time.Time) bool { return midnight(a).Equal(midnight(b)) }

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
		return "", 0, a.refused(path, ce)
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
