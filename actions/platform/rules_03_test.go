package platform_test

import (
	"testing"

	"signdesk/actions/platform"
)

// otherDocs are the documents of bodies without a business licence.
var otherDocs = []platform.LicenceDoc{platform.SocialGroupCert, platform.PrivateNonEnterpriseCert, platform.PublicInstitutionCert, platform.SocialServiceOrgCert}

func TestR03_1_BodiesWithoutBusinessLicenceAreCertified(t *testing.T) {
	for _, doc := range otherDocs {
		t.Run(string(doc), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			f := form03.with(func(f *form) { f.doc = doc })
			w.pass(w.mustCertify(f), f)
			if e := w.registered(f); e.Status != platform.Certified || e.EntityType != platform.NonCommercial || e.LicenceDoc != doc {
				t.Errorf("%s is %s with %s", e.EntityType, e.Status, e.LicenceDoc)
			}
		})
	}
}

func TestR03_2_ExactlyFourDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, doc := range []platform.LicenceDoc{platform.BusinessLicence, "LawFirmLicence", "SchoolLicence"} {
		_, err := w.certify(form03.with(func(f *form) { f.doc = doc }))
		w.refused(err, platform.UnknownDocument, "R03.2")
	}
	for _, doc := range otherDocs { // they belong to no other form
		for _, f := range []form{form05, form06} {
			_, err := w.certify(f.with(func(f *form) { f.doc = doc }))
			w.refused(err, platform.UnknownDocument, "R03.2")
		}
	}
	for _, doc := range otherDocs {
		w.mustCertify(form03.with(func(f *form) { f.doc = doc }))
		w.run(w.as("A-0301"), func(t *Tx) error { return t.DeleteEnterprise(t.EnterpriseByRegistration(form03.registration).ID) })
	}
}
