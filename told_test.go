package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"signdesk/actions/platform"
	"signdesk/data/store"
)

// faceCheck returns the id of the only face check that is open.
func (s *site) faceCheck() (id string) {
	s.Helper()
	s.must(s.store.View(s.Context(), func(tx store.Tx) error {
		for _, raw := range tx.Scan("checks", store.Range{}) {
			var c platform.LegalRepCheck
			if err := json.Unmarshal(raw, &c); err != nil {
				return err
			}
			if c.Kind == platform.FaceCheck && c.Status == platform.CheckCreated {
				id = string(c.ID)
			}
		}
		return nil
	}))
	return id
}

// TestR12_26FaceCheckToldByTheService: without the demonstration a check is
// pending until the face service tells how it went; then the case is settled at
// once, and the conversation hears of it.
func TestR12_26FaceCheckToldByTheService(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config) { c.HooksSecrets, c.Demo = hookSecret, "off" })
	g := s.guest()
	g.says("我要申诉，公司是虚构晨光食品有限公司")
	g.says("14000001102")
	g.says(s.sent("14000001102", codeInNotice))
	for _, text := range []string{"继续", "确认"} {
		g.says(text)
	}
	g.says(s.sent("14000001102", codeInNotice))
	for _, text := range []string{"法人或企业名称均未做变更", "刷脸", "同意"} {
		g.says(text)
	}
	text := func() string { g.says("刷完了"); return fmt.Sprint(g.last["text"]) }
	pending := text()
	if strings.Contains(pending, "成功") || strings.Contains(pending, "通过。") {
		t.Fatalf("passed before anybody told: %s", pending)
	}
	id := s.faceCheck()
	if id == "" {
		t.Fatalf("no check is open; the talk came to %s", pending)
	}
	s.wants(409, "event-rejected")(s.tells("face-none-1", map[string]any{"type": "face.checked", "data": map[string]any{"check": "LC-none", "passed": true}}))
	for range 2 {
		s.wants(204, "")(s.tells("face-00001", map[string]any{"type": "face.checked", "data": map[string]any{"check": id, "passed": true}}))
	}
	after := text()
	if !strings.Contains(after, "主管理员") {
		t.Errorf("after the face service told: %s", after)
	}
}

// TestToldFacts: what was told is sealed, found again, and good for a day.
func TestToldFacts(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config) { c.HooksSecrets, c.Demo = hookSecret, "off" })
	ctx := t.Context()
	if _, _, err := s.told.Owner(ctx, "14000001202"); err == nil {
		t.Error("a carrier answered that nobody asked")
	}
	const id = "330106199001011234"
	s.wants(409, "event-rejected")(s.tells("owner-00000", map[string]any{"type": "carrier.answered", "data": map[string]any{"mobile": "12", "idNumber": id}}))
	s.wants(204, "")(s.tells("owner-00001", map[string]any{"type": "carrier.answered", "data": map[string]any{"mobile": "14000001202", "idNumber": id}}))
	if got, found, err := s.told.Owner(ctx, "14000001202"); got != id || !found || err != nil {
		t.Errorf("owner %q %v %v", got, found, err)
	}
	kept := func() (n int) {
		s.must(s.store.View(ctx, func(tx store.Tx) error {
			n = 0
			for key, value := range tx.Scan(toldTable, store.Range{}) {
				n++
				if text := string(key) + string(value); strings.Contains(text, id) || strings.Contains(text, "14000001202") {
					t.Error("a fact is stored in the clear")
				}
			}
			return nil
		}))
		return n
	}
	if kept() != 1 {
		t.Errorf("%d facts", kept())
	}
	s.must(s.clock.Wait(ctx, 25*time.Hour))
	if _, _, err := s.told.Owner(ctx, "14000001202"); err == nil {
		t.Error("a fact is good for more than a day")
	}
	for range 200 { // each sweep begins at a random place
		s.must(s.told.sweep(ctx, 10))
	}
	if kept() != 0 {
		t.Error("an old fact is kept")
	}
}
