package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"signdesk/bot/channel"
	"signdesk/bot/desk"
	"signdesk/bot/transcript"
	"signdesk/data/store"
)

type chatOptions struct {
	as, device, record string
	draft              bool
}

func chatFlags(fs *flag.FlagSet) any {
	o := &chatOptions{}
	fs.StringVar(&o.as, "as", "guest", "who talks: an account of the demonstration (A-1202), or anybody else")
	fs.StringVar(&o.device, "device", string(channel.Phone), "what is talked on: pc or phone")
	fs.BoolVar(&o.draft, "draft", false, "answer by what the staff drafted and did not publish yet")
	fs.StringVar(&o.record, "record", "", "write the talk to this file, as a transcript")
	return o
}

const (
	greeting = "您好，我是%s的智能助手。把屏幕上的提示原文发给我，或者直接说要办什么。（:help 看演示命令，:q 退出）"
	prompt   = "您> "
	farewell = "再见，祝您签约顺利。"
	chatHelp = `:as A-1202 [pc|phone]   换一个人说话（finance 等任意名字都可以）
:open 链接              以收到短信的人打开链接，例如 :open https://…/s/2vzZfAub
:photo 文件             发一张图片；:photo demo name=… reg=… rep=… seal=1 发一张演示图片
:clock +2d              让时间过去
:platform open C-12-1 A-1202   在演示平台上看或做一件事（:platform help）
:desk                   看等待人工的对话；:claim 接单，:staff 文字 回复，:return 交还机器人，:close 结束
:state                  看当前对话的状态
:why                    看最近一句话匹配到了什么
:q                      退出`
)

// A console reads lines from a person and writes to him. On a terminal it
// edits lines with history and colours; otherwise it is plain text.
type console struct {
	readLine func() (string, error)
	out      io.Writer
	colour   bool
	close    func()
}

func chat(ctx context.Context, cfg *Config, opts any, args []string, io std) error {
	o := opts.(*chatOptions)
	if d := channel.Device(o.device); d != channel.PC && d != channel.Phone {
		return fmt.Errorf("-device: want pc or phone, got %q", o.device)
	}
	base, err := openServed(ctx, cfg, o.draft)
	if err != nil {
		return err
	}
	defer base.Close()
	recognise, err := openIntents(cfg, base)
	if err != nil {
		return err
	}
	con, err := newConsole(io)
	if err != nil {
		return err
	}
	defer con.close()
	log := slog.New(slog.NewTextHandler(io.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	stage, err := newStage(ctx, cfg, base, recognise, log, botHooks{eye: openEye(ctx, cfg)}, func(ctx context.Context) (*service, error) {
		s, err := openService(ctx, cfg)
		if errors.Is(err, store.ErrLocked) {
			fmt.Fprintln(io.err, "The store is in use by a serving process: this talk uses a world of its own, which is forgotten in the end.")
			return openMemory(ctx, cfg)
		}
		return s, err
	})
	if err != nil {
		return err
	}
	t := &talk{stage: stage, con: con, started: time.Now().UnixNano()}
	t.as(o.as, channel.Device(o.device))
	err = t.run(ctx)
	if o.record != "" {
		err = errors.Join(err, os.WriteFile(o.record, []byte(strings.Join(t.lines, "\n")+"\n"), 0o644))
	}
	return errors.Join(err, stage.service.Close())
}

// A talk is a person at a terminal with the assistant.
type talk struct {
	*stage
	con     *console
	who     channel.Inbound // with the peer, account, link and device of who talks
	names   map[channel.Peer]string
	started int64
	turns   int
	last    string   // what was said last
	lines   []string // of the transcript
}

// as lets another person talk.
func (t *talk) as(name string, device channel.Device) {
	t.who = channel.Inbound{Peer: channel.Peer{Channel: chatChannel, ID: name}, Device: device}
	if strings.HasPrefix(name, "A-") {
		t.who.Account = name
	}
	t.named(name)
	t.record("%% %s %s", name, device)
}

func (t *talk) named(name string) {
	if t.names == nil {
		t.names = make(map[channel.Peer]string)
	}
	t.names[t.who.Peer] = name
}

func (t *talk) record(format string, args ...any) {
	t.lines = append(t.lines, strings.Split(fmt.Sprintf(format, args...), "\n")...)
}

// run answers until the input ends.
func (t *talk) run(ctx context.Context) error {
	t.con.say(fmt.Sprintf(greeting, t.cfg.Brand))
	for ctx.Err() == nil {
		text, err := t.con.readLine()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch text = strings.TrimSpace(text); {
		case text == "":
			continue
		case text == ":q" || text == ":quit" || text == ":exit":
			t.con.say(farewell)
			return nil
		case strings.HasPrefix(text, ":"):
			err = t.command(ctx, text[1:])
		default:
			t.last = text
			t.record("> %s", text)
			err = t.turn(ctx, channel.Inbound{Text: text})
		}
		if err != nil {
			fmt.Fprintf(t.con.out, "! %v\n", err)
		}
	}
	return nil
}

// turn gives a message to the assistant and shows all that comes of it.
func (t *talk) turn(ctx context.Context, in channel.Inbound) error {
	t.turns++
	in.Peer, in.Device, in.Account, in.Link = t.who.Peer, t.who.Device, t.who.Account, t.who.Link
	in.MessageID = fmt.Sprintf("%d-%d", t.started, t.turns)
	rec, err := t.Receive(ctx, in)
	if err != nil {
		return err
	}
	if rec.Reply != nil {
		t.con.say(rec.Reply.Plain())
		t.record("< %s", strings.ReplaceAll(transcript.Steady(rec.Reply.Plain()), "\n", "\n< "))
	}
	return t.settle(ctx)
}

// settle shows what was told and sent to people meanwhile.
func (t *talk) settle(ctx context.Context) error {
	told, sent, err := t.Settle(ctx)
	if err != nil {
		return err
	}
	for _, o := range told {
		name := t.names[o.To]
		if o.To == t.who.Peer {
			t.con.say(o.Message.Plain())
			t.record("< %s", o.Message.Plain())
			continue
		}
		t.con.note("→ %s：%s", name, o.Message.Plain())
		t.record("~ %s: %s", name, o.Message.Plain())
	}
	for _, n := range sent {
		t.con.note("✉ %s：%s", n.To, n.Text)
		t.record("* %s: %s", n.To, transcript.Steady(n.Text))
	}
	return nil
}

// command does what a line that begins with a colon says.
func (t *talk) command(ctx context.Context, line string) error {
	name, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch name {
	case "help":
		t.con.note("%s", chatHelp)
	case "as":
		fields := strings.Fields(rest + " " + string(t.who.Device))
		if len(fields) < 2 {
			return errors.New("want a name: :as A-1202")
		}
		t.as(fields[0], channel.Device(fields[1]))
		t.con.note("现在说话的是 %s", fields[0])
	case "open":
		code := rest[strings.LastIndex(rest, "/")+1:]
		code, _, _ = strings.Cut(strings.TrimPrefix(code, "link:"), "?")
		t.as("link:"+code, channel.Phone)
		t.who.Link = code
		return t.turn(ctx, channel.Inbound{})
	case "photo":
		raw, err := t.photo(rest)
		if err != nil {
			return err
		}
		t.record("^ %s", rest)
		return t.turn(ctx, channel.Inbound{Picture: raw})
	case "clock":
		d, err := transcript.Duration(rest)
		if err != nil {
			return err
		}
		if err := t.Wait(ctx, d); err != nil {
			return err
		}
		t.record("@ %s", rest)
		t.con.note("现在是 %s", local(t.Now()))
		return t.settle(ctx)
	case "platform":
		out, err := t.Command(ctx, rest)
		if err != nil {
			return err
		}
		t.record("= %s", rest)
		t.con.note("%s", out)
		return t.settle(ctx)
	case "state":
		raw, err := t.bot.State(ctx, t.who.Peer)
		if err != nil {
			return err
		}
		t.con.note("%s", raw)
	case "why":
		d, err := t.base.Decide(ctx, t.last)
		if err != nil {
			return err
		}
		writeWhy(t.con.out, d)
		t.con.note("intent     %+v", t.recognise(t.last, d))
	default:
		return t.desk(ctx, name, rest)
	}
	return nil
}

func (t *talk) photo(rest string) ([]byte, error) {
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return nil, errors.New("want a file, or demo name=…")
	}
	if fields[0] != "demo" {
		return os.ReadFile(rest)
	}
	on := make(map[string]string)
	for _, f := range fields[1:] {
		name, value, _ := strings.Cut(f, "=")
		on[name] = strings.ReplaceAll(value, "_", " ")
	}
	return t.Picture("", on)
}

// desk lets the terminal play the staff.
func (t *talk) desk(ctx context.Context, name, rest string) error {
	const staff = "terminal"
	var list []*desk.Ticket
	err := t.bot.Work(ctx, func(tx desk.Tx) (err error) {
		if list, err = tx.Tickets(); err != nil || name == "desk" {
			return err
		}
		if len(list) == 0 {
			return fmt.Errorf("no command %q, or no open ticket; :help lists the commands", ":"+name)
		}
		switch ticket := list[0].ID; name {
		case "claim":
			return tx.Claim(ticket, staff)
		case "staff":
			t.turns++
			_, err = tx.Say(ticket, staff, fmt.Sprintf("%d-%d", t.started, t.turns), channel.Message{Text: rest})
			return err
		case "return":
			return tx.Release(ticket, true)
		case "close":
			return tx.Close(ticket)
		}
		return fmt.Errorf("no command %q; :help lists them", ":"+name)
	})
	if err != nil {
		return err
	}
	if name == "desk" {
		for _, k := range list {
			t.con.note("%s  %s  %s\n%s", k.ID, k.Peer, local(k.Opened), k.Summary)
		}
	}
	return t.settle(ctx)
}

const (
	colourReply = "\x1b[36m"
	colourNote  = "\x1b[90m"
	colourReset = "\x1b[0m"
)

func (c *console) say(text string) {
	if c.colour {
		text = colourReply + text + colourReset
	}
	fmt.Fprintf(c.out, "%s\n\n", text)
}

// note shows what is not said by the assistant.
func (c *console) note(format string, args ...any) {
	text := strings.TrimRight(fmt.Sprintf(format, args...), "\n")
	if c.colour {
		text = colourNote + text + colourReset
	}
	fmt.Fprintf(c.out, "%s\n", text)
}

// newConsole chooses the console: line editing only if both ends are a
// terminal; colours not if NO_COLOR is set (no-color.org).
func newConsole(s std) (*console, error) {
	in, inFile := s.in.(*os.File)
	out, outFile := s.out.(*os.File)
	if !inFile || !outFile || !term.IsTerminal(int(in.Fd())) || !term.IsTerminal(int(out.Fd())) {
		sc := bufio.NewReader(s.in)
		return &console{readLine: func() (string, error) { return plainLine(sc) }, out: s.out, close: func() {}}, nil
	}
	state, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return nil, err
	}
	t := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{in, out}, prompt)
	return &console{
		readLine: t.ReadLine, out: t, colour: os.Getenv("NO_COLOR") == "",
		close: func() { _ = term.Restore(int(in.Fd()), state) },
	}, nil
}

// plainLine reads a line of any length; the last one may lack its end.
func plainLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if errors.Is(err, io.EOF) && line != "" {
		return line, nil
	}
	return line, err
}
