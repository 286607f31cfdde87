package mail_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signdesk/bot/channel"
	"signdesk/bot/mail"
)

// buildMailpit builds the mail server from its own module, or finds it built.
var buildMailpit = sync.OnceValues(func() (string, error) {
	cmd := exec.Command("go", "tool", "-n", "mailpit")
	cmd.Dir = filepath.Join("testdata", "mailpit")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	return strings.TrimSpace(string(out)), nil
})

// mailpit is a running server.
type mailpit struct {
	port  int
	api   string
	roots *x509.CertPool
}

// startMailpit starts the server; flags may name CERT, KEY and USERS.
func startMailpit(t *testing.T, flags ...string) *mailpit {
	t.Helper()
	path, err := buildMailpit()
	if err != nil {
		t.Fatalf("mailpit cannot be built: %v", err)
	}
	dir := t.TempDir()
	m := &mailpit{roots: certificate(t, dir)}
	if err := os.WriteFile(filepath.Join(dir, "users"), []byte("notice:"+password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	place := strings.NewReplacer("CERT", filepath.Join(dir, "cert"), "KEY", filepath.Join(dir, "key"), "USERS", filepath.Join(dir, "users"))
	ports := freePorts(t, 2)
	m.port, m.api = ports[0], fmt.Sprintf("http://127.0.0.1:%d", ports[1])
	args := []string{"--smtp", fmt.Sprintf("127.0.0.1:%d", m.port), "--listen", fmt.Sprintf("127.0.0.1:%d", ports[1]),
		"--disable-version-check", "--smtp-disable-rdns", "--database", filepath.Join(dir, "mails.db")}
	for _, f := range flags {
		args = append(args, place.Replace(f))
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, args...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { defer close(gone); cmd.Wait() }()
	t.Cleanup(func() {
		cancel()
		<-gone
		if t.Failed() {
			t.Logf("mailpit: %s", &log)
		}
	})
	m.await(t, gone)
	return m
}

// await returns when both ports answer: another process cannot tell otherwise.
func (m *mailpit) await(t *testing.T, gone <-chan struct{}) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(time.Minute)
	for {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", m.port))
		if err == nil {
			conn.Close()
			var res *http.Response
			if res, err = http.Get(m.api + "/readyz"); err == nil {
				res.Body.Close()
				return
			}
		}
		select {
		case <-gone:
			t.Fatal("mailpit ended")
		case <-late:
			t.Fatalf("mailpit is not ready: %v", err)
		case <-tick.C:
		}
	}
}

func freePorts(t *testing.T, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // not before the next is found
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// certificate writes cert and key for 127.0.0.1 and returns who vouches for it.
func certificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	roots.AppendCertsFromPEM(cert)
	for name, b := range map[string][]byte{"cert": cert, "key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return roots
}

// call asks Mailpit's API.
func (m *mailpit) call(t *testing.T, method, path string, in, out any) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, m.api+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s, %v: %s", method, path, res.Status, err, got)
	}
	if out != nil {
		if err := json.Unmarshal(got, out); err != nil {
			t.Fatal(err)
		}
	}
}

type address struct{ Name, Address string }

// arrived is a letter as Mailpit read it.
type arrived struct {
	ID, MessageID, Subject, Text, HTML string
	From                               address
	To                                 []address
}

func (m *mailpit) letters(t *testing.T) (out []arrived) {
	t.Helper()
	var list struct{ Messages []arrived }
	m.call(t, "GET", "/api/v1/messages", nil, &list)
	for _, l := range list.Messages {
		var a arrived
		m.call(t, "GET", "/api/v1/message/"+l.ID, nil, &a)
		out = append(out, a)
	}
	return out
}

func (m *mailpit) options(s mail.Security) mail.Options {
	return mail.Options{Host: "127.0.0.1", Port: m.port, Security: s, User: "notice", Password: password, From: from, Roots: m.roots}
}

func TestLetterArrives(t *testing.T) {
	t.Parallel()
	for security, flags := range map[mail.Security][]string{
		mail.STARTTLS: {"--smtp-tls-cert", "CERT", "--smtp-tls-key", "KEY", "--smtp-require-starttls", "--smtp-auth-file", "USERS", "--ignore-duplicate-ids"},
		mail.TLS:      {"--smtp-tls-cert", "CERT", "--smtp-tls-key", "KEY", "--smtp-require-tls", "--smtp-auth-file", "USERS", "--ignore-duplicate-ids"},
		mail.Plain:    {"--smtp-auth-file", "USERS", "--smtp-auth-allow-insecure", "--ignore-duplicate-ids"},
	} {
		t.Run(string(security), func(t *testing.T) {
			t.Parallel()
			server := startMailpit(t, flags...)
			m := mailer(t, server.options(security))
			for range 2 { // the second is a retry, and known for one
				if err := m.Send(t.Context(), letter); err != nil {
					t.Fatal(err)
				}
			}
			got := server.letters(t)
			if len(got) != 1 {
				t.Fatalf("%d letters arrived, want 1", len(got))
			}
			text := strings.ReplaceAll(strings.TrimSpace(got[0].Text), "\r\n", "\n")
			if want := strings.TrimSpace(strings.ReplaceAll(letter.Text, "\r", "")); text != want {
				t.Errorf("text (-want +got):\n%s", cmp.Diff(want, text))
			}
			if got[0].Subject != letter.Subject || got[0].MessageID != m.MessageID(letter.ID) {
				t.Errorf("subject %q, Message-ID %q", got[0].Subject, got[0].MessageID)
			}
			if diff := cmp.Diff(address{"上上签", "notice@desk.example"}, got[0].From); diff != "" {
				t.Errorf("from (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]address{{"", to}}, got[0].To); diff != "" {
				t.Errorf("to (-want +got):\n%s", diff)
			}
			checkHTML(t, got[0].HTML)
			checkHeaders(t, server, got[0].ID)
		})
	}
}

func checkHTML(t *testing.T, page string) {
	t.Helper()
	page = strings.ReplaceAll(page, "\r\n", "\n")
	for _, want := range []string{
		`<html lang="zh-CN">`,
		`请点击 <a href="https://ent.bestsign.info/s/2vzZfAub?type=2&amp;x=1">https://ent.bestsign.info/s/2vzZfAub?type=2&amp;x=1</a> 进行审批。</p>`,
		"&lt;script&gt;", "http://evil.example/ &amp; 其他<br>\n.<br>\n第三行</p>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the HTML lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "<script>") || strings.Count(page, "<a ") != 1 {
		t.Errorf("the HTML has more than it should:\n%s", page)
	}
}

func checkHeaders(t *testing.T, m *mailpit, id string) {
	t.Helper()
	var headers map[string][]string
	m.call(t, "GET", "/api/v1/message/"+id+"/headers", nil, &headers)
	if got := headers["Auto-Submitted"]; len(got) != 1 || got[0] != "auto-generated" {
		t.Errorf("Auto-Submitted %q", got)
	}
	if got := headers["Received"]; len(got) != 1 || !strings.Contains(got[0], "desk.example") {
		t.Errorf("Received %q, want the domain as the greeting", got)
	}
	for _, k := range []string{"User-Agent", "X-Mailer"} {
		if headers[k] != nil {
			t.Errorf("%s %q", k, headers[k])
		}
	}
}

// TestServerRefuses lets Mailpit answer with errors, one letter after another.
func TestServerRefuses(t *testing.T) {
	t.Parallel()
	server := startMailpit(t, "--smtp-tls-cert", "CERT", "--smtp-tls-key", "KEY", "--smtp-require-starttls", "--smtp-auth-file", "USERS", "--enable-chaos")
	m := mailer(t, server.options(mail.STARTTLS))
	type trigger struct{ ErrorCode, Probability int }
	for _, c := range []struct {
		stage string
		code  int
		want  channel.Failure
	}{
		{"Recipient", 450, channel.Retry},
		{"Recipient", 550, channel.Rejected},
		{"Sender", 451, channel.Retry},
		{"Sender", 550, channel.Config},
		{"Authentication", 535, channel.Config},
		{"Authentication", 454, channel.Retry},
	} {
		server.call(t, "PUT", "/api/v1/chaos", map[string]trigger{c.stage: {c.code, 100}}, nil)
		err := m.Send(t.Context(), letter)
		if e := sendError(t, err); e.Kind != c.want || !strings.HasPrefix(e.Code, fmt.Sprint(c.code)) {
			t.Errorf("%s %d: got %v, want %s", c.stage, c.code, err, c.want)
		}
	}
	server.call(t, "PUT", "/api/v1/chaos", map[string]trigger{}, nil)
	if got := server.letters(t); len(got) != 0 {
		t.Fatalf("%d letters arrived", len(got))
	}
	for name, change := range map[string]func(*mail.Options){
		"password":            func(o *mail.Options) { o.Password = "other" },
		"no password":         func(o *mail.Options) { o.User, o.Password = "", "" },
		"unknown certificate": func(o *mail.Options) { o.Roots = nil },
		"no encryption":       func(o *mail.Options) { o.Security = mail.Plain },
		"TLS at once":         func(o *mail.Options) { o.Security = mail.TLS },
	} {
		o := server.options(mail.STARTTLS)
		change(&o)
		err := mailer(t, o).Send(t.Context(), letter)
		if e := sendError(t, err); e.Kind != channel.Config {
			t.Errorf("%s: got %v, want config", name, err)
		}
	}
	if err := m.Send(t.Context(), letter); err != nil || len(server.letters(t)) != 1 {
		t.Errorf("after all that the letter does not arrive: %v", err)
	}
}

func TestConcurrentLetters(t *testing.T) {
	t.Parallel()
	server := startMailpit(t, "--smtp-tls-cert", "CERT", "--smtp-tls-key", "KEY", "--smtp-require-starttls", "--smtp-auth-file", "USERS")
	m := mailer(t, server.options(mail.STARTTLS))
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			l := letter
			l.ID = fmt.Sprint("N-", i)
			if err := m.Send(t.Context(), l); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := len(server.letters(t)); got != 10 {
		t.Errorf("%d of 10 arrived", got)
	}
}
