package flows_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
)

// picks takes what the last reply offered.
func (k *talk) picks(label string, want ...string) {
	k.Helper()
	shown := k.last.Choices
	k.wants(k.turn(func(t *actions.Turn, st *actions.State) (actions.Reply, error) {
		o := k.engine.Offered(st, shown, label)
		if o == nil {
			k.Fatalf("nothing like %q was offered in: %s", label, k.text())
		}
		return k.engine.Start(t, st, *o)
	}), want...)
}

// all says one thing after the other.
func (k *talk) all(texts ...string) {
	k.Helper()
	for _, text := range texts {
		k.say(text)
	}
}

// bearing begins a conversation that was opened by the approve link that was
// sent to a login last.
func (w *town) bearing(login string) *talk {
	w.Helper()
	k := w.talk("").onPhone()
	k.link = w.sent(login, linkInText)
	return k
}

func (w *town) later(d time.Duration) { w.now = w.now.Add(d) }

// asks brings a permission request to the choice of whom to ask.
func (w *town) asks(account, contract string) *talk {
	w.Helper()
	k := w.talk(account)
	k.start("permission", "contract", contract)
	k.say("继续申请")
	if strings.Contains(k.text(), "申请人姓名") {
		k.say("就用账号的名字")
	}
	k.wants(k.say("用默认权限"), "向谁申请", "【其他方式申请】【向主管理员申请】")
	return k
}

// asksBy brings it to the form of one of the other ways, done by oneself.
func (w *town) asksBy(account, contract, helper string) *talk {
	w.Helper()
	k := w.asks(account, contract)
	k.all("其他方式申请", helper, "我现在操作")
	k.says("确认", "申请已提交")
	return k
}

// notifies has somebody else do it, who gets a link.
func (w *town) notifies(account, contract, helper, login string) *talk {
	w.Helper()
	k := w.asks(account, contract)
	k.all("其他方式申请", helper, "短信/邮件通知", "确认", login)
	k.says("提交", "已通知", "等待对方处理")
	return k
}

// request returns the last request of an account.
func (w *town) request(account platform.AccountID, e platform.EnterpriseID) *platform.PermissionRequest {
	w.Helper()
	return view(w, func(t *platform.Tx) *platform.PermissionRequest {
		var last *platform.PermissionRequest
		for _, q := range t.Requests(e) {
			if q.ApplicantAccountID == account && (last == nil || q.CreatedAt.After(last.CreatedAt)) {
				last = q
			}
		}
		return last
	})
}

func (w *town) requestIs(status platform.RequestStatus) *platform.PermissionRequest {
	w.Helper()
	q := w.request("A-1202", "E-12")
	if q == nil || q.Status != status {
		w.Fatalf("the request is %+v, want %s", q, status)
	}
	return q
}

// does runs an operation in somebody's name.
func (w *town) does(by platform.Actor, op func(*platform.Tx) error) {
	w.Helper()
	if err := w.p.Run(context.Background(), w.p.NewAct(by, platform.PC), op); err != nil {
		w.Fatal(err)
	}
}

func TestR12_2_SenderResendsFirst(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1202")
	k.wants(k.start("permission", "contract", "C-12-1"), "已有权限的手机号或邮箱", "【请发件方重发】【继续申请】", "《经销合同》", "虚构甲方集团有限公司")
	k.says("让对方重发", "虚构甲方集团有限公司", "有权限的手机号或邮箱")
	k.ended("senderResends")
	if q := k.request("A-1202", "E-12"); q != nil {
		t.Errorf("a request was made: %+v", q)
	}
}

func TestR12_3_OtherwiseApply(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("")
	k.wants(k.start("permission"), "手机号或邮箱")
	k.says("１４０００００１２０２", "验证码")
	k.says(k.code(demo.Mobile("A-1202")), "签署链接或合同编号")
	k.says("那个合同", "合同编号以“C-”开头")
	k.says("C-14-1", "没有找到这份合同") // of others
	k.says("合同编号是c-12-1", "【继续申请】")
	k.all("2", "我叫李小示", "默认", "向主管理员申请")
	k.says("好的", "通知成功，等待处理")
	if q := k.requestIs(platform.RequestPending); q.Kind != platform.AskJoinAndSeal || q.ApplicantName != "李小示" || q.ContractID != "C-12-1" {
		t.Errorf("request %+v", q)
	}
}

// TestR12_3_WhereNothingIsToBeAsked: other screens lead elsewhere.
func TestR12_3_WhereNothingIsToBeAsked(t *testing.T) {
	t.Parallel()
	for contract, want := range map[string][]string{
		"A-1201 C-12-1": {"已经有这份合同的签署权限", "【打开签署链接】"},
		"A-1402 C-14-1": {"目前没有可使用的印章", "【设置印章】"},
		"A-1501 C-15-1": {"合同完成状态", "【查合同】"},
		"A-0901 C-09-1": {"未认证", "【查合同】"},
	} {
		account, id, _ := strings.Cut(contract, " ")
		k := newTown(t).talk(account)
		k.wants(k.start("permission", "contract", id), want...)
		if k.last.Ended == "" {
			t.Errorf("%s: the flow goes on: %s", contract, k.text())
		}
	}
}

// TestR12_3_ByLink: whoever has the signing link is asked, though the contract
// is another's.
func TestR12_3_ByLink(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1102")
	code := view(k.town, func(t *platform.Tx) platform.LinkCode { return t.Contract("C-11-1").SigningLinkCode })
	k.wants(k.start("permission", "contract", string(code)), "虚构晨光食品有限公司", "【继续申请】")
}

func TestR12_5_PageShowsTheAdmin(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1202")
	k.start("permission", "contract", "C-12-1")
	k.says("继续", "系统主管理员姓名：王示管", "140****1201", "!14000001201")
}

func TestR12_6_NameRequiredAccountPrefilled(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1202")
	k.start("permission", "contract", "C-12-1")
	k.says("继续", "手机号/邮箱：14000001202", "【就用“李示二”】", "申请人姓名")
	k.says("李", "2到30个字")
	k.says("李小示", "用默认权限")
	k.says("上一步", "申请人姓名")
	k.says("就用“李示二”", "用默认权限")
	k.all("默认", "主管理员")
	k.wants(k.text(), "申请人：李示二（140****1202）")
}

func TestR12_7_MoreScopesConfirmed(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1202")
	k.start("permission", "contract", "C-12-1")
	k.all("继续", "李示二")
	k.says("更多权限", "合同查看范围")
	k.says("1", "印章使用范围")
	k.says("1", "合同查看范围：当前合同；印章使用范围：当前合同", "【确定】【重新选择】", "!提示：签署")
	k.says("重新选择", "合同查看范围")
	k.says("当前合同", "印章使用范围")
	k.says("全部发件方发送的合同", "超出的部分不能签署", "【确定】") // R12.17
	k.says("确定", "向谁申请")
	k.all("向主管理员申请", "确认")
	if q := k.requestIs(platform.RequestPending); q.ViewScope != platform.ViewCurrentContract || q.SignScope != platform.SignAllSenders {
		t.Errorf("scopes %s, %s", q.ViewScope, q.SignScope)
	}
}

func TestR12_8_ViewScopes(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1202")
	k.start("permission", "contract", "C-12-1")
	k.all("继续", "李示二")
	k.says("更多权限", "【当前合同】【当前发件方发送的无人处理的合同】【全部发件方发送的无人处理的合同】【", "还没有人看过", "集团、子公司和业务线")
	k.says("明天", "从下面的选项中选择")
	k.says("第三个", "印章使用范围")
	k.all("默认", "确定", "向主管理员申请", "确认")
	if q := k.requestIs(platform.RequestPending); q.ViewScope != platform.ViewAllSendersUnattended || q.SignScope != platform.SignCurrentSender {
		t.Errorf("scopes %s, %s", q.ViewScope, q.SignScope)
	}
}

func TestR12_9_DefaultViewScope(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1202")
	k.start("permission", "contract", "C-12-1")
	k.says("继续", "权限申请")
	k.says("李示二", "合同查看范围：当前发件方发送的无人处理的合同", "【用默认权限】【更多权限】")
	k.all("默认的", "主管理员", "是的")
	if q := k.requestIs(platform.RequestPending); q.ViewScope != platform.ViewCurrentSenderUnattended {
		t.Errorf("view scope %s", q.ViewScope)
	}
}

func TestR12_10_SignScopes(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1202")
	k.start("permission", "contract", "C-12-1")
	k.all("继续", "李示二", "更多权限")
	k.says("默认", "【当前合同】【当前发件方发送的合同】【全部发件方发送的合同】【我不签署，不需要章】")
	k.says("我只看不签", "印章使用范围：我不签署，不需要章")
	k.all("确定", "主管理员")
	k.says("确认", "通知成功")
	if q := k.requestIs(platform.RequestPending); q.SignScope != platform.SignNone {
		t.Errorf("sign scope %s", q.SignScope)
	}
	if text := k.lastTo(demo.Mobile("A-1201")); !strings.Contains(text, "申请查看企业合同") {
		t.Errorf("the administrator is told %q", text)
	}
}

// lastTo returns the last message to a login.
func (w *town) lastTo(login string) string {
	return view(w, func(t *platform.Tx) string {
		sent := t.SentTo(login)
		if len(sent) == 0 {
			return ""
		}
		return sent[len(sent)-1].Text
	})
}

func TestR12_11_DefaultSignScope(t *testing.T) {
	t.Parallel()
	k := newTown(t).asks("A-1202", "C-12-1")
	k.says("主管理员", "印章使用范围：当前发件方发送的合同")
	k.say("确认")
	if q := k.requestIs(platform.RequestPending); q.SignScope != platform.SignCurrentSender {
		t.Errorf("sign scope %s", q.SignScope)
	}
}

func TestR12_19_OtherWays(t *testing.T) {
	t.Parallel()
	k := newTown(t).asks("A-1202", "C-12-1")
	k.says("不认识管理员", "任选一位", "公章管理员", "公司财务", "公司法定代表人")
}

func TestR12_20_ByTheMainAdmin(t *testing.T) {
	t.Parallel()
	k := newTown(t).asks("A-1202", "C-12-1")
	k.says("我认识主管理员，向主管理员申请", "申请人：李示二", "会用短信/邮件通知王示管（140****1201）审批")
	k.says("上一步", "向谁申请")
	if q := k.request("A-1202", "E-12"); q != nil {
		t.Fatalf("without a yes there is a request: %+v", q)
	}
	k.says("向主管理员申请", "将提交权限申请")
	k.says("确认", "已通知主管理员王示管（140****1201）审批")
	if text := k.lastTo(demo.Mobile("A-1201")); !strings.Contains(text, "李示二（账号：140****1202）申请查看并签署企业合同") || !strings.Contains(text, "?type=2 进行审批") {
		t.Errorf("the administrator is told %q", text)
	}
}

func TestR12_21_ThreeOtherWays(t *testing.T) {
	t.Parallel()
	k := newTown(t).asks("A-1202", "C-12-1")
	k.says("其他方式", "【向公章管理员申请】【向公司财务申请】【向公司法定代表人申请】", "企业授权书盖章", "企业打款", "法定代表人刷脸/手机验证码")
	k.says("法人", "【我现在操作】【短信/邮件通知】")
	k.says("我现在操作", "向公司法定代表人申请：通过后")
	k.says("确认", "申请已提交", "《上上签如何保护您的个人信息》")
	if q := k.requestIs(platform.RequestPending); q.Way != platform.AskLegalRep {
		t.Errorf("way %s", q.Way)
	}
	// Any one suffices: another can be taken before this one is through.
	k.says("不同意", "没有同意就不能用这种方式", "【向公章管理员申请】【向公司财务申请】【向公司法定代表人申请】【向主管理员申请】")
	k.says("财务", "【我现在操作】")
	k.says("我现在操作", "开户银行")
	if q := k.requestIs(platform.RequestPending); q.Way != platform.AskFinance {
		t.Errorf("way %s", q.Way)
	}
}

func TestR12_22_OnlyTheDefaultSeal(t *testing.T) {
	t.Parallel()
	k := newTown(t).asks("A-1202", "C-12-1")
	k.says("其他方式", "只能获得“电子公章”的使用权，其他印章要向主管理员申请")
	k.all("法定代表人", "我现在操作", "确认", "同意", demo.LegalRepID("12"))
	k.says("完成了", "申请已通过", "可以使用印章「电子公章」", "【打开签署链接】")
	k.ended("approved")
	q := k.requestIs(platform.RequestApproved)
	if len(q.SealIDs) != 1 || q.SealIDs[0] != "S-12-1" {
		t.Errorf("seals %v, want only S-12-1", q.SealIDs)
	}
}

func TestR12_47_AdminGrantsAnySeal(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.asks("A-1202", "C-12-1")
	k.says("主管理员", "可以授权您使用企业的任何印章")
	k.says("确认", "通知成功")
	admin := w.bearing(demo.Mobile("A-1201"))
	admin.wants(admin.start("link"), "印章：电子公章、合同专用章", "【同意】【拒绝】")
	admin.says("同意", "可以多选", "【电子公章】【合同专用章】")
	admin.says("2", "按申请的范围")
	admin.says("按申请的范围", "将同意李示二（140****1202）的申请", "加入「虚构茶山商贸有限公司」", "可使用印章：「合同专用章」")
	admin.says("确认", "验证码已发送到 140****1201")
	admin.says(w.code(demo.Mobile("A-1201")), "已完成授权")
	admin.ended("done")
	q := w.requestIs(platform.RequestApproved)
	if len(q.SealIDs) != 1 || q.SealIDs[0] != "S-12-2" {
		t.Errorf("seals %v, want S-12-2", q.SealIDs)
	}
	k.says("查看进度", "申请已通过", "可以使用印章「合同专用章」")
	k.picks("打开签署链接", "确认签署")
}

func TestR12_49_WaitingPage(t *testing.T) {
	t.Parallel()
	k := newTown(t).asks("A-1202", "C-12-1")
	k.say("向主管理员申请")
	k.says("确认", "通知成功，等待处理\n主管理员 (王示管, 140****1201) 审批完成后，您将收到短信通知。", "【返回列表页】", "【重新发送（提醒主管理员）】")
	k.says("查看进度", "通知成功，等待处理")
	k.says("返回列表页", "短信/邮件通知")
	k.ended("waiting")
}

func TestR12_52_BecomeAdmin(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.asks("A-1202", "C-12-1")
	k.wants(k.text(), "【我是企业管理人员，我要申请成为主管理员】")
	k.says("我要当管理员", "申诉成为「虚构茶山商贸有限公司」的主管理员", "!发件方可以重发吗")
	k.say("好的")
	k.all(w.code(demo.Mobile("A-1202")), "都没变", "法定代表人手机号认证", "同意", demo.LegalRepMobile("12"))
	k.says(w.code(demo.LegalRepMobile("12")), "申诉成功", "可以直接签署合同", "【打开签署链接】")
	k.ended("admin")
	if got := w.admin("E-12"); got != "A-1202" {
		t.Errorf("main administrator is %s", got)
	}
}

func TestR12_53_HintUnderTheButtons(t *testing.T) {
	t.Parallel()
	k := newTown(t).asks("A-1202", "C-12-1")
	k.wants(k.text(), "当您不认识主管理员时，可选择其他方式申请，获取企业其它管理人员或者印章管理人员的授权，即可查看合同。")
}

func TestR13_2_SenderFirstOrApply(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1302")
	k.wants(k.start("permission", "contract", "C-13-1"), "已有权限的手机号或邮箱", "【请发件方重发】【继续申请】")
	k.says("继续申请", "用默认权限")
}

func TestR13_3_OnlyTheSignScope(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1302")
	k.start("permission", "contract", "C-13-1")
	k.says("继续申请", "印章使用范围：当前发件方发送的合同", "!合同查看范围")
	k.says("更多权限", "【当前合同】【当前发件方发送的合同】【全部发件方发送的合同】", "!我不签署", "!合同查看范围")
	k.says("我不签署", "从下面的选项中选择")
	k.says("3", "印章使用范围：全部发件方发送的合同")
	k.all("确定", "主管理员", "确认")
	if q := k.request("A-1302", "E-13"); q.Kind != platform.AskSeal || q.SignScope != platform.SignAllSenders || q.ViewScope != "" {
		t.Errorf("request %+v", q)
	}
}

// TestR13_5_SameWays: face fails here, the phone passes.
func TestR13_5_SameWays(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.asks("A-1302", "C-13-1")
	k.says("其他方式申请", "【向公章管理员申请】【向公司财务申请】【向公司法定代表人申请】")
	k.all("法人", "我现在操作", "确认", "同意", demo.LegalRepID("13"))
	k.says("已完成刷脸", "切换为手机号方式校验", "手机号")
	k.say(demo.LegalRepMobile("13"))
	k.says(w.code(demo.LegalRepMobile("13")), "申请已通过")
	k.picks("打开签署链接", "确认签署")
	k.say("确认签署")
	k.says(w.code(demo.Mobile("A-1302")), "签署成功")
	if c := view(w, func(t *platform.Tx) *platform.Contract { return t.Contract("C-13-1") }); c.Status != platform.ContractCompleted {
		t.Errorf("the contract is %s", c.Status)
	}
}
