package actions

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A place is a step of a flow, or with "" the flow.
type place struct {
	flow string
	step StepID
}

type trouble struct {
	when *regexp.Regexp
	say  string
}

func (t Trouble) compile() (*regexp.Regexp, error) {
	return regexp.Compile(strings.Join(strings.Fields(t.When), ""))
}

func compileTroubles(words map[string]*Words) map[place][]trouble {
	knows := make(map[place][]trouble)
	add := func(p place, list []Trouble) {
		for _, t := range list {
			if re, err := t.compile(); err == nil { // else Check reports it
				knows[p] = append(knows[p], trouble{re, t.Say})
			}
		}
	}
	for flow, w := range words {
		add(place{flow, ""}, w.Troubles)
		for step, sw := range w.Steps {
			add(place{flow, step}, sw.Troubles)
		}
	}
	return knows
}

var (
	// choosing asks what the options are, or which to take.
	choosing = regexp.MustCompile(`^(那|这|我|你|您|应该|应|该|要|到底|一般|都|是|有|有啥|这些|这几个|几个|两个|两种|三个|它们|分别|上面|里面|不知道|不晓得|不清楚|不会|不懂|分不清|搞不清|弄不清|拿不准|不确定|纠结|帮我|给我|看看|请问|想问|麻烦|说说|讲讲|解释|说明)*` +
		`(选(哪|什么|啥|谁|第几)|怎么选|咋选|如何选|哪(个|种|一个|一种|项)|(什么|啥|有何)?(区别|不同|差别)|推荐|建议|解释一下|分别是|介绍一下|不会选|选不来)` +
		`(一?(个|种|项)|哪|最|更|好|合适|稳妥|比较|一点|点|些|方便|快|简单|省事|容易|呢|啊|呀|吗|吧|的|我|选|用|意思|是什么|什么|一下)*$`)
	// puzzled does not understand what is asked at all.
	puzzled = regexp.MustCompile(`^(这|那|这个|那个|这是|你这|上面|它|我|都|是|有点|完全|看|听)*(什么意思|啥意思|什么情况|啥情况|是什么|是啥|什么东西|不懂|不明白|没看懂|没懂|看不懂|听不懂|不太懂|不理解|解释一下|说清楚点?|为什么|为啥|干嘛用|有什么用)(啊|呀|呢|吗|的|了|这个|这一步|要这个)*$`)
	// holding asks for patience.
	holding = regexp.MustCompile(`^(好的?|嗯|那|你|您|请|先|让|给)*(等一?下下?|等会儿?|等一等|等等|稍等(一?下|片刻)?|稍后|慢点|别急|我(先)?(去)?(看看|看一下|想想|想一下|找找|找一下|拿一下|问问|问一下).{0,6}|马上(就)?来|一会儿?(就)?来|先等等)(啊|哈|哦|吧|我)*$`)
	// another wants to choose anew.
	another = regexp.MustCompile(`^(我|想|要|那|就|可以|能不能|还是|给我|帮我)*(换|改)(一?[个种]|一下)?(别的|其他|另外)?(的)?(方式|办法|方法|法子|选择)?(吧|行吗|可以吗|好了|试试)*$`)
	// stopping wants the thing not to be done.
	stopping = regexp.MustCompile(`^(等一?[下等会]?儿?|那|先|我|哎|算了|还是)*(别|不|不要|先别|先不|不想|暂时不)(换|改|申请|申诉|通知|办|提交|弄|发|签|认证|删|转|交|做|搞|填)(了|吧|啊|呢|先)*$`)
)

// Explain helps with what a person says who is stuck at the open step or asks
// about it: by the words of the step, of its flow, or of those that called it.
// ok is false if they know nothing to say.
func (e *Engine) Explain(t *Turn, st *State, text string) (r Reply, ok bool, err error) {
	s := st.Active()
	if s == nil || st.Aside == AsideSwitch {
		return r, false, nil
	}
	c := e.context(t, s)
	step := c.flow.step(s.Step)
	if step == nil {
		return r, false, nil
	}
	said, engine := squeezed(text), e.words[engineWords].Texts
	switch {
	case stopping.MatchString(said):
		r, err = e.Control(t, st, Cancel)
		return r, true, err
	case another.MatchString(said):
		r, err = e.Control(t, st, other)
		return r, true, err
	case holding.MatchString(said):
		r.add(engine["hold"])
	case choosing.MatchString(said), puzzled.MatchString(said):
		r.add(e.meaning(c, step))
	default:
		r.add(e.helpWith(st, c, step, text))
	}
	if len(r.Text) == 0 {
		return r, false, nil
	}
	st.touch(t.Now)
	again := e.Again(t, st)
	again.Text = append(r.Text, again.Text...)
	return again, true, nil
}

// meaning tells what is asked, or what the options are.
func (e *Engine) meaning(c *Context, step *Step) string {
	w, engine := e.stepWords(c, step), e.words[engineWords].Texts
	switch {
	case w.Help != "":
		return fill(w.Help, e.args(c, step))
	case c.Session.Confirm || !step.asks():
		return engine["card"]
	case step.chooses():
		if long := fill(w.Prompt, e.args(c, step)); w.Short != "" && w.Short != w.Prompt {
			return long
		}
		return engine["explain"]
	}
	return fill(w.Hint, e.args(c, step))
}

// helpWith returns what is known about a trouble, from the open step outwards.
func (e *Engine) helpWith(st *State, c *Context, step *Step, text string) string {
	for i, s := range slices.Backward(st.Open) {
		at := []place{{s.Flow, s.Step}, {s.Flow, ""}}
		if i < len(st.Open)-1 {
			at = at[1:] // its own step is not what is asked
		}
		for _, p := range at {
			for _, known := range e.knows[p] {
				if known.when.MatchString(text) {
					return fill(known.say, e.args(c, step))
				}
			}
		}
	}
	return ""
}

// Again asks the open step once more after something else was spoken of: in
// short the first time, and then only with a word that it is still open.
func (e *Engine) Again(t *Turn, st *State) Reply {
	r := e.Remind(t, st)
	s := st.Active()
	if s == nil {
		return r
	}
	s.Asides++
	engine := e.words[engineWords].Texts
	args := Args{"title": e.Title(st.Open[0].Flow)}
	switch {
	case s.Asides == 1:
	case s.Confirm:
		r.Text = []string{engine["confirm"]}
	case s.Asides%2 == 0:
		r.Text = []string{fill(engine["again1"], args)}
	default:
		r.Text = []string{fill(engine["again2"], args)}
	}
	return r
}

// PutAside leaves the open flow for later, as people do who say good-bye. It does
// nothing where it cannot wait: at a card it would not be clear whether the word
// was a yes.
func (e *Engine) PutAside(t *Turn, st *State) (r Reply) {
	if !e.CanWait(st) {
		return r
	}
	st.touch(t.Now)
	r.add(fill(e.words[engineWords].Texts["aside"], Args{"title": e.Title(st.Open[0].Flow)}))
	st.park()
	st.Parted = true
	r.Choices = append(r.Choices, e.control(Resume))
	return r
}

// Reads reports whether an input is what the open step asks for, beyond doubt,
// or a part of it.
func (e *Engine) Reads(t *Turn, st *State, in Input) (bool, error) {
	s := *st.Active()
	c := e.context(t, &s)
	step := c.flow.step(s.Step)
	if step == nil || !step.asks() {
		return false, nil
	}
	_, why, err := e.read(c, step, in)
	return err == nil && (why == nil || why.Kept && why.Text != ""), err
}

// CanWait reports whether the open flow could be put aside now.
func (e *Engine) CanWait(st *State) bool {
	s := st.Active()
	return s != nil && !s.Confirm && st.Aside != AsideSwitch
}

// Picking reports whether the open step offers options or waits for a yes, so
// that a text that is none of them may be something else altogether.
func (e *Engine) Picking(st *State) bool {
	s := st.Active()
	if s == nil {
		return false
	}
	step := e.flows[s.Flow].step(s.Step)
	return s.Confirm || step != nil && step.chooses() && step.Parse == nil
}

// refusing are words by which something is named that is not wished, or cannot
// be had.
var refusing = regexp.MustCompile(`不在|不是|没有|没|不想|不要|不用|别|联系不上|不肯|不配合|不能|不会|不行|不知|不愿|不了|除了|吗|[?？]|怎么|什么|为什么|哪`)

// Early keeps what belongs to a later step: an option of it, where its words
// allow that, and values that the utterance carries. ok is false if there is
// nothing of the kind.
func (e *Engine) Early(t *Turn, st *State, text string) (r Reply, ok bool) {
	s := st.Active()
	if s == nil || st.Aside == AsideSwitch {
		return r, false
	}
	c := e.context(t, s)
	step := c.flow.step(s.Step)
	if step == nil {
		return r, false
	}
	kept := e.keepEarly(t, st, step, text)
	if len(kept) == 0 {
		return r, false
	}
	st.touch(t.Now)
	r = e.Remind(t, st)
	r.Text = append([]string{fill(e.words[engineWords].Texts["early"], Args{"what": strings.Join(kept, "，")})}, r.Text...)
	return r, true
}

// keepEarly keeps what the text has for later steps, and returns what it is.
func (e *Engine) keepEarly(t *Turn, st *State, open *Step, text string) (kept []string) {
	values := e.find(text)
	for i, s := range slices.Backward(st.Open) {
		c := e.context(t, s)
		ahead := e.ahead(c.flow, s.Step)
		if len(kept) == 0 {
			for _, step := range ahead {
				w := e.stepWords(c, step)
				if w.Early == nil || s.Slots[step.slot()] != "" {
					continue
				}
				if o := named(w.Options, text); o != nil {
					c.Give(step.slot(), o.ID)
					for slot, v := range w.Early {
						if s.Slots[slot] == "" {
							c.Give(slot, v)
						}
					}
					kept = append(kept, "「"+fill(o.Label, e.args(c, step))+"」")
					break
				}
			}
		}
		for _, slot := range slices.Sorted(maps.Keys(values)) {
			label := e.words[engineWords].Texts["slot"+slot]
			own := i == len(st.Open)-1 && open.slot() == slot
			if label != "" && !own && s.Slots[slot] == "" && e.wants(c.flow, s.Step, slot) {
				c.Give(slot, values[slot])
				kept = append(kept, label)
				delete(values, slot)
			}
		}
	}
	return kept
}

// vague are words for options that mean something else at other steps.
var vague = words("修改 调整 改一下 更多 继续 没有 其他 手机号 手机验证码 自己选 换范围 申请 上传 生成 拍照 管理员 我自己 我来 公章 盖章")

// named returns the only option whose label or other words a text has, as a wish.
func named(options []Option, text string) *Option {
	for _, clause := range slices.Backward(strings.FieldsFunc(plain(text), separatesClauses)) {
		if o := namedIn(options, clause); o != nil {
			return o
		}
	}
	return namedIn(options, text)
}

// namedIn is named for a clause.
func namedIn(options []Option, text string) *Option {
	said := squeezed(text)
	_, number := ordinal(text)
	if _, plain := yesNo(text); number || plain || said == "" {
		return nil
	}
	id, ok := onlyOne(options, func(l string) bool { return l == said }, func(l string) bool { return strings.Contains(said, l) && !vague[l] && !yesWords[l] && !noWords[l] })
	if !ok {
		return nil
	}
	i := slices.IndexFunc(options, func(o Option) bool { return o.ID == id })
	if refusing.MatchString(strings.Replace(said, options[i].longestIn(said), "", 1)) {
		return nil
	}
	return &options[i]
}

// ahead are the steps that can still be reached from one: those below it in
// their order, and then those above.
func (e *Engine) ahead(f *Flow, from StepID) (out []*Step) {
	seen := map[StepID]bool{from: true}
	for queue := []StepID{from}; len(queue) > 0; queue = queue[1:] {
		i := slices.IndexFunc(f.Steps, func(s Step) bool { return s.ID == queue[0] })
		if i < 0 {
			continue
		}
		for _, to := range f.targets(i) {
			if !seen[to] {
				seen[to] = true
				queue = append(queue, to)
			}
		}
	}
	at := slices.IndexFunc(f.Steps, func(s Step) bool { return s.ID == from })
	for n := range len(f.Steps) - 1 {
		if step := &f.Steps[(at+1+n)%len(f.Steps)]; seen[step.ID] {
			out = append(out, step)
		}
	}
	return out
}

// wants reports whether a step ahead, or of a flow that is called ahead, asks
// for a slot.
func (e *Engine) wants(f *Flow, from StepID, slot string) bool {
	return slices.ContainsFunc(e.ahead(f, from), func(s *Step) bool {
		return s.asks() && s.slot() == slot || s.Call != nil && e.flows[s.Call.Flow].asksFor(slot)
	})
}

// handOn adds what was said early to what a flow is called with, if only that
// one asks for it.
func (e *Engine) handOn(c *Context, step *Step, given map[string]string) map[string]string {
	callee := e.flows[step.Call.Flow]
	for _, slot := range slices.Sorted(maps.Keys(c.Session.Given)) {
		if given[slot] != "" || c.flow.asksFor(slot) || !callee.asksFor(slot) {
			continue
		}
		if given == nil {
			given = make(map[string]string)
		}
		given[slot] = c.Session.Given[slot]
		delete(c.Session.Given, slot)
	}
	return given
}
