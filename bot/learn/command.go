package learn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"signdesk/bot/channel"
	"signdesk/bot/desk"
	"signdesk/data/store"
	"signdesk/kb"
)

// Commands are what the staff teach by.
func (l *Library) Commands() []desk.Command {
	return []desk.Command{
		{Name: "misses", Role: desk.Editor, Help: "/misses 天数 没答上来、没帮上忙的问题，归好类，一键处理", Work: l.showMisses},
		{Name: "teach", Role: desk.Staff, Help: "/teach 问题 把刚才给客户的回答教给机器人；也可以回复那条回答来发", Run: l.teach},
		{Name: "drafts", Role: desk.Staff, Help: "/drafts 还没发布的草稿", Run: l.listDrafts},
		{Name: "draft", Role: desk.Editor, Help: "/draft 编号 答案 文字：改草稿的答案；也可以改“标题”、加“问法”、“删除”", Run: l.editDraft},
		{Name: "try", Role: desk.Staff, Help: "/try 问题 看发布草稿后机器人会怎么答；也可以配截图", Work: l.try, Picture: true},
		{Name: "preview", Role: desk.Staff, Help: "/preview 在网页上试用草稿的链接，两小时内有效", Run: l.preview},
		{Name: "check", Role: desk.Editor, Help: "/check 用全部测试题试跑草稿，不发布", Work: l.publish},
		{Name: "publish", Role: desk.Editor, Help: "/publish 测试通过后发布草稿；管理员可以 /publish 强制", Work: l.publish},
		{Name: "releases", Role: desk.Reader, Help: "/releases 发布过的版本", Run: l.listReleases},
		{Name: "rollback", Role: desk.Editor, Help: "/rollback 版本号 退回到以前的版本（0 是自带内容）", Run: l.takeBack},
	}
}

// Buttons are what the buttons below do.
func (l *Library) Buttons() []desk.Button {
	return []desk.Button{
		{Name: "attach", Role: desk.Staff, Do: l.pressAttach},
		{Name: "newentry", Role: desk.Staff, Do: l.pressNew},
		{Name: "takeover", Role: desk.Editor, Do: l.pressTakeOver},
		{Name: "entries", Role: desk.Staff, Do: l.pressEntries},
		{Name: "dismiss", Role: desk.Editor, Do: l.pressDismiss},
		{Name: "undraft", Role: desk.Editor, Do: l.pressUndraft},
	}
}

func said(text string) (channel.Message, error) { return channel.Message{Text: text}, nil }

const shownTexts = 3 // of a group

// showMisses is /misses.
func (l *Library) showMisses(ctx context.Context, j desk.Job) (channel.Message, error) {
	days := missDays
	if text := strings.TrimSuffix(strings.TrimSpace(j.Text), "天"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 180 {
			return said("请写天数，1到180：/misses 30")
		}
		days = n
	}
	list, err := l.Misses(ctx, days)
	if err != nil {
		return channel.Message{}, err
	}
	if len(list) == 0 {
		return said(fmt.Sprintf("近%d天没有需要处理的问题。", days))
	}
	m := channel.Message{Text: fmt.Sprintf("近%d天没答上来，或者答了没帮上的问题：", days)}
	for i, g := range list {
		m.Text += fmt.Sprintf("\n\n%d. 共%d次，最近 %s", i+1, g.Count, g.Last.In(desk.Shanghai).Format("1月2日 15:04"))
		if g.Name != "" {
			m.Text += "，话题：" + g.Name
		}
		for _, t := range g.Texts[:min(len(g.Texts), shownTexts)] {
			m.Text += "\n　“" + t + "”"
		}
		if more := len(g.Texts) - shownTexts; more > 0 {
			m.Text += fmt.Sprintf("\n　等%d种问法", len(g.Texts))
		}
		for _, c := range l.choices(g, fmt.Sprintf("%d ", i+1)) {
			c.Control = i%2 == 1 // those of one group stand apart from the next
			m.Choices = append(m.Choices, c)
		}
	}
	return m, nil
}

// choices are what can be done about a group.
func (l *Library) choices(g *Group, prefix string) (out []channel.Choice) {
	if g.Near != "" {
		out = append(out, channel.Choice{Token: "attach:" + g.ID + "/" + g.Near, Label: prefix + "加到《" + g.Title + "》"})
	}
	out = append(out, channel.Choice{Token: "entries:" + g.ID, Label: prefix + "选别的条目"}, channel.Choice{Token: "newentry:" + g.ID, Label: prefix + "做成新条目"})
	if g.Topic != "" {
		out = append(out, channel.Choice{Token: "takeover:" + g.ID, Label: prefix + "新条目，以后回答“" + g.Name + "”"})
	}
	return append(out, channel.Choice{Token: "dismiss:" + g.ID, Label: prefix + "忽略"})
}

// teach is /teach: the question of the ticket, and what the staff answered.
func (l *Library) teach(c *desk.Call) error {
	k, err := c.Ticket()
	if err != nil {
		return err
	}
	if k == nil {
		return c.Reply("请在客户的话题里发 /teach。")
	}
	question, answer := strings.TrimSpace(c.Act.Text), strings.TrimSpace(c.Act.Quoted)
	if question == "" {
		question = k.Question
	}
	if answer == "" {
		lines, err := c.Tx.Lines(k.Peer, taughtLines)
		if err != nil {
			return err
		}
		for _, line := range slices.Backward(lines) {
			if line.From == "staff" && len([]rune(line.Text)) >= shortestAnswer {
				answer = line.Text
				break
			}
		}
	}
	switch {
	case question == "":
		return c.Reply("没有看到客户的问题，请写出来：/teach 问题。")
	case answer == "":
		return c.Reply("还没有给客户的回答：先在话题里回答客户，或者回复那条回答再发 /teach。")
	}
	g := &Group{ID: "t" + c.Act.ID, Texts: []string{l.Mask(cutRunes(question, longest))}, Count: 1, First: c.Tx.Now(), Last: c.Tx.Now(), Answer: l.Mask(answer)}
	if err := l.near(context.Background(), g); err != nil { // in memory, and quick
		return err
	}
	if err := put(c.Tx.Store(), groups, store.Key{}.Str(g.ID), g); err != nil {
		return err
	}
	return c.Reply("要教的问题：“"+g.Texts[0]+"”\n回答："+g.Answer+"\n请选怎么处理（个人信息已隐去）：", l.choices(g, "")...)
}

const (
	taughtLines    = 100
	shortestAnswer = 6 // runes; 您好 teaches nothing
)

func cutRunes(s string, n int) string {
	if r := []rune(strings.Join(strings.Fields(s), " ")); len(r) > n {
		return string(r[:n])
	}
	return strings.Join(strings.Fields(s), " ")
}

// of returns the group of a button; a reply was owed if it is nil.
func (l *Library) of(c *desk.Call, id string) (*Group, error) {
	g, err := get[Group](c.Tx.Store(), groups, store.Key{}.Str(id))
	if g == nil && err == nil {
		return nil, c.Alert("这组问题已经处理过了。")
	}
	return g, err
}

// done ends the work on a group with a draft, which gets its questions.
func (l *Library) done(c *desk.Call, g *Group, d *Draft) error {
	if d.Phrasings = g.phrasings(); len(d.Phrasings) == 0 {
		return c.Alert("隐去个人信息后没有剩下能用的问法。")
	}
	if d.Entry == "" {
		d.Title = d.Phrasings[0]
	}
	d.Author, d.Name = c.Act.Staff, c.Act.Name
	if err := l.draft(c.Tx.Store(), d); err != nil {
		return err
	}
	if err := errors.Join(l.settle(c.Tx.Store(), g), groups.Delete(c.Tx.Store(), store.Key{}.Str(g.ID)), c.Audit("draft", fmt.Sprint(d.N), g.Texts[0])); err != nil {
		return err
	}
	if err := c.Reply(fmt.Sprintf("已存为草稿%d。", d.N)); err != nil {
		return err
	}
	return c.Say(fmt.Sprintf("draft-%d", d.N), l.draftText(d))
}

// pressAttach makes the questions of a group phrasings of a part.
func (l *Library) pressAttach(c *desk.Call, arg string) error {
	id, part, _ := strings.Cut(arg, "/")
	g, err := l.of(c, id)
	if g == nil || err != nil {
		return err
	}
	if !strings.Contains(part, "/") {
		part += "/" + string(kb.MainPart)
	}
	return l.done(c, g, &Draft{Entry: part})
}

func (l *Library) pressNew(c *desk.Call, id string) error { return l.newEntry(c, id, false) }

func (l *Library) pressTakeOver(c *desk.Call, id string) error { return l.newEntry(c, id, true) }

// newEntry makes a new entry of a group.
func (l *Library) newEntry(c *desk.Call, id string, takeOver bool) error {
	g, err := l.of(c, id)
	if g == nil || err != nil {
		return err
	}
	d := &Draft{Answer: g.Answer}
	if takeOver {
		d.Topic = g.Topic
	}
	return l.done(c, g, d)
}

// pressEntries shows all entries to choose from.
func (l *Library) pressEntries(c *desk.Call, id string) error {
	g, err := l.of(c, id)
	if g == nil || err != nil {
		return err
	}
	var choices []channel.Choice
	for _, e := range l.Live.Content().Entries {
		choices = append(choices, channel.Choice{Token: "attach:" + g.ID + "/" + string(e.ID), Label: string(e.ID) + " " + e.Main().Title})
	}
	if err := c.Reply("请选条目。"); err != nil {
		return err
	}
	return c.Say("entries-"+c.Act.ID, "“"+g.Texts[0]+"”加到哪个条目？", choices...)
}

func (l *Library) pressDismiss(c *desk.Call, id string) error {
	g, err := l.of(c, id)
	if g == nil || err != nil {
		return err
	}
	if err := errors.Join(l.settle(c.Tx.Store(), g), groups.Delete(c.Tx.Store(), store.Key{}.Str(id)), c.Audit("dismiss", "", g.Texts[0])); err != nil {
		return err
	}
	return c.Reply("已忽略，这些问法不再出现。")
}

// draftText shows a draft.
func (l *Library) draftText(d *Draft) string {
	if d.Entry != "" {
		return fmt.Sprintf("草稿%d（%s）：给《%s》加问法\n%s", d.N, d.Name, l.titleOf(d.Entry), strings.Join(d.Phrasings, "\n"))
	}
	text := fmt.Sprintf("草稿%d（%s）：新条目\n标题：%s\n问法：%s", d.N, d.Name, d.Title, strings.Join(d.Phrasings, "；"))
	if d.Topic != "" {
		text += "\n发布后回答这个话题（现在不回答）"
	}
	if d.Answer == "" {
		return text + fmt.Sprintf("\n还没有答案，请发：/draft %d 答案 文字", d.N)
	}
	return text + "\n答案：" + d.Answer
}

func (l *Library) titleOf(part string) string {
	id, name, _ := strings.Cut(part, "/")
	e := l.Live.Content().Entry(kb.EntryID(id))
	if e == nil {
		return part
	}
	if p := e.Part(kb.PartID(name)); p != nil {
		return p.Title
	}
	return e.Title
}

// listDrafts is /drafts.
func (l *Library) listDrafts(c *desk.Call) error {
	list, err := openDrafts(c.Tx.Store())
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return c.Reply("没有草稿。/misses 看没答上来的问题，或者在客户的话题里发 /teach。")
	}
	var texts []string
	var choices []channel.Choice
	for _, d := range list {
		texts = append(texts, l.draftText(d))
		choices = append(choices, channel.Choice{Token: fmt.Sprintf("undraft:%d", d.N), Label: fmt.Sprintf("删除草稿%d", d.N)})
	}
	return c.Reply(strings.Join(texts, "\n\n")+"\n\n发布：/publish；先试跑：/check；试问：/try 问题。", choices[:min(len(choices), 20)]...)
}

// editDraft is /draft.
func (l *Library) editDraft(c *desk.Call) error {
	f := strings.SplitN(strings.TrimSpace(c.Act.Text), " ", 3)
	n, err := strconv.ParseUint(f[0], 10, 64)
	if err != nil {
		return c.Reply("请这样写：/draft 编号 答案 文字。/drafts 看有哪些草稿。")
	}
	d, err := l.open(c, n)
	if d == nil || err != nil {
		return err
	}
	if len(f) == 1 {
		return c.Reply(l.draftText(d))
	}
	if f[1] == "删除" {
		return l.pressUndraft(c, f[0])
	}
	if len(f) < 3 || strings.TrimSpace(f[2]) == "" {
		return c.Reply("请写文字：/draft " + f[0] + " " + f[1] + " 文字。")
	}
	text := l.Mask(strings.TrimSpace(f[2]))
	switch {
	case f[1] == "问法":
		d.Phrasings = append(d.Phrasings, cutRunes(text, longest))
	case f[1] == "标题" && d.Entry == "":
		d.Title = cutRunes(text, longest)
	case f[1] == "答案" && d.Entry == "":
		d.Answer = text
	default:
		return c.Reply("可以改：答案、标题（新条目），问法，删除。")
	}
	if err := errors.Join(put(c.Tx.Store(), drafts, store.Key{}.Uint(n), d), c.Audit("draft", f[0], f[1]+" "+text)); err != nil {
		return err
	}
	return c.Reply(l.draftText(d))
}

// open is a draft that is not published; a reply was owed if it is nil.
func (l *Library) open(c *desk.Call, n uint64) (*Draft, error) {
	list, err := openDrafts(c.Tx.Store())
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(list, func(d *Draft) bool { return d.N == n }); i >= 0 {
		return list[i], nil
	}
	return nil, c.Reply("没有这个草稿，或者已经发布了。/drafts 看有哪些。")
}

func (l *Library) pressUndraft(c *desk.Call, arg string) error {
	n, _ := strconv.ParseUint(arg, 10, 64)
	d, err := l.open(c, n)
	if d == nil || err != nil {
		return err
	}
	if err := errors.Join(drafts.Delete(c.Tx.Store(), store.Key{}.Uint(n)), c.Audit("undraft", arg, "")); err != nil {
		return err
	}
	return c.Reply("已删除草稿" + arg + "。")
}

// publish is /publish and /check.
func (l *Library) publish(ctx context.Context, j desk.Job) (channel.Message, error) {
	by := Publisher{ID: j.Staff, Name: j.Name, Job: j.ID, DryRun: j.Command == "check", Force: strings.TrimSpace(j.Text) == "强制", Tell: j.Tell}
	var refused *ContentError
	if by.Force && j.Role < desk.Owner {
		return said("只有管理员可以强制发布。")
	}
	r, err := l.Publish(ctx, by)
	switch {
	case errors.Is(err, ErrNothing):
		return said("没有可以发布的草稿。" + lines("", r.Report.Left))
	case errors.As(err, &refused):
		return said(refusedText(refused))
	case errors.Is(err, ErrFourEyes):
		return said("这些草稿都是您写的，请另一位编辑来发布。")
	case errors.Is(err, ErrChanged):
		return said("草稿或版本刚刚有变化，没有发布。请再发一次 /publish。")
	case errors.Is(err, ErrBelow):
		return said("没有发布：测试没有通过。\n" + r.Report.text())
	case err != nil && r == nil:
		return channel.Message{}, err
	case by.DryRun:
		return said("试跑完成，没有发布。\n" + r.Report.text())
	}
	return said(fmt.Sprintf("已发布版本%d，现在起按它回答。要退回，请发 /rollback 版本号（/releases 看版本）。\n%s", r.N, r.Report.text()))
}

// listReleases is /releases.
func (l *Library) listReleases(c *desk.Call) error {
	tx := c.Tx.Store()
	list, err := all[Release](tx, releases)
	if err != nil {
		return err
	}
	v, err := inForce(tx)
	if err != nil {
		return err
	}
	mark := func(n uint64) string {
		if n == v.Release {
			return " ← 现在"
		}
		return ""
	}
	text := "版本："
	for _, r := range slices.Backward(list) {
		text += fmt.Sprintf("\n%d  %s  %s  %s 草稿%d个%s%s", r.N, r.At.In(desk.Shanghai).Format("1月2日 15:04"), r.Name, r.Hash[:8], len(r.Drafts), r.Note, mark(r.N))
	}
	text += "\n0  自带内容" + mark(0)
	if r, err := get[Release](tx, releases, store.Key{}.Uint(v.Release)); err != nil {
		return err
	} else if r != nil {
		if now, err := l.shippedSum(); err != nil || now != r.Shipped {
			text += "\n自带内容在那以后更新过：发布一次草稿，就会合并进来。"
		}
	}
	return c.Reply(text)
}

// takeBack is /rollback.
func (l *Library) takeBack(c *desk.Call) error {
	n, err := strconv.ParseUint(strings.TrimSpace(c.Act.Text), 10, 64)
	if err != nil {
		return c.Reply("请写版本号：/rollback 版本号。/releases 看有哪些。")
	}
	if err := rollback(c.Tx.Store(), n); errors.Is(err, ErrNoRelease) {
		return c.Reply("没有这个版本。/releases 看有哪些。")
	} else if err != nil {
		return err
	}
	if err := c.Audit("rollback", fmt.Sprint(n), ""); err != nil {
		return err
	}
	c.Then(l.wake)
	return c.Reply(fmt.Sprintf("已退回版本%d，马上生效。之后发布的草稿又变回未发布，见 /drafts。", n))
}
