package telegram

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/go-telegram/bot"

	"signdesk/bot/channel"
)

// picture gets the picture of a message, if it has one, or that which its command is
// about. ok is false if there is
// one that cannot be had: the person was told.
func (a *Account) picture(ctx context.Context, id int64, m *message, act *channel.Act) (ok bool, err error) {
	f := m.image()
	if r := m.replied(); f == nil && r != nil && a.Looks != nil && a.Looks(act.Command) {
		f = r.image()
	}
	if f == nil {
		return true, nil
	}
	if f.Size > maxPicture {
		a.hint(ctx, m, "图片超过 10 MB，没有收下。请压缩后重发。")
		return false, nil
	}
	raw, err := a.download(ctx, f.ID)
	if err == nil {
		act.Picture = raw
		return true, nil
	}
	if a.again(id, err, pictureTries) {
		return false, err
	}
	a.Logger.Warn("picture given up", "channel", Channel, "update", id, "err", err)
	words := "图片没有取到，请重发一次。"
	if errors.Is(err, errPicture) {
		words = "图片无法识别，或超过 10 MB。请改发 10 MB 以内的 JPG 或 PNG 图片。"
	}
	a.hint(ctx, m, words)
	return false, nil
}

// again tells whether it is worth trying an update again that failed so, at most
// so many times.
func (a *Account) again(id int64, err error, most int) bool {
	a.mu.Lock()
	a.tries[id]++
	n := a.tries[id]
	a.mu.Unlock()
	var se *channel.SendError
	final := errors.Is(err, errPicture) || errors.As(err, &se) && se.Kind == channel.Rejected
	return !final && n < most
}

func (a *Account) forget(id int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.tries, id)
}

// image returns the largest size of a photo that we take, or the document that
// is a picture.
func (m *message) image() (best *fileInfo) {
	for i := range m.Photo {
		p := &m.Photo[i]
		if best == nil || p.Size <= maxPicture && (best.Size > maxPicture || p.Size >= best.Size) {
			best = p
		}
	}
	if best == nil && m.Document != nil && strings.HasPrefix(m.Document.MIME, "image/") {
		return m.Document
	}
	return best
}

// errPicture is a picture that is too large, or none.
var errPicture = errors.New("telegram: not a picture, or too large")

// pathShape is what a file's path may be; it becomes part of an address.
var pathShape = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$`)

// download gets a file. Its address holds the token, and is shown to nobody.
func (a *Account) download(ctx context.Context, file string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fileTimeout)
	defer cancel()
	info, err := a.api.GetFile(ctx, &bot.GetFileParams{FileID: file})
	if err != nil {
		return nil, a.failure("getFile", err)
	}
	if !pathShape.MatchString(info.FilePath) || info.FileSize > maxPicture {
		return nil, errPicture
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.api.FileDownloadLink(info), nil)
	if err != nil {
		return nil, errPicture
	}
	resp, err := a.client.Do(r)
	if err != nil {
		return nil, a.failure("file", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, a.failure("file", statusError(resp.StatusCode))
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxPicture+1))
	if err != nil {
		return nil, a.failure("file", err)
	}
	if len(raw) > maxPicture || !strings.HasPrefix(http.DetectContentType(raw), "image/") {
		return nil, errPicture
	}
	return raw, nil
}
