package platform_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
	"signdesk/data"
	"signdesk/data/store"
)

// A world is the demonstration's platform in memory, with a clock that stands
// still until it is put forward.
type world struct {
	*testing.T
	p     *platform.Platform
	s     store.Store
	demo  *demo.World
	words *platform.Words
	now   time.Time
	ctx   context.Context
}

// Short names for what nearly every test says.
type (
	Tx  = platform.Tx
	Act = platform.Act
)

const payee = "10454000000496333"

func newWorld(t *testing.T) *world {
	t.Helper()
	return worldWith(t, func(*platform.Options) {})
}

// worldWith lets a test replace ports.
func worldWith(t *testing.T, change func(*platform.Options)) *world {
	t.Helper()
	w := &world{T: t, now: demo.Start, ctx: context.Background()}
	var err error
	w.s, err = store.NewMemory(w.ctx, store.Options{Tables: platform.Tables(), Migrations: platform.Migrations()})
	w.must(err)
	w.words, err = platform.ReadWords(data.Texts())
	w.must(err)
	w.demo, err = demo.Read(data.Demo())
	w.must(err)
	o := platform.Options{Store: w.s, Key: make([]byte, platform.KeyLen), Ports: w.demo.Ports(w.s), Now: func() time.Time { return w.now },
		Words: w.words, Payee: platform.Payee{Name: "收款公司", Bank: "示例银行", Branch: "示例支行", Account: payee, CNAPS: "304331040230"},
		Host: "ent.bestsign.info", Brand: "上上签", Hotline: "400-993-6665", DrawAmount: demo.Amount}
	change(&o)
	w.p, err = platform.New(o)
	w.must(err)
	if loaded, err := w.demo.Load(w.ctx, w.p); err != nil || !loaded {
		t.Fatalf("load demo: %v, %v", loaded, err)
	}
	t.Cleanup(w.verify)
	return w
}

// verify checks that all records agree; every test ends with it.
func (w *world) verify() {
	if _, err := w.p.VerifyAudit(w.ctx); err != nil {
		w.Error(err)
	}
	if err := w.p.VerifyRecords(w.ctx); err != nil {
		w.Error(err)
	}
	if err := store.VerifyTables(w.ctx, w.s, platform.Tables()); err != nil {
		w.Error(err)
	}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatalf("unexpected error: %v", err)
	}
}

// Acts: an account on a PC or phone, the bearer of a link, staff.
func (w *world) as(account string) *Act {
	return w.p.NewAct(platform.Actor{Account: platform.AccountID(account)}, platform.PC)
}

func (w *world) onPhone(account string) *Act {
	return w.p.NewAct(platform.Actor{Account: platform.AccountID(account)}, platform.Mobile)
}

func (w *world) bearing(code platform.LinkCode) *Act {
	return w.p.NewAct(platform.Actor{Link: string(code)}, platform.Mobile)
}

func (w *world) staff() *Act { return w.p.NewAct(platform.Actor{Staff: "kefu1"}, "") }

func (w *world) system() *Act { return w.p.NewAct(platform.Actor{System: "test"}, "") }

// keeps lists the refusals that leave something behind: a used-up try.
var keeps = map[platform.Code]bool{platform.WrongCode: true, platform.CodeLocked: true, platform.WrongAmount: true, platform.StaleLetter: true}

// do runs an operation. It checks that a refusal has changed nothing.
func do[R any](w *world, act *Act, fn func(*Tx) (R, error)) (R, error) {
	w.Helper()
	before := view(w, (*Tx).Changes)
	result, err := platform.Do(w.ctx, w.p, act, fn)
	var r *platform.Refusal
	if errors.As(err, &r) && !keeps[r.Code] {
		if after := view(w, (*Tx).Changes); after != before {
			w.Errorf("refused with %v, but wrote %d changes", r, after-before)
		}
	} else if err != nil && !errors.As(err, &r) {
		w.Fatalf("unexpected error: %v", err)
	}
	return result, err
}

// try runs an operation without a result.
func (w *world) try(act *Act, fn func(*Tx) error) error {
	w.Helper()
	_, err := do(w, act, func(t *Tx) (struct{}, error) { return struct{}{}, fn(t) })
	return err
}

// ok runs an operation that must not be refused.
func ok[R any](w *world, act *Act, fn func(*Tx) (R, error)) R {
	w.Helper()
	result, err := do(w, act, fn)
	w.must(err)
	return result
}

// run runs an operation without a result that must not be refused.
func (w *world) run(act *Act, fn func(*Tx) error) {
	w.Helper()
	w.must(w.try(act, fn))
}

// refused checks that err is a refusal with this code and rule.
func (w *world) refused(err error, code platform.Code, rule string) *platform.Refusal {
	w.Helper()
	var r *platform.Refusal
	if !errors.As(err, &r) || r.Code != code || r.Rule != rule {
		w.Fatalf("got %v, want refusal %s (%s)", err, code, rule)
	}
	if text := w.words.Explain(r); text == "" || strings.Contains(text, "{") {
		w.Errorf("%v reads %q", r, text)
	}
	return r
}

// view looks at the records.
func view[R any](w *world, fn func(*Tx) R) (out R) {
	w.Helper()
	w.must(w.p.View(w.ctx, func(t *Tx) error { out = fn(t); return nil }))
	return out
}

// sent returns the texts sent to a login so far.
func (w *world) sent(login string) []string {
	return view(w, func(t *Tx) []string {
		var texts []string
		for _, n := range t.SentTo(login) {
			texts = append(texts, n.Text)
		}
		return texts
	})
}

var (
	codeInText = regexp.MustCompile(`验证码(\d{6})`)
	linkInText = regexp.MustCompile(`/s/([0-9A-Za-z]{8})`)
)

// last returns what the pattern finds in the last message to a login that has
// it.
func (w *world) last(login string, pattern *regexp.Regexp) string {
	w.Helper()
	texts := w.sent(login)
	for i := len(texts) - 1; i >= 0; i-- {
		if m := pattern.FindStringSubmatch(texts[i]); m != nil {
			return m[1]
		}
	}
	w.Fatalf("no message to %s with %v in %q", login, pattern, texts)
	return ""
}

func (w *world) code(login string) string { w.Helper(); return w.last(login, codeInText) }

func (w *world) link(login string) platform.LinkCode {
	w.Helper()
	return platform.LinkCode(w.last(login, linkInText))
}

// screen opens a contract and returns what is shown.
func (w *world) screen(account, contract string) *platform.Outcome {
	w.Helper()
	return ok(w, w.as(account), func(t *Tx) (*platform.Outcome, error) {
		return t.OpenContract(platform.AccountID(account), platform.ContractID(contract))
	})
}

func (w *world) wantScreen(account, contract string, want platform.Screen, text string) {
	w.Helper()
	if o := w.screen(account, contract); o.Screen != want || o.Text != text {
		w.Errorf("%s opens %s: %s %q, want %s %q", account, contract, o.Screen, o.Text, want, text)
	}
}

// picture uploads a demonstration picture.
func (w *world) picture(act *Act, use platform.FileUse, r platform.Reading) platform.FileID {
	w.Helper()
	raw, err := demo.Picture(r)
	w.must(err)
	f, err := w.p.Upload(w.ctx, act, use, raw)
	w.must(err)
	return f.ID
}

// A form is a certification as one person fills it in.
type form struct {
	account      string
	registration string
	name         string // "" in the no-name channel
	legalRep     string
	nn           string // number of the enterprise, for the legal representative's ID card
	entity       platform.EntityType
	doc          platform.LicenceDoc
	noName       bool
	agent        bool
	idNumber     string
	ocr          *platform.Reading // nil: as submitted
	licenceMark  string
	idMark       string
	purpose      platform.Purpose
	enterprise   platform.EnterpriseID
	noPrivacy    bool
}

// agentID is the ID number of an invented agent.
const agentID = "990001199001010013"

func (f form) reading() platform.Reading {
	if f.ocr != nil {
		return *f.ocr
	}
	return platform.Reading{Name: f.name, Registration: f.registration, LegalRepName: f.legalRep, WatermarkText: f.licenceMark}
}

// certify submits the licence and the basic information.
func (w *world) certify(f form) (platform.CertificationID, error) {
	w.Helper()
	if f.entity == "" {
		f.entity = platform.Company
	}
	if f.doc == "" {
		f.doc = platform.BusinessLicence
	}
	if f.purpose == "" {
		f.purpose = platform.ForNew
	}
	licence := w.picture(w.as(f.account), platform.FileLicence, f.reading())
	c, err := do(w, w.as(f.account), func(t *Tx) (*platform.Certification, error) {
		return t.StartCertification(platform.NewCertification{Purpose: f.purpose, Enterprise: f.enterprise, EntityType: f.entity, LicenceDoc: f.doc, NoName: f.noName, Licence: licence})
	})
	if err != nil {
		return "", err
	}
	return c.ID, w.submit(c.ID, f)
}

// submit submits the basic information of a started certification.
func (w *world) submit(id platform.CertificationID, f form) error {
	w.Helper()
	info := platform.BasicInfo{Name: f.name, Registration: f.registration, LegalRepName: f.legalRep, PersonKind: platform.IsLegalRep,
		IDNumber: f.idNumber, Privacy: !f.noPrivacy,
		IDFront: w.picture(w.as(f.account), platform.FileIDCard, platform.Reading{WatermarkText: f.idMark}),
		IDBack:  w.picture(w.as(f.account), platform.FileIDCard, platform.Reading{})}
	if f.agent {
		info.PersonKind = platform.IsAgent
	}
	if info.IDNumber == "" {
		if info.IDNumber = agentID; !f.agent {
			info.IDNumber = demo.LegalRepID(f.nn)
		}
	}
	return w.try(w.as(f.account), func(t *Tx) error { return t.SubmitBasicInfo(id, info) })
}

// mustCertify submits and must not be refused.
func (w *world) mustCertify(f form) platform.CertificationID {
	w.Helper()
	id, err := w.certify(f)
	w.must(err)
	return id
}

// progress returns what the applicant sees.
func (w *world) progress(account string, id platform.CertificationID) *platform.Progress {
	w.Helper()
	return ok(w, w.as(account), func(t *Tx) (*platform.Progress, error) { return t.CertificationProgress(id) })
}

// byPhone proves a case by the legal representative's phone.
func (w *world) byPhone(act *Act, s platform.Subject, legalRepID, mobile string) {
	w.Helper()
	check := ok(w, act, func(t *Tx) (platform.CheckID, error) {
		return t.StartPhoneCheck(platform.PhoneForm{Subject: s, LegalRepID: legalRepID, Mobile: mobile, Privacy: true})
	})
	code := w.code(mobile)
	w.run(w.p.NewAct(act.By, act.Channel), func(t *Tx) error { return t.FinishPhoneCheck(check, code) })
}

// byFace proves a case by the legal representative's face and returns how the
// check went.
func (w *world) byFace(act *Act, s platform.Subject, legalRepID string) platform.CheckStatus {
	w.Helper()
	check := ok(w, act, func(t *Tx) (platform.CheckID, error) {
		return t.StartFaceCheck(platform.FaceForm{Subject: s, LegalRepID: legalRepID, Privacy: true, Vehicle: "Alipay"})
	})
	return ok(w, w.p.NewAct(act.By, act.Channel), func(t *Tx) (platform.CheckStatus, error) { return t.FinishFaceCheck(check) })
}

// transfer asks for a small payment and lets the bank work.
func (w *world) transfer(act *Act, s platform.Subject, account string) (platform.TransferID, error) {
	w.Helper()
	id, err := do(w, act, func(t *Tx) (platform.TransferID, error) { return t.SubmitTransfer(transferForm(s, account)) })
	if err == nil {
		_, err = w.p.PayOut(w.ctx, 10)
		w.must(err)
	}
	return id, err
}

func transferForm(s platform.Subject, account string) platform.TransferForm {
	return platform.TransferForm{Subject: s, Bank: "示例银行", Province: "浙江省", City: "杭州市", Branch: "示例支行", AccountNo: account}
}

// request drafts and submits a permission request.
func (w *world) request(account, contract string, f platform.RequestForm) (*platform.PermissionRequest, error) {
	w.Helper()
	q, err := do(w, w.as(account), func(t *Tx) (*platform.PermissionRequest, error) {
		return t.DraftRequest(platform.ContractID(contract))
	})
	if err != nil {
		return nil, err
	}
	f.Request = q.ID
	if f.Name == "" {
		f.Name = q.ApplicantName
	}
	if f.Way == "" {
		f.Way = platform.AskMainAdmin
	}
	return q, w.try(w.as(account), func(t *Tx) error { return t.SubmitRequest(f) })
}

func (w *world) mustRequest(account, contract string, f platform.RequestForm) *platform.PermissionRequest {
	w.Helper()
	q, err := w.request(account, contract, f)
	w.must(err)
	return q
}

// appeal starts an appeal, enters the code and states the case.
func (w *world) appeal(account, company string, stated platform.AppealCase) (platform.AppealID, *platform.CaseResult) {
	w.Helper()
	id := ok(w, w.as(account), func(t *Tx) (platform.AppealID, error) { return t.StartAppeal(company, "") })
	code := w.code(demo.Mobile(account))
	w.run(w.as(account), func(t *Tx) error { return t.VerifyAppealCode(id, code) })
	return id, ok(w, w.as(account), func(t *Tx) (*platform.CaseResult, error) { return t.SetAppealCase(id, stated) })
}

// sign signs a contract with the code that was sent.
func (w *world) sign(account, contract string) (*platform.Contract, error) {
	w.Helper()
	id := platform.ContractID(contract)
	if err := w.try(w.as(account), func(t *Tx) error { return t.SendSignCode(id) }); err != nil {
		return nil, err
	}
	code := w.code(demo.Mobile(account))
	return do(w, w.as(account), func(t *Tx) (*platform.Contract, error) { return t.SignContract(id, "", code) })
}

// admin returns the account of an enterprise's main administrator.
func (w *world) admin(enterprise string) platform.AccountID {
	return view(w, func(t *Tx) platform.AccountID { return t.MainAdmin(platform.EnterpriseID(enterprise)).AccountID })
}

func (w *world) forward(d time.Duration) { w.now = w.now.Add(d) }

// asRefusal is errors.As for refusals.
func asRefusal(err error, r **platform.Refusal) bool { return errors.As(err, r) }
