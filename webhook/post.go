package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"signdesk/bot"
	"signdesk/bot/channel"
)

// decodeJSON reads a strict JSON body.
func (s *Server) decodeJSON(c *gin.Context, into any) bool {
	dec := json.NewDecoder(c.Request.Body)
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil && dec.More() {
		err = errors.New("more than one value")
	}
	if err == nil {
		return true
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		s.problem(c, errTooLarge)
	} else {
		s.problem(c, errBadJSON)
	}
	return false
}

// idForm is that of the id of a message.
var idForm = regexp.MustCompile(`^[A-Za-z0-9_.:-]{8,100}$`)

// inbound is a message as a front end posts it.
type inbound struct {
	ID      string `json:"id"`
	Text    string `json:"text"`
	Choice  string `json:"choice"`
	Label   string `json:"label"` // of the choice, for front ends that show it
	Picture string `json:"picture"`
	Page    string `json:"page"`
	Device  string `json:"device"`
}

// check returns the error of the table that a message has, if any.
func (m *inbound) check() *errorKind {
	n := 0
	for _, v := range []string{m.Text, m.Choice, m.Picture} {
		if v != "" {
			n++
		}
	}
	switch {
	case !idForm.MatchString(m.ID) || n > 1 || len(m.Choice) > maxLabel || len(m.Page) > maxLabel || len(m.Picture) > maxLabel:
		return &errInvalid
	case n == 0 || m.Text != "" && strings.TrimSpace(m.Text) == "":
		return &errEmpty
	case utf8.RuneCountInString(m.Text) > MaxQuestion:
		return &errTooLong
	}
	return nil
}

// post answers POST /conversation/messages: 202 once the turn is on disk.
func (s *Server) post(c *gin.Context) {
	var m inbound
	if !s.decodeJSON(c, &m) {
		return
	}
	if k := m.check(); k != nil {
		s.problem(c, *k)
		return
	}
	p := whose(c)
	if s.limited(c, s.byVisitor, p.ID) {
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), turnLimit)
	defer cancel()
	in := channel.Inbound{Peer: p, MessageID: m.ID, Text: m.Text, Click: m.Choice, Page: entryOf(m.Page), Device: device(m.Device, c)}
	if text, ok := strings.CutPrefix(m.Choice, "t:"); ok { // of the greeting: said in words
		in.Text, in.Click = text, ""
	}
	if m.Picture != "" {
		var err error
		if in.Picture, err = s.opts.Talks.Picture(ctx, p, m.Picture); errors.Is(err, bot.ErrNoPicture) {
			s.problem(c, errPictureGone)
			return
		} else if err != nil {
			s.broken(c, err)
			return
		}
	}
	rec, err := s.opts.Talks.Receive(ctx, in)
	switch {
	case errors.Is(err, bot.ErrEnded):
		s.problem(c, errEnded)
	case err != nil:
		s.broken(c, err)
	default:
		c.JSON(http.StatusAccepted, gin.H{"id": m.ID, "seq": rec.Seq})
	}
}

// entryOf is the entry of a help-center page: "faq/11" or "help/11/phone".
func entryOf(page string) string {
	parts := strings.Split(strings.Trim(page, "/"), "/")
	if len(parts) >= 2 && (parts[0] == "faq" || parts[0] == "help") {
		return parts[1]
	}
	return ""
}

// device is what the visitor sits at: as said, or as the browser tells.
func device(said string, c *gin.Context) channel.Device {
	switch channel.Device(said) {
	case channel.PC, channel.Phone:
		return channel.Device(said)
	}
	if ua := c.GetHeader("User-Agent"); strings.Contains(ua, "Mobile") || strings.Contains(ua, "Android") {
		return channel.Phone
	}
	return channel.PC
}
