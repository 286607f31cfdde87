package platform_test

import (
	"context"
	"strings"
	"testing"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
)

// Forms that certify the demonstration's enterprises.
var (
	form02 = form{account: "A-0201", registration: "92000000DEMA000023", legalRep: "米示二", nn: "02", entity: platform.SoleTrader, noName: true}
	form03 = form{account: "A-0301", registration: "52000000DEMA00003A", name: "虚构星河社区服务中心", legalRep: "法示03", nn: "03",
		entity: platform.NonCommercial, doc: platform.SocialServiceOrgCert}
	form04 = form{account: "A-0401", registration: "91000000DEMA00004C", name: "虚构海蓝(中国)有限公司", legalRep: "SAMPLE ALEX NOVA", nn: "04", agent: true}
	form05 = form{account: "A-0501", registration: "92000000DEMA00005C", name: "虚构老街面馆", legalRep: "石示五", nn: "05", entity: platform.SoleTrader}
	form06 = form{account: "A-0601", registration: "91000000DEMA00006J", name: "虚构云帆科技有限公司", legalRep: "法示06", nn: "06"}
)

// with returns the form after a change.
func (f form) with(change func(*form)) form {
	change(&f)
	return f
}

// by returns the form as another account fills it in.
func (f form) by(account string) form { return f.with(func(f *form) { f.account = account }) }

// pass proves a certification by the legal representative's phone.
func (w *world) pass(id platform.CertificationID, f form) {
	w.Helper()
	w.byPhone(w.as(f.account), id.Subject(), "", demo.LegalRepMobile(f.nn))
}

// certStatus returns the state of a certification.
func (w *world) certStatus(f form, id platform.CertificationID) platform.CertificationStatus {
	w.Helper()
	return w.progress(f.account, id).Certification.Status
}

// registered returns the enterprise of the form's registration, or nil.
func (w *world) registered(f form) *platform.Enterprise {
	return view(w, func(t *Tx) *platform.Enterprise { return t.EnterpriseByRegistration(f.registration) })
}

// A changedRegistry is a registry that has other records in some places.
type changedRegistry struct {
	platform.Registry
	changed map[string]platform.RegistryEntry
}

func (r changedRegistry) Lookup(ctx context.Context, registration string) (platform.RegistryEntry, bool, error) {
	if e, ok := r.changed[registration]; ok {
		return e, true, nil
	}
	return r.Registry.Lookup(ctx, registration)
}

// worldWhere returns a world whose registry has these records besides.
func worldWhere(t *testing.T, changed map[string]platform.RegistryEntry) *world {
	t.Helper()
	return worldWith(t, func(o *platform.Options) { o.Ports.Registry = changedRegistry{o.Ports.Registry, changed} })
}

// entry is what the registry has if the form is right.
func (f form) entry() platform.RegistryEntry {
	e := platform.RegistryEntry{Name: f.name, LegalRepName: f.legalRep, LegalRepID: demo.LegalRepID(f.nn), LegalRepCount: 1, EntityType: f.entity}
	if e.EntityType == "" {
		e.EntityType = platform.Company
	}
	return e
}

// applicantByEmail registers an account that has no mobile number.
func applicantByEmail(w *world, email string) string {
	w.Helper()
	nobody := w.p.NewAct(platform.Actor{}, platform.PC)
	w.run(nobody, func(t *Tx) error { return t.SendRegisterCode(email) })
	code := w.code(email)
	return string(ok(w, nobody, func(t *Tx) (platform.AccountID, error) {
		return t.Register(platform.Registration{Login: email, Name: "邮示人", Company: "无", Code: code, Password: "Abc123456"})
	}))
}

func TestR01_1_OneLicenceIsCertifiedOnce(t *testing.T) {
	regNo := form06.with(func(f *form) { f.registration = "330000000000016" })
	for name, f := range map[string]form{"USCC": form06, "registration number": regNo} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := worldWhere(t, map[string]platform.RegistryEntry{f.registration: f.entry()})
			id := w.mustCertify(f)
			_, err := w.certify(f)
			w.refused(err, platform.AlreadyOpen, "R01.1")
			w.pass(id, f)
			spaced := f.with(func(f *form) { f.registration = strings.ToLower(f.registration[:8] + " " + f.registration[8:]) })
			for _, again := range []form{f, f.by("A-0102"), spaced} {
				_, err := w.certify(again)
				w.refused(err, platform.AlreadyCertified, "R08.5")
			}
		})
	}
}

func TestR01_2_AnotherAccountIsRefusedAndToldWhoseItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	byMail := applicantByEmail(w, "yunfan@demo.example")
	for account, shown := range map[string]string{"A-0601": "140****0601", byMail: "yun****@demo.example"} {
		f := form06.by(account)
		w.mustCertify(f)
		_, err := w.certify(form06.by("A-0102"))
		r := w.refused(err, platform.LicenceTaken, "R01.2")
		want := "该企业已经被" + shown + "提交实名认证申请，如有问题，请联系客服"
		if got := w.words.Explain(r); got != want {
			t.Errorf("text %q, want %q", got, want)
		}
		w.refused(w.try(w.as("A-0102"), func(t *Tx) error { return t.CheckLicence(f.registration) }), platform.LicenceTaken, "R01.2")
		w.run(w.as(account), func(t *Tx) error { return t.CheckLicence(f.registration) })
		w.run(w.as(account), func(t *Tx) error { return t.DeleteEnterprise(t.EnterpriseByRegistration(f.registration).ID) })
	}
}

func TestR01_2_WhoSubmitsFirstHasIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, err := w.certify(form06.with(func(f *form) { f.legalRep = "" })) // begun, and not submitted
	w.refused(err, platform.MissingField, "R02.13")
	w.mustCertify(form06.by("A-0102"))
	r := w.refused(w.submit(a, form06), platform.LicenceTaken, "R01.2")
	if r.Args["account"] != "140****0102" {
		t.Errorf("taken by %q, want 140****0102", r.Args["account"])
	}
}

func TestR01_4_DeletionOnPCOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := platform.Actor{Account: "A-0101"}
	for _, ch := range []platform.Channel{platform.Mobile, platform.MiniProgram, ""} {
		err := w.try(w.p.NewAct(owner, ch), func(t *Tx) error { return t.DeleteEnterprise("E-01") })
		w.refused(err, platform.NotPC, "R01.4")
	}
	w.run(w.p.NewAct(owner, platform.PC), func(t *Tx) error { return t.DeleteEnterprise("E-01") })
}

func TestR01_7_AfterDeletionTheLicenceIsFree(t *testing.T) {
	edited := form05.with(func(f *form) {
		f.ocr = &platform.Reading{Name: "虚构老街面食", Registration: f.registration, LegalRepName: f.legalRep}
	})
	for name, row := range map[string]struct {
		f     form
		until func(*world, platform.CertificationID)
	}{
		"submitted":       {form05, func(*world, platform.CertificationID) {}},
		"payment awaited": {form05, func(w *world, id platform.CertificationID) { w.mustReverse(id) }},
		"in review":       {edited, func(w *world, id platform.CertificationID) { w.pass(id, edited) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.mustCertify(row.f)
			row.until(w, id)
			w.run(w.as("A-0501"), func(t *Tx) error { return t.DeleteEnterprise(t.EnterpriseByRegistration(row.f.registration).ID) })
			if e, p := w.registered(row.f), w.progress("A-0501", id); e != nil || p.Certification.Status != platform.CertWithdrawn || p.Review != nil {
				t.Fatalf("after deletion: enterprise %v, certification %s, review %v", e, p.Certification.Status, p.Review)
			}

			anew := form05.by("A-0102")
			second := w.mustCertify(anew)
			w.run(w.as("A-0102"), func(t *Tx) error { _, err := t.SubmitReverse(reverseForm(second)); return err })
			w.arrived(goodPayment(w))
			if got := w.certStatus(anew, second); got != platform.CertPassed {
				t.Errorf("the second certification is %s", got)
			}
			if got := w.admin(string(w.registered(anew).ID)); got != "A-0102" {
				t.Errorf("main administrator is %s, want A-0102", got)
			}
		})
	}
}

func TestR01_8_OnlyTheAccountItselfDeletes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	link := ok(w, w.as("A-0101"), func(t *Tx) (*platform.ShortLink, error) {
		return t.NotifyHelper(platform.CertificationID("V-01").Subject(), platform.RoleFinance, "14000000191")
	})
	for _, who := range []platform.Actor{{Account: "A-0102"}, {Account: "A-9001"}, {Link: string(link.Code)}, {System: "test"}, {}} {
		err := w.try(w.p.NewAct(who, platform.PC), func(t *Tx) error { return t.DeleteEnterprise("E-01") })
		w.refused(err, platform.NotOwner, "R01.8")
	}
	w.run(w.as("A-0101"), func(t *Tx) error { return t.DeleteEnterprise("E-01") })
}
