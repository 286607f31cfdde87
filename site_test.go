package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"signdesk/actions/platform"
	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/kb"
	"signdesk/webhook"
)

// A site is the whole service on the web, with the demonstration's world.
type site struct {
	*testing.T
	*service
	url   string
	talks *bot.Bot
	web   *webhook.Server
	valid validator.Validator
	n     int

	senders map[string]channel.Sender
	notices *gateways
}

func newSite(t *testing.T, change func(*Config)) *site {
	t.Helper()
	return newSiteAt(t, webhook.DefaultRates(), change)
}

func newSiteAt(t *testing.T, rates webhook.Rates, change func(*Config)) *site {
	t.Helper()
	cfg := testConfig(t)
	if change != nil {
		change(cfg)
	}
	svc, err := openMemory(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := siteOn(t, cfg, svc, rates)
	ts := httptest.NewServer(s.web.Handler())
	t.Cleanup(func() { s.web.Stop(); ts.Close() })
	s.url = ts.URL
	return s
}

// shipped is the shipped knowledge base, which no test changes, and the
// description of the interface.
var shipped = sync.OnceValues(func() (*struct {
	base      *kb.Live
	recognise recogniser
	valid     validator.Validator
}, error) {
	cfg := &Config{}
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	cfg.bind(fs)
	if err := cfg.load(fs, func(string) string { return "" }); err != nil {
		return nil, err
	}
	base, err := openBase(context.Background(), cfg)
	if err != nil {
		return nil, err
	}
	recognise, err := openIntents(cfg, base)
	if err != nil {
		return nil, err
	}
	doc, err := libopenapi.NewDocument(webhook.OpenAPI)
	if err != nil {
		return nil, err
	}
	valid, errs := validator.NewValidator(doc)
	return &struct {
		base      *kb.Live
		recognise recogniser
		valid     validator.Validator
	}{base, recognise, valid}, errors.Join(errs...)
})

// siteOn returns a site on a service; it does not listen yet.
func siteOn(t *testing.T, cfg *Config, svc *service, rates webhook.Rates) *site {
	t.Helper()
	s := &site{T: t, service: svc}
	common, err := shipped()
	s.must(err)
	base := common.base
	s.valid = common.valid
	log := slog.New(slog.DiscardHandler)
	var told []channel.Peer
	told, s.senders, err = eventHooks(cfg, svc)
	s.must(err)
	s.talks, err = newBot(cfg, s.service, base, common.recognise, log, botHooks{read: pageChannels, events: told})
	s.must(err)
	s.notices, err = openGateways(testConfig(t), s.clock.Now, log) // the inbox of the demonstration
	s.must(err)
	s.notices.tell, s.notices.announce = s.talks.Tell, s.talks.Announce
	account, err := newWechat(cfg, s.service, s.talks, log)
	s.must(err)
	library, err := newLibrary(cfg, s.service, log)
	s.must(err)
	staff, err := newSupport(cfg, s.service, s.talks, base, library, log)
	s.must(err)
	s.web, err = newWeb(cfg, s.service, s.talks, base, webhook.NewMetrics(func() (int, time.Duration) { return 0, 0 }), rates, log,
		append(wechatRoutes(account), staff.routes(cfg)...)...)
	s.must(err)
	return s
}

// A house is a site on a store that outlives it, at one address.
type house struct {
	*site
	cfg    *Config
	now    func() time.Time
	server *httptest.Server
}

func newHouse(t *testing.T, change func(*Config), now func() time.Time) *house {
	t.Helper()
	h := &house{site: &site{T: t}, cfg: testConfig(t), now: now}
	h.cfg.Store = filepath.Join(t.TempDir(), "store.db")
	change(h.cfg)
	return h
}

// serve begins to serve, at the address of the time before.
func (h *house) serve(ctx context.Context) error {
	svc, err := openServiceAt(ctx, h.cfg, h.now)
	if err != nil {
		return err
	}
	at := "127.0.0.1:0"
	if h.url != "" {
		at = strings.TrimPrefix(h.url, "http://")
	}
	h.site = siteOn(h.T, h.cfg, svc, webhook.Rates{Visitor: 1e6, Address: 1e6, Codes: 1e6})
	h.server = httptest.NewUnstartedServer(h.web.Handler())
	h.must(h.server.Listener.Close())
	if h.server.Listener, err = net.Listen("tcp", at); err != nil {
		return err
	}
	h.server.Start()
	h.url = h.server.URL
	return nil
}

func (h *house) shut() {
	h.web.Stop()
	h.server.Close()
	h.must(h.service.Close())
}

// settles lets notices and events leave until nothing is due.
func (s *site) settles() {
	s.Helper()
	_, err := s.notices.deliver(s.Context(), s.platform)
	s.must(err)
	for n := 1; n > 0 && err == nil; {
		n, err = s.talks.DeliverOnce(s.Context(), s.senders)
	}
	s.must(err)
}

func (s *site) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// do sends a request, sees that it and its answer are as the description of the
// interface says, and returns the answer.
func (s *site) do(method, path, token string, in any, head ...string) (int, map[string]any) {
	s.Helper()
	var raw []byte
	kind := "application/json"
	switch v := in.(type) {
	case nil:
	case []byte:
		raw, kind = v, "image/png"
	case string:
		raw = []byte(v)
	default:
		var err error
		raw, err = json.Marshal(v)
		s.must(err)
	}
	make := func() *http.Request {
		req, err := http.NewRequestWithContext(s.Context(), method, s.url+path, bytes.NewReader(raw))
		s.must(err)
		if raw != nil {
			req.Header.Set("Content-Type", kind)
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		for i := 0; i+1 < len(head); i += 2 {
			req.Header.Set(head[i], head[i+1])
		}
		return req
	}
	res, err := http.DefaultClient.Do(make())
	s.must(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	s.must(err)
	res.Body = io.NopCloser(bytes.NewReader(body))
	if strings.HasPrefix(path, "/api/") {
		if ok, errs := s.valid.ValidateHttpResponse(make(), res); !ok {
			s.Errorf("%s %s: answer %d is not as described: %v\n%s", method, path, res.StatusCode, errs, body)
		}
		if ok, errs := s.valid.ValidateHttpRequest(make()); !ok && res.StatusCode < 300 {
			s.Errorf("%s %s: request is not as described, and was taken: %v", method, path, errs)
		}
	}
	out := map[string]any{}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &out); err != nil {
			s.Fatalf("%s %s: %d %s", method, path, res.StatusCode, body)
		}
	}
	return res.StatusCode, out
}

// wants checks an answer's status and, of problems, the code.
func (s *site) wants(status int, code string) func(int, map[string]any) {
	return func(got int, out map[string]any) {
		s.Helper()
		if got != status || code != "" && out["code"] != code {
			s.Errorf("got %d %v, want %d %s", got, out, status, code)
		}
		if code != "" && !regexp.MustCompile(`\p{Han}`).MatchString(fmt.Sprint(out["detail"])) {
			s.Errorf("problem without Chinese words: %v", out)
		}
	}
}

// userKey is a setting of a host site's key.
func userKey(secret []byte) string {
	return "site=HS256:" + base64.StdEncoding.EncodeToString(secret)
}

// states says as a host site who its user is.
func (s *site) states(secret []byte, login, id string) string {
	now := s.clock.Now()
	claims := map[string]any{"sub": login, "aud": "signdesk", "jti": id, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	part := func(v any) string {
		raw, err := json.Marshal(v)
		s.must(err)
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	said := part(map[string]string{"alg": "HS256", "typ": "JWT", "kid": "site"}) + "." + part(claims)
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(said))
	return said + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// A guest is a visitor of the site.
type guest struct {
	*site
	token string
	last  map[string]any // last message of the assistant
}

func (s *site) guest() *guest {
	s.Helper()
	_, out := s.do("POST", "/api/v1/conversation", "", map[string]any{"device": "phone"})
	token, _ := out["token"].(string)
	if token == "" {
		s.Fatalf("no token: %v", out)
	}
	return &guest{site: s, token: token}
}

// sends posts a message, reads the reply from the history, and checks that it
// has these words.
func (g *guest) sends(m map[string]any, want ...string) {
	g.Helper()
	g.n++
	if m["id"] == nil {
		m["id"] = fmt.Sprintf("message-%d", g.n)
	}
	status, out := g.do("POST", "/api/v1/conversation/messages", g.token, m)
	if status != http.StatusAccepted {
		g.Fatalf("%v: %d %v", m, status, out)
	}
	_, history := g.do("GET", "/api/v1/conversation/messages?limit=1", g.token, nil)
	list := history["messages"].([]any)
	g.last = list[len(list)-1].(map[string]any)
	for _, w := range want {
		if !strings.Contains(fmt.Sprint(g.last["text"]), w) {
			g.Errorf("after %v: want %q in %v", m, w, g.last["text"])
		}
	}
}

func (g *guest) says(text string, want ...string) {
	g.Helper()
	g.sends(map[string]any{"text": text}, want...)
}

// asksAdmin asks the main administrator for permission.
func (g *guest) asksAdmin() {
	g.Helper()
	g.says("申请权限 合同C-12-1")
	g.says("14000001202")
	g.says(g.sent("14000001202", codeInNotice), "身份已确认")
	for _, text := range []string{"继续申请", "李示二", "用默认权限", "向主管理员申请", "确认"} {
		g.says(text)
	}
}

// told counts the messages that hold a text.
func (g *guest) told(text string) (n int) {
	g.Helper()
	_, history := g.do("GET", "/api/v1/conversation/messages", g.token, nil)
	for _, m := range history["messages"].([]any) {
		if strings.Contains(fmt.Sprint(m.(map[string]any)["text"]), text) {
			n++
		}
	}
	return n
}

// choice returns the address of the file that a choice stands for.
func (g *guest) choice(label string) string {
	g.Helper()
	for _, c := range g.last["choices"].([]any) {
		if c := c.(map[string]any); c["label"] == label && c["file"] != nil {
			return c["file"].(map[string]any)["href"].(string)
		}
	}
	g.Fatalf("no file %q in %v", label, g.last)
	return ""
}

// presses clicks the choice with that label.
func (g *guest) presses(label string, want ...string) {
	g.Helper()
	for _, c := range g.last["choices"].([]any) {
		if choice := c.(map[string]any); choice["label"] == label {
			g.sends(map[string]any{"choice": choice["token"]}, want...)
			return
		}
	}
	g.Fatalf("no choice %q in %v", label, g.last)
}

func (s *site) sent(login string, pattern *regexp.Regexp) string {
	s.Helper()
	var found string
	s.must(s.platform.View(s.Context(), func(t *platform.Tx) error {
		for _, n := range t.SentTo(login) {
			if m := pattern.FindStringSubmatch(n.Text); m != nil {
				found = m[1]
			}
		}
		return t.Err()
	}))
	if found == "" {
		s.Fatalf("nothing like %s was sent to %s", pattern, login)
	}
	return found
}

var codeInNotice = regexp.MustCompile(`验证码(\d{6})`)

// A page is one behind a link, as a browser without JavaScript uses it.
type linkPage struct {
	*site
	path, key, html string
}

var keyInPage = regexp.MustCompile(`name="key" value="(\w+)"`)

func (s *site) open(path string) *linkPage {
	s.Helper()
	res, err := http.Get(s.url + path)
	s.must(err)
	p := &linkPage{site: s, path: path}
	p.read(res)
	return p
}

func (p *linkPage) read(res *http.Response) {
	p.Helper()
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	p.must(err)
	p.html = string(raw)
	if m := keyInPage.FindStringSubmatch(p.html); m != nil {
		p.key = m[1]
	}
	if csp := res.Header.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || csp == "" || strings.Contains(p.html, "<script>") {
		p.Errorf("policy %q", csp)
	}
}

// fills sends the form, with an idempotency key.
func (p *linkPage) fills(field, value string, want ...string) {
	p.Helper()
	p.send(p.key, field, value, want...)
}

func (p *linkPage) send(key, field, value string, want ...string) {
	p.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	p.must(w.WriteField("key", key))
	p.must(w.WriteField(field, value))
	p.must(w.Close())
	res, err := http.Post(p.url+p.path, w.FormDataContentType(), &b)
	p.must(err)
	p.read(res)
	for _, text := range want {
		if !strings.Contains(p.html, text) {
			p.Errorf("after %q: want %q in\n%s", value, text, p.html)
		}
	}
}

// uploads sends a file with the form.
func (p *linkPage) uploads(content, name string, want ...string) {
	p.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	p.must(w.WriteField("key", p.key))
	part, err := w.CreateFormFile("picture", name)
	p.must(err)
	_, err = io.WriteString(part, content)
	p.must(err)
	p.must(w.Close())
	res, err := http.Post(p.url+p.path, w.FormDataContentType(), &b)
	p.must(err)
	p.read(res)
	for _, text := range want {
		if !strings.Contains(p.html, text) {
			p.Errorf("after %s: want %q in\n%s", name, text, p.html)
		}
	}
}

// events reads a stream until it has n messages.
func (g *guest) events(after string, n int) (ids []string, texts []string) {
	g.Helper()
	ctx, cancel := context.WithTimeout(g.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", g.url+"/api/v1/conversation/events", nil)
	g.must(err)
	req.Header.Set("Authorization", "Bearer "+g.token)
	req.Header.Set("Last-Event-ID", after)
	res, err := http.DefaultClient.Do(req)
	g.must(err)
	defer res.Body.Close()
	event := ""
	for lines := bufio.NewScanner(res.Body); lines.Scan() && len(texts) < n; {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "event":
			event = value
		case "id":
			ids = append(ids, value)
		case "data":
			if event == "message" {
				var m struct{ Text string }
				g.must(json.Unmarshal([]byte(value), &m))
				texts = append(texts, m.Text)
			}
		}
	}
	return ids, texts
}
