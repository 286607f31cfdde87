package webhook

import (
	"slices"
	"strings"
	"unicode/utf8"

	"signdesk/bot"
	"signdesk/kb"
	sheets "signdesk/webhook/pages"
)

const (
	helpRoot      = "/help"
	helpRootTitle = "帮助中心"
)

const (
	// helpMessageMax is the longest on-screen message, in runes, that stands on
	// the start page; longer ones are instructions rather than messages.
	helpMessageMax = 34
	// helpHeadingMax bounds how much of a query stands in a heading, in runes.
	helpHeadingMax = 40
)

// helpPath is the address of a part; the first part's is that of its entry.
func helpPath(p *kb.Part) string {
	if p == p.Entry.Main() {
		return helpRoot + "/" + string(p.Entry.ID)
	}
	return helpRoot + "/" + string(p.Entry.ID) + "/" + string(p.ID)
}

// helpMessage is an on-screen message as people read it: what varies
// is left out.
func helpMessage(s string) string {
	for {
		from := strings.IndexByte(s, '<')
		to := strings.IndexByte(s, '>')
		if from < 0 || to < from {
			return s
		}
		s = s[:from] + "…" + s[to+1:]
	}
}

func helpItem(e *kb.Entry) sheets.Item {
	return sheets.Item{Href: helpPath(e.Main()), No: string(e.ID), Title: e.Title, Note: e.Condition}
}

func helpHome(p sheets.Page, content *kb.Content) sheets.Home {
	out := sheets.Home{Page: p}
	for _, name := range kb.Categories {
		g := sheets.Group{Name: name}
		for _, e := range content.Entries {
			if e.Category == name {
				g.Items = append(g.Items, helpItem(e))
			}
		}
		if len(g.Items) > 0 {
			out.Groups = append(out.Groups, g)
		}
	}
	for _, e := range content.Entries {
		if m := e.Main().Errors; len(m) > 0 && utf8.RuneCountInString(m[0]) <= helpMessageMax {
			out.Messages = append(out.Messages, sheets.Link{Href: helpPath(e.Main()), Title: helpMessage(m[0])})
		}
	}
	return out
}

// helpArticle is the page of a part: of an entry with all that it tells, or of
// one detail of it.
func helpArticle(p sheets.Page, content *kb.Content, part *kb.Part) sheets.Article {
	e := part.Entry
	whole := part == e.Main()
	p.About, p.Widget = part.Short, strings.TrimPrefix(p.Path, "/")
	p.Crumbs = []sheets.Link{{Href: helpRoot, Title: helpRootTitle}}
	out := sheets.Article{No: string(e.ID), Heading: part.Title, Section: helpPart(part, p.Site.Hotline)}
	for _, m := range part.Errors {
		out.Messages = append(out.Messages, helpMessage(m))
	}
	if whole {
		out.Whole, out.Heading, out.Condition = true, e.Title, e.Condition
		out.Prev, out.Next = helpBeside(content.Entries, e, func(e *kb.Entry) sheets.Link {
			return sheets.Link{Href: helpPath(e.Main()), Title: e.Main().Title}
		})
	} else {
		p.Crumbs = append(p.Crumbs, sheets.Link{Href: helpPath(e.Main()), Title: e.Main().Title})
		out.Prev, out.Next = helpBeside(e.Parts, part, func(p *kb.Part) sheets.Link {
			return sheets.Link{Href: helpPath(p), Title: p.Title}
		})
	}
	for _, other := range e.Parts {
		if other != part && other != e.Main() {
			out.Parts = append(out.Parts, sheets.Detail{ID: string(other.ID), Href: helpPath(other), Title: other.Title, Short: other.Short, Steps: len(other.Steps)})
		}
	}
	for _, id := range e.SeeAlso {
		if also := content.Entry(id); also != nil {
			out.Also = append(out.Also, helpItem(also))
		}
	}
	p.Title = out.Heading
	out.Page = p
	return out
}

// helpBeside links to what stands before and after one in a list.
func helpBeside[T comparable](list []T, one T, link func(T) sheets.Link) (prev, next *sheets.Link) {
	at := slices.Index(list, one)
	if at > 0 {
		l := link(list[at-1])
		prev = &l
	}
	if at >= 0 && at+1 < len(list) {
		l := link(list[at+1])
		next = &l
	}
	return prev, next
}

// helpTold are flows that tell rather than do: where a contract or a review
// stands, and how to reach people.
var helpTold = []string{"F10", "F11", "F13"}

// helpPart is a part as the chat shows it.
func helpPart(p *kb.Part, hotline string) sheets.Section {
	s := helpSection(bot.ShowPart(p).Answer, hotline)
	s.Guided = len(p.Steps) > 0 && len(p.Flows) > 0 && !slices.Contains(helpTold, p.Flows[0])
	return s
}

func helpSection(a *bot.Section, hotline string) sheets.Section {
	return sheets.Section{
		Key: string(a.Entry) + "/" + string(a.Part), Title: a.Title, Short: a.Short, Where: a.Where, Cause: a.Cause,
		Steps: a.Steps, Notes: a.Notes, Hotline: hotline,
	}
}

// helpResults is the page of a reply: the answer first, or what to choose from,
// or that there is none.
func helpResults(p sheets.Page, r bot.Reply, content *kb.Content) sheets.Results {
	link := func(list []bot.Option) []sheets.Link {
		var out []sheets.Link
		for _, o := range list {
			if part := helpFind(content, o.Entry, o.Part); part != nil {
				out = append(out, sheets.Link{Href: helpPath(part), Title: o.Title, Note: o.Short})
			}
		}
		return out
	}
	out := sheets.Results{Message: helpMessage(r.Message), Lead: r.Lead, More: link(r.More), Others: link(r.Others), Also: link(r.Also)}
	switch r.Kind {
	case kb.Answer:
		s := helpSection(r.Answer, p.Site.Hotline)
		out.Answer, out.Heading, out.AlsoLead = &s, s.Title, "如果您的情况是下面这样"
		if part := helpFind(content, r.Answer.Entry, r.Answer.Part); part != nil {
			s.Guided = helpPart(part, "").Guided
			out.Whole = &sheets.Link{Href: helpPath(part), Title: "打开这一页，方便收藏和打印"}
			p.Widget = strings.TrimPrefix(helpPath(part), "/")
		}
	case kb.Choices:
		out.Heading, out.AlsoLead = "可能是下面这些情况", "请选最接近的一个"
	case kb.Smalltalk:
		out.Heading = "您好"
	default:
		out.Heading, out.Nothing, out.AlsoLead = "没有找到合适的答案", true, "离您的问题最近的是"
	}
	p.Title = "查找：" + helpShorten(p.Query)
	out.Page = p
	return out
}

func helpFind(content *kb.Content, entry kb.EntryID, part kb.PartID) *kb.Part {
	if e := content.Entry(entry); e != nil {
		return e.Part(part)
	}
	return nil
}

func helpShorten(q string) string {
	r := []rune(strings.Join(strings.Fields(q), " "))
	if len(r) > helpHeadingMax {
		return string(r[:helpHeadingMax]) + "…"
	}
	return string(r)
}
