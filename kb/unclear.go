package kb

// Of a few characters the classifier is surer than it may be: it has learnt from whole
// questions. What says too little is asked back.
const (
	shortRunes  = 5    // runes that say something, beyond which an utterance is more than a word
	looseRunes  = 2    // up to which it is one
	wordLike    = 0.90 // likeness to a text of the entry from which a word is known as it stands
	wordSure    = 0.50 // entry probability that a word known as it stands needs
	strangeSure = 0.97 // and any other word
	wordMention = 0.01 // from which an entry is among the choices for a word
	topicClear  = 0.50 // probability from which a topic is named
	talkClear   = 0.30 // and from which small talk is taken for it
)

// Unclear reports whether the utterance says too little to know what it is about;
// Hits are where people mostly get stuck.
func (d *Decision) Unclear() bool { return d.Kind == Choices && d.Topic != nil }

// askBack turns a decision into a question where the utterance, in canonical form,
// says too little for it; list are the candidates, best first.
func (b *Base) askBack(d *Decision, list []scored, canon string) {
	said, first := b.norm.Content(canon, shortRunes)
	word := said <= looseRunes || said <= shortRunes && said == first
	if d.Topic != nil && d.Kind != Answer {
		b.nameTopic(d, list)
	}
	switch {
	case d.Message != "" || !meaningful(canon):
	case said == 0 && d.Kind != Smalltalk, d.Kind == Smalltalk && d.Topic.Offer != nil:
		b.offer(d)
	case d.Kind == Answer && word && !b.knownWord(d, list):
		all, _ := b.group(list)
		if hits := nearest(all, wordMention); len(hits) > 1 {
			d.Kind, d.Hits = Choices, hits
		}
	case d.Kind == Choices && len(d.Hits) == 1 && d.Why.Outside > d.Hits[0].Sure:
		d.Kind = None // nothing to choose from
	}
}

// nameTopic forgets a topic that is too uncertain to be named.
func (b *Base) nameTopic(d *Decision, list []scored) {
	for i := range list {
		if b.docs[list[i].doc].topic != d.Topic {
			continue
		}
		if d.Kind == Smalltalk && list[i].p < talkClear {
			d.Kind, d.Topic = None, nil
		} else if d.Kind == None && list[i].p < topicClear {
			d.Topic = nil
		}
		return
	}
}

// offer makes choices of the entries that the content names for this, if it does.
func (b *Base) offer(d *Decision) {
	for _, t := range b.content.Topics {
		if t.Offer == nil {
			continue
		}
		var hits []Hit
		for _, id := range t.Offer {
			if e := b.content.Entry(id); e != nil {
				hits = append(hits, Hit{Entry: e, Parts: []PartHit{{Part: e.Main(), Sure: 1}}})
			}
		}
		if len(hits) > 1 {
			d.Kind, d.Hits, d.Topic = Choices, hits, t
			return
		}
	}
	d.Kind, d.Hits, d.Topic = None, nil, nil
}

// knownWord reports whether the few characters of an utterance stand for the best entry.
func (b *Base) knownWord(d *Decision, list []scored) bool {
	best := d.Hits[0].Sure / max(1-d.Why.Outside, d.Hits[0].Sure)
	var like float64
	shown := false // the words of a message, which are short now and then
	for i := range list {
		if p := b.docs[list[i].doc].part; p != nil && p.Entry == d.Hits[0].Entry {
			like = max(like, list[i].likeness())
			shown = shown || list[i].sig.exact
		}
	}
	return shown || best >= strangeSure || best >= wordSure && like >= wordLike
}
