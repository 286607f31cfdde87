package bot

import (
	"maps"

	lru "github.com/hashicorp/golang-lru/v2"

	"signdesk/kb"
)

// A meaning is what an utterance is found to say, besides what the knowledge base
// has to it.
type meaning struct {
	intent Intent
	values map[string]string // that it carries, by slot; not to be changed
	reply  Reply             // that presents the decision; the same
	text   string            // of the reply
	why    *kb.WhyRow        // of the decision that all this was found from
}

// What is remembered of utterances that come again and again: as much as the
// knowledge base does.
const (
	rememberedMeanings = 1024
	maxRemembered      = 200 // bytes of an utterance
)

type meanings = lru.Cache[string, meaning]

func newMeanings() *meanings {
	m, err := lru.New[string, meaning](rememberedMeanings)
	if err != nil {
		panic(err) // of a size that is not positive
	}
	return m
}

// understand finds the intent of an utterance and the values that it carries, or
// remembers them if the knowledge base remembered its decision as well.
func (b *Bot) understand(text string, d kb.Decision) meaning {
	var why *kb.WhyRow
	if len(d.Why.Rows) > 0 {
		why = &d.Why.Rows[0]
	}
	if m, ok := b.meanings.Get(text); ok && why != nil && m.why == why {
		return m
	}
	m := meaning{intent: b.Recognise(text, d), values: b.Extract(text), reply: Compose(d, b.Contact), why: why}
	m.text = m.reply.Text()
	if why != nil && len(text) <= maxRemembered {
		b.meanings.Add(text, m)
	}
	return m
}

// carried are the values that the utterance carries; nil if there are none.
func (t *turn) carried() map[string]string {
	if len(t.u.values) == 0 {
		return nil
	}
	return maps.Clone(t.u.values)
}
