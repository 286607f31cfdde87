package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// TestEndpointStaysFailing: since when an endpoint fails is known after a restart.
func TestEndpointStaysFailing(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Store = filepath.Join(t.TempDir(), "store.db")
	ctx, since := t.Context(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const url = "https://other.example/in?key=1"
	for _, set := range []time.Time{since, {}} {
		for _, write := range []bool{true, false} {
			s, err := openService(ctx, cfg)
			if err != nil {
				t.Fatal(err)
			}
			m := hookMemory{s.store}
			if write {
				err = m.SetFailing(ctx, url, set)
			}
			got, err2 := m.FailingSince(ctx, url)
			if err != nil || err2 != nil || !got.Equal(set) {
				t.Errorf("since %v, %v, %v; want %v", got, err, err2, set)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

var personal = regexp.MustCompile(`李示二|王示管|\d{11}|@`)

// TestEventsOut: another system hears what happens, signed, once each, and
// without anybody's name or number.
func TestEventsOut(t *testing.T) {
	t.Parallel()
	check, err := standardwebhooks.NewWebhook(hookSecret)
	if err != nil {
		t.Fatal(err)
	}
	type heard struct {
		Type string
		Data map[string]string
	}
	var mu sync.Mutex
	var got []heard
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		var h heard
		if err == nil {
			err = check.Verify(raw, r.Header)
		}
		if err == nil {
			err = json.Unmarshal(raw, &h)
		}
		if err != nil {
			t.Errorf("event %s: %v", raw, err)
		}
		mu.Lock()
		defer mu.Unlock()
		got = append(got, h)
	}))
	defer other.Close()
	s := newSite(t, func(c *Config) { c.Hooks, c.HooksPrivate = other.URL+"="+hookSecret, "on" })
	g := s.guest()
	g.asksAdmin()
	p := s.open("/s/" + s.sent("14000001201", linkInText))
	p.fills("text", "开始办理", "请选择")
	for _, token := range []string{"同意", "1", "按申请的范围", "确认"} {
		p.fills("text", token)
	}
	p.fills("text", s.sent("14000001201", codeInNotice), "已完成授权")
	g.says("转人工")
	for range 2 {
		s.settles()
	}
	mu.Lock()
	defer mu.Unlock()
	var kinds []string
	for _, h := range got {
		kinds = append(kinds, h.Type)
		if h.Type != "handoff.opened" && h.Data["case"] == "" {
			t.Errorf("%v is of no case", h)
		}
		if personal.MatchString(h.Data["text"]) {
			t.Errorf("%v names a person", h)
		}
	}
	slices.Sort(kinds)
	if want := []string{"case.progress", "handoff.opened", "request.approved"}; !slices.Equal(kinds, want) {
		t.Errorf("events %v, want %v", kinds, want)
	}
}
