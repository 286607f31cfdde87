package platform_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
)

// form10 changes the data of E-10 to its new name.
var form10 = form{account: "A-1001", registration: "91000000DEMA000101", name: "虚构远山智造有限公司", legalRep: "法示10", nn: "10",
	purpose: platform.ForInfoChange, enterprise: "E-10"}

func (w *world) openChange(account string) (*platform.InfoChange, error) {
	w.Helper()
	return do(w, w.as(account), func(t *Tx) (*platform.InfoChange, error) { return t.OpenInfoChange("E-10") })
}

// changing opens the change of E-10 and submits its data.
func (w *world) changing(change func(*form)) platform.CertificationID {
	w.Helper()
	_, err := w.openChange("A-1001")
	w.must(err)
	return w.mustCertify(form10.with(change))
}

func same(*form) {}

// changed carries E-10 through the first stage of its change.
func (w *world) changed() {
	w.Helper()
	w.byPhone(w.as("A-1001"), w.changing(same).Subject(), "", demo.LegalRepMobile("10"))
}

func TestR10_2_OperatorIsAdministratorOrHasAccountManagement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, other := range []string{"A-1003", "A-1101"} {
		_, err := w.openChange(other)
		w.refused(err, platform.NoRight, "R10.2")
	}
	_, err := w.openChange("A-1001")
	w.must(err)

	// A member whose role has「账号管理」.
	w = newWorld(t)
	clerk := platform.RoleID("R-10-clerk")
	ok(w, w.system(), func(t *Tx) (bool, error) {
		return true, t.Import(&platform.Seed{Roles: []platform.Role{{ID: clerk, EnterpriseID: "E-10", Name: "账号管理员", Perms: []platform.Perm{platform.PermAccountAdmin}}}})
	})
	ok(w, w.as("A-1001"), func(t *Tx) (*platform.Member, error) {
		return t.AddMember(platform.MemberForm{Enterprise: "E-10", Login: demo.Mobile("A-1102"), Name: "远示丙", Roles: []platform.RoleID{clerk}})
	})
	_, err = w.openChange("A-1102")
	w.must(err)
}

func TestR10_3_NewLicenceAndBothSidesOfTheCard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.openChange("A-1001")
	w.must(err)
	start := platform.NewCertification{Purpose: platform.ForInfoChange, Enterprise: "E-10", EntityType: platform.Company, LicenceDoc: platform.BusinessLicence}
	begin := func(t *Tx) (*platform.Certification, error) { return t.StartCertification(start) }
	_, err = do(w, w.as("A-1001"), begin)
	if r := w.refused(err, platform.MissingField, "R02.13"); r.Args["field"] != string(platform.FileLicence) {
		t.Errorf("missing %q", r.Args["field"])
	}
	start.Licence = w.picture(w.as("A-1001"), platform.FileLicence, form10.reading())
	c := ok(w, w.as("A-1001"), begin)
	full := w.info(form10)
	for _, drop := range []func(*platform.BasicInfo){
		func(b *platform.BasicInfo) { b.IDFront = "" }, func(b *platform.BasicInfo) { b.IDBack = "" },
	} {
		b := full
		drop(&b)
		w.refused(w.try(w.as("A-1001"), func(t *Tx) error { return t.SubmitBasicInfo(c.ID, b) }), platform.MissingField, "R10.3")
	}
	w.run(w.as("A-1001"), func(t *Tx) error { return t.SubmitBasicInfo(c.ID, full) })
}

func TestR10_5_SealsMustBeUpdatedAfterwards(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, err := w.openChange("A-1001")
	w.must(err)
	w.byPhone(w.as("A-1001"), w.mustCertify(form10).Subject(), "", demo.LegalRepMobile("10"))
	status := func() platform.ChangeStatus {
		return view(w, func(t *Tx) platform.ChangeStatus { return t.InfoChange(c.ID).Status })
	}
	if got := status(); got != platform.ChangeCertified {
		t.Errorf("before the seal is drawn: %s", got)
	}
	ok(w, w.as("A-1001"), func(t *Tx) (*platform.Seal, error) { return t.UpdateSeal("S-10-1", "") })
	if got := status(); got != platform.ChangeClosed {
		t.Errorf("after the seal is drawn: %s", got)
	}
}

func TestR10_6_NoNewEnterpriseMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := form{account: "A-1001", registration: "91000000DEMA00006J", name: "虚构云帆科技有限公司", legalRep: "法示06", nn: "06"}
	w.changing(same)
	_, err := w.certify(other)
	w.refused(err, platform.ChangeOpen, "R10.6")
	w.mustCertify(other.by("A-0601")) // another account is not concerned

	w = newWorld(t)
	w.changed()
	w.mustCertify(other)
}

func TestR10_8_ErasedAfterSevenDays(t *testing.T) {
	t.Parallel()
	for after, erased := range map[time.Duration]bool{7*24*time.Hour - time.Millisecond: false, 7 * 24 * time.Hour: true} {
		w := newWorld(t)
		id := w.changing(same)
		w.forward(after)
		_, err := w.p.Sweep(w.ctx, 100)
		w.must(err)
		c := w.progress("A-1001", id).Certification
		gone := c.Status == platform.CertExpired && c.Submitted == (platform.Submitted{}) && c.IDHash == "" && c.Images == nil && c.OCR == (platform.Reading{})
		if gone != erased {
			t.Errorf("after %v: %+v", after, c)
		}
		if !erased {
			continue
		}
		if e := view(w, func(t *Tx) *platform.Enterprise { return t.Enterprise("E-10") }); e.Status != platform.Certified || e.Name != "虚构远山机械有限公司" {
			t.Errorf("the enterprise is %s %s", e.Name, e.Status)
		}
		w.refused(w.submit(id, form10), platform.NotOpen, "R10.8")
		w.changed() // from the start
	}
}

func TestR10_11_AnotherCodeIsAnotherEnterprise(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.openChange("A-1001")
	w.must(err)
	other := form10.with(func(f *form) {
		f.registration, f.name, f.legalRep, f.nn = "91000000DEMA00006J", "虚构云帆科技有限公司", "法示06", "06"
	})
	id, err := w.certify(other)
	w.refused(err, platform.DifferentUSCC, "R10.11")
	w.must(w.submit(id, form10))
}

func TestR10_14_OldNameMaySignAndSendMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := address(w, "A-9001", "虚构远山机械有限公司", "A-1001")
	w.changing(same)
	w.wantScreen("A-1001", old, platform.ScreenSigningPage, "确认签署")
	if c, err := w.sign("A-1001", old); err != nil || c.Status != platform.ContractCompleted {
		t.Errorf("signing: %v", err)
	}
	sendTo(w, "A-1001", platform.Party{EnterpriseName: "虚构茶山商贸有限公司"})
}

func TestR10_16_PrivacyConsentIsRequired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.openChange("A-1001")
	w.must(err)
	_, err = w.certify(form10.with(func(f *form) { f.noPrivacy = true }))
	w.refused(err, platform.ConsentMissing, "R10.16")
}

func methodsOf(w *world, id platform.CertificationID) []platform.Method {
	w.Helper()
	m := w.progress("A-1001", id).Methods
	slices.Sort(m)
	return m
}

func TestR10_18_LegalRepresentativesCardAllowsFourMethods(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := []platform.Method{platform.ByAuthLetter, platform.ByBankPayment, platform.ByLegalRepFace, platform.ByLegalRepPhone}
	if got := methodsOf(w, w.changing(same)); !slices.Equal(got, want) {
		t.Errorf("methods %v, want %v", got, want)
	}
}

func TestR10_19_AgentsCardAllowsTwoMethods(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.changing(func(f *form) { f.agent = true })
	want := []platform.Method{platform.ByAuthLetter, platform.ByBankPayment}
	if got := methodsOf(w, id); !slices.Equal(got, want) {
		t.Errorf("methods %v, want %v", got, want)
	}
	_, err := do(w, w.as("A-1001"), func(t *Tx) (platform.CheckID, error) {
		return t.StartFaceCheck(platform.FaceForm{Subject: id.Subject(), LegalRepID: demo.LegalRepID("10"), Privacy: true, Vehicle: "Alipay"})
	})
	w.refused(err, platform.MethodNotAllowed, "R10.19")
}

func TestR10_21_PhoneBoughtUnderRealName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.changing(same)
	start := func(mobile string) error {
		_, err := do(w, w.as("A-1001"), func(t *Tx) (platform.CheckID, error) {
			return t.StartPhoneCheck(platform.PhoneForm{Subject: id.Subject(), Mobile: mobile, Privacy: true})
		})
		return err
	}
	w.refused(start("14099999999"), platform.LegalRepMismatch, "R10.21")             // nobody's
	w.refused(start(demo.LegalRepMobile("11")), platform.LegalRepMismatch, "R11.12") // somebody else's
	w.must(start(demo.LegalRepMobile("10")))
}

func TestR10_24_SealsShowThatTheyNeedRedrawing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.changed()
	const text = "企业信息已变更，请重新编辑印章图案"
	w.wantScreen("A-1001", "C-10-1", platform.ScreenSealNeedsRedraw, text)
	if s := view(w, func(t *Tx) *platform.Seal { return t.Seal("S-10-1") }); !s.NeedsRedraw || s.Usable() {
		t.Errorf("seal %+v", s)
	}
	_, err := w.sign("A-1001", "C-10-1")
	w.refused(err, platform.NoRight, "R12.17")
	ok(w, w.as("A-1001"), func(t *Tx) (*platform.Seal, error) { return t.UpdateSeal("S-10-1", "") })
	w.wantScreen("A-1001", "C-10-1", platform.ScreenSigningPage, "确认签署")
	if s := view(w, func(t *Tx) *platform.Seal { return t.Seal("S-10-1") }); s.DrawnForName != "虚构远山智造有限公司" {
		t.Errorf("drawn for %q", s.DrawnForName)
	}
}

func TestR10_25_KindsAndStatesOfSeals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	photo := w.picture(w.as("A-1601"), platform.FileSeal, platform.Reading{SealFound: true})
	make := func(kind platform.SealKind, name string) (*platform.Seal, error) {
		return do(w, w.as("A-1601"), func(t *Tx) (*platform.Seal, error) {
			return t.SetupSeal(platform.SealForm{Enterprise: "E-16", Image: photo, Name: name, Kind: kind})
		})
	}
	var last *platform.Seal
	for kind, name := range map[platform.SealKind]string{platform.OfficialSeal: "公章", platform.ContractSeal: "合同专用章", platform.FinanceSeal: "财务章",
		platform.LegalRepSeal: "法人章", platform.HRSeal: "人事专用章"} {
		s, err := make(kind, name)
		w.must(err)
		if s.Kind != kind || s.Status != platform.SealEnabled {
			t.Errorf("seal %+v", s)
		}
		last = s
	}
	_, err := make("Chop", "方章")
	w.refused(err, platform.BadField, "R10.25")
	set := func(to platform.SealStatus) error {
		return w.try(w.as("A-1601"), func(t *Tx) error { return t.SetSeal(last.ID, to) })
	}
	w.must(set(platform.SealDisabled))
	w.must(set(platform.SealEnabled))
	w.must(set(platform.SealDeleted))
	w.refused(set(platform.SealEnabled), platform.NotFound, "") // gone for good
}

func TestR10_26_HoldersByRoleAndPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	staff := view(w, func(t *Tx) platform.RoleID {
		roles := t.Roles("E-18")
		return roles[slices.IndexFunc(roles, func(r *platform.Role) bool { return r.Name == platform.StaffRoleName })].ID
	})
	w.refused(w.try(w.as("A-1801"), func(t *Tx) error { return t.GrantSeal("S-18-1", platform.SealHolders{}) }), platform.NoItems, "R10.26")
	w.run(w.as("A-1801"), func(t *Tx) error {
		return t.GrantSeal("S-18-1", platform.SealHolders{Members: []platform.MemberID{"M-1802"}, Roles: []platform.RoleID{staff}})
	})
	held := func() []platform.Holder { return view(w, func(t *Tx) []platform.Holder { return t.Holders("S-18-1") }) }
	var remove []platform.SealGrantID
	for _, h := range held() {
		switch {
		case h.Role && h.Name != platform.StaffRoleName, !h.Role && h.Name != "梧示二" && h.Name != "梧示管":
			t.Errorf("holder %+v", h)
		case h.Since.IsZero() || h.By != platform.GrantedByMember:
			t.Errorf("holder %+v without since or way", h)
		}
		remove = append(remove, h.Grant)
	}
	if len(remove) != 3 {
		t.Fatalf("%d holders, want 3", len(remove))
	}
	w.run(w.as("A-1801"), func(t *Tx) error { return t.RevokeSeal("S-18-1", remove) })
	if h := held(); len(h) != 0 {
		t.Errorf("left: %v", h)
	}
}

func TestR10_27_CertificatePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.changing(same)
	w.byPhone(w.as("A-1001"), id.Subject(), "", demo.LegalRepMobile("10"))
	c := w.progress("A-1001", id).Certificate
	if c == nil {
		t.Fatal("no certificate")
	}
	if c.SubjectName != "虚构远山智造有限公司" || c.Registration != "91000000DEMA000101" || c.LegalRepName != "法示10" || c.Issuer == "" ||
		len(c.SerialNo) != 40 || strings.Trim(string(c.SerialNo), "0123456789abcdef") != "" {
		t.Errorf("certificate %+v", c)
	}
	if !c.IssuedAt.Equal(w.now) || !c.ExpiresAt.Equal(w.now.AddDate(1, 0, 0)) {
		t.Errorf("valid from %v to %v", c.IssuedAt, c.ExpiresAt)
	}
}
