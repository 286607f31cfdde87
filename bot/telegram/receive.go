package telegram

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/go-telegram/bot"

	"signdesk/bot/channel"
)

// Waits after a failure: from first on, twice as long each time.
const (
	firstWait   = time.Second
	longestWait = time.Minute
	rivalWait   = 5 * time.Second // while another process asks for updates
)

// Run brings updates in until ctx is done: it asks for them, or has the platform
// push them to the webhook. What fails is logged and tried again, so that it
// returns nil only at the end.
func (a *Account) Run(ctx context.Context) error {
	if a.Webhook != "" {
		a.persist(ctx, "webhook not set", func() error { return a.setWebhook(ctx) })
		<-ctx.Done()
		return nil
	}
	a.persist(ctx, "webhook not removed", func() error { return a.deleteWebhook(ctx) })
	a.poll(ctx)
	return nil
}

// poll asks for updates until ctx is done. The offset is not kept: the platform
// knows what was confirmed, and Receive what it took. It is used only to confirm
// what was just taken, and dropped once that is done, as ids may start anywhere
// after a quiet week.
func (a *Account) poll(ctx context.Context) {
	var offset int64
	for ctx.Err() == nil {
		var list []json.RawMessage
		a.persist(ctx, "updates not received", func() (err error) {
			if list, err = a.getUpdates(ctx, offset); conflicts(err, "webhook") { // somebody set one
				if err = a.deleteWebhook(ctx); err == nil {
					list, err = a.getUpdates(ctx, offset)
				}
			}
			return err
		})
		if len(list) == 0 {
			offset = 0
		}
		for _, raw := range list {
			id, err := idOf(raw)
			if err != nil {
				a.Logger.Error("update passed over: it has no id", "channel", Channel)
				continue
			}
			a.persist(ctx, "update not taken", func() error { return a.take(ctx, raw) })
			if ctx.Err() != nil {
				return
			}
			offset = id + 1
		}
	}
}

// conflicts tells whether the platform refuses for a conflict of that kind.
func conflicts(err error, kind string) bool {
	var se *channel.SendError
	return errors.As(err, &se) && se.Code == "409" && strings.Contains(se.Error(), kind)
}

// persist tries until it succeeds or ctx is done.
func (a *Account) persist(ctx context.Context, what string, try func() error) {
	wait := firstWait
	for {
		err := try()
		if err == nil || ctx.Err() != nil {
			return
		}
		d := wait
		var se *channel.SendError
		switch {
		case !errors.As(err, &se):
		case se.Kind == channel.Throttled:
			d = se.After
		case se.Kind == channel.Config:
			d = longestWait
		case se.Code == "409":
			d = rivalWait
		}
		a.Logger.Error(what, "channel", Channel, "err", err, "wait", d)
		select {
		case <-ctx.Done():
			return
		case <-time.After(d):
		}
		wait = min(2*wait, longestWait)
	}
}

// setWebhook has updates pushed, one at a time: otherwise their order is lost.
func (a *Account) setWebhook(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	_, err := a.api.SetWebhook(ctx, &bot.SetWebhookParams{
		URL: a.Webhook, SecretToken: a.Secret, MaxConnections: 1, AllowedUpdates: wanted,
	})
	if err != nil {
		return a.failure("setWebhook", err)
	}
	return nil
}

// deleteWebhook leaves what waits where it is.
func (a *Account) deleteWebhook(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	if _, err := a.api.DeleteWebhook(ctx, &bot.DeleteWebhookParams{}); err != nil {
		return a.failure("deleteWebhook", err)
	}
	return nil
}

// secretHeader carries the webhook's secret
// (https://core.telegram.org/bots/api#setwebhook).
const secretHeader = "X-Telegram-Bot-Api-Secret-Token"

// ServeHTTP is the webhook. It answers 200 after the update is on disk; the
// platform repeats what is answered otherwise.
func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	given, want := sha256.Sum256([]byte(r.Header.Get(secretHeader))), sha256.Sum256([]byte(a.Secret))
	switch {
	case a.Secret == "" || subtle.ConstantTimeCompare(given[:], want[:]) != 1:
		http.Error(w, "unauthorized", http.StatusUnauthorized)
		return
	case r.Method != http.MethodPost:
		http.Error(w, "want POST", http.StatusMethodNotAllowed)
		return
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpdate))
	if err != nil {
		status := http.StatusBadRequest
		if errors.As(err, new(*http.MaxBytesError)) {
			status = http.StatusRequestEntityTooLarge
		}
		http.Error(w, "body not read", status)
		return
	}
	id, err := idOf(raw)
	if err != nil {
		http.Error(w, "not an update", http.StatusBadRequest)
		return
	}
	if err := a.take(r.Context(), raw); err != nil {
		a.Logger.Error("update not taken", "channel", Channel, "update", id, "err", err)
		http.Error(w, "try again", http.StatusInternalServerError)
	}
}
