package telegram

import (
	"html"
	"strings"
	"unicode/utf8"
)

// escape makes a plain text safe where HTML is parsed. The platform knows the
// entities &lt; &gt; &amp; and &quot; and all numeric ones.
func escape(s string) string { return html.EscapeString(s) }

// unitsOf counts what the platform's limits and offsets count: UTF-16 code units.
func unitsOf(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}

// at returns the byte at which a number of UTF-16 units of s end. ok is false if
// that is beyond s or inside a character.
func at(s string, offset int) (i int, ok bool) {
	if offset < 0 {
		return 0, false
	}
	for i, r := range s {
		if offset <= 0 {
			return i, offset == 0
		}
		offset -= unitsOf(r)
	}
	return len(s), offset == 0
}

// fit returns how many bytes of s take at most max units.
func fit(s string, max int) int {
	for i, r := range s {
		if max -= unitsOf(r); max < 0 {
			return i
		}
	}
	return len(s)
}

// cut shortens a text to at most max units.
func cut(s string, max int) string {
	if i := fit(s, max); i < len(s) {
		return s[:fit(s, max-1)] + "…"
	}
	return s
}

// ends are where a text is cut best: after a line, then after a sentence, then
// after a clause.
var ends = []string{"\n", "。！？；!?;", "，、,. "}

// split cuts a text into parts of at most max units (at least 2), the first of
// at most first, at the end of a line or a sentence where there is one in the
// second half, and never inside a character. Joined, the parts are the text.
func split(text string, first, max int) []string {
	var parts []string
	room := first
	for {
		end := fit(text, room)
		if end == len(text) {
			return append(parts, text)
		}
		for _, e := range ends {
			if i := strings.LastIndexAny(text[:end], e); i >= end/2 {
				_, size := utf8.DecodeRuneInString(text[i:])
				end = i + size
				break
			}
		}
		parts = append(parts, text[:end])
		text, room = text[end:], max
	}
}
