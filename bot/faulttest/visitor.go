package faulttest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// again is how long a client waits before it sends once more.
const again = 20 * time.Millisecond

// A Visitor is a client of the widget's interface with one conversation. What is
// not acknowledged it sends again, under the same id. It is used by one goroutine.
type Visitor struct {
	Base   string // address of the server, "http://host:port"
	Client *http.Client
	Name   string // begins the ids of its messages
	Sent   []Sent // in order

	// Tries counts the requests for messages, Refused those that were answered
	// with an error, by status.
	Tries   int
	Refused map[int]int

	token string
}

// NewVisitor returns a visitor with connections of his own.
func NewVisitor(base, name string) *Visitor {
	return &Visitor{Base: base, Name: name, Refused: make(map[int]int),
		Client: &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 4}}}
}

// Do makes one request, and decodes what it is answered with into out, if that is
// not nil and the answer a success.
func (v *Visitor) Do(ctx context.Context, method, path string, in, out any) (status int, err error) {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return 0, err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, v.Base+path, body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	if v.token != "" {
		req.Header.Set("Authorization", "Bearer "+v.token)
	}
	res, err := v.Client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	if out != nil && res.StatusCode/100 == 2 {
		if err := json.Unmarshal(raw, out); err != nil {
			return res.StatusCode, fmt.Errorf("faulttest: %s %s: %w in %q", method, path, err, raw)
		}
	}
	return res.StatusCode, nil
}

// Hello begins the conversation, and tries until it has begun.
func (v *Visitor) Hello(ctx context.Context) error {
	var c struct{ Token string }
	return v.until(ctx, func() (bool, error) {
		status, err := v.Do(ctx, http.MethodPost, "/api/v1/conversation", map[string]string{"device": "pc"}, &c)
		v.token = c.Token
		return err == nil && status == http.StatusOK, nil
	})
}

// until calls try until it says that it is done.
func (v *Visitor) until(ctx context.Context, try func() (done bool, err error)) error {
	for {
		if done, err := try(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(again):
		}
	}
}

// Say sends a message until it is acknowledged or ctx ends.
func (v *Visitor) Say(ctx context.Context, text string) error {
	v.Sent = append(v.Sent, Sent{ID: fmt.Sprintf("%s-%06d", v.Name, len(v.Sent)), Text: text})
	return v.Resend(ctx, len(v.Sent)-1)
}

// Resend sends a message again, until it is acknowledged or ctx ends. What is
// acknowledged differently than before is an error.
func (v *Visitor) Resend(ctx context.Context, i int) error {
	s := &v.Sent[i]
	return v.until(ctx, func() (bool, error) {
		seq, status, err := v.Try(ctx, s.ID, s.Text)
		switch {
		case err != nil:
			return false, nil
		case status != http.StatusAccepted:
			v.Refused[status]++
			if status/100 == 4 && status != http.StatusTooManyRequests {
				return false, fmt.Errorf("faulttest: message %s is answered with %d", s.ID, status)
			}
			return false, nil
		case s.Acked && s.Seq != seq:
			return false, fmt.Errorf("faulttest: message %s has its reply at %d, and at %d when it is sent again", s.ID, s.Seq, seq)
		}
		s.Acked, s.Seq = true, seq
		return true, nil
	})
}

// Try sends a message once.
func (v *Visitor) Try(ctx context.Context, id, text string) (seq uint64, status int, err error) {
	v.Tries++
	var ack struct {
		ID  string
		Seq uint64
	}
	status, err = v.Do(ctx, http.MethodPost, "/api/v1/conversation/messages", map[string]string{"id": id, "text": text}, &ack)
	if err == nil && status == http.StatusAccepted && ack.ID != id {
		err = fmt.Errorf("faulttest: message %s is acknowledged as %q", id, ack.ID)
	}
	return ack.Seq, status, err
}

// History reads the whole conversation.
func (v *Visitor) History(ctx context.Context) (out []Line, err error) {
	for before := uint64(0); ; {
		var page struct {
			Messages []Line
			More     bool
		}
		status, err := v.Do(ctx, http.MethodGet, "/api/v1/conversation/messages?limit=100&before="+strconv.FormatUint(before, 10), nil, &page)
		if err != nil {
			return nil, err
		}
		if status != http.StatusOK {
			return nil, fmt.Errorf("faulttest: the history is answered with %d", status)
		}
		out = append(page.Messages, out...)
		if !page.More || len(page.Messages) == 0 {
			return slices.Clip(out), nil
		}
		before = page.Messages[0].Seq
	}
}

// Said is what the visitor's messages were, in the order of a history.
func (v *Visitor) Said(history []Line) (out []string) {
	text := make(map[string]string, len(v.Sent))
	for _, s := range v.Sent {
		text[s.ID] = s.Text
	}
	for _, l := range history {
		if l.From == "visitor" {
			out = append(out, text[l.Client])
		}
	}
	return out
}
