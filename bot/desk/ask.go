package desk

import (
	"context"
	"slices"
	"strings"

	"signdesk/bot/channel"
)

// A Finding is what the knowledge base has for the staff.
type Finding struct {
	Seen   string // words on the picture, masked; "" if there are none that tell anything
	Text   string // what the bot would say; "" if nothing was found
	Found  []Suggestion
	Blind  bool // nobody can read pictures here
	Failed bool // the picture could not be read
}

// ask is /ask: what the knowledge base has to a question or to a picture, for the
// eyes of the staff only.
func (d *Desk) ask(ctx context.Context, j Job) (channel.Message, error) {
	words := strings.TrimSpace(j.Text)
	if words == "" && j.Picture == nil {
		words = strings.TrimSpace(j.Quoted)
	}
	if words == "" && j.Picture == nil {
		return channel.Message{Text: "请写问题，或者配上截图：/ask 问题"}, nil
	}
	f, err := d.Ask(ctx, words, j.Picture)
	if err != nil {
		return channel.Message{}, err
	}
	m := channel.Message{Text: f.words(j.Picture != nil)}
	if j.Ticket == "" {
		return m, nil
	}
	m.Text += "\n（只给同事看，没有发给客户。）"
	if j.Private && j.Picture != nil {
		m.Text += "\n要把图片发给客户，请发在他的话题里，或者回复他的消息来发。"
	}
	m.Choices = d.suggestions(&work{Ticket: j.Ticket}, f.Found)
	return m, nil
}

// words are a finding as it is shown.
func (f *Finding) words(picture bool) string {
	var lines []string
	switch {
	case !picture:
	case f.Seen != "":
		lines = append(lines, "我看到的是：“"+f.Seen+"”")
	case f.Blind:
		lines = append(lines, "现在认不了图片里的文字，请把屏幕上的提示打成字：/ask 问题")
	case f.Failed:
		lines = append(lines, "这张图片没能识别出来，请换一张清楚的截图，或者把提示打成字：/ask 问题")
	default:
		lines = append(lines, "这张图片里没有看到和办理有关的文字。")
	}
	switch {
	case f.Text != "":
		lines = append(lines, "机器人会这样答：\n"+f.Text)
	case !picture || f.Seen != "":
		lines = append(lines, "知识库里没有对应的条目。")
	}
	return strings.Join(lines, "\n\n")
}

// Looks reports whether a command looks at a picture that it replies to.
func (d *Desk) Looks(command string) bool {
	c := d.commands[command]
	return c != nil && c.Picture
}

// aside reports whether a picture is for the member of the staff alone: he sent it to
// the bot where no customers are served, or passes on what somebody else sent him.
func (d *Desk) aside(c *Call) bool {
	a := &c.Act
	if a.Picture == nil || !a.Private || a.Topic != "" || strings.HasPrefix(a.Card, "q/") {
		return false
	}
	return c.ticket == "" || a.Forwarded || !slices.Contains(d.Boards, a.Board)
}
