// Package query reads and runs query scripts: utterances with the entries that
// should answer them. The check command and the tests use it to measure a
// knowledge base.
//
// A script has one question a line, four columns separated by tabs:
//
//	kind	expect	detail	utterance
//
// kind groups the questions in reports. expect is the right entry; further
// entries, behind commas, are right as well; "none" and "smalltalk" stand for
// questions that no entry answers. detail is what the reply must contain: "-"
// for nothing, alternatives behind "/", several facts behind " & ". In an
// utterance \n stands for a line break. Lines that begin with # are comments.
package query

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Case is one question of a script.
type Case struct {
	Kind      string
	Expect    []string   // entry ids; empty if no entry should answer
	Smalltalk bool       // small talk is expected; implies empty Expect
	Detail    [][]string // facts, each with its alternative wordings
	Utterance string
	Line      int // 1-based
}

// Read reads a script; name stands in errors.
func Read(r io.Reader, name string) ([]Case, error) {
	var cases []Case
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 1<<20)
	for line := 1; sc.Scan(); line++ {
		text := sc.Text()
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		col := strings.Split(text, "\t")
		if len(col) != 4 {
			return nil, fmt.Errorf("%s:%d: want 4 columns separated by tabs, got %d", name, line, len(col))
		}
		c := Case{Kind: col[0], Line: line, Utterance: strings.ReplaceAll(col[3], `\n`, "\n")}
		switch col[1] {
		case "none":
		case "smalltalk":
			c.Smalltalk = true
		default:
			c.Expect = strings.Split(col[1], ",")
		}
		if col[2] != "-" {
			for fact := range strings.SplitSeq(col[2], " & ") {
				c.Detail = append(c.Detail, strings.Split(fact, "/"))
			}
		}
		cases = append(cases, c)
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return cases, nil
}

// A Result is what a base made of a case.
type Result struct {
	Decision string   // answer, choices, none, smalltalk
	Entries  []string // shown, best first
	Part     string   // part that answers
	Text     string   // the reply
}

// First returns 1 if the right entry comes first in an answer, 0.5 if it is
// among choices, else 0. For a case without entry it returns 1 unless
// something is answered or offered.
func (c Case) First(r Result) float64 {
	answered := r.Decision == "answer" || r.Decision == "choices"
	switch {
	case len(c.Expect) == 0:
		if answered {
			return 0
		}
		return 1
	case r.Decision == "answer" && slices.Contains(c.Expect, r.Entries[0]):
		return 1
	case r.Decision == "choices" && c.Shown(r):
		return 0.5
	}
	return 0
}

// Shown reports whether a right entry is among those shown.
func (c Case) Shown(r Result) bool {
	return slices.ContainsFunc(r.Entries, func(id string) bool { return slices.Contains(c.Expect, id) })
}

// HasDetail reports whether the reply contains every fact asked for. Spaces
// and brackets do not count.
func (c Case) HasDetail(r Result) bool {
	text := squeeze(r.Text)
	for _, fact := range c.Detail {
		if !slices.ContainsFunc(fact, func(s string) bool { return strings.Contains(text, squeeze(s)) }) {
			return false
		}
	}
	return true
}

var squeezer = strings.NewReplacer(" ", "", "【", "", "】", "", "「", "", "」", "", "《", "", "》", "", "“", "", "”", "", "\n", "")

func squeeze(s string) string { return squeezer.Replace(strings.ToLower(s)) }
