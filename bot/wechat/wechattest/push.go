package wechattest

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Message is what a person sends; empty fields are left out.
type Message struct {
	From, Type, ID, Content, MenuID, PicURL, MediaID, Format, Event, EventKey string
	Label, Title, URL, Status, ErrorCode                                      string
	Recognition                                                               *string
	Created                                                                   int64 // seconds; 0 for now
}

// Text is a message of words.
func Text(from, id, content string) Message {
	return Message{From: from, Type: "text", ID: id, Content: content}
}

// Event is what a person did.
func Event(from, event, key string) Message {
	return Message{From: from, Type: "event", Event: event, EventKey: key}
}

// Events by which the platform tells what became of a notice.
const (
	templateResult  = "TEMPLATESENDJOBFINISH"
	subscribeResult = "subscribe_msg_sent_event"
)

// TemplateResult tells what became of a template message: "success",
// "failed:user block", "failed: system failed".
func TemplateResult(from, msgid, status string) Message {
	return Message{From: from, Type: "event", Event: templateResult, ID: msgid, Status: status}
}

// SubscribeResult tells what became of a subscription message: code "0" and
// "success", or another code and what it means.
func SubscribeResult(from, msgid, code, status string) Message {
	return Message{From: from, Type: "event", Event: subscribeResult, ID: msgid, ErrorCode: code, Status: status}
}

// XML is the message as the platform writes it.
func (p *Platform) XML(m Message) string {
	if m.Created == 0 {
		m.Created = p.Now().Unix()
	}
	var b strings.Builder
	field := func(name, value string, plain bool) {
		switch {
		case plain && value != "":
			fmt.Fprintf(&b, "<%s>%s</%s>\n", name, value, name)
		case value != "":
			fmt.Fprintf(&b, "<%s><![CDATA[%s]]></%s>\n", name, strings.ReplaceAll(value, "]]>", "]]]]><![CDATA[>"), name)
		}
	}
	field("ToUserName", p.Name, false)
	field("FromUserName", m.From, false)
	field("CreateTime", strconv.FormatInt(m.Created, 10), true)
	field("MsgType", m.Type, false)
	field("Content", m.Content, false)
	field("bizmsgmenuid", m.MenuID, true)
	field("PicUrl", m.PicURL, false)
	field("MediaId", m.MediaID, false)
	field("Format", m.Format, false)
	if m.Recognition != nil {
		b.WriteString("<Recognition><![CDATA[" + *m.Recognition + "]]></Recognition>\n")
	}
	field("Label", m.Label, false)
	field("Title", m.Title, false)
	field("Url", m.URL, false)
	field("Event", m.Event, false)
	switch {
	case m.Event == templateResult:
		field("MsgID", m.ID, true)
		field("Status", m.Status, false)
	case m.Event == subscribeResult:
		b.WriteString("<SubscribeMsgSentEvent><List>\n<TemplateId><![CDATA[T]]></TemplateId>\n")
		field("MsgID", m.ID, true)
		field("ErrorCode", m.ErrorCode, true)
		field("ErrorStatus", m.Status, false)
		b.WriteString("</List></SubscribeMsgSentEvent>\n")
	case m.Type == "event":
		b.WriteString("<EventKey><![CDATA[" + m.EventKey + "]]></EventKey>\n")
		fallthrough
	default:
		field("MsgId", m.ID, true)
	}
	return "<xml>" + b.String() + "</xml>"
}

// Sign is the platform's signature.
func Sign(parts ...string) string {
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

// Seal encrypts a message.
func (p *Platform) Seal(raw []byte) string {
	key, err := base64.StdEncoding.DecodeString(p.AESKey + "=")
	if err != nil {
		panic("wechattest: AES key: " + err.Error())
	}
	var b bytes.Buffer
	random := make([]byte, 16)
	rand.Read(random)
	b.Write(random)
	_ = binary.Write(&b, binary.BigEndian, uint32(len(raw)))
	b.Write(raw)
	b.WriteString(p.AppID)
	pad := 32 - b.Len()%32
	b.Write(bytes.Repeat([]byte{byte(pad)}, pad))
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("wechattest: AES key: " + err.Error())
	}
	out := b.Bytes()
	cipher.NewCBCEncrypter(block, key[:16]).CryptBlocks(out, out)
	return base64.StdEncoding.EncodeToString(out)
}

var errSealed = errors.New("wechattest: reply cannot be decrypted")

// unseal decrypts a reply.
func (p *Platform) unseal(text string) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	key, kerr := base64.StdEncoding.DecodeString(p.AESKey + "=")
	if err != nil || kerr != nil || len(raw) == 0 || len(raw)%32 != 0 {
		return nil, errSealed
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, errSealed
	}
	cipher.NewCBCDecrypter(block, key[:16]).CryptBlocks(raw, raw)
	pad := int(raw[len(raw)-1])
	if pad < 1 || pad > 32 {
		return nil, errSealed
	}
	raw = raw[:len(raw)-pad]
	if len(raw) < 20 {
		return nil, errSealed
	}
	n := int(binary.BigEndian.Uint32(raw[16:20]))
	if n > len(raw)-20 || string(raw[20+n:]) != p.AppID {
		return nil, errSealed
	}
	return raw[20 : 20+n], nil
}

// Request is the push of a message. In plain mode it is not encrypted; in
// compatible mode it is both.
func (p *Platform) Request(address, mode string, m Message) *http.Request {
	raw := p.XML(m)
	stamp, nonce := strconv.FormatInt(p.Now().Unix(), 10), rand.Text()[:10]
	q := url.Values{"timestamp": {stamp}, "nonce": {nonce}, "openid": {m.From}, "signature": {Sign(p.Token, stamp, nonce)}}
	body := raw
	if mode != "plain" {
		secret := p.Seal([]byte(raw))
		q.Set("encrypt_type", "aes")
		q.Set("msg_signature", Sign(p.Token, stamp, nonce, secret))
		body = "<xml><ToUserName><![CDATA[" + p.Name + "]]></ToUserName><Encrypt><![CDATA[" + secret + "]]></Encrypt></xml>"
		if mode == "compatible" {
			body = strings.Replace(raw, "</xml>", "<Encrypt><![CDATA["+secret+"]]></Encrypt></xml>", 1)
		}
	}
	r, err := http.NewRequest(http.MethodPost, address+"?"+q.Encode(), strings.NewReader(body))
	if err != nil {
		panic("wechattest: " + err.Error())
	}
	r.Header.Set("Content-Type", "text/xml")
	p.opened(m)
	return r
}

// An Answer is what came back in a request.
type Answer struct {
	Status int
	Type   string // of the reply; "" for a mere acknowledgement
	Text   string
}

// Read reads an answer as the platform does: an acknowledgement, or a reply whose
// signature and cipher fit. What is neither is an error: the person would be told
// that the account is out of service.
func (p *Platform) Read(res *http.Response, to, mode string) (a Answer, err error) {
	defer res.Body.Close()
	a.Status = res.StatusCode
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return a, err
	}
	if text := string(body); text == "" || text == "success" {
		return a, nil
	}
	if mode != "plain" {
		var e struct {
			Encrypt, MsgSignature, TimeStamp, Nonce string
		}
		if err := xml.Unmarshal(body, &e); err != nil {
			return a, fmt.Errorf("wechattest: reply %q: %w", body, err)
		}
		if Sign(p.Token, e.TimeStamp, e.Nonce, e.Encrypt) != e.MsgSignature {
			return a, errors.New("wechattest: signature of the reply does not fit")
		}
		if body, err = p.unseal(e.Encrypt); err != nil {
			return a, err
		}
	}
	var r struct {
		ToUserName, FromUserName, MsgType, Content string
		CreateTime                                 int64
	}
	if err := xml.Unmarshal(body, &r); err != nil {
		return a, fmt.Errorf("wechattest: reply %q: %w", body, err)
	}
	if r.ToUserName != to || r.FromUserName != p.Name || r.CreateTime == 0 || len(r.Content) > p.MaxText {
		return a, fmt.Errorf("wechattest: reply is not as documented: %q", body)
	}
	a.Type, a.Text = r.MsgType, r.Content
	return a, nil
}

// patience is how long the platform waits for an answer, and how often it brings
// a message.
const (
	patience = 5 * time.Second
	attempts = 3
)

// Attempt brings a message to a server once: it hangs up after five seconds, and
// the answer is then that of nobody.
func (p *Platform) Attempt(server http.Handler, req *http.Request, from, mode string) (Answer, error) {
	ctx, cancel := context.WithTimeout(req.Context(), patience)
	defer cancel()
	rec := &recorder{ResponseRecorder: httptest.NewRecorder(), whole: make(chan struct{})}
	served := make(chan struct{})
	go func() { defer close(served); server.ServeHTTP(rec, req.WithContext(ctx)) }()
	select {
	case <-served:
	case <-ctx.Done():
		return Answer{}, nil
	case <-rec.whole:
		select {
		case <-served:
		case <-time.After(time.Millisecond): // the server is still busy, the answer is here
		}
	}
	return p.Read(rec.Result(), from, mode)
}

// A recorder takes an answer as a client does: it has it once all of it was flushed,
// whatever the server does then.
type recorder struct {
	*httptest.ResponseRecorder
	once  sync.Once
	whole chan struct{}
}

func (r *recorder) Flush() {
	r.ResponseRecorder.Flush()
	if r.Header().Get("Content-Length") == strconv.Itoa(r.Body.Len()) {
		r.once.Do(func() { close(r.whole) })
	}
}

// Push brings a message up to three times, until it is acknowledged; the person
// gets what comes back. n is the attempt that was; 0 if nobody acknowledged, and
// the person is told that the account is out of service.
func (p *Platform) Push(server http.Handler, mode string, m Message) (a Answer, n int, err error) {
	for n := 1; n <= attempts; n++ {
		a, err := p.Attempt(server, p.Request("/wechat", mode, m), m.From, mode)
		if err != nil {
			return a, n, err
		}
		if a.Status == http.StatusOK {
			if a.Text != "" {
				p.Received(m.From, a.Text)
			}
			return a, n, nil
		}
	}
	return Answer{}, 0, nil
}
