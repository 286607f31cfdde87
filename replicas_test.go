package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"signdesk/bot/telegram/telegramtest"
	"signdesk/data/store/postgres/postgrestest"
	"signdesk/kb"
)

// A replica is one of several processes that serve from one database.
type replica struct {
	*testing.T
	url  string
	log  *syncBuffer
	stop func()
}

// newReplicas starts processes on a database of their own.
func newReplicas(t *testing.T, n int, env map[string]string) (list []*replica) {
	t.Helper()
	env["SIGNDESK_STORE"], env["SIGNDESK_SECRET"] = postgrestest.Start(t), strings.Repeat("5e", 32)
	env["SIGNDESK_TESSERACT"], env["SIGNDESK_RATES"] = "off", "0,0"
	for range n {
		r := &replica{T: t}
		r.url, r.log, r.stop = startServe(t, env)
		list = append(list, r)
	}
	return list
}

// do makes a request of the conversations' interface.
func (r *replica) do(method, path, token string, in any) (status int, out map[string]any) {
	r.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		r.Fatal(err)
	}
	req, err := http.NewRequestWithContext(r.Context(), method, r.url+"/api/v1/conversation"+path, bytes.NewReader(raw))
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer res.Body.Close()
	raw, err = io.ReadAll(res.Body)
	if err == nil && len(raw) > 0 {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		r.Fatalf("%s %s: %d %.200s: %v", method, path, res.StatusCode, raw, err)
	}
	return res.StatusCode, out
}

// visits begins a conversation.
func (r *replica) visits() (token string) {
	r.Helper()
	_, out := r.do("POST", "", "", map[string]any{"device": "phone"})
	token, _ = out["token"].(string)
	if token == "" {
		r.Fatalf("no token: %v", out)
	}
	return token
}

func (r *replica) says(token, id, text string) {
	r.Helper()
	if status, out := r.do("POST", "/messages", token, map[string]any{"id": id, "text": text}); status != http.StatusAccepted {
		r.Errorf("%s: %d %v", text, status, out)
	}
}

// hears opens the stream of a conversation and returns its texts, as they come.
func (r *replica) hears(token string) <-chan string {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, r.url+"/api/v1/conversation/events", nil)
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { res.Body.Close() })
	texts := make(chan string, 1000)
	go func() {
		defer close(texts)
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			var m struct{ Text string }
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && json.Unmarshal([]byte(data), &m) == nil {
				texts <- m.Text
			}
		}
	}()
	return texts
}

// hear waits for a text and returns how long that took.
func hear(t *testing.T, from <-chan string, want string) time.Duration {
	t.Helper()
	began := time.Now()
	for deadline := time.After(20 * time.Second); ; {
		select {
		case text, open := <-from:
			if strings.Contains(text, want) {
				return time.Since(began)
			}
			if !open {
				t.Fatalf("the stream ended before %q", want)
			}
		case <-deadline:
			t.Fatalf("%q not heard", want)
		}
	}
}

// TestReplicas: a visitor who is connected to one process hears what is said at
// another; one process at a time asks Telegram, and another goes on when it ends; a
// release of the knowledge base reaches all.
func TestReplicas(t *testing.T) {
	t.Parallel()
	tg := telegramtest.New(officeToken)
	defer tg.Close()
	group := tg.Group(officeGroup).Forum(true)
	api := httptest.NewServer(tg)
	t.Cleanup(api.Close)
	env := map[string]string{"SIGNDESK_TELEGRAM_TOKEN": officeToken, "SIGNDESK_TELEGRAM_BOARDS": fmt.Sprint(officeGroup),
		"SIGNDESK_TELEGRAM_OWNERS": fmt.Sprint(ownerZhou.ID), "SIGNDESK_TELEGRAM_API": api.URL}
	both := newReplicas(t, 2, env)
	a, b := both[0], both[1]

	token := a.visits()
	atB := b.hears(token)
	a.says(token, "question-1", "提示无权限怎么办")
	t.Logf("heard at the other process after %v", hear(t, atB, "无权限"))

	a.says(token, "question-2", "转人工")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	topic := ""
	if err := tg.Until(ctx, func() bool {
		i := slices.IndexFunc(group.Topics(), func(name string) bool { return strings.HasPrefix(name, "网页") })
		if i >= 0 {
			topic = group.Topics()[i]
		}
		return i >= 0
	}); err != nil {
		t.Fatalf("no topic: %v\n%s", err, group.Show())
	}
	group.Say(ownerZhou, topic, "您好，第一个回答在这里")
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(group.Show(), a.log, b.log)
		}
	})
	hear(t, atB, "第一个回答")

	a.checkRelease(env, both)

	for _, c := range tg.Calls("getUpdates") {
		if c.Code == http.StatusConflict {
			t.Error("two processes asked Telegram at the same time")
		}
	}
	// Whichever of the two had the desk: the one that is left has it now.
	a.stop()
	began := time.Now()
	group.Say(ownerZhou, topic, "您好，第二个回答在这里")
	hear(t, atB, "第二个回答")
	t.Logf("taken over and heard after %v", time.Since(began))
}

// checkRelease has one process, and a command beside it, release content.
func (r *replica) checkRelease(env map[string]string, all []*replica) {
	t := r.T
	t.Helper()
	const words, answer = "俺想戳个大红印子可它硬是不让俺戳", "13"
	dir := t.TempDir()
	command := func(args ...string) {
		t.Helper()
		var out, errOut bytes.Buffer
		if code := run(t.Context(), args, func(k string) string { return env[k] }, std{strings.NewReader(""), &out, &errOut}); code != exitOK {
			t.Fatalf("%v: %d %s %s", args, code, &out, &errOut)
		}
	}
	command("kb", "export", dir)
	name := filepath.Join(dir, "13-no-seal-right.md")
	raw, err := os.ReadFile(name)
	if err == nil {
		raw, err = kb.AddPhrasings(raw, kb.MainPart, []string{words})
	}
	if err == nil {
		err = os.WriteFile(name, raw, contentMode)
	}
	if err != nil {
		t.Fatal(err)
	}
	command("kb", "import", dir)
	began := time.Now()
	for _, r := range all {
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			if slices.Contains(r.ask(words), answer) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("a process does not serve the release")
			}
		}
	}
	t.Logf("served by all after %v", time.Since(began))
}

// ask returns the entries that a process finds.
func (r *replica) ask(q string) []string {
	r.Helper()
	raw, err := json.Marshal(map[string]string{"q": q})
	if err != nil {
		r.Fatal(err)
	}
	res, err := http.Post(r.url+"/v1/ask", "application/json", bytes.NewReader(raw))
	if err != nil {
		r.Fatal(err)
	}
	defer res.Body.Close()
	var out struct{ Entries []string }
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		r.Fatal(err)
	}
	return out.Entries
}

// TestReplicasOneConversation: a hundred messages of one conversation, sent to two
// processes at once, each twice, are each answered once, and the reply to each
// stands right behind it.
func TestReplicasOneConversation(t *testing.T) {
	t.Parallel()
	both := newReplicas(t, 2, map[string]string{})
	token := both[0].visits()
	const messages = 100
	var all sync.WaitGroup
	for i := range messages {
		for _, r := range both {
			all.Go(func() { r.says(token, fmt.Sprintf("message-%03d", i), "提示无权限怎么办") })
		}
	}
	all.Wait()
	seen := make(map[string]int)
	var list []map[string]any
	for before := ""; ; {
		_, out := both[1].do("GET", "/messages?limit=100"+before, token, nil)
		page, _ := out["messages"].([]any)
		for _, m := range slices.Backward(page) {
			list = append(list, m.(map[string]any))
		}
		if len(page) < 100 {
			break
		}
		before = "&before=" + fmt.Sprint(list[len(list)-1]["id"])
	}
	slices.Reverse(list)
	for i, m := range list {
		if m["from"] != "visitor" {
			continue
		}
		seen[fmt.Sprint(m["client"])]++
		if i+1 == len(list) || list[i+1]["from"] != "bot" {
			t.Errorf("no reply behind line %d", i)
		}
	}
	if len(seen) != messages || len(list) != 2*messages {
		t.Errorf("%d messages in %d lines", len(seen), len(list))
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s stands there %d times", id, n)
		}
	}
}
