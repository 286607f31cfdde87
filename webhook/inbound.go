package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"signdesk/webhook/hooks"
)

// An Event is what another system tells (Standard Webhooks).
type Event struct {
	ID   string          `json:"-"` // of the message: the same when it comes again
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// Errors of [Options].Event.
var (
	ErrUnknownEvent = errors.New("webhook: unknown event")
	ErrBadEvent     = errors.New("webhook: event does not fit")
)

// event answers POST /api/v1/hooks: something happened outside.
func (s *Server) event(c *gin.Context) {
	raw, err := io.ReadAll(c.Request.Body)
	if err != nil {
		s.problem(c, errTooLarge)
		return
	}
	id, err := s.opts.Events.Verify(c.Request.Header, raw)
	if errors.Is(err, hooks.ErrSignature) {
		s.problem(c, errSignature)
		return
	}
	e := Event{ID: id}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if err := dec.Decode(&e); err != nil || !idForm.MatchString(id) {
		s.problem(c, errBadJSON)
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), turnLimit)
	defer cancel()
	switch err := s.opts.Event(ctx, e); {
	case errors.Is(err, ErrUnknownEvent):
		s.problem(c, errUnknownEvent)
	case errors.Is(err, ErrBadEvent):
		s.problem(c, errEventRejected)
	case err != nil:
		s.broken(c, err)
	default:
		c.Status(http.StatusNoContent)
	}
}
