package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"signdesk/bot/learn"
	"signdesk/data/store"
	"signdesk/kb"
)

// works waits until jobs are done.
func (o *office) works() {
	o.Helper()
	o.pass(20 * time.Second)
	o.settle()
}

// TestLearnStory: a question without an answer is answered by the staff, taught,
// tried, published, answered by the bot, and taken back.
func TestLearnStory(t *testing.T) {
	const question, answer = "合同签完以后能不能打印出来盖骑缝章", "可以的：签完的合同下载成PDF后自行打印，打印件上请不要再盖骑缝章。"
	inOffice(t, func(o *office) {
		o.hires()
		o.writes(ownerZhou, "", "/role 7002 编辑 小王")
		if reply := o.says("a", question); strings.Contains(reply, "自行打印") {
			t.Fatalf("known already: %s", reply)
		}
		o.says("a", "转人工")
		topic := o.topic("终端 访客")
		o.presses(staffLi, "接单")
		o.writes(staffLi, topic, answer)
		o.writes(staffLi, topic, "/teach")
		o.wants(o.group.Show(), "要教的问题：“"+question+"”", "做成新条目")
		o.wants(o.presses(staffLi, "做成新条目"), "已存为草稿1")
		o.writes(staffLi, "", "/drafts")
		o.wants(o.group.Show(), "标题："+question, "答案：可以的")
		o.writes(staffLi, "", "/try "+question)
		o.works()
		o.wants(o.group.Show(), "发布草稿后：《合同签完以后能不能打印出来盖骑缝章》可以的")
		o.writes(staffLi, "", "/publish")
		o.wants(o.group.Show(), "需要“编辑”权限")
		o.writes(staffWang, "", "/check")
		o.works()
		o.wants(o.group.Show(), "试跑完成，没有发布", "960道测试题")
		if reply := o.says("b", question); strings.Contains(reply, "自行打印") {
			t.Errorf("published by a trial: %s", reply)
		}
		o.writes(staffWang, "", "/publish")
		o.works()
		o.wants(o.group.Show(), "已发布版本1", "960道测试题")
		o.wants(o.says("b", question), "自行打印")
		o.wants(o.says("c", "提示无权限怎么办"), "无权限")
		o.writes(staffWang, "", "/publish")
		o.works()
		o.wants(o.group.Show(), "没有可以发布的草稿")

		o.writes(staffWang, "", "/releases")
		o.wants(o.group.Show(), "草稿1个 ← 现在")
		o.writes(staffWang, "", "/rollback 0")
		o.pass(2 * time.Second)
		if reply := o.says("d", question); strings.Contains(reply, "自行打印") {
			t.Errorf("not taken back: %s", reply)
		}
		o.writes(staffWang, "", "/rollback 1")
		o.pass(2 * time.Second)
		o.wants(o.says("d", question), "自行打印")
	})
}

// TestLearnMisses: alike questions are one group, which is attached to an entry by
// a press, and comes up no more.
func TestLearnMisses(t *testing.T) {
	inOffice(t, func(o *office) {
		for i, text := range []string{"量子印泥多少毫升起订", "量子印泥多少毫升起订啊", "量子印泥起订多少毫升", "帮我订一张去三亚的机票13800001202"} {
			o.says(string(rune('a'+i)), text)
		}
		o.writes(ownerZhou, "", "/misses")
		o.works()
		o.wants(o.group.Show(), "1. 共3次", "“量子印泥起订多少毫升”", "138****1202")
		o.presses(ownerZhou, "1 选别的条目")
		o.wants(o.presses(ownerZhou, "19 "+o.base.Content().Entry("19").Main().Title), "已存为草稿1")
		o.wants(o.presses(ownerZhou, "2 忽略"), "已忽略")
		o.writes(ownerZhou, "", "/misses 7")
		o.works()
		o.wants(o.group.Show(), "近7天没有需要处理的问题")
		o.writes(ownerZhou, "", "/publish")
		o.works()
		o.wants(o.group.Show(), "已发布版本1")
		o.wants(o.says("z", "量子印泥多少毫升起订"), o.base.Content().Entry("19").Main().Title)
	})
}

// TestLearnMissesGroups: what people ask in many words is one group; what only
// sounds alike is not.
func TestLearnMissesGroups(t *testing.T) {
	want := [][]string{
		{"能不能开发票", "怎么开发票", "我要开电子发票", "发票怎么申请", "开一下发票呗"},
		{"手机APP在哪下载", "有没有手机app可以下载", "APP下载地址"},
		{"合同可以打印出来吗", "签完的合同怎么打印", "怎么把合同打印出来"},
		{"支持英文界面吗", "界面能切换成英文吗"},
		{"你们公司还招人吗"},
		{"今天股市怎么样"},
	}
	inOffice(t, func(o *office) {
		n := 0
		for i := range 5 { // one of each at a time
			for _, g := range want {
				if i < len(g) {
					n++
					o.says(fmt.Sprint("p", n), g[i])
				}
			}
		}
		list, err := o.library.Misses(o.ctx, 30)
		if err != nil {
			o.Fatal(err)
		}
		together, apart, wrong := 0, 0, 0
		of := make(map[string]int)
		for i, g := range list {
			for _, text := range g.Texts {
				of[text] = i + 1
			}
		}
		for i, g := range want {
			for a, x := range g {
				for _, y := range g[a+1:] {
					if of[x] != 0 && of[x] == of[y] {
						together++
					} else if of[x] != 0 || of[y] != 0 {
						apart++
						o.Logf("apart: %s, %s", x, y)
					}
				}
				for _, other := range want[i+1:] {
					for _, y := range other {
						if of[x] != 0 && of[x] == of[y] {
							wrong++
							o.Errorf("together: %s, %s", x, y)
						}
					}
				}
			}
		}
		o.Logf("%d pairs together, %d apart, %d wrongly together", together, apart, wrong)
		if together < 3*apart || together < 8 {
			o.Errorf("%d pairs that belong together are, %d are not: %v", together, apart, of)
		}
	})
}

// A shelf is a library on a store, with the base that it serves.
type shelf struct {
	*learn.Library
	live *kb.Live
}

func newTestShelf(t *testing.T, s *service) *shelf {
	t.Helper()
	lib, err := newLibrary(s.cfg, s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	live, err := kb.NewLive(t.Context(), lib.Base)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { live.Close() })
	lib.Live = live
	return &shelf{lib, live}
}

// TestLearnReleases: files go out and come in; what is worse is refused; another
// process on the same store takes up each change; a release that does not load
// does not keep a process from starting.
func TestLearnReleases(t *testing.T) {
	t.Parallel()
	s, err := openMemory(t.Context(), testConfig(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	here, there := newTestShelf(t, s), newTestShelf(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _ = there.Follow(ctx) }()
	follows := func(want string) {
		t.Helper()
		for range 100 {
			if there.live.Content().Hash == want {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Errorf("the other process serves %.12s, want %.12s", there.live.Content().Hash, want)
	}
	shipped := here.live.Content().Hash

	dir := t.TempDir()
	var out bytes.Buffer
	if err := kbCommand(t.Context(), s, []string{"export", dir}, std{out: &out}); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "13-no-seal-right.md")
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if raw, err = kb.AddPhrasings(raw, kb.MainPart, []string{"俺想戳个大红印子可它硬是不让"}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := kbCommand(t.Context(), s, []string{"import", dir}, std{out: &out}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "release 1 is in force") {
		t.Error(out.String())
	}
	files, err := here.Files(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again, err := learn.Copy(files)
	if err != nil || string(again["13-no-seal-right.md"]) != string(raw) {
		t.Errorf("what was imported is not what is served: %v", err)
	}
	if err := here.live.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	follows(here.live.Content().Hash)
	if here.live.Content().Hash == shipped {
		t.Error("nothing changed")
	}

	for _, gone := range []string{"11-no-permission-become-admin.md", "12-not-joined-only-sign.md"} { // others name them as further reading
		for other, raw := range again {
			if text := string(raw); strings.HasSuffix(other, ".md") {
				for _, id := range []string{`"11"`, `"12"`} {
					text = strings.NewReplacer(id+", ", "", ", "+id+"]", "]", "["+id+"]", "[]").Replace(text)
				}
				again[other] = []byte(text)
			}
		}
		delete(again, gone)
	}
	poor := make(fstest.MapFS)
	for name, raw := range again {
		poor[name] = &fstest.MapFile{Data: raw}
	}
	r, err := here.Import(t.Context(), poor, learn.Publisher{ID: "7"})
	if !errors.Is(err, learn.ErrBelow) || len(r.Report.Worse) < 20 {
		t.Fatalf("content without two entries: %v, %+v", err, r)
	}
	if _, now, _ := here.Releases(t.Context()); now != 1 {
		t.Errorf("release %d is in force", now)
	}

	if err := here.Rollback(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	follows(shipped)
	if err := here.Rollback(t.Context(), 9); !errors.Is(err, learn.ErrNoRelease) {
		t.Errorf("a release that is not there: %v", err)
	}
	if err := here.Rollback(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	err = s.store.Update(t.Context(), func(tx store.Tx) error {
		return tx.Put("learn-contents", store.Key{}.Uint(1), []byte("broken"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if late := newTestShelf(t, s); late.live.Content().Hash != shipped {
		t.Error("a process that starts with a broken release does not serve the shipped content")
	}
}

// TestLearnFourEyes: where it is wanted, nobody publishes only what he wrote.
func TestLearnFourEyes(t *testing.T) {
	inOffice(t, func(o *office) {
		o.library.FourEyes = true
		o.hires()
		o.writes(ownerZhou, "", "/role 7002 编辑 小王")
		o.says("a", "量子印泥多少毫升起订")
		o.writes(staffWang, "", "/misses")
		o.works()
		o.presses(staffWang, "1 做成新条目")
		o.writes(staffWang, "", "/publish")
		o.works()
		o.wants(o.group.Show(), "没有可以发布的草稿", "草稿1还没有答案")
		o.writes(staffWang, "", "/draft 1 答案 我们不卖印泥，请到文具店买。")
		o.writes(staffWang, "", "/publish")
		o.works()
		o.wants(o.group.Show(), "请另一位编辑来发布")
		o.writes(ownerZhou, "", "/publish")
		o.works()
		o.wants(o.group.Show(), "已发布版本1")
		o.wants(o.says("b", "量子印泥多少毫升起订"), "到文具店买")
	})
}
