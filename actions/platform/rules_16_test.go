package platform_test

import (
	"strings"
	"testing"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
	"signdesk/actions/platform/picture"
)

// setUp sets up a seal of E-16.
func setUp(w *world, f platform.SealForm) (*platform.Seal, error) {
	w.Helper()
	f.Enterprise = "E-16"
	return do(w, w.as("A-1601"), func(t *Tx) (*platform.Seal, error) { return t.SetupSeal(f) })
}

func TestR16_4_UploadRecogniseName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	found := platform.Reading{SealFound: true}
	photo := w.picture(w.as("A-1601"), platform.FileSeal, found)
	for _, name := range []string{"", " ", "章", strings.Repeat("章", 31)} {
		_, err := setUp(w, platform.SealForm{Image: photo, Name: name})
		if r := w.refused(err, platform.BadField, "R16.4"); r.Args["field"] != "sealName" {
			t.Errorf("named %q: refused for %q", name, r.Args["field"])
		}
	}
	_, err := setUp(w, platform.SealForm{Image: w.picture(w.as("A-1601"), platform.FileSeal, platform.Reading{}), Name: "麦田公章"})
	if r := w.refused(err, platform.BadField, "R16.3"); r.Args["field"] != "sealImage" {
		t.Errorf("no seal in the picture: refused for %q", r.Args["field"])
	}
	for _, image := range []platform.FileID{"F-unknown", w.picture(w.as("A-0102"), platform.FileSeal, found), w.picture(w.as("A-1601"), platform.FileLicence, found)} {
		_, err := setUp(w, platform.SealForm{Image: image, Name: "麦田公章"})
		w.refused(err, platform.NotFound, "R16.4")
	}
	for _, name := range []string{"公章", strings.Repeat("章", 30)} {
		s, err := setUp(w, platform.SealForm{Image: photo, Name: name})
		if err != nil || s.Name != name || s.ImageFileID != photo || s.Source != platform.UploadSeal || !s.Usable() {
			t.Errorf("named %q: %+v, %v", name, s, err)
		}
	}
	_, err = setUp(w, platform.SealForm{Image: photo, Name: "公章"})
	w.refused(err, platform.NameTaken, "R16.4")
}

func TestR16_4_PicturesOfSeals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	upload := func(data []byte) error {
		_, err := w.p.Upload(w.ctx, w.as("A-1601"), platform.FileSeal, data)
		return err
	}
	for kind, data := range encoded(t) {
		if kind == "jpeg" || kind == "png" {
			w.must(upload(data))
		} else {
			w.refused(upload(data), platform.BadImageType, "R16.4")
		}
	}
	raw, err := demo.Picture(platform.Reading{SealFound: true})
	w.must(err)
	w.must(upload(padded(raw, 10*picture.Mega)))
	w.refused(upload(padded(raw, 10*picture.Mega+1)), platform.ImageTooBig, "R16.4")
}

func TestR16_6_WithoutSealSetOneUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.wantScreen("A-1601", "C-16-1", platform.ScreenSetupSeal, "设置企业印章")
	s, err := setUp(w, platform.SealForm{})
	w.must(err)
	if s.Name != "电子公章" || s.Kind != platform.OfficialSeal || s.Source != platform.SystemSeal || s.ImageFileID != "" || s.DrawnForName != "虚构麦田农业有限公司" {
		t.Errorf("way 1 made %+v", s)
	}
	w.wantScreen("A-1601", "C-16-1", platform.ScreenSigningPage, "确认签署")
	_, err = setUp(w, platform.SealForm{})
	w.refused(err, platform.NameTaken, "R16.4")

	w.run(w.as("A-1601"), func(t *Tx) error { return t.SetSeal(s.ID, platform.SealDeleted) })
	w.wantScreen("A-1601", "C-16-1", platform.ScreenSetupSeal, "设置企业印章")
	again, err := setUp(w, platform.SealForm{})
	if err != nil || again.Name != "电子公章" || again.ID == s.ID {
		t.Errorf("made again: %+v, %v", again, err)
	}
}
