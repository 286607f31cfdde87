package letter_test

import (
	"bytes"
	"errors"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"signdesk/webhook/letter"
)

var sample = letter.Fields{Title: "上上签企业服务有限授权书", Company: "虚构茶山商贸有限公司", LegalRep: "法示12", Registration: "91000000DEMA000127", Account: "140****1201",
	Grantee: "李示二", GranteeLogin: "14000001202", View: "当前发件方发送的无人处理的合同", Sign: "当前发件方发送的合同", Date: "2022-05-26", Code: "W-1a2b3c"}

func write(t testing.TB, f letter.Fields) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := letter.Write(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tool runs a program of poppler-utils on a letter. What it complains of is a
// failure: readers mend broken files silently otherwise.
func tool(t testing.TB, name string, pdf []byte, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("no %s: install the package poppler-utils", name)
	}
	path := filepath.Join(t.TempDir(), "letter.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	var complaints bytes.Buffer
	cmd := exec.Command(name, append([]string{path}, args...)...)
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil || complaints.Len() > 0 {
		t.Fatalf("%s: %v: %s", name, err, &complaints)
	}
	return string(out)
}

// reads returns a letter's text without white space, and thus without line ends.
func reads(t testing.TB, f letter.Fields) string {
	t.Helper()
	return squeeze(tool(t, "pdftotext", write(t, f), "-layout", "-"))
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }

func TestR12_36_LetterHasWhatTheSystemFillsIn(t *testing.T) {
	t.Parallel()
	f := sample
	f.Matter, f.Host = "企业认证", "ent.bestsign.info"
	text := reads(t, f)
	for _, want := range []string{f.Title, f.Company, f.LegalRep, f.Registration, f.Account, f.Grantee, f.GranteeLogin, f.View, f.Sign, f.Matter,
		"日期：2022年5月26日", "编号：" + f.Code, "核对网址：" + f.Host, "加盖公章处", "第1页，共1页",
		"我单位" + f.Company + "已在杭州尚尚签网络科技有限公司"} {
		if !strings.Contains(text, squeeze(want)) {
			t.Errorf("letter lacks %q:\n%s", want, text)
		}
	}
}

func TestR12_37_LetterSaysWhatEndsIt(t *testing.T) {
	t.Parallel()
	text := reads(t, sample)
	for _, want := range []string{"自本授权书签字盖章之日起", "终止上上签企业服务", "服务合同（协议）终止", "申请破产、重整或清算", "书面撤销或终止授权"} {
		if !strings.Contains(text, want) {
			t.Errorf("letter lacks %q:\n%s", want, text)
		}
	}
}

func TestWhatIsNotAskedForIsNotThere(t *testing.T) {
	t.Parallel()
	f := sample
	f.View, f.Sign, f.Matter = "", "", "企业认证"
	text := reads(t, f)
	for _, no := range []string{"查看企业合同", "签署企业合同", "核对网址"} {
		if strings.Contains(text, no) {
			t.Errorf("letter has %q:\n%s", no, text)
		}
	}
}

var subset = regexp.MustCompile(`(?m)^[A-Z]{6}\+(\w+) +CID TrueType +Identity-H +yes yes yes `)

func TestFontsAreEmbeddedAsSubsets(t *testing.T) {
	t.Parallel()
	rare := sample
	rare.LegalRep = "刘䶮"
	for name, c := range map[string]struct {
		f    letter.Fields
		want int
	}{"usual": {sample, 1}, "rare": {rare, 2}} {
		pdf := write(t, c.f)
		if list := tool(t, "pdffonts", pdf); len(subset.FindAllString(list, -1)) != c.want || strings.Count(list, "CID TrueType") != c.want {
			t.Errorf("%s: want %d embedded subsets:\n%s", name, c.want, list)
		}
		if len(pdf) > 150<<10 { // the fonts have 5.8 MB
			t.Errorf("%s: %d KB", name, len(pdf)>>10)
		}
	}
}

func TestSameFieldsSameBytes(t *testing.T) {
	t.Parallel()
	want := write(t, sample)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			var b bytes.Buffer
			if err := letter.Write(&b, sample); err != nil || !bytes.Equal(b.Bytes(), want) {
				t.Errorf("the same letter differs: %v", err)
			}
		})
	}
	wg.Wait()
	if info := tool(t, "pdfinfo", want, "-isodates"); !strings.Contains(info, "CreationDate:    2022-05-26T00:00:00Z") || !strings.Contains(info, sample.Title) {
		t.Errorf("not dated to the letter's day:\n%s", info)
	}
	other := sample
	other.Code = "W-1a2b3d"
	if bytes.Equal(write(t, other), want) {
		t.Error("another code gives the same letter")
	}
}

func TestRareCharacters(t *testing.T) {
	t.Parallel()
	f := sample
	f.Company, f.LegalRep, f.Grantee = "虚构𬭚业有限公司", "刘䶮㙍", "犇堃𠮷玥喆"
	text := reads(t, f)
	for _, want := range []string{"虚构□业有限公司", "刘䶮㙍", "犇堃□玥喆"} {
		if !strings.Contains(text, want) {
			t.Errorf("letter lacks %q:\n%s", want, text)
		}
	}
}

func TestOddFields(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"controls":          {"李\x00示\u202e二", "李示二"},
		"not UTF-8":         {"李\xff示", "李□示"},
		"not a character":   {"李\U0010ffff\ue000示", "李□□示"},
		"line ends":         {"李\n示\u2028二", "李示二"},
		"syntax of PDF":     {`a) Tj (b\ <</X>> endobj`, `a)Tj(b\<</X>>endobj`},
		"marks only":        {"，，，，", "，，，，"},
		"number of pages":   {"{nb}\ue000", "{nb}□"},
		"combining":         {"e\u0301", "e"},
		"right to left":     {"שלום", ""},
		"longer than a row": {strings.Repeat("m", 100), strings.Repeat("m", 20)},
		"longer than all":   {strings.Repeat("名", 500), "名…"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := letter.Fields{Title: sample.Title, Grantee: c.in, Date: "someday", Code: "W-1"}
			if text := reads(t, f); !strings.Contains(text, c.want) || !strings.Contains(text, "日期：someday") {
				t.Errorf("%q: letter lacks %q:\n%s", c.in, c.want, text)
			}
		})
	}
}

func TestLongFields(t *testing.T) {
	t.Parallel()
	f := sample
	f.Company = strings.Repeat("虚构特别长的企业名称", 6) + "有限公司"
	f.GranteeLogin = "a.very.long.address.of.somebody@department.of.distribution.example"
	pdf := write(t, f)
	if info := tool(t, "pdfinfo", pdf); !regexp.MustCompile(`Pages: +1\n`).MatchString(info) || !strings.Contains(info, "(A4)") {
		t.Errorf("a photograph shows one page:\n%s", info)
	}
	text := squeeze(tool(t, "pdftotext", pdf, "-raw", "-"))
	for _, want := range []string{f.Company, f.GranteeLogin} {
		if !strings.Contains(text, want) {
			t.Errorf("letter lacks %q:\n%s", want, text)
		}
	}
	long := strings.Repeat("长", 120)
	f = letter.Fields{Title: long, Company: long, LegalRep: long, Registration: long, Account: long, Grantee: long, GranteeLogin: long,
		View: long, Sign: long, Matter: long, Date: long, Code: long, Host: long}
	pages := strings.Split(strings.TrimRight(tool(t, "pdftotext", write(t, f), "-"), "\f"), "\f")
	if last := squeeze(pages[len(pages)-1]); !strings.Contains(last, "我单位保证此授权书中所有信息真实有效") || !strings.Contains(last, "加盖公章处") {
		t.Errorf("the seal is apart from what it seals:\n%s", last)
	}
}

// What is drawn stays on the paper, away from its edges.
func TestNothingAtTheEdges(t *testing.T) {
	t.Parallel()
	f := sample
	f.Company, f.Code = strings.Repeat("虚构，（特别）长的Enterprise名称。", 5), strings.Repeat("W-1a2b3c", 14)
	raw := tool(t, "pdftoppm", write(t, f), "-r", "40", "-f", "1", "-l", "1", "-gray", "-png")
	img, err := png.Decode(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	b := img.Bounds()
	inked := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if r, _, _, _ := img.At(x, y).RGBA(); r > 0xe000 {
				continue
			}
			if inked++; x < 28 || x >= b.Max.X-28 || y < 20 || y >= b.Max.Y-12 { // of 331 and 468: 18 and 8 mm
				t.Fatalf("ink at %d, %d of %v", x, y, b)
			}
		}
	}
	if inked < 5000 {
		t.Errorf("a page with %d dots", inked)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestWriterFails(t *testing.T) {
	t.Parallel()
	if err := letter.Write(broken{}, sample); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}

// Fuzzing goes to the lines, as the PDF library is too slow for it; here some
// letters are of random characters throughout, and a reader finds no fault.
func TestRandomFields(t *testing.T) {
	t.Parallel()
	const seed = 20220526
	random := rand.New(rand.NewPCG(seed, 0))
	text := func() string {
		var b strings.Builder
		for range random.IntN(150) {
			b.WriteRune([]rune{random.Int32N(0x80), random.Int32N(0x3000), 0x3000 + random.Int32N(0x7000), random.Int32N(0x110000)}[random.IntN(4)])
		}
		return b.String()
	}
	for i := range 5 {
		f := letter.Fields{Title: text(), Company: text(), LegalRep: text(), Registration: text(), Account: text(), Grantee: text(), GranteeLogin: text(),
			View: text(), Sign: text(), Matter: text(), Date: text(), Code: text(), Host: text()}
		if got := squeeze(tool(t, "pdftotext", write(t, f), "-")); !strings.Contains(got, "加盖公章处") {
			t.Errorf("letter %d of seed %d, %+q, reads\n%s", i, seed, f, got)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	write(b, sample)
	b.ReportAllocs()
	for b.Loop() {
		write(b, sample)
	}
}
