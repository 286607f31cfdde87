package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"signdesk/bot/channel"
	"signdesk/data/store"
)

// A Command is what staff type after a slash. One of Run and Work is set.
type Command struct {
	Name string
	Role Role   // that it takes
	Help string // how it is written and what it does; "" keeps it out of /help
	// Run does it at once, in the transaction of the act.
	Run func(*Call) error
	// Work does it in the background, and returns what is shown then. It may be
	// called again for the same job, after a failure or the end of the process.
	Work func(ctx context.Context, j Job) (channel.Message, error)
	// Picture tells that it looks at a picture: its own, or that of the message that
	// it replies to.
	Picture bool
}

// A Button is what is done by a button whose token is the name, a colon, and what
// Do gets.
type Button struct {
	Name string
	Role Role
	Do   func(c *Call, arg string) error
}

// A Call is one act being done.
type Call struct {
	Tx     Tx
	Act    channel.Act
	Role   Role
	desk   *Desk
	facts  facts
	ticket string // that the act is about, if it could be told before
	then   []func()
}

// Then does something once the act is on disk. It is not done if the process ends
// before.
func (c *Call) Then(do func()) { c.then = append(c.then, do) }

// Reply answers the act: a press in passing, words where they stand.
func (c *Call) Reply(text string, choices ...channel.Choice) error {
	if c.Act.Query != "" {
		return c.pass(text, false)
	}
	return c.post("a-"+c.Act.ID, channel.Message{Text: text, Choices: choices, Post: &channel.Post{}})
}

// Alert answers a press with a note that must be closed by hand, and words like
// Reply.
func (c *Call) Alert(text string) error {
	if c.Act.Query != "" {
		return c.pass(text, true)
	}
	return c.Reply(text)
}

func (c *Call) pass(text string, alert bool) error {
	to := channel.Peer{Channel: c.Act.Board.Channel, ID: "press/" + c.Act.Query}
	return c.Tx.Owe("q-"+c.Act.ID, to, channel.Message{Text: text, Post: &channel.Post{Query: c.Act.Query, Alert: alert}})
}

// post posts to where the act was done.
func (c *Call) post(id string, m channel.Message) error {
	m.Post.Topic = c.Act.Topic
	return c.Tx.Owe(id, c.Act.Board, m)
}

// mark marks the message that the act is.
func (c *Call) mark(with string) error {
	if c.Act.Message == "" {
		return nil
	}
	return c.Tx.Owe("m-"+c.Act.ID+"-"+with, c.Act.Board, channel.Message{Text: with, Post: &channel.Post{React: c.Act.Message}})
}

// Say posts where the act was done, once for each id.
func (c *Call) Say(id, text string, choices ...channel.Choice) error {
	return c.post(id, channel.Message{Text: text, Choices: choices, Post: &channel.Post{}})
}

// Ticket is the ticket that the act is about, nil if it is about none.
func (c *Call) Ticket() (*Ticket, error) {
	if c.ticket == "" {
		return nil, nil
	}
	return c.Tx.Ticket(c.ticket)
}

// Audit writes down what was done to what; personal data in the detail is masked.
func (c *Call) Audit(did, on, detail string) error {
	e := &event{At: c.Tx.Now(), Staff: c.Act.Staff, Name: c.Act.Name, Did: did, On: on, Detail: c.desk.Mask(detail)}
	return put(c.Tx, events, store.Key{}.Time(e.At).Str(c.Act.ID).Str(did), e)
}

// table are the commands of the desk.
func (d *Desk) table() map[string]*Command {
	list := []Command{
		{Name: "help", Run: d.help},
		{Name: "start", Run: d.help},
		{Name: "queue", Role: Reader, Help: "/queue 排队和接待中的客户", Run: d.queue},
		{Name: "claim", Role: Staff, Help: "/claim 接单，或再次联系已结束的客户", Run: d.claim},
		{Name: "note", Role: Staff, Help: "/note 文字 只给同事看的备注", Run: d.note},
		{Name: "bot", Role: Staff, Help: "/bot 交还给机器人", Run: d.giveBack},
		{Name: "close", Role: Staff, Help: "/close 结束服务，请客户评价", Run: d.finish},
		{Name: "card", Role: Reader, Help: "/card 看客户的最新情况", Run: d.refresh},
		{Name: "tag", Role: Staff, Help: "/tag 标签 … 给这次服务加标签，重复一次是去掉", Run: d.tag},
		{Name: "c", Role: Staff, Help: "/c 名称 发常用语；/canned 看有哪些", Run: d.sendCanned},
		{Name: "canned", Role: Staff, Help: "", Run: d.editCanned},
		{Name: "history", Role: Reader, Help: "/history 最近的对话", Run: d.history},
		{Name: "transcript", Role: Staff, Help: "/transcript 把对话导出成文件", Run: d.transcript},
		{Name: "find", Role: Staff, Help: "/find 词 在近30天的对话里查找", Run: d.find},
		{Name: "reviews", Role: Reviewer, Help: "/reviews 待审核的事项", Run: d.listReviews},
		{Name: "stats", Role: Reader, Help: "/stats 天数 统计和图表", Work: d.stats},
		{Name: "ask", Role: Staff, Help: "/ask 问题 看机器人会怎么答；也可以配上截图，或者回复一张截图来发；私聊里直接发截图就行", Work: d.ask, Picture: true},
		{Name: "role", Role: Owner, Help: "/role 编号 角色 名字 授权；/role 看所有人", Run: d.grant},
		{Name: "audit", Role: Owner, Help: "/audit 最近的操作记录", Run: d.readAudit},
	}
	table := make(map[string]*Command)
	for _, c := range slices.Concat(list, d.Options.Commands) {
		table[c.Name] = &c
	}
	return table
}

// buttons are what buttons do, by the beginning of their token.
func (d *Desk) buttons() map[string]Button {
	table := make(map[string]Button)
	for _, b := range append([]Button{
		{"claim", Staff, d.pressClaim},
		{"again", Staff, d.pressAgain},
		{"free", Staff, d.pressFree},
		{"close", Staff, d.pressClose},
		{"card", Reader, d.pressCard},
		{"send", Staff, d.pressSend},
		{"edit", Staff, d.pressEdit},
		{"pass", Reviewer, d.pressPass},
		{"reject", Reviewer, d.pressReject},
		{"why", Reviewer, d.pressWhy},
		{"keep", Reviewer, d.pressKeep},
	}, d.Options.Buttons...) {
		table[b.Name] = b
	}
	return table
}

// Access tells from which role on each command ("/note") and each button ("claim")
// works.
func (d *Desk) Access() map[string]Role {
	out := make(map[string]Role)
	for name, c := range d.commands {
		out["/"+name] = c.Role
	}
	for name, p := range d.presses {
		out[name] = p.Role
	}
	return out
}

// Receive takes an act of the staff, once however often it comes. An act that the
// desk cannot do is answered, and is no error.
func (d *Desk) Receive(ctx context.Context, act channel.Act) error {
	if !act.Private && !slices.Contains(d.Boards, act.Board) {
		return d.foreign(ctx, act)
	}
	ticket, err := d.about(ctx, act)
	if err != nil {
		return err
	}
	var f facts
	if ticket != "" {
		if f, err = d.gather(ctx, ticket, ""); err != nil && !errors.Is(err, ErrNoTicket) {
			return err
		}
	}
	var call *Call
	for range maxQuestions {
		call = nil
		err = d.Talks.Work(ctx, func(tx Tx) error {
			_, _, err := store.Once(tx.Store(), "act-"+act.ID, func() ([]byte, error) {
				role, name, err := d.role(tx, act.Staff)
				if err != nil {
					return nil, err
				}
				act := act
				act.Name = cmp.Or(name, act.Name, act.Staff)
				call = &Call{Tx: tx, Act: act, Role: role, desk: d, facts: f, ticket: ticket}
				return nil, d.do(call)
			})
			return err
		})
		var q interface{ Answer(context.Context) error }
		if !errors.As(err, &q) {
			break
		}
		if err := q.Answer(ctx); err != nil {
			return err
		}
	}
	if err == nil {
		d.kick()
		if call != nil {
			for _, do := range call.then {
				do()
			}
		}
	}
	return err
}

const maxQuestions = 12 // asked outside of one act

// about is the ticket that an act is about, "" if it cannot be told: that of the
// button, of the card, of the topic, or the one that the member of the staff has,
// in a private chat.
func (d *Desk) about(ctx context.Context, act channel.Act) (ticket string, err error) {
	if name, arg, ok := strings.Cut(act.Click, ":"); ok {
		if slices.Contains([]string{"claim", "again", "free", "close", "card", "send", "edit"}, name) {
			ticket, _, _ = strings.Cut(arg, "/")
		}
		return ticket, nil
	}
	err = d.Talks.Look(ctx, func(tx Tx) error {
		if ticket, err = d.onTopic(tx, act); ticket != "" || err != nil || !act.Private {
			return err
		}
		open, err := list(tx, "open", store.Range{})
		if err != nil {
			return err
		}
		open = slices.DeleteFunc(open, func(w *work) bool { return w.Staff != act.Staff })
		if len(open) == 1 {
			ticket = open[0].Ticket
		}
		return nil
	})
	return ticket, err
}

func (d *Desk) onTopic(tx Tx, act channel.Act) (ticket string, err error) {
	if rest, ok := strings.CutPrefix(act.Card, "q/"); ok {
		return rest, nil
	}
	if act.Topic == "" {
		return "", nil
	}
	w, err := latest(tx, act.Topic)
	if w == nil || err != nil {
		return "", err
	}
	return w.Ticket, nil
}

// foreign answers a command in a group that is no board.
func (d *Desk) foreign(ctx context.Context, act channel.Act) error {
	if act.Command == "" {
		return nil
	}
	return d.Talks.Work(ctx, func(tx Tx) error {
		text := fmt.Sprintf("这个群还没有登记为客服群（群号 %s）。请管理员把它写进配置 SIGNDESK_TELEGRAM_BOARDS。", act.Board.ID)
		return tx.Owe("a-"+act.ID, act.Board, channel.Message{Text: text, Post: &channel.Post{}})
	})
}

// do does an act.
func (d *Desk) do(c *Call) error {
	if done, err := d.captioned(c); done || err != nil {
		return err
	}
	name, arg, _ := strings.Cut(c.Act.Click, ":")
	cmd := d.commands[c.Act.Command]
	switch {
	case c.Act.Click != "":
		p, ok := d.presses[name]
		if !ok {
			return c.Reply("这个按钮已失效，请用最新的消息操作。")
		}
		if c.Role < p.Role {
			return c.Alert(d.denied(c, p.Role))
		}
		return p.Do(c, arg)
	case c.Act.Command == "" && d.aside(c):
		c.Act.Command = "ask"
		return d.do(c)
	case c.Act.Command == "":
		return d.words(c)
	case cmd == nil:
		return c.Reply("没有 /" + c.Act.Command + " 这条命令。发 /help 看有哪些。")
	case c.Role < cmd.Role:
		return c.Reply(d.denied(c, cmd.Role))
	}
	if c.Act.Picture != nil && !cmd.Picture && cmd.Name != "note" {
		if err := d.unused(c); err != nil {
			return err
		}
	}
	if cmd.Work != nil {
		return d.begin(c, cmd)
	}
	return cmd.Run(c)
}

func (d *Desk) denied(c *Call, want Role) string {
	if c.Role == Nobody {
		return fmt.Sprintf("您还没有权限。您的编号是 %s，请管理员发送：/role %s 客服 名字", c.Act.Staff, c.Act.Staff)
	}
	return fmt.Sprintf("这需要“%s”权限，您现在是“%s”。", want, c.Role)
}

func (d *Desk) help(c *Call) error {
	if c.Role == Nobody {
		return c.Reply(d.denied(c, Reader))
	}
	text := "在客户的话题里直接打字、发图，就会发给客户。"
	for _, cmd := range d.sorted() {
		if cmd.Help != "" && c.Role >= cmd.Role {
			text += "\n" + cmd.Help
		}
	}
	return c.Reply(text + fmt.Sprintf("\n您的编号 %s，权限：%s。", c.Act.Staff, c.Role))
}

// sorted are the commands by role and name.
func (d *Desk) sorted() (out []*Command) {
	for _, c := range d.commands {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *Command) int {
		if a.Role != b.Role {
			return int(a.Role - b.Role)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

// Shanghai is where the staff and the people are.
var Shanghai = time.FixedZone("CST", 8*60*60)

func clock(t time.Time) string { return t.In(Shanghai).Format("1月2日 15:04") }
