package main

import (
	"strings"
	"testing"
	"time"

	"signdesk/bot/wechat"
	"signdesk/bot/wechat/wechattest"
)

// TestDoctorLooksAtWechat tells mistakes in the account's settings, what is
// missing, and how to have screenshots read.
func TestDoctorLooksAtWechat(t *testing.T) {
	t.Parallel()
	const key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	for _, c := range []struct {
		env  map[string]string
		code int
		want []string
	}{
		{map[string]string{"SIGNDESK_WECHAT_APPID": "wx1", "SIGNDESK_WECHAT_TOKEN": "t", "SIGNDESK_WECHAT_AESKEY": "short"}, exitError, []string{"FAIL  WeChat", "43 letters"}},
		{map[string]string{"SIGNDESK_WECHAT_APPID": "wx1"}, exitError, []string{"token is missing"}},
		{map[string]string{"SIGNDESK_WECHAT_APPID": "wx1", "SIGNDESK_WECHAT_TOKEN": "t", "SIGNDESK_WECHAT_AESKEY": key, "SIGNDESK_TESSERACT": "off"}, exitOK,
			[]string{"ok    WeChat account wx1", "not verified", "SIGNDESK_PUBLIC", "apt-get install tesseract-ocr tesseract-ocr-chi-sim"}},
		{map[string]string{"SIGNDESK_WECHAT_APPID": "wx1", "SIGNDESK_WECHAT_TOKEN": "t", "SIGNDESK_WECHAT_AESKEY": key, "SIGNDESK_WECHAT_SECRET": "s", "SIGNDESK_WECHAT_VERIFIED": "on"}, exitOK,
			[]string{"SIGNDESK_WECHAT_NOTICE"}},
		{map[string]string{"SIGNDESK_WECHAT_APPID": "wx1", "SIGNDESK_WECHAT_TOKEN": "t", "SIGNDESK_WECHAT_MODE": "plain"}, exitOK, []string{"plaintext", "安全模式"}},
	} {
		code, out, errOut := runCLI(t, c.env, "", "doctor", "-addr", "127.0.0.1:0")
		if code != c.code {
			t.Errorf("%v: code %d\n%s%s", c.env, code, out, errOut)
		}
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("%v: doctor lacks %q:\n%s", c.env, want, out)
			}
		}
		if strings.Contains(out, key) {
			t.Errorf("doctor shows a key:\n%s", out)
		}
	}
}

// TestWechatQuota reads the allowance, short and in full.
func TestWechatQuota(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]struct {
		wechat.Quota
		reserve int
	}{
		"5,1":          {wechat.Quota{Sends: 5}, 1},
		"20/48h,0":     {wechat.Quota{Sends: 20, For: 48 * time.Hour}, 0},
		"5/48h,1,3/1m": {wechat.Quota{Sends: 5, For: 48 * time.Hour, EventSends: 3, EventFor: time.Minute}, 1},
	} {
		if q, reserve, err := quota(s); q != want.Quota || reserve != want.reserve || err != nil {
			t.Errorf("%s: %+v, %d, %v", s, q, reserve, err)
		}
	}
	for _, s := range []string{"", "5", "0,0", "5,5", "5,1,0", "5/2d,1", "a,b"} {
		if _, _, err := quota(s); err == nil {
			t.Errorf("%q is taken", s)
		}
	}
	if n, err := noticeTemplate("subscribe:AbC-_9:thing1,time2"); n != (wechat.Template{ID: "AbC-_9", Subscribe: true, Text: "thing1", Time: "time2"}) || err != nil {
		t.Errorf("%+v, %v", n, err)
	}
	if _, err := noticeTemplate("sms:1"); err == nil {
		t.Error("an unknown way is taken")
	}
}

// TestWechatMenu is within the platform's limits, and each of its buttons says
// something that is understood.
func TestWechatMenu(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Public = "https://desk.example"
	p := wechattest.New(time.Now)
	cfg.Wechat = wechatConfig{AppID: p.AppID, Secret: p.Secret, Token: p.Token, AESKey: p.AESKey, Mode: "safe", Verified: "on", Quota: "5,1", transport: p}
	s, err := openMemory(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := wechatCommand(t.Context(), s, []string{"menu"}, std{out: &out, err: &out}); err != nil || !strings.Contains(string(p.Menu()), "转人工") {
		t.Errorf("%v: %s", err, p.Menu())
	}
	d := newWechatDesk(t, botHooks{eye: slowEye{}}, true)
	for _, column := range wechatMenu(cfg) {
		for _, b := range append(column.Sub, column) {
			if b.Type != "click" {
				continue
			}
			e := wechattest.Event("menu-"+b.Name, "CLICK", b.Key)
			text, _ := d.push(e)
			if text == "" || strings.Contains(text, "没有找到") {
				t.Errorf("%s: %q", b.Name, text)
			}
			t.Logf("%s: %s", b.Name, text)
		}
	}
	for _, m := range []wechattest.Message{wechattest.Event("new", "subscribe", ""), {From: "new", Type: "voice", ID: "v", MediaID: "m"}, {From: "new", Type: "location", ID: "l", Label: "杭州"},
		{From: "new", Type: "video", ID: "f", MediaID: "m"}} {
		text, _ := d.push(m)
		t.Logf("%s%s: %s", m.Type, m.Event, text)
	}
}
