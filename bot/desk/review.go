package desk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"signdesk/bot/channel"
	"signdesk/data/store"
)

// Reviews are decisions about letters and certifications.
type Reviews interface {
	// Open returns those that wait.
	Open(ctx context.Context) ([]Review, error)
	// Picture is what is to be looked at; nil if there is none.
	Picture(ctx context.Context, id string) ([]byte, error)
	// Decide decides one, in the caller's transaction, by the act of that id. refused
	// tells why it could not be decided; "" if it was. An error may be a question
	// that is answered outside of the transaction; then the act is done again.
	Decide(tx store.Tx, act, id string, pass bool, reason, staff string) (refused string, err error)
}

// A Review waits for a decision.
type Review struct {
	ID    string
	Title string
	Lines []string // what was read from it, without personal data in full
	Due   time.Time
}

const (
	reviewTopic = "reviews"
	reviewTitle = "审核"
	warnAhead   = 2 * time.Hour // of the staff's working time, before a review is due
)

// commonReasons are what most rejections are for.
var commonReasons = []string{"图片不清晰，请重新拍照上传", "未加盖公章，或公章不清晰", "授权书内容与提交的信息不一致", "证件已过期", "公司名称与营业执照不一致"}

// watchReviews posts what is new, warns of what is due soon, and closes the cards
// of what was decided elsewhere.
func (d *Desk) watchReviews(ctx context.Context) error {
	if d.Reviews == nil {
		return nil
	}
	open, err := d.Reviews.Open(ctx)
	if err != nil {
		return err
	}
	known := make(map[string]*reviewing)
	err = d.Talks.Look(ctx, func(tx Tx) error {
		for _, raw := range tx.Store().Scan(reviews.Name, store.Range{}) {
			r, err := decode[reviewing](raw)
			if err != nil {
				return err
			}
			known[r.ID] = r
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, q := range open {
		if err := d.watchReview(ctx, q, known[q.ID]); err != nil {
			return err
		}
		delete(known, q.ID)
	}
	for id, r := range known {
		if r.Done {
			continue
		}
		err := d.Talks.Work(ctx, func(tx Tx) error {
			r, err := get[reviewing](tx, reviews, store.Key{}.Str(id))
			if err != nil || r == nil || r.Done {
				return err
			}
			r.Done, r.Outcome = true, "已在别处处理"
			return d.reviewCard(tx, r)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) watchReview(ctx context.Context, q Review, known *reviewing) error {
	now := d.Now()
	soon := now.Before(q.Due) && d.Served(now, q.Due) <= warnAhead || !now.Before(q.Due)
	if known != nil && (known.Warned || !soon) {
		return nil
	}
	var picture []byte
	if known == nil {
		var err error
		if picture, err = d.Reviews.Picture(ctx, q.ID); err != nil {
			return err
		}
	}
	return d.Talks.Work(ctx, func(tx Tx) error {
		r, err := get[reviewing](tx, reviews, store.Key{}.Str(q.ID))
		if err != nil {
			return err
		}
		if r == nil {
			r = &reviewing{ID: q.ID, Board: d.boardOf("review " + q.ID), Due: q.Due, Text: strings.Join(append([]string{q.Title}, q.Lines...), "\n")}
			if picture != nil {
				m := channel.Message{Text: q.Title, Image: picture, Post: &channel.Post{Topic: reviewTopic, Title: reviewTitle}}
				if err := tx.Owe("rp-"+q.ID, r.Board, m); err != nil {
					return err
				}
			}
		}
		if soon && !r.Warned && !r.Done {
			r.Warned = true
			text := "⏰ 快到审核时限（" + clock(q.Due) + "）：" + q.Title
			if err := tx.Owe("rw-"+q.ID, r.Board, channel.Message{Text: text, Post: &channel.Post{}}); err != nil {
				return err
			}
		}
		return d.reviewCard(tx, r)
	})
}

// reviewCard brings the card of a review up to date, and saves it.
func (d *Desk) reviewCard(tx Tx, r *reviewing) error {
	m := channel.Message{Text: "🔎 待审核 · " + r.Text + "\n最晚 " + clock(r.Due), Post: &channel.Post{Card: "r/" + r.ID, Topic: reviewTopic, Title: reviewTitle}}
	switch {
	case r.Done:
		m.Text = "✅ 已审核 · " + r.Text + "\n" + cmp.Or(r.Outcome, "已处理")
	case r.Asked != "":
		m.Text += "\n请选驳回理由，或者回复本条消息写明理由："
		for i, reason := range commonReasons {
			m.Choices = append(m.Choices, channel.Choice{Token: "why:" + r.ID + "/" + strconv.Itoa(i), Label: reason})
		}
		m.Choices = append(m.Choices, channel.Choice{Token: "keep:" + r.ID, Label: "不驳回了", Control: true})
	default:
		m.Choices = []channel.Choice{{Token: "pass:" + r.ID, Label: "通过"}, {Token: "reject:" + r.ID, Label: "驳回"}}
	}
	if err := tx.Replace("rc-"+r.ID, r.Board, m); err != nil {
		return err
	}
	return put(tx, reviews, store.Key{}.Str(r.ID), r)
}

// undecided is a review that can be decided; a reply was owed if it is nil.
func (d *Desk) undecided(c *Call, id string) (*reviewing, error) {
	r, err := get[reviewing](c.Tx, reviews, store.Key{}.Str(id))
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, c.Alert("这项审核不在了。")
	}
	if r.Done {
		return nil, c.Alert(cmp.Or(r.Outcome, "已经处理过了") + "。")
	}
	return r, nil
}

func (d *Desk) pressPass(c *Call, id string) error { return d.decide(c, id, true, "") }

// pressReject asks for the reason.
func (d *Desk) pressReject(c *Call, id string) error {
	r, err := d.undecided(c, id)
	if r == nil || err != nil {
		return err
	}
	r.Asked = c.Act.Staff
	if err := c.Reply("请选驳回理由。"); err != nil {
		return err
	}
	return d.reviewCard(c.Tx, r)
}

// pressKeep takes the question for the reason back.
func (d *Desk) pressKeep(c *Call, id string) error {
	r, err := d.undecided(c, id)
	if r == nil || err != nil {
		return err
	}
	r.Asked = ""
	if err := c.Reply("好的。"); err != nil {
		return err
	}
	return d.reviewCard(c.Tx, r)
}

func (d *Desk) pressWhy(c *Call, arg string) error {
	id, n, _ := strings.Cut(arg, "/")
	i, err := strconv.Atoi(n)
	if err != nil || i < 0 || i >= len(commonReasons) {
		return c.Reply("这个按钮已失效，请用最新的消息操作。")
	}
	return d.decide(c, id, false, commonReasons[i])
}

// reasonTyped takes a reply to the card of a review as the reason.
func (d *Desk) reasonTyped(c *Call, id string) error {
	if c.Role < Reviewer {
		return c.Reply(d.denied(c, Reviewer))
	}
	r, err := d.undecided(c, id)
	if r == nil || err != nil {
		return err
	}
	if r.Asked == "" {
		return c.Reply("要驳回请先按“驳回”，再回复理由；现在还没有处理。")
	}
	return d.decide(c, id, false, cut(c.Act.Text, 200))
}

// decide decides a review; who comes second is told who was first.
func (d *Desk) decide(c *Call, id string, pass bool, reason string) error {
	r, err := d.undecided(c, id)
	if r == nil || err != nil {
		return err
	}
	refused, err := d.Reviews.Decide(c.Tx.Store(), c.Act.ID, id, pass, reason, c.Act.Staff)
	if err != nil {
		return err
	}
	if refused != "" {
		r.Done, r.Outcome = true, refused
		if err := c.Alert(refused); err != nil {
			return err
		}
		return d.reviewCard(c.Tx, r)
	}
	did, word := "pass", "通过"
	if !pass {
		did, word = "reject", "驳回："+reason
	}
	r.Done, r.By, r.Outcome = true, c.Act.Staff, fmt.Sprintf("%s %s %s", cmp.Or(c.Act.Name, c.Act.Staff), clock(c.Tx.Now()), word)
	if err := c.Audit(did, id, reason); err != nil {
		return err
	}
	if err := c.Reply("已" + word); err != nil {
		return err
	}
	return d.reviewCard(c.Tx, r)
}

// listReviews is /reviews.
func (d *Desk) listReviews(c *Call) error {
	var open []*reviewing
	for _, raw := range c.Tx.Store().Scan(reviews.Name, store.Range{}) {
		r, err := decode[reviewing](raw)
		if err != nil {
			return err
		}
		if !r.Done {
			open = append(open, r)
		}
	}
	if len(open) == 0 {
		return c.Reply("没有待审核的事项。")
	}
	slices.SortFunc(open, func(a, b *reviewing) int { return a.Due.Compare(b.Due) })
	text := "待审核："
	for _, r := range open {
		title, _, _ := strings.Cut(r.Text, "\n")
		text += "\n" + title + "，最晚 " + clock(r.Due)
	}
	return c.Reply(text)
}
