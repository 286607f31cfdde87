// Package letter writes the authorization letter that a company prints, seals and
// photographs, as a PDF.
//
// It knows nothing of requests and links: the caller gives the fields. It is
// written in WenQuanYi Micro Hei (Apache License 2.0, see font-LICENSE.txt), of
// which a letter carries the glyphs that it needs. All functions are safe for
// concurrent use.
package letter

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/sfnt"
)

// Fields are what the system fills in (R12.36).
type Fields struct {
	Title        string
	Company      string // that authorises
	LegalRep     string
	Registration string
	Account      string // of the company's main administrator; masked
	Grantee      string // who is authorised
	GranteeLogin string // mobile number or e-mail
	View         string // contracts that may be viewed, in words; "" for none
	Sign         string // contracts that may be signed, in words; "" for none
	Matter       string // what it is for, if not viewing and signing
	Date         string // 2006-01-02
	Code         string // printed below: binds the paper to the record
}

//go:embed font.ttf.gz
var packed []byte

// font returns the font's file and its glyphs, unpacked once.
var font = sync.OnceValues(func() ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("letter: font: %w", err)
	}
	return io.ReadAll(z)
})

var glyphs = sync.OnceValues(func() (*sfnt.Font, error) {
	raw, err := font()
	if err != nil {
		return nil, err
	}
	return sfnt.Parse(raw)
})

// maxField is the longest field that is printed, in runes; registered names are
// far shorter.
const maxField = 120

// printable leaves out what cannot be printed on a line, and puts □ for signs
// that the font does not have.
func printable(s string) (string, error) {
	f, err := glyphs()
	if err != nil {
		return "", err
	}
	var buf sfnt.Buffer
	n := 0
	s = strings.Map(func(r rune) rune {
		if n++; n > maxField || unicode.IsControl(r) {
			return -1
		}
		if r == utf8.RuneError || r > 0xffff { // the PDF font has the basic plane
			return '□'
		}
		if i, err := f.GlyphIndex(&buf, r); err != nil || i == 0 && !unicode.IsSpace(r) {
			return '□'
		}
		return r
	}, s)
	return s, nil
}

// Measures, in millimetres and points.
const (
	margin   = 22
	width    = 210 - 2*margin
	body     = 10.5
	line     = 6.2
	titleLen = 16
)

type page struct {
	*fpdf.Fpdf
	f Fields
}

// Write writes the letter. The same fields give the same bytes.
func Write(w io.Writer, f Fields) error {
	for _, v := range []*string{&f.Title, &f.Company, &f.LegalRep, &f.Registration, &f.Account, &f.Grantee, &f.GranteeLogin, &f.View, &f.Sign, &f.Matter, &f.Date, &f.Code} {
		var err error
		if *v, err = printable(*v); err != nil {
			return err
		}
	}
	raw, err := font()
	if err != nil {
		return err
	}
	day, err := time.Parse(time.DateOnly, f.Date)
	if err != nil {
		day = time.Unix(0, 0).UTC()
	}
	p := page{fpdf.New("P", "mm", "A4", ""), f}
	p.SetCreationDate(day)
	p.SetModificationDate(day)
	p.SetCatalogSort(true)
	p.SetTitle(f.Title, true)
	p.SetMargins(margin, margin, margin)
	p.SetAutoPageBreak(true, margin)
	p.AddUTF8FontFromBytes("letter", "", raw)
	p.SetFooterFunc(p.footer)
	p.AddPage()
	p.write()
	if err := p.Output(w); err != nil {
		return fmt.Errorf("letter: write: %w", err)
	}
	return nil
}

func (p page) write() {
	p.SetFont("letter", "", titleLen)
	p.CellFormat(width, 10, p.f.Title, "", 1, "C", false, 0, "")
	p.Ln(3)
	p.SetFont("letter", "", body)
	p.text(fmt.Sprintf(opening, p.f.Company))
	p.Ln(2)
	p.table("被授权人", [][2]string{{"姓名", p.f.Grantee}, {"账号（邮箱/手机号）", p.f.GranteeLogin}})
	p.table("授权单位", [][2]string{{"授权单位名称", p.f.Company}, {"法定代表人姓名", p.f.LegalRep}, {"统一社会信用代码/注册号", p.f.Registration}, {"上上签注册账号", p.f.Account}})
	var scopes [][2]string
	for _, s := range [][2]string{{"查看企业合同", p.f.View}, {"签署企业合同", p.f.Sign}, {"办理事项", p.f.Matter}} {
		if s[1] != "" {
			scopes = append(scopes, s)
		}
	}
	p.table("授权范围", scopes)
	for _, t := range closing {
		p.text(t)
		p.Ln(1.2)
	}
	p.seal()
}

func (p page) text(s string) {
	for _, l := range p.wrap(s, width) {
		p.CellFormat(width, line, l, "", 1, "L", false, 0, "")
	}
}

// notFirst are signs that no line begins with.
const notFirst = "，。；：、！？）》」】”’…"

// wrap breaks a text into lines: between any two signs, save before those that
// no line begins with. A line has at least one sign.
func (p page) wrap(s string, wide float64) []string {
	wide -= 2.2 // cells keep a margin within
	var lines []string
	var l []rune
	w := 0.0
	for _, r := range s {
		rw := p.GetStringWidth(string(r))
		if w+rw > wide && len(l) > 0 && !strings.ContainsRune(notFirst, r) {
			lines, l, w = append(lines, string(l)), nil, 0
		}
		l, w = append(l, r), w+rw
	}
	return append(lines, string(l))
}

// table prints a heading and rows of names and values.
func (p page) table(head string, rows [][2]string) {
	if len(rows) == 0 {
		return
	}
	const nameWidth = 52
	p.SetFillColor(240, 243, 247)
	p.CellFormat(width, line+1.5, head, "1", 1, "L", true, 0, "")
	for _, r := range rows {
		lines := p.wrap(r[1], width-nameWidth)
		tall := line * float64(max(1, len(lines)))
		x, y := p.GetXY()
		p.Rect(x, y, nameWidth, tall+1.5, "D")
		p.Rect(x+nameWidth, y, width-nameWidth, tall+1.5, "D")
		p.CellFormat(nameWidth, line+1.5, r[0], "", 0, "L", false, 0, "")
		p.SetXY(x+nameWidth, y+0.75)
		for _, l := range lines {
			p.CellFormat(width-nameWidth, line, l, "", 2, "L", false, 0, "")
		}
		p.SetXY(x, y+tall+1.5)
	}
	p.Ln(3)
}

// seal is the place for the company's seal, kept on one page.
func (p page) seal() {
	const box = 46
	if p.GetY()+box+16 > 297-margin {
		p.AddPage()
	}
	p.Ln(2)
	y := p.GetY()
	p.SetDashPattern([]float64{1.5, 1.2}, 0)
	p.Rect(margin+width-box-20, y, box+20, box-8, "D")
	p.SetDashPattern(nil, 0)
	p.SetTextColor(120, 120, 120)
	p.SetXY(margin+width-box-20, y+1)
	p.CellFormat(box+20, line, "（加盖公章处）", "", 0, "C", false, 0, "")
	p.SetTextColor(0, 0, 0)
	p.SetXY(margin, y+4)
	p.CellFormat(60, line, "授权单位盖章：", "", 2, "L", false, 0, "")
	p.SetXY(margin, y+20)
	p.CellFormat(60, line, "日期："+p.f.Date, "", 2, "L", false, 0, "")
}

func (p page) footer() {
	p.SetY(-14)
	p.SetFont("letter", "", 8)
	p.SetTextColor(110, 110, 110)
	p.CellFormat(width/2, 5, "授权书编号 "+p.f.Code, "", 0, "L", false, 0, "")
	p.CellFormat(width/2, 5, fmt.Sprintf("第 %d 页", p.PageNo()), "", 0, "R", false, 0, "")
	p.SetTextColor(0, 0, 0)
	p.SetFont("letter", "", body)
}
