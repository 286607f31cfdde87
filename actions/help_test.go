package actions_test

import (
	"strings"
	"testing"
)

// TestCardsOfHelp: after three misses the options of the step are offered as
// well, in other words each time, and an answer counts.
func TestCardsOfHelp(t *testing.T) {
	r := newRig(t)
	r.start("tea", nil)
	miss := func() string { return r.say("咖啡豆") }
	miss()
	miss()
	r.wants(miss(), "连续几次都没有对上", "【绿茶】【红茶】【别的】【转人工】")
	seen := make(map[string]bool)
	for range 6 {
		reply := miss()
		text, _, _ := strings.Cut(reply, "【")
		if seen[text] && len(seen) < 3 || text == "" {
			t.Errorf("said again: %s", text)
		}
		seen[text] = true
		r.wants(reply, "【绿茶】【红茶】【别的】")
	}
	if !strings.Contains(miss(), "【转人工】【绿茶】") {
		t.Errorf("staff are not offered first: %v", r.last.Choices)
	}
	r.wants(r.say("换一种方式"), "要哪种？", "【绿茶】")
	miss()
	r.wants(r.say("3"), "您贵姓？") // 转人工, 绿茶, 红茶
	if got := r.state.Active().Slots["kind"]; got != "black" {
		t.Errorf("kind is %s", got)
	}
}

// TestOtherWayKeepsProgress: what was answered after the choice that is made
// anew is not asked for again.
func TestOtherWayKeepsProgress(t *testing.T) {
	r := newRig(t)
	r.start("tea", nil)
	r.say("1")
	r.say("王五")
	r.say("糖")
	r.wants(r.say("上一步"), "加什么")
	r.wants(r.say("上一步"), "您贵姓")
	r.say("王")
	r.say("李")
	r.wants(r.say("赵"), "【重新输入】【换一种方式】【转人工】")
	r.wants(r.say("2"), "要哪种？")
	r.wants(r.say("红茶"), "您贵姓")
	r.wants(r.say("王五"), "加什么")
}
