package telegramtest

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"unicode/utf16"
)

var tags = map[string]string{
	"b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "s": "strikethrough", "code": "code", "pre": "pre", "a": "text_link",
}

// parseHTML reads a text in the platform's HTML
// (https://core.telegram.org/bots/api#html-style).
func parseHTML(s string) (text string, out []Entity, err error) {
	type open struct {
		tag string
		at  int
	}
	var b strings.Builder
	var stack []open
	for s != "" {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			i = len(s)
		}
		b.WriteString(html.UnescapeString(s[:i]))
		if s = s[i:]; s == "" {
			break
		}
		end := strings.IndexByte(s, '>')
		if end < 0 {
			return "", nil, fmt.Errorf("unclosed start tag at byte offset %d", b.Len())
		}
		tag := s[1:end]
		s = s[end+1:]
		if name, closing := strings.CutPrefix(tag, "/"); closing {
			if len(stack) == 0 || stack[len(stack)-1].tag != name {
				return "", nil, fmt.Errorf("unexpected end tag at byte offset %d", b.Len())
			}
			o := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			out = append(out, Entity{tags[name], o.at, units(b.String()) - o.at})
			continue
		}
		name, _, _ := strings.Cut(tag, " ")
		if tags[name] == "" {
			return "", nil, fmt.Errorf("unsupported start tag %q at byte offset %d", name, b.Len())
		}
		stack = append(stack, open{name, units(b.String())})
	}
	if len(stack) > 0 {
		return "", nil, fmt.Errorf("can't find end tag corresponding to start tag %q", stack[len(stack)-1].tag)
	}
	text = b.String()
	out = append(out, marks(text)...)
	slices.SortStableFunc(out, func(a, b Entity) int { return a.Offset - b.Offset })
	return strings.TrimRight(text, " \n\t"), out, nil
}

// slice returns a part of a text by its UTF-16 units.
func slice(s string, offset, length int) string {
	u := utf16.Encode([]rune(s))
	if offset < 0 || length < 0 || offset+length > len(u) {
		return ""
	}
	return string(utf16.Decode(u[offset : offset+length]))
}
