// Package platform is the domain of the electronic-signature platform:
// accounts, enterprises and their certification, members, seals and the rights
// to use them, contracts, appeals, permission requests, payments, letters,
// links and what is told to whom.
//
// It owns the rules (each refusal names its rule) and the records, and knows
// nothing of chats, pages or flows. What lies outside it reaches through the
// small interfaces of [Ports]; package demo implements them deterministically.
//
// # Use
//
// Operations are methods of [Tx]: the platform within one transaction of the
// store, on behalf of one actor at one instant. [Do] runs operations in a
// transaction of their own; a caller with a transaction of its own uses
// [Platform.Begin]. Operations check everything before they write anything: a
// [*Refusal] leaves the records as they were, save for a used-up try (WrongCode,
// CodeLocked, WrongAmount) and a letter found to be stale. They are pure, as a
// store's updates must be: the instant and the randomness come with the [Act].
// What an operation needs to know from outside (the registry's record, a face
// check's result) it asks for by failing with a [*Question]; the caller answers
// it outside the transaction and runs the operation again, as Do does.
//
// Errors other than refusals are sticky: after the first one a Tx does nothing
// more, and the transaction must be given up. [Tx.Err] tells it.
//
// # Concurrency
//
// A [Platform] may be used by any number of goroutines, a Tx and its Act by one.
//
// # Key layout
//
//	TABLE           Key(id)        => record as JSON; tables and indexes: tables.go
//	audit           Key(number)    => AuditEvent
//	audit-head      Key("head")    => number and hashed hash of the last event
package platform

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"signdesk/actions/platform/value"
	"signdesk/data/store"
)

// Options configure a platform.
type Options struct {
	Store store.Store
	// Key is the secret from which all others are derived, KeyLen bytes. ID
	// numbers, codes and the audit chain cannot be checked without it.
	Key      []byte
	Ports    Ports
	Now      func() time.Time
	Words    *Words
	Payee    Payee  // where reverse transfers go
	Host     string // of the links in messages, e.g. ent.bestsign.info
	LinkBase string // before the path of links, e.g. "http://127.0.0.1:8080"; "" for https and Host
	Brand    string
	Hotline  string
	// DrawAmount draws the sum of a small transfer, 1 to 98 fen. Nil draws
	// it evenly from the act's randomness.
	DrawAmount func(account string, random uint64) value.Fen
}

// KeyLen is the length of Options.Key in bytes.
const KeyLen = 32

// Payee is the platform's own account for reverse transfers.
type Payee struct{ Name, Bank, Branch, Account, CNAPS string }

// A Platform is immutable after New.
type Platform struct {
	store          store.Store
	ports          Ports
	now            func() time.Time
	words          *Words
	payee          Payee
	host           string
	linkBase       string
	brand, hotline string
	draw           func(account string, random uint64) value.Fen
	keys           struct{ id, code, audit []byte }
}

// New returns the platform. The store must have been opened with [Tables] and
// [Migrations].
func New(o Options) (*Platform, error) {
	if len(o.Key) != KeyLen {
		return nil, fmt.Errorf("platform: key has %d bytes, want %d", len(o.Key), KeyLen)
	}
	p := &Platform{store: o.Store, ports: o.Ports, now: o.Now, words: o.Words, payee: o.Payee, host: o.Host, linkBase: o.LinkBase, brand: o.Brand, hotline: o.Hotline, draw: o.DrawAmount}
	if p.linkBase == "" {
		p.linkBase = "https://" + p.host
	}
	if p.draw == nil {
		p.draw = func(_ string, random uint64) value.Fen { return value.Fen(random%maxDrawn) + 1 }
	}
	for info, into := range map[string]*[]byte{"id card": &p.keys.id, "code": &p.keys.code, "audit": &p.keys.audit} {
		k, err := hkdf.Key(sha256.New, o.Key, nil, "signdesk "+info, KeyLen)
		if err != nil {
			return nil, fmt.Errorf("platform: derive key: %w", err)
		}
		*into = k
	}
	return p, nil
}

// Hotline returns the number that people call.
func (p *Platform) Hotline() string { return p.hotline }

// Payee returns where reverse transfers go.
func (p *Platform) Payee() Payee { return p.payee }

// A Channel is how the actor reaches the platform.
type Channel string

// The channels. An empty channel is none of them: PC-only operations refuse it.
const (
	PC          Channel = "PC"
	Mobile      Channel = "Mobile"
	MiniProgram Channel = "MiniProgram"
)

// An Actor is who acts: an account, the bearer of a link, staff, or the system
// itself (sweeps and ports). Exactly one field is set; none means nobody.
type Actor struct {
	Account AccountID
	Link    string // code of the link that is borne
	Staff   string
	System  string // e.g. "sweep", "bank"
}

// String names the actor in the audit trail. A link is named by a digest: its
// code is a secret.
func (a Actor) String() string {
	switch {
	case a.Account != "":
		return string(a.Account)
	case a.Link != "":
		sum := sha256.Sum256([]byte(a.Link))
		return "link " + hex.EncodeToString(sum[:6])
	case a.Staff != "":
		return "staff " + a.Staff
	case a.System != "":
		return "system " + a.System
	}
	return "nobody"
}

// An Act is one intended change: who makes it, when, with what randomness, and
// what was learnt for it from outside. It may be run several times, and then
// does the same.
type Act struct {
	By      Actor
	Channel Channel
	At      time.Time // UTC, whole milliseconds
	// Key is the idempotency key: [Do] runs an act of the same key once and
	// afterwards returns what it returned. Empty: each run counts.
	Key string

	seed  []byte
	facts map[question]any
}

const seedLen = 32

// NewAct returns an act at the present instant.
func (p *Platform) NewAct(by Actor, ch Channel) *Act {
	seed := make([]byte, seedLen)
	rand.Read(seed) // never fails
	return &Act{By: by, Channel: ch, At: p.now().UTC().Truncate(time.Millisecond), seed: seed}
}

// A Tx is the platform within one transaction.
type Tx struct {
	p       *Platform
	tx      store.Tx
	act     *Act
	by      Actor
	at      time.Time
	action  string
	draws   uint64
	err     error
	seeding bool
}

// Begin returns the platform within tx. The transaction must be given up if
// [Tx.Err] is set at its end.
func (p *Platform) Begin(tx store.Tx, act *Act) *Tx {
	return &Tx{p: p, tx: tx, act: act, by: act.By, at: act.At}
}

// Err returns the error that ended the transaction, or nil. Refusals do not end
// it.
func (t *Tx) Err() error { return t.err }

func (t *Tx) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

// in names the operation in the audit trail until the returned function is
// called. An operation within another keeps the outer name.
func (t *Tx) in(action string) func() {
	if t.action != "" {
		return func() {}
	}
	t.action = action
	return func() { t.action = "" }
}

// failure returns the error to return from an operation that cannot go on: the
// transaction's own, or else the refusal.
func (t *Tx) failure(r *Refusal) error {
	if t.err != nil {
		return t.err
	}
	return r
}

// random returns n bytes that are the same in each run of the act.
func (t *Tx) random(n int) []byte {
	var out []byte
	for len(out) < n {
		t.draws++
		mac := hmac.New(sha256.New, t.act.seed)
		var count [8]byte
		binary.BigEndian.PutUint64(count[:], t.draws)
		mac.Write(count[:])
		out = mac.Sum(out)
	}
	return out[:n]
}

// randomText returns n characters drawn evenly from the alphabet.
func (t *Tx) randomText(n int, alphabet string) string {
	limit := byte(256 / len(alphabet) * len(alphabet) % 256) // 0: all bytes are taken
	out := make([]byte, 0, n)
	for len(out) < n {
		b := t.random(1)[0]
		if limit == 0 || b < limit {
			out = append(out, alphabet[int(b)%len(alphabet)])
		}
	}
	return string(out)
}

const (
	idSigns = "23456789abcdefghjkmnpqrstuvwxyz" // none that are mistaken for another
	idChars = 12
)

// newID returns an id with the prefix of its kind.
func newID[K ~string](t *Tx, prefix string) K {
	return K(prefix + t.randomText(idChars, idSigns))
}

// View runs fn on one unchanging state of the store.
func (p *Platform) View(ctx context.Context, fn func(*Tx) error) error {
	return p.ViewAs(ctx, &Act{By: Actor{System: "view"}, At: p.now().UTC().Truncate(time.Millisecond)}, fn)
}

// ViewAs is [Platform.View] in an actor's name, for what only he may see.
func (p *Platform) ViewAs(ctx context.Context, act *Act, fn func(*Tx) error) error {
	for range maxQuestions {
		err := p.store.View(ctx, func(tx store.Tx) error {
			t := p.Begin(tx, act)
			if err := fn(t); t.err == nil {
				return err
			}
			return t.err
		})
		if again, err := answered(ctx, err); !again {
			return err
		}
	}
	return errTooManyQuestions
}

// outcome is what Do keeps under the act's key.
type outcome[R any] struct {
	Result  R
	Refusal *Refusal `json:",omitempty"`
}

// Do runs fn in one update and returns its result once that is on disk. It
// answers the questions that fn fails with. A refusal is an outcome as well: it
// is kept under the act's key, and what fn wrote before it is kept too.
func Do[R any](ctx context.Context, p *Platform, act *Act, fn func(*Tx) (R, error)) (R, error) {
	var out outcome[R]
	for range maxQuestions {
		err := p.store.Update(ctx, func(tx store.Tx) error {
			var err error
			out, err = once(p.Begin(tx, act), act.Key, fn)
			return err
		})
		again, err := answered(ctx, err)
		if again {
			continue
		}
		if err == nil && out.Refusal != nil {
			err = out.Refusal
		}
		return out.Result, err
	}
	return out.Result, errTooManyQuestions
}

// Run is [Do] for what returns nothing.
func (p *Platform) Run(ctx context.Context, act *Act, fn func(*Tx) error) error {
	_, err := Do(ctx, p, act, func(t *Tx) (struct{}, error) { return struct{}{}, fn(t) })
	return err
}

func once[R any](t *Tx, idempotencyKey string, fn func(*Tx) (R, error)) (out outcome[R], err error) {
	attempt := func() ([]byte, error) {
		result, err := fn(t)
		if t.err != nil {
			return nil, t.err
		}
		out = outcome[R]{Result: result}
		if err != nil && !errors.As(err, &out.Refusal) {
			return nil, err
		}
		return json.Marshal(out)
	}
	if idempotencyKey == "" {
		_, err = attempt()
		return out, err
	}
	receipt, _, err := store.Once(t.tx, idempotencyKey, attempt)
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(receipt, &out)
}
