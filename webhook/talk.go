package webhook

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"image"
	_ "image/jpeg" // forms of pictures that are taken
	_ "image/png"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/webhook/visitor"
)

// Channel is the channel of conversations on the web.
const Channel = "web"

// conversations is what holds the talks; *bot.Bot does. Safe for concurrent use.
type conversations interface {
	Receive(ctx context.Context, in channel.Inbound) (bot.Receipt, error)
	Log(ctx context.Context, p channel.Peer, after uint64, limit int) ([]bot.Line, error)
	LogBefore(ctx context.Context, p channel.Peer, before uint64, limit int) ([]bot.Line, error)
	Listen(p channel.Peer) (news <-chan struct{}, stop func())
	Standing(ctx context.Context, p channel.Peer) (bot.Standing, error)
	Rate(ctx context.Context, p channel.Peer, seq uint64, r bot.Rating) error
	End(ctx context.Context, p channel.Peer) error
	KeepPicture(ctx context.Context, p channel.Peer, random, raw []byte) (string, error)
	Picture(ctx context.Context, p channel.Peer, name string) ([]byte, error)
	Shown(ctx context.Context, p channel.Peer, seq uint64) ([]byte, error)
	Bind(ctx context.Context, p channel.Peer, account, statement string) error
	Preview(ctx context.Context, link string) (m channel.Message, open bool, err error)
}

// Limits of messages.
const (
	maxPicture = 10 << 20 // bytes, as the guide allows
	maxPixels  = 50_000_000
	maxLabel   = 200 // bytes of an id or token
	historyMax = 100
	turnLimit  = 10 * time.Second
	cookieName = "signdesk_visitor"
)

// message is how a line of a conversation is shown to programs.
type message struct {
	ID      string    `json:"id"`
	Seq     uint64    `json:"seq"`
	At      time.Time `json:"at"`
	From    string    `json:"from"` // visitor, bot or staff
	Text    string    `json:"text"`
	Choices []choice  `json:"choices"`
	Picture bool      `json:"picture,omitempty"`
	Many    bool      `json:"many,omitempty"`
	Input   string    `json:"input,omitempty"`
	Image   bool      `json:"image,omitempty"`
	File    *file     `json:"file,omitempty"`
	Client  string    `json:"client,omitempty"`
	Link    *pageLink `json:"link,omitempty"`
	Rate    bool      `json:"rate,omitempty"`
	Rated   string    `json:"rated,omitempty"`
}

// choice is a choice, and the file that it stands for, if it does.
type choice struct {
	channel.Choice
	File *file `json:"file,omitempty"`
}

type file struct {
	Href string `json:"href"`
	Name string `json:"name"`
}

func shownChoices(list []channel.Choice) []choice {
	out := make([]choice, len(list))
	for i, c := range list {
		out[i].Choice = c
		if c.Token == tokenDownload {
			out[i].File = &file{"/api/v1/conversation/letter", "授权书.pdf"}
		}
	}
	return out
}

type pageLink struct {
	Href  string `json:"href"`
	Label string `json:"label"`
}

func (s *Server) message(l bot.Line) message {
	m := message{ID: strconv.FormatUint(l.Seq, 10), Seq: l.Seq, At: l.At.UTC(), From: string(l.From), Text: l.Message.Text, Choices: shownChoices(l.Message.Choices),
		Picture: l.Message.Picture, Many: l.Message.Many, Input: l.Message.Input, Image: l.Picture && l.From == bot.User, Client: l.Client, Rated: string(l.Rated)}
	if l.From == bot.User {
		m.From = "visitor"
	} else if l.Picture {
		m.File = &file{"/api/v1/conversation/pictures/" + m.ID, "图片"}
		m.Text = cmp.Or(m.Text, "［图片］") // for front ends that do not show it
	}
	if entry := l.Message.Entry; entry != "" {
		m.Rate = true
		m.Link = &pageLink{Href: s.opts.Public + "/help/" + strings.TrimSuffix(entry, "/main"), Label: "在帮助中心查看"}
	}
	return m
}

// peer is the conversation of a visitor.
func peer(visitor string) channel.Peer {
	if id, ok := strings.CutPrefix(visitor, previewVisitor); ok {
		return channel.Peer{Channel: channel.Preview, ID: id}
	}
	return channel.Peer{Channel: Channel, ID: visitor}
}

// visitor returns whose token a request bears, "" if none that is good.
func (s *Server) visitor(c *gin.Context) string {
	token, bears := strings.CutPrefix(c.GetHeader("Authorization"), "Bearer ")
	if !bears {
		token, _ = c.Cookie(cookieName)
	}
	id, err := s.opts.Visitors.Read(token, s.opts.Now())
	if err != nil && bears {
		return s.previewer(token)
	}
	if err != nil {
		return ""
	}
	return id
}

// known lets only visitors with a token pass.
func (s *Server) known(c *gin.Context) {
	id := s.visitor(c)
	if id == "" {
		s.problem(c, errUnauthorized)
		return
	}
	c.Set("visitor", id)
	c.Next()
}

func whose(c *gin.Context) channel.Peer { return peer(c.GetString("visitor")) }

// hello answers POST /conversation: it resumes the conversation of a token, or
// begins one.
func (s *Server) hello(c *gin.Context) {
	var in struct {
		User   string `json:"user"`
		Device string `json:"device"`
		Page   string `json:"page"`

		Preview string `json:"preview"`
	}
	if !s.decodeJSON(c, &in) {
		return
	}
	if in.Preview != "" {
		s.helloPreview(c, in.Preview)
		return
	}
	account, ok := s.stated(c, in.User)
	if !ok {
		return
	}
	id, st, ok := s.resumed(c, account)
	if !ok {
		return
	}
	token, made := "", id == ""
	if made {
		if s.limited(c, s.newVisitors, address(c)) {
			return
		}
		id, token = s.opts.Visitors.New(s.opts.Now())
	}
	if account != "" && st.Account == "" {
		if err := s.opts.Talks.Bind(c.Request.Context(), peer(id), account, in.User); errors.Is(err, bot.ErrBound) {
			s.problem(c, errUser)
			return
		} else if err != nil {
			s.broken(c, err)
			return
		}
		st.Account = account
	}
	s.welcome(c, id, token, made, st)
}

// stated is the account that the host site states; "" if it states none. It is not
// ok if that was answered with a problem.
func (s *Server) stated(c *gin.Context, statement string) (account string, ok bool) {
	if statement == "" {
		return "", true
	}
	user, err := s.opts.Users.Read(statement)
	if err != nil {
		s.problem(c, errUser)
		return "", false
	}
	if account, err = s.opts.AccountOf(c.Request.Context(), user.Login); err != nil || account == "" {
		s.refuseUser(c, err)
		return "", false
	}
	return account, true
}

// resumed is the conversation of this browser that goes on; "" if a new one begins.
// It is not ok if that was answered with a problem.
func (s *Server) resumed(c *gin.Context, account string) (id string, st bot.Standing, ok bool) {
	id = s.visitor(c)
	if id == "" || strings.HasPrefix(id, previewVisitor) { // the latter in a page that is none of a preview
		return "", st, true
	}
	st, err := s.opts.Talks.Standing(c.Request.Context(), peer(id))
	if err != nil {
		s.broken(c, err)
		return "", st, false
	}
	if st.Ended || account != "" && st.Account != "" && st.Account != account {
		return "", bot.Standing{}, true // ended, or somebody else sits at this browser now
	}
	return id, st, true
}

func (s *Server) refuseUser(c *gin.Context, err error) {
	if err != nil {
		s.broken(c, err)
		return
	}
	s.problem(c, errUser)
}

// welcome tells what a front end has to know before it shows a conversation.
func (s *Server) welcome(c *gin.Context, id, token string, made bool, st bot.Standing) {
	last, err := s.opts.Talks.LogBefore(c.Request.Context(), peer(id), 0, 1)
	if err != nil {
		s.broken(c, err)
		return
	}
	cursor := uint64(0)
	if len(last) > 0 {
		cursor = last[0].Seq
	}
	if token != "" && !strings.HasPrefix(id, previewVisitor) {
		http.SetCookie(c.Writer, &http.Cookie{Name: cookieName, Value: token, Path: "/", HttpOnly: true, Secure: s.opts.Secure, SameSite: http.SameSiteLaxMode,
			MaxAge: int(visitor.Life.Seconds())})
	}
	hours := s.opts.Hours(s.opts.Now())
	c.JSON(http.StatusOK, gin.H{
		"conversation": id[:8], "token": token, "created": made, "bound": st.Account != "", "cursor": strconv.FormatUint(cursor, 10),
		"brand": s.opts.Contact.Brand, "hotline": s.opts.Contact.Hotline, "hours": gin.H{"open": hours.Open, "text": hours.Text},
		"greeting": message{ID: "0", At: s.opts.Now().UTC(), From: "bot", Text: bot.Greeting(s.opts.Contact), Choices: shownChoices(beginnings())},
	})
}

// beginnings are what people often want, to be clicked: said in words.
func beginnings() (out []channel.Choice) {
	for _, b := range bot.Beginnings() {
		out = append(out, channel.Choice{Token: "t:" + b.Utterance, Label: b.Label})
	}
	return append(out, channel.Choice{Token: "c:human", Label: "转人工", Control: true})
}

// history answers GET /conversation/messages.
func (s *Server) history(c *gin.Context) {
	before, err1 := strconv.ParseUint(c.DefaultQuery("before", "0"), 10, 63)
	limit, err2 := strconv.Atoi(c.DefaultQuery("limit", "50"))
	if err1 != nil || err2 != nil || limit < 1 || limit > historyMax {
		s.problem(c, errInvalid)
		return
	}
	lines, err := s.opts.Talks.LogBefore(c.Request.Context(), whose(c), before, limit+1)
	if err != nil {
		s.broken(c, err)
		return
	}
	more := len(lines) > limit
	if more {
		lines = lines[1:]
	}
	out, cursor := make([]message, 0, len(lines)), uint64(0)
	for _, l := range lines {
		out = append(out, s.message(l))
		cursor = l.Seq
	}
	c.JSON(http.StatusOK, gin.H{"messages": out, "more": more, "cursor": strconv.FormatUint(cursor, 10)})
}

// upload answers POST /conversation/pictures with the name of the picture.
func (s *Server) upload(c *gin.Context) {
	p := whose(c)
	if s.limited(c, s.byVisitor, p.ID) {
		return
	}
	raw, err := io.ReadAll(c.Request.Body)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		s.problem(c, errTooLarge)
		return
	}
	if err != nil {
		s.problem(c, errBadJSON)
		return
	}
	if k := checkPicture(raw); k != nil {
		s.problem(c, *k)
		return
	}
	random := make([]byte, 16)
	rand.Read(random)
	name, err := s.opts.Talks.KeepPicture(c.Request.Context(), p, random, raw)
	if err != nil {
		s.broken(c, err)
		return
	}
	c.JSON(http.StatusCreated, gin.H{"picture": name})
}

// shownPicture answers GET /conversation/pictures/{line} with what the staff sent.
func (s *Server) shownPicture(c *gin.Context) {
	seq, err := strconv.ParseUint(c.Param("line"), 10, 63)
	if err != nil {
		s.problem(c, errNoPicture)
		return
	}
	raw, err := s.opts.Talks.Shown(c.Request.Context(), whose(c), seq)
	switch {
	case errors.Is(err, bot.ErrNoPicture):
		s.problem(c, errNoPicture)
	case err != nil:
		s.broken(c, err)
	default:
		c.Data(http.StatusOK, http.DetectContentType(raw), raw)
	}
}

// checkPicture looks at what a picture is, whatever it is said to be, without
// unpacking it.
func checkPicture(raw []byte) *errorKind {
	switch http.DetectContentType(raw) {
	case "image/jpeg", "image/png":
	default:
		return &errPictureType
	}
	cfg, _, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil || cfg.Width < 1 || cfg.Height < 1 || cfg.Width > maxPixels/cfg.Height {
		return &errBadPicture
	}
	return nil
}

// rate answers POST /conversation/ratings.
func (s *Server) rate(c *gin.Context) {
	var in struct {
		Message string `json:"message"`
		Helpful *bool  `json:"helpful"`
	}
	if !s.decodeJSON(c, &in) {
		return
	}
	seq, err := strconv.ParseUint(in.Message, 10, 63)
	if err != nil || in.Helpful == nil {
		s.problem(c, errInvalid)
		return
	}
	r := bot.NotHelpful
	if *in.Helpful {
		r = bot.Helpful
	}
	switch err := s.opts.Talks.Rate(c.Request.Context(), whose(c), seq, r); {
	case errors.Is(err, bot.ErrNoAnswer):
		s.problem(c, errNotRatable)
	case err != nil:
		s.broken(c, err)
	default:
		c.Status(http.StatusNoContent)
	}
}

// end answers POST /conversation/end.
func (s *Server) end(c *gin.Context) {
	if err := s.opts.Talks.End(c.Request.Context(), whose(c)); err != nil {
		s.broken(c, err)
		return
	}
	http.SetCookie(c.Writer, &http.Cookie{Name: cookieName, Path: "/", HttpOnly: true, Secure: s.opts.Secure, SameSite: http.SameSiteLaxMode, MaxAge: -1})
	c.Status(http.StatusNoContent)
}
