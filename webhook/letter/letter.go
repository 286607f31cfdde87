// Package letter writes the authorization letter that a company prints, seals and
// photographs, as a PDF.
//
// It knows nothing of requests and links: the caller gives the fields. A letter
// carries the glyphs that it needs of WenQuanYi Micro Hei and, for rare characters
// of names, of Droid Sans Fallback (Apache License 2.0, see font-LICENSE.txt).
// All functions are safe for concurrent use.
package letter

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// Fields are what the system fills in (R12.36). Any text is taken: white space is
// reduced to blanks, what cannot be seen is left out, □ stands for characters that
// the fonts lack, and beyond 120 characters a field ends in an ellipsis.
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
	Date         string // 2006-01-02; anything else is printed as it is
	Code         string // printed below: binds the paper to the record
	Host         string // where the code can be checked, printed beside it; "" leaves that out
}

func (f *Fields) all() []*string {
	return []*string{&f.Title, &f.Company, &f.LegalRep, &f.Registration, &f.Account, &f.Grantee, &f.GranteeLogin,
		&f.View, &f.Sign, &f.Matter, &f.Date, &f.Code, &f.Host}
}

// maxField is the longest field that is printed, in runes; registered names are
// far shorter.
const maxField = 120

// Measures: points for sizes and weights of letters, millimetres for the rest.
const (
	point     = 25.4 / 72 // millimetres
	paper     = 297
	margin    = 22.0 // left and right
	width     = 210 - 2*margin
	top       = 18.0
	bottom    = paper - 18.0
	body      = 10.5
	titleSize = 18.0
	footSize  = 8.0
	leading   = 6.3
	gap       = 1.5  // between paragraphs
	sealTall  = 45.0 // usual seals have up to 42
	under     = 1.1  // of a rule below the baseline
	hair      = 0.15 // lines of tables
	maxSpread = 1.2  // points between signs of a justified line
)

// atOnce bounds the letters in the making: the PDF library reads the whole font
// for each, which takes some 35 MB for 50 ms.
var atOnce = make(chan struct{}, 2)

// document is a letter in the making.
type document struct {
	setter
	pdf  *fpdf.Fpdf
	f    Fields
	y    float64  // where the next thing goes, from the top of the page
	used []string // by face: what was printed in it
}

// Write writes the letter as a PDF of A4 pages. The same fields give the same
// bytes, dated to the letter's day. Errors are those of w; none depends on what
// the fields say.
func Write(w io.Writer, f Fields) error {
	raw, err := compose(f)
	if err != nil {
		return err
	}
	if _, err := w.Write(raw); err != nil {
		return fmt.Errorf("letter: write: %w", err)
	}
	return nil
}

func compose(f Fields) ([]byte, error) {
	atOnce <- struct{}{}
	defer func() { <-atOnce }()
	all, err := faces()
	if err != nil {
		return nil, err
	}
	for _, v := range f.all() {
		*v = clean(*v)
	}
	day, err := time.Parse(time.DateOnly, f.Date)
	if err != nil {
		day = time.Unix(0, 0).UTC()
	} else {
		f.Date = day.Format("2006年1月2日")
	}
	d := &document{setter: setter{faces: all}, pdf: fpdf.New("P", "mm", "A4", ""), f: f, used: make([]string, len(all))}
	d.pdf.SetCreationDate(day)
	d.pdf.SetModificationDate(day)
	d.pdf.SetCatalogSort(true)
	d.pdf.SetProducer("signdesk", false)
	d.pdf.SetTitle(f.Title, true)
	d.pdf.SetLang("zh-CN")
	d.pdf.SetAutoPageBreak(false, 0)
	d.pdf.AliasNbPages(string(pages))
	d.pdf.SetFooterFunc(d.footer)
	d.addFaces()
	d.turn()
	d.write()
	var b bytes.Buffer
	if err := d.pdf.Output(&b); err != nil {
		return nil, fmt.Errorf("letter: compose: %w", err)
	}
	return d.nameSubsets(b.Bytes()), nil
}

// addFaces makes the fonts known to the PDF library: the second only to the few
// letters that have rare characters, as each font costs time and space.
func (d *document) addFaces() {
	d.pdf.AddUTF8FontFromBytes(d.faces[0].family(), "", d.faces[0].raw)
	for _, v := range d.f.all() {
		for _, s := range d.signs(*v, false) {
			if s.face > 0 {
				d.pdf.AddUTF8FontFromBytes(d.faces[s.face].family(), "", d.faces[s.face].raw)
			}
		}
	}
}

// nameSubsets gives the embedded fonts the names that mark them as subsets, which
// the PDF library omits: without the mark a program that joins documents may take
// one letter's few glyphs for the whole font. The names have equal lengths, so
// that the document's table of offsets stays right.
func (d *document) nameSubsets(raw []byte) []byte {
	for i, f := range d.faces {
		sum := sha256.Sum256([]byte(d.used[i]))
		name := []byte("/ABCDEF+" + f.name)
		for j := range 6 {
			name[1+j] = 'A' + sum[j]%26
		}
		raw = bytes.ReplaceAll(raw, []byte(f.placeholder()), name)
	}
	return raw
}

// turn begins a page.
func (d *document) turn() {
	d.pdf.AddPage()
	d.y = top
}

// need begins a page where less than tall is left of this one.
func (d *document) need(tall float64) {
	if d.y+tall > bottom {
		d.turn()
	}
}

func (d *document) write() {
	d.title()
	d.paragraph(slices.Concat(d.signs(openingBefore, false), d.signs(" "+d.f.Company+" ", true), d.signs(openingAfter, false)), 2)
	d.y += 3
	d.table("√ 被授权人", [][2]string{{"*姓名", d.f.Grantee}, {"*账号（邮箱/手机号）", d.f.GranteeLogin}})
	d.table("√ 授权单位", [][2]string{{"*授权单位名称", d.f.Company}, {"*法定代表人姓名", d.f.LegalRep},
		{"*统一社会信用代码/注册号", d.f.Registration}, {"*上上签注册账号", d.f.Account}})
	var scopes [][2]string
	for _, s := range [][3]string{{"查看企业合同", "合同范围：", d.f.View}, {"签署企业合同", "合同范围：", d.f.Sign}, {"办理事项", "", d.f.Matter}} {
		if s[2] != "" {
			scopes = append(scopes, [2]string{s[0], s[1] + s[2]})
		}
	}
	d.table("√ 授权范围", scopes)
	d.need(leading)
	d.draw(margin, d.y+baseline(leading, footSize), d.signs("*为必填项。", false), footSize, 0)
	d.y += leading + 1
	d.paragraph(d.signs(validity, false), 2)
	for _, t := range ends {
		d.paragraph(d.signs(t, false), 2)
	}
	d.y += gap
	for i, t := range promises {
		s := d.signs(t, false)
		if i == len(promises)-1 {
			d.need(leading*float64(len(breakLines(s, width/(body*point), 2))) + gap + sealTall)
		}
		d.paragraph(s, 2)
		d.y += gap
	}
	d.seal()
}

func (d *document) title() {
	d.bold(0.25)
	for _, l := range breakLines(d.signs(d.f.Title, false), width/(titleSize*point), 0) {
		d.draw(margin+(width-lengthOf(l)*titleSize*point)/2, d.y+baseline(10, titleSize), l, titleSize, 0)
		d.y += 10
	}
	d.bold(0)
	d.y += 4
}

// table prints rows of names and values beside what they belong to, kept on one
// page.
func (d *document) table(head string, rows [][2]string) {
	const headWide, nameWide, pad = 26.0, 48.5, 2.0
	const valueWide = width - headWide - nameWide
	tall, values := 0.0, make([][][]sign, len(rows))
	height := func(i int) float64 { return leading*float64(max(1, len(values[i]))) + pad }
	for i, r := range rows {
		values[i] = breakLines(d.signs(r[1], false), (valueWide-2*pad)/(body*point), 0)
		tall += height(i)
	}
	if len(rows) == 0 {
		return
	}
	d.need(tall)
	d.pdf.SetLineWidth(hair)
	d.pdf.SetDrawColor(110, 110, 110)
	d.pdf.SetFillColor(243, 245, 248)
	d.pdf.Rect(margin, d.y, headWide, tall, "FD")
	d.bold(0.1)
	d.draw(margin+pad, d.y+baseline(tall, body), d.signs(head, false), body, 0)
	d.bold(0)
	d.pdf.SetLineWidth(hair)
	for i, r := range rows {
		d.pdf.Rect(margin+headWide, d.y, nameWide, height(i), "D")
		d.pdf.Rect(margin+headWide+nameWide, d.y, valueWide, height(i), "D")
		d.draw(margin+headWide+pad, d.y+baseline(height(i), body), d.signs(r[0], false), body, 0)
		for j, l := range values[i] {
			d.draw(margin+headWide+nameWide+pad, d.y+pad/2+float64(j)*leading+baseline(leading, body), l, body, 0)
		}
		d.y += height(i)
	}
	d.pdf.SetDrawColor(0, 0, 0)
}

// seal is the place for the company's seal. It follows at least the last promise
// on its page, so that nobody seals a page that says nothing.
func (d *document) seal() {
	const wide, tall = 66.0, sealTall
	x := margin + width - wide
	d.pdf.SetLineWidth(0.25)
	d.pdf.SetDrawColor(130, 130, 130)
	d.pdf.SetDashPattern([]float64{1.5, 1.2}, 0)
	d.pdf.Rect(x, d.y, wide, tall, "D")
	d.pdf.SetDashPattern(nil, 0)
	d.pdf.SetDrawColor(0, 0, 0)
	here := d.signs("加盖公章处", false)
	d.pdf.SetTextColor(150, 150, 150)
	d.draw(x+(wide-lengthOf(here)*body*point)/2, d.y+baseline(tall, body), here, body, 0)
	d.pdf.SetTextColor(0, 0, 0)
	d.draw(margin, d.y+baseline(leading, body), d.signs("*授权单位盖章：", false), body, 0)
	d.draw(margin, d.y+14+baseline(leading, body), d.signs("日期："+d.f.Date, false), body, 0)
	d.y += tall
}

// pages stands for the number of pages, which is known at the end only. No field
// can have it, as characters for private use are printed as □.
const pages = '\ue000'

func (d *document) footer() {
	const y = paper - 12.0
	one := d.signs("0", false)
	one[0].r = pages // taken to be as wide as one digit
	count := slices.Concat(d.signs(fmt.Sprintf("第 %d 页，共 ", d.pdf.PageNo()), false), one, d.signs(" 页", false))
	text := "授权书编号：" + d.f.Code
	if d.f.Host != "" {
		text += "　核对网址：" + d.f.Host
	}
	d.pdf.SetTextColor(90, 90, 90)
	countWide := lengthOf(count) * footSize * point
	d.draw(margin+width-countWide, y, count, footSize, 0)
	lines := breakLines(d.signs(text, false), (width-countWide-4)/(footSize*point), 0)
	for i, l := range lines {
		d.draw(margin, y+float64(i-len(lines)+1)*4, l, footSize, 0)
	}
	d.pdf.SetTextColor(0, 0, 0)
}
