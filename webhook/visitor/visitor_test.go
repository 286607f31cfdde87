package visitor_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"signdesk/webhook/visitor"
)

var now = time.Date(2022, 5, 26, 1, 0, 0, 0, time.UTC)

func TestTokens(t *testing.T) {
	t.Parallel()
	s, err := visitor.NewSigner(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	id, token := s.New(now)
	if got, err := s.Read(token, now.Add(visitor.Life)); err != nil || got != id || len(id) < 22 {
		t.Errorf("read %q, %v; want %q", got, err, id)
	}
	other, err := visitor.NewSigner([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	_, foreign := other.New(now)
	for name, bad := range map[string]string{
		"empty": "", "cut": token[:len(token)-1], "longer": token + "A", "foreign": foreign,
		"another id": "A" + strings.Repeat("B", 20) + token[21:], "not base64": "%" + token[1:],
	} {
		if _, err := s.Read(bad, now); !errors.Is(err, visitor.ErrToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Read(token, now.Add(visitor.Life+time.Second)); !errors.Is(err, visitor.ErrToken) {
		t.Errorf("too old: %v", err)
	}
	if _, err := visitor.NewSigner(make([]byte, 8)); err == nil {
		t.Error("a short key was taken")
	}
}

func FuzzToken(f *testing.F) {
	s, err := visitor.NewSigner(make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	// As every process of the fuzzer makes others, one that the key of zeros made.
	const id, token = "Aeb7ZMpIZvy9jdbjFjjonQ", "Aeb7ZMpIZvy9jdbjFjjonQAAAABijtEQJKtmVPEYOr1KcxGV1iCveKGqw5h4DBSN3InBiOe4DZs"
	if _, err := s.Read(token, now); err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add(token[:len(token)-1] + "A")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := s.Read(text, now); err == nil && got != id {
			t.Errorf("%q passes for %q", text, got)
		}
	})
}

// FuzzStatement: nothing passes but what a host site signed.
func FuzzStatement(f *testing.F) {
	secret := []byte(strings.Repeat("s", 32))
	users, err := visitor.NewUsers([]string{"a=HS256:" + base64.StdEncoding.EncodeToString(secret)}, func() time.Time { return now })
	if err != nil {
		f.Fatal(err)
	}
	claims := jwt.RegisteredClaims{Subject: "14000001202", ID: "j1", Audience: []string{"signdesk"}, IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(5 * time.Minute))}
	said := jwt.NewWithClaims(jwt.SigningMethodHS256, claims)
	said.Header["kid"] = "a"
	good, err := said.SignedString(secret)
	if err != nil {
		f.Fatal(err)
	}
	head, rest, _ := strings.Cut(good, ".")
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, claims).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{good, head + "." + rest[:len(rest)-2], unsigned, "..", "a.b.c", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if u, err := users.Read(text); err == nil && (u.Login != "14000001202" || u.ID != "j1") {
			t.Errorf("%q passes for %+v", text, u)
		}
	})
}

func TestUsers(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte(strings.Repeat("s", 32))
	b64 := base64.StdEncoding.EncodeToString
	users, err := visitor.NewUsers([]string{"a=HS256:" + b64(secret), "b=EdDSA:" + b64(public)}, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	type claims = jwt.RegisteredClaims
	good := func(change func(*claims)) *claims {
		c := &claims{Subject: "14000001202", ID: "j1", Audience: []string{"signdesk"}, IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(5 * time.Minute))}
		change(c)
		return c
	}
	sign := func(kid string, m jwt.SigningMethod, key any, change func(*claims)) string {
		tok := jwt.NewWithClaims(m, good(change))
		tok.Header["kid"] = kid
		s, err := tok.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	none := func(*claims) {}
	for _, s := range []string{sign("a", jwt.SigningMethodHS256, secret, none), sign("b", jwt.SigningMethodEdDSA, private, none)} {
		if u, err := users.Read(s); err != nil || u.Login != "14000001202" || u.ID != "j1" {
			t.Errorf("read %+v, %v", u, err)
		}
	}
	for name, s := range map[string]string{
		"no kid":        sign("", jwt.SigningMethodHS256, secret, none),
		"unknown kid":   sign("c", jwt.SigningMethodHS256, secret, none),
		"other secret":  sign("a", jwt.SigningMethodHS256, []byte(strings.Repeat("x", 32)), none),
		"public key":    sign("b", jwt.SigningMethodHS256, []byte(public), none), // algorithm confusion
		"not signed":    sign("a", jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, none),
		"HS512":         sign("a", jwt.SigningMethodHS512, secret, none),
		"expired":       sign("a", jwt.SigningMethodHS256, secret, func(c *claims) { c.ExpiresAt = jwt.NewNumericDate(now.Add(-time.Minute)) }),
		"never expires": sign("a", jwt.SigningMethodHS256, secret, func(c *claims) { c.ExpiresAt = nil }),
		"lives long":    sign("a", jwt.SigningMethodHS256, secret, func(c *claims) { c.ExpiresAt = jwt.NewNumericDate(now.Add(time.Hour)) }),
		"from tomorrow": sign("a", jwt.SigningMethodHS256, secret, func(c *claims) { c.IssuedAt = jwt.NewNumericDate(now.Add(3 * time.Minute)) }),
		"for others":    sign("a", jwt.SigningMethodHS256, secret, func(c *claims) { c.Audience = []string{"other"} }),
		"for nobody":    sign("a", jwt.SigningMethodHS256, secret, func(c *claims) { c.Audience = nil }),
		"no subject":    sign("a", jwt.SigningMethodHS256, secret, func(c *claims) { c.Subject = "" }),
		"no id":         sign("a", jwt.SigningMethodHS256, secret, func(c *claims) { c.ID = "" }),
		"garbage":       "a.b.c",
		"empty":         "",
	} {
		if u, err := users.Read(s); !errors.Is(err, visitor.ErrUser) {
			t.Errorf("%s: %+v, %v", name, u, err)
		}
	}
	for _, bad := range []string{"a", "a=HS256:", "a=HS256:" + b64([]byte("short")), "a=RS256:" + b64(secret), "a=EdDSA:" + b64(secret[:31]), "=HS256:" + b64(secret)} {
		if _, err := visitor.NewUsers([]string{bad}, time.Now); err == nil {
			t.Errorf("key %q was taken", bad)
		}
	}
}
