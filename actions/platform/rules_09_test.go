package platform_test

import (
	"testing"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
)

// address sends a contract to a company as its name is typed, for the attention
// of an account if one is given, and returns its id.
func address(w *world, sender, company, account string) string {
	w.Helper()
	p := platform.Party{EnterpriseName: company}
	if account != "" {
		p.RecipientLogin = demo.Mobile(account)
	}
	return sendTo(w, sender, p)
}

// sendTo sends a contract from the enterprise that the sender administers.
func sendTo(w *world, sender string, parties ...platform.Party) string {
	w.Helper()
	from := platform.EnterpriseID("E-" + sender[2:4])
	c := ok(w, w.as(sender), func(t *Tx) (*platform.Contract, error) {
		return t.SendContract(platform.ContractForm{Enterprise: from, Title: "示例合同", Parties: parties})
	})
	return string(c.ID)
}

func TestR09_5_PartyIsMatchedByExactName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, typed := range []string{"虚构伏苓示例有限公司", "虚构茯苓示例有限公司 ", " 虚构茯苓示例有限公司", "虚构茯苓 示例有限公司", "虚构茯苓示例有限责任公司", "茯苓示例", "*"} {
		w.wantScreen("A-0901", address(w, "A-9001", typed, "A-0901"), platform.ScreenNameNotCertified, "未认证")
	}
	w.wantScreen("A-0901", address(w, "A-9001", "虚构茯苓示例有限公司", "A-0901"), platform.ScreenSigningPage, "确认签署")
	// What a business line is called is no company's name.
	w.wantScreen("A-9201", address(w, "A-9001", "虚构甲方经销业务线", "A-9201"), platform.ScreenNameNotCertified, "未认证")

	// A name counts from its certification on, and no longer than that.
	id := address(w, "A-9001", form06.name, "A-0601")
	cert := w.mustCertify(form06)
	w.wantScreen("A-0601", id, platform.ScreenNameNotCertified, "未认证")
	w.pass(cert, form06)
	w.wantScreen("A-0601", id, platform.ScreenSetupSeal, "设置企业印章")
	former := address(w, "A-9001", "虚构旧名商贸有限公司", "A-0801")
	w.wantScreen("A-0801", former, platform.ScreenSetupSeal, "设置企业印章")
	changeName(w, "A-0801", "E-08", "91000000DEMA00008Q", "虚构新名商贸有限公司", "08")
	w.wantScreen("A-0801", former, platform.ScreenNameNotCertified, "未认证")
	w.wantScreen("A-0801", "C-08-1", platform.ScreenSetupSeal, "设置企业印章")
}
