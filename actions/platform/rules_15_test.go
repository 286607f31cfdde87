package platform_test

import (
	"slices"
	"testing"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
)

// Two companies with a seal each, and their administrators.
var (
	party09 = platform.Party{EnterpriseName: "虚构茯苓示例有限公司", RecipientLogin: demo.Mobile("A-0901")}
	party13 = platform.Party{EnterpriseName: "虚构海棠服饰有限公司", RecipientLogin: demo.Mobile("A-1301")}
)

func TestR15_1_FullySignedIsNotSignedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	contract := sendTo(w, "A-9001", party09, party13)
	id := platform.ContractID(contract)
	c, err := w.sign("A-0901", contract)
	if err != nil || c.Status != platform.ContractSigning {
		t.Fatalf("signed by one of two: %v, %v", c, err)
	}
	w.forward(time.Hour)
	_, err = w.sign("A-0901", contract) // not for the other, either
	w.refused(err, platform.NotSigning, "R15.1")
	w.wantScreen("A-1301", contract, platform.ScreenSigningPage, "确认签署")
	c, err = w.sign("A-1301", contract)
	if err != nil || c.Status != platform.ContractCompleted {
		t.Fatalf("signed by both: %v, %v", c, err)
	}

	for _, account := range []string{"A-0901", "A-1301", "A-1302", "A-9001", "A-0102"} {
		w.wantScreen(account, contract, platform.ScreenContractDone, "合同完成状态-当前用户不允许签署操作")
	}
	w.forward(time.Hour)
	for _, account := range []string{"A-0901", "A-1301", "A-9001"} {
		w.refused(w.try(w.as(account), func(t *Tx) error { return t.SendSignCode(id) }), platform.NotSigning, "R15.1")
		w.refused(w.try(w.as(account), func(t *Tx) error { _, err := t.SignContract(id, "", "123456"); return err }), platform.NotSigning, "R15.1")
		w.refused(w.try(w.as(account), func(t *Tx) error { return t.RefuseContract(id) }), platform.NotSigning, "R15.1")
	}
	w.refused(w.try(w.as("A-9001"), func(t *Tx) error { return t.WithdrawContract(id) }), platform.NotSigning, "R15.1")
	_, err = do(w, w.as("A-9001"), func(t *Tx) (*platform.Contract, error) { return t.ResendContract(id, []platform.Party{party09}) })
	w.refused(err, platform.NotSigning, "R15.1")
}

func TestR15_3_TheAccountsContractsAreListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	send := func(parties ...platform.Party) platform.ContractID {
		w.forward(time.Minute)
		return platform.ContractID(sendTo(w, "A-9001", parties...))
	}
	byMail, toCompany := party09, party09
	byMail.RecipientLogin, toCompany.RecipientLogin = demo.Email("A-0901"), ""
	received, mailed, viewed, signed, anothers, unseen := send(party09), send(byMail), send(toCompany), send(toCompany), send(party13), send(toCompany)
	w.wantScreen("A-0901", string(viewed), platform.ScreenSigningPage, "确认签署")
	_, err := w.sign("A-0901", string(signed))
	w.must(err)

	listed := func(account platform.AccountID) []platform.ContractID {
		var ids []platform.ContractID
		for _, c := range view(w, func(t *Tx) []*platform.Contract { return t.ContractsOf(account) }) {
			ids = append(ids, c.ID)
		}
		return ids
	}
	if got, want := listed("A-0901"), []platform.ContractID{signed, viewed, mailed, received, "C-09-1"}; !slices.Equal(got, want) {
		t.Errorf("A-0901 sees %v, want %v", got, want)
	}
	if got, want := listed("A-9001")[:6], []platform.ContractID{unseen, anothers, signed, viewed, mailed, received}; !slices.Equal(got, want) {
		t.Errorf("the sender sees %v, want %v first", got, want)
	}
	if got := listed("A-0102"); got != nil {
		t.Errorf("a stranger sees %v", got)
	}
}
