package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
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

// TestInABrowser is what people see and do, in one browser.
func TestInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes long")
	}
	browser := chrome(t)
	for name, test := range map[string]func(*testing.T, context.Context){
		"Widget": testWidget, "WidgetInTrouble": testWidgetInTrouble, "WidgetElsewhere": testWidgetElsewhere, "Stranger": testStranger, "Pages": testPages, "LinkPages": testLinkPages,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
			t.Cleanup(cancel)
			if err := chromedp.Do(ctx); err != nil {
				t.Fatal(err)
			}
			test(t, ctx)
		})
	}
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

// keys types as a person at a keyboard does, wherever the focus is.
func (b *tab) keys(text string) { b.Helper(); b.run(chromedp.KeyEvent(text)) }

// another opens a second tab of the same browser.
func (b *tab) another() *tab {
	b.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		b.Fatal(err)
	}
	return &tab{b.T, ctx}
}

// network lets the tab have a slow network, or none.
func (b *tab) network(c network.Conditions) {
	b.Helper()
	b.run(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{&c}})
		if err == nil {
			_, err = chromedp.Call(ctx, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: c.Offline, Latency: c.Latency,
				DownloadThroughput: c.DownloadThroughput, UploadThroughput: c.UploadThroughput})
		}
		return err
	}))
}

// types writes into the widget without sending.
func (b *tab) types(text string) {
	b.Helper()
	b.js(`(() => { const i = root.querySelector("textarea"); i.value = ` + quoted(text) + `; i.dispatchEvent(new Event("input")); return 1; })()`)
}

// sends sends what is written.
func (b *tab) sends() { b.Helper(); b.js(`(root.querySelector("form").requestSubmit(), 1)`) }

// opens goes to a page and opens the widget.
func (b *tab) opens(url string) {
	b.Helper()
	b.run(chromedp.Navigate(url))
	b.until(`root.querySelector(".launch")`)
	b.js(`(root.querySelector(".launch").click(), 1)`)
	b.until(`root.querySelector(".row")`)
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
	b.types(text)
	b.sends()
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
