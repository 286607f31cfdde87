package telegram

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"

	"signdesk/bot/channel"
)

type nothing struct{}

func (nothing) Get(context.Context, string) ([]byte, error) { return nil, nil }
func (nothing) Put(context.Context, string, []byte) error   { return nil }

func (nothing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("no network") }

// newFuzzed returns an account without a platform, which takes everything.
func newFuzzed(t *testing.T) *Account {
	t.Helper()
	a, err := New(Options{
		Token: "1:a", Transport: nothing{}, Keep: nothing{}, Logger: slog.New(slog.DiscardHandler),
		Receive: func(context.Context, channel.Act) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}
