package mail_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"signdesk/bot/channel"
	"signdesk/bot/mail"
)

const (
	from     = "上上签 <notice@desk.example>"
	to       = "lishier@dist.example"
	password = "pa55word-of-notice"
	link     = "https://ent.bestsign.info/s/2vzZfAub?type=2&x=1"
)

var letter = mail.Letter{ID: "N-01J5/mail", To: to, Subject: "【上上签】请审批企业合同的查看与签署申请", Link: link,
	Text: "李示二（账号：138****0002）申请查看并签署企业合同，请点击 " + link + " 进行审批。\n\n" +
		"原因：<script>alert('1')</script> http://evil.example/ & 其他\n.\n第三行\r\n"}

func mailer(t *testing.T, o mail.Options) *mail.Mailer {
	t.Helper()
	m, err := mail.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// sendError checks that an error is a SendError that tells nothing it should not.
func sendError(t *testing.T, err error) *channel.SendError {
	t.Helper()
	var e *channel.SendError
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a SendError", err)
	}
	for _, private := range []string{"lishier", password, "2vzZfAub", "李示二"} {
		if strings.Contains(err.Error(), private) {
			t.Errorf("the error tells %s: %v", private, err)
		}
	}
	return e
}

func TestRefusedWithoutSending(t *testing.T) {
	t.Parallel()
	p := peer{}
	m := mailer(t, mail.Options{Host: "127.0.0.1", Port: p.start(t), Security: mail.Plain, From: from})
	for name, change := range map[string]func(*mail.Letter){
		"no id":          func(l *mail.Letter) { l.ID = "" },
		"phone":          func(l *mail.Letter) { l.To = "13700003482" },
		"two addresses":  func(l *mail.Letter) { l.To = to + ",other@dist.example" },
		"display name":   func(l *mail.Letter) { l.To = "李示二 <" + to + ">" },
		"header in to":   func(l *mail.Letter) { l.To = to + "\r\nBcc: other@dist.example" },
		"long address":   func(l *mail.Letter) { l.To = strings.Repeat("x", 250) + "@dist.example" },
		"no subject":     func(l *mail.Letter) { l.Subject = " " },
		"header in it":   func(l *mail.Letter) { l.Subject = "x\r\nBcc: other@dist.example" },
		"long subject":   func(l *mail.Letter) { l.Subject = strings.Repeat("长", 201) },
		"no text":        func(l *mail.Letter) { l.Text = "\n\x00" },
		"long text":      func(l *mail.Letter) { l.Text = strings.Repeat("x", 64<<10+1) },
		"script as link": func(l *mail.Letter) { l.Link = "javascript:alert(1)" },
		"file as link":   func(l *mail.Letter) { l.Link = "file://host/x" },
	} {
		l := letter
		change(&l)
		err := m.Send(t.Context(), l)
		if e := sendError(t, err); e.Kind != channel.Rejected {
			t.Errorf("%s: got %v, want rejected", name, err)
		}
	}
	if n := p.letters.Load(); n != 0 {
		t.Errorf("%d letters were sent", n)
	}
}

func TestMessageIDFollowsFromDelivery(t *testing.T) {
	t.Parallel()
	o := mail.Options{Host: "smtp.example", Security: mail.STARTTLS, From: from}
	a, b := mailer(t, o), mailer(t, o)
	if got := a.MessageID("N-1"); got != b.MessageID("N-1") || got == a.MessageID("N-2") || !strings.HasSuffix(got, "@desk.example") {
		t.Errorf("Message-ID %q", got)
	}
}

func TestNewNamesEveryMistake(t *testing.T) {
	t.Parallel()
	_, err := mail.New(mail.Options{From: "nobody", Port: -1, Security: "x", User: "u", Timeout: -time.Second, Hello: "a b"})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"from", "host", "port", "security", "user and password", "timeout", "hello"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q: %v", want, err)
		}
	}
	if _, err := mail.New(mail.Options{From: from, Host: "smtp.example", Security: mail.Plain}); err == nil {
		t.Error("plain is taken for another machine")
	}
}

func TestLogsHideWhatIsPrivate(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "letter", letter, "options", mail.Options{From: from, User: "user-of-notice", Password: password})
	for _, private := range []string{"lishier", password, "user-of-notice", "2vzZfAub", "李示二"} {
		if strings.Contains(b.String(), private) {
			t.Errorf("the log tells %s: %s", private, &b)
		}
	}
	if !strings.Contains(b.String(), "lis****@dist.example") {
		t.Errorf("the log lacks the masked address: %s", &b)
	}
}
