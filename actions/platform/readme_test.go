package platform_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signdesk/actions/platform"
)

// TestReadmeDrawsTheMachines reads the states in README.md back and compares
// them with the tables.
func TestReadmeDrawsTheMachines(t *testing.T) {
	raw, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(raw), "## States")
	parts := strings.Split(section, "```")
	if len(parts) < 3 {
		t.Fatal("README.md has no states")
	}
	drawn := make(map[string]map[string][]string)
	table := ""
	for line := range strings.Lines(strings.TrimSpace(parts[1])) {
		if !strings.HasPrefix(line, " ") {
			var ok bool
			if table, line, ok = strings.Cut(line, " "); !ok {
				t.Fatalf("line %q", line)
			}
			drawn[table] = make(map[string][]string)
		}
		for rule := range strings.SplitSeq(strings.TrimSpace(line), ";") {
			if rule = strings.TrimSpace(rule); rule == "" {
				continue
			}
			from, to, ok := strings.Cut(rule, " → ")
			if !ok {
				t.Fatalf("%s: no arrow in %q", table, rule)
			}
			drawn[table][strings.TrimPrefix(from, "()")] = strings.Split(to, ", ")
		}
	}
	if diff := cmp.Diff(platform.Machines(), drawn); diff != "" {
		t.Errorf("tables against README.md (-want +got):\n%s", diff)
	}
}
