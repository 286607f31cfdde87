package platform_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
	"signdesk/actions/platform/value"
)

var modelSeed = flag.Uint64("model.seed", 0, "repeat the random walk of this seed")

// TestRandomWalks does many things at random, in any order, by anybody. A model
// of a few facts foretells what each must lead to; after each step all
// invariants hold.
func TestRandomWalks(t *testing.T) {
	const walks, rounds = 8, 4 // one round mostly sees everything
	if *modelSeed != 0 {
		walk(t, []uint64{*modelSeed}, make(map[string]int))
		return
	}
	outcomes := make(map[string]int)
	var missing []string
	for range rounds {
		seeds := make([]uint64, walks)
		for i := range seeds {
			seeds[i] = rand.Uint64()
		}
		if walk(t, seeds, outcomes); t.Failed() {
			return
		}
		missing = nil
		for _, what := range []string{"ask", "decide", "cancel", "sign", "withdraw", "appeal", "transfer", "backfill", "delete", "certify"} {
			if outcomes[what+" done"] == 0 || outcomes[what+" refused"] == 0 {
				missing = append(missing, what)
			}
		}
		if missing == nil {
			return
		}
	}
	t.Errorf("walks without both outcomes of %s: %v", missing, outcomes)
}

// walk does the walks of some seeds, and adds up what came of their steps.
func walk(t *testing.T, seeds []uint64, outcomes map[string]int) {
	const steps = 150
	var mu sync.Mutex
	t.Run("walks", func(t *testing.T) {
		for _, seed := range seeds {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				m := newModel(newWorld(t), seed)
				for range steps {
					m.step()
					if err := m.p.VerifyRecords(m.ctx); err != nil {
						t.Error(err)
					}
					m.compare()
					if t.Failed() {
						t.Fatalf("go test ./actions/platform -run RandomWalks -model.seed=%d; steps: %v", seed, m.trace)
					}
				}
				mu.Lock()
				defer mu.Unlock()
				for what, n := range m.outcomes {
					outcomes[what] += n
				}
			})
		}
	})
}

// A model is what is expected of the platform, told in a few facts.
type model struct {
	*world
	rand     *rand.Rand
	trace    []string
	outcomes map[string]int // how often what was done or refused

	admin     map[platform.EnterpriseID]platform.AccountID
	contracts map[platform.ContractID]platform.ContractStatus
	requests  map[platform.RequestID]*modelRequest
	transfers map[platform.TransferID]*modelTransfer
	appeals   map[platform.AppealID]modelAppeal
	licence   platform.AccountID // who has E-01's; "" if nobody
}

type modelRequest struct {
	by         platform.AccountID
	contract   platform.ContractID
	enterprise platform.EnterpriseID
	status     platform.RequestStatus
	until      time.Time
}

type modelTransfer struct {
	by     platform.AccountID
	amount value.Fen
	tries  int
	open   bool
	appeal platform.AppealID
	until  time.Time
}

type modelAppeal struct {
	by         platform.AccountID
	enterprise platform.EnterpriseID
	until      time.Time
}

// The corner of the world in which the walks take place.
var (
	modelPeople      = []string{"A-1201", "A-1202", "A-1302", "A-1102", "A-0101", "A-0102", "A-9001"}
	modelContracts   = []platform.ContractID{"C-12-1", "C-12-2", "C-12-3", "C-12-4", "C-12-5", "C-13-1", "C-11-1"}
	modelEnterprises = []platform.EnterpriseID{"E-11", "E-12", "E-13"}
	modelNames       = map[platform.EnterpriseID]string{"E-11": "虚构晨光食品有限公司", "E-12": "虚构茶山商贸有限公司", "E-13": "虚构海棠服饰有限公司"}
)

func newModel(w *world, seed uint64) *model {
	m := &model{world: w, outcomes: make(map[string]int), rand: rand.New(rand.NewPCG(seed, seed)),
		admin:     map[platform.EnterpriseID]platform.AccountID{"E-11": "A-1101", "E-12": "A-1201", "E-13": "A-1301"},
		contracts: make(map[platform.ContractID]platform.ContractStatus), requests: make(map[platform.RequestID]*modelRequest),
		transfers: make(map[platform.TransferID]*modelTransfer), appeals: make(map[platform.AppealID]modelAppeal), licence: "A-0101"}
	for _, id := range modelContracts {
		m.contracts[id] = platform.ContractSigning
	}
	return m
}

func pick[T any](m *model, from []T) T { return from[m.rand.IntN(len(from))] }

// known returns one of the ids of a map, in an order that depends on the seed
// alone; ok is false if there is none.
func known[K ~string, V any](m *model, of map[K]V, first func(a, b V) int) (id K, ok bool) {
	ids := make([]K, 0, len(of))
	for k := range of {
		ids = append(ids, k)
	}
	if len(ids) == 0 {
		return "", false
	}
	slices.SortFunc(ids, func(a, b K) int { return first(of[a], of[b]) })
	return pick(m, ids), true
}

func (m *model) step() {
	steps := []struct {
		name string
		run  func()
	}{
		{"open", m.open}, {"ask", m.ask}, {"decide", m.decide}, {"decide", m.decide}, {"cancel", m.cancel}, {"sign", m.sign}, {"sign", m.sign},
		{"withdraw", m.withdraw}, {"appeal", m.appeal}, {"transfer", m.transfer}, {"backfill", m.backfill}, {"backfill", m.backfill},
		{"delete", m.delete}, {"certify", m.certify}, {"wait", m.wait}, {"sweep", m.sweep},
	}
	s := pick(m, steps)
	m.trace = append(m.trace, s.name)
	m.Helper()
	m.now = m.now.Add(time.Second)
	s.run()
}

// expect compares the outcome of an operation with what the model foretells:
// that it is done, or refused.
func (m *model) expect(what string, err error, allowed bool) bool {
	m.Helper()
	var r *platform.Refusal
	if err != nil && !errors.As(err, &r) {
		m.Fatalf("%s: %v", what, err)
	}
	if (err == nil) != allowed {
		m.Errorf("%s: got %v, the model foretells %v", what, err, allowed)
	}
	outcome := " done"
	if err != nil {
		outcome = " refused"
	}
	m.outcomes[what+outcome]++
	return err == nil
}

// limited reports a refusal for too many codes, which the model does not count.
func limited(err error) bool {
	return errors.Is(err, &platform.Refusal{Code: platform.ResendTooSoon}) || errors.Is(err, &platform.Refusal{Code: platform.TooManyCodes})
}

func (m *model) open() {
	who, id := pick(m, modelPeople), pick(m, modelContracts)
	o := m.screen(who, string(id))
	if done := o.Screen == platform.ScreenContractDone; done != (m.contracts[id] == platform.ContractCompleted) {
		m.Errorf("%s opens %s, %s: %s", who, id, m.contracts[id], o.Screen)
	}
}

func (m *model) ask() {
	who, id := pick(m, modelPeople), pick(m, modelContracts)
	o := m.screen(who, string(id))
	asking := o.Screen == platform.ScreenNotJoined || o.Screen == platform.ScreenNoPermission || o.Screen == platform.ScreenNoSignPermission
	for _, q := range m.requests {
		if q.by == platform.AccountID(who) && q.contract == id && q.status == platform.RequestPending {
			asking = false
		}
	}
	q, err := m.request(who, string(id), platform.RequestForm{Way: pick(m, []platform.Way{platform.AskMainAdmin, platform.AskFinance})})
	if m.expect("ask", err, asking) {
		m.requests[q.ID] = &modelRequest{platform.AccountID(who), id, q.EnterpriseID, platform.RequestPending, m.now.AddDate(0, 0, 7)}
	}
}

func oldestRequest(a, b *modelRequest) int { return a.until.Compare(b.until) }

func (m *model) decide() {
	id, ok := known(m, m.requests, oldestRequest)
	if !ok {
		return
	}
	q := m.requests[id]
	who := m.admin[q.enterprise]
	if m.rand.IntN(4) == 0 {
		who = platform.AccountID(pick(m, modelPeople))
	}
	d := platform.Decision{Request: id, Approve: m.rand.IntN(3) > 0, Reason: "不同意"}
	err := m.try(m.as(string(who)), func(t *Tx) error { return t.DecideRequest(d) })
	if m.expect("decide", err, who == m.admin[q.enterprise] && q.status == platform.RequestPending && m.now.Before(q.until)) {
		if q.status = platform.RequestRejected; d.Approve {
			q.status = platform.RequestApproved
			o := m.screen(string(q.by), string(q.contract))
			if want := m.contracts[q.contract]; want == platform.ContractSigning && o.Screen != platform.ScreenSigningPage {
				m.Errorf("%s opens %s after approval: %s", q.by, q.contract, o.Screen)
			}
		}
	}
}

func (m *model) cancel() {
	id, ok := known(m, m.requests, oldestRequest)
	if !ok {
		return
	}
	q := m.requests[id]
	err := m.try(m.as(string(q.by)), func(t *Tx) error { return t.CancelRequest(id) })
	if m.expect("cancel", err, q.status == platform.RequestPending) {
		q.status = platform.RequestCancelled
	}
}

func (m *model) sign() {
	who, id := pick(m, modelPeople), pick(m, modelContracts)
	page := m.screen(who, string(id)).Screen == platform.ScreenSigningPage
	_, err := m.world.sign(who, string(id))
	if limited(err) {
		return
	}
	if m.expect("sign", err, page && m.contracts[id] == platform.ContractSigning) {
		m.contracts[id] = platform.ContractCompleted
	}
}

func (m *model) withdraw() {
	if m.rand.IntN(4) > 0 {
		return
	}
	id := pick(m, modelContracts)
	who := pick(m, []string{"A-9001", "A-1202"})
	sender := map[platform.ContractID]string{"C-12-2": "A-9101", "C-12-3": "A-9501", "C-12-5": "A-9201"}[id]
	if sender == "" {
		sender = "A-9001"
	}
	err := m.try(m.as(who), func(t *Tx) error { return t.WithdrawContract(id) })
	if m.expect("withdraw", err, who == sender && m.contracts[id] == platform.ContractSigning) {
		m.contracts[id] = platform.ContractWithdrawn
	}
}

func (m *model) appeal() {
	who, e := pick(m, modelPeople), pick(m, modelEnterprises)
	open := slices.ContainsFunc(slices.Collect(maps.Values(m.appeals)), func(a modelAppeal) bool {
		return a.by == platform.AccountID(who) && a.enterprise == e && m.now.Before(a.until)
	})
	var id platform.AppealID
	id, err := do(m.world, m.as(who), func(t *Tx) (platform.AppealID, error) { return t.StartAppeal(modelNames[e], "") })
	if limited(err) {
		return
	}
	if !m.expect("appeal", err, !open && m.admin[e] != platform.AccountID(who)) {
		return
	}
	maps.DeleteFunc(m.appeals, func(_ platform.AppealID, a modelAppeal) bool { // one that ran out gives way
		return a.by == platform.AccountID(who) && a.enterprise == e
	})
	code := m.code(demo.Mobile(who))
	m.run(m.as(who), func(t *Tx) error { return t.VerifyAppealCode(id, code) })
	ok(m.world, m.as(who), func(t *Tx) (*platform.CaseResult, error) { return t.SetAppealCase(id, platform.CaseUnchanged) })
	m.appeals[id] = modelAppeal{platform.AccountID(who), e, m.now.AddDate(0, 0, 7)}
}

func (m *model) transfer() {
	id, ok := known(m, m.appeals, func(a, b modelAppeal) int { return a.until.Compare(b.until) })
	if !ok {
		return
	}
	a, busy := m.appeals[id], false
	for _, b := range m.transfers {
		busy = busy || b.appeal == id && b.open
	}
	account := fmt.Sprintf("99000000000000%02d", m.rand.IntN(98))
	b, err := m.world.transfer(m.as(string(a.by)), id.Subject(), account)
	if m.expect("transfer", err, !busy && m.now.Before(a.until)) {
		m.transfers[b] = &modelTransfer{a.by, demo.Amount(account, 0), 3, true, id, m.now.AddDate(0, 0, 7)}
	}
}

func (m *model) backfill() {
	id, ok := known(m, m.transfers, func(a, b *modelTransfer) int { return a.until.Compare(b.until) })
	if !ok {
		return
	}
	b := m.transfers[id]
	right := m.rand.IntN(2) == 0
	typed := b.amount
	if !right {
		typed = typed%98 + 1
	}
	appeal, appealing := m.appeals[b.appeal]
	can := b.open && appealing && m.now.Before(b.until) && m.now.Before(appeal.until)
	err := m.try(m.as(string(b.by)), func(t *Tx) error { return t.Backfill(id, fmt.Sprintf("0.%02d", int(typed))) })
	switch {
	case m.expect("backfill", err, can && right):
		m.admin[appeal.enterprise] = appeal.by
		delete(m.appeals, b.appeal)
		b.open = false
	case can:
		if b.tries--; b.tries == 0 { // the appeal fails with it
			b.open = false
			delete(m.appeals, b.appeal)
		}
	}
}

func (m *model) delete() {
	who := pick(m, []string{"A-0101", "A-0102", "A-1202"})
	var e *platform.Enterprise
	if e = view(m.world, func(t *Tx) *platform.Enterprise { return t.EnterpriseByRegistration(e01.registration) }); e == nil {
		return
	}
	act, pc := m.as(who), m.rand.IntN(3) > 0
	if !pc {
		act = m.onPhone(who)
	}
	err := m.try(act, func(t *Tx) error { return t.DeleteEnterprise(e.ID) })
	if m.expect("delete", err, pc && m.licence == platform.AccountID(who)) {
		m.licence = ""
	}
}

func (m *model) certify() {
	f := e01
	f.account = pick(m, []string{"A-0101", "A-0102"})
	_, err := m.world.certify(f)
	if m.licence == platform.AccountID(f.account) {
		return // his own: he goes on with it, or corrects it
	}
	if m.expect("certify", err, m.licence == "") {
		m.licence = platform.AccountID(f.account)
	}
}

func (m *model) wait() {
	m.forward(time.Duration(m.rand.IntN(int(30 * time.Hour))))
}

func (m *model) sweep() {
	_, err := m.p.Sweep(m.ctx, 100)
	m.must(err)
	for _, q := range m.requests {
		if q.status == platform.RequestPending && !m.now.Before(q.until) {
			q.status = platform.RequestExpired
		}
	}
	for id, a := range m.appeals {
		if !m.now.Before(a.until) {
			delete(m.appeals, id)
		}
	}
	for _, b := range m.transfers {
		b.open = b.open && m.now.Before(b.until)
	}
}

// compare looks for what the platform and the model tell differently.
func (m *model) compare() {
	m.Helper()
	for e, want := range m.admin {
		if got := m.world.admin(string(e)); got != want {
			m.Errorf("main administrator of %s is %s, want %s", e, got, want)
		}
	}
	m.must(m.p.View(m.ctx, func(t *Tx) error {
		for id, want := range m.contracts {
			if got := t.Contract(id).Status; got != want {
				m.Errorf("contract %s is %s, want %s", id, got, want)
			}
		}
		for id, q := range m.requests {
			if got := t.Request(id).Status; got != q.status {
				m.Errorf("request %s is %s, want %s", id, got, q.status)
			}
		}
		for id, b := range m.transfers {
			if got := t.Transfer(id); got.TriesLeft != b.tries {
				m.Errorf("transfer %s has %d tries left, want %d", id, got.TriesLeft, b.tries)
			}
		}
		return nil
	}))
}
