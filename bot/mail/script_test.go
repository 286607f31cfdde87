package mail_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signdesk/bot/channel"
	"signdesk/bot/mail"
)

// A peer is an SMTP server that misbehaves in one place: what a good server
// cannot be made to do.
type peer struct {
	greeting string            // "" is 220
	ehlo     string            // extensions, each "250-…\r\n"
	answers  map[string]string // by the command's first word; "end" is for the letter, "hang" stays silent, "drop" leaves
	heard    func(word string) // told of each command; nil for nobody
	letters  atomic.Int32      // taken whole
}

const hang, drop = "hang", "drop"

func (p *peer) start(t *testing.T) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { defer conn.Close(); p.serve(conn) })
		}
	})
	return l.Addr().(*net.TCPAddr).Port
}

func (p *peer) serve(conn net.Conn) {
	in := bufio.NewReader(conn)
	say := func(word, usual string) bool {
		s, ok := p.answers[word]
		if !ok {
			s = usual
		}
		switch s {
		case hang:
			io.Copy(io.Discard, in) // until the client gives up
			return false
		case drop:
			return false
		}
		_, err := io.WriteString(conn, s+"\r\n")
		return err == nil
	}
	if p.greeting != "" {
		p.answers = map[string]string{"greeting": p.greeting}
	}
	if !say("greeting", "220 peer ready") {
		return
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		word := strings.ToUpper(strings.Fields(line + " ?")[0])
		if p.heard != nil {
			p.heard(word)
		}
		usual := map[string]string{"EHLO": "250-peer\r\n" + p.ehlo + "250 ENHANCEDSTATUSCODES", "DATA": "354 go on", "QUIT": "221 bye"}[word]
		if usual == "" {
			usual = "250 2.0.0 ok"
		}
		if !say(word, usual) || word == "QUIT" {
			return
		}
		if word == "DATA" && p.answers["DATA"] == "" && !p.letter(in, say) {
			return
		}
	}
}

// letter takes what follows DATA.
func (p *peer) letter(in *bufio.Reader, say func(string, string) bool) bool {
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			p.letters.Add(1)
			return say("end", "250 2.0.0 queued")
		}
	}
}

type answered struct {
	peer   *peer
	change func(*mail.Options)
	want   channel.Failure // "" for none
	code   string
}

// answers are what servers do, and what comes of it.
func answers() map[string]answered {
	login := func(o *mail.Options) { o.User, o.Password = "notice", password }
	quick := func(o *mail.Options) { o.Timeout = 100 * time.Millisecond }
	patient := func(o *mail.Options) { o.Timeout = 2 * time.Second } // the letter must be through by then
	const auth = "250-AUTH PLAIN\r\n"
	return map[string]answered{
		"good":               {},
		"busy greeting":      {peer: &peer{greeting: "421 4.3.2 come again"}, want: channel.Retry, code: "421"},
		"refusing greeting":  {peer: &peer{greeting: "554 5.7.1 blocked"}, want: channel.Config, code: "554"},
		"not SMTP":           {peer: &peer{greeting: "HTTP/1.1 400 Bad Request"}, want: channel.Config},
		"silent":             {peer: &peer{greeting: hang}, change: quick, want: channel.Retry},
		"leaves at once":     {peer: &peer{greeting: drop}, want: channel.Retry},
		"no STARTTLS":        {change: func(o *mail.Options) { o.Security = mail.STARTTLS }, want: channel.Config},
		"no login":           {change: login, want: channel.Config},
		"no known login":     {peer: &peer{ehlo: "250-AUTH GSSAPI\r\n"}, change: login, want: channel.Config},
		"login passing":      {peer: &peer{ehlo: auth, answers: map[string]string{"AUTH": "454 4.7.0 later"}}, change: login, want: channel.Retry, code: "454"},
		"login refused":      {peer: &peer{ehlo: auth, answers: map[string]string{"AUTH": "535 5.7.8 no"}}, change: login, want: channel.Config, code: "535"},
		"login taken":        {peer: &peer{ehlo: auth, answers: map[string]string{"AUTH": "235 2.7.0 yes"}}, change: login},
		"login wanted":       {peer: &peer{answers: map[string]string{"MAIL": "530 5.7.0 log in"}}, want: channel.Config, code: "530 5.7.0"},
		"login wanted late":  {peer: &peer{answers: map[string]string{"RCPT": "530 5.7.0 log in"}}, want: channel.Config, code: "530 5.7.0"},
		"sender refused":     {peer: &peer{answers: map[string]string{"MAIL": "553 5.7.1 not yours"}}, want: channel.Config, code: "553 5.7.1"},
		"sender passing":     {peer: &peer{answers: map[string]string{"MAIL": "451 4.3.0 later"}}, want: channel.Retry, code: "451 4.3.0"},
		"greylisted":         {peer: &peer{answers: map[string]string{"RCPT": "450 4.2.0 <" + to + "> greylisted"}}, want: channel.Retry, code: "450 4.2.0"},
		"no such mailbox":    {peer: &peer{answers: map[string]string{"RCPT": "550 5.1.1 <" + to + "> unknown"}}, want: channel.Rejected, code: "550 5.1.1"},
		"DATA refused":       {peer: &peer{answers: map[string]string{"DATA": "554 5.5.1 no"}}, want: channel.Rejected, code: "554 5.5.1"},
		"letter refused":     {peer: &peer{answers: map[string]string{"end": "552 5.3.4 spam"}}, want: channel.Rejected, code: "552 5.3.4"},
		"letter passing":     {peer: &peer{answers: map[string]string{"end": "452 4.3.1 full"}}, want: channel.Retry, code: "452 4.3.1"},
		"in doubt":           {peer: &peer{answers: map[string]string{"end": drop}}, want: channel.Retry},
		"in doubt, silent":   {peer: &peer{answers: map[string]string{"end": hang}}, change: quick, want: channel.Retry},
		"taken, then leaves": {peer: &peer{answers: map[string]string{"QUIT": drop}}},
		"taken, then silent": {peer: &peer{answers: map[string]string{"QUIT": hang}}, change: patient},
		"taken, then odd":    {peer: &peer{answers: map[string]string{"QUIT": "500 what?"}}},
	}
}

func TestAnswersOfServers(t *testing.T) {
	t.Parallel()
	for name, c := range answers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.peer == nil {
				c.peer = &peer{}
			}
			o := mail.Options{Host: "127.0.0.1", Port: c.peer.start(t), Security: mail.Plain, From: from}
			if c.change != nil {
				c.change(&o)
			}
			err := mailer(t, o).Send(t.Context(), letter)
			if c.want == "" {
				if err != nil || c.peer.letters.Load() != 1 {
					t.Errorf("%d letters arrived, error %v", c.peer.letters.Load(), err)
				}
				return
			}
			if e := sendError(t, err); e.Kind != c.want || e.Code != c.code {
				t.Errorf("got %s with code %q, want %s with %q: %v", e.Kind, e.Code, c.want, c.code, err)
			}
		})
	}
}

func TestContextEndsSending(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p := peer{answers: map[string]string{"RCPT": hang}, heard: func(word string) {
		if word == "RCPT" {
			cancel()
		}
	}}
	m := mailer(t, mail.Options{Host: "127.0.0.1", Port: p.start(t), Security: mail.Plain, From: from})
	err := m.Send(ctx, letter)
	if e := sendError(t, err); e.Kind != channel.Retry || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want retry after a cancellation", err)
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	for _, s := range []mail.Security{mail.Plain, mail.STARTTLS, mail.TLS} {
		err := mailer(t, mail.Options{Host: "127.0.0.1", Port: port, Security: s, From: from}).Send(t.Context(), letter)
		if e := sendError(t, err); e.Kind != channel.Retry {
			t.Errorf("%s: got %v, want retry", s, err)
		}
	}
}
