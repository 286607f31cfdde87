package main

import (
	"bufio"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"signdesk/actions/platform"
)

// TestNoticesLeaveBySMSAndMail has a code go out through a gateway and a letter
// through a server, and a refusal and a limit of the gateway be dealt with.
func TestNoticesLeaveBySMSAndMail(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var sent []map[string]any
	code := "Ok"
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var m map[string]any
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			t.Error(err)
		}
		sent = append(sent, m)
		_, _ = io.WriteString(w, `{"Response":{"SendStatusSet":[{"SerialNo":"1","PhoneNumber":"+8614000001202","Fee":1,"SessionContext":"","Code":"`+code+`","Message":"m","IsoCode":"CN"}],"RequestId":"r"}}`)
	}))
	defer gateway.Close()
	host, letters := mailServer(t)
	ctx := t.Context()
	cfg := testConfig(t)
	cfg.SMSProvider, cfg.SMSMode, cfg.SMSID, cfg.SMSSecret, cfg.SMSApp, cfg.SMSSign = "tencent", "code", "id", "secret", "1400006666", "上上签"
	cfg.SMSURL, cfg.SMSTemplates = gateway.URL, "T8=1110:code,minutes"
	cfg.MailHost, cfg.MailPort, cfg.MailSecurity, cfg.MailFrom = "127.0.0.1", host, "plain", "上上签 <notice@demo.example>"
	s, err := openMemory(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	g, err := openGateways(cfg, s.clock.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	owe := func(login, conv string) {
		t.Helper()
		act := s.platform.NewAct(platform.Actor{System: "test"}, "")
		if err := s.platform.Run(ctx, act, func(tx *platform.Tx) error { return tx.SendLoginCode(login, conv) }); err != nil {
			t.Fatal(err)
		}
	}
	deliver := func(want int) {
		t.Helper()
		if n, err := g.deliver(ctx, s.platform); n != want || err != nil {
			t.Errorf("%d settled, %v; want %d", n, err, want)
		}
	}
	owe("14000001202", "c1")
	owe("a1202@demo.example", "c2")
	deliver(2)
	if len(sent) != 1 || sent[0]["TemplateId"] != "1110" || len(sent[0]["TemplateParamSet"].([]any)) != 2 {
		t.Errorf("the gateway got %v", sent)
	}
	if letter := <-letters; !strings.Contains(letter, "To: <a1202@demo.example>") {
		t.Errorf("letter %s", letter)
	}
	mu.Lock()
	code = "LimitExceeded.PhoneNumberThirtySecondLimit"
	mu.Unlock()
	if err := s.clock.Wait(ctx, 2*time.Minute); err != nil {
		t.Fatal(err)
	}
	owe("14000001202", "c3")
	deliver(0)
	deliver(0) // it waits
	if err := s.clock.Wait(ctx, 10*time.Minute); err != nil {
		t.Fatal(err)
	}
	deliver(1) // the code is of no use any more
}

// mailServer takes letters as an SMTP server does; the channel gets each.
func mailServer(t *testing.T) (port string, letters <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	out := make(chan string, 10)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go smtpTalk(c, out)
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, out
}

func smtpTalk(c net.Conn, out chan<- string) {
	defer c.Close()
	r := textproto.NewReader(bufio.NewReader(c))
	say := func(s string) { _, _ = io.WriteString(c, s+"\r\n") }
	say("220 test")
	for {
		line, err := r.ReadLine()
		if err != nil {
			return
		}
		switch verb, _, _ := strings.Cut(strings.ToUpper(line), " "); verb {
		case "DATA":
			say("354 go on")
			raw, err := io.ReadAll(r.DotReader())
			if err != nil {
				return
			}
			out <- string(raw)
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// TestWaitingIsTexted tells by SMS that something waits in the Official Account,
// if the gateway has a template for it and the account a number.
func TestWaitingIsTexted(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var to []any
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var m map[string]any
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil || m["TemplateId"] != "1112" {
			t.Errorf("%v: %v", m, err)
		}
		to = append(to, m["PhoneNumberSet"])
		_, _ = io.WriteString(w, `{"Response":{"SendStatusSet":[{"SerialNo":"1","PhoneNumber":"+8614000001202","Fee":1,"SessionContext":"","Code":"Ok","Message":"m","IsoCode":"CN"}],"RequestId":"r"}}`)
	}))
	defer gateway.Close()
	cfg := testConfig(t)
	cfg.SMSProvider, cfg.SMSMode, cfg.SMSID, cfg.SMSSecret, cfg.SMSApp, cfg.SMSSign, cfg.SMSURL = "tencent", "code", "id", "secret", "1400006666", "上上签", gateway.URL
	s, err := openMemory(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for templates, want := range map[string]string{"T8=1110:code": "", "T8=1110:code;W1=1112": "sms"} {
		cfg.SMSTemplates = templates
		g, err := openGateways(cfg, s.clock.Now, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if how, err := g.text(t.Context(), s.platform, "A-1202", "w-1"); how != want || err != nil {
			t.Errorf("%s: %q, %v", templates, how, err)
		}
		if how, err := g.text(t.Context(), s.platform, "nobody", "w-2"); how != "" || err != nil {
			t.Errorf("nobody was told by %q: %v", how, err)
		}
	}
	if len(to) != 1 {
		t.Errorf("sent to %v", to)
	}
}
