package platform_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"testing"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
	"signdesk/actions/platform/picture"
)

// named returns what the registry has of the nameless sole trader if it shows
// this as its name.
func named(name string) map[string]platform.RegistryEntry {
	e := form02.entry()
	e.Name = name
	return map[string]platform.RegistryEntry{form02.registration: e}
}

func TestR02_1_NoNameChannelIfTheLicenceShowsNone(t *testing.T) {
	for shown, none := range map[string]bool{"*": true, "无字号": true, "": true, " ": true, "　": true, "虚构街角面馆": false, "**": false, "无字号面馆": false} {
		t.Run("shows "+shown, func(t *testing.T) {
			t.Parallel()
			w := worldWhere(t, named(shown))
			ordinary := form02.with(func(f *form) { f.noName, f.name = false, shown })
			if none {
				_, err := w.certify(ordinary)
				w.refused(err, platform.MissingField, "R02.13")
				w.pass(w.mustCertify(form02), form02)
				return
			}
			_, err := w.certify(form02)
			w.refused(err, platform.NoNameChannelOnly, "R02.1")
			w.pass(w.mustCertify(ordinary), ordinary)
		})
	}
}

func TestR02_2_NoNameChannelForSoleTradersOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, f := range []form{form06, form03} {
		_, err := w.certify(f.with(func(f *form) { f.noName = true }))
		w.refused(err, platform.NoNameChannelOnly, "R02.2")
	}
	// The registry knows who is one.
	_, err := w.certify(form06.with(func(f *form) { f.noName, f.entity = true, platform.SoleTrader }))
	if r := w.refused(err, platform.RegistryMismatch, "R04.1"); r.Args["field"] != "entityType" {
		t.Errorf("refused for %q, want the entity type", r.Args["field"])
	}
	w.mustCertify(form02)
}

// begin uploads the licence of a form.
func (w *world) begin(f form) platform.CertificationID {
	w.Helper()
	licence := w.picture(w.as(f.account), platform.FileLicence, f.reading())
	n := platform.NewCertification{Purpose: platform.ForNew, EntityType: f.entry().EntityType, LicenceDoc: platform.BusinessLicence, NoName: f.noName, Licence: licence}
	return ok(w, w.as(f.account), func(t *Tx) (*platform.Certification, error) { return t.StartCertification(n) }).ID
}

// info is what a form states besides the licence.
func (w *world) info(f form) platform.BasicInfo {
	w.Helper()
	card := func() platform.FileID { return w.picture(w.as(f.account), platform.FileIDCard, platform.Reading{}) }
	return platform.BasicInfo{Name: f.name, Registration: f.registration, LegalRepName: f.legalRep, PersonKind: platform.IsLegalRep,
		IDNumber: demo.LegalRepID(f.nn), IDFront: card(), IDBack: card(), Privacy: true}
}

func TestR02_5_LegalRepsOwnCardBothSides(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.begin(form02)
	for _, row := range []struct {
		change func(*platform.BasicInfo)
		code   platform.Code
		rule   string
	}{
		{func(i *platform.BasicInfo) { i.PersonKind, i.IDNumber = platform.IsAgent, agentID }, platform.NeedsLegalRepCard, "R02.5"},
		{func(i *platform.BasicInfo) { i.IDNumber = agentID }, platform.LegalRepMismatch, "R04.2"}, // another's, said to be his
		{func(i *platform.BasicInfo) { i.IDFront = "" }, platform.MissingField, "R02.5"},
		{func(i *platform.BasicInfo) { i.IDBack = "" }, platform.MissingField, "R02.5"},
	} {
		info := w.info(form02)
		row.change(&info)
		w.refused(w.try(w.as("A-0201"), func(t *Tx) error { return t.SubmitBasicInfo(id, info) }), row.code, row.rule)
	}
	info := w.info(form02)
	w.run(w.as("A-0201"), func(t *Tx) error { return t.SubmitBasicInfo(id, info) })
}

func TestR02_7_NameIsLegalRepAndUSCC(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := form02.with(func(f *form) { f.name = "米示二小吃" }) // whatever is typed
	id := w.mustCertify(f)
	w.pass(id, f)
	const want = "米示二92000000DEMA000023"
	e, p := w.registered(f), w.progress(f.account, id)
	if e.Name != want || p.Certificate.SubjectName != want {
		t.Errorf("enterprise %q, certificate of %q, want %q", e.Name, p.Certificate.SubjectName, want)
	}
	if p.Certification.ManualEdit {
		t.Error("the generated name counts as edited by hand")
	}
}

// encoded returns pictures by type, and files that are none.
func encoded(t *testing.T) map[string][]byte {
	t.Helper()
	png, err := demo.Picture(platform.Reading{})
	img := image.NewPaletted(image.Rect(0, 0, 2, 2), color.Palette{color.White, color.Black})
	var jpg, gf bytes.Buffer
	if err := errors.Join(err, jpeg.Encode(&jpg, img, nil), gif.Encode(&gf, img, nil)); err != nil {
		t.Fatal(err)
	}
	bmp := make([]byte, 58) // a pixel of 24 bits behind headers of 14 and 40 bytes
	copy(bmp, "BM")
	for at, v := range map[int]byte{2: 58, 10: 54, 14: 40, 18: 1, 22: 1, 26: 1, 28: 24} {
		bmp[at] = v
	}
	return map[string][]byte{"png": png, "jpeg": jpg.Bytes(), "gif": gf.Bytes(), "bmp": bmp, "pdf": []byte("%PDF-1.7"), "empty": nil}
}

// padded returns a picture of exactly that many bytes.
func padded(picture []byte, size int) []byte {
	return append(bytes.Clone(picture), make([]byte, size-len(picture))...)
}

func TestR02_9_JPEGAndPNGOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pictures := encoded(t)
	_, err := w.p.Upload(w.ctx, w.as("A-0601"), platform.FileLetter, pictures["bmp"])
	w.must(err) // it is one, and taken where it may be
	for _, use := range []platform.FileUse{platform.FileLicence, platform.FileIDCard} {
		for kind, data := range pictures {
			_, err := w.p.Upload(w.ctx, w.as("A-0601"), use, data)
			if kind == "jpeg" || kind == "png" {
				w.must(err)
				continue
			}
			r := w.refused(err, platform.BadImageType, "R02.9")
			if got := w.words.Explain(r); got != "仅支持jpeg、jpg、png格式的图片" {
				t.Errorf("%s: text %q", kind, got)
			}
		}
	}
}

func TestR02_10_AtMost10M(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	raw, err := demo.Picture(platform.Reading{})
	w.must(err)
	for _, use := range []platform.FileUse{platform.FileLicence, platform.FileIDCard} {
		_, err := w.p.Upload(w.ctx, w.as("A-0601"), use, padded(raw, 10*picture.Mega))
		w.must(err)
		_, err = w.p.Upload(w.ctx, w.as("A-0601"), use, padded(raw, 10*picture.Mega+1))
		if r := w.refused(err, platform.ImageTooBig, "R02.10"); r.Args["limit"] != "10M" {
			t.Errorf("limit %q, want 10M", r.Args["limit"])
		}
	}
}

func TestR02_11_WatermarkNoneOrThePlatforms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, use := range []platform.FileUse{platform.FileLicence, platform.FileIDCard} {
		for text, allowed := range map[string]bool{"": true, "仅用于上上签实名认证": true, "用于上上签实名认证": false, "仅用于上上签实名认证 ": false,
			"仅用于上上签实名认证，他用无效": false, "仅供示例": false} {
			raw, err := demo.Picture(platform.Reading{WatermarkText: text})
			w.must(err)
			_, err = w.p.Upload(w.ctx, w.as("A-0601"), use, raw)
			if allowed {
				w.must(err)
				continue
			}
			if r := w.refused(err, platform.BadWatermark, "R02.11"); r.Args["allowed"] != "仅用于上上签实名认证" {
				t.Errorf("allowed: %q", r.Args["allowed"])
			}
		}
	}
}

func TestR02_13_RequiredFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := do(w, w.as("A-0601"), func(t *Tx) (*platform.Certification, error) {
		return t.StartCertification(platform.NewCertification{Purpose: platform.ForNew, EntityType: platform.Company, LicenceDoc: platform.BusinessLicence})
	})
	if r := w.refused(err, platform.MissingField, "R02.13"); r.Args["field"] != string(platform.FileLicence) {
		t.Errorf("without licence: %q is missing", r.Args["field"])
	}
	id := w.begin(form06)
	for field, empty := range map[string]func(*platform.BasicInfo){
		"companyName":  func(i *platform.BasicInfo) { i.Name = "" },
		"registration": func(i *platform.BasicInfo) { i.Registration = "" },
		"legalRepName": func(i *platform.BasicInfo) { i.LegalRepName = "" },
	} {
		info := w.info(form06)
		empty(&info)
		err := w.try(w.as("A-0601"), func(t *Tx) error { return t.SubmitBasicInfo(id, info) })
		if r := w.refused(err, platform.MissingField, "R02.13"); r.Args["field"] != field {
			t.Errorf("without %s: %q is missing", field, r.Args["field"])
		}
	}
	info := w.info(form06)
	for _, wrong := range []string{"91000000DEMA00006K", "91000000DEMA00006", "33000000000001", "3300000000000161"} {
		info.Registration = wrong
		w.refused(w.try(w.as("A-0601"), func(t *Tx) error { return t.SubmitBasicInfo(id, info) }), platform.BadField, "R02.13")
	}
	info.Registration = form06.registration
	w.run(w.as("A-0601"), func(t *Tx) error { return t.SubmitBasicInfo(id, info) })
	w.mustCertify(form02) // the no-name channel asks for no name
}
