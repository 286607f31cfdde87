package platform_test

import (
	"slices"
	"strings"
	"testing"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
)

func TestR17_2_OnlyTheMainAdministrator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	update := func(account string) error {
		photo := w.picture(w.as(account), platform.FileSeal, platform.Reading{SealFound: true})
		_, err := do(w, w.as(account), func(t *Tx) (*platform.Seal, error) { return t.UpdateSeal("S-17-1", photo) })
		return err
	}
	for _, other := range []string{"A-1702", "A-1601", "A-0101"} {
		w.refused(update(other), platform.NoRight, "R17.2")
	}
	w.must(update("A-1701"))
}

func TestR17_3_WhoCertifiedIsMainAdministrator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := form{account: "A-0601", registration: "91000000DEMA00006J", name: "虚构云帆科技有限公司", legalRep: "法示06", nn: "06"}
	w.byPhone(w.as("A-0601"), w.mustCertify(f).Subject(), "", demo.LegalRepMobile("06"))
	e := view(w, func(t *Tx) platform.EnterpriseID { return t.EnterpriseByRegistration(f.registration).ID })
	if got := w.admin(string(e)); got != "A-0601" {
		t.Errorf("main administrator is %s", got)
	}
	// Until it is changed.
	id := startAdminChange(w)
	w.run(w.as("A-1801"), func(t *Tx) error {
		return t.FinishAdminChange(platform.AdminChoice{Change: id, NewMember: "M-1802"})
	})
	if got := w.admin("E-18"); got != "A-1802" {
		t.Errorf("main administrator is %s", got)
	}
}

func TestR17_7_WithoutRightTheAdministratorMustDoIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, op := range []func(*Tx) error{
		func(t *Tx) error { _, err := t.UpdateSeal("S-17-1", ""); return err },
		func(t *Tx) error { return t.SetSeal("S-17-1", platform.SealDisabled) },
		func(t *Tx) error {
			return t.GrantSeal("S-17-1", platform.SealHolders{Members: []platform.MemberID{"M-1702"}})
		},
	} {
		r := w.refused(w.try(w.as("A-1702"), op), platform.NoRight, "R17.2")
		if !strings.Contains(w.words.Explain(r), "主管理员") {
			t.Errorf("%q does not send to the administrator", w.words.Explain(r))
		}
	}
}

func TestR17_9_NewPictureIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := view(w, func(t *Tx) *platform.Seal { return t.Seal("S-17-1") })
	photo := w.picture(w.as("A-1701"), platform.FileSeal, platform.Reading{SealFound: true})
	ok(w, w.as("A-1701"), func(t *Tx) (*platform.Seal, error) { return t.UpdateSeal("S-17-1", photo) })
	after := view(w, func(t *Tx) *platform.Seal { return t.Seal("S-17-1") })
	if after.ImageFileID != photo || after.ImageFileID == before.ImageFileID || after.NeedsRedraw {
		t.Errorf("the seal shows %s, before %s", after.ImageFileID, before.ImageFileID)
	}
	// Drawn by the system again: no picture of one's own.
	drawn := ok(w, w.as("A-1701"), func(t *Tx) (*platform.Seal, error) { return t.UpdateSeal("S-17-1", "") })
	if drawn.ImageFileID != "" || drawn.Source != platform.SystemSeal {
		t.Errorf("drawn again: %+v", drawn)
	}
}

func TestR18_2_ByTheFormerAdministratorOnPCInThreeSteps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	start := func(t *Tx) (platform.AdminChangeID, error) { return t.StartAdminChange("E-18") }
	_, err := do(w, w.onPhone("A-1801"), start)
	w.refused(err, platform.NotPC, "R18.2")
	_, err = do(w, w.as("A-1802"), start)
	w.refused(err, platform.NoRight, "R18.2")
	ok(w, w.as("A-1801"), func(t *Tx) (*platform.Member, error) {
		return t.AddMember(platform.MemberForm{Enterprise: "E-18", Login: demo.Mobile("A-0102"), Name: "梧示五"})
	})
	id := ok(w, w.as("A-1801"), start)
	newOne := view(w, func(t *Tx) platform.MemberID { return t.MemberOf("A-0102", "E-18").ID })
	finish := func(t *Tx) error {
		return t.FinishAdminChange(platform.AdminChoice{Change: id, NewMember: newOne})
	}
	w.refused(w.try(w.as("A-1801"), finish), platform.NotOpen, "R18.6") // the code comes first
	code := w.code(demo.Mobile("A-1801"))
	w.run(w.as("A-1801"), func(t *Tx) error { return t.VerifyOldAdmin(id, code) })
	w.refused(w.try(w.onPhone("A-1801"), finish), platform.NotPC, "R18.2")
	w.run(w.as("A-1801"), finish)
	if got := w.admin("E-18"); got != "A-0102" {
		t.Errorf("main administrator is %s", got)
	}
}

func TestR18_4_AccountNameAndRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	addMember := func(f platform.MemberForm) (*platform.Member, error) {
		f.Enterprise = "E-18"
		return do(w, w.as("A-1801"), func(t *Tx) (*platform.Member, error) { return t.AddMember(f) })
	}
	for _, login := range []string{"", "12345", "nobody", "a@b"} {
		_, err := addMember(platform.MemberForm{Login: login, Name: "某某"})
		w.refused(err, platform.BadField, "R18.4")
	}
	byPhone, err := addMember(platform.MemberForm{Login: "140 0000 0102", Name: "仓库老陈"})
	w.must(err)
	_, err = addMember(platform.MemberForm{Login: "New@Demo.example", Name: "新人"})
	w.must(err)
	_, err = addMember(platform.MemberForm{Login: demo.Mobile("A-0102"), Name: "又一次"})
	w.refused(err, platform.LoginTaken, "R18.3")
	roles := view(w, func(t *Tx) []*platform.Role { return t.Roles("E-18") })
	i := slices.IndexFunc(roles, func(r *platform.Role) bool { return r.ID == byPhone.RoleIDs[0] })
	if len(byPhone.RoleIDs) != 1 || roles[i].Name != "员工" || byPhone.Name != "仓库老陈" {
		t.Errorf("member %+v with role %s", byPhone, roles[i].Name)
	}
}

func TestR18_5_InvitedMustActivateFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const login = "14000001899"
	m := ok(w, w.as("A-1801"), func(t *Tx) (*platform.Member, error) {
		return t.AddMember(platform.MemberForm{Enterprise: "E-18", Login: login, Name: "梧示九"})
	})
	if m.Status != platform.MemberInvited || w.words.Terms["Invited"] != "未激活" {
		t.Errorf("member is %s", m.Status)
	}
	id := startAdminChange(w)
	finish := func(t *Tx) error {
		return t.FinishAdminChange(platform.AdminChoice{Change: id, NewMember: m.ID})
	}
	w.refused(w.try(w.as("A-1801"), finish), platform.NotActivated, "R18.5")
	if got := w.sent(login); len(got) != 1 || !strings.HasPrefix(got[0], "【上上签】虚构梧桐物业有限公司邀请您成为企业成员，请点击 https://") {
		t.Errorf("invitation %q", got)
	}
	link := w.link(login)
	account := ok(w, w.bearing(link), func(t *Tx) (platform.AccountID, error) {
		return t.Activate(platform.Registration{Name: "梧示九", Company: "虚构梧桐物业有限公司", Password: "Abc123"})
	})
	w.run(w.as("A-1801"), finish)
	if got := w.admin("E-18"); got != account {
		t.Errorf("main administrator is %s", got)
	}
}

func TestR18_7_CodeGoesToTheFormerAdministrator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := ok(w, w.as("A-1801"), func(t *Tx) (platform.AdminChangeID, error) { return t.StartAdminChange("E-18") })
	if got := w.sent(demo.Mobile("A-1802")); len(got) != 0 {
		t.Errorf("another was sent %q", got)
	}
	code := w.code(demo.Mobile("A-1801"))
	bad := map[bool]string{true: "000000", false: "111111"}[code != "000000"]
	w.refused(w.try(w.as("A-1801"), func(t *Tx) error { return t.VerifyOldAdmin(id, bad) }), platform.WrongCode, "")
	w.run(w.as("A-1801"), func(t *Tx) error { return t.VerifyOldAdmin(id, code) })
}

func TestR18_8_AMemberOfTheEnterprise(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := startAdminChange(w)
	choose := func(m platform.MemberID) error {
		return w.try(w.as("A-1801"), func(t *Tx) error { return t.FinishAdminChange(platform.AdminChoice{Change: id, NewMember: m}) })
	}
	w.refused(choose("M-1702"), platform.NotMember, "R18.8")
	w.refused(choose("M-none"), platform.NotMember, "R18.8")
	w.refused(choose("M-1801"), platform.AlreadyAdmin, "R18.8")
	w.must(choose("M-1802"))
}

func TestR18_9_HandOverOrNot(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		items     []platform.Item
		templates int
		contracts int
	}{
		{nil, 0, 0},
		{[]platform.Item{platform.ItemTemplate}, 2, 0},
		{[]platform.Item{platform.ItemTemplate, platform.ItemContract, platform.ItemSeal}, 2, 3},
	} {
		w := newWorld(t)
		id := startAdminChange(w)
		w.refused(w.try(w.as("A-1801"), func(t *Tx) error {
			return t.FinishAdminChange(platform.AdminChoice{Change: id, NewMember: "M-1802", Transfer: true})
		}), platform.NoItems, "R18.9")
		w.refused(w.try(w.as("A-1801"), func(t *Tx) error {
			return t.FinishAdminChange(platform.AdminChoice{Change: id, NewMember: "M-1802", Transfer: true, Items: []platform.Item{"Chairs"}})
		}), platform.NoItems, "R18.9")
		w.run(w.as("A-1801"), func(t *Tx) error {
			return t.FinishAdminChange(platform.AdminChoice{Change: id, NewMember: "M-1802", Transfer: v.items != nil, Items: v.items})
		})
		h := view(w, func(t *Tx) *platform.Handover { return t.Handover(t.AdminChange(id).HandoverID) })
		if v.items == nil {
			if h != nil {
				t.Errorf("handed over %v without being asked to", h.Counts)
			}
			continue
		}
		if h.Counts[platform.ItemTemplate] != v.templates || h.Counts[platform.ItemContract] != v.contracts || h.Status != platform.HandoverDone {
			t.Errorf("%v: handed over %v", v.items, h.Counts)
		}
	}
}

func TestR18_10_DoneMeansChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := startAdminChange(w)
	w.run(w.as("A-1801"), func(t *Tx) error {
		return t.FinishAdminChange(platform.AdminChoice{Change: id, NewMember: "M-1802"})
	})
	setup := func(account string) error {
		_, err := do(w, w.as(account), func(t *Tx) (*platform.Seal, error) {
			photo := platform.FileID("")
			return t.SetupSeal(platform.SealForm{Enterprise: "E-18", Name: "", Image: photo})
		})
		return err
	}
	w.refused(setup("A-1801"), platform.NoRight, "R14.3")
	if err := setup("A-1802"); err == nil {
		t.Error("a second seal of the same name")
	} else {
		w.refused(err, platform.NameTaken, "R16.4") // he may, but the name is there
	}
	w.refused(w.try(w.as("A-1801"), func(t *Tx) error {
		return t.FinishAdminChange(platform.AdminChoice{Change: id, NewMember: "M-1801"})
	}), platform.NoRight, "R18.2")
}

func TestR18_13_FieldsOfTheRegistration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const login = "14000007777"
	w.run(w.system(), func(t *Tx) error { return t.SendRegisterCode(login) })
	full := platform.Registration{Login: login, Name: "新示人", Company: "无", Code: w.code(login), Password: "Abc123"}
	register := func(f platform.Registration) error {
		_, err := do(w, w.system(), func(t *Tx) (platform.AccountID, error) { return t.Register(f) })
		return err
	}
	for field, drop := range map[string]func(*platform.Registration){
		"login": func(f *platform.Registration) { f.Login = "" }, "name": func(f *platform.Registration) { f.Name = "" },
		"company": func(f *platform.Registration) { f.Company = "" }, "code": func(f *platform.Registration) { f.Code = "" },
	} {
		f := full
		drop(&f)
		err := register(f)
		if r := (*platform.Refusal)(nil); !asRefusal(err, &r) || r.Args["field"] != field {
			t.Errorf("without %s: %v", field, err)
		}
	}
	w.must(register(full))
	a := view(w, func(t *Tx) *platform.Account { return t.AccountByLogin(login) })
	if a == nil || a.RegisteredCompany != "无" || a.Invited {
		t.Errorf("account %+v", a)
	}
	w.refused(w.try(w.system(), func(t *Tx) error { return t.SendRegisterCode(login) }), platform.LoginTaken, "R18.13")
}

func TestR18_14_Passwords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const login = "14000007777"
	w.run(w.system(), func(t *Tx) error { return t.SendRegisterCode(login) })
	f := platform.Registration{Login: login, Name: "新示人", Company: "无", Code: w.code(login)}
	register := func(password string) error {
		f.Password = password
		_, err := do(w, w.system(), func(t *Tx) (platform.AccountID, error) { return t.Register(f) })
		return err
	}
	for _, p := range []string{"", "Abc12", "Abcdefghijklmnop123", "abc123", "ABC123", "Abcdef", "Abc 123", "Abc123！"} {
		w.refused(register(p), platform.BadPassword, "R18.14")
	}
	w.must(register("Abcdefghijklmno123")) // 18 characters
	id, right, err := w.p.CheckLogin(w.ctx, login, "Abcdefghijklmno123")
	if err != nil || !right || id == "" {
		t.Errorf("login: %s, %v, %v", id, right, err)
	}
	if _, right, _ := w.p.CheckLogin(w.ctx, login, "Abcdefghijklmno124"); right {
		t.Error("a wrong password is taken")
	}
}

func TestR18_18_StagesOfTheAppeal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := ok(w, w.as("A-1804"), func(t *Tx) (platform.AppealID, error) { return t.StartAppeal("虚构梧桐物业有限公司", "") })
	stage := func() platform.AppealStatus {
		return view(w, func(t *Tx) platform.AppealStatus { return t.Appeal(id).Status })
	}
	seen := []platform.AppealStatus{stage()}
	code := w.code(demo.Mobile("A-1804"))
	w.run(w.as("A-1804"), func(t *Tx) error { return t.VerifyAppealCode(id, code) })
	seen = append(seen, stage())
	ok(w, w.as("A-1804"), func(t *Tx) (*platform.CaseResult, error) { return t.SetAppealCase(id, platform.CaseUnchanged) })
	b, err := w.transfer(w.as("A-1804"), id.Subject(), "9900000000000037")
	w.must(err)
	seen = append(seen, stage())
	w.run(w.as("A-1804"), func(t *Tx) error { return t.Backfill(b, "0.38") })
	seen = append(seen, stage())
	want := []platform.AppealStatus{platform.AppealDraft, platform.AppealCodeVerified, platform.AppealVerifying, platform.AppealSucceeded}
	if !slices.Equal(seen, want) {
		t.Errorf("stages %v, want %v", seen, want)
	}
	if got := w.admin("E-18"); got != "A-1804" { // 您将成为企业主管理员
		t.Errorf("main administrator is %s", got)
	}
}

func TestR18_19_SameMethodsAsAnyAppeal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, res := w.appeal("A-1804", "虚构梧桐物业有限公司", platform.CaseNameChanged)
	slices.Sort(res.Methods)
	if want := []platform.Method{platform.ByBankPayment, platform.ByLegalRepFace, platform.ByLegalRepPhone}; !res.Differs || !slices.Equal(res.Methods, want) {
		t.Errorf("%+v, want the registry's case and methods %v", res, want)
	}
	w.byFace(w.as("A-1804"), id.Subject(), "")
	if got := w.admin("E-18"); got != "A-1804" {
		t.Errorf("main administrator is %s", got)
	}
}

func TestR18_20_FormerAdministratorIsDisabledAfterTheHandover(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	disable := func(account string) error {
		return w.try(w.as(account), func(t *Tx) error { return t.SetMember("M-1801", platform.MemberDisabled) })
	}
	w.refused(disable("A-1801"), platform.LastAdmin, "R11.26")
	id, _ := w.appeal("A-1804", "虚构梧桐物业有限公司", platform.CaseUnchanged)
	w.byPhone(w.as("A-1804"), id.Subject(), "", demo.LegalRepMobile("18"))
	to := view(w, func(t *Tx) platform.MemberID { return t.MainAdmin("E-18").ID })
	form := platform.HandoverForm{Enterprise: "E-18", From: "M-1801", To: to, Items: []platform.Item{platform.ItemTemplate, platform.ItemContract, platform.ItemSeal}}
	_, err := do(w, w.onPhone("A-1804"), func(t *Tx) (*platform.Handover, error) { return t.StartHandover(form) })
	w.refused(err, platform.NotPC, "R11.24")
	h := ok(w, w.as("A-1804"), func(t *Tx) (*platform.Handover, error) { return t.StartHandover(form) })
	ok(w, w.as("A-1804"), func(t *Tx) (*platform.Handover, error) { return t.ConfirmHandover(h.ID) })
	w.must(disable("A-1804"))
	if m := view(w, func(t *Tx) *platform.Member { return t.Member("M-1801") }); m.Status != platform.MemberDisabled {
		t.Errorf("the former administrator is %s", m.Status)
	}
}
