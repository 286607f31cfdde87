package flows_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
)

// TestR12_46_ThePageShowsWhatIsAsked: brand, company, applicant, contract, scopes,
// seal and deadline, for each role with its form only.
func TestR12_46_ThePageShowsWhatIsAsked(t *testing.T) {
	t.Parallel()
	page := []string{"【上上签】虚构茶山商贸有限公司", "申请人：李示二（账号：140****1202）", "申请查看并签署企业合同", "合同：《经销合同》，发件方：虚构甲方集团有限公司",
		"合同查看范围：当前发件方发送的无人处理的合同；印章使用范围：当前发件方发送的合同", "印章：电子公章", "请在6月2日 09:00前处理", "!14000001202", "!上一步"}
	for role, row := range map[string]struct{ helper, login, form, first string }{
		"legal representative": {"法人", demo.LegalRepMobile("12"), "刷脸，或者切换为手机号方式校验", "个人信息保护方法"},
		"finance":              {"财务", "14000001291", "企业打款，回填收到的金额", "开户银行"},
		"seal keeper":          {"公章管理员", "14000001292", "下载授权书，盖章后拍照上传", "《上上签企业服务有限授权书》"},
	} {
		w := newTown(t)
		w.notifies("A-1202", "C-12-1", row.helper, row.login)
		k := w.bearing(row.login)
		if got := k.start("link"); t.Failed() {
			t.Logf("%s: %s", role, got)
		}
		k.wants(k.text(), append(page, row.form, row.first)...)
		k.wants(k.text(), "!换一种方式", "!短信/邮件通知")
	}
}

func TestR12_46_LegalRepByLink(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.notifies("A-1202", "C-12-1", "法人", demo.LegalRepMobile("12"))
	k := w.bearing(demo.LegalRepMobile("12"))
	k.start("link")
	k.says("不同意", "没有完成授权", "随时再打开")
	k.ended("stopped")
	k.start("link")
	k.all("同意", demo.LegalRepID("12"))
	k.says("已完成刷脸", "已完成授权")
	k.ended("done")
	if p := k.effects.Progress; len(p) != 1 || !strings.Contains(p[0].Text, "法定代表人刷脸认证已完成") {
		t.Errorf("the applicant is told %v", p)
	}
	w.requestIs(platform.RequestApproved)
	k.wants(k.start("link"), "这个链接已经办理完成，不能再次使用", "!李示二", "!虚构茶山", "!1202")
	k.ended("used")
}

func TestR12_46_LegalRepByLinkByPhone(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.notifies("A-1302", "C-13-1", "法人", "faren@demo.example")
	k := w.bearing("faren@demo.example")
	k.start("link")
	k.all("同意", demo.LegalRepID("13"), "完成", demo.LegalRepMobile("13"))
	k.says(w.code(demo.LegalRepMobile("13")), "已完成授权")
}

func TestR12_46_FinanceByLink(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.notifies("A-1202", "C-12-1", "财务", "14000001291")
	k := w.bearing("14000001291")
	k.start("link")
	k.bank("9900000000000037")
	k.wants(k.text(), "【查一查打款进度】【获取打款账户信息】【切换为企业反向打款方式】")
	k.says("0.50", "还可以再试2次")
	k.says("0.51", "还可以再试1次")
	k.says("0.52", "已作废", "【重新申请打款】【切换为企业反向打款方式】")
	k.says("切换为企业反向打款方式", "我知情并同意")
	k.all("我知情并同意", "我知情并同意")
	k.says("确认提交", "【查询进度】")
	// Coming back by the same link goes on with the payment that is awaited.
	again := w.bearing("14000001291")
	again.wants(again.start("link"), "约1小时")
	w.arrives("虚构茶山商贸有限公司", nil)
	again.says("查询进度", "已完成授权")
	k.says("查询进度", "已完成授权")
	w.requestIs(platform.RequestApproved)
}

func TestR12_46_SealKeeperByLink(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.notifies("A-1202", "C-12-1", "公章管理员", "14000001292")
	k := w.bearing("14000001292")
	k.start("link")
	k.photo(platform.Reading{})
	k.says("确认提交", "工作人员将在1个工作日内完成审核")
	k.ended("review")
	k.wants(k.start("link"), "授权书已提交，工作人员将在1个工作日内完成审核")
	k.ended("review")
	w.reviews(true, "")
	w.requestIs(platform.RequestApproved)
	k.wants(k.start("link"), "不能再次使用")
}

func TestR12_47_AdminMayNarrow(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	applicant := w.asks("A-1202", "C-12-1")
	applicant.all("主管理员", "确认")
	k := w.bearing(demo.Mobile("A-1201"))
	k.start("link")
	k.all("同意", "全部")
	k.says("缩小范围", "【当前合同】【当前发件方发送的无人处理的合同】【", "!全部发件方")
	k.says("当前合同", "【不允许签署】【当前合同】【当前发件方发送的合同】【", "!全部发件方")
	k.says("当前合同", "合同查看范围：当前合同；印章使用范围：当前合同", "可使用印章：「电子公章」、「合同专用章」")
	k.says("上一步", "盖章")
	k.say("当前合同")
	k.say("确认")
	k.says("111111", "验证码不正确")
	k.says("重新获取", "秒后再获取")
	k.says(w.code(demo.Mobile("A-1201")), "已完成授权")
	if p := k.effects.Progress; len(p) != 1 || p[0].Text != "主管理员已同意您的申请。" {
		t.Errorf("the applicant is told %v", p)
	}
	q := w.requestIs(platform.RequestApproved)
	if q.ViewScope != platform.ViewCurrentContract || q.SignScope != platform.SignCurrentContract || len(q.SealIDs) != 2 {
		t.Errorf("granted %+v", q)
	}
}

func TestR12_47_AdminRejectsWithAReason(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	applicant := w.asks("A-1202", "C-12-1")
	applicant.all("主管理员", "确认")
	k := w.bearing(demo.Mobile("A-1201"))
	k.start("link")
	k.says("拒绝", "拒绝的原因")
	k.says("不", "2到200个字")
	k.says("请由采购部签署", "将拒绝李示二的申请", "原因：请由采购部签署")
	k.say("确认")
	k.says(w.code(demo.Mobile("A-1201")), "已拒绝")
	k.ended("rejected")
	if q := w.requestIs(platform.RequestRejected); q.Reason != "请由采购部签署" {
		t.Errorf("reason %q", q.Reason)
	}
	applicant.says("好了吗", "原因：请由采购部签署", "【重新申请】")
	applicant.ended("rejected")
	if text := w.lastTo(demo.Mobile("A-1202")); !strings.Contains(text, "申请未通过，原因：请由采购部签署") {
		t.Errorf("the applicant is told %q", text)
	}
}

// TestR12_46_LinksThatAreOver: each has its own text, and tells nothing of anybody.
func TestR12_46_LinksThatAreOver(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	applicant := w.notifies("A-1202", "C-12-1", "财务", "14000001291")
	k := w.bearing("14000001291")
	nobody := []string{"!李示二", "!虚构", "!140", "!合同"}
	check := func(end string, want string) {
		t.Helper()
		k.wants(k.start("link"), append(nobody, want)...)
		k.ended(end)
	}
	w.later(time.Second)
	applicant.say("重新发送")
	check("revoked", "这个链接已经失效，请使用最新收到的链接")
	k = w.bearing("14000001291")
	w.later(8 * 24 * time.Hour)
	check("expired", "这个链接已经过期，请联系申请人重新发送")
	if _, err := w.p.Sweep(context.Background(), 100); err != nil {
		t.Fatal(err)
	}
	check("expired", "这个链接已经过期") // its request is over as well
	k.link = "AAAAAAAA"
	check("unknown", "链接不正确，请核对短信或邮件中的完整链接")
}

// TestSigningLinkLeadsToTheContract: whoever bears it says who he is, and signs.
func TestSigningLinkLeadsToTheContract(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.talk("").onPhone()
	k.link = string(view(w, func(t *platform.Tx) platform.LinkCode { return t.Contract("C-16-1").SigningLinkCode }))
	k.wants(k.start("link"), "合同《", "先确认一下您的身份", "!虚构麦田")
	k.say(demo.Mobile("A-1601"))
	k.says(k.code(demo.Mobile("A-1601")), "设置企业印章")
}

// TestR18_5_InvitationIsActivatedByItsLink: a password is all that is asked for.
func TestR18_5_InvitationIsActivatedByItsLink(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	admin := w.talk("A-1801")
	admin.start("admin")
	admin.all("能接收", "添加新成员", "14000001899", "梧示新", "确认")
	k := w.bearing("14000001899")
	k.wants(k.start("link"), "虚构梧桐物业有限公司邀请您成为企业成员", "梧示新", "140****1899", "请设置登录密码")
	k.says("abc", "密码")
	k.says("Abc12345", "注册成功")
	k.wants(k.start("link"), "已经办理完成")
	if raw, err := json.Marshal(k.state); err != nil || strings.Contains(string(raw), "Abc12345") {
		t.Errorf("the session holds the password: %v", err)
	}
}

// TestR12_46_RevokedWhileInUse: the form ends where it is.
func TestR12_46_RevokedWhileInUse(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	applicant := w.notifies("A-1202", "C-12-1", "财务", "14000001291")
	k := w.bearing("14000001291")
	k.start("link")
	k.all("中国银行", "浙江省", "杭州市", "高新支行", "9900000000000037")
	applicant.say("撤销申请")
	applicant.say("确认")
	k.says("确认", "不能再办理")
	k.ended("closed")
}

// TestR12_46_OnlyItsRole: a link of one role does nothing for another.
func TestR12_46_OnlyItsRole(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.notifies("A-1202", "C-12-1", "财务", "14000001291")
	k := w.bearing("14000001291")
	k.wants(k.start("link"), "!法定代表人刷脸", "!授权书", "!【同意】")
	k.says(demo.LegalRepID("12"), "开户银行是") // is asked about as the bank's name, nothing else
	if q := w.requestIs(platform.RequestPending); q.DecidedBy != "" {
		t.Errorf("decided by %s", q.DecidedBy)
	}
}

// TestR11_5_FinanceByLink: an appeal can be helped with as well.
func TestR11_5_FinanceByLink(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.appeals("A-1102", "虚构晨光食品有限公司", "都没变")
	k.says("短信通知别人办理", "【法定代表人】【财务】", "!公章管理员")
	k.say("财务")
	k.says("14000001191", "申请成为虚构晨光食品有限公司的主管理员")
	k.says("提交", "等待对方处理")
	fin := w.bearing("14000001191")
	fin.wants(fin.start("link"), "申请成为企业的主管理员", "虚构晨光食品有限公司", "晨示新（账号：140****1102）", "!反向打款")
	fin.bank("9900000000000037")
	fin.wants(fin.text(), "款项用于上上签平台企业实名认证和申请CA证书")
	fin.says("0.38", "已完成授权")
	k.says("查看进度", "申诉成功")
	k.ended("passed")
}
