package platform_test

import (
	"strings"
	"testing"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/calendar"
	"signdesk/actions/platform/demo"
	"signdesk/actions/platform/value"
)

// TestWalk lives through each situation of the guide, from the error message
// to its end, in the demonstration's world.
func TestWalk(t *testing.T) {
	for _, row := range []struct {
		entry string
		walk  func(*world)
	}{
		{"01_the_licence_is_taken", walk01}, {"02_no_name_on_the_licence", walk02}, {"03_no_business_licence", walk03},
		{"04_data_unlike_the_registry", walk04}, {"05_private_payment", walk05}, {"06_no_private_payment_for_companies", walk06},
		{"07_in_review", walk07}, {"08_certified_under_the_old_name", walk08}, {"09_name_wrong_in_the_contract", walk09},
		{"10_change_of_data", walk10}, {"11_appeal", walk11}, {"12_ask_to_join", walk12}, {"13_no_right_to_sign", walk13},
		{"14_no_seal", walk14}, {"15_contract_done", walk15}, {"16_set_up_a_seal", walk16}, {"17_change_a_seal", walk17},
		{"18_change_of_administrator", walk18}, {"19_hours", walk19},
	} {
		t.Run(row.entry, func(t *testing.T) {
			t.Parallel()
			row.walk(newWorld(t))
		})
	}
}

var e01 = form{registration: "91000000DEMA000013", name: "虚构青禾贸易有限公司", legalRep: "法示01", nn: "01"}

func walk01(w *world) {
	f := e01
	f.account = "A-0102"
	_, err := w.certify(f)
	r := w.refused(err, platform.LicenceTaken, "R01.2")
	if got, want := w.words.Explain(r), "该企业已经被140****0101提交实名认证申请，如有问题，请联系客服"; got != want {
		w.Errorf("text %q, want %q", got, want)
	}
	w.refused(w.try(w.onPhone("A-0101"), func(t *Tx) error { return t.DeleteEnterprise("E-01") }), platform.NotPC, "R01.4")
	w.run(w.as("A-0101"), func(t *Tx) error { return t.DeleteEnterprise("E-01") })
	w.mustCertify(f)
}

func walk02(w *world) {
	f := form{account: "A-0201", registration: "92000000DEMA000023", legalRep: "米示二", nn: "02", entity: platform.SoleTrader, noName: true}
	id := w.mustCertify(f)
	w.byPhone(w.onPhone("A-0201"), id.Subject(), "", demo.LegalRepMobile("02"))
	e := view(w, func(t *Tx) *platform.Enterprise { return t.EnterpriseByRegistration(f.registration) })
	if e.Name != "米示二92000000DEMA000023" || e.Status != platform.Certified {
		w.Errorf("enterprise %q is %s", e.Name, e.Status)
	}
}

func walk03(w *world) {
	docs := []platform.LicenceDoc{platform.SocialGroupCert, platform.PrivateNonEnterpriseCert, platform.PublicInstitutionCert, platform.SocialServiceOrgCert}
	for _, doc := range docs {
		w := newWorld(w.T)
		w.mustCertify(form{account: "A-0301", registration: "52000000DEMA00003A", name: "虚构星河社区服务中心", legalRep: "法示03", nn: "03",
			entity: platform.NonCommercial, doc: doc})
	}
	_, err := w.certify(form{account: "A-0301", registration: "52000000DEMA00003A", name: "虚构星河社区服务中心", legalRep: "法示03", nn: "03",
		entity: platform.NonCommercial, doc: "LawFirmLicence"})
	r := w.refused(err, platform.UnknownDocument, "R03.2")
	if !strings.Contains(w.words.Explain(r), "对接人") {
		w.Errorf("text %q does not send to the account manager", w.words.Explain(r))
	}
}

func walk04(w *world) {
	f := form{account: "A-0401", registration: "91000000DEMA00004C", name: "虚构海蓝(中国)有限公司", legalRep: "SAMPLE ALEXNOVA", nn: "04", agent: true,
		ocr: &platform.Reading{Name: "虚构海蓝(中国)有限公司", Registration: "91000000DEMA00004C", LegalRepName: "SAMPLE ALEXNOVA"}}
	id, err := w.certify(f)
	w.refused(err, platform.RegistryMismatch, "R04.1")
	f.legalRep, f.agent = "SAMPLE ALEX NOVA", false
	w.refused(w.submit(id, f), platform.NeedsAgentCard, "R04.5")
	f.agent = true
	w.must(w.submit(id, f))
	p := w.progress("A-0401", id)
	if len(p.Methods) != 2 || p.Methods[0] != platform.ByAuthLetter || p.Methods[1] != platform.ByBankPayment {
		w.Errorf("methods %v, want letter and bank", p.Methods)
	}
	b, err := w.transfer(w.as("A-0401"), id.Subject(), "9900000000000037")
	w.must(err)
	w.run(w.as("A-0401"), func(t *Tx) error { return t.Backfill(b, "0.38") })
	if p := w.progress("A-0401", id); p.Certification.Status != platform.CertInReview || p.Certificate != nil {
		w.Errorf("after the payment: %s, certificate %v, want in review without certificate", p.Certification.Status, p.Certificate)
	}
}

// e05 certifies the sole trader of E-05 up to the choice of a method.
func e05(w *world) platform.CertificationID {
	return w.mustCertify(form{account: "A-0501", registration: "92000000DEMA00005C", name: "虚构老街面馆", legalRep: "石示五", nn: "05", entity: platform.SoleTrader})
}

// goodPayment meets all conditions of a private payment for E-05.
func goodPayment(w *world) platform.IncomingPayment {
	return platform.IncomingPayment{ID: "bank-1", PayerName: "石示五", PayerAccount: "6222000000006688", Amount: 1, Currency: "CNY", ValueDate: w.now, PayeeAccount: payee}
}

func walk05(w *world) {
	id := e05(w)
	z := ok(w, w.as("A-0501"), func(t *Tx) (platform.ReverseID, error) {
		return t.SubmitReverse(platform.ReverseForm{Subject: id.Subject(), Consent1: true, Consent2: true, Last4: "6688"})
	})
	if got := ok(w, w.system(), func(t *Tx) (platform.ReverseID, error) { return t.Arrived(goodPayment(w)) }); got != z {
		w.Errorf("payment taken for %q, want %s", got, z)
	}
	if p := w.progress("A-0501", id); p.Certification.Status != platform.CertPassed {
		w.Errorf("certification is %s, want passed", p.Certification.Status)
	}
	for name, v := range map[string]struct {
		change func(*platform.IncomingPayment)
		want   string
	}{
		"2 fen":          {func(p *platform.IncomingPayment) { p.Amount = 2 }, platform.ConditionAmount},
		"other name":     {func(p *platform.IncomingPayment) { p.PayerName = "别示人" }, platform.ConditionPayer},
		"USD":            {func(p *platform.IncomingPayment) { p.Currency = "USD" }, platform.ConditionCurrency},
		"wrong payee":    {func(p *platform.IncomingPayment) { p.PayeeAccount = "10000000000000000" }, platform.ConditionPayee},
		"the day before": {func(p *platform.IncomingPayment) { p.ValueDate = p.ValueDate.AddDate(0, 0, -1) }, platform.ConditionDate},
	} {
		w := newWorld(w.T)
		id := e05(w)
		z := ok(w, w.as("A-0501"), func(t *Tx) (platform.ReverseID, error) {
			return t.SubmitReverse(platform.ReverseForm{Subject: id.Subject(), Consent1: true, Consent2: true, Last4: "6688"})
		})
		pay := goodPayment(w)
		v.change(&pay)
		ok(w, w.system(), func(t *Tx) (platform.ReverseID, error) { return t.Arrived(pay) })
		got := view(w, func(t *Tx) *platform.ReverseTransfer { return t.Reverse(z) })
		if got.Status != platform.ReverseFailed || got.FailedCondition != v.want {
			w.Errorf("%s: %s for %q, want failed for %q", name, got.Status, got.FailedCondition, v.want)
		}
		if p := w.progress("A-0501", id); p.Certification.Status != platform.CertMaterials {
			w.Errorf("%s: certification is %s", name, p.Certification.Status)
		}
	}
}

func walk06(w *world) {
	id := w.mustCertify(form{account: "A-0601", registration: "91000000DEMA00006J", name: "虚构云帆科技有限公司", legalRep: "法示06", nn: "06"})
	for _, m := range w.progress("A-0601", id).Methods {
		if m == platform.ByPrivatePayment {
			w.Error("a company is offered the private payment")
		}
	}
	_, err := do(w, w.as("A-0601"), func(t *Tx) (platform.ReverseID, error) {
		return t.SubmitReverse(platform.ReverseForm{Subject: id.Subject(), Consent1: true, Consent2: true, Last4: "6688"})
	})
	w.refused(err, platform.NoPrivatePayment, "R06.1")
}

func walk07(w *world) {
	p := w.progress("A-0701", "V-07")
	if p.Text != "认证中：客服将在一个工作日内完成审核，请耐心等待" || p.Certificate != nil {
		w.Errorf("text %q, certificate %v", p.Text, p.Certificate)
	}
	if want := time.Date(2022, 5, 27, 1, 0, 0, 0, time.UTC); !p.Review.DueAt.Equal(want) {
		w.Errorf("due at %v, want %v", p.Review.DueAt, want)
	}
	w.run(w.staff(), func(t *Tx) error { return t.Decide(p.Review.ID, false, "营业执照不清晰") })
	if got := w.sent(demo.Mobile("A-0701")); len(got) != 1 || got[0] != "【上上签】虚构白桦文具有限公司的企业实名认证未通过审核，原因：营业执照不清晰" {
		w.Errorf("told %q", got)
	}
}

func walk08(w *world) {
	w.wantScreen("A-0801", "C-08-1", platform.ScreenNameNotCertified, "未认证")
	_, err := w.certify(form{account: "A-0801", registration: "91000000DEMA00008Q", name: "虚构新名商贸有限公司", legalRep: "法示08", nn: "08"})
	r := w.refused(err, platform.AlreadyCertified, "R08.5")
	if got := w.words.Explain(r); got != "已被实名" {
		w.Errorf("text %q", got)
	}
	changeName(w, "A-0801", "E-08", "91000000DEMA00008Q", "虚构新名商贸有限公司", "08")
	w.wantScreen("A-0801", "C-08-1", platform.ScreenSetupSeal, "设置企业印章")
}

func walk09(w *world) {
	w.wantScreen("A-0901", "C-09-1", platform.ScreenNameNotCertified, "未认证")
	w.run(w.as("A-9001"), func(t *Tx) error { return t.WithdrawContract("C-09-1") })
	w.wantScreen("A-0901", "C-09-1", platform.ScreenContractWithdrawn, "合同已被发件方撤回，请联系发件方重新发起")
	again := ok(w, w.as("A-9001"), func(t *Tx) (*platform.Contract, error) {
		return t.ResendContract("C-09-1", []platform.Party{{EnterpriseName: "虚构茯苓示例有限公司", RecipientLogin: demo.Mobile("A-0901")}})
	})
	w.wantScreen("A-0901", string(again.ID), platform.ScreenSigningPage, "确认签署")
}

// changeName carries an enterprise's change to a new name through its first
// stage.
func changeName(w *world, account, enterprise, registration, name, nn string) {
	w.Helper()
	ok(w, w.as(account), func(t *Tx) (*platform.InfoChange, error) {
		return t.OpenInfoChange(platform.EnterpriseID(enterprise))
	})
	id := w.mustCertify(form{account: account, registration: registration, name: name, legalRep: "法示" + nn, nn: nn,
		purpose: platform.ForInfoChange, enterprise: platform.EnterpriseID(enterprise)})
	w.byPhone(w.as(account), id.Subject(), "", demo.LegalRepMobile(nn))
}

func walk10(w *world) {
	w.wantScreen("A-1001", "C-10-1", platform.ScreenNameNotCertified, "未认证")
	_, err := do(w, w.as("A-1003"), func(t *Tx) (*platform.InfoChange, error) { return t.OpenInfoChange("E-10") })
	w.refused(err, platform.NoRight, "R10.2")
	_, err = do(w, w.as("A-9101"), func(t *Tx) (*platform.InfoChange, error) { return t.OpenInfoChange("E-91") })
	w.refused(err, platform.InGroup, "R10.9")
	changeName(w, "A-1001", "E-10", "91000000DEMA000101", "虚构远山智造有限公司", "10")
	w.wantScreen("A-1001", "C-10-1", platform.ScreenSealNeedsRedraw, "企业信息已变更，请重新编辑印章图案")
	ok(w, w.as("A-1001"), func(t *Tx) (*platform.Seal, error) { return t.UpdateSeal("S-10-1", "") })
	w.wantScreen("A-1001", "C-10-1", platform.ScreenSigningPage, "确认签署")

	late := newWorld(w.T) // another who leaves midway
	ok(late, late.as("A-1001"), func(t *Tx) (*platform.InfoChange, error) { return t.OpenInfoChange("E-10") })
	id := late.mustCertify(form{account: "A-1001", registration: "91000000DEMA000101", name: "虚构远山智造有限公司", legalRep: "法示10", nn: "10",
		purpose: platform.ForInfoChange, enterprise: "E-10"})
	late.forward(8 * 24 * time.Hour)
	_, err = late.p.Sweep(late.ctx, 100)
	late.must(err)
	p := late.progress("A-1001", id)
	if c := p.Certification; c.Status != platform.CertExpired || c.Submitted != (platform.Submitted{}) || c.Images != nil || c.IDHash != "" {
		w.Errorf("after eight days: %+v", c)
	}
}

func walk11(w *world) {
	w.wantScreen("A-1102", "C-11-1", platform.ScreenNoPermission, "无权限")
	id, res := w.appeal("A-1102", "虚构晨光食品有限公司", platform.CaseUnchanged)
	if len(res.Methods) != 3 || res.Differs {
		w.Errorf("unchanged: %+v, want three methods", res)
	}
	b, err := w.transfer(w.as("A-1102"), id.Subject(), "9900000000000037")
	w.must(err)
	w.run(w.as("A-1102"), func(t *Tx) error { return t.Backfill(b, "０．３８") })
	if got := w.admin("E-11"); got != "A-1102" {
		w.Errorf("main administrator is %s", got)
	}
	w.wantScreen("A-1102", "C-11-1", platform.ScreenSigningPage, "确认签署")

	_, res = w.appeal("A-2102", "虚构晨曦食品有限公司", platform.CaseLegalRepChanged)
	if len(res.Methods) != 1 || res.Methods[0] != platform.ByBankPayment {
		w.Errorf("legal representative changed: %+v, want bank only", res)
	}
	_, res = w.appeal("A-2202", "虚构朝露食品有限公司", platform.CaseUnchanged)
	if !res.Differs || res.Case != platform.CaseNameChanged || len(res.Methods) != 2 || res.Methods[0] != platform.ByLegalRepPhone || res.Methods[1] != platform.ByLegalRepFace {
		w.Errorf("name changed: %+v, want phone and face, and that the registry differs", res)
	}
	id, res = w.appeal("A-2302", "虚构暮云食品有限公司", platform.CaseBothChanged)
	if res.Methods != nil || view(w, func(t *Tx) *platform.Appeal { return t.Appeal(id) }).Status != platform.AppealNeedsSupport {
		w.Errorf("both changed: %+v, want support", res)
	}
}

func walk12(w *world) {
	for way, grant := range map[platform.Way]func(*world, *platform.PermissionRequest){
		platform.AskMainAdmin: func(w *world, q *platform.PermissionRequest) {
			w.run(w.as("A-1201"), func(t *Tx) error { return t.DecideRequest(platform.Decision{Request: q.ID, Approve: true}) })
		},
		platform.AskLegalRep: func(w *world, q *platform.PermissionRequest) {
			if got := w.byFace(w.as("A-1202"), q.ID.Subject(), demo.LegalRepID("12")); got != platform.CheckPassed {
				w.Errorf("face check %s", got)
			}
		},
		platform.AskSealKeeper: func(w *world, q *platform.PermissionRequest) {
			l := ok(w, w.as("A-1202"), func(t *Tx) (*platform.AuthorizationLetter, error) { return t.GenerateLetter(q.ID.Subject()) })
			photo := w.picture(w.as("A-1202"), platform.FileLetter, platform.Reading{})
			w.run(w.as("A-1202"), func(t *Tx) error { return t.UploadLetter(l.ID, photo) })
			task := view(w, func(t *Tx) *platform.ReviewTask { return t.ReviewOf(q.ID.Subject()) })
			w.run(w.staff(), func(t *Tx) error { return t.Decide(task.ID, true, "") })
		},
		platform.AskFinance: func(w *world, q *platform.PermissionRequest) {
			// Finance does it on its own phone; the first account bounces.
			ok(w, w.as("A-1202"), func(t *Tx) (*platform.ShortLink, error) {
				return t.NotifyHelper(q.ID.Subject(), platform.RoleFinance, "14000001291")
			})
			link := w.link("14000001291")
			_, err := w.transfer(w.bearing(link), q.ID.Subject(), "9900000000000098")
			w.must(err)
			if b := view(w, func(t *Tx) *platform.BankTransfer { return t.TransferOf(q.ID.Subject()) }); b.Status != platform.TransferBounced {
				w.Errorf("transfer to …98 is %s", b.Status)
			}
			ok(w, w.bearing(link), func(t *Tx) (platform.ReverseID, error) {
				return t.SubmitReverse(platform.ReverseForm{Subject: q.ID.Subject(), Consent1: true, Consent2: true})
			})
			ok(w, w.system(), func(t *Tx) (platform.ReverseID, error) {
				return t.Arrived(platform.IncomingPayment{ID: "bank-12", PayerName: "虚构茶山商贸有限公司", PayerAccount: "9900000000000037", Amount: 1, Currency: "CNY", ValueDate: w.now, PayeeAccount: payee})
			})
		},
	} {
		w := newWorld(w.T)
		w.wantScreen("A-1202", "C-12-1", platform.ScreenNotJoined, "未加入企业")
		q := w.mustRequest("A-1202", "C-12-1", platform.RequestForm{Way: way})
		grant(w, q)
		for contract, may := range map[string]bool{"C-12-1": true, "C-12-2": true, "C-12-5": true, "C-12-3": false, "C-12-4": false} {
			want := platform.ScreenSigningPage
			if !may {
				want = platform.ScreenNoPermission
			}
			if o := w.screen("A-1202", contract); o.Screen != want {
				w.Errorf("by %s: opening %s shows %s, want %s", way, contract, o.Screen, want)
			}
		}
		if c, err := w.sign("A-1202", "C-12-1"); err != nil || c.Status != platform.ContractCompleted {
			w.Errorf("by %s: signing: %v", way, err)
		}
		w.wantScreen("A-1202", "C-12-1", platform.ScreenContractDone, "合同完成状态-当前用户不允许签署操作")
	}
	if got := demo.Amount("9900000000000037", 0); got != 38 {
		w.Errorf("amount for …37 is %s, want 0.38", got)
	}
	if got := value.Fen(38).String(); got != "0.38" {
		w.Errorf("38 fen is %s", got)
	}
}

func walk13(w *world) {
	w.wantScreen("A-1302", "C-13-1", platform.ScreenNoSignPermission, "无签署权限，需要申请")
	q := w.mustRequest("A-1302", "C-13-1", platform.RequestForm{Way: platform.AskLegalRep})
	if got := w.byFace(w.as("A-1302"), q.ID.Subject(), demo.LegalRepID("13")); got != platform.CheckFailed {
		w.Errorf("face check %s, want failed", got)
	}
	w.byPhone(w.as("A-1302"), q.ID.Subject(), demo.LegalRepID("13"), demo.LegalRepMobile("13"))
	if c, err := w.sign("A-1302", "C-13-1"); err != nil || c.Status != platform.ContractCompleted {
		w.Errorf("signing: %v", err)
	}
}

func walk14(w *world) {
	w.wantScreen("A-1402", "C-14-1", platform.ScreenNoUsableSeal, "目前没有可使用的印章，请联系企业主管理员添加印章并授权")
	s := ok(w, w.as("A-1401"), func(t *Tx) (*platform.Seal, error) { return t.SetupSeal(platform.SealForm{Enterprise: "E-14"}) })
	w.run(w.as("A-1401"), func(t *Tx) error {
		return t.GrantSeal(s.ID, platform.SealHolders{Members: []platform.MemberID{"M-1402"}})
	})
	w.wantScreen("A-1402", "C-14-1", platform.ScreenSigningPage, "确认签署")
}

func walk15(w *world) {
	w.wantScreen("A-1501", "C-15-1", platform.ScreenContractDone, "合同完成状态-当前用户不允许签署操作")
	if list := view(w, func(t *Tx) []*platform.Contract { return t.ContractsOf("A-1501") }); len(list) != 1 || list[0].ID != "C-15-1" {
		w.Errorf("contracts of A-1501: %v", list)
	}
}

func walk16(w *world) {
	w.wantScreen("A-1601", "C-16-1", platform.ScreenSetupSeal, "设置企业印章")
	photo := w.picture(w.as("A-1601"), platform.FileSeal, platform.Reading{SealFound: true})
	one := ok(w, w.as("A-1601"), func(t *Tx) (*platform.Seal, error) { return t.SetupSeal(platform.SealForm{Enterprise: "E-16"}) })
	two := ok(w, w.as("A-1601"), func(t *Tx) (*platform.Seal, error) {
		return t.SetupSeal(platform.SealForm{Enterprise: "E-16", Image: photo, Name: "麦田合同章"})
	})
	if one.Name != "电子公章" || two.Name != "麦田合同章" || two.ImageFileID != photo {
		w.Errorf("seals %q and %q", one.Name, two.Name)
	}
	w.wantScreen("A-1601", "C-16-1", platform.ScreenSigningPage, "确认签署")
}

func walk17(w *world) {
	photo := w.picture(w.as("A-1702"), platform.FileSeal, platform.Reading{SealFound: true})
	_, err := do(w, w.as("A-1702"), func(t *Tx) (*platform.Seal, error) { return t.UpdateSeal("S-17-1", photo) })
	w.refused(err, platform.NoRight, "R17.2")
	photo = w.picture(w.as("A-1701"), platform.FileSeal, platform.Reading{SealFound: true})
	if s := ok(w, w.as("A-1701"), func(t *Tx) (*platform.Seal, error) { return t.UpdateSeal("S-17-1", photo) }); s.ImageFileID != photo {
		w.Errorf("the seal shows %s, want %s", s.ImageFileID, photo)
	}
}

func walk18(w *world) {
	id := startAdminChange(w)
	_, err := do(w, w.as("A-1801"), func(t *Tx) (struct{}, error) {
		return struct{}{}, t.FinishAdminChange(platform.AdminChoice{Change: id, NewMember: "M-1803"})
	})
	w.refused(err, platform.NotActivated, "R18.5")
	all := []platform.Item{platform.ItemTemplate, platform.ItemContract, platform.ItemSeal}
	w.run(w.as("A-1801"), func(t *Tx) error {
		return t.FinishAdminChange(platform.AdminChoice{Change: id, NewMember: "M-1802", Transfer: true, Items: all})
	})
	if got := w.admin("E-18"); got != "A-1802" {
		w.Errorf("main administrator is %s", got)
	}
	h := view(w, func(t *Tx) *platform.Handover { return t.Handover(t.AdminChange(id).HandoverID) })
	if h.Counts[platform.ItemTemplate] != 2 || h.Counts[platform.ItemContract] != 3 || h.Counts[platform.ItemSeal] != 1 {
		w.Errorf("handed over %v, want 2 templates, 3 contracts, 1 seal", h.Counts)
	}

	w = newWorld(w.T) // the former administrator cannot receive codes
	appeal, _ := w.appeal("A-1804", "虚构梧桐物业有限公司", platform.CaseUnchanged)
	w.byPhone(w.as("A-1804"), appeal.Subject(), "", demo.LegalRepMobile("18"))
	if got := w.admin("E-18"); got != "A-1804" {
		w.Errorf("main administrator is %s", got)
	}
	to := view(w, func(t *Tx) platform.MemberID { return t.MainAdmin("E-18").ID })
	hand := platform.HandoverForm{Enterprise: "E-18", From: "M-1801", To: to, Items: all}
	_, err = do(w, w.onPhone("A-1804"), func(t *Tx) (*platform.Handover, error) { return t.StartHandover(hand) })
	w.refused(err, platform.NotPC, "R11.24")
	draft := ok(w, w.as("A-1804"), func(t *Tx) (*platform.Handover, error) { return t.StartHandover(hand) })
	done := ok(w, w.as("A-1804"), func(t *Tx) (*platform.Handover, error) { return t.ConfirmHandover(draft.ID) })
	if done.Counts[platform.ItemTemplate]+done.Counts[platform.ItemContract]+done.Counts[platform.ItemSeal] != 6 {
		w.Errorf("handed over %v, want 6 items", done.Counts)
	}
	w.run(w.as("A-1804"), func(t *Tx) error { return t.SetMember("M-1801", platform.MemberDisabled) })
}

// startAdminChange brings the change of E-18's main administrator to the choice
// of the new one.
func startAdminChange(w *world) platform.AdminChangeID {
	w.Helper()
	id := ok(w, w.as("A-1801"), func(t *Tx) (platform.AdminChangeID, error) { return t.StartAdminChange("E-18") })
	code := w.code(demo.Mobile("A-1801"))
	w.run(w.as("A-1801"), func(t *Tx) error { return t.VerifyOldAdmin(id, code) })
	return id
}

func walk19(w *world) {
	for at, want := range map[string]bool{
		"2022-05-26 20:59": true, "2022-05-26 21:01": false, "2022-06-04 17:59": true, "2022-06-04 18:01": false, "2022-10-08 20:00": true,
	} {
		instant, err := time.ParseInLocation("2006-01-02 15:04", at, calendar.Shanghai)
		w.must(err)
		if h, err := calendar.HotlineAt(instant); err != nil || h.Open != want {
			w.Errorf("at %s open %v, %v, want %v", at, h.Open, err, want)
		}
	}
}
