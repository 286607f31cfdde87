package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"signdesk/webhook"
)

// Callers of the web server.
const (
	nobody  = iota // no token
	owner          // with his own
	forged         // with a token that was never given out
	foreign        // a page of another site, in the browser of a visitor
	callers
)

// access says what each route answers to each caller. A new route must be added
// here, with what it gives to whom.
var access = map[string]struct {
	send string // path, and a body after a space
	want [callers]int
}{
	"GET /":                               {"/", [callers]int{302, 302, 302, 302}},
	"GET /healthz":                        {"/healthz", [callers]int{200, 200, 200, 200}},
	"GET /readyz":                         {"/readyz", [callers]int{200, 200, 200, 200}},
	"GET /metrics":                        {"/metrics", [callers]int{200, 200, 200, 200}},
	"GET /openapi.yaml":                   {"/openapi.yaml", [callers]int{200, 200, 200, 200}},
	"GET /widget.js":                      {"/widget.js", [callers]int{200, 200, 200, 200}},
	"GET /widget/:file":                   {"/widget/none.js", [callers]int{404, 404, 404, 404}},
	"GET /demo.css":                       {"/demo.css", [callers]int{200, 200, 200, 200}},
	"GET /link.css":                       {"/link.css", [callers]int{200, 200, 200, 200}},
	"GET /demo.js":                        {"/demo.js", [callers]int{200, 200, 200, 200}},
	"GET /help":                           {"/help", [callers]int{200, 200, 200, 200}},
	"GET /help/search":                    {"/help/search?q=x", [callers]int{200, 200, 200, 200}},
	"GET /help/assets/:file":              {"/help/assets/none", [callers]int{404, 404, 404, 404}},
	"GET /help/:entry":                    {"/help/12", [callers]int{200, 200, 200, 200}},
	"GET /help/:entry/:part":              {"/help/12/none", [callers]int{404, 404, 404, 404}},
	"GET /faq/:entry":                     {"/faq/12", [callers]int{301, 301, 301, 301}},
	"POST /v1/ask":                        {`/v1/ask {"q":"提示无权限"}`, [callers]int{200, 200, 200, 200}},
	"GET /s":                              {"/s", [callers]int{200, 200, 200, 200}},
	"GET /s/:code":                        {"/s/AAAAAAAA", [callers]int{404, 404, 404, 404}},
	"GET /s/:code/letter.pdf":             {"/s/AAAAAAAA/letter.pdf", [callers]int{404, 404, 404, 404}},
	"POST /s/:code":                       {"/s/AAAAAAAA key=AAAAAAAAAAAAAAAA&text=1", [callers]int{404, 404, 404, 403}},
	"GET /demo":                           {"/demo", [callers]int{200, 200, 200, 200}},
	"GET /preview":                        {"/preview?t=x", [callers]int{410, 410, 410, 410}},
	"GET /demo/phone":                     {"/demo/phone", [callers]int{200, 200, 200, 200}},
	"GET /demo/inbox":                     {"/demo/inbox", [callers]int{200, 200, 200, 200}},
	"POST /demo/clock":                    {"/demo/clock by=1h", [callers]int{303, 303, 303, 403}},
	"POST /api/v1/hooks":                  {`/api/v1/hooks {"type":"payment.arrived","data":{}}`, [callers]int{401, 401, 401, 401}},
	"POST /hooks/sms/:secret":             {"/hooks/sms/guess []", [callers]int{404, 404, 404, 404}},
	"GET /wechat":                         {"/wechat?signature=0&timestamp=1&nonce=1&echostr=1", [callers]int{403, 403, 403, 403}},
	"POST /telegram":                      {`/telegram {"update_id":1}`, [callers]int{401, 401, 401, 401}},
	"POST /wechat":                        {"/wechat?signature=0&timestamp=1&nonce=1 <xml></xml>", [callers]int{403, 403, 403, 403}},
	"POST /api/v1/conversation":           {`/api/v1/conversation {"device":"pc"}`, [callers]int{200, 200, 200, 403}},
	"GET /api/v1/conversation/messages":   {"/api/v1/conversation/messages", [callers]int{401, 200, 401, 403}},
	"POST /api/v1/conversation/messages":  {`/api/v1/conversation/messages {"id":"access-1","text":"你好"}`, [callers]int{401, 202, 401, 403}},
	"POST /api/v1/conversation/pictures":  {"/api/v1/conversation/pictures x", [callers]int{401, 415, 401, 403}},
	"POST /api/v1/conversation/ratings":   {`/api/v1/conversation/ratings {"message":"99","helpful":true}`, [callers]int{401, 404, 401, 403}},
	"GET /api/v1/conversation/events":     {"/api/v1/conversation/events", [callers]int{401, 200, 401, 403}},
	"GET /api/v1/conversation/letter":     {"/api/v1/conversation/letter", [callers]int{401, 404, 401, 403}},
	"POST /api/v1/conversation/end":       {"/api/v1/conversation/end {}", [callers]int{401, 204, 401, 403}},
	"GET /api/v1/conversation/no-such":    {"/api/v1/conversation/no-such", [callers]int{404, 404, 404, 404}},
	"DELETE /api/v1/conversation":         {"/api/v1/conversation", [callers]int{405, 405, 405, 405}},
	"PUT /api/v1/conversation/messages":   {"/api/v1/conversation/messages", [callers]int{405, 405, 405, 405}},
	"GET /widget/..%2f..%2fgo.mod":        {"/widget/..%2f..%2fgo.mod", [callers]int{404, 404, 404, 404}},
	"GET /help/assets/..%2fpages.go":      {"/help/assets/..%2fpages.go", [callers]int{404, 404, 404, 404}},
	"POST /help":                          {"/help", [callers]int{405, 405, 405, 405}},
	"GET /api/v1/hooks":                   {"/api/v1/hooks", [callers]int{405, 405, 405, 405}},
	"GET /debug/pprof/":                   {"/debug/pprof/", [callers]int{404, 404, 404, 404}},
	"GET /.git/config":                    {"/.git/config", [callers]int{404, 404, 404, 404}},
	"GET /signdesk-data/store.db":         {"/signdesk-data/store.db", [callers]int{404, 404, 404, 404}},
	"GET /control.sock":                   {"/control.sock", [callers]int{404, 404, 404, 404}},
	"POST /api/v1/conversation/messages2": {"/api/v1/conversation/messages2 {}", [callers]int{404, 404, 404, 404}},

	"GET /api/v1/conversation/pictures/:line": {"/api/v1/conversation/pictures/1", [callers]int{401, 404, 401, 403}},
}

// TestAccess walks every route as every caller.
func TestAccess(t *testing.T) {
	t.Parallel()
	s := newSiteAt(t, webhook.Rates{Visitor: 1e6, Address: 1e6, Codes: 1e6}, func(c *Config) {
		c.HooksSecrets = hookSecret
		c.SMSProvider, c.SMSMode, c.SMSID, c.SMSSecret, c.SMSApp, c.SMSSign = "tencent", "code", "id", "secret", "1400006666", "上上签"
		c.SMSReports = "reports-secret-0123"
		c.Telegram = telegramConfig{Token: "42:secret", Boards: "-1", Owners: "7", Webhook: "on", Secret: "secret-of-the-hook"}
		c.Public = "https://desk.example.cn"
		c.Wechat.AppID, c.Wechat.Token, c.Wechat.AESKey = "wx0123456789abcdef", "token", strings.Repeat("a", 42)+"A"
	})
	for _, path := range s.web.Paths() {
		if _, ok := access[path]; !ok {
			t.Errorf("%s is not in the table of access", path)
		}
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for route, a := range access {
		for who := range callers {
			own := s.guest()
			method, _, _ := strings.Cut(route, " ")
			path, sent, _ := strings.Cut(a.send, " ")
			req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(sent))
			s.must(err)
			if strings.HasPrefix(sent, "{") || strings.HasPrefix(sent, "[") {
				req.Header.Set("Content-Type", "application/json")
			} else if sent != "" {
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			switch who {
			case owner:
				req.Header.Set("Authorization", "Bearer "+own.token)
			case forged:
				req.Header.Set("Authorization", "Bearer "+own.token[:len(own.token)-4]+"AAAA")
			case foreign:
				req.Header.Set("Origin", "https://evil.example")
				req.Header.Set("Sec-Fetch-Site", "cross-site")
				req.AddCookie(&http.Cookie{Name: "signdesk_visitor", Value: own.token})
			}
			res, err := client.Do(req)
			s.must(err)
			s.must(res.Body.Close())
			if res.StatusCode != a.want[who] {
				t.Errorf("%s as %d: %d, want %d", route, who, res.StatusCode, a.want[who])
			}
			if allowed := res.Header.Get("Access-Control-Allow-Origin"); allowed != "" && !strings.HasPrefix(path, "/widget") {
				t.Errorf("%s lets pages of %q read it", route, allowed)
			}
		}
	}
	if i := slices.IndexFunc(s.web.Paths(), func(p string) bool { return strings.Contains(p, "pprof") }); i >= 0 {
		t.Error("profiles are public")
	}
}
