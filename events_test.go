package main

import (
	"encoding/json"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// tells posts an event as a system that knows the secret.
func (s *site) tells(id string, event map[string]any) (int, map[string]any) {
	s.Helper()
	w, err := standardwebhooks.NewWebhook(hookSecret)
	s.must(err)
	raw, err := json.Marshal(event)
	s.must(err)
	now := time.Now()
	sig, err := w.Sign(id, now, raw)
	s.must(err)
	return s.do("POST", "/api/v1/hooks", "", string(raw), "webhook-id", id, "webhook-timestamp", strconv.FormatInt(now.Unix(), 10), "webhook-signature", sig)
}

// TestPaymentToldByTheBank completes a request by a payment that another system
// tells of.
func TestPaymentToldByTheBank(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config) { c.HooksSecrets = hookSecret })
	g := s.guest()
	g.says("申请权限 合同C-12-1")
	g.says("14000001202")
	g.says(s.sent("14000001202", codeInNotice))
	for _, text := range []string{"继续申请", "李示二", "用默认权限", "其他方式申请", "公司财务", "我现在操作", "确认", "切换为企业反向打款方式", "我知情并同意", "我知情并同意", "确认"} {
		g.says(text)
	}
	pay := map[string]any{"payer": "虚构茶山商贸有限公司", "payerAccount": "9900000000000037", "amountFen": 1, "currency": "CNY", "payeeAccount": s.payee, "valueDate": s.clock.Now()}
	event := map[string]any{"type": "payment.arrived", "data": pay}
	for range 2 {
		s.wants(204, "")(s.tells("pay-00001", event))
	}
	out, err := openGateways(testConfig(t), s.clock.Now, slog.New(slog.DiscardHandler))
	s.must(err)
	out.tell = s.talks.Tell
	for range 2 {
		_, err = out.deliver(t.Context(), s.platform)
		s.must(err)
	}
	if told := g.told("的申请已通过，可点击"); told != 1 {
		t.Errorf("the visitor was told %d times that his request is through", told)
	}
	g.says("查询进度", "申请已通过")
	s.wants(422, "unknown-event")(s.tells("pay-00002", map[string]any{"type": "coffee.ready", "data": map[string]any{}}))
	s.wants(409, "event-rejected")(s.tells("pay-00003", map[string]any{"type": "transfer.bounced", "data": map[string]any{"transfer": "B-none", "reason": "x"}}))
	s.wants(409, "event-rejected")(s.tells("pay-00004", map[string]any{"type": "payment.arrived", "data": map[string]any{"hello": 1}}))
	s.wants(401, "bad-signature")(s.do("POST", "/api/v1/hooks", "", event, "webhook-id", "pay-00005", "webhook-timestamp", "1", "webhook-signature", "v1,AAAA"))
}

// TestReviewCommand decides about a letter at the terminal.
func TestReviewCommand(t *testing.T) {
	t.Parallel()
	d := newShell(t)
	d.wants("platform request C-12-1 A-1202 SealKeeper", "等待处理")
	_, list := d.run("platform show E-12")
	request := ""
	for _, f := range strings.Fields(list) {
		if strings.HasPrefix(f, "P-") {
			request = f
		}
	}
	d.wants("platform letter "+request+" A-1202", "审核")
	_, list = d.run("review")
	id := ""
	for _, l := range strings.Split(list, "\n") {
		if strings.Contains(l, "授权书") {
			id = strings.Fields(l)[0]
		}
	}
	file := t.TempDir() + "/letter.png"
	d.wants("review "+id+" "+file, "虚构茶山商贸有限公司")
	if code, out := d.run("review " + id + " reject"); code != exitError || !strings.Contains(out, "原因") {
		t.Errorf("rejected without a reason: %d %s", code, out)
	}
	d.wants("review "+id+" pass", "已处理")
	if code, _ := d.run("review " + id + " pass"); code != exitError {
		t.Error("decided twice")
	}
}
