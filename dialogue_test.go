package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"

	"signdesk/actions/platform"
	"signdesk/actions/platform/demo"
	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/bot/transcript"
	"signdesk/webhook"
)

// TestDialoguesOverHTTP plays the golden transcripts through the interface as its
// description tells, and behind links as a browser without JavaScript does: what
// people see is what the transcripts say.
func TestDialoguesOverHTTP(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("bot/testdata/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			p := newPlayer(t)
			got, err := transcript.Run(t.Context(), p, want, false)
			if err != nil {
				t.Fatalf("%v, after\n%s", err, got)
			}
			if string(got) != string(want) {
				t.Errorf("%s", difference(string(want), string(got)))
			}
		})
	}
}

// A player is a stage whose people come over HTTP. It knows of the interface what
// its description tells.
type player struct {
	*stage // the world: what is done and looked at without the interface
	site   *house
	secret []byte
	calls  map[string]call // by operationId
	people []*person       // in the order in which they were first heard
	n      int
}

// A call is an operation of the interface.
type call struct{ method, path string }

// A person talks, or has a link.
type person struct {
	peer  channel.Peer // in the transcript
	token string
	link  string
	seen  uint64 // position of the last message that he knows
}

func newPlayer(t *testing.T) *player {
	p := &player{secret: bytes.Repeat([]byte("k"), 32)}
	p.site = newHouse(t, func(c *Config) { c.UserKeys = userKey(p.secret) }, (&stillClock{at: demo.Start}).now)
	p.site.must(p.start(t.Context()))
	t.Cleanup(func() { p.site.shut() })
	p.site.must(p.learn())
	return p
}

func (p *player) start(ctx context.Context) error {
	err := p.site.serve(ctx)
	p.stage = &stage{cfg: p.site.cfg, log: slog.New(slog.DiscardHandler), service: p.site.service, bot: p.site.talks}
	return err
}

// Reopen implements [transcript.Stage]: the server is another one then.
func (p *player) Reopen(ctx context.Context) error {
	p.site.shut()
	return p.start(ctx)
}

// learn reads the description of the interface.
func (p *player) learn() error {
	res, err := http.Get(p.site.url + "/openapi.yaml")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	doc, err := libopenapi.NewDocument(raw)
	if err != nil {
		return err
	}
	model, err := doc.BuildV3Model()
	if err != nil {
		return err
	}
	p.calls = make(map[string]call)
	for path, item := range model.Model.Paths.PathItems.FromOldest() {
		for method, op := range item.GetOperations().FromOldest() {
			p.calls[op.OperationId] = call{strings.ToUpper(method), path}
		}
	}
	return nil
}

// does calls an operation.
func (p *player) does(operation, token, query string, in any) (map[string]any, error) {
	c := p.calls[operation]
	status, out := p.site.do(c.method, c.path+query, token, in)
	if status >= 300 {
		return nil, fmt.Errorf("%s: %d %v", operation, status, out)
	}
	return out, nil
}

// person returns who speaks; who is new says hello.
func (p *player) person(in channel.Inbound) (*person, error) {
	for _, h := range p.people {
		if h.peer == in.Peer {
			return h, nil
		}
	}
	h := &person{peer: in.Peer, link: in.Link}
	p.people = append(p.people, h)
	if h.link != "" {
		return h, nil
	}
	hello := map[string]any{"device": string(in.Device)}
	if in.Account != "" {
		p.n++
		var login string
		if err := p.platform.View(p.site.Context(), func(t *platform.Tx) error {
			login = t.Account(platform.AccountID(in.Account)).Login()
			return t.Err()
		}); err != nil {
			return nil, err
		}
		hello["user"] = p.site.states(p.secret, login, fmt.Sprint("statement-", p.n))
	}
	out, err := p.does("hello", "", "", hello)
	if err == nil {
		h.token, _ = out["token"].(string)
	}
	return h, err
}

// Receive implements [transcript.Stage].
func (p *player) Receive(_ context.Context, in channel.Inbound) (bot.Receipt, error) {
	h, err := p.person(in)
	if err != nil {
		return bot.Receipt{}, err
	}
	in.MessageID = "dialogue-" + in.MessageID
	if h.link != "" {
		return p.onPage(h, in)
	}
	m := map[string]any{"id": in.MessageID, "device": string(in.Device)}
	if in.Picture != nil {
		out, err := p.does("upload", h.token, "", in.Picture)
		if err != nil {
			return bot.Receipt{}, err
		}
		m["picture"] = out["picture"]
	} else {
		m["text"] = in.Text
	}
	out, err := p.does("post", h.token, "", m)
	if err != nil {
		return bot.Receipt{}, err
	}
	seq := uint64(out["seq"].(float64))
	list, err := p.history(h)
	if err != nil {
		return bot.Receipt{}, err
	}
	var rec bot.Receipt
	for _, l := range list {
		if l.Seq == seq {
			rec.Reply = &l.Message
		}
		if l.Seq <= seq {
			h.seen = max(h.seen, l.Seq)
		}
	}
	return rec, nil
}

// history is what a person sees of his conversation.
func (p *player) history(h *person) (out []bot.Line, err error) {
	if h.link != "" {
		return p.site.talks.Log(p.site.Context(), channel.Peer{Channel: webhook.LinkChannel, ID: h.link}, h.seen, 100)
	}
	got, err := p.does("history", h.token, "?limit=100", nil)
	if err != nil {
		return nil, err
	}
	for _, m := range got["messages"].([]any) {
		m := m.(map[string]any)
		l := bot.Line{Seq: uint64(m["seq"].(float64)), From: bot.Speaker(m["from"].(string))}
		l.Message.Text = m["text"].(string)
		for _, c := range m["choices"].([]any) {
			c := c.(map[string]any)
			control, _ := c["control"].(bool)
			inText, _ := c["inText"].(bool)
			l.Message.Choices = append(l.Message.Choices, channel.Choice{Token: c["token"].(string), Label: c["label"].(string), Control: control, InText: inText})
		}
		out = append(out, l)
	}
	return out, nil
}

var (
	saidOnPage = regexp.MustCompile(`(?s)<section class="said"[^>]*>(.*?)</section>|<p class="wrong"[^>]*>(.*?)</p>`)
	markup     = regexp.MustCompile(`<[^>]*>`)
)

// onPage fills the form of a page behind a link, and sees that the page has what
// the reply says.
func (p *player) onPage(h *person, in channel.Inbound) (bot.Receipt, error) {
	page := p.site.open("/s/" + h.link)
	page.key = in.MessageID
	if in.Picture != nil {
		page.uploads(string(in.Picture), "picture.png")
	} else {
		page.fills("text", in.Text)
	}
	text := html.UnescapeString(markup.ReplaceAllString(page.html, "\n"))
	list, err := p.history(h)
	if err != nil {
		return bot.Receipt{}, err
	}
	list = slices.DeleteFunc(list, func(l bot.Line) bool { return l.From == bot.User })
	if len(list) == 0 { // the link is of no use
		if named := personal.FindString(page.html); named != "" {
			p.site.Errorf("the page of a link that is over has %q:\n%s", named, page.html)
		}
		var said []string
		for _, m := range saidOnPage.FindAllStringSubmatch(page.html, -1) {
			said = append(said, strings.TrimSpace(html.UnescapeString(markup.ReplaceAllString(m[1]+m[2], ""))))
		}
		return bot.Receipt{Reply: &channel.Message{Text: strings.Join(said, "\n")}}, nil
	}
	reply := list[0]
	h.seen = reply.Seq
	for line := range strings.Lines(reply.Message.Text) {
		if line = strings.TrimSpace(line); !strings.Contains(text, line) {
			p.site.Errorf("page of the link lacks %q:\n%s", line, text)
		}
	}
	for _, c := range reply.Message.Choices {
		if c.Label != "转人工" && !strings.Contains(text, c.Label) {
			p.site.Errorf("page of the link lacks the button %q:\n%s", c.Label, text)
		}
	}
	return bot.Receipt{Reply: &reply.Message}, nil
}

// Settle implements [transcript.Stage].
func (p *player) Settle(ctx context.Context) (told []channel.Outbound, sent []transcript.Notice, err error) {
	_, err1 := p.platform.PayOut(ctx, workBatch)
	_, err2 := p.platform.Sweep(ctx, workBatch)
	_, err3 := p.site.talks.Sweep(ctx, workBatch)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, nil, err
	}
	for _, h := range p.people {
		list, err := p.history(h)
		if err != nil {
			return nil, nil, err
		}
		for _, l := range list {
			if l.Seq <= h.seen {
				continue
			}
			h.seen = l.Seq
			if l.From != bot.User && string(l.From) != "visitor" {
				told = append(told, channel.Outbound{To: h.peer, Message: l.Message})
			}
		}
	}
	sent, err = p.notices(ctx)
	return told, sent, err
}
