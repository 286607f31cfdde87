// Package bot is the conversation: it turns what the knowledge base decided
// into a reply for a person, and the reply into text.
//
// It owns the wording of replies and knows no channel: adapters and pages
// render a [Reply] in their own way. Everything here is pure and safe for
// concurrent use.
package bot

import (
	"fmt"
	"strconv"
	"strings"

	"signdesk/kb"
)

// A Contact is where people find help beyond the assistant.
type Contact struct {
	Brand   string // name of the platform
	Hotline string
}

// A Reply is one answer to one utterance, in the order in which a person reads
// it. Empty fields are left out.
type Reply struct {
	Kind kb.Kind
	// Message is the on-screen message that was recognised.
	Message string
	// Answer is the part that fits best (Answer only).
	Answer *Section
	// More are further parts of the same entry in short: the answer to the
	// title if Answer is a detail, and a detail that is nearly as likely.
	More []Option
	// Others names what else the entry tells.
	Others []Option
	// Also are entries that could be meant instead (Answer), that the person
	// should choose from (Choices), or that are nearest (None).
	Also []Option
	// Lead is the first line of a reply that is no answer.
	Lead string
	// Contact closes a reply that is no answer.
	Contact string
}

// A Section is a part, ready to show.
type Section struct {
	Entry kb.EntryID
	Part  kb.PartID
	Title string
	Short string
	Cause string
	Steps []string
	Notes []string
	Where string // where it must be done, if not everywhere
}

// An Option is something that a person can pick.
type Option struct {
	Entry kb.EntryID
	Part  kb.PartID
	Title string
	Short string // the answer in short; may be empty

	token string // of the choice that shows it
}

// partSure is the probability from which a part stands for its entry in a list
// of entries; below it, the entry's first part does.
const partSure = 0.5

// detailSure is the probability of the best part below which the next best is
// shown in short as well.
const detailSure = 0.85

// Compose turns a decision into a reply.
func Compose(d kb.Decision, c Contact) Reply {
	r := Reply{Kind: d.Kind, Message: d.Message}
	switch d.Kind {
	case kb.Answer:
		hit := d.Hits[0]
		r.Answer = section(hit.Part())
		r.More = more(hit)
		r.Others = others(hit, r)
		r.Also = alternatives(d.Hits[1:])
	case kb.Choices:
		r.Lead = "您是不是想问下面哪一个？都不是的话，换个说法再问一次。"
		switch {
		case d.Unclear():
			r.Lead = d.Topic.Reply
		case d.Question != "":
			r.Lead = d.Question
		case len(d.Hits) == 1:
			r.Lead = "您是想问下面这个吗？是的话请回复1，不是的话，换个说法再问一次。"
		}
		r.Also = alternatives(d.Hits)
	case kb.Smalltalk:
		r.Message, r.Lead = "", d.Topic.Reply
	case kb.None:
		r.Message = ""
		if d.Outside != "" { // nor would our hotline help
			r.Lead = outsideLead(d.Outside, c)
			break
		}
		r.Lead = noneLead(d.Topic)
		r.Also = alternatives(d.Hits)
		r.Contact = contactLine(c)
	}
	return r
}

func noneLead(t *kb.Topic) string {
	const ask = "您可以把屏幕上的提示原文发给我，或者换个说法再问一次。"
	switch {
	case t != nil && t.Kind == kb.TopicUncovered:
		return "您问的像是「" + t.Name + "」，这方面我没有可靠的资料，不敢乱答。"
	case t != nil && t.Kind == kb.TopicOff:
		return "这个我帮不上忙，我只熟悉企业实名认证和合同签署。如果您在这上面遇到问题，把屏幕上的提示原文发给我就行。"
	}
	return "抱歉，这个问题我没有把握回答。" + ask
}

func outsideLead(name string, c Contact) string {
	return fmt.Sprintf("这是%s的问题，我只熟悉%s的企业认证和合同签署，不敢乱答。如果是在%[2]s上遇到的，把页面上的提示原文发给我就行。", name, c.Brand)
}

func contactLine(c Contact) string {
	return fmt.Sprintf("需要人工请拨打%s热线 %s（工作日 9:00-21:00，节假日 9:00-18:00）。", c.Brand, c.Hotline)
}

func section(p *kb.Part) *Section {
	s := &Section{
		Entry: p.Entry.ID, Part: p.ID, Title: p.Title, Short: p.Short, Steps: p.Steps, Notes: p.Notes, Where: where(p),
	}
	if p == p.Entry.Main() {
		s.Cause = p.Entry.Cause
	}
	return s
}

func where(p *kb.Part) string {
	var w []string
	switch p.Channel {
	case kb.ChannelPC:
		w = append(w, "请在电脑端操作")
	case kb.ChannelPhone:
		w = append(w, "请在手机上操作")
	}
	if len(p.MiniPrograms) > 0 {
		programs := "微信小程序「" + strings.Join(p.MiniPrograms, "」「") + "」"
		if p.Channel == kb.ChannelPC {
			return w[0] + "；其中" + programs + "在手机上打开"
		}
		w = append(w, programs)
	}
	return strings.Join(w, "，")
}

// more returns the parts of an entry to show in short below the best one.
func more(h kb.Hit) []Option {
	var out []Option
	best := h.Part()
	if len(h.Parts) > 1 && h.Parts[0].Sure < detailSure && h.Parts[1].Part != h.Entry.Main() {
		p := h.Parts[1].Part
		out = append(out, option(p, p.Title, p.Short))
	}
	if main := h.Entry.Main(); best != main {
		out = append(out, option(main, main.Title, main.Short))
	}
	return out
}

func option(p *kb.Part, title, short string) Option {
	return Option{Entry: p.Entry.ID, Part: p.ID, Title: title, Short: short, token: partToken(p.Entry.ID, p.ID)}
}

// maxOthers bounds the names of further parts, so that they fit on a phone.
const maxOthers = 6

// others names parts of the entry that the reply does not show: first those
// that were found, then in the order of the content.
func others(h kb.Hit, r Reply) []Option {
	shown := map[kb.PartID]bool{r.Answer.Part: true}
	for _, o := range r.More {
		shown[o.Part] = true
	}
	var out []Option
	add := func(p *kb.Part) {
		if !shown[p.ID] && len(out) < maxOthers {
			shown[p.ID] = true
			out = append(out, option(p, p.Title, ""))
		}
	}
	for _, p := range h.Parts {
		add(p.Part)
	}
	for _, p := range h.Entry.Parts {
		add(p)
	}
	return out
}

// alternatives presents entries by what tells them apart.
func alternatives(hits []kb.Hit) []Option {
	var out []Option
	for _, h := range hits {
		p := h.Part()
		if h.Parts[0].Sure < partSure {
			p = h.Entry.Main()
		}
		out = append(out, option(p, h.Entry.Condition, p.Short))
	}
	return out
}

// ShowPart is the reply to picking a part.
func ShowPart(p *kb.Part) Reply {
	h := kb.Hit{Entry: p.Entry, Parts: []kb.PartHit{{Part: p, Sure: 1}}, Sure: 1}
	return Compose(kb.Decision{Kind: kb.Answer, Hits: []kb.Hit{h}}, Contact{})
}

// Pick returns the option that text picks by its number (as shown) or its
// title.
func (r Reply) Pick(text string) (Option, bool) {
	text = strings.TrimSpace(text)
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(r.Also) {
		return r.Also[n-1], true
	}
	for _, list := range [][]Option{r.Also, r.More, r.Others} {
		for _, o := range list {
			if o.Title == text {
				return o, true
			}
		}
	}
	return Option{}, false
}

// notesInPassing bounds the notes of an answer in the middle of a flow.
const notesInPassing = 3

// inPassing is the reply in the middle of a flow, where numbers mean the
// options of the flow: nothing to pick, and what it may be in short.
func (r Reply) inPassing() Reply {
	if r.Kind == kb.Choices {
		var lines []string
		for _, o := range r.Also {
			lines = append(lines, "· "+o.Title+"："+o.Short)
		}
		r.Lead = "您问的可能是：\n" + strings.Join(lines, "\n")
	}
	if r.Answer != nil {
		brief := *r.Answer
		brief.Cause, brief.Steps, brief.Notes = "", nil, brief.Notes[:min(len(brief.Notes), notesInPassing)]
		r.Answer = &brief
	}
	r.Also, r.Others, r.More = nil, nil, nil
	return r
}
