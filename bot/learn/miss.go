package learn

import (
	"cmp"
	"context"
	"slices"
	"time"

	"signdesk/bot/channel"
	"signdesk/bot/desk"
	"signdesk/data/store"
	"signdesk/kb"
)

// Limits of looking for misses.
const (
	missDays  = 30
	maxMisses = 3000 // questions that are grouped, the latest
	maxGroups = 5    // that are shown
	maxTexts  = 40   // different questions of a group
	longest   = 60   // runes of a question; a longer one is a story, and no phrasing
)

// A miss is a question without an answer that helped.
type miss struct {
	text string
	at   time.Time
}

// A pending question was answered, or choices were shown for it; what follows tells
// whether that helped.
type pending struct {
	miss
	choices bool
}

// misses collects what was asked since a time and not answered; answered, and not
// found helpful or followed by a call for a person; or not among the choices that
// were shown.
func misses(tx desk.Tx, since time.Time) (out []miss, err error) {
	last := make(map[channel.Peer]pending)
	err = tx.Walk(since, func(p channel.Peer, l desk.Line) {
		q, asked := last[p]
		switch {
		case l.From == "bot" && l.Helpful == "not-helpful" && asked:
			out = append(out, q.miss)
			delete(last, p)
		case l.From != "user":
		default:
			if again := l.Outcome == "none" || l.Outcome == "choices"; asked && (l.Outcome == "handoff" || q.choices && again) {
				out = append(out, q.miss)
			}
			delete(last, p)
			switch l.Outcome {
			case "none":
				out = append(out, miss{l.Text, l.At})
			case "answered", "choices":
				last[p] = pending{miss{l.Text, l.At}, l.Outcome == "choices"}
			}
		}
	})
	for _, q := range last {
		if q.choices { // nobody chose
			out = append(out, q.miss)
		}
	}
	slices.SortStableFunc(out, func(a, b miss) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.text, b.text)) })
	return out[max(0, len(out)-maxMisses):], err
}

// Misses groups what was not answered in the last days, the largest group first,
// and keeps the groups for the staff to act on.
func (l *Library) Misses(ctx context.Context, days int) (out []*Group, err error) {
	var list []miss
	skip := make(map[string]bool)
	err = l.Talks.Look(ctx, func(tx desk.Tx) error {
		if list, err = misses(tx, tx.Now().AddDate(0, 0, -days)); err != nil {
			return err
		}
		for key := range tx.Store().Scan(settled.Name, store.Range{}) {
			skip[store.ReadKey(key).Str()] = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if out, err = l.group(ctx, list, skip); err != nil {
		return nil, err
	}
	out = out[:min(len(out), maxGroups)]
	return out, l.keep(ctx, out...)
}

func (l *Library) keep(ctx context.Context, list ...*Group) error {
	return l.Store.Update(ctx, func(tx store.Tx) error {
		for _, g := range list {
			if err := put(tx, groups, store.Key{}.Str(g.ID), g); err != nil {
				return err
			}
		}
		return nil
	})
}

// near finds the part that a group is nearest to, and the topic that it was taken
// for.
func (l *Library) near(ctx context.Context, g *Group) error {
	d, err := l.Live.Decide(ctx, g.Texts[0])
	if err != nil {
		return err
	}
	if len(d.Hits) > 0 {
		p := d.Hits[0].Part()
		g.Near, g.Title = key(p), p.Title
	}
	if d.Topic != nil && d.Topic.Kind == kb.TopicUncovered {
		g.Topic, g.Name = d.Topic.ID, d.Topic.Name
	}
	return nil
}

// key is how a part is called: "11/phone".
func key(p *kb.Part) string { return string(p.Entry.ID) + "/" + string(p.ID) }

// settle notes that the questions of a group need nobody's attention any more.
func (l *Library) settle(tx store.Tx, g *Group) error {
	for _, text := range g.Texts {
		if err := settled.Put(tx, store.Key{}.Str(l.Canon(text)), store.Key{}.Time(l.Now())); err != nil {
			return err
		}
	}
	return nil
}

// draft writes a draft down.
func (l *Library) draft(tx store.Tx, d *Draft) error {
	n := uint64(1)
	if raw := tx.Get(facets.Name, draftKey); raw != nil {
		n = store.ReadKey(raw).Uint() + 1
	}
	if err := facets.Put(tx, draftKey, store.Key{}.Uint(n)); err != nil {
		return err
	}
	d.N, d.At = n, l.Now()
	return put(tx, drafts, store.Key{}.Uint(n), d)
}
