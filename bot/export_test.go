package bot

import (
	"context"

	"signdesk/bot/channel"
	"signdesk/data/store"
)

// Give owes a message to somebody.
func (b *Bot) Give(id string, to channel.Peer, text string) error {
	return b.Store.Update(context.Background(), func(tx store.Tx) error { return b.Owe(tx, id, to, channel.Message{Text: text}) })
}
