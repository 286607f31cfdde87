package sms_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	keyID, secret = "AKIDexample", "s3cr3t-of-the-key"
	appID         = "1400006666"
	sign          = "上上签"
)

// sent is a message that a stand-in took.
type sent struct {
	Phone, Template, Sign, Reference string
	Values                           []string          // Tencent
	Vars                             map[string]string // Aliyun
}

// standIn answers like a gateway, as far as it is documented: it checks the
// signature from the documentation's recipe, knows which templates are
// approved with which variables, and which numbers must not be written to.
type standIn struct {
	*httptest.Server
	mu        sync.Mutex
	templates map[string][]string // approved, with their variables
	refuse    map[string]string   // phone -> code it is refused with
	text      string              // goes with refuse
	nonces    map[string]bool
	sent      []sent
	down      http.HandlerFunc // instead of all else
}

func newStandIn(t *testing.T, handle func(*standIn, http.ResponseWriter, *http.Request)) *standIn {
	t.Helper()
	s := &standIn{refuse: map[string]string{}, nonces: map[string]bool{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.down != nil {
			s.down(w, r)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		handle(s, w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *standIn) taken() []sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent
}

func mac(key []byte, s string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(s))
	return h.Sum(nil)
}

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// tencentGateway is sms.tencentcloudapi.com: always 200, errors in the body.
func tencentGateway(s *standIn, w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	reply := func(v map[string]any) {
		v["RequestId"] = "ed93f3cb-f35e-473f-b9f3-0d451b8b79c6"
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"Response": v})
	}
	fail := func(code string) {
		reply(map[string]any{"Error": map[string]string{"Code": code, "Message": "refused: " + string(body)}})
	}
	if code := tencentAuth(r, string(body)); code != "" {
		fail(code)
		return
	}
	var in struct {
		PhoneNumberSet, TemplateParamSet                  []string
		SmsSdkAppId, SignName, TemplateId, SessionContext string
	}
	if json.Unmarshal(body, &in) != nil || len(in.PhoneNumberSet) != 1 {
		fail("InvalidParameter")
		return
	}
	vars, approved := s.templates[in.TemplateId]
	phone := strings.TrimPrefix(in.PhoneNumberSet[0], "+86")
	code := "Ok"
	switch {
	case in.SmsSdkAppId != appID:
		fail("UnauthorizedOperation.SmsSdkAppIdVerifyFail")
		return
	case in.SignName != sign:
		code = "FailedOperation.SignatureIncorrectOrUnapproved"
	case !approved || len(vars) != len(in.TemplateParamSet):
		code = "FailedOperation.TemplateIncorrectOrUnapproved"
	case strings.Contains(strings.Join(in.TemplateParamSet, " "), "://"):
		code = "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter"
	case s.refuse[phone] != "":
		code = s.refuse[phone]
	}
	status := map[string]any{"SerialNo": "", "PhoneNumber": in.PhoneNumberSet[0], "Fee": 0, "SessionContext": in.SessionContext,
		"Code": code, "Message": code + " " + phone, "IsoCode": "CN"}
	if code == "Ok" {
		s.sent = append(s.sent, sent{Phone: phone, Template: in.TemplateId, Sign: in.SignName, Reference: in.SessionContext, Values: in.TemplateParamSet})
		status["SerialNo"], status["Fee"] = fmt.Sprintf("2640:%d", len(s.sent)), 1
	}
	reply(map[string]any{"SendStatusSet": []any{status}})
}

var tencentHeader = regexp.MustCompile(`^TC3-HMAC-SHA256 Credential=([^/]+)/(\d{4}-\d\d-\d\d)/sms/tc3_request, SignedHeaders=content-type;host, Signature=([0-9a-f]{64})$`)

// tencentAuth checks a request by the recipe of TC3-HMAC-SHA256.
func tencentAuth(r *http.Request, body string) string {
	if r.Method != "POST" || r.Header.Get("X-TC-Action") != "SendSms" || r.Header.Get("X-TC-Version") != "2021-01-11" || r.Header.Get("X-TC-Region") == "" {
		return "InvalidAction"
	}
	m := tencentHeader.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return "AuthFailure.InvalidAuthorization"
	}
	if m[1] != keyID {
		return "AuthFailure.SecretIdNotFound"
	}
	stamp := r.Header.Get("X-TC-Timestamp")
	unix, err := strconv.ParseInt(stamp, 10, 64)
	at := time.Unix(unix, 0)
	if err != nil || time.Since(at).Abs() > 5*time.Minute || at.UTC().Format(time.DateOnly) != m[2] {
		return "AuthFailure.SignatureExpire"
	}
	canonical := "POST\n/\n\ncontent-type:" + r.Header.Get("Content-Type") + "\nhost:" + r.Host + "\n\ncontent-type;host\n" + sum(body)
	text := "TC3-HMAC-SHA256\n" + stamp + "\n" + m[2] + "/sms/tc3_request\n" + sum(canonical)
	key := mac(mac(mac([]byte("TC3"+secret), m[2]), "sms"), "tc3_request")
	if hex.EncodeToString(mac(key, text)) != m[3] {
		return "AuthFailure.SignatureFailure"
	}
	return ""
}

// aliyunGateway is dysmsapi.aliyuncs.com: what its front refuses comes with
// 4xx, what the service refuses with 200.
func aliyunGateway(s *standIn, w http.ResponseWriter, r *http.Request) {
	reply := func(status int, v map[string]string) {
		v["RequestId"] = "819BE656-D2E0-4858-8B21-B2E477085AAF"
		w.Header().Set("Content-Type", "application/json;charset=utf-8")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(v)
	}
	if code := s.aliyunAuth(r); code != "" {
		reply(http.StatusBadRequest, map[string]string{"Code": code, "Message": "Specified request is refused: " + r.URL.RawQuery, "HostId": r.Host})
		return
	}
	q := r.URL.Query()
	vars := map[string]string{}
	wrong := q.Has("TemplateParam") && json.Unmarshal([]byte(q.Get("TemplateParam")), &vars) != nil
	names, approved := s.templates[q.Get("TemplateCode")]
	phone, code, text := q.Get("PhoneNumbers"), "OK", "OK"
	switch {
	case wrong:
		code = "isv.INVALID_JSON_PARAM"
	case q.Get("SignName") != sign:
		code = "isv.SMS_SIGNATURE_ILLEGAL"
	case !approved:
		code = "isv.SMS_TEMPLATE_ILLEGAL"
	case s.refuse[phone] != "":
		code, text = s.refuse[phone], s.text
	}
	for _, n := range names {
		if vars[n] == "" && code == "OK" {
			code = "isv.TEMPLATE_MISSING_PARAMETERS"
		}
	}
	if code != "OK" {
		reply(http.StatusOK, map[string]string{"Code": code, "Message": text + " " + phone})
		return
	}
	s.sent = append(s.sent, sent{Phone: phone, Template: q.Get("TemplateCode"), Sign: q.Get("SignName"), Reference: q.Get("OutId"), Vars: vars})
	reply(http.StatusOK, map[string]string{"Code": "OK", "Message": "OK", "BizId": fmt.Sprintf("9006195%d^0", len(s.sent))})
}

var aliyunHeader = regexp.MustCompile(`^ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([a-z0-9;-]+),Signature=([0-9a-f]{64})$`)

// aliyunAuth checks a request by the recipe of ACS3-HMAC-SHA256.
func (s *standIn) aliyunAuth(r *http.Request) string {
	m := aliyunHeader.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return "IncompleteSignature"
	}
	if m[1] != keyID {
		return "InvalidAccessKeyId.NotFound"
	}
	at, err := time.Parse("2006-01-02T15:04:05Z", r.Header.Get("X-Acs-Date"))
	if err != nil || time.Since(at).Abs() > 15*time.Minute {
		return "InvalidTimeStamp.Expired"
	}
	nonce := r.Header.Get("X-Acs-Signature-Nonce")
	if nonce == "" || s.nonces[nonce] {
		return "SignatureNonceUsed"
	}
	s.nonces[nonce] = true
	body, _ := io.ReadAll(r.Body)
	if r.Header.Get("X-Acs-Content-Sha256") != sum(string(body)) {
		return "SignatureDoesNotMatch"
	}
	// Every common header that is there must be signed.
	want := []string{"host"}
	for k := range r.Header {
		if k = strings.ToLower(k); strings.HasPrefix(k, "x-acs-") || k == "content-type" {
			want = append(want, k)
		}
	}
	sort.Strings(want)
	canonical := r.Method + "\n" + r.URL.Path + "\n" + r.URL.RawQuery + "\n"
	for _, k := range want {
		v := r.Header.Get(k)
		if k == "host" {
			v = r.Host
		}
		canonical += k + ":" + strings.TrimSpace(v) + "\n"
	}
	canonical += "\n" + strings.Join(want, ";") + "\n" + sum(string(body))
	if strings.Join(want, ";") != m[2] || !sorted(r.URL.RawQuery) ||
		hex.EncodeToString(mac([]byte(secret), "ACS3-HMAC-SHA256\n"+sum(canonical))) != m[3] {
		return "SignatureDoesNotMatch"
	}
	if r.Header.Get("X-Acs-Action") != "SendSms" || r.Header.Get("X-Acs-Version") != "2017-05-25" {
		return "InvalidAction.NotFound"
	}
	return ""
}

// sorted reports whether a query is canonical: in order, blanks as %20.
func sorted(query string) bool {
	return sort.StringsAreSorted(strings.Split(query, "&")) && !strings.ContainsAny(query, "+*")
}
