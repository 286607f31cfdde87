package bot

import "signdesk/kb"

// A Record is a reply for programs: one line of `ask -jsonl`, one answer of
// POST /v1/ask.
type Record struct {
	ID       string   `json:"id,omitempty"` // as given by the caller
	Decision string   `json:"decision"`     // answer, choices, none, smalltalk, or flow if one would be started
	Entries  []string `json:"entries"`      // what is shown, best first; empty for none and smalltalk
	Part     string   `json:"part"`         // part that answers; empty unless decision is answer
	Text     string   `json:"text"`         // the reply as a person sees it
	Flow     string   `json:"flow"`         // label of the flow that would be started or offered; "" for none
	Start    bool     `json:"start"`        // the wish to do it is plain: the flow would be started
}

// NewRecord describes a reply.
func NewRecord(id string, r Reply) Record {
	rec := Record{ID: id, Decision: r.Kind.String(), Entries: []string{}, Text: r.Text()}
	if r.Answer != nil {
		rec.Entries = append(rec.Entries, string(r.Answer.Entry))
		rec.Part = string(r.Answer.Part)
	}
	if r.Kind == kb.Answer || r.Kind == kb.Choices {
		for _, o := range r.Also {
			rec.Entries = append(rec.Entries, string(o.Entry))
		}
	}
	return rec
}

// WithIntent adds what the utterance is for: a plain wish starts its flow.
func (r Record) WithIntent(i Intent) Record {
	r.Flow, r.Start = i.Label, i.Start && i.Label != ""
	if r.Start {
		r.Decision, r.Part = "flow", ""
	}
	return r
}
