package webhook

import (
	"net/http"

	"github.com/gin-gonic/gin"
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
