// Package visitor tells who writes on the web: tokens of our own for visitors,
// and signed statements of a host site about its users.
//
// It keeps nothing. Tokens are unguessable and signed; everything in it is safe
// for concurrent use.
package visitor

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash"
	"slices"
	"sync"
	"time"
)

// Life is how long a token is good for: as long as conversations are kept.
const Life = 180 * 24 * time.Hour

const (
	idLen  = 16 // bytes of randomness
	macLen = sha256.Size
	length = idLen + 8 + macLen
)

// ErrToken means that a token is not ours, or too old. It says no more, so that
// nobody learns from it.
var ErrToken = errors.New("visitor: no valid token")

// A Signer makes and reads the tokens of visitors.
type Signer struct {
	life time.Duration // of its tokens
	macs *sync.Pool    // of hashes with the key
}

// NewSigner returns a signer. The key has at least 32 bytes and must stay the
// same, or all visitors lose their conversations.
func NewSigner(key []byte) (*Signer, error) {
	if len(key) < 32 {
		return nil, errors.New("visitor: key of a signer is shorter than 32 bytes")
	}
	key = slices.Clone(key)
	return &Signer{Life, &sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}, nil
}

// For returns a signer whose tokens are good for that long.
func (s *Signer) For(life time.Duration) *Signer { return &Signer{life, s.macs} }

// New returns the id of a new visitor and his token.
func (s *Signer) New(now time.Time) (id, token string) {
	raw := make([]byte, idLen, length)
	rand.Read(raw)
	raw = binary.BigEndian.AppendUint64(raw, uint64(now.Unix()))
	return name(raw), base64.RawURLEncoding.EncodeToString(s.mac(raw))
}

// Read returns the visitor whose token it is; otherwise the error is
// [ErrToken].
func (s *Signer) Read(token string, now time.Time) (id string, err error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != length {
		return "", ErrToken
	}
	said := raw[:length-macLen]
	if !hmac.Equal(s.mac(append(make([]byte, 0, length), said...)), raw) {
		return "", ErrToken
	}
	age := now.Sub(time.Unix(int64(binary.BigEndian.Uint64(said[idLen:])), 0))
	if age > s.life || age < -time.Hour {
		return "", ErrToken
	}
	return name(said), nil
}

func name(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw[:idLen]) }

// mac appends the code of what was said to it.
func (s *Signer) mac(said []byte) []byte {
	m, _ := s.macs.Get().(hash.Hash)
	defer s.macs.Put(m)
	m.Reset()
	m.Write([]byte("signdesk visitor\x00"))
	m.Write(said)
	return m.Sum(said)
}
