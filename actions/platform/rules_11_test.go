package platform_test

import (
	"context"
	"slices"
	"testing"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
	"signdesk/actions/platform/value"
)

// start11 starts the appeal of A-1102 for E-11 without its code.
func start11(w *world) platform.AppealID {
	w.Helper()
	return ok(w, w.as("A-1102"), func(t *Tx) (platform.AppealID, error) {
		return t.StartAppeal("虚构晨光食品有限公司", "C-11-1")
	})
}

// stated brings an appeal of A-1102 for E-11 to the choice of a method.
func stated11(w *world) platform.AppealID {
	w.Helper()
	id, _ := w.appeal("A-1102", "虚构晨光食品有限公司", platform.CaseUnchanged)
	return id
}

func TestR11_4_CodeToTheApplicantsOwnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := do(w, w.as("A-1102"), func(t *Tx) (platform.AppealID, error) { return t.StartAppeal("虚构晨光食品", "") })
	w.refused(err, platform.NotFound, "R18.17")
	id := start11(w)
	if got := w.sent(demo.Mobile("A-1101")); len(got) != 0 {
		t.Errorf("the administrator was sent %q", got)
	}
	next := func() error {
		_, err := do(w, w.as("A-1102"), func(t *Tx) (*platform.CaseResult, error) { return t.SetAppealCase(id, platform.CaseUnchanged) })
		return err
	}
	w.refused(next(), platform.NotOpen, "R11.4")
	code := w.code(demo.Mobile("A-1102"))
	bad := map[bool]string{true: "000000", false: "111111"}[code != "000000"]
	err = w.try(w.as("A-1102"), func(t *Tx) error { return t.VerifyAppealCode(id, bad) })
	w.refused(err, platform.WrongCode, "")
	w.refused(w.try(w.as("A-1101"), func(t *Tx) error { return t.VerifyAppealCode(id, code) }), platform.NotFound, "")
	w.run(w.as("A-1102"), func(t *Tx) error { return t.VerifyAppealCode(id, code) })
	w.must(next())
}

// TestR11_5 to TestR11_8: what can prove an appeal follows from what changed at
// the registry, whatever the applicant states.
func methodsWhen(t *testing.T, account, company string, truth platform.AppealCase, want ...platform.Method) {
	t.Helper()
	for _, said := range []platform.AppealCase{platform.CaseUnchanged, platform.CaseLegalRepChanged, platform.CaseNameChanged, platform.CaseBothChanged} {
		w := newWorld(t)
		id, res := w.appeal(account, company, said)
		slices.Sort(res.Methods)
		if res.Case != truth || res.Differs != (said != truth) || !slices.Equal(res.Methods, want) {
			t.Errorf("stated %s: %+v, want methods %v", said, res, want)
		}
		if truth == platform.CaseBothChanged {
			if a := view(w, func(t *Tx) *platform.Appeal { return t.Appeal(id) }); a.Status != platform.AppealNeedsSupport {
				t.Errorf("appeal is %s", a.Status)
			}
			continue
		}
		for _, m := range []platform.Method{platform.ByLegalRepFace, platform.ByBankPayment} {
			if slices.Contains(want, m) {
				continue
			}
			var err error
			if m == platform.ByBankPayment {
				_, err = w.transfer(w.as(account), id.Subject(), "9900000000000037")
			} else {
				_, err = do(w, w.as(account), func(t *Tx) (platform.CheckID, error) {
					return t.StartFaceCheck(platform.FaceForm{Subject: id.Subject(), Privacy: true, Vehicle: "Alipay"})
				})
			}
			rule := map[platform.AppealCase]string{platform.CaseLegalRepChanged: "R11.6", platform.CaseNameChanged: "R11.7"}[truth]
			w.refused(err, platform.MethodNotAllowed, rule)
		}
	}
}

func TestR11_5_NothingChangedAnyOfThree(t *testing.T) {
	t.Parallel()
	methodsWhen(t, "A-1102", "虚构晨光食品有限公司", platform.CaseUnchanged, platform.ByBankPayment, platform.ByLegalRepFace, platform.ByLegalRepPhone)
	prove := map[string]func(*world, platform.AppealID){
		"phone": func(w *world, id platform.AppealID) {
			w.byPhone(w.as("A-1102"), id.Subject(), "", demo.LegalRepMobile("11"))
		},
		"face": func(w *world, id platform.AppealID) { w.byFace(w.as("A-1102"), id.Subject(), "") },
		"bank": func(w *world, id platform.AppealID) {
			b, err := w.transfer(w.as("A-1102"), id.Subject(), "9900000000000037")
			w.must(err)
			w.run(w.as("A-1102"), func(t *Tx) error { return t.Backfill(b, "0.38") })
		},
	}
	for name, by := range prove {
		w := newWorld(t)
		by(w, stated11(w))
		if got := w.admin("E-11"); got != "A-1102" {
			t.Errorf("by %s: main administrator is %s", name, got)
		}
	}
}

func TestR11_6_LegalRepresentativeChangedBankOnly(t *testing.T) {
	t.Parallel()
	methodsWhen(t, "A-2102", "虚构晨曦食品有限公司", platform.CaseLegalRepChanged, platform.ByBankPayment)
}

func TestR11_7_NameChangedPhoneOrFace(t *testing.T) {
	t.Parallel()
	methodsWhen(t, "A-2202", "虚构朝露食品有限公司", platform.CaseNameChanged, platform.ByLegalRepFace, platform.ByLegalRepPhone)
}

func TestR11_8_BothChangedNeedsSupport(t *testing.T) {
	t.Parallel()
	methodsWhen(t, "A-2302", "虚构暮云食品有限公司", platform.CaseBothChanged)
}

func TestR11_9_NoLetter(t *testing.T) {
	t.Parallel()
	for account, company := range map[string]string{"A-1102": "虚构晨光食品有限公司", "A-2102": "虚构晨曦食品有限公司", "A-2202": "虚构朝露食品有限公司"} {
		w := newWorld(t)
		id, res := w.appeal(account, company, platform.CaseUnchanged)
		if slices.Contains(res.Methods, platform.ByAuthLetter) {
			t.Errorf("%s is offered the letter", company)
		}
		err := w.try(w.as(account), func(t *Tx) error { _, err := t.GenerateLetter(id.Subject()); return err })
		if r := (*platform.Refusal)(nil); err == nil || !asRefusal(err, &r) || r.Code != platform.MethodNotAllowed {
			t.Errorf("a letter for %s: %v", company, err)
		}
	}
}

func TestR11_10_ApplicantBecomesMainAdministrator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.byPhone(w.as("A-1102"), stated11(w).Subject(), "", demo.LegalRepMobile("11"))
	if got := w.admin("E-11"); got != "A-1102" {
		t.Errorf("main administrator is %s", got)
	}
	former := view(w, func(t *Tx) *platform.Member { return t.MemberOf("A-1101", "E-11") })
	if former == nil || former.Status != platform.MemberActive {
		t.Errorf("the former administrator is %+v", former)
	}
	_, err := do(w, w.as("A-1101"), func(t *Tx) (*platform.Seal, error) { return t.SetupSeal(platform.SealForm{Enterprise: "E-11"}) })
	w.refused(err, platform.NoRight, "R14.3")
	if got := w.sent(demo.Mobile("A-1101")); len(got) != 1 || got[0] != "【上上签】虚构晨光食品有限公司的主管理员已变更为140****1102，如非本人意愿请致电400-993-6665" {
		t.Errorf("the former administrator was sent %q", got)
	}
}

// withoutID removes what E-11 knows of its legal representative's ID number.
func withoutID(w *world) {
	w.Helper()
	e := view(w, func(t *Tx) *platform.Enterprise { return t.Enterprise("E-11") })
	e.LegalRepIDHash = ""
	ok(w, w.system(), func(t *Tx) (bool, error) {
		return true, t.Import(&platform.Seed{Enterprises: []platform.Enterprise{*e}})
	})
}

func TestR11_11_IDNumberAskedIfNoneOnFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withoutID(w)
	id, res := w.appeal("A-1102", "虚构晨光食品有限公司", platform.CaseUnchanged)
	if !res.Supplied {
		t.Error("the ID number is not asked for")
	}
	for _, v := range []struct {
		typed string
		code  platform.Code
		rule  string
	}{
		{"", platform.MissingField, "R11.11"}, {"990001198001010110", platform.BadField, "R11.11"}, {demo.LegalRepID("12"), platform.LegalRepMismatch, "R11.12"},
	} {
		face := func(t *Tx) (platform.CheckID, error) {
			return t.StartFaceCheck(platform.FaceForm{Subject: id.Subject(), LegalRepID: v.typed, Privacy: true, Vehicle: "Alipay"})
		}
		phone := func(t *Tx) (platform.CheckID, error) {
			return t.StartPhoneCheck(platform.PhoneForm{Subject: id.Subject(), LegalRepID: v.typed, Mobile: demo.LegalRepMobile("11"), Privacy: true})
		}
		for _, op := range []func(*Tx) (platform.CheckID, error){face, phone} {
			_, err := do(w, w.as("A-1102"), op)
			w.refused(err, v.code, v.rule)
		}
	}
	w.byPhone(w.as("A-1102"), id.Subject(), demo.LegalRepID("11"), demo.LegalRepMobile("11"))

	// On file: not asked for.
	w = newWorld(t)
	id, res = w.appeal("A-1102", "虚构晨光食品有限公司", platform.CaseUnchanged)
	if res.Supplied {
		t.Error("the ID number is asked for although it is on file")
	}
	w.byPhone(w.as("A-1102"), id.Subject(), "", demo.LegalRepMobile("11"))
}

func TestR11_12_PhoneRegisteredWithTheLegalRepresentativesID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := stated11(w)
	start := func(mobile string) (platform.CheckID, error) {
		return do(w, w.as("A-1102"), func(t *Tx) (platform.CheckID, error) {
			return t.StartPhoneCheck(platform.PhoneForm{Subject: id.Subject(), Mobile: mobile, Privacy: true})
		})
	}
	_, err := start(demo.LegalRepMobile("12"))
	w.refused(err, platform.LegalRepMismatch, "R11.12")
	check, err := start(demo.LegalRepMobile("11"))
	w.must(err)
	code := w.code(demo.LegalRepMobile("11"))
	bad := map[bool]string{true: "000000", false: "111111"}[code != "000000"]
	w.refused(w.try(w.as("A-1102"), func(t *Tx) error { return t.FinishPhoneCheck(check, bad) }), platform.WrongCode, "")
	w.run(w.as("A-1102"), func(t *Tx) error { return t.FinishPhoneCheck(check, code) })
	if got := w.admin("E-11"); got != "A-1102" {
		t.Errorf("main administrator is %s", got)
	}
}

func TestR11_15_AllFieldsOfTheAccountAreRequired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := stated11(w)
	full := transferForm(id.Subject(), "9900000000000037")
	for field, drop := range map[string]func(*platform.TransferForm){
		"bank": func(f *platform.TransferForm) { f.Bank = "" }, "province": func(f *platform.TransferForm) { f.Province = "" },
		"city": func(f *platform.TransferForm) { f.City = "" }, "branch": func(f *platform.TransferForm) { f.Branch = "" },
		"accountNo": func(f *platform.TransferForm) { f.AccountNo = "" },
	} {
		f := full
		drop(&f)
		_, err := do(w, w.as("A-1102"), func(t *Tx) (platform.TransferID, error) { return t.SubmitTransfer(f) })
		if r := w.refused(err, platform.MissingField, "R11.15"); r.Args["field"] != field {
			t.Errorf("missing %q, want %q", r.Args["field"], field)
		}
	}
	b := ok(w, w.as("A-1102"), func(t *Tx) (platform.TransferID, error) { return t.SubmitTransfer(full) })
	if got := view(w, func(t *Tx) string { return t.Transfer(b).AccountName }); got != "虚构晨光食品有限公司" { // fixed
		t.Errorf("account name %q", got)
	}
}

// countingBank notes what it is asked to pay.
type countingBank struct {
	platform.Bank
	paid value.Fen
}

func (b *countingBank) Pay(ctx context.Context, o platform.PayOrder) (platform.PayResult, error) {
	b.paid += o.Amount
	return b.Bank.Pay(ctx, o)
}

func TestR11_16_SumsAndBackFill(t *testing.T) {
	t.Parallel()
	till := &countingBank{}
	w := worldWith(t, func(o *platform.Options) {
		o.DrawAmount = nil
		till.Bank, o.Ports.Bank = o.Ports.Bank, till
	})
	id := stated11(w)
	b, err := w.transfer(w.as("A-1102"), id.Subject(), "9900000000000037")
	w.must(err)
	if till.paid < 1 || till.paid > 98 {
		t.Errorf("the bank pays %v", till.paid)
	}
	for typed, code := range map[string]platform.Code{
		"0.00": platform.BadAmountRange, "1.00": platform.BadAmountRange,
		"0.011": platform.BadAmountScale, "-0.01": platform.BadAmountForm, "1e-2": platform.BadAmountForm, "很多": platform.BadAmountForm,
	} {
		w.refused(w.try(w.as("A-1102"), func(t *Tx) error { return t.Backfill(b, typed) }), code, "R11.16")
	}
	if tries := view(w, func(t *Tx) int { return t.Transfer(b).TriesLeft }); tries != 3 {
		t.Errorf("%d tries left: bad forms must not count", tries)
	}
}

func TestR11_18_OnlyTheExactSumPasses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := stated11(w)
	b, err := w.transfer(w.as("A-1102"), id.Subject(), "9900000000000037")
	w.must(err)
	backfill := func(typed string) error {
		return w.try(w.as("A-1102"), func(t *Tx) error { return t.Backfill(b, typed) })
	}
	w.refused(backfill("0.37"), platform.WrongAmount, "R11.18")
	w.must(backfill("三角八分"))
	if got := w.admin("E-11"); got != "A-1102" {
		t.Errorf("main administrator is %s", got)
	}
	w = newWorld(t)
	id = stated11(w)
	b, err = w.transfer(w.as("A-1102"), id.Subject(), "9900000000000037")
	w.must(err)
	for range 3 {
		w.refused(backfill("0.39"), platform.WrongAmount, "R11.18")
	}
	if s := view(w, func(t *Tx) platform.TransferStatus { return t.Transfer(b).Status }); s != platform.TransferExhausted {
		t.Errorf("after three wrong sums: %s", s)
	}
	if got := w.admin("E-11"); got != "A-1101" {
		t.Errorf("main administrator is %s", got)
	}
}

func TestR11_21_RemarkOfThePayment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, err := w.transfer(w.as("A-1102"), stated11(w).Subject(), "9900000000000037")
	w.must(err)
	const want = "款项用于上上签平台企业实名认证和申请CA证书，请在上上签页面回填金额"
	if got := view(w, func(t *Tx) string { return t.Transfer(b).Remark }); got != want {
		t.Errorf("remark %q", got)
	}
}

func TestR11_24_HandoverOnPCOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.byPhone(w.onPhone("A-1102"), stated11(w).Subject(), "", demo.LegalRepMobile("11"))
	to := view(w, func(t *Tx) platform.MemberID { return t.MainAdmin("E-11").ID })
	form := platform.HandoverForm{Enterprise: "E-11", From: "M-1101", To: to, Items: []platform.Item{platform.ItemContract}}
	start := func(t *Tx) (*platform.Handover, error) { return t.StartHandover(form) }
	for _, ch := range []platform.Channel{platform.Mobile, platform.MiniProgram} {
		_, err := do(w, w.p.NewAct(platform.Actor{Account: "A-1102"}, ch), start)
		w.refused(err, platform.NotPC, "R11.24")
	}
	h := ok(w, w.as("A-1102"), start)
	_, err := do(w, w.onPhone("A-1102"), func(t *Tx) (*platform.Handover, error) { return t.ConfirmHandover(h.ID) })
	w.refused(err, platform.NotPC, "R11.24")
	ok(w, w.as("A-1102"), func(t *Tx) (*platform.Handover, error) { return t.ConfirmHandover(h.ID) })
}

func TestR11_27_ConsentBeforeALegalRepresentativesMethod(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := stated11(w)
	_, err := do(w, w.as("A-1102"), func(t *Tx) (platform.CheckID, error) {
		return t.StartPhoneCheck(platform.PhoneForm{Subject: id.Subject(), Mobile: demo.LegalRepMobile("11")})
	})
	w.refused(err, platform.ConsentMissing, "R11.27")
	_, err = do(w, w.as("A-1102"), func(t *Tx) (platform.CheckID, error) {
		return t.StartFaceCheck(platform.FaceForm{Subject: id.Subject(), Vehicle: "Alipay"})
	})
	w.refused(err, platform.ConsentMissing, "R11.27")
	if got := w.sent(demo.LegalRepMobile("11")); len(got) != 0 {
		t.Errorf("sent %q before the consent", got)
	}
}
