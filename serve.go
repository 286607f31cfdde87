package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"signdesk/bot"
	"signdesk/bot/channel"
	"signdesk/bot/desk"
	"signdesk/bot/telegram"
	"signdesk/bot/wechat"
	"signdesk/data/store"
	"signdesk/kb"
	"signdesk/webhook"
)

const (
	watchInterval = time.Second      // how often the content directory is looked at
	stopTimeout   = 10 * time.Second // how long open requests may take when stopping
	headerTimeout = 5 * time.Second
	readTimeout   = 15 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = 2 * time.Minute

	ownFiles = 64     // kept for the store, for logs, and for those whom we call
	most     = 50_000 // connections, whatever the system allows
)

func serveFlags(fs *flag.FlagSet) any {
	return fs.Duration("commit-wait", 0, "added to each commit, to try out how it goes on slow disks")
}

// connections is how many clients may be connected at once.
func connections() int {
	if n := openFiles(); n > 0 {
		return min(most, max(n-ownFiles, n/4, 1))
	}
	return most
}

// serve answers on the web until ctx ends.
func serve(ctx context.Context, cfg *Config, opts any, _ []string, io std) (err error) {
	if wait, ok := opts.(*time.Duration); ok {
		cfg.commitWait = *wait
	}
	start := time.Now()
	log := slog.New(slog.NewTextHandler(io.err, nil))
	seen := kb.Look(cfg.faqFiles())
	cfg.serveLinks()
	svc, err := openService(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, svc.Close()) }()
	library, err := newLibrary(cfg, svc, log)
	if err != nil {
		return err
	}
	base, err := kb.NewLive(ctx, library.Base)
	if err != nil {
		return err
	}
	defer base.Close()
	library.Live = base
	recognise, err := openIntents(cfg, base)
	if err != nil {
		return err
	}
	out, err := openGateways(cfg, svc.clock.Now, log)
	if err != nil {
		return err
	}
	told, senders, err := eventHooks(cfg, svc)
	if err != nil {
		return err
	}
	eye := openEye(ctx, cfg)
	var talks *bot.Bot
	metrics := webhook.NewMetrics(outboxGauge(func() *bot.Bot { return talks }, svc.clock.Now))
	if talks, err = newBot(cfg, svc, base, recognise, log, botHooks{read: pageChannels, observe: metrics.Turn, events: told, eye: eye, desk: cfg.Telegram.Token != "",
		text: func(ctx context.Context, account, id string) (string, error) {
			return out.text(ctx, svc.platform, account, id)
		}}); err != nil {
		return err
	}
	library.Talks, library.See, library.Preview, talks.Trial = talks, talks.See, svc.previewLink, library.Trial()
	limits, err := rates(cfg.Rate)
	if err != nil {
		return err
	}
	account, err := newWechat(cfg, svc, talks, log)
	if err != nil {
		return err
	}
	if account != nil {
		senders[wechat.Channel] = account
	}
	staff, err := newSupport(cfg, svc, talks, base, library, log)
	if err != nil {
		return err
	}
	if staff != nil {
		staff.talks, staff.senders = talks, map[string]channel.Sender{telegram.Channel: staff.account, desk.Channel: staff.desk}
		countAll(staff.senders, metrics)
	}
	countAll(senders, metrics)
	out.tell, out.announce = talks.Tell, talks.Announce
	web, err := newWeb(cfg, svc, talks, base, metrics, limits, log, append(wechatRoutes(account), staff.routes(cfg)...)...)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	srv := &http.Server{
		Handler: web.Handler(), ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ConnState:         webhook.NewCrowd(connections()).State,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
	}
	commands, err := listenControl(cfg)
	if err != nil {
		return fmt.Errorf("listen for other commands: %w", err)
	}
	c := base.Content()
	if eye == nil {
		fmt.Fprintln(io.out, "pictures are not read: install tesseract-ocr and tesseract-ocr-chi-sim")
	}
	if account == nil {
		fmt.Fprintln(io.out, "WeChat is off: SIGNDESK_WECHAT_APPID is not set")
	}
	if staff == nil {
		fmt.Fprintln(io.out, "the support desk is off: SIGNDESK_TELEGRAM_TOKEN is not set")
	}
	fmt.Fprintf(io.out, "signdesk is ready: http://%s (%d entries, %d topics, in %d ms)\n",
		ln.Addr(), len(c.Entries), len(c.Topics), time.Since(start).Milliseconds())
	if err := cfg.print(io.out); err != nil {
		return err
	}

	go settleMemory()
	g, ctx := errgroup.WithContext(ctx)
	serveUntil(ctx, g, srv, ln)
	if commands != nil {
		serveUntil(ctx, g, &http.Server{Handler: control(ctx, svc), ReadHeaderTimeout: controlHeader}, commands)
	}
	g.Go(func() error { <-ctx.Done(); web.Stop(); return nil })
	g.Go(func() error {
		return svc.lead(ctx, "work", func(ctx context.Context) error { return svc.work(ctx, talks, log) })
	})
	g.Go(func() error {
		return svc.lead(ctx, "notices", func(ctx context.Context) error { return out.run(ctx, svc.platform) })
	})
	g.Go(func() error { return talks.Deliver(ctx, senders) })
	if account != nil {
		g.Go(func() error { return account.Run(ctx) })
	}
	g.Go(func() error { return library.Follow(ctx) })
	if w, ok := svc.store.(store.Watcher); ok {
		g.Go(func() error { return w.Watch(ctx, talks.Written) })
	}
	if staff != nil {
		g.Go(func() error { return svc.lead(ctx, "desk", staff.run) })
	}
	if cfg.FAQ != "" {
		g.Go(func() error { return base.Watch(ctx, seen, watchInterval, log) })
	}
	return g.Wait()
}

// serveUntil serves on ln until ctx ends, and lets open requests finish.
func serveUntil(ctx context.Context, g *errgroup.Group, srv *http.Server, ln net.Listener) {
	g.Go(func() error {
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		return srv.Shutdown(stop)
	})
}
