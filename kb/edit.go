package kb

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Content files are changed as text, so that what people wrote by hand - order,
// comments, quoting - stays as it is.

var partLine = regexp.MustCompile(`^\s*- id:\s*"?([a-z][a-z0-9_-]*)"?\s*$`)

// AddPhrasings returns an entry's file with further phrasings of a part, at the
// end of its block.
func AddPhrasings(file []byte, part PartID, phrasings []string) ([]byte, error) {
	lines := strings.Split(string(file), "\n")
	in := false
	for i, text := range lines {
		if i > 0 && text == "---" {
			break
		}
		if m := partLine.FindStringSubmatch(text); m != nil {
			in = m[1] == string(part)
		}
		if !in || strings.TrimSpace(text) != "phrasings: |" {
			continue
		}
		indent := text[:strings.Index(text, "phrasings")]
		end := i + 1
		for end < len(lines) && (strings.HasPrefix(lines[end], indent+" ") || strings.TrimSpace(lines[end]) == "") {
			end++
		}
		for strings.TrimSpace(lines[end-1]) == "" { // blank lines stay behind
			end--
		}
		var more []string
		for _, p := range phrasings {
			more = append(more, indent+"  "+oneLine(p))
		}
		return []byte(strings.Join(slices.Insert(lines, end, more...), "\n")), nil
	}
	return nil, fmt.Errorf("kb: no phrasings of part %q", part)
}

// DropPhrasing returns a content file without a phrasing; found is false if it
// does not stand there.
func DropPhrasing(file []byte, phrasing string) (out []byte, found bool) {
	lines := strings.Split(string(file), "\n")
	block := "" // indentation of the block's key; "" outside of blocks
	for i, text := range lines {
		switch trimmed := strings.TrimSpace(text); {
		case trimmed == "phrasings: |":
			block = text[:strings.Index(text, "phrasings")] + " "
		case block != "" && trimmed != "" && !strings.HasPrefix(text, block):
			block = ""
		case block != "" && trimmed == phrasing:
			return []byte(strings.Join(slices.Delete(lines, i, i+1), "\n")), true
		}
	}
	return file, false
}

// TakeTopic returns a topics' file without a topic, and what people say of it;
// found is false if the topic does not stand there.
func TakeTopic(file []byte, id string) (out []byte, phrasings []string, found bool) {
	lines := strings.Split(string(file), "\n")
	start := slices.IndexFunc(lines, func(text string) bool {
		m := partLine.FindStringSubmatch(text)
		return m != nil && m[1] == id
	})
	if start < 0 {
		return file, nil, false
	}
	indent := lines[start][:strings.Index(lines[start], "-")]
	end, said := start+1, false
	for ; end < len(lines) && (strings.HasPrefix(lines[end], indent+" ") || strings.TrimSpace(lines[end]) == ""); end++ {
		switch text := strings.TrimSpace(lines[end]); {
		case text == "phrasings: |":
			said = true
		case said && text != "":
			phrasings = append(phrasings, text)
		}
	}
	return []byte(strings.Join(slices.Delete(lines, start, end), "\n")), phrasings, true
}

// A NewEntry is an entry that was written in a chat: a question and its answer.
type NewEntry struct {
	ID        EntryID
	Title     string
	Answer    string
	Phrasings []string // the title is one of them
}

// writtenStep finds the numbered lines of an answer, whatever a content file would
// read as one among them.
var writtenStep = regexp.MustCompile(`^(?:\d{1,2}[.、)）]\s*|\d+\. )(.+)$`)

// File returns the name and the text of the entry's file. Of the answer, what
// fits becomes the short answer, numbered lines become steps, and the rest notes.
func (e NewEntry) File() (name string, file []byte) {
	title := oneLine(e.Title)
	var b strings.Builder
	fmt.Fprintf(&b, "---\nid: %q\ntitle: %s\nother_titles: []\ncategory: %s\ncondition: %s\ncause: \"\"\nsee_also: []\nparts:\n", e.ID,
		strconv.Quote(title), Categories[1], strconv.Quote(clip(title, MaxCondition)))
	b.WriteString("  - id: main\n    rules: []\n    errors: []\n    labels: []\n    channel: any\n    mini_programs: []\n    flows: []\n    phrasings: |\n")
	seen := make(map[string]bool)
	for _, p := range append([]string{title}, e.Phrasings...) {
		if p = oneLine(p); p != "" && !seen[p] {
			seen[p] = true
			b.WriteString("      " + p + "\n")
		}
	}
	short, steps, notes := parseAnswer(e.Answer)
	fmt.Fprintf(&b, "---\n\n## main %s\n%s\n", clip(title, MaxPartTitle), short)
	for i, s := range steps {
		if i == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%d. %s\n", i+1, s)
	}
	for i, n := range notes {
		if i == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "- %s\n", n)
	}
	return string(e.ID) + "-learnt.md", []byte(b.String())
}

// parseAnswer takes a written answer apart.
func parseAnswer(text string) (short string, steps, notes []string) {
	for line := range strings.Lines(text) {
		line = oneLine(line) // before it is looked at: what cannot be seen makes no step
		if m := writtenStep.FindStringSubmatch(line); m != nil {
			if step := oneLine(m[1]); step != "" {
				steps = append(steps, step)
			}
			continue
		}
		for i, s := range sentences(line) {
			if r, _ := utf8.DecodeLastRuneInString(short); i == 0 && short != "" && !unicode.IsPunct(r) {
				s = "，" + s // the end of a line parted them
			}
			switch {
			case len(steps) == 0 && len(notes) == 0 && utf8.RuneCountInString(short+s) <= MaxShort:
				short += s
			default:
				notes = append(notes, strings.TrimPrefix(s, "，"))
			}
		}
	}
	switch {
	case short == "" && len(notes) > 0: // one long sentence
		short = clip(notes[0], MaxShort) // the whole of it stays below
	case short == "":
		short = "请按下面的步骤办理。"
	}
	return short, steps, notes
}

// sentences cuts a line after its sentences.
func sentences(line string) (out []string) {
	start := 0
	for i, r := range line {
		if strings.ContainsRune("。！？!?；;", r) {
			end := i + utf8.RuneLen(r)
			out = append(out, line[start:end])
			start = end
		}
	}
	if start < len(line) {
		out = append(out, line[start:])
	}
	return out
}

// oneLine makes a text fit for a line of a content file: braces would be
// placeholders, some beginnings have a meaning, and what cannot be seen has none.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '{':
			return '｛'
		case r == '}':
			return '｝'
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(strings.TrimLeft(s, "#- "))
}

// clip shortens a text to a number of runes.
func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
