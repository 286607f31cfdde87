package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"signdesk/bot/wechat/wechattest"
	"signdesk/data/store"
	"signdesk/webhook"
)

// BenchmarkMessages measures durable messages a second of 64 visitors who each
// wait for the answer, beside requests that do nothing on the same server library
// commits of records of the same sizes, and encrypted callbacks of WeChat whose
// replies come back: as ratios, in one run.
func BenchmarkMessages(b *testing.B) {
	const visitors, share = 64, 3 * time.Second
	collectLess() // as the command does
	cfg := testConfig(b)
	cfg.Store = filepath.Join(b.TempDir(), "store.db")
	ctx := b.Context()
	base, err := openBase(ctx, cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer base.Close()
	recognise, err := openIntents(cfg, base)
	if err != nil {
		b.Fatal(err)
	}
	s, err := openService(ctx, cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	log := slog.New(slog.DiscardHandler)
	talks, err := newBot(cfg, s, base, recognise, log, botHooks{read: pageChannels})
	if err != nil {
		b.Fatal(err)
	}
	platform := wechattest.New(time.Now)
	cfg.Wechat.AppID, cfg.Wechat.Token, cfg.Wechat.AESKey = platform.AppID, platform.Token, platform.AESKey
	account, err := newWechat(cfg, s, talks, log)
	if err != nil {
		b.Fatal(err)
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	go account.Run(running)
	web, err := newWeb(cfg, s, talks, base, nil, webhook.Rates{Visitor: 1e9, Address: 1e9, Codes: 1}, log, wechatRoutes(account)...)
	if err != nil {
		b.Fatal(err)
	}
	gin.SetMode(gin.ReleaseMode)
	nothing := gin.New()
	nothing.POST("/", func(c *gin.Context) { c.Status(http.StatusAccepted) })
	site, idle := httptest.NewServer(web.Handler()), httptest.NewServer(nothing)
	defer site.Close()
	defer idle.Close()
	defer web.Stop()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: visitors}}
	post := func(url, token, body string) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader([]byte(body)))
		if err != nil {
			b.Error(err)
			return
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		res, err := client.Do(req)
		if err != nil {
			b.Error(err)
			return
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if res.StatusCode != http.StatusAccepted {
			b.Errorf("status %d", res.StatusCode)
		}
	}
	tokens, payload := make([]string, visitors), make([]byte, 2<<10)
	for i := range tokens {
		res, err := client.Post(site.URL+"/api/v1/conversation", "application/json", strings.NewReader("{}"))
		if err != nil {
			b.Fatal(err)
		}
		var hello struct{ Token string }
		if err := json.NewDecoder(res.Body).Decode(&hello); err != nil {
			b.Fatal(err)
		}
		res.Body.Close()
		tokens[i] = hello.Token
	}
	rate := func(work func(i, n int)) float64 {
		var done atomic.Int64
		var wg sync.WaitGroup
		end := time.Now().Add(share)
		for i := range visitors {
			wg.Go(func() {
				for n := 0; time.Now().Before(end); n++ {
					work(i, n)
					done.Add(1)
				}
			})
		}
		wg.Wait()
		return float64(done.Load()) / share.Seconds()
	}
	for b.Loop() {
		messages := rate(func(i, n int) {
			post(site.URL+"/api/v1/conversation/messages", tokens[i], fmt.Sprintf(`{"id":"bench-%d-%d-%d","text":"你好"}`, time.Now().UnixNano(), i, n))
		})
		callbacks := rate(func(i, n int) {
			id := strconv.FormatInt(time.Now().UnixNano(), 10) + strconv.Itoa(i)
			res, err := client.Do(platform.Request(site.URL+"/wechat", "safe", wechattest.Text(fmt.Sprint("bench-", i), id, "你好")))
			if err != nil {
				b.Error(err)
				return
			}
			if a, err := platform.Read(res, fmt.Sprint("bench-", i), "safe"); err != nil || a.Text == "" {
				b.Errorf("%+v: %v", a, err)
			}
		})
		bare := rate(func(i, n int) { post(idle.URL+"/", tokens[i], `{"id":"x","text":"你好"}`) })
		commits := rate(func(i, n int) {
			err := s.store.Update(ctx, func(tx store.Tx) error { // what a message writes: its id, a conversation, a line, a reply
				at := uint64(time.Now().UnixNano())
				for part, size := range []int{16, 2 << 10, 300, 400} {
					if err := tx.Put(serviceTable, store.Key{}.Str("bench").Uint(uint64(part)).Uint(uint64(i)).Uint(at*min(1, uint64(part%2))), payload[:size]); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Error(err)
			}
		})
		b.ReportMetric(messages, "messages/s")
		b.ReportMetric(callbacks, "callbacks/s")
		b.ReportMetric(callbacks/messages, "of-widget")
		b.ReportMetric(messages/bare, "of-noop")
		b.ReportMetric(messages/commits, "of-committer")
	}
}
