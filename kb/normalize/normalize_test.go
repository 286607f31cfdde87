package normalize_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"signdesk/kb/normalize"
)

func shipped(t testing.TB) *normalize.Normalizer {
	t.Helper()
	n, err := normalize.New(os.DirFS("../../data/words"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCanon(t *testing.T) {
	n := shipped(t)
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "怎么认证", "怎么认证"},
		{"full width", "ＡＢＣ　１２３，怎么办？", "abc 123,怎么办"},
		{"traditional", "請問營業執照怎麼上傳", "请问营业执照怎么上传"},
		{"regional words", "帳號登入不了", "账号登录不了"},
		{"zero width and direction marks", "无\u200b权\u202e限\ufeff", "无权限"},
		{"control and NUL", "无\x00权\x07限", "无权限"},
		{"invalid UTF-8", "无\xff权限\xed\xa0\x80", "无权限"},
		{"emoji", "怎么办😭😭啊", "怎么办啊"},
		{"repeated punctuation", "怎么办？？？！！！", "怎么办"},
		{"repeated character", "怎么办啊啊啊啊啊", "怎么办啊"},
		{"line breaks inside a sentence", "目前没有可使\n用的印章", "目前没有可使用的印章"},
		{"status bar", "中国移动 13:55 5G 87%\n无签署权限\nent.bestsign.info", "无签署权限"},
		{"status bar in one line", "13:55 5G 87% 无签署权限", "无签署权限"},
		{"spaces between characters", "无 签 署 权 限", "无签署权限"},
		{"mobile", "用13812345678登录", "用#tel登录"},
		{"mobile with spaces", "用138 1234 5678登录", "用#tel登录"},
		{"masked mobile", "被137****3482提交", "被#tel提交"},
		{"masked by XXX", "被XXX提交", "被#x提交"},
		{"mail", "我的账号 a.b@qq.com 收不到", "我的账号#mail收不到"},
		{"credit code", "代码91000000DEMA000013不对", "代码#id不对"},
		{"amount stays", "打款0.01元", "打款0.01元"},
		{"star as a name", "名称显示*怎么办", "名称显示*怎么办"},
		{"company", "我们公司叫杭州青禾贸易有限公司，提示未认证", "我们公司叫#org,提示未认证"},
		{"company in a message", "该企业已经被上海茯苓有限公司提交", "该企业已经被#org提交"},
		{"names by kind", "从建设银行转到淘宝的e签宝ABC", "从#bank转到#market的#rival abc"},
		{"what looks like a name", "员工行不行，能放心签吗", "员工行不行,能放心签吗"},
		{"name in a company", "杭州淘宝信息有限公司", "#org"},
		{"bare legal form", "有限公司怎么认证", "有限公司怎么认证"},
		{"search syntax is text", `+title:印章 -"foo"^9 (OR`, "title,印章,foo,9,or"},
		{"empty", " \n\t ", ""},
		{"latin words", "admin OK吗", "管理员好吗"},
		{"latin inside a word", "token expired", "token expired"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := n.Canon(tt.in); got != tt.want {
				t.Errorf("Canon(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestCanonBoundsItsInput(t *testing.T) {
	n := shipped(t)
	got := n.Canon("无权限" + strings.Repeat("我想问一下", 3000) + "印章")
	if !strings.HasPrefix(got, "无权限") || !strings.HasSuffix(got, "印章") {
		t.Errorf("both ends of a long question should be kept, got %.30s … %s", got, got[len(got)-30:])
	}
	if c := utf8.RuneCountInString(got); c > normalize.MaxRunes+1 {
		t.Errorf("canonical text has %d runes, want at most %d", c, normalize.MaxRunes+1)
	}
}

// The short cut for plain text must not differ from the rules.
func TestCanonShortCut(t *testing.T) {
	n := shipped(t)
	for _, s := range []string{
		"怎么认证", "请问，营业执照怎么上传？", "請問營業執照怎麼上傳", "。。怎么办！！", "谢谢，谢谢谢", "我在集团公司上班", "有限公司", "某某公司",
		"咋个弄", "帐号", "，", "", "一、二、三",
	} {
		if got, want := n.Canon(s), n.Canon(s+"\u200b"); got != want { // the zero-width space takes the long way
			t.Errorf("Canon(%q) = %q, by the rules %q", s, got, want)
		}
	}
}

func TestUnits(t *testing.T) {
	const canon = "打款0.01元 ok,无权限 #tel"
	var got []string
	for _, u := range normalize.Units(canon, nil) {
		text := canon[u.Start:u.End]
		if u.First {
			text = "|" + text
		}
		got = append(got, text)
	}
	want := []string{"|打", "款", "0.01", "元", "ok", "|无", "权", "限", "#tel"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Units (-want +got):\n%s", diff)
	}
}

func TestConcepts(t *testing.T) {
	n := shipped(t)
	got := n.Concepts(n.Canon("会计离职了，公户要转账"))
	if diff := cmp.Diff([]string{"finance", "leave", "corporateaccount", "pay"}, got); diff != "" {
		t.Errorf("Concepts (-want +got):\n%s", diff)
	}
}

func TestSyllableFoldsHomophones(t *testing.T) {
	n := shipped(t)
	for _, p := range [][2]string{{"章", "张"}, {"印", "银"}, {"证", "正"}, {"诉", "述"}, {"限", "线"}} {
		if n.Syllable(p[0]) == 0 || n.Syllable(p[0]) != n.Syllable(p[1]) {
			t.Errorf("Syllable(%s) = %d, Syllable(%s) = %d; want the same, not 0", p[0], n.Syllable(p[0]), p[1], n.Syllable(p[1]))
		}
	}
	if n.Syllable("印") == n.Syllable("章") {
		t.Error("印 and 章 should differ")
	}
}

func TestNewReportsFileAndLine(t *testing.T) {
	good := fstest.MapFS{
		"t2s.txt": {Data: []byte("國国\n")}, "pinyin.txt": {Data: []byte("zhang 章\n")},
		"variants.txt": {Data: []byte("帐号 账号\n")}, "concepts.txt": {Data: []byte("pay: 打款\n")},
		"sides.txt": {Data: []byte("phone: 手机\n")},
	}
	for _, tt := range []struct{ file, data, want string }{
		{"t2s.txt", "# head\n國\n", `t2s.txt:2: "國" is not a pair of different characters`},
		{"pinyin.txt", "zhang\n", `pinyin.txt:1: want a syllable and its characters, got "zhang"`},
		{"variants.txt", "帐号\n", `variants.txt:1: want two words, got "帐号"`},
		{"variants.txt", "甲 乙\n乙 丙\n", `variants.txt: "甲" becomes "乙", which "乙" would change again`},
		{"concepts.txt", "a: 甲\nb: 甲\n", `concepts.txt:2: "甲" is in "a" already`},
		{"sides.txt", "phone 手机\n", `sides.txt:1: want name: words, got "phone 手机"`},
	} {
		fsys := fstest.MapFS{}
		for k, v := range good {
			fsys[k] = v
		}
		fsys[tt.file] = &fstest.MapFile{Data: []byte(tt.data)}
		_, err := normalize.New(fsys)
		if err == nil || err.Error() != tt.want {
			t.Errorf("New with %s %q: error %v, want %s", tt.file, tt.data, err, tt.want)
		}
	}
}

// TestCanonOfLongText has inputs that grow while they are rewritten: a
// placeholder can be longer than what it replaces.
func TestCanonOfLongText(t *testing.T) {
	n := shipped(t)
	for _, part := range []string{"u", "** ", "x@y.cn,", "怎么认证**，", "１３８００００００００ 的", "a ** 😀\n"} {
		once := n.Canon("*EA* *M* " + strings.Repeat(part, normalize.MaxRunes))
		if utf8.RuneCountInString(once) > normalize.MaxRunes {
			t.Errorf("Canon of many %q has %d runes", part, utf8.RuneCountInString(once))
		}
		if twice := n.Canon(once); twice != once {
			t.Errorf("Canon of many %q is %.60q..., again %.60q...", part, once, twice)
		}
	}
}

func FuzzCanon(f *testing.F) {
	n := shipped(f)
	for _, s := range []string{
		"怎么认证", "１３８ ００００ ００００", "中国移动 13:55 5G 87%\n无签署权限", "被XXX提交", `+title:印章 -foo^9 (OR`,
		"\x00\xff\u202e", "x@y.cn www.a.com/#", "…有限公司", "1 3 8 😀 1234 5678", "** * *** 某某", "ok ok v我 咋个整",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := n.Canon(s)
		if !utf8.ValidString(once) {
			t.Errorf("Canon(%q) = %q is not valid UTF-8", s, once)
		}
		if twice := n.Canon(once); twice != once {
			t.Errorf("Canon(%q) = %q, again %q", s, once, twice)
		}
		if long := n.Canon(s + "\u200b"); len(s) < 1000 && long != once {
			t.Errorf("Canon(%q) = %q, by the rules %q", s, once, long)
		}
		normalize.Units(once, nil)
		n.Concepts(once)
	})
}

func BenchmarkCanon(b *testing.B) {
	n := shipped(b)
	b.ReportAllocs()
	for b.Loop() {
		n.Canon("您好，我们公司叫杭州青禾贸易有限公司，签合同的时候提示无签署权限，需要申请，怎么处理？")
	}
}

func TestSides(t *testing.T) {
	n := shipped(t)
	for _, tt := range []struct{ text, sides, rest string }{
		{"手机上能弄吗", "phone", ""},
		{"要多久，谁来办？", "long who", ""},
		{"法人手机号要填吗", "", "法人手机号 填"},
		{"印章在哪里换", "where", "印章 换"},
		{"是的", "", ""},
		{"", "", ""},
	} {
		sides, rest := n.Sides(n.Canon(tt.text))
		if got := strings.Join(sides, " "); got != tt.sides || strings.Join(rest, " ") != tt.rest {
			t.Errorf("Sides(%q) = %q, %q, want %q, %q", tt.text, sides, rest, tt.sides, tt.rest)
		}
	}
}

func TestOutside(t *testing.T) {
	n := shipped(t)
	for _, tt := range []struct{ text, want string }{
		{"钉钉怎么加管理员", "钉钉"},
		{"E簽寶怎麼換印章", "e签宝"},
		{"上上签在钉钉里怎么打开", ""},
		{"用飞书打开签署链接", ""},
		{"中信银行客服电话", "中信银行"},
		{"中信银行的账户可以吗", ""},
		{"去工商局改名字要带哪些材料", "工商局"},
		{"工商局改了名字", ""},
		{"怎么换管理员", ""},
	} {
		if got := n.Outside(tt.text, n.Canon(tt.text)); got != tt.want {
			t.Errorf("Outside(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestContent(t *testing.T) {
	n := shipped(t)
	for _, tt := range []struct {
		text        string
		runes, word int
	}{
		{"急急急怎么办", 0, 0},
		{"这个印章怎么弄", 2, 2},
		{"没权限", 3, 3},
		{"怎么换管理员", 4, 1},
		{"苹果", 2, 0},
	} {
		if runes, word := n.Content(n.Canon(tt.text), 9); runes != tt.runes || word != tt.word {
			t.Errorf("Content(%q) = %d, %d, want %d, %d", tt.text, runes, word, tt.runes, tt.word)
		}
	}
}

func TestFacts(t *testing.T) {
	n := shipped(t)
	for _, tt := range []struct{ text, want string }{
		{"我打给你们的钱", "payer=we"},
		{"你们打给我的钱", "payer=they"},
		{"不是个体户没有公户", "holder=company"},
		{"怎么换管理员", ""},
	} {
		if got := strings.Join(n.Facts(n.Canon(tt.text)), " "); got != tt.want {
			t.Errorf("Facts(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestTwoNames(t *testing.T) {
	n := shipped(t)
	for text, want := range map[string]bool{
		"合同上写的是荣发商店，我们叫荣发商行":          true,
		"合同里的公司不是我们公司":                true,
		"合同写重庆明月商贸有限公司，执照是重庆明月贸易有限公司": true,
		"我们叫荣发商行，以前叫荣发商店，合同写旧的":       false,
		"我们是荣发商行，怎么签合同":               false,
	} {
		if got := strings.Contains(strings.Join(n.Concepts(n.Canon(text)), " "), "twonames"); got != want {
			t.Errorf("%q: contrasted %t, want %t", text, got, want)
		}
	}
}
