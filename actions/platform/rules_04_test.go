package platform_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
)

func TestR04_1_EqualToTheRegistrySignBySign(t *testing.T) {
	t.Parallel()
	right := form06.with(func(f *form) { f.name, f.legalRep = "DEMO 8 (中国)有限公司", "SAMPLE ALEX NOVA" })
	gone := right.entry()
	gone.Gone = true
	w := worldWhere(t, map[string]platform.RegistryEntry{right.registration: right.entry(), "330000000000016": gone})
	wrong := map[string][]form{}
	for _, name := range []string{"DEMO 8（中国）有限公司", "DEMO８ (中国)有限公司", "DEMO 8(中国)有限公司", "DEMO  8 (中国)有限公司", " DEMO 8 (中国)有限公司",
		"DEMO 8 (中国)有限公司 ", "Demo 8 (中国)有限公司", "DEMO 9 (中国)有限公司"} {
		wrong["companyName"] = append(wrong["companyName"], right.with(func(f *form) { f.name = name }))
	}
	for _, name := range []string{"SAMPLE ALEXNOVA", "SAMPLE ALEX  NOVA", "SAMPLE ALEX NOVA ", "Sample Alex Nova", "ＳＡＭＰＬＥ ALEX NOVA"} {
		wrong["legalRepName"] = append(wrong["legalRepName"], right.with(func(f *form) { f.legalRep = name }))
	}
	for _, number := range []string{"330000000000017", "330000000000016"} { // unknown, struck off
		wrong["registration"] = append(wrong["registration"], right.with(func(f *form) { f.registration = number }))
	}
	wrong["companyName"] = append(wrong["companyName"], right.with(func(f *form) { f.registration = form04.registration })) // another's
	for field, forms := range wrong {
		for _, f := range forms {
			_, err := w.certify(f)
			if r := w.refused(err, platform.RegistryMismatch, "R04.1"); r.Args["field"] != field {
				t.Errorf("%q, %q, %s: refused for %q, want %q", f.name, f.legalRep, f.registration, r.Args["field"], field)
			}
		}
	}
	w.pass(w.mustCertify(right), right)
}

// A registry that does not answer.
type silentRegistry struct{}

var errSilent = errors.New("no answer")

func (silentRegistry) Lookup(context.Context, string) (platform.RegistryEntry, bool, error) {
	return platform.RegistryEntry{}, false, errSilent
}

func (silentRegistry) Find(context.Context, string) (string, error) { return "", errSilent }

func TestR04_2_TheRegistryIsAsked(t *testing.T) {
	t.Parallel()
	w := worldWith(t, func(o *platform.Options) { o.Ports.Registry = silentRegistry{} })
	id, info := w.begin(form06), w.info(form06)
	err := w.p.Run(w.ctx, w.as("A-0601"), func(t *Tx) error { return t.SubmitBasicInfo(id, info) })
	if !errors.Is(err, errSilent) {
		t.Errorf("without the registry: %v, want its error", err)
	}
	if got := w.certStatus(form06, id); got != platform.CertBasicInfo || w.registered(form06) != nil {
		t.Errorf("without the registry: certification is %s, enterprise %v", got, w.registered(form06))
	}

	// The person is compared too, and a change of data as well.
	w = newWorld(t)
	_, err = w.certify(form06.with(func(f *form) { f.idNumber = demo.LegalRepID("07") }))
	w.refused(err, platform.LegalRepMismatch, "R04.2")
	ok(w, w.as("A-0901"), func(t *Tx) (*platform.InfoChange, error) { return t.OpenInfoChange("E-09") })
	_, err = w.certify(form{account: "A-0901", registration: "91000000DEMA00009U", name: "虚构茯苓新名有限公司", legalRep: "法示09", nn: "09",
		purpose: platform.ForInfoChange, enterprise: "E-09"})
	w.refused(err, platform.RegistryMismatch, "R04.1")
}

// special returns worlds by why only an agent may submit his card for E-06.
func special(t *testing.T) map[string]*world {
	t.Helper()
	two, foreign := form06.entry(), form06.entry()
	two.LegalRepCount, foreign.LegalRepForeign = 2, true
	return map[string]*world{
		"two":     worldWhere(t, map[string]platform.RegistryEntry{form06.registration: two}),
		"foreign": worldWhere(t, map[string]platform.RegistryEntry{form06.registration: foreign}),
	}
}

var form06Agent = form06.with(func(f *form) { f.agent = true })

func TestR04_5_TwoOrForeignLegalRepsNeedTheAgentsCard(t *testing.T) {
	t.Parallel()
	for _, w := range special(t) {
		_, err := w.certify(form06)
		w.refused(err, platform.NeedsAgentCard, "R04.5")
		w.mustCertify(form06Agent)
	}
	newWorld(t).mustCertify(form06) // one citizen
}

func TestR04_6_ThenLetterOrBankOnly(t *testing.T) {
	t.Parallel()
	for why, w := range special(t) {
		id := w.mustCertify(form06Agent)
		if got, want := w.progress("A-0601", id).Methods, []platform.Method{platform.ByAuthLetter, platform.ByBankPayment}; !slices.Equal(got, want) {
			t.Errorf("%s: methods %v, want %v", why, got, want)
		}
		_, err := do(w, w.as("A-0601"), func(t *Tx) (platform.CheckID, error) {
			return t.StartPhoneCheck(platform.PhoneForm{Subject: id.Subject(), LegalRepID: demo.LegalRepID("06"), Mobile: demo.LegalRepMobile("06"), Privacy: true})
		})
		w.refused(err, platform.MethodNotAllowed, "R04.6")
		_, err = do(w, w.as("A-0601"), func(t *Tx) (platform.CheckID, error) {
			return t.StartFaceCheck(platform.FaceForm{Subject: id.Subject(), LegalRepID: demo.LegalRepID("06"), Privacy: true, Vehicle: "Alipay"})
		})
		w.refused(err, platform.MethodNotAllowed, "R04.6")
		_, err = do(w, w.as("A-0601"), func(t *Tx) (*platform.ShortLink, error) {
			return t.NotifyHelper(id.Subject(), platform.RoleLegalRep, demo.LegalRepMobile("06"))
		})
		w.refused(err, platform.MethodNotAllowed, "R04.6")

		ok(w, w.as("A-0601"), func(t *Tx) (*platform.AuthorizationLetter, error) { return t.GenerateLetter(id.Subject()) })
		b, err := w.transfer(w.as("A-0601"), id.Subject(), "9900000000000037")
		w.must(err)
		w.run(w.as("A-0601"), func(t *Tx) error { return t.Backfill(b, "0.38") })
		if got := w.certStatus(form06, id); got != platform.CertPassed {
			t.Errorf("%s: certification is %s, want passed by bank payment", why, got)
		}
	}
}
