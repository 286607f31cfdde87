package platform_test

import (
	"testing"

	"signdesk/actions/platform"
)

// grant13 lets A-1302 ask for the right to sign C-13-1 in a scope, and have it.
func grant13(w *world, scope platform.SignScope) {
	w.Helper()
	q := w.mustRequest("A-1302", "C-13-1", platform.RequestForm{SignScope: scope})
	w.run(w.as("A-1301"), func(t *Tx) error { return t.DecideRequest(platform.Decision{Request: q.ID, Approve: true}) })
}

func TestR13_3_OnlyTheSignScopeIsAsked(t *testing.T) {
	t.Parallel()
	for _, scope := range []platform.SignScope{platform.SignCurrentContract, platform.SignCurrentSender, platform.SignAllSenders} {
		w := newWorld(t)
		grant13(w, scope)
		grants := view(w, func(t *Tx) []*platform.SealGrant { return t.SealGrants("M-1302") })
		views := view(w, func(t *Tx) []*platform.ViewGrant { return t.ViewGrants("M-1302") })
		if len(grants) != 1 || grants[0].SignScope != scope || len(views) != 0 {
			t.Errorf("asked for %s: %d rights to sign, %d to view", scope, len(grants), len(views))
		}
	}

	w := newWorld(t)
	q := ok(w, w.as("A-1302"), func(t *Tx) (*platform.PermissionRequest, error) { return t.DraftRequest("C-13-1") })
	if q.Kind != platform.AskSeal || q.ViewScope != "" || q.SignScope != platform.SignCurrentSender {
		t.Errorf("drafted %s, view %q, sign %q", q.Kind, q.ViewScope, q.SignScope)
	}
	for field, f := range map[string]platform.RequestForm{"signScope": {SignScope: platform.SignNone}, "viewScope": {ViewScope: platform.ViewCurrentContract}} {
		f.Request, f.Name, f.Way = q.ID, "海示员", platform.AskMainAdmin
		err := w.try(w.as("A-1302"), func(t *Tx) error { return t.SubmitRequest(f) })
		if r := w.refused(err, platform.BadField, "R13.3"); r.Args["field"] != field {
			t.Errorf("refused for %q, want %q", r.Args["field"], field)
		}
	}
	w.run(w.as("A-1302"), func(t *Tx) error {
		return t.SubmitRequest(platform.RequestForm{Request: q.ID, Name: "海示员", Way: platform.AskMainAdmin})
	})
	// Nor can the administrator make nothing of it.
	err := w.try(w.as("A-1301"), func(t *Tx) error {
		return t.DecideRequest(platform.Decision{Request: q.ID, Approve: true, SignScope: platform.SignNone})
	})
	w.refused(err, platform.BadField, "R13.3")
}

func TestR13_4_InsideTheViewableRange(t *testing.T) {
	const company = "虚构海棠服饰有限公司"
	for scope, signable := range map[platform.SignScope]map[string]bool{
		platform.SignCurrentContract: {},
		platform.SignCurrentSender:   {"A-9001": true, "A-9101": true, "A-9201": true}, // the group, subsidiary and business line
		platform.SignAllSenders:      {"A-9001": true, "A-9101": true, "A-9201": true, "A-9501": true},
	} {
		t.Run(string(scope), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			grant13(w, scope)
			w.wantScreen("A-1302", "C-13-1", platform.ScreenSigningPage, "确认签署")
			for _, sender := range []string{"A-9001", "A-9101", "A-9201", "A-9501"} {
				his := address(w, sender, company, "A-1302")
				if signable[sender] {
					w.wantScreen("A-1302", his, platform.ScreenSigningPage, "确认签署")
				} else {
					w.wantScreen("A-1302", his, platform.ScreenNoSignPermission, "无签署权限，需要申请")
				}
				// The company's contracts that he cannot view, he cannot sign.
				others := address(w, sender, company, "")
				w.wantScreen("A-1302", others, platform.ScreenNoPermission, "无权限")
				_, err := w.sign("A-1302", others)
				w.refused(err, platform.NoRight, "R12.17")
				if got := view(w, func(t *Tx) []*platform.Seal {
					return t.CanSign(t.Member("M-1302"), t.Contract(platform.ContractID(others)))
				}); len(got) != 0 {
					t.Errorf("can put %d seals on a contract that he cannot view", len(got))
				}
			}
			if c, err := w.sign("A-1302", "C-13-1"); err != nil || c.Status != platform.ContractCompleted {
				t.Errorf("signing: %v", err)
			}
		})
	}
}

func TestR13_4_TheSendersGroupCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sister := *view(w, func(t *Tx) *platform.Enterprise { return t.Enterprise("E-95") })
	sister.GroupID = "G-1" // neither subsidiary nor business line
	w.run(w.system(), func(t *Tx) error { return t.Import(&platform.Seed{Enterprises: []platform.Enterprise{sister}}) })
	grant13(w, platform.SignCurrentSender)
	w.wantScreen("A-1302", address(w, "A-9501", "虚构海棠服饰有限公司", "A-1302"), platform.ScreenSigningPage, "确认签署")
}
