// Package transcript reads and runs golden transcripts: talks with the
// assistant, written down with everything that is said and sent. A transcript is
// the promise of one story; running it shows whether it still holds.
//
//	# a remark
//	% A-1102 pc            who speaks from here on: an account or nobody, on what
//	% link:{link 1400…}    the bearer of a link
//	> text                 is typed; {code LOGIN} and {link LOGIN} are what was last sent there
//	>[id] text             the same under a message id, to be sent again
//	^ licence name=… rep=… a picture is sent, with that on it
//	@ +48h                 time passes
//	! kill                 the store is closed and opened again
//	= show E-12            the platform is looked at, or something happens on it
//	< text                 is answered
//	[1 a] [2 b] [上一步]    can be chosen
//	~ A-1101: text         is told to somebody else in his conversation
//	* 140****1102: text    is sent by SMS or e-mail
//	| text                 is shown by the platform
//
// Lines of the last five kinds are what comes out; running writes them anew, and
// the file must be as it was. Ids and codes that differ each time are written *.
package transcript

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"signdesk/bot"
	"signdesk/bot/channel"
)

// A Stage is the world in which talks take place.
type Stage interface {
	// Receive gives a message to the bot.
	Receive(ctx context.Context, in channel.Inbound) (bot.Receipt, error)
	// Settle lets the world work until nothing is due, and returns what was told
	// to people in conversations other than the speaker's, and sent to them.
	Settle(ctx context.Context) (told []channel.Outbound, sent []Notice, err error)
	// Last returns the last text sent to a login that the pattern matches.
	Last(ctx context.Context, login string, pattern *regexp.Regexp) (string, error)
	// Command does or shows something on the platform.
	Command(ctx context.Context, line string) (string, error)
	// Picture makes a picture: what it is of, and what is on it.
	Picture(kind string, on map[string]string) ([]byte, error)
	// Wait lets time pass.
	Wait(ctx context.Context, d time.Duration) error
	// Now is the stage's time.
	Now() time.Time
	// Reopen closes the store and opens it again.
	Reopen(ctx context.Context) error
}

// A Notice is an SMS or an e-mail.
type Notice struct{ To, Text string }

// Run runs a transcript and returns it with what came out this time. With
// reopen the store is closed and opened again before every turn.
func Run(ctx context.Context, stage Stage, script []byte, reopen bool) ([]byte, error) {
	r := &runner{Stage: stage, ctx: ctx, reopen: reopen, names: make(map[string]string)}
	sc := bufio.NewScanner(bytes.NewReader(script))
	for no := 1; sc.Scan(); no++ {
		if err := r.line(sc.Text()); err != nil {
			return r.out.Bytes(), fmt.Errorf("line %d: %q: %w", no, sc.Text(), err)
		}
	}
	return r.out.Bytes(), sc.Err()
}

type runner struct {
	Stage
	ctx    context.Context
	reopen bool
	out    bytes.Buffer
	who    speaker
	turns  int
	names  map[string]string // of peers, as they are written
}

type speaker struct {
	peer    channel.Peer
	account string
	link    string
	device  channel.Device
}

// Prefixes of lines.
const (
	sayPrefix  = ">"
	outPrefix  = "<"
	outSigns   = "<[~*|"
	chatPeer   = "chat"
	linkPrefix = "link:"
)

func (r *runner) line(line string) error {
	if line != "" && strings.ContainsRune(outSigns, rune(line[0])) {
		return nil // written anew
	}
	fmt.Fprintln(&r.out, line)
	kind, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch {
	case line == "" || kind == "#":
		return nil
	case kind == "%":
		return r.speaks(rest)
	case strings.HasPrefix(kind, sayPrefix):
		return r.say(strings.Trim(kind, ">[]"), rest)
	case kind == "^":
		return r.photo(rest)
	case kind == "@":
		d, err := Duration(rest)
		if err != nil {
			return err
		}
		if err := r.Wait(r.ctx, d); err != nil {
			return err
		}
		return r.settle()
	case line == "! kill":
		return r.Reopen(r.ctx)
	case kind == "=":
		return r.command(rest)
	}
	return fmt.Errorf("no such line")
}

// Duration reads a span of time: +48h, 8d.
func Duration(s string) (time.Duration, error) {
	s = strings.TrimPrefix(s, "+")
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(s)
}

func (r *runner) speaks(rest string) error {
	fields := strings.Fields(rest)
	s := speaker{device: channel.PC}
	if len(fields) > 1 && !strings.HasPrefix(rest, linkPrefix) {
		s.device = channel.Device(fields[1])
	}
	name := rest
	if strings.HasPrefix(rest, linkPrefix) {
		code, err := r.expand(strings.TrimPrefix(rest, linkPrefix))
		if err != nil {
			return err
		}
		s.link, s.device, s.peer.ID = code, channel.Phone, linkPrefix+code
	} else {
		name = fields[0]
		s.peer.ID = name
		if strings.HasPrefix(name, "A-") {
			s.account = name
		}
	}
	s.peer.Channel = chatPeer
	r.names[s.peer.ID] = name
	r.who = s
	return nil
}

var sentForm = regexp.MustCompile(`\{(code|link) ([^}]+)\}`)

var (
	codePattern = regexp.MustCompile(`验证码(\d{6})`)
	linkPattern = regexp.MustCompile(`/s/([0-9A-Za-z]{8})`)
)

// expand puts in codes and links that were sent.
func (r *runner) expand(text string) (string, error) {
	var failed error
	text = sentForm.ReplaceAllStringFunc(text, func(m string) string {
		sub := sentForm.FindStringSubmatch(m)
		pattern := codePattern
		if sub[1] == "link" {
			pattern = linkPattern
		}
		found, err := r.Last(r.ctx, sub[2], pattern)
		if err != nil {
			failed = err
		}
		return found
	})
	return text, failed
}

func (r *runner) say(id, text string) error {
	text, err := r.expand(text)
	if err != nil {
		return err
	}
	return r.turn(id, channel.Inbound{Text: strings.ReplaceAll(text, `\n`, "\n")})
}

func (r *runner) photo(rest string) error {
	fields := strings.Fields(rest)
	on := make(map[string]string)
	for _, f := range fields[min(1, len(fields)):] {
		name, value, _ := strings.Cut(f, "=")
		on[name] = strings.ReplaceAll(value, "_", " ")
	}
	kind := ""
	if len(fields) > 0 {
		kind = fields[0]
	}
	raw, err := r.Picture(kind, on)
	if err != nil {
		return err
	}
	return r.turn("", channel.Inbound{Picture: raw})
}

func (r *runner) turn(id string, in channel.Inbound) error {
	if r.reopen {
		if err := r.Reopen(r.ctx); err != nil {
			return err
		}
	}
	r.turns++
	if id == "" {
		id = fmt.Sprint("m", r.turns)
	}
	in.Peer, in.MessageID, in.Device, in.Account, in.Link = r.who.peer, id, r.who.device, r.who.account, r.who.link
	rec, err := r.Receive(r.ctx, in)
	if err != nil {
		return err
	}
	if rec.Reply != nil {
		r.message(outPrefix, *rec.Reply)
	}
	return r.settle()
}

func (r *runner) message(prefix string, m channel.Message) {
	for line := range strings.Lines(m.Text) {
		fmt.Fprintf(&r.out, "%s %s\n", prefix, Steady(strings.TrimRight(line, "\n")))
	}
	var labels []string
	n := 0
	for _, c := range m.Choices {
		if !c.Control {
			n++
		}
		switch {
		case c.InText:
		case c.Control:
			labels = append(labels, "["+c.Label+"]")
		default:
			labels = append(labels, fmt.Sprintf("[%d %s]", n, c.Label))
		}
	}
	if len(labels) > 0 {
		fmt.Fprintln(&r.out, Steady(strings.Join(labels, " ")))
	}
}

func (r *runner) settle() error {
	told, sent, err := r.Settle(r.ctx)
	if err != nil {
		return err
	}
	for _, o := range told {
		prefix := outPrefix
		if o.To != r.who.peer {
			prefix = "~ " + r.names[o.To.ID] + ":"
		}
		r.message(prefix, o.Message)
	}
	for _, n := range sent {
		fmt.Fprintf(&r.out, "* %s: %s\n", n.To, Steady(n.Text))
	}
	return nil
}

func (r *runner) command(rest string) error {
	rest, err := r.expand(rest)
	if err != nil {
		return err
	}
	text, err := r.Command(r.ctx, rest)
	if err != nil {
		return err
	}
	for line := range strings.Lines(text) {
		fmt.Fprintf(&r.out, "| %s\n", Steady(strings.TrimRight(line, "\n")))
	}
	return r.settle()
}

var (
	idForm   = regexp.MustCompile(`\b([A-Z]{1,2}-)[0-9a-z]{12}\b`)
	codeForm = regexp.MustCompile(`(验证码)\d{6}`)
	urlForm  = regexp.MustCompile(`(/s/)[0-9A-Za-z]{8}`)
	codesNow = regexp.MustCompile(`(link:)[0-9A-Za-z]{8}`)
)

// Steady writes * for ids, codes and links that differ each time.
func Steady(text string) string {
	for _, form := range []*regexp.Regexp{idForm, codeForm, urlForm, codesNow} {
		text = form.ReplaceAllString(text, "$1*")
	}
	return text
}
