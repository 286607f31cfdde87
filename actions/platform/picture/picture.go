// Package picture checks uploaded pictures by their content: type, size, and
// that they can be decoded without using up the memory. File names play no
// part. It has no state but a limit on how much is decoded at once.
package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // decoders of the types that the platform takes
	_ "image/png"
	"slices"

	_ "golang.org/x/image/bmp"
)

// What can be wrong with a picture.
var (
	ErrType   = errors.New("picture: not of a type that is taken")
	ErrSize   = errors.New("picture: too many bytes")
	ErrBroken = errors.New("picture: cannot be decoded")
	ErrPixels = errors.New("picture: too many pixels")
)

// Mega is what the guide's M means, in bytes.
const Mega = 1 << 20

// maxDecoded bounds the memory of a decoded picture, in bytes. A photograph of
// 50 megapixels takes 75 to 200 MB; a file of some kilobytes can claim many
// gigabytes.
const maxDecoded = 256 << 20

// Rules tell which pictures are taken.
type Rules struct {
	Types    []string // of "jpeg", "png", "bmp"
	MaxBytes int
}

// Info tells of a picture that was taken.
type Info struct {
	Type          string // as in Rules
	Mime          string
	Width, Height int // pixels
}

// decoding lets one picture at a time be decoded, so that many uploads do not
// add up.
var decoding = make(chan struct{}, 1)

// Check decodes the picture and returns what it is. Errors wrap one of those
// above.
func Check(data []byte, r Rules) (Info, error) {
	config, kind, err := image.DecodeConfig(bytes.NewReader(data))
	switch {
	case errors.Is(err, image.ErrFormat) || err == nil && !slices.Contains(r.Types, kind):
		return Info{}, ErrType
	case len(data) > r.MaxBytes:
		return Info{}, ErrSize
	case err != nil:
		return Info{}, fmt.Errorf("%w: %w", ErrBroken, err)
	case config.Width <= 0 || config.Height <= 0:
		return Info{}, ErrBroken
	case config.Width > maxDecoded/config.Height/bytesPerPixel(config.ColorModel):
		return Info{}, ErrPixels
	}
	decoding <- struct{}{}
	_, _, err = image.Decode(bytes.NewReader(data))
	<-decoding
	if err != nil {
		return Info{}, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return Info{Type: kind, Mime: "image/" + kind, Width: config.Width, Height: config.Height}, nil
}

func bytesPerPixel(m color.Model) int {
	switch m {
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	case color.GrayModel:
		return 1
	}
	return 4
}
