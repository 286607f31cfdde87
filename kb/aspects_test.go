package kb_test

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"signdesk/kb"
	"signdesk/kb/query"
)

// aspects are scripts on one thing that goes wrong easily each, with the least share of
// either half that must come out right. Of the held-out half nothing is learnt.
var aspects = []struct {
	name            string
	tuning, heldOut float64
}{
	{"outside-names", 0.97, 0.92},
	{"vague", 0.86, 0.86},
	{"facts", 0.77, 0.79},
	{"two-names", 0.95, 0.85},
}

func TestAspects(t *testing.T) {
	b := shipped(t)
	for _, a := range aspects {
		name := "testdata/aspects/" + a.name + ".tsv"
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cases, err := query.Read(f, name)
		if err != nil {
			t.Fatal(err)
		}
		var right, all [2]float64
		for i, c := range cases {
			d := decide(t, b, c.Utterance)
			half := i / 2 % 2 // opposites stand in pairs
			all[half]++
			if well(c, d) {
				right[half]++
			} else if half == 0 || os.Getenv("ASPECTS") != "" {
				t.Logf("%s:%d: %s %v %s\n\t%s: %s", a.name, c.Line, c.Kind, c.Expect, c.Utterance, d.Kind, summary(d))
			}
		}
		for half, floor := range [2]float64{a.tuning, a.heldOut} {
			share := right[half] / all[half]
			t.Logf("%s, half %d: %.3f of %.0f", a.name, half, share, all[half])
			if share < floor {
				t.Errorf("%s, half %d: %.3f came out right, the floor is %.3f", a.name, half, share, floor)
			}
		}
	}
}

// well reports whether a decision does what the case wants: an answer of one of its
// entries, a question back, or neither answer nor choices.
func well(c query.Case, d kb.Decision) bool {
	first := len(d.Hits) > 0 && slices.Contains(c.Expect, string(d.Hits[0].Entry.ID))
	switch c.Kind {
	case "answer":
		return d.Kind == kb.Answer && first
	case "ask":
		if c.Expect != nil { // both that could be meant are there to choose from
			return d.Kind == kb.Choices && first
		}
		return d.Kind == kb.Choices || d.Kind == kb.Smalltalk || d.Kind == kb.None && d.Topic == nil
	}
	return d.Kind != kb.Answer && d.Kind != kb.Choices
}

func summary(d kb.Decision) string {
	s := fmt.Sprintf("%v covered %.2f entry %.2f outside %.2f near %.2f", ids(d), d.Why.Covered, d.Why.Entry, d.Why.Outside, d.Why.Near)
	if d.Topic != nil {
		s += " topic " + d.Topic.ID
	}
	return s + " | " + d.Why.Canon
}
