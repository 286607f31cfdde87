// Package value knows how the values of the platform's forms are written:
// phone numbers, logins, registration codes, ID cards, names and amounts.
//
// It parses what people type into one canonical form, masks what must not be
// shown, and has no state. All functions are pure. What is wrong with a value
// is told by a bool or, for amounts, by one of three errors; the words for it
// are somebody else's.
package value

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fold brings full-width letters, digits and signs to their plain form and
// removes white space at both ends.
func Fold(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '　' || r == '\u00a0':
			return ' '
		}
		return r
	}, s))
}

// compact folds s and removes spaces and dashes, which people put into numbers.
func compact(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '–' || r == '—' {
			return -1
		}
		return r
	}, Fold(s))
}

var (
	mobileForm  = regexp.MustCompile(`^1[3-9][0-9]{9}$`)
	emailForm   = regexp.MustCompile(`^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$`)
	regNoForm   = regexp.MustCompile(`^[0-9]{15}$`)
	codeForm    = regexp.MustCompile(`^[0-9]{6}$`)
	accountForm = regexp.MustCompile(`^[0-9]{8,32}$`)
	last4Form   = regexp.MustCompile(`^[0-9]{4}$`)
)

const maxEmail = 254 // characters, RFC 5321 4.5.3.1.3

// Mobile parses a mobile number of mainland China: 11 digits, perhaps with
// spaces, dashes or the country code.
func Mobile(s string) (string, bool) {
	s = compact(s)
	if len(s) > 11 {
		s = strings.TrimPrefix(strings.TrimPrefix(s, "+"), "86")
	}
	return s, mobileForm.MatchString(s)
}

// Email parses an e-mail address; it is kept in lower case.
func Email(s string) (string, bool) {
	s = strings.ToLower(Fold(s))
	return s, utf8.RuneCountInString(s) <= maxEmail && emailForm.MatchString(s)
}

// Login parses the name of an account: a mobile number or an e-mail address.
func Login(s string) (string, bool) {
	if strings.ContainsAny(s, "@＠") {
		return Email(s)
	}
	return Mobile(s)
}

// IsEmail reports whether a parsed login is an e-mail address.
func IsEmail(login string) bool { return strings.Contains(login, "@") }

const (
	mobileHead, mobileTail = 3, 4
	emailHead              = 3
	mask                   = "****"
)

// Mask hides the middle of a login: 137****3482, abc****@example.com.
func Mask(login string) string {
	if local, domain, ok := strings.Cut(login, "@"); ok {
		if r := []rune(local); len(r) > emailHead {
			local = string(r[:emailHead])
		}
		return local + mask + "@" + domain
	}
	if len(login) < mobileHead+mobileTail {
		return mask
	}
	return login[:mobileHead] + mask + login[len(login)-mobileTail:]
}

var loginInText = regexp.MustCompile(`\b1[3-9][0-9]{9}\b|[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+`)

// MaskAll hides the middle of every login in a text.
func MaskAll(text string) string { return loginInText.ReplaceAllStringFunc(text, Mask) }

// idHead and idTail are how much of an ID card number may be shown, as the
// guide's form does: 330*****025.
const idHead, idTail = 3, 3

// MaskID hides the middle of an ID card number.
func MaskID(id string) string {
	if len(id) < idHead+idTail {
		return mask
	}
	return id[:idHead] + "*****" + id[len(id)-idTail:]
}

// usccSigns are the 31 signs of a unified social credit code (GB 32100-2015).
const usccSigns = "0123456789ABCDEFGHJKLMNPQRTUWXY"

const usccLen = 18

// USCC parses a unified social credit code: 18 signs, the last of which checks
// the others (GB 32100-2015: weights are powers of 3 modulo 31).
func USCC(s string) (string, bool) {
	s = strings.ToUpper(compact(s))
	if len(s) != usccLen {
		return s, false
	}
	sum, weight := 0, 1
	for i := range usccLen - 1 {
		v := strings.IndexByte(usccSigns, s[i])
		if v < 0 {
			return s, false
		}
		sum += v * weight
		weight = weight * 3 % len(usccSigns)
	}
	check := (len(usccSigns) - sum%len(usccSigns)) % len(usccSigns)
	return s, s[usccLen-1] == usccSigns[check]
}

// Registration parses what names an enterprise at the registry: a unified
// social credit code or a registration number of 15 digits.
func Registration(s string) (string, bool) {
	if n := compact(s); regNoForm.MatchString(n) {
		return n, true
	}
	return USCC(s)
}

const idLen = 18

// idWeights and idChecks are of GB 11643-1999 (ISO 7064, MOD 11-2).
var idWeights = [idLen - 1]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}

const idChecks = "10X98765432"

// IDCard parses the number of a resident's identity card: 17 digits and a
// check digit, which may be X.
func IDCard(s string) (string, bool) {
	s = strings.ToUpper(compact(s))
	if len(s) != idLen {
		return s, false
	}
	sum := 0
	for i, w := range idWeights {
		if s[i] < '0' || s[i] > '9' {
			return s, false
		}
		sum += int(s[i]-'0') * w
	}
	return s, s[idLen-1] == idChecks[sum%len(idChecks)]
}

// Code parses a verification code: 6 digits.
func Code(s string) (string, bool) {
	s = compact(s)
	return s, codeForm.MatchString(s)
}

// BankAccount parses the number of a bank account: 8 to 32 digits.
func BankAccount(s string) (string, bool) {
	s = compact(s)
	return s, accountForm.MatchString(s)
}

// Last4 parses the last four digits of an account.
func Last4(s string) (string, bool) {
	s = compact(s)
	return s, last4Form.MatchString(s)
}

// PersonName parses a person's name: 2 to 30 letters, Han characters, spaces
// and dots.
func PersonName(s string) (string, bool) {
	s = strings.TrimSpace(s)
	for _, r := range s {
		if !unicode.IsLetter(r) && r != ' ' && r != '·' && r != '.' {
			return s, false
		}
	}
	return s, between(s, 2, 30)
}

// Text parses free text of lo to hi characters.
func Text(s string, lo, hi int) (string, bool) {
	s = strings.TrimSpace(s)
	for _, r := range s {
		if unicode.IsControl(r) {
			return s, false
		}
	}
	return s, between(s, lo, hi)
}

func between(s string, lo, hi int) bool {
	n := utf8.RuneCountInString(s)
	return utf8.ValidString(s) && n >= lo && n <= hi
}

const passwordMin, passwordMax = 6, 18

// Password reports whether s may be a password: 6 to 18 characters, digits
// and letters only, with at least one digit, one capital and one small letter.
func Password(s string) bool {
	var digit, upper, lower bool
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digit = true
		case r >= 'A' && r <= 'Z':
			upper = true
		case r >= 'a' && r <= 'z':
			lower = true
		default:
			return false
		}
	}
	return digit && upper && lower && len(s) >= passwordMin && len(s) <= passwordMax
}
