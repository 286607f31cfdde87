package sms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	tcerrors "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/errors"
	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"
)

const tencentRegion = "ap-guangzhou"

// tencent sends by the provider's generic client, which signs requests. Its
// errors quote bodies, so that only their codes and causes are passed on.
type tencent struct {
	client    *common.Client
	app, sign string
}

func newTencent(o Options) *tencent {
	p := profile.NewClientProfile()
	p.HttpProfile.ReqTimeout = 0 // the context ends a request
	if u, err := url.Parse(o.BaseURL); err == nil && u.Host != "" {
		p.HttpProfile.Scheme, p.HttpProfile.Endpoint = u.Scheme, u.Host
	}
	region := o.Region
	if region == "" {
		region = tencentRegion
	}
	c := common.NewCommonClient(common.NewCredential(o.ID, o.Secret), region, p)
	return &tencent{client: c.WithHttpTransport(&strict{transport()}), app: o.App, sign: o.Sign}
}

func (t *tencent) send(ctx context.Context, m message) (answer, error) {
	req := tchttp.NewCommonRequest("sms", "2021-01-11", "SendSms")
	req.SetContext(ctx)
	err := req.SetActionParameters(map[string]any{
		"PhoneNumberSet":   []string{"+86" + m.phone},
		"SmsSdkAppId":      t.app,
		"SignName":         t.sign,
		"TemplateId":       m.template,
		"TemplateParamSet": m.values,
		"SessionContext":   m.id,
	})
	if err != nil {
		return answer{}, errMalformed
	}
	res := tchttp.NewCommonResponse()
	if err := t.client.Send(req, res); err != nil {
		return tencentError(err)
	}
	var body struct {
		Response struct {
			RequestId     string
			SendStatusSet []struct{ SerialNo, Code, Message string }
		}
	}
	if err := json.Unmarshal(res.GetBody(), &body); err != nil || len(body.Response.SendStatusSet) != 1 {
		return answer{}, errMalformed
	}
	s := body.Response.SendStatusSet[0]
	if s.Code == "" || s.Code == tencentCodes.ok && s.SerialNo == "" {
		return answer{}, errMalformed
	}
	return answer{code: s.Code, text: s.Message, id: s.SerialNo, request: body.Response.RequestId}, nil
}

// tencentError tells an error that the gateway answered from a lost answer.
func tencentError(err error) (answer, error) {
	var u *url.Error
	if errors.As(err, &u) {
		return answer{}, u.Err
	}
	var e *tcerrors.TencentCloudSDKError
	if errors.As(err, &e) && !strings.HasPrefix(e.Code, "ClientError.") {
		return answer{code: e.Code, text: e.Message, request: e.RequestId}, nil
	}
	return answer{}, errMalformed
}

// strict lets nothing through but an answer of the documented outline and a
// bounded size. The generic client reads bodies whole, follows redirects with the
// message in them, quotes what it cannot read, and fails on a null.
type strict struct{ next http.RoundTripper }

func (s *strict) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := s.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, &statusError{res.StatusCode}
	}
	body, err := readAnswer(res.Body)
	if err != nil {
		return nil, err
	}
	var outline struct{ Response map[string]json.RawMessage }
	if json.Unmarshal(body, &outline) != nil || outline.Response == nil {
		return nil, errMalformed
	}
	res.Header.Set("Content-Type", "application/json")
	res.Body = io.NopCloser(strings.NewReader(string(body)))
	return res, nil
}

// readAnswer reads a gateway's answer. Too long a one is malformed.
func readAnswer(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if len(body) > maxAnswer {
		return nil, errMalformed
	}
	return body, nil
}
