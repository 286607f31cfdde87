package wechat

import (
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"

	"signdesk/bot/channel"
)

func TestSplitAtSentences(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("请联系企业的主管理员，", 20) + "由他分配印章。" + strings.Repeat("再打开合同", 40)
	parts := split(long, 1000)
	if len(parts) != 2 || !strings.HasSuffix(parts[0], "由他分配印章。") {
		t.Errorf("%q", parts)
	}
	if parts := split(strings.Repeat("长", 1000), 2000); len(parts) != 2 || len(parts[0]) != 1998 {
		t.Errorf("%d parts", len(parts))
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("第一句。第二句！\n第三句", 10)
	f.Add("\xff\xfe\x80\x80\x80", 4)
	f.Fuzz(func(t *testing.T, text string, max int) {
		max = min(max, 3000)
		if max < 4 {
			return
		}
		parts := split(text, max)
		if strings.Join(parts, "") != text {
			t.Fatal("something is lost")
		}
		for _, p := range parts {
			if len(p) > max || utf8.ValidString(text) && !utf8.ValidString(p) {
				t.Fatalf("part %q", p)
			}
		}
	})
}

func TestNumbered(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"": false, "1. 打开": true, "先看\n12. 打开\n": true, "1.打开": false, ". 打开": false, "共 1. 打开": false, "1、打开": false, "先看\n1": false, "1. ": true,
	} {
		if got := numbered(text); got != want {
			t.Errorf("numbered(%q) = %v", text, got)
		}
	}
}

// TestLongAnswers has the whole of an answer behind a link where there is a page,
// and in at most three messages otherwise.
func TestLongAnswers(t *testing.T) {
	t.Parallel()
	a, err := New(Options{AppID: "a", Secret: "s", Token: "t", Mode: Plain, Verified: true, Log: slog.New(slog.DiscardHandler), PageURL: func(e string) string { return "https://desk.example/help/" + e }})
	if err != nil {
		t.Fatal(err)
	}
	m := channel.Message{Text: strings.Repeat("第一步，打开首页。", 200), Entry: "11/phone", Choices: []channel.Choice{{Label: "还没解决"}}}
	parts := a.parts(m, 0)
	if len(parts) != 1 || len(parts[0]) > maxText || !strings.Contains(parts[0], "https://desk.example/help/11/phone") || !strings.HasSuffix(parts[0], "1. 还没解决") {
		t.Errorf("%d parts, %d bytes", len(parts), len(parts[0]))
	}
	m.Entry = ""
	a.PageURL = func(string) string { return "" }
	if parts = a.parts(m, 0); len(parts) != 3 || len(parts[2]) > maxText {
		t.Errorf("%d parts", len(parts))
	}
	if parts = a.parts(m, 2); len(parts) != 2 || len(parts[1]) > maxText || !strings.HasSuffix(parts[1], more) {
		t.Errorf("%d parts, ending %q", len(parts), parts[len(parts)-1][len(parts[len(parts)-1])-20:])
	}
	a.Verified = false // the rest goes with later replies, and leaves room for them
	if parts = a.parts(m, 0); len(parts) != 5 || len(parts[0]) < maxText-30 || len(parts[1]) > maxText/2 || len(parts[4]) > maxText/2 {
		t.Errorf("%d parts", len(parts))
	}
}

// TestStepsAndChoices are told apart, though both have numbers.
func TestStepsAndChoices(t *testing.T) {
	t.Parallel()
	a, err := New(Options{AppID: "a", Token: "t", Mode: Plain, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	choices := []channel.Choice{{Label: "发起申诉"}, {Label: "业务交接"}}
	for text, want := range map[string]string{
		"步骤：\n1. 打开页面\n2. 确认": "步骤：\n1. 打开页面\n2. 确认\n\n需要的话，请回复序号：\n1. 发起申诉\n2. 业务交接",
		"要办哪一个？":              "要办哪一个？\n1. 发起申诉\n2. 业务交接",
	} {
		if got := a.parts(channel.Message{Text: text, Choices: choices}, 0); len(got) != 1 || got[0] != want {
			t.Errorf("%q", got)
		}
	}
}
