// Package webhook is the HTTP side of signdesk: the page to ask in and the
// JSON interface.
//
// It knows no rule of matching and no wording of answers; it decodes requests,
// asks, and renders. A [Server] is safe for concurrent use.
package webhook

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"signdesk/bot"
	"signdesk/kb"
)

// decider answers an utterance; it must be safe for concurrent use.
type decider interface {
	Decide(ctx context.Context, utterance string) (kb.Decision, error)
	Content() *kb.Content
}

// Options are the settings of a server.
type Options struct {
	Base    decider
	Contact bot.Contact
	Site    string       // the platform's web site, without scheme
	Log     *slog.Logger // errors, once each; never the text of a question
}

// A Server answers HTTP requests.
type Server struct {
	opts   Options
	engine *gin.Engine
}

const (
	// maxBody bounds a request's body, in bytes; a question of MaxQuestion
	// runes fits with room for escapes.
	maxBody = 64 << 10
	// MaxQuestion is the longest question accepted, in runes. (House limit.)
	MaxQuestion = 4000
	// askTimeout bounds the work for one question.
	askTimeout = 5 * time.Second
)

// New returns a server; it does not listen yet.
func New(opts Options) (*Server, error) {
	gin.SetMode(gin.ReleaseMode)
	s := &Server{opts: opts, engine: gin.New()}
	s.engine.HandleMethodNotAllowed = true
	tmpl, err := parsePages()
	if err != nil {
		return nil, err
	}
	s.engine.SetHTMLTemplate(tmpl)
	s.engine.Use(gin.CustomRecoveryWithWriter(nil, s.recovered), headers)
	s.engine.GET("/", s.page)
	s.engine.GET("/faq/:entry", s.entryPage)
	s.engine.GET("/style.css", style)
	s.engine.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	s.engine.POST("/v1/ask", s.ask)
	s.engine.NoRoute(func(c *gin.Context) {
		s.fail(c, http.StatusNotFound, "not_found", "没有这个页面，请从首页重新进入。")
	})
	s.engine.NoMethod(func(c *gin.Context) {
		s.fail(c, http.StatusMethodNotAllowed, "method_not_allowed", "不支持这种请求方式。")
	})
	return s, nil
}

// Handler returns the handler of all routes.
func (s *Server) Handler() http.Handler { return s.engine }

// headers sets what protects a page that shows people's own words.
func headers(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	c.Next()
}

func (s *Server) recovered(c *gin.Context, cause any) {
	s.opts.Log.Error("panic in a request", "path", c.FullPath(), "err", cause)
	s.fail(c, http.StatusInternalServerError, "internal", "抱歉，系统出了点问题，请稍后再试。")
	c.Abort()
}

// A problem is an error document (RFC 9457).
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"` // stable
}

// fail answers with a problem document, or with a page where a browser asked.
func (s *Server) fail(c *gin.Context, status int, code, title string) {
	if c.NegotiateFormat(gin.MIMEJSON, gin.MIMEHTML) == gin.MIMEHTML {
		c.HTML(status, "page.html", view{Server: s, Error: title})
		return
	}
	c.Header("Content-Type", "application/problem+json; charset=utf-8")
	c.JSON(status, problem{Type: "about:blank", Title: title, Status: status, Code: code})
}

// ask answers POST /v1/ask {"q": "…"} with a [bot.Record].
func (s *Server) ask(c *gin.Context) {
	var in struct {
		ID string `json:"id"`
		Q  string `json:"q"`
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBody)
	if err := c.ShouldBindJSON(&in); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			s.fail(c, http.StatusRequestEntityTooLarge, "too_large", tooLong)
			return
		}
		s.fail(c, http.StatusBadRequest, "bad_json", `请求内容应为 JSON，例如 {"q":"提示无权限怎么办"}。`)
		return
	}
	if code, msg := questionError(in.Q); code != "" {
		s.fail(c, http.StatusUnprocessableEntity, code, msg)
		return
	}
	reply, err := s.reply(c, in.Q)
	if err != nil {
		s.unavailable(c, err)
		return
	}
	c.PureJSON(http.StatusOK, bot.NewRecord(in.ID, reply))
}

const tooLong = "问题太长了，请控制在 4000 字以内，只发关键的提示或描述就行。"

// questionError checks a question; code is empty if it is fine.
func questionError(q string) (code, msg string) {
	switch n := utf8.RuneCountInString(q); {
	case n == 0:
		return "empty", "请输入您的问题，或把屏幕上的提示原文粘贴进来。"
	case n > MaxQuestion:
		return "too_long", tooLong
	}
	return "", ""
}

func (s *Server) reply(c *gin.Context, q string) (bot.Reply, error) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), askTimeout)
	defer cancel()
	d, err := s.opts.Base.Decide(ctx, q)
	if err != nil {
		return bot.Reply{}, err
	}
	return bot.Compose(d, s.opts.Contact), nil
}

func (s *Server) unavailable(c *gin.Context, err error) {
	s.opts.Log.Error("question not answered", "path", c.FullPath(), "err", err)
	s.fail(c, http.StatusServiceUnavailable, "unavailable", "现在有点忙，请稍后再试，或拨打热线 "+s.opts.Contact.Hotline+"。")
}
