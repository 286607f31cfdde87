package bot

import (
	"fmt"
	"strings"

	"signdesk/kb"
)

// Text renders a reply as plain text, as a chat without buttons shows it.
func (r Reply) Text() string {
	var b strings.Builder
	if r.Message != "" {
		fmt.Fprintf(&b, "看到了，您遇到的提示是「%s」。\n", r.Message)
	}
	if r.Lead != "" {
		b.WriteString(r.Lead + "\n")
	}
	if r.Answer != nil {
		r.Answer.write(&b)
	}
	for _, o := range r.More {
		fmt.Fprintf(&b, "\n【%s】%s\n", o.Title, o.Short)
	}
	r.writeAlso(&b)
	if len(r.Others) > 0 {
		b.WriteString("\n还可以问我：" + titles(r.Others) + "\n")
	}
	if r.Contact != "" {
		b.WriteString(r.Contact + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

func (s *Section) write(b *strings.Builder) {
	fmt.Fprintf(b, "【%s】\n%s\n", s.Title, s.Short)
	if s.Where != "" {
		b.WriteString("（" + s.Where + "）\n")
	}
	if s.Cause != "" {
		b.WriteString("原因：" + s.Cause + "\n")
	}
	for i, step := range s.Steps {
		fmt.Fprintf(b, "%d. %s\n", i+1, step)
	}
	for _, note := range s.Notes {
		b.WriteString("· " + note + "\n")
	}
}

// writeAlso lists other entries, numbered from 1.
func (r Reply) writeAlso(b *strings.Builder) {
	if len(r.Also) == 0 {
		return
	}
	switch r.Kind {
	case kb.Answer:
		b.WriteString("\n如果您的情况是下面这样，请回复序号：\n")
	case kb.Choices:
		if len(r.Also) > 1 {
			b.WriteString("请回复序号：\n")
		}
	case kb.None:
		b.WriteString("离您的问题最近的是：\n")
	}
	for i, o := range r.Also {
		fmt.Fprintf(b, "%d. %s", i+1, o.Title)
		if o.Short != "" && r.Kind != kb.None {
			b.WriteString("：" + o.Short)
		}
		b.WriteByte('\n')
	}
}

func titles(list []Option) string {
	names := make([]string, len(list))
	for i, o := range list {
		names[i] = o.Title
	}
	return strings.Join(names, "；")
}
