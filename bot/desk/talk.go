package desk

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"signdesk/bot/channel"
	"signdesk/data/store"
)

const maxPost = 2000 // bytes of a post with a person's words, before another one is begun

// said shows what the person of a ticket said. As long as a post did not leave,
// further words join it: boards take few posts a minute.
func (d *Desk) said(tx Tx, w *work, h Happening, f facts) error {
	text := "👤 " + h.Text
	if h.Reply != "" {
		text += "\n🤖 " + cut(h.Reply, robotWords)
	}
	id := func() string { return fmt.Sprintf("sp-%s-%d", w.Ticket, w.Post) }
	if w.Words != "" && h.Picture == nil && len(w.Words)+len(text) < maxPost && tx.Owed(id()) {
		w.Words += "\n" + text
	} else {
		w.Post++
		w.Words = text
	}
	m := channel.Message{Text: w.Words, Post: &channel.Post{Card: "s/" + w.Ticket + "/" + fmt.Sprint(w.Post), Topic: w.Topic, Title: w.Title}}
	if w.Staff != "" && h.Picture == nil {
		m.Choices = d.suggestions(w, f.suggest)
	}
	if h.Picture != nil {
		m.Image, w.Words = h.Picture, ""
	}
	if err := tx.Replace(id(), w.Board, m); err != nil {
		return err
	}
	return w.save(tx)
}

// words takes what a member of the staff wrote or sent without a command: to the
// person of the topic, or as the reason of a rejection.
func (d *Desk) words(c *Call) error {
	if id, ok := strings.CutPrefix(c.Act.Card, "r/"); ok {
		if c.Act.Text == "" {
			return c.Reply("驳回的理由请用文字写，图片没有用到。")
		}
		return d.reasonTyped(c, id)
	}
	switch {
	case c.ticket == "" && c.Act.Private:
		return c.Reply("您现在没有接待中的客户，或者不止一位：请在客户的话题里回复，或者回复那位客户的消息。")
	case c.ticket == "":
		return nil // the staff among themselves
	case c.Role < Staff:
		return c.Reply(d.denied(c, Staff))
	case c.Act.Text == "" && c.Act.Picture == nil:
		return nil
	}
	return d.speak(c, c.ticket, channel.Message{Text: c.Act.Text, Image: c.Act.Picture})
}

// speak brings the words of the staff to the person. Whoever speaks first takes
// the ticket.
func (d *Desk) speak(c *Call, ticket string, m channel.Message) error {
	w, err := d.work(c.Tx, ticket)
	if errors.Is(err, ErrNoTicket) {
		return c.Alert("这张单不在了。")
	}
	if err != nil {
		return err
	}
	if !w.Closed.IsZero() {
		return c.Reply("这次服务已结束，这句话没有发给客户。要再联系他，请按下面的按钮，再重发一次。",
			channel.Choice{Token: "again:" + w.Ticket, Label: "再次联系"})
	}
	if m.Image != nil {
		if why := d.Carries(w.Peer, m.Image); why != "" {
			what := "图片"
			if m.Text != "" {
				what = "图片和配的文字都"
			}
			return c.Reply(what + "没有发给客户：" + why)
		}
	}
	mine := w.Staff == c.Act.Staff
	switch err := d.take(c, w); {
	case errors.Is(err, ErrTaken):
		return c.Alert("这位客户由 " + cmp.Or(w.Name, "同事") + " 接待，这句话没有发给客户。给同事留言请用 /note。")
	case errors.Is(err, ErrNoTicket):
		return c.Alert("客户已结束对话，这句话没有发出。")
	case err != nil:
		return err
	}
	known, err := c.Tx.Say(ticket, c.Act.Staff, c.Act.ID, m)
	if err != nil {
		return err
	}
	first := w.Answered.IsZero()
	if first {
		w.Answered = c.Tx.Now()
	}
	w.Words = "" // what the person says next stands below
	if err := c.Audit("say", ticket, ""); err != nil {
		return err
	}
	switch {
	case known:
		err = c.mark(channel.MarkSent)
	default:
		err = put(c.Tx, spokens, store.Key{}.Str(ticket).Str(c.Act.ID), &spoken{Board: c.Act.Board, Message: c.Act.Message})
	}
	if err != nil {
		return err
	}
	if !mine {
		return d.changed(c.Tx, w, c.facts, c.Act.Name+" 已接单。")
	}
	if first {
		return d.queueCard(c.Tx, w)
	}
	return w.save(c.Tx)
}

// reasons are why words wait or were given up, by the platform's code.
var reasons = map[string]string{"window": "超过了平台允许主动发送的条数或时间", "45015": "客户48小时内没有来过消息", "45047": "发送条数到了上限", "43004": "客户已取消关注", "48001": "公众号没有主动发送的权限", "unverified": "公众号没有认证，只能在客户来消息时回复",
	"45009": "今天的发送总量到了上限"}

// delivered shows on the staff's words what became of them.
func (d *Desk) delivered(tx Tx, w *work, h Happening) error {
	key := store.Key{}.Str(w.Ticket).Str(h.Delivery)
	s, err := get[spoken](tx, spokens, key)
	if err != nil || s == nil {
		return err
	}
	mark := map[Kind]string{Sent: channel.MarkSent, Parked: channel.MarkParked, Lost: channel.MarkLost}[h.Kind]
	if s.Message != "" {
		err := tx.Owe("m-"+h.Delivery+"-"+mark, s.Board, channel.Message{Text: mark, Post: &channel.Post{React: s.Message}})
		if err != nil {
			return err
		}
	}
	why := cmp.Or(reasons[h.Reason], "对方平台拒收")
	switch h.Kind {
	case Sent:
		return spokens.Delete(tx.Store(), key)
	case Parked:
		return d.post(tx, w, "why-"+h.Delivery, channel.Message{Text: "⏸ 刚才的话还没送到：" + why + "。客户下次来消息时会自动送达。"})
	}
	return d.post(tx, w, "why-"+h.Delivery, channel.Message{Text: "💔 刚才的话没能送到：" + why + "。请换个方式联系客户，或者重发。"})
}

// note is /note.
func (d *Desk) note(c *Call) error {
	text := d.Mask(c.Act.Text)
	if c.Act.Picture != nil { // which stands in the topic
		text = pictureLine + text
	}
	if c.ticket == "" || text == "" {
		return c.Reply("请在客户的话题里这样写：/note 文字。客户看不到备注。")
	}
	w, err := d.work(c.Tx, c.ticket)
	if err != nil {
		return err
	}
	w.Notes = append(w.Notes, note{At: c.Tx.Now(), Name: c.Act.Name, Text: text})
	if err := errors.Join(c.Audit("note", w.Ticket, text), c.mark(channel.MarkKept)); err != nil {
		return err
	}
	return d.changed(c.Tx, w, c.facts, "")
}

// held is the work that the act is about, if the member of the staff has it; a
// reply was owed if it is nil.
func (d *Desk) held(c *Call, ticket string) (*work, error) {
	if ticket == "" {
		return nil, c.Reply("请在客户的话题里发这条命令。")
	}
	w, err := d.work(c.Tx, ticket)
	switch {
	case errors.Is(err, ErrNoTicket):
		return nil, c.Alert("这张单不在了。")
	case err != nil:
		return nil, err
	case !w.Closed.IsZero():
		return nil, c.Alert("这次服务已经结束。")
	case w.Staff == "":
		return nil, c.Alert("还没有人接单，现在就是机器人在服务。")
	case w.Staff != c.Act.Staff && c.Role < Owner:
		return nil, c.Alert("这位客户由 " + w.Name + " 接待。")
	}
	return w, nil
}

func (d *Desk) giveBack(c *Call) error { return d.pressFree(c, c.ticket) }
func (d *Desk) finish(c *Call) error   { return d.pressClose(c, c.ticket) }
func (d *Desk) refresh(c *Call) error  { return d.pressCard(c, c.ticket) }

// pressFree gives the conversation back to the bot, and ends the ticket.
func (d *Desk) pressFree(c *Call, ticket string) error {
	w, err := d.held(c, ticket)
	if w == nil || err != nil {
		return err
	}
	if err := errors.Join(c.Tx.Release(ticket, true), c.Audit("free", ticket, "")); err != nil {
		return err
	}
	return d.end(c, w, c.Act.Name+" 已把对话交还机器人。")
}

// pressClose ends the service; the person is asked what he thinks of it.
func (d *Desk) pressClose(c *Call, ticket string) error {
	w, err := d.held(c, ticket)
	if w == nil || err != nil {
		return err
	}
	if err := errors.Join(c.Tx.Close(ticket), c.Audit("close", ticket, "")); err != nil {
		return err
	}
	return d.end(c, w, c.Act.Name+" 已结束服务，已请客户评价。")
}

func (d *Desk) end(c *Call, w *work, line string) error {
	w.Closed = c.Tx.Now()
	if c.Act.Query != "" {
		if err := c.Reply("好的。"); err != nil {
			return err
		}
	}
	return d.changed(c.Tx, w, c.facts, line)
}

// pressCard brings the cards up to date.
func (d *Desk) pressCard(c *Call, ticket string) error {
	if ticket == "" {
		return c.Reply("请在客户的话题里发 /card。")
	}
	w, err := d.work(c.Tx, ticket)
	if errors.Is(err, ErrNoTicket) {
		return c.Alert("这张单不在了。")
	}
	if err != nil {
		return err
	}
	if c.Act.Query != "" {
		if err := c.Reply("已刷新。"); err != nil {
			return err
		}
	}
	return d.changed(c.Tx, w, c.facts, "")
}

// pressSend sends what the knowledge base would say.
func (d *Desk) pressSend(c *Call, arg string) error {
	ticket, key, _ := strings.Cut(arg, "/")
	text := d.Answer(key)
	if text == "" {
		return c.Alert("知识库里已经没有这一条了。")
	}
	if err := d.speak(c, ticket, channel.Message{Text: text, Entry: key}); err != nil {
		return err
	}
	w, err := d.work(c.Tx, ticket)
	if err != nil || w.Staff != c.Act.Staff || !w.Closed.IsZero() { // refused, and said so
		return err
	}
	if err := c.Reply("已发送。"); err != nil {
		return err
	}
	return d.post(c.Tx, w, "sent-"+c.Act.ID, channel.Message{Text: c.Act.Name + " 发送了：\n" + text})
}

// pressEdit shows what the knowledge base would say, to be copied and changed.
func (d *Desk) pressEdit(c *Call, arg string) error {
	_, key, _ := strings.Cut(arg, "/")
	text := d.Answer(key)
	if text == "" {
		return c.Alert("知识库里已经没有这一条了。")
	}
	if err := c.Reply("请复制下面的文字，改好后发出。"); err != nil {
		return err
	}
	return c.post("edit-"+c.Act.ID, channel.Message{Text: text, Post: &channel.Post{}})
}
