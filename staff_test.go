package main

import (
	"context"

	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/bot/desk"
)

// What the staff does, each in a transaction of its own.

func ticketsOf(ctx context.Context, b *bot.Bot) (list []*desk.Ticket, err error) {
	err = b.Look(ctx, func(tx desk.Tx) error { list, err = tx.Tickets(); return err })
	return list, err
}

func claim(ctx context.Context, b *bot.Bot, id, staff string) error {
	return b.Work(ctx, func(tx desk.Tx) error { return tx.Claim(id, staff) })
}

func say(ctx context.Context, b *bot.Bot, id, staff, say, text string) error {
	return b.Work(ctx, func(tx desk.Tx) error {
		_, err := tx.Say(id, staff, say, channel.Message{Text: text})
		return err
	})
}
