package visitor

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Limits of a host site's statements.
const (
	maxUserLife = 10 * time.Minute // from its making to its end
	clockSkew   = 30 * time.Second // between the host site and us
	audience    = "signdesk"
	minSecret   = 32 // bytes of an HS256 key (RFC 7518, section 3.2)
)

// ErrUser means that a statement about a user is not to be believed: forged, too
// old, too long-lived, or incomplete.
var ErrUser = errors.New("visitor: no valid statement about a user")

// Users reads what a host site states about its users: JSON Web Tokens (RFC 7519)
// with sub (mobile number or e-mail address of the platform's account), aud
// "signdesk", jti, iat, exp, signed by one of its keys.
type Users struct {
	keys   map[string]userKey
	parser *jwt.Parser
}

type userKey struct {
	alg string
	key any
}

// A User is what was stated.
type User struct {
	Login string // of the platform's account
	ID    string // of the statement: it is for one conversation only
	Until time.Time
}

// NewUsers returns a reader for keys "kid=HS256:base64" and
// "kid=EdDSA:base64 of the public key". While a key is being changed, both are
// given. Without keys nothing is believed.
func NewUsers(keys []string, now func() time.Time) (*Users, error) {
	u := &Users{keys: make(map[string]userKey)}
	u.parser = jwt.NewParser(jwt.WithValidMethods([]string{"HS256", "EdDSA"}), jwt.WithAudience(audience), jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(), jwt.WithLeeway(clockSkew), jwt.WithTimeFunc(now))
	for i, k := range keys {
		kid, rest, _ := strings.Cut(k, "=")
		alg, text, _ := strings.Cut(rest, ":")
		raw, err := base64.StdEncoding.DecodeString(text)
		switch {
		case kid == "" || err != nil:
			return nil, fmt.Errorf("visitor: user key %d: want kid=HS256:base64 or kid=EdDSA:base64", i+1)
		case alg == "HS256" && len(raw) >= minSecret:
			u.keys[kid] = userKey{alg, raw}
		case alg == "EdDSA" && len(raw) == ed25519.PublicKeySize:
			u.keys[kid] = userKey{alg, ed25519.PublicKey(raw)}
		default:
			return nil, fmt.Errorf("visitor: user key %q: HS256 needs %d bytes or more, EdDSA %d", kid, minSecret, ed25519.PublicKeySize)
		}
	}
	return u, nil
}

// Read returns what a statement says; otherwise the error is [ErrUser].
func (u *Users) Read(statement string) (User, error) {
	claims := &jwt.RegisteredClaims{}
	_, err := u.parser.ParseWithClaims(statement, claims, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		k, ok := u.keys[kid]
		if !ok || k.alg != t.Method.Alg() {
			return nil, ErrUser
		}
		return k.key, nil
	})
	switch {
	case err != nil:
		return User{}, ErrUser
	case claims.Subject == "" || claims.ID == "" || claims.IssuedAt == nil:
		return User{}, ErrUser
	case claims.ExpiresAt.Sub(claims.IssuedAt.Time) > maxUserLife:
		return User{}, ErrUser
	}
	return User{claims.Subject, claims.ID, claims.ExpiresAt.Time}, nil
}
