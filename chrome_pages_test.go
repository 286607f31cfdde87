package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// testPages looks at every kind of page, on phones and computers, light and dark.
func testPages(t *testing.T, ctx context.Context) {
	s := newSite(t, nil)
	b := &tab{t, ctx}
	for name, path := range map[string]string{"start": "/", "answer": "/?q=%E6%8F%90%E7%A4%BA%E6%97%A0%E6%9D%83%E9%99%90", "entry": "/help/12", "part": "/help/05/main",
		"none": "/?q=%E4%BB%8A%E5%A4%A9%E5%A4%A9%E6%B0%94", "missing": "/nowhere", "code": "/s", "unknown": "/s/AAAAAAAA", "inbox": "/demo/phone", "demo": "/demo"} {
		b.looks(s, name, path)
	}
}

// looks sees that a page is accessible and fits, on phones, tablets and computers.
func (b *tab) looks(s *site, name, path string) {
	b.Helper()
	for _, size := range []struct {
		width, height int64
		dark          bool
	}{{320, 640, false}, {360, 740, false}, {768, 1024, true}, {1440, 900, false}} {
		b.size(size.width, size.height, size.dark)
		b.run(chromedp.Navigate(s.url + path))
		where := fmt.Sprintf("%s at %d", name, size.width)
		b.shot("page-" + strings.ReplaceAll(where, " ", "-"))
		if size.width != 360 { // as at 320
			b.accessible(where)
		}
		if wide := b.js("document.documentElement.scrollWidth > innerWidth"); wide != "false" {
			b.Errorf("%s: wider than the screen", where)
		}
	}
}

// testLinkPages does as the main administrator with his thumb what his link is
// for.
func testLinkPages(t *testing.T, ctx context.Context) {
	s := newSite(t, nil)
	g := s.guest()
	g.asksAdmin()
	link := "/s/" + s.sent("14000001201", linkInText)
	b := &tab{t, ctx}
	for _, begun := range []bool{false, true} {
		if begun {
			s.open(link).fills("text", "开始办理")
		}
		b.looks(s, fmt.Sprintf("link-begun-%t", begun), link)
	}
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
	b.looks(s, "link-used", link)
	g.says("申请进度", "申请已通过", "合同专用章")
}

// testStranger lives the story through on the demonstration page of a server
// without any setting: an error message, a request, finance on the phone, done.
func testStranger(t *testing.T, ctx context.Context) {
	url, _, stop := startServe(t, map[string]string{"SIGNDESK_STORE": filepath.Join(t.TempDir(), "store.db"), "SIGNDESK_TESSERACT": "off"})
	defer stop()
	b := &tab{t, ctx}
	var wrong []string
	if err := chromedp.Listen(b.ctx, watchConsole(&wrong)); err != nil {
		t.Fatal(err)
	}
	b.size(1440, 900, false)
	b.run(chromedp.Navigate(url + "/demo"))
	const frames = `const left = document.querySelector(".desk iframe").contentDocument, phone = frames["phone"].document, root = left.getElementById("signdesk")?.shadowRoot;`
	until := func(script string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
		defer cancel()
		for {
			ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`(() => { try { `+frames+` return Boolean(`+script+`) } catch { return false } })()`))
			if err == nil && ok {
				return
			}
			if ctx.Err() != nil {
				b.shot("failed")
				t.Fatalf("never came true: %s\n%s", script, get[string](b, `(() => { `+frames+` return root.querySelector(".panel").innerText + phone.body.innerText })()`))
			}
			b.run(chromedp.Sleep(50 * time.Millisecond))
		}
	}
	do := func(script string) { t.Helper(); until(`(() => { ` + script + `; return 1 })()`) }
	told := func(text string) {
		t.Helper()
		until(`[...root.querySelectorAll(".row:not(.visitor)")].at(-1).textContent.includes(` + quoted(text) + `) && !root.querySelector(".typing")`)
	}
	heard := func(text string) { // of the case, whatever was said since
		t.Helper()
		until(`[...root.querySelectorAll(".row:not(.visitor)")].some((e) => e.textContent.includes(` + quoted(text) + `))`)
	}
	says := func(text, want string) {
		t.Helper()
		do(`const i = root.querySelector("textarea"); i.value = ` + quoted(text) + `; root.querySelector("form").requestSubmit()`)
		told(want)
	}
	press := func(label, want string) {
		t.Helper()
		do(`[...root.querySelectorAll(".choices button")].find((e) => e.textContent.includes(` + quoted(label) + `)).click()`)
		told(want)
	}
	onPhone := func(text string) {
		t.Helper()
		until(`phone.readyState === "complete" && phone.body.innerText.includes(` + quoted(text) + `)`)
	}
	tap := func(label, want string) {
		t.Helper()
		do(`[...phone.querySelectorAll("button, a")].find((e) => e.textContent.includes(` + quoted(label) + `)).click()`)
		onPhone(want)
	}
	fill := func(text, want string) {
		t.Helper()
		do(`phone.querySelector("#text").value = ` + quoted(text) + `; phone.querySelector("button.main").click()`)
		onPhone(want)
	}
	until(`root.querySelector(".launch")`)
	do(`root.querySelector(".launch").click()`)
	until(`root.querySelector(".row")`)
	says("该账户未加入企业", "先请发件方把合同重发到有权限的手机号")
	says("申请权限 合同C-12-1", "请输入您在平台登录用的手机号或邮箱")
	says("14000001202", "6位验证码")
	onPhone("验证码")
	code := get[string](b, `(() => { `+frames+` return phone.body.innerText.match(/验证码(\d{6})/)[1] })()`)
	says(code, "身份已确认")
	press("继续申请", "请输入申请人姓名")
	says("李示二", "默认申请的权限是")
	press("用默认权限", "向谁申请")
	press("其他方式申请", "公司财务")
	press("向公司财务申请", "短信/邮件通知")
	press("短信/邮件通知", "确认")
	press("确认", "手机号或邮箱")
	says("14000001291", "将发给财务")
	press("确认", "已通知财务")
	onPhone("申请查看并签署企业合同")
	b.shot("demo-1-notified")
	tap("打开链接", "开始办理")
	tap("开始办理", "请输入开户银行")
	fill("中国银行", "哪个省")
	fill("浙江", "哪个市")
	fill("杭州", "开户支行")
	fill("高新支行", "对公银行账号")
	fill("9900000000000037", "将向下面的对公账户")
	b.shot("demo-2-account")
	tap("确认", "打款申请已提交")
	heard("对公账户信息已提交")
	until(`[...root.querySelectorAll(".choices button")].some((e) => e.textContent.includes("查看进度"))`) // news leave what is offered
	do(`document.querySelector(".hint a").click()`)
	onPhone("短信和邮件")
	tap("过2天", "5月28日")
	do(`[...phone.querySelectorAll("li")].find((e) => e.textContent.includes("14000001291")).querySelector("a").click()`)
	onPhone("汇款金额")
	fill("零点五", "还可以再试2次")
	fill("0.38", "已完成授权")
	b.shot("demo-3-done")
	heard("的申请已通过")
	b.shot("demo-4-seen")
	says("申请进度", "申请已通过")
	for _, w := range wrong {
		t.Errorf("console: %s", w)
	}
}
