package flows

import (
	"errors"
	"slices"

	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
)

var _ = add((*Flows).permission)

// permission is F02: ask to join a company and sign for it, or for the right to
// use its seal.
func (f *Flows) permission() actions.Flow {
	return actions.Flow{Name: "permission", Code: "F02", Revision: 1, Alive: f.requestAlive, Lapses: []actions.StepID{"wait"}, Steps: slices.Concat(
		[]actions.Step{
			bound(),
			{ID: "contract", Parse: f.contract},
			{ID: "look", Enter: f.lookAsking, Next: actions.By("look", map[string]actions.StepID{
				"ask": "advice", "pending": "pending", string(platform.ScreenSigningPage): "canSign", "no": "nothing"})},
			{ID: "advice", Choose: actions.All, Args: f.askingArgs,
				Next: actions.By("advice", map[string]actions.StepID{"resend": "senderResends", "go": "applicantName"})},
		}, f.formSteps(), f.waySteps(),
		[]actions.Step{
			{ID: "pending", Args: f.askingArgs, Next: actions.To("wait")},
			{ID: "approved", Ends: "approved", Args: f.askingArgs, Offer: f.toSign},
			{ID: "rejected", Ends: "rejected", Offer: f.askAgain},
			{ID: "closed", Ends: "closed", Offer: f.askAgain},
			{ID: "withdrawn", Ends: "withdrawn"},
			{ID: "left", Ends: "waiting"},
			{ID: "admin", Ends: "admin", Offer: f.toSign},
			{ID: "appealed", Ends: "appeal"},
			{ID: "senderResends", Ends: "senderResends", Args: f.askingArgs},
			{ID: "canSign", Ends: "canSign", Offer: f.toSign},
			{ID: "nothing", Ends: "nothing", Args: f.askingArgs, Offer: f.byScreen},
			unbound(),
		})}
}

// requestAlive leaves a request that was decided or ran out: where it waits, the
// person is told how it ended.
func (f *Flows) requestAlive(c *Context) error {
	if c.Get("request") != "" {
		if _, open := f.tx(c).Settled(requestOf(c).Subject()); !open && f.tx(c).Err() == nil {
			return &actions.Problem{To: "wait"}
		}
	}
	return f.tx(c).Err()
}

// formSteps fill in the request.
func (f *Flows) formSteps() []actions.Step {
	seal := func(c *Context) bool { return c.Get("kind") == string(platform.AskSeal) }
	return []actions.Step{
		{ID: "applicantName", Parse: f.name, Free: true, Args: f.askingArgs, Skip: seal, Buttons: []actions.Button{{ID: "mine",
			Show: func(c *Context) bool { return f.accountName(c) != "" },
			Do:   func(c *Context) error { c.Set("applicantName", f.accountName(c)); return nil }, To: "scopes"}}},
		{ID: "scopes", Choose: actions.All, Args: f.askingArgs, Next: actions.By("scopes", map[string]actions.StepID{"default": "way", "more": "viewScope"})},
		{ID: "viewScope", Choose: actions.All, Args: f.askingArgs, Skip: seal},
		{ID: "signScope", Args: f.askingArgs, Choose: func(c *Context) []string {
			if seal(c) {
				return []string{string(platform.SignCurrentContract), string(platform.SignCurrentSender), string(platform.SignAllSenders)}
			}
			return nil
		}},
		{ID: "chosen", Choose: actions.All, Args: f.chosenArgs, Next: actions.By("chosen", map[string]actions.StepID{"ok": "way", "change": "viewScope"})},
		{ID: "way", Choose: actions.All, Args: f.askingArgs,
			Next: actions.By("way", map[string]actions.StepID{"other": "helper", "main": "submit", "admin": "appeal"})},
		{ID: "helper", Choose: func(c *Context) []string { return f.ways(c, platform.AskMainAdmin) }},
		{ID: "actor", Choose: actions.All, Args: f.askingArgs, Next: actions.Decide(func(c *Context) actions.StepID {
			switch {
			case c.Get("request") == "":
				return "submit"
			case c.Get("actor") == "notify":
				return "notify"
			}
			return "part"
		}, "submit", "notify", "part")},
		{ID: "submit", Confirm: true, Do: f.submitRequest, Args: f.submitArgs, Next: actions.Decide(func(c *Context) actions.StepID {
			switch {
			case c.Get("way") == "main":
				return "wait"
			case c.Get("actor") == "notify":
				return "notify"
			}
			return "part"
		}, "wait", "notify", "part")},
	}
}

// waySteps lead the submitted request to its end.
func (f *Flows) waySteps() []actions.Step {
	onPart := map[string]actions.StepID{"passed": "approved", "review": "wait", "notify": "notify", "switch": "again", "failed": "wait"}
	return []actions.Step{
		{ID: "part", Call: &actions.Call{Flow: "proof", With: func(c *Context) map[string]string {
			given := setSubject(requestOf(c).Subject())
			given["method"], given["mayNotify"] = string(methodOf[platform.Way(c.Get("helper"))]), "yes"
			return given
		}}, Next: actions.By("part", onPart)},
		{ID: "notify", Call: &actions.Call{Flow: "notify", With: func(c *Context) map[string]string {
			given := setSubject(requestOf(c).Subject())
			given["role"], given["mayChange"] = c.Get("helper"), "yes"
			return given
		}}, Next: actions.By("notify", map[string]actions.StepID{"waiting": "wait", "switch": "again"})},
		{ID: "wait", Call: &actions.Call{Flow: "wait", With: func(c *Context) map[string]string { return setSubject(requestOf(c).Subject()) }},
			Next: actions.By("wait", map[string]actions.StepID{"passed": "approved", "rejected": "rejected", "closed": "closed", "withdrawn": "withdrawn",
				"left": "left", "other": "again", "mine": "goOn"})},
		{ID: "goOn", Enter: f.takeWay, Next: actions.Decide(func(c *Context) actions.StepID {
			if c.Get("helper") == "" {
				return "again"
			}
			return "part"
		}, "again", "part")},
		{ID: "again", Choose: func(c *Context) []string { return f.ways(c) }, Do: f.changeWay, Next: actions.Decide(func(c *Context) actions.StepID {
			if c.Get("again") == string(platform.AskMainAdmin) {
				return "wait"
			}
			return "actor"
		}, "wait", "actor")},
		{ID: "appeal", Call: &actions.Call{Flow: "appeal", With: func(c *Context) map[string]string {
			return map[string]string{"contract": c.Get("contract"), "company": f.askingArgs(c)["company"], "advice": "go"}
		}}, Next: actions.Decide(func(c *Context) actions.StepID {
			if c.Get("appeal") == "passed" {
				return "admin"
			}
			return "appealed"
		}, "admin", "appealed")},
	}
}

// methodOf says by which method somebody who is asked proves first.
var methodOf = map[platform.Way]platform.Method{
	platform.AskLegalRep: platform.ByLegalRepFace, platform.AskFinance: platform.ByBankPayment, platform.AskSealKeeper: platform.ByAuthLetter,
}

func requestOf(c *Context) platform.RequestID { return platform.RequestID(c.Get("request")) }

// contract reads a contract of the person's, by its id or signing link.
func (f *Flows) contract(c *Context, in actions.Input) (string, error) {
	ref, ok := readContract(in.Text)
	if !ok {
		return "", &actions.Problem{}
	}
	found := f.tx(c).ContractFor(platform.AccountID(c.Account), ref)
	switch {
	case f.tx(c).Err() != nil:
		return "", f.tx(c).Err()
	case found == nil:
		return "", &actions.Problem{Text: c.Text("notFound", nil)}
	}
	return string(found.ID), nil
}

func (f *Flows) accountName(c *Context) string {
	if a := f.account(c); a != nil {
		return a.Name
	}
	return ""
}

// asking returns what the person can ask for, or nil.
func (f *Flows) asking(c *Context) (*platform.Asking, error) {
	return f.tx(c).Asking(platform.ContractID(c.Get("contract")))
}

// lookAsking finds out whether something is to be asked for at all.
func (f *Flows) lookAsking(c *Context) error {
	a, err := f.asking(c)
	var r *platform.Refusal
	switch {
	case f.tx(c).Err() != nil:
		return f.tx(c).Err()
	case errors.As(err, &r) && r.Code == platform.NothingToAsk:
		c.Set("screen", r.Args["screen"])
		c.Set("look", "no")
		if r.Args["screen"] == string(platform.ScreenSigningPage) {
			c.Set("look", r.Args["screen"])
		}
		return nil
	case err != nil:
		return f.problem(err)
	}
	c.Set("kind", string(a.Request.Kind))
	c.Set("look", "ask")
	if a.Request.ID != "" {
		c.Set("request", string(a.Request.ID))
		c.Set("look", "pending")
	}
	return nil
}

// askingArgs fill what the page of the request shows (R12.5, R12.6).
func (f *Flows) askingArgs(c *Context) actions.Args {
	a := actions.Args{"company": "", "admin": "", "adminAccount": "", "own": "", "name": f.accountName(c), "title": "", "sender": "", "screen": "", "seals": "",
		"default": f.scopes(platform.DefaultViewScope, platform.DefaultSignScope), "helper": f.term("ask" + c.Get("helper"))}
	if x := f.tx(c).Contract(platform.ContractID(c.Get("contract"))); x != nil {
		a["title"] = x.Title
		if e := f.tx(c).Enterprise(x.SenderEnterpriseID); e != nil {
			a["sender"] = e.Name
		}
	}
	if c.Get("kind") == string(platform.AskSeal) {
		a["default"] = f.scopes("", platform.DefaultSignScope)
	}
	a["screen"] = f.words.Screens[platform.Screen(c.Get("screen"))]
	var page *platform.Applicant
	if q := f.tx(c).Request(requestOf(c)); q != nil {
		page, _ = f.tx(c).RequestPage(q.ID)
		if len(q.SealIDs) > 0 {
			a["seals"] = c.Text("mayUse", actions.Args{"seals": f.sealNames(c, q.SealIDs)})
		}
	} else if x, err := f.asking(c); err == nil {
		page = &x.Applicant
	}
	if page != nil {
		a["company"], a["admin"], a["adminAccount"], a["own"] = page.Enterprise, page.AdminName, page.AdminAccount, page.OwnAccount
	}
	return a
}

func (f *Flows) sealNames(c *Context, ids []platform.SealID) string {
	var names []string
	for _, id := range ids {
		if s := f.tx(c).Seal(id); s != nil {
			names = append(names, "「"+s.Name+"」")
		}
	}
	return list(names)
}

// scopes tells scopes in the words of the page.
func (f *Flows) scopes(view platform.ViewScope, sign platform.SignScope) string {
	text := "印章使用范围：" + f.term("sign"+string(sign))
	if view != "" {
		text = "合同查看范围：" + f.term("view"+string(view)) + "；" + text
	}
	return text
}

// scopesOf returns the scopes that were chosen; "" for the proposed ones.
func scopesOf(c *Context) (platform.ViewScope, platform.SignScope) {
	if c.Get("scopes") != "more" {
		return "", ""
	}
	return platform.ViewScope(c.Get("viewScope")), platform.SignScope(c.Get("signScope"))
}

// chosenArgs tell the scopes, and whether the one for signing goes further than
// that for viewing, which it cannot (R12.17).
func (f *Flows) chosenArgs(c *Context) actions.Args {
	view, sign := scopesOf(c)
	a := actions.Args{"scopes": f.scopes(view, sign), "wider": ""}
	if platform.Wider(sign, view) {
		a["wider"] = c.Text("wider", nil)
	}
	return a
}

// ways returns whom can be asked, without some.
func (f *Flows) ways(c *Context, without ...platform.Way) []string {
	out := []string{}
	all := []platform.Way{platform.AskSealKeeper, platform.AskFinance, platform.AskLegalRep, platform.AskMainAdmin}
	if a, err := f.asking(c); err == nil {
		for _, w := range all {
			if slices.Contains(a.Ways, w) && !slices.Contains(without, w) {
				out = append(out, string(w))
			}
		}
	}
	return out
}

func (f *Flows) submitArgs(c *Context) actions.Args {
	a := f.askingArgs(c)
	a["applicant"], a["account"] = c.Get("applicantName"), value.Mask(a["own"])
	if a["applicant"] == "" {
		a["applicant"] = a["name"]
	}
	a["scopes"] = a["default"]
	if view, sign := scopesOf(c); sign != "" {
		a["scopes"] = f.scopes(view, sign)
	}
	a["what"] = c.Text("byHelper", a)
	a["after"] = c.Text("afterHelper", a)
	if c.Get("way") == "main" {
		a["what"], a["after"] = c.Text("byAdmin", a), c.Text("afterAdmin", a)
	}
	return a
}

func (f *Flows) submitRequest(c *Context) error {
	form := platform.RequestForm{Name: c.Get("applicantName"), Way: platform.AskMainAdmin}
	form.ViewScope, form.SignScope = scopesOf(c)
	if form.Name == "" {
		form.Name = f.accountName(c)
	}
	if c.Get("way") != "main" {
		form.Way = platform.Way(c.Get("helper"))
	}
	return f.do(c, func(t *platform.Tx) error {
		q, err := t.DraftRequest(platform.ContractID(c.Get("contract")))
		if err != nil {
			return err
		}
		form.Request = q.ID
		if err := t.SubmitRequest(form); err != nil {
			return errors.Join(err, t.CancelRequest(q.ID))
		}
		c.Set("request", string(q.ID))
		watch(c, q.ID.Subject())
		return nil
	})
}

// changeWay asks somebody else with the same request.
func (f *Flows) changeWay(c *Context) error {
	way := platform.Way(c.Get("again"))
	return f.do(c, func(t *platform.Tx) error {
		err := t.ChangeWay(requestOf(c), way)
		if err == nil {
			c.Set("helper", string(way))
			progress(c, requestOf(c).Subject(), c.Text("newsWay", actions.Args{"way": f.term("ask" + string(way))}))
		}
		return err
	})
}

// takeWay goes on with the way that the request was made by, perhaps in another
// conversation.
func (f *Flows) takeWay(c *Context) error {
	if q := f.tx(c).Request(requestOf(c)); q != nil && q.Way != platform.AskMainAdmin {
		c.Set("helper", string(q.Way))
	}
	return nil
}

func (f *Flows) toSign(c *Context) []actions.Offer {
	return []actions.Offer{{Label: "sign", Flow: "sign", Slots: map[string]string{"contract": c.Get("contract")}}}
}

func (f *Flows) askAgain(c *Context) []actions.Offer {
	return []actions.Offer{{Label: "again", Flow: "permission", Slots: map[string]string{"contract": c.Get("contract")}}}
}

// flowOf says which flow helps at a screen.
var flowOf = map[platform.Screen]string{
	platform.ScreenNoPermission: "permission", platform.ScreenNotJoined: "permission", platform.ScreenNoSignPermission: "permission",
	platform.ScreenNameNotCertified: "contract_status", platform.ScreenContractDone: "contract_status",
	platform.ScreenSetupSeal: "setup_seal", platform.ScreenNoUsableSeal: "setup_seal", platform.ScreenSealNeedsRedraw: "seal_update",
}

// byScreen offers what helps at the screen that the contract shows.
func (f *Flows) byScreen(c *Context) []actions.Offer {
	screen := platform.Screen(c.Get("screen"))
	flow := flowOf[screen]
	if flow == "" {
		return nil
	}
	contract := map[string]string{"contract": c.Get("contract")}
	out := []actions.Offer{{Label: flow, Flow: flow, Slots: contract}}
	if screen == platform.ScreenNoPermission {
		out = append(out, actions.Offer{Label: "appeal", Flow: "appeal", Slots: contract})
	}
	return out
}
