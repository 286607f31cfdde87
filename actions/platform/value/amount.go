package value

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Fen is an amount of money in fen, a hundredth of a yuan.
type Fen int64

// String writes the amount in yuan with two decimals: 0.38.
func (f Fen) String() string {
	sign := ""
	if f < 0 {
		sign, f = "-", -f
	}
	return fmt.Sprintf("%s%d.%02d", sign, f/100, f%100)
}

// What can be wrong with an amount that somebody types.
var (
	ErrAmountForm  = errors.New("not an amount in yuan")
	ErrAmountScale = errors.New("more than two decimals")
	ErrAmountRange = errors.New("not between 0.01 and 0.99 yuan")
)

// The smallest and largest amount that a back-fill field takes (R11.16).
const (
	MinBackfill Fen = 1
	MaxBackfill Fen = 99
)

var (
	decimalForm = regexp.MustCompile(`^([0-9]*)\.?([0-9]*)$`)
	// jiaoForm is three jiao eight fen: 三角八分, 3毛8, 38分, 0元3角8分.
	jiaoForm = regexp.MustCompile(`^(?:([0-9]+)[元块])?(?:([0-9])[角毛])?(?:([0-9]{1,2})(分)?)?$`)
	hanTens  = regexp.MustCompile(`([一二三四五六七八九])?十([一二三四五六七八九])?`)
)

var hanDigits = strings.NewReplacer("零", "0", "〇", "0", "一", "1", "壹", "1", "二", "2", "两", "2", "贰", "2", "三", "3", "叁", "3",
	"四", "4", "肆", "4", "五", "5", "伍", "5", "六", "6", "陆", "6", "七", "7", "柒", "7", "八", "8", "捌", "8", "九", "9", "玖", "9")

// Backfill parses the amount of a small transfer as people type it: 0.38,
// ０．３８元, ¥0.38, 三角八分, 38分, 零点三八. It is exact: nothing is rounded. The
// error is ErrAmountForm, ErrAmountScale or ErrAmountRange.
func Backfill(s string) (Fen, error) {
	s = strings.ReplaceAll(Fold(s), " ", "")
	s = strings.NewReplacer("。", ".", "圆", "元", "￥", "", "¥", "", "人民币", "", "整", "").Replace(s)
	s = strings.ReplaceAll(s, "拾", "十")
	s = hanTens.ReplaceAllStringFunc(s, tens)
	s = hanDigits.Replace(strings.ReplaceAll(s, "点", "."))
	var fen Fen
	var err error
	if yuan := strings.TrimRight(s, "元块"); decimalForm.MatchString(yuan) && strings.ContainsAny(yuan, "0123456789") {
		fen, err = decimal(yuan)
	} else {
		fen, err = jiao(s)
	}
	if err != nil {
		return 0, err
	}
	if fen < MinBackfill || fen > MaxBackfill {
		return 0, ErrAmountRange
	}
	return fen, nil
}

// tens writes 三十八 as 38, 十 as 10.
func tens(s string) string {
	m := hanTens.FindStringSubmatch(s)
	ten, one := m[1], m[2]
	if ten == "" {
		ten = "一"
	}
	if one == "" {
		one = "零"
	}
	return ten + one
}

// decimal parses digits with at most one point.
func decimal(s string) (Fen, error) {
	m := decimalForm.FindStringSubmatch(s)
	whole, part := strings.TrimLeft(m[1], "0"), m[2]
	if len(part) > 2 {
		return 0, ErrAmountScale
	}
	if whole != "" {
		return 0, ErrAmountRange
	}
	n, err := strconv.Atoi((part + "00")[:2])
	if err != nil {
		return 0, ErrAmountForm
	}
	return Fen(n), nil
}

// jiao parses an amount told in jiao and fen.
func jiao(s string) (Fen, error) {
	m := jiaoForm.FindStringSubmatch(s)
	if m == nil || m[2] == "" && m[4] == "" {
		return 0, ErrAmountForm
	}
	if strings.Trim(m[1], "0") != "" {
		return 0, ErrAmountRange
	}
	if m[2] != "" && len(m[3]) == 2 && m[3][0] == '0' {
		m[3] = m[3][1:] // 三角零八分
	}
	if m[2] != "" && len(m[3]) > 1 {
		return 0, ErrAmountForm
	}
	fen := 0
	if m[2] != "" {
		fen = 10 * int(m[2][0]-'0')
	}
	if m[3] != "" {
		n, err := strconv.Atoi(m[3])
		if err != nil {
			return 0, ErrAmountForm
		}
		fen += n
	}
	return Fen(fen), nil
}
