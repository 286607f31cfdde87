package desk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"signdesk/data/store"
)

// A Role is what a member of the staff may do. Each may do what those before it
// may.
type Role int

// The roles.
const (
	Nobody   Role = iota
	Reader        // look
	Staff         // talk to people
	Reviewer      // decide reviews
	Editor        // change texts
	Owner         // grant roles, read the audit
)

var roleNames = map[Role]string{Nobody: "无", Reader: "只读", Staff: "客服", Reviewer: "审核", Editor: "编辑", Owner: "管理员"}

// String is the role's name as the staff know it.
func (r Role) String() string { return roleNames[r] }

// roleNamed finds a role; English names count too.
func roleNamed(name string) (Role, bool) {
	english := map[string]Role{"none": Nobody, "reader": Reader, "staff": Staff, "reviewer": Reviewer, "editor": Editor, "owner": Owner}
	if r, ok := english[strings.ToLower(name)]; ok {
		return r, true
	}
	for r, n := range roleNames {
		if n == name {
			return r, true
		}
	}
	return Nobody, false
}

// role is what somebody may do, and by which name the others know him; "" if he was
// given none.
func (d *Desk) role(tx Tx, staff string) (r Role, name string, err error) {
	m, err := get[member](tx, members, store.Key{}.Str(staff))
	if m != nil {
		r, name = m.Role, m.Name
	}
	if slices.Contains(d.Owners, staff) {
		r = Owner
	}
	return r, name, err
}

// grant is /role: it lists the staff, or changes a role.
func (d *Desk) grant(c *Call) error {
	args := strings.Fields(c.Act.Text)
	if len(args) == 0 {
		return d.listStaff(c)
	}
	if len(args) < 2 {
		return c.Reply("请这样写：/role 编号 角色 名字，例如 /role 7001 客服 小李。角色有：只读、客服、审核、编辑、管理员、无。")
	}
	id, name := args[0], strings.Join(args[2:], " ")
	role, ok := roleNamed(args[1])
	switch {
	case !ok:
		return c.Reply(fmt.Sprintf("没有“%s”这个角色。角色有：只读、客服、审核、编辑、管理员、无。", args[1]))
	case slices.Contains(d.Owners, id):
		return c.Reply("这位管理员是在配置里指定的，请在配置里修改。")
	case strings.Trim(id, "0123456789") != "":
		return c.Reply("编号是一串数字：对方随便发一条命令，机器人就会告诉他自己的编号。")
	}
	key := store.Key{}.Str(id)
	old, err := get[member](c.Tx, members, key)
	if err != nil {
		return err
	}
	if old != nil {
		name = cmp.Or(name, old.Name)
	}
	if err := c.Audit("role", id, role.String()); err != nil {
		return err
	}
	if role == Nobody {
		if err := members.Delete(c.Tx.Store(), key); err != nil {
			return err
		}
		return c.Reply(fmt.Sprintf("已取消 %s 的权限。", cmp.Or(name, id)))
	}
	if err := put(c.Tx, members, key, &member{ID: id, Name: name, Role: role, By: c.Act.Staff, At: c.Tx.Now()}); err != nil {
		return err
	}
	return c.Reply(fmt.Sprintf("%s 现在是%s。", cmp.Or(name, id), role))
}

func (d *Desk) listStaff(c *Call) error {
	text := "现在的人员："
	for _, id := range d.Owners {
		text += fmt.Sprintf("\n%s  管理员（配置）", id)
	}
	for _, raw := range c.Tx.Store().Scan(members.Name, store.Range{}) {
		m, err := decode[member](raw)
		if err != nil {
			return err
		}
		text += fmt.Sprintf("\n%s  %s  %s", m.ID, m.Role, m.Name)
	}
	return c.Reply(text)
}

const auditLines = 20

// readAudit is /audit: what was done last.
func (d *Desk) readAudit(c *Call) error {
	text := "最近的操作："
	for _, raw := range c.Tx.Store().Scan(events.Name, store.Range{Reverse: true, Limit: auditLines}) {
		e, err := decode[event](raw)
		if err != nil {
			return err
		}
		on, err := d.called(c.Tx, e.On)
		if err != nil {
			return err
		}
		text += "\n" + strings.Join(slices.DeleteFunc([]string{clock(e.At), cmp.Or(e.Name, e.Staff), cmp.Or(didNames[e.Did], "/"+e.Did), on, cut(e.Detail, 60)},
			func(s string) bool { return s == "" }), "  ")
	}
	return c.Reply(text)
}

// called is what an act was on, as the staff know it.
func (d *Desk) called(tx Tx, on string) (string, error) {
	w, err := get[work](tx, works, store.Key{}.Str(on))
	if err != nil {
		return "", err
	}
	if w != nil {
		return cut(w.Title, 24), nil
	}
	r, err := get[reviewing](tx, reviews, store.Key{}.Str(on))
	if err != nil || r == nil {
		return on, err
	}
	title, _, _ := strings.Cut(r.Text, "\n")
	return title, nil
}

// didNames are the acts of the audit in words.
var didNames = map[string]string{"role": "授权", "claim": "接单", "say": "回复", "note": "备注", "free": "交还机器人", "close": "结束", "reopen": "再次联系",
	"tag": "标签", "canned": "常用语", "pass": "通过", "reject": "驳回", "transcript": "导出对话", "find": "查找", "history": "看记录",
	"misses": "看没答上的问题", "try": "试问", "ask": "查知识库", "preview": "网页试用", "check": "试跑", "publish": "发布", "stats": "看统计",
	"draft": "写草稿", "undraft": "删草稿", "dismiss": "忽略问题", "rollback": "退回版本"}
