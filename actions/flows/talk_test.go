package flows_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"signdesk/actions"
	"signdesk/actions/flows"
	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
	"signdesk/data"
	"signdesk/data/store"
)

// A town is the demonstration's platform with the flows on it.
type town struct {
	*testing.T
	p      *platform.Platform
	s      store.Store
	demo   *demo.World
	engine *actions.Engine
	now    time.Time
	turns  int
}

func newTown(t *testing.T) *town {
	t.Helper()
	w := &town{T: t, now: demo.Start}
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	w.s, err = store.NewMemory(ctx, store.Options{Tables: platform.Tables(), Migrations: platform.Migrations()})
	must(err)
	words, err := platform.ReadWords(data.Texts())
	must(err)
	w.demo, err = demo.Read(data.Demo())
	must(err)
	w.p, err = platform.New(platform.Options{Store: w.s, Key: make([]byte, platform.KeyLen), Ports: w.demo.Ports(w.s), Now: func() time.Time { return w.now },
		Words: words, Payee: platform.Payee{Name: "收款公司", Bank: "示例银行", Branch: "示例支行", Account: payee, CNAPS: "304331040230"},
		Host: "ent.bestsign.info", Brand: "上上签", Hotline: "400-993-6665", DrawAmount: demo.Amount})
	must(err)
	_, err = w.demo.Load(ctx, w.p)
	must(err)
	said, err := actions.ReadWords(data.Flows())
	must(err)
	names, err := flows.ReadNames(data.Words())
	must(err)
	w.engine, err = actions.New(flows.All(w.p, words, names), said, flows.Extract)
	must(err)
	t.Cleanup(func() {
		if err := w.p.VerifyRecords(ctx); err != nil {
			t.Error(err)
		}
	})
	return w
}

const payee = "10454000000496333"

// A talk is one person in a conversation, without the knowledge base: only what
// the flows say.
type talk struct {
	*town
	conv    string
	account string
	link    string
	device  actions.Device
	state   actions.State
	last    actions.Reply
	effects actions.Effects
}

// talk begins a conversation that is bound to an account ("" for nobody).
func (w *town) talk(account string) *talk {
	w.turns++
	return &talk{town: w, conv: fmt.Sprint("talk", w.turns), account: account, device: actions.PC}
}

func (k *talk) onPhone() *talk { k.device = actions.Phone; return k }

// turn runs one turn, as the bot does: it answers questions outside the
// transaction and lets the bank work afterwards.
func (k *talk) turn(fn func(*actions.Turn, *actions.State) (actions.Reply, error)) string {
	k.Helper()
	k.turns++
	memo := make(map[any]any)
	id := fmt.Sprint("t", k.turns)
	for range 10 {
		var reply actions.Reply
		var state actions.State
		t := &actions.Turn{ID: id, Now: k.now, Device: k.device, Conv: k.conv, Account: k.account, Link: k.link, Memo: memo}
		err := k.s.Update(context.Background(), func(tx store.Tx) error {
			t.Tx, t.Scope, t.Effects = tx, make(map[any]any), actions.Effects{}
			state = clone(k.T, k.state)
			var err error
			reply, err = fn(t, &state)
			return err
		})
		var q interface{ Answer(context.Context) error }
		if errors.As(err, &q) {
			if err := q.Answer(context.Background()); err != nil {
				k.Fatal(err)
			}
			continue
		}
		if err != nil {
			k.Fatal(err)
		}
		k.state, k.last, k.effects = state, reply, t.Effects
		if k.effects.Bind != "" {
			k.account = k.effects.Bind
		}
		if _, err := k.p.PayOut(context.Background(), 10); err != nil {
			k.Fatal(err)
		}
		return k.text()
	}
	k.Fatal("the turn keeps asking")
	return ""
}

// text returns the last reply as a person sees it.
func (k *talk) text() string {
	text := strings.Join(k.last.Text, "\n")
	for _, c := range k.last.Choices {
		text += "【" + c.Label + "】"
	}
	if strings.Contains(text, "{") {
		k.Errorf("a placeholder was not filled in: %s", text)
	}
	return text
}

// clone passes the state through JSON, as storing it does.
func clone(t *testing.T, st actions.State) actions.State {
	t.Helper()
	return roundTrip(t, st)
}

// start begins a flow; slots are names and values in turn.
func (k *talk) start(flow string, slots ...string) string {
	k.Helper()
	given := make(map[string]string)
	for i := 0; i+1 < len(slots); i += 2 {
		given[slots[i]] = slots[i+1]
	}
	return k.turn(func(t *actions.Turn, st *actions.State) (actions.Reply, error) {
		return k.engine.Start(t, st, actions.Offer{Flow: flow, Slots: given})
	})
}

// say gives what was typed to the open step; what it does not take is a miss.
func (k *talk) say(text string) string {
	k.Helper()
	return k.give(actions.Input{Text: text})
}

func (k *talk) give(in actions.Input) string {
	k.Helper()
	return k.turn(func(t *actions.Turn, st *actions.State) (actions.Reply, error) {
		if word := k.engine.ControlWord(st, in.Text); word != "" && in.Picture == nil {
			return k.engine.Control(t, st, word)
		}
		r, why, ok, err := k.engine.Take(t, st, in)
		if ok || err != nil || st.Active() == nil {
			return r, err
		}
		return k.engine.Miss(t, st, why)
	})
}

// photo sends a demonstration picture.
func (k *talk) photo(r platform.Reading) string {
	k.Helper()
	raw, err := demo.Picture(r)
	if err != nil {
		k.Fatal(err)
	}
	return k.give(actions.Input{Picture: raw})
}

// says runs what was said and checks that the reply has these words.
func (k *talk) says(text string, want ...string) {
	k.Helper()
	k.wants(k.say(text), want...)
}

// wants checks that a reply has these words; "!x" that it has not.
func (k *talk) wants(got string, want ...string) {
	k.Helper()
	for _, w := range want {
		if not, ok := strings.CutPrefix(w, "!"); ok == strings.Contains(got, not) && ok || !ok && !strings.Contains(got, w) {
			k.Errorf("want %q in:\n%s", w, got)
		}
	}
}

// ended checks with what result the last turn ended its flow.
func (k *talk) ended(result string) {
	k.Helper()
	if k.last.Result != result || k.last.Ended == "" {
		k.Errorf("flow %q ended with %q, want %q; reply: %s", k.last.Ended, k.last.Result, result, k.text())
	}
}

var (
	codeInText = regexp.MustCompile(`验证码(\d{6})`)
	linkInText = regexp.MustCompile(`/s/([0-9A-Za-z]{8})`)
)

// sent returns what the pattern finds in the last message to a login.
func (w *town) sent(login string, pattern *regexp.Regexp) string {
	w.Helper()
	var found string
	err := w.p.View(context.Background(), func(t *platform.Tx) error {
		for _, n := range t.SentTo(login) {
			if m := pattern.FindStringSubmatch(n.Text); m != nil {
				found = m[1]
			}
		}
		return nil
	})
	if err != nil || found == "" {
		w.Fatalf("nothing like %v was sent to %s (%v)", pattern, login, err)
	}
	return found
}

func (w *town) code(login string) string { w.Helper(); return w.sent(login, codeInText) }

// view looks at the records.
func view[R any](w *town, fn func(*platform.Tx) R) (out R) {
	w.Helper()
	if err := w.p.View(context.Background(), func(t *platform.Tx) error { out = fn(t); return nil }); err != nil {
		w.Fatal(err)
	}
	return out
}
