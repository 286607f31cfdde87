package platform_test

import (
	"slices"
	"testing"

	"signdesk/actions/platform"
)

func TestR06_1_PrivatePaymentForSoleTradersOnly(t *testing.T) {
	for name, row := range map[string]struct {
		f       form
		private bool
	}{
		"sole trader": {form05, true}, "sole trader without a name": {form02, true},
		"company": {form06, false}, "company by an agent": {form06Agent, false}, "body without licence": {form03, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.mustCertify(row.f)
			if got := slices.Contains(w.progress(row.f.account, id).Methods, platform.ByPrivatePayment); got != row.private {
				t.Errorf("offered: %v, want %v", got, row.private)
			}
			_, err := do(w, w.as(row.f.account), func(t *Tx) (platform.ReverseID, error) { return t.SubmitReverse(reverseForm(id)) })
			if row.private {
				w.must(err)
			} else {
				w.refused(err, platform.NoPrivatePayment, "R06.1")
			}
		})
	}
}
