package webhook

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"signdesk/bot"
	"signdesk/kb"
	sheets "signdesk/webhook/pages"
)

// HelpOptions are the settings of a help center.
type HelpOptions struct {
	Brand   string // name of the platform
	Hotline string
	Host    string // address of this server as people see it ("https://desk.example"), or ""
	// Hours tells whether staff answers at a time, and when in words. May be nil.
	Hours func(time.Time) (open bool, text string)
	Now   func() time.Time // nil: the system's clock
	Log   *slog.Logger     // errors, once each; never the text of a question. May be nil.
}

// A HelpCenter shows the knowledge base as pages that work without scripts.
// Addresses stay as they are as long as entries and parts keep their ids. It is
// safe for concurrent use and always shows the content that its base has now.
type HelpCenter struct {
	base decider
	opts HelpOptions
	set  *sheets.Set
}

const (
	// helpPolicy lets pages load from this server alone.
	helpPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
	// helpFresh is how long a page may be shown without asking again: it tells
	// whether the hotline is open.
	helpFresh = "public, max-age=60"
	// helpForever is for files whose address changes with what is in them.
	helpForever = "public, max-age=31536000, immutable"
	// helpTimeout bounds the work for one search.
	helpTimeout = 5 * time.Second
	// helpMaxQuery is the longest query, in runes. (House limit, as in the chat.)
	helpMaxQuery = 4000
)

// NewHelpCenter returns the help center of a knowledge base. An error is a
// mistake in the embedded pages.
func NewHelpCenter(base decider, o HelpOptions) (*HelpCenter, error) {
	set, err := sheets.New()
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Host = strings.TrimSuffix(o.Host, "/")
	return &HelpCenter{base, o, set}, nil
}

// Routes adds the pages below /help.
func (h *HelpCenter) Routes(r gin.IRouter) {
	r.GET("/help", h.home)
	r.GET("/help/search", h.search)
	r.GET("/help/assets/:file", h.asset)
	r.GET("/help/:entry", h.entry)
	r.GET("/help/:entry/:part", h.part)
}

func (h *HelpCenter) home(c *gin.Context) {
	p := h.page(helpRoot, h.opts.Brand+"帮助中心")
	p.About = h.opts.Brand + "企业实名认证、合同签署常见问题：粘贴屏幕上的提示，就能找到办法。"
	p.Widget = "help"
	body, err := h.set.Home(helpHome(p, h.base.Content()))
	h.send(c, http.StatusOK, helpFresh, body, err)
}

func (h *HelpCenter) entry(c *gin.Context) {
	if e := h.base.Content().Entry(kb.EntryID(c.Param("entry"))); e != nil {
		h.article(c, e.Main())
		return
	}
	h.NotFound(c)
}

func (h *HelpCenter) part(c *gin.Context) {
	e := h.base.Content().Entry(kb.EntryID(c.Param("entry")))
	if e == nil {
		h.NotFound(c)
		return
	}
	switch p := e.Part(kb.PartID(c.Param("part"))); p {
	case nil:
		h.NotFound(c)
	case e.Main(): // one address for one page
		c.Redirect(http.StatusPermanentRedirect, helpPath(p))
	default:
		h.article(c, p)
	}
}

func (h *HelpCenter) article(c *gin.Context, p *kb.Part) {
	body, err := h.set.Article(helpArticle(h.page(helpPath(p), ""), h.base.Content(), p))
	h.send(c, http.StatusOK, helpFresh, body, err)
}

// search answers GET /help/search?q=…: asking changes nothing. What people paste
// may be personal, so that nothing on the way keeps the page.
func (h *HelpCenter) search(c *gin.Context) {
	const keep = "private, no-store"
	q := strings.TrimSpace(c.Query("q"))
	p := h.page("", "查找")
	p.Widget = "help"
	p.Crumbs = []sheets.Link{{Href: helpRoot, Title: helpRootTitle}}
	switch {
	case q == "":
		body, err := h.set.Results(sheets.Results{Page: p, Heading: "想找什么？", Lead: "请输入您的问题，或把屏幕上的提示原文粘贴进来。"})
		h.send(c, http.StatusOK, keep, body, err)
		return
	case utf8.RuneCountInString(q) > helpMaxQuery:
		body, err := h.set.Results(sheets.Results{Page: p, Heading: "文字太长了", Lead: "请控制在4000字以内，只留关键的提示或描述就行。"})
		h.send(c, http.StatusUnprocessableEntity, keep, body, err)
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), helpTimeout)
	defer cancel()
	d, err := h.base.Decide(ctx, q)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			h.opts.Log.Error("help search failed", "route", c.FullPath(), "err", err)
		}
		h.Busy(c)
		return
	}
	p.Query = q
	body, err := h.set.Results(helpResults(p, bot.Compose(d, bot.Contact{Brand: h.opts.Brand, Hotline: h.opts.Hotline}), h.base.Content()))
	h.send(c, http.StatusOK, keep, body, err)
}

func (h *HelpCenter) asset(c *gin.Context) {
	a, ok := h.set.Asset(c.Param("file"))
	if !ok {
		h.NotFound(c)
		return
	}
	c.Header("Content-Type", a.Type)
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Cache-Control", helpForever)
	helpServe(c, a.Body)
}

// NotFound answers that there is no such page.
func (h *HelpCenter) NotFound(c *gin.Context) {
	h.problem(c, http.StatusNotFound, "没有这个页面", "链接可能不完整，或者内容已经调整。请查找您的问题，或从全部问题里找。")
}

// Busy answers that a page cannot be made just now.
func (h *HelpCenter) Busy(c *gin.Context) {
	c.Header("Retry-After", "10")
	h.problem(c, http.StatusServiceUnavailable, "现在有点忙", "请稍后再试；着急的话，请拨打热线 "+h.opts.Hotline+"。")
}

// Failed answers that something of ours went wrong.
func (h *HelpCenter) Failed(c *gin.Context) {
	h.problem(c, http.StatusInternalServerError, "系统出了点问题", "抱歉，请稍后再试；着急的话，请拨打热线 "+h.opts.Hotline+"。")
}

func (h *HelpCenter) problem(c *gin.Context, status int, heading, advice string) {
	c.Abort()
	p := h.page("", heading)
	p.Widget = "help"
	body, err := h.set.Problem(sheets.Problem{Page: p, Heading: heading, Advice: advice})
	if err != nil { // Failed would come here again
		h.opts.Log.Error("help page failed", "route", c.FullPath(), "err", err)
		c.String(status, heading)
		return
	}
	h.send(c, status, "no-store", body, nil)
}

// page is what a page at path has; path is empty if it is not worth coming back.
func (h *HelpCenter) page(path, title string) sheets.Page {
	s := sheets.Site{Brand: h.opts.Brand, Hotline: h.opts.Hotline, Host: h.opts.Host}
	if h.opts.Hours != nil {
		s.Open, s.Hours = h.opts.Hours(h.opts.Now())
	}
	return sheets.Page{Site: s, Path: path, Title: title}
}

// send answers with a page, or with 500 if it could not be drawn.
func (h *HelpCenter) send(c *gin.Context, status int, keep string, body []byte, err error) {
	if err != nil {
		h.opts.Log.Error("help page failed", "route", c.FullPath(), "err", err)
		h.Failed(c)
		return
	}
	c.Header("Content-Type", "text/html; charset=utf-8")
	c.Header("Content-Language", "zh-CN")
	c.Header("Content-Security-Policy", helpPolicy)
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Referrer-Policy", "no-referrer")
	c.Header("Cache-Control", keep)
	if status != http.StatusOK || strings.Contains(keep, "no-store") {
		c.Data(status, "text/html; charset=utf-8", body)
		return
	}
	helpServe(c, body)
}

// helpServe answers with bytes, or with 304 to who has them.
func helpServe(c *gin.Context, body []byte) {
	sum := sha256.Sum256(body)
	c.Header("ETag", `"`+hex.EncodeToString(sum[:12])+`"`)
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(body))
}
