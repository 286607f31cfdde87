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

// A view is what page.html shows.
type view struct {
	Server   *Server
	Question string
	Reply    *bot.Reply
	Error    string
}

// Brand is the name of the platform.
func (v view) Brand() string { return v.Server.opts.Contact.Brand }

// Hotline is the platform's telephone number.
func (v view) Hotline() string { return v.Server.opts.Contact.Hotline }

// Site is the platform's web site.
func (v view) Site() string { return v.Server.opts.Site }

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

// page answers GET /?q=…: the form, and below it the answer. Asking changes
// nothing, so a question is a link that can be reloaded and shared.
func (s *Server) page(c *gin.Context) {
	v := view{Server: s, Question: c.Query("q")}
	if _, asked := c.GetQuery("q"); !asked {
		c.HTML(http.StatusOK, "page.html", v)
		return
	}
	if k := questionError(strings.TrimSpace(v.Question)); k != nil {
		v.Error = k.detail
		c.HTML(http.StatusUnprocessableEntity, "page.html", v)
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

// entryPage answers GET /faq/11?part=phone: one part of an entry.
func (s *Server) entryPage(c *gin.Context) {
	e := s.opts.Base.Content().Entry(kb.EntryID(c.Param("entry")))
	var p *kb.Part
	if e != nil {
		p = e.Part(kb.PartID(c.DefaultQuery("part", string(kb.MainPart))))
	}
	if p == nil {
		s.fail(c, errNotFound)
		return
	}
	reply := bot.ShowPart(p)
	c.HTML(http.StatusOK, "page.html", view{Server: s, Reply: &reply})
}

// assets are the files of pages that browsers load by themselves.
var assets = []string{"style.css", "link.css", "demo.css", "demo.js"}

func asset(name string) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Header("Cache-Control", "public, max-age=3600")
		c.FileFromFS("pages/"+name, http.FS(pages))
	}
}
