package platform_test

import (
	"testing"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
)

// stated is what a form says before any ID card.
func (f form) stated() platform.BasicInfo {
	i := platform.BasicInfo{Name: f.name, Registration: f.registration, LegalRepName: f.legalRep, PersonKind: platform.IsLegalRep}
	if f.agent {
		i.PersonKind = platform.IsAgent
	}
	return i
}

func TestStatedIsCheckedBeforeAnyCard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, row := range map[string]struct {
		f    form
		code platform.Code
		rule string
	}{
		"no name":      {form06.with(func(f *form) { f.name = "" }), platform.MissingField, "R02.13"},
		"another name": {form06.with(func(f *form) { f.name = "虚构云航科技有限公司" }), platform.RegistryMismatch, "R04.1"},
		"foreign":      {form04.with(func(f *form) { f.agent = false }), platform.NeedsAgentCard, "R04.5"},
		"agent":        {form02.with(func(f *form) { f.agent = true }), platform.NeedsLegalRepCard, "R02.5"},
		"taken":        {e01.with(func(f *form) { f.account = "A-0102" }), platform.LicenceTaken, "R01.2"},
	} {
		id := w.begin(row.f)
		err := w.try(w.as(row.f.account), func(t *Tx) error { return t.CheckStated(id, row.f.stated()) })
		w.refused(err, row.code, row.rule)
	}
	id := w.begin(form06)
	w.run(w.as("A-0601"), func(t *Tx) error { return t.CheckStated(id, form06.stated()) })
	if w.registered(form06) != nil || w.certStatus(form06, id) != platform.CertBasicInfo {
		t.Error("checking took the licence")
	}
	w.refused(w.try(w.as("A-0102"), func(t *Tx) error { return t.CheckStated(id, form06.stated()) }), platform.NotFound, "")
}

func TestCardIsTakenInThePlaceOfItsNumber(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	submit := func(number string) (platform.CertificationID, error) {
		card := ok(w, w.as("A-0601"), func(t *Tx) (platform.IDCard, error) { return t.ReadIDCard(number) })
		id, info := w.begin(form06), w.info(form06)
		info.IDNumber, info.IDCard = "", card
		return id, w.try(w.as("A-0601"), func(t *Tx) error { return t.SubmitBasicInfo(id, info) })
	}
	_, err := submit(demo.LegalRepID("07"))
	w.refused(err, platform.LegalRepMismatch, "R04.2")
	id, err := submit(demo.LegalRepID("06"))
	w.must(err)
	w.pass(id, form06)
	_, err = do(w, w.as("A-0601"), func(t *Tx) (platform.IDCard, error) { return t.ReadIDCard("990001198001010100") })
	w.refused(err, platform.BadField, "R10.3")
}

func TestAnotherPictureOfAChangesLicence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(w.as("A-1001"), func(t *Tx) error { return t.CheckInfoChange("E-10") })
	w.refused(w.try(w.as("A-9101"), func(t *Tx) error { return t.CheckInfoChange("E-91") }), platform.InGroup, "R10.9")
	ok(w, w.as("A-1001"), func(t *Tx) (*platform.InfoChange, error) { return t.OpenInfoChange("E-10") })
	w.refused(w.try(w.as("A-1001"), func(t *Tx) error { return t.CheckInfoChange("E-10") }), platform.ChangeOpen, "R10.6")

	f := form{account: "A-1001", registration: "91000000DEMA000101", name: "虚构远山智造有限公司", legalRep: "法示10", nn: "10",
		purpose: platform.ForInfoChange, enterprise: "E-10"}
	wrong, err := w.certify(f.with(func(f *form) { f.name = "虚构远山" }))
	w.refused(err, platform.RegistryMismatch, "R04.1")
	id := w.mustCertify(f) // the draft before gives way
	if got := w.certStatus(f, wrong); got != platform.CertWithdrawn {
		t.Errorf("the draft is %s", got)
	}
	_, err = w.certify(f)
	w.refused(err, platform.AlreadyOpen, "R10.6")
	w.pass(id, f)
}

func TestRenewedTermIsTheRegistrys(t *testing.T) {
	t.Parallel()
	entry := form06.entry()
	entry.TermEnd = time.Date(2032, 5, 25, 0, 0, 0, 0, time.UTC)
	w := worldWhere(t, map[string]platform.RegistryEntry{form06.registration: entry})
	w.pass(w.mustCertify(form06), form06)
	if e := w.registered(form06); !e.TermEnd.Equal(entry.TermEnd) {
		t.Errorf("term ends %v, want %v", e.TermEnd, entry.TermEnd)
	}
}

func TestOverdueChangeGivesWayBeforeItIsSwept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	open := func() *platform.InfoChange {
		return ok(w, w.as("A-1001"), func(t *Tx) (*platform.InfoChange, error) { return t.OpenInfoChange("E-10") })
	}
	first := open()
	w.forward(7 * 24 * time.Hour)
	second := open()
	if old := view(w, func(t *Tx) *platform.InfoChange { return t.InfoChange(first.ID) }); old.Status != platform.ChangeExpired {
		t.Errorf("the first is %s", old.Status)
	}
	if e := view(w, func(t *Tx) *platform.Enterprise { return t.Enterprise("E-10") }); e.Status != platform.Changing || second.ID == first.ID {
		t.Errorf("enterprise is %s", e.Status)
	}
}
