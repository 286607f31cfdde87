package main

import (
	"bytes"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

var (
	namedTest    = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)`")
	declaredTest = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9_]+)\(`)
)

// TestDocumentsNameTests: a test that a document names as the guard of a promise is
// there.
func TestDocumentsNameTests(t *testing.T) {
	t.Parallel()
	declared := make(map[string]bool)
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git"):
			return fs.SkipDir
		case !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		raw, err := os.ReadFile(name)
		for _, m := range declaredTest.FindAllSubmatch(raw, -1) {
			declared[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range []string{"README.md", "webhook/SECURITY.md"} {
		raw, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range bytes.Split(raw, []byte("\n")) {
			for _, m := range namedTest.FindAllSubmatch(line, -1) {
				if !declared[string(m[1])] {
					t.Errorf("%s:%d: there is no %s", doc, i+1, m[1])
				}
			}
		}
	}
}
