package webhook

import (
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"signdesk/webhook/widget"
)

// views are the pages behind links and the demonstration's.
//
//go:embed views
var views embed.FS

func parseViews() (*template.Template, error) {
	return template.ParseFS(views, "views/*.html")
}

// assets are the files of views that browsers load by themselves.
var assets = []string{"link.css", "demo.css", "demo.js"}

func asset(name string) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Header("Cache-Control", "public, max-age=3600")
		c.FileFromFS("views/"+name, http.FS(views))
	}
}

// files are the routes of what browsers load, and of the start page.
func (s *Server) files() {
	s.engine.GET("/widget.js", script)
	s.engine.GET("/widget/:file", script)
	for _, name := range assets {
		s.engine.GET("/"+name, asset(name))
	}
	g := s.engine.Group("", s.limitAddress)
	s.help.Routes(g)
	g.GET("/", func(c *gin.Context) {
		to := "/help"
		if q, asked := c.GetQuery("q"); asked {
			to = "/help/search?q=" + url.QueryEscape(q)
		}
		c.Redirect(http.StatusFound, to)
	})
	g.GET("/faq/:entry", func(c *gin.Context) { // where entries were before
		c.Redirect(http.StatusMovedPermanently, strings.TrimSuffix("/help/"+url.PathEscape(c.Param("entry"))+"/"+url.PathEscape(c.Query("part")), "/"))
	})
}

// script answers the files of the widget, for pages of any site: they hold
// nothing that is not public.
func script(c *gin.Context) {
	name := c.Param("file")
	if name == "" {
		name = "widget.js"
	}
	h := c.Writer.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", "public, max-age=300")
	c.FileFromFS(name, http.FS(widget.Files()))
}
