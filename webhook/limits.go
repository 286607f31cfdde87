package webhook

import (
	"crypto/rand"
	"encoding/hex"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/hashicorp/golang-lru/v2/expirable"
	"golang.org/x/time/rate"
)

// Rates are how much one visitor or address may do.
type Rates struct {
	Visitor rate.Limit // messages a second of one visitor
	Address rate.Limit // requests a second of one network address
	Codes   rate.Limit // tries a second to enter the code of a link, of one address
}

// DefaultRates suit people at browsers; many of them may share an address.
func DefaultRates() Rates { return Rates{Visitor: 5, Address: 100, Codes: 1.0 / 30} }

// A limiter bounds how often each of many may do something. Those not heard of
// for a while are forgotten.
type limiter struct {
	limit rate.Limit
	burst int
	known *expirable.LRU[string, *rate.Limiter]
}

const (
	limiterSize = 100_000 // addresses or visitors remembered
	limiterLife = 30 * time.Minute
)

func newLimiter(limit rate.Limit, burst int) *limiter {
	return &limiter{limit, burst, expirable.NewLRU[string, *rate.Limiter](limiterSize, nil, limiterLife)}
}

// wait returns how long one has to wait; 0 if he may go on.
func (l *limiter) wait(who string) time.Duration {
	one, ok := l.known.Get(who)
	if !ok {
		one = rate.NewLimiter(l.limit, l.burst)
		if was, found := l.known.Peek(who); found { // somebody else was faster
			one = was
		} else {
			l.known.Add(who, one)
		}
	}
	now := time.Now()
	if one.AllowN(now, 1) {
		return 0
	}
	r := one.ReserveN(now, 1) // how long it would take
	d := r.DelayFrom(now)
	if d > 0 {
		r.Cancel()
	}
	return d
}

// limited answers who goes too fast, and tells whether he does.
func (s *Server) limited(c *gin.Context, l *limiter, who string) bool {
	d := l.wait(who)
	if d <= 0 {
		return false
	}
	c.Header("Retry-After", strconv.Itoa(int(math.Ceil(d.Seconds()))))
	s.problem(c, errLimited)
	return true
}

// address is whom a request comes from: of IPv6 the network, since a person has
// all of it.
func address(c *gin.Context) string {
	text := c.ClientIP()
	ip, err := netip.ParseAddr(text)
	switch {
	case err != nil || ip.Zone() != "":
		return "unknown"
	case ip.Is4():
		return text
	case ip.Is4In6():
		return ip.Unmap().String()
	}
	return netip.PrefixFrom(ip, 64).Masked().Addr().String()
}

func (s *Server) limitAddress(c *gin.Context) {
	if !s.limited(c, s.byAddress, address(c)) {
		c.Next()
	}
}

// requestHeader has a request's id, which is in its log lines too.
const requestHeader = "X-Request-Id"

func nameRequest(c *gin.Context) {
	var raw [8]byte
	rand.Read(raw[:])
	c.Writer.Header()[requestHeader] = []string{hex.EncodeToString(raw[:])}
	c.Next()
}

// requestID is the id of a request.
func requestID(c *gin.Context) string { return c.Writer.Header().Get(requestHeader) }

// body bounds what a request may bring.
func body(limit int64) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, limit)
		c.Next()
	}
}
