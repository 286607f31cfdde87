package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
	"signdesk/bot/channel"
	"signdesk/bot/telegram/telegramtest"
)

// A trap kills the process at a moment of its talk with the platform.
type trap string

const (
	onUpdate  trap = "while it takes an update"
	onRequest trap = "before its next request is done"
	onAnswer  trap = "before the answer to its next request arrives"
)

// A real desk is the program itself, as a process at a platform on the loopback.
type realDesk struct {
	*testing.T
	binary, addr string
	env          []string
	tg           *telegramtest.Server
	group        *telegramtest.Chat

	mu     sync.Mutex
	cmd    *exec.Cmd
	dead   chan struct{} // closed once the process has ended
	set    trap
	kills  int
	posted int
}

func newRealDesk(t *testing.T, binary string) *realDesk {
	d := &realDesk{T: t, binary: binary, tg: telegramtest.New(officeToken)}
	d.group = d.tg.Group(officeGroup).Forum(true)
	platform := httptest.NewServer(d)
	t.Cleanup(func() { d.tg.Close(); platform.CloseClientConnections(); platform.Close() })
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.addr = ln.Addr().String()
	_ = ln.Close()
	d.env = append(os.Environ(), "SIGNDESK_ADDR="+d.addr, "SIGNDESK_STORE="+filepath.Join(t.TempDir(), "store.db"), "SIGNDESK_RATES=0,0", "SIGNDESK_TESSERACT=off",
		"SIGNDESK_PUBLIC=http://"+d.addr, "SIGNDESK_TELEGRAM_TOKEN="+officeToken, "SIGNDESK_TELEGRAM_API="+platform.URL, fmt.Sprint("SIGNDESK_TELEGRAM_BOARDS=", officeGroup),
		fmt.Sprint("SIGNDESK_TELEGRAM_OWNERS=", ownerZhou.ID))
	d.start()
	t.Cleanup(func() { d.kill(); <-d.dead })
	return d
}

// start starts the process and waits until it is ready.
func (d *realDesk) start() {
	d.Helper()
	cmd, dead := exec.Command(d.binary, "serve"), make(chan struct{})
	var out lockedBuffer
	cmd.Env, cmd.Stdout, cmd.Stderr = d.env, &out, &out
	if err := cmd.Start(); err != nil {
		d.Fatal(err)
	}
	go func() { _ = cmd.Wait(); close(dead) }()
	d.mu.Lock()
	d.cmd, d.dead = cmd, dead
	d.mu.Unlock()
	d.until("the process to be ready", func() bool {
		select {
		case <-dead:
			d.Fatalf("the process ended: %s", out.String())
		default:
		}
		res, err := http.Get("http://" + d.addr + "/readyz")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (d *realDesk) kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	_ = d.cmd.Process.Kill()
}

// until waits for something to be so.
func (d *realDesk) until(what string, so func() bool) {
	d.Helper()
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); {
		if so() {
			return
		}
		select { // the platform tells of most, but not of what customers see
		case <-d.tg.Changed():
		case <-time.After(50 * time.Millisecond):
		}
	}
	d.Fatalf("waited in vain for %s:\n%s", what, d.group.Show())
}

// ServeHTTP is the platform, with the traps.
func (d *realDesk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	update := strings.HasSuffix(r.URL.Path, "/getUpdates")
	if !update && d.springs(onRequest) {
		panic(http.ErrAbortHandler)
	}
	rec := httptest.NewRecorder()
	d.tg.ServeHTTP(rec, r)
	if !update && d.springs(onAnswer) {
		panic(http.ErrAbortHandler)
	}
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
	if update && bytes.Contains(rec.Body.Bytes(), []byte(`"update_id"`)) {
		_ = http.NewResponseController(w).Flush()
		time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond) // somewhere in its work
		d.springs(onUpdate)
	}
}

// springs kills the process if that trap is set.
func (d *realDesk) springs(t trap) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.set != t {
		return false
	}
	d.set = ""
	d.kills++
	_ = d.cmd.Process.Kill()
	return true
}

// step does something with a trap set, starts the process again, and waits for what
// comes of it.
func (d *realDesk) step(t trap, do func(), what string, so func() bool) {
	d.Helper()
	d.mu.Lock()
	d.set = t
	dead := d.dead
	d.mu.Unlock()
	again := make(chan struct{})
	if t == "" {
		close(again)
	} else {
		go func() { // what is done may wait for it
			defer close(again)
			select {
			case <-dead:
				d.start()
			case <-time.After(2 * time.Minute):
				d.Errorf("not killed %s, for %s:\n%s", t, what, d.group.Show())
			}
		}()
	}
	do()
	<-again
	d.until(what, so)
}

// count is how often something stands in the group.
func (d *realDesk) count(text string) int { return strings.Count(d.group.Show(), text) }

func (d *realDesk) shows(texts ...string) func() bool {
	return func() bool {
		show := d.group.Show()
		for _, t := range texts {
			if !strings.Contains(show, t) {
				return false
			}
		}
		return true
	}
}

const (
	taughtQuestion = "合同签完以后能不能打印出来盖骑缝章"
	taughtAnswer   = "可以的：签完的合同下载成PDF后自行打印，打印件上请不要再盖骑缝章。"
)

// TestDeskKilled lives through the whole story with the real program, which is
// killed in the middle of each step: nothing is lost, and nothing happens twice. Of
// what was posted to the group when the answer did not arrive, one may stand there
// twice: the platform knows no keys.
func TestDeskKilled(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "desk") // it outlives this function
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	binary := filepath.Join(dir, "signdesk")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, at := range []trap{"", onUpdate, onRequest, onAnswer} {
		t.Run("killed "+string(at), func(t *testing.T) {
			t.Parallel()
			realStory(newRealDesk(t, binary), at)
		})
	}
}

func realStory(d *realDesk, at trap) {
	shot, err := demo.Picture(platform.Reading{Name: "图"})
	if err != nil {
		d.Fatal(err)
	}
	atPost := at // of what people do on the web no update comes
	if at == onUpdate {
		atPost = ""
	}
	for _, who := range []string{"/role 7001 客服 小李", "/role 7002 编辑 小王"} {
		d.step(at, func() { d.group.Say(ownerZhou, "", who) }, "the role", d.shows(who[len("/role 7001 "):len("/role 7001 ")+3]))
	}
	d.until("both", d.shows("小李 现在是客服。", "小王 现在是编辑。"))
	a := d.caller("")
	a.says(taughtQuestion, "")
	d.step(atPost, func() { a.says("", "c:human") }, "the queue card", d.shows("🔴 待接单", "[接单]", "# 网页", "最近的对话"))
	topic := strings.TrimSuffix(d.group.Topics()[len(d.group.Topics())-1], "（关）")
	if d.count("# "+topic) == 2 { // the answer that it was made got lost; the staff see that one is empty
		d.group.DeleteTopic(topic)
	}
	data := d.group.Data("接单")
	d.step(at, func() { d.group.PressData(staffLi, data); d.group.PressData(staffWang, data) }, "the claim", func() bool {
		return d.shows("🟢 接待中", "接待：小李")() && d.tg.Waiting() == 0
	})
	d.step(at, func() { d.group.Post(staffLi, telegramtest.Words{Topic: topic, Text: taughtAnswer, Photo: shot}) }, "the answer", func() bool {
		return a.told("staff", "骑缝章") > 0 && d.shows(channel.MarkSent)()
	})
	d.step(at, func() { d.group.Say(staffLi, topic, "/note 下次直接发说明书") }, "the note", d.shows("备注（小李）：下次直接发说明书", channel.MarkKept))
	d.step(at, func() { d.group.Say(staffLi, topic, "/close") }, "the end", func() bool { return a.told("bot", "您的问题解决了吗") > 0 && d.shows("✅ 已结束")() })
	lines := a.log()
	last := lines[len(lines)-1]
	if len(last.Choices) != 2 {
		d.Fatalf("the customer cannot rate: %+v", last)
	}
	d.step(atPost, func() { a.says("", last.Choices[0].Token) }, "the rating", d.shows("客户评价：已解决"))
	d.step(at, func() { d.group.Say(staffLi, topic, "/teach") }, "the lesson", d.shows("[做成新条目]"))
	d.step(at, func() { d.press(staffLi, "做成新条目") }, "the draft", d.shows("草稿1（小李）：新条目"))
	if at == "" {
		d.tries()
	}
	d.step(at, func() {
		d.group.Say(staffWang, "", "/publish")
		if at == "" {
			d.goesOn(d.shows("已发布版本1"))
		}
	}, "the release", d.shows("已发布版本1"))
	b := d.caller("")
	b.says(taughtQuestion, "")
	d.until("the bot's answer", func() bool { return b.told("bot", "自行打印") == 1 })
	if at == "" {
		d.takesBack()
	}
	d.group.Say(ownerZhou, "", "/audit")
	d.until("the audit", d.shows("最近的操作："))
	d.judge(a, at)
}

func (d *realDesk) press(p telegramtest.Person, label string) {
	d.Helper()
	if _, err := d.group.Press(p, label); err != nil {
		d.Fatal(err)
	}
}

// judge sees that nothing was lost and nothing happened twice.
func (d *realDesk) judge(a *caller, at trap) {
	for text, from := range map[string]string{"转接人工客服": "bot", "骑缝章。": "staff", "您的问题解决了吗": "bot", "谢谢您的反馈": "bot"} {
		if n := a.told(from, text); n != 1 {
			d.Errorf("the customer was told %q %d times", text, n)
		}
	}
	if n := a.told("staff", "说明书"); n != 0 {
		d.Error("the note reached the customer")
	}
	audit := d.group.Show()
	audit = audit[strings.Index(audit, "最近的操作："):]
	for did, want := range map[string]int{"接单": 1, "回复": 1, "备注": 1, "结束": 1, "写草稿": 1, "发布": 1, "授权": 2} {
		if n := strings.Count(audit, "  "+did); n != want {
			d.Errorf("%s stands %d times in the audit, want %d:\n%.1500s", did, n, want, audit)
		}
	}
	doubled := 0
	once := []string{"🟢", "🔴", "✅ 已结束", "最近的对话", "已接单", "已由 小李 接单", "要教的问题", "草稿1（小李）：新条目", "已发布版本1", "小李 现在是客服", "# 网页"}
	for _, text := range once {
		doubled += max(0, d.count(text)-1)
	}
	switch {
	case doubled > d.kills: // when it is killed an answer may be on its way
		d.Errorf("%d things stand in the group twice after %d kills:\n%s", doubled, d.kills, d.group.Show())
	}
	told := ""
	for _, n := range d.tg.Notes() {
		told += n.Text + "\n"
	}
	for _, want := range []string{"接单成功", "已由 小李 接单"} {
		if !strings.Contains(told, want) && at != onAnswer {
			d.Errorf("nobody was told %q in passing, but\n%s", want, told)
		}
	}
	if out, err := d.command("kb", "releases"); err != nil || strings.Count(out, "\n") != 2 {
		d.Errorf("releases: %v\n%s", err, out)
	}
}

// command runs the program once more, which asks the serving process.
func (d *realDesk) command(args ...string) (string, error) {
	cmd := exec.CommandContext(d.Context(), d.binary, args...)
	cmd.Env = d.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// goesOn has a customer ask until something is so.
func (d *realDesk) goesOn(until func() bool) {
	began, worst, n, c := time.Now(), time.Duration(0), 0, d.caller("")
	for ; !until() && time.Since(began) < time.Minute; n++ {
		at := time.Now()
		c.says("提示无权限怎么办", "")
		worst = max(worst, time.Since(at))
	}
	d.Logf("published after %v; meanwhile a customer asked %d times and waited %v at most", time.Since(began).Round(time.Millisecond), n, worst.Round(time.Millisecond))
	if n < 5 {
		d.Errorf("a customer could ask only %d times", n)
	}
}

// takesBack rolls back and forth while customers ask: each gets the whole of one
// release or the other, and the right one within a second.
func (d *realDesk) takesBack() {
	for i, to := range []string{"0", "1"} {
		acts := len(d.tg.Calls("sendMessage"))
		d.group.Say(staffWang, "", "/rollback "+to)
		d.until("the answer", func() bool { return len(d.tg.Calls("sendMessage")) > acts })
		began, c := time.Now(), d.caller("")
		for asked := 1; ; asked++ {
			c.says(taughtQuestion, "")
			lines := c.log()
			if len(lines) != 2*asked {
				d.Fatalf("%d lines after %d questions", len(lines), asked)
			}
			if strings.Contains(lines[len(lines)-1].Text, "自行打印") == (i == 1) {
				break
			}
			if took := time.Since(began); took > 5*time.Second { // a second, on a machine that has nothing else to do
				d.Fatalf("rolled back to %s, and %v later not so", to, took)
			}
		}
		d.Logf("release %s answers %v after it was said so", to, time.Since(began).Round(time.Millisecond))
	}
}

// tries tries the draft before it is published: in the widget's preview, which the
// staff get a link to, and in the terminal.
func (d *realDesk) tries() {
	d.group.Say(staffLi, "", "/preview")
	d.until("the link", d.shows("/preview?t="))
	show := d.group.Show()
	at := strings.Index(show, "/preview?t=")
	link, _, _ := strings.Cut(show[at:], "\n")
	res, err := http.Get("http://" + d.addr + link)
	if err != nil {
		d.Fatal(err)
	}
	page, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	token := strings.TrimPrefix(link, "/preview?t=")
	if res.StatusCode != http.StatusOK || !strings.Contains(string(page), `data-preview="`+token+`"`) {
		d.Errorf("the page of the preview: %d\n%s", res.StatusCode, page)
	}
	p, b := d.caller(token), d.caller("")
	p.says(taughtQuestion, "")
	d.until("the draft's answer", func() bool { return p.told("bot", "自行打印") == 1 })
	b.says(taughtQuestion, "")
	if n := b.told("bot", "自行打印"); n != 0 {
		d.Error("a customer gets what is not published")
	}
	p.says("", "c:human")
	if n := p.told("bot", "不会转给客服"); n != 1 {
		d.Errorf("a preview calls the staff: %+v", p.log())
	}
	tab := &tab{T: d.T, ctx: chrome(d.T)}
	tab.run(chromedp.Navigate("http://" + d.addr + link))
	tab.until(`root.querySelector(".panel").checkVisibility()`)
	tab.says(taughtQuestion, "自行打印")
	tab.shot("preview")
	for _, bad := range []string{"x", token[:len(token)-4] + "AAAA", b.token} {
		res, err := http.Get("http://" + d.addr + "/preview?t=" + bad)
		if err != nil {
			d.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusGone {
			d.Errorf("a preview with a wrong token: %d", res.StatusCode)
		}
	}
	for _, c := range []struct {
		draft, knows bool
	}{{false, false}, {true, true}} {
		cmd := exec.CommandContext(d.Context(), d.binary, "chat", fmt.Sprintf("-draft=%t", c.draft))
		cmd.Env, cmd.Stdin = d.env, strings.NewReader(taughtQuestion+"\n")
		out, err := cmd.Output()
		if err != nil || strings.Contains(string(out), "自行打印") != c.knows {
			d.Errorf("chat -draft=%t: %v\n%s", c.draft, err, out)
		}
	}
}
