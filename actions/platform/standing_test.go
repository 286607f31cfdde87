package platform_test

import (
	"strings"
	"testing"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
)

func TestACompanyIsFoundByItsNameAtTheRegistry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := ok(w, w.as("A-2202"), func(t *Tx) (platform.AppealID, error) {
		return t.StartAppeal("虚构朝露健康食品有限公司", "")
	})
	if a := view(w, func(t *Tx) *platform.Appeal { return t.Appeal(id) }); a.EnterpriseID != "E-22" {
		t.Errorf("the appeal is for %s, want E-22", a.EnterpriseID)
	}
	for _, name := range []string{"虚构朝露食品", "虚构云帆科技有限公司", ""} { // a part of it, one not certified, none
		_, err := do(w, w.as("A-2202"), func(t *Tx) (platform.AppealID, error) { return t.StartAppeal(name, "") })
		w.refused(err, platform.NotFound, "R18.17")
	}
}

func TestALetterInReviewIsTheOnlyOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.mustRequest("A-1202", "C-12-1", platform.RequestForm{Way: platform.AskSealKeeper})
	l := ok(w, w.as("A-1202"), func(t *Tx) (*platform.AuthorizationLetter, error) { return t.GenerateLetter(q.ID.Subject()) })
	photo := w.picture(w.as("A-1202"), platform.FileLetter, platform.Reading{})
	w.run(w.as("A-1202"), func(t *Tx) error { return t.UploadLetter(l.ID, photo) })
	_, err := do(w, w.as("A-1202"), func(t *Tx) (*platform.AuthorizationLetter, error) { return t.GenerateLetter(q.ID.Subject()) })
	w.refused(err, platform.UnderReview, "R12.33")
	w.refused(w.try(w.as("A-1202"), func(t *Tx) error { return t.UploadLetter(l.ID, photo) }), platform.UnderReview, "R12.33")
	w.byFace(w.as("A-1202"), q.ID.Subject(), demo.LegalRepID("12")) // another way is still open
	if got := view(w, func(t *Tx) *platform.PermissionRequest { return t.Request(q.ID) }); got.Status != platform.RequestApproved {
		t.Errorf("after the face check the request is %s", got.Status)
	}
}

func (w *world) standing(account string, s platform.Subject) *platform.Standing {
	w.Helper()
	return ok(w, w.as(account), func(t *Tx) (*platform.Standing, error) { return t.StandingOf(s) })
}

func TestStandingTellsWhoIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.mustRequest("A-1202", "C-12-1", platform.RequestForm{Way: platform.AskFinance})
	s := q.ID.Subject()
	want := func(who platform.Waiter, to string) {
		t.Helper()
		if st := w.standing("A-1202", s); st.WaitsFor != who || st.To != to || !st.Open {
			t.Errorf("waits for %q at %q, want %q at %q: %+v", st.WaitsFor, st.To, who, to, st)
		}
	}
	want(platform.WaitsForApplicant, "")
	ok(w, w.as("A-1202"), func(t *Tx) (*platform.ShortLink, error) {
		return t.NotifyHelper(s, platform.RoleFinance, "14000001291")
	})
	want(platform.WaitsForFinance, "140****1291")
	_, err := w.transfer(w.bearing(w.link("14000001291")), s, "9900000000000037")
	w.must(err)
	want(platform.WaitsForBank, "")
	w.forward(2 * 24 * time.Hour)
	want(platform.WaitsForFinance, "140****1291")
	w.run(w.as("A-1202"), func(t *Tx) error { return t.ChangeWay(q.ID, platform.AskMainAdmin) })
	want(platform.WaitsForMainAdmin, "140****1201")
	w.run(w.as("A-1201"), func(t *Tx) error { return t.DecideRequest(platform.Decision{Request: q.ID, Reason: "请先报备"}) })
	if st := w.standing("A-1202", s); st.Open || st.Passed || st.WaitsFor != "" || st.Reason != "请先报备" {
		t.Errorf("after the rejection: %+v", st)
	}
	_, err = do(w, w.as("A-1302"), func(t *Tx) (*platform.Standing, error) { return t.StandingOf(s) })
	w.refused(err, platform.NotFound, "")
}

func TestRemindingIsLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.mustRequest("A-1202", "C-12-1", platform.RequestForm{})
	remind := func() error {
		w.forward(time.Second)
		_, err := do(w, w.as("A-1202"), func(t *Tx) (*platform.ShortLink, error) {
			return t.RemindHelper(q.ID.Subject(), platform.RoleMainAdmin)
		})
		return err
	}
	first := w.link(demo.Mobile("A-1201"))
	w.must(remind())
	if again := w.link(demo.Mobile("A-1201")); again == first {
		t.Error("the reminder has the old link")
	}
	_, err := do(w, w.bearing(first), func(t *Tx) (*platform.LinkPage, error) { return t.LinkPage() })
	w.refused(err, platform.LinkRevoked, "")
	w.must(remind())
	w.refused(remind(), platform.TooManySends, "")
	w.refused(w.try(w.as("A-1202"), func(t *Tx) error { return t.ChangeWay(q.ID, platform.AskMainAdmin) }), platform.TooManySends, "")
	w.forward(24 * time.Hour)
	w.must(remind())
	_, err = do(w, w.as("A-1202"), func(t *Tx) (*platform.ShortLink, error) {
		return t.RemindHelper(q.ID.Subject(), platform.RoleFinance)
	})
	w.refused(err, platform.NotFound, "")
}

// TestNoticesSayWhatIsAsked: whoever is asked to help must not take an appeal
// for a request to sign.
func TestNoticesSayWhatIsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	appeal, _ := w.appeal("A-1102", "虚构晨光食品有限公司", platform.CaseUnchanged)
	preview := ok(w, w.as("A-1102"), func(t *Tx) (string, error) { return t.HelperNotice(appeal.Subject()) })
	if want := "【上上签】晨示新（账号：140****1102）申请成为虚构晨光食品有限公司的主管理员，请点击 https://ent.bestsign.info/s/…?type=2 进行审批。"; preview != want {
		t.Errorf("preview %q, want %q", preview, want)
	}
	ok(w, w.as("A-1102"), func(t *Tx) (*platform.ShortLink, error) {
		return t.NotifyHelper(appeal.Subject(), platform.RoleLegalRep, "14000001190")
	})
	sent := w.sent("14000001190")
	if len(sent) != 1 || strings.ReplaceAll(sent[0], string(w.link("14000001190")), "…") != preview {
		t.Errorf("sent %q, previewed %q", sent, preview)
	}
}

func TestContractForItsParties(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := view(w, func(t *Tx) string { return string(t.Contract("C-12-1").SigningLinkCode) })
	for _, row := range []struct {
		account, ref string
		want         bool
	}{
		{"A-1202", "C-12-1", true}, // its recipient
		{"A-1201", "C-12-1", true}, // a member of the party
		{"A-9001", "C-12-1", true}, // of the sender
		{"A-1302", "C-12-1", false},
		{"A-1302", code, true}, // has the link
		{"A-1302", "C-99-9", false},
	} {
		got := view(w, func(t *Tx) *platform.Contract { return t.ContractFor(platform.AccountID(row.account), row.ref) })
		if (got != nil) != row.want {
			t.Errorf("%s asks for %s: %v, want found %v", row.account, row.ref, got, row.want)
		}
	}
}
