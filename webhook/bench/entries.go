package bench

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// words make up the entries of large knowledge bases. So few repeat far more than
// in real text: figures are those of a worst case.
var words = strings.Fields(`企业 个人 合同 印章 管理员 认证 打款 账户 营业执照 法人 授权 申诉 权限 签署 验证码 短信 邮箱 登录 注册 审核 变更 名称 证书 查看 下载 上传 图片 身份证
	刷脸 手机 电脑 客服 退款 发票 价格 套餐 模板 批量 接口 员工 部门 角色 撤回 重发 过期 提醒 归档 打印 扫描 公章 财务 会计 老板 同事 离职 转交 绑定 解绑 密码 找回 修改 删除
	添加 停用 启用 激活 邀请 通知 链接 页面 按钮 提示 失败 成功 超时 重试 等待 进度 记录 日志 银行 支行 尾号 金额 到账 汇款 对公 私户 支付宝 微信 小程序 公众号 浏览器 安装 更新
	版本 网络 安全 隐私 协议 条款 效力 法院 公证 存证 时间 地点 城市 省份`)

func phrase(r *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(words[r.IntN(len(words))])
		b.WriteString([]string{"", "的", "怎么", "不能", "没有", "需要"}[r.IntN(6)])
	}
	return b.String()
}

// Limits of content, in runes.
const (
	maxShort     = 120
	maxCondition = 30
	maxTitle     = 24
)

func cut(s string, runes int) string {
	r := []rune(s)
	return string(r[:min(len(r), runes)])
}

// library writes a knowledge base of n entries, those that are shipped among them,
// and returns its directory and questions about the others.
func (b *bench) library(n int) (dir string, asks [][]byte, err error) {
	dir = b.path("faq")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", nil, err
	}
	shipped := 0
	err = fs.WalkDir(b.FAQ, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(b.FAQ, name)
		if path.Ext(name) == ".md" {
			shipped++
		}
		if err != nil || path.Ext(name) == ".bin" { // the classifier of the shipped entries
			return err
		}
		return os.WriteFile(filepath.Join(dir, path.Base(name)), raw, 0o600)
	})
	random := rand.New(rand.NewPCG(7, uint64(n)))
	for i := range n - shipped {
		title := fmt.Sprintf("%s%d", phrase(random, 5), i)
		text := fmt.Sprintf("---\nid: \"%d\"\ntitle: %s\ncategory: 关于合同签署\ncondition: %s\ncause: %s\nparts:\n  - id: main\n    rules: [R01.1]\n    channel: any\n"+
			"    phrasings: |\n      %s\n---\n\n## main %s\n%s\n", i+shipped+100, title, cut(title, maxCondition), cut(title, maxTitle), title, cut(title, maxTitle), cut(phrase(random, 20), maxShort))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d-made-up.md", i+shipped+100)), []byte(text), 0o600)
		}
		if i%(n/200+1) == 0 {
			asks = append(asks, quote("请问"+title+"怎么办"))
		}
	}
	return dir, asks, err
}

// entries measures messages that nobody sent before, with knowledge bases of
// different sizes.
func (b *bench) entries(ctx context.Context) error {
	const part = "larger knowledge bases, questions that nobody asked before"
	sizes := []int{19, 1000}
	if b.Full {
		sizes = append(sizes, 100_000)
	}
	var own float64
	for _, n := range sizes {
		c, asks := config{}, b.asks
		if n > 19 {
			var err error
			if c.faq, asks, err = b.library(n); err != nil {
				return err
			}
		}
		s, err := b.serve(ctx, c)
		if err != nil {
			return err
		}
		r, err := b.most(ctx, s, few, b.Share, true, asks)
		var p99 float64
		if err == nil {
			p99, err = b.alone(ctx, s, asks)
		}
		s.stop()
		if err != nil {
			return err
		}
		name := fmt.Sprintf("%d entries: ", n)
		switch least := map[int]float64{1000: 0.85, 100_000: 0.6}[n]; {
		case n == 19:
			own = r.rate()
			b.report.tell(part, name+"rate", "%.0f/s", own)
			if b.widget > 0 {
				b.report.tell(part, name+"rate / that of questions asked before", "%.2f", own/b.widget)
			}
		default:
			b.report.want(part, name+"rate / that of 19", "%.2f", r.rate()/own, atLeast(least))
		}
		b.report.tell(part, name+"until ready", "%.1f s", s.ready.Seconds())
		b.report.want(part, name+"one question alone, p99", "%.1f ms", p99, atMost(5))
	}
	return nil
}

// alone asks one question after another and returns the 99th percentile of the
// whole request, in milliseconds.
func (b *bench) alone(ctx context.Context, s *server, asks [][]byte) (float64, error) {
	const questions = 500
	c := client(1)
	defer c.CloseIdleConnections()
	var r result
	for i := range questions {
		text := fmt.Appendf(slices.Clone(asks[i%len(asks)][:len(asks[i%len(asks)])-1]), "，第%d次问\"", i)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/v1/ask", bytes.NewReader(fmt.Appendf(nil, `{"q":%s}`, text)))
		if err != nil {
			return 0, err
		}
		req.Header.Set("Content-Type", "application/json")
		began := time.Now()
		if _, err := do(c, req, http.StatusOK); err != nil {
			return 0, err
		}
		r.took = append(r.took, time.Since(began))
	}
	slices.Sort(r.took)
	return r.p(99), nil
}
