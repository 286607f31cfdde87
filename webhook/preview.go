package webhook

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// PreviewLife is how long a link to a preview is good for.
const PreviewLife = 2 * time.Hour

// previewVisitor begins the ids of those who try what is not published. Their
// tokens are signed with a key of their own, and stand in the link.
const previewVisitor = "preview:"

// previewer returns whose token of a preview it is, "" if it is none.
func (s *Server) previewer(token string) string {
	if s.opts.Previews == nil {
		return ""
	}
	id, err := s.opts.Previews.Read(token, s.opts.Now())
	if err != nil {
		return ""
	}
	return previewVisitor + id
}

// previews is the route of the page on which content can be tried before it is
// published.
func (s *Server) previews() {
	if s.opts.Previews == nil {
		return
	}
	s.engine.GET("/preview", s.limitAddress, func(c *gin.Context) {
		token := c.Query("t")
		if s.previewer(token) == "" {
			s.fail(c, errPreview)
			return
		}
		c.HTML(http.StatusOK, "preview.html", gin.H{"Brand": s.opts.Contact.Brand, "Token": token})
	})
}

// helloPreview begins or resumes the conversation of a preview.
func (s *Server) helloPreview(c *gin.Context, token string) {
	id := s.previewer(token)
	if id == "" {
		s.problem(c, errPreview)
		return
	}
	st, err := s.opts.Talks.Standing(c.Request.Context(), peer(id))
	switch {
	case err != nil:
		s.broken(c, err)
	case st.Ended:
		s.problem(c, errPreview)
	default:
		s.welcome(c, id, token, false, st)
	}
}

// PreviewLink is the address of a preview of that token.
func PreviewLink(public, token string) string {
	return strings.TrimSuffix(public, "/") + "/preview?t=" + token
}
