package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"signdesk/actions/platform/demo"
	"signdesk/bot"
	"signdesk/bot/channel"
)

// Where a conversation stands before something is said in it.
var standings = map[string]struct {
	account, device string
	says            []string
	asks            string // words of what is asked there
}{
	"contract": {"A-1202", "phone", []string{"我要申请权限"}, "签署链接或合同编号"},
	"advice":   {"A-1202", "phone", []string{"我要申请权限，合同C-12-1"}, "请发件方重发"},
	"name":     {"A-1202", "phone", []string{"我要申请权限，合同C-12-1", "继续申请"}, "申请人姓名"},
	"scopes":   {"A-1202", "phone", []string{"我要申请权限，合同C-12-1", "继续申请", "李明"}, "用默认权限"},
	"way":      {"A-1202", "phone", []string{"我要申请权限，合同C-12-1", "继续申请", "李明", "1"}, "其他方式申请"},
	"helper":   {"A-1202", "phone", []string{"我要申请权限，合同C-12-1", "继续申请", "李明", "1", "其他方式申请"}, "向公司财务申请"},
	"card":     {"A-1202", "phone", []string{"我要申请权限，合同C-12-1", "继续申请", "李明", "1", "主管理员"}, "将提交权限申请"},
	"appeal":   {"A-1102", "pc", []string{"我要申诉", "虚构晨光食品有限公司"}, "将为您申诉"},
	"login":    {"", "pc", []string{"我要办理企业信息变更"}, "手机号或邮箱"},
	"source":   {"A-1701", "pc", []string{"我要更新印章图案"}, "重新上传"},
	"licence":  {"A-0601", "pc", []string{"我要认证"}, "您的执照是哪一种"},
	"admin":    {"A-1802", "pc", []string{"我要换管理员"}, "能接收验证码吗"},
}

// TestSaidAtSteps checks what is said to people who, in the midst of a flow, ask,
// tell of a trouble, name what belongs to a later step, hesitate or leave. "!x"
// must not be said.
func TestSaidAtSteps(t *testing.T) {
	t.Parallel()
	const miss, miss2 = "!请从下面的选项中选择", "!请回复“确认”继续"
	for standing, cases := range map[string][][]string{
		"contract": {
			{"链接在哪里找", "整条复制", "签署链接"}, {"短信删了，没有链接了", "整条复制"}, {"编号不知道", "整条复制"},
		},
		"advice": {
			{"两个选哪个好", "最省事", "1.请发件方重发", miss}, {"有什么区别", "最省事", miss}, {"什么意思啊", "最省事", miss}, {"该怎么选", "最省事", miss},
			{"重发给谁呢", "主管理员王示管", miss}, {"对方不肯重发", "继续申请", miss}, {"老板出差了", "短信/邮件通知", miss}, {"公司章不在我这儿", "公章不在身边也能办", miss},
			{"等一下啊", "不着急", miss}, {"我去问问同事", "不着急", miss}, {"先别申请了", "确定要取消", miss}, {"用其他方式吧", "记下了：「其他方式申请」", miss},
			{"找财务吧", "记下了：「向公司财务申请」", miss}, {"法人刷脸要本人吗", "法人", miss}, {"通过以后算不算公司成员", miss}, {"主管理员会不会拒绝", miss},
		},
		"name": {
			{"默认就行", "默认权限"}, {"不认识主管理员", "记下了：「其他方式申请」", "申请人姓名"}, {"填谁的呀", "您自己的姓名"}, {"写法人的名字吗", "您自己的姓名"},
			{"等我一下", "申请人姓名", "!默认申请的权限"}, {"我姓欧阳", "完整的姓名"}, {"马上", "您的姓名是「马上」吗？"}, {"司马相如", "默认申请的权限"},
		},
		"scopes": {
			{"这两个有啥不同", "够签这次的合同", miss}, {"推荐哪个", "一般选它", miss}, {"不认识管理员", "记下了：「其他方式申请」", "用默认权限", miss},
			{"我想找法人", "记下了：「向公司法定代表人申请」", miss}, {"会计电话14000001291", "记下了：", "接收人的手机号", miss}, {"法人联系不上", "换另一位也行", miss},
			{"没有U盾", "不用从网银付款", miss}, {"公司开户行不清楚", "问公司财务", miss}, {"通知财务来弄，14000001291", miss}, {"换个方式", "1.用默认权限"},
		},
		"way": {
			{"选哪一个", "认识主管理员", miss}, {"主管理员多久批", miss}, {"不认识他", miss}, {"短信通知就行", "记下了：「短信/邮件通知」", miss},
		},
		"helper": {
			{"哪个最快", "法人方便的话最快", miss}, {"哪种方便", "法人方便的话最快", miss}, {"财务在休假", "短信/邮件通知", miss}, {"授权书要不要盖章", miss},
			{"法人不配合", "换另一位也行", miss},
		},
		"card": {
			{"这是什么意思", "7天内有效", miss2}, {"提交以后能不能撤回", miss2}, {"谢谢", "!先放在这里"}, {"稍等", "不着急"}, {"等下，先不提交", "确定要取消"},
		},
		"appeal": {
			{"没收到短信", "回复“确认”之后", miss2}, {"验证码发到哪", "140****1102", miss2}, {"法人身份证号我不清楚", "发链接请法人自己填", miss2}, {"我不想刷脸", "可以不刷脸", miss2},
			{"不用刷脸，用企业打款", "记下了", miss2}, {"换个手机号收", "不能改成别的号码", miss2}, {"验证码多久失效", "5分钟内有效", miss2}, {"会不会马上换掉管理员", miss2},
		},
		"login": {
			{"我没有管理员权限", "账号管理", "!11位数字"}, {"填谁的手机号", "您自己登录平台", "!11位数字"}, {"为什么要验证身份", "确认身份", "!11位数字"}, {"号码停机了", "现在能用的", "!11位数字"},
			{"公章要不要换", "更新印章图案", "!11位数字"}, {"几天能办完", "7天内", "!11位数字"}, {"好的，谢谢", "企业信息变更」先放在这里"}, {"那先这样，再见", "先放在这里"},
		},
		"source": {
			{"公章没带", "重新生成电子章", miss}, {"以前签的合同会失效吗", "不受影响", miss}, {"选哪种", "清晰照片", miss}, {"先不换了", "确定要取消", miss},
		},
		"licence": {
			{"我分不清，选哪个", "类型", miss}, {"手机上找不到那个入口", "先提交营业执照", miss}, {"要用谁的身份证", "身份证", miss}, {"材料要不要原件", miss},
		},
		"admin": {
			{"不确定", "问问原管理员", miss}, {"我不是主管理员", "我要申诉", miss}, {"怎么选呢", "能收验证码", miss},
		},
	} {
		t.Run(standing, func(t *testing.T) {
			t.Parallel()
			st := newScene(t)
			at := standings[standing]
			for i, c := range cases {
				say := st.talk(fmt.Sprint("p", i), at.account, at.device)
				last := ""
				for _, text := range at.says {
					last = say(text)
				}
				if !strings.Contains(last, at.asks) {
					t.Fatalf("stands at\n%s", last)
				}
				got := say(c[0])
				for _, want := range c[1:] {
					if not, ok := strings.CutPrefix(want, "!"); ok == strings.Contains(got, strings.TrimPrefix(not, "!")) {
						t.Errorf("%s: want %q in\n%s", c[0], want, got)
					}
				}
			}
		})
	}
}

// TestEarlyWordsAreUsed: what was said early is not asked for again.
func TestEarlyWordsAreUsed(t *testing.T) {
	t.Parallel()
	say := newScene(t).talk("p", "A-1202", "phone")
	for _, c := range [][]string{
		{"我要申请权限，合同C-12-1", "请发件方重发"},
		{"财务电话14000001291", "「向公司财务申请」", "接收人的手机号"},
		{"短信通知他", "「短信/邮件通知」"},
		{"继续申请", "申请人姓名"},
		{"李明", "默认申请的权限"},
		{"默认", "将提交权限申请", "向公司财务申请"},
		{"确认", "将发给财务 140****1291"},
	} {
		got := say(c[0])
		for _, want := range c[1:] {
			if !strings.Contains(got, want) {
				t.Errorf("%s: want %q in\n%s", c[0], want, got)
			}
		}
	}
}

// TestAskedAgainInOtherWords: after questions in between the step is not asked
// in the same words each time.
func TestAskedAgainInOtherWords(t *testing.T) {
	t.Parallel()
	say := newScene(t).talk("p", "", "pc")
	const ask = "请输入您登录用的手机号或邮箱"
	say("我要办理企业信息变更")
	before := ""
	for i, text := range []string{"变更要准备什么材料", "黑白复印件可以吗", "发票怎么开", "法人换了怎么更新", "手机上能办吗"} {
		got := say(text)
		if i > 0 && strings.Contains(got, ask) {
			t.Errorf("asked again: %s", got)
		}
		lines := strings.Split(strings.TrimSpace(got), "\n")
		if last := lines[len(lines)-1]; last == before {
			t.Errorf("the same again: %s", last)
		} else {
			before = last
		}
	}
	if got := say("谢谢啦"); !strings.Contains(got, "先放在这里") || strings.Contains(got, ask) {
		t.Errorf("said %s", got)
	}
	if got := say("14000001001"); !strings.Contains(got, "验证码") {
		t.Errorf("not taken up: %s", got)
	}
}

// TestNotifyLeadsOn: the wish to notify somebody of nothing shows what would
// lead there.
func TestNotifyLeadsOn(t *testing.T) {
	t.Parallel()
	say := newScene(t).talk("p", "A-1202", "phone")
	if got := say("帮我通知财务"); !strings.Contains(got, "1.申请权限") || !strings.Contains(got, "2.发起申诉") {
		t.Errorf("no way on: %s", got)
	}
	if got := say("合同是C-12-1"); !strings.Contains(got, "《经销合同》") {
		t.Errorf("the contract was not taken up: %s", got)
	}
	say("继续申请")
	say("李明")
	if got := say("默认"); !strings.Contains(got, "向公司财务申请") {
		t.Errorf("whom to ask was forgotten: %s", got)
	}
}

// A scene is the demonstration with the knowledge base, for talks.
type scene struct {
	*testing.T
	*stage
}

func newScene(t *testing.T) *scene {
	t.Helper()
	cfg := testConfig(t)
	base, recognise := openAnswers(t, cfg)
	own := *cfg
	own.Store = filepath.Join(t.TempDir(), "store.db")
	clock := &stillClock{at: demo.Start}
	st, err := newStage(t.Context(), cfg, base, recognise, slog.New(slog.DiscardHandler), botHooks{},
		func(ctx context.Context) (*service, error) { return openServiceAt(ctx, &own, clock.now) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.service.Close() })
	return &scene{t, st}
}

// talk returns how somebody says something, and what is replied with the
// choices below it.
func (s *scene) talk(peer, account, device string) func(text string) string {
	n := 0
	return func(text string) string {
		s.Helper()
		n++
		rec, err := s.Receive(s.Context(), channel.Inbound{Peer: channel.Peer{Channel: "chat", ID: peer}, MessageID: fmt.Sprint(n),
			Account: account, Device: channel.Device(device), Text: text})
		if err != nil {
			s.Fatal(err)
		}
		return shownText(rec)
	}
}

func shownText(rec bot.Receipt) string {
	if rec.Reply == nil {
		return ""
	}
	text, n := rec.Reply.Text+"\n", 0
	for _, c := range rec.Reply.Choices {
		if c.Control {
			continue
		}
		n++
		if !c.InText {
			text += fmt.Sprintf("%d.%s\n", n, c.Label)
		}
	}
	return text
}
