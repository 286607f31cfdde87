package ocr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"
)

// Tesseract reads by the program of that name, one process a picture.
type Tesseract struct{ path string }

const language = "chi_sim" // simplified Chinese, with Latin letters and digits

// ErrNotInstalled means that the program, or its data for Chinese, is not there.
var ErrNotInstalled = errors.New("ocr: tesseract with chi_sim is not installed")

// NewTesseract finds the program: at a path, or by its name. The error is
// [ErrNotInstalled] if it cannot read Chinese.
func NewTesseract(ctx context.Context, name string) (*Tesseract, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, ErrNotInstalled
	}
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--list-langs").Output()
	if err != nil || !slices.Contains(strings.Fields(string(out)), language) {
		return nil, ErrNotInstalled
	}
	return &Tesseract{path}, nil
}

// Read implements [Reader].
func (t *Tesseract) Read(ctx context.Context, picture []byte, pass int) ([]string, error) {
	page, err := prepare(picture, look(pass))
	if err != nil {
		return nil, err
	}
	// Sparse text (11) finds the message on a screen where the analysis of a page's
	// layout takes a dialog for a drawing. More threads than one wait for each other
	// longer than they work.
	cmd := exec.CommandContext(ctx, t.path, "stdin", "stdout", "-l", language, "--psm", "11", "tsv")
	cmd.Env = append(os.Environ(), "OMP_THREAD_LIMIT=1")
	cmd.Stdin = bytes.NewReader(page)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("ocr: tesseract: %w", ctx.Err())
	}
	if err != nil {
		return nil, fmt.Errorf("ocr: tesseract: %w", err) // what it wrote is not told
	}
	return lines(out)
}

// minSure is how sure a line must be read, of 100: what is below is mostly
// drawings taken for letters.
const minSure = 35

// Columns of the table that the program writes, a row for each word; places are in
// pixels.
const (
	colLevel, colBlock, colPar, colLine          = 0, 2, 3, 4
	colLeft, colTop, colHeight, colConf, colText = 6, 7, 9, 10, 11
	columns, levelWord                           = 12, "5"
)

// A row is a line of words.
type row struct {
	place             string
	left, top, height int
	words             []string
	sure              float64 // of all words together
}

// lines puts the words of the table together, the lines from the top and from the
// left.
func lines(table []byte) ([]string, error) {
	var rows []row
	for text := range strings.Lines(string(table)) {
		f := strings.Split(strings.TrimRight(text, "\n"), "\t")
		if len(f) < columns || f[colLevel] != levelWord || strings.TrimSpace(f[colText]) == "" {
			continue
		}
		conf, err := strconv.ParseFloat(f[colConf], 64)
		if err != nil {
			return nil, fmt.Errorf("ocr: tesseract: table: %w", err)
		}
		place := f[colBlock] + " " + f[colPar] + " " + f[colLine]
		if len(rows) == 0 || rows[len(rows)-1].place != place {
			r := row{place: place}
			for col, into := range map[int]*int{colLeft: &r.left, colTop: &r.top, colHeight: &r.height} {
				if *into, err = strconv.Atoi(f[col]); err != nil {
					return nil, fmt.Errorf("ocr: tesseract: table: %w", err)
				}
			}
			rows = append(rows, r)
		}
		last := &rows[len(rows)-1]
		last.words, last.sure = append(last.words, strings.TrimSpace(f[colText])), last.sure+conf
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		if d := a.top - b.top; d < -a.height/2 || d > a.height/2 {
			return d
		}
		return a.left - b.left
	})
	var out []string
	for _, r := range rows {
		if r.sure/float64(len(r.words)) >= minSure {
			out = append(out, join(r.words))
		}
	}
	return out, nil
}

// join puts words side by side, with a space where two of them are not Chinese.
func join(words []string) string {
	var b strings.Builder
	var last rune
	for _, w := range words {
		first := []rune(w)[0]
		if last != 0 && !wide(last) && !wide(first) {
			b.WriteByte(' ')
		}
		b.WriteString(w)
		last = []rune(w)[len([]rune(w))-1]
	}
	return b.String()
}

func wide(r rune) bool {
	return unicode.Is(unicode.Han, r) || unicode.Is(unicode.Common, r) && r > 0x2000
}
