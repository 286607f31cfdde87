package wechat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"signdesk/bot/channel"
)

// A Template is a message with fixed words that the platform brings outside of
// the window: a template message (模板消息), or a subscription message (订阅通知),
// which only who agreed to it gets.
type Template struct {
	ID        string // "" for none
	Subscribe bool
	Text      string // its field for the text, e.g. "thing1"
	Time      string // its field for the time; "" if it has none
}

// maxThing bounds a field of the kind "thing", in runes (模板参数限制说明).
const maxThing = 20

type templateValue struct {
	Value string `json:"value"`
}

// Notice implements [channel.Noticer] by a template or subscription message. Its
// name is the platform's msgid, which subscription messages may lack.
func (a *Account) Notice(ctx context.Context, to channel.Peer, id, text string) (way, name string, err error) {
	t := a.Template
	if t.ID == "" || !a.maySend() {
		return "", "", nil
	}
	if utf8.RuneCountInString(text) > maxThing {
		text = string([]rune(text)[:maxThing])
	}
	data := map[string]templateValue{t.Text: {text}}
	if t.Time != "" {
		data[t.Time] = templateValue{a.Now().In(shanghai).Format("2006-01-02 15:04")}
	}
	in := map[string]any{"touser": to.ID, "template_id": t.ID, "data": data}
	path, way := "/cgi-bin/message/subscribe/bizsend", bySubscription
	if !t.Subscribe {
		path, way = "/cgi-bin/message/template/send", byTemplate
		sum := sha256.Sum256([]byte(id))
		in["client_msg_id"] = hex.EncodeToString(sum[:16]) // the same again within ten minutes is sent once (防重入id)
	}
	var out struct {
		ID json.RawMessage `json:"msgid"` // 64 bits, as a number
	}
	if err := a.post(ctx, path, in, &out); err != nil {
		return "", "", err
	}
	if name = strings.Trim(string(out.ID), `"`); name == "null" {
		name = ""
	}
	return way, name, nil
}

// The ways of notices.
const (
	byTemplate     = "template"
	bySubscription = "subscribe"
)

// result notes that a template or subscription message did not arrive, if an event
// tells so: the person refused it, or it could not be brought. The error means that
// the event must be brought again.
func (a *Account) result(ctx context.Context, m *pushed) error {
	switch m.Event {
	case "templatesendjobfinish":
		if !strings.HasPrefix(m.Status, "failed") {
			return nil
		}
		return a.notArrived(ctx, m.From, byTemplate, m.JobID, m.Status)
	case "subscribe_msg_sent_event":
		for _, s := range m.Sent.List {
			if s.Code == "0" || s.Code == "" {
				continue
			}
			if err := a.notArrived(ctx, m.From, bySubscription, s.ID, strings.TrimSpace(s.Code+" "+s.Status)); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxWhy bounds what is kept of the platform's words about a failure, in bytes.
const maxWhy = 100

func (a *Account) notArrived(ctx context.Context, from, way, name, why string) error {
	why = strings.ToValidUTF8(why[:min(len(why), maxWhy)], "")
	a.Log.Warn("notice did not arrive", "channel", Channel, "way", way, "status", why)
	if len(name) > maxID {
		return nil
	}
	err := a.Talks.NoticeFailed(ctx, channel.Peer{Channel: Channel, ID: from}, way, name, why, strings.Contains(why, "block"))
	if err != nil {
		a.Log.Error("failed notice not noted; the event is brought again", "channel", Channel, "err", err)
	}
	return err
}
