package value_test

import (
	"errors"
	"strings"
	"testing"

	"signdesk/actions/platform/value"
)

func TestBackfill(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want value.Fen
		err  error
	}{
		{in: "0.01", want: 1},
		{in: "一分", want: 1},
		{in: "０．０１", want: 1},
		{in: "1分", want: 1},
		{in: "0.38", want: 38},
		{in: " 0.38 元 ", want: 38},
		{in: "¥0.38", want: 38},
		{in: "￥０。３８", want: 38},
		{in: ".38", want: 38},
		{in: "0.3", want: 30},
		{in: "零点三八", want: 38},
		{in: "零点三八元", want: 38},
		{in: "三角八分", want: 38},
		{in: "三毛八", want: 38},
		{in: "3毛8", want: 38},
		{in: "零元叁角捌分整", want: 38},
		{in: "三角零八分", want: 38},
		{in: "三十八分", want: 38},
		{in: "十分", want: 10},
		{in: "三角", want: 30},
		{in: "0.99", want: 99},
		{in: "0.011", err: value.ErrAmountScale},
		{in: "0.010", err: value.ErrAmountScale},
		{in: "1.00", err: value.ErrAmountRange},
		{in: "38", err: value.ErrAmountRange},
		{in: "1", err: value.ErrAmountRange},
		{in: "0", err: value.ErrAmountRange},
		{in: "0.00", err: value.ErrAmountRange},
		{in: "一元三角", err: value.ErrAmountRange},
		{in: "1e-2", err: value.ErrAmountForm},
		{in: "-0.01", err: value.ErrAmountForm},
		{in: "+0.01", err: value.ErrAmountForm},
		{in: "0,38", err: value.ErrAmountForm},
		{in: "0.3.8", err: value.ErrAmountForm},
		{in: "", err: value.ErrAmountForm},
		{in: ".", err: value.ErrAmountForm},
		{in: "元", err: value.ErrAmountForm},
		{in: "没收到", err: value.ErrAmountForm},
		{in: "0x1", err: value.ErrAmountForm},
	} {
		got, err := value.Backfill(tt.in)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("Backfill(%q) = %v, %v, want %v, %v", tt.in, got, err, tt.want, tt.err)
		}
	}
}

func FuzzBackfill(f *testing.F) {
	for _, s := range []string{"0.38", "三角八分", "1e-2", "十", "零点三八元", "３８分"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		fen, err := value.Backfill(s)
		if err == nil && (fen < value.MinBackfill || fen > value.MaxBackfill) || err != nil && fen != 0 {
			t.Errorf("Backfill(%q) = %v, %v", s, fen, err)
		}
		if err != nil {
			return
		}
		if again, err := value.Backfill(fen.String()); again != fen || err != nil {
			t.Errorf("Backfill(%q) = %v, but of its text %v, %v", s, fen, again, err)
		}
	})
}

func TestFenString(t *testing.T) {
	for fen, want := range map[value.Fen]string{1: "0.01", 38: "0.38", 100: "1.00", -5: "-0.05"} {
		if got := fen.String(); got != want {
			t.Errorf("%d fen is %s, want %s", int64(fen), got, want)
		}
	}
}

func TestParsers(t *testing.T) {
	type parser func(string) (string, bool)
	for _, tt := range []struct {
		name  string
		parse parser
		in    string
		want  string
		ok    bool
	}{
		{"mobile", value.Mobile, "１３８ ００００ ００００", "13800000000", true},
		{"mobile", value.Mobile, "+86 138-0000-0000", "13800000000", true},
		{"mobile", value.Mobile, "12800000000", "", false},
		{"mobile", value.Mobile, "1380000000", "", false},
		{"mobile", value.Mobile, "138000000001", "", false},
		{"login", value.Login, "Li.Shi＠Example.COM", "li.shi@example.com", true},
		{"login", value.Login, "a@@b.cn", "", false},
		{"login", value.Login, "a@b", "", false},
		{"login", value.Login, strings.Repeat("a", 250) + "@b.cn", "", false},
		{"uscc", value.USCC, "91000000dema000127", "91000000DEMA000127", true},
		{"uscc", value.USCC, "9100 0000 DEMA 0000 13", "91000000DEMA000013", true},
		{"uscc", value.USCC, "91000000DEMA000126", "", false},
		{"uscc", value.USCC, "91000000DEMI000127", "", false},
		{"registration", value.Registration, "330106000123456", "330106000123456", true},
		{"registration", value.Registration, "33010600012345", "", false},
		{"id card", value.IDCard, "99000119800101006x", "99000119800101006X", true},
		{"id card", value.IDCard, "990001198001010124", "", false},
		{"id card", value.IDCard, "990001198001010123", "990001198001010123", true},
		{"code", value.Code, "１２３ ４５６", "123456", true},
		{"code", value.Code, "12345", "", false},
		{"account", value.BankAccount, "6222 0000 1234", "622200001234", true},
		{"account", value.BankAccount, "1234567", "", false},
		{"last4", value.Last4, "6688", "6688", true},
		{"last4", value.Last4, "688", "", false},
		{"name", value.PersonName, "阿依古丽·买买提", "阿依古丽·买买提", true},
		{"name", value.PersonName, "李", "", false},
		{"name", value.PersonName, "李示1", "", false},
	} {
		got, ok := tt.parse(tt.in)
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("%s(%q) = %q, %v, want %q, %v", tt.name, tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

func TestMasks(t *testing.T) {
	for in, want := range map[string]string{
		"13700003482": "137****3482", "zhangsan@example.com": "zha****@example.com", "ab@c.cn": "ab****@c.cn", "1": "****",
	} {
		if got := value.Mask(in); got != want {
			t.Errorf("Mask(%q) = %q, want %q", in, got, want)
		}
	}
	if got := value.MaskID("330000198001010025"); got != "330*****025" {
		t.Errorf("MaskID = %q", got)
	}
}

func TestPassword(t *testing.T) {
	for s, want := range map[string]bool{
		"Abc123": true, "abc123": false, "ABC123": false, "Abcdef": false, "Ab123": false,
		"Abc1234567890123456": false, "Abc123456789012345": true, "Abc 123": false, "Abc123！": false,
	} {
		if got := value.Password(s); got != want {
			t.Errorf("Password(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestMaskAllLogins(t *testing.T) {
	in := `{"Mobile":"13712343482","Email":"abcdef@example.com","AccountNo":"9900000000000037","at":"2022-05-26"}`
	want := `{"Mobile":"137****3482","Email":"abc****@example.com","AccountNo":"9900000000000037","at":"2022-05-26"}`
	if got := value.MaskAll(in); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
