package kb_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"signdesk/kb"
)

const goodEntry = `---
id: "01"
title: 提示【某某】怎么处理？
other_titles: []
category: 关于实名认证
condition: 看到某某提示
cause: 因为某某。
see_also: []
parts:
  - id: main
    rules: [R01.1]
    errors: [某某已经被<账号>提交]
    labels: [删除企业]
    channel: pc
    mini_programs: []
    flows: [F07]
    phrasings: |
      看到某某怎么办
      某某是什么
---

## main 某某怎么办
请联系{brand}，热线{hotline}。

1. 先做这个
2. 再做那个

- 例外
`

const goodTopics = `topics:
  - id: price
    kind: uncovered
    name: 价格
    phrasings: |
      多少钱一份
  - id: greeting
    reply: 您好，我是{brand}助手。
    phrasings: |
      你好
`

var testVars = kb.Vars{
	"brand": "上上签", "hotline": "400-993-6665", "site": "www.bestsign.cn",
	"payee_name": "杭州尚尚签网络科技有限公司", "payee_bank": "华夏银行", "payee_branch": "华夏银行高新支行",
	"payee_account": "10454000000496333", "payee_cnaps": "304331040230",
}

func contentFS(entry, topics string) fstest.MapFS {
	return fstest.MapFS{"01-test.md": {Data: []byte(entry)}, "outside.yaml": {Data: []byte(topics)}}
}

func TestLoadContent(t *testing.T) {
	c, err := kb.LoadContent(contentFS(goodEntry, goodTopics), testVars)
	if err != nil {
		t.Fatal(err)
	}
	p := c.Entry("01").Main()
	if p.Short != "请联系上上签，热线400-993-6665。" {
		t.Errorf("short answer %q, want the placeholders filled in", p.Short)
	}
	if len(p.Steps) != 2 || len(p.Notes) != 1 || len(p.Phrasings) != 2 || p.Title != "某某怎么办" {
		t.Errorf("part %+v, want 2 steps, 1 note, 2 phrasings", p)
	}
	if len(c.Topics) != 2 || c.Topics[1].Kind != kb.TopicSmalltalk || c.Topics[1].Reply != "您好，我是上上签助手。" {
		t.Errorf("topics %+v", c.Topics)
	}
	again, err := kb.LoadContent(contentFS(goodEntry, goodTopics), testVars)
	if err != nil || again.Hash != c.Hash {
		t.Errorf("hash of equal content: %q and %q, error %v", c.Hash, again.Hash, err)
	}
	other, err := kb.LoadContent(contentFS(strings.Replace(goodEntry, "例外", "另一例外", 1), goodTopics), testVars)
	if err != nil || other.Hash == c.Hash {
		t.Errorf("hash should change with the content, error %v", err)
	}
}

// Each mistake must be refused with the place where it stands.
func TestLoadContentRefuses(t *testing.T) {
	for _, tt := range []struct{ name, old, new, want string }{
		{"no front matter", "---\nid", "id", "01-test.md:1: want front matter between two lines of ---"},
		{"unknown field", "cause:", "couse:", "01-test.md:7: field couse not found in type kb.entryFile"},
		{"unknown field of a part", "    channel: pc", "    chanel: pc", "01-test.md:14: field chanel not found in type kb.partFile"},
		{"bad YAML", "see_also: []", "see_also: [", "01-test.md:9: did not find expected"},
		{"bad id", `id: "01"`, `id: "1"`, "01-test.md: entry 1: id must be two to six digits"},
		{"id of another file", `id: "01"`, `id: "02"`, "01-test.md: entry 02: file name must begin with the id and a dash"},
		{"category", "关于实名认证", "其他", "01-test.md: entry 01: category must be one of 关于实名认证, 关于合同签署, 联系方式"},
		{"no condition", "看到某某提示", `""`, "01-test.md: entry 01: condition must have 1 to 30 characters, has 0"},
		{"main is missing", "- id: main", "- id: other", `01-test.md: entry 01: the first part must be "main"`},
		{"channel", "channel: pc", "channel: tv", `01-test.md:17: entry 01: part main: channel must be any, pc or phone, is "tv"`},
		{"rule id", "R01.1", "R1", `01-test.md:17: entry 01: part main: "R1" is no rule id (R05.1)`},
		{"flow id", "F07", "F16", `01-test.md:17: entry 01: part main: "F16" is no flow id (F01 to F15)`},
		{"fact", "flows: [F07]", "flows: [F07]\n    facts: [payer]", `part main: "payer" is no fact with its value (payer=we)`},
		{"phrasing twice", "某某是什么", "看到某某怎么办", `01-test.md:19: entry 01: part main: phrasing "看到某某怎么办" stands in line 18 already`},
		{"phrasing in two files", "某某是什么", "多少钱一份", `outside.yaml:6: topic price: phrasing "多少钱一份" stands in 01-test.md already`},
		{"see also", "see_also: []", `see_also: ["09"]`, "01-test.md: entry 01: see_also: no other entry 09"},
		{"section of no part", "## main", "## mein", `01-test.md:22: entry 01: section of unknown part "mein"`},
		{"section missing", "## main 某某怎么办\n", "", "01-test.md:22: entry 01: text outside a section (## part title)"},
		{"section title", "## main 某某怎么办", "## main", "01-test.md:22: entry 01: title of part main must have 1 to 24 characters, has 0"},
		{"placeholder", "{hotline}", "{hotlin}", "01-test.md:23: entry 01: unknown placeholder {hotlin}"},
		{"long answer", "请联系", strings.Repeat("长", 121), "01-test.md:23: entry 01: part main: short answer has"},
		{"step number", "2. 再做", "3. 再做", "01-test.md:26: entry 01: part main: step 3 should be number 2"},
		{"second paragraph", "- 例外", "例外", `01-test.md:28: entry 01: part main: want one short answer, then steps (1. ) and notes (- ); got "例外"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(goodEntry, tt.old) {
				t.Fatalf("the good entry has no %q", tt.old)
			}
			_, err := kb.LoadContent(contentFS(strings.Replace(goodEntry, tt.old, tt.new, 1), goodTopics), testVars)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v\nwant one that contains %s", err, tt.want)
			}
		})
	}
}

func TestLoadContentRefusesTopics(t *testing.T) {
	for _, tt := range []struct{ name, old, new, want string }{
		{"kind", "kind: uncovered", "kind: other", `outside.yaml:5: topic price: kind must be uncovered, offtopic or smalltalk, is "other"`},
		{"name", "name: 价格", `name: ""`, "outside.yaml:5: topic price needs a name"},
		{"phrasings", "      多少钱一份\n", "", "outside.yaml:5: topic price has no phrasings"},
		{"offer of topics", "    name: 价格", "    name: 价格\n    offer: [\"01\", \"02\"]", "topic price: offer is for small talk"},
		{"offer of one", "    reply: 您好", "    offer: [\"01\"]\n    reply: 您好", "topic greeting: offer must name two or three entries, names 1"},
		{"id twice", "id: greeting", "id: price", "topic price stands in outside.yaml already"},
		{"phrasings as a list", "phrasings: |\n      你好", "phrasings: [你好]", "outside.yaml:9: topic greeting: phrasings must be a block of lines (phrasings: |)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(goodTopics, tt.old) {
				t.Fatalf("the good topics have no %q", tt.old)
			}
			_, err := kb.LoadContent(contentFS(goodEntry, strings.Replace(goodTopics, tt.old, tt.new, 1)), testVars)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v\nwant one that contains %s", err, tt.want)
			}
		})
	}
}

func TestLoadContentListsAllMistakes(t *testing.T) {
	bad := strings.NewReplacer("channel: pc", "channel: tv", "F07", "F99", "{hotline}", "{x}").Replace(goodEntry)
	_, err := kb.LoadContent(contentFS(bad, goodTopics), testVars)
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("error %v, want three lines", err)
	}
}

func shippedContent(t testing.TB) *kb.Content {
	t.Helper()
	c, err := kb.LoadContent(os.DirFS("../data/faq"), testVars)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Every rule that the assistant must be able to tell is said by a part.
func TestShippedContentSaysEveryAnswerRule(t *testing.T) {
	list, err := os.ReadFile("testdata/answer-rules.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Fields(string(list))
	if len(want) != 211 {
		t.Fatalf("the list has %d rules, want 211", len(want))
	}
	said := make(map[string]bool)
	for _, e := range shippedContent(t).Entries {
		for _, p := range e.Parts {
			for _, r := range p.Rules {
				said[r] = true
			}
		}
	}
	for _, r := range want {
		if !said[r] {
			t.Errorf("no part says rule %s", r)
		}
	}
}

func TestShippedContentIsRich(t *testing.T) {
	c := shippedContent(t)
	if len(c.Entries) != 19 {
		t.Errorf("%d entries, want 19", len(c.Entries))
	}
	for _, e := range c.Entries {
		n := 0
		for _, p := range e.Parts {
			n += len(p.Phrasings)
		}
		if n < 60 {
			t.Errorf("entry %s has %d phrasings, want at least 60", e.ID, n)
		}
	}
	n := 0
	for _, topic := range c.Topics {
		n += len(topic.Phrasings)
	}
	if n < 300 {
		t.Errorf("%d counter-examples, want at least 300", n)
	}
}

var english = regexp.MustCompile(`[A-Za-z]{3,}`)

// Users read Chinese; the only Latin words are names and file types.
func TestShippedContentIsChinese(t *testing.T) {
	known := []string{"www", "bestsign", "com", "jpeg", "jpg", "png", "bmp", "pdf", "PDF", "word", "iTrusChina", "XXX", "LUI", "NAM", "NORMAN"}
	for _, e := range shippedContent(t).Entries {
		for _, p := range e.Parts {
			for _, text := range slices.Concat([]string{p.Title, p.Short, e.Condition, e.Cause}, p.Steps, p.Notes) {
				for _, w := range english.FindAllString(text, -1) {
					if !slices.Contains(known, w) {
						t.Errorf("entry %s part %s: %q in %q", e.ID, p.ID, w, text)
					}
				}
				if strings.Contains(text, "主管管理员") || !utf8.ValidString(text) {
					t.Errorf("entry %s part %s: %q", e.ID, p.ID, text)
				}
			}
		}
	}
}
