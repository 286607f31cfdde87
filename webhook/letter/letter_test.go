package letter_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

// tool runs a program of poppler-utils on a letter.
func tool(t *testing.T, name string, pdf []byte, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("no %s: install the package poppler-utils", name)
	}
	path := filepath.Join(t.TempDir(), "letter.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(name, append([]string{path}, args...)...).Output()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return string(out)
}

func TestR12_36_LetterHasWhatTheSystemFillsIn(t *testing.T) {
	t.Parallel()
	pdf := write(t, sample)
	text := tool(t, "pdftotext", pdf, "-layout", "-")
	flat := strings.Join(strings.Fields(text), "")
	for _, want := range []string{sample.Title, sample.Company, sample.LegalRep, sample.Registration, sample.Account, sample.Grantee, sample.GranteeLogin, sample.View,
		sample.Sign, sample.Date, sample.Code, "加盖公章处", "书面撤销或终止授权"} {
		if !strings.Contains(flat, strings.Join(strings.Fields(want), "")) {
			t.Errorf("letter lacks %q:\n%s", want, text)
		}
	}
	fonts := tool(t, "pdffonts", pdf)
	if !strings.Contains(fonts, "Identity-H") || !strings.Contains(fonts, "yes") {
		t.Errorf("the font is not embedded:\n%s", fonts)
	}
	if len(pdf) > 150<<10 { // the whole font has 4.5 MB
		t.Errorf("%d KB", len(pdf)>>10)
	}
	if !bytes.Equal(pdf, write(t, sample)) {
		t.Error("the same letter differs")
	}
}

func TestLongAndOddFields(t *testing.T) {
	t.Parallel()
	f := sample
	f.Company = strings.Repeat("虚构特别长的企业名称", 9) + "有限公司"
	f.LegalRep = "𠮷\x00野家 \xff SAMPLE ALEX"
	f.View, f.Sign, f.Matter = "", "", "企业认证"
	flat := strings.Join(strings.Fields(tool(t, "pdftotext", write(t, f), "-")), "")
	for _, want := range []string{"虚构特别长的企业名称有限公司", "□野家", "SAMPLEALEX", "企业认证"} {
		if !strings.Contains(flat, want) {
			t.Errorf("letter lacks %q: %s", want, flat)
		}
	}
	if strings.Contains(flat, "查看企业合同") {
		t.Error("a scope that was not asked for")
	}
}

func FuzzLetter(f *testing.F) {
	f.Add("虚构茶山", "李示二", "2022-05-26")
	f.Add("\u202e𠮷\x00", "", "x")
	f.Fuzz(func(t *testing.T, company, grantee, date string) {
		l := sample
		l.Company, l.Grantee, l.Date = company, grantee, date
		if pdf := write(t, l); !bytes.HasPrefix(pdf, []byte("%PDF-")) {
			t.Errorf("not a PDF: %.20q", pdf)
		}
	})
}
