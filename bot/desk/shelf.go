package desk

import (
	"slices"
	"strings"

	"signdesk/bot/channel"
	"signdesk/data/store"
)

const maxCanned = 1000 // runes of a text

// tag is /tag: it adds tags to the ticket of the topic, and takes away those that
// are there.
func (d *Desk) tag(c *Call) error {
	args := strings.Fields(c.Act.Text)
	if c.ticket == "" || len(args) == 0 {
		return c.Reply("请在客户的话题里这样写：/tag 标签。")
	}
	w, err := d.work(c.Tx, c.ticket)
	if err != nil {
		return err
	}
	for _, t := range args {
		t = cut(strings.TrimPrefix(t, "#"), 20)
		if i := slices.Index(w.Tags, t); i >= 0 {
			w.Tags = slices.Delete(w.Tags, i, i+1)
			continue
		}
		w.Tags = append(w.Tags, t)
	}
	if err := c.Audit("tag", w.Ticket, strings.Join(w.Tags, " ")); err != nil {
		return err
	}
	if err := c.mark(channel.MarkKept); err != nil {
		return err
	}
	return d.changed(c.Tx, w, c.facts, "")
}

// editCanned is /canned: it lists the texts that are sent often, and changes them.
func (d *Desk) editCanned(c *Call) error {
	name, text, _ := strings.Cut(c.Act.Text, " ")
	text = strings.TrimSpace(text)
	if name == "" {
		return d.listCanned(c)
	}
	key := store.Key{}.Str(name)
	k, err := get[canned](c.Tx, cans, key)
	switch {
	case err != nil:
		return err
	case text != "" && c.Role < Editor:
		return c.Reply(d.denied(c, Editor))
	case k == nil && (text == "" || text == "删除"):
		return c.Reply(noCanned(name))
	case text == "":
		return c.Reply(k.Name + "：\n" + k.Text)
	case len([]rune(text)) > maxCanned:
		return c.Reply("太长了，常用语最多1000个字。")
	}
	if err := c.Audit("canned", name, text); err != nil {
		return err
	}
	if text == "删除" {
		if err := cans.Delete(c.Tx.Store(), key); err != nil {
			return err
		}
		return c.Reply("已删除常用语“" + name + "”。")
	}
	if err := put(c.Tx, cans, key, &canned{Name: name, Text: text, By: c.Act.Staff, At: c.Tx.Now()}); err != nil {
		return err
	}
	return c.Reply("已保存。发送时写：/c " + name)
}

func noCanned(name string) string {
	return "没有叫“" + cut(name, 20) + "”的常用语。发 /canned 看有哪些。"
}

func (d *Desk) listCanned(c *Call) error {
	text := "常用语（发送：/c 名称；看全文：/canned 名称；编辑保存：/canned 名称 文字；删除：/canned 名称 删除）："
	n := 0
	for _, raw := range c.Tx.Store().Scan(cans.Name, store.Range{}) {
		k, err := decode[canned](raw)
		if err != nil {
			return err
		}
		n++
		text += "\n" + k.Name + "：" + cut(k.Text, 40)
	}
	if n == 0 {
		text += "\n（还没有）"
	}
	return c.Reply(text)
}

// sendCanned is /c.
func (d *Desk) sendCanned(c *Call) error {
	if c.Act.Text == "" {
		return d.listCanned(c)
	}
	if c.ticket == "" {
		return c.Reply("请在客户的话题里发这条命令。")
	}
	k, err := get[canned](c.Tx, cans, store.Key{}.Str(strings.TrimSpace(c.Act.Text)))
	if err != nil {
		return err
	}
	if k == nil {
		return c.Reply(noCanned(c.Act.Text))
	}
	return d.speak(c, c.ticket, channel.Message{Text: k.Text})
}
