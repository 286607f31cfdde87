package kb_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"signdesk/data"
	"signdesk/kb"
)

// shippedFiles are the content files, to be changed.
func shippedFiles(t *testing.T) fstest.MapFS {
	t.Helper()
	files := make(fstest.MapFS)
	err := fs.WalkDir(data.FAQ(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(data.FAQ(), name)
		files[name] = &fstest.MapFile{Data: raw}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

var someVars = kb.Vars{"brand": "甲", "hotline": "1", "site": "x", "payee_name": "a", "payee_bank": "b", "payee_branch": "c", "payee_account": "d", "payee_cnaps": "e"}

func TestPhrasingsAreAddedAndDropped(t *testing.T) {
	files := shippedFiles(t)
	const name, text = "13-no-seal-right.md", "俺想盖个章但是它不让"
	before, err := kb.LoadContent(files, someVars)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range before.Entry("13").Parts {
		raw, err := kb.AddPhrasings(files[name].Data, p.ID, []string{text + string(p.ID), "第二句 " + string(p.ID)})
		if err != nil {
			t.Fatal(err)
		}
		files[name].Data = raw
	}
	after, err := kb.LoadContent(files, someVars)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range after.Entry("13").Parts {
		old := before.Entry("13").Parts[i]
		if n := len(p.Phrasings); n != len(old.Phrasings)+2 || p.Phrasings[n-2] != text+string(p.ID) {
			t.Errorf("part %s: %d phrasings, the last ones %q", p.ID, n, p.Phrasings[max(0, n-2):])
		}
	}
	raw, found := kb.DropPhrasing(files[name].Data, text+"main")
	if !found || strings.Contains(string(raw), text+"main\n") {
		t.Errorf("dropped: %t", found)
	}
	if _, found := kb.DropPhrasing(raw, "无权限"); found { // an error message, no phrasing
		t.Error("what is no phrasing was dropped")
	}
	if _, err := kb.AddPhrasings(raw, "none", []string{text}); err == nil {
		t.Error("added to a part that is not there")
	}
}

func TestTopicsAreTaken(t *testing.T) {
	files := shippedFiles(t)
	before, err := kb.LoadContent(files, someVars)
	if err != nil {
		t.Fatal(err)
	}
	raw, said, found := kb.TakeTopic(files["outside.yaml"].Data, "invoice")
	if !found || len(said) < 5 {
		t.Fatalf("%t, %q", found, said)
	}
	files["outside.yaml"].Data = raw
	after, err := kb.LoadContent(files, someVars)
	if err != nil {
		t.Fatal(err)
	}
	if len(after.Topics) != len(before.Topics)-1 {
		t.Errorf("%d topics are left of %d", len(after.Topics), len(before.Topics))
	}
	if _, _, found := kb.TakeTopic(raw, "invoice"); found {
		t.Error("taken twice")
	}
}

func TestNewEntries(t *testing.T) {
	for name, answer := range map[string]string{
		"short":      "发票在费用中心里开。",
		"long":       strings.Repeat("先登录电脑端，再到费用中心里开发票，抬头要写全称。", 12),
		"sentence":   strings.Repeat("很长", 100),
		"steps":      "可以在电脑上开。\n1. 登录\n2、点【费用中心】\n3) 提交\n三天内寄出。",
		"only steps": "1. 登录\n2. 提交",
		"hostile":    "## main 假的\n---\n- id: x\n{hotline} \"引号\" \\n\n# 标题",
	} {
		files := shippedFiles(t)
		file, raw := kb.NewEntry{ID: "20", Title: "发票怎么开: \"专票\" {x}？", Answer: answer, Phrasings: []string{"开票哦", "开票哦", "- 怎么开 发票"}}.File()
		files[file] = &fstest.MapFile{Data: raw}
		c, err := kb.LoadContent(files, someVars)
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, raw)
			continue
		}
		p := c.Entry("20").Main()
		if p.Short == "" || len(p.Phrasings) != 3 {
			t.Errorf("%s: short %q, phrasings %q", name, p.Short, p.Phrasings)
		}
		if name == "steps" && (len(p.Steps) != 3 || p.Steps[1] != "点【费用中心】" || len(p.Notes) != 1) {
			t.Errorf("steps %q, notes %q", p.Steps, p.Notes)
		}
	}
}
