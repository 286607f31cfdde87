package platform_test

import (
	"testing"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/calendar"
	"signdesk/actions/platform/demo"
	"signdesk/actions/platform/picture"
)

func keeper12(w *world) *platform.PermissionRequest {
	w.Helper()
	return w.mustRequest("A-1202", "C-12-1", platform.RequestForm{Way: platform.AskSealKeeper})
}

func (w *world) letter12(q *platform.PermissionRequest) *platform.AuthorizationLetter {
	w.Helper()
	return ok(w, w.as("A-1202"), func(t *Tx) (*platform.AuthorizationLetter, error) { return t.GenerateLetter(q.ID.Subject()) })
}

func TestR12_30_TypesOfLetterPictures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, raw := range encoded(t) {
		_, err := w.p.Upload(w.ctx, w.as("A-1202"), platform.FileLetter, raw)
		switch name {
		case "png", "jpeg", "bmp":
			w.must(err)
		default:
			w.refused(err, platform.BadImageType, "R12.30")
		}
	}
}

func TestR12_31_SizeOfLetterPictures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	raw, err := demo.Picture(platform.Reading{})
	w.must(err)
	const limit = 15 * picture.Mega
	_, err = w.p.Upload(w.ctx, w.as("A-1202"), platform.FileLetter, padded(raw, limit))
	w.must(err)
	_, err = w.p.Upload(w.ctx, w.as("A-1202"), platform.FileLetter, padded(raw, limit+1))
	if r := w.refused(err, platform.ImageTooBig, "R12.31"); r.Args["limit"] != "15M" {
		t.Errorf("limit %q", r.Args["limit"])
	}
}

func TestR12_32_WatermarkOfLetters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for mark, taken := range map[string]bool{"": true, "用于上上签实名认证": true, "仅用于上上签实名认证": false, "样张": false} {
		raw, err := demo.Picture(platform.Reading{WatermarkText: mark})
		w.must(err)
		_, err = w.p.Upload(w.ctx, w.as("A-1202"), platform.FileLetter, raw)
		if taken {
			w.must(err)
		} else {
			w.refused(err, platform.BadWatermark, "R12.32")
		}
	}
}

func TestR12_33_LettersAreReviewedWithinOneWorkingDay(t *testing.T) {
	t.Parallel()
	for sent, due := range map[string]string{"2022-05-26 15:00": "2022-05-27 15:00", "2022-05-27 15:00": "2022-05-30 15:00", "2022-06-02 15:00": "2022-06-06 15:00"} {
		w := newWorld(t)
		at, err := time.ParseInLocation("2006-01-02 15:04", sent, calendar.Shanghai)
		w.must(err)
		w.now = at.UTC()
		q := keeper12(w)
		w.sendLetter("A-1202", q.ID.Subject())
		task := view(w, func(t *Tx) *platform.ReviewTask { return t.ReviewOf(q.ID.Subject()) })
		if got := task.DueAt.In(calendar.Shanghai).Format("2006-01-02 15:04"); got != due {
			t.Errorf("sent %s, due %s, want %s", sent, got, due)
		}
		w.refused(w.try(w.as("A-1201"), func(t *Tx) error { return t.Decide(task.ID, true, "") }), platform.NoRight, "R07.5")
	}
}

func TestR12_34_PassedLettersAreToldBySMS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := keeper12(w)
	w.sendLetter("A-1202", q.ID.Subject())
	task := view(w, func(t *Tx) *platform.ReviewTask { return t.ReviewOf(q.ID.Subject()) })
	if got := w.sent(demo.Mobile("A-1202")); len(got) != 0 {
		t.Errorf("sent %q before the review", got)
	}
	w.run(w.staff(), func(t *Tx) error { return t.Decide(task.ID, true, "") })
	if got := w.sent(demo.Mobile("A-1202")); len(got) != 2 {
		t.Errorf("sent %q", got)
	}
	w.wantScreen("A-1202", "C-12-1", platform.ScreenSigningPage, "确认签署")
}

func TestR12_35_StaleLettersAreNotTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := keeper12(w)
	upload := func(l *platform.AuthorizationLetter) error {
		photo := w.picture(w.as("A-1202"), platform.FileLetter, platform.Reading{})
		return w.try(w.as("A-1202"), func(t *Tx) error { return t.UploadLetter(l.ID, photo) })
	}
	old := w.letter12(q)
	fresh := w.letter12(q)
	w.refused(upload(old), platform.StaleLetter, "R12.35")

	// The company's account changes after the letter was made.
	id, _ := w.appeal("A-1102", "虚构茶山商贸有限公司", platform.CaseUnchanged)
	w.byPhone(w.as("A-1102"), id.Subject(), "", demo.LegalRepMobile("12"))
	w.refused(upload(fresh), platform.StaleLetter, "R12.35")
	w.must(upload(w.letter12(q)))
}

func TestR12_36_FieldsFilledByTheSystem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.letter12(keeper12(w))
	want := platform.LetterFields{GranteeName: "李示二", GranteeAccount: demo.Mobile("A-1202"), Company: "虚构茶山商贸有限公司", LegalRep: "法示12",
		Registration: "91000000DEMA000127", CompanyAccount: demo.Mobile("A-1201"), Date: "2022-05-26",
		ViewScope: platform.ViewCurrentSenderUnattended, SignScope: platform.SignCurrentSender}
	if l.Fields != want {
		t.Errorf("fields %+v, want %+v", l.Fields, want)
	}
	if l.Title != "上上签企业服务有限授权书" {
		t.Errorf("title %q", l.Title)
	}
}

func finance12(w *world) *platform.PermissionRequest {
	w.Helper()
	return w.mustRequest("A-1202", "C-12-1", platform.RequestForm{Way: platform.AskFinance})
}

func TestR12_39_FinanceEntersTheSumThatArrived(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := finance12(w)
	b, err := w.transfer(w.as("A-1202"), q.ID.Subject(), "9900000000000037")
	w.must(err)
	got := view(w, func(t *Tx) *platform.BankTransfer { return t.Transfer(b) })
	if got.Status != platform.TransferSent || got.AccountName != "虚构茶山商贸有限公司" || got.AccountNo != "9900000000000037" {
		t.Errorf("transfer %+v", got)
	}
	backfill := func(sum string) error {
		return w.try(w.as("A-1202"), func(t *Tx) error { return t.Backfill(b, sum) })
	}
	w.refused(backfill("0.37"), platform.WrongAmount, "R11.18")
	w.must(backfill("0.38"))
	if s := view(w, func(t *Tx) platform.RequestStatus { return t.Request(q.ID).Status }); s != platform.RequestApproved {
		t.Errorf("request is %s", s)
	}
}

// pay12 is the company's payment of 0.01 yuan.
func pay12(w *world) platform.IncomingPayment {
	return platform.IncomingPayment{ID: "bank-12", PayerName: "虚构茶山商贸有限公司", PayerAccount: "9900000000000037", Amount: 1, Currency: "CNY", ValueDate: w.now, PayeeAccount: payee}
}

func TestR12_41_PaymentFromTheCorporateAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := finance12(w)
	submit := func(one, two bool) (platform.ReverseID, error) {
		return do(w, w.as("A-1202"), func(t *Tx) (platform.ReverseID, error) {
			return t.SubmitReverse(platform.ReverseForm{Subject: q.ID.Subject(), Consent1: one, Consent2: two})
		})
	}
	for _, ticked := range [][2]bool{{false, false}, {true, false}, {false, true}} {
		_, err := submit(ticked[0], ticked[1])
		w.refused(err, platform.ConsentMissing, "R12.41")
	}
	z, err := submit(true, true)
	w.must(err)
	got := view(w, func(t *Tx) *platform.ReverseTransfer { return t.Reverse(z) })
	if got.PayerKind != platform.Corporate || got.PayerName != "虚构茶山商贸有限公司" || got.Amount != 1 || got.Payee.Account != payee {
		t.Errorf("payment awaited: %+v", got)
	}
	private := pay12(w) // the legal representative's own money
	private.PayerName = "法示12"
	w.arrived(private)
	if s := view(w, func(t *Tx) platform.RequestStatus { return t.Request(q.ID).Status }); s != platform.RequestPending {
		t.Errorf("request is %s after a private payment", s)
	}
}

func TestR12_42_CheckedOnArrival(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := finance12(w)
	z := ok(w, w.as("A-1202"), func(t *Tx) (platform.ReverseID, error) {
		return t.SubmitReverse(platform.ReverseForm{Subject: q.ID.Subject(), Consent1: true, Consent2: true})
	})
	progress := func() platform.ReverseStatus {
		return view(w, func(t *Tx) platform.ReverseStatus { return t.ReverseOf(q.ID.Subject()).Status })
	}
	if got := progress(); got != platform.ReverseWaiting {
		t.Errorf("progress %s", got)
	}
	if got := w.arrived(pay12(w)); got != z {
		t.Errorf("taken for %s", got)
	}
	if got := progress(); got != platform.ReverseMatched {
		t.Errorf("progress %s", got)
	}
	if s := view(w, func(t *Tx) platform.RequestStatus { return t.Request(q.ID).Status }); s != platform.RequestApproved {
		t.Errorf("request is %s", s)
	}
	if got := w.arrived(pay12(w)); got != z { // reported twice, counted once
		t.Errorf("the second time taken for %s", got)
	}
}

func TestR12_44_RemarkOfThePayment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, err := w.transfer(w.as("A-1202"), finance12(w).ID.Subject(), "9900000000000037")
	w.must(err)
	const want = "企业打款认证款项，请在 上上签 页面回填金额"
	if got := view(w, func(t *Tx) string { return t.Transfer(b).Remark }); got != want {
		t.Errorf("remark %q", got)
	}
}
