package bot

import (
	"encoding/json"
	"fmt"
	"time"

	"signdesk/bot/channel"
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

// announce owes an event to everybody who wants to hear of events. Nothing in it
// names a person.
func (t *turn) announce(kind, id string, data map[string]any) error {
	raw, err := json.Marshal(event{kind, t.now, data})
	if err != nil {
		return fmt.Errorf("bot: event: %w", err)
	}
	for i, to := range t.Hooks {
		d := Delivery{ID: fmt.Sprintf("e-%s-%d", id, i), To: to, Message: channel.Message{Text: string(raw)}, Due: t.now}
		if err := t.owe(t.tx, t.now, d); err != nil {
			return err
		}
	}
	return nil
}
