package telegramtest

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"net/http"
	"strings"
)

type file struct {
	id, path   string
	name, mime string
	data       []byte
	claim      int64 // size that is told; 0 for the real one
}

func (f *file) size() int64 {
	if f.claim != 0 {
		return f.claim
	}
	return int64(len(f.data))
}

const (
	maxPhoto = 10 << 20
	maxFetch = 20 << 20 // bytes of a file that bots may get
)

// store keeps a file.
func (s *Server) store(prefix string, data []byte) *file {
	id := fmt.Sprintf("file-%d", s.id())
	f := &file{id: id, path: fmt.Sprintf("%s_%d.jpg", prefix, s.last), data: data}
	s.files[id] = f
	s.files[id+"-small"] = &file{id: id + "-small", path: fmt.Sprintf("%s_%d_small.jpg", prefix, s.last), data: data[:min(len(data), 1000)]}
	return f
}

// Claim has all files that were sent so far told to be of that many bytes.
func (s *Server) Claim(size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		f.claim = size
	}
}

func (s *Server) getFile(q *request) *answer {
	f := s.files[q.form["file_id"]]
	switch {
	case f == nil:
		return bad("wrong file_id or the file is temporarily unavailable")
	case f.size() > maxFetch:
		return bad("file is too big")
	}
	return grant(map[string]any{"file_id": f.id, "file_unique_id": "u" + f.id, "file_size": f.size(), "file_path": f.path})
}

func (s *Server) serveFile(w http.ResponseWriter, path string, fault Fault) {
	s.mu.Lock()
	var found *file
	for _, f := range s.files {
		if f.path == path {
			found = f
		}
	}
	s.mu.Unlock()
	switch {
	case fault.Lost:
		panic(http.ErrAbortHandler)
	case fault.Page != "":
		w.WriteHeader(fault.Status)
		_, _ = io.WriteString(w, fault.Page)
	case fault.Status != 0:
		reply(w, refuse(fault.Status, fault.Description))
	case found == nil:
		reply(w, refuse(http.StatusNotFound, "Not Found"))
	default:
		_, _ = w.Write(found.data)
	}
}

// sendFile shows a picture or a file.
func (c *Chat) sendFile(q *request, kind string) *answer {
	m, no := c.draft(q, "caption", maxCaption)
	if no != nil {
		return no
	}
	f := q.files[kind]
	switch {
	case f == nil:
		return bad("there is no " + kind + " in the request")
	case len(f.data) == 0:
		return bad("file must be non-empty")
	case len(f.data) > maxUpload:
		return refuse(http.StatusRequestEntityTooLarge, "Request Entity Too Large")
	}
	if m.photo = kind == "photo"; m.photo {
		if why := unfit(f.data); why != "" {
			return bad(why)
		}
	}
	kept := c.s.store(kind+"s/file", f.data)
	kept.name, kept.mime = f.name, "application/octet-stream"
	if strings.HasPrefix(http.DetectContentType(f.data), "image/") {
		kept.mime = http.DetectContentType(f.data)
	}
	m.file = kept
	return c.add(q, m)
}

// unfit tells why data cannot be a photo; "" if it can.
func unfit(data []byte) string {
	if len(data) > maxPhoto {
		return "file is too big"
	}
	info, _, err := image.DecodeConfig(bytes.NewReader(data))
	switch w, h := info.Width, info.Height; {
	case err != nil:
		return "IMAGE_PROCESS_FAILED"
	case w+h > 10000 || w > 20*h || h > 20*w:
		return "PHOTO_INVALID_DIMENSIONS"
	}
	return ""
}
