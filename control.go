package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// A serving process holds a store in a file alone. What other commands want of it they
// ask for at a socket beside the store, which only the same user can open:
//
//	POST /COMMAND  ["argument", …]  =>  what the command prints, as it prints it
//
// with the error, if there is one, in the trailer.
const (
	controlFile    = "control.sock"
	controlTrailer = "Signdesk-Error"
	controlArgs    = 64 << 10 // bytes
	controlHeader  = 5 * time.Second
)

func controlPath(cfg *Config) string { return filepath.Join(cfg.dir(), controlFile) }

// listenControl opens the socket. Whoever holds the store may remove one that a
// killed process left. It returns nil if the store is a database, which every
// command can open itself.
func listenControl(cfg *Config) (net.Listener, error) {
	if isDatabase(cfg.Store) {
		return nil, nil
	}
	path := controlPath(cfg)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return net.Listen("unix", path)
}

// control answers at the socket. Its requests end with ctx.
func control(ctx context.Context, s *service) http.Handler {
	mux := http.NewServeMux()
	for name, run := range serviceCommands {
		mux.HandleFunc("POST /"+name, func(w http.ResponseWriter, r *http.Request) {
			var args []string
			if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, controlArgs)).Decode(&args); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			running, cancel := context.WithCancel(r.Context())
			defer cancel()
			defer context.AfterFunc(ctx, cancel)()
			w.Header().Set("Trailer", controlTrailer)
			out := flusher{w, http.NewResponseController(w)}
			if err := run(running, s, args, std{in: bytes.NewReader(nil), out: out, err: out}); err != nil {
				w.Header().Set(controlTrailer, fmt.Sprintf("%+q", err.Error()))
			}
		})
	}
	return mux
}

type flusher struct {
	io.Writer
	c *http.ResponseController
}

func (f flusher) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	return n, errors.Join(err, f.c.Flush())
}

// forward has the command run by the process that listens at the socket.
func forward(ctx context.Context, socket, name string, args []string, term std) error {
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	defer client.CloseIdleConnections()
	body, err := json.Marshal(args)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://signdesk/"+name, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("the store is in use by another process, which does not answer: %w", err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(term.out, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the serving process answered %s", resp.Status)
	}
	if text := resp.Trailer.Get(controlTrailer); text != "" {
		var message string
		if _, err := fmt.Sscanf(text, "%q", &message); err != nil {
			return fmt.Errorf("the serving process answered %s", text)
		}
		if message == errReported.Error() {
			return errReported
		}
		return errors.New(message)
	}
	return nil
}
