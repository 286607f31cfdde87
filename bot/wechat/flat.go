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
func flat(raw []byte, each func(name, value []byte)) error {
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
		each(name, value)
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
func (m *pushed) set(name, value []byte) (err error) {
	switch string(name) {
	case "ToUserName":
		m.To = string(value)
	case "FromUserName":
		m.From = string(value)
	case "CreateTime":
		m.Created, err = strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
	case "MsgType":
		m.Type = string(value)
	case "MsgId":
		m.ID = string(value)
	case "Content":
		m.Content = string(value)
	case "bizmsgmenuid":
		m.MenuID = string(value)
	case "PicUrl":
		m.PicURL = string(value)
	case "MediaId":
		m.MediaID = string(value)
	case "Recognition":
		m.Recognition = string(value)
	case "Title":
		m.Title = string(value)
	case "Event":
		m.Event = string(value)
	case "EventKey":
		m.EventKey = string(value)
	case "MsgID":
		m.JobID = string(value)
	case "Status":
		m.Status = string(value)
	case "Label":
		m.Label = string(value)
	case "Url":
		m.URL = string(value)
	}
	return err
}

// element appends an element with a CDATA section, which is split where the text
// would end it.
func element(b []byte, name, text string) []byte {
	b = append(append(append(b, '<'), name...), "><![CDATA["...)
	if strings.Contains(text, "]]>") {
		text = strings.ReplaceAll(text, "]]>", "]]]]><![CDATA[>")
	}
	b = append(append(b, text...), "]]></"...)
	return append(append(b, name...), '>')
}

// number appends an element with a number.
func number(b []byte, name string, n int64) []byte {
	b = append(append(append(b, '<'), name...), '>')
	b = append(strconv.AppendInt(b, n, 10), "</"...)
	return append(append(b, name...), '>')
}
