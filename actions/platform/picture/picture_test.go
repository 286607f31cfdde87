package picture_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"golang.org/x/image/bmp"

	"signdesk/actions/platform/picture"
)

func encode(t testing.TB, kind string) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 40, 30))
	for i := range img.Pix {
		img.Pix[i] = byte(i * 7)
	}
	var b bytes.Buffer
	var err error
	switch kind {
	case "jpeg":
		err = jpeg.Encode(&b, img, nil)
	case "png":
		err = png.Encode(&b, img)
	case "bmp":
		err = bmp.Encode(&b, img)
	case "gif":
		err = gif.Encode(&b, img, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bomb is a PNG of some bytes whose header claims width by height pixels.
func bomb(t testing.TB, width, height uint32) []byte {
	b := bytes.Clone(encode(t, "png"))
	binary.BigEndian.PutUint32(b[16:], width)
	binary.BigEndian.PutUint32(b[20:], height)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

func TestCheck(t *testing.T) {
	all := []string{"jpeg", "png", "bmp"}
	noBMP := []string{"jpeg", "png"}
	long := append(encode(t, "jpeg"), make([]byte, picture.Mega)...)
	half := encode(t, "png")
	for _, tt := range []struct {
		name  string
		data  []byte
		types []string
		max   int
		want  error
	}{
		{"jpeg", encode(t, "jpeg"), all, picture.Mega, nil},
		{"png", encode(t, "png"), all, picture.Mega, nil},
		{"bmp", encode(t, "bmp"), all, picture.Mega, nil},
		{"bmp where it is not taken", encode(t, "bmp"), noBMP, picture.Mega, picture.ErrType},
		{"gif", encode(t, "gif"), all, picture.Mega, picture.ErrType},
		{"PDF", []byte("%PDF-1.7 ..."), all, picture.Mega, picture.ErrType},
		{"nothing", nil, all, picture.Mega, picture.ErrType},
		{"exactly the limit", long[:picture.Mega], all, picture.Mega, nil},
		{"one byte more", long[:picture.Mega+1], all, picture.Mega, picture.ErrSize},
		{"cut off", half[:len(half)/2], all, picture.Mega, picture.ErrBroken},
		{"header only", half[:40], all, picture.Mega, picture.ErrBroken},
		{"bomb", bomb(t, 1<<20, 1<<20), all, picture.Mega, picture.ErrPixels},
		{"bomb that overflows", bomb(t, 1<<31-1, 1<<31-1), all, picture.Mega, picture.ErrBroken},
		{"bomb below the limit is not decoded to the end", bomb(t, 8000, 8000), all, picture.Mega, picture.ErrBroken},
	} {
		info, err := picture.Check(tt.data, picture.Rules{Types: tt.types, MaxBytes: tt.max})
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.want)
		}
		if err == nil && (info.Width != 40 || info.Height != 30 || info.Mime != "image/"+info.Type) {
			t.Errorf("%s: %+v", tt.name, info)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, kind := range []string{"jpeg", "png", "bmp", "gif"} {
		f.Add(encode(f, kind))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		info, err := picture.Check(data, picture.Rules{Types: []string{"jpeg", "png", "bmp"}, MaxBytes: picture.Mega})
		if err == nil && (info.Width <= 0 || info.Height <= 0) {
			t.Errorf("took a picture of %d by %d pixels", info.Width, info.Height)
		}
	})
}
