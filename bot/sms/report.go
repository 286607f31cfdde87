package sms

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// A Report says what became of a message that the gateway took. One may come
// more than once, and before the [Receipt] of its message was noted.
type Report struct {
	MessageID string    // that of the Receipt
	Delivery  string    // our delivery id; "" with Tencent, which does not return it
	To        string    // masked
	Delivered bool      // whether the phone has it
	Code      string    // the carrier's or the gateway's, e.g. "DELIVRD"
	At        time.Time // when the carrier said so; zero if it did not
}

// Limits of a push of reports.
const (
	maxReportBody = 512 << 10 // bytes
	maxReports    = 1000      // of one push
	maxField      = 256       // bytes of a field that is kept
)

// ErrReport is a body that is no push of reports.
var ErrReport = errors.New("sms: malformed delivery report")

// Reports reads the body of a push. All of it is refused with [ErrReport] when
// anything in it is not as documented; other errors are those of reading.
//
// Neither gateway signs its pushes: the caller keeps their address secret, or
// takes them from the gateway's networks only, and believes no report about a
// message that it did not send.
func Reports(p Provider, body io.Reader) ([]Report, error) {
	raw, err := io.ReadAll(io.LimitReader(body, maxReportBody+1))
	if err != nil {
		return nil, fmt.Errorf("sms: read delivery report: %w", err)
	}
	if len(raw) > maxReportBody {
		return nil, fmt.Errorf("%w: over %d bytes", ErrReport, maxReportBody)
	}
	switch p {
	case Tencent:
		return decode[tencentReport](raw)
	case Aliyun:
		return decode[aliyunReport](raw)
	}
	return nil, fmt.Errorf("sms: delivery report of unknown provider %q", p)
}

// Accepted is the body that tells the gateway to push no more of these reports.
func Accepted(p Provider) []byte {
	if p == Tencent {
		return []byte(`{"result":0,"errmsg":"OK"}`)
	}
	return []byte(`{"code":0,"msg":"OK"}`)
}

func decode[T interface{ report() (Report, error) }](raw []byte) ([]Report, error) {
	var list []T
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("%w: not the documented JSON", ErrReport) // the cause may quote a number
	}
	if len(list) == 0 || len(list) > maxReports {
		return nil, fmt.Errorf("%w: %d entries, want 1 to %d", ErrReport, len(list), maxReports)
	}
	out := make([]Report, len(list))
	for i, t := range list {
		r, err := t.report()
		if err != nil {
			return nil, fmt.Errorf("%w: entry %d: %w", ErrReport, i, err)
		}
		out[i] = r
	}
	return out, nil
}

type tencentReport struct {
	Received string `json:"user_receive_time"`
	Nation   string `json:"nationcode"`
	Mobile   string `json:"mobile"`
	Status   string `json:"report_status"`
	Code     string `json:"errmsg"`
	ID       string `json:"sid"`
}

func (t tencentReport) report() (Report, error) {
	if t.Status != "SUCCESS" && t.Status != "FAIL" {
		return Report{}, errors.New("neither SUCCESS nor FAIL")
	}
	return newReport(Report{MessageID: t.ID, Delivered: t.Status == "SUCCESS", Code: t.Code}, t.Mobile, t.Received)
}

type aliyunReport struct {
	Phone    string `json:"phone_number"`
	Reported string `json:"report_time"`
	Success  *bool  `json:"success"`
	Code     string `json:"err_code"`
	ID       string `json:"biz_id"`
	OutID    string `json:"out_id"`
}

func (a aliyunReport) report() (Report, error) {
	if a.Success == nil {
		return Report{}, errors.New("success is missing")
	}
	if a.OutID != "" && !reference(a.OutID) {
		return Report{}, errors.New("out_id is not ours")
	}
	return newReport(Report{MessageID: a.ID, Delivery: a.OutID, Delivered: *a.Success, Code: a.Code}, a.Phone, a.Reported)
}

func newReport(r Report, phone, at string) (Report, error) {
	switch {
	case !reference(r.MessageID):
		return Report{}, errors.New("the message id is missing or odd")
	case len(r.Code) > maxField || len(phone) > maxField:
		return Report{}, errors.New("a field is too long")
	}
	r.Code, r.To = cut(r.Code), mask(phone)
	if at == "" {
		return r, nil
	}
	var err error
	if r.At, err = time.ParseInLocation(time.DateTime, at, china); err != nil {
		return Report{}, errors.New("the time is odd") // the cause quotes it
	}
	return r, nil
}
