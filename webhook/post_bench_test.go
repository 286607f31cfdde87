package webhook_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/webhook"
	"signdesk/webhook/visitor"
)

// silent is a bot that takes whatever is said and does nothing.
type silent struct{ *bot.Bot }

func (silent) Receive(context.Context, channel.Inbound) (bot.Receipt, error) {
	return bot.Receipt{Seq: 1}, nil
}

// posting is a server of which only the HTTP side does anything, and the token of a
// visitor.
func posting(b *testing.B) (h http.Handler, token string) {
	b.Helper()
	visitors, err := visitor.NewSigner(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		b.Fatal(err)
	}
	s, err := webhook.New(webhook.Options{Base: newFixedBase(), Talks: silent{}, Visitors: visitors, Rates: webhook.Rates{Visitor: 1e9, Address: 1e9, Codes: 1},
		Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	_, token = visitors.New(time.Now())
	return s.Handler(), token
}

const posted = `{"id":"bench-1-123456","text":"提示无权限怎么办，合同打不开"}`

// BenchmarkPost measures what is around the turn of a message of the widget.
func BenchmarkPost(b *testing.B) {
	h, token := posting(b)
	raw := []byte(posted)
	b.ReportAllocs()
	var w nowhere
	for b.Loop() {
		// What net/http makes of a request is made anew: handlers may keep what they change.
		req := &http.Request{Method: http.MethodPost, URL: postURL, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Host: "127.0.0.1:8080", RemoteAddr: "127.0.0.1:43210",
			Header: http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}, "User-Agent": {"Go-http-client/1.1"}, "Accept-Encoding": {"gzip"}},
			Body:   io.NopCloser(bytes.NewReader(raw)), ContentLength: int64(len(raw))}
		clear(w.header)
		w.status, w.n = 0, 0
		h.ServeHTTP(&w, req)
		if w.status != http.StatusAccepted || w.n < 20 {
			b.Fatal(w.status, w.n)
		}
	}
}

var postURL = httptest.NewRequest(http.MethodPost, "/api/v1/conversation/messages", nil).URL

// nowhere is where answers go that nobody reads.
type nowhere struct {
	header http.Header
	status int
	n      int
}

func (w *nowhere) Header() http.Header {
	if w.header == nil {
		w.header = make(http.Header)
	}
	return w.header
}

func (w *nowhere) WriteHeader(status int) { w.status = status }

func (w *nowhere) Write(p []byte) (int, error) { w.n += len(p); return len(p), nil }

// BenchmarkPostOverNetwork measures the same with net/http, one connection, and
// what little a client has to do.
func BenchmarkPostOverNetwork(b *testing.B) {
	h, token := posting(b)
	srv := httptest.NewServer(h)
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	req := fmt.Appendf(nil, "POST /api/v1/conversation/messages HTTP/1.1\r\nHost: %s\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: %d\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n%s",
		srv.Listener.Addr(), len(posted), token, posted)
	in := bufio.NewReader(conn)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := conn.Write(req); err != nil {
			b.Fatal(err)
		}
		if err := answered(in); err != nil {
			b.Fatal(err)
		}
	}
}

// answered reads an answer without keeping anything of it.
func answered(in *bufio.Reader) error {
	length := 0
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 202 ")) {
			return fmt.Errorf("%q", line)
		}
		if n, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			for _, c := range bytes.TrimSpace(n) {
				length = 10*length + int(c-'0')
			}
		}
		if len(bytes.TrimSpace(line)) == 0 {
			break
		}
	}
	_, err := in.Discard(length)
	return err
}
