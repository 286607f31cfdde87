package webhook

import (
	"embed"
	"html/template"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"signdesk/bot"
	"signdesk/kb"
)

//go:embed pages
var pages embed.FS

func parsePages() (*template.Template, error) {
	return template.ParseFS(pages, "pages/*.html")
}

// help are the routes of the help center, which works without JavaScript.
func (s *Server) help() {
	g := s.engine.Group("", s.limitAddress)
	g.GET("/", s.start)
	g.GET("/help", s.start)
	g.GET("/help/:entry", s.entryPage)
	g.GET("/help/:entry/:part", s.entryPage)
	g.GET("/help/:entry/:part/figure.svg", s.showFigure)
	g.GET("/faq/:entry", func(c *gin.Context) { // where entries were before
		c.Redirect(http.StatusMovedPermanently, strings.TrimSuffix("/help/"+c.Param("entry")+"/"+c.Query("part"), "/"))
	})
	g.GET("/widget.js", script)
	g.GET("/widget/:file", script)
	for _, name := range assets {
		g.GET("/"+name, asset(name))
	}
}

// A view is what page.html shows.
type view struct {
	Server   *Server
	Question string
	Reply    *bot.Reply
	Entry    *kb.Entry
	Parts    []*partView // of the entry, that which was asked for first
	Error    string
}

// A partView is one answer of an entry, as its page shows it.
type partView struct {
	*kb.Part
	Reply  bot.Reply
	Figure *figure
	Open   bool
}

// Brand is the name of the platform.
func (v view) Brand() string { return v.Server.opts.Contact.Brand }

// Hotline is the platform's telephone number.
func (v view) Hotline() string { return v.Server.opts.Contact.Hotline }

// Site is the platform's web site.
func (v view) Site() string { return v.Server.opts.Site }

// Title is the title of the page.
func (v view) Title() string {
	switch {
	case v.Entry != nil && len(v.Parts) > 0 && v.Parts[0].ID != kb.MainPart:
		return v.Parts[0].Title
	case v.Entry != nil:
		return v.Entry.Title
	case v.Question != "":
		return v.Question
	}
	return "帮助中心"
}

// Page names the page for the assistant, which takes it as context.
func (v view) Page() string {
	if v.Entry == nil {
		return ""
	}
	return "help/" + string(v.Entry.ID)
}

// Chapters are the entries by category, for the list on the start page.
func (v view) Chapters() []chapter {
	var out []chapter
	for _, name := range kb.Categories {
		ch := chapter{Name: name}
		for _, e := range v.Server.opts.Base.Content().Entries {
			if e.Category == name {
				ch.Entries = append(ch.Entries, e)
			}
		}
		if len(ch.Entries) > 0 {
			out = append(out, ch)
		}
	}
	return out
}

// A chapter is a category with its entries.
type chapter struct {
	Name    string
	Entries []*kb.Entry
}

// Answered reports whether the reply answers.
func (v view) Answered() bool { return v.Reply != nil && v.Reply.Kind == kb.Answer }

// start answers GET /?q=…: the form, and below it the answer. Asking changes
// nothing, so a question is a link that can be reloaded and shared.
func (s *Server) start(c *gin.Context) {
	v := view{Server: s, Question: c.Query("q")}
	if _, asked := c.GetQuery("q"); !asked {
		c.HTML(http.StatusOK, "page.html", v)
		return
	}
	if k := questionError(strings.TrimSpace(v.Question)); k != nil {
		v.Error = k.detail
		c.HTML(k.status, "page.html", v)
		return
	}
	reply, err := s.reply(c, v.Question)
	if err != nil {
		s.opts.Log.Error("question not answered", "request", c.GetString(requestID), "err", err)
		s.fail(c, errUnavailable)
		return
	}
	v.Reply = &reply
	c.HTML(http.StatusOK, "page.html", v)
}

// entryPage answers GET /help/11/phone: an entry with all its answers, that which
// was asked for first.
func (s *Server) entryPage(c *gin.Context) {
	e := s.opts.Base.Content().Entry(kb.EntryID(c.Param("entry")))
	var first *kb.Part
	if e != nil {
		first = e.Main()
		if id := c.Param("part"); id != "" {
			first = e.Part(kb.PartID(id))
		}
	}
	if first == nil {
		s.fail(c, errNotFound)
		return
	}
	v := view{Server: s, Entry: e, Parts: []*partView{newPartView(first, true)}}
	for _, p := range e.Parts {
		if p != first {
			v.Parts = append(v.Parts, newPartView(p, false))
		}
	}
	c.HTML(http.StatusOK, "page.html", v)
}

func newPartView(p *kb.Part, open bool) *partView {
	v := &partView{Part: p, Reply: bot.ShowPart(p), Open: open}
	if f, ok := figures[figureOf(p)]; ok {
		v.Figure = &f
	}
	return v
}

// assets are the files of pages that browsers load by themselves.
var assets = []string{"style.css", "link.css", "demo.css", "demo.js"}

func asset(name string) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Header("Cache-Control", "public, max-age=3600")
		c.FileFromFS("pages/"+name, http.FS(pages))
	}
}
