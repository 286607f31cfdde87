package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/calendar"
	"signdesk/actions/platform/demo"
	"signdesk/actions/platform/value"
)

func verbOpen(s *session) {
	act := s.who(1)
	o := do(s, act, func(t *platform.Tx) (*platform.Outcome, error) {
		return t.OpenContract(act.By.Account, platform.ContractID(s.arg(0)))
	})
	s.printf("%s", o.Text)
	for _, seal := range o.Seals {
		s.printf("可用印章：%s（%s）", seal.Name, seal.ID)
	}
}

func verbCertify(s *session) {
	agent, noName, edited := s.flag("agent"), s.flag("noname"), s.flag("edited")
	registration, act := s.arg(0), s.who(1)
	n := platform.NewCertification{Purpose: platform.ForNew, EntityType: platform.EntityType(s.named["entity"]), LicenceDoc: platform.LicenceDoc(s.named["doc"]), NoName: noName}
	if n.EntityType == "" {
		n.EntityType = platform.Company
	}
	if n.LicenceDoc == "" {
		n.LicenceDoc = platform.BusinessLicence
	}
	if e := s.named["change"]; e != "" {
		n.Purpose, n.Enterprise = platform.ForInfoChange, platform.EnterpriseID(e)
	}
	reading := platform.Reading{Name: s.named["name"], Registration: registration, LegalRepName: s.named["rep"], WatermarkText: s.named["watermark"]}
	if edited {
		reading.LegalRepName += "?"
	}
	n.Licence = s.picture(act, platform.FileLicence, reading)
	info := platform.BasicInfo{Name: s.named["name"], Registration: registration, LegalRepName: s.named["rep"], PersonKind: platform.IsLegalRep,
		IDNumber: s.named["id"], Privacy: true, IDFront: s.picture(act, platform.FileIDCard, platform.Reading{}), IDBack: s.picture(act, platform.FileIDCard, platform.Reading{})}
	if agent {
		info.PersonKind = platform.IsAgent
	}
	if info.IDNumber == "" {
		info.IDNumber = s.idNumber(act, agent)
	}
	c := do(s, act, func(t *platform.Tx) (*platform.Certification, error) { return t.StartCertification(n) })
	s.does(act, func(t *platform.Tx) error { return t.SubmitBasicInfo(c.ID, info) })
	s.showProgress(act, c.ID)
}

// idNumber returns the ID number of the legal representative of the actor's
// enterprise in the demonstration, or of an agent.
func (s *session) idNumber(act *platform.Act, agent bool) string {
	if agent {
		return demo.AgentID
	}
	return demo.LegalRepID(string(act.By.Account)[2:4])
}

func verbProgress(s *session) { s.showProgress(s.who(1), platform.CertificationID(s.arg(0))) }

func (s *session) showProgress(act *platform.Act, id platform.CertificationID) {
	p := do(s, act, func(t *platform.Tx) (*platform.Progress, error) { return t.CertificationProgress(id) })
	s.printf("%s  %s", id, p.Text)
	if len(p.Methods) > 0 {
		s.printf("可选认证方式：%s", s.methods(p.Methods))
	}
	if p.Review != nil {
		s.printf("审核 %s 截止 %s", p.Review.ID, local(p.Review.DueAt))
	}
	if c := p.Certificate; c != nil {
		s.printf("证书 %s：%s，有效期 %s 至 %s，颁发者 %s", c.SerialNo, c.SubjectName, local(c.IssuedAt), local(c.ExpiresAt), c.Issuer)
	}
}

func (s *session) methods(list []platform.Method) string {
	var words []string
	for _, m := range list {
		words = append(words, s.term(string(m)))
	}
	return strings.Join(words, "、")
}

func local(t time.Time) string { return t.In(calendar.Shanghai).Format("2006-01-02 15:04") }

func verbDelete(s *session) {
	s.does(s.who(1), func(t *platform.Tx) error { return t.DeleteEnterprise(platform.EnterpriseID(s.arg(0))) })
	s.printf("已删除，营业执照可以重新提交认证")
}

func verbChange(s *session) {
	c := do(s, s.who(1), func(t *platform.Tx) (*platform.InfoChange, error) {
		return t.OpenInfoChange(platform.EnterpriseID(s.arg(0)))
	})
	s.printf("%s  请在%s前完成", c.ID, local(c.Deadline))
}

func verbPhone(s *session) {
	subject, act, mobile := s.subject(0), s.who(1), s.arg(2)
	check := do(s, act, func(t *platform.Tx) (platform.CheckID, error) {
		return t.StartPhoneCheck(platform.PhoneForm{Subject: subject, LegalRepID: s.named["id"], Mobile: mobile, Privacy: true})
	})
	code := s.code(mobile)
	s.does(act, func(t *platform.Tx) error { return t.FinishPhoneCheck(check, code) })
	s.settled(subject)
}

func verbFace(s *session) {
	subject, act := s.subject(0), s.who(1)
	check := do(s, act, func(t *platform.Tx) (platform.CheckID, error) {
		return t.StartFaceCheck(platform.FaceForm{Subject: subject, LegalRepID: s.named["id"], Privacy: true, Vehicle: "Alipay"})
	})
	s.printf("刷脸：%s", do(s, act, func(t *platform.Tx) (platform.CheckStatus, error) { return t.FinishFaceCheck(check) }))
	s.settled(subject)
}

// settled tells how a case stands.
func (s *session) settled(c platform.Subject) {
	status := look(s, func(t *platform.Tx) string {
		switch c.Kind {
		case platform.OnCertification:
			return string(t.Certification(platform.CertificationID(c.ID)).Status)
		case platform.OnAppeal:
			return string(t.Appeal(platform.AppealID(c.ID)).Status)
		default:
			return string(t.Request(platform.RequestID(c.ID)).Status)
		}
	})
	s.printf("%s  %s", c.ID, s.term(status))
}

func verbTransfer(s *session) {
	subject := s.subject(0)
	form := platform.TransferForm{Subject: subject, Bank: "示例银行", Province: "浙江省", City: "杭州市", Branch: "示例支行", AccountNo: s.arg(2)}
	id := do(s, s.who(1), func(t *platform.Tx) (platform.TransferID, error) { return t.SubmitTransfer(form) })
	_, err := s.platform.PayOut(s.ctx, workBatch)
	s.must(err)
	b := look(s, func(t *platform.Tx) *platform.BankTransfer { return t.Transfer(id) })
	switch b.Status {
	case platform.TransferBounced:
		s.printf("%s  打款被退回：%s", id, b.BounceReason)
	default:
		s.printf("%s  已打款，预计 %s 到账；附言：%s", id, local(b.ArrivesAt), b.Remark)
	}
}

func verbBackfill(s *session) {
	id := platform.TransferID(s.arg(0))
	s.does(s.who(1), func(t *platform.Tx) error { return t.Backfill(id, s.arg(2)) })
	s.settled(look(s, func(t *platform.Tx) platform.Subject { return t.Transfer(id).Subject }))
}

func verbReverse(s *session) {
	form := platform.ReverseForm{Subject: s.subject(0), Consent1: true, Consent2: true, Last4: s.opt(2)}
	id := do(s, s.who(1), func(t *platform.Tx) (platform.ReverseID, error) { return t.SubmitReverse(form) })
	z := look(s, func(t *platform.Tx) *platform.ReverseTransfer { return t.Reverse(id) })
	s.printf("%s  请由%s向以下账户汇入0.01元：%s %s %s %s，联行号 %s", id, z.PayerName, z.Payee.Name, z.Payee.Bank, z.Payee.Branch, z.Payee.Account, z.Payee.CNAPS)
}

func verbArrive(s *session) {
	fen, err := strconv.Atoi(s.arg(0))
	s.must(err)
	days := 0
	if d := s.named["days"]; d != "" {
		days, err = strconv.Atoi(d)
		s.must(err)
	}
	act := s.platform.NewAct(platform.Actor{System: "bank"}, "")
	pay := platform.IncomingPayment{ID: platform.IncomingID("in-" + rand.Text()), PayerName: s.named["payer"], PayerAccount: s.named["from"], Amount: value.Fen(fen),
		Currency: s.or("currency", "CNY"), ValueDate: act.At.AddDate(0, 0, days), PayeeAccount: s.or("payee", s.payee)}
	id := do(s, act, func(t *platform.Tx) (platform.ReverseID, error) { return t.Arrived(pay) })
	if id == "" {
		s.printf("没有等待这笔款项的申请")
		return
	}
	z := look(s, func(t *platform.Tx) *platform.ReverseTransfer { return t.Reverse(id) })
	s.printf("%s  %s", id, z.Status)
	if z.FailedCondition != "" {
		s.printf("原因：%s", s.term(z.FailedCondition))
	}
	s.settled(z.Subject)
}

// or returns a named argument, or what stands in for it.
func (s *session) or(name, otherwise string) string {
	if v, ok := s.named[name]; ok {
		return v
	}
	return otherwise
}

func verbLetter(s *session) {
	subject, act := s.subject(0), s.who(1)
	l := do(s, act, func(t *platform.Tx) (*platform.AuthorizationLetter, error) { return t.GenerateLetter(subject) })
	s.printf("%s  %s：%s授权%s（%s）", l.ID, l.Title, l.Fields.Company, l.Fields.GranteeName, value.Mask(l.Fields.GranteeAccount))
	photo := s.picture(act, platform.FileLetter, platform.Reading{SealFound: true})
	s.does(act, func(t *platform.Tx) error { return t.UploadLetter(l.ID, photo) })
	q := look(s, func(t *platform.Tx) *platform.ReviewTask { return t.ReviewOf(subject) })
	s.printf("审核 %s 截止 %s", q.ID, local(q.DueAt))
}

func verbReviews(s *session) {
	for _, q := range look(s, (*platform.Tx).OpenReviews) {
		s.printf("%s  %s %s  %v  截止 %s", q.ID, q.Subject.Kind, q.Subject.ID, q.Causes, local(q.DueAt))
	}
}

func verbReview(s *session) {
	verdict := s.arg(1)
	if verdict != "pass" && verdict != "reject" {
		s.must(fmt.Errorf("want pass or reject, not %q", verdict))
	}
	act := s.platform.NewAct(platform.Actor{Staff: "terminal"}, "")
	s.does(act, func(t *platform.Tx) error {
		return t.Decide(platform.ReviewID(s.arg(0)), verdict == "pass", strings.Join(s.args[2:], " "))
	})
	s.printf("已处理，结果已通知申请人")
}

func verbAppeal(s *session) {
	act := s.who(1)
	stated := platform.AppealCase(s.arg(2))
	id := do(s, act, func(t *platform.Tx) (platform.AppealID, error) { return t.StartAppeal(s.arg(0), "") })
	code := s.code(s.login(1))
	s.does(act, func(t *platform.Tx) error { return t.VerifyAppealCode(id, code) })
	res := do(s, act, func(t *platform.Tx) (*platform.CaseResult, error) { return t.SetAppealCase(id, stated) })
	s.printf("%s  变更情况：%s", id, s.term(string(res.Case)))
	if res.Differs {
		s.printf("与工商登记不一致，以工商登记为准")
	}
	if len(res.Methods) == 0 {
		s.does(act, func(t *platform.Tx) error { _, err := t.ProofOf(id.Subject()); return err }) // says why
		return
	}
	s.printf("可选认证方式：%s", s.methods(res.Methods))
}

func verbRequest(s *session) {
	act := s.who(1)
	q := do(s, act, func(t *platform.Tx) (*platform.PermissionRequest, error) {
		return t.DraftRequest(platform.ContractID(s.arg(0)))
	})
	form := platform.RequestForm{Request: q.ID, Name: q.ApplicantName, Way: platform.Way(s.arg(2)),
		ViewScope: platform.ViewScope(s.named["view"]), SignScope: platform.SignScope(s.named["sign"])}
	s.does(act, func(t *platform.Tx) error { return t.SubmitRequest(form) })
	s.settled(q.ID.Subject())
}

func verbDecide(s *session) {
	verdict := s.arg(2)
	if verdict != "approve" && verdict != "reject" {
		s.must(fmt.Errorf("want approve or reject, not %q", verdict))
	}
	d := platform.Decision{Request: platform.RequestID(s.arg(0)), Approve: verdict == "approve", Reason: strings.Join(s.args[3:], " ")}
	act := s.who(1)
	if act.By.Link != "" {
		s.does(act, func(t *platform.Tx) error { return t.SendApproveCode(d.Request) })
		l := do(s, act, func(t *platform.Tx) (*platform.ShortLink, error) { return t.Link(platform.LinkCode(act.By.Link)) })
		d.Code = s.code(l.RecipientLogin)
	}
	s.does(act, func(t *platform.Tx) error { return t.DecideRequest(d) })
	s.settled(d.Request.Subject())
}

func verbNotify(s *session) {
	subject := s.subject(0)
	l := do(s, s.who(1), func(t *platform.Tx) (*platform.ShortLink, error) {
		return t.NotifyHelper(subject, platform.LinkRole(s.arg(2)), s.arg(3))
	})
	s.printf("已通知 %s；对方以 link:%s 操作，%s前有效", value.Mask(l.RecipientLogin), l.Code, local(l.ExpiresAt))
}

func verbSign(s *session) {
	act, id := s.who(1), platform.ContractID(s.arg(0))
	s.does(act, func(t *platform.Tx) error { return t.SendSignCode(id) })
	code := s.code(s.login(1))
	c := do(s, act, func(t *platform.Tx) (*platform.Contract, error) { return t.SignContract(id, "", code) })
	s.printf("%s  %s", c.ID, s.term(string(c.Status)))
}

func verbSend(s *session) {
	act := s.who(1)
	from := look(s, func(t *platform.Tx) []*platform.Member { return t.MembershipsOf(act.By.Account) })
	if len(from) == 0 {
		s.must(fmt.Errorf("%s is no member of an enterprise", s.arg(1)))
	}
	c := do(s, act, func(t *platform.Tx) (*platform.Contract, error) {
		return t.SendContract(platform.ContractForm{Enterprise: from[0].EnterpriseID, Title: s.or("title", "经销合同"),
			Parties: []platform.Party{{EnterpriseName: s.arg(0), RecipientLogin: s.arg(2)}}})
	})
	s.printf("%s  %s", c.ID, s.term(string(c.Status)))
}

func verbWithdraw(s *session) {
	s.does(s.who(1), func(t *platform.Tx) error { return t.WithdrawContract(platform.ContractID(s.arg(0))) })
	s.printf("已撤回")
}

func verbResend(s *session) {
	c := do(s, s.who(1), func(t *platform.Tx) (*platform.Contract, error) {
		return t.ResendContract(platform.ContractID(s.arg(0)), []platform.Party{{EnterpriseName: s.arg(2), RecipientLogin: s.arg(3)}})
	})
	s.printf("%s  %s", c.ID, s.term(string(c.Status)))
}

func verbSeal(s *session) {
	act := s.who(1)
	form := platform.SealForm{Enterprise: platform.EnterpriseID(s.arg(0)), Name: s.opt(2)}
	if form.Name != "" {
		form.Image = s.picture(act, platform.FileSeal, platform.Reading{SealFound: true})
	}
	seal := do(s, act, func(t *platform.Tx) (*platform.Seal, error) { return t.SetupSeal(form) })
	s.printf("%s  %s  %s", seal.ID, seal.Name, s.term(string(seal.Status)))
}

func verbRedraw(s *session) {
	act := s.who(1)
	var image platform.FileID
	if s.opt(2) == "picture" {
		image = s.picture(act, platform.FileSeal, platform.Reading{SealFound: true})
	}
	seal := do(s, act, func(t *platform.Tx) (*platform.Seal, error) { return t.UpdateSeal(platform.SealID(s.arg(0)), image) })
	s.printf("%s  %s  修改成功", seal.ID, seal.Name)
}

func verbGrant(s *session) {
	s.arg(2)
	var to platform.SealHolders
	for _, m := range s.args[2:] {
		to.Members = append(to.Members, platform.MemberID(m))
	}
	id := platform.SealID(s.arg(0))
	s.does(s.who(1), func(t *platform.Tx) error { return t.GrantSeal(id, to) })
	for _, h := range look(s, func(t *platform.Tx) []platform.Holder { return t.Holders(id) }) {
		s.printf("持有人 %s，自 %s", h.Name, local(h.Since))
	}
}

// items are the rest of the arguments.
func (s *session) items(from int) []platform.Item {
	var out []platform.Item
	for i := from; i < len(s.args); i++ {
		out = append(out, platform.Item(s.args[i]))
	}
	return out
}

func verbAdmin(s *session) {
	act, items := s.who(1), s.items(3)
	member := platform.MemberID(s.arg(2))
	id := do(s, act, func(t *platform.Tx) (platform.AdminChangeID, error) {
		return t.StartAdminChange(platform.EnterpriseID(s.arg(0)))
	})
	if look(s, func(t *platform.Tx) platform.AdminChangeStatus { return t.AdminChange(id).Status }) == platform.AdminDraft {
		code := s.code(s.login(1))
		s.does(act, func(t *platform.Tx) error { return t.VerifyOldAdmin(id, code) })
	}
	s.does(act, func(t *platform.Tx) error {
		return t.FinishAdminChange(platform.AdminChoice{Change: id, NewMember: member, Transfer: len(items) > 0, Items: items})
	})
	s.printf("%s  已更换主管理员，请退出后用新主管理员账号登录", id)
	if h := look(s, func(t *platform.Tx) *platform.Handover { return t.Handover(t.AdminChange(id).HandoverID) }); h != nil {
		s.handedOver(h)
	}
}

func (s *session) handedOver(h *platform.Handover) {
	s.printf("已转交：模板 %d、合同 %d、印章 %d", h.Counts[platform.ItemTemplate], h.Counts[platform.ItemContract], h.Counts[platform.ItemSeal])
}

func verbHandover(s *session) {
	act := s.who(1)
	form := platform.HandoverForm{Enterprise: platform.EnterpriseID(s.arg(0)), From: platform.MemberID(s.arg(2)), To: platform.MemberID(s.arg(3)), Items: s.items(4)}
	h := do(s, act, func(t *platform.Tx) (*platform.Handover, error) { return t.StartHandover(form) })
	s.handedOver(do(s, act, func(t *platform.Tx) (*platform.Handover, error) { return t.ConfirmHandover(h.ID) }))
}

func verbDisable(s *session) {
	s.does(s.who(1), func(t *platform.Tx) error {
		return t.SetMember(platform.MemberID(s.arg(0)), platform.MemberDisabled)
	})
	s.printf("已停用")
}

func verbHours(s *session) {
	at := s.clock.Now()
	if text := s.opt(0); text != "" {
		var err error
		at, err = time.ParseInLocation("2006-01-02T15:04", strings.Replace(text, " ", "T", 1), calendar.Shanghai)
		s.must(err)
	}
	h, err := calendar.HotlineAt(at)
	s.must(err)
	word := "未在服务时间"
	if h.Open {
		word = "服务中"
	}
	s.printf("%s  %s", local(at), word)
}

func verbOutbox(s *session) {
	list := look(s, func(t *platform.Tx) []*platform.Notification {
		if login := s.opt(0); login != "" {
			return t.SentTo(login)
		}
		return t.Queued(workBatch)
	})
	for _, n := range list {
		s.printf("%s  %s  %s  %s\n    %s", local(n.CreatedAt), n.Channel, value.Mask(n.To), n.Template, n.Text)
	}
}

const auditLines = 100

func verbAudit(s *session) {
	for _, e := range look(s, func(t *platform.Tx) []platform.AuditEvent { return t.History(s.arg(0), auditLines) }) {
		raw, err := json.Marshal(e.After)
		s.must(err)
		s.printf("%s  %s  %s\n    %s", local(e.At), e.Actor, e.Action, raw)
	}
}

func verbWait(s *session) {
	if text := s.opt(0); text != "" {
		if days, ok := strings.CutSuffix(text, "d"); ok {
			n, err := strconv.Atoi(days)
			s.must(err)
			text = strconv.Itoa(n*24) + "h"
		}
		d, err := time.ParseDuration(text)
		s.must(err)
		if d < 0 {
			s.must(fmt.Errorf("time only goes forward"))
		}
		s.must(s.clock.Wait(s.ctx, d))
		_, err = s.platform.Sweep(s.ctx, workBatch)
		s.must(err)
	}
	s.printf("%s", local(s.clock.Now()))
}
