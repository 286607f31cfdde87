package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
	"signdesk/webhook"
)

// TestStory is what the help center is for: a visitor asks for permission, finance
// does its part on a phone page, and the visitor sees it done.
func TestStory(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	g := s.guest()
	g.says("提示：您未加入企业", "未加入企业")
	if g.last["rate"] != true || g.last["link"] == nil {
		t.Errorf("an answer without rating or link: %v", g.last)
	}
	s.wants(204, "")(s.do("POST", "/api/v1/conversation/ratings", g.token, map[string]any{"message": g.last["id"], "helpful": true}))
	g.says("申请权限 合同C-12-1", "请输入您在平台登录用的手机号或邮箱")
	g.says("14000001202", "6位验证码")
	g.says(s.sent("14000001202", codeInNotice), "身份已确认")
	g.presses("继续申请", "请输入申请人姓名")
	g.says("李示二", "默认申请的权限是")
	for _, label := range []string{"用默认权限", "其他方式申请", "向公司财务申请", "短信/邮件通知", "确认"} {
		g.presses(label)
	}
	g.says("14000001291", "将发给财务 140****1291")
	g.presses("确认", "已通知财务")

	path := "/s/" + s.sent("14000001291", linkInText)
	p := s.open(path)
	for _, want := range []string{"虚构茶山商贸有限公司", "李示二", "140****1202", "开始办理"} {
		if !strings.Contains(p.html, want) {
			t.Errorf("page lacks %q", want)
		}
	}
	if again := s.open(path); !strings.Contains(again.html, "开始办理") {
		t.Error("looking at the page did something")
	}
	p.fills("text", "开始办理", "请输入开户银行")
	for _, v := range []string{"中国银行", "浙江", "杭州", "高新支行"} {
		p.fills("text", v)
	}
	p.fills("text", "9900000000000037", "将向下面的对公账户打一笔少于0.99元的款")
	p.fills("choice", "c:yes", "打款申请已提交")
	s.must(s.Wait(s.Context(), 48*time.Hour))
	p.fills("text", "一百块吧", "请输入金额", `value="一百块吧"`)
	key := p.key
	p.send(key, "text", "0.5", "还可以再试2次")
	p.send(key, "text", "0.5", "还可以再试2次") // the same form sent twice
	p.fills("text", "0.38", "已完成授权")
	if ended := s.open(path); !strings.Contains(ended.html, "已经办理完成") || strings.Contains(ended.html, "李示二") {
		t.Errorf("used link shows %s", ended.html)
	}
	g.says("申请进度", "申请已通过")

	// The link to the contract leads to its signing, for who says who he is.
	p = s.open("/s/" + s.sent("14000001202", linkInText))
	if !strings.Contains(p.html, "合同《经销合同》") || strings.Contains(p.html, "李示二") {
		t.Errorf("signing link shows %s", p.html)
	}
	p.fills("text", "开始办理", "请输入您在平台登录用的手机号或邮箱")
	p.fills("text", "14000001202", "6位验证码")
	p.fills("text", s.sent("14000001202", codeInNotice), "确认签署")
	p.fills("choice", "o:confirm", "签署校验")
	p.fills("text", s.sent("14000001202", codeInNotice), "签署成功")
}

func TestLetterIsDownloadedAndUploaded(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	g := s.guest()
	g.says("申请权限 合同C-12-1")
	g.says("14000001202")
	g.says(s.sent("14000001202", codeInNotice), "身份已确认")
	for _, text := range []string{"继续申请", "李示二", "用默认权限", "其他方式申请", "公章管理员", "短信通知", "确认", "14000001292", "确认"} {
		g.says(text)
	}
	path := "/s/" + s.sent("14000001292", linkInText)
	get := func() (int, string) {
		res, err := http.Get(s.url + path + "/letter.pdf")
		s.must(err)
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		s.must(err)
		return res.StatusCode, string(raw)
	}
	if status, _ := get(); status != http.StatusNotFound {
		t.Errorf("a letter before it was asked for: %d", status)
	}
	p := s.open(path)
	p.fills("text", "开始办理", "letter.pdf", `type="file"`)
	if status, pdf := get(); status != http.StatusOK || !strings.HasPrefix(pdf, "%PDF-") {
		t.Errorf("letter: %d %.20q", status, pdf)
	}
	p.uploads("not a picture", "letter.txt", "仅支持jpeg")
	raw, err := demo.Picture(platform.Reading{SealFound: true})
	s.must(err)
	p.uploads(string(raw), "letter.png", "给客服审核")
	p.fills("choice", "c:yes", "您不用再做什么")
}

// TestR12_35LetterInTheConversation: who acts as seal keeper himself gets the
// letter where he talks, and only he.
func TestR12_35LetterInTheConversation(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	g, other := s.guest(), s.guest()
	get := func(g *guest) (int, string) {
		c := g.choice("下载授权书")
		req, err := http.NewRequestWithContext(t.Context(), "GET", s.url+c, nil)
		s.must(err)
		req.Header.Set("Authorization", "Bearer "+g.token)
		res, err := http.DefaultClient.Do(req)
		s.must(err)
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		s.must(err)
		return res.StatusCode, string(raw)
	}
	g.says("申请权限 合同C-12-1")
	g.says("14000001202")
	g.says(s.sent("14000001202", codeInNotice))
	for _, text := range []string{"继续申请", "李示二", "用默认权限", "其他方式申请", "公章管理员", "我现在操作", "确认"} {
		g.says(text)
	}
	if g.last["picture"] != true {
		t.Fatalf("no picture is asked for: %v", g.last)
	}
	if status, pdf := get(g); status != http.StatusOK || !strings.HasPrefix(pdf, "%PDF-") {
		t.Errorf("letter: %d %.60q", status, pdf)
	}
	other.last = g.last
	if status, body := get(other); status != http.StatusNotFound || !strings.Contains(body, "no-letter") {
		t.Errorf("somebody else's letter: %d %.60q", status, body)
	}
	raw, err := demo.Picture(platform.Reading{SealFound: true})
	s.must(err)
	_, out := s.do("POST", "/api/v1/conversation/pictures", g.token, raw)
	offered := g.last
	g.sends(map[string]any{"picture": out["picture"]}, "给客服审核")
	g.says("确认", "授权书已提交")
	g.last = offered
	if status, _ := get(g); status != http.StatusNotFound {
		t.Errorf("a letter that is in review: %d", status)
	}
}

// TestLinkShowsHowItStands: who opens a link again sees what he did, not the
// beginning.
func TestLinkShowsHowItStands(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.guest().asksAdmin()
	path := "/s/" + s.sent("14000001201", linkInText)
	p := s.open(path)
	p.fills("text", "开始办理", "请选择【同意】或【拒绝】")
	if p = s.open(path); !strings.Contains(p.html, "请选择【同意】或【拒绝】") || strings.Contains(p.html, "开始办理") {
		t.Errorf("in the middle:\n%s", p.html)
	}
	p.fills("choice", "c:cancel")
	p.fills("text", "确定", "继续办理")
	if p = s.open(path); !strings.Contains(p.html, "继续办理") || !strings.Contains(p.html, "李示二") {
		t.Errorf("after he stopped:\n%s", p.html)
	}
	p.fills("text", "开始办理", "请选择【同意】或【拒绝】")
}

func TestEventsGoOnWhereTheyWere(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	g := s.guest()
	g.says("你好")
	ids, texts := g.events("0", 2)
	if len(ids) != 2 || ids[0] != "1" || ids[1] != "2" || texts[0] != "你好" {
		t.Fatalf("ids %v, texts %v", ids, texts)
	}
	type result struct{ ids, texts []string }
	done := make(chan result)
	go func() { ids, texts := g.events("2", 2); done <- result{ids, texts} }()
	g.says("谢谢")
	if r := <-done; len(r.ids) != 2 || r.ids[0] != "3" {
		t.Errorf("live events %v", r)
	}
	if ids, _ := g.events("3", 1); len(ids) != 1 || ids[0] != "4" {
		t.Errorf("resumed with %v", ids)
	}
	s.web.Stop()
	if ids, _ := g.events("4", 1); len(ids) != 0 {
		t.Errorf("a stopped server streams %v", ids)
	}
}

func TestMessagesAreTakenOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	g := s.guest()
	m := map[string]any{"id": "the-same-id", "text": "怎么更换管理员"}
	for range 3 {
		g.sends(m)
	}
	_, out := s.do("GET", "/api/v1/conversation/messages", g.token, nil)
	if list := out["messages"].([]any); len(list) != 2 || out["more"] != false {
		t.Errorf("history %v", out)
	}
}

func TestRequestsThatAreWrong(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config) { c.Origins = "https://www.example.cn" })
	g := s.guest()
	const messages = "/api/v1/conversation/messages"
	id := "message-x"
	for name, row := range map[string]struct {
		path, token string
		in          any
		status      int
		code        string
	}{
		"no token":          {messages, "", map[string]any{"id": id, "text": "hi"}, 401, "unauthorized"},
		"forged token":      {messages, g.token[:len(g.token)-2] + "AA", map[string]any{"id": id, "text": "hi"}, 401, "unauthorized"},
		"no JSON":           {messages, g.token, "{", 400, "bad-json"},
		"two values":        {messages, g.token, "{} {}", 400, "bad-json"},
		"unknown field":     {messages, g.token, map[string]any{"id": id, "text": "hi", "admin": true}, 400, "bad-json"},
		"nothing said":      {messages, g.token, map[string]any{"id": id}, 422, "empty"},
		"blanks":            {messages, g.token, map[string]any{"id": id, "text": " \n"}, 422, "empty"},
		"too long":          {messages, g.token, map[string]any{"id": id, "text": strings.Repeat("长", 4001)}, 422, "too-long"},
		"too large":         {messages, g.token, map[string]any{"id": id, "text": strings.Repeat("长", 30000)}, 413, "too-large"},
		"two at once":       {messages, g.token, map[string]any{"id": id, "text": "hi", "choice": "c:human"}, 422, "invalid"},
		"short id":          {messages, g.token, map[string]any{"id": "x", "text": "hi"}, 422, "invalid"},
		"picture not there": {messages, g.token, map[string]any{"id": id, "picture": "abc"}, 404, "picture-gone"},
		"no picture":        {"/api/v1/conversation/pictures", g.token, []byte("GIF89a"), 415, "picture-type"},
		"broken picture":    {"/api/v1/conversation/pictures", g.token, []byte("\x89PNG\r\n\x1a\n broken"), 422, "bad-picture"},
		"rating of nothing": {"/api/v1/conversation/ratings", g.token, map[string]any{"message": "77", "helpful": true}, 404, "not-an-answer"},
		"forged user":       {"/api/v1/conversation", "", map[string]any{"user": "a.b.c"}, 401, "user-invalid"},
		"no such page":      {"/v1/nowhere", g.token, map[string]any{}, 404, "not-found"},
	} {
		t.Run(name, func(t *testing.T) {
			s.wants(row.status, row.code)(s.do("POST", row.path, row.token, row.in))
		})
	}
	s.wants(405, "method-not-allowed")(s.do("PUT", "/v1/ask", g.token, map[string]any{}))
	s.wants(422, "invalid")(s.do("GET", messages+"?limit=0", g.token, nil))
	// With the cookie alone, only our own pages and those we know may act.
	cookie := "signdesk_visitor=" + g.token
	say := func(n int) map[string]any {
		return map[string]any{"id": fmt.Sprintf("cross-%04d", n), "text": "你好"}
	}
	s.wants(403, "cross-site")(s.do("POST", messages, "", say(1), "Cookie", cookie, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"))
	s.wants(202, "")(s.do("POST", messages, "", say(2), "Cookie", cookie, "Sec-Fetch-Site", "same-origin"))
	s.wants(202, "")(s.do("POST", messages, "", say(3), "Cookie", cookie, "Sec-Fetch-Site", "cross-site", "Origin", "https://www.example.cn"))
	s.wants(204, "")(s.do("POST", "/api/v1/conversation/end", g.token, nil))
	s.wants(410, "ended")(s.do("POST", messages, g.token, say(4)))
}

func TestOneVisitorDoesNotReachAnother(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ann, bob := s.guest(), s.guest()
	raw, err := demo.Picture(platform.Reading{Name: "图"})
	s.must(err)
	status, out := s.do("POST", "/api/v1/conversation/pictures", ann.token, raw)
	if status != http.StatusCreated {
		t.Fatalf("upload: %d %v", status, out)
	}
	s.wants(404, "picture-gone")(s.do("POST", "/api/v1/conversation/messages", bob.token, map[string]any{"id": "picture-1", "picture": out["picture"]}))
	ann.says("我的秘密")
	_, history := s.do("GET", "/api/v1/conversation/messages", bob.token, nil)
	if list := history["messages"].([]any); len(list) != 0 {
		t.Errorf("bob reads %v", list)
	}
	ann.sends(map[string]any{"picture": out["picture"]}, "图片")
}

func TestTooFast(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	g := s.guest()
	limited := 0
	for i := range 120 {
		status, out := s.do("POST", "/api/v1/conversation/messages", g.token, map[string]any{"id": fmt.Sprintf("burst-%04d", i), "text": "你好"})
		if status == http.StatusTooManyRequests {
			limited++
			s.wants(429, "rate-limited")(status, out)
		}
	}
	if limited == 0 || limited > 70 {
		t.Errorf("%d of 120 were too fast", limited)
	}
}

func TestMachinesPages(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.guest().says("你好")
	for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ready", "/openapi.yaml": "openapi: 3.1.0", "/metrics": "signdesk_outbox_owed",
		"/demo": `src="/demo/phone"`, "/demo/phone": "短信和邮件", "/s": "8位链接码", "/link.css": "color-scheme", "/demo.js": "use strict"} {
		res, err := http.Get(s.url + path)
		s.must(err)
		raw, err := io.ReadAll(res.Body)
		s.must(err)
		if res.StatusCode != 200 || !strings.Contains(string(raw), want) {
			t.Errorf("%s: %d %.200s", path, res.StatusCode, raw)
		}
		if res.Header.Get("X-Request-Id") == "" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", path, res.Header)
		}
		res.Body.Close()
	}
	for _, path := range []string{"/s/AAAAAAAA", "/s/abc", "/s/" + strings.Repeat("A", 300)} {
		res, err := http.Get(s.url + path)
		s.must(err)
		raw, err := io.ReadAll(res.Body)
		s.must(err)
		res.Body.Close()
		if res.StatusCode != 404 || !strings.Contains(string(raw), "链接不正确") {
			t.Errorf("%s: %d %.200s", path, res.StatusCode, raw)
		}
	}
}

// TestOddRequests sends what no front end would, and sees that nothing breaks.
func TestOddRequests(t *testing.T) {
	t.Parallel()
	s := newSiteAt(t, webhook.Rates{Visitor: 1e6, Address: 1e6, Codes: 1e6}, func(c *Config) { c.HooksSecrets = hookSecret })
	g := s.guest()
	g.asksAdmin()
	link := "/s/" + s.sent("14000001201", linkInText)
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 1))
	paths := []string{link, link + "/letter.pdf", "/api/v1/conversation/letter", "/hooks/sms/x", "/demo/inbox", "/demo/phone", "/", "/help", "/help/12", "/help/12/apply", "/help/search?q=%E6%97%A0", "/s", "/s/AAAAAAAA", "/s/AAAAAAAA/letter.pdf", "/demo", "/demo/clock", "/v1/ask", "/metrics",
		"/api/v1/conversation", "/api/v1/conversation/messages", "/api/v1/conversation/pictures", "/api/v1/conversation/ratings", "/api/v1/conversation/end2", "/api/v1/hooks",
		"/widget/app.js", "/widget/..%2f..%2fgo.mod", "/openapi.yaml", "/%00", "/faq/12?part=%2f%2fevil", "/help/assets/x"}
	bits := []string{`{"id":"`, `"text":`, `"申请权限"`, `null`, `{`, `}`, `[`, `]`, `,`, `:`, "\x00", "\xff", `"choice":"o:1"`, `"choice":"s:99999999999"`, `"choice":"k:../x"`, `9e999`, `"\u0000"`,
		strings.Repeat("A", 300), "----x\r\n", "key=AAAAAAAAAAAA&text=1", "--x\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nAAAAAAAAAAAA\r\n", "--x\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"a\"\r\n\r\n\x89PNG\r\n", "--x--\r\n", `true`, `"picture":"x"`, `"helpful"`, `"message":"-1"`}
	heads := []string{"Content-Type", "Authorization", "Cookie", "Last-Event-ID", "Origin", "X-Forwarded-For", "webhook-id", "Range", "Accept"}
	odd := []string{"application/json", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "image/png", "multipart/form-data", "Bearer x", "Bearer " + g.token, "signdesk_visitor=\xff", "-1", "null", "https://evil.example", "::1, 1.2.3.4", "bytes=9-1", "text/html"}
	for i := range 10_000 {
		path := paths[r.IntN(len(paths))]
		var b strings.Builder
		for range r.IntN(8) {
			b.WriteString(bits[r.IntN(len(bits))])
		}
		req, err := http.NewRequestWithContext(t.Context(), []string{"GET", "POST", "PUT", "OPTIONS", "HEAD", "DELETE"}[r.IntN(6)], s.url+path, strings.NewReader(b.String()))
		s.must(err)
		for range r.IntN(4) {
			req.Header.Set(heads[r.IntN(len(heads))], odd[r.IntN(len(odd))])
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			if strings.Contains(err.Error(), "invalid header") {
				continue
			}
			t.Fatalf("seed %d, request %d: %s %s: %v", seed, i, req.Method, path, err)
		}
		raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		res.Body.Close()
		if res.StatusCode >= 500 || err != nil || bytes.Contains(raw, []byte("goroutine ")) {
			t.Fatalf("seed %d, request %d: %s %s %q: %d %.300s %v", seed, i, req.Method, path, b.String(), res.StatusCode, raw, err)
		}
	}
}

// TestUsersOfAHostSite: whom the site names is known at once; what it states is
// for one conversation, and another user at the same browser begins anew.
func TestUsersOfAHostSite(t *testing.T) {
	t.Parallel()
	secret := []byte(strings.Repeat("k", 32))
	s := newSite(t, func(c *Config) { c.UserKeys = userKey(secret) })
	states := func(login, id string) string { return s.states(secret, login, id) }
	hello := func(token, user string) (int, map[string]any) {
		return s.do("POST", "/api/v1/conversation", token, map[string]any{"user": user})
	}
	first := states("14000001202", "j1")
	status, out := hello("", first)
	if status != 200 || out["bound"] != true {
		t.Fatalf("%d %v", status, out)
	}
	g := &guest{site: s, token: out["token"].(string)}
	g.says("申请权限 合同C-12-1", "合同《经销合同》") // nobody asks who it is
	s.wants(401, "user-invalid")(hello("", first))
	if status, again := hello(g.token, first); status != 200 || again["created"] != false {
		t.Errorf("the same user in his second tab: %d %v", status, again)
	}
	if status, other := hello(g.token, states("14000001102", "j2")); status != 200 || other["created"] != true || other["token"] == "" {
		t.Errorf("another user at the same browser: %d %v", status, other)
	}
	s.wants(401, "user-invalid")(hello("", states("14000009999", "j3")))
}
