package flows

import (
	"slices"

	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
)

var _ = add((*Flows).permission)

// permission is F02: ask for the right to view and sign a contract for a
// company, or for its seal alone.
func (f *Flows) permission() actions.Flow {
	return actions.Flow{Name: "permission", Code: "F02", Revision: 1, Steps: []actions.Step{
		bound(),
		{ID: "contract", Parse: f.ownContract, Do: f.draftRequest, Fails: []actions.StepID{"nothing", "open"}},
		{ID: "advice", Choose: actions.All, Next: actions.By("advice", map[string]actions.StepID{"resend": "senderResends", "go": "applicantName"})},
		{ID: "applicantName", Parse: parse(readName), Free: true, Args: f.requestArgs},
		{ID: "scopes", Choose: actions.All, Args: f.requestArgs, Next: actions.Decide(func(c *Context) actions.StepID {
			switch {
			case c.Get("scopes") == "default":
				return "way"
			case f.sealOnly(c):
				return "signScope"
			}
			return "viewScope"
		}, "way", "signScope", "viewScope")},
		{ID: "viewScope", Choose: actions.All},
		{ID: "signScope", Choose: func(c *Context) []string {
			ids := []string{string(platform.SignCurrentContract), string(platform.SignCurrentSender), string(platform.SignAllSenders)}
			if !f.sealOnly(c) {
				ids = append(ids, string(platform.SignNone))
			}
			return ids
		}},
		{ID: "wider", Skip: func(c *Context) bool { return !signWider(c) }},
		{ID: "way", Choose: actions.All, Buttons: []actions.Button{{ID: "appeal", Start: &actions.Offer{Flow: "appeal"}}},
			Next: actions.By("way", map[string]actions.StepID{"MainAdmin": "submit", "other": "helper"})},
		{ID: "helper", Choose: f.requestHelpers, Next: actions.To("submit")},
		{ID: "submit", Confirm: true, Args: f.requestArgs, Do: f.submitRequest, Next: actions.Decide(func(c *Context) actions.StepID {
			if c.Get("way") == "MainAdmin" {
				return "pending"
			}
			return "actor"
		}, "pending", "actor")},
		{ID: "actor", Choose: actions.All, Next: actions.By("actor", map[string]actions.StepID{"me": "method", "notify": "notify", "switch": "helperAgain"})},
		{ID: "helperAgain", Slot: "helper", Choose: f.requestHelpers, Buttons: []actions.Button{{ID: "admin", Do: func(c *Context) error {
			return f.changeWay(c, platform.AskMainAdmin)
		}, To: "pending"}}, Do: func(c *Context) error { return f.changeWay(c, platform.Way(c.Get("helper"))) }, Next: actions.To("actor")},
		{ID: "method", Choose: f.helperMethods, Next: actions.To("proof")},
		{ID: "notify", Call: &actions.Call{Flow: "notify", With: func(c *Context) map[string]string {
			given := requestSubject(c)
			given["role"] = c.Get("helper")
			return given
		}}, Next: actions.To("waiting")},
		{ID: "proof", Call: &actions.Call{Flow: "proof", With: func(c *Context) map[string]string {
			given := requestSubject(c)
			given["method"] = c.Get("method")
			return given
		}}, Next: actions.By("proof", map[string]actions.StepID{"passed": "approved", "switch": "actor", "failed": "actor", "review": "review"})},

		{ID: "approved", Ends: "approved", Args: f.requestArgs, Offer: f.signOffer},
		{ID: "review", Ends: "review"},
		{ID: "waiting", Ends: "waiting", Offer: func(*Context) []actions.Offer { return []actions.Offer{{Label: "again", Flow: "notify"}} }},
		{ID: "pending", Ends: "pending", Args: f.requestArgs},
		{ID: "senderResends", Ends: "senderResends"},
		{ID: "nothing", Ends: "nothing", Offer: f.signOffer},
		{ID: "open", Ends: "open", Offer: func(*Context) []actions.Offer { return []actions.Offer{{Label: "notify", Flow: "notify"}} }},
		unbound(),
	}}
}

func requestOf(c *Context) platform.RequestID { return platform.RequestID(c.Get("request")) }

func requestSubject(c *Context) map[string]string { return setSubject(requestOf(c).Subject()) }

// readContract reads a contract's id or signing link.
func readContract(text string) (string, bool) {
	id, ok := Extract(text)["contract"]
	return id, ok
}

// ownContract reads the id or link of a contract that the person may know of.
// Others are not found, whether they are there or not.
func (f *Flows) ownContract(c *Context, in actions.Input) (string, error) {
	typed, ok := readContract(in.Text)
	if !ok {
		return "", &actions.Problem{}
	}
	t := f.tx(c)
	id := platform.ContractID(typed)
	if l, err := t.Link(platform.LinkCode(typed)); err == nil && l.Kind == platform.LinkSign {
		id = platform.ContractID(l.SubjectID)
	}
	if t.Err() != nil {
		return "", t.Err()
	}
	if !t.KnowsContract(platform.AccountID(c.Account), id) {
		return "", &actions.Problem{Text: c.Text("noContract", nil), Kept: true}
	}
	return string(id), t.Err()
}

func (f *Flows) draftRequest(c *Context) error {
	t := f.tx(c)
	q, err := t.DraftRequest(platform.ContractID(c.Get("contract")))
	switch {
	case t.Err() != nil:
		return t.Err()
	case refusedWith(err, platform.AlreadyOpen):
		return &actions.Problem{Rule: "R12.3", To: "open"}
	case refusedWith(err, platform.NothingToAsk):
		return &actions.Problem{Text: f.opened(c), Rule: "R12.3", To: "nothing"}
	case err != nil:
		return f.problem(err)
	}
	c.Set("request", string(q.ID))
	watch(c, q.ID.Subject())
	if acc := f.account(c); acc != nil && c.Session.Given["applicantName"] == "" {
		c.Set("suggested", acc.Name)
	}
	return nil
}

// opened tells what opening the contract shows.
func (f *Flows) opened(c *Context) string {
	o, err := f.tx(c).OpenContract(platform.AccountID(c.Account), platform.ContractID(c.Get("contract")))
	if err != nil {
		return ""
	}
	return "「" + o.Text + "」"
}

func (f *Flows) sealOnly(c *Context) bool {
	q := f.tx(c).Request(requestOf(c))
	return q != nil && q.Kind == platform.AskSeal
}

// signWider reports whether more may be signed than viewed (R12.17).
func signWider(c *Context) bool {
	view := map[platform.ViewScope]int{platform.ViewCurrentContract: 1, platform.ViewCurrentSenderUnattended: 2, platform.ViewAllSendersUnattended: 3}
	sign := map[platform.SignScope]int{platform.SignCurrentContract: 1, platform.SignCurrentSender: 2, platform.SignAllSenders: 3}
	v := view[platform.ViewScope(c.Get("viewScope"))]
	return c.Get("scopes") == "more" && v > 0 && sign[platform.SignScope(c.Get("signScope"))] > v
}

func (f *Flows) requestHelpers(c *Context) []string {
	helpers := []string{string(platform.AskSealKeeper), string(platform.AskFinance)}
	if q := f.tx(c).Request(requestOf(c)); q != nil {
		if e := f.tx(c).Enterprise(q.EnterpriseID); e != nil && !e.AgentOnly {
			helpers = append(helpers, string(platform.AskLegalRep))
		}
	}
	return helpers
}

// helperMethods are the ways in which the chosen helper can agree.
func (f *Flows) helperMethods(c *Context) []string {
	want := map[string][]platform.Method{
		string(platform.AskLegalRep):   {platform.ByLegalRepFace, platform.ByLegalRepPhone},
		string(platform.AskFinance):    {platform.ByBankPayment, platform.ByCorporatePayment},
		string(platform.AskSealKeeper): {platform.ByAuthLetter},
	}[c.Get("helper")]
	out := []string{}
	if p, err := f.tx(c).ProofOf(requestOf(c).Subject()); err == nil {
		for _, m := range want {
			if slices.Contains(p.Methods, m) {
				out = append(out, string(m))
			}
		}
	}
	return out
}

func (f *Flows) submitRequest(c *Context) error {
	way := platform.Way(c.Get("helper"))
	if c.Get("way") == "MainAdmin" {
		way = platform.AskMainAdmin
	}
	form := platform.RequestForm{Request: requestOf(c), Name: c.Get("applicantName"), Way: way}
	if c.Get("scopes") == "more" {
		form.ViewScope, form.SignScope = platform.ViewScope(c.Get("viewScope")), platform.SignScope(c.Get("signScope"))
	}
	return f.do(c, func(t *platform.Tx) error { return t.SubmitRequest(form) })
}

func (f *Flows) changeWay(c *Context, way platform.Way) error {
	return f.do(c, func(t *platform.Tx) error { return t.ChangeWay(requestOf(c), way) })
}

func (f *Flows) requestArgs(c *Context) actions.Args {
	a := actions.Args{"company": "", "admin": "", "adminAccount": "", "account": "", "name": c.Get("applicantName"), "suggested": c.Get("suggested"),
		"view": "", "sign": "", "to": "", "deadline": ""}
	q := f.tx(c).Request(requestOf(c))
	if q == nil {
		return a
	}
	if p, err := f.tx(c).RequestPage(q.ID); err == nil {
		a["company"], a["admin"], a["adminAccount"], a["account"] = p.Enterprise, p.AdminName, p.AdminAccount, value.Mask(p.OwnAccount)
	}
	view, sign := q.ViewScope, q.SignScope
	if c.Get("scopes") == "more" {
		if v := c.Get("viewScope"); v != "" {
			view = platform.ViewScope(v)
		}
		sign = platform.SignScope(c.Get("signScope"))
	}
	a["view"], a["sign"] = f.term("view"+string(view)), f.term("sign"+string(sign))
	if view == "" {
		a["view"] = c.Text("sealOnly", nil)
	}
	a["to"] = f.term("ask" + c.Get("helper"))
	if c.Get("way") == "MainAdmin" {
		a["to"] = f.term("askMainAdmin")
	}
	a["deadline"] = local(q.ExpiresAt)
	return a
}

func (f *Flows) signOffer(c *Context) []actions.Offer {
	return []actions.Offer{{Label: "sign", Flow: "sign", Slots: map[string]string{"contract": c.Get("contract")}}}
}
