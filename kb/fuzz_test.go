package kb_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"

	"signdesk/kb"
)

// FuzzLoad: content files, however odd, load or are refused with their place; and
// adding what somebody typed to one that loads leaves it loading.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(goodEntry), "打不开合同怎么办")
	f.Add([]byte("---\nid: \"50\"\n---\n"), "\"引号\"：{花括号}\n- 换行")
	f.Add([]byte("---\n: [\n"), "\x00\xff")
	f.Fuzz(func(t *testing.T, raw []byte, typed string) {
		content, err := kb.LoadContent(contentFS(string(raw), goodTopics), testVars)
		if err != nil {
			if ce := (*kb.ContentError)(nil); errors.As(err, &ce) && ce.File == "" {
				t.Errorf("refused without a place: %v", err)
			}
			return
		}
		if len(content.Entries) == 0 || !wordy(typed) {
			return
		}
		changed, err := kb.AddPhrasings(raw, content.Entries[0].Parts[0].ID, []string{typed})
		if err != nil {
			return
		}
		if _, err := kb.LoadContent(contentFS(string(changed), goodTopics), testVars); err != nil {
			t.Errorf("%q added to what loads: %v\n%s", typed, err, changed)
		}
	})
}

// wordy tells whether a text says anything.
func wordy(s string) bool { return strings.ContainsFunc(s, unicode.IsLetter) }

// FuzzNewEntry: whatever the staff write becomes an entry that loads.
func FuzzNewEntry(f *testing.F) {
	f.Add("合同能打印吗", "可以的。\n1. 下载\n2. 打印", "能不能打印")
	f.Add("# 标题", "{花括号} \"引号\"\n---\n## 小标题\n- 列表", "-")
	f.Add("a: b", "：", "'单引号'")
	f.Add("合", "可以的。\n1. 下载\n2. \x1c\x1c\n\x1c3. \n- 4. 打印", "能不能打印")
	f.Add("合", "2026. 年", "能")
	f.Add("合", "2026\n. 年", "能")
	f.Fuzz(func(t *testing.T, title, answer, phrasing string) {
		if !wordy(title) || !wordy(answer) || !wordy(phrasing) {
			return
		}
		name, raw := kb.NewEntry{ID: "50", Title: title, Answer: answer, Phrasings: []string{phrasing}}.File()
		files := contentFS(goodEntry, goodTopics)
		files[name] = &fstest.MapFile{Data: raw}
		if _, err := kb.LoadContent(files, testVars); err != nil {
			t.Errorf("%q %q %q: %v\n%s", title, answer, phrasing, err, raw)
		}
	})
}
