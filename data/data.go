// Package data embeds the content that signdesk ships: the entries of the help
// desk and the word tables of matching. It has no logic; main hands the file
// systems to the packages that read them.
package data

import (
	"embed"
	"io/fs"
)

//go:embed faq words
var files embed.FS

// FAQ returns the entries and topics (*.md, *.yaml) and their classifier.
func FAQ() fs.FS { return sub("faq") }

// Words returns the normalisation tables.
func Words() fs.FS { return sub("words") }

func sub(dir string) fs.FS {
	fsys, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // dir is a constant that go:embed has checked
	}
	return fsys
}
