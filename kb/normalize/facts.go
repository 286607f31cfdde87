package normalize

import (
	"fmt"
	"io/fs"
	"strings"
)

// A fact turns an answer round while the words stay the same: who pays whom. In
// text it is written with its value, payer=we.

func (n *Normalizer) readFacts(words fs.FS) error {
	n.facts, n.questions = newConceptTable(), make(map[string]string)
	err := readTable(words, fileFacts, func(line string) error {
		head, rest, _ := strings.Cut(line, ":")
		switch f := strings.Fields(head); {
		case len(f) == 3 && f[0] == "tell":
			return n.facts.add(f[1]+"="+f[2], rest)
		case len(f) == 2 && f[0] == "ask":
			n.questions[f[1]] = strings.TrimSpace(rest)
			return nil
		}
		return fmt.Errorf("want tell fact value: words, or ask fact: question, got %q", line)
	})
	n.facts.sort()
	return err
}

// Facts returns the facts that canonical text tells (payer=we), nil for none.
func (n *Normalizer) Facts(canon string) []string { return n.facts.find(canon) }

// Question returns what to ask where a fact is missing; "" for an unknown one.
func (n *Normalizer) Question(fact string) string { return n.questions[fact] }
