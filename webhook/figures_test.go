package webhook

import (
	"encoding/xml"
	"io"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"bytes"

	"signdesk/kb"
)

// TestFigures sees that every figure belongs to a part of the shipped content, is
// well formed, and shows what its entry speaks of.
func TestFigures(t *testing.T) {
	t.Parallel()
	vars := kb.Vars{}
	for _, name := range []string{"brand", "hotline", "site", "payee_name", "payee_bank", "payee_branch", "payee_account", "payee_cnaps"} {
		vars[name] = "x"
	}
	content, err := kb.LoadContent(os.DirFS("../data/faq"), vars)
	if err != nil {
		t.Fatal(err)
	}
	if len(figures) < 10 {
		t.Errorf("%d figures", len(figures))
	}
	for name, f := range figures {
		entry, part, _ := strings.Cut(name, "/")
		e := content.Entry(kb.EntryID(entry))
		if e == nil || e.Part(kb.PartID(part)) == nil {
			t.Errorf("%s: no such part", name)
			continue
		}
		var said strings.Builder
		for _, p := range e.Parts {
			said.WriteString(p.Title + p.Short + strings.Join(p.Steps, "") + strings.Join(p.Notes, "") + strings.Join(p.Labels, ""))
		}
		if f.Mark != "" && !strings.Contains(said.String(), f.Mark) {
			t.Errorf("%s: entry %s never speaks of %q", name, entry, f.Mark)
		}
		for _, l := range append(f.Lines, f.Buttons...) {
			if utf8.RuneCountInString(l) > 17 {
				t.Errorf("%s: %q is too wide", name, l)
			}
		}
		var b bytes.Buffer
		if err := figureTemplate.Execute(&b, f); err != nil {
			t.Fatal(err)
		}
		for dec := xml.NewDecoder(&b); ; {
			if _, err := dec.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}
