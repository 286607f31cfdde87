package platform_test

import (
	"testing"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/calendar"
	"signdesk/actions/platform/demo"
	"signdesk/actions/platform/value"
)

// reverseForm is a private payment as it must be asked for.
func reverseForm(id platform.CertificationID) platform.ReverseForm {
	return platform.ReverseForm{Subject: id.Subject(), Consent1: true, Consent2: true, Last4: "6688"}
}

// mustReverse waits for A-0501's private payment.
func (w *world) mustReverse(id platform.CertificationID) platform.ReverseID {
	w.Helper()
	return ok(w, w.as("A-0501"), func(t *Tx) (platform.ReverseID, error) { return t.SubmitReverse(reverseForm(id)) })
}

// arrived lets the bank report a payment.
func (w *world) arrived(pay platform.IncomingPayment) platform.ReverseID {
	w.Helper()
	return ok(w, w.system(), func(t *Tx) (platform.ReverseID, error) { return t.Arrived(pay) })
}

// A payment is what differs from the payment that meets all conditions, and the
// condition that it breaks: "" for none.
type payment struct {
	name   string
	change func(*platform.IncomingPayment)
	breaks string
}

// settle checks what each payment does to E-05's certification.
func settle(t *testing.T, rows ...payment) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.mustCertify(form05)
			z := w.mustReverse(id)
			pay := goodPayment(w)
			row.change(&pay)
			if got := w.arrived(pay); got != z {
				t.Fatalf("taken for %q, want %q", got, z)
			}
			w.settled(id, z, row.breaks)
		})
	}
}

// settled checks that a private payment passed the certification, or failed by
// the condition that it breaks.
func (w *world) settled(id platform.CertificationID, z platform.ReverseID, breaks string) {
	w.Helper()
	status, cert := platform.ReverseMatched, platform.CertPassed
	if breaks != "" {
		status, cert = platform.ReverseFailed, platform.CertMaterials
	}
	r := view(w, func(t *Tx) *platform.ReverseTransfer { return t.Reverse(z) })
	if r.Status != status || r.FailedCondition != breaks {
		w.Errorf("payment is %s for %q, want %s for %q", r.Status, r.FailedCondition, status, breaks)
	}
	if p := w.progress("A-0501", id); p.Certification.Status != cert || (p.Certificate != nil) != (breaks == "") {
		w.Errorf("certification is %s with certificate %v, want %s", p.Certification.Status, p.Certificate, cert)
	}
}

func asItIs(*platform.IncomingPayment) {}

func TestR05_2_PaidFromTheLegalRepsOwnCard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.mustCertify(form05)
	z := w.mustReverse(id)
	r := view(w, func(t *Tx) *platform.ReverseTransfer { return t.Reverse(z) })
	if r.PayerKind != platform.LegalRepPrivate || r.PayerName != "石示五" || r.Last4 != "6688" {
		t.Errorf("waits for %s %q …%s, want the card …6688 of 石示五", r.PayerKind, r.PayerName, r.Last4)
	}
	settle(t, payment{"his card", asItIs, ""},
		payment{"the corporate account", func(p *platform.IncomingPayment) { p.PayerName = "虚构老街面馆" }, platform.ConditionPayer})
}

func TestR05_3_BothBoxesMustBeTicked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.mustCertify(form05)
	for _, ticked := range [][2]bool{{false, false}, {true, false}, {false, true}} {
		f := reverseForm(id)
		f.Consent1, f.Consent2 = ticked[0], ticked[1]
		_, err := do(w, w.as("A-0501"), func(t *Tx) (platform.ReverseID, error) { return t.SubmitReverse(f) })
		w.refused(err, platform.ConsentMissing, "R05.3")
	}
	z := w.mustReverse(id)
	if r := view(w, func(t *Tx) *platform.ReverseTransfer { return t.Reverse(z) }); r.Consents != [2]time.Time{w.now, w.now} {
		t.Errorf("ticked at %v, want both at %v", r.Consents, w.now)
	}
}

func TestR05_4_LastFourDigitsAreEnteredAndCompared(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.mustCertify(form05)
	for _, last4 := range []string{"", "668", "66888", "66a8"} {
		f := reverseForm(id)
		f.Last4 = last4
		_, err := do(w, w.as("A-0501"), func(t *Tx) (platform.ReverseID, error) { return t.SubmitReverse(f) })
		w.refused(err, platform.BadField, "R05.4")
	}
	w.mustReverse(id)
	account := func(no string) func(*platform.IncomingPayment) {
		return func(p *platform.IncomingPayment) { p.PayerAccount = no }
	}
	settle(t, payment{"the same", account("6222000000006688"), ""},
		payment{"others", account("6222000000006689"), platform.ConditionAccount},
		payment{"elsewhere in the number", account("6222006688000000"), platform.ConditionAccount},
		payment{"too short", account("688"), platform.ConditionAccount})
}

func TestR05_5_PayerIsTheCurrentLegalRep(t *testing.T) {
	for payer, breaks := range map[string]string{"石示新": "", "石示五": platform.ConditionPayer} {
		t.Run(payer, func(t *testing.T) {
			t.Parallel()
			registry := map[string]platform.RegistryEntry{form05.registration: form05.entry()}
			w := worldWhere(t, registry)
			w.pass(w.mustCertify(form05), form05)

			// The legal representative changes.
			changed := form05.with(func(f *form) {
				f.legalRep, f.nn, f.purpose, f.enterprise = "石示新", "06", platform.ForInfoChange, w.registered(form05).ID
			})
			registry[form05.registration] = changed.entry()
			ok(w, w.as("A-0501"), func(t *Tx) (*platform.InfoChange, error) { return t.OpenInfoChange(changed.enterprise) })
			id := w.mustCertify(changed)
			z := w.mustReverse(id)
			pay := goodPayment(w)
			pay.PayerName = payer
			w.arrived(pay)
			w.settled(id, z, breaks)
		})
	}
}

func TestR05_6_PayerPaysFromHisOwnAccount(t *testing.T) {
	t.Parallel()
	settle(t, payment{"his own", asItIs, ""},
		payment{"the same digits, held by another", func(p *platform.IncomingPayment) { p.PayerName = "石示妻" }, platform.ConditionPayer})
}

func TestR05_7_ExactlyOneFenAtOnce(t *testing.T) {
	t.Parallel()
	sum := func(fen value.Fen) func(*platform.IncomingPayment) {
		return func(p *platform.IncomingPayment) { p.Amount = fen }
	}
	settle(t, payment{"0.01 yuan", sum(1), ""}, payment{"nothing", sum(0), platform.ConditionAmount},
		payment{"0.02 yuan", sum(2), platform.ConditionAmount}, payment{"1 yuan", sum(100), platform.ConditionAmount})

	// A second payment does not make good for the first.
	w := newWorld(t)
	id := w.mustCertify(form05)
	z := w.mustReverse(id)
	pay := goodPayment(w)
	pay.Amount = 2
	w.arrived(pay)
	pay.ID, pay.Amount = "bank-2", 1
	if got := w.arrived(pay); got != "" {
		t.Errorf("a second payment was taken for %s", got)
	}
	w.settled(id, z, platform.ConditionAmount)
}

func TestR05_8_YuanOnly(t *testing.T) {
	t.Parallel()
	settle(t, payment{"CNY", asItIs, ""})
	for _, currency := range []string{"USD", "HKD", "EUR", ""} {
		settle(t, payment{"not " + currency, func(p *platform.IncomingPayment) { p.Currency = currency }, platform.ConditionCurrency})
	}
}

func TestR05_9_NotBeforeTheDateShown(t *testing.T) {
	t.Parallel()
	day := time.Date(2022, 5, 26, 0, 0, 0, 0, calendar.Shanghai)
	w := newWorld(t)
	z := w.mustReverse(w.mustCertify(form05))
	if r := view(w, func(t *Tx) *platform.ReverseTransfer { return t.Reverse(z) }); !r.NotBefore.Equal(day) {
		t.Errorf("shown: %v, want %v", r.NotBefore, day)
	}
	at := func(d time.Duration) func(*platform.IncomingPayment) {
		return func(p *platform.IncomingPayment) { p.ValueDate = day.Add(d) }
	}
	settle(t, payment{"that day itself", at(0), ""}, payment{"the next day", at(24 * time.Hour), ""},
		payment{"just before", at(-time.Millisecond), platform.ConditionDate}, payment{"the day before", at(-24 * time.Hour), platform.ConditionDate})
}

func TestR05_10_OnlyThePayeeShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	z := w.mustReverse(w.mustCertify(form05))
	want := platform.Payee{Name: "收款公司", Bank: "示例银行", Branch: "示例支行", Account: payee, CNAPS: "304331040230"}
	if r := view(w, func(t *Tx) *platform.ReverseTransfer { return t.Reverse(z) }); r.Payee != want {
		t.Errorf("payee %+v, want %+v", r.Payee, want)
	}
	settle(t, payment{"the one shown", asItIs, ""},
		payment{"another", func(p *platform.IncomingPayment) { p.PayeeAccount = payee + "0" }, platform.ConditionPayee})
}

func TestR05_12_CheckedAndPassedOnArrival(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.mustCertify(form05)
	z := w.mustReverse(id)
	if got := w.certStatus(form05, id); got != platform.CertVerifying {
		t.Errorf("before the payment: %s", got)
	}
	w.arrived(goodPayment(w))
	w.settled(id, z, "")
	if e := w.registered(form05); e.Status != platform.Certified || w.admin(string(e.ID)) != "A-0501" {
		t.Errorf("enterprise is %s", e.Status)
	}
}

func TestR05_13_TheFenBuysAContractIfPassed(t *testing.T) {
	t.Parallel()
	gifts := func(w *world) int { return w.registered(form05).CorporateGifts }
	w := newWorld(t)
	w.mustReverse(w.mustCertify(form05))
	w.arrived(goodPayment(w))
	w.arrived(goodPayment(w)) // reported twice
	if got := gifts(w); got != 1 {
		t.Errorf("passed: %d contracts, want 1", got)
	}

	w = newWorld(t) // the payment breaks a condition: no contract, no money back
	w.mustReverse(w.mustCertify(form05))
	pay := goodPayment(w)
	pay.Amount = 2
	w.arrived(pay)
	paid, err := w.p.PayOut(w.ctx, 10)
	w.must(err)
	if got := gifts(w); got != 0 || paid != 0 {
		t.Errorf("failed: %d contracts, %d payments back, want none", got, paid)
	}

	w = newWorld(t) // passed by another method
	id := w.mustCertify(form05)
	w.pass(id, form05)
	if got := gifts(w); got != 0 {
		t.Errorf("passed by phone: %d contracts, want none", got)
	}

	for pass, want := range map[bool]int{true: 1, false: 0} {
		w := newWorld(t)
		id := w.mustCertify(form05.with(func(f *form) { f.licenceMark = "仅用于上上签实名认证" }))
		w.mustReverse(id)
		w.arrived(goodPayment(w))
		task := w.progress("A-0501", id).Review
		w.run(w.staff(), func(t *Tx) error { return t.Decide(task.ID, pass, "营业执照不清晰") })
		if got := gifts(w); got != want {
			t.Errorf("paid, reviewed with %v: %d contracts, want %d", pass, got, want)
		}
	}
}

func TestR05_14_AnyBrokenConditionFails(t *testing.T) {
	t.Parallel()
	all := map[string]func(*platform.IncomingPayment){
		platform.ConditionPayer:    func(p *platform.IncomingPayment) { p.PayerName = "别示人" },
		platform.ConditionAccount:  func(p *platform.IncomingPayment) { p.PayerAccount = "6222000000001234" },
		platform.ConditionAmount:   func(p *platform.IncomingPayment) { p.Amount = 2 },
		platform.ConditionCurrency: func(p *platform.IncomingPayment) { p.Currency = "USD" },
		platform.ConditionDate:     func(p *platform.IncomingPayment) { p.ValueDate = p.ValueDate.AddDate(0, 0, -1) },
		platform.ConditionPayee:    func(p *platform.IncomingPayment) { p.PayeeAccount = "10000000000000000" },
	}
	for condition, change := range all {
		settle(t, payment{condition, change, condition})
	}

	// After a failure another attempt may be made, by this or another method,
	// also one that was begun before.
	w := newWorld(t)
	id := w.mustCertify(form05)
	w.mustReverse(id)
	check := ok(w, w.as("A-0501"), func(t *Tx) (platform.CheckID, error) {
		return t.StartPhoneCheck(platform.PhoneForm{Subject: id.Subject(), Mobile: demo.LegalRepMobile("05"), Privacy: true})
	})
	code := w.code(demo.LegalRepMobile("05"))
	pay := goodPayment(w)
	all[platform.ConditionAmount](&pay)
	w.arrived(pay)
	z := w.mustReverse(id)
	pay.ID = "bank-2"
	w.arrived(pay)
	w.settled(id, z, platform.ConditionAmount)
	w.run(w.as("A-0501"), func(t *Tx) error { return t.FinishPhoneCheck(check, code) })
	if c := w.progress("A-0501", id).Certification; c.Status != platform.CertPassed || c.Method != platform.ByLegalRepPhone {
		t.Errorf("after the phone check: %s by %s", c.Status, c.Method)
	}
}
