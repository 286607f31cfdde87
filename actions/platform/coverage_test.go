package platform_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryRuleHasATest: each rule that the platform enforces (testdata/rules.txt)
// is in the name of a test.
func TestEveryRuleHasATest(t *testing.T) {
	list, err := os.ReadFile("testdata/rules.txt")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		tests.Write(raw)
	}
	rules := strings.Fields(string(list))
	for _, rule := range rules {
		if !strings.Contains(tests.String(), "func Test"+strings.Replace(rule, ".", "_", 1)+"_") {
			t.Errorf("no test is named after %s", rule)
		}
	}
	if len(rules) != 127 {
		t.Errorf("%d rules, want 127", len(rules))
	}
}
