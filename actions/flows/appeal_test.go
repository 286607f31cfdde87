package flows_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
)

func roundTrip(t *testing.T, st actions.State) (out actions.State) {
	t.Helper()
	raw, err := json.Marshal(st)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (w *town) admin(enterprise platform.EnterpriseID) platform.AccountID {
	return view(w, func(t *platform.Tx) platform.AccountID { return t.MainAdmin(enterprise).AccountID })
}

// appeals brings an appeal to the choice of a method, or to its end.
func (w *town) appeals(account, company, what string) *talk {
	w.Helper()
	k := w.talk(account)
	k.start("appeal", "company", company)
	k.say("好的")
	k.all(w.code(demo.Mobile(account)), what)
	return k
}

// TestR11_5_AppealUnchanged: neither changed, any of three methods.
func TestR11_5_AppealUnchanged(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1102")
	k.wants(k.start("appeal", "contract", "C-11-1"), "发件方可以重发吗", "【没有，继续申诉】")
	k.says("2", "请输入要申诉的企业全称")
	k.says("虚构晨光有限公司", "核对与营业执照一致的企业名称")
	k.says("我们公司是虚构晨光食品有限公司", "申诉成为「虚构晨光食品有限公司」的主管理员", "140****1102")
	k.says("好的", "验证码已发送")
	k.says(k.code(demo.Mobile("A-1102")), "身份校验通过", "有没有变更过")
	k.says("都没变", "【法定代表人手机号认证】【法定代表人刷脸认证】【企业打款认证】")
	k.says("企业打款认证", "开户银行")
	k.says("中国银行", "哪个省")
	k.says("浙江省", "哪个市")
	k.says("杭州市", "支行")
	k.says("高新支行", "对公银行账号")
	k.says("9900 0000 0000 0037", "户名：虚构晨光食品有限公司")
	k.says("确认", "打款申请已提交")
	k.says("查一查打款进度", "款项已打出")
	k.says("1.00", "0.99")
	k.says("0.39", "还可以再试2次")
	k.says("三角八分", "申诉成功", "【继续签署】")
	k.ended("passed")
	if got := k.admin("E-11"); got != "A-1102" {
		t.Errorf("main administrator is %s", got)
	}
}

func TestR11_1_SenderResendsFirst(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1102")
	k.wants(k.start("appeal", "contract", "C-11-1"), "把合同重发给现在的管理员或有权限的同事", "【发件方可以重发】【没有，继续申诉】")
	k.says("可以重发", "请联系发件方重新发起合同")
	k.ended("senderResends")
	k.wants(k.start("appeal"), "请输入要申诉的企业全称") // without a contract there is no sender
}

func TestR11_2_OtherwiseAppeal(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1102")
	k.start("appeal", "contract", "C-11-1")
	k.says("没有，继续申诉", "请输入要申诉的企业全称")
	k.says("虚构晨光食品有限公司", "将为您申诉成为")
}

// TestR11_2_CompanyOfOwnContract: who received the contract need not type the
// company.
func TestR11_2_CompanyOfOwnContract(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1202")
	k.start("appeal", "contract", "C-12-1")
	k.says("继续申诉", "将为您申诉成为「虚构茶山商贸有限公司」的主管理员")
	k.says("上一步", "请输入要申诉的企业全称") // and may name another
	k.says("虚构晨光食品有限公司", "将为您申诉成为「虚构晨光食品有限公司」")
}

func TestR11_2_CompanyByItsNewName(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-2202")
	k.start("appeal")
	k.says("虚构朝露", "核对与营业执照一致的企业名称")
	k.says("虚构朝露健康食品有限公司", "认证的名称是「虚构朝露食品有限公司」", "申诉成为「虚构朝露食品有限公司」的主管理员")
}

func TestR11_2_TheAdminNeedsNoAppeal(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1101")
	k.wants(k.start("appeal", "company", "虚构晨光食品有限公司"), "您已经是「虚构晨光食品有限公司」的主管理员")
	k.ended("isAdmin")
}

func TestR11_3_EntryFromAContract(t *testing.T) {
	t.Parallel()
	k := newTown(t).asks("A-1202", "C-12-1")
	k.says("我是企业管理人员，我要申请成为主管理员", "将为您申诉成为「虚构茶山商贸有限公司」的主管理员", "申请人：李示二（140****1202）")
}

func TestR11_4_CodeToTheApplicant(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.talk("A-1102")
	k.wants(k.start("appeal", "company", "虚构晨光食品有限公司"), "会向您的账号发送验证码", "140****1102")
	k.says("确认", "验证码已发送到 140****1102", "6位验证码")
	k.says("一二三", "验证码是6位数字")
	k.says("000000", "验证码不正确，还可以再试4次")
	k.says("没收到", "秒后再获取")
	w.later(6 * time.Minute)
	k.says("111111", "验证码已失效，请重新获取")
	k.say("重新获取")
	k.says(w.code(demo.Mobile("A-1102")), "身份校验通过", "有没有变更过")
	k.says("上一步", "已经提交，不能撤回")
}

func TestR11_6_LegalRepChanged(t *testing.T) {
	t.Parallel()
	k := newTown(t).appeals("A-2102", "虚构晨曦食品有限公司", "换法人了")
	k.wants(k.text(), "【企业打款认证】", "!刷脸", "!手机号认证")
	k.says("刷脸", "从下面的选项中选择")
	k.says("企业打款", "户名固定")
}

func TestR11_7_NameChanged(t *testing.T) {
	t.Parallel()
	k := newTown(t).appeals("A-2202", "虚构朝露食品有限公司", "公司改名了")
	k.wants(k.text(), "【法定代表人手机号认证】【法定代表人刷脸认证】【", "!打款")
	k.all("刷脸", "同意")
	k.says("刷完了", "申诉成功", "【办理企业信息变更】")
}

// TestR11_7_TheRegistryCounts: what the applicant says is compared with it.
func TestR11_7_TheRegistryCounts(t *testing.T) {
	t.Parallel()
	k := newTown(t).appeals("A-2202", "虚构朝露食品有限公司", "都没变")
	k.wants(k.text(), "按工商登记的信息", "「企业名称变更」", "!企业打款认证")
}

func TestR11_8_BothChangedNeedsSupport(t *testing.T) {
	t.Parallel()
	k := newTown(t).appeals("A-2302", "虚构暮云食品有限公司", "两个都变了")
	k.wants(k.text(), "不能自助申诉", "400-993-6665")
	k.ended("support")
}

func TestR11_9_NoLetter(t *testing.T) {
	t.Parallel()
	k := newTown(t).appeals("A-1102", "虚构晨光食品有限公司", "没变过")
	k.wants(k.text(), "!授权书")
	k.says("授权书认证", "从下面的选项中选择")
}

// withoutID is a company whose certification carried no legal representative's
// ID card.
const withoutID = "虚构云帆科技有限公司"

// certifiedByAgent has E-06 certified with its agent's ID card.
func (w *town) certifiedByAgent() {
	w.Helper()
	by := platform.Actor{Account: "A-0601"}
	up := func(use platform.FileUse, r platform.Reading) platform.FileID {
		raw, err := demo.Picture(r)
		if err != nil {
			w.Fatal(err)
		}
		f, err := w.p.Upload(context.Background(), w.p.NewAct(by, platform.PC), use, raw)
		if err != nil {
			w.Fatal(err)
		}
		return f.ID
	}
	const registration = "91000000DEMA00006J"
	licence := up(platform.FileLicence, platform.Reading{Name: withoutID, Registration: registration, LegalRepName: "法示06"})
	front, back := up(platform.FileIDCard, platform.Reading{}), up(platform.FileIDCard, platform.Reading{})
	var id platform.CertificationID
	var transfer platform.TransferID
	w.does(by, func(t *platform.Tx) error {
		c, err := t.StartCertification(platform.NewCertification{Purpose: platform.ForNew, EntityType: platform.Company, LicenceDoc: platform.BusinessLicence, Licence: licence})
		if err == nil {
			id = c.ID
		}
		return err
	})
	w.does(by, func(t *platform.Tx) error {
		return t.SubmitBasicInfo(id, platform.BasicInfo{Name: withoutID, Registration: registration, LegalRepName: "法示06", PersonKind: platform.IsAgent,
			IDNumber: "990001199001010013", Privacy: true, IDFront: front, IDBack: back})
	})
	w.does(by, func(t *platform.Tx) (err error) {
		transfer, err = t.SubmitTransfer(platform.TransferForm{Subject: id.Subject(), Bank: "示例银行", Province: "浙江省", City: "杭州市", Branch: "示例支行", AccountNo: "9900000000000037"})
		return err
	})
	if _, err := w.p.PayOut(context.Background(), 10); err != nil {
		w.Fatal(err)
	}
	w.does(by, func(t *platform.Tx) error { return t.Backfill(transfer, "0.38") })
}

func TestR11_11_LegalRepIDFirstIfNone(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.certifiedByAgent()
	k := w.appeals("A-0101", withoutID, "都没变")
	k.say("刷脸")
	k.says("同意", "请输入法定代表人的身份证号")
	k.says(demo.LegalRepID("12"), "与法定代表人登记的信息不一致")
	k.says(demo.LegalRepID("06"), "扫描屏幕上的二维码")
	k.says("完成", "申诉成功")
	// Where it is on file it is not asked for.
	k = newTown(t).appeals("A-1102", "虚构晨光食品有限公司", "都没变")
	k.say("刷脸")
	k.says("同意", "二维码", "!身份证号")
}

func TestR11_12_ByPhone(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.appeals("A-1102", "虚构晨光食品有限公司", "都没变")
	k.say("手机号")
	k.says("同意", "须是用他本人身份证实名办理的号码")
	k.says(demo.Mobile("A-1102"), "不一致")
	k.says(demo.LegalRepMobile("11"), "验证码已发送到法定代表人手机 140****1190")
	k.says(w.code(demo.LegalRepMobile("11")), "法定代表人手机号认证通过", "申诉成功")
	if got := k.admin("E-11"); got != "A-1102" {
		t.Errorf("main administrator is %s", got)
	}
}

func TestR11_13_ByFace(t *testing.T) {
	t.Parallel()
	k := newTown(t).appeals("A-1102", "虚构晨光食品有限公司", "都没变")
	k.say("法人刷脸")
	k.says("同意", "扫描屏幕上的二维码", "登记了法定代表人身份证的支付宝", "任意微信", "!浏览器")
	k.says("完成了", "申诉成功")
}

func TestR11_14_AccountThenTransfer(t *testing.T) {
	t.Parallel()
	k := newTown(t).appeals("A-1102", "虚构晨光食品有限公司", "都没变")
	k.says("打款", "打一笔少于0.99元的款")
	k.all("中国银行", "浙江省", "杭州市", "高新支行")
	k.says("9900000000000037", "将向下面的对公账户打一笔少于0.99元的款", "（浙江省 杭州市）")
	k.says("确认提交", "打款申请已提交")
}

func TestR11_15_TransferFields(t *testing.T) {
	t.Parallel()
	k := newTown(t).appeals("A-1102", "虚构晨光食品有限公司", "都没变")
	k.says("打款", "户名固定为企业名称，不用填写", "请输入开户银行")
	k.says("中", "2到60个字")
	k.says("银行：中国银行", "哪个省")
	k.says("浙", "省份名称")
	k.says("浙江省", "哪个市")
	k.says("杭州市", "支行")
	k.says("高新支行", "对公银行账号")
	k.says("1234567", "8到32位数字")
	k.says("9900000000000037", "户名：虚构晨光食品有限公司", "银行：中国银行　高新支行", "账号：9900000000000037")
}

func TestR11_17_OneOrTwoWorkingDays(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.appeals("A-1102", "虚构晨光食品有限公司", "都没变")
	k.say("打款")
	k.bank("9900000000000099")
	k.wants(k.text(), "1-2个工作日到账", "还没到账可以先离开")
	// Left and back by the same way.
	w.later(4 * 24 * time.Hour)
	k = w.talk("A-1102")
	k.wants(k.start("appeal", "company", "虚构晨光食品有限公司"), "还在办理中，我们接着办")
	k.says("企业打款认证", "请在这里输入【汇款金额】")
	k.says("两分", "申诉成功")
}

func TestR11_19_TransferProgress(t *testing.T) {
	t.Parallel()
	k := newTown(t).appeals("A-1102", "虚构晨光食品有限公司", "都没变")
	k.say("打款")
	k.bank("9900000000000037")
	k.wants(k.text(), "【查一查打款进度】")
	k.says("到账了吗", "款项已打出，预计5月27日 09:00前到账", "还可以试3次")
}

func TestR11_20_PayerAccountInfo(t *testing.T) {
	t.Parallel()
	k := newTown(t).appeals("A-1102", "虚构晨光食品有限公司", "都没变")
	k.say("打款")
	k.bank("9900000000000037")
	k.says("获取打款账户信息", "原路退回", "户名：收款公司", payee)
}

func TestR11_21_RemarkOfTheTransfer(t *testing.T) {
	t.Parallel()
	k := newTown(t).appeals("A-1102", "虚构晨光食品有限公司", "都没变")
	k.say("打款")
	k.bank("9900000000000037")
	k.wants(k.text(), "附言「款项用于上上签平台企业实名认证和申请CA证书，请在上上签页面回填金额」")
}

func TestR11_22_GoOnSigning(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.talk("A-1102")
	k.start("appeal", "contract", "C-11-1", "company", "虚构晨光食品有限公司", "advice", "go")
	k.say("确认")
	k.all(w.code(demo.Mobile("A-1102")), "都没变", "刷脸", "同意")
	k.says("完成了", "申诉成功", "【继续签署】")
	k.picks("继续签署", "《经销合同》", "【确认签署】")
	w.later(time.Minute)
	k.say("确认签署")
	k.says(w.code(demo.Mobile("A-1102")), "签署成功")
}

func TestR11_23_ComeBackAndGoOn(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	again := func(want ...string) *talk {
		t.Helper()
		k := w.talk("A-1102")
		k.wants(k.start("appeal", "contract", "C-11-1", "company", "虚构晨光食品有限公司", "advice", "go"), append(want, "还在办理中")...)
		return k
	}
	k := w.talk("A-1102")
	k.start("appeal", "company", "虚构晨光食品有限公司")
	k.say("确认")
	k = again("6位验证码")
	k.say(w.code(demo.Mobile("A-1102")))
	k = again("有没有变更过")
	k.say("没变过")
	k = again("【法定代表人手机号认证】")
	k.all("短信通知", "法人", "14000001190", "提交")
	k = again("等待法定代表人 140****1190 处理", "【重新发送（提醒法定代表人）】")
	k.says("换一种方式", "【企业打款认证】")
	if n := len(view(w, func(t *platform.Tx) []*platform.Appeal { return t.Appeals("E-11") })); n != 1 {
		t.Errorf("there are %d appeals, want one", n)
	}
}

func TestR11_27_ConsentBeforeLegalRepMethods(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"手机号", "刷脸"} {
		k := newTown(t).appeals("A-1102", "虚构晨光食品有限公司", "都没变")
		k.says(method, "我同意上上签对我提交的个人信息保护方法《上上签如何保护您的个人信息》", "【同意】【不同意】")
		k.says("不同意", "没有同意就不能用这种方式", "【企业打款认证】")
	}
}

// TestR11_5_FailedAndAgain: three wrong sums fail the appeal; another attempt
// needs no other code.
func TestR11_5_FailedAndAgain(t *testing.T) {
	t.Parallel()
	k := newTown(t).appeals("A-1102", "虚构晨光食品有限公司", "都没变")
	k.say("打款")
	k.bank("9900000000000037")
	k.all("0.01", "0.02")
	k.says("0.03", "已作废", "【重新申诉】【先不办了】")
	k.says("重新申诉", "有没有变更过")
	k.all("没变", "刷脸", "同意")
	k.says("完成", "申诉成功")
}
