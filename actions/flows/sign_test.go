package flows_test

import (
	"testing"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
)

func TestR12_51_ReadConfirmCodeSigned(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.talk("A-1302")
	link := "https://ent.bestsign.info/s/" + string(view(w, func(t *platform.Tx) platform.LinkCode { return t.Contract("C-12-1").SigningLinkCode }))
	k.wants(k.start("sign"), "签署链接或合同编号")
	k.says("C-12-1", "没有找到这份合同")
	k.says(link, "打开合同《经销合同》时提示：无权限", "【申请权限】【发起申诉】")
	k.ended("other")

	k = w.talk("A-1201")
	k.start("sign")
	k.says("链接是 "+link+" 帮我签", "【电子公章】【合同专用章】")
	k.says("合同专用章", "《经销合同》，虚构甲方集团有限公司发来", link, "【确认签署】")
	k.says("先不签", "没有签署")
	k.ended("later")
	k.start("sign", "contract", "C-12-1")
	k.all("合同专用章")
	k.says("确认签署", "签署校验", "140****1201", "6位验证码")
	k.says("12", "验证码是6位数字")
	k.says("000000", "还可以再试4次")
	w.later(time.Minute)
	k.says("没收到验证码", "验证码已重新发送")
	k.says("验证码"+w.code(demo.Mobile("A-1201")), "《经销合同》签署成功", "合同完成", "上上签查合同")
	k.ended("signed")
	c := view(w, func(t *platform.Tx) *platform.Contract { return t.Contract("C-12-1") })
	if p := c.Parties[0]; c.Status != platform.ContractCompleted || p.SealID != "S-12-2" || p.SignedBy != "M-1201" {
		t.Errorf("contract %+v", c)
	}
	k.wants(k.start("sign", "contract", "C-12-1"), "合同完成状态-当前用户不允许签署操作", "微信小程序“上上签查合同”")
	k.ended("done")
}

// TestR12_51_FirstOpeningIsTheFirstView: whoever signs has viewed.
func TestR12_51_FirstOpeningIsTheFirstView(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.talk("A-1201")
	k.start("sign", "contract", "C-12-2")
	c := view(w, func(t *platform.Tx) *platform.Contract { return t.Contract("C-12-2") })
	if c.Parties[0].FirstViewedBy != "M-1201" {
		t.Errorf("first viewed by %q", c.Parties[0].FirstViewedBy)
	}
}

// TestR12_51_OtherScreens lead to what helps there.
func TestR12_51_OtherScreens(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ account, contract, screen, button string }{
		{"A-1202", "C-12-1", "未加入企业", "【申请权限】"},
		{"A-1302", "C-13-1", "无签署权限，需要申请", "【申请权限】"},
		{"A-1402", "C-14-1", "目前没有可使用的印章", "【设置印章】"},
		{"A-1601", "C-16-1", "设置企业印章", "【设置印章】"},
		{"A-0901", "C-09-1", "未认证", "【查合同】"},
	} {
		k := newTown(t).talk(row.account)
		k.wants(k.start("sign", "contract", row.contract), row.screen, row.button)
		k.ended("other")
	}
	k := newTown(t).talk("A-1302")
	k.start("sign", "contract", "C-13-1")
	k.picks("申请权限", "【请发件方重发】【继续申请】")
}

// TestR12_51_WithdrawnMeanwhile: nothing is signed any more.
func TestR12_51_WithdrawnMeanwhile(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	k := w.talk("A-1101")
	k.start("sign", "contract", "C-11-1")
	k.say("确认签署")
	w.does(platform.Actor{Account: "A-9001"}, func(t *platform.Tx) error { return t.WithdrawContract("C-11-1") })
	k.says(w.code(demo.Mobile("A-1101")), "合同已结束，不能再操作")
	k.ended("other")
}
