package sms_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"signdesk/bot/sms"
)

const (
	tencentPush = `[{"user_receive_time":"2015-10-17 08:03:04","nationcode":"86","mobile":"13700003482","report_status":"SUCCESS","errmsg":"DELIVRD","description":"用户短信送达成功","sid":"2640:1"},
{"user_receive_time":"","nationcode":"86","mobile":"8613700003483","report_status":"FAIL","errmsg":"MK:0001","description":"空号","sid":"2640:2"}]`
	aliyunPush = `[{"phone_number":"13700003482","send_time":"2017-01-01 00:00:00","report_time":"2017-01-01 00:00:09","success":true,"err_code":"DELIVERED","err_msg":"用户接收成功","sms_size":"1","biz_id":"12345^0","out_id":"N-01J5/sms"},
{"phone_number":"1381111****","report_time":"","success":false,"err_code":"MOBILE_NOT_ON_SERVICE","biz_id":"12346^0"}]`
)

func TestReports(t *testing.T) {
	t.Parallel()
	china := time.FixedZone("CST", 8*60*60)
	for p, c := range map[sms.Provider]struct {
		body string
		want []sms.Report
	}{
		sms.Tencent: {tencentPush, []sms.Report{
			{MessageID: "2640:1", To: "137****3482", Delivered: true, Code: "DELIVRD", At: time.Date(2015, 10, 17, 8, 3, 4, 0, china)},
			{MessageID: "2640:2", To: "137****3483", Code: "MK:0001"},
		}},
		sms.Aliyun: {aliyunPush, []sms.Report{
			{MessageID: "12345^0", Delivery: "N-01J5/sms", To: "137****3482", Delivered: true, Code: "DELIVERED", At: time.Date(2017, 1, 1, 0, 0, 9, 0, china)},
			{MessageID: "12346^0", To: "138********", Code: "MOBILE_NOT_ON_SERVICE"},
		}},
	} {
		got, err := sms.Reports(p, strings.NewReader(c.body))
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", p, diff)
		}
		if !json.Valid(sms.Accepted(p)) {
			t.Errorf("%s: the answer is no JSON", p)
		}
	}
}

func TestReportsRefused(t *testing.T) {
	t.Parallel()
	good := `{"sid":"1","report_status":"FAIL","success":false,"biz_id":"1"}`
	for name, body := range map[string]string{
		"empty":       "",
		"no list":     good,
		"null":        "null",
		"no entries":  "[]",
		"null entry":  "[null]",
		"after it":    "[" + good + "]x",
		"no id":       `[{"report_status":"FAIL","success":false}]`,
		"odd id":      `[{"sid":"a b","report_status":"FAIL","success":false,"biz_id":"a\nb"}]`,
		"long id":     `[{"sid":"` + strings.Repeat("1", 129) + `","report_status":"FAIL","success":false,"biz_id":"` + strings.Repeat("1", 129) + `"}]`,
		"no status":   `[{"sid":"1","biz_id":"1"}]`,
		"odd status":  `[{"sid":"1","report_status":"MAYBE","success":"true","biz_id":"1"}]`,
		"odd time":    `[{"sid":"1","report_status":"FAIL","user_receive_time":"soon","success":false,"biz_id":"1","report_time":"soon"}]`,
		"long code":   `[{"sid":"1","report_status":"FAIL","errmsg":"` + strings.Repeat("x", 300) + `","success":false,"biz_id":"1","err_code":"` + strings.Repeat("x", 300) + `"}]`,
		"one is bad":  "[" + good + `,{"mobile":"13700003482","phone_number":"13700003482"}]`,
		"too many":    "[" + strings.Repeat(good+",", 1000) + good + "]",
		"too long":    "[" + good + strings.Repeat(" ", 512<<10) + "]",
		"number type": `[{"sid":1,"mobile":13700003482,"report_status":"FAIL","success":1,"biz_id":1}]`,
	} {
		for _, p := range []sms.Provider{sms.Tencent, sms.Aliyun} {
			got, err := sms.Reports(p, strings.NewReader(body))
			if got != nil || !errors.Is(err, sms.ErrReport) {
				t.Errorf("%s, %s: got %v, %v, want ErrReport", p, name, got, err)
			} else if strings.Contains(err.Error(), "13700003482") {
				t.Errorf("%s, %s: the error tells a number: %v", p, name, err)
			}
		}
	}
	if _, err := sms.Reports(sms.Tencent, iotest.ErrReader(io.ErrUnexpectedEOF)); !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, sms.ErrReport) {
		t.Errorf("got %v, want the reader's error", err)
	}
	if _, err := sms.Reports("x", strings.NewReader("[]")); err == nil {
		t.Error("an unknown provider is taken")
	}
}

// FuzzReports: whatever is pushed, what comes out is bounded and masked.
func FuzzReports(f *testing.F) {
	f.Add(tencentPush)
	f.Add(aliyunPush)
	f.Fuzz(func(t *testing.T, body string) {
		for _, p := range []sms.Provider{sms.Tencent, sms.Aliyun} {
			list, err := sms.Reports(p, strings.NewReader(body))
			if (err == nil) == (len(list) == 0) {
				t.Fatalf("%d reports with error %v", len(list), err)
			}
			for _, r := range list {
				if r.MessageID == "" || !strings.Contains(r.To, "****") || len(r.Code) > 256 {
					t.Errorf("odd report %+v", r)
				}
			}
		}
	})
}
