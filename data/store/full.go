package store

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
)

// failed tells what a commit that failed means for those after it.
//
// A full disk refuses pages before anything leads to them: bbolt's rollback takes
// its list of free pages from the file again, as of the last commit, and the next
// commit writes over what was left half done. So the file goes on, and commits
// succeed again as soon as there is room.
//
// After any other failure nothing is sure. Above all, data that fsync failed to
// bring to disk is not brought there by another fsync, though reading shows it.
func failed(err error) error {
	if full(err) {
		return fmt.Errorf("store: commit: %w: %w", ErrFull, err)
	}
	return fmt.Errorf("store: commit: %w: %w", ErrBroken, err)
}

// full reports whether a commit failed because a write, or making the file larger,
// found no room. The same from fsync is another matter: the data is lost then.
func full(err error) bool {
	var pe *fs.PathError // of a write; fsync fails with a bare number
	if !errors.As(err, &pe) {
		// bbolt hands on the text of what making the file larger failed with.
		text, resize := strings.CutPrefix(err.Error(), "file resize error: ")
		for _, no := range noRoom {
			if resize && strings.HasSuffix(text, no.Error()) {
				return true
			}
		}
		return false
	}
	for _, no := range noRoom {
		if pe.Op == "write" && errors.Is(pe.Err, no) {
			return true
		}
	}
	return false
}

var noRoom = []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG}

// Err returns what updates are refused with since writing failed; nil while they
// are taken. A full disk is no such failure.
func (f *File) Err() error {
	if why := f.commit.broken.Load(); why != nil {
		return *why
	}
	return nil
}
