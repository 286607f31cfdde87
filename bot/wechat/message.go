package wechat

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"signdesk/bot/channel"
)

// pushed is a message as the platform sends it (接收普通消息, 接收事件推送). Ids are
// text: the platform's are numbers, but one that is not must not fail the rest.
type pushed struct {
	To          string `xml:"ToUserName"`
	From        string `xml:"FromUserName"` // openid
	Created     int64  `xml:"CreateTime"`   // seconds
	Type        string `xml:"MsgType"`
	ID          string `xml:"MsgId"`
	Content     string `xml:"Content"`
	MenuID      string `xml:"bizmsgmenuid"`
	PicURL      string `xml:"PicUrl"`
	MediaID     string `xml:"MediaId"`
	Recognition string `xml:"Recognition"`
	Title       string `xml:"Title"`
	Event       string `xml:"Event"`
	EventKey    string `xml:"EventKey"`
	Status      string `xml:"Status"` // of a template message
	JobID       string `xml:"MsgID"`  // of a template message
	Label       string `xml:"Label"`  // of a place
	URL         string `xml:"Url"`    // of a link
	Sent        struct {
		List []struct {
			ID     string `xml:"MsgID"`
			Code   string `xml:"ErrorCode"`
			Status string `xml:"ErrorStatus"`
		} `xml:"List"`
	} `xml:"SubscribeMsgSentEvent"`
}

const maxID = 64 // bytes of an id of the platform; real ones have 20

var errNoSender = errors.New("wechat: message without sender or kind")

func decode(raw []byte) (*pushed, error) {
	m := new(pushed)
	var bad error
	raw = legal(raw)
	if err := flat(raw, func(name, value []byte) { bad = cmp.Or(bad, m.set(name, value)) }); err != nil || bad != nil {
		m = new(pushed)
		if err := decodeXML(raw, m); err != nil {
			return nil, err
		}
	}
	m.Type, m.Event = strings.ToLower(m.Type), strings.ToLower(m.Event)
	if m.From == "" || len(m.From) > 128 || m.Type == "" || len(m.ID) > maxID || len(m.EventKey) > 1024 {
		return nil, errNoSender
	}
	return m, nil
}

// id is what tells a repeated push from a new one: the message's id, or, of
// events, which have none, who did what when (官方文档：排重).
func (m *pushed) id() string {
	if m.ID != "" && m.Type != "event" {
		return m.ID
	}
	return strings.Join([]string{strconv.FormatInt(m.Created, 10), m.Type, m.Event, m.EventKey}, "|")
}

// ignored reports whether nobody said anything: an event that only tells of
// something.
func (m *pushed) ignored() bool {
	switch m.Event {
	case "subscribe", "unsubscribe", "scan", "click":
		return false
	}
	return m.Type == "event"
}

// inbound is the message without its picture.
func (a *Account) inbound(m *pushed) channel.Inbound {
	in := channel.Inbound{Peer: channel.Peer{Channel: Channel, ID: m.From}, MessageID: m.id(), Device: channel.Phone,
		Allows: channel.Allowance{Sends: a.Quota.Sends, For: a.Quota.For}}
	switch m.Type {
	case "text":
		if in.Text = m.Content; in.Text == "" { // a button of a menu whose words were left out
			in.Text = m.MenuID
		}
	case "image":
	case "voice":
		if in.Text = m.Recognition; in.Text == "" {
			in.Kind = channel.Voice
		}
	case "event":
		in.Allows = channel.Allowance{Sends: a.Quota.EventSends, For: a.Quota.EventFor}
		switch m.Event {
		case "click":
			in.Text = m.EventKey
		case "unsubscribe":
			in.Kind, in.Allows = channel.Left, channel.Allowance{}
		default:
			in.Kind = channel.Hello
		}
	case "location":
		in.Kind, in.Text = channel.Other, "［位置］"+m.Label
	case "link":
		in.Kind, in.Text = channel.Other, "［链接］"+m.Title+" "+m.URL
	case "video", "shortvideo":
		in.Kind, in.Text = channel.Other, "［视频］"
	default:
		in.Kind = channel.Other
	}
	return in
}

// receive has the conversation take a message.
func (a *Account) receive(ctx context.Context, m *pushed) (*Reply, error) {
	in := a.inbound(m)
	if m.Type == "image" {
		if in.Picture = a.patiently(ctx, m); in.Picture == nil {
			in.Kind = channel.Unseen
		}
	}
	return a.Talks.Receive(ctx, in)
}

// patiently downloads a picture, trying again after a passing failure; nil if it
// cannot be had: the person is told so, rather than not answered.
func (a *Account) patiently(ctx context.Context, m *pushed) []byte {
	const tries, pause = 3, time.Second
	for n := 1; ; n++ {
		raw, err := a.picture(ctx, m)
		if err == nil {
			return raw
		}
		a.Log.Warn("picture not had", "channel", Channel, "try", n, "err", err)
		if n == tries {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}
