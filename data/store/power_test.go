package store_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// sector is what a disk writes as a whole or not at all.
const sector = 512

// An event is one thing that a process was seen to do, in order.
type event struct {
	kind string // write, size, sync (it began), synced (it is done), ack
	data []byte // of a write
	at   int64  // offset of a write, or size
	ack  ack
}

var (
	traced   = regexp.MustCompile(`^\d+ +(pwrite64|ftruncate|fdatasync|fsync|write)\(\d+<([^>]*)>(.*)$`)
	resumed  = regexp.MustCompile(`^\d+ +<\.\.\. (fdatasync|fsync) resumed>\) += 0`)
	twoParts = regexp.MustCompile(`^, "([^"]*)"(?:\.\.\.)?, \d+(?:, (\d+))?`)
)

// readTrace reads what strace told of a child and its file.
func readTrace(t *testing.T, trace, path string) (list []event) {
	t.Helper()
	f, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	lines.Split(wholeLines)
	for lines.Scan() {
		if resumed.MatchString(lines.Text()) {
			list = append(list, event{kind: "synced"})
			continue
		}
		m := traced.FindStringSubmatch(lines.Text())
		if m != nil {
			m[2] = unhex(t, m[2])
		}
		switch {
		case m == nil:
		case m[2] == path && (m[1] == "fdatasync" || m[1] == "fsync"):
			list = append(list, event{kind: "sync"})
			if strings.HasSuffix(m[3], "= 0") {
				list = append(list, event{kind: "synced"})
			}
		case m[2] == path && m[1] == "ftruncate":
			size, _, _ := strings.Cut(strings.TrimPrefix(m[3], ", "), ")")
			n, err := strconv.ParseInt(strings.TrimSuffix(size, " <unfinished ..."), 10, 64)
			if err != nil {
				t.Fatalf("trace: %v in %.200s", err, lines.Text())
			}
			list = append(list, event{kind: "size", at: n})
		case m[2] == path || m[1] == "write" && strings.HasPrefix(m[2], "pipe:"):
			if e, ok := written(t, m[1], m[3]); ok {
				list = append(list, e)
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// wholeLines is bufio.ScanLines without a last line that has no end: the tracer is
// killed with what it traces, perhaps in the midst of writing it.
func wholeLines(data []byte, _ bool) (advance int, token []byte, err error) {
	i := bytes.IndexByte(data, '\n')
	if i < 0 {
		return 0, nil, nil
	}
	return i + 1, data[:i], nil
}

// unhex reads a string as strace -xx writes it.
func unhex(t *testing.T, s string) string {
	t.Helper()
	raw, err := hex.DecodeString(strings.ReplaceAll(s, `\x`, ""))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// written reads the arguments of a write: to the file, or of an acknowledgement.
func written(t *testing.T, call, args string) (e event, ok bool) {
	t.Helper()
	m := twoParts.FindStringSubmatch(args)
	if m == nil {
		t.Fatalf("trace: %s%.200s", call, args)
	}
	raw := unhex(t, m[1])
	if call == "write" {
		a, ok := parseAck(raw)
		return event{kind: "ack", ack: a}, ok
	}
	at, err := strconv.ParseInt(m[2], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return event{kind: "write", data: []byte(raw), at: at}, true
}

// A disk is what a file has on it after what happened so far.
type disk struct {
	durable []byte  // whatever happens
	pending []event // on its way
	syncing int     // of them, those that the sync that runs is for
}

func (d *disk) see(e event) {
	switch e.kind {
	case "write", "size":
		d.pending = append(d.pending, e)
	case "sync":
		d.syncing = len(d.pending)
	case "synced":
		for _, p := range d.pending[:d.syncing] {
			d.durable = apply(d.durable, p, func() bool { return true })
		}
		d.pending, d.syncing = d.pending[d.syncing:], 0
	}
}

// cut is the file after a power cut: of what was on its way, each sector came to the
// disk or not.
func (d *disk) cut(r *rand.Rand) []byte {
	file := slices.Clone(d.durable)
	share := r.IntN(5) // sometimes none of it, sometimes all
	for _, p := range d.pending {
		file = apply(file, p, func() bool { return r.IntN(4) < share })
	}
	return file
}

// apply does to a file what an event did, sector by sector as come says.
func apply(file []byte, e event, come func() bool) []byte {
	if e.kind == "size" {
		if come() && int64(len(file)) < e.at {
			file = append(file, make([]byte, e.at-int64(len(file)))...)
		}
		return file
	}
	for i := 0; i < len(e.data); i += sector {
		if !come() {
			continue
		}
		part := e.data[i:min(i+sector, len(e.data))]
		if end := int(e.at) + i + len(part); end > len(file) {
			file = append(file, make([]byte, end-len(file))...)
		}
		copy(file[int(e.at)+i:], part)
	}
	return file
}

// writeSparse writes a file that is mostly zeros.
func writeSparse(t *testing.T, path string, b []byte) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(int64(len(b))); err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 64<<10)
	for at := 0; at < len(b); at += len(zeros) {
		if part := b[at:min(at+len(zeros), len(b))]; !bytes.Equal(part, zeros[:len(part)]) {
			if _, err := f.WriteAt(part, int64(at)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestPowerCut records what a process writes to its file, when it has that brought
// to disk, and what it acknowledges, and cuts the power at many points: whatever of
// the rest came to the disk, in whatever order, the store opens, is whole, and has
// all that was acknowledged before.
//
// Seen to fail: with bbolt's NoSync.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	strace := tracer(t)
	cuts, acks := 100, 300
	if testing.Short() {
		cuts = 20
	}
	dir := t.TempDir()
	path, trace := filepath.Join(dir, "store"), filepath.Join(dir, "trace")
	cmd, lines := startChild(t, path, strace, "-f", "-y", "-xx", "-s", fmt.Sprint(16<<20), "-e", "trace=pwrite64,ftruncate,fdatasync,fsync,write", "-o", trace)
	var said []ack
	for len(said) < acks && lines.Scan() {
		if a, ok := parseAck(lines.Text()); ok {
			said = append(said, a)
		}
	}
	stopChild(t, cmd, lines, &said)
	events := readTrace(t, trace, path)
	first := slices.IndexFunc(events, func(e event) bool { return e.kind == "ack" })
	if first < 0 {
		t.Fatalf("%d events, no acknowledgement among them", len(events))
	}
	seed := rand.Uint64()
	t.Logf("seed %d, %d events", seed, len(events))
	r := rand.New(rand.NewPCG(seed, 0))
	at := make(map[int]bool)
	for range cuts {
		at[first+1+r.IntN(len(events)-first-1)] = true
	}
	var d disk
	var kept []ack
	torn := 0
	for i, e := range events {
		if at[i] {
			if len(d.pending) > 0 {
				torn++
			}
			cut := filepath.Join(dir, fmt.Sprint("cut", i))
			writeSparse(t, cut, d.cut(r))
			checkChild(t, cut, kept)
			if t.Failed() {
				t.Fatalf("cut before event %d, a %s, with %d writes on their way", i, e.kind, len(d.pending))
			}
			if err := os.Remove(cut); err != nil {
				t.Fatal(err)
			}
		}
		d.see(e)
		if e.kind == "ack" {
			kept = append(kept, e.ack)
		}
	}
	t.Logf("%d cuts, %d of them with writes on their way; %d changes were acknowledged", len(at), torn, len(kept))
}

// TestTraceCutOff reads a trace whose last line the tracer could not finish.
func TestTraceCutOff(t *testing.T) {
	name := func(s string) (out string) {
		for _, c := range []byte(s) {
			out += fmt.Sprintf(`\x%02x`, c)
		}
		return out
	}
	path := filepath.Join(t.TempDir(), "trace")
	whole := "7  pwrite64(3<" + name("/store") + `>, "\x01\x02", 2, 4096) = 2` + "\n7  fdatasync(3<" + name("/store") + ">) = 0\n"
	if err := os.WriteFile(path, []byte(whole+"7  pwrite64(3<"+name("/store")+`>, "\x01\x0`), 0o600); err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, e := range readTrace(t, path, "/store") {
		kinds = append(kinds, e.kind)
	}
	if want := []string{"write", "sync", "synced"}; !slices.Equal(kinds, want) {
		t.Errorf("got %q, want %q", kinds, want)
	}
}
