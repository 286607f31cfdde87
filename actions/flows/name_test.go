package flows_test

import (
	"strings"
	"testing"

	"signdesk/actions/flows"
	"signdesk/data"
)

// TestNames checks what is taken for a person's name: "=" it is one, written so;
// "?" the person is asked; "…" the whole is asked for; "-" it is none.
func TestNames(t *testing.T) {
	names, err := flows.ReadNames(data.Words())
	if err != nil {
		t.Fatal(err)
	}
	for said, want := range map[string]string{
		// common ones, and how people say them
		"李明": "=李明", "王小红": "=王小红", "我叫李明": "=李明", "我是李明": "=李明", "姓名：李明": "=李明", "姓名:李明。": "=李明", "名字是张伟": "=张伟",
		"我的名字叫周杰": "=周杰", "申请人：陈静": "=陈静", "叫刘洋": "=刘洋", "就写赵磊吧": "=赵磊", "李 明": "=李明", "本人王芳": "=王芳", "我姓李，叫李明": "=李明",
		"免贵姓陈，名国栋": "=陈国栋", "李明，销售部的": "=李明", "吴用": "=吴用", "张三": "=张三", "李四": "=李四", "王五": "=王五",
		// rare, compound and long ones
		"欧阳娜娜": "=欧阳娜娜", "司马光": "=司马光", "诸葛亮": "=诸葛亮", "上官婉儿": "=上官婉儿", "令狐冲": "=令狐冲", "爱新觉罗启星": "=爱新觉罗启星", "尉迟恭": "=尉迟恭",
		"万俟卨": "=万俟卨", "张王丽华": "=张王丽华", "查良镛": "=查良镛", "仇和": "=仇和", "区伯": "=区伯", "逄先知": "=逄先知", "亓玉梅": "=亓玉梅", "么红": "=么红",
		"员春": "=员春", "都本基": "=都本基", "第五伦": "=第五伦", "老舍": "…", "鬼谷子": "?",
		// of peoples without surnames
		"阿依古丽·买买提": "=阿依古丽·买买提", "迪丽热巴·迪力木拉提": "=迪丽热巴·迪力木拉提", "扎西次仁": "=扎西次仁", "洛桑旦增": "=洛桑旦增", "卓玛央金": "=卓玛央金",
		"乌云其其格": "=乌云其其格", "买买提明": "=买买提明", "古丽娜尔": "=古丽娜尔", "斯琴高娃": "=斯琴高娃", "吉克隽逸": "=吉克隽逸", "我叫阿不都·热西提": "=阿不都·热西提",
		"SAMPLE ALEX NOVA": "=SAMPLE ALEX NOVA", "Tom Smith": "=Tom Smith", "David": "?", "李Amy": "?", "山口百惠子": "?",
		// names that are also words
		"高兴": "?", "安静": "?", "任何": "?", "方便": "?", "时间": "?", "平安": "?", "成功": "?", "马上": "?", "金融": "?", "文静": "=文静", "温馨": "?", "康健": "?",
		"白天": "?", "江南": "?", "明天": "?", "财务": "?", "法人": "?", "老板": "?", "公司": "?", "会计": "?", "公章": "?", "印章": "?", "管理员": "?", "人事部": "?",
		// a part of one
		"我姓李": "…", "姓王": "…", "免贵姓欧阳": "…", "李": "…", "李先生": "…", "王总": "…", "小张": "…", "老王": "…", "陈女士": "…", "刘经理": "…", "我是李工": "…", "欧阳": "?",
		// none
		"默认": "-", "不知道": "-", "等一下": "-", "等下": "-", "稍等": "-", "随便": "-", "没有": "-", "好的": "-", "谢谢": "-", "同上": "-", "我自己": "-", "什么意思": "-",
		"为什么要填": "-", "填谁的": "-", "不认识管理员": "-", "其他方式": "-", "都可以": "-", "那怎么办": "-", "能不能不填": "-", "于是什么": "-", "我要申请权限": "-",
		"有没有别的办法": "-", "财务手机号": "-", "14000001291": "-", "李明1": "-", "?": "-", "ok": "-", "test": "-", "我不想填": "-", "收不到": "-",
	} {
		if got := names.Says(said); got != want {
			t.Errorf("%q: %s, want %s", said, got, want)
		}
	}
}

// TestNameIsAsked plays the steps that ask for a name, and what else is asked
// for in free words.
func TestNameIsAsked(t *testing.T) {
	toName := func(t *testing.T) *talk {
		k := newTown(t).talk("A-1202")
		k.wants(k.start("permission", "contract", "C-12-1"), "请发件方重发")
		k.says("继续申请", "请输入申请人姓名")
		return k
	}
	for name, lines := range map[string][][]string{
		"asked and confirmed": {{"财务", "您的姓名是「财务」吗？", "【是，就是「财务」】"}, {"是的", "默认申请的权限"}},
		"asked and typed":     {{"高兴", "您的姓名是「高兴」吗？"}, {"高兴", "默认申请的权限"}},
		"asked, by number":    {{"方便", "「方便」吗"}, {"1", "默认申请的权限"}},
		"asked and denied":    {{"时间", "您的姓名是「时间」吗？"}, {"不是", "请输入申请人姓名"}, {"李明", "默认申请的权限"}},
		"asked, then another": {{"安静", "您的姓名是「安静」吗？"}, {"李明", "默认申请的权限"}},
		"insisted":            {{"任何", "「任何」吗"}, {"我就叫任何", "默认申请的权限"}},
		"a surname alone":     {{"我姓李", "完整的姓名", "「李」", "!默认申请"}, {"李明", "默认申请的权限"}},
		"none":                {{"不知道", "例如：李小明", "!默认申请"}, {"等一下", "!默认申请"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := toName(t)
			for _, l := range lines {
				k.says(l[0], l[1:]...)
			}
			if last := lines[len(lines)-1]; strings.HasPrefix(last[1], "默认申请") {
				want := map[string]string{"财务": "财务", "高兴": "高兴", "方便": "方便", "任何": "任何"}[lines[0][0]]
				if want == "" {
					want = "李明"
				}
				k.says("默认", "向谁申请")
				k.says("主管理员", "申请人："+want)
			}
		})
	}
}

// TestFreeTextsAreAnswers checks that what is no answer is not taken for one.
func TestFreeTextsAreAnswers(t *testing.T) {
	k := newTown(t).talk("A-1202")
	k.start("permission", "contract", "C-12-1", "advice", "go", "applicantName", "李明", "scopes", "default", "way", "other", "helper", "Finance", "actor", "self")
	k.says("确认", "请输入开户银行")
	k.says("不知道", "银行名称为2到60个字", "!哪个省")
	k.says("我问问财务", "银行名称为2到60个字")
	k.says("天地会", "开户银行是「天地会」吗？")
	k.says("不是", "请输入开户银行")
	k.says("工行", "开户行在哪个省")
	k.says("等一下", "请输入省份名称")
	k.says("浙江", "哪个市")
	k.says("杭州", "开户支行")
	k.says("忘了", "支行名称")
	k.says("高新支行", "对公银行账号")
}
