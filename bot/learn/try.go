package learn

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"signdesk/bot/channel"
	"signdesk/bot/desk"
	"signdesk/kb"
)

// try is /try.
func (l *Library) try(ctx context.Context, j desk.Job) (channel.Message, error) {
	if strings.TrimSpace(j.Text) == "" && j.Picture == nil {
		return said("请写问题：/try 问题")
	}
	b, err := l.Candidate(ctx)
	var refused *ContentError
	if errors.As(err, &refused) {
		return said(refusedText(refused))
	}
	if err != nil {
		return channel.Message{}, err
	}
	words, lead := j.Text, ""
	if j.Picture != nil && l.See != nil {
		seen, shown, err := l.See(ctx, b, j.Picture)
		if err != nil {
			return channel.Message{}, err
		}
		if seen != "" {
			words, lead = seen, "我看到的是：“"+shown+"”\n"
		}
	}
	if strings.TrimSpace(words) == "" {
		return said("这张图片里没有认出有关的文字，请打成字：/try 问题")
	}
	after, err := b.Decide(ctx, words)
	if err != nil {
		return channel.Message{}, err
	}
	before, err := l.Live.Decide(ctx, words)
	if err != nil {
		return channel.Message{}, err
	}
	return said(lead + "现在：" + told(before) + "\n发布草稿后：" + told(after))
}

// preview is /preview.
func (l *Library) preview(c *desk.Call) error {
	link := ""
	if l.Preview != nil {
		link = l.Preview()
	}
	if link == "" {
		return c.Reply("还没有配置网页地址（SIGNDESK_PUBLIC），请用 /try 问题 来试。")
	}
	if err := c.Audit("preview", "", ""); err != nil {
		return err
	}
	return c.Reply("用这个链接试用草稿，两小时内有效，请不要发给客户：\n" + link)
}

// told is a decision in a few words.
func told(d kb.Decision) string {
	switch {
	case d.Kind == kb.Answer:
		p := d.Hits[0].Part()
		return "《" + p.Title + "》" + p.Short
	case d.Kind == kb.Choices:
		var titles []string
		for i := range d.Hits {
			titles = append(titles, "《"+d.Hits[i].Part().Title+"》")
		}
		return "请客户选 " + strings.Join(titles, " ")
	case d.Kind == kb.Smalltalk:
		return "寒暄"
	case d.Topic != nil:
		return "不回答（话题“" + d.Topic.Name + "”）"
	}
	return "不知道"
}

func refusedText(e *ContentError) string {
	return "草稿里有内容不合规，不能发布，请用 /draft 修改：\n" + e.Err.Error()
}

const reportLines = 8

// text shows a report.
func (r *Report) text() string {
	text := fmt.Sprintf("%d道测试题（每题1分）：得%.1f分，原来%.1f分；变好%d道，变差%d道。", r.Asked, r.Right, r.Before, len(r.Better), len(r.Worse))
	return text + lines("变差：", changes(r.Worse)) + lines("变好：", changes(r.Better)) + lines("没有达到下限：", r.Below) + lines("没有放进去：", r.Left)
}

func changes(list []Change) (out []string) {
	for _, c := range list[:min(len(list), reportLines)] {
		what := fmt.Sprintf("原来%s，现在%s", c.Before, c.After)
		if c.Before == c.After {
			what = "首选没变，答到的细节变了"
		}
		out = append(out, fmt.Sprintf("“%s” 应为%s：%s", short(c.Question), c.Want, what))
	}
	if more := len(list) - reportLines; more > 0 {
		out = append(out, fmt.Sprintf("……还有%d道", more))
	}
	return out
}

// short is a question as a report quotes it.
func short(question string) string {
	const most = 30
	if q := cutRunes(question, most); len(q) < len(cutRunes(question, most+1)) {
		return q + "…"
	}
	return cutRunes(question, most)
}

func lines(head string, list []string) string {
	if len(list) == 0 {
		return ""
	}
	if head != "" {
		head = "\n" + head
	}
	return head + "\n· " + strings.Join(list, "\n· ")
}
