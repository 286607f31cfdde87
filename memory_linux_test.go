package main

import (
	"os"
	"regexp"
	"strconv"
	"testing"
)

// TestForgetProgram: the program takes less memory then, and goes on.
func TestForgetProgram(t *testing.T) {
	mapped := func() int {
		raw, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(`RssFile:\s+(\d+) kB`).FindSubmatch(raw)
		if m == nil {
			t.Fatalf("no RssFile in %s", raw)
		}
		kb, err := strconv.Atoi(string(m[1]))
		if err != nil {
			t.Fatal(err)
		}
		return kb
	}
	before := mapped()
	if err := forgetProgram(); err != nil {
		t.Fatal(err)
	}
	if after := mapped(); after > before*3/4 {
		t.Errorf("%d kB of files are mapped, before it were %d", after, before)
	}
}
