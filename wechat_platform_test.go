package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestWechatPlatform has a program with another's message crypto (the npm package
// @wecom/crypto) play the WeChat platform against the real binary: signed, forged,
// replayed and duplicated pushes, a story to the end, a kill, and interfaces that
// refuse. `npm ci` in its directory installs what it needs.
func TestWechatPlatform(t *testing.T) {
	t.Parallel()
	const program = "bot/wechat/testdata/platform"
	if _, err := os.Stat(filepath.Join(program, "node_modules")); err != nil {
		t.Fatalf("run npm ci in %s first: %v", program, err)
	}
	binary := filepath.Join(t.TempDir(), "signdesk")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join(program, "run.js"), binary, t.TempDir())
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var checks []struct {
		Name, Detail string
		OK           bool
	}
	if err := json.Unmarshal(out, &checks); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if len(checks) < 60 {
		t.Errorf("only %d checks", len(checks))
	}
	for _, c := range checks {
		if !c.OK {
			t.Errorf("%s: %s", c.Name, c.Detail)
		}
	}
}
