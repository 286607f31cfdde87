package platform_test

import (
	"testing"

	"signdesk/actions/platform"
)

func TestR08_5_CertifiedUSCCIsAlreadyCertified(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ok(w, w.as("A-0901"), func(t *Tx) (*platform.InfoChange, error) { return t.OpenInfoChange("E-09") })
	e08 := form{account: "A-0801", registration: "91000000DEMA00008Q", name: "虚构新名商贸有限公司", legalRep: "法示08", nn: "08"}
	for name, f := range map[string]form{
		"by its own administrator":      e08,
		"by another":                    e08.by("A-0102"),
		"in small letters":              e08.with(func(f *form) { f.registration = "91000000dema00008q" }),
		"of an enterprise that changes": {account: "A-0102", registration: "91000000DEMA00009U", name: "虚构茯苓示例有限公司", legalRep: "法示09", nn: "09"},
		"of one with a business line":   {account: "A-0102", registration: "91000000DEMA000909", name: "虚构甲方集团有限公司", legalRep: "法示90", nn: "90"},
	} {
		_, err := w.certify(f)
		if got := w.words.Explain(w.refused(err, platform.AlreadyCertified, "R08.5")); got != "已被实名" {
			t.Errorf("%s: text %q", name, got)
		}
		w.refused(w.try(w.as(f.account), func(t *Tx) error { return t.CheckLicence(f.registration) }), platform.AlreadyCertified, "R08.5")
	}
	w.run(w.as("A-0601"), func(t *Tx) error { return t.CheckLicence(form06.registration) })
	w.mustCertify(form06)
}
