package wechat

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
)

// errNotFlat means that a document is not of the simple form that the platform
// writes.
var errNotFlat = errors.New("wechat: not a flat document")

var (
	cdataOpen, cdataEnd = []byte("<![CDATA["), []byte("]]>")
	rootOpen, rootEnd   = []byte("<xml>"), []byte("</xml>")
)

// flat reads a document of the form that the platform writes, an element xml of
// elements that hold text or one CDATA section. Reading it so takes a small part
// of what a general decoder takes, which is asked about every other document.
func flat(raw []byte, each func(name, value string)) error {
	raw = bytes.TrimSpace(raw)
	if !bytes.HasPrefix(raw, rootOpen) || !bytes.HasSuffix(raw, rootEnd) {
		return errNotFlat
	}
	rest := raw[len(rootOpen) : len(raw)-len(rootEnd)]
	for {
		rest = bytes.TrimLeft(rest, " \t\r\n")
		if len(rest) == 0 {
			return nil
		}
		end := bytes.IndexByte(rest, '>')
		if end < 2 || rest[0] != '<' || !plainName(rest[1:end]) {
			return errNotFlat
		}
		name := rest[1:end]
		rest = rest[end+1:]
		var value []byte
		if bytes.HasPrefix(rest, cdataOpen) {
			end := bytes.Index(rest, cdataEnd)
			if end < 0 {
				return errNotFlat
			}
			value, rest = rest[len(cdataOpen):end], rest[end+len(cdataEnd):]
		} else {
			end := bytes.IndexByte(rest, '<')
			if end < 0 {
				return errNotFlat
			}
			if value, rest = rest[:end], rest[end:]; bytes.ContainsAny(value, "&\r") {
				return errNotFlat
			}
		}
		if len(rest) < len(name)+3 || rest[0] != '<' || rest[1] != '/' || !bytes.HasPrefix(rest[2:], name) || rest[2+len(name)] != '>' {
			return errNotFlat
		}
		if bytes.IndexByte(value, '\r') >= 0 { // a general decoder makes line ends of it
			return errNotFlat
		}
		each(string(name), string(value))
		rest = rest[len(name)+3:]
	}
}

func plainName(name []byte) bool {
	for _, c := range name {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
			return false
		}
	}
	return true
}

// set takes a field of a flat document.
func (m *pushed) set(name, value string) (err error) {
	switch name {
	case "ToUserName":
		m.To = value
	case "FromUserName":
		m.From = value
	case "CreateTime":
		m.Created, err = strconv.ParseInt(strings.TrimSpace(value), 10, 64)
	case "MsgType":
		m.Type = value
	case "MsgId":
		m.ID = value
	case "Content":
		m.Content = value
	case "bizmsgmenuid":
		m.MenuID = value
	case "PicUrl":
		m.PicURL = value
	case "MediaId":
		m.MediaID = value
	case "Recognition":
		m.Recognition = value
	case "Title":
		m.Title = value
	case "Event":
		m.Event = value
	case "EventKey":
		m.EventKey = value
	case "MsgID":
		m.JobID = value
	case "Status":
		m.Status = value
	case "Label":
		m.Label = value
	case "Url":
		m.URL = value
	}
	return err
}

// element appends an element with a CDATA section, which is split where the text
// would end it.
func element(b *strings.Builder, name, text string) {
	b.WriteString("<" + name + "><![CDATA[")
	if strings.Contains(text, "]]>") {
		text = strings.ReplaceAll(text, "]]>", "]]]]><![CDATA[>")
	}
	b.WriteString(text)
	b.WriteString("]]></" + name + ">")
}

// number appends an element with a number.
func number(b *strings.Builder, name string, n int64) {
	b.WriteString("<" + name + ">" + strconv.FormatInt(n, 10) + "</" + name + ">")
}
