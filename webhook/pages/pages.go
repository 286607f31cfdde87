// Package pages draws the help center: templates, the style sheet, and sketches
// of the platform's screens, all embedded.
//
// It knows neither the knowledge base nor the server: a page is a struct of
// plain texts and links that the server fills. Pages work without scripts, hold
// no inline script or style, and carry the chat widget's script tag, so that
// they may be served under a policy of 'self' alone. A [Set] is safe for
// concurrent use.
package pages

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"strings"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed help.css
var style []byte

//go:embed icon.svg
var icon []byte

// A Site is what every page tells of the help center.
type Site struct {
	Brand   string // name of the platform
	Hotline string // telephone number as people write it
	Host    string // address of the server as people see it ("https://desk.example"), or ""
	Open    bool   // whether staff answers now
	Hours   string // when staff answers, for people; may be empty
}

// A Page is what all pages have.
type Page struct {
	Site   Site
	Path   string // where the page is, from "/"; empty for pages that have no address of their own
	Title  string
	About  string // one sentence for search engines; may be empty
	Widget string // what the page is about, for the chat widget ("help/11"); may be empty
	Query  string // what stands in the search box
	Crumbs []Link // the way to the page, without the page itself
}

// A Link leads to a page of the help center.
type Link struct {
	Href  string
	Title string
	Note  string // a line below the title; may be empty
}

// Home is the start page.
type Home struct {
	Page
	Messages []Link // what people see on screen and paste
	Groups   []Group
}

// A Group is a chapter of the guide.
type Group struct {
	Name  string
	Items []Item
}

// An Item is an entry in a list.
type Item struct {
	Href  string
	No    string // number in the guide
	Title string
	Note  string // who should read it; may be empty
}

// A Section is an answer, ready to show.
type Section struct {
	Key     string // entry and part ("11/phone"), by which sketches are found
	Title   string
	Short   string
	Where   string // where it must be done, if not everywhere
	Cause   string
	Steps   []string
	Notes   []string
	Guided  bool   // whether the assistant can go through it with the person
	Hotline string // the number that becomes a link in texts
}

// An Article is the page of an entry or of one of its parts.
type Article struct {
	Page
	No        string
	Heading   string
	Condition string   // who should read it; may be empty
	Messages  []string // as shown on screen
	Section   Section
	Parts     []Detail // the other parts of the entry
	Whole     bool     // whether it is the page of an entry with all its parts
	Also      []Item   // look-alike entries
	Prev      *Link
	Next      *Link
}

// A Detail is a part in short.
type Detail struct {
	ID    string // its anchor
	Href  string
	Title string
	Short string
	Steps int // how many steps its page has
}

// Results is the page of a search.
type Results struct {
	Page
	Heading  string
	Message  string   // the on-screen message that was recognised
	Lead     string   // the first line of a reply that is no answer
	Answer   *Section // the answer, if there is one
	Whole    *Link    // the page of the answer
	More     []Link   // parts of the same entry, in short
	Others   []Link   // what else the entry tells
	Also     []Link   // entries that could be meant, or are nearest
	AlsoLead string
	Nothing  bool // whether nothing was found
}

// A Problem is a page that says what went wrong.
type Problem struct {
	Page
	Heading string
	Advice  string // what to do
}

// A Set is everything needed to draw pages.
type Set struct {
	tmpl    *template.Template
	figures map[string]Figure
	assets  map[string]Asset
	names   map[string]string // name of an asset in templates → address
}

// An Asset is a file that pages load. Its address changes with its bytes, so
// that it may be kept for ever.
type Asset struct {
	Type string // media type
	Body []byte
}

// AssetRoot is where pages expect assets.
const AssetRoot = "/help/assets/"

// New parses everything. An error is a mistake in the embedded files.
func New() (*Set, error) {
	figures, err := loadFigures()
	if err != nil {
		return nil, err
	}
	s := &Set{figures: figures, assets: map[string]Asset{}, names: map[string]string{}}
	s.asset("help", "css", "text/css; charset=utf-8", style)
	s.asset("icon", "svg", "image/svg+xml", icon)
	s.tmpl, err = template.New("").Funcs(template.FuncMap{
		"asset": func(name string) string { return s.names[name] },
		"rich":  rich, "label": label, "tel": tel,
		"figures": s.placed, "add": func(a, b int) int { return a + b },
	}).ParseFS(templates, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	return s, nil
}

func (s *Set) asset(name, ext, media string, body []byte) {
	sum := sha256.Sum256(body)
	file := name + "." + hex.EncodeToString(sum[:6]) + "." + ext
	s.assets[file] = Asset{media, body}
	s.names[name] = AssetRoot + file
}

// Asset returns the file of an address below [AssetRoot].
func (s *Set) Asset(file string) (Asset, bool) {
	a, ok := s.assets[file]
	return a, ok
}

// Home draws the start page.
func (s *Set) Home(p Home) ([]byte, error) { return s.draw("home.html", p) }

// Article draws the page of an entry or a part.
func (s *Set) Article(p Article) ([]byte, error) { return s.draw("article.html", p) }

// Results draws the page of a search.
func (s *Set) Results(p Results) ([]byte, error) { return s.draw("results.html", p) }

// Problem draws a page that says what went wrong.
func (s *Set) Problem(p Problem) ([]byte, error) { return s.draw("problem.html", p) }

// draw renders into memory first: a page is sent whole or not at all.
func (s *Set) draw(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := s.tmpl.ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	return b.Bytes(), nil
}

// tel is the number as a link wants it.
func tel(number string) template.URL {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' {
			return r
		}
		return -1
	}, number)
	return template.URL("tel:" + digits) // digits only: nothing to escape
}

// A search is what the search form shows.
type search struct{ Label, Query string }

// Search is the search form of a page, for templates.
func (p Page) Search(label string) any { return search{label, p.Query} }
