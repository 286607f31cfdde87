package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"signdesk/bot/channel"
	"signdesk/data/store"
	"signdesk/webhook/hooks"
)

// eventHooks returns the endpoints that hear of events, and who sends to them.
func eventHooks(cfg *Config, s *service) ([]channel.Peer, map[string]channel.Sender, error) {
	endpoints, err := hooks.ParseEndpoints(listed(cfg.Hooks))
	if err != nil {
		return nil, nil, err
	}
	var peers []channel.Peer
	for _, e := range endpoints {
		peers = append(peers, channel.Peer{Channel: hooks.Channel, ID: e.URL})
	}
	sender := hooks.NewSender(endpoints, cfg.HooksPrivate == "on", hookMemory{s.store}, time.Now)
	return peers, map[string]channel.Sender{hooks.Channel: sender}, nil
}

// hookMemory implements [hooks.Memory]. An address may hold a secret, so that it
// is found by a digest:
//
//	hooks  digest of the address => since when it fails (RFC 3339)
type hookMemory struct{ store store.Store }

const hookTable = "hooks"

func hookKey(url string) []byte {
	sum := sha256.Sum256([]byte(url))
	return sum[:]
}

// FailingSince implements [hooks.Memory].
func (m hookMemory) FailingSince(ctx context.Context, url string) (since time.Time, err error) {
	err = m.store.View(ctx, func(tx store.Tx) error {
		since = time.Time{}
		raw := tx.Get(hookTable, hookKey(url))
		if raw == nil {
			return nil
		}
		if err := since.UnmarshalText(raw); err != nil {
			return fmt.Errorf("endpoint of events: %w", err)
		}
		return nil
	})
	return since, err
}

// SetFailing implements [hooks.Memory].
func (m hookMemory) SetFailing(ctx context.Context, url string, since time.Time) error {
	return m.store.Update(ctx, func(tx store.Tx) error {
		if since.IsZero() {
			return tx.Delete(hookTable, hookKey(url))
		}
		raw, err := since.MarshalText()
		if err != nil {
			return err
		}
		return tx.Put(hookTable, hookKey(url), raw)
	})
}
