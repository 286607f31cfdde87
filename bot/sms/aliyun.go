package sms

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	aliyunURL     = "https://dysmsapi.aliyuncs.com"
	aliyunVersion = "2017-05-25"
	aliyunScheme  = "ACS3-HMAC-SHA256"
)

// aliyun sends one signed request. The signature is made here: the official
// module brings some 60 others, for these forty lines.
type aliyun struct {
	http             *http.Client
	base, host       string
	key, secret      string
	sign             string
	now              func() time.Time
	nonce            func() string
	emptyPayloadHash string
}

func newAliyun(o Options) *aliyun {
	base := strings.TrimRight(o.BaseURL, "/")
	if base == "" {
		base = aliyunURL
	}
	host := base
	if u, err := url.Parse(base); err == nil {
		host = u.Host
	}
	return &aliyun{
		http: &http.Client{
			Transport: transport(),
			// A redirect would carry the message elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		base: base, host: host, key: o.ID, secret: o.Secret, sign: o.Sign, now: time.Now, nonce: rand.Text,
		emptyPayloadHash: hexHash(""),
	}
}

func (a *aliyun) send(ctx context.Context, m message) (answer, error) {
	vars := make(map[string]string, len(m.names))
	for i, name := range m.names {
		vars[name] = m.values[i]
	}
	query := map[string]string{"PhoneNumbers": m.phone, "SignName": a.sign, "TemplateCode": m.template, "OutId": m.id}
	if len(vars) > 0 {
		params, err := json.Marshal(vars)
		if err != nil {
			return answer{}, errMalformed
		}
		query["TemplateParam"] = string(params)
	}
	req, err := a.request(ctx, "SendSms", query)
	if err != nil {
		return answer{}, errMalformed // the error would quote the address, number included
	}
	res, err := a.http.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := readAnswer(res.Body)
	if err != nil {
		return answer{}, err
	}
	var got struct{ Code, Message, BizId, RequestId string }
	err = json.Unmarshal(body, &got)
	switch {
	case res.StatusCode >= 500 || res.StatusCode != http.StatusOK && (err != nil || got.Code == ""):
		// Refusals come with 4xx and a code. Without one it is somebody between.
		return answer{}, &statusError{res.StatusCode}
	case err != nil || got.Code == "" || got.Code == aliyunCodes.ok && (got.BizId == "" || res.StatusCode != http.StatusOK):
		return answer{}, errMalformed
	}
	return answer{code: got.Code, text: got.Message, id: got.BizId, request: got.RequestId}, nil
}

// request makes a signed request of the third signature version. Parameters are
// in the query, where the API wants them.
func (a *aliyun) request(ctx context.Context, action string, query map[string]string) (*http.Request, error) {
	headers := map[string]string{
		"host":                  a.host,
		"x-acs-action":          action,
		"x-acs-content-sha256":  a.emptyPayloadHash,
		"x-acs-date":            a.now().UTC().Format("2006-01-02T15:04:05Z"),
		"x-acs-signature-nonce": a.nonce(),
		"x-acs-version":         aliyunVersion,
	}
	q := canonicalQuery(query)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.base+"/?"+q, nil)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	req.Header.Del("host") // set by the client, from the address
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", aliyunAuthorization(a.key, a.secret, q, headers, a.emptyPayloadHash))
	return req, nil
}

// aliyunAuthorization signs a POST to / with all of headers, whose names are in
// lower case.
func aliyunAuthorization(key, secret, query string, headers map[string]string, payloadHash string) string {
	names := slices.Sorted(maps.Keys(headers))
	var b strings.Builder
	b.WriteString("POST\n/\n" + query + "\n")
	for _, k := range names {
		b.WriteString(k + ":" + strings.TrimSpace(headers[k]) + "\n")
	}
	signed := strings.Join(names, ";")
	b.WriteString("\n" + signed + "\n" + payloadHash)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(aliyunScheme + "\n" + hexHash(b.String())))
	return aliyunScheme + " Credential=" + key + ",SignedHeaders=" + signed + ",Signature=" + hex.EncodeToString(mac.Sum(nil))
}

// canonicalQuery sorts parameters and escapes them by RFC 3986.
func canonicalQuery(query map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(query)) {
		parts = append(parts, escape(k)+"="+escape(query[k]))
	}
	return strings.Join(parts, "&")
}

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func hexHash(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}
