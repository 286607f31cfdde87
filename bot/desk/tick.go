package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"signdesk/bot/channel"
	"signdesk/data/store"
)

// Tick lets time pass: clocks on cards, warnings, new reviews, and the queue in
// the morning.
func (d *Desk) Tick(ctx context.Context) error {
	return errors.Join(d.clocks(ctx), d.watchReviews(ctx), d.morning(ctx))
}

// clocks brings the cards of those who wait up to date, and warns of who waited
// for too long.
func (d *Desk) clocks(ctx context.Context) error {
	var due []string
	err := d.Talks.Look(ctx, func(tx Tx) error {
		open, err := list(tx, "open", store.Range{})
		for _, w := range open {
			if d.queueText(tx, w) != w.Shown || d.overdue(tx, w) {
				due = append(due, w.Ticket)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, ticket := range due {
		err := d.Talks.Work(ctx, func(tx Tx) error {
			w, err := d.work(tx, ticket)
			if err != nil || !w.Closed.IsZero() {
				return err
			}
			if d.overdue(tx, w) {
				w.Warned = true
				text := "⏰ 已等" + span(d.Served(w.Opened, tx.Now())) + "还没有人接单：" + w.Title
				if err := tx.Owe("late-"+w.Ticket, w.Board, channel.Message{Text: text, Post: &channel.Post{}}); err != nil {
					return err
				}
			}
			return d.queueCard(tx, w)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) overdue(tx Tx, w *work) bool {
	return !w.Warned && w.Staff == "" && d.Served(w.Opened, tx.Now()) > firstGoal
}

var openFacet = store.Key{}.Str("open")

// morning tells how many wait, when the staff's hours begin.
func (d *Desk) morning(ctx context.Context) error {
	open, _ := d.Hours(d.Now())
	was := ""
	err := d.Talks.Look(ctx, func(tx Tx) error { was = string(tx.Store().Get(facets.Name, openFacet)); return nil })
	is := fmt.Sprint(open)
	if err != nil || was == is {
		return err
	}
	return d.Talks.Work(ctx, func(tx Tx) error {
		if string(tx.Store().Get(facets.Name, openFacet)) == is {
			return nil
		}
		if err := facets.Put(tx.Store(), openFacet, []byte(is)); err != nil {
			return err
		}
		if !open || was == "" {
			return nil
		}
		waiting, err := list(tx, "open", store.Range{})
		if err != nil {
			return err
		}
		of := make(map[channel.Peer]int)
		first := make(map[channel.Peer]time.Time)
		for _, w := range waiting {
			if w.Staff != "" {
				continue
			}
			if of[w.Board]++; of[w.Board] == 1 {
				first[w.Board] = w.Opened
			}
		}
		for board, n := range of {
			text := fmt.Sprintf("开始服务了：有%d位客户在排队，最早的从 %s 等起。请按上面的卡片接单，发 /queue 看全部。", n, clock(first[board]))
			id := fmt.Sprintf("morning-%s-%d", board.ID, tx.Now().Unix())
			if err := tx.Owe(id, board, channel.Message{Text: text, Post: &channel.Post{}}); err != nil {
				return err
			}
		}
		return nil
	})
}
