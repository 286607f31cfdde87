package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"signdesk/bot"
	"signdesk/bot/channel"
)

// Timing of a stream of events.
const (
	lookEvery   = 5 * time.Second // for news of other processes, and the place in the queue
	pingLooks   = 3               // looks to a sign of life: proxies cut connections that are silent
	writeWithin = 10 * time.Second
	streamLife  = time.Hour // then the client connects anew
	streamBatch = 4         // lines read at once: a reader who hangs holds them, and a line may have 12 KB
	maxStreams  = 20_000    // of the process
)

// A stream sends a visitor what is new in his conversation, as Server-Sent
// Events (WHATWG HTML, section 9.2).
type stream struct {
	*Server
	request string // id
	peer    channel.Peer
	after   uint64
	desk    string // what was sent of the staff's queue last
	w       io.Writer
	out     *http.ResponseController
}

// eventsPath is where streams are asked for.
const eventsPath = "/api/v1/conversation/events"

// streamKey is where the context of such a request has a **stream.
type streamKey struct{}

// stream serves a request for a stream. The router decides about it; the stream
// itself runs when it has returned, for what an open page costs is mostly the stack
// that it waits on.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	st := s.admit(w, r)
	if st == nil {
		return
	}
	defer s.streams.Add(-1)
	s.lookers.start.Do(s.startLookers)
	st.w, st.out = w, http.NewResponseController(w)
	if err := st.run(r.Context()); err != nil {
		s.opts.Log.Debug("stream ended", "request", st.request, "err", err)
	}
}

// admit returns the stream that a request gets; nil if it was answered otherwise.
func (s *Server) admit(w http.ResponseWriter, r *http.Request) (st *stream) {
	s.engine.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), streamKey{}, &st)))
	return st
}

// events answers GET /conversation/events, save for the stream itself.
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
	h := c.Writer.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx
	c.Status(http.StatusOK)
	*c.Request.Context().Value(streamKey{}).(**stream) = &stream{Server: s, request: requestID(c), peer: whose(c), after: after}
}

func (st *stream) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, streamLife)
	defer cancel()
	_ = st.out.SetReadDeadline(time.Time{}) // nothing more is read, for as long as it lasts
	news, stop := st.opts.Talks.Listen(st.peer)
	defer stop()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	if err := st.write("retry: 2000\n\n"); err != nil {
		return err
	}
	for looks := 0; ; {
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
			if looks++; looks%pingLooks == 0 {
				if err := st.write(": ping\n\n"); err != nil {
					return err
				}
			}
		}
	}
}

// send sends what is new. It is looked for on another stack, which is deep then.
func (st *stream) send(ctx context.Context) error {
	for more := true; more; {
		var text string
		var err error
		done := make(chan struct{})
		select {
		case st.lookers.work <- func() {
			defer close(done)
			defer func() { // a mistake of ours in one stream must not end all others
				if v := recover(); v != nil {
					err = fmt.Errorf("panic: %v", v)
				}
			}()
			text, more, err = st.look(ctx)
		}:
		case <-ctx.Done():
			return ctx.Err()
		case <-st.stopping:
			return nil
		}
		<-done
		if err == nil && text != "" {
			err = st.write(text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// look returns events of what is new, and whether there is more.
func (st *stream) look(ctx context.Context) (text string, more bool, err error) {
	lines, err := st.opts.Talks.Log(ctx, st.peer, st.after, streamBatch)
	if err != nil {
		return "", false, err
	}
	var b strings.Builder
	for _, l := range lines {
		if err := event(&b, "message", strconv.FormatUint(l.Seq, 10), st.message(l)); err != nil {
			return "", false, err
		}
		st.after = l.Seq
	}
	if len(lines) == streamBatch {
		return b.String(), true, nil
	}
	standing, err := st.opts.Talks.Standing(ctx, st.peer)
	if err == nil {
		err = st.deskEvent(&b, standing)
	}
	return b.String(), false, err
}

// deskEvent tells how it stands with the staff, if that is new.
func (st *stream) deskEvent(b *strings.Builder, s bot.Standing) error {
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
	return event(b, "desk", "", gin.H{"state": state, "place": s.Place, "hours": gin.H{"open": hours.Open, "text": hours.Text}})
}

func event(b *strings.Builder, name, id string, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	b.WriteString("event: " + name + "\n")
	if id != "" {
		b.WriteString("id: " + id + "\n")
	}
	b.WriteString("data: ")
	b.Write(raw)
	b.WriteString("\n\n")
	return nil
}

func (st *stream) write(text string) error {
	_ = st.out.SetWriteDeadline(time.Now().Add(writeWithin)) // of this write only: a reader who hangs is given up
	if _, err := io.WriteString(st.w, text); err != nil {
		return err
	}
	return st.out.Flush()
}

// Stop ends all streams, so that the server can stop.
func (s *Server) Stop() { s.stop.Do(func() { close(s.stopping) }) }

// lookers do what streams ask of them, a few at a time: it is short, and of the
// processor.
type lookers struct {
	start sync.Once
	work  chan func()
}

const lookersWide = 16

func (s *Server) startLookers() {
	s.lookers.work = make(chan func())
	for range lookersWide {
		go func() {
			for {
				select {
				case do := <-s.lookers.work:
					do()
				case <-s.stopping:
					return
				}
			}
		}()
	}
}

// streamCount is how many streams are open.
type streamCount = atomic.Int64
