package demo

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"

	"signdesk/actions/platform"
)

// A demonstration picture is a PNG whose text chunk (PNG 1.2, 4.2.3) holds what
// the recogniser is to read in it.
const (
	pngHead    = "\x89PNG\r\n\x1a\n"
	textChunk  = "tEXt"
	keyword    = "signdesk-reading\x00"
	pngHeadLen = len(pngHead)
	chunkExtra = 12 // length, type and checksum of a chunk
	ihdrLen    = 13
)

// Picture draws a picture in which the recogniser reads r.
func Picture(r platform.Reading) ([]byte, error) {
	const width, height = 320, 200
	img := image.NewGray(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = 0xF0
	}
	for x := range width {
		img.SetGray(x, 20, color.Gray{Y: 0x80})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("demo: draw: %w", err)
	}
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("demo: draw: %w", err)
	}
	chunk := append([]byte(textChunk), append([]byte(keyword), text...)...)
	var out bytes.Buffer
	at := pngHeadLen + chunkExtra + ihdrLen // behind the header chunk
	out.Write(b.Bytes()[:at])
	out.Write(binary.BigEndian.AppendUint32(nil, uint32(len(chunk)-len(textChunk))))
	out.Write(chunk)
	out.Write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(chunk)))
	out.Write(b.Bytes()[at:])
	return out.Bytes(), nil
}

type recogniser struct{}

// Read returns what a demonstration picture says. On any other picture it reads
// no text and sees a seal, so that photographs can be tried out.
func (recogniser) Read(_ context.Context, data []byte) (platform.Reading, error) {
	if bytes.HasPrefix(data, []byte(pngHead)) {
		for rest := data[pngHeadLen:]; len(rest) >= chunkExtra; {
			n := int(binary.BigEndian.Uint32(rest))
			if n < 0 || n > len(rest)-chunkExtra {
				break
			}
			body := rest[8 : 8+n]
			if text, ok := bytes.CutPrefix(body, []byte(keyword)); ok && string(rest[4:8]) == textChunk {
				var r platform.Reading
				if err := json.Unmarshal(text, &r); err == nil {
					return r, nil
				}
			}
			rest = rest[chunkExtra+n:]
		}
	}
	return platform.Reading{SealFound: true}, nil
}
