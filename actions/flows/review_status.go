package flows

import (
	"strings"

	"signdesk/actions"
	"signdesk/actions/platform"
)

var _ = add((*Flows).reviewStatus)

// reviewStatus is F13: how far certifications and letters are.
func (f *Flows) reviewStatus() actions.Flow {
	return actions.Flow{Name: "review_status", Code: "F13", Revision: 1, Steps: []actions.Step{
		bound(),
		{ID: "look", Next: actions.Decide(func(c *Context) actions.StepID {
			switch {
			case len(f.cases(c)) == 0:
				return "nothing"
			case f.rejected(c) != nil:
				return "rejected"
			}
			return "shown"
		}, "nothing", "rejected", "shown")},
		{ID: "shown", Ends: "shown", Args: f.caseArgs},
		{ID: "rejected", Ends: "rejected", Args: f.caseArgs, Offer: one("again", "certify")},
		{ID: "nothing", Ends: "nothing"},
		unbound(),
	}}
}

// cases tells of each certification and letter of the person how it stands.
func (f *Flows) cases(c *Context) []string {
	var lines []string
	t := f.tx(c)
	for _, v := range t.CertificationsOf(platform.AccountID(c.Account)) {
		p, err := t.CertificationProgress(v.ID)
		if err != nil || v.Status == platform.CertWithdrawn {
			continue
		}
		line := "「" + v.Submitted.Name + "」" + p.Text
		if p.Review != nil {
			line += "\n" + f.reviewLine(c, p.Review)
		}
		if p.Certificate == nil && v.Status == platform.CertInReview {
			line += c.Text("noCertificate", nil)
		}
		lines = append(lines, line)
	}
	for _, s := range t.OpenCases(platform.AccountID(c.Account)) {
		if q := t.ReviewOf(s); q != nil && s.Kind != platform.OnCertification {
			lines = append(lines, c.Text("letter", nil)+"\n"+f.reviewLine(c, q))
		}
	}
	return lines
}

// reviewLine tells why staff look at a case, and until when.
func (f *Flows) reviewLine(c *Context, q *platform.ReviewTask) string {
	var causes []string
	for _, cause := range q.Causes {
		causes = append(causes, f.term("cause"+string(cause)))
	}
	return c.Text("review", actions.Args{"causes": list(causes), "due": local(q.DueAt)})
}

func (f *Flows) rejected(c *Context) *platform.Certification {
	var last *platform.Certification
	for _, v := range f.tx(c).CertificationsOf(platform.AccountID(c.Account)) {
		if last == nil || v.CreatedAt.After(last.CreatedAt) {
			last = v
		}
	}
	if last != nil && last.Status == platform.CertRejected {
		return last
	}
	return nil
}

func (f *Flows) caseArgs(c *Context) actions.Args {
	a := actions.Args{"cases": strings.Join(f.cases(c), "\n"), "reason": "", "company": ""}
	if v := f.rejected(c); v != nil {
		a["reason"], a["company"] = v.RejectReason, v.Submitted.Name
	}
	return a
}
