package mail

import (
	"html"
	"strings"
	"unicode"
)

// clean drops what no letter needs: carriage returns, which the library sets by
// itself, and control signs. What is not UTF-8 is replaced.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// oneLine is clean for a header, in which a line's end would begin another.
func oneLine(s string) string { return strings.ReplaceAll(clean(s), "\n", "") }

// page is the HTML alternative of a text: paragraphs, and link can be clicked.
// Without styles it looks like any letter, in light and dark.
func page(title, text, link string) string {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<head><meta charset=\"utf-8\"><title>" + html.EscapeString(title) + "</title></head>\n<body>\n")
	for _, p := range strings.Split(text, "\n\n") {
		if p = strings.Trim(p, "\n"); p != "" {
			b.WriteString("<p>" + strings.ReplaceAll(linked(p, link), "\n", "<br>\n") + "</p>\n")
		}
	}
	b.WriteString("</body>\n</html>\n")
	return b.String()
}

// linked escapes a text, link being clickable wherever it stands.
func linked(text, link string) string {
	if link == "" {
		return html.EscapeString(text)
	}
	parts := strings.Split(text, link)
	for i, p := range parts {
		parts[i] = html.EscapeString(p)
	}
	link = html.EscapeString(link)
	return strings.Join(parts, `<a href="`+link+`">`+link+`</a>`)
}
