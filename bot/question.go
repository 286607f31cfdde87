package bot

import (
	"regexp"
	"strings"
	"unicode"
)

// What an utterance is by its form, beside the values and wishes that it may
// carry.
type form int

const (
	statement form = iota
	question
	problem // something does not work, or is not known or at hand
)

var (
	// questionWords make a question wherever they stand.
	questionWords = regexp.MustCompile(`吗|么|嘛[？?]?$|怎么|怎样|怎办|如何|为什么|为啥|什么|啥|多久|多少|多长|多大|多快|几(天|个|种|点|次|号|位|时|步|张|份|遍|块|毛)|哪|谁|咋|干嘛|是否|能否|可否|会否|请问|想问|问下|问一下|问个|请教|有没|能不能|可不可以|会不会|要不要|行不行|是不是|对不对|好不好|用不用|该不该|需不需要|算不算|来不来得及|必须.{0,12}吗|\?|？|呢|区别|什么时候|何时|教我|教教`)
	// questionTails make one at the end.
	questionTails = regexp.MustCompile(`([^也都就要从还不]不|[^有]没|了没有|过没有|没有啊|没有呀|好不|么|嘛|吧[？?]|还是[^，。]{1,12}[啊呀好])[？?。！!～~\s]*$`)
	// either asks which of two; 还是找…吧 is a decision.
	either = regexp.MustCompile(`^[^，,。了]{1,14}还是[^找用选算先走换让要请叫，,吧]{1,14}$`)
	// troubled tells what does not work.
	troubled = regexp.MustCompile(`收不到|没收到|没有收到|没反应|打不开|打开不了|点不了|点不动|点不开|进不去|登不上|登录不了|登不进|上不去|传不上|传不了|找不到|没找到|没看到|看不到|没看见|看不见|没显示|不显示|显示不了|不知道|不晓得|不清楚|不记得|不确定|忘了|忘记|记不得|记不清|不会|不懂|不明白|弄不了|办不了|操作不了|搞不定|不认识|联系不上|找不着|不在身边|不在公司|不在[国这本]|出差|没空|没时间|休假|离职|没有?(网银|公章|电脑|支付宝|手机|对公|账户|执照|身份证|授权书|验证码|短信|邮箱|权限|法人)|失败|报错|出错|错误|不成功|过不了|刷不了|通不过|没通过|被退|用不了|填不了|选不了|提交不了|签不了|没办法|没法|停机|换号|号码?不用了|换了手机|卡住|不对劲|不是(我|管理员|法人|主管理员)|我不是`)
)

// formOf tells what an utterance is by its form.
func formOf(s string) form {
	s = strings.TrimFunc(s, unicode.IsSpace)
	switch {
	case questionWords.MatchString(s), questionTails.MatchString(s) && len([]rune(s)) > 2, either.MatchString(s), asksWhether(s):
		return question
	case troubled.MatchString(s):
		return problem
	}
	return statement
}

// asksWhether finds a verb before and after a no: 算不算, 到没到.
func asksWhether(s string) bool {
	rs := []rune(s)
	for i := 0; i+2 < len(rs); i++ {
		if rs[i] == rs[i+2] && (rs[i+1] == '不' || rs[i+1] == '没') && unicode.Is(unicode.Han, rs[i]) {
			return true
		}
	}
	return false
}

// formOf tells what the utterance is by its form, which is found out once.
func (u *utterance) formOf() form {
	if !u.formed {
		u.form, u.formed = formOf(u.in.Text), true
	}
	return u.form
}
