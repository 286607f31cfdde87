package flows

import (
	"errors"
	"slices"
	"strings"

	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
)

var _ = add((*Flows).link)

// link is the page behind an approve link (section D0): whoever bears the link
// sees what is asked, and does the part of his role, and of no other. It belongs
// to conversations that were opened by such a link, and asks for no login.
func (f *Flows) link() actions.Flow {
	return actions.Flow{Name: "link", Revision: 1, Begin: f.openLink, Lapses: []actions.StepID{"contract", "invitation"}, Steps: slices.Concat(
		[]actions.Step{{ID: "page", Args: f.linkArgs, Next: actions.Decide(func(c *Context) actions.StepID {
			switch p := f.page(c); {
			case p == nil:
				return "closed"
			case p.Role == platform.RoleMainAdmin:
				return "decision"
			case p.InReview && p.Role == platform.RoleSealKeeper:
				return "review"
			}
			return "part"
		}, "closed", "decision", "review", "part")},
			{ID: "part", Call: &actions.Call{Flow: "proof", With: f.linkPart}, Next: actions.By("part", map[string]actions.StepID{
				"passed": "done", "review": "review", "failed": "failed", "switch": "stopped", "closed": "closed"})},
			{ID: "failed", Choose: actions.All, Skip: func(c *Context) bool { return f.page(c) == nil },
				Next: actions.Decide(func(c *Context) actions.StepID {
					switch {
					case f.page(c) == nil:
						return "closed"
					case c.Get("failed") == "stop":
						return "stopped"
					}
					return "part"
				}, "closed", "stopped", "part")},
		}, f.decisionSteps(), f.otherLinks(),
		[]actions.Step{
			{ID: "done", Ends: "done"},
			{ID: "review", Ends: "review"},
			{ID: "rejected", Ends: "rejected"},
			{ID: "stopped", Ends: "stopped"},
			{ID: "closed", Ends: "closed"},
		})}
}

// otherLinks are the steps behind links that are no request: of a contract to be
// signed, by who then says who he is; and of an invitation (R18.5).
func (f *Flows) otherLinks() []actions.Step {
	return []actions.Step{
		{ID: "contract", Args: f.contractArgs, Next: actions.To("signing")},
		{ID: "signing", Call: &actions.Call{Flow: "sign", With: func(c *Context) map[string]string { return map[string]string{"contract": c.Get("contract")} }},
			Next: actions.To("closed")},
		{ID: "invitation", Args: f.invitationArgs},
		{ID: "password", Parse: func(_ *Context, in actions.Input) (string, error) { return strings.TrimSpace(in.Text), nil }, Secret: true, Do: f.activate},
		{ID: "activated", Ends: "done", Args: f.invitationArgs},
	}
}

// contractArgs tell which contract the link is of.
func (f *Flows) contractArgs(c *Context) actions.Args {
	a := actions.Args{"title": "", "sender": ""}
	if x := f.tx(c).Contract(contractOf(c)); x != nil {
		a["title"] = x.Title
		if e := f.tx(c).Enterprise(x.SenderEnterpriseID); e != nil {
			a["sender"] = e.Name
		}
	}
	return a
}

// invitationArgs tell who invites whom.
func (f *Flows) invitationArgs(c *Context) actions.Args {
	a := actions.Args{"company": "", "login": "", "name": ""}
	if m := f.tx(c).Member(platform.MemberID(c.Get("member"))); m != nil {
		a["login"], a["name"] = value.Mask(m.Login), m.Name
		if e := f.tx(c).Enterprise(m.EnterpriseID); e != nil {
			a["company"] = e.Name
		}
	}
	return a
}

func (f *Flows) activate(c *Context) error {
	password := c.Get("password")
	c.Set("password", "")
	m := f.tx(c).Member(platform.MemberID(c.Get("member")))
	if m == nil {
		return f.tx(c).Err()
	}
	return f.do(c, func(t *platform.Tx) error {
		_, err := t.Activate(platform.Registration{Name: m.Name, Company: f.invitationArgs(c)["company"], Password: password})
		return err
	})
}

// decisionSteps are the main administrator's.
func (f *Flows) decisionSteps() []actions.Step {
	agreed := func(c *Context) bool { return c.Get("decision") == "agree" }
	code := func(c *Context) error {
		return f.do(c, func(t *platform.Tx) error { return t.SendApproveCode(linkRequest(c)) })
	}
	return []actions.Step{
		{ID: "decision", Choose: actions.All, Next: actions.By("decision", map[string]actions.StepID{"agree": "seals", "reject": "reason"})},
		{ID: "seals", Options: f.grantableSeals, Many: true, Skip: func(c *Context) bool { return len(f.grantableSeals(c)) == 0 }},
		{ID: "narrow", Choose: actions.All, Args: f.linkArgs, Next: actions.By("narrow", map[string]actions.StepID{"asked": "confirm", "less": "viewScope"})},
		{ID: "viewScope", Choose: f.narrowerViews, Skip: func(c *Context) bool { return len(f.narrowerViews(c)) == 0 }},
		{ID: "signScope", Choose: f.narrowerSigns, Next: actions.To("confirm")},
		{ID: "reason", Parse: f.anything(textOf(2, 200)), Free: true},
		{ID: "confirm", Confirm: true, Do: code, Args: f.decisionArgs},
		{ID: "code", Parse: parse(readCode), Secret: true, Do: f.decide, Args: f.linkArgs, Buttons: []actions.Button{{ID: "resend", Do: code}},
			Next: actions.Decide(func(c *Context) actions.StepID {
				if agreed(c) {
					return "done"
				}
				return "rejected"
			}, "done", "rejected")},
	}
}

// page returns what the link shows, or nil if it is of no use any more.
func (f *Flows) page(c *Context) *platform.LinkPage {
	p, err := f.tx(c).LinkPage()
	if err != nil {
		return nil
	}
	return p
}

// linkEnds are the texts of links that cannot be used.
var linkEnds = map[platform.Code]string{platform.LinkUsed: "used", platform.LinkExpired: "expired", platform.LinkRevoked: "revoked",
	platform.NotOpen: "over", platform.UnderReview: "inReview"}

// openLink looks at the link. One that cannot be used says why, and nothing of
// anybody.
func (f *Flows) openLink(c *Context) error {
	if l, err := f.tx(c).Link(platform.LinkCode(c.Link)); err == nil {
		switch l.Kind {
		case platform.LinkSign:
			c.Set("contract", l.SubjectID)
			c.Session.Step = "contract"
			return nil
		case platform.LinkActivate:
			c.Set("member", l.SubjectID)
			c.Session.Step = "invitation"
			return nil
		}
	}
	p, err := f.tx(c).LinkPage()
	if f.tx(c).Err() != nil {
		return f.tx(c).Err()
	}
	var r *platform.Refusal
	if errors.As(err, &r) {
		end := linkEnds[r.Code]
		if end == "" {
			end = "unknown"
		}
		return ends(c.Text(end, nil), r.Rule, end)
	}
	for slot, v := range setSubject(p.Subject) {
		c.Set(slot, v)
	}
	return err
}

// linkPart calls the proof of the link's role: face for the legal representative,
// who may switch to the phone; the transfer for finance, who may pay instead.
func (f *Flows) linkPart(c *Context) map[string]string {
	given := setSubject(subjectOf(c))
	if p := f.page(c); p != nil {
		for _, m := range []platform.Method{platform.ByLegalRepFace, platform.ByBankPayment, platform.ByAuthLetter} {
			if slices.Contains(p.Methods, m) {
				given["method"] = string(m)
			}
		}
	}
	if c.Get("failed") == "reverse" {
		given["method"] = string(platform.ByCorporatePayment)
	}
	return given
}

func linkRequest(c *Context) platform.RequestID { return platform.RequestID(subjectOf(c).ID) }

// linkArgs fill the page.
func (f *Flows) linkArgs(c *Context) actions.Args {
	p := f.page(c)
	if p == nil {
		p = &platform.LinkPage{}
	}
	a := actions.Args{"brand": p.Brand, "company": p.Enterprise, "name": p.Name, "account": p.Account, "deadline": local(p.Deadline),
		"login": p.AdminLogin, "what": c.Text("what"+string(p.Subject.Kind), nil), "form": "", "details": "", "role": f.term("role" + string(p.Role))}
	if p.Role != "" {
		a["form"] = c.Text("form"+string(p.Role), nil)
	}
	var lines []string
	if p.Contract != "" {
		lines = append(lines, c.Text("contract", actions.Args{"title": p.Contract, "sender": p.Sender}))
	}
	if q := p.Request; q != nil {
		lines = append(lines, f.scopes(q.ViewScope, q.SignScope))
		switch {
		case q.SignScope == platform.SignNone:
			a["what"] = c.Text("whatView", nil)
		case p.Role == platform.RoleMainAdmin:
			var names []string
			for _, s := range p.Seals {
				names = append(names, s.Name)
			}
			lines = append(lines, c.Text("seal", actions.Args{"seals": list(names)}))
		default:
			lines = append(lines, c.Text("seal", actions.Args{"seals": platform.DefaultSealName}))
		}
	}
	a["details"] = strings.Join(lines, "\n")
	return a
}

// grantableSeals are the seals that the main administrator can choose from;
// none if no seal is asked for, or「电子公章」is to be made first.
func (f *Flows) grantableSeals(c *Context) []actions.Option {
	p := f.page(c)
	if p == nil || p.Request == nil || p.Request.SignScope == platform.SignNone {
		return nil
	}
	var out []actions.Option
	for _, s := range p.Seals {
		out = append(out, actions.Option{ID: string(s.ID), Label: s.Name})
	}
	return out
}

func (f *Flows) narrowerViews(c *Context) []string {
	out := []string{}
	if p := f.page(c); p != nil && p.Request != nil {
		for _, s := range p.Request.NarrowerViews() {
			out = append(out, string(s))
		}
	}
	return out
}

func (f *Flows) narrowerSigns(c *Context) []string {
	out := []string{}
	if p := f.page(c); p != nil && p.Request != nil {
		for _, s := range p.Request.NarrowerSigns() {
			out = append(out, string(s))
		}
	}
	return out
}

// decisionOf returns the main administrator's decision as far as it is made.
func (f *Flows) decisionOf(c *Context) platform.Decision {
	d := platform.Decision{Request: linkRequest(c), Approve: c.Get("decision") == "agree", Code: c.Get("code")}
	if !d.Approve {
		d.Reason = c.Get("reason")
		return d
	}
	for _, id := range strings.FieldsFunc(c.Get("seals"), func(r rune) bool { return r == ',' }) {
		d.Seals = append(d.Seals, platform.SealID(id))
	}
	if c.Get("narrow") == "less" {
		d.ViewScope, d.SignScope = platform.ViewScope(c.Get("viewScope")), platform.SignScope(c.Get("signScope"))
	}
	return d
}

func (f *Flows) decisionArgs(c *Context) actions.Args {
	a := f.linkArgs(c)
	d := f.decisionOf(c)
	a["what"] = c.Text("willReject", actions.Args{"reason": d.Reason, "name": a["name"]})
	p := f.page(c)
	if !d.Approve || p == nil || p.Request == nil {
		return a
	}
	view, sign := p.Request.ViewScope, p.Request.SignScope
	if c.Get("narrow") == "less" {
		sign = d.SignScope
		if d.ViewScope != "" {
			view = d.ViewScope
		}
	}
	seals := ""
	switch names := f.sealNames(c, d.Seals); {
	case sign == platform.SignNone:
	case names == "":
		seals = c.Text("withSeals", actions.Args{"seals": "「" + platform.DefaultSealName + "」"})
	default:
		seals = c.Text("withSeals", actions.Args{"seals": names})
	}
	a["what"] = c.Text("willAgree", actions.Args{"name": a["name"], "account": a["account"], "company": a["company"], "scopes": f.scopes(view, sign), "seals": seals})
	return a
}

func (f *Flows) decide(c *Context) error {
	d := f.decisionOf(c)
	c.Set("code", "")
	err := f.tx(c).DecideRequest(d)
	if f.tx(c).Err() != nil {
		return f.tx(c).Err()
	}
	if err = f.settled(c, err); err == nil {
		text := "newsAgreed"
		if !d.Approve {
			text = "newsRejected"
		}
		progress(c, subjectOf(c), c.Text(text, actions.Args{"reason": d.Reason}))
	}
	return err
}
