package sms

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"signdesk/bot/channel"
)

// tomorrow stands for the wait until the next day begins: limits of a day are
// counted by the calendar of China.
const tomorrow time.Duration = -1

// unclearWait is for limits that do not say when they end.
const unclearWait = 10 * time.Minute

// A rule says what a gateway's code means for the message.
type rule struct {
	kind  channel.Failure
	after time.Duration // Throttled only
}

var (
	retry    = rule{kind: channel.Retry}
	rejected = rule{kind: channel.Rejected}
	config   = rule{kind: channel.Config}
)

func throttled(after time.Duration) rule { return rule{channel.Throttled, after} }

// codes are what one gateway answers.
type codes struct {
	ok      string
	exact   map[string]rule
	prefix  []prefixRule // the first that fits, for codes that are not in exact
	links   []string     // codes that refuse an address in a variable
	message func(text string) (after time.Duration, ok bool)
}

type prefixRule struct {
	prefix string
	rule   rule
}

// failure returns what a refusal means. An unknown code is taken for a passing
// one: tries end some time, a lost message does not come back.
func (c codes) failure(a answer, now time.Time) (channel.Failure, time.Duration) {
	r, known := c.exact[a.code]
	if !known {
		r = retry
		for _, p := range c.prefix {
			if strings.HasPrefix(a.code, p.prefix) {
				r = p.rule
				break
			}
		}
	}
	if r.kind == channel.Throttled && c.message != nil {
		if after, ok := c.message(a.text); ok {
			r.after = after
		}
	}
	if r.after == tomorrow {
		local := now.In(china)
		r.after = time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, china).Sub(local)
	}
	return r.kind, r.after
}

// china is the gateways' time: no summer time since 1991.
var china = time.FixedZone("CST", 8*60*60)

// tencentCodes follow the API's documentation (errors of SendSms 2021-01-11 and
// the common errors of API 3.0).
var tencentCodes = codes{
	ok:    "Ok",
	links: []string{"InvalidParameterValue.ProhibitedUseUrlInTemplateParameter"},
	exact: map[string]rule{
		"LimitExceeded.PhoneNumberThirtySecondLimit":     throttled(30 * time.Second),
		"LimitExceeded.PhoneNumberOneHourLimit":          throttled(time.Hour),
		"LimitExceeded.PhoneNumberDailyLimit":            throttled(tomorrow),
		"LimitExceeded.PhoneNumberSameContentDailyLimit": throttled(tomorrow),
		"LimitExceeded.AppDailyLimit":                    throttled(tomorrow),
		"LimitExceeded.AppMainlandChinaDailyLimit":       throttled(tomorrow),
		"LimitExceeded.DailyLimit":                       throttled(tomorrow),

		"FailedOperation.PhoneNumberInBlacklist":                          rejected,
		"FailedOperation.ContainSensitiveWord":                            rejected,
		"InvalidParameter.DirtyWordFound":                                 rejected,
		"InvalidParameterValue.IncorrectPhoneNumber":                      rejected,
		"InvalidParameterValue.ContentLengthLimit":                        rejected,
		"InvalidParameterValue.TemplateParameterLengthLimit":              rejected,
		"InvalidParameterValue.ProhibitedUseUrlInTemplateParameter":       rejected,
		"UnsupportedOperation.UnsuportedRegion":                           rejected,
		"UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone":       rejected,
		"UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber": rejected,

		"FailedOperation.FailResolvePacket":                        config,
		"FailedOperation.InsufficientBalanceInSmsPackage":          config,
		"FailedOperation.JsonParseFail":                            config,
		"FailedOperation.MarketingSendTimeConstraint":              config, // a notice sent by a template for advertising
		"FailedOperation.ParametersOtherError":                     config,
		"FailedOperation.SignatureIncorrectOrUnapproved":           config,
		"FailedOperation.TemplateIncorrectOrUnapproved":            config,
		"FailedOperation.TemplateParamSetNotMatchApprovedTemplate": config,
		"FailedOperation.TemplateUnapprovedOrNotExist":             config,
		"InternalError.JsonParseFail":                              config,
		"InternalError.RestApiInterfaceNotExist":                   config,
		"InternalError.SigFieldMissing":                            config,
		"InternalError.SigVerificationFail":                        config,
		"InternalError.RequestTimeException":                       config, // our clock is wrong
		"IpInBlacklist":                                            config,
		"IpNotInWhitelist":                                         config,
		"NoSuchProduct":                                            config,
		"NoSuchVersion":                                            config,
		"ActionOffline":                                            config,
	},
	prefix: []prefixRule{
		{"AuthFailure", config},
		{"UnauthorizedOperation", config},
		{"InvalidParameter", config}, // and InvalidParameterValue
		{"MissingParameter", config},
		{"UnknownParameter", config},
		{"InvalidAction", config},
		{"InvalidRequest", config},
		{"UnsupportedOperation", config},
		{"UnsupportedProtocol", config},
		{"UnsupportedRegion", config},
		{"RequestLimitExceeded", throttled(time.Second)}, // requests a second
		{"LimitExceeded", throttled(unclearWait)},
	},
}

// aliyunCodes follow the documentation of Dysmsapi 2017-05-25 and the common
// errors of its gateway.
var aliyunCodes = codes{
	ok:      "OK",
	links:   []string{"isv.PARAM_NOT_SUPPORT_URL"},
	message: aliyunWait,
	exact: map[string]rule{
		"isv.BUSINESS_LIMIT_CONTROL": throttled(unclearWait), // its text says which limit
		"isv.DAY_LIMIT_CONTROL":      throttled(tomorrow),
		"VALVE:M_MC":                 throttled(time.Minute),
		"VALVE:H_MC":                 throttled(time.Hour),
		"VALVE:D_MC":                 throttled(tomorrow),

		"isv.MOBILE_NUMBER_ILLEGAL":         rejected,
		"isv.BLACK_KEY_CONTROL_LIMIT":       rejected,
		"isv.SMS_CONTENT_ILLEGAL":           rejected,
		"isv.PARAM_LENGTH_LIMIT":            rejected,
		"isv.PARAM_NOT_SUPPORT_URL":         rejected,
		"isv.TEMPLATE_PARAMS_ILLEGAL":       rejected,
		"isv.DOMESTIC_NUMBER_NOT_SUPPORTED": rejected,
		"FILTER":                            rejected,

		"isp.RAM_PERMISSION_DENY":   config,
		"SIGNATURE_BLACKLIST":       config,
		"SignatureDoesNotMatch":     config,
		"IncompleteSignature":       config,
		"InvalidTimeStamp.Expired":  config, // our clock is wrong
		"SignatureNonceUsed":        retry,  // the next try draws another
		"ServiceUnavailable":        retry,
		"InternalError":             retry,
		"isv.MONTH_LIMIT_CONTROL":   config, // too far off to wait for
		"isv.AMOUNT_NOT_ENOUGH":     config,
		"isv.OUT_OF_SERVICE":        config,
		"isv.SMS_SIGNATURE_ILLEGAL": config,
		"isv.SMS_TEMPLATE_ILLEGAL":  config,
	},
	prefix: []prefixRule{
		{"Throttling", throttled(time.Second)},
		{"InvalidAccessKey", config},
		{"InvalidVersion", config},
		{"InvalidAction", config},
		{"InvalidParameter", config},
		{"Missing", config},
		{"Forbidden", config},
		{"NoPermission", config},
		{"isv.", config}, // the sender's side
		{"isp.", retry},  // the provider's side
	},
}

// aliyunWait reads which limit was hit: 触发分钟级流控Permits:1.
func aliyunWait(text string) (time.Duration, bool) {
	switch {
	case strings.Contains(text, "分钟级"):
		return time.Minute, true
	case strings.Contains(text, "小时级"):
		return time.Hour, true
	case strings.Contains(text, "天级"):
		return tomorrow, true
	}
	return 0, false
}

// errMalformed is an answer that cannot be read. It does not quote it.
var errMalformed = errors.New("malformed answer")

// statusError is an answer of HTTP without one of the gateway's own.
type statusError struct{ status int }

func (e *statusError) Error() string { return fmt.Sprintf("http status %d", e.status) }

// unanswered returns what a lost answer means. Whether the message was sent is
// not known.
func unanswered(err error) *channel.SendError {
	var status *statusError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &status):
		e := &channel.SendError{Kind: channel.Config, Code: fmt.Sprintf("http %d", status.status)}
		switch {
		case status.status == http.StatusTooManyRequests:
			e.Kind, e.After = channel.Throttled, unclearWait
		case status.status >= 500 || status.status == http.StatusRequestTimeout:
			e.Kind = channel.Retry
		}
		return e
	case errors.As(err, &certificate):
		return &channel.SendError{Kind: channel.Config}
	}
	return &channel.SendError{Kind: channel.Retry}
}
