package widget_test

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"os/exec"
	"strings"
	"testing"

	"signdesk/webhook/widget"
)

// maxWeight is what all files together may weigh on the way, in bytes.
const maxWeight = 30 << 10

func TestWeight(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	eachFile(t, func(_ string, src []byte) {
		if _, err := w.Write(src); err != nil {
			t.Fatal(err)
		}
	})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if b.Len() > maxWeight {
		t.Errorf("%d bytes gzipped, want at most %d", b.Len(), maxWeight)
	}
}

// TestNothingForbidden sees that the widget runs under a strict policy of its
// page, and puts nobody's text into the page as markup.
func TestNothingForbidden(t *testing.T) {
	t.Parallel()
	eachFile(t, func(name string, src []byte) {
		for _, no := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", `setAttribute("style"`, "style:", "javascript:", "http://127", "cookie"} {
			if strings.Contains(string(src), no) {
				t.Errorf("%s uses %s", name, no)
			}
		}
		rest := strings.ReplaceAll(string(src), "http://www.w3.org/2000/svg", "")
		rest = strings.ReplaceAll(rest, "https://desk.example", "")
		if i := strings.Index(rest, "://"); i >= 0 && !strings.Contains(rest[max(0, i-12):i+3], `https?:`) && !strings.Contains(rest, `https?:\/\/`) {
			t.Errorf("%s speaks of another site: %s", name, rest[max(0, i-20):i+20])
		}
	})
}

// TestTypes has the TypeScript compiler check the files.
func TestTypes(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("npx"); err != nil {
		t.Fatal("no Node: install nodejs and npm, and run npm ci in webhook/widget")
	}
	if out, err := exec.Command("npx", "--no-install", "tsc", "-p", ".").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func eachFile(t *testing.T, fn func(name string, src []byte)) {
	t.Helper()
	names, err := fs.Glob(widget.Files(), "*.js")
	if err != nil || len(names) < 5 {
		t.Fatalf("files %v, %v", names, err)
	}
	for _, name := range names {
		src, err := fs.ReadFile(widget.Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		fn(name, src)
	}
}
