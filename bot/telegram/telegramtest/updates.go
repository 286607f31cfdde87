package telegramtest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A queued update waits to be confirmed.
type queued struct {
	id  int64
	raw json.RawMessage
}

// push queues an update. It is called with the lock held.
func (s *Server) push(kind string, what any) {
	if s.allowed != nil && !s.allowed[kind] {
		return
	}
	s.nextID++
	raw, err := json.Marshal(map[string]any{"update_id": s.nextID, kind: what})
	if err != nil {
		panic(err) // our own maps
	}
	s.updates = append(s.updates, queued{s.nextID, raw})
	s.change()
}

// Push queues an update as it is, with the next id; REPLACED by which stands for
// that in it.
func (s *Server) Push(raw string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextID++
	raw = strings.ReplaceAll(raw, "REPLACED", strconv.FormatInt(s.nextID, 10))
	s.updates = append(s.updates, queued{s.nextID, json.RawMessage(raw)})
	s.change()
}

// Restart has the ids of updates go on from another number, as they may after a
// week without any.
func (s *Server) Restart(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextID = id
}

// Waiting returns how many updates are not confirmed.
func (s *Server) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.updates)
}

// Hook returns the address of the webhook, "" if none is set, and how its last
// update failed, "" if it did not.
func (s *Server) Hook() (address, failure string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hook, s.hookErr
}

const terminated = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"

// getUpdates waits for updates. One request at a time may: a second one ends the
// first.
func (s *Server) getUpdates(ctx context.Context, q *request) *answer {
	s.mu.Lock()
	if s.hook != "" {
		s.mu.Unlock()
		return refuse(http.StatusConflict, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
	}
	if s.poll != nil {
		close(s.poll)
	}
	mine := make(chan struct{})
	s.poll = mine
	if offset := q.int("offset"); offset > 0 {
		s.updates = slices.DeleteFunc(s.updates, func(u queued) bool { return u.id < offset })
		s.change()
	}
	s.allow(q.form["allowed_updates"])
	s.mu.Unlock()
	limit := int(q.int("limit"))
	if limit <= 0 || limit > 100 {
		limit = 100
	}
	timer := time.NewTimer(time.Duration(q.int("timeout")) * time.Second)
	defer timer.Stop()
	for over := false; ; {
		s.mu.Lock()
		changed := s.changed
		list := make([]json.RawMessage, 0)
		for _, u := range s.updates[:min(limit, len(s.updates))] {
			list = append(list, u.raw)
		}
		if (len(list) > 0 || over) && s.poll == mine {
			s.poll = nil
		}
		s.mu.Unlock()
		if len(list) > 0 || over {
			return grant(list)
		}
		select {
		case <-changed:
		case <-mine:
			return refuse(http.StatusConflict, terminated)
		case <-timer.C:
			over = true
		case <-ctx.Done():
			over = true
		}
	}
}

// allow takes the kinds of updates that are wanted; "" leaves them as they are.
func (s *Server) allow(list string) {
	var kinds []string
	if list == "" || json.Unmarshal([]byte(list), &kinds) != nil {
		return
	}
	s.allowed = nil
	if len(kinds) > 0 {
		s.allowed = make(map[string]bool)
		for _, k := range kinds {
			s.allowed[k] = true
		}
	}
}

var secretShape = regexp.MustCompile(`^[A-Za-z0-9_-]{0,256}$`)

func (s *Server) setWebhook(q *request) *answer {
	u, err := url.Parse(q.form["url"])
	loopback := err == nil && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost")
	switch {
	case err != nil || q.form["url"] != "" && u.Scheme != "https" && !loopback:
		return bad("bad webhook: An HTTPS URL must be provided for webhook")
	case !secretShape.MatchString(q.form["secret_token"]):
		return bad("secret token contains unallowed characters")
	}
	s.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.allow(q.form["allowed_updates"])
	s.hook, s.secret = q.form["url"], q.form["secret_token"]
	if q.bool("drop_pending_updates") {
		s.updates = nil
	}
	if s.hook != "" {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.deliver(ctx)
		}()
		s.stopHook = func() {
			cancel()
			<-done
		}
	}
	s.change()
	return grant(true)
}

// deliver brings updates to the webhook, in order, each until it is taken.
func (s *Server) deliver(ctx context.Context) {
	const pause = 20 * time.Millisecond // the platform waits longer, and ever longer
	for ctx.Err() == nil {
		s.mu.Lock()
		changed := s.changed
		var next *queued
		if len(s.updates) > 0 {
			next = &s.updates[0]
		}
		address, secret := s.hook, s.secret
		s.mu.Unlock()
		if next == nil {
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		why := s.bring(ctx, address, secret, next.raw)
		s.mu.Lock()
		if s.hookErr = why; why == "" {
			s.updates = slices.DeleteFunc(s.updates, func(u queued) bool { return u.id == next.id })
		}
		s.change()
		s.mu.Unlock()
		if why != "" {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
		}
	}
}

func (s *Server) bring(ctx context.Context, address, secret string, raw []byte) string {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(raw))
	if err != nil {
		return err.Error()
	}
	r.Header.Set("Content-Type", "application/json")
	if secret != "" {
		r.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret)
	}
	client := s.Client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(r)
	if err != nil {
		return err.Error()
	}
	_ = resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return "Wrong response from the webhook: " + resp.Status
	}
	return ""
}
