package flows_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
)

// reading is what stands on the licence of E-nn.
func reading(nn, registration, name string) platform.Reading {
	return platform.Reading{Name: name, Registration: registration, LegalRepName: "法示" + nn}
}

var (
	licence06 = reading("06", "91000000DEMA00006J", "虚构云帆科技有限公司")
	licence10 = reading("10", "91000000DEMA000101", "虚构远山智造有限公司")
)

// certifying brings A-0601 to the licence of a company that its legal
// representative certifies.
func certifying(w *town) *talk {
	w.Helper()
	k := w.talk("A-0601")
	k.start("certify")
	k.all("企业营业执照", "一位", "法人身份证", "开始认证")
	return k
}

// materials sends the licence and the rest until the method is asked.
func (k *talk) materials(r platform.Reading, idNumber string) {
	k.Helper()
	k.photo(r)
	k.say("确认无误")
	k.photo(platform.Reading{})
	k.photo(platform.Reading{})
	k.all(idNumber, "同意", "确认")
}

// changingCompany brings A-1001 to the licence of a change of E-10.
func changingCompany(w *town) *talk {
	w.Helper()
	k := w.talk("A-1001")
	k.start("company_change")
	k.all("名称", "确认", "我是法人")
	return k
}

func TestR01_3_LogInWithTheAccountNamedAndDelete(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-0101").onPhone()
	k.start("delete_pending")
	k.says("虚构青禾贸易有限公司", "已由账号 140****0101 提交实名认证申请")
	k.says("我能登录A账号", "用 140****0101 登录 www.bestsign.cn", "删除该企业")
	k.ended(actions.ContinueOnPC)
}

func TestR01_5_OnlyAnEnterpriseBeingCertified(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.talk("A-0101").onPhone()
	k.start("delete_pending")
	k.says("虚构晨光食品有限公司", "已经认证完成，不能删除")
	k.say("虚构青禾贸易有限公司")
	k.says("能", "右上角“∇”切换到认证中的企业")
}

func TestR01_9_CallFromTheAccountsPhone(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-0102")
	k.start("delete_pending")
	k.say("91000000DEMA000013")
	k.says("我不能登录", "用页面提示的这个手机号（140****0101）拨打客服热线 400-993-6665", "核实账号本人意愿", "现在在服务时间内")
}

// noName brings the talk to the advice for a licence without a name.
func noName(k *talk) string {
	k.start("certify")
	k.all("个体户", "没有")
	return k.say("一位")
}

func TestR02_3_SpecialChannelOnPC(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-0201")
	k.wants(noName(k), "特殊通道", "我没有企业名称 ? 点击使用特殊通道")
}

func TestR02_4_NoNameOnThePhone(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-0201").onPhone()
	k.wants(noName(k), "手机端点「我没有企业名称」")
}

func TestR02_6_CheckBeforeSubmitting(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := certifying(w)
	k.photo(licence06)
	k.say("确认无误")
	k.photo(platform.Reading{})
	k.photo(platform.Reading{})
	k.say(demo.LegalRepID("06"))
	k.says("同意", "请核对身份证和企业信息", "虚构云帆科技有限公司", "91000000DEMA00006J", "法示06", "【确认】")
	if len(view(w, func(t *platform.Tx) []*platform.Certification { return t.CertificationsOf("A-0601") })) != 1 ||
		view(w, func(t *platform.Tx) *platform.Enterprise { return t.EnterpriseByRegistration("91000000DEMA00006J") }) != nil {
		t.Error("submitted before it was confirmed")
	}
	k.says("确认", "基本信息已提交")
}

func TestR02_12_RecognisedAndCorrected(t *testing.T) {
	t.Parallel()
	k := certifying(newTown(t))
	wrong := licence06
	wrong.Name = "虚构云航科技有限公司"
	k.wants(k.photo(wrong), "请核对识别结果", "企业名称：虚构云航科技有限公司", "【确认无误】【修改】")
	k.say("修改")
	k.say("企业名称")
	k.says("虚构云帆科技有限公司", "企业名称：虚构云帆科技有限公司")
}

func TestR02_14_PageOfTheNoNameChannel(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.talk("A-0201")
	k.wants(noName(k), "您正作为个体工商户提交企业认证, 您的营业执照上无企业名称")
	k.say("开始认证")
	k.photo(platform.Reading{Registration: "92000000DEMA000023", LegalRepName: "米示二"})
	k.say("确认无误")
	k.photo(platform.Reading{})
	k.photo(platform.Reading{})
	k.says(demo.LegalRepID("02"), "我接受上上签电话回访")
	k.say("接受电话回访")
	k.say("确认")
	v := view(w, func(t *platform.Tx) *platform.Certification { return t.CertificationsOf("A-0201")[0] })
	if !v.Callback || v.Status != platform.CertMaterials {
		t.Errorf("certification %+v", v)
	}
}

func TestR03_3_OtherDocumentsByTheAccountManager(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-0301")
	k.start("certify")
	k.says("没有营业执照", "社会团体法人登记证书", "民办非企业单位登记证书", "事业单位法人证书", "社会服务机构登记证书", "其他")
	k.says("其他", "上上签对接人确认")
	k.ended("manager")
}

func TestR04_4_EditedByHandIsReviewed(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := certifying(w)
	wrong := licence06
	wrong.Name = "虚构云航科技有限公司"
	k.wants(k.photo(wrong), "手动修改过的，会由客服在1个工作日内审核")
	k.all("修改", "企业名称", "虚构云帆科技有限公司", "确认无误")
	k.photo(platform.Reading{})
	k.photo(platform.Reading{})
	k.all(demo.LegalRepID("06"), "同意", "确认", "刷脸", "同意")
	k.says("完成了", "客服将在一个工作日内完成审核", "【查审核进度】")
	k.ended("review")
}

// soleTrader brings A-0501 to the method of a sole trader's certification.
func soleTrader(w *town) *talk {
	w.Helper()
	k := w.talk("A-0501")
	k.start("certify")
	k.all("个体工商户", "有名称", "一位", "法人身份证", "开始")
	k.materials(platform.Reading{Name: "虚构老街面馆", Registration: "92000000DEMA00005C", LegalRepName: "石示五"}, demo.LegalRepID("05"))
	return k
}

func TestR05_1_NoCorporateAccount(t *testing.T) {
	t.Parallel()
	k := soleTrader(newTown(t))
	k.wants(k.text(), "【没有对公账户】")
	k.says("没有对公账户", "0.01元", "我知情并同意")
}

// companyPays asks for a private payment of a company.
func companyPays(w *town) *talk {
	k := certifying(w)
	k.materials(licence06, demo.LegalRepID("06"))
	k.wants(k.text(), "!没有对公账户")
	k.all("取消", "是")
	k.wants(k.start("private_payment"), "只有营业执照类型为个体工商户的才有私户打款")
	return k
}

func TestR06_2_OptionMissingForASoleTrader(t *testing.T) {
	t.Parallel()
	companyPays(newTown(t)).says("是个体工商户", "400-993-6665")
}

func TestR06_4_CompaniesChooseAnotherMethod(t *testing.T) {
	t.Parallel()
	companyPays(newTown(t)).says("是企业", "换其他认证方式", "【去认证】")
}

func TestR07_8_WaitingInsteadOfASecondSubmission(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-0701")
	k.wants(k.start("review_status"), "认证中：客服将在一个工作日内完成审核，请耐心等待", "不用重复提交")
	k.start("certify")
	k.all("1", "1", "1")
	k.says("开始", "【看「虚构白桦文具有限公司」审核得怎样了】", "【认证另一家企业】")
	k.says("1", "客服正在审核", "无需重复提交")
}

func TestR08_2_CheckTheNameInThePrompt(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-0801")
	k.wants(k.start("contract_status", "contract", "C-08-1"), "回到签署提示的页面", "「虚构新名商贸有限公司」")
}

func TestR08_3_SenderWithdrawsAndSendsAgain(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-0801")
	k.start("contract_status", "contract", "C-08-1")
	k.says("名称有误", "发件方撤回后重新发起")
}

func TestR08_4_RenamedGoesOnWithTheChange(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-0801")
	k.start("contract_status", "contract", "C-08-1")
	k.says("名称正确", "改过名吗")
	k.says("改过", "【办理企业信息变更】")
	k.ended("changeName")
}

func TestR09_2_CompareWithTheLicence(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-0901")
	k.wants(k.start("contract_status", "contract", "C-09-1"), "未认证", "「虚构伏苓示例有限公司」", "对照营业执照核对")
}

func TestR09_3_WrongNameIsTheSendersToMend(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-0901")
	k.start("contract_status", "contract", "C-09-1")
	k.says("写错了", "可以把下面这段话发给发件方", "「虚构伏苓示例有限公司」，与营业执照「虚构茯苓示例有限公司」不一致，请撤回后用正确的名称重新发起")
}

func TestR09_4_RightNameCallsTheHotline(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-0901")
	k.start("contract_status", "contract", "C-09-1")
	k.say("名称正确")
	k.says("没改过", "400-993-6665")
}

func TestR10_1_WhenToChange(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1001")
	k.wants(k.start("company_change"), "名称、法定代表人变更或营业期限续期时办理", "【企业名称】【法定代表人】【营业期限】")
}

func TestR10_7_EnterAgainAfterLeaving(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := changingCompany(w)
	k.photo(licence10)
	k.all("取消", "是")
	w.later(24 * time.Hour)
	k.start("company_change")
	k.says("我是法人", "我们接着办", "请核对识别结果", "企业名称：虚构远山智造有限公司")
}

func TestR10_9_GroupsNeedSupport(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-9101")
	k.wants(k.start("company_change"), "集团架构", "主管理员联系客服")
	k.ended("group")
}

func TestR10_10_SeveralBusinessLines(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-9201")
	k.wants(k.start("company_change"), "告诉上上签对接人，或由主业务线的管理员联系客服")
	k.ended("group")
}

func TestR10_12_TwoStages(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.talk("A-1001")
	k.start("company_change")
	k.says("名称", "重新认证（新营业执照+个人证件），再更新印章")
	k.all("确认", "我是法人")
	k.materials(licence10, demo.LegalRepID("10"))
	k.all("刷脸", "同意")
	k.says("完成了", "最后一步：更新印章图案", "【更新印章图案】")
	k.ended("passed")
}

func TestR10_15_WhoTheyAre(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1001")
	k.start("company_change")
	k.say("法人")
	k.says("确认", "【我是法定代表人】【我不是法定代表人，我是企业经办人】")
	k.say("经办人")
	k.photo(licence10)
	k.says("确认无误", "经办人身份证")
}

func TestR10_17_AnyOfFourMethods(t *testing.T) {
	t.Parallel()
	k := changingCompany(newTown(t))
	k.materials(licence10, demo.LegalRepID("10"))
	k.wants(k.text(), "任选一种通过即可", "【法定代表人手机号认证】【法定代表人刷脸认证】【授权书认证】【企业打款认证】", "!没有对公账户")
}

func TestR10_20_DeadlineAndStages(t *testing.T) {
	t.Parallel()
	k := changingCompany(newTown(t))
	k.materials(licence10, demo.LegalRepID("10"))
	k.wants(k.text(), "请在2022-06-02 09:00前完成所有材料提交，否则基本信息将失效。", "提交基本信息 → 提交认证材料（现在）→ 认证完成")
}

func TestR10_22_PhoneForm(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := changingCompany(w)
	k.materials(licence10, demo.LegalRepID("10"))
	k.say("手机号")
	k.says("同意", "法定代表人：法示10", "990*****107", "手机号")
	k.says(demo.LegalRepMobile("10"), "验证码已发送", "【重新获取】")
	k.says(w.code(demo.LegalRepMobile("10")), "认证通过")
}

func TestR10_23_UpdateOfTheSeal(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1001")
	k.wants(k.start("seal_update"), "【印章列表】点【编辑】，选【重新上传】或【重新生成电子章】后【保存】", "【重新上传】【重新生成电子章】")
	k.says("重新生成", "将修改", "由系统按企业名称重新生成")
	k.says("保存", "修改成功")
}

func TestR11_25_HandoverInTheConsole(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	phone := w.talk("A-1801").onPhone()
	phone.wants(phone.start("handover"), "【企业控制台】→【成员管理】", "【一键转交】", "【确定】")
	k := w.talk("A-1801")
	k.wants(k.start("handover"), "要转交谁名下的业务", "【梧示二（140****1802）】")
	k.all("梧示二", "全部")
	k.says("梧示管", "将把梧示二名下的业务转交给梧示管", "模板 0 个、合同 0 份、印章 0 个")
	k.says("确认", "已转交给梧示管", "停用或删除")
}

func TestR14_2_FirstAdvice(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1402")
	k.wants(k.start("setup_seal"), "先问发件方能不能重发到有权限的手机号/邮箱", "竹示管（140****1401）")
}

func TestR15_2_MiniProgramForContracts(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1501")
	k.wants(k.start("contract_status", "contract", "C-15-1"), "小程序“上上签查合同”", "已签署")
}

func TestR16_1_WayOneWithoutDemands(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.talk("A-1601")
	k.wants(k.start("setup_seal"), "方式一：使用系统默认样式", "没有特殊要求时选它")
	k.all("1", "确认")
	if s := view(w, func(t *platform.Tx) []*platform.Seal { return t.Seals("E-16") }); len(s) != 1 || s[0].Name != "电子公章" || s[0].Source != platform.SystemSeal {
		t.Errorf("seals %v", s)
	}
}

func TestR16_2_WayTwoShowsThePhysicalSeal(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.talk("A-1601")
	k.wants(k.start("setup_seal"), "方式二：上传图片生成企业印章", "展示实体印章的样式")
	k.say("方式二")
	k.photo(platform.Reading{SealFound: true})
	k.all("麦田合同章", "确认")
	if s := view(w, func(t *platform.Tx) []*platform.Seal { return t.Seals("E-16") }); len(s) != 1 || s[0].Name != "麦田合同章" || s[0].ImageFileID == "" {
		t.Errorf("seals %v", s)
	}
}

func TestR16_3_PreparationOfWayTwo(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1601")
	k.wants(k.start("setup_seal"), "先在白纸上盖好红色公章，拍照或扫描")
}

func TestR17_5_LoginOfTheMiniProgram(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1701").onPhone()
	k.wants(k.start("seal_update"), "勾选「我已阅读并同意」→【已有账号/手机号登录】")
}

func TestR17_6_FindTheSeal(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1701").onPhone()
	k.wants(k.start("seal_update"), "核对企业名称，找到印章点【查看】")
}

func TestR17_8_FromTheAlbumOrTheCamera(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.talk("A-1701").onPhone()
	k.wants(k.start("seal_update"), "【更改印章图片】→【从手机相册选择】或【拍照】")
	k.says("拍照", "对着盖了章的白纸拍")
	k.photo(platform.Reading{SealFound: true})
	k.says("保存", "修改成功")
}

func TestR18_1_CodesDecideTheWay(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.talk("A-1801")
	k.wants(k.start("admin"), "【原管理员能接收验证码】【原管理员不能接收验证码】")
	k.says("能", "请选择新的主管理员")
	k = w.talk("A-1804")
	k.start("admin")
	k.says("收不到", "申诉", "【发起申诉】")
	k.ended("appeal")
}

func TestR18_3_AddMember(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.talk("A-1801").onPhone()
	k.start("admin")
	k.says("能接收", "【成员管理】→【添加新成员】填写账号、姓名、角色并【保存】")
	k = w.talk("A-1801")
	k.start("admin")
	k.all("能接收", "添加新成员", "140 0000 0102")
	k.says("梧示五", "140****0102", "员工")
	k.says("确认", "已添加成员 梧示五", "验证码已发送")
	if !slices.ContainsFunc(view(w, func(t *platform.Tx) []*platform.Member { return t.Members("E-18") }), func(m *platform.Member) bool { return m.Name == "梧示五" }) {
		t.Error("no such member")
	}
}

func TestR18_6_CodeOfTheFormerAdministrator(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	phone := w.talk("A-1801").onPhone()
	phone.start("admin")
	phone.says("能", "【企业设置】下拉点【更换管理员】→【获取验证码】→ 填写后【下一步】")
	k := w.talk("A-1801")
	k.start("admin")
	k.say("能")
	k.says("梧示二", "请输入您的账号 140****1801 收到的6位验证码")
	k.says("12", "6位数字")
	k.says(w.code(demo.Mobile("A-1801")), "原管理员身份已确认", "建议转交")
}

func TestR18_11_WayOfTheNewAdministrator(t *testing.T) {
	t.Parallel()
	k := newTown(t).talk("A-1804")
	k.start("admin")
	k.wants(k.say("不能"), "由新管理员用自己的账号办理", "注册", "申诉", "业务交接")
	if strings.Index(k.text(), "注册") > strings.Index(k.text(), "业务交接") {
		t.Error("in another order")
	}
}

func TestR18_12_Registration(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.talk("")
	k.start("appeal")
	k.says("我还没有账号", "www.bestsign.cn →【登录】→【马上注册】", "【注册】→【暂不实名，立即体验】")
	k = w.talk("A-1804")
	k.start("admin")
	k.says("不能", "www.bestsign.cn →【登录】→【马上注册】→ 填写后【注册】→【暂不实名，立即体验】")
}

func TestR18_17_AppealInTheUserCentre(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.talk("A-1804")
	k.start("admin")
	k.says("不能", "【用户中心】→ 右上角【账号申诉】", "6位验证码")
	k.start("appeal", "company", "虚构梧桐物业有限公司")
	k.says("确认", "验证码已发送到 140****1804")
	k.says(w.code(demo.Mobile("A-1804")), "身份校验通过")
}

// at sets the town's clock to a time in Shanghai.
func (w *town) at(text string) *talk {
	w.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, time.FixedZone("CST", 8*60*60))
	if err != nil {
		w.Fatal(err)
	}
	w.now = at.UTC()
	return w.talk("")
}

func TestR19_3_WorkingDays(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for at, open := range map[string]bool{"2022-05-26 08:59": false, "2022-05-26 09:00": true, "2022-05-26 20:59": true, "2022-05-26 21:00": false, "2022-10-08 20:00": true} {
		k := w.at(at)
		text := k.start("contact")
		k.wants(text, "工作日 9:00-21:00", "400-993-6665")
		if got := strings.Contains(text, "现在在服务时间内"); got != open {
			t.Errorf("at %s open %v: %s", at, got, text)
		}
	}
}

func TestR19_4_Holidays(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for at, open := range map[string]bool{"2022-06-04 17:59": true, "2022-06-04 18:00": false, "2022-06-03 10:00": true} {
		k := w.at(at)
		text := k.start("contact")
		k.wants(text, "节假日（含周末）9:00-18:00")
		if got := strings.Contains(text, "现在在服务时间内"); got != open {
			t.Errorf("at %s open %v: %s", at, got, text)
		}
	}
}

func TestR19_5_OtherwiseOnlyMajorIncidents(t *testing.T) {
	t.Parallel()
	k := newTown(t).at("2022-05-26 22:00")
	k.wants(k.start("contact"), "其余时间只处理紧急的重大问题", "现在不在服务时间，5月27日 09:00开始服务")
	k.say("留言")
	k.says("合同打不开，公司是虚构晨光食品有限公司", "将留言给客服")
	k.says("确认", "留言已提交")
	k.ended("left")
}

// TestEveryFlowRuleHasATest: each rule that flows observe (testdata/rules.txt) is
// in the name of a test, here or, where the platform enforces it, there.
func TestEveryFlowRuleHasATest(t *testing.T) {
	list, err := os.ReadFile("testdata/rules.txt")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	for _, dir := range []string{".", "../platform"} {
		files, err := filepath.Glob(dir + "/*_test.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			tests.Write(raw)
		}
	}
	rules := strings.Fields(string(list))
	for _, rule := range rules {
		if !strings.Contains(tests.String(), "func Test"+strings.Replace(rule, ".", "_", 1)+"_") {
			t.Errorf("no test is named after %s", rule)
		}
	}
	if len(rules) != 139 {
		t.Errorf("%d rules, want 139", len(rules))
	}
}
