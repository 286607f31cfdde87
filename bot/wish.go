package bot

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"signdesk/kb"
)

// What starts something is a wish: it has a word of wishing, or is nothing but
// what is to be done. Who tells what was done, what went wrong, or what a screen
// or somebody else says, wishes nothing by that.

var (
	// wishing are words by which people ask that something be done.
	wishing = regexp.MustCompile(`我要|我用|就用|改用|我选|俺要|俺想|我们要|咱要|我想|(^|[，, ])要把|想(要|把|办|走|进|转|删)|(^|[，, ])想(换|改|更换|更改|更換|換)(一?个|一張|一张|掉|一下|一個|公章|印章|章|管理员|法人)|(^|[，, ])你(就|快|直接)?(帮|替|给|去|发(个|短信|邮件|链接))|我得|帮我|帮忙|帮俺|帮咱|帮(看|查|办|弄|换|改|催|删|签|做|申请|通知|发|设)|替我|麻烦(你|您|帮|给|转|发|查|换|办|把|改|短信|一下)|劳驾|请帮|请给|请把|请你|烦请|拜托|我需要|我来|幫我|` +
		`(?:^|[，, ])(?:就|那|想)?要(?:用|走|做|办|当)|给(我|俺|咱)(们|们公司)?(办|弄|换|改|发|查|开|设|申请|转|做|删|通知|搞|加)|想申请|要申请|想办|要办|(办|弄|换|改|查|删|发|做|搞|申请|申诉|催|签|看|设置|通知|转|提醒|走)(一)?下|发起(一|个|申诉|吧)|我要当|能不能(帮|给|替)|可以(帮|给|替)(我|俺)`)
	// doing asks the assistant to do it.
	doing = regexp.MustCompile(`帮(我|俺|咱|忙)(们)?(把(它|这个|这事))?(去|来|先|直接)?(办|弄|搞|设置|设|申请|换|改|变更|更换|处理|开通|提交|删)(一|个|了|掉|吧|下|好|$)`)
	// hearsay stands before a word of wishing that is somebody else's.
	hearsay = regexp.MustCompile(`(说|让|叫|要求|提示|显示|催|逼|喊)(是|的是|了)?(我|我们|俺|咱|他|她)?(要|得|去|来|先|必须)?$|只$|(同事|别人|有人|他|她|业务员|朋友|代理|会计|财务|老板)(已经|之前|昨天|刚)?$`)
	// weakly are words that make a wish where nothing is told.
	weakly = regexp.MustCompile(`^(那就|那|就|请|麻烦|快|直接|先|再|现在|好|行)*(把|将|给|让(财务|会计|出纳|法人|老板))|要(换|改|交|转|设|做|办|查|删|加)|得(换|改|交|转)`)
	// stuck is what went wrong with what somebody wished for.
	stuck = regexp.MustCompile(`^(通|好|完|成|过)?(了|过)[^吧]|没有?(反应|反映|效果|动静|用$)|失败|报错|出错|点了|点不|打不开|进不去|转圈|卡(住|在|死)|闪退|灰(的|色)|(不成功|不给|不让|不行|不通过)$|被(拒|驳|退)[^的]*$`)
	// told are signs that something is told: what was done and when, what came of
	// it, what a screen or somebody says.
	told = regexp.MustCompile(`没|失败|错|点(了|击?查看)|不[了到开动上能给让行过通是见]|转圈|卡(住|在|死|了|顿)|闪退|灰|按钮|页面|界面|显示|提示|弹|跳|一半|被|拒|驳|退回|还是|还在|一直|已经|` +
		`昨|前天|上周|上次|上个?月|上星期|去年|前几天|前阵|那天|刚|完成|^请(先|申请|联系|上传|填写|输入|确认|核对|选择|使用|重新)|之前|早就|以后|完了|成功|(说|听说|叫|要求|催)(是|要|我|您|你|他|她)|让(我|您|你)|它|系统|不小心|只(想|要|是)|您(还|尚|没|未|的|无|所|需|好像)|` +
		`(那|这)(个|一)?步|的时候|干嘛|干啥|要钱|麻烦$|(点|选|换|改|传|设|做|加|签|删|发|办|转交?|交接?|提醒|通知|申诉|申请|提交|更换|变更|走|看|打)(了|过|完)[^吧]`)
	// gone tells that somebody did it: 换公章了.
	gone = regexp.MustCompile(`了.|[^通]过[^来去]`)
	// asking are words of questions.
	asking = regexp.MustCompile(`想问|请问|问下|问一下|来问|咨询|想知道|想了解|吗|嘛[？?]|么[？?]?$|马[？?]?$|不[？?]?$|没[？?]?$|什么|什麼|甚么|怎么|怎麼|怎样|怎办|咋|啷个|乜|咩|係咪|嗎|如何|为什么|为啥|為什麼|多久|多长|多少|多大|几天|几个|几种|几次|哪|啥|谁|干嘛|干啥|` +
		`安全|收费|区别|能不能|可不可以|可以不|是不是|会不会|要不要|用不用|需不需要|能否|可否|行不行|对不对|有没有|\?|？|呢$|是否|还是.{0,12}[啊呀好]|教我|教教|步骤|流程|条件|要求|材料|应该|應該|下载|下載|选择困难`)
	// helping asks the assistant to act although it has the form of a question.
	helping = regexp.MustCompile(`(能不能|可不可以|能|可以|可否|能否|麻烦)(请)?(你|您|你们)?(帮|替|给)(我|俺|咱|我们|财务|法人|老板|忙)`)
	// thirdParty might help, not the assistant.
	thirdParty = regexp.MustCompile(`(方|客服|人|人员|管理员|同事|老板|财务|会计|平台|公司|代理|代办)(能不能|可不可以|能|可以|可否|能否)(帮|替|给)`)
	// polite ends such a question, and a wish.
	polite = regexp.MustCompile(`([，, ]?(好|行|可以|中|成))?(吗|嘛|不)[？?！!。]*$`)
	tag    = regexp.MustCompile(`([，, ](好|行|可以)|好)(吗|嘛|不)[？?！!。]*$`)
	// against turns a wish down, tells of the past, or of what went wrong.
	against = regexp.MustCompile(`不想|不要|不用|别给|别帮|不需要|不打算|已经.{0,12}(了|过)|之前.{0,8}过|刚才.{0,8}了|的时候|选不了|换不了|改不了|办不了|没法|不了$|死循环|过了?[，,]|还是老|还是错`)
	// couldYou begins a wish that is put politely.
	couldYou = regexp.MustCompile(`能不能|可不可以|可以不可以|能否|可否|可以|能`)
	// referring is what a screen says, or somebody who was told to call.
	referring = regexp.MustCompile(`^请?联系|(请|让|叫)(我|您)?(联系|找|拨打|打)|提示|显示|(不|没|别|无法|非)(想|用|要|需要|能|给)?(转|找|接)?人工`)
	// notCalling are names that only look like a call for a human.
	notCalling = regexp.MustCompile(`人工(审|费|智|复|核|认)`)
	// ringing is the wish to call.
	ringing = regexp.MustCompile(`电话|号码|热线`)
	// quoting are signs that a screen is being told of.
	quoting = regexp.MustCompile(`[【】「」→<>☑☐○●]`)
	// firstPerson are wishes that no screen says.
	firstPerson = regexp.MustCompile(`我要|俺要|我们要|我想|帮我|帮俺|给我|替我|麻烦|幫我|我来`)
)

// plainWish reports whether nothing in a text makes a question or a report of
// it; t is it without question words that belong to the wish.
func plainWish(typed, t string, d kb.Decision) bool {
	if i := strings.LastIndexByte(strings.TrimSpace(typed), '\n'); i >= 0 { // a screen, and perhaps a wish below it
		last := strings.TrimSpace(strings.TrimSpace(typed)[i+1:])
		return firstPerson.MatchString(last) && wished(last) && !asking.MatchString(last)
	}
	if helping.MatchString(t) && !thirdParty.MatchString(t) {
		t = polite.ReplaceAllString(helping.ReplaceAllString(t, ""), "")
	} else if firstPerson.MatchString(t) {
		t = tag.ReplaceAllString(t, "")
	}
	if asking.MatchString(t) || against.MatchString(t) {
		return false
	}
	if d.Message != "" || quoting.MatchString(typed) { // words on a screen are no wish
		return firstPerson.MatchString(typed)
	}
	return true
}

// wished reports whether a text has a word of wishing which is the person's own,
// and tells nothing that went wrong after it.
func wished(t string) bool {
	for _, at := range wishing.FindAllStringIndex(t, -1) {
		before := t[:at[0]]
		if first, _ := utf8.DecodeRuneInString(t[at[0]:]); ends(first) {
			before = "" // of another clause
		}
		if i := strings.LastIndexFunc(before, ends); i >= 0 {
			_, n := utf8.DecodeRuneInString(before[i:])
			before = before[i+n:]
		}
		if !hearsay.MatchString(before) && !stuck.MatchString(t[at[1]:]) {
			return true
		}
	}
	return false
}

// handed reports whether a text says what is to be done with a thing: 把章换了.
func handed(t string) bool {
	return slices.ContainsFunc(clauses(t), weakly.MatchString) && !told.MatchString(t)
}

// alone reports whether a text is nothing but what is to be done, which is m,
// besides words that ask for nothing else, and values.
func alone(t, m string) bool {
	before, after, _ := strings.Cut(t, m)
	before = squeeze(particulars.ReplaceAllString(before, ""))
	after = squeeze(particulars.ReplaceAllString(after, ""))
	if told.MatchString(before+m+after) || !opening.MatchString(before) || !closing.MatchString(after) {
		return handed(t)
	}
	return !gone.MatchString(m)
}

// isMine reports whether a text asks how it stands with something of the
// person's, and nothing else.
func (p *intentPattern) isMine(t string) bool {
	rest := p.mine.re.ReplaceAllString(p.asks.re.ReplaceAllString(t, ""), "")
	return owned.MatchString(rest) && squeeze(owning.ReplaceAllString(particulars.ReplaceAllString(rest, ""), "")) == ""
}

var (
	// particulars tell with what it is to be done, or by whom.
	particulars = regexp.MustCompile(`1[3-9][0-9]{9}|c-[0-9a-z]{2}-?[0-9a-z]+|[0-9a-z._-]+@[0-9a-z.-]+|https?://\S+|(合同|协议)?(编号|号码?)?(是|为|[:：])?\s*(?:c-[0-9a-z]{2}-?[0-9a-z]+)|` +
		`(我|他|她)(叫|是)[^，,。 ]{2,4}|(公司|企业)(名|全称|名称)?(是|叫|为|[:：])\s*[^，,。 ]{4,40}|(她|他|我|财务|法人)?的?(手机|电话|邮箱|号码)号?码?(是)?|合同(编号|号)?(是)?`)
	// opening and closing are what may stand around a wish and ask for nothing else.
	opening = regexp.MustCompile(`^(请|发个?|发?短信|发?邮件|那就|那|就|好的|好吧|好|行吧|行|嗯|可以|ok|你好|您好|麻烦|快点?|现在|马上|立刻|赶紧|先|直接|开始|去|来|办理|办|要|想|再|重新|给|点一下|点|谢谢|你|您|请你|我来|我要|我想|帮我|下一步)*$`)
	closing = regexp.MustCompile(`^(一下|下子|下|吧|呗|呀|啊|哈|哦|噢|喽|咯|嘛|谢谢|多谢|谢了|拜托|急|的?流程|业务|办理|可以|好了|这份|这个|份|个|去|理|认证|打款|付款|的?图?(图|片|案|照片|样子)|的(\p{Han}?(姐|哥|总|同事|经理|师傅|人|会计|行政|主任|老师)))*$`)
	owned   = regexp.MustCompile(`我|咱|俺|本公司`)
	owning  = regexp.MustCompile(`我们公司|我们|我司|认证|我|咱们?|俺们?|公司|企业|的|了|那份|这份|那个|这个|提交|交|现在|目前|今天|资料|合同|请问`)
)

// clauses splits a text at punctuation and spaces.
func clauses(t string) []string { return strings.FieldsFunc(t, ends) }

func ends(r rune) bool { return strings.ContainsRune("，。！？；,!?;\n ", r) }

// clause returns the clause of a text in which a part stands; of short texts all.
func clause(t, part string) string {
	if utf8.RuneCountInString(t) <= maxClause {
		return t
	}
	for _, c := range strings.FieldsFunc(t, func(r rune) bool { return strings.ContainsRune("，。！？；,!?;\n", r) }) {
		if strings.Contains(c, part) {
			return c
		}
	}
	return t
}

// maxClause is the length in runes up to which a text is taken as one.
const maxClause = 24
