package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"signdesk/bot"
	"signdesk/kb"
)

type chatOptions struct{ why bool }

func chatFlags(fs *flag.FlagSet) any {
	o := &chatOptions{}
	fs.BoolVar(&o.why, "why", false, "show what matched and how surely")
	return o
}

const (
	greeting = "您好，我是%s的智能助手。把屏幕上的提示原文发给我，或者直接说遇到了什么问题。（输入 :q 退出，:why 看匹配过程）"
	prompt   = "您> "
	farewell = "再见，祝您签约顺利。"
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
	base, err := openBase(ctx, cfg)
	if err != nil {
		return err
	}
	defer base.Close()
	con, err := newConsole(io)
	if err != nil {
		return err
	}
	defer con.close()
	return talk(ctx, cfg, base, con, opts.(*chatOptions).why)
}

// talk answers until the input ends.
func talk(ctx context.Context, cfg *Config, base *kb.Live, con *console, why bool) error {
	con.say(fmt.Sprintf(greeting, cfg.Brand))
	var last bot.Reply
	for ctx.Err() == nil {
		line, err := con.readLine()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch line = strings.TrimSpace(line); line {
		case "":
			continue
		case ":q", ":quit", ":exit":
			con.say(farewell)
			return nil
		case ":why":
			why = !why
			continue
		}
		if o, ok := last.Pick(line); ok {
			part := base.Content().Entry(o.Entry).Part(o.Part)
			last = bot.ShowPart(part)
			con.say(last.Text())
			continue
		}
		d, err := base.Decide(ctx, line)
		if err != nil {
			return err
		}
		last = bot.Compose(d, cfg.contact())
		con.say(last.Text())
		if why {
			writeWhy(con.out, d)
		}
	}
	return nil
}

const (
	colourReply = "\x1b[36m"
	colourReset = "\x1b[0m"
)

func (c *console) say(text string) {
	if c.colour {
		text = colourReply + text + colourReset
	}
	fmt.Fprintf(c.out, "%s\n\n", text)
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
