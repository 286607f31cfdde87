package flows

import (
	"slices"
	"strings"

	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
)

var _ = add((*Flows).materials)

// materials takes the licence, the ID card and what is written on them, and
// leads to the proof: the same for a certification and for a change of a
// company's data. It is called with purpose, enterprise (of a change),
// entityType, licenceDoc, noName and card (legalRep or agent), and ends with
// passed, review, waiting, rejected, refused, over (out of time, or given up
// elsewhere) or stopped.
func (f *Flows) materials() actions.Flow {
	return actions.Flow{Name: "materials", Revision: 1, Sub: true, Alive: f.materialsAlive, Lapses: []actions.StepID{"passed", "review", "rejected", "over"}, Steps: []actions.Step{
		{ID: "under", Options: f.certsUnderWay, Skip: func(c *Context) bool { return len(f.certsUnderWay(c)) == 0 }, Enter: f.onlyChange},
		{ID: "takeUp", Enter: f.takeUp, Next: actions.Decide(f.certStands, "licence", "check", "method", "passed", "review", "rejected", "over")},
		{ID: "licence", Parse: f.picture(platform.FileLicence), Do: f.startCertification},
		{ID: "check", Choose: actions.All, Args: f.materialArgs, Next: actions.By("check", map[string]actions.StepID{"right": "idFront", "edit": "edits"})},
		{ID: "edits", Choose: func(c *Context) []string {
			if c.Get("noName") == "yes" {
				return []string{"registration", "rep"}
			}
			return []string{"name", "registration", "rep"}
		}, Next: actions.By("edits", map[string]actions.StepID{"name": "company", "registration": "registration", "rep": "rep"})},
		{ID: "company", Parse: f.told(readCompany, likeBusiness), Free: true, Next: actions.To("check")},
		{ID: "registration", Parse: parse(value.Registration), Next: actions.To("check")},
		{ID: "rep", Parse: f.repName, Free: true, Next: actions.To("check")},
		{ID: "idFront", Parse: f.picture(platform.FileIDCard), Args: f.materialArgs, Skip: has("idFront")},
		{ID: "idBack", Parse: f.picture(platform.FileIDCard), Args: f.materialArgs, Skip: has("idBack")},
		{ID: "idNumber", Parse: f.idCard, Secret: true, Args: f.materialArgs, Skip: has("idNumber")},
		{ID: "privacy", Choose: actions.All, Skip: has("privacy"), Next: actions.By("privacy", map[string]actions.StepID{"yes": "submit", "callback": "submit", "no": "stopped"})},
		{ID: "submit", Confirm: true, Args: f.materialArgs, Do: f.submitInfo, Fails: []actions.StepID{"check", "taken"}},
		{ID: "method", Choose: f.certMethods, Enter: f.mayProve, Args: f.progressArgs, Fails: []actions.StepID{"licence", "check", "passed", "review", "rejected", "over"},
			Buttons: []actions.Button{{ID: "notify", To: "notify"}}, Next: actions.To("proof")},
		{ID: "notify", Call: &actions.Call{Flow: "notify", With: certSubject}},
		{ID: "wait", Call: &actions.Call{Flow: "wait", With: certSubject}, Next: actions.Decide(func(c *Context) actions.StepID {
			if c.Get("wait") == "left" {
				return "waiting"
			}
			return "method"
		}, "waiting", "method")},
		{ID: "proof", Call: &actions.Call{Flow: "proof", With: func(c *Context) map[string]string {
			given := certSubject(c)
			given["method"] = c.Get("method")
			return given
		}}, Next: actions.To("method")},
		{ID: "passed", Ends: "passed"},
		{ID: "review", Ends: "review", Args: f.progressArgs},
		{ID: "waiting", Ends: "waiting"},
		{ID: "rejected", Ends: "rejected", Args: f.progressArgs},
		{ID: "over", Ends: "over"},
		{ID: "taken", Ends: "refused"},
		{ID: "stopped", Ends: "stopped"},
	}}
}

// has passes a step by whose value is there from an earlier attempt.
func has(slot string) func(*Context) bool {
	return func(c *Context) bool { return c.Get(slot) != "" && !c.Session.Reopen }
}

// picture is the Parse of a step that asks for a picture.
func (f *Flows) picture(use platform.FileUse) func(*Context, actions.Input) (string, error) {
	return func(c *Context, in actions.Input) (string, error) {
		if id := in.Text; id != "" && in.Picture == nil {
			return "", &actions.Problem{}
		}
		return f.upload(c, in, use)
	}
}

// repName reads a name exactly as it is typed: the registry's spaces count.
func (f *Flows) repName(_ *Context, in actions.Input) (string, error) {
	name, ok := value.PersonName(in.Text)
	switch _, v := f.names.judge(name); {
	case !ok || v == wrong:
		return "", &actions.Problem{}
	case v == unsure:
		return "", &actions.Problem{Doubt: name}
	}
	return name, nil
}

func certID(c *Context) platform.CertificationID { return platform.CertificationID(c.Get("cert")) }

func certSubject(c *Context) map[string]string { return setSubject(certID(c).Subject()) }

// certification returns the one under way, empty if there is none.
func (f *Flows) certification(c *Context) *platform.Certification {
	if v := f.tx(c).Certification(certID(c)); v != nil {
		return v
	}
	return &platform.Certification{}
}

// newCert is the option to certify another company than those under way.
const newCert = "new"

// certsUnderWay are the certifications that the person may go on with: those of
// the purpose, and of the company whose data change. Of those with no more than
// a picture of the licence it is the latest.
func (f *Flows) certsUnderWay(c *Context) []actions.Option {
	var out []actions.Option
	var draft *platform.Certification
	option := func(v *platform.Certification, name string) {
		text := "goOn"
		if v.Status == platform.CertInReview {
			text = "inReview"
		}
		out = append(out, actions.Option{ID: string(v.ID), Label: c.Text(text, actions.Args{"name": name})})
	}
	for _, v := range f.tx(c).CertificationsOf(platform.AccountID(c.Account)) {
		same := string(v.Purpose) == c.Get("purpose") && (c.Get("enterprise") == "" || string(v.EnterpriseID) == c.Get("enterprise"))
		switch {
		case !same || !v.Status.Open() || v.Status != platform.CertInReview && !c.Now.Before(v.Deadline):
		case v.Status != platform.CertBasicInfo:
			option(v, v.Submitted.Name)
		case v.OCR.Name != "" && (draft == nil || draft.Deadline.Before(v.Deadline)):
			draft = v
		}
	}
	if draft != nil {
		option(draft, draft.OCR.Name)
	}
	if len(out) > 0 && c.Get("purpose") == string(platform.ForNew) {
		out = append(out, actions.Option{ID: newCert, Label: c.Text("another", nil)})
	}
	return out
}

// onlyChange takes the certification of a change: there is one at most.
func (f *Flows) onlyChange(c *Context) error {
	if under := f.certsUnderWay(c); len(under) == 1 {
		c.Give("under", under[0].ID)
	}
	return f.tx(c).Err()
}

// takeUp goes on with a certification that was left midway.
func (f *Flows) takeUp(c *Context) error {
	if c.Get("under") == newCert || c.Get("under") == "" {
		c.Set("cert", "")
		return nil
	}
	c.Set("cert", c.Get("under"))
	v := f.certification(c)
	watch(c, v.ID.Subject())
	switch v.Status {
	case platform.CertInReview:
		c.Say(f.words.Refusals[platform.UnderReview])
	case platform.CertBasicInfo:
		f.takeReading(c, v)
		fallthrough
	default:
		c.Say(c.Text("resumed", nil))
	}
	return f.tx(c).Err()
}

// certStands is where the flow goes on, as the certification stands now.
func (f *Flows) certStands(c *Context) actions.StepID {
	v := f.certification(c)
	switch {
	case v.ID == "":
		return "licence"
	case v.Status == platform.CertPassed:
		return "passed"
	case v.Status == platform.CertInReview:
		return "review"
	case v.Status == platform.CertRejected:
		return "rejected"
	case !v.Status.Open() || !c.Now.Before(v.Deadline):
		return "over"
	case v.Status == platform.CertBasicInfo:
		return "check"
	}
	return "method"
}

// materialsAlive leaves a certification that is not to be worked on any more; a
// change of data can run out before it has one.
func (f *Flows) materialsAlive(c *Context) error {
	if id := enterpriseOf(c); id != "" && c.Get("cert") == "" {
		if i := f.tx(c).InfoChangeOf(id); i == nil || !c.Now.Before(i.Deadline) {
			return &actions.Problem{To: "over"}
		}
	}
	switch to := f.certStands(c); to {
	case "passed", "review", "rejected", "over":
		return &actions.Problem{To: to}
	}
	return f.tx(c).Err()
}

// mayProve leaves the choice of a method if nothing is to be proved any more.
func (f *Flows) mayProve(c *Context) error {
	if to := f.certStands(c); to != "method" {
		return &actions.Problem{To: to}
	}
	return f.tx(c).Err()
}

// idCard reads an ID number. Only its digest and its masked form are kept.
func (f *Flows) idCard(c *Context, in actions.Input) (string, error) {
	typed, ok := readIDCard(in.Text)
	if !ok {
		return "", &actions.Problem{}
	}
	card, err := f.tx(c).ReadIDCard(typed)
	return card.Hash + " " + card.Masked, f.problem(err)
}

func (f *Flows) startCertification(c *Context) error {
	n := platform.NewCertification{Purpose: platform.Purpose(c.Get("purpose")), Enterprise: platform.EnterpriseID(c.Get("enterprise")),
		EntityType: platform.EntityType(c.Get("entityType")), LicenceDoc: platform.LicenceDoc(c.Get("licenceDoc")),
		NoName: c.Get("noName") == "yes", Licence: platform.FileID(c.Get("licence"))}
	return f.do(c, func(t *platform.Tx) error {
		v, err := t.StartCertification(n)
		if err == nil {
			c.Set("cert", string(v.ID))
			f.takeReading(c, v)
			watch(c, v.ID.Subject())
		}
		return err
	})
}

// takeReading takes what was recognised on the licence as what is stated.
func (f *Flows) takeReading(c *Context, v *platform.Certification) {
	c.Set("registration", v.OCR.Registration)
	c.Set("rep", v.OCR.LegalRepName)
	if !v.NoName {
		c.Set("company", v.OCR.Name)
	}
}

func (f *Flows) materialArgs(c *Context) actions.Args {
	a := actions.Args{"name": c.Get("company"), "registration": c.Get("registration"), "rep": c.Get("rep"), "whose": c.Text("whose"+c.Get("card"), nil), "deadline": ""}
	if c.Get("noName") == "yes" {
		a["name"] = c.Text("noName", nil)
	}
	for _, k := range []string{"name", "registration", "rep"} {
		if a[k] == "" {
			a[k] = c.Text("unread", nil)
		}
	}
	if v := f.tx(c).Certification(certID(c)); v != nil {
		a["deadline"] = local(v.Deadline)
	}
	return a
}

func (f *Flows) submitInfo(c *Context) error {
	info := platform.BasicInfo{Name: c.Get("company"), Registration: c.Get("registration"), LegalRepName: c.Get("rep"), PersonKind: platform.IsLegalRep,
		IDFront: platform.FileID(c.Get("idFront")), IDBack: platform.FileID(c.Get("idBack")), Privacy: c.Get("privacy") != "", Callback: c.Get("privacy") == "callback"}
	info.IDCard.Hash, info.IDCard.Masked, _ = strings.Cut(c.Get("idNumber"), " ")
	if c.Get("card") == "agent" {
		info.PersonKind = platform.IsAgent
	}
	t := f.tx(c)
	err := t.SubmitBasicInfo(certID(c), info)
	switch {
	case t.Err() != nil:
		return t.Err()
	case err == nil:
		c.Set("idNumber", "") // the platform has it
		return nil
	case refusedWith(err, platform.LicenceTaken), refusedWith(err, platform.AlreadyCertified):
		return &actions.Problem{Text: f.words.Explain(err) + "\n" + c.Text("taken", nil), To: "taken"}
	case refusedWith(err, platform.NeedsAgentCard), refusedWith(err, platform.NeedsLegalRepCard):
		if c.Get("card") == "agent" {
			c.Set("card", "legalRep")
		} else {
			c.Set("card", "agent")
		}
		for _, slot := range []string{"idFront", "idBack", "idNumber"} { // of the other person
			c.Set(slot, "")
		}
	}
	return &actions.Problem{Text: f.words.Explain(err), To: "check"}
}

// certMethods are the methods that the certification may be proved by.
func (f *Flows) certMethods(c *Context) []string {
	p, err := f.tx(c).CertificationProgress(certID(c))
	if err != nil {
		return []string{}
	}
	out := []string{}
	for _, m := range []platform.Method{platform.ByLegalRepPhone, platform.ByLegalRepFace, platform.ByAuthLetter, platform.ByBankPayment, platform.ByPrivatePayment} {
		if slices.Contains(p.Methods, m) {
			out = append(out, string(m))
		}
	}
	return out
}

func (f *Flows) progressArgs(c *Context) actions.Args {
	a := actions.Args{"text": "", "due": "", "reason": ""}
	if p, err := f.tx(c).CertificationProgress(certID(c)); err == nil {
		a["text"], a["reason"] = p.Text, p.Certification.RejectReason
		if p.Review != nil {
			a["due"] = local(p.Review.DueAt)
		}
	}
	return a
}
