// Package widget holds the files of the chat widget, which a web page embeds by
// one script tag. They are plain modules without a build step.
package widget

import (
	"embed"
	"io/fs"
)

//go:embed src/*.js
var src embed.FS

// Files are the files by name; widget.js is the one that pages embed.
func Files() fs.FS {
	sub, err := fs.Sub(src, "src")
	if err != nil {
		panic(err) // the name is a constant
	}
	return sub
}
