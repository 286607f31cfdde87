package telegram

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"unicode/utf8"

	"signdesk/bot/channel"
)

// A part is what one message of the platform holds.
type part struct {
	text string
	bold int           // bytes of the text that are bold, from its beginning
	file *channel.File // nil if it is a mere text
}

// html renders a part.
func (p part) html() string {
	if p.bold == 0 {
		return escape(p.text)
	}
	return "<b>" + escape(p.text[:p.bold]) + "</b>" + escape(p.text[p.bold:])
}

// clean makes a text fit to be sent: the platform refuses what is not UTF-8, and
// drops white space around it.
func clean(s string) string {
	return strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD"))
}

// partsOf renders a message: what is sent along, the last file with the
// beginning of the text, then the rest of the text. The title stands in the
// first line where there are no topics; it is "" otherwise. There are no parts
// if there is nothing to show.
func partsOf(m channel.Message, post channel.Post, title string) []part {
	files := filesOf(m, post)
	text, bold := clean(m.Text), 0
	if text == "" && len(files) == 0 && len(m.Choices) == 0 {
		return nil
	}
	switch head, _, more := strings.Cut(text, "\n"); {
	case title != "":
		title = "【" + title + "】"
		text, bold = strings.TrimSpace(title+"\n"+text), len(title)
	case post.Card != "" && more && utf8.RuneCountInString(head) <= maxLabel:
		bold = len(head)
	}
	if text == "" && len(files) == 0 {
		text = "请选择："
	}
	first := maxText
	var parts []part
	for i := range files {
		parts = append(parts, part{file: &files[i]})
		first = maxCaption
	}
	for i, t := range split(text, first, maxText) {
		switch {
		case i == 0 && len(files) > 0:
			parts[len(parts)-1].text = t
		case strings.TrimSpace(t) != "": // white space alone is refused
			parts = append(parts, part{text: t})
		}
		if i == 0 && len(parts) > 0 {
			parts[len(parts)-1].bold = min(bold, len(t))
		}
	}
	return parts
}

// filesOf returns what is sent along with a message.
func filesOf(m channel.Message, post channel.Post) (out []channel.File) {
	if len(m.Image) > 0 {
		name := "picture.jpg"
		if http.DetectContentType(m.Image) == "image/png" {
			name = "picture.png"
		}
		out = append(out, channel.File{Name: name, Image: true, Data: m.Image})
	}
	if f := post.File; f != nil && len(f.Data) > 0 { // an empty one is refused
		file := *f
		if file.Name = clean(file.Name); file.Name == "" {
			file.Name = "file"
		}
		out = append(out, file)
	}
	return out
}

// digest tells files from others.
func digest(parts []part) string {
	h, n := sha256.New(), 0
	for _, p := range parts {
		if p.file == nil {
			continue
		}
		n++
		sum := sha256.Sum256(p.file.Data)
		h.Write(sum[:])
		h.Write([]byte(p.file.Name + "\x00"))
	}
	if n == 0 {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:12])
}
