package wechat

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"signdesk/bot/channel"
)

// parts renders a message as texts within the platform's limit, the choices at
// the end. An answer that takes more than one is cut at the end of a sentence,
// with a link to the page that has all of it, if there is one; otherwise it is
// split, into at most the given number of parts if that is not 0.
func (a *Account) parts(m channel.Message, most int) []string {
	tail := strings.TrimPrefix(channel.Message{Choices: m.Choices}.Plain(), "\n")
	if numbered(m.Text) && numbered(tail) { // a number must not be taken for a step's
		tail = "\n" + pickLead + "\n" + tail
	}
	whole := strings.TrimSpace(m.Text + "\n" + tail)
	if len(whole) <= maxText {
		return []string{whole}
	}
	if link := a.PageURL(m.Entry); link != "" && m.Entry != "" {
		end := "\n……\n完整内容：" + link
		if tail != "" {
			end += "\n" + tail
		}
		if room := maxText - len(end); room > maxText/2 {
			return []string{split(m.Text, room)[0] + end}
		}
	}
	rest := maxText
	if !a.Verified { // they go with later replies, and must leave room for those
		rest, most = maxText/2, 2*maxParts
	}
	if most == 0 || most > maxParts && a.Verified {
		most = maxParts
	}
	first := split(whole, maxText)[0]
	parts := append([]string{first}, split(whole[len(first):], rest)...)
	if len(parts) > most {
		parts = append(parts[:most-1:most-1], split(parts[most-1], rest-len(more))[0]+more)
	}
	return parts
}

// pickLead stands between steps, which have numbers, and choices, which have too.
const pickLead = "需要的话，请回复序号："

// numbered reports whether a line of a text begins with a number: "12. ".
func numbered(text string) bool {
	for line := range strings.Lines(text) {
		rest := strings.TrimLeft(line, "0123456789")
		if len(rest) < len(line) && strings.HasPrefix(rest, ". ") {
			return true
		}
	}
	return false
}

// more ends a text of which not everything could be sent.
const more = "……"

// sentenceEnds are where a text is cut best: after a line, then after a sentence,
// then after a clause.
var sentenceEnds = []string{"\n", "。！？；!?;", "，、,. "}

// split cuts a text into parts of at most max bytes, at the end of a line or a
// sentence where there is one in the second half, and never inside a character.
// Joined, the parts are the text.
func split(text string, max int) []string {
	var parts []string
	for len(text) > max {
		cut := max
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		if cut == 0 { // not UTF-8
			cut = max
		}
		for _, ends := range sentenceEnds {
			if i := strings.LastIndexAny(text[:cut], ends); i >= cut/2 {
				_, size := utf8.DecodeRuneInString(text[i:])
				cut = i + size
				break
			}
		}
		parts = append(parts, text[:cut])
		text = text[cut:]
	}
	return append(parts, text)
}

// A menu is a message whose choices are clicked (msgmenu).
type menu struct {
	Head string     `json:"head_content"`
	List []menuItem `json:"list"`
	Tail string     `json:"tail_content"`
}

// menuItem is one choice. Ids are numbers: others break the callbacks of common
// libraries, in case somebody else listens to this account too. The click comes
// back as the words.
type menuItem struct {
	ID      string `json:"id"`
	Content string `json:"content"`
}

const maxItems = 20 // of a menu; our own limit

// menuOf returns a message as a menu; ok is false if it has no choices, or is too
// long for one.
func menuOf(m channel.Message) (out menu, ok bool) {
	if len(m.Choices) == 0 || len(m.Choices) > maxItems {
		return menu{}, false
	}
	size := len(m.Text)
	out.Head = m.Text + "\n"
	for i, c := range m.Choices {
		size += len(c.Label)
		out.List = append(out.List, menuItem{strconv.Itoa(i + 1), c.Label})
	}
	return out, size <= maxText
}
