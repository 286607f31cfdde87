package main

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
	"signdesk/data/store"
)

// A told keeps what outside systems told by events, and answers the platform's
// questions from it: how a face check went, who bought a mobile number. What was
// not told is left to the ports below, or, without any, is not known yet.
//
// A record holds personal data for a short time. It is sealed with a key of this
// service, and found by a digest:
//
//	told  digest of kind and subject => sealed {Value, At}
type told struct {
	store   store.Store
	seal    cipher.AEAD
	now     func() time.Time
	face    platform.Face    // asked about what was not told; nil: it is pending
	carrier platform.Carrier // the same; nil: the carrier does not answer
}

const (
	toldTable = "told"
	toldLife  = 24 * time.Hour // how long the word of another system is good
)

// fact is one answer.
type fact struct {
	Value string
	At    time.Time
}

func newTold(st store.Store, key []byte, now func() time.Time, below platform.Ports) (*told, error) {
	seal, err := newSeal(key, "told facts")
	return &told{store: st, seal: seal, now: now, face: below.Face, carrier: below.Carrier}, err
}

// factKey finds a fact without naming anybody.
func (t *told) factKey(kind, subject string) []byte {
	sum := sha256.Sum256([]byte(kind + "\x00" + subject))
	return sum[:]
}

// note keeps an answer.
func (t *told) note(ctx context.Context, kind, subject, value string) error {
	raw, err := json.Marshal(fact{value, t.now()})
	if err != nil {
		return err
	}
	key := t.factKey(kind, subject)
	sealed := t.seal.Seal(nil, nil, raw, key)
	return t.store.Update(ctx, func(tx store.Tx) error { return tx.Put(toldTable, key, sealed) })
}

// ask returns an answer; ok is false if none was told, or long ago.
func (t *told) ask(ctx context.Context, kind, subject string) (answer string, ok bool, err error) {
	key := t.factKey(kind, subject)
	var sealed []byte
	if err := t.store.View(ctx, func(tx store.Tx) error { sealed = tx.Get(toldTable, key); return nil }); err != nil || sealed == nil {
		return "", false, err
	}
	raw, err := t.seal.Open(nil, nil, sealed, key)
	if err != nil {
		return "", false, fmt.Errorf("told: %s: %w", kind, err)
	}
	var f fact
	if err := json.Unmarshal(raw, &f); err != nil {
		return "", false, fmt.Errorf("told: %s: %w", kind, err)
	}
	return f.Value, t.now().Sub(f.At) < toldLife, nil
}

// sweep forgets what is no longer good, of the first limit records after a random
// place: none is kept much longer than it is good.
func (t *told) sweep(ctx context.Context, limit int) error {
	from := make([]byte, 1)
	rand.Read(from)
	return t.store.Update(ctx, func(tx store.Tx) error {
		var old [][]byte
		for key, sealed := range tx.Scan(toldTable, store.Range{From: from, Limit: limit}) {
			raw, err := t.seal.Open(nil, nil, sealed, key)
			var f fact
			if err != nil || json.Unmarshal(raw, &f) != nil || t.now().Sub(f.At) >= toldLife {
				old = append(old, key)
			}
		}
		for _, key := range old {
			if err := tx.Delete(toldTable, key); err != nil {
				return err
			}
		}
		return nil
	})
}

// Kinds of facts.
const (
	factFace  = "face"
	factOwner = "owner"
)

// Result implements [platform.Face].
func (t *told) Result(ctx context.Context, q platform.FaceQuery) (platform.FaceResult, error) {
	r, ok, err := t.ask(ctx, factFace, q.Check)
	switch {
	case err != nil || ok:
		return platform.FaceResult(r), err
	case t.face == nil:
		return platform.FacePending, nil
	}
	return t.face.Result(ctx, q)
}

// errNotTold means that the carrier's answer has not come.
var errNotTold = errors.New("told: the carrier has not answered")

// Owner implements [platform.Carrier].
func (t *told) Owner(ctx context.Context, mobile string) (id string, found bool, err error) {
	id, ok, err := t.ask(ctx, factOwner, mobile)
	switch {
	case err != nil || ok:
		return id, id != "", err
	case t.carrier == nil:
		return "", false, errNotTold
	}
	return t.carrier.Owner(ctx, mobile)
}

// faceEvent is the outcome of a face check.
type faceEvent struct {
	Check  string `json:"check"`
	Passed bool   `json:"passed"`
}

// ownerEvent is what a carrier knows of a mobile number.
type ownerEvent struct {
	Mobile   string `json:"mobile"`
	IDNumber string `json:"idNumber"` // "": it was not bought under a real name
}

// checked notes the outcome of a face check.
func (t *told) checked(ctx context.Context, e faceEvent) error {
	result := platform.FaceFailed
	if e.Passed {
		result = platform.FacePassed
	}
	return t.note(ctx, factFace, e.Check, string(result))
}

// owned notes a carrier's answer; ok is false if it names no mobile number.
func (t *told) owned(ctx context.Context, e ownerEvent) (ok bool, err error) {
	mobile, ok := value.Login(e.Mobile)
	if !ok {
		return false, nil
	}
	return true, t.note(ctx, factOwner, mobile, e.IDNumber)
}
