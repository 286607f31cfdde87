package wechat

import (
	"context"
	"errors"

	"github.com/silenceper/wechat/v2/util"

	"signdesk/bot/channel"
)

// customer is a customer-service message (发送客服消息).
type customer struct {
	To    string     `json:"touser"`
	Type  string     `json:"msgtype"`
	Text  *textBody  `json:"text,omitempty"`
	Image *mediaBody `json:"image,omitempty"`
	Menu  *menu      `json:"msgmenu,omitempty"`
}

type textBody struct {
	Content string `json:"content"`
}

type mediaBody struct {
	ID string `json:"media_id"`
}

const sendPath = "/cgi-bin/message/custom/send"

// errUnverified is why an account that may not send does not.
var errUnverified = &channel.SendError{Kind: channel.Closed, Code: "unverified", Err: errors.New("wechat: the account may only reply")}

// Cost implements [channel.Metered].
func (a *Account) Cost(m channel.Outbound) int {
	image, texts := left(m)
	n := 0
	if image {
		n++
	}
	if _, ok := a.asMenu(m.Message); ok && m.Skip == 0 {
		n++
	} else if m.Message.Text != "" {
		n += max(1, len(a.parts(m.Message, most(m)))-texts)
	}
	if m.Budget > 0 {
		n = min(n, m.Budget)
	}
	return max(1, n)
}

// left is what of a message is to be sent: the picture, which is its first part, and
// the texts after those that the person has.
func left(m channel.Outbound) (image bool, skip int) {
	if m.Message.Image == nil {
		return false, m.Skip
	}
	return m.Skip == 0, max(0, m.Skip-1)
}

// most is into how many texts a message may be split, with those that the person
// has; 0 for no limit.
func most(m channel.Outbound) int {
	image, skip := left(m)
	switch {
	case m.Budget == 0:
		return 0
	case image && m.Budget > 1:
		return m.Budget - 1
	}
	return m.Budget + skip
}

// Pack implements [channel.Metered]: texts without choices go as one.
func (a *Account) Pack(list []channel.Outbound) (joined channel.Outbound, n int) {
	joined = list[0]
	for _, m := range list {
		if len(m.Message.Choices) > 0 || m.Message.Image != nil || m.Skip > 0 {
			break
		}
		text := m.Message.Text
		if n > 0 {
			text = joined.Message.Text + "\n" + text
		}
		if len(text) > maxText {
			break
		}
		joined.Message.Text = text
		n++
	}
	if n < 2 {
		return list[0], 1
	}
	joined.Message.Entry = ""
	return joined, n
}

func (a *Account) asMenu(m channel.Message) (menu, bool) {
	if a.noMenus.Load() {
		return menu{}, false
	}
	return menuOf(m)
}

// errSpent is why what follows a picture waits.
func errSpent() error {
	return &channel.SendError{Kind: channel.Closed, Code: "window", Err: errors.New("wechat: no sends are left for what follows the picture")}
}

// Send implements [channel.Sender] by customer-service messages.
func (a *Account) Send(ctx context.Context, m channel.Outbound) error {
	if err := a.paused.sending(a.Verified, a.Now()); err != nil {
		return err
	}
	image, skip := left(m)
	sent := 0
	if image {
		id, err := a.upload(ctx, m.Message.Image)
		if err == nil {
			err = a.post(ctx, sendPath, customer{To: m.To.ID, Type: "image", Image: &mediaBody{id}}, nil)
		}
		if err != nil || m.Message.Text == "" {
			return err
		}
		sent++
		if m.Budget == 1 {
			return after(errSpent(), sent)
		}
	}
	limit := most(m)
	if body, ok := a.asMenu(m.Message); ok && m.Skip == 0 {
		limit = 0 // if it is refused: the choices, at the end, must not be cut off
		err := a.post(ctx, sendPath, customer{To: m.To.ID, Type: "msgmenu", Menu: &body}, nil)
		switch codeOf(err) {
		case codeAccountType:
			a.noMenus.Store(true)
			a.Log.Warn("the account may not use menus; choices are numbered from now on", "channel", Channel)
		case codeTooLong: // for a menu
		default:
			return after(err, sent)
		}
	}
	for i, text := range a.parts(m.Message, limit) {
		if i < skip {
			continue
		}
		if err := a.sendText(ctx, m.To.ID, text); err != nil {
			return after(err, sent)
		}
		sent++
	}
	return nil
}

// after tells with an error how many parts were sent before it.
func after(err error, parts int) error {
	if se := new(channel.SendError); errors.As(err, &se) {
		se.Parts = parts
	}
	return err
}

// sendText sends a text; one that the platform finds too long goes in halves.
func (a *Account) sendText(ctx context.Context, to, text string) error {
	err := a.post(ctx, sendPath, customer{To: to, Type: "text", Text: &textBody{text}}, nil)
	if codeOf(err) != codeTooLong {
		return err
	}
	halves := split(text, max(len(text)/2+utf8Slack, minHalf))
	if len(halves) == 1 {
		return err
	}
	for _, half := range halves {
		if err := a.post(ctx, sendPath, customer{To: to, Type: "text", Text: &textBody{half}}, nil); err != nil {
			return err
		}
	}
	return nil
}

// codeOf is the errcode that an error tells of; 0 if none.
func codeOf(err error) int64 {
	var ce *util.CommonError
	if errors.As(err, &ce) {
		return ce.ErrCode
	}
	return 0
}

const (
	utf8Slack = 8
	minHalf   = 200 // bytes; what is too long below that is refused for another reason
)
