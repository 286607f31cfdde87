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

// arrives reports a payment of 0.01 yuan to the platform.
func (w *town) arrives(payer string, change func(*platform.IncomingPayment)) {
	w.Helper()
	pay := platform.IncomingPayment{ID: platform.IncomingID("bank-" + payer + w.now.String()), PayerName: payer, PayerAccount: "9900000000000037", Amount: 1,
		Currency: "CNY", ValueDate: w.now, PayeeAccount: payee}
	if change != nil {
		change(&pay)
	}
	w.does(platform.Actor{System: "bank"}, func(t *platform.Tx) error { _, err := t.Arrived(pay); return err })
}

// reviews has staff decide on the only letter that waits.
func (w *town) reviews(pass bool, reason string) {
	w.Helper()
	w.does(platform.Actor{Staff: "kefu1"}, func(t *platform.Tx) error {
		for _, task := range t.OpenReviews() {
			if task.Subject.Kind == platform.OnRequest {
				return t.Decide(task.ID, pass, reason)
			}
		}
		w.Error("no letter waits")
		return nil
	})
}

// bank fills in a corporate account.
func (k *talk) bank(account string) {
	k.Helper()
	k.all("开户银行：中国银行", "浙江省", "在杭州市", "高新支行", account)
	k.says("确认", "打款申请已提交")
}

func TestR12_24_LegalRepByFace(t *testing.T) {
	t.Parallel()
	k := newTown(t).asksBy("A-1202", "C-12-1", "法人")
	k.says("同意", "请输入法定代表人的身份证号")
	k.says("12345", "身份证号是18位")
	k.says(demo.LegalRepID("13"), "与法定代表人登记的信息不一致")
	k.says("身份证 "+demo.LegalRepID("12"), "【法定代表人刷脸】", "跳转到支付宝", "眨眼", "【已完成刷脸】")
	for slot, v := range k.state.Active().Slots {
		if strings.Contains(v, demo.LegalRepID("12")) {
			t.Errorf("slot %s keeps the ID number", slot)
		}
	}
	k.says("好了", "法定代表人刷脸认证通过", "申请已通过")
	k.ended("approved")
	if text := k.lastTo(demo.Mobile("A-1202")); text == "" {
		t.Error("the applicant is told nothing")
	}
}

func TestR12_25_FaceInTheBrowser(t *testing.T) {
	t.Parallel()
	k := newTown(t).asksBy("A-1202", "C-12-1", "法人")
	k.say("同意")
	k.says(demo.LegalRepID("12"), "没有支付宝时，也可以在浏览器里刷脸")
	k.says("手机上没装支付宝", "已改为在浏览器里刷脸")
	k.says("刷完了", "申请已通过")
}

func TestR12_27_FaceFailsPhoneInstead(t *testing.T) {
	t.Parallel()
	k := newTown(t).asksBy("A-1302", "C-13-1", "法人")
	k.say("同意")
	k.says(demo.LegalRepID("13"), "【切换为手机号方式校验】")
	k.says("刷好了", "刷脸没有通过，已为您【切换为手机号方式校验】", "法定代表人的手机号")
	// The same without a failed check.
	k = newTown(t).asksBy("A-1202", "C-12-1", "法人")
	k.all("同意", demo.LegalRepID("12"))
	k.says("切换为手机号方式校验", "法定代表人的手机号")
	k.says("上一步", "法定代表人本人点【法定代表人刷脸】")
	k.say("换手机号方式")
	k.says(demo.LegalRepMobile("12"), "验证码已发送")
}

// TestR12_27_TheCheckRunsOut: only the check is begun anew.
func TestR12_27_TheCheckRunsOut(t *testing.T) {
	t.Parallel()
	k := newTown(t).asksBy("A-1202", "C-12-1", "法人")
	k.all("同意", demo.LegalRepID("12"))
	k.later(31 * time.Minute)
	k.says("完成了", "超过有效时间", "【法定代表人刷脸】已准备好")
	k.says("完成了", "申请已通过")
}

func TestR12_28_LegalRepByPhone(t *testing.T) {
	t.Parallel()
	k := newTown(t).asksBy("A-1202", "C-12-1", "法人")
	k.all("同意", demo.LegalRepID("12"), "切换为手机号方式校验")
	k.says("400-993-6665", "手机号是11位数字")
	k.says(demo.Mobile("A-1202"), "与法定代表人登记的信息不一致") // not registered with that ID
	k.says("１４０ 0000 1290", "验证码已发送到法定代表人手机 140****1290")
	k.says("000000", "验证码不正确，还可以再试4次")
	k.says("没收到", "秒后再获取")
	k.later(time.Minute)
	k.says("重新获取", "6位验证码")
	k.says("验证码是"+k.code(demo.LegalRepMobile("12")), "法定代表人手机号认证通过", "申请已通过")
	k.requestIs(platform.RequestApproved)
}

func TestR12_29_LetterBySealKeeper(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.asksBy("A-1202", "C-12-1", "公章管理员")
	k.wants(k.text(), "《上上签企业服务有限授权书》", "虚构茶山商贸有限公司 授权 李示二", "红色公章", "【下载授权书】")
	k.says("下载授权书", "授权方：虚构茶山商贸有限公司", "91000000DEMA000127", "法示12", "140****1201", "合同查看范围：当前发件方发送的无人处理的合同")
	k.says("已经寄给你们了", "请直接发送图片")
	k.wants(k.photo(platform.Reading{}), "给客服审核")
	k.says("提交", "授权书已提交", "工作人员将在1个工作日内完成审核", "无需重复提交", "!重新发送")
	k.reviews(false, "公章不清晰")
	k.says("查看进度", "申请没有通过。原因：公章不清晰", "【重新申请】")
	k.ended("rejected")
	w.later(time.Second)
	k.picks("重新申请", "【继续申请】")
	k.all("继续申请", "李示二", "默认", "其他方式", "公章", "我现在操作", "确认")
	k.photo(platform.Reading{})
	k.say("确认")
	k.reviews(true, "")
	k.says("通过了吗", "申请已通过")
	k.requestIs(platform.RequestApproved)
}

func TestR12_30_LetterPictureTypes(t *testing.T) {
	t.Parallel()
	k := newTown(t).asksBy("A-1202", "C-12-1", "公章管理员")
	k.wants(k.text(), "png、jpeg、jpg、bmp")
	k.wants(k.give(actions.Input{Picture: []byte("GIF89a......")}), "仅支持jpeg、jpg、png、bmp格式的图片")
}

func TestR12_31_LetterPictureSize(t *testing.T) {
	t.Parallel()
	k := newTown(t).asksBy("A-1202", "C-12-1", "公章管理员")
	k.wants(k.text(), "不超过15M")
	big := make([]byte, 15<<20+1)
	copy(big, "\x89PNG\r\n\x1a\n")
	k.wants(k.give(actions.Input{Picture: big}), "图片不能超过15M")
}

func TestR12_32_LetterWatermark(t *testing.T) {
	t.Parallel()
	k := newTown(t).asksBy("A-1202", "C-12-1", "公章管理员")
	k.wants(k.text(), "不要加水印，或只加“用于上上签实名认证”")
	k.wants(k.photo(platform.Reading{WatermarkText: "仅供内部使用"}), "用于上上签实名认证")
	k.wants(k.photo(platform.Reading{WatermarkText: "用于上上签实名认证"}), "给客服审核")
}

func TestR12_35_StaleLetter(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.asksBy("A-1202", "C-12-1", "公章管理员")
	k.wants(k.text(), "当次申请当次下载")
	k.photo(platform.Reading{})
	// The main administrator changes, whose account is on the letter.
	rival := w.talk("A-1802")
	rival.start("appeal", "company", "虚构茶山商贸有限公司")
	rival.say("确认")
	rival.all(w.code(demo.Mobile("A-1802")), "都没变", "刷脸", "同意", "完成了")
	rival.ended("passed")
	k.says("提交", "授权书内容已变化", "已按最新信息生成", "请上传盖好公章的授权书")
	k.photo(platform.Reading{})
	k.says("提交", "授权书已提交")
}

func TestR12_39_TransferToTheCompany(t *testing.T) {
	t.Parallel()
	k := newTown(t).asksBy("A-1202", "C-12-1", "财务")
	k.wants(k.text(), "「虚构茶山商贸有限公司」的对公账户打一笔少于0.99元的款", "户名固定")
	k.all("中国银行", "浙江", "杭州", "高新支行")
	k.says("9900 0000 0000 0037", "户名：虚构茶山商贸有限公司", "账号：9900000000000037")
	k.says("确认提交", "1-2个工作日到账", "【汇款金额】", "企业打款认证款项，请在 上上签 页面回填金额")
	k.says("0.37", "还可以再试2次")
	k.says("３毛８", "企业打款认证通过", "申请已通过")
	k.requestIs(platform.RequestApproved)
}

// TestR12_39_ThreeWrongSums: afterwards another transfer, or another way.
func TestR12_39_ThreeWrongSums(t *testing.T) {
	t.Parallel()
	k := newTown(t).asksBy("A-1202", "C-12-1", "财务")
	k.bank("9900000000000037")
	k.all("0.01", "0.02")
	k.says("0.03", "这笔打款已作废", "【我自己继续办理】", "【换一种方式】")
	k.later(time.Minute)
	k.says("我自己继续办理", "开户银行")
	k.bank("9900000000000037")
	k.says("0.38", "申请已通过")
}

func TestR12_40_TransferFailsReverse(t *testing.T) {
	t.Parallel()
	k := newTown(t).asksBy("A-1202", "C-12-1", "财务")
	k.bank("9900000000000098")
	k.says("查一查打款进度", "打款被退回，原因：账号与户名不符", "【更换对公账户】【切换为企业反向打款方式】")
	k.says("0.01", "打款被退回", "还没有款项到账")
	k.says("切换为企业反向打款方式", "虚构茶山商贸有限公司的对公账户", "【我知情并同意】")
}

func TestR12_41_ReverseFromTheCompany(t *testing.T) {
	t.Parallel()
	k := newTown(t).asksBy("A-1202", "C-12-1", "财务")
	k.says("反向打款", "虚构茶山商贸有限公司的对公账户向平台指定账户汇入0.01元", "【我知情并同意】")
	k.says("我知情并同意", payee, "304331040230", "不能早于2022年5月26日")
	k.says("不同意", "没有同意就不能用这种方式", "【向公司财务申请】")
	k.all("财务", "我现在操作", "切换为企业反向打款方式", "我知情并同意")
	k.says("知情并同意", "付款方：虚构茶山商贸有限公司的对公账户", "金额：0.01元")
	k.says("确认提交", "到账后自动完成", "【查询进度】")
}

func TestR12_42_ReverseIsCheckedOnArrival(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.asksBy("A-1202", "C-12-1", "财务")
	k.all("反向打款", "我知情并同意", "我知情并同意", "确认")
	k.wants(k.text(), "约1小时")
	k.says("查询进度", "还没有收到汇款")
	w.arrives("虚构茶山商贸有限公司", func(p *platform.IncomingPayment) { p.Amount = 2 })
	k.says("查询进度", "金额须为0.01元", "款项不退", "【重新汇款】")
	w.later(time.Hour)
	k.all("重新汇款", "我知情并同意", "我知情并同意", "确认")
	w.arrives("虚构茶山商贸有限公司", nil)
	k.says("查询进度", "申请已通过")
	k.requestIs(platform.RequestApproved)
}

func TestR12_45_NotifyTheOtherParty(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.asks("A-1202", "C-12-1")
	k.all("其他方式", "财务")
	k.says("我现在操作", "向公司财务申请")
	k.says("确认", "【短信/邮件通知财务帮您验证】")
	k.says("短信/邮件通知财务帮您验证", "请输入财务的手机号或邮箱", "【换一种方式】")
	k.says("123", "手机号是11位数字")
	k.says(demo.Mobile("A-1202"), "不能是您自己的账号", "请输入财务的手机号或邮箱")
	k.says("财务的手机是14000001291", "将发给财务 140****1291",
		"“【上上签】李示二（账号：140****1202）申请查看并签署企业合同，请点击 https://ent.bestsign.info/s/…?type=2 进行审批。”", "“提交”")
	k.says("上一步", "请输入财务的手机号或邮箱")
	k.say("caiwu@demo.example")
	k.says("提交", "已通知财务 cai", "等待对方处理", "【重新发送（提醒财务）】", "【换一种方式】")
	if text := k.lastTo("caiwu@demo.example"); !strings.Contains(text, "申请查看并签署企业合同") {
		t.Errorf("finance is told %q", text)
	}
	k.says("换一种方式", "【向公司法定代表人申请】")
	k.says("法人", "【短信/邮件通知】")
	k.says("短信通知", "请输入法定代表人的手机号或邮箱")
}

// TestR12_45_AloneFindsTheCase: the wish to notify somebody finds what is under
// way.
func TestR12_45_AloneFindsTheCase(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.talk("A-1202")
	k.wants(k.start("notify", "role", "Finance"), "没有需要别人协助的申请")
	k.ended("nothing")
	w.asksBy("A-1202", "C-12-1", "法人")
	k.wants(k.start("notify", "role", "Finance", "recipient", "14000001291"), "将发给财务 140****1291")
	k.says("提交", "已通知财务 140****1291", "等待对方处理")
	k.says("返回列表页", "每完成一步")
	k.ended("waiting")
	w.later(time.Second)
	k.wants(k.start("notify", "role", "Finance"), "【重新发送给140****1291】")
	k.says("重新发送", "等待财务 140****1291 处理")
	fin := w.bearing("14000001291")
	fin.start("link")
	fin.bank("9900000000000037")
	fin.says("0.38", "已完成授权")
	k.says("查看进度", "对方已办理完成", "【打开签署链接】")
	k.ended("passed")
}

// TestR12_3_AllConversationsSeeTheSame: a case has one progress, whoever looks.
func TestR12_3_AllConversationsSeeTheSame(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	one := w.notifies("A-1202", "C-12-1", "财务", "14000001291")
	id := string(w.requestIs(platform.RequestPending).ID)
	two := w.talk("A-1202").onPhone()
	two.wants(two.start("permission", "contract", "C-12-1"), "正在办理中，不用重复提交", "等待财务 140****1291 处理")
	if len(two.effects.Watch) != 1 || two.effects.Watch[0] != id {
		t.Errorf("the second conversation watches %v, want %s", two.effects.Watch, id)
	}
	fin := w.bearing("14000001291")
	fin.start("link")
	fin.bank("9900000000000099")
	if p := fin.effects.Progress; len(p) != 1 || p[0].Case != id || !strings.Contains(p[0].Text, "对公账户信息已提交") {
		t.Errorf("told of the transfer: %v", p)
	}
	// The bank is waited for: nobody is to be reminded.
	for _, k := range []*talk{one, two} {
		k.says("查看进度", "打款已申请，预计5月30日", "!重新发送")
	}
	w.later(5 * 24 * time.Hour)
	for _, k := range []*talk{one, two} {
		k.says("查看进度", "等待财务 140****1291 处理", "【重新发送（提醒财务）】")
	}
	fin.says("0.02", "已完成授权")
	for _, k := range []*talk{one, two} {
		k.says("查看进度", "申请已通过")
	}
}

// TestR12_3_OnlyTheOneWhoBlocksIsReminded: the reminder goes to whoever is waited for,
// with a new link, a few times a day.
func TestR12_3_OnlyTheOneWhoBlocksIsReminded(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.notifies("A-1202", "C-12-1", "法人", demo.LegalRepMobile("12"))
	k.all("换一种方式", "财务", "短信/邮件通知", "14000001291", "提交")
	legalRep := w.lastTo(demo.LegalRepMobile("12"))
	old := w.bearing("14000001291")
	w.later(time.Second)
	k.says("催一下", "已重新发送给财务 140****1291，之前的链接已失效")
	if p := k.effects.Progress; len(p) != 1 || !strings.Contains(p[0].Text, "已重新发送给财务") {
		t.Errorf("the others are told %v", p)
	}
	if got := w.lastTo(demo.LegalRepMobile("12")); got != legalRep {
		t.Errorf("the legal representative was reminded: %s", got)
	}
	old.wants(old.start("link"), "这个链接已经失效，请使用最新收到的链接")
	k.says("提醒对方", "已重新发送")
	k.says("重新发送", "今天发送的次数已达上限", "【返回列表页】")
	k.says("撤销申请", "将撤销您对「虚构茶山商贸有限公司」的这次申请")
	k.says("确认", "申请已撤销")
	k.ended("withdrawn")
	fin := w.bearing("14000001291")
	fin.wants(fin.start("link"), "这个链接已经失效")
}

// TestR12_3_ExpiresAfterAWeek: the request is over, another may be made.
func TestR12_3_ExpiresAfterAWeek(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.asks("A-1202", "C-12-1")
	k.all("主管理员", "确认")
	w.later(8 * 24 * time.Hour)
	if _, err := w.p.Sweep(context.Background(), 100); err != nil {
		t.Fatal(err)
	}
	k.says("查看进度", "这次申请已经结束（已过期）", "【重新申请】")
	k.ended("closed")
	k.picks("重新申请", "【继续申请】")
}
