package flows_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
)

// aged lets time pass until just over a case's seven days, while the person
// keeps the conversation alive.
func (k *talk) aged() {
	k.Helper()
	k.now = k.now.Add(84 * time.Hour)
	k.say("我在哪一步")
	k.now = k.now.Add(84*time.Hour + time.Minute)
}

func TestCasesThatRanOutEndTheirFlows(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		begin func(*town) *talk
		say   []string
		want  []string
	}{
		"certification's method": {func(w *town) *talk {
			k := certifying(w)
			k.materials(licence06, demo.LegalRepID("06"))
			return k
		}, []string{"刷脸"}, []string{"!已通过", "已过期", "【重新认证】"}},
		"certification's check": {func(w *town) *talk {
			k := certifying(w)
			k.photo(licence06)
			return k
		}, []string{"确认无误"}, []string{"已过期", "【重新认证】"}},
		"certification's face": {func(w *town) *talk {
			k := certifying(w)
			k.materials(licence06, demo.LegalRepID("06"))
			k.all("刷脸", "同意")
			return k
		}, []string{"我已完成刷脸"}, []string{"!已通过", "已过期", "【重新认证】"}},
		"private payment": {func(w *town) *talk {
			k := soleTrader(w)
			k.start("private_payment")
			return k
		}, []string{"我知情并同意", "我知情并同意", "6688", "确认"}, []string{"!认证已通过", "失效"}},
		"change": {func(w *town) *talk {
			k := changingCompany(w)
			k.materials(licence10, demo.LegalRepID("10"))
			return k
		}, []string{"刷脸"}, []string{"!已认证", "已过期", "【重新办理信息变更】"}},
		"change's licence": {changingCompany, []string{"pic"}, []string{"【重新办理信息变更】"}},
		"appeal's method": {func(w *town) *talk {
			k := w.talk("A-1102")
			k.start("appeal", "company", "虚构晨光食品有限公司")
			k.say("确认")
			k.all(k.code("14000001102"), "都没有变更")
			return k
		}, []string{"刷脸"}, []string{"!主管理员了", "已过期"}},
		"request's payment": {func(w *town) *talk {
			k := w.talk("A-1202")
			k.start("permission", "contract", "C-12-1")
			k.all("继续申请", "李示二", "用默认权限", "其他方式申请", "公司财务", "我现在操作", "确认")
			return k
		}, []string{"中国银行"}, []string{"已过期", "【重新申请】"}},
		"request's link": {func(w *town) *talk {
			k := w.talk("A-1202")
			k.start("permission", "contract", "C-12-1")
			k.all("继续申请", "李示二", "用默认权限", "其他方式申请", "公司财务", "短信通知", "确认")
			return k
		}, []string{"14000001291"}, []string{"已过期", "【重新申请】"}},
		"appeal's case": {func(w *town) *talk {
			k := w.talk("A-1102")
			k.start("appeal", "company", "虚构晨光食品有限公司")
			k.say("确认")
			k.all(k.code("14000001102"))
			return k
		}, []string{"都没有变更"}, []string{"已过期"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := row.begin(newTown(t))
			k.aged()
			for _, text := range row.say {
				if text == "pic" {
					k.photo(licence10)
				} else if k.state.Active() != nil {
					k.say(text)
				}
			}
			k.wants(k.text(), row.want...)
			if s := k.state.Active(); s != nil {
				t.Errorf("still at %s", s.Step)
			}
		})
	}
}

func TestIDNumbersAreNotKeptInSessions(t *testing.T) {
	t.Parallel()
	k := certifying(newTown(t))
	id := demo.LegalRepID("06")
	k.photo(licence06)
	k.say("确认无误")
	k.photo(platform.Reading{})
	k.photo(platform.Reading{})
	for _, text := range []string{id, "同意", "确认", "刷脸", "同意"} {
		k.say(text)
		raw, err := json.Marshal(k.state)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), id) {
			t.Fatalf("after %q the session holds the ID number: %s", text, raw)
		}
	}
	k.says("我已完成刷脸", "企业实名认证已通过")
}

func TestAnotherCompanyBesideOneUnderWay(t *testing.T) {
	t.Parallel()
	k := certifying(newTown(t))
	k.materials(licence06, demo.LegalRepID("06"))
	k.say("取消")
	k.start("certify")
	k.all("企业营业执照", "一位", "法人身份证")
	k.says("开始认证", "【继续认证「虚构云帆科技有限公司」】", "【认证另一家企业】")
	k.says("认证另一家企业", "请发送营业执照")
	k.say("上一步")
	k.says("1", "接着办", "请选择认证方式")
}
