package sms_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signdesk/bot/channel"
	"signdesk/bot/sms"
)

const (
	phone = "13700003482"
	link  = "https://ent.bestsign.info/s/2vzZfAub?type=2"
)

var (
	t1     = sms.Template{ID: "SMS_1110", Vars: []string{"name", "account", "link"}}
	notice = sms.Notice{ID: "N-01J5/sms", To: phone, Template: "T1", Link: link,
		Args: map[string]string{"name": "李示二 *+ ~/&=", "account": "138****0002", "brand": "上上签"}}
)

// providers are the gateways with their stand-ins.
var providers = map[sms.Provider]func(*standIn, http.ResponseWriter, *http.Request){
	sms.Tencent: tencentGateway,
	sms.Aliyun:  aliyunGateway,
}

func options(p sms.Provider, url string) sms.Options {
	return sms.Options{Provider: p, Mode: sms.CodeMode, ID: keyID, Secret: secret, App: appID, Sign: sign, BaseURL: url,
		Templates: map[string]sms.Template{"T1": t1, "T10-sent": {ID: "SMS_10"}},
		Now:       func() time.Time { return time.Date(2022, 5, 26, 15, 30, 0, 0, time.UTC) }} // 23:30 in China
}

func start(t *testing.T, p sms.Provider, change func(*sms.Options)) (*sms.Gateway, *standIn) {
	t.Helper()
	s := newStandIn(t, providers[p])
	s.templates = map[string][]string{"SMS_1110": t1.Vars, "SMS_10": nil}
	o := options(p, s.URL)
	if change != nil {
		change(&o)
	}
	g, err := sms.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return g, s
}

// each runs a test with both gateways.
func each(t *testing.T, test func(t *testing.T, p sms.Provider)) {
	t.Parallel()
	for p := range providers {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			test(t, p)
		})
	}
}

// sendError checks that an error is a SendError that tells nothing it should not.
func sendError(t *testing.T, err error) *channel.SendError {
	t.Helper()
	var e *channel.SendError
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a SendError", err)
	}
	for _, private := range []string{phone, secret, "2vzZfAub", "李示二", "PhoneNumbers", "PhoneNumberSet"} {
		if strings.Contains(err.Error(), private) {
			t.Errorf("the error tells %s: %v", private, err)
		}
	}
	return e
}

func TestSend(t *testing.T) {
	each(t, func(t *testing.T, p sms.Provider) {
		g, s := start(t, p, nil)
		r, err := g.Send(t.Context(), notice)
		if err != nil {
			t.Fatal(err)
		}
		if r.MessageID == "" || r.RequestID == "" {
			t.Errorf("receipt %+v lacks something", r)
		}
		want := sent{Phone: phone, Template: "SMS_1110", Sign: sign, Reference: notice.ID}
		if p == sms.Tencent {
			want.Values = []string{"李示二 *+ ~/&=", "138****0002", "2vzZfAub"}
		} else {
			want.Vars = map[string]string{"name": "李示二 *+ ~/&=", "account": "138****0002", "link": "2vzZfAub"}
		}
		if diff := cmp.Diff([]sent{want}, s.taken()); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
	})
}

func TestSendWithoutVariables(t *testing.T) {
	each(t, func(t *testing.T, p sms.Provider) {
		g, s := start(t, p, nil)
		if _, err := g.Send(t.Context(), sms.Notice{ID: "N-2", To: "+86 137-0000-3482", Template: "T10-sent"}); err != nil {
			t.Fatal(err)
		}
		if got := s.taken(); len(got) != 1 || got[0].Phone != phone {
			t.Errorf("sent %+v", got)
		}
	})
}

func TestSendConcurrently(t *testing.T) {
	each(t, func(t *testing.T, p sms.Provider) {
		g, s := start(t, p, nil)
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				n := notice
				n.ID = fmt.Sprint("N-", i)
				if _, err := g.Send(t.Context(), n); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := len(s.taken()); got != 20 {
			t.Errorf("%d of 20 arrived", got)
		}
	})
}

// TestLinkMode: Tencent takes no addresses in variables, so the mode is what
// must be changed; a person's own words with an address are just refused.
func TestLinkMode(t *testing.T) {
	t.Parallel()
	mode := func(o *sms.Options) { o.Mode = sms.LinkMode }
	g, s := start(t, sms.Aliyun, mode)
	if _, err := g.Send(t.Context(), notice); err != nil {
		t.Fatal(err)
	}
	if got := s.taken()[0].Vars["link"]; got != link {
		t.Errorf("link %q, want %q", got, link)
	}
	g, _ = start(t, sms.Tencent, mode)
	_, err := g.Send(t.Context(), notice)
	if e := sendError(t, err); e.Kind != channel.Config {
		t.Errorf("got %v, want config", err)
	}
	g, _ = start(t, sms.Tencent, nil)
	n := notice
	n.Args = map[string]string{"name": "http://evil.example", "account": "x"}
	_, err = g.Send(t.Context(), n)
	if e := sendError(t, err); e.Kind != channel.Rejected {
		t.Errorf("got %v, want rejected", err)
	}
}

func TestValuesAreOneShortLine(t *testing.T) {
	t.Parallel()
	g, s := start(t, sms.Tencent, nil)
	n := notice
	n.Args = map[string]string{"name": " 张\n三\t\r ", "account": strings.Repeat("长", 500)}
	if _, err := g.Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	got := s.taken()[0].Values
	if want := strings.Repeat("长", 199) + "…"; got[0] != "张 三" || got[1] != want {
		t.Errorf("values %q", got)
	}
}

func TestRefusedWithoutSending(t *testing.T) {
	each(t, func(t *testing.T, p sms.Provider) {
		g, s := start(t, p, nil)
		for name, c := range map[string]struct {
			change func(*sms.Notice)
			want   channel.Failure
		}{
			"landline":     {func(n *sms.Notice) { n.To = "057112345678" }, channel.Rejected},
			"e-mail":       {func(n *sms.Notice) { n.To = "a@example.com" }, channel.Rejected},
			"list":         {func(n *sms.Notice) { n.To = phone + ",13800000001" }, channel.Rejected},
			"no id":        {func(n *sms.Notice) { n.ID = "" }, channel.Rejected},
			"long id":      {func(n *sms.Notice) { n.ID = strings.Repeat("x", 129) }, channel.Rejected},
			"odd id":       {func(n *sms.Notice) { n.ID = "a\nb" }, channel.Rejected},
			"no template":  {func(n *sms.Notice) { n.Template = "T2" }, channel.Config},
			"no value":     {func(n *sms.Notice) { n.Args = nil }, channel.Config},
			"no link":      {func(n *sms.Notice) { n.Link = "" }, channel.Config},
			"odd code":     {func(n *sms.Notice) { n.Link = "https://x.example/s/abc" }, channel.Config},
			"not a web":    {func(n *sms.Notice) { n.Link = "javascript://x/s/2vzZfAub" }, channel.Config},
			"code in host": {func(n *sms.Notice) { n.Link = "https://2vzZfAub" }, channel.Config},
		} {
			n := notice
			c.change(&n)
			_, err := g.Send(t.Context(), n)
			if e := sendError(t, err); e.Kind != c.want {
				t.Errorf("%s: got %v, want %s", name, err, c.want)
			}
		}
		if got := s.taken(); len(got) != 0 {
			t.Errorf("sent %+v", got)
		}
	})
}

const untilMidnight = 30 * time.Minute // by the clock of options

var refusals = []struct {
	provider   sms.Provider
	code, text string
	want       channel.Failure
	after      time.Duration
}{
	{sms.Tencent, "LimitExceeded.PhoneNumberThirtySecondLimit", "", channel.Throttled, 30 * time.Second},
	{sms.Tencent, "LimitExceeded.PhoneNumberOneHourLimit", "", channel.Throttled, time.Hour},
	{sms.Tencent, "LimitExceeded.PhoneNumberDailyLimit", "", channel.Throttled, untilMidnight},
	{sms.Tencent, "LimitExceeded.DeliveryFrequencyLimit", "", channel.Throttled, 10 * time.Minute},
	{sms.Tencent, "RequestLimitExceeded.UinLimitExceeded", "", channel.Throttled, time.Second},
	{sms.Tencent, "FailedOperation.PhoneNumberInBlacklist", "", channel.Rejected, 0},
	{sms.Tencent, "InvalidParameterValue.IncorrectPhoneNumber", "", channel.Rejected, 0},
	{sms.Tencent, "InvalidParameterValue.TemplateParameterFormatError", "", channel.Config, 0},
	{sms.Tencent, "FailedOperation.InsufficientBalanceInSmsPackage", "", channel.Config, 0},
	{sms.Tencent, "UnauthorizedOperation.SerivceSuspendDueToArrears", "", channel.Config, 0},
	{sms.Tencent, "InternalError.SigVerificationFail", "", channel.Config, 0},
	{sms.Tencent, "InternalError.Timeout", "", channel.Retry, 0},
	{sms.Tencent, "FailedOperation.OtherError", "", channel.Retry, 0},
	{sms.Tencent, "Something.New", "", channel.Retry, 0},
	{sms.Aliyun, "isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1", channel.Throttled, time.Minute},
	{sms.Aliyun, "isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:5", channel.Throttled, time.Hour},
	{sms.Aliyun, "isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:10", channel.Throttled, untilMidnight},
	{sms.Aliyun, "isv.BUSINESS_LIMIT_CONTROL", "?", channel.Throttled, 10 * time.Minute},
	{sms.Aliyun, "isv.DAY_LIMIT_CONTROL", "", channel.Throttled, untilMidnight},
	{sms.Aliyun, "isv.MONTH_LIMIT_CONTROL", "", channel.Config, 0},
	{sms.Aliyun, "Throttling.User", "", channel.Throttled, time.Second},
	{sms.Aliyun, "isv.MOBILE_NUMBER_ILLEGAL", "", channel.Rejected, 0},
	{sms.Aliyun, "isv.BLACK_KEY_CONTROL_LIMIT", "", channel.Rejected, 0},
	{sms.Aliyun, "isv.PARAM_NOT_SUPPORT_URL", "", channel.Rejected, 0},
	{sms.Aliyun, "isv.AMOUNT_NOT_ENOUGH", "", channel.Config, 0},
	{sms.Aliyun, "isv.ACCOUNT_ABNORMAL", "", channel.Config, 0},
	{sms.Aliyun, "isp.RAM_PERMISSION_DENY", "", channel.Config, 0},
	{sms.Aliyun, "isp.SYSTEM_ERROR", "", channel.Retry, 0},
	{sms.Aliyun, "Something.New", "", channel.Retry, 0},
}

func TestRefusedByGateway(t *testing.T) {
	t.Parallel()
	for _, c := range refusals {
		t.Run(c.code+c.text, func(t *testing.T) {
			t.Parallel()
			g, s := start(t, c.provider, nil)
			s.refuse[phone], s.text = c.code, c.text
			_, err := g.Send(t.Context(), notice)
			e := sendError(t, err)
			if e.Kind != c.want || e.After != c.after || e.Code != c.code {
				t.Errorf("got %s after %v with code %q, want %s after %v with %q", e.Kind, e.After, e.Code, c.want, c.after, c.code)
			}
			if !strings.Contains(err.Error(), "137****3482") {
				t.Errorf("the error does not say to whom: %v", err)
			}
		})
	}
}

func TestWrongSettings(t *testing.T) {
	each(t, func(t *testing.T, p sms.Provider) {
		for name, change := range map[string]func(*sms.Options){
			"key":      func(o *sms.Options) { o.ID = "AKIDother" },
			"secret":   func(o *sms.Options) { o.Secret = "other" },
			"sign":     func(o *sms.Options) { o.Sign = "别家" },
			"template": func(o *sms.Options) { o.Templates = map[string]sms.Template{"T1": {ID: "SMS_404", Vars: t1.Vars}} },
		} {
			g, s := start(t, p, change)
			_, err := g.Send(t.Context(), notice)
			if e := sendError(t, err); e.Kind != channel.Config || e.Code == "" {
				t.Errorf("%s: got %v, want config with the gateway's code", name, err)
			}
			if len(s.taken()) != 0 {
				t.Errorf("%s: sent", name)
			}
		}
	})
}

// TestNoAnswer: whatever stands between may answer anything.
func TestNoAnswer(t *testing.T) {
	each(t, func(t *testing.T, p sms.Provider) {
		write := func(status int, body string) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status); io.WriteString(w, body) }
		}
		echo := func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body); io.WriteString(w, r.URL.RawQuery) }
		elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { t.Error("followed a redirect") }))
		defer elsewhere.Close()
		for name, c := range map[string]struct {
			down http.HandlerFunc
			want channel.Failure
		}{
			"500":          {write(500, "oops "+phone), channel.Retry},
			"503 json":     {write(503, `{"Code":"OK","BizId":"1","Response":{"RequestId":"1"}}`), channel.Retry},
			"429":          {write(429, ""), channel.Throttled},
			"404":          {write(404, "<html>"), channel.Config},
			"407":          {write(407, "<html>"), channel.Config},
			"html":         {write(200, "<html>"+phone), channel.Retry},
			"echo":         {echo, channel.Retry},
			"empty":        {write(200, ""), channel.Retry},
			"null":         {write(200, "null"), channel.Retry},
			"empty object": {write(200, "{}"), channel.Retry},
			"two answers":  {write(200, `{"Code":"OK"}{"Response":{"SendStatusSet":[{"Code":"Ok","SerialNo":"1"},{}]}}`), channel.Retry},
			"no serial":    {write(200, `{"Code":"OK","Response":{"SendStatusSet":[{"Code":"Ok"}]}}`), channel.Retry},
			"huge":         {write(200, `{"Response":{"SendStatusSet":[{"Code":"Ok","SerialNo":"1"}]},"Code":"OK","BizId":"1","x":"`+strings.Repeat("x", 1<<17)+`"}`), channel.Retry},
			"cut off":      {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, channel.Retry},
			"redirect": {func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
			}, channel.Config},
			"stream": {func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				io.WriteString(w, "data: x\n\n")
			}, channel.Retry},
		} {
			g, s := start(t, p, nil)
			s.down = c.down
			_, err := g.Send(t.Context(), notice)
			if e := sendError(t, err); e.Kind != c.want {
				t.Errorf("%s: got %v, want %s", name, err, c.want)
			}
		}
	})
}

func TestTimeouts(t *testing.T) {
	each(t, func(t *testing.T, p sms.Provider) {
		g, s := start(t, p, func(o *sms.Options) { o.Timeout = 50 * time.Millisecond })
		s.down = func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body) // or the server does not notice that the client left
			<-r.Context().Done()
		}
		_, err := g.Send(t.Context(), notice)
		if e := sendError(t, err); e.Kind != channel.Retry || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want retry after a deadline", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = g.Send(ctx, notice)
		if e := sendError(t, err); e.Kind != channel.Retry || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want retry after a cancellation", err)
		}
		s.Close()
		_, err = g.Send(t.Context(), notice)
		if e := sendError(t, err); e.Kind != channel.Retry {
			t.Errorf("got %v, want retry when nobody is there", err)
		}
	})
}

func TestNewNamesEveryMistake(t *testing.T) {
	t.Parallel()
	_, err := sms.New(sms.Options{Provider: "x", BaseURL: "http://sms.example", Sign: "【上上签】", Timeout: -1,
		Templates: map[string]sms.Template{"T1": {Vars: []string{"a b", "c", "c"}}}})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"provider", "mode", "access key", "signature", "timeout", "base url", "T1 has no id", `"a b" is no name`, "c stands twice"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q: %v", want, err)
		}
	}
	o := options(sms.Tencent, "")
	o.App = ""
	if _, err := sms.New(o); err == nil || !strings.Contains(err.Error(), "app id") {
		t.Errorf("got %v, want the missing app id", err)
	}
	for _, p := range []sms.Provider{sms.Tencent, sms.Aliyun} {
		if _, err := sms.New(options(p, "")); err != nil {
			t.Error(err)
		}
	}
}

func TestLogsHideWhatIsPrivate(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "notice", notice, "options", options(sms.Tencent, ""))
	for _, private := range []string{phone, secret, keyID, "2vzZfAub", "李示二"} {
		if strings.Contains(b.String(), private) {
			t.Errorf("the log tells %s: %s", private, &b)
		}
	}
	if !strings.Contains(b.String(), "137****3482") {
		t.Errorf("the log lacks the masked number: %s", &b)
	}
}
