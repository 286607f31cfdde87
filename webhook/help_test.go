package webhook_test

import (
	"context"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/net/html"

	"signdesk/data"
	"signdesk/kb"
	"signdesk/kb/normalize"
	"signdesk/webhook"
	sheets "signdesk/webhook/pages"
)

const helpHotline = "400-993-6665"

// shippedBase is built once from the shipped entries; tests only ask it.
var shippedBase = sync.OnceValues(func() (*kb.Base, error) {
	words, err := normalize.New(data.Words())
	if err != nil {
		return nil, err
	}
	content, err := kb.LoadContent(data.FAQ(), kb.Vars{
		"brand": "上上签", "hotline": helpHotline, "site": "www.bestsign.cn", "payee_name": "杭州尚尚签网络科技有限公司",
		"payee_bank": "华夏银行", "payee_branch": "华夏银行高新支行", "payee_account": "10454000000496333", "payee_cnaps": "304331040230",
	})
	if err != nil {
		return nil, err
	}
	stored, err := fs.ReadFile(data.FAQ(), "classifier.bin")
	if err != nil {
		return nil, err
	}
	return kb.Build(context.Background(), content, words, kb.BuildOptions{Classifier: stored})
})

func helpBase(t *testing.T) *kb.Base {
	t.Helper()
	b, err := shippedBase()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// helpDecider is what a help center asks.
type helpDecider interface {
	Decide(context.Context, string) (kb.Decision, error)
	Content() *kb.Content
}

func newHelp(t *testing.T, base helpDecider) http.Handler {
	t.Helper()
	gin.SetMode(gin.ReleaseMode)
	h, err := webhook.NewHelpCenter(base, webhook.HelpOptions{
		Brand: "上上签", Hotline: helpHotline, Host: "https://desk.example/",
		Hours: func(at time.Time) (bool, string) { return at.Hour() < 21, "人工客服在线，今天到21:00" },
		Now:   func() time.Time { return time.Date(2022, 5, 26, 10, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	r := gin.New()
	h.Routes(r)
	r.NoRoute(h.NotFound)
	return r
}

func helpGet(t *testing.T, h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec
}

// helpPaths are the addresses of all entries and parts.
func helpPaths(c *kb.Content) []string {
	paths := []string{"/help", "/help/search", "/help/search?q=" + url.QueryEscape("提示无签署权限，需要申请")}
	for _, e := range c.Entries {
		for i, p := range e.Parts {
			if i == 0 {
				paths = append(paths, "/help/"+string(e.ID))
			} else {
				paths = append(paths, "/help/"+string(e.ID)+"/"+string(p.ID))
			}
		}
	}
	return paths
}

// voidElements have no end tag.
var voidElements = map[string]bool{"meta": true, "link": true, "img": true, "input": true, "br": true, "hr": true}

// helpPage is what a test looks at in a page.
type helpPage struct {
	ids    map[string]int
	links  []string
	labels []string // ids that attributes refer to
	h1     int
	mains  int
	text   string
}

// readHelpPage reads a page strictly: every tag is closed in order, and nothing
// in it is script or style of its own.
func readHelpPage(t *testing.T, path, body string) helpPage {
	t.Helper()
	page := helpPage{ids: map[string]int{}}
	var open []string
	var text strings.Builder
	for z := html.NewTokenizer(strings.NewReader(body)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		tok := z.Token()
		switch kind {
		case html.TextToken:
			if n := len(open); n > 0 && (open[n-1] == "script" || open[n-1] == "style") && strings.TrimSpace(tok.Data) != "" {
				t.Errorf("GET %s: inline %s", path, open[n-1])
			}
			text.WriteString(tok.Data)
		case html.StartTagToken:
			if !voidElements[tok.Data] {
				open = append(open, tok.Data)
			}
			page.element(t, path, tok)
		case html.SelfClosingTagToken:
			page.element(t, path, tok)
		case html.EndTagToken:
			if n := len(open); n == 0 || open[n-1] != tok.Data {
				t.Fatalf("GET %s: </%s> closes %v", path, tok.Data, open)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("GET %s: %v not closed", path, open)
	}
	page.text = text.String()
	return page
}

func (p *helpPage) element(t *testing.T, path string, tok html.Token) {
	t.Helper()
	switch tok.Data {
	case "h1":
		p.h1++
	case "main":
		p.mains++
	case "style":
		t.Errorf("GET %s: a style element", path)
	}
	for _, a := range tok.Attr {
		switch {
		case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
			t.Errorf("GET %s: <%s %s>", path, tok.Data, a.Key)
		case a.Key == "id":
			p.ids[a.Val]++
		case a.Key == "href" || a.Key == "src" || a.Key == "action":
			p.links = append(p.links, a.Val)
		case a.Key == "aria-labelledby" || a.Key == "for":
			p.labels = append(p.labels, strings.Fields(a.Val)...)
		}
	}
}

func TestHelpPages(t *testing.T) {
	t.Parallel()
	base := helpBase(t)
	h := newHelp(t, base)
	paths := helpPaths(base.Content())
	pages := map[string]helpPage{}
	load := func(path string) helpPage {
		if p, ok := pages[path]; ok {
			return p
		}
		rec := helpGet(t, h, path)
		if rec.Code != http.StatusOK {
			t.Fatalf("GET %s: %d", path, rec.Code)
		}
		pages[path] = readHelpPage(t, path, rec.Body.String())
		return pages[path]
	}
	for _, path := range paths {
		p := load(path)
		if p.h1 != 1 || p.mains != 1 {
			t.Errorf("GET %s: %d h1, %d main", path, p.h1, p.mains)
		}
		for id, n := range p.ids {
			if n > 1 {
				t.Errorf("GET %s: id %q %d times", path, id, n)
			}
		}
		for _, id := range p.labels {
			if p.ids[id] == 0 {
				t.Errorf("GET %s: nothing has the id %q", path, id)
			}
		}
		if strings.Contains(p.text, "{") || strings.Contains(p.text, "ZgotmplZ") {
			t.Errorf("GET %s: unfilled text", path)
		}
		for _, link := range p.links {
			checkHelpLink(t, h, path, link, load)
		}
	}
	if len(pages) < len(base.Content().Entries)*8 {
		t.Errorf("only %d pages looked at", len(pages))
	}
}

// checkHelpLink follows a link within the help center, down to its anchor.
func checkHelpLink(t *testing.T, h http.Handler, from, link string, load func(string) helpPage) {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Errorf("GET %s: link %q: %v", from, link, err)
		return
	}
	if u.Scheme != "" || link == "/widget.js" {
		if u.Scheme != "" && u.Scheme != "tel" && u.Scheme != "https" {
			t.Errorf("GET %s: link %q", from, link)
		}
		return
	}
	target := from
	if u.Path != "" {
		target = u.Path
	}
	if strings.HasPrefix(target, sheets.AssetRoot) {
		if rec := helpGet(t, h, target); rec.Code != http.StatusOK || !strings.Contains(rec.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("GET %s: asset %q: %d %s", from, link, rec.Code, rec.Header().Get("Cache-Control"))
		}
		return
	}
	if p := load(target); u.Fragment != "" && p.ids[u.Fragment] == 0 {
		t.Errorf("GET %s: link %q: no such anchor", from, link)
	}
}

func TestHelpSearch(t *testing.T) {
	t.Parallel()
	h := newHelp(t, helpBase(t))
	for _, tt := range []struct {
		name, q string
		wants   []string
		lacks   string
	}{
		{"pasted message", "该企业已经被138****0000提交实名认证申请，如有问题，请联系客服", []string{"看到了，您遇到的提示是", "企业控制台", "/help/01"}, "没有找到"},
		{"detail first", "提示无签署权限，需要申请", []string{"无签署权限，需要申请", `href="/help/13`}, "没有找到"},
		{"nothing", "明天天气怎么样", []string{"没有找到合适的答案", helpHotline, "人工客服在线，今天到21:00"}, "steps"},
		{"small talk", "你好", []string{"您好"}, "没有找到"},
		{"empty", "", []string{"想找什么"}, "没有找到"},
		{"escaped", `<script>alert(1)</script>`, []string{"&lt;script&gt;"}, "<script>alert"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rec := helpGet(t, h, "/help/search?q="+url.QueryEscape(tt.q))
			body := rec.Body.String()
			if rec.Code != http.StatusOK {
				t.Fatalf("search %q: %d", tt.q, rec.Code)
			}
			readHelpPage(t, tt.q, body)
			for _, want := range tt.wants {
				if !strings.Contains(body, want) {
					t.Errorf("search %q: page lacks %q", tt.q, want)
				}
			}
			if strings.Contains(body, tt.lacks) {
				t.Errorf("search %q: page has %q", tt.q, tt.lacks)
			}
			if got := rec.Header().Get("Cache-Control"); !strings.Contains(got, "no-store") {
				t.Errorf("search %q: Cache-Control %q", tt.q, got)
			}
		})
	}
}

// TestHelpWidget: each page tells the assistant what the person is reading.
func TestHelpWidget(t *testing.T) {
	t.Parallel()
	h := newHelp(t, helpBase(t))
	for path, want := range map[string]string{
		"/help/11": "help/11", "/help/11/phone": "help/11/phone", "/help": "help",
	} {
		body := helpGet(t, h, path).Body.String()
		for _, piece := range []string{
			`<script src="/widget.js" data-page="` + want + `" async></script>`,
			`href="#signdesk-open" data-page="` + want + `"`,
		} {
			if !strings.Contains(body, piece) {
				t.Errorf("GET %s: page lacks %q", path, piece)
			}
		}
	}
}

func TestHelpErrors(t *testing.T) {
	t.Parallel()
	h := newHelp(t, newFixedBase())
	for _, tt := range []struct {
		path   string
		status int
		want   string
	}{
		{"/help/99", 404, "没有这个页面"},
		{"/help/11/nose", 404, "没有这个页面"},
		{"/help/99/main", 404, "没有这个页面"},
		{"/help/assets/help.css", 404, "没有这个页面"},
		{"/nowhere", 404, "没有这个页面"},
		{"/help/search?q=broken", 503, "现在有点忙"},
		{"/help/search?q=" + url.QueryEscape(strings.Repeat("长", 4001)), 422, "4000字以内"},
	} {
		rec := helpGet(t, h, tt.path)
		body := rec.Body.String()
		if rec.Code != tt.status || !strings.Contains(body, tt.want) || !strings.Contains(body, helpHotline) {
			t.Errorf("GET %.60s: %d, want %d with %q:\n%s", tt.path, rec.Code, tt.status, tt.want, body)
		}
		if strings.Contains(body, "disk on fire") {
			t.Errorf("GET %.60s: the page shows the cause", tt.path)
		}
		if got := rec.Header().Get("Cache-Control"); !strings.Contains(got, "no-store") {
			t.Errorf("GET %.60s: Cache-Control %q", tt.path, got)
		}
		readHelpPage(t, tt.path, body)
	}
}

func TestHelpHeaders(t *testing.T) {
	t.Parallel()
	h := newHelp(t, helpBase(t))
	first := helpGet(t, h, "/help/11")
	tag := first.Header().Get("ETag")
	if tag == "" || !strings.Contains(first.Header().Get("Cache-Control"), "max-age=60") {
		t.Errorf("ETag %q, Cache-Control %q", tag, first.Header().Get("Cache-Control"))
	}
	if csp := first.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %q", csp)
	}
	if again := helpGet(t, h, "/help/11", "If-None-Match", tag); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("with the tag: %d, %d bytes", again.Code, again.Body.Len())
	}
	if other := helpGet(t, h, "/help/12", "If-None-Match", tag); other.Code != http.StatusOK {
		t.Errorf("another page with the tag: %d", other.Code)
	}
	if main := helpGet(t, h, "/help/11/main"); main.Code != http.StatusPermanentRedirect || main.Header().Get("Location") != "/help/11" {
		t.Errorf("GET /help/11/main: %d to %q", main.Code, main.Header().Get("Location"))
	}
	css := regexp.MustCompile(`href="(/help/assets/help\.[0-9a-f]+\.css)"`).FindStringSubmatch(first.Body.String())
	if css == nil {
		t.Fatal("no style sheet")
	}
	if rec := helpGet(t, h, css[1]); rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("GET %s: %d %s", css[1], rec.Code, rec.Header().Get("Content-Type"))
	}
}

// TestHelpSketches: each sketch belongs to an answer, at a step that it has.
func TestHelpSketches(t *testing.T) {
	t.Parallel()
	content := helpBase(t).Content()
	for key, step := range sheets.Places() {
		entry, part, _ := strings.Cut(key, "/")
		e := content.Entry(kb.EntryID(entry))
		if e == nil || e.Part(kb.PartID(part)) == nil {
			t.Errorf("sketches of %s: no such part", key)
			continue
		}
		if n := len(e.Part(kb.PartID(part)).Steps); step > n {
			t.Errorf("sketches of %s: step %d of %d", key, step, n)
		}
	}
}
