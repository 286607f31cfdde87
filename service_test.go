package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A shell runs commands on one store.
type shell struct {
	*testing.T
	env map[string]string
	ids map[string]string // the last id that was printed, by the letters of its kind
}

func newShell(t *testing.T) *shell {
	t.Helper()
	// Not t.TempDir: its name may be too long for a socket.
	dir, err := os.MkdirTemp("", "shell")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return &shell{t, map[string]string{"SIGNDESK_STORE": filepath.Join(dir, "data", "store.db")}, make(map[string]string)}
}

var idPrinted = regexp.MustCompile(`(?m)(?:^|link:| )((?:([A-Z]{1,2})-)?[0-9A-Za-z]{8,12})(?:$|[ ；])`)

// run runs a command line in which V- stands for the id of that kind that was
// printed last, and returns what it printed.
func (d *shell) run(line string) (code int, out string) {
	d.Helper()
	args := strings.Fields(line)
	for i, a := range args {
		if id, ok := d.ids[a]; ok {
			args[i] = id
		}
	}
	code, out, errOut := runCLI(d.T, d.env, "", args...)
	for _, m := range idPrinted.FindAllStringSubmatch(out, -1) {
		if m[2] != "" {
			d.ids[m[2]+"-"] = m[1]
		} else if strings.Contains(m[0], "link:") {
			d.ids["link:"] = "link:" + m[1]
		}
	}
	return code, out + errOut
}

// wants runs a command line and looks for words in what it prints.
func (d *shell) wants(line string, words ...string) {
	d.Helper()
	_, out := d.run(line)
	for _, w := range words {
		if !strings.Contains(out, w) {
			d.Errorf("%s: output lacks %q:\n%s", line, w, out)
		}
	}
}

// TestWalkByHand types what a person would type to live through each situation
// of the guide.
func TestWalkByHand(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ entry, script string }{
		{"01", `
			certify 91000000DEMA000013 A-0102 name=虚构青禾贸易有限公司 rep=法示01 => 该企业已经被140****0101提交实名认证申请，如有问题，请联系客服  [LicenceTaken R01.2]
			delete E-01 A-0101@phone => [NotPC R01.4]
			delete E-01 A-0101 => 已删除
			certify 91000000DEMA000013 A-0102 name=虚构青禾贸易有限公司 rep=法示01 => 前完成所有材料提交`},
		{"02", `
			certify 92000000DEMA000023 A-0201 rep=米示二 noname entity=SoleTrader => 没有对公账户
			phone V- A-0201@phone 14000000290 => 认证完成
			show 92000000DEMA000023 => 米示二92000000DEMA000023`},
		{"03", `
			certify 52000000DEMA00003A A-0301 name=虚构星河社区服务中心 rep=法示03 entity=NonCommercial doc=SocialServiceOrgCert => 前完成所有材料提交
			certify 52000000DEMA00003A A-0301 name=虚构星河社区服务中心 rep=法示03 entity=NonCommercial doc=LawFirmLicence => 对接人`},
		{"04", `
			certify 91000000DEMA00004C A-0401 name=虚构海蓝(中国)有限公司 rep=SAMPLE agent => 与工商局登记的信息不一致`},
		{"05", `
			certify 92000000DEMA00005C A-0501 name=虚构老街面馆 rep=石示五 entity=SoleTrader => 没有对公账户
			reverse V- A-0501 6688 => 请由石示五向以下账户汇入0.01元
			arrive 2 payer=石示五 from=6222000000006688 => 金额须为0.01元
			reverse V- A-0501 6688 => 联行号
			arrive 1 payer=石示五 from=6222000000006688 => 认证完成`},
		{"06", `
			certify 91000000DEMA00006J A-0601 name=虚构云帆科技有限公司 rep=法示06 => 可选认证方式：授权书认证、企业打款认证、法定代表人手机号认证、法定代表人刷脸认证
			reverse V- A-0601 6688 => [NoPrivatePayment R06.1]`},
		{"07", `
			progress V-07 A-0701 => 认证中：客服将在一个工作日内完成审核，请耐心等待 | 截止 2022-05-27 09:00
			review Q-07 reject 营业执照不清晰 => 已处理
			outbox 14000000701 => 原因：营业执照不清晰`},
		{"08", `
			open C-08-1 A-0801 => 未认证
			certify 91000000DEMA00008Q A-0801 name=虚构新名商贸有限公司 rep=法示08 => 已被实名  [AlreadyCertified R08.5]
			change E-08 A-0801 => 前完成
			certify 91000000DEMA00008Q A-0801 name=虚构新名商贸有限公司 rep=法示08 change=E-08 => 可选认证方式
			phone V- A-0801 14000000890 => 认证完成
			open C-08-1 A-0801 => 设置企业印章`},
		{"09", `
			open C-09-1 A-0901 => 未认证
			withdraw C-09-1 A-9001 => 已撤回
			open C-09-1 A-0901 => 合同已被发件方撤回
			resend C-09-1 A-9001 虚构茯苓示例有限公司 14000000901 => 签署中
			open C- A-0901 => 确认签署`},
		{"10", `
			change E-10 A-1003 => [NoRight R10.2]
			change E-91 A-9101 => [InGroup R10.9]
			change E-10 A-1001 => 2022-06-02 09:00前完成
			certify 91000000DEMA000101 A-1001 name=虚构远山智造有限公司 rep=法示10 change=E-10 => 可选认证方式
			wait 8d => 2022-06-03 09:00
			progress V- A-1001 => 基本信息已失效`},
		{"11", `
			open C-11-1 A-1102 => 无权限
			appeal 虚构晨光食品有限公司 A-1102 Unchanged => 可选认证方式：法定代表人手机号认证、法定代表人刷脸认证、企业打款认证
			transfer U- A-1102 9900000000000037 => 已打款
			backfill B- A-1102 0.39 => 还可以再试2次
			backfill B- A-1102 ０．３８ => 申诉成功
			open C-11-1 A-1102 => 确认签署
			appeal 虚构暮云食品有限公司 A-2302 BothChanged => 当前情况无法自助申诉，请联系上上签 400-993-6665`},
		{"12", `
			open C-12-1 A-1202 => 未加入企业
			request C-12-1 A-1202 Finance => 等待处理
			notify P- A-1202 Finance 14000001291 => 已通知 140****1291
			transfer P- link: 9900000000000098 => 打款被退回
			reverse P- link: => 请由虚构茶山商贸有限公司向以下账户汇入0.01元
			arrive 1 payer=虚构茶山商贸有限公司 from=9900000000000098 => 已通过
			open C-12-1 A-1202 => 确认签署 | 电子公章
			open C-12-2 A-1202 => 确认签署
			open C-12-3 A-1202 => 无
			sign C-12-1 A-1202 => 已完成
			show E-12 => 李示二 | 当前发件方发送的无人处理的合同 | 140****1202`},
		{"13", `
			open C-13-1 A-1302 => 无签署权限，需要申请
			request C-13-1 A-1302 LegalRep => 等待处理
			face P- A-1302 id=990001198001010131 => 等待处理
			phone P- A-1302 14000001390 id=990001198001010131 => 已通过
			sign C-13-1 A-1302 => 已完成`},
		{"14", `
			open C-14-1 A-1402 => 目前没有可使用的印章，请联系企业主管理员添加印章并授权
			seal E-14 A-1401 => 电子公章
			grant S- A-1401 M-1402 => 竹示员
			open C-14-1 A-1402 => 确认签署`},
		{"15", `open C-15-1 A-1501 => 合同完成状态-当前用户不允许签署操作`},
		{"16", `
			open C-16-1 A-1601 => 设置企业印章
			seal E-16 A-1601 => 电子公章
			seal E-16 A-1601 麦田合同章 => 麦田合同章`},
		{"17", `
			redraw S-17-1 A-1702 picture => [NoRight R17.2]
			redraw S-17-1 A-1701 picture => 修改成功`},
		{"18", `
			admin E-18 A-1801 M-1803 => 未激活
			admin E-18 A-1801 M-1802 Template Contract Seal => 模板 2、合同 3、印章 1
			show E-18 => M-1802`},
		{"19", `
			hours 2022-05-26T20:59 => 服务中
			hours 2022-05-26T21:01 => 未在服务时间
			hours 2022-06-04T18:01 => 未在服务时间
			hours 2022-10-08T20:00 => 服务中`},
	} {
		t.Run(row.entry, func(t *testing.T) {
			t.Parallel()
			d := newShell(t)
			for line := range strings.Lines(strings.TrimSpace(row.script)) {
				command, want, _ := strings.Cut(strings.TrimSpace(line), " => ")
				d.wants("platform "+command, strings.Split(want, " | ")...)
			}
			d.wants("verify", "ok    structure and indexes", "ok    records", "ok    audit chain")
		})
	}
}

func TestPlatformExplainsItself(t *testing.T) {
	t.Parallel()
	d := newShell(t)
	d.wants("platform", "open CONTRACT WHO")
	for line, want := range map[string]string{
		"platform fly":                                    `unknown verb "fly"`,
		"platform open C-12-1":                            "want: signdesk platform open CONTRACT WHO",
		"platform open C-12-1 A-7777":                     "there is no account A-7777",
		"platform open C-77-1 A-1202":                     "[NotFound]",
		"platform show E-77":                              "there is no E-77",
		"platform face V-77 A-1202":                       "there is no case V-77",
		"platform notify V-77 A-1202 Finance 14000001291": "there is no case V-77",
		"platform wait -3d":                               "time only goes forward",
		"platform audit E-12":                             "system demo  import",
		"platform decide P- A-1201 yes":                   "want approve or reject",
	} {
		code, out := d.run(line)
		if line != "platform audit E-12" && code != exitError || !strings.Contains(out, want) {
			t.Errorf("%s: code %d, output %s", line, code, out)
		}
	}
}

// TestBackupWhileServing: a serving process holds the store; other commands
// reach it there.
func TestBackupWhileServing(t *testing.T) {
	t.Parallel()
	d := newShell(t)
	_, _, stop := startServe(t, d.env)
	copied := filepath.Join(filepath.Dir(d.env["SIGNDESK_STORE"]), "copy.db")
	d.wants("platform delete E-01 A-0101", "已删除")
	d.wants("backup "+copied, "copy.db")
	d.wants("verify", "ok    structure and indexes", "ok    audit chain")
	d.wants("platform open C-77-1 A-1202", "[NotFound]")
	if code, _ := d.run("platform open C-77-1 A-1202"); code != exitError {
		t.Errorf("a refusal exits with %d", code)
	}
	if code, out := d.run("restore -replace " + copied); code != exitError || !strings.Contains(out, "stop serve first") {
		t.Errorf("restore while serving: %d, %s", code, out)
	}
	if code, out := d.run("backup " + copied); code != exitError || !strings.Contains(out, "is there already") {
		t.Errorf("backup over a file: %d, %s", code, out)
	}
	d.wants("platform certify 91000000DEMA000013 A-0102 name=虚构青禾贸易有限公司 rep=法示01", "可选认证方式")
	stop()

	d.wants("restore -replace "+copied, "restored and verified")
	d.wants("platform show E-01", "已删除")
	if _, out := d.run("platform show E-01"); strings.Contains(out, "Materials") {
		t.Errorf("the restored store has what came after the backup:\n%s", out)
	}
	d.wants("verify", "ok    audit chain")
}

func TestKeyBelongsToStore(t *testing.T) {
	t.Parallel()
	d := newShell(t)
	d.wants("verify", "ok    audit chain")
	secret := filepath.Join(filepath.Dir(d.env["SIGNDESK_STORE"]), secretFile)
	info, err := os.Stat(secret)
	if err != nil || info.Mode().Perm() != secretMode {
		t.Fatalf("key file: %v, %v", info, err)
	}
	key, err := os.ReadFile(secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(secret); err != nil {
		t.Fatal(err)
	}
	d.wants("verify", "but not its key")
	if _, err := os.Stat(secret); err == nil {
		t.Error("a second key was made for a store that has one")
	}
	d.env["SIGNDESK_SECRET"] = strings.Repeat("0", 64)
	d.wants("verify", "written with another key")
	d.env["SIGNDESK_SECRET"] = string(bytes.TrimSpace(key))
	d.wants("verify", "ok    audit chain")
	d.env["SIGNDESK_SECRET"] = "short"
	d.wants("verify", "want 64 hexadecimal digits")
	if _, out := d.run("doctor"); strings.Contains(out, string(key)) {
		t.Error("doctor prints the key")
	}
}
