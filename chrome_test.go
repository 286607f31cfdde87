package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// chrome starts a browser, which must be installed.
func chrome(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatal("no Chromium: install the package chromium")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("disable-dev-shm-usage", true))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// A tab is a page with the widget in it.
type tab struct {
	*testing.T
	ctx context.Context
}

func (b *tab) run(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

// get runs a script and returns its value.
func get[T any](b *tab, script string, opts ...chromedp.EvaluateOption) T {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, opts...))
	if err != nil {
		b.Fatalf("%.200s: %v", script, err)
	}
	return out
}

// js runs a script in which root is the widget's shadow root.
func (b *tab) js(script string) string {
	b.Helper()
	return get[string](b, `(() => { const root = document.getElementById("signdesk")?.shadowRoot; return String(`+script+`); })()`)
}

// until waits until a script is true.
func (b *tab) until(script string) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	_, err := chromedp.Run(ctx, chromedp.Poll[bool](`(() => { const root = document.getElementById("signdesk")?.shadowRoot; return root && Boolean(`+script+`); })()`,
		chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(20*time.Second)))
	if err != nil {
		b.shot("failed")
		b.Fatalf("never came true: %s (%v)\n%s", script, err, b.js(`root?.querySelector(".panel").innerText`))
	}
}

// shot keeps a picture of the page where SIGNDESK_SHOTS says, to be looked at.
func (b *tab) shot(name string) {
	b.Helper()
	dir := os.Getenv("SIGNDESK_SHOTS")
	if dir == "" {
		return
	}
	raw, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), raw, 0o600); err != nil {
		b.Fatal(err)
	}
}

// watchConsole collects what a page complains of.
func watchConsole(into *[]string) func(any) {
	return func(ev any) {
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			*into = append(*into, e.ExceptionDetails.Text+" "+describe(e.ExceptionDetails.Exception))
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
				for _, a := range e.Args {
					*into = append(*into, describe(a))
				}
			}
		}
	}
}

func describe(o *runtime.RemoteObject) string {
	if o == nil {
		return ""
	}
	return fmt.Sprint(o.Description, " ", string(o.Value))
}

func quoted(s string) string { raw, _ := json.Marshal(s); return string(raw) }

// says types into the widget and sends, and waits for the reply.
func (b *tab) says(text, want string) {
	b.Helper()
	b.js(`(() => { const i = root.querySelector("textarea"); i.value = ` + quoted(text) + `; i.dispatchEvent(new Event("input")); root.querySelector("form").requestSubmit(); return 1; })()`)
	b.wants(want)
}

// wants waits until the last message of the assistant has these words.
func (b *tab) wants(text string) {
	b.Helper()
	b.until(`[...root.querySelectorAll(".row:not(.visitor)")].at(-1)?.textContent.includes(` + quoted(text) + `)`)
}

// presses clicks the button whose words contain this.
func (b *tab) presses(label, want string) {
	b.Helper()
	find := `[...root.querySelectorAll("button")].find((e) => e.checkVisibility() && e.textContent.includes(` + quoted(label) + `))`
	b.until(find)
	b.js(`(` + find + `.click(), 1)`)
	if want != "" {
		b.wants(want)
	}
}

func (b *tab) size(width, height int64, dark bool) {
	b.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	b.run(chromedp.EmulateViewport(width, height), chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media)
		return err
	}))
}

// accessible has axe-core look at the page.
func (b *tab) accessible(where string) {
	b.Helper()
	axe, err := os.ReadFile("webhook/widget/node_modules/axe-core/axe.min.js")
	if err != nil {
		b.Fatalf("run npm ci in webhook/widget: %v", err)
	}
	type violation struct {
		ID, Impact string
		Nodes      []struct{ HTML, FailureSummary string }
	}
	get[int](b, string(axe)+"; 0")
	found := get[[]violation](b, `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}).then((r) => r.violations)`, chromedp.EvalAwaitPromise)
	for _, v := range found {
		if v.Impact == "serious" || v.Impact == "critical" {
			b.Errorf("%s: %s (%s): %+v", where, v.ID, v.Impact, v.Nodes)
		}
	}
}

// TestWidget walks through the story as a visitor with a browser.
func TestWidget(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes long")
	}
	s := newSite(t, nil)
	var away atomic.Bool // the server cannot be reached
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() {
			panic(http.ErrAbortHandler)
		}
		s.web.Handler().ServeHTTP(w, r)
	}))
	defer front.Close()
	defer s.web.Stop()
	b := &tab{t, chrome(t)}
	b.size(1280, 800, false)
	var wrong []string // what the console says
	s.must(chromedp.Listen(b.ctx, watchConsole(&wrong)))
	b.run(chromedp.Navigate(front.URL + "/"))
	b.until(`root.querySelector(".launch")`)
	b.js(`(root.querySelector(".launch").click(), 1)`)
	b.until(`root.querySelector(".row")`)
	b.shot("1-greeting")
	b.accessible("greeting")
	b.says("打开合同提示：您未加入企业", "未加入企业")
	b.until(`root.querySelector(".meta button[aria-label=有帮助]")`)
	b.shot("2-answer")
	b.accessible("answer")
	b.js(`(root.querySelector(".meta button[aria-label=有帮助]").click(), 1)`)
	b.until(`root.textContent.includes("谢谢，有帮助")`)

	b.says("申请权限 合同C-12-1", "请输入您在平台登录用的手机号或邮箱")
	b.says("14000001202", "6位验证码")
	b.says(s.sent("14000001202", codeInNotice), "身份已确认")
	b.presses("继续申请", "请输入申请人姓名")
	b.shot("3-flow")

	// Away: what is said waits, and goes out by itself.
	away.Store(true)
	front.CloseClientConnections()
	b.js(`(() => { const i = root.querySelector("textarea"); i.value = "李示二"; i.dispatchEvent(new Event("input")); root.querySelector("form").requestSubmit(); return 1; })()`)
	b.until(`!root.querySelector(".state").hidden && root.textContent.includes("发送中")`)
	b.shot("4-away")
	b.run(chromedp.Navigate("about:blank"))
	away.Store(false)
	b.run(chromedp.Navigate(front.URL + "/"))
	b.wants("默认申请的权限是") // sent after the reload, with the same id

	// A second tab shows the same and stays in step.
	ctx, cancel := chromedp.NewContext(b.ctx)
	defer cancel()
	s.must(chromedp.Do(ctx)) // starts it
	second := &tab{t, ctx}
	second.size(360, 740, true)
	second.run(chromedp.Navigate(front.URL + "/"))
	second.wants("默认申请的权限是")
	b.presses("用默认权限", "向谁申请")
	second.wants("向谁申请")
	second.shot("5-phone-dark")
	second.accessible("phone, dark")
	if over := second.js(`document.documentElement.scrollWidth > innerWidth || [...root.querySelectorAll("*")].some((e) => e.getBoundingClientRect().right > innerWidth + 1)`); over != "false" {
		t.Error("something is wider than the phone")
	}

	b.presses("转人工", "已为您转接人工客服")
	b.until(`root.querySelector(".state").textContent.includes("您排在第1位")`)
	list, err := ticketsOf(t.Context(), s.talks)
	s.must(err)
	s.must(claim(t.Context(), s.talks, list[0].ID, "li"))
	s.must(say(t.Context(), s.talks, list[0].ID, "li", "1", "您好，我是人工客服小李"))
	b.wants("我是人工客服小李")
	b.until(`root.querySelector(".state").textContent.includes("正在为您服务")`)
	b.shot("6-staff")

	// Closed: what comes in is counted.
	b.js(`(root.querySelector("[aria-label=收起]").click(), 1)`)
	second.js(`(root.querySelector("[aria-label=收起]").click(), 1)`)
	s.must(say(t.Context(), s.talks, list[0].ID, "li", "2", "还有其他问题吗？"))
	b.until(`root.querySelector(".badge").textContent === "1"`)
	for _, w := range wrong {
		if !strings.Contains(w, "ERR_") && !strings.Contains(w, "Failed to fetch") { // while it was away
			t.Errorf("console: %s", w)
		}
	}
}

// TestPagesInABrowser looks at every kind of page, on phones and computers, light
// and dark.
func TestPagesInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes long")
	}
	s := newSite(t, nil)
	g := s.guest()
	g.says("申请权限 合同C-12-1")
	g.says("14000001202")
	g.says(s.sent("14000001202", codeInNotice))
	for _, text := range []string{"继续申请", "李示二", "用默认权限", "向主管理员申请", "确认"} {
		g.says(text)
	}
	link := "/s/" + s.sent("14000001201", linkInText)
	p := s.open(link)
	p.fills("text", "开始办理")
	b := &tab{t, chrome(t)}
	for name, path := range map[string]string{"start": "/", "answer": "/?q=%E6%8F%90%E7%A4%BA%E6%97%A0%E6%9D%83%E9%99%90", "entry": "/help/12", "part": "/help/05/main",
		"link": link, "code": "/s", "ended": "/s/AAAAAAAA", "phone": "/demo/phone"} {
		for _, size := range []struct {
			width, height int64
			dark          bool
		}{{320, 640, false}, {768, 1024, true}, {1440, 900, false}} {
			b.size(size.width, size.height, size.dark)
			b.run(chromedp.Navigate(s.url + path))
			where := fmt.Sprintf("%s at %d", name, size.width)
			b.shot("page-" + strings.ReplaceAll(where, " ", "-"))
			b.accessible(where)
			if wide := b.js("document.documentElement.scrollWidth > innerWidth"); wide != "false" {
				t.Errorf("%s: wider than the screen", where)
			}
		}
	}
	// The main administrator decides with his thumb.
	b.size(360, 740, false)
	b.run(chromedp.Navigate(s.url + link))
	press := func(label, want string) {
		t.Helper()
		get[int](b, `([...document.querySelectorAll("button")].find((e) => e.textContent.includes(`+quoted(label)+`)).click(), 1)`)
		script := `document.readyState === "complete" && document.body.innerText.includes(` + quoted(want) + `)`
		for range 200 { // the page gives way to the next one meanwhile
			if there, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](script)); err == nil && there {
				return
			}
			b.run(chromedp.Sleep(50 * time.Millisecond))
		}
		b.shot("failed")
		t.Fatalf("after %s: no %q", label, want)
	}
	press("同意", "请选择授权对方使用的印章")
	b.shot("link-seals")
	b.accessible("seals")
	get[int](b, `(document.querySelectorAll("input[type=checkbox]")[1].click(), 1)`)
	press("下一步", "按对方申请的范围授权")
	press("按申请的范围", "确认后会向您的账号")
	press("确认", "6位验证码")
	get[int](b, `(document.querySelector("#text").value = `+quoted(s.sent("14000001201", codeInNotice))+`, 1)`)
	press("下一步", "已完成授权")
	b.shot("link-done")
	g.says("申请进度", "申请已通过", "合同专用章")
}
