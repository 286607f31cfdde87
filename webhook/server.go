// Package webhook is the HTTP side of signdesk: conversations for the widget and
// other front ends, the help center, the pages behind links, and what machines
// ask and tell.
//
// It knows no rule of matching, no flow and no wording of answers; it decodes
// requests, hands them on, and renders. A [Server] is safe for concurrent use.
//
// # Who may do what
//
// A visitor bears a token that he was given ([visitor.Signer]); it opens his
// conversation and no other. A user of a host site is whom that site's signed
// statement names ([visitor.Users]). The code in the address of a page behind a
// link is what its bearer has; pages never act on GET, since previewers open
// links. Changing requests of other sites' pages are refused.
package webhook

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gin-contrib/cors"
	"github.com/gin-gonic/gin"

	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/kb"
	"signdesk/webhook/hooks"
	"signdesk/webhook/letter"
	"signdesk/webhook/visitor"
)

// decider answers an utterance; it must be safe for concurrent use.
type decider interface {
	Decide(ctx context.Context, utterance string) (kb.Decision, error)
	Content() *kb.Content
}

// Options are the settings of a server.
type Options struct {
	Base      decider
	Talks     conversations
	Visitors  *visitor.Signer
	Previews  *visitor.Signer // of those who try what is not published; nil if nobody can
	Users     *visitor.Users
	AccountOf func(ctx context.Context, login string) (account string, err error) // "" if there is none
	Contact   bot.Contact
	Hours     func(time.Time) bot.Hours
	Now       func() time.Time
	Site      string   // the platform's web site, without scheme
	Public    string   // address of this server as people see it, e.g. "https://desk.example"; "" for relative links
	Origins   []string // web sites that embed the widget, e.g. "https://www.example.cn"
	Secure    bool     // people come by HTTPS only
	Proxies   []string // addresses of proxies whose word about clients is taken
	Rates     Rates
	// Letter returns the fields of the letter that belongs to a link; the error
	// is [ErrNoLetter] if there is none.
	Letter func(ctx context.Context, link string) (letter.Fields, error)
	// OwnLetter is Letter for a person in his conversation.
	OwnLetter func(ctx context.Context, p channel.Peer) (letter.Fields, error)
	// Events checks, and Event does, what other systems tell; nil: they are not
	// heard.
	Events  *hooks.Receiver
	Event   func(ctx context.Context, e Event) error
	Routes  []Route      // of adapters
	Metrics *Metrics     // nil: none are shown
	Ready   func() error // what /readyz tells; nil: always ready
	Demo    Demo         // nil: no demonstration page
	Streams int          // of events that may be open; 0: as many as a process should have
	Log     *slog.Logger // errors, once each; never the text of a question
}

// A Route is one of an adapter, whose handler checks by itself who calls it.
type Route struct {
	Method, Path string // as gin writes it: "/hooks/sms/:secret"; parameters are path values of the request
	Handler      http.Handler
	Shared       bool // the messages of many people come from one address, which is not slowed down
}

// A Server answers HTTP requests.
type Server struct {
	opts        Options
	engine      *gin.Engine
	help        *HelpCenter
	byAddress   *limiter
	byVisitor   *limiter
	newVisitors *limiter
	byCode      *limiter
	streams     streamCount
	lookers     lookers
	stopping    chan struct{}
	stop        sync.Once
}

const (
	// maxBody bounds a request's body, in bytes; a question of MaxQuestion
	// runes fits with room for escapes.
	maxBody        = 64 << 10
	maxAdapterBody = 1 << 20 // bytes of what a platform or a gateway pushes
	// MaxQuestion is the longest question accepted, in runes. (House limit.)
	MaxQuestion = 4000
	// askTimeout bounds the work for one question.
	askTimeout = 5 * time.Second
)

// Bursts are what may come at once.
const (
	addressBurst    = 1000
	visitorBurst    = 60
	newVisitorBurst = 60
	codeBurst       = 10
)

// New returns a server; it does not listen yet.
func New(opts Options) (*Server, error) {
	gin.SetMode(gin.ReleaseMode)
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Hours == nil {
		opts.Hours = func(time.Time) bot.Hours { return bot.Hours{} }
	}
	if opts.Streams == 0 || opts.Streams > maxStreams {
		opts.Streams = maxStreams
	}
	if opts.Rates == (Rates{}) {
		opts.Rates = DefaultRates()
	}
	s := &Server{opts: opts, engine: gin.New(), stopping: make(chan struct{}),
		byAddress: newLimiter(opts.Rates.Address, addressBurst), byVisitor: newLimiter(opts.Rates.Visitor, visitorBurst),
		newVisitors: newLimiter(opts.Rates.Address/10, newVisitorBurst), byCode: newLimiter(opts.Rates.Codes, codeBurst)}
	s.engine.HandleMethodNotAllowed = true
	if err := s.engine.SetTrustedProxies(opts.Proxies); err != nil {
		return nil, err
	}
	tmpl, err := parseViews()
	if err != nil {
		return nil, err
	}
	hours := func(at time.Time) (bool, string) { h := opts.Hours(at); return h.Open, h.Text }
	s.help, err = NewHelpCenter(opts.Base, HelpOptions{Brand: opts.Contact.Brand, Hotline: opts.Contact.Hotline, Host: opts.Public, Hours: hours, Now: opts.Now, Log: opts.Log})
	if err != nil {
		return nil, err
	}
	s.engine.SetHTMLTemplate(tmpl)
	s.engine.Use(nameRequest, gin.CustomRecoveryWithWriter(nil, s.recovered), headers)
	if opts.Secure {
		s.engine.Use(func(c *gin.Context) { c.Header("Strict-Transport-Security", "max-age=31536000"); c.Next() })
	}
	s.machines()
	s.files()
	if err := s.api(); err != nil {
		return nil, err
	}
	s.linkPages()
	s.demo()
	s.previews()
	s.engine.NoRoute(func(c *gin.Context) { s.fail(c, errNotFound) })
	s.engine.NoMethod(func(c *gin.Context) { s.fail(c, errMethod) })
	return s, nil
}

// api are the routes of conversations.
func (s *Server) api() error {
	same := http.NewCrossOriginProtection()
	for _, o := range s.opts.Origins {
		if err := same.AddTrustedOrigin(o); err != nil {
			return err
		}
	}
	if s.opts.Events != nil {
		s.engine.POST("/api/v1/hooks", s.limitAddress, body(maxBody), s.event)
	}
	for _, r := range s.opts.Routes {
		limit := s.limitAddress
		if r.Shared {
			limit = func(*gin.Context) {}
		}
		s.engine.Handle(r.Method, r.Path, limit, body(maxAdapterBody), func(c *gin.Context) {
			for _, p := range c.Params {
				c.Request.SetPathValue(p.Key, p.Value)
			}
			r.Handler.ServeHTTP(c.Writer, c.Request)
		})
	}
	v1 := s.engine.Group("/api/v1", s.limitAddress, s.knownOrigin, s.sameSite(same))
	if len(s.opts.Origins) > 0 {
		v1.Use(cors.New(cors.Config{AllowOrigins: s.opts.Origins, AllowMethods: []string{"GET", "POST"}, MaxAge: time.Hour,
			AllowHeaders: []string{"Authorization", "Content-Type", "Last-Event-ID"}, ExposeHeaders: []string{"Retry-After", "X-Request-Id"}}))
		for _, path := range []string{"/conversation", "/conversation/messages", "/conversation/pictures", "/conversation/pictures/:line", "/conversation/ratings", "/conversation/end", "/conversation/events", "/conversation/letter"} {
			v1.OPTIONS(path, func(c *gin.Context) { c.Status(http.StatusNoContent) })
		}
	}
	v1.POST("/conversation", body(maxBody), s.hello)
	mine := v1.Group("/conversation", s.known)
	mine.GET("/messages", s.history)
	mine.POST("/messages", body(maxBody), s.post)
	mine.POST("/pictures", body(maxPicture), s.upload)
	mine.GET("/pictures/:line", s.shownPicture)
	mine.POST("/ratings", body(maxBody), s.rate)
	mine.POST("/end", body(maxBody), s.end)
	mine.GET("/events", s.events)
	mine.GET("/letter", s.ownLetter)
	return nil
}

// knownOrigin refuses requests of pages that are neither ours nor listed.
func (s *Server) knownOrigin(c *gin.Context) {
	origin := c.GetHeader("Origin")
	if origin == "" || slices.Contains(s.opts.Origins, origin) || origin == s.opts.Public {
		c.Next()
		return
	}
	if u, err := url.Parse(origin); err != nil || u.Host != c.Request.Host {
		s.problem(c, errForbidden)
		return
	}
	c.Next()
}

// sameSite refuses requests that pages of other sites make with the cookie of a
// person who knows nothing of it.
func (s *Server) sameSite(p *http.CrossOriginProtection) gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.GetHeader("Authorization") == "" && p.Check(c.Request) != nil {
			s.problem(c, errForbidden)
			return
		}
		c.Next()
	}
}

// Handler returns the handler of all routes.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead { // as GET; the body is left out below
			r = r.Clone(r.Context())
			r.Method = http.MethodGet
		}
		if r.URL.Path == eventsPath {
			s.stream(w, r)
			return
		}
		s.engine.ServeHTTP(w, r)
	})
}

// pagePolicy lets a page load what this server has, and nothing else.
const pagePolicy = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'self'; frame-src 'self'"

// A header is one of every answer, in the form in which answers keep it. Nothing
// changes the values.
type header struct {
	name   string
	values []string
}

// protection is what protects a page that shows people's own words.
var protection = []header{
	{"Content-Security-Policy", []string{pagePolicy}},
	{"X-Content-Type-Options", []string{"nosniff"}},
	{"Referrer-Policy", []string{"no-referrer"}},
	{"Cross-Origin-Opener-Policy", []string{"same-origin"}},
	{"Permissions-Policy", []string{"geolocation=(), microphone=()"}},
	{"Cache-Control", []string{"no-store"}},
}

// headers protects what is answered.
func headers(c *gin.Context) {
	h := c.Writer.Header()
	for i := range protection {
		h[protection[i].name] = protection[i].values
	}
	c.Next()
}

func (s *Server) recovered(c *gin.Context, cause any) {
	s.opts.Log.Error("panic in a request", "route", c.FullPath(), "request", requestID(c), "err", cause)
	s.fail(c, errInternal)
}

// ask answers POST /v1/ask {"q": "…"} with a [bot.Record].
func (s *Server) ask(c *gin.Context) {
	var in struct {
		ID string `json:"id"`
		Q  string `json:"q"`
	}
	if !s.decodeJSON(c, &in) {
		return
	}
	if k := questionError(in.Q); k != nil {
		s.problem(c, *k)
		return
	}
	reply, err := s.reply(c, in.Q)
	if err != nil {
		s.broken(c, err)
		return
	}
	c.PureJSON(http.StatusOK, bot.NewRecord(in.ID, reply))
}

// questionError checks a question; nil if it is fine.
func questionError(q string) *errorKind {
	switch n := utf8.RuneCountInString(q); {
	case n == 0:
		return &errEmpty
	case n > MaxQuestion:
		return &errTooLong
	}
	return nil
}

func (s *Server) reply(c *gin.Context, q string) (bot.Reply, error) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), askTimeout)
	defer cancel()
	d, err := s.opts.Base.Decide(ctx, q)
	if err != nil {
		return bot.Reply{}, err
	}
	return bot.Compose(d, s.opts.Contact), nil
}

// Paths returns the routes that there are, as "GET /help/:entry".
func (s *Server) Paths() (out []string) {
	for _, r := range s.engine.Routes() {
		if r.Method != http.MethodOptions {
			out = append(out, r.Method+" "+r.Path)
		}
	}
	return out
}
