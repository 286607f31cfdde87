// Command signdesk is the help desk of an electronic-signature platform: it
// answers what people ask when they are stuck at signing a contract.
//
// Run it without arguments for the list of commands.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	collectLess()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, std{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

// std is where a command reads and writes.
type std struct {
	in       io.Reader
	out, err io.Writer
}

// A command is one verb of signdesk. It adds its own flags to the set before
// they are parsed, and runs with what is left of the arguments.
type command struct {
	name, usage, about string
	flags              func(*flag.FlagSet) any // returns what run gets as opts; may be nil
	run                func(ctx context.Context, cfg *Config, opts any, args []string, io std) error
}

func commands() []command {
	return []command{
		{"serve", "", "answer on the web: help center, assistant, pages behind links", serveFlags, serve},
		{"chat", "", "talk in the terminal", chatFlags, chat},
		{"replay", "FILE…", "run golden transcripts", replayFlags, replay},
		{"ask", "[question]", "answer one question, or many from standard input with -jsonl", askFlags, ask},
		{"platform", "VERB …", "try out the platform by hand; platform help lists the verbs", nil, inService("platform")},
		{"review", "[ID [FILE|pass|reject REASON]]", "what waits for staff: list, show with its picture, decide", nil, inService("review")},
		{"outbox", "[resend ID]", "messages that are owed, parked or given up; try one again", nil, inService("outbox")},
		{"wechat", "menu", "set the menu of the Official Account", nil, inService("wechat")},
		{"kb", "releases|export DIR|import DIR|rollback N", "what the staff taught: list, write as files, take in files, take back", nil, inService("kb")},
		{"forget", "ACCOUNT", "remove what the talks of an account hold", nil, inService("forget")},
		{"backup", "FILE", "write a consistent copy of the store, also while serving", nil, inService("backup")},
		{"restore", "FILE", "put a backup in the place of the store", restoreFlags, restore},
		{"move", "FROM TO", "copy a store to an empty place: from a file to a database, or back", nil, move},
		{"verify", "", "check the store: structure, indexes, records, audit chain", nil, inService("verify")},
		{"check", "", "check the content and measure it with the question scripts", checkFlags, check},
		{"screenshots", "", "read the set of screenshots, and tell how often the right entry comes first", screenFlags, screenshots},
		{"train", "", "store the trained classifier beside the entries (-faq DIR), for a fast start", nil, train},
		{"bench", "", "measure how fast it is on this machine, beside yardsticks", benchFlags, measure},
		{"doctor", "", "tell what is configured, what is missing, and what that costs", nil, doctor},
	}
}

// Exit codes.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// errReported is returned by a command that has told its failure already.
var errReported = errors.New("reported")

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, env func(string) string, io std) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		help(io.out)
		return exitOK
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return runCommand(ctx, c, args[1:], env, io)
		}
	}
	fmt.Fprintf(io.err, "signdesk: unknown command %q\n\n", args[0])
	help(io.err)
	return exitUsage
}

func runCommand(ctx context.Context, c command, args []string, env func(string) string, io std) int {
	fs := flag.NewFlagSet("signdesk "+c.name, flag.ContinueOnError)
	fs.SetOutput(io.err)
	fs.Usage = func() {
		fmt.Fprintf(io.err, "usage: signdesk %s [flags] %s\n%s\n", c.name, c.usage, c.about)
		fs.PrintDefaults()
	}
	cfg := &Config{}
	cfg.bind(fs)
	var opts any
	if c.flags != nil {
		opts = c.flags(fs)
	}
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		return exitOK
	} else if err != nil {
		return exitUsage
	}
	if err := cfg.load(fs, env); err != nil {
		fmt.Fprintf(io.err, "signdesk: configuration:\n%v\n", err)
		return exitUsage
	}
	err := c.run(ctx, cfg, opts, fs.Args(), io)
	switch {
	case err == nil:
		return exitOK
	case !errors.Is(err, errReported):
		fmt.Fprintf(io.err, "signdesk %s: %v\n", c.name, err)
	}
	return exitError
}

func help(w io.Writer) {
	fmt.Fprint(w, "signdesk answers questions about certification and contract signing.\n\nusage: signdesk COMMAND [flags]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-8s %s\n", c.name, c.about)
	}
	fmt.Fprint(w, "\nFlags of a command: signdesk COMMAND -h. Settings can also be given by environment: signdesk doctor lists them.\n")
}
