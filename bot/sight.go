package bot

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"signdesk/bot/channel"
	"signdesk/bot/desk"
	"signdesk/data/store"
	"signdesk/kb"
)

// An eye reads the text of a picture, line by line from the top, each pass in
// another way; no lines are no text.
type eye interface {
	Read(ctx context.Context, picture []byte, pass int) ([]string, error)
}

// passes is how often a picture is read until something is found.
const passes = 3

// A Sight is what was seen in a picture.
type Sight struct {
	Text string // the words that tell best what it is about
	// Decision is what the knowledge base has to them.
	Decision kb.Decision
	// Failed is set if the picture could not be read.
	Failed bool
}

// Limits of looking.
const (
	maxLines   = 60  // of a picture; what is below is not looked at
	maxLine    = 200 // runes of one
	maxWindow  = 4   // lines that a message is broken into
	shortest   = 4   // Chinese characters of words that are looked up, and are no known message
	buttonLen  = 6   // Chinese characters; what is shorter is mostly a button or a heading
	windowSure = 0.8 // how surely part of a screen must be covered by the content
	fullLen    = 24  // runes; more of a recognised message makes no difference
)

// Look finds the words on a screen that the knowledge base knows best: a message
// may be broken into several lines, and stands among clocks, headings, buttons and
// other text. It reads once more where the first pass tells nothing for sure.
func Look(ctx context.Context, b base, read func(pass int) ([]string, error)) (Sight, error) {
	var s Sight
	best := -1.0
	for pass := 0; pass < passes && (best < 1 || s.Decision.Kind != kb.Answer); pass++ {
		lines, err := read(pass)
		if err != nil {
			return s, err
		}
		for i, w := range windows(lines) {
			text := w.text
			d, err := b.Decide(ctx, text)
			if err != nil {
				return s, err
			}
			v := worth(text, d)
			if w.short && d.Message == "" { // a list of buttons, headings
				v /= 2
			}
			if v == 0 || i > 0 && d.Message == "" && (d.Kind != kb.Answer || d.Why.Covered < windowSure) { // of many windows one looks like something by chance
				v, d = 0, kb.Decision{Kind: kb.None}
			}
			if v > best { // the first is everything
				best, s.Text, s.Decision = v, text, d
			}
		}
	}
	return s, nil
}

// windows are all that may be the message on a screen: everything, and each few
// lines that follow one another.
func windows(lines []string) (out []view) {
	var told []string
	for _, l := range lines {
		if !isNoise(l) {
			told = append(told, l)
		}
	}
	if len(told) == 0 {
		return nil
	}
	lines = told[:min(len(told), maxLines)]
	short := !slices.ContainsFunc(lines, func(l string) bool { return hans(l) > buttonLen })
	out = append(out, view{cut(strings.Join(lines, "\n"), maxText), short})
	for i := range lines {
		v := view{short: true}
		for n := 0; n < maxWindow && i+n < len(lines); n++ {
			v.text += cut(lines[i+n], maxLine)
			if v.short = v.short && hans(lines[i+n]) <= buttonLen; v.text != "" {
				out = append(out, v)
			}
		}
	}
	return out
}

// A view is a part of a screen.
type view struct {
	text  string
	short bool // all its lines could be buttons
}

var (
	statusBar = regexp.MustCompile(`[45]G|WiFi|HD|[0-9]{1,3}%|[0-9]{1,2}[:：;][0-9]{2}`)
	longDigit = regexp.MustCompile(`[0-9*]{6}`)
)

// isNoise reports whether a line is a clock, a status bar, or a drawing taken for
// letters: it has next to no Chinese, and no name or number of a person either.
func isNoise(line string) bool {
	n := hans(line)
	if strings.Contains(line, "@") || longDigit.MatchString(line) {
		return false
	}
	return n <= 1 || n <= 3 && statusBar.MatchString(line)
}

// worth says how well words tell what a picture is about. A message that is known
// from the screen counts most, the more of it there is.
func worth(text string, d kb.Decision) float64 {
	var v float64
	switch d.Kind {
	case kb.Answer:
		v = 1 + d.Hits[0].Sure
	case kb.Choices:
		v = 0.5 + d.Hits[0].Sure/2
	default:
		return 0
	}
	if d.Message != "" {
		return v + 1 + float64(min(utf8.RuneCountInString(d.Message), fullLen))/fullLen - float64(utf8.RuneCountInString(text))/maxText
	}
	switch n := hans(text); {
	case n < shortest: // a drawing taken for letters
		return 0
	}
	return v
}

// hans counts the Chinese characters of a text.
func hans(text string) (n int) {
	for _, r := range text {
		if unicode.Is(unicode.Han, r) {
			n++
		}
	}
	return n
}

// see reads the picture of a message, unless somebody else wants it: the staff,
// or an open step that asks for one.
func (b *Bot) see(ctx context.Context, in channel.Inbound) (*Sight, error) {
	if b.Eye == nil || in.Picture == nil || in.Kind != channel.Said {
		return nil, nil
	}
	wanted, err := b.pictureWanted(ctx, in.Peer)
	if err != nil || wanted {
		return nil, err
	}
	return b.look(ctx, b.baseFor(in.Peer), in.Picture, in.Peer.Channel)
}

// look reads a picture that came by a channel.
func (b *Bot) look(ctx context.Context, base base, picture []byte, channel string) (*Sight, error) {
	s, err := Look(ctx, base, func(pass int) ([]string, error) { return b.Eye.Read(ctx, picture, pass) })
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		b.Logger.Warn("picture not read", "channel", channel, "err", err)
		return &Sight{Failed: true}, nil
	}
	return &s, nil
}

// Consult answers the staff: by what is on a picture, if there is one, or else by
// the words.
func (b *Bot) Consult(ctx context.Context, words string, picture []byte) (f desk.Finding, err error) {
	d := kb.Decision{Kind: kb.None}
	if f.Blind = b.Eye == nil; picture != nil && !f.Blind {
		s, err := b.look(ctx, b.Base, picture, desk.Channel)
		if err != nil {
			return f, err
		}
		f.Failed = s.Failed
		if s.tells() {
			f.Seen, d = shown(s.Text), s.Decision
		}
	}
	if words != "" && d.Kind != kb.Answer {
		said, err := b.Base.Decide(ctx, words)
		if err != nil {
			return f, err
		}
		if d.Kind == kb.None || said.Kind == kb.Answer {
			d = said
		}
	}
	if d.Kind != kb.None {
		f.Text, f.Found = Compose(d, b.Contact).Text(), Suggestions(d)
	}
	return f, nil
}

// See returns the words on a picture that a base knows best, and how they are shown
// to the staff; "" if there are none, or nobody can read it.
func (b *Bot) See(ctx context.Context, by *kb.Base, picture []byte) (words, as string, err error) {
	if b.Eye == nil {
		return "", "", nil
	}
	s, err := b.look(ctx, by, picture, desk.Channel)
	if err != nil || !s.tells() {
		return "", "", err
	}
	return s.Text, shown(s.Text), nil
}

// tells reports whether what was seen is worth a word.
func (s *Sight) tells() bool {
	return !s.Failed && (s.Decision.Kind != kb.None || hans(s.Text) >= shortest)
}

// Suggestions are what the staff may send of a decision.
func Suggestions(d kb.Decision) (out []desk.Suggestion) {
	for i := range d.Hits {
		p := d.Hits[i].Part()
		out = append(out, desk.Suggestion{Key: string(p.Entry.ID) + "/" + string(p.ID), Title: p.Title})
	}
	return out
}

// pictureWanted reports whether a picture of that person is for the staff, or for
// an open step. It is read ahead of the turn; if that changes in between, the
// picture goes to the step all the same.
func (b *Bot) pictureWanted(ctx context.Context, p channel.Peer) (wanted bool, err error) {
	err = b.Store.View(ctx, func(tx store.Tx) error {
		c, err := get[conversation](tx, conversations, store.Key{}.Str(p.String()))
		wanted = c != nil && (c.Held != "" || b.Engine.WantsPicture(&c.State))
		return err
	})
	return wanted, err
}

// tokenReread is the button by which a person says that the picture was read
// wrongly.
const tokenReread = "e:reread"

// rereads are the words that mean the same.
var rereads = map[string]bool{"不对": true, "不对我来改": true, "读错了": true, "识别错了": true, "看错了": true, "我来改": true}

// asksToReread reports whether the person says that the picture was read wrongly.
func (t *turn) asksToReread() bool {
	if !slices.ContainsFunc(t.conv.Shown, func(c channel.Choice) bool { return c.Token == tokenReread }) {
		return false
	}
	return t.u.in.Click == tokenReread || t.u.in.Click == "" && rereads[squeeze(t.u.in.Text)]
}

// seen answers to a picture by what was read in it; short leaves out what could be
// asked instead, in the middle of a flow.
func (t *turn) seen(short bool) {
	s := t.u.sight
	switch {
	case t.u.in.Text != "" && t.u.decision.Kind != kb.None && (s == nil || s.Failed || s.Decision.Kind != kb.Answer):
		t.answer(short) // the words beside it say enough
		return
	case s == nil:
		t.say(textPicture)
		return
	case s.Failed:
		t.say(textPictureFailed)
		return
	case !s.tells():
		t.say(textNoText)
		return
	}
	t.say("我看到的是：“" + shown(s.Text) + "”")
	if s.Decision.Kind == kb.None {
		t.say(textSeenUnknown)
	} else {
		t.u.decision, t.u.reply, t.u.text = s.Decision, Compose(s.Decision, t.Contact), ""
		t.answer(short)
	}
	t.reply.Choices = append(t.reply.Choices, channel.Choice{Token: tokenReread, Label: textReread, Control: true})
}

// maxShown bounds how much of what was read is shown, in runes.
const maxShown = 80

// shown is what was read, as it is shown: in one line, and without the names and
// numbers of people.
func shown(text string) string {
	text = maskText(strings.Join(strings.Fields(text), " "))
	if short := cut(text, maxShown); short != text {
		return short + "……"
	}
	return text
}
