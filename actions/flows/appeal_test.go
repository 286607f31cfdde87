package flows_test

import (
	"encoding/json"
	"testing"

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
