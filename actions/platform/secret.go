package platform

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// hashID returns the keyed hash under which an ID number is kept: equal
// numbers have equal hashes, and without the key none can be found by trying.
func (p *Platform) hashID(id string) string {
	mac := hmac.New(sha256.New, p.keys.id)
	mac.Write([]byte(id))
	return hex.EncodeToString(mac.Sum(nil))
}

// hashCode binds a verification code to its record.
func (p *Platform) hashCode(id CodeID, code string) []byte {
	mac := hmac.New(sha256.New, p.keys.code)
	mac.Write([]byte(string(id) + "\x00" + code))
	return mac.Sum(nil)
}

// Cost of a password hash: the second choice of RFC 9106 section 4, for servers
// without 2 GiB to spare.
const (
	argonTime    = 3
	argonMemory  = 64 << 10 // KiB
	argonThreads = 4
	argonKeyLen  = 32
	argonSaltLen = 16
)

// HashPassword returns the argon2id hash of a password in PHC string format.
// It takes some 100 ms: never call it within a transaction.
func HashPassword(password string, salt []byte) string {
	sum := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKeyLen)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		b64.EncodeToString(salt), b64.EncodeToString(sum))
}

// ErrPasswordHash means that a stored hash is not in the format of HashPassword.
var ErrPasswordHash = errors.New("platform: not a password hash")

// CheckPassword reports whether the password is that of the hash. It takes as
// long as HashPassword.
func CheckPassword(hash, password string) (bool, error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, ErrPasswordHash
	}
	var version, memory, time uint32
	var threads uint8
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &time, &threads); err != nil || version != argon2.Version {
		return false, ErrPasswordHash
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err := errors.Join(err1, err2); err != nil || len(want) == 0 {
		return false, ErrPasswordHash
	}
	got := argon2.IDKey([]byte(password), salt, time, memory, threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}
