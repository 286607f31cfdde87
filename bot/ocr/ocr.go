// Package ocr reads the text of pictures: screenshots of phones and desktops,
// and photographs of screens. It works on this machine alone; no picture leaves
// it.
//
// It knows nothing of conversations. What it reads may hold names and numbers of
// people: it is kept in memory for a short time only, and never logged.
package ocr

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"
)

// A Reader reads the text of a picture, line by line from the top. No lines are
// no text. What one pass does not see another may: they are numbered from 0, the
// best first, and there are [Passes] of them. A Reader may be used by any number
// of goroutines.
type Reader interface {
	Read(ctx context.Context, picture []byte, pass int) ([]string, error)
}

// Passes is in how many ways a picture is read.
const Passes = 3

// What can be wrong with reading.
var (
	// ErrPicture means that this is no picture that can be read: another
	// format, broken, or too large.
	ErrPicture = errors.New("ocr: not a picture that can be read")
	// ErrBusy means that too many pictures wait to be read.
	ErrBusy = errors.New("ocr: too many pictures at once")
)

// Limits of a [Desk].
const (
	atOnce   = 2 // pictures that are read
	inQueue  = 16
	kept     = 256 // pictures whose text is remembered
	keptFor  = 10 * time.Minute
	readTime = 5 * time.Second // of one picture, once its turn has come
)

// A Desk has a reader read few pictures at once, in a bounded queue, and the same
// picture once: who sends it again, or at the same time, gets the same lines.
type Desk struct {
	reader Reader
	slots  chan struct{}
	now    func() time.Time

	mu      sync.Mutex
	waiting int
	pages   map[readKey]*page
}

type readKey struct {
	picture [sha256.Size]byte
	pass    int
}

// page is one picture's text.
type page struct {
	done  chan struct{} // closed once lines and err are set
	lines []string
	err   error
	at    time.Time
}

// NewDesk returns a desk with that reader.
func NewDesk(r Reader) *Desk {
	return &Desk{reader: r, slots: make(chan struct{}, atOnce), now: time.Now, pages: make(map[readKey]*page)}
}

// Read implements [Reader]. The error is [ErrBusy] if too many pictures wait.
func (d *Desk) Read(ctx context.Context, picture []byte, pass int) ([]string, error) {
	key := readKey{sha256.Sum256(picture), pass}
	d.mu.Lock()
	d.forget()
	p := d.pages[key]
	if p == nil {
		if d.waiting >= inQueue {
			d.mu.Unlock()
			return nil, ErrBusy
		}
		d.waiting++
		p = &page{done: make(chan struct{}), at: d.now()}
		d.pages[key] = p
		go d.read(context.WithoutCancel(ctx), key, p, picture)
	}
	d.mu.Unlock()
	select {
	case <-p.done:
		return p.lines, p.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// read reads a picture for everybody who asks for it.
func (d *Desk) read(ctx context.Context, key readKey, p *page, picture []byte) {
	d.slots <- struct{}{}
	ctx, cancel := context.WithTimeout(ctx, readTime)
	p.lines, p.err = d.reader.Read(ctx, picture, key.pass)
	cancel()
	<-d.slots
	d.mu.Lock()
	d.waiting--
	if p.err != nil && !errors.Is(p.err, ErrPicture) { // another try may go better
		delete(d.pages, key)
	}
	d.mu.Unlock()
	close(p.done)
}

// forget drops what is old, and the oldest of too many. The lock is held.
func (d *Desk) forget() {
	var oldest readKey
	var at time.Time
	for key, p := range d.pages {
		select {
		case <-p.done:
		default:
			continue
		}
		if d.now().Sub(p.at) > keptFor {
			delete(d.pages, key)
		} else if at.IsZero() || p.at.Before(at) {
			oldest, at = key, p.at
		}
	}
	if len(d.pages) >= kept && !at.IsZero() {
		delete(d.pages, oldest)
	}
}
