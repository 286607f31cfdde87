package main

import (
	"context"
	"fmt"
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
