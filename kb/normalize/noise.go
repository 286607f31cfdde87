package normalize

import (
	"regexp"
	"strings"
	"unicode"
)

// statusToken is one thing that a phone's status bar or a browser's address
// bar shows; a line of nothing else is dropped.
const statusToken = `(?:中国移动|中国联通|中国电信|中国广电|china ?mobile|china ?unicom|china ?telecom|` +
	`[0-2]?\d[:.][0-5]\d(?::[0-5]\d)?|(?:上午|下午|am|pm)|\d{1,3} ?%|[2345]g\+?|lte|volte|hd\d?|wi-?fi|wlan|vpn|nfc|` +
	`\d+(?:\.\d+)? ?[km]?b/s|(?:ent\.|www\.)?bestsign\.(?:info|cn|com)(?:/\S*)?|` +
	`[!-/:-@\[-` + "`" + `{-~·•…×○●<>◁▷|])`

var (
	statusLine = regexp.MustCompile(`^(?:\s*` + statusToken + `)+\s*$`)
	// statusHead is a status bar that runs into the text, as text recognition
	// without line breaks gives it: at least a clock and one more token.
	statusHead = regexp.MustCompile(`^\s*(?:` + statusToken + `\s+)*[0-2]?\d[:.][0-5]\d\s+(?:` + statusToken + `\s+)+`)
)

// dropScreenNoise removes status bars and joins the lines of a screenshot:
// a line break between two Han characters is no word boundary.
func dropScreenNoise(s string) string {
	if !strings.ContainsRune(s, '\n') {
		if !strings.ContainsAny(s, ":.") {
			return s // no clock, no status bar
		}
		return statusHead.ReplaceAllString(s, "")
	}
	var b strings.Builder
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		if line == "" || statusLine.MatchString(line) {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(statusHead.ReplaceAllString(line, ""))
	}
	return b.String()
}

var (
	urlText   = regexp.MustCompile(`(?:https?://|www\.)[a-z0-9./?=&%_#:-]+|[a-z0-9-]+\.(?:bestsign\.)?(?:com|cn|info|net)(?:/[a-z0-9./?=&%_-]*)?`)
	mailText  = regexp.MustCompile(`[a-z0-9*][a-z0-9._*-]*@[a-z0-9-]+(?:\.[a-z0-9-]+)+`)
	phoneText = regexp.MustCompile(`\b1[3-9]\d[ -]?\d{4}[ -]?\d{4}\b|\b1\d{2}[*x•·]{3,8}\d{2,4}\b|\b(?:400|0\d{2,3})[ -]?\d{3,4}[ -]?\d{4}\b`)
	// At least ten digits or capital letters with a digit among them: credit
	// code, ID card, account number, serial number.
	idText     = regexp.MustCompile(`\b[0-9a-z]*\d[0-9a-z]{3,}\d[0-9a-z]{3,}[0-9a-z]*\b|\b\d+[*]{3,}\w*`)
	hiddenText = regexp.MustCompile(`[x*×]{3,}|\*{2,}|x{2,}|某{2,}|[\[【「(]\s*[\]】」)]|_{2,}`)
)

// minIDRunes is the shortest run that counts as an identifier; shorter numbers
// (amounts, years, 6-digit codes) are left as they are.
const minIDRunes = 10

// minDigits is the fewest digits of a phone number (masked: 137****82) or an
// identifier.
const minDigits = 3

func countDigits(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if isDigit(rune(s[i])) {
			n++
		}
	}
	return n
}

func placeholders(s string) string {
	if strings.Contains(s, "@") {
		s = mailText.ReplaceAllString(s, " "+Mail+" ")
	}
	if strings.ContainsAny(s, "./") {
		s = urlText.ReplaceAllString(s, " "+URL+" ")
	}
	if countDigits(s) >= minDigits {
		s = phoneText.ReplaceAllString(s, " "+Phone+" ")
		s = idText.ReplaceAllStringFunc(s, func(m string) string {
			if len(m) < minIDRunes {
				return m
			}
			return " " + ID + " "
		})
	}
	if strings.ContainsAny(s, "x*×[(【「_某") {
		s = hiddenText.ReplaceAllString(s, " "+Hidden+" ")
	}
	return companies(s)
}

var companySuffix = regexp.MustCompile(`(?:股份|集团|责任)?有限(?:责任)?公司|股份公司|集团公司`)

// companyMax is the longest company name looked for before the suffix, in
// runes; 32 is what the registry's forms allow in practice.
const companyMax = 32

// companyStop are characters that end the search for the start of a company
// name: they stand between a sentence and a name far more often than in one.
const companyStop = "是叫为被的在我你他您了给把跟向从对说写成改到示称业有将让由用该此名问下和与"

// companies replaces names that end in a legal form (…有限公司) by [Company].
// A bare legal form (有限公司) or one behind a function word stays.
func companies(s string) string {
	if !strings.Contains(s, "有限") && !strings.Contains(s, "股份公司") && !strings.Contains(s, "集团公司") {
		return s
	}
	locs := companySuffix.FindAllStringIndex(s, -1)
	if locs == nil {
		return s
	}
	var b strings.Builder
	from := 0
	for _, loc := range locs {
		if loc[0] < from {
			continue
		}
		start := companyStart(s[from:loc[0]]) + from
		if start < 0 || len(s[start:loc[0]]) < len("两字") {
			continue
		}
		b.WriteString(s[from:start])
		b.WriteString(" " + Company + " ")
		from = loc[1]
	}
	b.WriteString(s[from:])
	return b.String()
}

// companyStart returns the byte offset in s at which a company name that ends
// at the end of s begins.
func companyStart(s string) int {
	runes := 0
	start := len(s)
	for start > 0 && runes < companyMax {
		r, size := lastRune(s[:start])
		if !(unicode.Is(unicode.Han, r) || r == '(' || r == ')' || r == '·') || strings.ContainsRune(companyStop, r) {
			break
		}
		start -= size
		runes++
	}
	return start
}
