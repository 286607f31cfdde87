package desk

import (
	"fmt"
	"strings"
	"time"

	"signdesk/bot/channel"
)

const (
	findBack       = 30 * 24 * time.Hour
	findMost       = 10
	historyLines   = 30
	transcriptMost = 5000 // lines of a file
)

// speakers are those of a conversation in Chinese.
var speakers = map[string]string{"user": "客户", "bot": "机器人", "staff": "客服"}

// find is /find.
func (d *Desk) find(c *Call) error {
	words := strings.TrimSpace(c.Act.Text)
	if len([]rune(words)) < 2 {
		return c.Reply("请写至少两个字：/find 词。")
	}
	found, err := c.Tx.Find(words, c.Tx.Now().Add(-findBack), findMost)
	if err != nil {
		return err
	}
	if err := c.Audit("find", "", words); err != nil {
		return err
	}
	if len(found) == 0 {
		return c.Reply("近30天的对话里没有找到“" + cut(words, 20) + "”。")
	}
	text := "最近说到“" + cut(words, 20) + "”的对话："
	for _, f := range found {
		w, err := d.latestOf(c.Tx, f.Peer)
		if err != nil {
			return err
		}
		name := channelNames[f.Peer.Channel]
		if w != nil && w.Title != "" {
			name = w.Title
		}
		text += fmt.Sprintf("\n%s  %s  %s：%s", clock(f.Line.At), name, speakers[f.Line.From], cut(f.Line.Text, 60))
	}
	return c.Reply(text)
}

// latestOf is the last ticket of a conversation, nil if it never had one.
func (d *Desk) latestOf(tx Tx, p channel.Peer) (*work, error) { return latest(tx, topicOf(p)) }

// history is /history.
func (d *Desk) history(c *Call) error {
	if c.ticket == "" {
		return c.Reply("请在客户的话题里发 /history。")
	}
	k, err := c.Tx.Ticket(c.ticket)
	if err != nil {
		return err
	}
	lines, err := c.Tx.Lines(k.Peer, historyLines)
	if err != nil {
		return err
	}
	if err := c.Audit("history", c.ticket, ""); err != nil {
		return err
	}
	return c.Reply("最近的对话\n" + brief(lines, "1月2日 15:04"))
}

// brief is a conversation as text, in which the bot's words are cut short.
func brief(lines []Line, layout string) string {
	for i := range lines {
		if lines[i].From == "bot" {
			lines[i].Text = cut(lines[i].Text, robotWords)
		}
	}
	return written(lines, layout)
}

// pictureLine stands for a picture in a line of a conversation.
const pictureLine = "［图片］"

// written is a conversation as text.
func written(lines []Line, layout string) string {
	var b strings.Builder
	for _, l := range lines {
		if l.Picture && l.Text != pictureLine {
			l.Text = pictureLine + l.Text
		}
		fmt.Fprintf(&b, "%s %s：%s\n", l.At.In(Shanghai).Format(layout), speakers[l.From], l.Text)
	}
	return strings.TrimRight(b.String(), "\n")
}

// transcript is /transcript: the conversation as a file.
func (d *Desk) transcript(c *Call) error {
	if c.ticket == "" {
		return c.Reply("请在客户的话题里发 /transcript。")
	}
	w, err := d.work(c.Tx, c.ticket)
	if err != nil {
		return err
	}
	lines, err := c.Tx.Lines(w.Peer, transcriptMost)
	if err != nil {
		return err
	}
	if err := c.Audit("transcript", c.ticket, ""); err != nil {
		return err
	}
	text := w.Title + "\n\n" + written(lines, "2006-01-02 15:04:05") + "\n"
	file := &channel.File{Name: c.Tx.Now().In(Shanghai).Format("20060102-1504") + ".txt", Data: []byte(text)}
	return c.post("a-"+c.Act.ID, channel.Message{Text: fmt.Sprintf("对话共%d行，个人信息已隐去。", len(lines)), Post: &channel.Post{File: file}})
}
