package bot

import (
	"strings"
	"unicode"
)

// What the conversation itself says.
const (
	textEmpty        = "没有看到内容，请把遇到的问题或屏幕上的提示发给我。"
	textForgotten    = "这条消息已经过期，请把问题再发一次。"
	textStale        = "这个按钮已经失效，请看最新的消息。"
	textUnseen       = "这张图片没有收到。请再发一次，或者把屏幕上的提示打给我。"
	textPicture      = "图片收到了，但我现在看不了图片里的文字。请把屏幕上的提示打给我。"
	textReread       = "不对，我来改"
	textHuman        = "转人工"
	textInFull       = "看详细步骤"
	textHandoff      = "已为您转接人工客服，客服会在这个对话里回复您，请不要离开太久。"
	textHandoffLater = "已为您转接人工客服，上班后会在这个对话里回复您。您可以先把问题说清楚，或者发一张截图。"
	textTrial        = "这里是试用，不会转给客服。"
	textClosed       = "本次人工服务已结束。您的问题解决了吗？"
	textSolved       = "谢谢您的反馈，祝您签约顺利。"
	textUnsolved     = "抱歉没能帮您解决。需要的话可以再转人工，或者把还没解决的地方说给我听。"
	textPictureLine  = "［图片］"
	textPictureOld   = "（图片等得太久，已经删除。）"
	textTicketOpen   = "已经在为您转接人工客服了，请稍等。"
	textReturned     = "人工服务已结束，接下来由智能助手继续为您服务。"
	textAway         = "客服暂时离开，先由智能助手为您服务；您的问题仍在排队，客服会再联系您。"
	textUnbound      = "已解除账号绑定，下次办理时会重新确认身份。"
	textNotBound     = "现在没有绑定账号。"
	textVoice        = "暂时听不了语音，请把要说的打成文字，或者把屏幕上的提示截图发给我。"
	textRetype       = "好的，请把屏幕上的提示打给我，只打关键的一句就可以。"
	textNoText       = "这张图片里没有看到和办理有关的文字。请把屏幕上的提示打给我，或者换一张清楚的截图。"
	textUnreadable   = "这类消息我看不懂。请用文字告诉我遇到的问题，或者把屏幕上的提示截图发给我。"
)

const (
	textDeclined      = "好的，那就先不办了。需要的时候随时叫我，祝您签约顺利。"
	textNothingOpen   = "现在没有正在办理的事项。要办什么，或者遇到了什么提示，直接告诉我就行。"
	textUpset         = "抱歉，是我没帮到位，让您着急了。请把屏幕上的提示原文发给我，我再找一次；也可以点“转人工”，请客服来帮您。"
	textWhich         = "您想办哪一件？请选，或者直接告诉我："
	textOffers        = "\n要我直接帮您办，请选："
	textContacts      = "\n还可以选："
	textPictureFailed = "这张图片没能识别出来。请把屏幕上的提示打给我，或者换一张清楚的截图。"
	textSeenUnknown   = "没有找到和它对应的办法。如果看错了，请把屏幕上的提示打给我；也可以回复“转人工”。"
)

// What is said when a person goes on from the last reply.
const (
	textSimply    = "简单说："
	textWhichStep = "还不清楚的话，告诉我停在哪一步、页面上显示什么，我再细说；也可以回复“转人工”。"
	textCertain   = "是的，指南里就是这样说明的："
	textNext      = "接下来："
	textDone      = "好的，这一步做好了，接下来："
	textAllDone   = "好的，办好就行。还想了解什么，可以接着问。"
	textGoOn      = "您想接着了解哪一点？"
)

// textCanTell names what can be told of an entry.
func textCanTell(title string) string {
	return "您接着问的是「" + title + "」吧？这一点我拿不准，能告诉您的有下面这些；都不是的话，请把问题说完整一些。"
}

// Greeting is the first thing that a person is told.
func Greeting(c Contact) string {
	return "您好，我是" + c.Brand + "的智能助手。把屏幕上的提示原文或截图发给我，或者直接说要办什么。"
}

// Beginnings are things that people often want, as they would say them; the
// labels are shorter.
func Beginnings() []Beginning {
	return []Beginning{{"提示无权限", "提示无权限怎么办"}, {"提示未加入企业", "提示未加入企业怎么办"}, {"企业怎么认证", "企业怎么认证"}, {"怎么更换管理员", "怎么更换管理员"}}
}

// wanted are the labels of the flows that people want most.
var wanted = []string{"join_company", "contract_status", "choose_cert", "change_admin", "setup_seal"}

// A Beginning is something that people often want.
type Beginning struct{ Label, Utterance string }

func beginnings() string {
	text := "比如可以发："
	for _, b := range Beginnings() {
		text += "\n· " + b.Utterance
	}
	return text
}

func textExpired(title string) string {
	return "您之前的「" + title + "」超过7天没有继续，已经自动结束；需要时可以重新办理。"
}

func textReminder(title string) string {
	return "您的「" + title + "」还没有办完，再过一天会自动结束。需要的话回复“继续上次办理”。"
}

// unbinding is how people ask to be forgotten by a conversation.
var unbinding = map[string]bool{"解绑": true, "解除绑定": true, "退出登录": true, "退出账号": true, "解绑账号": true, "换账号登录": true, "切换账号": true}

// squeeze leaves letters and digits.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}
