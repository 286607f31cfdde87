package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"signdesk/bot/channel"
)

// A caller is a customer on the web.
type caller struct {
	d     *realDesk
	token string
}

func (d *realDesk) caller(preview string) *caller {
	c := &caller{d: d}
	var hello struct{ Token string }
	in := map[string]string{}
	if preview != "" {
		in["preview"] = preview
	}
	c.call("POST", "", in, &hello)
	c.token = hello.Token
	return c
}

func (c *caller) call(method, path string, in, out any) {
	c.d.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		c.d.Fatal(err)
	}
	for giveUp := time.Now().Add(time.Minute); time.Now().Before(giveUp); {
		req, err := http.NewRequestWithContext(c.d.Context(), method, "http://"+c.d.addr+"/api/v1/conversation"+path, bytes.NewReader(body))
		if err != nil {
			c.d.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if c.token != "" {
			req.Header.Set("Authorization", "Bearer "+c.token)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil { // it is being started again; people's devices try again too
			time.Sleep(100 * time.Millisecond)
			continue
		}
		raw, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode == http.StatusServiceUnavailable { // busy, as it says
			time.Sleep(100 * time.Millisecond)
			continue
		}
		if err != nil || res.StatusCode >= 300 {
			c.d.Fatalf("%s %s: %d %s %v", method, path, res.StatusCode, raw, err)
		}
		if err := json.Unmarshal(raw, out); err != nil {
			c.d.Fatal(err)
		}
		return
	}
	c.d.Fatalf("%s %s: nobody answers", method, path)
}

// says posts a text, or presses a choice.
func (c *caller) says(text, choice string) {
	c.d.Helper()
	c.d.posted++
	in := map[string]string{"id": fmt.Sprintf("message-%d", c.d.posted)}
	if in["text"] = text; choice != "" {
		delete(in, "text")
		in["choice"] = choice
	}
	for range 2 { // as often as one likes
		c.call("POST", "/messages", in, &struct{}{})
	}
}

type spokenLine struct {
	From, Text string
	Image      bool
	Choices    []channel.Choice
}

func (c *caller) log() []spokenLine {
	c.d.Helper()
	var out struct{ Messages []spokenLine }
	req, _ := http.NewRequestWithContext(c.d.Context(), "GET", "http://"+c.d.addr+"/api/v1/conversation/messages?limit=100", nil)
	req.Header.Set("Authorization", "Bearer "+c.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		c.d.Error(err)
	}
	return out.Messages
}

// told is how often somebody said something that holds a text.
func (c *caller) told(from, text string) (n int) {
	for _, l := range c.log() {
		if l.From == from && strings.Contains(l.Text, text) {
			n++
		}
	}
	return n
}
