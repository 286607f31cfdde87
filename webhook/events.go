package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"signdesk/bot"
	"signdesk/bot/channel"
)

// Timing of a stream of events.
const (
	pingEvery   = 15 * time.Second // proxies cut connections that are silent
	lookEvery   = 5 * time.Second  // for news of other processes, and the place in the queue
	writeWithin = 10 * time.Second
	streamLife  = time.Hour // then the client connects anew
	streamBatch = 4         // lines read at once: a reader who hangs holds them, and a line may have 12 KB
	maxStreams  = 20_000    // of the process
)

// A stream sends a visitor what is new in his conversation, as Server-Sent
// Events (WHATWG HTML, section 9.2).
type stream struct {
	*Server
	c     *gin.Context
	peer  channel.Peer
	after uint64
	desk  string // what was sent of the staff's queue last
	out   *http.ResponseController
}

// events answers GET /conversation/events.
func (s *Server) events(c *gin.Context) {
	from := c.GetHeader("Last-Event-ID")
	if from == "" {
		from = c.DefaultQuery("after", "0")
	}
	after, err := strconv.ParseUint(from, 10, 63)
	if err != nil {
		s.problem(c, errInvalid)
		return
	}
	if s.streams.Add(1) > int64(s.opts.Streams) {
		s.streams.Add(-1)
		s.problem(c, errTooMany)
		return
	}
	defer s.streams.Add(-1)
	h := c.Writer.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx
	c.Status(http.StatusOK)
	st := &stream{Server: s, c: c, peer: whose(c), after: after, out: http.NewResponseController(c.Writer)}
	if err := st.run(c.Request.Context()); err != nil {
		s.opts.Log.Debug("stream ended", "request", c.GetString(requestID), "err", err)
	}
}

func (st *stream) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, streamLife)
	defer cancel()
	_ = st.out.SetReadDeadline(time.Time{}) // nothing more is read, for as long as it lasts
	news, stop := st.opts.Talks.Listen(st.peer)
	defer stop()
	ping, look := time.NewTicker(pingEvery), time.NewTicker(lookEvery)
	defer ping.Stop()
	defer look.Stop()
	if err := st.write("retry: 2000\n\n"); err != nil {
		return err
	}
	for {
		if err := st.send(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-st.stopping:
			return nil // the client comes back to whoever serves then
		case <-news:
		case <-look.C:
		case <-ping.C:
			if err := st.write(": ping\n\n"); err != nil {
				return err
			}
		}
	}
}

// send sends what is new.
func (st *stream) send(ctx context.Context) error {
	for {
		lines, err := st.opts.Talks.Log(ctx, st.peer, st.after, streamBatch)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if err := st.event("message", strconv.FormatUint(l.Seq, 10), st.message(l)); err != nil {
				return err
			}
			st.after = l.Seq
		}
		if len(lines) < streamBatch {
			break
		}
	}
	standing, err := st.opts.Talks.Standing(ctx, st.peer)
	if err != nil {
		return err
	}
	return st.deskEvent(standing)
}

// deskEvent tells how it stands with the staff, if that is new.
func (st *stream) deskEvent(s bot.Standing) error {
	state := "none"
	if s.Held {
		state = "held"
	} else if s.Waits {
		state = "waiting"
	}
	now := fmt.Sprint(state, s.Place)
	if now == st.desk || st.desk == "" && state == "none" {
		return nil
	}
	st.desk = now
	hours := st.opts.Hours(st.opts.Now())
	return st.event("desk", "", gin.H{"state": state, "place": s.Place, "hours": gin.H{"open": hours.Open, "text": hours.Text}})
}

func (st *stream) event(name, id string, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	text := "event: " + name + "\n"
	if id != "" {
		text += "id: " + id + "\n"
	}
	return st.write(text + "data: " + string(raw) + "\n\n")
}

func (st *stream) write(text string) error {
	_ = st.out.SetWriteDeadline(time.Now().Add(writeWithin)) // of this write only: a reader who hangs is given up
	if _, err := st.c.Writer.WriteString(text); err != nil {
		return err
	}
	return st.out.Flush()
}

// Stop ends all streams, so that the server can stop.
func (s *Server) Stop() { s.stop.Do(func() { close(s.stopping) }) }

// streamCount is how many streams are open.
type streamCount = atomic.Int64
