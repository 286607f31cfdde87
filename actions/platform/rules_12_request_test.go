package platform_test

import (
	"testing"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
)

// ask12 asks for A-1202 with these scopes, and lets the main administrator
// approve.
func ask12(w *world, view platform.ViewScope, sign platform.SignScope) {
	w.Helper()
	q := w.mustRequest("A-1202", "C-12-1", platform.RequestForm{ViewScope: view, SignScope: sign})
	w.decide12(q.ID, platform.Decision{Approve: true})
}

func (w *world) decide12(id platform.RequestID, d platform.Decision) {
	w.Helper()
	d.Request = id
	w.run(w.as("A-1201"), func(t *Tx) error { return t.DecideRequest(d) })
}

// opens checks which contracts of E-12 A-1202 may sign.
func (w *world) opens(want map[string]platform.Screen) {
	w.Helper()
	for contract, screen := range want {
		if o := w.screen("A-1202", contract); o.Screen != screen {
			w.Errorf("opening %s shows %s, want %s", contract, o.Screen, screen)
		}
	}
}

const signs, sees, hidden = platform.ScreenSigningPage, platform.ScreenNoSignPermission, platform.ScreenNoPermission

func TestR12_4_AfterApprovalTheLinkLeadsToSigning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.wantScreen("A-1202", "C-12-1", platform.ScreenNotJoined, "未加入企业")
	ask12(w, "", "")
	w.wantScreen("A-1202", "C-12-1", signs, "确认签署")
	if c, err := w.sign("A-1202", "C-12-1"); err != nil || c.Status != platform.ContractCompleted {
		t.Errorf("signing: %v", err)
	}
}

func TestR12_6_ApplicantsNameAndOwnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := ok(w, w.as("A-1202"), func(t *Tx) (*platform.PermissionRequest, error) { return t.DraftRequest("C-12-1") })
	page := ok(w, w.as("A-1202"), func(t *Tx) (*platform.Applicant, error) { return t.RequestPage(q.ID) })
	if page.OwnAccount != demo.Mobile("A-1202") {
		t.Errorf("own account %q", page.OwnAccount)
	}
	submit := func(name string) error {
		return w.try(w.as("A-1202"), func(t *Tx) error {
			return t.SubmitRequest(platform.RequestForm{Request: q.ID, Name: name, Way: platform.AskMainAdmin})
		})
	}
	w.refused(submit(""), platform.MissingField, "R12.6")
	w.refused(submit("李"), platform.BadField, "R12.6")
	w.refused(submit("李123"), platform.BadField, "R12.6")
	w.must(submit("李示二"))
	if got := view(w, func(t *Tx) *platform.PermissionRequest { return t.Request(q.ID) }); got.ApplicantAccountID != "A-1202" || got.ApplicantName != "李示二" {
		t.Errorf("request %+v", got)
	}
}

func TestR12_8_ViewScopes(t *testing.T) {
	t.Parallel()
	for scope, want := range map[platform.ViewScope]map[string]platform.Screen{
		platform.ViewCurrentContract:         {"C-12-1": signs, "C-12-2": hidden, "C-12-5": hidden, "C-12-3": hidden, "C-12-4": hidden},
		platform.ViewCurrentSenderUnattended: {"C-12-1": signs, "C-12-2": signs, "C-12-5": signs, "C-12-3": hidden, "C-12-4": hidden},
		platform.ViewAllSendersUnattended:    {"C-12-1": signs, "C-12-2": signs, "C-12-5": signs, "C-12-3": signs, "C-12-4": hidden},
	} {
		w := newWorld(t)
		ask12(w, scope, platform.SignAllSenders)
		w.opens(want)
	}
	w := newWorld(t)
	_, err := w.request("A-1202", "C-12-1", platform.RequestForm{ViewScope: "Everything"})
	w.refused(err, platform.BadField, "R12.8")
}

func TestR12_9_DefaultViewScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.mustRequest("A-1202", "C-12-1", platform.RequestForm{})
	if got := view(w, func(t *Tx) platform.ViewScope { return t.Request(q.ID).ViewScope }); got != platform.ViewCurrentSenderUnattended {
		t.Errorf("default %s", got)
	}
}

func TestR12_10_SignScopes(t *testing.T) {
	t.Parallel()
	for scope, want := range map[platform.SignScope]map[string]platform.Screen{
		platform.SignCurrentContract: {"C-12-1": signs, "C-12-2": sees, "C-12-5": sees, "C-12-3": sees},
		platform.SignCurrentSender:   {"C-12-1": signs, "C-12-2": signs, "C-12-5": signs, "C-12-3": sees},
		platform.SignAllSenders:      {"C-12-1": signs, "C-12-2": signs, "C-12-5": signs, "C-12-3": signs},
		platform.SignNone:            {"C-12-1": sees, "C-12-2": sees, "C-12-5": sees, "C-12-3": sees},
	} {
		w := newWorld(t)
		ask12(w, platform.ViewAllSendersUnattended, scope)
		w.opens(want)
	}
	w := newWorld(t)
	_, err := w.request("A-1202", "C-12-1", platform.RequestForm{SignScope: "Everything"})
	w.refused(err, platform.BadField, "R12.10")
}

func TestR12_11_DefaultSignScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.mustRequest("A-1202", "C-12-1", platform.RequestForm{})
	if got := view(w, func(t *Tx) platform.SignScope { return t.Request(q.ID).SignScope }); got != platform.SignCurrentSender {
		t.Errorf("default %s", got)
	}
}

func TestR12_13_CurrentContractIsThatOneAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask12(w, platform.ViewCurrentContract, platform.SignCurrentContract)
	later := sendTo(w, "A-9001", platform.Party{EnterpriseName: "虚构茶山商贸有限公司"})
	w.opens(map[string]platform.Screen{"C-12-1": signs, "C-12-2": hidden, later: hidden})
}

func TestR12_14_UnattendedIsNotYetViewedByAnyone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask12(w, "", "")
	w.screen("A-1201", "C-12-2") // the administrator looks at it
	w.opens(map[string]platform.Screen{"C-12-2": hidden, "C-12-5": signs})
}

func TestR12_15_SenderWithGroupSubsidiariesAndLines(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask12(w, "", "") // C-12-1 is of E-90: E-91 is its subsidiary, E-92 its line, E-95 a stranger
	w.opens(map[string]platform.Screen{"C-12-2": signs, "C-12-5": signs, "C-12-3": hidden})
	later := sendTo(w, "A-9201", platform.Party{EnterpriseName: "虚构茶山商贸有限公司"})
	w.opens(map[string]platform.Screen{later: signs})
}

func TestR12_16_OnlyWhileNobodyHasViewedAndByItsLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask12(w, "", "")
	for _, c := range view(w, func(t *Tx) []*platform.Contract { return t.ContractsOf("A-1202") }) {
		if c.ID == "C-12-2" {
			t.Error("listed without its link")
		}
	}
	w.opens(map[string]platform.Screen{"C-12-2": signs})
	w.opens(map[string]platform.Screen{"C-12-2": signs}) // he was the first, and keeps it

	w = newWorld(t)
	ask12(w, "", "")
	w.screen("A-1201", "C-12-2")
	w.opens(map[string]platform.Screen{"C-12-2": hidden})
}

func TestR12_17_SigningOnlyInsideTheViewableRange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask12(w, platform.ViewCurrentContract, platform.SignAllSenders)
	w.opens(map[string]platform.Screen{"C-12-1": signs, "C-12-2": hidden, "C-12-3": hidden})
	_, err := w.sign("A-1202", "C-12-2")
	w.refused(err, platform.NoRight, "R12.17")
}

func TestR12_18_SuchContractsAreSignedFromTheirLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask12(w, "", "")
	if c, err := w.sign("A-1202", "C-12-5"); err != nil || c.Status != platform.ContractCompleted {
		t.Errorf("signing: %v", err)
	}
}

func TestR12_21_AnyOfThreeOtherWays(t *testing.T) {
	t.Parallel()
	for way, prove := range map[platform.Way]func(*world, platform.Subject){
		platform.AskLegalRep: func(w *world, s platform.Subject) {
			w.byPhone(w.as("A-1202"), s, demo.LegalRepID("12"), demo.LegalRepMobile("12"))
		},
		platform.AskSealKeeper: func(w *world, s platform.Subject) {
			w.sendLetter("A-1202", s)
			task := view(w, func(t *Tx) *platform.ReviewTask { return t.ReviewOf(s) })
			w.run(w.staff(), func(t *Tx) error { return t.Decide(task.ID, true, "") })
		},
		platform.AskFinance: func(w *world, s platform.Subject) {
			b, err := w.transfer(w.as("A-1202"), s, "9900000000000037")
			w.must(err)
			w.run(w.as("A-1202"), func(t *Tx) error { return t.Backfill(b, "0.38") })
		},
	} {
		w := newWorld(t)
		q := w.mustRequest("A-1202", "C-12-1", platform.RequestForm{Way: way})
		prove(w, q.ID.Subject())
		if s := view(w, func(t *Tx) platform.RequestStatus { return t.Request(q.ID).Status }); s != platform.RequestApproved {
			t.Errorf("by %s: %s", way, s)
		}
	}
	w := newWorld(t)
	_, err := w.request("A-1202", "C-12-1", platform.RequestForm{Way: "Neighbour"})
	w.refused(err, platform.BadField, "R12.21")
}

func TestR12_22_OtherWaysGrantOnlyTheDefaultSeal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.request("A-1202", "C-12-1", platform.RequestForm{Way: platform.AskFinance, Seal: "S-12-2"})
	w.refused(err, platform.OnlyDefaultSeal, "R12.22")
	w = newWorld(t)
	q := w.mustRequest("A-1202", "C-12-1", platform.RequestForm{Way: platform.AskLegalRep, Seal: "S-12-1"})
	w.byFace(w.as("A-1202"), q.ID.Subject(), demo.LegalRepID("12"))
	o := w.screen("A-1202", "C-12-1")
	if len(o.Seals) != 1 || o.Seals[0].Name != "电子公章" {
		t.Errorf("seals %v", o.Seals)
	}
	w = newWorld(t)
	w.mustRequest("A-1202", "C-12-1", platform.RequestForm{Way: platform.AskMainAdmin, Seal: "S-12-2"}) // the administrator can
}

func TestR12_23_DefaultSealIsMadeIfThereIsNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(w.as("A-1201"), func(t *Tx) error { return t.SetSeal("S-12-1", platform.SealDeleted) })
	q := w.mustRequest("A-1202", "C-12-1", platform.RequestForm{Way: platform.AskLegalRep})
	w.byFace(w.as("A-1202"), q.ID.Subject(), demo.LegalRepID("12"))
	o := w.screen("A-1202", "C-12-1")
	if len(o.Seals) != 1 || o.Seals[0].Name != "电子公章" || o.Seals[0].ID == "S-12-1" || o.Seals[0].Source != platform.SystemSeal {
		t.Errorf("seals %v", o.Seals)
	}
}

func TestR12_26_FaceApprovesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.mustRequest("A-1202", "C-12-1", platform.RequestForm{Way: platform.AskLegalRep})
	before := w.now
	w.byFace(w.as("A-1202"), q.ID.Subject(), demo.LegalRepID("12"))
	got := view(w, func(t *Tx) *platform.PermissionRequest { return t.Request(q.ID) })
	if got.Status != platform.RequestApproved || !got.UpdatedAt.Equal(before) {
		t.Errorf("request %+v", got)
	}
}

func TestR12_28_PhoneNeedsIDNumberAndItsMobile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.mustRequest("A-1202", "C-12-1", platform.RequestForm{Way: platform.AskLegalRep})
	start := func(id, mobile string) error {
		_, err := do(w, w.as("A-1202"), func(t *Tx) (platform.CheckID, error) {
			return t.StartPhoneCheck(platform.PhoneForm{Subject: q.ID.Subject(), LegalRepID: id, Mobile: mobile, Privacy: true})
		})
		return err
	}
	w.refused(start("", demo.LegalRepMobile("12")), platform.MissingField, "R11.11")
	w.refused(start(demo.LegalRepID("11"), demo.LegalRepMobile("12")), platform.LegalRepMismatch, "R11.12")
	w.refused(start(demo.LegalRepID("12"), demo.LegalRepMobile("11")), platform.LegalRepMismatch, "R11.12")
	w.byPhone(w.as("A-1202"), q.ID.Subject(), demo.LegalRepID("12"), demo.LegalRepMobile("12"))
	if s := view(w, func(t *Tx) platform.RequestStatus { return t.Request(q.ID).Status }); s != platform.RequestApproved {
		t.Errorf("request is %s", s)
	}
}

func TestR12_46_LinkInTheMessageCompletesEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const finance = "14000001291"
	q := w.mustRequest("A-1202", "C-12-1", platform.RequestForm{Way: platform.AskFinance})
	ok(w, w.as("A-1202"), func(t *Tx) (*platform.ShortLink, error) {
		return t.NotifyHelper(q.ID.Subject(), platform.RoleFinance, finance)
	})
	link := w.link(finance)
	want := "【上上签】李示二（账号：140****1202）申请查看并签署企业合同，请点击 https://ent.bestsign.info/s/" + string(link) + "?type=2 进行审批。"
	if got := w.sent(finance); len(got) != 1 || got[0] != want {
		t.Errorf("sent %q, want %q", got, want)
	}
	b, err := w.transfer(w.bearing(link), q.ID.Subject(), "9900000000000037")
	w.must(err)
	w.run(w.bearing(link), func(t *Tx) error { return t.Backfill(b, "0.38") })
	w.wantScreen("A-1202", "C-12-1", signs, "确认签署")
}

func TestR12_47_AdministratorGrantsAnySeal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.mustRequest("A-1202", "C-12-1", platform.RequestForm{})
	decide := func(account string, d platform.Decision) error {
		d.Request = q.ID
		return w.try(w.as(account), func(t *Tx) error { return t.DecideRequest(d) })
	}
	yes := platform.Decision{Approve: true, Seals: []platform.SealID{"S-12-2"}}
	w.refused(decide("A-1202", yes), platform.NoRight, "R12.47")
	w.refused(decide("A-1101", yes), platform.NoRight, "R12.47")
	w.refused(decide("A-1201", platform.Decision{Approve: true, Seals: []platform.SealID{"S-11-1"}}), platform.NotFound, "R12.47")
	w.must(decide("A-1201", yes))
	if m := view(w, func(t *Tx) *platform.Member { return t.MemberOf("A-1202", "E-12") }); m == nil {
		t.Fatal("he has not joined")
	}
	if o := w.screen("A-1202", "C-12-1"); o.Screen != signs || len(o.Seals) != 1 || o.Seals[0].ID != "S-12-2" {
		t.Errorf("%s with %v", o.Screen, o.Seals)
	}
	w.refused(decide("A-1201", yes), platform.NotOpen, "R12.47")
}

func TestR12_48_AdministratorAndOutcomeAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.mustRequest("A-1202", "C-12-1", platform.RequestForm{})
	if got := w.sent(demo.Mobile("A-1201")); len(got) != 1 {
		t.Errorf("the administrator was sent %q", got)
	}
	w.refused(w.try(w.as("A-1201"), func(t *Tx) error { return t.DecideRequest(platform.Decision{Request: q.ID}) }), platform.NeedsReason, "R12.48")
	w.decide12(q.ID, platform.Decision{Reason: "请先联系行政"})
	if got := w.sent(demo.Mobile("A-1202")); len(got) != 1 || got[0] != "【上上签】李示二的申请未通过，原因：请先联系行政" {
		t.Errorf("the applicant was sent %q", got)
	}
	w.wantScreen("A-1202", "C-12-1", platform.ScreenNotJoined, "未加入企业")
	again := w.mustRequest("A-1202", "C-12-1", platform.RequestForm{}) // a new request is allowed
	w.decide12(again.ID, platform.Decision{Approve: true})
}

func TestR12_50_ApprovalSendsT2AndT3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask12(w, "", "")
	got := w.sent(demo.Mobile("A-1202"))
	link := string(w.link(demo.Mobile("A-1202")))
	want := []string{
		"【上上签】李示二（账号：140****1202）的申请已通过，可点击 https://ent.bestsign.info/s/" + link + " 完成合同签署。",
		"【上上签】上上签签约平台提醒您：您的账号 14000001202 已经成为虚构茶山商贸有限公司企业成员账号，可点击 ent.bestsign.info 登录查看",
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("sent %q, want %q", got, want)
	}
}

func TestR12_51_SigningTakesTheCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask12(w, "", "")
	sign := func(code string) error {
		_, err := do(w, w.as("A-1202"), func(t *Tx) (*platform.Contract, error) { return t.SignContract("C-12-1", "", code) })
		return err
	}
	w.refused(sign("123456"), platform.CodeExpired, "") // none was sent
	w.run(w.as("A-1202"), func(t *Tx) error { return t.SendSignCode("C-12-1") })
	code := w.code(demo.Mobile("A-1202"))
	bad := map[bool]string{true: "000000", false: "111111"}[code != "000000"]
	w.refused(sign(bad), platform.WrongCode, "")
	w.must(sign(code))
	w.wantScreen("A-1202", "C-12-1", platform.ScreenContractDone, "合同完成状态-当前用户不允许签署操作")
	w.refused(sign(code), platform.NotSigning, "R15.1")
}

// TestR12_49 is proved where people are told that the administrator is waited
// for; here: the request waits, for seven days.
func TestRequestWaitsSevenDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.mustRequest("A-1202", "C-12-1", platform.RequestForm{})
	w.forward(7*24*time.Hour - time.Millisecond)
	w.refused(w.try(w.as("A-1202"), func(t *Tx) error { _, err := t.DraftRequest("C-12-1"); return err }), platform.AlreadyOpen, "R12.3")
	w.forward(time.Millisecond)
	w.refused(w.try(w.as("A-1201"), func(t *Tx) error {
		return t.DecideRequest(platform.Decision{Request: q.ID, Approve: true})
	}), platform.NotOpen, "R12.47")
}
