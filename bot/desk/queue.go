package desk

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"signdesk/bot/channel"
	"signdesk/data/store"
)

// Goals of the service, in the staff's working time.
const (
	firstGoal = 15 * time.Minute // until the first word
	wholeGoal = 8 * time.Hour    // until the end
)

// channelNames are the channels as the staff know them.
var channelNames = map[string]string{"wechat": "微信", "web": "网页", "visitor": "网页", "host": "网页", "chat": "终端", "link": "链接"}

var ratings = map[Rating]string{Solved: "已解决", Unsolved: "未解决"}

// opened puts a ticket into the queue.
func (d *Desk) opened(tx Tx, w *work, f facts) error {
	k, err := tx.Ticket(w.Ticket)
	if err != nil {
		return err
	}
	w.Opened, w.Account = k.Opened, k.Account
	w.Title = cut(strings.Join(slices.DeleteFunc([]string{who(w, f.person), w.Question}, func(s string) bool { return s == "" }), " · "), 40)
	if k.Staff != "" { // taken before there was a desk
		w.Staff, w.Name, w.Claimed = k.Staff, k.Staff, tx.Now()
	}
	if err := d.topicCard(tx, w, f); err != nil {
		return err
	}
	lines, err := tx.Lines(w.Peer, summaryLines)
	if err != nil {
		return err
	}
	if len(lines) > 0 {
		if err := d.post(tx, w, "sum-"+w.Ticket, channel.Message{Text: "最近的对话\n" + brief(lines, "15:04")}); err != nil {
			return err
		}
	}
	return d.queueCard(tx, w)
}

const summaryLines = 10

// robotWords is how much of what the bot said is shown, in runes: the staff know the
// answers.
const robotWords = 50

// who is the person, masked.
func who(w *work, p Person) string {
	name := cmp.Or(channelNames[w.Peer.Channel], w.Peer.Channel)
	if p.Login != "" {
		return name + " " + p.Login
	}
	return name + " 访客" + strings.ToUpper(w.Topic[len(w.Topic)-4:])
}

// post posts into the topic of a conversation.
func (d *Desk) post(tx Tx, w *work, id string, m channel.Message) error {
	if m.Post == nil {
		m.Post = &channel.Post{}
	}
	m.Post.Topic, m.Post.Title = w.Topic, w.Title
	return tx.Owe(id, w.Board, m)
}

// queueCard brings the card in the general topic up to date, if it would look
// different, and saves the work.
func (d *Desk) queueCard(tx Tx, w *work) error {
	m := channel.Message{Text: d.queueText(tx, w), Post: &channel.Post{Card: "q/" + w.Ticket}}
	if w.Closed.IsZero() && w.Staff == "" {
		m.Choices = []channel.Choice{{Token: "claim:" + w.Ticket, Label: "接单"}}
		open, _ := d.Hours(tx.Now())
		m.Post.Silent = !open
	}
	if m.Text != w.Shown {
		w.Shown = m.Text
		if err := tx.Replace("qc-"+w.Ticket, w.Board, m); err != nil {
			return err
		}
	}
	return w.save(tx)
}

func (d *Desk) queueText(tx Tx, w *work) string {
	var lines []string
	switch {
	case !w.Closed.IsZero():
		lines = append(lines, "✅ 已结束 · "+w.Title, "接待："+cmp.Or(w.Name, "无"))
	case w.Staff != "":
		lines = append(lines, "🟢 接待中 · "+w.Title, "接待："+w.Name)
	default:
		lines = append(lines, "🔴 待接单 · "+w.Title)
	}
	lines = append(lines, clock(w.Opened)+" 转人工")
	now := tx.Now()
	switch {
	case !w.Answered.IsZero():
		lines = append(lines, "首次响应 "+span(d.Served(w.Opened, w.Answered))+late(d.Served(w.Opened, w.Answered), firstGoal))
	case w.Closed.IsZero():
		waited := d.Served(w.Opened, now)
		lines = append(lines, "已等 "+span(steps(waited))+"（工作时间，目标"+span(firstGoal)+"内响应）"+late(waited, firstGoal))
	}
	switch {
	case !w.Closed.IsZero():
		took := d.Served(w.Opened, w.Closed)
		lines = append(lines, "用时 "+span(took)+"（工作时间）"+late(took, wholeGoal))
	case !w.Answered.IsZero():
		took := d.Served(w.Opened, now)
		lines = append(lines, "已用 "+span(steps(took))+"（工作时间，目标"+span(wholeGoal)+"内解决）"+late(took, wholeGoal))
	}
	if w.Rated != "" {
		lines = append(lines, "客户评价："+ratings[w.Rated])
	}
	if len(w.Tags) > 0 {
		lines = append(lines, "标签："+strings.Join(w.Tags, "、"))
	}
	return strings.Join(lines, "\n")
}

func late(took, goal time.Duration) string {
	if took > goal {
		return " ⚠ 超时"
	}
	return ""
}

// steps makes a clock coarser the longer it runs, so that a card changes seldom.
func steps(d time.Duration) time.Duration {
	switch {
	case d < 5*time.Minute:
		return d.Truncate(time.Minute)
	case d < time.Hour:
		return d.Truncate(5 * time.Minute)
	}
	return d.Truncate(30 * time.Minute)
}

// span is a duration in words.
func span(d time.Duration) string {
	h, m := int(d.Hours()), int(d.Minutes())%60
	switch {
	case h == 0 && m == 0:
		return "不到1分钟"
	case h == 0:
		return fmt.Sprintf("%d分钟", m)
	case m == 0:
		return fmt.Sprintf("%d小时", h)
	}
	return fmt.Sprintf("%d小时%d分钟", h, m)
}

// topicCard brings the card in the topic of a conversation up to date.
func (d *Desk) topicCard(tx Tx, w *work, f facts) error {
	card, err := tx.Card(w.Ticket)
	if err != nil {
		return err
	}
	m := channel.Message{Text: d.cardText(tx, w, f, card), Post: &channel.Post{Card: "c/" + w.Ticket, Topic: w.Topic, Title: w.Title}}
	button := func(token, label string) {
		m.Choices = append(m.Choices, channel.Choice{Token: token + ":" + w.Ticket, Label: label})
	}
	switch {
	case !w.Closed.IsZero():
		button("again", "再次联系")
		m.Post.Close = true
	case w.Staff == "":
		button("claim", "接单")
	default:
		button("free", "交还机器人")
		button("close", "结束服务")
	}
	button("card", "刷新")
	if w.Closed.IsZero() {
		m.Choices = append(m.Choices, d.suggestions(w, f.suggest)...)
	}
	return tx.Replace("cc-"+w.Ticket, w.Board, m)
}

// maxSuggested is how many answers are offered to the staff at once.
const maxSuggested = 2

// suggestions are buttons that send what the knowledge base would say.
func (d *Desk) suggestions(w *work, list []Suggestion) (out []channel.Choice) {
	for i, s := range list[:min(len(list), maxSuggested)] {
		out = append(out, channel.Choice{Token: "send:" + w.Ticket + "/" + s.Key, Label: "💡发送：" + s.Title, Control: true})
		if i == 0 {
			out = append(out, channel.Choice{Token: "edit:" + w.Ticket + "/" + s.Key, Label: "✏️改后再发", Control: true})
		}
	}
	return out
}

func (d *Desk) cardText(tx Tx, w *work, f facts, card *Card) string {
	lines := []string{"客户 " + who(w, f.person)}
	add := func(name, value string) {
		if value != "" {
			lines = append(lines, name+"："+value)
		}
	}
	add("企业", f.person.Company)
	add("问题", w.Question)
	add("提示", card.Error)
	add("正在办理", strings.Join(card.Flows, "、"))
	add("办理中", strings.Join(f.person.Cases, "\n　"))
	add("已看过", strings.Join(card.Tried, "、"))
	if card.Counted {
		left := "现在不能发，等客户再来消息"
		if card.Left > 0 {
			left = fmt.Sprintf("还能发 %d 条（到 %s）", card.Left, clock(card.Until))
		}
		add("可发送", left)
	}
	add("接待", w.Name)
	add("标签", strings.Join(w.Tags, "、"))
	for _, n := range w.Notes {
		add("备注（"+n.Name+"）", n.Text)
	}
	return strings.Join(lines, "\n")
}

// changed brings both cards up to date and posts a line into the topic.
func (d *Desk) changed(tx Tx, w *work, f facts, line string) error {
	if line != "" {
		id := fmt.Sprintf("ch-%s-%d-%d", w.Ticket, tx.Now().UnixNano(), len(line))
		if err := d.post(tx, w, id, channel.Message{Text: line}); err != nil {
			return err
		}
	}
	if err := d.topicCard(tx, w, f); err != nil {
		return err
	}
	return d.queueCard(tx, w)
}

// released puts a ticket back into the queue after its member of the staff was
// silent for too long.
func (d *Desk) released(tx Tx, w *work, h Happening, f facts) error {
	name := w.Name
	w.Staff, w.Name = "", ""
	text := name + " 30分钟没有回复，对话已自动交还机器人，重新排队。"
	if h.Text != "" {
		text += "\n最后对客户说的是：" + h.Text
	}
	for _, n := range w.Notes {
		text += "\n备注（" + n.Name + "）：" + n.Text
	}
	return d.changed(tx, w, f, text)
}

// claim is /claim.
func (d *Desk) claim(c *Call) error {
	if c.ticket == "" {
		return c.Reply("请在客户的话题里发 /claim，或者按排队卡片上的“接单”。")
	}
	return d.pressAgain(c, c.ticket)
}

// pressAgain opens the conversation of a closed ticket once more.
func (d *Desk) pressAgain(c *Call, ticket string) error {
	w, err := d.work(c.Tx, ticket)
	if errors.Is(err, ErrNoTicket) {
		return c.Alert("这张单不在了。")
	}
	if err != nil {
		return err
	}
	if w.Closed.IsZero() {
		return d.pressClaim(c, ticket)
	}
	return d.reopen(c, w)
}

// pressClaim gives a ticket to whoever presses first.
func (d *Desk) pressClaim(c *Call, ticket string) error {
	w, err := d.work(c.Tx, ticket)
	if errors.Is(err, ErrNoTicket) {
		return c.Alert("这张单不在了。")
	}
	if err != nil {
		return err
	}
	if !w.Closed.IsZero() {
		return c.Alert("这次服务已经结束（接待：" + cmp.Or(w.Name, "无") + "）。")
	}
	switch err := d.take(c, w); {
	case errors.Is(err, ErrTaken):
		return c.Alert("已由 " + cmp.Or(w.Name, "同事") + " 接单。")
	case errors.Is(err, ErrNoTicket):
		return c.Alert("这张单已经结束。")
	case err != nil:
		return err
	}
	if err := d.changed(c.Tx, w, c.facts, c.Act.Name+" 已接单，直接打字就会发给客户。"); err != nil {
		return err
	}
	if c.Act.Query != "" {
		return c.Reply("接单成功，请到客户的话题里回复。")
	}
	return nil
}

// take makes the member of the staff the one who has the ticket.
func (d *Desk) take(c *Call, w *work) error {
	if w.Staff == c.Act.Staff {
		return c.Tx.Claim(w.Ticket, c.Act.Staff)
	}
	if err := c.Tx.Claim(w.Ticket, c.Act.Staff); err != nil {
		return err
	}
	w.Staff, w.Name, w.Claimed = c.Act.Staff, cmp.Or(c.Act.Name, c.Act.Staff), c.Tx.Now()
	return c.Audit("claim", w.Ticket, "")
}

// reopen opens a new ticket on the conversation of a closed one, and claims it.
func (d *Desk) reopen(c *Call, old *work) error {
	last, err := latest(c.Tx, old.Topic)
	if err != nil {
		return err
	}
	if last.Closed.IsZero() {
		return c.Alert("这位客户有新的单，请看最新的卡片。")
	}
	k, err := c.Tx.Reopen(old.Ticket)
	if errors.Is(err, ErrNoTicket) {
		return c.Alert("客户已结束这个对话，不能再联系。")
	}
	if err != nil {
		return err
	}
	w, err := d.work(c.Tx, k.ID)
	if err != nil {
		return err
	}
	w.Question = old.Question
	w.Opened, w.Title, w.Account = k.Opened, old.Title, old.Account
	if err := errors.Join(c.Audit("reopen", k.ID, ""), d.take(c, w)); err != nil {
		return err
	}
	return d.changed(c.Tx, w, c.facts, c.Act.Name+" 重新联系客户，直接打字就会发给客户。")
}

// queue is /queue.
func (d *Desk) queue(c *Call) error {
	open, err := list(c.Tx, "open", store.Range{})
	if err != nil {
		return err
	}
	var waiting, served []string
	for _, w := range open {
		if w.Staff == "" {
			waiting = append(waiting, fmt.Sprintf("%d. %s（已等%s）", len(waiting)+1, w.Title, span(d.Served(w.Opened, c.Tx.Now()))))
			continue
		}
		served = append(served, w.Name+"："+w.Title)
	}
	text := "没有人在排队。"
	if len(waiting) > 0 {
		text = "排队中：\n" + strings.Join(waiting, "\n")
	}
	if len(served) > 0 {
		text += "\n接待中：\n" + strings.Join(served, "\n")
	}
	return c.Reply(text)
}

// cut shortens a text to a number of runes.
func cut(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
