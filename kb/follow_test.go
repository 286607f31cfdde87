package kb_test

import (
	"context"
	"testing"

	"signdesk/kb"
)

// TestFollow: what an utterance means after a part was shown.
func TestFollow(t *testing.T) {
	b := shipped(t)
	for _, tt := range []struct {
		last, text string
		act        kb.Act
		kind       kb.Kind
		part       string // "": any, or none
	}{
		{"10/main", "要准备什么", kb.Asks, kb.Answer, "10/materials"},
		{"07/main", "要准备什么", kb.Asks, kb.Choices, ""},
		{"17/main", "再说一遍吧", kb.Again, kb.Answer, "17/main"},
		{"17/login", "没看懂", kb.Unclear, kb.Answer, "17/login"},
		{"17/login", "接下来呢", kb.Next, kb.Answer, "17/find"},
		{"17/main", "弄好了，下一步呢", kb.Next, kb.Answer, "17/after"},
		{"17/main", "弄好了", kb.Done, kb.Answer, "17/after"},
		{"17/pc", "然后呢", kb.Next, kb.Answer, "17/after"},
		{"17/after", "然后呢", kb.Next, kb.Choices, ""},
		{"07/main", "然后呢", kb.Next, kb.Choices, ""},
		{"07/main", "你确定吗", kb.Doubts, kb.Answer, "07/main"},
		{"07/cause", "那怎么办", kb.Remedy, kb.Answer, "07/main"},
		{"07/main", "那怎么办呢", kb.Remedy, kb.Choices, ""},
		{"07/main", "为什么呀", kb.Asks, kb.Answer, "07/cause"},
		{"10/main", "为什么呀", kb.Reason, kb.Answer, "10/main"},
		{"07/main", "要花钱吗", kb.Asks, kb.None, ""},
	} {
		d, f, ok := follow(t, b, tt.last, tt.text)
		if !ok {
			t.Errorf("%s after %s: %v stands", tt.text, tt.last, d.Kind)
			continue
		}
		part := ""
		if f.Kind == kb.Answer {
			part = string(f.Hits[0].Entry.ID) + "/" + string(f.Hits[0].Part().ID)
		}
		if f.Act != tt.act || f.Kind != tt.kind || tt.part != "" && part != tt.part {
			t.Errorf("%s after %s: act %d, %v %s, want act %d, %v %s", tt.text, tt.last, f.Act, f.Kind, part, tt.act, tt.kind, tt.part)
		}
	}
	for _, text := range []string{"谢谢", "好的", "怎么更换管理员", "提示目前没有可使用的印章", "今天天气怎么样", "在吗", "", "？"} {
		if d, f, ok := follow(t, b, "10/main", text); ok {
			t.Errorf("%q is taken as a continuation: act %d, %v, instead of %v", text, f.Act, f.Kind, d.Kind)
		}
	}
}

// TestFollowElsewhere: a part of other content is nothing to go on from.
func TestFollowElsewhere(t *testing.T) {
	b := shipped(t)
	e := &kb.Entry{ID: "10", Title: "别的"}
	e.Parts = []*kb.Part{{Entry: e, ID: kb.MainPart, Title: "别的"}}
	d, err := b.Decide(context.Background(), "要准备什么")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := b.Follow(d, e.Parts[0]); ok {
		t.Error("goes on from a part that it does not have")
	}
}

func follow(t *testing.T, b *kb.Base, last, text string) (kb.Decision, kb.Following, bool) {
	t.Helper()
	d, err := b.Decide(context.Background(), text)
	if err != nil {
		t.Fatal(err)
	}
	p := b.Content().Entry(kb.EntryID(last[:2])).Part(kb.PartID(last[3:]))
	if p == nil {
		t.Fatalf("no part %s", last)
	}
	f, ok := b.Follow(d, p)
	return d, f, ok
}
