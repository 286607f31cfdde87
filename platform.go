package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
)

// A verb of signdesk platform does one thing on the platform, so that a person
// can bring about each situation of the guide by hand and get out of it again.
type verb struct {
	name, args, about string
	run               func(*session)
}

func verbs() []verb {
	return []verb{
		{"open", "CONTRACT WHO", "what opening the signing link shows", verbOpen},
		{"show", "ID", "a record; of an enterprise (E-nn or its registration) also members, seals, grants and requests", verbShow},
		{"certify", "REGISTRATION WHO name=… rep=… [id=NUMBER] [agent] [noname] [entity=…] [doc=…] [edited] [watermark=TEXT] [change=E-nn]", "submit licence, ID card and basic information", verbCertify},
		{"progress", "CERTIFICATION WHO", "what the applicant sees", verbProgress},
		{"delete", "E-nn WHO", "delete an enterprise that is being certified", verbDelete},
		{"change", "E-nn WHO", "open a change of the enterprise's data; then certify … change=E-nn", verbChange},
		{"phone", "CASE WHO MOBILE [id=NUMBER]", "prove a case by the legal representative's phone", verbPhone},
		{"face", "CASE WHO [id=NUMBER]", "prove a case by the legal representative's face", verbFace},
		{"transfer", "CASE WHO ACCOUNT-NO", "have a small sum paid to the enterprise's account", verbTransfer},
		{"backfill", "TRANSFER WHO AMOUNT", "enter the sum that arrived", verbBackfill},
		{"reverse", "CASE WHO [LAST4]", "wait for 0.01 yuan from the legal representative or the enterprise", verbReverse},
		{"arrive", "FEN payer=NAME from=ACCOUNT-NO [currency=…] [payee=…] [days=-1]", "a payment arrives at the platform's account", verbArrive},
		{"letter", "CASE WHO", "make the authorization letter, seal it and upload its picture", verbLetter},
		{"reviews", "", "what waits for staff", verbReviews},
		{"review", "REVIEW pass|reject [REASON]", "decide as staff", verbReview},
		{"appeal", "COMPANY WHO Unchanged|LegalRepChanged|NameChanged|BothChanged", "appeal for the main administrator's place", verbAppeal},
		{"request", "CONTRACT WHO MainAdmin|LegalRep|SealKeeper|Finance [view=…] [sign=…]", "ask for permission", verbRequest},
		{"decide", "REQUEST WHO approve|reject [REASON]", "decide on a request as main administrator", verbDecide},
		{"notify", "CASE WHO LegalRep|SealKeeper|Finance|MainAdmin LOGIN", "send somebody a link to do his part", verbNotify},
		{"sign", "CONTRACT WHO", "sign with the code that was sent", verbSign},
		{"send", "COMPANY WHO LOGIN", "send a contract", verbSend},
		{"withdraw", "CONTRACT WHO", "withdraw a contract", verbWithdraw},
		{"resend", "CONTRACT WHO COMPANY LOGIN", "send a withdrawn contract again, to another name", verbResend},
		{"seal", "E-nn WHO [NAME]", "set up a seal: drawn, or with a name from a picture", verbSeal},
		{"redraw", "SEAL WHO [picture]", "draw a seal again, or from a picture", verbRedraw},
		{"grant", "SEAL WHO MEMBER…", "let members use a seal", verbGrant},
		{"admin", "E-nn WHO NEW-MEMBER [Template] [Contract] [Seal]", "change the main administrator, and hand over", verbAdmin},
		{"handover", "E-nn WHO FROM-MEMBER TO-MEMBER [Template] [Contract] [Seal]", "hand over afterwards", verbHandover},
		{"disable", "MEMBER WHO", "disable a member", verbDisable},
		{"hours", "[YYYY-MM-DDThh:mm]", "whether the hotline is open", verbHours},
		{"outbox", "[LOGIN]", "messages that were sent", verbOutbox},
		{"audit", "ID", "what was changed on a record, when and by whom", verbAudit},
		{"wait", "[8d|36h|…]", "put the demonstration's clock forward; without argument tell it", verbWait},
	}
}

func platformHelp(w io.Writer) {
	fmt.Fprint(w, `usage: signdesk platform VERB arguments

WHO is an account (A-1202), on a PC; A-1202@phone is on a phone; link:CODE is
the bearer of a link. CASE is a certification, appeal or permission request.
`)
	for _, v := range verbs() {
		fmt.Fprintf(w, "\n  %s %s\n      %s\n", v.name, v.args, v.about)
	}
}

// platformCommand runs one verb. What the platform refuses it tells in the
// platform's words.
func platformCommand(ctx context.Context, s *service, args []string, io std) (err error) {
	if len(args) == 0 || args[0] == "help" {
		platformHelp(io.out)
		return nil
	}
	for _, v := range verbs() {
		if v.name != args[0] {
			continue
		}
		ses := &session{ctx: ctx, service: s, out: io.out, verb: v, named: make(map[string]string)}
		for _, a := range args[1:] {
			if name, value, ok := strings.Cut(a, "="); ok {
				ses.named[name] = value
			} else {
				ses.args = append(ses.args, a)
			}
		}
		return ses.run()
	}
	return fmt.Errorf("unknown verb %q; signdesk platform help lists them", args[0])
}

// A session is one verb being run. The first error ends it, by a panic with
// stopped that run recovers: the verbs read as the walks they are.
type session struct {
	ctx context.Context
	*service
	out   io.Writer
	verb  verb
	args  []string
	named map[string]string
}

type stopped struct{ err error }

func (s *session) run() (err error) {
	defer func() {
		if v := recover(); v != nil {
			end, ok := v.(stopped)
			if !ok {
				panic(v)
			}
			err = end.err
		}
		var r *platform.Refusal
		if errors.As(err, &r) {
			fmt.Fprintf(s.out, "%s  [%s]\n", s.words.Explain(r), strings.TrimSpace(string(r.Code)+" "+r.Rule))
			err = errReported
		}
	}()
	s.verb.run(s)
	return nil
}

// must ends the session if err is set.
func (s *session) must(err error) {
	if err != nil {
		panic(stopped{err})
	}
}

func (s *session) printf(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

// arg returns the i-th argument, which must be there.
func (s *session) arg(i int) string {
	if i >= len(s.args) {
		s.must(fmt.Errorf("want: signdesk platform %s %s", s.verb.name, s.verb.args))
	}
	return s.args[i]
}

// opt returns the i-th argument, or "".
func (s *session) opt(i int) string {
	if i >= len(s.args) {
		return ""
	}
	return s.args[i]
}

// flag reports whether the word stands among the arguments, and takes it out.
func (s *session) flag(word string) bool {
	for i, a := range s.args {
		if a == word {
			s.args = append(s.args[:i:i], s.args[i+1:]...)
			return true
		}
	}
	return false
}

// who returns an act of the i-th argument.
func (s *session) who(i int) *platform.Act {
	name := s.arg(i)
	if code, ok := strings.CutPrefix(name, "link:"); ok {
		return s.platform.NewAct(platform.Actor{Link: code}, platform.Mobile)
	}
	account, phone := strings.CutSuffix(name, "@phone")
	channel := platform.PC
	if phone {
		channel = platform.Mobile
	}
	if s.account(account) == nil {
		s.must(fmt.Errorf("there is no account %s", account))
	}
	return s.platform.NewAct(platform.Actor{Account: platform.AccountID(account)}, channel)
}

func (s *session) account(id string) *platform.Account {
	return look(s, func(t *platform.Tx) *platform.Account { return t.Account(platform.AccountID(id)) })
}

// login returns the mobile of the i-th argument's account, or whom its link was
// sent to.
func (s *session) login(i int) string {
	act := s.who(i)
	if act.By.Link != "" {
		return ""
	}
	return s.account(string(act.By.Account)).Login()
}

// look looks at the records.
func look[R any](s *session, fn func(*platform.Tx) R) (out R) {
	s.must(s.platform.View(s.ctx, func(t *platform.Tx) error { out = fn(t); return nil }))
	return out
}

// do runs an operation.
func do[R any](s *session, act *platform.Act, fn func(*platform.Tx) (R, error)) R {
	act = s.again(act)
	out, err := platform.Do(s.ctx, s.platform, act, fn)
	s.must(err)
	return out
}

// does runs an operation without a result.
func (s *session) does(act *platform.Act, fn func(*platform.Tx) error) {
	s.must(s.platform.Run(s.ctx, s.again(act), fn))
}

// again returns a new act of the same actor: one act is for one change.
func (s *session) again(act *platform.Act) *platform.Act {
	return s.platform.NewAct(act.By, act.Channel)
}

// subject returns the case that the i-th argument names.
func (s *session) subject(i int) platform.Subject {
	id := s.arg(i)
	for _, c := range []platform.Subject{platform.CertificationID(id).Subject(), platform.AppealID(id).Subject(), platform.RequestID(id).Subject()} {
		if look(s, func(t *platform.Tx) bool {
			switch c.Kind {
			case platform.OnCertification:
				return t.Certification(platform.CertificationID(id)) != nil
			case platform.OnAppeal:
				return t.Appeal(platform.AppealID(id)) != nil
			default:
				return t.Request(platform.RequestID(id)) != nil
			}
		}) {
			return c
		}
	}
	s.must(fmt.Errorf("there is no case %s", id))
	return platform.Subject{}
}

// picture uploads a picture with this on it.
func (s *session) picture(act *platform.Act, use platform.FileUse, r platform.Reading) platform.FileID {
	raw, err := demo.Picture(r)
	s.must(err)
	f, err := s.platform.Upload(s.ctx, s.again(act), use, raw)
	s.must(err)
	return f.ID
}

var sixDigits = regexp.MustCompile(`验证码(\d{6})`)

// code returns the code that was sent last to the login.
func (s *session) code(login string) string {
	sent := look(s, func(t *platform.Tx) []*platform.Notification { return t.SentTo(login) })
	for i := len(sent) - 1; i >= 0; i-- {
		if m := sixDigits.FindStringSubmatch(sent[i].Text); m != nil {
			s.printf("(验证码 %s 已从演示发件箱读取)", m[1])
			return m[1]
		}
	}
	s.must(fmt.Errorf("no code was sent to %s", login))
	return ""
}

// term returns the Chinese word for an identifier.
func (s *session) term(id string) string { return s.words.Term(s.words.Terms, id) }
