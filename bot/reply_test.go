package bot_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signdesk/bot"
	"signdesk/kb"
)

var contact = bot.Contact{Brand: "上上签", Hotline: "400-993-6665"}

// twoEntries returns a small content: entry 11 with three parts, entry 18 with
// one.
func twoEntries() (e11, e18 *kb.Entry) {
	e11 = &kb.Entry{ID: "11", Condition: "我是负责人，要当管理员", Cause: "企业已认证。"}
	e11.Parts = []*kb.Part{
		{Entry: e11, ID: kb.MainPart, Title: "怎么当管理员", Short: "请先让发起方重发。", Steps: []string{"第一步", "第二步"}, Notes: []string{"例外"}, Channel: kb.ChannelAny},
		{Entry: e11, ID: "face", Title: "法人刷脸", Short: "用支付宝扫码。", Channel: kb.ChannelPhone, MiniPrograms: []string{"查合同"}},
		{Entry: e11, ID: "handover", Title: "业务交接", Short: "在成员管理里一键转交。", Channel: kb.ChannelPC},
	}
	e18 = &kb.Entry{ID: "18", Condition: "要把管理员换成别人"}
	e18.Parts = []*kb.Part{{Entry: e18, ID: kb.MainPart, Title: "变更管理员", Short: "看原管理员能不能收验证码。", Channel: kb.ChannelAny}}
	return e11, e18
}

func hit(e *kb.Entry, sure float64, parts ...kb.PartHit) kb.Hit {
	return kb.Hit{Entry: e, Sure: sure, Parts: parts}
}

func TestComposeAnswerShowsTheDetailFirst(t *testing.T) {
	e11, e18 := twoEntries()
	d := kb.Decision{Kind: kb.Answer, Message: "无权限", Hits: []kb.Hit{
		hit(e11, 0.7, kb.PartHit{Part: e11.Parts[1], Sure: 0.6}, kb.PartHit{Part: e11.Parts[2], Sure: 0.4}),
		hit(e18, 0.3, kb.PartHit{Part: e18.Parts[0], Sure: 1}),
	}}
	want := `看到了，您遇到的提示是「无权限」。
【法人刷脸】
用支付宝扫码。
（请在手机上操作，微信小程序「查合同」）

【业务交接】在成员管理里一键转交。

【怎么当管理员】请先让发起方重发。

如果您的情况是下面这样，请回复序号：
1. 要把管理员换成别人：看原管理员能不能收验证码。`
	r := bot.Compose(d, contact)
	if diff := cmp.Diff(want, r.Text()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	rec, err := json.Marshal(bot.NewRecord("q1", r))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"id":"q1","decision":"answer","entries":["11","18"],"part":"face",`; !strings.HasPrefix(string(rec), want) {
		t.Errorf("record %s, want it to begin with %s", rec, want)
	}
}

func TestComposeMainShowsCauseAndSteps(t *testing.T) {
	e11, _ := twoEntries()
	d := kb.Decision{Kind: kb.Answer, Hits: []kb.Hit{hit(e11, 1, kb.PartHit{Part: e11.Parts[0], Sure: 1})}}
	want := `【怎么当管理员】
请先让发起方重发。
原因：企业已认证。
1. 第一步
2. 第二步
· 例外

还可以问我：法人刷脸；业务交接`
	if diff := cmp.Diff(want, bot.Compose(d, contact).Text()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

func TestComposeChoicesTellsEntriesApart(t *testing.T) {
	e11, e18 := twoEntries()
	d := kb.Decision{Kind: kb.Choices, Hits: []kb.Hit{
		hit(e11, 0.4, kb.PartHit{Part: e11.Parts[0], Sure: 1}), hit(e18, 0.4, kb.PartHit{Part: e18.Parts[0], Sure: 1}),
	}}
	r := bot.Compose(d, contact)
	want := `您是不是想问下面哪一个？都不是的话，换个说法再问一次。
请回复序号：
1. 我是负责人，要当管理员：请先让发起方重发。
2. 要把管理员换成别人：看原管理员能不能收验证码。`
	if diff := cmp.Diff(want, r.Text()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	for _, pick := range []string{"2", " 2 ", "要把管理员换成别人"} {
		if o, ok := r.Pick(pick); !ok || o.Entry != "18" || o.Part != kb.MainPart {
			t.Errorf("Pick(%q) = %+v, %v; want entry 18", pick, o, ok)
		}
	}
	for _, pick := range []string{"0", "3", "-1", "换成别人", ""} {
		if o, ok := r.Pick(pick); ok {
			t.Errorf("Pick(%q) = %+v, want none", pick, o)
		}
	}
}

func TestComposeOneChoice(t *testing.T) {
	e11, _ := twoEntries()
	d := kb.Decision{Kind: kb.Choices, Hits: []kb.Hit{hit(e11, 0.4, kb.PartHit{Part: e11.Parts[0], Sure: 1})}}
	want := `您是想问下面这个吗？是的话请回复1，不是的话，换个说法再问一次。
1. 我是负责人，要当管理员：请先让发起方重发。`
	if diff := cmp.Diff(want, bot.Compose(d, contact).Text()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

// A part that is done on a computer, and in part by a mini program, says which is where.
func TestComposeWhere(t *testing.T) {
	e11, _ := twoEntries()
	p := e11.Parts[0]
	for _, tt := range []struct {
		channel kb.Channel
		want    string
	}{
		{kb.ChannelPC, "请在电脑端操作；其中微信小程序「印章管理」在手机上打开"},
		{kb.ChannelPhone, "请在手机上操作，微信小程序「印章管理」"},
		{kb.ChannelAny, "微信小程序「印章管理」"},
	} {
		p.Channel, p.MiniPrograms = tt.channel, []string{"印章管理"}
		if got := bot.ShowPart(p).Answer.Where; got != tt.want {
			t.Errorf("%s: %q, want %q", tt.channel, got, tt.want)
		}
	}
}

func TestComposeOutsideNamesIt(t *testing.T) {
	got := bot.Compose(kb.Decision{Kind: kb.None, Outside: "钉钉"}, contact).Text()
	if !strings.HasPrefix(got, "这是钉钉的问题，我只熟悉") || strings.Contains(got, contact.Hotline) {
		t.Errorf("text %q, want it to name 钉钉 and no hotline of ours", got)
	}
}

func TestComposeNone(t *testing.T) {
	e11, _ := twoEntries()
	near := []kb.Hit{hit(e11, 0.1, kb.PartHit{Part: e11.Parts[0], Sure: 1})}
	for _, tt := range []struct {
		name  string
		d     kb.Decision
		wants []string
	}{
		{"unknown", kb.Decision{Kind: kb.None}, []string{"没有把握", "400-993-6665", "工作日 9:00-21:00"}},
		{"known not to be covered", kb.Decision{Kind: kb.None, Topic: &kb.Topic{Kind: kb.TopicUncovered, Name: "发票"}, Hits: near},
			[]string{"您问的像是「发票」", "1. 我是负责人，要当管理员\n", "400-993-6665"}},
		{"another matter", kb.Decision{Kind: kb.None, Topic: &kb.Topic{Kind: kb.TopicOff, Name: "天气"}}, []string{"我只熟悉企业实名认证和合同签署"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := bot.Compose(tt.d, contact)
			for _, w := range tt.wants {
				if !strings.Contains(r.Text(), w) {
					t.Errorf("reply %q lacks %q", r.Text(), w)
				}
			}
			if rec := bot.NewRecord("", r); rec.Decision != "none" || len(rec.Entries) != 0 || rec.Part != "" {
				t.Errorf("record %+v, want no entries", rec)
			}
		})
	}
}

func TestComposeSmalltalk(t *testing.T) {
	r := bot.Compose(kb.Decision{Kind: kb.Smalltalk, Topic: &kb.Topic{Kind: kb.TopicSmalltalk, Reply: "您好"}}, contact)
	if r.Text() != "您好" {
		t.Errorf("reply %q", r.Text())
	}
}
