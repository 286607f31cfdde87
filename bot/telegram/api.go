package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-telegram/bot"

	"signdesk/bot/channel"
)

// A statusError is an answer that is not the API's: a proxy's page, say.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("status %d", int(e)) }

func (e statusError) kind() channel.Failure {
	switch {
	case e == http.StatusProxyAuthRequired:
		return channel.Config
	case e > 400 && e < 500 && e != http.StatusRequestTimeout && e != http.StatusTooManyRequests:
		return channel.Rejected
	}
	return channel.Retry
}

// errUnreadable is an answer that cannot be understood. What it holds is not
// told: it may be people's words.
var errUnreadable = errors.New("unreadable answer")

// A linkError is why a request got no answer, without its address, which holds
// the token.
type linkError struct{ err error }

func (e *linkError) Error() string { return e.err.Error() }
func (e *linkError) Unwrap() error { return e.err }

// doer is the client that the library uses, and we. It bounds answers, and turns
// what the library would quote in full into a plain error. A [*url.Error] does
// not pass: the library changes it while another of its goroutines reads it.
type doer struct{ client *http.Client }

// Do implements [bot.HttpClient].
func (d *doer) Do(r *http.Request) (*http.Response, error) {
	resp, err := d.client.Do(r)
	if err != nil {
		for link := new(url.Error); errors.As(err, &link); {
			err = link.Err
		}
		return nil, &linkError{err}
	}
	switch resp.StatusCode {
	case http.StatusOK, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden,
		http.StatusNotFound, http.StatusConflict, http.StatusTooManyRequests:
	default:
		_ = resp.Body.Close()
		return nil, statusError(resp.StatusCode)
	}
	resp.Body = limitedBody{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}

type limitedBody struct {
	io.Reader
	io.Closer
}

// A callError is why a request failed, in the library's terms. Its text is not
// for logs; [Account.failure] makes it so.
type callError struct {
	method string
	err    error
}

func (e *callError) Error() string { return e.method + ": " + e.err.Error() }
func (e *callError) Unwrap() error { return e.err }

// call makes a request to a chat, if its pace allows.
func (a *Account) call(ctx context.Context, chat int64, method string, do func(ctx context.Context) error) error {
	if wait := a.limits.take(chat); wait > 0 {
		return &channel.SendError{Kind: channel.Throttled, After: wait, Code: "pace", Err: fmt.Errorf("telegram: %s: our own pace", method)}
	}
	timeout := apiTimeout
	if method == "sendPhoto" || method == "sendDocument" {
		timeout = fileTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := do(ctx)
	if err == nil {
		return nil
	}
	err = &callError{method, err}
	if se := a.failure(method, err); se.Kind == channel.Throttled {
		a.limits.refused(chat, se.After)
	}
	return err
}

// An answer is what the API answers.
type answer struct {
	OK          bool            `json:"ok"`
	Result      json.RawMessage `json:"result"`
	Code        int             `json:"error_code"`
	Description string          `json:"description"`
	Parameters  struct {
		RetryAfter int `json:"retry_after"`
	} `json:"parameters"`
}

// getUpdates asks for updates from the offset on; what is before it is confirmed
// by that. The library has no such method: its own loop confirms updates before
// they were handled. Updates stay raw, so that one of an unknown shape does not
// hide the others.
func (a *Account) getUpdates(ctx context.Context, offset int64) ([]json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, a.PollTimeout+apiTimeout)
	defer cancel()
	body, err := json.Marshal(map[string]any{
		"offset": offset, "timeout": int(a.PollTimeout / time.Second), "allowed_updates": wanted,
	})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.API+"/bot"+a.Token+"/getUpdates", bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("telegram: getUpdates: malformed request")
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := a.client.Do(r)
	if err != nil {
		return nil, a.failure("getUpdates", err)
	}
	defer resp.Body.Close()
	var ans answer
	if err := json.NewDecoder(resp.Body).Decode(&ans); err != nil {
		return nil, a.failure("getUpdates", errUnreadable)
	}
	if !ans.OK {
		return nil, a.failure("getUpdates", ans.err())
	}
	var list []json.RawMessage
	if err := json.Unmarshal(ans.Result, &list); err != nil {
		return nil, a.failure("getUpdates", errUnreadable)
	}
	return list, nil
}

// err is a refusal as the library would return it.
func (r *answer) err() error {
	kinds := map[int]error{
		http.StatusBadRequest: bot.ErrorBadRequest, http.StatusUnauthorized: bot.ErrorUnauthorized, http.StatusForbidden: bot.ErrorForbidden,
		http.StatusNotFound: bot.ErrorNotFound, http.StatusConflict: bot.ErrorConflict,
	}
	if r.Code == http.StatusTooManyRequests {
		return &bot.TooManyRequestsError{Message: r.Description, RetryAfter: r.Parameters.RetryAfter}
	}
	if kind := kinds[r.Code]; kind != nil {
		return fmt.Errorf("%w, %s", kind, r.Description)
	}
	return statusError(r.Code)
}

// scrub takes the token out of a text.
func (a *Account) scrub(s string) string {
	for _, secret := range []string{a.Token, url.PathEscape(a.Token), url.QueryEscape(a.Token)} {
		s = strings.ReplaceAll(s, secret, "***")
	}
	return s
}

// unreachable are refusals of status 400 that mean a chat and not the message:
// somebody can put them right, and the message should wait for that.
var unreachable = []string{"chat not found", "not enough rights", "have no rights", "chat_write_forbidden", "bot is not a member", "group chat was deactivated", "topic_closed"}

// failure turns an error of a request into one that says what to do about it,
// and that shows neither token nor content.
func (a *Account) failure(method string, err error) *channel.SendError {
	var known *channel.SendError
	if errors.As(err, &known) {
		return known
	}
	var call *callError
	if errors.As(err, &call) {
		method = call.method
	}
	e := &channel.SendError{Kind: channel.Retry}
	var many *bot.TooManyRequestsError
	var status statusError
	var link *linkError
	why := errUnreadable
	plain := func(code string, kind channel.Failure) {
		e.Code, e.Kind = code, kind
		why = errors.New(cut(a.scrub(err.Error()), 200))
	}
	switch {
	case errors.As(err, &many): // the library's own test for it fails on wrapped errors
		e.Code, e.Kind, e.After = "429", channel.Throttled, max(1, time.Duration(many.RetryAfter))*time.Second
		why = errors.New("too many requests")
	case errors.Is(err, bot.ErrorUnauthorized):
		plain("401", channel.Config)
	case errors.Is(err, bot.ErrorNotFound): // of the address, which holds the token
		plain("404", channel.Config)
	case errors.Is(err, bot.ErrorForbidden):
		plain("403", channel.Closed)
	case errors.Is(err, bot.ErrorConflict):
		plain("409", channel.Retry)
	case errors.Is(err, bot.ErrorBadRequest):
		plain("400", channel.Rejected)
		if describes(err, unreachable...) {
			e.Kind = channel.Closed
		}
	case errors.As(err, &status):
		e.Code, e.Kind, why = fmt.Sprint(int(status)), status.kind(), status
	case errors.Is(err, context.Canceled):
		why = context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		why = context.DeadlineExceeded
	case errors.As(err, &link):
		why = errors.New(cut(a.scrub(link.Error()), 200))
	}
	e.Err = fmt.Errorf("telegram: %s: %w", method, why)
	return e
}

// describes tells whether a refusal is one of those, by what the platform says:
// it has no codes for them.
func describes(err error, parts ...string) bool {
	if err == nil || !errors.Is(err, bot.ErrorBadRequest) {
		return false
	}
	text := strings.ToLower(err.Error())
	for _, p := range parts {
		if strings.Contains(text, strings.ToLower(p)) {
			return true
		}
	}
	return false
}
