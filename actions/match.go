package actions

import (
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// plain brings what was typed to one form: half width, lower case, without
// punctuation and spaces at the ends.
func plain(s string) string { return strings.TrimFunc(strings.Map(folded, s), mute) }

// squeezed is plain without any spaces, punctuation or polite particles, for
// comparing labels.
func squeezed(s string) string {
	return strings.Map(func(r rune) rune {
		if isHan(r) || 'a' <= r && r <= 'z' || '0' <= r && r <= '9' { // nearly all that there is
			return r
		}
		if r = folded(r); mute(r) {
			return -1
		}
		return r
	}, s)
}

// folded is a rune in half width and lower case.
func folded(r rune) rune {
	const ideographicSpace, firstForm = '\u3000', '\uff00' // all that have another width
	if r == ideographicSpace || r >= firstForm {
		if f := width.LookupRune(r).Folded(); f != 0 {
			r = f
		}
	}
	return unicode.ToLower(r)
}

// mute reports whether a rune says nothing.
func mute(r rune) bool {
	return !isHan(r) && (unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsSymbol(r))
}

// isHan reports whether a rune is one of the usual characters, at less cost than to
// look it up.
func isHan(r rune) bool { return '\u4e00' <= r && r <= '\u9fff' }

var ordinals = map[string]int{"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
	"①": 1, "②": 2, "③": 3, "④": 4, "⑤": 5, "⑥": 6, "⑦": 7, "⑧": 8, "⑨": 9}

// Ordinal reads the number of something that was shown: 2, 二, 第二个, 选B.
func Ordinal(text string) (n int, ok bool) { return ordinal(text) }

// Agrees reports whether a text is a plain yes.
func Agrees(text string) bool {
	yes, ok := yesNo(text)
	return yes && ok
}

// maxOrdinal is more than a number and all the words that are left out around it have
// together, in bytes.
const maxOrdinal = 64

// ordinal reads the number of an option: 1, １, 一, 第一个, A, 选2.
func ordinal(text string) (int, bool) {
	if n, ok := ordinals[strings.TrimSpace(text)]; ok {
		return n, true
	}
	t := squeezed(text)
	if len(t) > maxOrdinal {
		return 0, false
	}
	for _, head := range []string{"我选择", "我选", "选择", "选", "就"} {
		t = strings.TrimPrefix(t, head)
	}
	t = strings.TrimPrefix(t, "第")
	for _, tail := range []string{"吧", "个", "项", "种", "条", "号"} {
		t = strings.TrimSuffix(t, tail)
	}
	if n, ok := ordinals[t]; ok {
		return n, true
	}
	if len(t) == 1 && t[0] >= 'a' && t[0] <= 'i' {
		return int(t[0]-'a') + 1, true
	}
	if len(t) > 2 {
		return 0, false
	}
	if n, err := strconv.Atoi(t); err == nil && n > 0 {
		return n, true
	}
	return 0, false
}

var (
	yesWords = words("好 好的 好呀 好啊 好吧 行 行的 可以 可以的 嗯 嗯嗯 恩 是 是的 对 对的 没错 确认 确定 提交 同意 没问题 ok okay yes y 要 要的 需要 继续 没毛病 中 得 是滴 好滴 确认提交 对对 可 保存 完成 发送 发吧 提交吧 确认签署 开始 愿意 当然 嗯呢 行吧 就这样 没毛病 OK的 是啊 對 確認 好喔")
	noWords  = words("不 不是 不对 不行 不要 不用 不了 否 错了 不同意 先不 不提交 no n 不确认 不好 别 不需要 算了 再想想")
)

func words(s string) map[string]bool {
	set := make(map[string]bool)
	for _, w := range strings.Fields(s) {
		set[w] = true
	}
	return set
}

// yesNo reads a yes or a no.
func yesNo(text string) (yes, ok bool) {
	t := squeezed(text)
	if noWords[t] {
		return false, true
	}
	for _, tail := range []string{"的", "了", "吧", "啊", "呢", "哦", "呀"} {
		if yesWords[strings.TrimSuffix(t, tail)] {
			return true, true
		}
	}
	return false, yesWords[t]
}

// questioning are signs that a text asks about an option instead of taking it.
var questioning = regexp.MustCompile(`[?？]|吗|什么|怎么|为什么|为啥|多久|多少|是啥|啥意思|哪些|区别|如何|能不能|可不可以|要不要|是不是|会不会|行不行|谁|哪|呢$`)

// denying are words before or after an option that make it what is not meant, and
// harmless what only looks like them.
var (
	denying  = regexp.MustCompile(`不|没|别|拒绝|无法|除了`)
	harmless = regexp.MustCompile(`没问题|没关系|没事|没意见|没错|不错|不过|不管|要不|不然|不好意思|特别|分别|差不多|别的|别人`)
)

// denies reports whether the clause in which a label stands speaks against it.
func denies(text, label string) bool {
	for _, clause := range strings.FieldsFunc(plain(text), separatesClauses) {
		if said := squeezed(clause); strings.Contains(said, label) {
			return denying.MatchString(harmless.ReplaceAllString(strings.Replace(said, label, "", 1), ""))
		}
	}
	return false
}

func separatesClauses(r rune) bool { return strings.ContainsRune(" ,，。;；!！、\n", r) }

// longestIn returns the longest label that a text has.
func (o Option) longestIn(said string) (longest string) {
	for l := range o.labels() {
		if l = squeezed(l); strings.Contains(said, l) && len(l) > len(longest) {
			longest = l
		}
	}
	return longest
}

// minContained is the fewest characters by which a label may be recognised
// inside of something longer, or longer labels by a part of them.
const minContained = 2

// pickOption returns the option that a text means: by its label or other words
// for it, its number, or the only label that it contains or is a part of.
func pickOption(options []Option, text string) (string, bool) {
	t := squeezed(text)
	if t == "" {
		return "", false
	}
	for _, o := range options {
		if o.isCalled(t) {
			return o.ID, true
		}
	}
	if n, ok := ordinal(text); ok {
		if n <= len(options) {
			return options[n-1].ID, true
		}
		return "", false
	}
	if utf8.RuneCountInString(t) < minContained {
		return "", false
	}
	id, ok := onlyOne(options, func(l string) bool { return strings.Contains(t, l) },
		func(l string) bool { return strings.Contains(l, t) })
	if !ok || questioning.MatchString(text) {
		return "", false
	}
	i := slices.IndexFunc(options, func(o Option) bool { return o.ID == id })
	if l := options[i].longestIn(t); l != "" && denies(text, l) {
		return "", false
	}
	return id, true
}

// onlyOne returns the option that is the only one for which a test holds; of
// labels inside the text the longest counts.
func onlyOne(options []Option, tests ...func(label string) bool) (string, bool) {
	for _, test := range tests {
		best, length, ties := "", 0, 0
		for _, o := range options {
			n := 0
			for l := range o.labels() {
				if l = squeezed(l); utf8.RuneCountInString(l) >= minContained && test(l) {
					n = max(n, len(l))
				}
			}
			switch {
			case n > length:
				best, length, ties = o.ID, n, 1
			case n > 0 && n == length:
				ties++
			}
		}
		if ties == 1 {
			return best, true
		}
	}
	return "", false
}

// isCalled reports whether a squeezed text is one of the option's labels.
func (o Option) isCalled(said string) bool {
	for l := range o.labels() {
		if squeezed(l) == said {
			return true
		}
	}
	return false
}

// labels are all that an option is called by, its label first.
func (o Option) labels() iter.Seq[string] {
	return func(yield func(string) bool) {
		if !yield(o.Label) {
			return
		}
		for _, l := range o.Also {
			if !yield(l) {
				return
			}
		}
	}
}

var allWords = words("全部 都要 全选 都 全都要 所有 全要 都转 都选")

// pickMany returns all options that a text names.
func pickMany(options []Option, text string) ([]string, bool) {
	if t := squeezed(text); allWords[t] || yesWords[t] {
		return ids(options), true
	}
	if id, ok := pickOption(options, text); ok && !strings.ContainsFunc(text, separates) {
		return []string{id}, true
	}
	var picked []string
	for _, part := range strings.FieldsFunc(plain(text), separates) {
		id, ok := pickOption(options, part)
		if !ok {
			return nil, false
		}
		if !slices.Contains(picked, id) {
			picked = append(picked, id)
		}
	}
	return picked, len(picked) > 0
}

func separates(r rune) bool { return strings.ContainsRune(" ,，、;；和跟及+/", r) }

func ids(options []Option) []string {
	var out []string
	for _, o := range options {
		out = append(out, o.ID)
	}
	return out
}
