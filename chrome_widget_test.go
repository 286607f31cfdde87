package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
)

// testWidget walks through the story as a visitor with a browser.
func testWidget(t *testing.T, ctx context.Context) {
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
	b := &tab{t, ctx}
	b.size(1280, 800, false)
	var wrong []string // what the console says
	s.must(chromedp.Listen(b.ctx, watchConsole(&wrong)))
	b.opens(front.URL + "/")
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
	b.types("李示二")
	b.sends()
	b.until(`!root.querySelector(".state").hidden && root.textContent.includes("发送中")`)
	b.shot("4-away")
	b.run(chromedp.Navigate("about:blank"))
	away.Store(false)
	b.run(chromedp.Navigate(front.URL + "/"))
	b.wants("默认申请的权限是") // sent after the reload, with the same id

	// A second tab shows the same and stays in step.
	second := b.another()
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
	seen, err := demo.Picture(platform.Reading{Name: "图"})
	s.must(err)
	s.must(shows(s, list[0].ID, "li", "p1", "", seen))
	s.must(shows(s, list[0].ID, "li", "p2", "按这里", seen))
	for _, in := range []*tab{b, second} {
		in.until(`[...root.querySelectorAll(".row.staff .shot canvas")].filter((c) => c.width > 100).length === 2`)
		in.until(`!root.querySelector(".row.staff .bubble:has(.shot)").textContent.includes("图片")`)
	}
	second.accessible("a picture of the staff")
	b.shot("6-staff")

	// By keyboard alone: it closes, opens, is walked through and written in.
	b.js(`(root.querySelector("textarea").focus(), 1)`)
	b.keys(kb.Escape)
	b.until(`root.querySelector(".panel").hidden && root.activeElement.className === "launch"`)
	b.keys(kb.Enter)
	b.until(`!root.querySelector(".panel").hidden && root.activeElement.tagName === "TEXTAREA"`)
	b.keys("谢谢")
	b.keys(kb.Tab)
	if where := b.js(`root.activeElement.textContent`); where != "发送" {
		t.Errorf("after the text comes %q", where)
	}
	b.keys(kb.Enter)
	b.until(`[...root.querySelectorAll(".row.visitor")].at(-1).textContent.includes("谢谢") && root.querySelector("textarea").value === ""`)

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

// testWidgetInTrouble: a slow network, none, a server that restarts, and two tabs
// cost nobody a word.
func testWidgetInTrouble(t *testing.T, ctx context.Context) {
	h := newHouse(t, func(*Config) {}, time.Now)
	h.must(h.serve(t.Context()))
	t.Cleanup(func() { h.shut() })
	b := &tab{t, ctx}
	b.size(360, 740, false)
	slow := network.Conditions{Latency: 300, DownloadThroughput: 200 << 10, UploadThroughput: 94 << 10} // 3G
	b.network(slow)
	b.opens(h.url + "/help/12")
	b.says("你好", "您好")
	b.shot("trouble-3g")
	full := network.Conditions{DownloadThroughput: -1, UploadThroughput: -1}
	b.network(full)

	// The network is cut: what is sent waits, what is written stays.
	b.network(network.Conditions{Offline: true, DownloadThroughput: -1, UploadThroughput: -1})
	b.until(`root.querySelector(".state").textContent.includes("您写的内容不会丢")`)
	b.types("提示未加入企业")
	b.sends()
	b.until(`root.textContent.includes("发送中")`)
	b.types("还没写完的话")
	b.shot("trouble-offline")
	b.accessible("offline")
	b.network(full)
	b.wants("未加入企业")
	b.until(`root.querySelector(".state").hidden && !root.textContent.includes("发送中")`)

	// The server restarts. The page is left and opened again meanwhile.
	h.shut()
	b.until(`!root.querySelector(".state").hidden`)
	if got := b.js(`root.querySelector("textarea").value`); got != "还没写完的话" {
		t.Errorf("what was being written is now %q", got)
	}
	b.types("怎么更换管理员")
	b.sends()
	b.types("草稿")
	h.must(h.serve(t.Context()))
	b.wants("管理员")
	b.run(chromedp.Navigate(h.url + "/help"))
	b.until(`root.querySelectorAll(".row.visitor").length === 3`)
	if got := b.js(`root.querySelector("textarea").value`); got != "草稿" {
		t.Errorf("after the page was loaded again the draft is %q", got)
	}

	// Two tabs write at once: both show the same, each word once.
	second := b.another()
	second.run(chromedp.Navigate(h.url + "/help/19"))
	second.until(`root.querySelectorAll(".row.visitor").length === 3`)
	for i := range 3 {
		for n, in := range []*tab{b, second} {
			in.types(fmt.Sprintf("第%d句来自%d", i, n))
			in.sends()
		}
	}
	said := `[...root.querySelectorAll(".row.visitor .bubble")].map((e) => e.innerText.split("\n").at(-1)).join("|")`
	for _, in := range []*tab{b, second} {
		in.until(`root.querySelectorAll(".row.visitor").length === 9 && !root.textContent.includes("发送中")`)
	}
	one, other := b.js(said), second.js(said)
	for i := range 3 {
		for n := range 2 {
			if words := fmt.Sprintf("第%d句来自%d", i, n); strings.Count(one, words) != 1 {
				t.Errorf("%q stands %d times in %s", words, strings.Count(one, words), one)
			}
		}
	}
	if one != other {
		t.Errorf("the tabs differ:\n%s\n%s", one, other)
	}

	// Ended in one tab, it is over in the other.
	b.presses("结束", "")
	b.presses("确定结束", "")
	b.until(`root.textContent.includes("上一个对话已结束")`)
	for _, in := range []*tab{b, second} {
		in.until(`root.querySelectorAll(".row.visitor").length === 0`)
	}
	b.says("你好", "您好")
	second.wants("您好")
}

// testWidgetElsewhere: another site embeds the widget with one line, under a
// policy that allows nothing else.
func testWidgetElsewhere(t *testing.T, ctx context.Context) {
	var desk atomic.Value
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", fmt.Sprintf("default-src 'none'; script-src %[1]s; connect-src %[1]s", desk.Load()))
		_, _ = fmt.Fprintf(w, `<!doctype html><html lang="zh-CN"><title>合同平台</title><h1>合同平台</h1><a href="#signdesk-open">求助</a><script src="%s/widget.js" data-page="help/12" async></script>`, desk.Load())
	}))
	defer host.Close()
	s := newSite(t, func(c *Config) { c.Origins = host.URL })
	desk.Store(s.url)
	b := &tab{t, ctx}
	var wrong []string
	s.must(chromedp.Listen(b.ctx, watchConsole(&wrong)))
	b.size(320, 640, true)
	b.run(chromedp.Navigate(host.URL))
	b.until(`root.querySelector(".launch")`)
	b.js(`(document.querySelector("a").click(), 1)`)
	b.until(`root.querySelector(".row")`)
	b.says("打开合同提示：您未加入企业", "未加入企业")
	b.js(`(() => {
		const c = new OffscreenCanvas(60, 40);
		c.getContext("2d").fillRect(0, 0, 60, 40);
		c.convertToBlob().then((blob) => {
			const d = new DataTransfer();
			d.items.add(new File([blob], "a.png", { type: "image/png" }));
			root.querySelector(".panel").dispatchEvent(new DragEvent("drop", { dataTransfer: d }));
		});
		return 1;
	})()`)
	b.until(`root.querySelector(".preview canvas")?.width === 60`)
	b.sends()
	b.until(`root.querySelector(".row.visitor canvas") && !root.textContent.includes("发送中")`)
	b.until(`root.querySelectorAll(".row:not(.visitor)").length >= 3`)
	b.shot("elsewhere-320")
	b.presses("转人工", "已为您转接人工客服")
	list, err := ticketsOf(t.Context(), s.talks)
	s.must(err)
	s.must(claim(t.Context(), s.talks, list[0].ID, "li"))
	seen, err := demo.Picture(platform.Reading{Name: "图"})
	s.must(err)
	s.must(shows(s, list[0].ID, "li", "1", "按这里", seen))
	b.until(`root.querySelector(".row.staff .shot canvas")?.width > 100`)
	b.accessible("on another site")
	if over := b.js(`[...root.querySelectorAll("*")].some((e) => e.getBoundingClientRect().right > innerWidth + 1)`); over != "false" {
		t.Error("something is wider than the phone")
	}
	for _, w := range wrong {
		t.Errorf("console: %s", w)
	}
}
