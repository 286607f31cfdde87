package wechat

import (
	"context"
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

// Notice implements [channel.Noticer] by a template or subscription message.
func (a *Account) Notice(ctx context.Context, to channel.Peer, text string) (how string, err error) {
	t := a.Template
	if t.ID == "" || !a.maySend() {
		return "", nil
	}
	if utf8.RuneCountInString(text) > maxThing {
		text = string([]rune(text)[:maxThing])
	}
	data := map[string]templateValue{t.Text: {text}}
	if t.Time != "" {
		data[t.Time] = templateValue{a.Now().In(shanghai).Format("2006-01-02 15:04")}
	}
	path, how := "/cgi-bin/message/template/send", "template"
	if t.Subscribe {
		path, how = "/cgi-bin/message/subscribe/bizsend", "subscribe"
	}
	if err := a.post(ctx, path, map[string]any{"touser": to.ID, "template_id": t.ID, "data": data}, nil); err != nil {
		return "", err
	}
	return how, nil
}
