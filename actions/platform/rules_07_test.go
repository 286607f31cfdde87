package platform_test

import (
	"slices"
	"testing"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/calendar"
	"signdesk/actions/platform/demo"
)

const allowedMark = "仅用于上上签实名认证"

// inReview checks that a certification waits for staff, for these causes.
func (w *world) inReview(f form, id platform.CertificationID, causes ...platform.ReviewCause) {
	w.Helper()
	p := w.progress(f.account, id)
	if p.Certification.Status != platform.CertInReview || p.Certificate != nil {
		w.Fatalf("certification is %s with certificate %v, want in review", p.Certification.Status, p.Certificate)
	}
	if !slices.Equal(p.Review.Causes, causes) {
		w.Errorf("causes %v, want %v", p.Review.Causes, causes)
	}
}

// sendLetter proves a certification by the authorisation letter.
func (w *world) sendLetter(account string, s platform.Subject) {
	w.Helper()
	l := ok(w, w.as(account), func(t *Tx) (*platform.AuthorizationLetter, error) { return t.GenerateLetter(s) })
	photo := w.picture(w.as(account), platform.FileLetter, platform.Reading{})
	w.run(w.as(account), func(t *Tx) error { return t.UploadLetter(l.ID, photo) })
}

// reviewed brings E-06 into review and returns its certification.
func reviewed(w *world, account string) (platform.CertificationID, *platform.ReviewTask) {
	w.Helper()
	f := form06.by(account).with(func(f *form) { f.licenceMark = allowedMark })
	id := w.mustCertify(f)
	w.pass(id, f)
	return id, w.progress(account, id).Review
}

func TestR07_1_InReviewWithoutCertificate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := reviewed(w, "A-0601")
	p := w.progress("A-0601", id)
	if want := "认证中：客服将在一个工作日内完成审核，请耐心等待"; p.Text != want {
		t.Errorf("text %q, want %q", p.Text, want)
	}
	if e := w.registered(form06); e.Status != platform.Certifying || w.words.Terms[string(e.Status)] != "认证中" || p.Certificate != nil || e.CertificateID != "" {
		t.Errorf("enterprise is %s, certificate %v", e.Status, p.Certificate)
	}
}

func TestR07_2_CauseEdited(t *testing.T) {
	right := platform.Reading{Name: form06.name, Registration: form06.registration, LegalRepName: form06.legalRep}
	for name, misread := range map[string]func(*platform.Reading){
		"nothing": nil, "name": func(r *platform.Reading) { r.Name = "虚构云帆科技有限公可" },
		"USCC":      func(r *platform.Reading) { r.Registration = "91000000DEMA0000G6J" },
		"legal rep": func(r *platform.Reading) { r.LegalRepName = "法示o6" },
		"a space":   func(r *platform.Reading) { r.Name += " " },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			ocr := right
			if misread != nil {
				misread(&ocr)
			}
			f := form06.with(func(f *form) { f.ocr = &ocr })
			id := w.mustCertify(f)
			w.pass(id, f)
			if misread != nil {
				w.inReview(f, id, platform.CauseEdited)
			} else if got := w.certStatus(f, id); got != platform.CertPassed {
				t.Errorf("unedited: certification is %s, want passed", got)
			}
		})
	}
}

func TestR07_3_CauseWatermark(t *testing.T) {
	for name, mark := range map[string]func(*form){
		"on the licence": func(f *form) { f.licenceMark = allowedMark },
		"on the card":    func(f *form) { f.idMark = allowedMark },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			f := form06.with(mark)
			id := w.mustCertify(f)
			w.pass(id, f)
			w.inReview(f, id, platform.CauseWatermark)
		})
	}
}

func TestR07_4_CauseLetter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.mustCertify(form06)
	w.sendLetter("A-0601", id.Subject())
	w.inReview(form06, id, platform.CauseLetter)

	w = newWorld(t) // with all the others
	f := form06.with(func(f *form) {
		f.ocr = &platform.Reading{Name: "虚构云帆", Registration: f.registration, LegalRepName: f.legalRep, WatermarkText: allowedMark}
	})
	id = w.mustCertify(f)
	w.sendLetter("A-0601", id.Subject())
	w.inReview(f, id, platform.CauseEdited, platform.CauseWatermark, platform.CauseLetter)
}

func TestR07_5_WithinOneWorkingDay(t *testing.T) {
	for at, due := range map[string]string{
		"2022-05-26 09:00": "2022-05-27 09:00", // Thursday
		"2022-05-27 17:30": "2022-05-30 17:30", // Friday
		"2022-05-28 10:00": "2022-05-30 10:00", // Saturday
		"2022-06-02 12:00": "2022-06-06 12:00", // the dragon-boat festival follows
		"2022-09-30 12:00": "2022-10-08 12:00", // a Saturday that is worked ends the holidays
		"2022-10-08 12:00": "2022-10-09 12:00", // a Sunday that is worked
	} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			opened, err := time.ParseInLocation("2006-01-02 15:04", at, calendar.Shanghai)
			w.must(err)
			w.now = opened
			_, task := reviewed(w, "A-0601")
			if got := task.DueAt.In(calendar.Shanghai).Format("2006-01-02 15:04"); got != due {
				t.Errorf("due %s, want %s", got, due)
			}
		})
	}
}

func TestR07_5_StaffDecideOnceDueFirstFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.forward(time.Hour)
	_, task := reviewed(w, "A-0601")
	list := view(w, func(t *Tx) []*platform.ReviewTask { return t.OpenReviews() })
	if len(list) != 2 || list[0].ID != "Q-07" || list[1].ID != task.ID {
		t.Errorf("open reviews %v, want E-07's before E-06's", list)
	}
	for _, who := range []*Act{w.as("A-0601"), w.as("A-9001"), w.system()} {
		w.refused(w.try(who, func(t *Tx) error { return t.Decide(task.ID, true, "") }), platform.NoRight, "R07.5")
	}
	w.run(w.staff(), func(t *Tx) error { return t.Decide(task.ID, true, "") })
	w.refused(w.try(w.staff(), func(t *Tx) error { return t.Decide(task.ID, false, "营业执照不清晰") }), platform.NotOpen, "R07.5")
}

func TestR07_6_ToldPassedOrNot(t *testing.T) {
	for pass, want := range map[bool]string{
		true:  "【上上签】虚构云帆科技有限公司的企业实名认证已审核通过",
		false: "【上上签】虚构云帆科技有限公司的企业实名认证未通过审核，原因：营业执照不清晰",
	} {
		for _, channel := range []string{"SMS", "Email"} {
			t.Run(want+" by "+channel, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				account, login := "A-0601", demo.Mobile("A-0601")
				if channel == "Email" {
					login = "yunfan@demo.example"
					account = applicantByEmail(w, login)
				}
				id, task := reviewed(w, account)
				w.run(w.staff(), func(t *Tx) error { return t.Decide(task.ID, pass, "营业执照不清晰") })
				told := slices.DeleteFunc(view(w, func(t *Tx) []*platform.Notification { return t.SentTo(login) }),
					func(n *platform.Notification) bool { return n.SubjectID != string(id) })
				if len(told) != 1 || told[0].Text != want || told[0].Channel != channel {
					t.Errorf("told %q, want %q by %s", w.sent(login), want, channel)
				}
			})
		}
	}
}

func TestR07_7_TheReasonIsGivenAndTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, none := range []string{"", " ", "　"} {
		w.refused(w.try(w.staff(), func(t *Tx) error { return t.Decide("Q-07", false, none) }), platform.NeedsReason, "R07.7")
	}
	w.run(w.staff(), func(t *Tx) error { return t.Decide("Q-07", false, "身份证国徽面缺失") })
	const reason = "未通过审核，原因：身份证国徽面缺失"
	if got := w.sent(demo.Mobile("A-0701")); !slices.Equal(got, []string{"【上上签】虚构白桦文具有限公司的企业实名认证" + reason}) {
		t.Errorf("told %q", got)
	}
	if p := w.progress("A-0701", "V-07"); p.Text != reason || p.Certification.Status != platform.CertRejected || p.Certificate != nil {
		t.Errorf("the page says %q, certification is %s", p.Text, p.Certification.Status)
	}
}
