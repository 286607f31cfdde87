package ocr

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// slow reads each picture in a second, and counts.
type slow struct {
	mu         sync.Mutex
	reads, now int
	most       int
	fails      error
	hangs      bool
}

func (s *slow) Read(ctx context.Context, picture []byte, pass int) ([]string, error) {
	s.mu.Lock()
	s.reads++
	s.now++
	s.most = max(s.most, s.now)
	fails, hangs := s.fails, s.hangs
	s.mu.Unlock()
	defer func() { s.mu.Lock(); s.now--; s.mu.Unlock() }()
	if hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	time.Sleep(time.Second)
	return []string{string(picture)}, fails
}

// TestDesk reads few pictures at once, each once, and refuses what is too much.
func TestDesk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(slow)
		d := NewDesk(s)
		var wg sync.WaitGroup
		var mu sync.Mutex
		busy := 0
		for i := range 60 {
			wg.Go(func() {
				lines, err := d.Read(t.Context(), []byte{byte('a' + i%20)}, 0)
				mu.Lock()
				defer mu.Unlock()
				if errors.Is(err, ErrBusy) {
					busy++
				} else if err != nil || len(lines) != 1 {
					t.Errorf("%q, %v", lines, err)
				}
			})
		}
		wg.Wait()
		if s.most != atOnce || s.reads != inQueue || busy == 0 {
			t.Errorf("%d at once, %d reads, %d refused", s.most, s.reads, busy)
		}
		if _, err := d.Read(t.Context(), []byte("a"), 0); err != nil || s.reads != inQueue {
			t.Errorf("read again: %d, %v", s.reads, err)
		}
		if _, err := d.Read(t.Context(), []byte("a"), 1); err != nil || s.reads != inQueue+1 {
			t.Errorf("another pass: %d, %v", s.reads, err)
		}
		time.Sleep(keptFor + time.Second)
		if _, err := d.Read(t.Context(), []byte("b"), 0); err != nil || s.reads != inQueue+2 || len(d.pages) != 1 {
			t.Errorf("long after: %d, %d pages, %v", s.reads, len(d.pages), err)
		}
	})
}

// TestDeskFailures tries again what failed, and gives up what hangs.
func TestDeskFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{fails: errors.New("killed")}
		d := NewDesk(s)
		for range 2 {
			if _, err := d.Read(t.Context(), []byte("a"), 0); err == nil {
				t.Error("no error")
			}
		}
		s.fails = ErrPicture
		for range 2 {
			if _, err := d.Read(t.Context(), []byte("b"), 0); !errors.Is(err, ErrPicture) {
				t.Error(err)
			}
		}
		if s.reads != 3 {
			t.Errorf("%d reads", s.reads)
		}
		s.hangs = true
		start := time.Now()
		if _, err := d.Read(t.Context(), []byte("c"), 0); err == nil || time.Since(start) != readTime {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := d.Read(ctx, []byte("d"), 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		time.Sleep(readTime)
	})
}

func picture(w, h int) []byte {
	img := image.NewGray(image.Rect(0, 0, w, h))
	var b bytes.Buffer
	_ = png.Encode(&b, img)
	return b.Bytes()
}

func TestPrepareRefuses(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string][]byte{"nothing": nil, "text": []byte("no picture"), "dot": picture(1, 1), "broken": picture(100, 100)[:60],
		"huge": picture(maxPixels/100, 101), "bytes": make([]byte, maxBytes+1)} {
		if _, err := prepare(raw, even); !errors.Is(err, ErrPicture) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPrepare turns light on dark into dark on light, and enlarges.
func TestPrepare(t *testing.T) {
	t.Parallel()
	img := image.NewGray(image.Rect(0, 0, 300, 200))
	for x := 100; x < 120; x++ {
		img.SetGray(x, 100, color.Gray{240})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	raw, err := prepare(b.Bytes(), even)
	if err != nil {
		t.Fatal(err)
	}
	out, err := png.Decode(bytes.NewReader(raw))
	if err != nil || out.Bounds().Dx() != 900 {
		t.Fatalf("%v, %v", out.Bounds(), err)
	}
	at := func(x, y int) uint8 { return color.GrayModel.Convert(out.At(x, y)).(color.Gray).Y }
	if at(330, 301) > 200 || at(30, 30) < 240 {
		t.Errorf("text %d on %d", at(330, 301), at(30, 30))
	}
}

// TestPrepareOutline makes text dark on white, whether it is lighter or darker than
// what is around it.
func TestPrepareOutline(t *testing.T) {
	t.Parallel()
	img := image.NewGray(image.Rect(0, 0, 1000, 400))
	for i := range img.Pix {
		img.Pix[i] = 20 // a dark screen
	}
	for y := 100; y < 300; y++ {
		for x := 500; x < 900; x++ {
			img.SetGray(x, y, color.Gray{160}) // with a bright bubble
		}
	}
	for y := 195; y < 205; y++ {
		for x := 100; x < 104; x++ {
			img.SetGray(x, y, color.Gray{220})
			img.SetGray(x+600, y, color.Gray{10})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	raw, err := prepare(b.Bytes(), edges)
	if err != nil {
		t.Fatal(err)
	}
	out, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	at := func(x, y int) uint8 { return color.GrayModel.Convert(out.At(x, y)).(color.Gray).Y }
	if at(102, 200) > 100 || at(702, 200) > 100 || at(200, 350) < 240 || at(600, 150) < 200 {
		t.Errorf("text %d and %d on %d and %d", at(102, 200), at(702, 200), at(200, 350), at(600, 150))
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	table := strings.Join([]string{"level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext",
		"5\t1\t2\t1\t1\t1\t300\t102\t20\t20\t90\t确定", "5\t1\t1\t1\t1\t1\t10\t100\t20\t20\t91\t无", "5\t1\t1\t1\t1\t2\t40\t100\t20\t20\t93\t权限",
		"5\t1\t3\t1\t1\t1\t10\t10\t20\t20\t88\t5G", "5\t1\t3\t1\t1\t2\t40\t10\t20\t20\t88\tWiFi", "5\t1\t4\t1\t1\t1\t10\t200\t20\t20\t5\t乱码", "4\t1\t4\t1\t1\t0\t1\t1\t1\t1\t-1\t"}, "\n")
	got, err := lines([]byte(table))
	if want := []string{"5G WiFi", "无权限", "确定"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, want %q: %v", got, want, err)
	}
}

func FuzzLines(f *testing.F) {
	f.Add("5\t1\t2\t1\t1\t1\t300\t102\t20\t20\t90\t确定")
	f.Fuzz(func(t *testing.T, table string) { _, _ = lines([]byte(table)) })
}

func FuzzPrepare(f *testing.F) {
	f.Add(picture(20, 20))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if config, _, err := image.DecodeConfig(bytes.NewReader(raw)); err == nil && config.Width*config.Height > 1<<20 {
			return // slow, not wrong
		}
		_, _ = prepare(raw, even)
	})
}
