package actions_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"signdesk/actions"
	"signdesk/data"
	"signdesk/data/store"
)

// A rig is an engine with two small flows: tea (a choice, a name, a commit, and
// a cup that is called for) and milk.
type rig struct {
	testing.TB
	engine *actions.Engine
	s      store.Store
	now    time.Time
	device actions.Device
	state  actions.State
	last   actions.Reply
	eff    actions.Effects
	turns  int
	brewed []string
	fail   *actions.Problem
}

var rigWords = map[string]*actions.Words{
	"tea": {Title: "泡茶", Start: "好的。", Steps: map[actions.StepID]actions.StepWords{
		"kind": {Prompt: "要哪种？", Short: "哪种？", Options: []actions.Option{{ID: "green", Label: "绿茶", Also: []string{"龙井"}}, {ID: "black", Label: "红茶"}, {ID: "more", Label: "别的"}}},
		"name": {Prompt: "您贵姓？", Hint: "请输入2个字以上的姓名。"},
		"with": {Prompt: "加什么？", Options: []actions.Option{{ID: "sugar", Label: "糖"}, {ID: "milk", Label: "牛奶"}, {ID: "ice", Label: "冰块"}}},
		"brew": {Card: "给{name}泡一杯{kind}。", Receipt: "泡好了。"},
		"cup":  {}, "done": {Prompt: "请慢用，{cup}。"}, "none": {Prompt: "没有别的。"},
	}},
	"cup": {Title: "拿杯子", Steps: map[actions.StepID]actions.StepWords{
		"size": {Prompt: "大杯小杯？", Options: []actions.Option{{ID: "big", Label: "大杯"}, {ID: "small", Label: "小杯"}}}, "end": {Prompt: "拿好了。"},
	}},
	"milk": {Title: "倒牛奶", Steps: map[actions.StepID]actions.StepWords{"pc": {PC: "请到电脑上倒。", Receipt: "倒好了。"}, "end": {Prompt: "完成。"}}},
}

func words(t testing.TB) map[string]*actions.Words {
	t.Helper()
	shipped, err := actions.ReadWords(data.Flows())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*actions.Words{"engine": shipped["engine"]}
	for k, w := range rigWords {
		all[k] = w
	}
	return all
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{TB: t, now: time.Date(2022, 5, 26, 1, 0, 0, 0, time.UTC), device: actions.Phone}
	var err error
	if r.s, err = store.NewMemory(context.Background(), store.Options{}); err != nil {
		t.Fatal(err)
	}
	if r.engine, err = actions.New(r.flows(), words(t), nil); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) flows() []actions.Flow {
	return []actions.Flow{
		{Name: "tea", Code: "X1", Steps: []actions.Step{
			{ID: "kind", Choose: actions.All, Buttons: []actions.Button{{ID: "more", To: "none"}}},
			{ID: "name", Parse: func(_ *actions.Context, in actions.Input) (string, error) {
				if n := []rune(strings.TrimSpace(in.Text)); len(n) > 1 {
					return string(n), nil
				}
				return "", &actions.Problem{}
			}},
			{ID: "with", Many: true, Choose: actions.All},
			{ID: "brew", Confirm: true, Args: func(c *actions.Context) actions.Args {
				return actions.Args{"name": c.Get("name"), "kind": c.Get("kind")}
			}, Do: func(c *actions.Context) error {
				if r.fail != nil {
					return r.fail
				}
				r.brewed = append(r.brewed, c.Get("name")+" "+c.Get("kind")+" "+c.Get("with"))
				return nil
			}},
			{ID: "cup", Call: &actions.Call{Flow: "cup"}},
			{ID: "done", Ends: "served", Args: func(c *actions.Context) actions.Args { return actions.Args{"cup": c.Get("cup")} }},
			{ID: "none", Ends: "none"},
		}},
		{Name: "cup", Sub: true, Steps: []actions.Step{{ID: "size", Choose: actions.All}, {ID: "end", Ends: "a cup"}}},
		{Name: "milk", Steps: []actions.Step{{ID: "pc", PC: true, Do: func(*actions.Context) error { return nil }}, {ID: "end", Ends: "poured"}}},
	}
}

func (r *rig) turn(fn func(*actions.Turn) (actions.Reply, error)) string {
	r.Helper()
	r.turns++
	t := &actions.Turn{ID: fmt.Sprint(r.turns), Now: r.now, Device: r.device, Memo: map[any]any{}, Scope: map[any]any{}}
	raw, err := json.Marshal(r.state) // as it is kept between turns
	if err != nil {
		r.Fatal(err)
	}
	r.state = actions.State{}
	if err := json.Unmarshal(raw, &r.state); err != nil {
		r.Fatal(err)
	}
	err = r.s.Update(context.Background(), func(tx store.Tx) error {
		t.Tx = tx
		var err error
		r.last, err = fn(t)
		return err
	})
	if err != nil {
		r.Fatal(err)
	}
	r.eff = t.Effects
	text := strings.Join(r.last.Text, "\n")
	for _, c := range r.last.Choices {
		text += "【" + c.Label + "】"
	}
	return text
}

func (r *rig) start(flow string, slots map[string]string) string {
	r.Helper()
	return r.turn(func(t *actions.Turn) (actions.Reply, error) {
		return r.engine.Start(t, &r.state, actions.Offer{Flow: flow, Slots: slots})
	})
}

func (r *rig) say(text string) string {
	r.Helper()
	return r.turn(func(t *actions.Turn) (actions.Reply, error) {
		if word := r.engine.ControlWord(&r.state, text); word != "" {
			return r.engine.Control(t, &r.state, word)
		}
		reply, why, ok, err := r.engine.Take(t, &r.state, actions.Input{Text: text})
		if ok || err != nil || r.state.Active() == nil {
			return reply, err
		}
		return r.engine.Miss(t, &r.state, why)
	})
}

func (r *rig) wants(got string, want ...string) {
	r.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			r.Errorf("want %q in:\n%s", w, got)
		}
	}
}

func TestGoodWay(t *testing.T) {
	r := newRig(t)
	r.wants(r.start("tea", nil), "好的。", "要哪种？", "【绿茶】【红茶】【别的】【取消】【转人工】")
	r.wants(r.say("第二个"), "您贵姓？", "【上一步】")
	r.wants(r.say("王五"), "加什么？")
	r.wants(r.say("糖和冰块"), "给王五泡一杯black", "【确认】")
	r.wants(r.say("行"), "泡好了。", "大杯小杯？")
	r.wants(r.say("小杯吧"), "拿好了。", "请慢用，a cup。")
	if r.last.Ended != "tea" || r.last.Result != "served" || !slices.Equal(r.brewed, []string{"王五 black sugar,ice"}) || len(r.state.Open) != 0 {
		t.Errorf("ended %q with %q, brewed %v", r.last.Ended, r.last.Result, r.brewed)
	}
}

func TestGivenValuesAreNotAskedFor(t *testing.T) {
	r := newRig(t)
	r.wants(r.start("tea", map[string]string{"kind": "龙井", "name": "李"}), "您贵姓？")
	r.wants(r.say("李四"), "加什么？")
	r.wants(r.say("上一步"), "您贵姓？（当前：李四）")
	r.wants(r.say("李四光"), "加什么？")
}

func TestBackAndCommit(t *testing.T) {
	r := newRig(t)
	r.start("tea", nil)
	r.wants(r.say("返回"), "已经是第一步", "哪种？")
	r.say("1")
	r.say("王五")
	r.wants(r.say("全部"), "给王五泡一杯green")
	r.wants(r.say("不对"), "加什么？")
	r.wants(r.say("上一步"), "您贵姓？")
	r.say("王六")
	r.say("2")
	r.wants(r.say("ok"), "泡好了")
	r.wants(r.say("上一步"), "已经提交，不能撤回", "大杯小杯")
	r.wants(r.say("重新开始"), "已经提交，不能撤回")
	r.wants(r.say("我在哪一步"), "泡茶", "已完成：泡好了。")
	r.wants(r.say("取消"), "确定要取消「泡茶」吗", "【确认取消】【继续办理】")
	r.wants(r.say("继续办理"), "大杯小杯")
	r.say("取消")
	r.wants(r.say("确认取消"), "已取消「泡茶」", "仍然有效", "泡好了。")
	if len(r.state.Open) != 0 {
		t.Error("still open")
	}
}

func TestThreeMisses(t *testing.T) {
	r := newRig(t)
	r.start("tea", nil)
	r.say("1")
	r.wants(r.say("王"), "请输入2个字以上的姓名", "您贵姓")
	r.say("李")
	r.wants(r.say("赵"), "连续几次都没有对上", "【重新输入】【换一种方式】【转人工】")
	r.wants(r.say("换一种方式"), "要哪种？")
	r.wants(r.say("绿茶"), "您贵姓")
}

func TestRefusedCommit(t *testing.T) {
	r := newRig(t)
	r.start("tea", map[string]string{"kind": "green", "name": "王五", "with": "糖"})
	r.fail = &actions.Problem{Text: "没有水了。", Kept: true}
	r.wants(r.say("确认"), "没有水了。", "加什么？")
	r.fail = nil
	r.say("糖")
	r.wants(r.say("确认"), "泡好了")
}

func TestIdleResumeExpire(t *testing.T) {
	r := newRig(t)
	r.start("tea", nil)
	r.say("1")
	r.now = r.now.Add(29 * time.Minute)
	r.state.Idle(r.now)
	if r.state.Active() == nil {
		t.Fatal("put aside after 29 minutes")
	}
	r.now = r.now.Add(time.Minute)
	r.state.Idle(r.now)
	if r.state.Active() != nil {
		t.Fatal("not put aside after 30 minutes")
	}
	var reply actions.Reply
	r.engine.ProposeResume(&r.state, &reply)
	if len(reply.Choices) != 2 || reply.Choices[0].Label != "继续上次办理" || reply.Choices[1].Label != "放弃" {
		t.Errorf("proposed %+v", reply)
	}
	r.wants(r.say("接着办"), "接着办「泡茶」", "您贵姓？")
	r.now = r.now.Add(6*24*time.Hour - time.Second)
	if got := r.state.Reminders(r.now); got != nil {
		t.Errorf("reminded of %v before the sixth day", got)
	}
	r.now = r.now.Add(time.Second)
	if got := r.state.Reminders(r.now); !slices.Equal(got, []string{"tea"}) {
		t.Errorf("reminded of %v", got)
	}
	if got := r.state.Reminders(r.now); got != nil {
		t.Errorf("reminded again of %v", got)
	}
	r.now = r.now.Add(24 * time.Hour)
	if got := r.state.Idle(r.now); !slices.Equal(got, []string{"tea"}) || len(r.state.Parked) != 0 {
		t.Errorf("expired %v, parked %d", got, len(r.state.Parked))
	}
}

func TestAnotherFlowFirst(t *testing.T) {
	r := newRig(t)
	r.device = actions.PC
	r.start("tea", nil)
	ask := func() {
		r.wants(r.turn(func(t *actions.Turn) (actions.Reply, error) {
			return r.engine.Switch(t, &r.state, actions.Offer{Flow: "milk"}), nil
		}), "正在办理「泡茶」", "「倒牛奶」", "【先办新的】【继续当前】")
	}
	ask()
	r.wants(r.say("继续当前"), "哪种？")
	ask()
	r.wants(r.say("1"), "倒好了。", "完成。")
	if len(r.state.Parked) != 1 || r.state.Parked[0][0].Flow != "tea" {
		t.Errorf("parked: %+v", r.state.Parked)
	}
	r.wants(r.say("继续"), "接着办「泡茶」", "要哪种")
}

func TestPCOnly(t *testing.T) {
	r := newRig(t)
	r.wants(r.start("milk", nil), "请到电脑上倒。")
	if r.last.Result != actions.ContinueOnPC {
		t.Errorf("ended with %q", r.last.Result)
	}
}

func TestHumanAtAnyTime(t *testing.T) {
	r := newRig(t)
	r.start("tea", nil)
	r.say("转人工")
	if !r.eff.Handoff || r.state.Active() == nil {
		t.Error("no handoff, or the flow is lost")
	}
}

// TestBrokenFlows: each mistake in flows and words is found at the start.
func TestBrokenFlows(t *testing.T) {
	ask := func(id, next actions.StepID) actions.Step {
		s := actions.Step{ID: id, Choose: actions.All}
		if next != "" {
			s.Next = actions.To(next)
		}
		return s
	}
	end := actions.Step{ID: "end", Ends: "done"}
	option := []actions.Option{{ID: "a", Label: "甲"}}
	good := actions.StepWords{Prompt: "?", Options: option}
	for name, v := range map[string]struct {
		steps []actions.Step
		words map[actions.StepID]actions.StepWords
		want  string
	}{
		"nowhere":      {[]actions.Step{ask("a", "b"), end}, nil, `step a: leads to "b", which is no step`},
		"unreachable":  {[]actions.Step{ask("a", "end"), ask("b", "end"), end}, nil, "step b: cannot be reached"},
		"round":        {[]actions.Step{ask("a", "b"), ask("b", "a"), end}, nil, "step a: reaches no end"},
		"twice":        {[]actions.Step{ask("a", "end"), ask("a", "end"), end}, nil, "step a: is there twice"},
		"no prompt":    {[]actions.Step{ask("a", ""), end}, map[actions.StepID]actions.StepWords{"a": {Options: option}}, "step a: has no prompt"},
		"no options":   {[]actions.Step{ask("a", ""), end}, map[actions.StepID]actions.StepWords{"a": {Prompt: "?"}}, "step a: has no options"},
		"no hint":      {[]actions.Step{{ID: "a", Parse: func(*actions.Context, actions.Input) (string, error) { return "", nil }}, end}, nil, "step a: has no hint"},
		"no card":      {[]actions.Step{{ID: "a", Confirm: true, Do: func(*actions.Context) error { return nil }}, end}, nil, "step a: has no card"},
		"no deed":      {[]actions.Step{{ID: "a", Confirm: true}, end}, nil, "asks for a yes and does nothing"},
		"unsaid words": {[]actions.Step{end}, map[actions.StepID]actions.StepWords{"z": good}, "step z: has words, but is no step"},
		"no callee":    {[]actions.Step{{ID: "a", Call: &actions.Call{Flow: "ghost"}}, end}, nil, `calls "ghost", which is no flow`},
		"no label":     {[]actions.Step{{ID: "a", Choose: actions.All, Buttons: []actions.Button{{ID: "b"}}}, end}, nil, `no label for button "b"`},
	} {
		w := &actions.Words{Title: "X", Steps: v.words}
		if v.words == nil {
			w.Steps = map[actions.StepID]actions.StepWords{"end": good}
			for _, s := range v.steps {
				w.Steps[s.ID] = good
			}
		} else {
			w.Steps["end"] = good
		}
		all := map[string]*actions.Words{"engine": words(t)["engine"], "x": w}
		err := actions.Check([]actions.Flow{{Name: "x", Steps: v.steps}}, all)
		if err == nil || !strings.Contains(err.Error(), v.want) {
			t.Errorf("%s: got %v, want %s", name, err, v.want)
		}
	}
}

func TestWordsAreStrict(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/x.yaml", []byte("title: X\nstepz: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := actions.ReadWords(os.DirFS(dir)); err == nil || !strings.Contains(err.Error(), "x.yaml") || !strings.Contains(err.Error(), "stepz") {
		t.Errorf("got %v", err)
	}
}

// FuzzTalk: whatever is said, no turn fails, every reply says something, and
// cancelling always leads out.
func FuzzTalk(f *testing.F) {
	f.Add("1\n王五\n糖\n确认\n大杯")
	f.Add("绿茶\n取消\n不\n上一步\n重新开始\n转人工\n我在哪一步")
	f.Add("x\nx\nx\n换一种方式\n全部\n\x00\n①")
	f.Fuzz(func(t *testing.T, talk string) {
		r := newRig(t)
		r.device = actions.PC
		r.start("tea", nil)
		for line := range strings.SplitSeq(talk, "\n") {
			if len(r.state.Open) == 0 {
				r.start("tea", nil)
			}
			if text := r.say(line); text == "" && !r.eff.Handoff {
				t.Fatalf("no answer to %q", line)
			}
		}
		if len(r.state.Open) > 0 {
			r.say("取消")
			r.say("确认取消")
		}
		if len(r.state.Open) > 0 {
			t.Fatalf("no way out: %+v", r.state.Active())
		}
	})
}
