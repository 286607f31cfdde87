package wechat

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/silenceper/wechat/v2/util"
)

// Errors of callbacks: all are answered with 403, so that nothing is learnt from
// the difference.
var (
	errSignature = errors.New("wechat: signature does not fit")
	errStale     = errors.New("wechat: timestamp is too far off")
	errPlain     = errors.New("wechat: plaintext, though encryption is configured")
	errReused    = errors.New("wechat: nonce was used for another body")
	errCipher    = errors.New("wechat: cannot be decrypted")
	errKeep      = errors.New("wechat: nonce not kept")
)

// ServeHTTP answers the platform's callbacks: GET verifies the address, POST
// brings a message.
func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if r.Method == http.MethodGet {
		if err := a.check(q.Get("signature"), q); err != nil {
			a.refuse(w, err)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, q.Get("echostr"))
		return
	}
	var b bytes.Buffer
	b.Grow(int(min(max(r.ContentLength, 0), usualBody)) + bytes.MinRead)
	_, err := b.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody))
	body := b.Bytes()
	if err != nil {
		http.Error(w, "body", http.StatusRequestEntityTooLarge)
		return
	}
	raw, key, err := a.open(r.Context(), q, body)
	if err != nil {
		a.refuse(w, err)
		return
	}
	m, err := decode(raw)
	if err != nil {
		a.Log.Warn("callback is not as documented", "channel", Channel, "err", err)
		http.Error(w, "xml", http.StatusBadRequest)
		return
	}
	a.attempt(r.Context(), &answer{w: w, account: a, key: key, to: m.From, from: m.To, over: make(chan struct{})}, m)
}

func (a *Account) refuse(w http.ResponseWriter, err error) {
	a.Log.Warn("callback refused", "channel", Channel, "err", err)
	if errors.Is(err, errKeep) { // ours: it is brought again
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	http.Error(w, "forbidden", http.StatusForbidden)
}

// check compares a signature over the token and the given parts, in constant
// time, and the age of the request.
func (a *Account) check(signature string, q url.Values, parts ...string) error {
	want := util.Signature(append([]string{a.Token, q.Get("timestamp"), q.Get("nonce")}, parts...)...)
	if subtle.ConstantTimeCompare([]byte(want), []byte(signature)) != 1 {
		return errSignature
	}
	at, err := strconv.ParseInt(q.Get("timestamp"), 10, 64)
	if err != nil {
		return errStale
	}
	if age := a.Now().Sub(time.Unix(at, 0)); age > maxSkew || age < -maxSkew {
		return errStale
	}
	return nil
}

// envelope is the body of an encrypted callback.
type envelope struct {
	Encrypt string `xml:"Encrypt"`
}

func (e *envelope) set(name, value []byte) {
	if string(name) == "Encrypt" {
		e.Encrypt = string(value)
	}
}

// open verifies a callback and returns its message, and the key that it was
// encrypted with; "" for plaintext.
func (a *Account) open(ctx context.Context, q url.Values, body []byte) (raw []byte, key string, err error) {
	if t := q.Get("encrypt_type"); t == "" || t == "raw" {
		// The plain signature does not cover the body: whoever saw one address
		// of a callback could send anything.
		if a.Mode == Safe {
			return nil, "", errPlain
		}
		if err := a.check(q.Get("signature"), q); err != nil {
			return nil, "", err
		}
		return body, "", a.once(ctx, q, body)
	}
	var e envelope
	if flat(body, e.set) != nil {
		if err := decodeXML(body, &e); err != nil {
			return nil, "", errCipher
		}
	}
	if err := a.check(q.Get("msg_signature"), q, e.Encrypt); err != nil {
		return nil, "", err
	}
	for _, key := range a.keys {
		if _, raw, err := util.DecryptMsg(a.AppID, e.Encrypt, key); err == nil {
			return raw, key, a.nonces.use(q, raw, a.Now())
		}
	}
	return nil, "", errCipher
}

func checkKey(key string) error {
	if raw, err := base64.StdEncoding.DecodeString(key + "="); err != nil || len(key) != 43 || len(raw) != 32 {
		return errors.New("wechat: an EncodingAESKey has 43 letters and digits")
	}
	return nil
}

// decodeXML reads one document strictly: no document type, so no entities of its
// own.
func decodeXML(raw []byte, into any) error {
	if bytes.Contains(raw, []byte("<!DOCTYPE")) || bytes.Contains(raw, []byte("<!ENTITY")) {
		return errors.New("wechat: document types are not taken")
	}
	dec := xml.NewDecoder(bytes.NewReader(raw))
	dec.CharsetReader = nil
	if err := dec.Decode(into); err != nil {
		return errors.New("wechat: malformed XML") // the cause quotes the text
	}
	return nil
}

// legal leaves out what XML cannot hold: people paste it, and a message must not
// be lost for it.
func legal(raw []byte) []byte {
	if utf8.Valid(raw) && !suspicious(raw) {
		return raw
	}
	return bytes.Map(keepLegal, raw)
}

// legalText is legal of a text.
func legalText(text string) string {
	if utf8.ValidString(text) && !suspicious(text) {
		return text
	}
	return strings.Map(keepLegal, text)
}

func keepLegal(r rune) rune {
	if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF || r == utf8.RuneError {
		return -1
	}
	return r
}

// suspicious reports whether there may be something in valid UTF-8 that XML cannot
// hold: a control character, or one of the last of the first plane.
func suspicious[T string | []byte](raw T) bool {
	for i := range len(raw) {
		if c := raw[i]; c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0xEF && raw[i+1] == 0xBF && raw[i+2] >= 0xBD {
			return true
		}
	}
	return false
}

// nonces remember which message came with a nonce. The platform may repeat one
// with the same nonce, encrypted anew; another message with it is a forgery.
type nonces struct {
	mu   sync.Mutex
	seen map[hash]nonce
	next time.Time // when old ones are forgotten
}

type hash [sha256.Size]byte

// A nonce has no pointers, and no more has its hash, by which it is found: of very
// many, the collector has nothing to look through.
type nonce struct {
	body hash
	at   int64 // ns since 1970
}

// maxNonces bounds the memory: beyond it the oldest half is forgotten early.
const (
	maxNonces = 200_000
	maxNonce  = 100 // bytes, with the timestamp
)

func (n *nonces) use(q url.Values, body []byte, now time.Time) error {
	text := nonceKey(q)
	if len(text) > maxNonce {
		return errSignature
	}
	key, sum, at := hash(sha256.Sum256([]byte(text))), hash(sha256.Sum256(body)), now.UnixNano()
	n.mu.Lock()
	defer n.mu.Unlock()
	if was, ok := n.seen[key]; ok && at-was.at < int64(2*maxSkew) {
		if was.body != sum {
			return errReused
		}
		return nil
	}
	if n.seen == nil {
		n.seen = make(map[hash]nonce)
	}
	if now.After(n.next) || len(n.seen) >= maxNonces {
		keep := 2 * maxSkew
		if len(n.seen) >= maxNonces {
			keep = maxSkew / 10
		}
		for k, v := range n.seen {
			if at-v.at > int64(keep) {
				delete(n.seen, k)
			}
		}
		n.next = now.Add(maxSkew)
	}
	n.seen[key] = nonce{sum, at}
	return nil
}

// once sees that a nonce comes with one plaintext body only, whatever process it
// is brought to, and also after a restart: the signature does not cover the body.
func (a *Account) once(ctx context.Context, q url.Values, body []byte) error {
	if len(nonceKey(q)) > maxNonce {
		return errSignature
	}
	at, err := strconv.ParseInt(q.Get("timestamp"), 10, 64)
	if err != nil {
		return errStale
	}
	sum := sha256.Sum256(body)
	first, err := a.Keep.Once(ctx, "nonce "+nonceKey(q), time.Unix(at, 0), sum[:])
	if err != nil {
		return errKeep
	}
	if !bytes.Equal(first, sum[:]) {
		return errReused
	}
	return nil
}

func nonceKey(q url.Values) string { return q.Get("timestamp") + " " + q.Get("nonce") }

// An answer is the open request of one attempt.
type answer struct {
	w        http.ResponseWriter
	account  *Account
	key      string // of the cipher; "" for plaintext
	to, from string

	mu   sync.Mutex
	over chan struct{} // closed by leave
}

// acknowledged is what the platform wants to read of a message that has no reply.
const acknowledged = "success"

// success acknowledges the message without a reply.
func (s *answer) success() {
	s.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(s.w, acknowledged)
}

// send writes a reply (被动回复用户消息). An error means that it may not have
// reached the platform.
func (s *answer) send(text string) error { return s.write("text", legalText(text)) }

// transfer hands the person to WeChat's own customer service.
func (s *answer) transfer() error { return s.write("transfer_customer_service", "") }

func (s *answer) write(kind, text string) error {
	now := s.account.Now().Unix()
	raw := append(make([]byte, 0, len(text)+envelopeLen), "<xml>"...)
	raw = element(raw, "ToUserName", s.to)
	raw = element(raw, "FromUserName", s.from)
	raw = number(raw, "CreateTime", now)
	raw = element(raw, "MsgType", kind)
	if text != "" {
		raw = element(raw, "Content", text)
	}
	raw = append(raw, "</xml>"...)
	if s.key != "" {
		var err error
		if raw, err = s.seal(raw, now); err != nil {
			return err
		}
	}
	h := s.w.Header()
	h["Content-Type"] = xmlType
	h.Set("Content-Length", strconv.Itoa(len(raw)))
	_, err := s.w.Write(raw)
	if err == nil { // on its way before it counts as brought: the process may end any time
		err = http.NewResponseController(s.w).Flush()
	}
	if err != nil {
		return fmt.Errorf("wechat: write reply: %w", err)
	}
	return nil
}

// envelopeLen is about what a reply has around its text, in bytes.
const envelopeLen = 300

var xmlType = []string{"application/xml; charset=utf-8"}

// seal encrypts and signs a reply.
func (s *answer) seal(raw []byte, now int64) ([]byte, error) {
	random := rand.Text() // 26 letters and digits
	const block = 16
	secret, err := util.EncryptMsg([]byte(random[:block]), raw, s.account.AppID, s.key)
	if err != nil {
		return nil, errors.New("wechat: encrypt reply")
	}
	nonce, text := random[block:], string(secret)
	out := append(make([]byte, 0, len(text)+envelopeLen), "<xml>"...)
	out = element(out, "Encrypt", text)
	out = element(out, "MsgSignature", util.Signature(s.account.Token, strconv.FormatInt(now, 10), nonce, text))
	out = number(out, "TimeStamp", now)
	out = element(out, "Nonce", nonce)
	return append(out, "</xml>"...), nil
}

// gone reports whether the platform has closed the request.
func gone(ctx context.Context) bool { return ctx.Err() != nil }
