package query_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signdesk/kb/query"
)

func TestRead(t *testing.T) {
	const script = "# comment\n\nerror\t11,18\t1个工作日/一个工作日 & 短信\t提示\\n无权限\nfar\tnone\t-\t天气\nsmalltalk\tsmalltalk\t-\t你好\n"
	got, err := query.Read(strings.NewReader(script), "x.tsv")
	if err != nil {
		t.Fatal(err)
	}
	want := []query.Case{
		{Kind: "error", Expect: []string{"11", "18"}, Detail: [][]string{{"1个工作日", "一个工作日"}, {"短信"}}, Utterance: "提示\n无权限", Line: 3},
		{Kind: "far", Utterance: "天气", Line: 4},
		{Kind: "smalltalk", Smalltalk: true, Utterance: "你好", Line: 5},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Read (-want +got):\n%s", diff)
	}
	if _, err := query.Read(strings.NewReader("a\tb\tc\n"), "x.tsv"); err == nil || err.Error() != "x.tsv:1: want 4 columns separated by tabs, got 3" {
		t.Errorf("error %v", err)
	}
}

func TestReportCounts(t *testing.T) {
	in := query.Case{Kind: "story", Expect: []string{"11"}, Detail: [][]string{{"法人", "法定代表人"}}}
	out := query.Case{Kind: "near"}
	var r query.Report
	for _, x := range []struct {
		c query.Case
		r query.Result
	}{
		{in, query.Result{Decision: "answer", Entries: []string{"11"}, Text: "找【法定 代表人】"}},
		{in, query.Result{Decision: "answer", Entries: []string{"18", "11"}, Text: "没有"}},
		{in, query.Result{Decision: "choices", Entries: []string{"18", "11"}, Text: "法人"}},
		{in, query.Result{Decision: "none"}},
		{out, query.Result{Decision: "none"}},
		{out, query.Result{Decision: "choices", Entries: []string{"18", "11"}}},
		{out, query.Result{Decision: "answer", Entries: []string{"18"}}},
	} {
		r.Add(x.c, x.r)
	}
	want := query.Tally{In: 4, First: 1.5, Shown: 3, Asked: 4, Detail: 2, Out: 3, Known: 1, Offered: 2}
	if diff := cmp.Diff(want, r.Total); diff != "" {
		t.Errorf("Total (-want +got):\n%s", diff)
	}
	if len(r.Misses) != 5 {
		t.Errorf("%d misses, want 5", len(r.Misses))
	}
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"near", "story", "11", "all"} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("the table has no row %s:\n%s", line, b.String())
		}
	}
	below := query.Floor{First: 0.9, Shown: 0.7, Detail: 0.6, Known: 0.4, Offered: 0.5}.Below(r.Total)
	if diff := cmp.Diff([]string{
		"right entry first is 0.375, the floor is 0.900",
		"detail in the reply is 0.500, the floor is 0.600",
		"out of scope answered or offered is 0.667, the floor is 0.500",
	}, below); diff != "" {
		t.Errorf("Below (-want +got):\n%s", diff)
	}
}
