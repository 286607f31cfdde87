package kb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"signdesk/kb"
	"signdesk/kb/normalize"
)

func words(t testing.TB) *normalize.Normalizer {
	t.Helper()
	n, err := normalize.New(os.DirFS("../data/words"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func build(t testing.TB, c *kb.Content, opts kb.BuildOptions) *kb.Base {
	t.Helper()
	b, err := kb.Build(context.Background(), c, words(t), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// shippedBase is built once; its content is immutable.
var shippedBase = sync.OnceValues(func() (*kb.Base, error) {
	c, err := kb.LoadContent(os.DirFS("../data/faq"), testVars)
	if err != nil {
		return nil, err
	}
	n, err := normalize.New(os.DirFS("../data/words"))
	if err != nil {
		return nil, err
	}
	stored, err := os.ReadFile("../data/faq/classifier.bin")
	if err != nil {
		return nil, err
	}
	return kb.Build(context.Background(), c, n, kb.BuildOptions{Classifier: stored})
})

func shipped(t testing.TB) *kb.Base {
	t.Helper()
	b, err := shippedBase()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decide(t testing.TB, b *kb.Base, q string) kb.Decision {
	t.Helper()
	d, err := b.Decide(context.Background(), q)
	if err != nil {
		t.Fatalf("Decide(%q): %v", q, err)
	}
	return d
}

// A changed entry, word table or feature needs a new stored classifier;
// without one each start would train for a second.
func TestStoredClassifierIsCurrent(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("training rounds differently on other machines")
	}
	stored, err := os.ReadFile("../data/faq/classifier.bin")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(build(t, shippedContent(t), kb.BuildOptions{}).Classifier(), stored) {
		t.Error("data/faq/classifier.bin is not what training gives: run go run . train -faq data/faq")
	}
}

func TestStoredClassifierDecidesLikeATrainedOne(t *testing.T) {
	all := shippedContent(t)
	c := &kb.Content{Entries: all.Entries[10:14], Topics: all.Topics[:20]} // a part of it trains fast
	trained := build(t, c, kb.BuildOptions{})
	stored := build(t, c, kb.BuildOptions{Classifier: trained.Classifier()})
	for _, q := range []string{"提示无签署权限", "私户打款", "老板换人了怎么办", "今天天气怎么样"} {
		if a, b := outline(decide(t, trained, q)), outline(decide(t, stored, q)); a != b {
			t.Errorf("%s:\ntrained %s\nstored  %s", q, a, b)
		}
	}
}

// outline tells what of a decision must not differ between two runs; the last
// digits of the index's scores may.
func outline(d kb.Decision) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s entry %.4f outside %.4f:", d.Kind, d.Why.Entry, d.Why.Outside)
	for _, r := range d.Why.Rows[:min(3, len(d.Why.Rows))] {
		fmt.Fprintf(&b, " %s %.4f", r.Name, r.Sure)
	}
	return b.String()
}

func TestDamagedClassifierIsNotUsed(t *testing.T) {
	c, err := kb.LoadContent(contentFS(goodEntry, goodTopics), testVars)
	if err != nil {
		t.Fatal(err)
	}
	trained := build(t, c, kb.BuildOptions{}).Classifier()
	good := bytes.Clone(trained)
	for name, bad := range map[string][]byte{
		"empty": {}, "half": good[:len(good)/2], "other magic": append([]byte("XXXX"), good[4:]...),
		"other content": append(append([]byte{}, good[:8]...), append(make([]byte, 32), good[40:]...)...),
	} {
		if got := build(t, c, kb.BuildOptions{Classifier: bad}).Classifier(); !bytes.Equal(got, trained) {
			t.Errorf("%s: not trained anew", name)
		}
	}
}

// A pasted message is recognised with real values in place of XXX, in half, and
// with chatter around it, and the reply can say so.
func TestMessagesAreRecognised(t *testing.T) {
	b := shipped(t)
	for _, tt := range []struct{ q, entry string }{
		{"该企业已经被138****1234提交实名认证申请，如有问题，请联系客服", "01"},
		{"我一点提交就弹出来 该企业已经被李四13800001111提交实名认证申请 这是啥意思啊", "01"},
		{"客服将在一个工作日内完成审核，请耐心等待", "07"},
		{"目前没有可使用的印章，请联系企业主管理员添加印\n章并授权", "14"},
		{"目前没有可使用的印章请联系企业主管管理员", "14"},
		{"中国移动 13:55 87%\n合同完成状态-当前用户不允许\n签署操作\n返回", "15"},
		{"企业信息已变更，请重新编辑印章图案 怎么弄", "10"},
	} {
		d := decide(t, b, tt.q)
		if d.Kind != kb.Answer || string(d.Hits[0].Entry.ID) != tt.entry || d.Message == "" {
			t.Errorf("%q: %s %v, message %q; want entry %s recognised", tt.q, d.Kind, ids(d), d.Message, tt.entry)
		}
	}
}

// A question below a pasted screen counts as much as the screen.
func TestQuestionBelowAScreen(t *testing.T) {
	d := decide(t, shipped(t), "中国移动 13:55 87%\n目前没有可使用的印章，请\n联系企业主管理员添加印章并授权\n知道了\n你们客服电话周末几点下班")
	if got := ids(d); d.Kind != kb.Answer || !slices.Contains(got, "14") || !slices.Contains(got, "19") {
		t.Errorf("%s %v, want an answer that shows 14 and 19", d.Kind, got)
	}
}

func ids(d kb.Decision) []kb.EntryID {
	var out []kb.EntryID
	for _, h := range d.Hits {
		out = append(out, h.Entry.ID)
	}
	return out
}

// One question in many spellings gets one answer.
func TestSpellingDoesNotMatter(t *testing.T) {
	b := shipped(t)
	for _, q := range []string{
		"个体户没有对公账户怎么打款", "個體戶沒有對公帳戶怎麼打款", "个体户 没有 对公账户 怎么 打款？？？", "个体户没有\n对公账户\n怎么打款",
		"个\u200b体户没有对公账户\u202e怎么打款", "个体户没有对工账户怎么打宽",
	} {
		d := decide(t, b, q)
		if d.Kind != kb.Answer || d.Hits[0].Entry.ID != "05" {
			t.Errorf("%q: %s %v, want an answer of entry 05", q, d.Kind, ids(d))
		}
	}
}

func TestNothingIsSaidPlainly(t *testing.T) {
	b := shipped(t)
	for _, q := range []string{
		"", " ", "?", "asdkjhaskjdh", "🙂🙂", "今天天气怎么样", "帮我写一首诗", "SELECT * FROM users; --", "\x00\x00", "#tel #id", "13800001111", "3", "2 1",
		strings.Repeat("a", 5000), strings.Repeat("哈", 3000),
	} {
		if d := decide(t, b, q); d.Kind == kb.Answer || d.Kind == kb.Choices {
			t.Errorf("%.40q: %s %v, want nothing", q, d.Kind, ids(d))
		}
	}
	if d := decide(t, b, "怎么开发票"); d.Kind != kb.None || d.Topic == nil || d.Topic.Kind != kb.TopicUncovered {
		t.Errorf("an uncovered topic: %s, topic %+v", d.Kind, d.Topic)
	}
	if d := decide(t, b, "你好"); d.Kind != kb.Smalltalk || d.Topic.Reply == "" {
		t.Errorf("a greeting: %s, topic %+v", d.Kind, d.Topic)
	}
}

func TestChoicesAreFewAndDifferent(t *testing.T) {
	b := shipped(t)
	for _, q := range []string{"打款", "管理员", "印章", "认证", "申请", "手机号", "怎么办", "签不了"} {
		d := decide(t, b, q)
		if d.Kind == kb.Choices && (len(d.Hits) < 2 || len(d.Hits) > 3) {
			t.Errorf("%s: %d choices", q, len(d.Hits))
		}
		seen := make(map[string]bool)
		for _, h := range d.Hits {
			if seen[h.Entry.Condition] {
				t.Errorf("%s: two choices read %s", q, h.Entry.Condition)
			}
			seen[h.Entry.Condition] = true
		}
	}
}

// What says nothing of the matter is asked back, with where people mostly get stuck.
func TestTooLittleIsAskedBack(t *testing.T) {
	b := shipped(t)
	for _, q := range []string{"急急急", "怎么办啊", "这个要怎么弄，在线等", "提示错误"} {
		if d := decide(t, b, q); !d.Unclear() || len(d.Hits) != 3 || d.Topic.Reply == "" {
			t.Errorf("%s: %s %v, want choices of what is mostly meant", q, d.Kind, ids(d))
		}
	}
	for _, q := range []string{"打款", "印章怎么弄"} { // several entries are about it
		if d := decide(t, b, q); d.Kind != kb.Choices || d.Unclear() {
			t.Errorf("%s: %s %v, want choices among entries that have it", q, d.Kind, ids(d))
		}
	}
}

func TestConcurrentQuestionsDecideAlike(t *testing.T) {
	b := shipped(t)
	want := outline(decide(t, b, "无签署权限，需要申请"))
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for range 5 {
				d, err := b.Decide(context.Background(), "无签署权限，需要申请")
				if got := outline(d); err != nil || got != want {
					t.Errorf("got %s, %v\nwant %s", got, err, want)
				}
			}
		})
	}
	wg.Wait()
}

func TestDecideEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := shipped(t).Decide(ctx, "无签署权限"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
}

// Answers go on while the base is replaced, and after a faulty change.
func TestLiveReloads(t *testing.T) {
	n := words(t)
	text := strings.Replace(goodEntry, "例外", "第1版", 1)
	var mu sync.Mutex
	live, err := kb.NewLive(context.Background(), func(ctx context.Context) (*kb.Base, error) {
		mu.Lock()
		defer mu.Unlock()
		c, err := kb.LoadContent(contentFS(text, goodTopics), testVars)
		if err != nil {
			return nil, err
		}
		return kb.Build(ctx, c, n, kb.BuildOptions{})
	})
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if d, err := live.Decide(context.Background(), "看到某某怎么办"); err != nil || d.Kind != kb.Answer {
					t.Errorf("while reloading: %v, %v", d.Kind, err)
					return
				}
			}
		})
	}
	for i := 2; i < 6; i++ {
		mu.Lock()
		text = strings.Replace(goodEntry, "例外", fmt.Sprintf("第%d版", i), 1)
		if i == 4 {
			text = "broken"
		}
		mu.Unlock()
		if err := live.Reload(context.Background()); (err != nil) != (i == 4) {
			t.Errorf("version %d: error %v", i, err)
		}
	}
	close(stop)
	wg.Wait()
	d, err := live.Decide(context.Background(), "看到某某怎么办")
	if err != nil || d.Hits[0].Part().Notes[0] != "第5版" {
		t.Errorf("after reloading: %+v, %v", d, err)
	}
	if err := live.Close(); err != nil {
		t.Error(err)
	}
	if _, err := live.Decide(context.Background(), "看到某某怎么办"); err == nil {
		t.Error("a closed base should not answer")
	}
}

// Beyond the size for a classifier the index and the second stage carry it.
func TestLargeBase(t *testing.T) {
	b := build(t, syntheticContent(1500), kb.BuildOptions{IndexDir: t.TempDir() + "/index"})
	if b.Classifier() != nil {
		t.Error("a large base should have no classifier")
	}
	right := 0
	for i := 0; i < 1500; i += 10 {
		e := b.Content().Entries[i]
		d := decide(t, b, "请问一下"+e.Title+"啊")
		if len(d.Hits) > 0 && d.Hits[0].Entry == e {
			right++
		}
	}
	if right < 140 {
		t.Errorf("%d of 150 titles found, want at least 140", right)
	}
}

func FuzzDecide(f *testing.F) {
	b := shipped(f)
	for _, s := range []string{"无签署权限", "+title:印章 -\"x\"^9 (OR", "该企业已经被XXX提交", "\x00\xff", "中国移动 13:55\n87%", "1 2 3 4"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := b.Decide(context.Background(), s)
		if err != nil {
			t.Fatalf("Decide(%q): %v", s, err)
		}
		if (d.Kind == kb.Answer || d.Kind == kb.Choices) && len(d.Hits) == 0 || d.Kind == kb.Smalltalk && d.Topic == nil {
			t.Errorf("Decide(%q) = %+v", s, d)
		}
	})
}
