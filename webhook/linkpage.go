package webhook

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/gin-gonic/gin"

	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/webhook/letter"
)

// LinkChannel is the channel of pages behind links. The peer is the link's code.
const LinkChannel = "link"

// codeForm is a code of a link.
var codeForm = regexp.MustCompile(`^[0-9A-Za-z]{8}$`)

// linkView is what link.html shows.
type linkView struct {
	*Server
	Code  string
	Key   string // idempotency key of the form
	Intro []string
	Said  []string // of the last reply
	Form  *linkForm
	Typed string // what was typed and not taken
	Wrong string // why
	Open  bool
}

// Brand is the name of the platform.
func (v linkView) Brand() string { return v.opts.Contact.Brand }

// Matter is what the page is about, after its first line.
func (v linkView) Matter() []string { return v.Intro[1:] }

// Working reports whether something is asked now: what the page is about is then
// folded, since on a phone it would hide that.
func (v linkView) Working() bool { return v.Form != nil && !v.Form.Begin }

// NewPassword reports whether the page asks for one: of a new account.
func (v linkView) NewPassword() bool { return v.Form != nil && v.Form.Input == "password" }

// Hotline is the platform's telephone number.
func (v linkView) Hotline() string { return v.opts.Contact.Hotline }

// linkForm is what can be done on the page now.
type linkForm struct {
	Begin    bool // nothing is asked now
	Begun    bool // but something was done already
	Picture  bool
	Many     bool
	Input    string // keyboard
	Choices  []channel.Choice
	Controls []channel.Choice
	Download bool // the letter can be downloaded
}

// Text reports whether something can be typed.
func (f *linkForm) Text() bool { return !f.Begin && len(f.Choices) == 0 && !f.Picture }

func formOf(m channel.Message) *linkForm {
	f := &linkForm{Picture: m.Picture, Many: m.Many, Input: m.Input}
	for _, c := range m.Choices {
		switch {
		case c.Token == tokenHuman: // the hotline is on the page
		case c.Token == tokenDownload:
			f.Download = true
		case c.Control:
			f.Controls = append(f.Controls, c)
		default:
			f.Choices = append(f.Choices, c)
		}
	}
	return f
}

// Tokens that the page treats in its own way.
const (
	tokenHuman    = "c:human"
	tokenDownload = "o:download"
)

// linkPages are the routes of the pages behind links.
func (s *Server) linkPages() {
	same := http.NewCrossOriginProtection()
	g := s.engine.Group("/s", s.limitAddress)
	g.GET("", s.enterCode)
	g.GET("/:code", s.showLink)
	g.GET("/:code/letter.pdf", s.letter)
	g.POST("/:code", s.sameSite(same), body(maxLetter), s.actOnLink)
}

// maxLetter is the largest picture of a letter, in bytes, with the form around
// it (R12.31).
const maxLetter = 15<<20 + 64<<10

// enterCode answers GET /s: the form to enter a code that a message gave, or,
// with one, on to its page.
func (s *Server) enterCode(c *gin.Context) {
	code := strings.TrimSpace(c.Query("code"))
	if code == "" {
		c.HTML(http.StatusOK, "link.html", linkView{Server: s})
		return
	}
	if s.limited(c, s.byCode, address(c)) {
		return
	}
	if !codeForm.MatchString(code) {
		c.HTML(http.StatusUnprocessableEntity, "link.html", linkView{Server: s, Typed: code, Wrong: "链接码是8位字母和数字，请核对短信。"})
		return
	}
	c.Redirect(http.StatusSeeOther, "/s/"+code)
}

func linkPeer(code string) channel.Peer { return channel.Peer{Channel: LinkChannel, ID: code} }

// showLink answers GET /s/{code}. It changes nothing: previewers open links.
func (s *Server) showLink(c *gin.Context) {
	ctx, code := c.Request.Context(), c.Param("code")
	v, ok := s.preview(c, code)
	if !ok {
		return
	}
	if !v.Open {
		s.showEnd(c, v)
		return
	}
	last, err := s.opts.Talks.LogBefore(ctx, linkPeer(code), 0, linkLines)
	if err != nil {
		s.linkBroken(c, err)
		return
	}
	v.stands(last)
	c.HTML(http.StatusOK, "link.html", v)
}

const linkLines = 10 // of the log that a page looks at: a reply and news since

// stands shows what was said since the bearer acted last, and what is asked.
func (v *linkView) stands(lines []bot.Line) {
	v.Form = &linkForm{Begin: true}
	for _, l := range lines {
		if l.From == bot.User {
			v.Said, v.Form = nil, &linkForm{Begin: true, Begun: true}
			continue
		}
		v.Said = append(v.Said, without(paragraphs(l.Message.Text), v.Intro)...)
		if len(l.Message.Choices) > 0 {
			v.Form = formOf(l.Message)
		}
	}
}

// ErrNoLetter means that no letter belongs to a link, or none any more.
var ErrNoLetter = errors.New("webhook: no such letter")

// letter answers GET /s/{code}/letter.pdf with the letter as it is now.
func (s *Server) letter(c *gin.Context) {
	if s.opts.Letter == nil || !codeForm.MatchString(c.Param("code")) {
		s.fail(c, errNotFound)
		return
	}
	f, err := s.opts.Letter(c.Request.Context(), c.Param("code"))
	if errors.Is(err, ErrNoLetter) && s.limited(c, s.byCode, address(c)) {
		return
	}
	s.writeLetter(c, f, err)
}

// ownLetter answers GET /conversation/letter: who acts in his conversation gets
// the letter there.
func (s *Server) ownLetter(c *gin.Context) {
	f, err := letter.Fields{}, ErrNoLetter
	if s.opts.OwnLetter != nil {
		f, err = s.opts.OwnLetter(c.Request.Context(), whose(c))
	}
	s.writeLetter(c, f, err)
}

func (s *Server) writeLetter(c *gin.Context, f letter.Fields, err error) {
	if errors.Is(err, ErrNoLetter) {
		s.fail(c, errNoLetter)
		return
	}
	var b bytes.Buffer
	if err == nil {
		err = letter.Write(&b, f)
	}
	if err != nil {
		s.broken(c, err)
		return
	}
	c.Header("Content-Disposition", `attachment; filename="letter.pdf"; filename*=UTF-8''`+url.PathEscape(f.Title)+".pdf")
	c.Data(http.StatusOK, "application/pdf", b.Bytes())
}

// preview looks at what the link is about.
func (s *Server) preview(c *gin.Context, code string) (*linkView, bool) {
	v := &linkView{Server: s, Code: code, Key: newKey()}
	if !codeForm.MatchString(code) {
		v.Said = []string{"链接不正确，请核对短信或邮件中的完整链接。"}
		s.showEnd(c, v)
		return nil, false
	}
	m, open, err := s.opts.Talks.Preview(c.Request.Context(), code)
	if err != nil {
		s.linkBroken(c, err)
		return nil, false
	}
	v.Open = open
	if v.Intro = paragraphs(m.Text); !open {
		v.Said, v.Intro = v.Intro, nil
		if s.limited(c, s.byCode, address(c)) { // guessing finds nothing quickly
			return nil, false
		}
	}
	return v, true
}

func (s *Server) showEnd(c *gin.Context, v *linkView) { c.HTML(http.StatusNotFound, "link.html", v) }

func (s *Server) linkBroken(c *gin.Context, err error) {
	if c.Request.Context().Err() == nil {
		s.opts.Log.Error("page of a link failed", "request", requestID(c), "err", err)
	}
	c.HTML(http.StatusServiceUnavailable, "link.html", linkView{Server: s, Wrong: errUnavailable.detail})
}

// actOnLink answers POST /s/{code}: one step of the bearer's. The same form sent
// twice acts once, by its key.
func (s *Server) actOnLink(c *gin.Context) {
	code := c.Param("code")
	before, ok := s.preview(c, code)
	if !ok {
		return
	}
	if !before.Open { // only a form that did something is answered again
		last, err := s.opts.Talks.LogBefore(c.Request.Context(), linkPeer(code), 0, 1)
		if err != nil {
			s.linkBroken(c, err)
			return
		}
		if len(last) == 0 {
			s.showEnd(c, before)
			return
		}
	}
	in, k := s.linkInput(c, code)
	if k != nil {
		before.Wrong = k.detail
		before.Form = &linkForm{Begin: true}
		c.HTML(k.status, "link.html", before)
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), turnLimit)
	defer cancel()
	rec, err := s.opts.Talks.Receive(ctx, *in)
	if err != nil {
		s.linkBroken(c, err)
		return
	}
	v, ok := s.preview(c, code)
	if !ok {
		return
	}
	if rec.Reply != nil {
		v.Said = without(paragraphs(rec.Reply.Text), before.Intro)
		if len(rec.Reply.Choices) > 0 {
			v.Form = formOf(*rec.Reply)
		}
	}
	if rec.Missed {
		v.Typed = in.Text
		if len(v.Said) > 0 {
			v.Wrong, v.Said = v.Said[0], v.Said[1:]
		}
	}
	if v.Form == nil && v.Open {
		v.Form = &linkForm{Begin: true, Begun: true}
	}
	c.HTML(http.StatusOK, "link.html", v)
}

// linkInput reads the form.
func (s *Server) linkInput(c *gin.Context, code string) (*channel.Inbound, *errorKind) {
	if err := c.Request.ParseMultipartForm(1 << 20); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, &errTooLarge
		}
		return nil, &errBadJSON
	}
	if f := c.Request.MultipartForm; f != nil {
		defer func() { _ = f.RemoveAll() }()
	}
	key, text, choice := c.PostForm("key"), c.PostForm("text"), c.PostForm("choice")
	if many := c.PostFormArray("many"); len(many) > 0 && choice == "" {
		text = strings.Join(many, ",")
	}
	if !idForm.MatchString(key) || len(choice) > maxLabel {
		return nil, &errInvalid
	}
	if len([]rune(text)) > MaxQuestion {
		return nil, &errTooLong
	}
	in := &channel.Inbound{Peer: linkPeer(code), MessageID: key, Link: code, Text: text, Click: choice, Device: channel.Phone}
	file, _, err := c.Request.FormFile("picture")
	if err == nil && choice == "" {
		defer file.Close()
		if in.Picture, err = io.ReadAll(file); err != nil {
			return nil, &errBadPicture
		}
	}
	return in, nil
}

// newKey names a form.
func newKey() string { return rand.Text() }

func paragraphs(text string) []string {
	var out []string
	for _, l := range strings.Split(text, "\n") {
		if l = strings.TrimSpace(l); l != "" && l != "　" {
			out = append(out, l)
		}
	}
	return out
}

// without leaves out what the page shows already.
func without(said, shown []string) []string {
	n := 0
	for n < len(said) && n < len(shown) && said[n] == shown[n] {
		n++
	}
	return said[n:]
}
