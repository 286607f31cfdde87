package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"signdesk/bot/channel"
	"signdesk/data/store"
)

// An event is what other systems are told (the payload of Standard Webhooks).
type event struct {
	Type      string         `json:"type"`
	Timestamp time.Time      `json:"timestamp"`
	Data      map[string]any `json:"data"`
}

// Types of events.
const (
	eventHandoff = "handoff.opened"
	eventCase    = "case.progress"
)

// Announce tells everybody who wants to hear of events that something happened
// outside of any conversation. The same id tells it once. Nothing in the data
// names a person.
func (b *Bot) Announce(ctx context.Context, kind, id string, data map[string]any) error {
	if len(b.Hooks) == 0 {
		return nil
	}
	err := b.Store.Update(ctx, func(tx store.Tx) error { return b.announce(tx, b.Now(), kind, id, data) })
	b.kick()
	return err
}

// announce owes an event to everybody who wants to hear of events. Nothing in it
// names a person.
func (b *Bot) announce(tx store.Tx, now time.Time, kind, id string, data map[string]any) error {
	raw, err := json.Marshal(event{kind, now, data})
	if err != nil {
		return fmt.Errorf("bot: event: %w", err)
	}
	for i, to := range b.Hooks {
		d := Delivery{ID: fmt.Sprintf("e-%s-%d", id, i), To: to, Message: channel.Message{Text: string(raw)}, Due: now}
		if err := b.owe(tx, now, d); err != nil {
			return err
		}
	}
	return nil
}
