package pages

import (
	"html/template"
	"regexp"
	"strings"
)

// plainMarks are names of buttons and fields, which stand in 【】.
var plainMarks = regexp.MustCompile(`【[^【】]{1,60}】`)

// richMarks are further the web sites and the long numbers that people copy:
// account numbers have 12 digits and more.
var richMarks = regexp.MustCompile(`【[^【】]{1,60}】|\bwww\.[a-z0-9.-]+[a-z0-9]|\b[0-9]{12,}\b`)

// label is a title with the names of buttons marked.
func label(s string) template.HTML {
	return mark(plainMarks, s, func(m string) string { return ui(m) })
}

// rich is a text with the names of buttons marked, and with links where a
// person wants to tap: the hotline and web sites.
func rich(hotline, s string) template.HTML {
	if hotline == "" {
		return richText(s)
	}
	var b strings.Builder
	for i, piece := range strings.Split(s, hotline) {
		if i > 0 {
			b.WriteString(`<a class="tel" href="` + string(tel(hotline)) + `">` + template.HTMLEscapeString(hotline) + `</a>`)
		}
		b.WriteString(string(richText(piece)))
	}
	return template.HTML(b.String())
}

func richText(s string) template.HTML {
	return mark(richMarks, s, func(m string) string {
		switch {
		case strings.HasPrefix(m, "【"):
			return ui(m)
		case strings.HasPrefix(m, "www."):
			return `<a href="https://` + m + `" rel="noreferrer">` + m + `</a>` // the pattern lets nothing else in
		}
		return `<span class="copy">` + m + `</span>`
	})
}

func ui(m string) string { return `<b class="ui">` + template.HTMLEscapeString(m) + `</b>` }

// mark escapes s and puts in for each match what with makes of it.
func mark(re *regexp.Regexp, s string, with func(string) string) template.HTML {
	var b strings.Builder
	last := 0
	for _, at := range re.FindAllStringIndex(s, -1) {
		b.WriteString(template.HTMLEscapeString(s[last:at[0]]))
		b.WriteString(with(s[at[0]:at[1]]))
		last = at[1]
	}
	b.WriteString(template.HTMLEscapeString(s[last:]))
	return template.HTML(b.String())
}
