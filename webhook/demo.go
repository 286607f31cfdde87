package webhook

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// A Demo is what the demonstration page plays with.
type Demo interface {
	// Inbox returns the latest messages that were sent, the newest first.
	Inbox(ctx context.Context, limit int) ([]DemoMessage, error)
	// Wait lets time pass.
	Wait(ctx context.Context, d time.Duration) error
}

// A DemoMessage is an SMS or an e-mail that would have gone out.
type DemoMessage struct {
	To   string    `json:"to"`
	At   time.Time `json:"at"`
	Mail bool      `json:"mail"`
	Text string    `json:"text"`
	Code string    `json:"code,omitempty"` // of the link in it
	Path string    `json:"path,omitempty"` // of the page behind that link
}

const demoInbox = 50

// demo are the routes of the demonstration page: the help center with the widget
// on the left, and a phone on the right.
func (s *Server) demo() {
	if s.opts.Demo == nil {
		return
	}
	same := http.NewCrossOriginProtection()
	g := s.engine.Group("/demo", s.limitAddress)
	g.GET("", func(c *gin.Context) { c.HTML(http.StatusOK, "demo.html", s.demoView(c)) })
	g.GET("/phone", func(c *gin.Context) { c.HTML(http.StatusOK, "phone.html", s.demoView(c)) })
	g.GET("/inbox", s.inbox)
	g.POST("/clock", s.sameSite(same), body(maxBody), s.wait)
}

type demoView struct {
	*Server
	Now      string
	Messages []DemoMessage
}

// Brand is the name of the platform.
func (v demoView) Brand() string { return v.opts.Contact.Brand }

var demoZone = time.FixedZone("CST", 8*60*60)

func (s *Server) demoView(c *gin.Context) demoView {
	list, err := s.opts.Demo.Inbox(c.Request.Context(), demoInbox)
	if err != nil {
		s.opts.Log.Error("inbox", "err", err)
	}
	return demoView{s, s.opts.Now().In(demoZone).Format("2006年1月2日 15:04"), list}
}

func (s *Server) inbox(c *gin.Context) {
	list, err := s.opts.Demo.Inbox(c.Request.Context(), demoInbox)
	if err != nil {
		s.broken(c, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"now": s.opts.Now().In(demoZone).Format("1月2日 15:04"), "messages": list})
}

// wait answers POST /demo/clock: a day passes.
func (s *Server) wait(c *gin.Context) {
	d := map[string]time.Duration{"1h": time.Hour, "1d": 24 * time.Hour, "2d": 48 * time.Hour}[c.PostForm("by")]
	if d == 0 {
		s.problem(c, errInvalid)
		return
	}
	if err := s.opts.Demo.Wait(c.Request.Context(), d); err != nil {
		s.broken(c, err)
		return
	}
	c.Redirect(http.StatusSeeOther, "/demo/phone")
}
