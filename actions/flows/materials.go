package flows

import (
	"slices"

	"signdesk/actions"
	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
)

var _ = add((*Flows).materials)

// materials takes the licence, the ID card and what is written on them, and
// leads to the proof: the same for a certification and for a change of a
// company's data. It is called with purpose, enterprise (of a change),
// entityType, licenceDoc, noName and card (legalRep or agent), and ends with
// passed, review, stopped or refused.
func (f *Flows) materials() actions.Flow {
	return actions.Flow{Name: "materials", Revision: 1, Sub: true, Begin: f.materialsUnderWay, Steps: []actions.Step{
		{ID: "licence", Parse: f.picture(platform.FileLicence), Do: f.startCertification},
		{ID: "check", Choose: actions.All, Args: f.materialArgs, Next: actions.By("check", map[string]actions.StepID{"right": "idFront", "edit": "edits"})},
		{ID: "edits", Choose: func(c *Context) []string {
			if c.Get("noName") == "yes" {
				return []string{"registration", "rep"}
			}
			return []string{"name", "registration", "rep"}
		}, Next: actions.By("edits", map[string]actions.StepID{"name": "company", "registration": "registration", "rep": "rep"})},
		{ID: "company", Parse: parse(readCompany), Free: true, Next: actions.To("check")},
		{ID: "registration", Parse: parse(value.Registration), Next: actions.To("check")},
		{ID: "rep", Parse: parse(repName), Free: true, Next: actions.To("check")},
		{ID: "idFront", Parse: f.picture(platform.FileIDCard), Args: f.materialArgs, Skip: has("idFront")},
		{ID: "idBack", Parse: f.picture(platform.FileIDCard), Args: f.materialArgs, Skip: has("idBack")},
		{ID: "idNumber", Parse: parse(readIDCard), Secret: true, Args: f.materialArgs, Skip: has("idNumber")},
		{ID: "privacy", Choose: actions.All, Skip: has("privacy"), Next: actions.By("privacy", map[string]actions.StepID{"yes": "submit", "callback": "submit", "no": "stopped"})},
		{ID: "submit", Confirm: true, Args: f.materialArgs, Do: f.submitInfo, Fails: []actions.StepID{"check", "taken"}},
		{ID: "method", Choose: f.certMethods, Args: f.progressArgs, Buttons: []actions.Button{{ID: "notify", To: "notify"}}, Next: actions.To("proof")},
		{ID: "notify", Call: &actions.Call{Flow: "notify", With: certSubject}, Next: actions.To("waiting")},
		{ID: "proof", Call: &actions.Call{Flow: "proof", With: func(c *Context) map[string]string {
			given := certSubject(c)
			given["method"] = c.Get("method")
			return given
		}}, Next: actions.Decide(func(c *Context) actions.StepID {
			switch r := c.Get("proof"); {
			case r == "switch" || r == "failed":
				return "method"
			case f.certification(c).Status == platform.CertInReview:
				return "review"
			}
			return "passed"
		}, "method", "review", "passed")},
		{ID: "passed", Ends: "passed"},
		{ID: "review", Ends: "review", Args: f.progressArgs},
		{ID: "waiting", Ends: "waiting"},
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
func repName(text string) (string, bool) { return value.PersonName(text) }

func certID(c *Context) platform.CertificationID { return platform.CertificationID(c.Get("cert")) }

func certSubject(c *Context) map[string]string { return setSubject(certID(c).Subject()) }

// certification returns the one under way, empty if there is none.
func (f *Flows) certification(c *Context) *platform.Certification {
	if v := f.tx(c).Certification(certID(c)); v != nil {
		return v
	}
	return &platform.Certification{}
}

// materialsUnderWay goes on with a certification that was left midway.
func (f *Flows) materialsUnderWay(c *Context) error {
	for _, v := range f.tx(c).CertificationsOf(platform.AccountID(c.Account)) {
		same := string(v.Purpose) == c.Get("purpose") && (c.Get("enterprise") == "" || string(v.EnterpriseID) == c.Get("enterprise"))
		if !same || !v.Status.Open() || !c.Now.Before(v.Deadline) {
			continue
		}
		c.Set("cert", string(v.ID))
		switch v.Status {
		case platform.CertInReview:
			return ends(f.words.Refusals[platform.UnderReview], "R07.8", "review")
		case platform.CertBasicInfo:
			f.takeReading(c, v)
			c.Session.Step = "check"
		default:
			c.Session.Step = "method"
		}
		c.Say(c.Text("goOn", actions.Args{"name": v.Submitted.Name}))
		return nil
	}
	return f.tx(c).Err()
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
		IDNumber: c.Get("idNumber"), IDFront: platform.FileID(c.Get("idFront")), IDBack: platform.FileID(c.Get("idBack")), Privacy: c.Get("privacy") != "", Callback: c.Get("privacy") == "callback"}
	if c.Get("card") == "agent" {
		info.PersonKind = platform.IsAgent
	}
	t := f.tx(c)
	err := t.SubmitBasicInfo(certID(c), info)
	switch {
	case t.Err() != nil:
		return t.Err()
	case err == nil:
		c.Set("idNumber", "") // kept by the platform as a hash
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
	a := actions.Args{"text": "", "due": "", "causes": ""}
	if p, err := f.tx(c).CertificationProgress(certID(c)); err == nil {
		a["text"] = p.Text
		if p.Review != nil {
			a["due"] = local(p.Review.DueAt)
		}
	}
	return a
}
