package kb_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"signdesk/kb"
)

// syntheticWords make up the entries of large bases. So few words repeat far
// more than in real text: latencies are a worst case.
var syntheticWords = strings.Fields(`企业 个人 合同 印章 管理员 认证 打款 账户 营业执照 法人 授权 申诉 权限 签署 验证码 短信 邮箱 登录 注册 审核
	变更 名称 证书 查看 下载 上传 图片 身份证 刷脸 手机 电脑 客服 退款 发票 价格 套餐 模板 批量 接口 员工 部门 角色 撤回 重发 过期 提醒 归档 打印 扫描 公章
	财务 会计 老板 同事 离职 转交 绑定 解绑 密码 找回 修改 删除 添加 停用 启用 激活 邀请 通知 链接 页面 按钮 提示 失败 成功 超时 重试 等待 进度 记录 日志
	银行 支行 尾号 金额 到账 汇款 对公 私户 支付宝 微信 小程序 公众号 浏览器 安装 更新 版本 网络 安全 隐私 协议 条款 效力 法院 公证 存证 时间 地点 城市 省份`)

// syntheticContent makes n entries of random words.
func syntheticContent(n int) *kb.Content {
	random := rand.New(rand.NewPCG(7, uint64(n)))
	phrase := func(words int) string {
		var b strings.Builder
		for range words {
			b.WriteString(syntheticWords[random.IntN(len(syntheticWords))])
			b.WriteString([]string{"", "的", "怎么", "不能", "没有", "需要"}[random.IntN(6)])
		}
		return b.String()
	}
	c := &kb.Content{}
	for i := range n {
		e := &kb.Entry{ID: kb.EntryID(fmt.Sprint(i)), Title: phrase(5)}
		e.Parts = []*kb.Part{{Entry: e, ID: kb.MainPart, Title: phrase(3), Short: phrase(20)}}
		c.Entries = append(c.Entries, e)
	}
	return c
}

// BenchmarkDecide measures one question, asked of bases of different size.
func BenchmarkDecide(b *testing.B) {
	b.Run("entries=19", func(b *testing.B) {
		base := shipped(b)
		questions := []string{"您好我们公司签合同的时候提示没有权限，老板让我来当这个管理员怎么弄", "私户打款多久到账", "请问发票怎么开", "法人刷脸",
			"之前的会计离职了手机号也带走了，现在公司没人能登录，怎么换成我"}
		benchDecide(b, base, questions)
	})
	for _, n := range []int{1000, 100_000} {
		b.Run(fmt.Sprintf("entries=%d", n), func(b *testing.B) {
			c := syntheticContent(n)
			start := time.Now()
			base := build(b, c, kb.BuildOptions{IndexDir: filepath.Join(b.TempDir(), "index")})
			took := time.Since(start)
			var questions []string
			for i := 0; i < n; i += n / 200 {
				questions = append(questions, "请问"+c.Entries[i].Title+"怎么办")
			}
			benchDecide(b, base, questions)
			b.ReportMetric(took.Seconds(), "build-s")
		})
	}
}

func benchDecide(b *testing.B, base *kb.Base, questions []string) {
	for _, q := range questions { // documents of a small base are prepared at first use
		decide(b, base, q)
	}
	var took []time.Duration
	i := 0
	for b.Loop() {
		start := time.Now()
		if _, err := base.Decide(context.Background(), fmt.Sprint(questions[i%len(questions)], "，单号", i)); err != nil { // new each time
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
		i++
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

// BenchmarkCollection measures accuracy and latency on a collection of real
// questions: SIGNDESK_COLLECTION is a directory with entries.jsonl
// {"id","title","answer"} and queries.jsonl {"q","id"}.
func BenchmarkCollection(b *testing.B) {
	dir := os.Getenv("SIGNDESK_COLLECTION")
	if dir == "" {
		b.Skip("SIGNDESK_COLLECTION is not set")
	}
	c := &kb.Content{}
	readLines(b, filepath.Join(dir, "entries.jsonl"), func(x line) {
		e := &kb.Entry{ID: kb.EntryID(x.ID), Title: x.Title}
		e.Parts = []*kb.Part{{Entry: e, ID: kb.MainPart, Short: x.Answer}}
		c.Entries = append(c.Entries, e)
	})
	var queries []line
	readLines(b, filepath.Join(dir, "queries.jsonl"), func(x line) { queries = append(queries, x) })
	start := time.Now()
	base := build(b, c, kb.BuildOptions{IndexDir: filepath.Join(b.TempDir(), "index")})
	b.ReportMetric(time.Since(start).Seconds(), "build-s")
	for b.Loop() {
		right := 0
		var took []time.Duration
		for _, q := range queries {
			start := time.Now()
			d := decide(b, base, q.Q)
			took = append(took, time.Since(start))
			if len(d.Hits) > 0 && string(d.Hits[0].Entry.ID) == q.ID {
				right++
			}
		}
		slices.Sort(took)
		b.ReportMetric(float64(right)/float64(len(queries)), "accuracy@1")
		b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
		b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	}
}

type line struct{ ID, Title, Answer, Q string }

func readLines(b *testing.B, name string, f func(line)) {
	file, err := os.Open(name)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	sc := bufio.NewScanner(file)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var x line
		if err := json.Unmarshal(sc.Bytes(), &x); err != nil {
			b.Fatalf("%s: %v", name, err)
		}
		f(x)
	}
}
