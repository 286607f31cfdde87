package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"time"

	"signdesk/data/store"
)

// newSeal returns the cipher of one purpose, with a key of its own.
func newSeal(key []byte, purpose string) (cipher.AEAD, error) {
	k, err := hkdf.Key(sha256.New, key, nil, "signdesk "+purpose, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(k)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

const keptTable = "kept"

// A kept keeps an adapter's small values - access tokens, positions - for all
// processes that share the store, sealed with a key of this service:
//
//	kept  owner, name => sealed value
type kept struct {
	store store.Store
	seal  cipher.AEAD
	owner string // whose values these are
}

func newKept(st store.Store, key []byte, owner string) (*kept, error) {
	seal, err := newSeal(key, "kept values")
	return &kept{st, seal, owner}, err
}

func (k *kept) key(name string) []byte { return store.Key{}.Str(k.owner).Str(name) }

// Get returns a value, nil if there is none, or none that this service sealed.
func (k *kept) Get(ctx context.Context, name string) (value []byte, err error) {
	key := k.key(name)
	var sealed []byte
	if err := k.store.View(ctx, func(tx store.Tx) error { sealed = tx.Get(keptTable, key); return nil }); err != nil || sealed == nil {
		return nil, err
	}
	return k.seal.Open(nil, nil, sealed, key)
}

// Put keeps a value; nil removes it.
func (k *kept) Put(ctx context.Context, name string, value []byte) error {
	key := k.key(name)
	if value == nil {
		return k.store.Update(ctx, func(tx store.Tx) error { return tx.Delete(keptTable, key) })
	}
	sealed := k.seal.Seal(nil, nil, value, key)
	return k.store.Update(ctx, func(tx store.Tx) error { return tx.Put(keptTable, key, sealed) })
}

// Swap changes a value in one transaction: change gets the present one, nil if
// there is none, and returns the next, nil to leave it. It may run twice.
func (k *kept) Swap(ctx context.Context, name string, change func(was []byte) []byte) error {
	key := k.key(name)
	return k.store.Update(ctx, func(tx store.Tx) error {
		var was []byte
		if sealed := tx.Get(keptTable, key); sealed != nil {
			var err error
			if was, err = k.seal.Open(nil, nil, sealed, key); err != nil {
				was = nil // of another key: it is made anew
			}
		}
		next := change(was)
		if next == nil {
			return nil
		}
		return tx.Put(keptTable, key, k.seal.Seal(nil, nil, next, key))
	})
}

// Once keeps a value under a name that was used at a time, for some days; it
// returns the value of the first who did.
func (k *kept) Once(ctx context.Context, name string, at time.Time, value []byte) (first []byte, err error) {
	err = k.store.Update(ctx, func(tx store.Tx) error {
		first, _, err = store.OnceAt(tx, at, k.owner+" "+name, func() ([]byte, error) { return value, nil })
		return err
	})
	return first, err
}
