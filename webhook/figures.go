package webhook

import (
	"bytes"
	"html/template"
	"net/http"

	"github.com/gin-gonic/gin"

	"signdesk/kb"
)

// A figure is a sketch of a screen that an answer speaks of: what it says, its
// buttons, and which one to press. The labels are those of the screen.
type figure struct {
	Title   string
	Lines   []string // at most 16 characters each
	Buttons []string
	Mark    string // the label to press: a button or a line
}

// figures are the sketches by part of the knowledge base ("11/main").
var figures = map[string]figure{
	"01/delete":      {"认证中的企业", []string{"虚构示例有限公司", "认证中"}, []string{"删除企业"}, "删除企业"},
	"02/where-pc":    {"企业认证（电脑端）", []string{"营业执照已上传", "我没有企业名称 ?", "点击使用特殊通道"}, []string{"下一步"}, "点击使用特殊通道"},
	"02/where-phone": {"企业认证（手机端）", []string{"营业执照已上传", "我没有企业名称"}, []string{"下一步"}, "我没有企业名称"},
	"05/main":        {"企业打款认证", []string{"开户银行", "对公账号", "没有对公账户"}, []string{"确认"}, "没有对公账户"},
	"05/consents":    {"没有对公账户", []string{"☑ 我知情并同意", "☑ 我知情并同意", "汇款账户4位尾号"}, []string{"确认"}, "确认"},
	"10/path":        {"企业控制台", []string{"企业认证", "印章管理"}, []string{"企业信息变更"}, "企业信息变更"},
	"10/seal":        {"印章列表", []string{"电子公章", "图案：旧名称"}, []string{"编辑", "保存"}, "编辑"},
	"11/entry":       {"无权限", []string{"您没有查看此合同的权限", "☑ 我是企业管理人员，", "我要申请成为主管理员"}, []string{"下一步"}, "我要申请成为主管理员"},
	"12/apply":       {"权限申请", []string{"申请人姓名", "默认申请的权限", "更多权限"}, []string{"其他方式申请", "向主管理员申请"}, ""},
	"12/ways":        {"其他方式申请", []string{"通过一种即可"}, []string{"向公章管理员申请", "向公司财务申请", "向公司法定代表人申请"}, ""},
	"12/finance":     {"向公司财务申请", []string{"户名：企业名称", "银行账号", "汇款金额"}, []string{"确认提交", "查一查打款进度"}, "汇款金额"},
	"12/reverse":     {"企业打款", []string{"没有收到款项？", "切换为企业反向打款方式"}, []string{"确认提交"}, "切换为企业反向打款方式"},
	"16/diff":        {"设置企业印章", []string{"请选择一种方式"}, []string{"方式一：使用系统默认样式", "方式二：上传图片生成企业印章"}, "方式一：使用系统默认样式"},
	"17/replace":     {"印章", []string{"公章图案"}, []string{"查看", "更改印章图片"}, "更改印章图片"},
	"18/way-a":       {"企业设置", []string{"主管理员：张**"}, []string{"更换管理员"}, "更换管理员"},
	"18/handover":    {"业务交接", []string{"☑ 合同  ☑ 模板  ☑ 印章", "转交给"}, []string{"一键转交"}, "一键转交"},
}

// Alt tells a figure in words.
func (f figure) Alt() string {
	text := "“" + f.Title + "”页面示意图"
	if f.Mark != "" {
		text += "，要点的是【" + f.Mark + "】"
	}
	return text
}

var figureTemplate = template.Must(template.New("figure").Funcs(template.FuncMap{
	"y":    func(i int) int { return 84 + 30*i },
	"box":  func(lines, i int) int { return 84 + 30*lines + 8 + 52*i },
	"add":  func(a, b int) int { return a + b },
	"tall": func(lines, buttons int) int { return 84 + 30*lines + 52*buttons + 24 },
}).Parse(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 {{tall (len .Lines) (len .Buttons)}}" role="img" font-family="system-ui,-apple-system,PingFang SC,Microsoft YaHei,Noto Sans CJK SC,sans-serif">
<title>{{.Alt}}</title>
<rect x="1" y="1" width="318" height="{{add (tall (len .Lines) (len .Buttons)) -2}}" rx="18" fill="#fff" stroke="#b8c2d0" stroke-width="2"/>
<rect x="2" y="2" width="316" height="46" rx="17" fill="#eef2f7"/><text x="160" y="32" font-size="17" font-weight="600" fill="#1d2433" text-anchor="middle">{{.Title}}</text>
{{range $i, $l := .Lines}}{{if eq $l $.Mark}}<rect x="12" y="{{add (y $i) -22}}" width="296" height="30" rx="8" fill="#fff1e8" stroke="#c2410c" stroke-width="2"/>{{end}}<text x="22" y="{{y $i}}" font-size="15" fill="{{if eq $l $.Mark}}#c2410c{{else}}#4b5565{{end}}">{{$l}}</text>
{{end}}{{$n := len .Lines}}{{range $i, $b := .Buttons}}<rect x="16" y="{{add (box $n $i) -22}}" width="288" height="42" rx="10" fill="{{if eq $b $.Mark}}#0a6c74{{else}}#fff{{end}}" stroke="{{if eq $b $.Mark}}#c2410c{{else}}#9aa6b6{{end}}" stroke-width="{{if eq $b $.Mark}}3{{else}}1.5{{end}}"/><text x="160" y="{{add (box $n $i) 5}}" font-size="15" font-weight="600" text-anchor="middle" fill="{{if eq $b $.Mark}}#fff{{else}}#1d2433{{end}}">{{$b}}</text>
{{end}}</svg>
`))

// figureOf returns the name of a part's figure, "" if it has none.
func figureOf(p *kb.Part) string {
	name := string(p.Entry.ID) + "/" + string(p.ID)
	if _, ok := figures[name]; !ok {
		return ""
	}
	return name
}

// showFigure answers GET /help/{entry}/{part}/figure.svg.
func (s *Server) showFigure(c *gin.Context) {
	f, ok := figures[c.Param("entry")+"/"+c.Param("part")]
	if !ok {
		s.fail(c, errNotFound)
		return
	}
	var b bytes.Buffer
	if err := figureTemplate.Execute(&b, f); err != nil {
		s.broken(c, err)
		return
	}
	c.Header("Cache-Control", "public, max-age=3600")
	c.Data(http.StatusOK, "image/svg+xml; charset=utf-8", b.Bytes())
}
