// Package wechattest is a stand-in for the WeChat platform of an Official
// Account: it pushes messages as the platform does, and answers the interfaces
// that an account calls, with their state - tokens that expire, windows and
// quotas of sends, limits of length, media - and their errors.
//
// Its cryptography is written anew from the official description
// (消息加解密说明), so that it can find mistakes in that of the adapter.
package wechattest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// A Platform is one account's side of WeChat. Its methods may be called
// concurrently.
type Platform struct {
	AppID, Secret, Token, AESKey string
	Name                         string // the account's own id (gh_…)
	Sends                        int    // customer-service messages after a message; 5
	MaxText                      int    // bytes; 2,048
	NoMenus                      bool   // the account may not send menus
	Unnamed                      bool   // subscription messages are taken without a msgid
	Now                          func() time.Time

	mu     sync.Mutex
	people map[string]*person
	token  string
	until  time.Time
	issued int // tokens
	forced int
	asked  int // for tokens
	faults map[string][]Fault
	media  map[string][]byte
	calls  []Call
	menu   json.RawMessage
	jobs   map[string]bool // client_msg_id of template messages, by person
	n      int
}

// person is somebody who follows the account.
type person struct {
	gone    bool
	windows []window
	inbox   []string
	notices []Notice
}

type window struct {
	left  int
	until time.Time
}

// A Notice is a template or subscription message that the platform took.
type Notice struct {
	Name string // msgid
	Text string
}

// A Call is one request to an interface.
type Call struct {
	Path string
	Body string
	Code int // errcode of the answer
}

// A Fault is how an interface fails.
type Fault struct {
	Code   int             // errcode, in a 200
	Status int             // HTTP status instead
	Hang   <-chan struct{} // the answer waits for it
	Lost   bool            // it acts, and the answer is lost
}

// New returns a platform with an account whose keys are made up.
func New(now func() time.Time) *Platform {
	return &Platform{AppID: "wx1234567890abcdef", Secret: "0123456789abcdef0123456789abcdef", Token: "token4callbacks", Name: "gh_0123456789ab",
		AESKey: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", Sends: 5, MaxText: 2048, Now: now,
		people: make(map[string]*person), faults: make(map[string][]Fault), media: make(map[string][]byte), jobs: make(map[string]bool)}
}

// RoundTrip implements [http.RoundTripper]: requests are answered without a
// network.
func (p *Platform) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r = r.Clone(r.Context())
		r.Body = http.NoBody
	}
	rec := httptest.NewRecorder()
	done := make(chan any, 1)
	go func() {
		defer func() { done <- recover() }()
		p.ServeHTTP(rec, r)
	}()
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case broken := <-done:
		if broken != nil && broken != http.ErrAbortHandler {
			panic(broken)
		}
		if broken != nil {
			return nil, fmt.Errorf("wechattest: %s %q: connection reset by peer", r.Method, r.URL)
		}
	}
	res := rec.Result()
	res.Request = r
	return res, nil
}

// Fail has the next calls of an interface fail, one after another.
func (p *Platform) Fail(path string, f ...Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults[path] = append(p.faults[path], f...)
}

// Expire has the platform forget its token before its time.
func (p *Platform) Expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.token = "expired early"
}

// Media keeps a picture that a person sends, and returns its id.
func (p *Platform) Media(raw []byte) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	id := fmt.Sprintf("media-%d", p.n)
	p.media[id] = raw
	return id
}

// pictureHost is where pictures of people lie, which anybody may get.
const pictureHost = ".qpic.cn"

// Picture is a message with a picture: by its id, and by its address.
func (p *Platform) Picture(from, id string, raw []byte) Message {
	media := p.Media(raw)
	return Message{From: from, Type: "image", ID: id, MediaID: media, PicURL: "http://mmbiz" + pictureHost + "/mmbiz_jpg/" + media}
}

// Inbox returns what a person was sent, in requests and otherwise, in order.
func (p *Platform) Inbox(openid string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.person(openid).inbox...)
}

// Notices returns the template and subscription messages that the platform took for
// a person. They count as arrived unless it tells otherwise.
func (p *Platform) Notices(openid string) []Notice {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Notice(nil), p.person(openid).notices...)
}

// Calls returns the calls of an interface so far.
func (p *Platform) Calls(path string) (out []Call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.calls {
		if c.Path == path {
			out = append(out, c)
		}
	}
	return out
}

// Tokens tells how often a token was asked for, and renewed by force.
func (p *Platform) Tokens() (asked, forced int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked, p.forced
}

// Menu returns the account's own menu.
func (p *Platform) Menu() json.RawMessage {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.menu
}

func (p *Platform) person(openid string) *person {
	if p.people[openid] == nil {
		p.people[openid] = new(person)
	}
	return p.people[openid]
}

// Received gives a person what came back in a request.
func (p *Platform) Received(openid, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	who := p.person(openid)
	who.inbox = append(who.inbox, text)
}

// opened gives a person's windows what a push of his allows.
func (p *Platform) opened(m Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	who, now := p.person(m.From), p.Now()
	switch strings.ToLower(m.Event) {
	case "":
		who.windows = []window{{p.Sends, now.Add(48 * time.Hour)}}
	case "subscribe", "scan", "click":
		who.gone = false
		who.windows = append(who.windows, window{3, now.Add(time.Minute)})
	case "unsubscribe":
		who.gone, who.windows = true, nil
	}
}
