// Package data embeds the content that signdesk ships: the entries of the help
// desk, the word tables of matching, the words of the flows, the platform's texts and the
// demonstration's world. It has no logic; main hands the file
// systems to the packages that read them.
package data

import (
	"embed"
	"io/fs"
)

//go:embed faq flows words demo texts
var files embed.FS

// FAQ returns the entries and topics (*.md, *.yaml) and their classifier.
func FAQ() fs.FS { return sub("faq") }

// Words returns the normalisation tables, and what people are called.
func Words() fs.FS { return sub("words") }

// Flows returns the words of the guided flows.
func Flows() fs.FS { return sub("flows") }

// Demo returns the demonstration's world.
func Demo() fs.FS { return sub("demo") }

// Texts returns what the platform says, by code.
func Texts() fs.FS { return sub("texts") }

func sub(dir string) fs.FS {
	fsys, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // dir is a constant that go:embed has checked
	}
	return fsys
}
