package telegram

import (
	"html"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"signdesk/bot/channel"
)

func units(s string) int { return len(utf16.Encode([]rune(s))) }

func TestSplit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text       string
		first, max int
		want       []string
	}{
		{"", 4, 4, []string{""}},
		{"一二三四", 4, 4, []string{"一二三四"}},
		{"一二三。四五六", 5, 5, []string{"一二三。", "四五六"}},
		{"一二\n三四五", 4, 4, []string{"一二\n", "三四五"}},
		{"一。二三四五六七", 6, 6, []string{"一。二三四五", "六七"}}, // the end is in the first half
		{"😀😀😀", 3, 3, []string{"😀", "😀", "😀"}},
		{"一二三四五六", 2, 4, []string{"一二", "三四五六"}},
	}
	for _, tt := range tests {
		if d := cmp.Diff(tt.want, split(tt.text, tt.first, tt.max)); d != "" {
			t.Errorf("split %q (-want +got):\n%s", tt.text, d)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("一二三。四五六😀\n七", 3, 5)
	f.Add("\xff\xfe", 2, 2)
	f.Add(strings.Repeat("长句，", 900), 1024, 4096)
	f.Fuzz(func(t *testing.T, text string, first, max int) {
		first, max = 2+(first&0xfff), 2+(max&0xfff)
		parts := split(text, first, max)
		if strings.Join(parts, "") != text {
			t.Fatalf("%q: parts %q do not join to it", text, parts)
		}
		for i, p := range parts {
			room := max
			if i == 0 {
				room = first
			}
			if utf8.ValidString(text) && !utf8.ValidString(p) {
				t.Fatalf("%q: part %q is cut inside a character", text, p)
			}
			if n := units(p); n > room || p == "" && len(parts) > 1 {
				t.Fatalf("%q: part %q of %d units, want 1 to %d", text, p, n, room)
			}
		}
	})
}

func FuzzParts(f *testing.F) {
	f.Add("标题\n<b>&amp;", "甲", true, 0)
	f.Add("\x00\xff ", "", false, 2000)
	f.Fuzz(func(t *testing.T, text, title string, file bool, pad int) {
		p := channel.Post{Card: "q"}
		if file {
			p.File = &channel.File{Name: "a", Data: []byte("x")}
		}
		text += strings.Repeat("长", pad&0x3fff)
		for i, part := range partsOf(channel.Message{Text: text}, p, topicName(title)) {
			room := maxText
			if part.file != nil {
				room = maxCaption
			}
			if n := units(part.text); n > room || n == 0 && part.file == nil || !utf8.ValidString(part.html()) {
				t.Fatalf("part %d: %q of %d units", i, part.text, n)
			}
			got := html.UnescapeString(strings.NewReplacer("<b>", "", "</b>", "").Replace(part.html()))
			if got != part.text {
				t.Fatalf("%q is shown as %q", part.text, got)
			}
		}
	})
}

func FuzzCommands(f *testing.F) {
	f.Add("客户 /note@desk_bot 急", 3, 14)
	f.Add("😀/a", 1, 2)
	f.Fuzz(func(t *testing.T, text string, offset, length int) {
		for _, s := range commands(text, []entity{{"bot_command", offset, length}}) {
			if got := text[s.start:s.end]; !strings.EqualFold(strings.TrimPrefix(got, "/"), strings.TrimSuffix(s.name+"@"+s.to, "@")) {
				t.Fatalf("%q: command %q of %s at %q", text, s.name, s.to, got)
			}
		}
	})
}

func FuzzUpdate(f *testing.F) {
	f.Add([]byte(`{"update_id":1,"message":{"message_id":1,"from":{"id":1},"chat":{"id":-1},"text":"/a","entities":[{"type":"bot_command","offset":9,"length":9}]}}`))
	f.Add([]byte(`{"update_id":1,"callback_query":{"id":"q","from":{"id":1},"data":"a.1","message":{"chat":{"id":1}}}}`))
	f.Add([]byte(`{"update_id":1,"message":{"message_id":1,"chat":{"id":-1},"reply_to_message":{},"message_thread_id":1,"is_topic_message":true}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a := newFuzzed(t)
		if err := a.take(t.Context(), raw); err == errPanic {
			t.Fatalf("%s: panic", raw)
		}
	})
}
