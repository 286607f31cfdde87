package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"signdesk/actions/platform"
)

// TestUndeliveredNoticeIsTold: a gateway reports that the SMS to finance did not
// arrive; the visitor who waits for it hears so, once.
func TestUndeliveredNoticeIsTold(t *testing.T) {
	t.Parallel()
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"Response":{"SendStatusSet":[{"SerialNo":"2640:1","PhoneNumber":"m","Fee":1,"SessionContext":"","Code":"Ok","Message":"m","IsoCode":"CN"}],"RequestId":"r"}}`))
	}))
	defer gateway.Close()
	const secret = "reports-secret-0123"
	configure := func(c *Config) {
		c.SMSProvider, c.SMSMode, c.SMSID, c.SMSSecret, c.SMSApp, c.SMSSign = "tencent", "code", "id", "secret", "1400006666", "上上签"
		c.SMSURL, c.SMSReports = gateway.URL, secret
		c.SMSTemplates = "T1=1110:link"
	}
	s := newSite(t, configure)
	g := s.guest()
	g.says("申请权限 合同C-12-1")
	g.says("14000001202")
	g.says(s.sent("14000001202", codeInNotice), "身份已确认")
	for _, text := range []string{"继续申请", "李示二", "用默认权限", "其他方式申请", "公司财务", "短信通知", "确认", "14000001291", "确认"} {
		g.says(text)
	}
	cfg := testConfig(t)
	configure(cfg)
	out, err := openGateways(cfg, s.clock.Now, slog.New(slog.DiscardHandler))
	s.must(err)
	out.tell = s.talks.Tell
	_, err = out.deliver(t.Context(), s.platform)
	s.must(err)

	push := func(path, body string) int {
		res, err := http.Post(s.url+path, "application/json", strings.NewReader(body))
		s.must(err)
		s.must(res.Body.Close())
		return res.StatusCode
	}
	failed := `[{"user_receive_time":"2022-05-26 09:01:00","nationcode":"86","mobile":"14000001291","report_status":"FAIL","errmsg":"MK:0001","description":"d","sid":"2640:1"}]`
	for _, c := range []struct {
		path, body string
		want       int
	}{
		{"/hooks/sms/guessed-guessed-0", failed, 404},
		{"/hooks/sms/" + secret, `{"no":"list"}`, 400},
		{"/hooks/sms/" + secret, strings.Replace(failed, "2640:1", "2640:unknown", 1), 200},
		{"/hooks/sms/" + secret, strings.Replace(failed, "FAIL", "SUCCESS", 1), 200},
		{"/hooks/sms/" + secret, failed, 200},
		{"/hooks/sms/" + secret, failed, 200},
	} {
		if got := push(c.path, c.body); got != c.want {
			t.Errorf("POST %s: %d, want %d", c.path, got, c.want)
		}
	}
	s.must(s.platform.View(t.Context(), func(tx *platform.Tx) error {
		for _, n := range tx.SentTo("14000001291") {
			if n.Status != platform.NotificationFailed || n.Failure != "MK:0001" {
				t.Errorf("notice %s is %s %q", n.ID, n.Status, n.Failure)
			}
		}
		return tx.Err()
	}))
	if n := g.told("没有送达"); n != 1 {
		t.Errorf("the visitor was told %d times", n)
	}
}
