package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"time"

	"signdesk/actions"
	"signdesk/actions/flows"
	"signdesk/actions/platform"
	"signdesk/actions/platform/calendar"
	"signdesk/actions/platform/demo"
	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/bot/ocr"
	"signdesk/bot/transcript"
	"signdesk/data"
	"signdesk/kb"
)

// botHooks are what a bot needs that not every command has.
type botHooks struct {
	read    []string // channels whose people read the log themselves
	observe func(channel string, o bot.Outcome, took time.Duration)
	events  []channel.Peer // who hears of events
	eye     ocr.Reader     // who reads pictures
	desk    bool           // the staff have a desk
	text    func(ctx context.Context, account, id string) (string, error)
}

// newBot puts the conversation together: the knowledge base, the flows on the
// platform, and the store.
func newBot(cfg *Config, s *service, base *kb.Live, recognise recogniser, log *slog.Logger, hooks botHooks) (*bot.Bot, error) {
	words, err := actions.ReadWords(data.Flows())
	if err != nil {
		return nil, err
	}
	names, err := flows.ReadNames(data.Words())
	if err != nil {
		return nil, err
	}
	engine, err := actions.New(flows.All(s.platform, s.words, names), words, flows.Extract)
	if err != nil {
		return nil, err
	}
	_, reserve, err := quota(cfg.Wechat.Quota)
	if err != nil {
		return nil, err
	}
	return bot.New(bot.Options{Eye: hooks.eye, Desk: hooks.desk, Text: hooks.text, Store: s.store, Base: base, Recognise: recognise, Engine: engine, Extract: flows.Extract, Contact: cfg.contact(),
		Hours: hotlineHours, Now: s.clock.Now, Logger: log, Read: hooks.read, Observe: hooks.observe, Hooks: hooks.events, Reserve: reserve, Shared: s.shared(), Process: s.process}), nil
}

// hotlineHours tells in words whether the hotline is open.
func hotlineHours(at time.Time) bot.Hours {
	h, err := calendar.HotlineAt(at)
	if err != nil { // a year without known holidays
		return bot.Hours{Text: "人工服务时间：工作日 9:00-21:00，节假日 9:00-18:00。"}
	}
	clock := h.Change.In(calendar.Shanghai).Format("1月2日 15:04")
	if h.Open {
		return bot.Hours{Open: true, Text: "现在是人工服务时间（到 " + clock + "）。"}
	}
	return bot.Hours{Text: "现在不在人工服务时间，" + clock + " 开始服务；紧急的重大问题可以先拨打热线。"}
}

// The channel of the terminal and of transcripts.
const chatChannel = "chat"

// A stage is a service on which talks take place: what is sent to people is
// collected instead of leaving.
type stage struct {
	cfg       *Config
	base      *kb.Live
	recognise recogniser
	log       *slog.Logger
	hooks     botHooks
	reopen    func(context.Context) (*service, error)

	*service
	bot *bot.Bot

	mu   sync.Mutex
	told []channel.Outbound
}

func newStage(ctx context.Context, cfg *Config, base *kb.Live, recognise recogniser, log *slog.Logger, hooks botHooks,
	open func(context.Context) (*service, error)) (*stage, error) {
	st := &stage{cfg: cfg, base: base, recognise: recognise, log: log, hooks: hooks, reopen: open}
	return st, st.open(ctx)
}

func (st *stage) open(ctx context.Context) (err error) {
	if st.service, err = st.reopen(ctx); err != nil {
		return err
	}
	st.bot, err = newBot(st.cfg, st.service, st.base, st.recognise, st.log, st.hooks)
	return err
}

// Reopen implements [transcript.Stage].
func (st *stage) Reopen(ctx context.Context) error {
	if st.kept == nil {
		return nil // in memory nothing could be opened again
	}
	if err := st.service.Close(); err != nil {
		return err
	}
	return st.open(ctx)
}

// Send takes what is told to somebody in a conversation.
func (st *stage) Send(_ context.Context, m channel.Outbound) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.told = append(st.told, m)
	return nil
}

// Receive implements [transcript.Stage]. The reply counts as brought.
func (st *stage) Receive(ctx context.Context, in channel.Inbound) (bot.Receipt, error) {
	rec, err := st.bot.Receive(ctx, in)
	if err == nil && rec.Delivery != "" {
		err = st.bot.Delivered(ctx, rec.Delivery)
	}
	return rec, err
}

// Settle implements [transcript.Stage].
func (st *stage) Settle(ctx context.Context) ([]channel.Outbound, []transcript.Notice, error) {
	if _, err := st.platform.PayOut(ctx, workBatch); err != nil {
		return nil, nil, err
	}
	if _, err := st.platform.Sweep(ctx, workBatch); err != nil {
		return nil, nil, err
	}
	if _, err := st.bot.Sweep(ctx, workBatch); err != nil {
		return nil, nil, err
	}
	for {
		n, err := st.bot.DeliverOnce(ctx, map[string]channel.Sender{chatChannel: st})
		if err != nil {
			return nil, nil, err
		}
		if n == 0 {
			break
		}
	}
	sent, err := st.notices(ctx)
	st.mu.Lock()
	defer st.mu.Unlock()
	told := st.told
	st.told = nil
	return told, sent, err
}

// notices takes the messages that the platform owes.
func (st *stage) notices(ctx context.Context) ([]transcript.Notice, error) {
	act := st.platform.NewAct(platform.Actor{System: "terminal"}, "")
	return platform.Do(ctx, st.platform, act, func(t *platform.Tx) ([]transcript.Notice, error) {
		var sent []transcript.Notice
		for _, n := range t.Queued(workBatch) {
			sent = append(sent, transcript.Notice{To: n.To, Text: n.Text})
			if err := t.Delivered(n.ID, "", ""); err != nil {
				return nil, err
			}
		}
		return sent, t.Err()
	})
}

// Last implements [transcript.Stage].
func (st *stage) Last(ctx context.Context, login string, pattern *regexp.Regexp) (found string, err error) {
	err = st.platform.View(ctx, func(t *platform.Tx) error {
		for _, n := range t.SentTo(login) {
			if m := pattern.FindStringSubmatch(n.Text); m != nil {
				found = m[1]
			}
		}
		return nil
	})
	if err == nil && found == "" {
		err = fmt.Errorf("nothing like %s was sent to %s", pattern, login)
	}
	return found, err
}

// Command implements [transcript.Stage]: a verb of signdesk platform.
func (st *stage) Command(ctx context.Context, line string) (string, error) {
	var b strings.Builder
	err := platformCommand(ctx, st.service, strings.Fields(line), std{out: &b, err: &b})
	if errors.Is(err, errReported) {
		err = nil // a refusal, told in what was printed
	}
	return b.String(), err
}

// Picture implements [transcript.Stage]: a demonstration picture.
func (st *stage) Picture(_ string, on map[string]string) ([]byte, error) {
	return demo.Picture(platform.Reading{Name: on["name"], Registration: on["reg"], LegalRepName: on["rep"], WatermarkText: on["mark"], SealFound: on["seal"] != ""})
}

// Wait implements [transcript.Stage].
func (st *stage) Wait(ctx context.Context, d time.Duration) error { return st.clock.Wait(ctx, d) }

// Now implements [transcript.Stage].
func (st *stage) Now() time.Time { return st.clock.Now() }
