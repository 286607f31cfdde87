package main

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"

	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/webhook"
)

// BenchmarkTurn is one turn as it mostly is, without network and disk: visitors of
// the page ask in turn what the knowledge base answers.
func BenchmarkTurn(b *testing.B) {
	const visitors = 5000
	ctx, cfg := b.Context(), testConfig(b)
	base, recognise := openAnswers(b, cfg)
	s, err := openMemory(ctx, cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	talk, err := newBot(cfg, s, base, recognise, slog.New(slog.DiscardHandler), botHooks{read: []string{webhook.Channel}})
	if err != nil {
		b.Fatal(err)
	}
	asked, random := askedOften(base.Content()), rand.New(rand.NewPCG(1, 2))
	n := 0
	ask := func() bot.Receipt {
		n++
		rec, err := talk.Receive(ctx, channel.Inbound{Peer: channel.Peer{Channel: webhook.Channel, ID: fmt.Sprint(n % visitors)}, MessageID: fmt.Sprint(n), Kind: channel.Said,
			Text: asked[random.IntN(len(asked))], Device: channel.Phone})
		if err != nil {
			b.Fatal(err)
		}
		return rec
	}
	for range 2 * visitors { // until everybody was answered, and what is remembered is
		ask()
	}
	for b.Loop() {
		ask()
	}
}
