package ocr

import (
	"bytes"
	"image"
	"image/color"
	_ "image/gif" // formats of pictures that people send
	_ "image/jpeg"
	"image/png"

	"golang.org/x/image/draw"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/webp"
)

// Limits of pictures.
const (
	maxBytes  = 15 << 20
	maxPixels = 24_000_000 // a screenshot of many pages' length
	narrow    = 900        // pixels; text on a narrower picture is enlarged
	widest    = 1800       // it is not enlarged beyond
	darkMean  = 110        // of 255: below it the picture is light text on dark
	darkest   = 100        // of 255: surroundings count as at least that bright
	paper     = 235        // of 255: surroundings that are left alone
	white     = 245        // of 255: what other surroundings become
)

// A look is a way to prepare a picture, one for each pass.
type look int

const (
	even  look = iota // smooth and evenly lit
	plain             // as it is
	edges             // what differs from its surroundings, lighter or darker
)

// prepare decodes a picture and returns it as a PNG that text recognition does
// best with: grey, dark on light, its letters not too small.
func prepare(raw []byte, as look) ([]byte, error) {
	if len(raw) == 0 || len(raw) > maxBytes {
		return nil, ErrPicture
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil || config.Width < 16 || config.Height < 16 || config.Width > maxPixels/config.Height {
		return nil, ErrPicture
	}
	img, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, ErrPicture
	}
	page := grey(img)
	if w := page.Rect.Dx(); w < narrow {
		page = enlarge(page, min(narrow*2, widest, w*3))
	}
	if mean(page) < darkMean {
		invert(page)
	}
	switch as {
	case even:
		copy(page.Pix, boxMean(page, 1))
		lit(page)
	case edges:
		copy(page.Pix, boxMean(page, 1))
		outline(page)
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, page); err != nil {
		return nil, ErrPicture
	}
	return b.Bytes(), nil
}

// grey is the picture in shades of grey, on white where it is transparent.
func grey(img image.Image) *image.Gray {
	b := img.Bounds()
	out := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(out, out.Rect, img, b.Min, draw.Over)
	return out
}

func enlarge(img *image.Gray, width int) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, width, img.Rect.Dy()*width/img.Rect.Dx()))
	draw.CatmullRom.Scale(out, out.Rect, img, img.Rect, draw.Src, nil)
	return out
}

func mean(img *image.Gray) int {
	sum := 0
	for _, v := range img.Pix {
		sum += int(v)
	}
	return sum / max(1, len(img.Pix))
}

func invert(img *image.Gray) {
	for i, v := range img.Pix {
		img.Pix[i] = 255 - v
	}
}

// lit evens out the light: each pixel is set against the brightness around it, so
// that shadows become white paper. What is dark all around is lit only so far that
// its noise does not become letters.
func lit(img *image.Gray) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	radius := max(12, w/24)
	around := boxMean(img, radius)
	for y := range h {
		for x := range w {
			i := y*img.Stride + x
			if bg := max(int(around[y*w+x]), darkest); bg < paper {
				img.Pix[i] = uint8(min(255, int(img.Pix[i])*white/bg))
			}
		}
	}
}

// outline sets what is lighter or darker than the brightness around it dark on
// white: a light bubble on a dark screen, or a dark note on a light one, is read
// beside the rest.
func outline(img *image.Gray) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	around := boxMean(img, max(10, w/30))
	for y := range h {
		for x := range w {
			i := y*img.Stride + x
			img.Pix[i] = 255 - uint8(min(255, strength*abs(int(img.Pix[i])-int(around[y*w+x]))))
		}
	}
}

const strength = 2 // of an outline

func abs(n int) int { return max(n, -n) }

// boxMean is the mean brightness of the square around each pixel.
func boxMean(img *image.Gray, radius int) []uint8 {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	sums := make([]uint32, (w+1)*(h+1)) // of all pixels above and to the left
	for y := range h {
		row := uint32(0)
		for x := range w {
			row += uint32(img.Pix[y*img.Stride+x])
			sums[(y+1)*(w+1)+x+1] = sums[y*(w+1)+x+1] + row
		}
	}
	out := make([]uint8, w*h)
	for y := range h {
		top, bottom := max(0, y-radius), min(h, y+radius+1)
		for x := range w {
			left, right := max(0, x-radius), min(w, x+radius+1)
			sum := sums[bottom*(w+1)+right] - sums[top*(w+1)+right] - sums[bottom*(w+1)+left] + sums[top*(w+1)+left]
			out[y*w+x] = uint8(sum / uint32((bottom-top)*(right-left)))
		}
	}
	return out
}
