package faulttest

import (
	"slices"
	"strings"
	"testing"
)

var (
	sentABC = []Sent{{ID: "a", Acked: true, Seq: 2}, {ID: "b", Acked: true, Seq: 4}, {ID: "c"}}
	toldABC = []Line{{1, "visitor", "A", "a"}, {2, "bot", "to A", ""}, {3, "visitor", "B", "b"}, {4, "bot", "to B", ""}, {5, "staff", "hello", ""}}
)

// want compares problems with the beginnings of those that are wanted.
func want(t *testing.T, got []string, begin ...string) {
	t.Helper()
	if len(got) != len(begin) {
		t.Fatalf("got problems %q, want %q", got, begin)
	}
	for i := range got {
		if !strings.HasPrefix(got[i], begin[i]) {
			t.Errorf("got problem %q, want %q", got[i], begin[i])
		}
	}
}

// TestCheckTalk: the judge of histories finds what he is there for.
func TestCheckTalk(t *testing.T) {
	t.Parallel()
	doubt := append(slices.Clone(toldABC), Line{6, "visitor", "C", "c"}, Line{7, "bot", "to C", ""})
	for name, c := range map[string]struct {
		history []Line
		want    []string
	}{
		"whole":         {toldABC, nil},
		"doubt is kept": {doubt, nil},
		"empty":         {nil, []string{"message a was acknowledged and is lost", "message b was acknowledged and is lost"}},
		"lost":          {toldABC[2:], []string{"message a was acknowledged and is lost"}},
		"doubled":       {append(slices.Clone(doubt), Line{8, "visitor", "A", "a"}, Line{9, "bot", "to A", ""}), []string{"message a is there 2 times"}},
		"doubt doubled": {append(slices.Clone(doubt), Line{8, "visitor", "C", "c"}), []string{"message c is there 2 times"}},
		"no reply":      {slices.Delete(slices.Clone(toldABC), 3, 4), []string{"message b does not have its reply at 4"}},
		"foreign":       {append(slices.Clone(toldABC), Line{6, "visitor", "X", "x"}), []string{`message "x" was never sent`}},
		"positions":     {[]Line{toldABC[0], toldABC[1], toldABC[2], {4, "bot", "", ""}, {4, "bot", "", ""}}, []string{"position 4 comes after 4"}},
	} {
		t.Run(name, func(t *testing.T) { want(t, CheckTalk(sentABC, c.history), c.want...) })
	}
	turned := []Sent{sentABC[1], {ID: "a", Acked: true, Seq: 2}}
	want(t, CheckTalk(turned, toldABC), "message a is not in its order")
}

// TestCheckReplay: so does the judge of states.
func TestCheckReplay(t *testing.T) {
	t.Parallel()
	want(t, CheckReplay(toldABC, toldABC))
	want(t, CheckReplay(toldABC[:4], toldABC), "line 4 is missing")
	want(t, CheckReplay(toldABC, toldABC[:4]), "line 4 is too much")
	other := slices.Clone(toldABC)
	other[3].Text = "to B, again"
	want(t, CheckReplay(toldABC, other), "line 3:")
}

// TestCheckNotices: so does the judge of what leaves.
func TestCheckNotices(t *testing.T) {
	t.Parallel()
	owed := map[string]int{"p": 2, "q": 1}
	whole := []Notice{{"p", "1", "x"}, {"q", "2", "y"}, {"p", "3", "x"}}
	with := func(n ...Notice) []Notice { return append(slices.Clone(whole), n...) }
	want(t, CheckNotices(owed, whole, 0))
	want(t, CheckNotices(owed, with(whole[1]), 1))
	want(t, CheckNotices(owed, with(whole[1]), 0), "1 notices came again")
	want(t, CheckNotices(owed, with(Notice{"q", "4", "y"}), 9), "q is owed 1 notices and got 2")
	want(t, CheckNotices(owed, whole[:2], 9), "p is owed 2 notices and got 1")
	want(t, CheckNotices(owed, with(Notice{"r", "5", "z"}), 9), "r is owed 0 notices and got 1")
	want(t, CheckNotices(owed, with(Notice{"q", "2", "other"}), 9), "key 2 is used for two things")
}

// TestCheckOrder: and so does the judge of what a person of a chat gets.
func TestCheckOrder(t *testing.T) {
	t.Parallel()
	owed := []string{"a", "b", "c"}
	want(t, CheckOrder(owed, []string{"a", "b", "c"}, 0))
	want(t, CheckOrder(owed, []string{"a", "b", "a", "b", "c"}, 2))
	want(t, CheckOrder(owed, []string{"a", "a", "b", "c"}, 0), "1 messages came again")
	want(t, CheckOrder(owed, []string{"a", "c", "b"}, 9), `"c" is not owed, or not yet`)
	want(t, CheckOrder(owed, []string{"a"}, 9), "2 of 3 messages are lost")
	want(t, CheckOrder(owed, []string{"a", "b", "c", "d"}, 9), `"d" is not owed`)
}
