package webhook

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"signdesk/webhook/widget"
)

// machines are the routes for programs that watch and ask.
func (s *Server) machines() {
	s.engine.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	s.engine.GET("/readyz", s.ready)
	s.engine.GET("/openapi.yaml", func(c *gin.Context) {
		c.Header("Cache-Control", "public, max-age=300")
		c.Data(http.StatusOK, "application/yaml; charset=utf-8", OpenAPI)
	})
	if s.opts.Metrics != nil {
		s.engine.GET("/metrics", gin.WrapH(s.opts.Metrics.handler()))
	}
	s.engine.POST("/v1/ask", s.limitAddress, body(maxBody), s.ask)
}

// ready answers GET /readyz: 200 once store and index can be used.
func (s *Server) ready(c *gin.Context) {
	if s.opts.Ready != nil {
		if err := s.opts.Ready(); err != nil {
			s.opts.Log.Warn("not ready", "err", err)
			c.String(http.StatusServiceUnavailable, "not ready\n")
			return
		}
	}
	c.String(http.StatusOK, "ready\n")
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
