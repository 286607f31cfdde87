// Package telegramtest is a stand-in of Telegram: an HTTP server that keeps
// chats, topics, messages and updates, and answers the part of the Bot API that a
// help desk uses as the platform does, refusals included. Tests speak as the
// people in its chats and read what a chat shows.
//
// A [Server] is an [http.Handler], so that it can stand on an address of its own,
// and an [http.RoundTripper], so that it can do without a network. It may be used
// by any number of goroutines.
//
// Facts are those of https://core.telegram.org/bots/api; the texts of refusals
// are those that the platform was seen to give. It is stricter than the platform
// in nothing; what it does not know: albums, reactions, payments, rights of
// single members.
package telegramtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Username is the bot's name.
const Username = "desk_bot"

// A Server is the platform, with one bot.
type Server struct {
	Token   string
	Privacy bool         // privacy mode: in groups where it is no administrator, the bot sees commands and replies to it only
	Limits  bool         // the platform's pace is enforced: 20 a minute in a group, 3 a second in a private chat, 30 a second overall
	Client  *http.Client // that brings updates to a webhook; nil for the usual one

	mu      sync.Mutex
	chats   map[int64]*Chat
	files   map[string]*file
	queries map[string]bool // presses; true once answered
	notes   []Note
	faults  map[string][]Fault
	calls   []Call
	sends   map[int64][]time.Time
	last    int // message or file
	changed chan struct{}

	updates  []queued
	nextID   int64
	allowed  map[string]bool // nil for all
	poll     chan struct{}   // closed to end the poll that waits
	hook     string
	secret   string
	hookErr  string
	stopHook func()
}

// A Call is a request that was made.
type Call struct {
	Method string
	Params map[string]string // files by their names
	Code   int               // 200, or the refusal's
}

// A Fault is how a request fails.
type Fault struct {
	Status      int    // of a refusal: 400, 403, 429, 500 …; 0 for none
	Description string // of it
	RetryAfter  int    // seconds, of a 429
	Page        string // answered instead of JSON, as by a proxy on the way
	Hang        <-chan struct{}
	Lost        bool // the request is carried out, and its answer lost
}

// New returns a platform with a bot of that token ("42:secret").
func New(token string) *Server {
	return &Server{
		Token: token, chats: make(map[int64]*Chat), files: make(map[string]*file), queries: make(map[string]bool),
		faults: make(map[string][]Fault), sends: make(map[int64][]time.Time), changed: make(chan struct{}), last: 100, nextID: 5000,
	}
}

// Close ends what the server does by itself.
func (s *Server) Close() {
	s.mu.Lock()
	stop := s.stopHook
	s.stopHook = nil
	s.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// Fail has the next requests of a method fail, one fault each. "file" is the
// download of a file.
func (s *Server) Fail(method string, f ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[method] = append(s.faults[method], f...)
}

// Calls returns the requests of a method; of all for "".
func (s *Server) Calls(method string) (out []Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if method == "" || c.Method == method {
			out = append(out, c)
		}
	}
	return out
}

// Changed returns a channel that is closed when something happens next.
func (s *Server) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// Until waits until something is so. The condition is asked whenever something
// happened.
func (s *Server) Until(ctx context.Context, so func() bool) error {
	for {
		changed := s.Changed()
		if so() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// change wakes who waits. It is called with the lock held.
func (s *Server) change() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// RoundTrip answers a request without a network.
func (s *Server) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	rec := httptest.NewRecorder()
	done := make(chan bool, 1)
	body := r.Body
	if body == nil {
		body = http.NoBody
	}
	in := r.Clone(r.Context())
	in.Body, in.RequestURI = body, r.URL.RequestURI()
	go func() {
		defer body.Close()
		defer func() { done <- recover() == nil }()
		s.ServeHTTP(rec, in)
	}()
	select {
	case ok := <-done:
		if ok {
			return rec.Result(), nil
		}
		return nil, io.ErrUnexpectedEOF
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// ServeHTTP answers requests of the API and for files.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, method := "bot", ""
	path := strings.TrimPrefix(r.URL.Path, "/")
	if rest, ok := strings.CutPrefix(path, "file/"); ok {
		kind, path = "file", rest
	}
	token, method, _ := strings.Cut(path, "/")
	if token != "bot"+s.Token {
		code := http.StatusUnauthorized
		if !strings.Contains(token, ":") {
			code = http.StatusNotFound
		}
		reply(w, refuse(code, http.StatusText(code)))
		return
	}
	name := method
	if kind == "file" {
		name = "file"
	}
	f := s.fault(name)
	if f.Hang != nil {
		select {
		case <-f.Hang:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	if kind == "file" {
		s.serveFile(w, method, f)
		return
	}
	s.serveMethod(w, r, method, f)
}

func (s *Server) serveMethod(w http.ResponseWriter, r *http.Request, method string, f Fault) {
	q, err := read(r)
	var ans *answer
	switch {
	case err != nil:
		ans = refuse(http.StatusBadRequest, "Bad Request: "+err.Error())
	case f.Page != "":
		w.WriteHeader(f.Status)
		_, _ = io.WriteString(w, f.Page)
		return
	case f.Status != 0:
		ans = refuse(f.Status, f.Description)
		ans.Parameters.RetryAfter = f.RetryAfter
	default:
		ans = s.do(r, method, q)
	}
	s.note(method, q, ans)
	if f.Lost {
		panic(http.ErrAbortHandler)
	}
	reply(w, ans)
}

func (s *Server) note(method string, q *request, ans *answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := Call{Method: method, Code: ans.Code}
	if ans.OK {
		c.Code = http.StatusOK
	}
	if q != nil {
		c.Params = q.form
	}
	s.calls = append(s.calls, c)
	s.change()
}

func (s *Server) fault(method string) (f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if list := s.faults[method]; len(list) > 0 {
		f, s.faults[method] = list[0], list[1:]
	}
	return f
}

// An answer is what the API answers.
type answer struct {
	OK          bool   `json:"ok"`
	Result      any    `json:"result,omitempty"`
	Code        int    `json:"error_code,omitempty"`
	Description string `json:"description,omitempty"`
	Parameters  struct {
		RetryAfter int   `json:"retry_after,omitempty"`
		MigrateTo  int64 `json:"migrate_to_chat_id,omitempty"`
	} `json:"parameters,omitzero"`
}

func grant(result any) *answer { return &answer{OK: true, Result: result} }

func refuse(code int, why string) *answer { return &answer{Code: code, Description: why} }

func bad(why string) *answer { return refuse(http.StatusBadRequest, "Bad Request: "+why) }

func reply(w http.ResponseWriter, a *answer) {
	w.Header().Set("Content-Type", "application/json")
	if !a.OK {
		w.WriteHeader(a.Code)
	}
	_ = json.NewEncoder(w).Encode(a)
}

// A request is what was asked, however it was written.
type request struct {
	form  map[string]string
	files map[string]*file
}

const maxUpload = 50 << 20 // bytes; the platform's limit

// read reads a request: the platform takes query strings, forms, multipart forms
// and JSON.
func read(r *http.Request) (*request, error) {
	q := &request{form: make(map[string]string), files: make(map[string]*file)}
	for k, v := range r.URL.Query() {
		q.form[k] = v[0]
	}
	switch kind := r.Header.Get("Content-Type"); {
	case strings.HasPrefix(kind, "application/json"):
		var raw map[string]json.RawMessage
		if err := json.NewDecoder(r.Body).Decode(&raw); err != nil {
			return nil, fmt.Errorf("can't parse JSON: %w", err)
		}
		for k, v := range raw {
			var text string
			if json.Unmarshal(v, &text) != nil {
				text = string(v)
			}
			q.form[k] = text
		}
	case strings.HasPrefix(kind, "multipart/form-data"):
		return q, q.multipart(r)
	default:
		if err := r.ParseForm(); err != nil {
			return nil, err
		}
		for k, v := range r.PostForm {
			q.form[k] = v[0]
		}
	}
	return q, nil
}

func (q *request) multipart(r *http.Request) error {
	parts, err := r.MultipartReader()
	if err != nil {
		return err
	}
	for {
		p, err := parts.NextPart()
		if err != nil { // a form without any part has no end either
			return nil
		}
		var b bytes.Buffer
		if _, err := io.Copy(&b, io.LimitReader(p, maxUpload+1)); err != nil {
			return err
		}
		if p.FileName() != "" {
			q.files[p.FormName()] = &file{name: p.FileName(), data: b.Bytes()}
			q.form[p.FormName()] = p.FileName()
			continue
		}
		q.form[p.FormName()] = b.String()
	}
}

func (q *request) int(name string) int64 {
	n, _ := strconv.ParseInt(q.form[name], 10, 64)
	return n
}

func (q *request) bool(name string) bool { return q.form[name] == "true" }
