package platform_test

import (
	"bytes"
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
	"signdesk/data/store"
)

// Codes: resend after a minute, ten a day and target, five tries, five minutes,
// one purpose and subject (B12).
func TestCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := start11(w)
	mobile := demo.Mobile("A-1102")
	resend := func() error {
		return w.try(w.as("A-1102"), func(t *Tx) error { return t.ResendAppealCode(id) })
	}
	enter := func(code string) error {
		return w.try(w.as("A-1102"), func(t *Tx) error { return t.VerifyAppealCode(id, code) })
	}
	other := func(code string) string {
		return map[bool]string{true: "000000", false: "111111"}[code != "000000"]
	}
	first := w.code(mobile)
	w.forward(time.Minute - time.Millisecond)
	w.refused(resend(), platform.ResendTooSoon, "")
	w.forward(time.Millisecond)
	w.must(resend())
	if second := w.code(mobile); second != first {
		w.refused(enter(first), platform.WrongCode, "") // the one before is void
	}
	w.refused(enter("12345"), platform.BadField, "")
	w.forward(5 * time.Minute)
	w.refused(enter(w.code(mobile)), platform.CodeExpired, "")

	w.must(resend())
	code := w.code(mobile)
	for range 4 {
		w.refused(enter(other(code)), platform.WrongCode, "")
	}
	w.refused(enter(other(code)), platform.CodeLocked, "")
	w.refused(enter(code), platform.CodeLocked, "")

	for range 7 { // three were sent
		w.forward(time.Minute)
		w.must(resend())
	}
	w.forward(time.Minute)
	w.refused(resend(), platform.TooManyCodes, "")
	w.forward(24 * time.Hour)
	w.must(resend())
	w.must(enter(w.code(mobile)))
}

func TestCodesAreForOnePurposeAndSubject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask12(w, "", "")
	w.run(w.as("A-1202"), func(t *Tx) error { return t.SendSignCode("C-12-1") })
	code := w.code(demo.Mobile("A-1202"))
	_, err := do(w, w.as("A-1202"), func(t *Tx) (*platform.Contract, error) { return t.SignContract("C-12-2", "", code) })
	w.refused(err, platform.CodeExpired, "")
	id := ok(w, w.as("A-1202"), func(t *Tx) (platform.AppealID, error) { return t.StartAppeal("虚构茶山商贸有限公司", "") })
	if w.code(demo.Mobile("A-1202")) != code { // not the same by chance
		w.refused(w.try(w.as("A-1202"), func(t *Tx) error { return t.VerifyAppealCode(id, code) }), platform.WrongCode, "")
	}
}

// Links: eight signs that cannot be guessed, one subject, one role, seven days,
// three sends a day, the one before revoked (B19, G8).
func TestLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := finance12(w)
	const finance = "14000001291"
	send := func(role platform.LinkRole) error {
		_, err := do(w, w.as("A-1202"), func(t *Tx) (*platform.ShortLink, error) { return t.NotifyHelper(q.ID.Subject(), role, finance) })
		return err
	}
	look := func(code platform.LinkCode) error {
		_, err := do(w, w.bearing(code), func(t *Tx) (*platform.ShortLink, error) { return t.Link(code) })
		return err
	}
	w.must(send(platform.RoleFinance))
	first := w.link(finance)
	if !regexp.MustCompile(`^[0-9A-Za-z]{8}$`).MatchString(string(first)) {
		t.Errorf("code %q", first)
	}
	w.must(look(first))
	w.must(send(platform.RoleFinance))
	w.refused(look(first), platform.LinkRevoked, "")
	_, err := w.transfer(w.bearing(first), q.ID.Subject(), "9900000000000037")
	w.refused(err, platform.LinkRevoked, "")
	second := w.link(finance)
	w.refused(w.try(w.bearing(second), func(t *Tx) error { _, err := t.GenerateLetter(q.ID.Subject()); return err }), platform.NotFound, "") // another role's
	w.must(send(platform.RoleFinance))
	w.refused(send(platform.RoleFinance), platform.TooManySends, "")
	w.must(send(platform.RoleSealKeeper)) // counted for itself
	third := w.link(finance)
	w.forward(7*24*time.Hour - time.Millisecond)
	w.must(look(third))
	w.forward(time.Millisecond)
	w.refused(look(third), platform.LinkExpired, "")
	w.refused(look("00000000"), platform.NotFound, "")

	w = newWorld(t)
	q = finance12(w)
	w.must(send(platform.RoleFinance))
	link := w.link(finance)
	b, err := w.transfer(w.bearing(link), q.ID.Subject(), "9900000000000037")
	w.must(err)
	w.run(w.bearing(link), func(t *Tx) error { return t.Backfill(b, "0.38") })
	w.refused(look(link), platform.LinkUsed, "")
}

// One act of one key is done once, whatever comes of it, and however often and
// from wherever it is asked for.
func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	act := func(key string) *Act {
		a := w.as("A-1202")
		a.Key = key
		return a
	}
	draft := func(key string) (*platform.PermissionRequest, error) {
		return platform.Do(w.ctx, w.p, act(key), func(t *Tx) (*platform.PermissionRequest, error) { return t.DraftRequest("C-12-1") })
	}
	ids := make([]platform.RequestID, 50)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			if q, err := draft("one"); err != nil {
				t.Error(err)
			} else {
				ids[i] = q.ID
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("several requests: %v", ids)
		}
	}
	if again, err := draft("two"); err != nil || again.ID == ids[0] {
		t.Errorf("another key: %v, %v", again, err)
	}
	refuse := func() error {
		_, err := platform.Do(w.ctx, w.p, act("three"), func(t *Tx) (*platform.PermissionRequest, error) { return t.DraftRequest("C-77-1") })
		return err
	}
	w.refused(refuse(), platform.NotFound, "")
	w.refused(refuse(), platform.NotFound, "") // the same refusal
}

// A change of the trail from outside is found.
func TestAuditTampering(t *testing.T) {
	t.Parallel()
	key := func(n uint64) store.Key { return store.Key{}.Uint(n) }
	for name, tamper := range map[string]func(store.Tx) error{
		"changed": func(tx store.Tx) error {
			return tx.Put("audit", key(10), bytes.Replace(tx.Get("audit", key(10)), []byte("demo"), []byte("nemo"), 1))
		},
		"dropped": func(tx store.Tx) error { return tx.Delete("audit", key(10)) },
		"swapped": func(tx store.Tx) error {
			a, b := bytes.Clone(tx.Get("audit", key(10))), bytes.Clone(tx.Get("audit", key(11)))
			return errors.Join(tx.Put("audit", key(10), b), tx.Put("audit", key(11), a))
		},
		"cut off": func(tx store.Tx) error {
			var last []byte
			for k := range tx.Scan("audit", store.Range{Reverse: true, Limit: 1}) {
				last = bytes.Clone(k)
			}
			return tx.Delete("audit", last)
		},
	} {
		w := newWorld(t)
		undo := make(map[string][]byte)
		w.must(w.s.Update(w.ctx, func(tx store.Tx) error {
			for k, v := range tx.Scan("audit", store.Range{}) {
				undo[string(k)] = bytes.Clone(v)
			}
			return tamper(tx)
		}))
		if _, err := w.p.VerifyAudit(w.ctx); !errors.Is(err, platform.ErrAuditChain) {
			t.Errorf("%s: %v", name, err)
		}
		w.must(w.s.Update(w.ctx, func(tx store.Tx) error { // for the checks at the end
			for k, v := range undo {
				if err := tx.Put("audit", []byte(k), v); err != nil {
					return err
				}
			}
			return nil
		}))
	}
}

// No table but the outbox holds a code, a password, an ID number or the code of
// a link in clear.
func TestSecretsAreNotStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const finance, login, password = "14000001291", "14000007777", "Secret99pass"
	q := finance12(w)
	ok(w, w.as("A-1202"), func(t *Tx) (*platform.ShortLink, error) {
		return t.NotifyHelper(q.ID.Subject(), platform.RoleFinance, finance)
	})
	w.byPhone(w.as("A-1202"), q.ID.Subject(), demo.LegalRepID("12"), demo.LegalRepMobile("12"))
	w.run(w.system(), func(t *Tx) error { return t.SendRegisterCode(login) })
	code := w.code(login)
	ok(w, w.system(), func(t *Tx) (platform.AccountID, error) {
		return t.Register(platform.Registration{Login: login, Name: "新示人", Company: "无", Code: code, Password: password})
	})
	secrets := map[string]string{"code": `"` + code + `"`, "password": password, "ID number": demo.LegalRepID("12"), "phone code": w.code(demo.LegalRepMobile("12"))}
	link := string(w.link(finance))
	w.must(w.s.View(w.ctx, func(tx store.Tx) error {
		for _, table := range platform.Tables() {
			for k, v := range tx.Scan(table.Name, store.Range{}) {
				for what, secret := range secrets {
					if table.Name != "notifications" && strings.Contains(string(v), secret) {
						t.Errorf("table %s holds the %s: %s", table.Name, what, v)
					}
				}
				if table.Name == "audit" && strings.Contains(string(v), link) {
					t.Errorf("the audit trail holds the link: %s", v)
				}
				_ = k
			}
		}
		return nil
	}))
}

// Each constant that is shown to people has words.
func TestEveryConstantHasWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	has := map[string]func(string) bool{
		"Code":     func(v string) bool { return w.words.Refusals[platform.Code(v)] != "" },
		"NoticeID": func(v string) bool { return w.words.Notices[platform.NoticeID(v)] != "" },
		"Screen": func(v string) bool {
			return v == string(platform.ScreenCertification) || w.words.Screens[platform.Screen(v)] != ""
		},
		"Method": func(v string) bool { return w.words.Terms[v] != "" },
	}
	count := make(map[string]int)
	files, err := filepath.Glob("*.go")
	w.must(err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		w.must(err)
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || spec.Type == nil || len(spec.Values) != 1 {
				return true
			}
			typ, ok := spec.Type.(*ast.Ident)
			value, isLiteral := spec.Values[0].(*ast.BasicLit)
			if !ok || !isLiteral || has[typ.Name] == nil {
				return true
			}
			count[typ.Name]++
			if v := strings.Trim(value.Value, `"`); !has[typ.Name](v) {
				t.Errorf("%s %s has no words", typ.Name, v)
			}
			return true
		})
	}
	for typ := range has {
		if count[typ] == 0 {
			t.Errorf("no constants of type %s were found", typ)
		}
	}
}

// A picture that would take gigabytes of memory is refused before it is
// decoded, whatever its name.
func TestDecompressionBombIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	raw, err := demo.Picture(platform.Reading{})
	w.must(err)
	bomb := bytes.Clone(raw)
	copy(bomb[16:], []byte{0x00, 0x01, 0x86, 0xa0, 0x00, 0x01, 0x86, 0xa0}) // 100,000 x 100,000
	_, err = w.p.Upload(w.ctx, w.as("A-1202"), platform.FileLicence, bomb)
	var r *platform.Refusal
	if !errors.As(err, &r) || r.Code != platform.TooManyPixels && r.Code != platform.BrokenImage {
		t.Errorf("got %v", err)
	}
}

// What the outside cannot answer now is no refusal, and changes nothing.
func TestOutsideIsDown(t *testing.T) {
	t.Parallel()
	w := worldWith(t, func(o *platform.Options) { o.Ports.Carrier = downCarrier{} })
	id := stated11(w)
	before := view(w, (*Tx).Changes)
	_, err := platform.Do(w.ctx, w.p, w.as("A-1102"), func(t *Tx) (platform.CheckID, error) {
		return t.StartPhoneCheck(platform.PhoneForm{Subject: id.Subject(), Mobile: demo.LegalRepMobile("11"), Privacy: true})
	})
	var down *platform.PortError
	if !errors.As(err, &down) || down.Port != "carrier" || !errors.Is(err, fs.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if after := view(w, (*Tx).Changes); after != before {
		t.Errorf("%d changes were written", after-before)
	}
	if text := w.words.Explain(err); text != w.words.Terms["failure"] {
		t.Errorf("text %q", text)
	}
}

type downCarrier struct{}

func (downCarrier) Owner(context.Context, string) (string, bool, error) {
	return "", false, fs.ErrClosed
}
