package flows

import (
	"errors"
	"regexp"
	"strings"

	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
)

// A reader reads one value out of what somebody typed.
type reader func(text string) (string, bool)

// parse makes a step's Parse of a reader; what it cannot read is answered with
// the step's hint.
func parse(read reader) func(*Context, actions.Input) (string, error) {
	return func(_ *Context, in actions.Input) (string, error) {
		if v, ok := read(in.Text); ok {
			return v, nil
		}
		return "", &actions.Problem{}
	}
}

// asked makes a reader that also finds a value among others: 公司是…，我叫….
func asked(slot string, read reader) reader {
	return func(text string) (string, bool) {
		if v, ok := Extract(text)[slot]; ok {
			if v, ok := read(v); ok {
				return v, true
			}
		}
		return read(text)
	}
}

// within makes a reader that also looks for the form inside of a text.
func within(form *regexp.Regexp, read reader) reader {
	return func(text string) (string, bool) {
		if v, ok := read(text); ok {
			return v, true
		}
		if m := form.FindString(value.Fold(text)); m != "" {
			return read(m)
		}
		return "", false
	}
}

var (
	mobileInText   = regexp.MustCompile(`(?:\+?86[- ]?)?1[3-9][0-9](?:[- ]?[0-9]){8}`)
	emailInText    = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+`)
	idCardInText   = regexp.MustCompile(`[0-9]{6}(?:[- ]?[0-9]){11}[- ]?[0-9Xx]`)
	codeInText     = regexp.MustCompile(`\b[0-9]{3}[- ]?[0-9]{3}\b`)
	accountInText  = regexp.MustCompile(`[0-9](?:[- ]?[0-9]){7,31}`)
	contractInText = regexp.MustCompile(`C-[0-9a-z]{2}(?:-[0-9]+|[0-9a-z]{10})`)
	linkInText     = regexp.MustCompile(`/s/([0-9A-Za-z]{8})\b`)
	companyInText  = regexp.MustCompile(`(?:公司名称|企业名称|单位名称|公司名|企业名|公司|企业|单位)(?:名称)?(?:是|叫做|叫|为|[:：])\s*([^，,。；;\s]{2,100})`)
	wholeCompany   = regexp.MustCompile(`[\p{Han}A-Za-z0-9()（）·]{2,60}?(?:有限责任公司|股份有限公司|有限公司|集团|合伙企业|事务所|商行|经营部|面馆|服务中心)`)
	nameInText     = regexp.MustCompile(`(?:我的名字是|我的姓名是|我叫做|我叫|姓名是|姓名为|姓名|名字是|申请人是|申请人|本人叫|本人)[:：]?\s*([\p{Han}A-Za-z·]{2,30})`)
	recipientWords = regexp.MustCompile(`财务|会计|出纳|老板|管章|他的|她的|法人|法定代表人|公章|盖章|通知|发给|发短信|发邮件|短信|对方`)
)

// The readers of slots (section D0 of the specification).
var (
	readMobile    = within(mobileInText, value.Mobile)
	readEmail     = within(emailInText, value.Email)
	readIDCard    = within(idCardInText, value.IDCard)
	readCode      = within(codeInText, value.Code)
	readAccount   = within(accountInText, value.BankAccount)
	readCompany   = asked("company", company)
	readRecipient = readLogin
)

// readLogin reads a mobile number or an e-mail address.
func readLogin(text string) (string, bool) {
	if strings.ContainsAny(text, "@＠") {
		return readEmail(text)
	}
	return readMobile(text)
}

// company reads the name of a company, with the brackets as they were typed.
func company(text string) (string, bool) {
	return value.Text(strings.Trim(text, "「」“”\"'，。,. "), 2, 100)
}

// textOf reads free text of a length.
func textOf(lo, hi int) reader {
	return func(text string) (string, bool) { return value.Text(text, lo, hi) }
}

var (
	contractID = regexp.MustCompile(`(?i)\bC-[0-9a-z]{2}(?:-[0-9]+|[0-9a-z]{10})\b`)
	linkCode   = regexp.MustCompile(`^[0-9A-Za-z]{8}$`)
)

// readContract reads what names a contract: its id, or the code of its signing
// link.
func readContract(text string) (string, bool) {
	text = strings.TrimSpace(value.Fold(text))
	if m := linkInText.FindStringSubmatch(text); m != nil {
		return m[1], true
	}
	if m := contractID.FindString(text); m != "" {
		return "C-" + strings.ToLower(m[2:]), true
	}
	return text, linkCode.MatchString(text)
}

var fieldHead = regexp.MustCompile(`^(?:(?:开户)?(?:银行|行|支行)|开户行所在(?:地|省|市)|省份?|城市|市|县)?(?:的?名称)?(?:是|为|叫|在|[:：])\s*`)

// field reads a text of a length after what it is called: 银行：中国银行, 在浙江省.
func field(lo, hi int) reader {
	return func(text string) (string, bool) {
		text = strings.TrimSpace(strings.TrimRight(text, "。，, "))
		return value.Text(text[len(fieldHead.FindString(text)):], lo, hi)
	}
}

// amount is the Parse of a sum that arrived; what is wrong is told by the
// platform's words.
func (f *Flows) amount(_ *Context, in actions.Input) (string, error) {
	if _, err := value.Backfill(in.Text); err != nil {
		code := platform.BadAmountForm
		switch {
		case errors.Is(err, value.ErrAmountScale):
			code = platform.BadAmountScale
		case errors.Is(err, value.ErrAmountRange):
			code = platform.BadAmountRange
		}
		return "", f.problem(&platform.Refusal{Code: code, Rule: "R11.16"})
	}
	return in.Text, nil
}

// Extract finds the values that an utterance carries besides its wish: the
// company, the person's name, a contract, whom to send something to.
func Extract(text string) map[string]string {
	found := make(map[string]string)
	plain := value.Fold(text)
	if m := contractInText.FindString(plain); m != "" {
		found["contract"] = m
	} else if m := linkInText.FindStringSubmatch(plain); m != nil {
		found["contract"] = m[1]
	}
	if m := companyInText.FindStringSubmatch(text); m != nil {
		found["company"] = m[1]
	} else if m := wholeCompany.FindString(text); m != "" && strings.ContainsAny(text, "，,。；; ") {
		found["company"] = m
	}
	if m := nameInText.FindStringSubmatch(text); m != nil {
		found["name"], found["applicantName"] = m[1], m[1]
	}
	if m := emailInText.FindString(plain); m != "" {
		found["recipient"] = m
	} else if m := mobileInText.FindString(plain); m != "" {
		if v, ok := value.Mobile(m); ok && recipientWords.MatchString(text) {
			found["recipient"] = v
		}
	}
	return found
}
