package flows

import (
	"bufio"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"signdesk/actions"
	"signdesk/actions/platform/value"
)

// Names know what people are called. They never say of a name that it cannot
// be one only because it is rare: then the person is asked.
type Names struct {
	single                         map[rune]bool
	compound, never, words, titles map[string]bool
	peoples                        []string
}

// namesFile is the table in the directory of the word tables.
const namesFile = "names.txt"

// ReadNames reads the table of names from a directory of word tables.
func ReadNames(fsys fs.FS) (*Names, error) {
	f, err := fsys.Open(namesFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	n := &Names{single: make(map[rune]bool)}
	sets := map[string]*map[string]bool{"compound": &n.compound, "never": &n.never, "words": &n.words, "titles": &n.titles}
	for sc, no := bufio.NewScanner(f), 1; ; no++ {
		if !sc.Scan() {
			return n, sc.Err()
		}
		line := strings.TrimSpace(sc.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, list, _ := strings.Cut(line, ":")
		switch set := sets[key]; {
		case set != nil:
			*set = make(map[string]bool)
			for _, w := range strings.Fields(list) {
				(*set)[w] = true
			}
		case key == "single":
			for _, r := range strings.TrimSpace(list) {
				n.single[r] = true
			}
		case key == "peoples":
			n.peoples = strings.Fields(list)
		default:
			return nil, fmt.Errorf("flows: %s:%d: no such key %q", namesFile, no, key)
		}
	}
}

// A verdict is what is thought of a value.
type verdict int

const (
	fits    verdict = iota
	unsure          // the person is asked whether it is right
	partial         // a surname, with or without a title: the whole is asked for
	wrong
)

var (
	nameHead = regexp.MustCompile(`^(?:(?:我的|他的|她的|申请人的?|本人的?|法人的?)?(?:姓名|名字|全名)(?:就?是|叫|为|[:：])?|申请人(?:就?是|叫|为|[:：])|我(?:就?是|叫做|叫|本人是|的是)|本人(?:是|叫|[:：])?|(?:就|那就)?(?:叫|写|填|用|是)(?:我)?|他叫|她叫)[\s:：，,]*`)
	nameTail = regexp.MustCompile(`[啊呀呢哦吧的哈]+$`)
	surnamed = regexp.MustCompile(`^(?:我|本人|免贵|鄙人|俺)*姓([\p{Han}]{1,2})[，,。\s]*(?:(?:名字?叫?|全名|单名一个|单名|叫)([\p{Han}]{1,4}))?字?$`)
	// phrases are no part of any name; particles hardly ever are.
	phrases = regexp.MustCompile(`默认|不知|知道|怎么|咋|什么|为啥|干嘛|哪[个里儿些]|谁|等一?[下会]|没有|不是|不会|不想|不能|不行|不用|不要|不在|不懂|不对|不认识|不记得|可以|这个|那个|随便|一下|认识|哪|能不|要不|是不|有没|好了|收不到|找不到|看不`)
	// trade are words that make a longer text one about the trade.
	trade     = regexp.MustCompile(`管理员|公司|企业|财务|法人|合同|印章|公章|签署|申请|手机|验证码|账号|权限|认证|打款|链接|短信|邮箱|身份证|银行|客服|人工|方式|电话|号码|名称|名字|姓名`)
	particles = regexp.MustCompile(`[我你您他她它的吗嘛啥了这]|呢$|吧$`)
	latinWord = regexp.MustCompile(`(?i)^(?:ok|okay|yes|no|hi|hello|test|admin|asdf|qwer|abc|aaa+|xxx+|null|none|na|help|what|name|user)$`)
)

// personName is the reader of a person's name: what it is, and how sure that is.
func (n *Names) personName(text string) (string, verdict) {
	t := strings.Trim(strings.TrimSpace(text), "，。,.！!、；;“”\"「」'（）() ")
	if m := surnamed.FindStringSubmatch(t); m != nil && n.isSurname(m[1]) {
		if m[2] == "" {
			return m[1], partial
		}
		t = m[1] + strings.TrimPrefix(m[2], m[1])
	}
	if n.never[t] {
		return t, wrong
	}
	for range 2 {
		if rest := nameHead.ReplaceAllString(t, ""); rest != "" {
			t = rest
		}
	}
	if rest := nameTail.ReplaceAllString(t, ""); utf8.RuneCountInString(rest) > 1 {
		t = rest
	}
	if before, _, ok := strings.Cut(strings.NewReplacer(",", "，", "。", "，", "；", "，").Replace(t), "，"); ok { // 李明，销售部的
		t = strings.TrimSpace(before)
	}
	if m := n.partOfName(t); m != "" {
		return m, partial
	}
	name, ok := value.PersonName(t)
	if !ok {
		return name, wrong
	}
	return n.judge(name)
}

func (n *Names) isSurname(s string) bool {
	r, size := utf8.DecodeRuneInString(s)
	return n.compound[s] || size == len(s) && n.single[r]
}

// partOfName returns the text if it is a surname alone, or with a title.
func (n *Names) partOfName(t string) string {
	if r, size := utf8.DecodeRuneInString(t); size == len(t) && n.single[r] {
		return t
	}
	for _, head := range []string{"小", "老", "阿"} {
		if rest := strings.TrimPrefix(t, head); rest != t && utf8.RuneCountInString(rest) == 1 && n.isSurname(rest) {
			return t
		}
	}
	for title := range n.titles {
		if rest := strings.TrimSuffix(t, title); rest != t && n.isSurname(rest) {
			return t
		}
	}
	return ""
}

// judge tells whether what has the form of a name is one.
func (n *Names) judge(name string) (string, verdict) {
	han, letters := 0, 0
	for _, r := range name {
		switch {
		case unicode.Is(unicode.Han, r):
			han++
		case unicode.IsLetter(r):
			letters++
		}
	}
	switch {
	case han == 0 && (latinWord.MatchString(name) || letters < 2):
		return name, wrong
	case han == 0 && strings.ContainsAny(name, " ·."):
		return name, fits
	case letters > 0:
		return name, unsure
	case strings.Contains(name, "·"):
		if phrases.MatchString(name) {
			return name, unsure
		}
		return name, fits
	}
	squeezed := strings.ReplaceAll(name, " ", "") // 李 明
	switch rs := []rune(squeezed); {
	case n.never[squeezed] || len(rs) < 2:
		return squeezed, wrong
	case phrases.MatchString(squeezed):
		return squeezed, wrong
	case n.words[squeezed]:
		return squeezed, unsure
	case trade.MatchString(squeezed):
		if len(rs) > 4 {
			return squeezed, wrong
		}
		return squeezed, unsure
	case particles.MatchString(squeezed):
		if n.single[rs[0]] && len(rs) <= 3 {
			return squeezed, unsure
		}
		return squeezed, wrong
	default:
		return squeezed, n.byShape(rs)
	}
}

// byShape judges a name by its surname and length.
func (n *Names) byShape(rs []rune) verdict {
	s := string(rs)
	for _, length := range []int{4, 3, 2} { // of compound surnames
		if len(rs) >= length && n.compound[string(rs[:length])] {
			if given := len(rs) - length; given == 1 || given == 2 {
				return fits
			}
		}
	}
	for _, p := range n.peoples {
		if strings.HasPrefix(s, p) && len(rs) > len([]rune(p)) || strings.HasSuffix(s, p) && len(rs) > len([]rune(p)) {
			return fits
		}
	}
	switch {
	case !n.single[rs[0]] || n.compound[s]:
		return unsure
	case len(rs) <= 3:
		return fits
	case len(rs) == 4 && n.single[rs[1]]: // the surnames of both parents
		return fits
	}
	return unsure
}

// name is the Parse of a step that asks for a person's name.
func (f *Flows) name(c *Context, in actions.Input) (string, error) {
	text := in.Text
	if v, ok := Extract(text)["name"]; ok && !strings.ContainsAny(text, "姓") {
		text = v
	}
	switch name, v := f.names.personName(text); v {
	case fits:
		return name, nil
	case unsure:
		return "", &actions.Problem{Doubt: name}
	case partial:
		p := &actions.Problem{Text: c.Text("wholeName", actions.Args{"name": name}), Kept: true}
		if _, ok := value.PersonName(name); ok {
			p.Doubt = name
		}
		return "", p
	}
	return "", &actions.Problem{}
}

// evasive are words of somebody who does not give the value that is asked for.
var evasive = regexp.MustCompile(`不知道|不清楚|不晓得|不记得|忘了|忘记了|等一?[下会]|稍等|怎么|咋|什么|哪[个里儿些]|谁|我问|问问|问一下|不会|随便|看不|找不|不懂|没有|^[我你]|[吗呢？?]$`)

// noAnswer reports whether a text does not even try to be what is asked for.
func (n *Names) noAnswer(text string) bool {
	t := strings.Trim(text, "，。,.！!？? ")
	return n.never[t] || len([]rune(t)) <= maxEvasive && evasive.MatchString(t)
}

// maxEvasive is the longest text that is looked at for that, in runes.
const maxEvasive = 20

// told makes a step's Parse of a reader of a text that is asked for: what is no
// answer is refused, and what does not look like one is asked about.
func (f *Flows) told(read reader, like *regexp.Regexp) func(*Context, actions.Input) (string, error) {
	return func(_ *Context, in actions.Input) (string, error) {
		v, ok := read(in.Text)
		switch {
		case !ok || f.names.noAnswer(v):
			return "", &actions.Problem{}
		case like != nil && !like.MatchString(v):
			return "", &actions.Problem{Doubt: v}
		}
		return v, nil
	}
}

// anything makes a step's Parse of a reader of any text: what looks like no
// answer is asked about.
func (f *Flows) anything(read reader) func(*Context, actions.Input) (string, error) {
	return func(_ *Context, in actions.Input) (string, error) {
		v, ok := read(in.Text)
		switch {
		case !ok:
			return "", &actions.Problem{}
		case f.names.noAnswer(v):
			return "", &actions.Problem{Doubt: v}
		}
		return v, nil
	}
}

var (
	likeBank     = regexp.MustCompile(`行|社|银|(?i:bank|icbc|abc|ccb|boc)`)
	likeBranch   = regexp.MustCompile(`行|社|部|处|所|银|点`)
	likePlace    = regexp.MustCompile(`[省市县区州盟旗]$|^(?:北京|上海|天津|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾|内蒙古?|广西|西藏|宁夏|新疆|香港|澳门)|^[\p{Han}]{2,4}$`)
	likeSeal     = regexp.MustCompile(`章|印`)
	likeBusiness = regexp.MustCompile(`公司|集团|厂|店|部|行|社|院|所|中心|会|馆|学校|大学|医院|工作室|合伙|企业|坊|铺|站|场|吧|屋|园|堂|室|队|户|\*|(?i:ltd|inc|co\.)|.{7}`)
)
