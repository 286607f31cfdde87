package platform_test

import (
	"testing"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
)

func TestR14_3_AdministratorSetsAndAssignsASealOnPC(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const none = "目前没有可使用的印章，请联系企业主管理员添加印章并授权"
	setUp := func(t *Tx) (*platform.Seal, error) { return t.SetupSeal(platform.SealForm{Enterprise: "E-14"}) }
	w.wantScreen("A-1402", "C-14-1", platform.ScreenNoUsableSeal, none)
	for _, other := range []string{"A-1402", "A-1301", "A-0102"} {
		_, err := do(w, w.as(other), setUp)
		w.refused(err, platform.NoRight, "R14.3")
	}
	s := ok(w, w.as("A-1401"), setUp)

	assign := func(t *Tx) error {
		return t.GrantSeal(s.ID, platform.SealHolders{Members: []platform.MemberID{"M-1402"}})
	}
	w.wantScreen("A-1402", "C-14-1", platform.ScreenNoSignPermission, "无签署权限，需要申请")
	for _, ch := range []platform.Channel{platform.Mobile, platform.MiniProgram, ""} {
		w.refused(w.try(w.p.NewAct(platform.Actor{Account: "A-1401"}, ch), assign), platform.NotPC, "R14.3")
	}
	for _, other := range []string{"A-1402", "A-1301"} {
		w.refused(w.try(w.as(other), assign), platform.NoRight, "R17.2")
	}
	w.run(w.as("A-1401"), assign)
	w.wantScreen("A-1402", "C-14-1", platform.ScreenSigningPage, "确认签署")

	// Assigned to him, and to nobody else.
	ok(w, w.as("A-1401"), func(t *Tx) (*platform.Member, error) {
		return t.AddMember(platform.MemberForm{Enterprise: "E-14", Login: demo.Mobile("A-0102"), Name: "竹示三"})
	})
	w.wantScreen("A-0102", address(w, "A-9001", "虚构竹溪建材有限公司", "A-0102"), platform.ScreenNoSignPermission, "无签署权限，需要申请")

	w.run(w.as("A-1401"), func(t *Tx) error { return t.SetSeal(s.ID, platform.SealDisabled) })
	w.wantScreen("A-1402", "C-14-1", platform.ScreenNoUsableSeal, none)
	w.run(w.as("A-1401"), func(t *Tx) error { return t.SetSeal(s.ID, platform.SealEnabled) })
	if c, err := w.sign("A-1402", "C-14-1"); err != nil || c.Status != platform.ContractCompleted {
		t.Errorf("signing: %v", err)
	}
}
