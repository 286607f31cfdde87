package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"signdesk/bot/wechat/wechattest"
)

func quote(s string) []byte {
	raw, _ := json.Marshal(s) // of a string never fails
	return raw
}

// client returns a client that keeps its connections.
func client(conns int) *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: conns, MaxConnsPerHost: conns}}
}

// do sends a request and reads the answer to its end.
func do(c *http.Client, req *http.Request, status int) ([]byte, error) {
	res, err := c.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != status {
		err = fmt.Errorf("%s: status %d: %.200s", req.URL.Path, res.StatusCode, body)
	}
	return body, err
}

// sent numbers messages, over all servers.
var sent atomic.Int64

// messages sends messages of visitors at random: known questions, or with fresh
// ones that nobody asked before.
func (b *bench) messages(c *http.Client, url string, fresh bool, asks [][]byte) sender {
	return func(ctx context.Context, w, _ int) error {
		n := sent.Add(1)
		text := asks[rand.IntN(len(asks))]
		if fresh {
			text = fmt.Appendf(text[:len(text)-1:len(text)-1], "，单号%d\"", n)
		}
		body := fmt.Appendf(nil, `{"id":"bench-%d-%d","text":%s}`, w, n, text)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/v1/conversation/messages", bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+b.tokens[rand.IntN(len(b.tokens))])
		req.Header.Set("Content-Type", "application/json")
		_, err = do(c, req, http.StatusAccepted)
		return err
	}
}

// A push is a callback of WeChat, ready to be sent.
type push struct {
	from, url string
	body      []byte
}

// callbacks makes callbacks beforehand, so that encrypting them costs nothing while
// it is measured. They are good for some minutes.
func (b *bench) callbacks(url string, n int) (list []push, platform *wechattest.Platform, err error) {
	platform = wechattest.New(time.Now)
	for range n {
		id := sent.Add(1)
		p := push{from: fmt.Sprint("bench-", rand.IntN(visitors))}
		var text string
		if err := json.Unmarshal(b.asks[rand.IntN(len(b.asks))], &text); err != nil {
			return nil, nil, err
		}
		req := platform.Request(url+"/wechat", "safe", wechattest.Text(p.from, strconv.FormatInt(time.Now().UnixNano()+id, 10), text))
		p.url = req.URL.String()
		if p.body, err = io.ReadAll(req.Body); err != nil {
			return nil, nil, err
		}
		list = append(list, p)
	}
	return list, platform, nil
}

// checked is how many callbacks there are to one whose reply is decrypted.
const checked = 100

// pushes sends callbacks and takes the replies.
func pushes(c *http.Client, list []push, platform *wechattest.Platform, next *atomic.Int64) sender {
	return func(ctx context.Context, _, _ int) error {
		n := next.Add(1) - 1
		if n >= int64(len(list)) {
			return fmt.Errorf("only %d callbacks were made", len(list))
		}
		p := list[n]
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(p.body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "text/xml")
		body, err := do(c, req, http.StatusOK)
		if err != nil || n%checked > 0 && bytes.Contains(body, []byte("<Encrypt>")) {
			return err
		}
		a, err := platform.Read(&http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(body))}, p.from, "safe")
		if err == nil && a.Text == "" {
			err = fmt.Errorf("callback without a reply: %.200s", body)
		}
		return err
	}
}
