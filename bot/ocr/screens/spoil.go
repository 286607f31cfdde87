package screens

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"

	"golang.org/x/image/draw"
)

// smaller is the picture at half its size.
func smaller(img image.Image) image.Image {
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx()/2, b.Dy()/2))
	draw.ApproxBiLinear.Scale(out, out.Rect, img, b, draw.Src, nil)
	return out
}

// cropped is the picture without its edges, some more than others.
func cropped(img image.Image, seed uint64) image.Image {
	r := rand.New(rand.NewPCG(seed, 1))
	b := img.Bounds()
	part := image.Rect(r.IntN(1+b.Dx()/50), r.IntN(1+b.Dy()/8), b.Dx()-r.IntN(1+b.Dx()/50), b.Dy()-r.IntN(1+b.Dy()/6))
	out := image.NewRGBA(image.Rect(0, 0, part.Dx(), part.Dy()))
	draw.Draw(out, out.Rect, img, part.Min, draw.Src)
	return out
}

// How a screen is photographed.
const (
	maxTilt = 0.035 // radians
	maxTrap = 0.05  // of the width: one edge is shorter than the other
	noise   = 9.0   // standard deviation, of 255
	moire   = 7.0   // height of the waves, of 255
	darkest = 0.55  // light in the darkest corner
	margin  = 0.06  // of the width: what lies around the screen
)

// photographed is the picture as a camera takes it from a screen: tilted, seen
// from the side, with a shadow, waves between the grids of both, noise and a
// little blur.
func photographed(img image.Image, seed uint64) image.Image {
	r := rand.New(rand.NewPCG(seed, 2))
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	pad := int(margin * float64(w))
	out := image.NewRGBA(image.Rect(0, 0, w+2*pad, h+2*pad))
	tilt, trap := (r.Float64()*2-1)*maxTilt, (r.Float64()*2-1)*maxTrap
	sin, cos := math.Sincos(tilt)
	period, angle := 5+r.Float64()*4, r.Float64()*math.Pi
	waveX, waveY := math.Cos(angle)*2*math.Pi/period, math.Sin(angle)*2*math.Pi/period
	cornerX, cornerY := float64(r.IntN(2)*w), float64(r.IntN(2)*h)
	far := math.Hypot(float64(w), float64(h))
	src := image.NewRGBA(b)
	draw.Draw(src, b, img, b.Min, draw.Src)
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			dx, dy := float64(x-pad-w/2), float64(y-pad-h/2)
			sx, sy := dx*cos+dy*sin, dy*cos-dx*sin
			sx = sx/(1+trap*sy/float64(h)) + float64(w)/2
			sy += float64(h) / 2
			light := darkest + (1-darkest)*math.Hypot(sx-cornerX, sy-cornerY)/far
			wave := moire*math.Sin(waveX*float64(x)+waveY*float64(y)) + noise*r.NormFloat64()
			out.SetRGBA(x, y, lit(sample(src, sx, sy), light, wave))
		}
	}
	return out
}

// sample is the colour between four pixels, which blurs a little; the table that
// the screen stands on beyond it.
func sample(img *image.RGBA, x, y float64) color.RGBA {
	x0, y0 := int(math.Floor(x)), int(math.Floor(y))
	if x0 < 0 || y0 < 0 || x0+1 >= img.Rect.Dx() || y0+1 >= img.Rect.Dy() {
		return color.RGBA{70, 60, 52, 255}
	}
	fx, fy := x-float64(x0), y-float64(y0)
	mix := func(at func(color.RGBA) uint8) uint8 {
		a, b := float64(at(img.RGBAAt(x0, y0))), float64(at(img.RGBAAt(x0+1, y0)))
		c, d := float64(at(img.RGBAAt(x0, y0+1))), float64(at(img.RGBAAt(x0+1, y0+1)))
		return uint8((a*(1-fx)+b*fx)*(1-fy) + (c*(1-fx)+d*fx)*fy)
	}
	return color.RGBA{mix(func(c color.RGBA) uint8 { return c.R }), mix(func(c color.RGBA) uint8 { return c.G }), mix(func(c color.RGBA) uint8 { return c.B }), 255}
}

func lit(c color.RGBA, light, wave float64) color.RGBA {
	f := func(v uint8) uint8 { return uint8(max(0, min(255, float64(v)*light+wave))) }
	return color.RGBA{f(c.R), f(c.G), f(c.B), 255}
}
