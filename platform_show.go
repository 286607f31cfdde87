package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
)

// verbShow prints a record. Mobile numbers and addresses are masked: what is on
// a screen can be read by others.
func verbShow(s *session) {
	id := s.arg(0)
	if e := look(s, func(t *platform.Tx) *platform.Enterprise {
		if e := t.EnterpriseByRegistration(id); e != nil {
			return e
		}
		return t.Enterprise(platform.EnterpriseID(id))
	}); e != nil {
		s.enterprise(e)
		return
	}
	find, ok := finders[strings.SplitN(id, "-", 2)[0]]
	if !ok {
		s.must(fmt.Errorf("no record has an id like %q", id))
	}
	rec := look(s, func(t *platform.Tx) any { return find(t, id) })
	raw, err := json.MarshalIndent(rec, "", "  ")
	s.must(err)
	if string(raw) == "null" { // a nil record of some type
		s.must(fmt.Errorf("there is no %s", id))
	}
	s.printf("%s", value.MaskAll(string(raw)))
}

// finders find a record by the letters of its id.
var finders = map[string]func(*platform.Tx, string) any{
	"E": func(*platform.Tx, string) any { return nil }, // looked for before
	"A": func(t *platform.Tx, id string) any {
		a := t.Account(platform.AccountID(id))
		if a == nil {
			return nil
		}
		a.PasswordHash = ""
		return a
	},
	"C": func(t *platform.Tx, id string) any { return t.Contract(platform.ContractID(id)) },
	"V": func(t *platform.Tx, id string) any { return t.Certification(platform.CertificationID(id)) },
	"M": func(t *platform.Tx, id string) any { return t.Member(platform.MemberID(id)) },
	"S": func(t *platform.Tx, id string) any { return t.Seal(platform.SealID(id)) },
	"P": func(t *platform.Tx, id string) any { return t.Request(platform.RequestID(id)) },
	"U": func(t *platform.Tx, id string) any { return t.Appeal(platform.AppealID(id)) },
	"W": func(t *platform.Tx, id string) any { return t.Letter(platform.LetterID(id)) },
	"Z": func(t *platform.Tx, id string) any { return t.Reverse(platform.ReverseID(id)) },
	"B": func(t *platform.Tx, id string) any {
		b := t.Transfer(platform.TransferID(id))
		if b == nil {
			return nil
		}
		b.Amount = 0 // whoever enters it must have seen it at his bank
		return b
	},
}

func (s *session) enterprise(e *platform.Enterprise) {
	s.printf("%s  %s  %s  %s  法定代表人 %s", e.ID, e.Name, e.Registration, s.term(string(e.Status)), e.LegalRepName)
	s.must(s.platform.View(s.ctx, func(t *platform.Tx) error {
		for _, m := range t.Members(e.ID) {
			s.member(t, e, m)
		}
		for _, seal := range t.Seals(e.ID) {
			note := ""
			if seal.NeedsRedraw {
				note = "，" + s.words.Screens[platform.ScreenSealNeedsRedraw]
			}
			s.printf("印章 %s  %s  %s%s", seal.ID, seal.Name, s.term(string(seal.Status)), note)
			for _, h := range t.Holders(seal.ID) {
				s.printf("    %s  自 %s  授权 %s  范围 %s", h.Name, local(h.Since), s.term("by"+string(h.By)), s.term("sign"+string(h.Scope)))
			}
		}
		for _, c := range t.Certifications(e.ID) {
			s.printf("认证 %s  %s", c.ID, s.term(string(c.Status)))
		}
		for _, q := range t.Requests(e.ID) {
			s.printf("申请 %s  %s  %s  查看 %s  签署 %s  %s", q.ID, q.ApplicantName, s.term("ask"+string(q.Way)), s.term("view"+string(q.ViewScope)),
				s.term("sign"+string(q.SignScope)), s.term(string(q.Status)))
		}
		for _, a := range t.Appeals(e.ID) {
			s.printf("申诉 %s  %s  %s", a.ID, s.term(string(a.Case)), s.term(string(a.Status)))
		}
		return nil
	}))
}

func (s *session) member(t *platform.Tx, e *platform.Enterprise, m *platform.Member) {
	var roles []string
	for _, r := range t.Roles(e.ID) {
		for _, id := range m.RoleIDs {
			if r.ID == id {
				roles = append(roles, r.Name)
			}
		}
	}
	s.printf("成员 %s  %s  %s  %s  %s", m.ID, m.Name, value.Mask(m.Login), strings.Join(roles, "、"), s.term(string(m.Status)))
	for _, g := range t.ViewGrants(m.ID) {
		s.printf("    可查看 %s（合同 %s）自 %s", s.term("view"+string(g.ViewScope)), g.OriginContractID, local(g.Since))
	}
}
