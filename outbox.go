package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"signdesk/actions"
	"signdesk/bot"
)

// keeper returns a bot for looking after what is kept, without flows and
// knowledge.
func keeper(s *service) *bot.Bot {
	return bot.New(bot.Options{Store: s.store, Engine: &actions.Engine{}, Now: s.clock.Now, Logger: slog.New(slog.DiscardHandler)})
}

const outboxLines = 200

// outbox shows what is owed to people, and what could not be sent; resend ID
// tries a delivery again.
func outbox(ctx context.Context, s *service, args []string, io std) error {
	b := keeper(s)
	if len(args) == 2 && args[0] == "resend" {
		return b.Resend(ctx, args[1])
	}
	if len(args) != 0 {
		return errors.New("want nothing, or: signdesk outbox resend ID")
	}
	for _, state := range []bot.DeliveryState{bot.Dead, bot.Parked, bot.Owed} {
		list, err := b.Deliveries(ctx, state, outboxLines)
		if err != nil {
			return err
		}
		for _, d := range list {
			fmt.Fprintf(io.out, "%s  %-6s  %s  to %s  tries %d  due %s  %s\n", d.ID, d.State, local(d.Created), d.To.Channel, d.Tries, local(d.Due), d.Failure)
		}
		if len(list) == 0 {
			fmt.Fprintf(io.out, "nothing is %s\n", state)
		}
	}
	return nil
}

// forget removes what the conversations of an account hold, and says that
// nothing of it is left.
func forget(ctx context.Context, s *service, args []string, io std) error {
	if len(args) != 1 {
		return errors.New("want an account: signdesk forget A-1202")
	}
	n, err := keeper(s).Forget(ctx, args[0])
	if err != nil {
		return err
	}
	fmt.Fprintf(io.out, "%d conversations of %s were removed; looked through all that is kept of talks: nothing of them is left.\n"+
		"The platform's own records (contracts, certifications, the audit trail) are kept as the law asks.\n", n, args[0])
	return nil
}
