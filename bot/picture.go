package bot

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"signdesk/bot/channel"
	"signdesk/data/store"
)

// keepPicture is how long a picture waits for the message that it belongs to.
const keepPicture = time.Hour

// keepShown is how long a picture that the person was sent can be looked at.
const keepShown = 30 * 24 * time.Hour

// picture is one that was uploaded ahead of its message, or that belongs to a line
// of the log.
type picture struct {
	At   time.Time
	Data []byte
}

// ErrNoPicture means that there is no such picture of that person any more.
var ErrNoPicture = errors.New("bot: no such picture")

// KeepPicture keeps a picture for a message to come, and returns its name. The
// name is given by the caller's random bytes.
func (b *Bot) KeepPicture(ctx context.Context, p channel.Peer, random, raw []byte) (name string, err error) {
	name = base64.RawURLEncoding.EncodeToString(random)
	now := b.Now()
	return name, b.Store.Update(ctx, func(tx store.Tx) error {
		return put(tx, pictures, store.Key{}.Str(p.String()).Str(name), &picture{now, raw})
	})
}

// Shown returns the picture of a line that the person was sent; the error is
// [ErrNoPicture] if it has none, or none any more.
func (b *Bot) Shown(ctx context.Context, p channel.Peer, seq uint64) (raw []byte, err error) {
	return b.pictureAt(ctx, shots, store.Key{}.Str(p.String()).Uint(seq))
}

// Picture returns a picture of that person; the error is [ErrNoPicture] if it is
// not there.
func (b *Bot) Picture(ctx context.Context, p channel.Peer, name string) (raw []byte, err error) {
	return b.pictureAt(ctx, pictures, store.Key{}.Str(p.String()).Str(name))
}

func (b *Bot) pictureAt(ctx context.Context, t store.Table, key store.Key) (raw []byte, err error) {
	err = b.Store.View(ctx, func(tx store.Tx) error {
		pic, err := get[picture](tx, t, key)
		if err != nil {
			return err
		}
		if pic == nil {
			return ErrNoPicture
		}
		raw = pic.Data
		return nil
	})
	return raw, err
}
